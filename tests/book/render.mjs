// Opens every page of the built book in Chromium, wide and as narrow as a phone, light and dark: no error and no warning in the console, no request
// that fails or leaves the machine, every diagram drawn, no block wider than its column, no table cut, nothing that axe finds.
// With a second argument, screenshots go there. Usage: node render.mjs BOOK [SCREENSHOTS]
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { addressOf, browser, complaints, end, pagesOf, require, tab } from "./site.mjs";

const [book, screenshots] = process.argv.slice(2);
const widths = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const themes = ["light", "navy"];
const axe = require("axe-core").source;
const address = addressOf(book);
const pages = (await pagesOf(book)).filter((name) => name !== "print.html");
let diagrams = 0;

// Shows a page in each theme as a reader who chooses it would see it.
async function look(context, name, width) {
    let theme = themes[0];
    const { page, complain } = await tab(context, address, () => `${name}, ${theme}, ${width}`);
    await page.goto(`${address}${name}`, { waitUntil: "load" });
    const wanted = await page.locator("pre.mermaid").count();
    const loads = await page.evaluate(() => document.querySelector("script[src*='mermaid']") !== null);
    if (loads !== wanted > 0) {
        complain(loads ? "loads Mermaid without a diagram" : "does not load Mermaid");
    }
    diagrams += width === "desktop" ? wanted : 0;
    await showRuns(page);
    for (theme of themes) {
        await page.evaluate((theme) => document.getElementById(`mdbook-theme-${theme}`).click(), theme);
        await drawn(page, wanted, theme, complain);
        await fits(page, complain);
        if (width === "desktop") {
            await accessible(page, complain);
        }
        if (screenshots) {
            const file = `${name.replaceAll("/", "_").replace(".html", "")}-${theme}-${width}.png`;
            await page.screenshot({ path: path.join(screenshots, file), fullPage: true });
        }
    }
    await page.close();
}

// The runs are loaded when a reader comes near.
async function showRuns(page) {
    for (const figure of await page.locator("figure.runs").all()) {
        await figure.scrollIntoViewIfNeeded();
        await page.waitForFunction((figure) => figure.dataset.shown !== undefined, await figure.elementHandle());
    }
}

async function drawn(page, wanted, theme, complain) {
    const diagram = `pre.mermaid[data-drawn="${theme === "light" ? "light" : "dark"}"] svg`;
    const all = ([diagram, wanted]) => document.querySelectorAll(diagram).length === wanted;
    await page.waitForFunction(all, [diagram, wanted], { timeout: 240_000 }).catch(async () => {
        complain(`${await page.locator(diagram).count()} of ${wanted} diagrams are drawn`);
    });
}

async function fits(page, complain) {
    const wrong = await page.evaluate(() => {
        const found = [];
        const named = (element) => element.outerHTML.slice(0, 90).replaceAll("\n", " ");
        const main = document.querySelector("main");
        const column = main.getBoundingClientRect();
        const beyond = document.documentElement.scrollWidth - window.innerWidth;
        if (beyond > 1) {
            found.push(`the page is ${beyond} px wider than the screen`);
        }
        for (const block of main.querySelectorAll(":scope > *")) {
            const { left, right } = block.getBoundingClientRect();
            if (right > column.right + 1 || left < column.left - 1) {
                found.push(`wider than its column: ${named(block)}`);
            }
        }
        // What is wider than the box around it must scroll in it.
        for (const inner of main.querySelectorAll("table, pre, svg, ul, dl, div, section")) {
            const cut = inner.scrollWidth > inner.clientWidth + 1 && ["hidden", "clip"].includes(getComputedStyle(inner).overflowX);
            if (cut && !inner.closest("svg, .sidebar, .icon-button") && inner.clientWidth > 0) {
                found.push(`cut: ${named(inner)}`);
            }
        }
        for (const drawing of main.querySelectorAll("figure.flow svg")) {
            const [left, top, width, height] = drawing.getAttribute("viewBox").split(" ").map(Number);
            for (const text of drawing.querySelectorAll("text")) {
                const box = text.getBBox();
                if (box.x < left || box.y < top || box.x + box.width > left + width || box.y + box.height > top + height) {
                    found.push(`text outside of its drawing: ${text.textContent}`);
                }
            }
        }
        return found;
    });
    wrong.forEach(complain);
}

async function accessible(page, complain) {
    await page.evaluate(axe);
    // mdbook's own frame is not ours to mend.
    const { violations } = await page.evaluate(() => window.axe.run("main", { preload: false, resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }));
    for (const { id, nodes } of violations) {
        complain(`axe ${id}: ${nodes.length} times, as in ${nodes[0].html.slice(0, 160).replaceAll("\n", " ")}`);
    }
}

if (screenshots) {
    await mkdir(screenshots, { recursive: true });
}
await Promise.all(Object.entries(widths).map(async ([width, viewport]) => {
    const context = await browser.newContext({ viewport, colorScheme: "light" });
    for (const name of pages) {
        await look(context, name, width).catch((error) => complaints.push(`${name}, ${width}: ${error.message}`));
    }
}));
await end(`${pages.length} pages in ${themes.length} themes and ${Object.keys(widths).length} widths, ${diagrams} diagrams drawn`);
