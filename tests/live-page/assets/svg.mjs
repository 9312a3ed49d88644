// Small helpers for elements.

const NS = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith("on")) {
            element.addEventListener(name.slice(2), value);
        } else if (value !== undefined && value !== false) {
            element.setAttribute(name, value);
        }
    }
    element.append(...children);
    return element;
}

export const svg = (name, attributes = {}, ...children) => fill(document.createElementNS(NS, name), attributes, children);
export const html = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);

// An SVG has no element that is a button to the keyboard. Its name is the text in it.
export function pressable(element, act) {
    const keys = (event) => {
        if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            act();
        }
    };
    return fill(element, { tabindex: "0", role: "button", onclick: act, onkeydown: keys }, []);
}

export const time = (ms) => new Date(ms).toISOString().slice(11, 23);

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export function fit(text, width, size = 6.6) {
    const most = Math.floor(width / size);
    return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

export const WORDS = {
    changed: "changed", stored: "stored", scheduled: "scheduled", woken: "relay woken", published: "published", refused: "refused by SNS",
    cleared: "left the outbox", parked: "parked", unparked: "unparked", delivered: "in the queue", received: "received", handled: "handled",
    duplicate: "duplicate, no effect", "given-back": "given back", "dead-lettered": "dead-lettered", "lost-race": "lost a race", note: "note",
};
