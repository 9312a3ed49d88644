// Draws the Mermaid diagrams of a page in the colours of the theme. A page without diagrams does not load Mermaid, and a book
// built without it shows the text of the diagrams.
(() => {
    // To which part of its own size a diagram may shrink.
    const SMALLEST = 0.6;
    const diagrams = [...document.querySelectorAll("pre.mermaid")];
    if (diagrams.length === 0) {
        return;
    }
    const sources = diagrams.map((diagram) => diagram.textContent);
    const isDark = () => ["coal", "navy", "ayu"].some((theme) => document.documentElement.classList.contains(theme));
    let drawn;
    let drawing = Promise.resolve();

    // Only a page with diagrams loads Mermaid, and the page for printing, which has all of them, loads it once.
    const load = () => new Promise((done) => {
        const script = document.createElement("script");
        script.src = diagrams[0].dataset.mermaid ?? "";
        script.onload = done;
        if (diagrams[0].dataset.mermaid) {
            document.head.append(script);
        }
    });

    const draw = () => {
        const dark = isDark();
        if (typeof mermaid === "undefined" || drawn === dark) {
            return;
        }
        drawn = dark;
        drawing = drawing.then(() => drawAll(dark));
    };

    const drawAll = async (dark) => {
        // Notes are where a run breaks: they stand out.
        const [noteBkgColor, noteTextColor] = dark ? ["#4a3b10", "#ffe08a"] : ["#fff0c2", "#5c4400"];
        const edgeLabelBackground = dark ? "#1d2130" : "#ffffff";
        mermaid.initialize({
            startOnLoad: false,
            securityLevel: "strict",
            theme: dark ? "dark" : "neutral",
            themeVariables: { noteBkgColor, noteTextColor, noteBorderColor: noteTextColor, edgeLabelBackground },
            sequence: { actorMargin: 20, width: 120 },
        });
        for (const [index, diagram] of diagrams.entries()) {
            try {
                const { svg } = await mermaid.render(`diagram-${index}`, sources[index]);
                diagram.innerHTML = svg;
                // A wide diagram scrolls rather than shrinks until nobody can read it.
                const drawing = diagram.querySelector("svg");
                drawing.style.minWidth = `${Math.round(drawing.viewBox.baseVal.width * SMALLEST)}px`;
                diagram.dataset.drawn = dark ? "dark" : "light";
            } catch (error) {
                console.error(`diagram ${index + 1} of this page: ${error.message}`);
            }
        }
    };

    // The page for printing asks for paper as soon as it is loaded: not before its diagrams are drawn.
    const print = window.print.bind(window);
    window.print = () => drawing.then(print);

    document.addEventListener("DOMContentLoaded", () => load().then(draw));
    new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["class"] });
})();
