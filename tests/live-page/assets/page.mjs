// The frame: views, buttons, what happened, light and dark.

import { state, listen, load, press, choose, short } from "./state.mjs";
import { html, time, WORDS } from "./svg.mjs";
import "./map.mjs";
import "./things.mjs";
import { draw } from "./talks.mjs";

const byId = (id) => document.getElementById(id);
const tabs = [...document.querySelectorAll("[role=tab]")];

function show(view, focus) {
    for (const tab of tabs) {
        const chosen = tab.dataset.view === view;
        tab.setAttribute("aria-selected", chosen);
        tab.tabIndex = chosen ? 0 : -1;
        byId(tab.dataset.view).hidden = !chosen;
        if (chosen && focus) {
            tab.focus();
        }
    }
    // Not the id of the view itself: the browser would move the focus there.
    history.replaceState(null, "", `#view-${view}`);
    document.dispatchEvent(new Event("view"));
    draw();
}

tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => show(tab.dataset.view));
    tab.addEventListener("keydown", ({ key }) => {
        const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: -1 }[key];
        if (to !== undefined) {
            show(tabs.at(to % tabs.length).dataset.view, true);
        }
    });
});

const THEMES = ["system", "light", "dark"];

function theme(name) {
    document.documentElement.dataset.theme = name;
    byId("theme").textContent = `Theme: ${name}`;
    localStorage.setItem("theme", name);
}
byId("theme").addEventListener("click", () => theme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]));
theme(THEMES.includes(localStorage.getItem("theme")) ? localStorage.getItem("theme") : "system");

function say(text, wrong) {
    byId("said").textContent = text;
    byId("said").className = wrong ? "wrong" : "";
}

async function pressed(button, element) {
    element.setAttribute("aria-disabled", "true");
    say(`${button.label} …`);
    try {
        const { done, error } = await press(button.id);
        say(done ?? error, Boolean(error));
    } catch {
        say("the program does not answer: is it still running?", true);
    }
    element.removeAttribute("aria-disabled");
}

function buttons() {
    if (!state.buttons) {
        byId("buttons").replaceChildren(html("p", { class: "hint" }, "This AWS is not the page's own: it only looks."));
        return;
    }
    const groups = [...new Set(state.buttons.map(({ group }) => group))];
    byId("buttons").replaceChildren(...groups.map((group) => {
        const own = state.buttons.filter((button) => button.group === group).map((button) => {
            const element = html("button", { type: "button", title: button.tells, "data-do": button.id, "aria-describedby": `tells-${button.id}` }, button.label, html("span", { class: "hide", id: `tells-${button.id}` }, button.tells));
            element.addEventListener("click", () => element.getAttribute("aria-disabled") || pressed(button, element));
            return element;
        });
        return html("div", { role: "group", "aria-label": group, class: group.split(" ")[0].toLowerCase() }, html("h2", {}, group), html("div", { class: "row" }, ...own));
    }));
}

const QUIET = new Set(["woken", "cleared", "received"]);

function line(fact) {
    const kind = state.messages.get(fact.message)?.kind ?? "";
    const text = [kind, fact.what === "changed" || fact.what === "note" ? fact.detail : WORDS[fact.what]].filter(Boolean).join(" ");
    const content = [html("span", { class: "mono" }, time(fact.at_ms)), ` ${text}`];
    const entry = fact.conversation ? html("button", { type: "button", class: "link", onclick: () => { choose(fact.conversation); show("conversation"); } }, ...content) : html("span", {}, ...content);
    return html("li", { class: fact.what }, entry);
}

function feed(facts) {
    const list = byId("feed");
    facts.filter(({ what }) => !QUIET.has(what)).forEach((fact) => list.prepend(line(fact)));
    while (list.childElementCount > 60) {
        list.lastElementChild.remove();
    }
}

listen((kind, what) => {
    if (kind === "loaded") {
        byId("program").textContent = state.program;
        byId("promise").textContent = state.promise;
        document.title = `${state.program}: messages on their way`;
        buttons();
        byId("feed").replaceChildren();
        feed(state.facts.slice(-60));
    } else if (kind === "fact") {
        feed([what]);
    } else if (kind === "link") {
        byId("link").textContent = what ? "live" : "not connected";
        byId("link").className = what ? "live" : "wrong";
    }
});

show(tabs.map((tab) => tab.dataset.view).find((view) => `#view-${view}` === location.hash) ?? "map");
load().catch((error) => say(`${error.message}. Load the page again.`, true));
window.page = { state, short };
