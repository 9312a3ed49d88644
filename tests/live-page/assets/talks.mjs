// One conversation: as a graph of messages and their causes, and as a sequence of what happened.

import { services } from "./layout.mjs";
import { state, listen, choose, short } from "./state.mjs";
import { svg, html, time, fit, pressable, WORDS } from "./svg.mjs";

const graph = document.getElementById("conversation");
const sequence = document.getElementById("sequence");
const MOST = 60;
let picked;

function chooser(id) {
    const talks = [...state.talks.values()].slice(-80).reverse();
    const select = html("select", { id, onchange: (event) => choose(event.target.value) });
    for (const talk of talks) {
        const option = html("option", { value: talk.id }, [talk.title, talk.state, talk.wrong ? "(needs somebody)" : ""].filter(Boolean).join(" · "));
        option.selected = talk.id === state.chosen;
        select.append(option);
    }
    const follow = html("input", { type: "checkbox", onchange: (event) => { state.follow = event.target.checked; draw(); } });
    follow.checked = state.follow !== false;
    return html("div", { class: "chooser" }, html("label", { for: id }, "Conversation "), select, html("label", {}, follow, " follow the newest"));
}

// What a message has come to, and whether that is bad.
function standing(id) {
    const facts = talk().facts.filter((fact) => fact.message === id);
    const order = ["scheduled", "stored", "published", "refused", "delivered", "received", "given-back", "handled", "duplicate", "parked", "dead-lettered"];
    const last = facts.filter((fact) => order.includes(fact.what)).at(-1)?.what ?? "stored";
    return { facts, last, wrong: ["refused", "parked", "dead-lettered", "given-back"].includes(last), twice: facts.some((fact) => fact.what === "duplicate") };
}

const talk = () => state.talks.get(state.chosen);
const empty = () => html("p", { class: "hint" }, "Nothing was said yet. Place an order.");

// Columns by distance from what set it off.
function columns() {
    const ids = [...talk().messages];
    const depth = (id, seen = new Set()) => {
        const cause = state.messages.get(id)?.cause;
        return cause && ids.includes(cause) && !seen.has(id) ? 1 + depth(cause, seen.add(id)) : 1;
    };
    const levels = [];
    ids.forEach((id) => (levels[depth(id)] ??= []).push(id));
    return [["client"], ...levels.slice(1)];
}

function drawGraph() {
    if (!talk()) {
        graph.replaceChildren(chooser("talk-of-graph"), empty());
        return;
    }
    const narrow = matchMedia("(max-width: 760px)").matches;
    const [w, h, gapX, gapY] = narrow ? [172, 56, 14, 36] : [206, 58, 54, 18];
    const levels = columns();
    const place = new Map();
    levels.forEach((ids, level) => ids.forEach((id, i) => place.set(id, narrow ? { x: 4 + i * (w + gapX), y: 4 + level * (h + gapY) } : { x: 4 + level * (w + gapX), y: 4 + i * (h + gapY) })));
    const boxes = [...place.entries()].map(([id, at]) => node(id, at, w, h));
    const lines = [...talk().messages].map((id) => {
        const from = place.get(state.messages.get(id)?.cause) ?? place.get("client");
        const to = place.get(id);
        const [x1, y1, x2, y2] = narrow ? [from.x + w / 2, from.y + h, to.x + w / 2, to.y] : [from.x + w, from.y + h / 2, to.x, to.y + h / 2];
        const d = narrow ? `M${x1},${y1} C${x1},${y1 + 20} ${x2},${y2 - 20} ${x2},${y2}` : `M${x1},${y1} C${x1 + 30},${y1} ${x2 - 30},${y2} ${x2},${y2}`;
        return svg("path", { d, class: "edge arrow" });
    });
    const all = [...place.values()];
    const [width, height] = [Math.max(...all.map(({ x }) => x)) + w + 6, Math.max(...all.map(({ y }) => y)) + h + 6];
    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, style: `max-width:${width * 1.15}px`, role: "group", "aria-label": "Messages and their causes" }, ...lines, ...boxes);
    graph.replaceChildren(chooser("talk-of-graph"), html("div", { class: "scroll" }, picture), details());
}

function node(id, { x, y }, w, h) {
    if (id === "client") {
        return svg("g", { class: "node client" }, svg("rect", { x, y, width: w, height: h, rx: 16 }), svg("text", { x: x + w / 2, y: y + h / 2 + 4, class: "name middle" }, "a client"));
    }
    const message = state.messages.get(id);
    const { last, wrong, twice } = standing(id);
    const kind = svg("text", { x: x + 12, y: y + 22, class: "name" }, fit(message?.kind ?? "?", w - 14, 7));
    const how = svg("text", { x: x + 12, y: y + 42, class: "small" }, `${WORDS[last]}${twice ? ", came twice" : ""}`);
    const group = svg("g", { class: `node message ${wrong ? "bad" : ""} ${picked === id ? "picked" : ""}` }, svg("rect", { x, y, width: w, height: h, rx: 8 }), kind, how);
    return pressable(group, () => {
        picked = id;
        draw();
        graph.querySelector(".node.picked")?.focus();
    });
}

function details() {
    const id = talk().messages.has(picked) ? picked : [...talk().messages][0];
    const message = state.messages.get(id);
    if (!message) {
        return html("p", { class: "hint" }, "No message was told of this change.");
    }
    const rows = standing(id).facts.map((fact) => html("tr", {}, html("td", { class: "mono" }, time(fact.at_ms)), html("td", {}, WORDS[fact.what]), html("td", {}, fact.place), html("td", {}, fact.detail ?? "")));
    const table = html("table", {}, html("thead", {}, html("tr", {}, ...["when", "what", "where", ""].map((name) => (name ? html("th", { scope: "col" }, name) : html("td"))))), html("tbody", {}, ...rows));
    const envelope = html("pre", { tabindex: "0", "aria-label": "envelope" }, JSON.stringify(message.envelope, null, 2));
    return html("section", { class: "details" }, html("h2", {}, `${message.kind} ${short(id)}`), html("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "what became of it" }, table), envelope);
}

const LINES = ["client", "SNS", "SQS"];

// Who takes part, in the sequence in which it is drawn.
function lifelines() {
    const all = services(state.wiring);
    const relayed = all.some((service) => service.outbox);
    return [LINES[0], all[0]?.name, ...(relayed ? ["outbox", "relay"] : []), "SNS", "SQS", ...all.slice(1).map((service) => service.name)].filter(Boolean);
}

function arrow(fact) {
    const all = services(state.wiring);
    const sender = all.find((own) => own.name === state.messages.get(fact.message)?.source || own.stem === state.messages.get(fact.message)?.source || own.tables.includes(fact.place));
    const consumer = all.find((own) => own.stem === fact.place.split("--")[0])?.name;
    switch (fact.what) {
        case "changed": return talk().facts[0] === fact ? ["client", sender?.name] : [sender?.name, sender?.name];
        case "stored": return [sender?.name, "outbox"];
        case "parked": case "unparked": case "scheduled": return ["outbox", "outbox"];
        case "woken": return ["outbox", "relay"];
        case "published": case "refused": return [sender?.outbox ? "relay" : sender?.name, "SNS"];
        case "delivered": return ["SNS", "SQS"];
        case "received": return ["SQS", consumer];
        case "handled": case "duplicate": case "lost-race": return [consumer, consumer];
        case "given-back": case "dead-lettered": return [consumer, "SQS"];
        default: return [];
    }
}

function drawSequence() {
    if (!talk() || !state.wiring) {
        sequence.replaceChildren(chooser("talk-of-sequence"), empty());
        return;
    }
    const names = lifelines();
    const [gap, left, row] = [150, 84, 34];
    const facts = talk().facts.filter((fact) => arrow(fact).every((name) => names.includes(name)) && arrow(fact).length).slice(-MOST);
    const [width, height] = [left * 2 + gap * (names.length - 1), 58 + facts.length * row];
    const x = (name) => left + names.indexOf(name) * gap;
    const heads = names.flatMap((name) => [svg("line", { x1: x(name), x2: x(name), y1: 36, y2: height, class: "life" }), svg("rect", { x: x(name) - 56, y: 6, width: 112, height: 28, rx: 8, class: "head" }), svg("text", { x: x(name), y: 25, class: "name middle" }, name)]);
    const steps = facts.flatMap((fact, i) => step(fact, 66 + i * row, x));
    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, style: `min-width:${Math.min(width, 760)}px`, role: "img", "aria-label": `${talk().title}: ${facts.map((fact) => WORDS[fact.what]).join(", ")}` }, ...heads, ...steps);
    sequence.replaceChildren(chooser("talk-of-sequence"), html("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "sequence" }, picture));
}

function step(fact, y, x) {
    const [from, to] = arrow(fact);
    const wrong = ["refused", "parked", "dead-lettered", "given-back"].includes(fact.what) ? "bad" : "";
    const kind = state.messages.get(fact.message)?.kind ?? "";
    const text = fact.what === "changed" ? fact.detail : [kind, ["stored", "woken", "published", "delivered", "received"].includes(fact.what) ? fact.detail : WORDS[fact.what]].filter(Boolean).join(" · ");
    if (from === to) {
        const last = from === lifelines().at(-1);
        const at = { x: x(from) + (last ? -10 : 10), y, class: `small ${wrong} ${last ? "end" : ""}` };
        return [svg("circle", { cx: x(from), cy: y - 4, r: 5, class: `mark ${wrong}` }), svg("text", at, text)];
    }
    const way = Math.sign(x(to) - x(from));
    const [x1, x2] = [x(from) + way * 4, x(to) - way * 5];
    const tip = `M${x2 - way * 8},${y - 9} L${x2},${y - 4} L${x2 - way * 8},${y + 1}`;
    return [svg("path", { d: `M${x1},${y - 4} L${x2},${y - 4} ${tip}`, class: `step ${wrong}` }), svg("text", { x: (x1 + x2) / 2, y: y - 9, class: `small middle ${wrong}` }, fit(text, Math.max(140, Math.abs(x2 - x1)), 5.6))];
}

let due;
// Many facts come at once; one drawing is enough, and none while somebody chooses.
export function draw() {
    if (due) {
        return;
    }
    due = setTimeout(() => {
        due = undefined;
        if (document.activeElement?.tagName === "SELECT") {
            return;
        }
        const focused = document.activeElement?.getAttribute?.("aria-label");
        if (!graph.hidden) {
            drawGraph();
        }
        if (!sequence.hidden) {
            drawSequence();
        }
        const shown = graph.hidden ? sequence : graph;
        if (focused && document.activeElement === document.body) {
            shown.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
        }
    }, 120);
}

listen((kind, fact) => {
    if (kind !== "standing" && (kind !== "fact" || fact.conversation === state.chosen || state.follow !== false)) {
        if (kind === "chosen") {
            document.activeElement?.blur?.();
        }
        draw();
    }
});
