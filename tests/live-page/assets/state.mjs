// What the page knows: loaded once, and then kept up to date by server-sent events.

export const state = { facts: [], messages: new Map(), talks: new Map(), wiring: null, standing: null, buttons: null, chosen: null };
const listeners = new Set();
const MOST = 5000;

export function listen(listener) {
    listeners.add(listener);
}

function tell(kind, what) {
    listeners.forEach((listener) => listener(kind, what));
}

export const short = (id) => (id ?? "").slice(-6);

// A conversation: its facts and messages, what it is about, and whether something went wrong in it.
function talk(id) {
    if (!state.talks.has(id)) {
        state.talks.set(id, { id, facts: [], messages: new Set(), title: `conversation ${short(id)}`, state: "", wrong: false });
        if (state.talks.size > 1000) {
            state.talks.delete(state.talks.keys().next().value);
        }
    }
    return state.talks.get(id);
}

const WRONG = new Set(["dead-lettered", "parked", "refused"]);

function remember(fact) {
    if (fact.about) {
        state.messages.set(fact.about.id, fact.about);
    }
    state.facts.push(fact);
    if (state.facts.length > MOST) {
        state.facts.shift();
    }
    if (!fact.conversation) {
        return;
    }
    const own = talk(fact.conversation);
    own.facts.push(fact);
    if (fact.message) {
        own.messages.add(fact.message);
    }
    if (fact.what === "changed") {
        const order = /^order (\S+) is (\w+)$/.exec(fact.detail ?? "");
        const customer = /^customer (\S+) may/.exec(fact.detail ?? "");
        if (order) {
            [own.title, own.state] = [`order ${order[1]}`, order[2]];
        } else if (customer && !own.state) {
            own.title = `customer ${customer[1]}`;
        }
    }
    if (WRONG.has(fact.what)) {
        own.wrong = true;
    } else if (fact.what === "unparked" || (own.wrong && fact.what === "handled")) {
        own.wrong = false;
    }
    if (!state.chosen || state.follow !== false) {
        state.chosen = fact.what === "note" ? state.chosen : fact.conversation;
    }
}

export function choose(id) {
    [state.chosen, state.follow] = [id, false];
    tell("chosen", id);
}

export async function load() {
    const answer = await fetch("/state.json");
    if (!answer.ok) {
        throw new Error((await answer.json()).error);
    }
    const loaded = await answer.json();
    Object.assign(state, { facts: [], messages: new Map(), talks: new Map(), chosen: null, ...loaded });
    loaded.seen.messages.forEach((message) => state.messages.set(message.id, message));
    loaded.seen.facts.forEach(remember);
    tell("loaded");
    follow(loaded.seen.facts.at(-1)?.seq ?? 0);
}

// After a break the browser says itself which event it saw last.
function follow(after) {
    const events = new EventSource(`/events?after=${after}`);
    events.addEventListener("open", () => tell("link", true));
    events.addEventListener("error", () => tell("link", false));
    events.addEventListener("fact", (event) => {
        const fact = JSON.parse(event.data);
        remember(fact);
        tell("fact", fact);
    });
    events.addEventListener("standing", (event) => {
        state.standing = JSON.parse(event.data);
        tell("standing");
    });
    events.addEventListener("reload", () => {
        events.close();
        load();
    });
}

export async function press(id) {
    const answer = await fetch(`/do/${id}`, { method: "POST" });
    return await answer.json();
}
