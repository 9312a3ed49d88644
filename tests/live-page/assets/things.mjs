// Tables and queues with what lies in them, and the invariants in full.

import { state, listen, short } from "./state.mjs";
import { html, time } from "./svg.mjs";

const things = document.getElementById("things");
const rules = document.getElementById("rules");
const heads = ["Tables", "Queues"].map((text) => html("h2", {}, text));
const folds = new Map();

function rows(name) {
    const all = (state.standing.resting[name] ?? []).slice(-40).map((rest) => {
        const message = state.messages.get(rest.message);
        return html("tr", {}, html("td", {}, message?.kind ?? "?"), html("td", { class: "mono" }, short(rest.message)), html("td", { class: "mono" }, time(rest.since_ms)), html("td", {}, rest.reason ?? ""));
    });
    return all.length ? table(["message", "id", "since", "reason"], all) : html("p", { class: "hint" }, "empty");
}

function queue([name, topic]) {
    const counted = Math.max((state.standing.resting[name] ?? []).length, state.standing.dead[name] ?? 0);
    return fold(name, topic ? `hears ${topic}` : "", counted, () => rows(name));
}

function table(names, rows) {
    return html("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "items" }, html("table", {}, html("thead", {}, html("tr", {}, ...names.map((name) => html("th", { scope: "col" }, name)))), html("tbody", {}, ...rows)));
}

// Each is made once: what is open, has the focus or is scrolled stays so while its content is renewed.
function fold(name, about, count, content) {
    if (!folds.has(name)) {
        const inside = html("div", {});
        const number = html("b", {});
        const element = html("details", {}, html("summary", {}, html("span", { class: "mono" }, name), html("span", { class: "about" }, about), number), inside);
        let asked = 0;
        const renew = async () => {
            const mine = (asked += 1);
            const fresh = element.open && await content();
            // What was asked for earlier may be answered later.
            if (fresh && mine === asked && !inside.firstChild?.isEqualNode(fresh)) {
                inside.replaceChildren(fresh);
            }
        };
        element.addEventListener("toggle", renew);
        folds.set(name, { element, number, renew });
    }
    const { element, number, renew } = folds.get(name);
    number.textContent = count ? String(count) : "";
    renew();
    return element;
}

async function items(name) {
    const answer = await (await fetch(`/table/${encodeURIComponent(name)}`)).json();
    if (!answer.items?.length) {
        return html("p", { class: "hint" }, answer.error ?? "empty");
    }
    const names = [...new Set(answer.items.flatMap((item) => Object.keys(item)))].sort((a, b) => (b === "PK") - (a === "PK") || (b === "SK") - (a === "SK")).slice(0, 12);
    const text = (value) => (value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value));
    return table(names, answer.items.map((item) => html("tr", {}, ...names.map((name) => html("td", { class: "mono cell" }, text(item[name]).slice(0, 120))))));
}

function drawThings() {
    if (!state.wiring || !state.standing) {
        return;
    }
    const tables = state.wiring.tables.map((name) => fold(name, name.endsWith("-outbox") ? "what was not sent yet" : "", state.standing.resting[name]?.length ?? 0, () => items(name)));
    const all = [heads[0], ...tables, heads[1], ...state.wiring.queues.map(queue)];
    if (all.length !== things.childElementCount || all.some((element, at) => element !== things.children[at])) {
        things.replaceChildren(...all);
    }
}

const SIGNS = { kept: "✓", waiting: "…", broken: "✗" };

export function drawRules() {
    if (!state.standing) {
        return;
    }
    const list = document.getElementById("invariants");
    const all = state.standing.invariants;
    const chip = ({ name, standing, count }) => html("li", { class: standing, "data-rule": name }, html("span", { class: "sign", "aria-hidden": "true" }, SIGNS[standing]), `${name} `, html("span", { class: "much" }, standing === "kept" ? "" : String(count)), html("span", { class: "hide" }, standing));
    list.replaceChildren(...all.map(chip));
    rules.replaceChildren(...all.map(({ name, meaning, standing, count, of, says }) => html("section", { class: `rule ${standing}` },
        html("h2", {}, `${SIGNS[standing]} ${name}`), html("p", {}, `${meaning}.`),
        html("p", { class: "about" }, standing === "kept" ? `Looked at ${of}: it holds.` : standing === "waiting" ? `It holds; ${count} wait.` : `Broken ${count} times.`),
        says.length ? html("ul", {}, ...says.map((text) => html("li", {}, text))) : "")));
    verdict(all);
}

// What a crash has come to, in words.
function verdict(all) {
    const broken = all.filter(({ standing }) => standing === "broken");
    const crashed = state.facts.filter(({ what }) => what === "note").at(-1);
    const element = document.getElementById("verdict");
    element.className = broken.length ? "broken" : "";
    const text = broken.length ? `Damage: ${broken.flatMap(({ says }) => says).slice(0, 2).join("; ")}.${crashed ? ` ${crashed.detail}` : ""} ${state.program === "shop" ? "" : "final/ survives this: try the same with “cargo run -p shop”."}` : crashed ? `No damage. ${crashed.detail}` : "";
    if (element.textContent !== text) {
        element.textContent = text;
    }
}

listen((kind) => {
    if (kind === "loaded" || kind === "standing") {
        drawRules();
    }
    if (kind !== "fact" && !things.hidden) {
        drawThings();
    }
});
document.addEventListener("view", drawThings);
