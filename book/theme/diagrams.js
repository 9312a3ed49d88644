// Draws the Mermaid diagrams of a page in the colours of the theme. A page without diagrams does not load Mermaid, and a book
// built without it shows the text of the diagrams.
(() => {
    const diagrams = [...document.querySelectorAll("pre.mermaid")];
    if (diagrams.length === 0) {
        return;
    }
    const sources = diagrams.map((diagram) => diagram.textContent);
    const isDark = () => ["coal", "navy", "ayu"].some((theme) => document.documentElement.classList.contains(theme));
    let drawn;

    const draw = async () => {
        const dark = isDark();
        if (typeof mermaid === "undefined" || drawn === dark) {
            return;
        }
        drawn = dark;
        mermaid.initialize({ startOnLoad: false, securityLevel: "strict", theme: dark ? "dark" : "neutral" });
        for (const [index, diagram] of diagrams.entries()) {
            try {
                const { svg } = await mermaid.render(`diagram-${index}`, sources[index]);
                diagram.innerHTML = svg;
                diagram.dataset.drawn = dark ? "dark" : "light";
            } catch (error) {
                console.error(`diagram ${index + 1} of this page: ${error.message}`);
            }
        }
    };

    document.addEventListener("DOMContentLoaded", draw);
    new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["class"] });
})();
