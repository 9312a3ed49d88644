// What scrolls sideways must be reachable by keyboard, or a reader without a mouse never sees its end.
(() => {
    const reach = () => {
        for (const box of document.querySelectorAll("main :is(pre > code, pre, figure.diagram, .table-wrapper)")) {
            if (box.scrollWidth > box.clientWidth + 1 && box.tabIndex < 0) {
                box.tabIndex = 0;
            }
        }
    };
    window.addEventListener("load", reach);
    window.addEventListener("resize", reach);
    new MutationObserver(reach).observe(document.documentElement, { attributeFilter: ["data-drawn"], subtree: true });
})();

// Nobody can open a box on paper: all are open while the page is printed, and afterwards as they were.
(() => {
    let closed = [];
    window.addEventListener("beforeprint", () => {
        closed = [...document.querySelectorAll("main details:not([open])")];
        closed.forEach((box) => { box.open = true; });
    });
    window.addEventListener("afterprint", () => closed.forEach((box) => { box.open = false; }));
})();
