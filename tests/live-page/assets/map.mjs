// The picture: what there is, how much waits where, and tokens that travel along the lines.

import { layout, plain } from "./layout.mjs";
import { state, listen, choose } from "./state.mjs";
import { svg, html, calm, fit } from "./svg.mjs";

const HOP = 420;
const LATEST = 9000;
const panel = document.getElementById("map");
const narrow = matchMedia("(max-width: 760px)");
const busy = new Map();
let drawing;
let tokens;
let traveling = 0;

function label(node) {
    const text = svg("text", { x: node.x + 10, y: node.y + 18, class: "name" }, fit(node.label, node.w - (node.kind === "queue" ? 30 : 14), 6.3));
    return node.kind === "queue" || node.kind === "topic" ? text : svg("text", { x: node.x + node.w / 2, y: node.y + (node.kind === "service" ? 24 : node.h / 2 + 4), class: "name middle" }, node.label);
}

function box(node) {
    const round = node.kind === "topic" ? node.h / 2 : node.kind === "client" ? 16 : 8;
    const group = svg("g", { class: `node ${node.kind}`, "data-node": node.id }, svg("title", {}, `${node.kind} ${node.full ?? node.label}`), svg("rect", { x: node.x, y: node.y, width: node.w, height: node.h, rx: round }), label(node));
    if (node.kind === "service") {
        node.tables.forEach((table, i) => {
            const flat = node.h < 90;
            const at = flat ? { x: node.x + 14 + i * 120, y: node.y + 34 } : { x: node.x + 12, y: node.y + 44 + i * 28 };
            const width = flat ? 110 : node.w - 24;
            group.append(svg("rect", { ...at, width, height: 20, rx: 3, class: "table" }), svg("text", { x: at.x + 8, y: at.y + 14, class: "small" }, fit(table, width - 12, 6)));
        });
        group.append(svg("text", { x: node.x + node.w - 12, y: node.y + 24, class: "part end" }));
    }
    if (node.kind === "queue") {
        group.append(svg("text", { x: node.x + node.w - 10, y: node.y + node.h / 2 + 4, class: "count end" }));
    }
    if (node.kind === "outbox") {
        group.append(svg("text", { x: node.x + node.w / 2, y: node.y - 6, class: "count middle" }));
    }
    if (node.kind === "relay") {
        group.append(svg("text", { x: node.x + node.w / 2, y: node.y + node.h + 14, class: "part middle" }));
    }
    return group;
}

function draw() {
    if (!state.wiring) {
        return;
    }
    drawing = layout(state.wiring, narrow.matches);
    tokens = svg("g", { class: "tokens" });
    traveling = 0;
    const lines = [...drawing.edges.values()].map((edge) => svg("path", { d: edge.d, class: "edge", "data-edge": `${edge.from}>${edge.to}` }));
    const root = svg("svg", { viewBox: `0 0 ${drawing.width} ${drawing.height}`, role: "img", "aria-label": "The system: services, tables, outboxes, relays, topics and queues, and messages on their way" }, svg("g", {}, ...lines), ...drawing.captions.map(({ x, y, text }) => svg("text", { x, y, class: "caption" }, text)), ...[...drawing.nodes.values()].map(box), tokens);
    const hint = html("p", { class: "hint" }, "Each dot is a message, slowed down so that the eye can follow. A hollow one came again. A number at a queue counts what waits in it; † what lies in its dead-letter queue.");
    panel.replaceChildren(root, hint);
    counts();
}

const find = (id) => panel.querySelector(`[data-node="${CSS.escape(id)}"]`);

function counts() {
    if (!drawing || !state.standing) {
        return;
    }
    const { resting, dead, parts } = state.standing;
    for (const node of drawing.nodes.values()) {
        const place = node.id.split(":").slice(1).join(":");
        const count = find(node.id)?.querySelector(".count");
        if (count) {
            const waits = resting[place]?.length ?? 0;
            const lost = dead[plain(place) + "--dlq"] ?? dead[`${plain(place)}--dlq.fifo`] ?? 0;
            count.textContent = node.kind === "outbox" ? (waits ? `${waits} waiting` : "") : [waits || "", lost ? `†${lost}` : ""].join(" ").trim();
        }
    }
    for (const [name, how] of parts) {
        const [service, isRelay] = [name.replace(/[ -](relay|poller|sweeper)$/, ""), /[ -](relay|poller)$/.test(name)];
        const element = find(isRelay ? `relay:${service}` : `service:${service}`);
        element?.classList.toggle("down", how !== "running");
        const part = element?.querySelector(".part");
        if (part) {
            part.textContent = how === "running" ? "" : how;
        }
    }
}

// Where a fact takes a token: from, to, or only where it glows.
function hops(fact) {
    const service = (stem) => drawing.services.find((own) => own.stem === stem);
    const sender = state.messages.get(fact.message)?.source;
    const own = drawing.services.find((known) => known.name === sender || known.stem === sender || known.outbox === fact.place || known.tables.includes(fact.place));
    const consumer = service(fact.place.split("--")[0]);
    switch (fact.what) {
        case "changed": return own ? [isFirst(fact) ? ["client", `service:${own.name}`] : [`service:${own.name}`]] : [];
        case "stored": return own ? [[`service:${own.name}`, `outbox:${fact.place}`]] : [];
        case "woken": return own ? [[`outbox:${fact.place}`, `relay:${own.name}`]] : [];
        case "parked": case "unparked": case "scheduled": return [[`outbox:${fact.place}`]];
        case "published": case "refused": {
            const from = own?.outbox ? `relay:${own.name}` : `service:${own?.name}`;
            return drawing.edges.has(`${from}>topic:${fact.place}`) ? [[from, `topic:${fact.place}`]] : [[`topic:${fact.place}`]];
        }
        case "delivered": {
            const topic = state.wiring.queues.find(([queue]) => queue === fact.place)?.[1];
            return fact.detail ? [[`queue:${fact.place}`]] : [[`topic:${topic}`, `queue:${fact.place}`]];
        }
        case "received": return consumer ? [[`queue:${fact.place}`, `service:${consumer.name}`]] : [];
        case "handled": case "duplicate": case "given-back": return consumer ? [[`service:${consumer.name}`]] : [];
        case "dead-lettered": return [[`queue:${fact.place.replace("--dlq", "")}`]];
        default: return [];
    }
}

const isFirst = (fact) => state.talks.get(fact.conversation)?.facts[0] === fact;

function glow(id, wrong) {
    const element = find(id);
    element?.classList.add("glow", wrong ? "marked" : "glow");
    setTimeout(() => element?.classList.remove("glow", "marked"), 700);
}

// Each conversation goes on where it has got to, however fast the system was.
function show(fact) {
    const wrong = ["refused", "parked", "dead-lettered"].includes(fact.what);
    for (const [from, to] of hops(fact)) {
        const now = performance.now();
        const begin = Math.max(now, busy.get(fact.conversation) ?? 0);
        if (calm() || document.hidden || begin - now > LATEST || traveling > 80) {
            glow(to ?? from, wrong);
            continue;
        }
        busy.set(fact.conversation, begin + (to ? HOP : 160));
        setTimeout(() => (to ? travel(fact, from, to, wrong) : glow(from, wrong)), begin - now);
    }
    if (busy.size > 400) {
        busy.clear();
    }
}

function travel(fact, from, to, wrong) {
    const path = panel.querySelector(`[data-edge="${CSS.escape(`${from}>${to}`)}"]`);
    if (!path) {
        glow(to, wrong);
        return;
    }
    const again = fact.what === "delivered" || fact.what === "published" ? Boolean(fact.detail) : false;
    const token = svg("circle", { r: narrow.matches ? 5 : 6.5, class: `token ${again ? "again" : ""} ${wrong ? "wrong" : ""}` }, svg("title", {}, state.messages.get(fact.message)?.kind ?? "request"));
    token.addEventListener("click", () => choose(fact.conversation));
    const length = path.getTotalLength();
    const begun = performance.now();
    traveling += 1;
    tokens.append(token);
    const step = (now) => {
        const part = Math.min(1, (now - begun) / HOP);
        const eased = part < 0.5 ? 2 * part * part : 1 - (2 - 2 * part) ** 2 / 2;
        const { x, y } = path.getPointAtLength(length * eased);
        token.setAttribute("transform", `translate(${x},${y})`);
        if (part < 1 && token.isConnected) {
            requestAnimationFrame(step);
        } else {
            traveling = Math.max(0, traveling - 1);
            token.remove();
            glow(to, wrong);
        }
    };
    requestAnimationFrame(step);
}

narrow.addEventListener("change", draw);
listen((kind, fact) => {
    if (kind === "loaded") {
        draw();
    } else if (kind === "standing") {
        counts();
    } else if (kind === "fact" && drawing && !panel.hidden) {
        show(fact);
    }
});
