// What a reader does with the book, done in Chromium on the book as it lies in a folder, without a server: drag the slider along all calls of a
// program and find what the program itself says of them; open a cell of the matrix; search; follow a listing to its line; look at the poster; print.
// Usage: node reading.mjs BOOK PROGRAMS
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { addressOf, browser, complaints, end, tab } from "./site.mjs";

const [book, programs] = process.argv.slice(2);
const folder = addressOf(book);
const said = [];
let doing = "";
const expect = (holds, what) => holds || complaints.push(`${doing}: ${what}`);
const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
const open = async (name) => {
    const { page } = await tab(context, folder, () => `${doing}, ${name}`);
    await page.goto(`${folder}${name}`, { waitUntil: "load" });
    return page;
};

// What `fault` prints: the damage at each call, by the index of the call.
async function damageOf(program, fault) {
    const { stdout } = await promisify(execFile)(path.join(programs, program), ["fault", fault]);
    const damage = new Map();
    let call;
    for (const line of stdout.split("\n")) {
        const [, index] = line.match(/^call (\d+), /) ?? [];
        call = index === undefined ? (line.startsWith("  ") ? call : undefined) : Number(index);
        if (index !== undefined) {
            damage.set(call, []);
        } else if (call !== undefined) {
            damage.get(call).push(line.trim());
        }
    }
    const runs = Number(stdout.match(/^(\d+) runs/m)[1]);
    return { damage, runs };
}

async function dragAlong(name, program, fault) {
    doing = `the slider along ${program}`;
    const { damage, runs } = await damageOf(program, fault);
    const page = await open(name);
    const figure = page.locator(`figure.runs[data-program="${program}"]`).first();
    await figure.scrollIntoViewIfNeeded();
    await page.waitForFunction((figure) => figure.dataset.shown !== undefined, await figure.elementHandle());
    const slider = figure.getByRole("slider");
    await slider.focus();
    await page.keyboard.press("Home");
    const places = await page.evaluate(([program, fault]) => window.faultRuns[program].rows[fault].map((run) => run[0]), [program, fault]);
    expect(places.length === runs, `the slider has ${places.length} places, the program makes ${runs} runs`);
    let harmful = 0;
    for (const [number, call] of places.entries()) {
        const shown = await figure.locator(".ending .damage li").allTextContents();
        const wanted = damage.get(call) ?? [];
        harmful += wanted.length > 0;
        expect(JSON.stringify(shown) === JSON.stringify(wanted), `at call ${call}: shows ${JSON.stringify(shown)}, the program says ${JSON.stringify(wanted)}`);
        expect(await figure.locator(".trace .struck").count() === 1, `at call ${call}: no call, or more than one, is marked as struck`);
        expect(Number(await slider.inputValue()) === number, `at call ${call}: the slider stands at ${await slider.inputValue()}`);
        await page.keyboard.press("ArrowRight");
    }
    expect(harmful === damage.size, `${harmful} places show damage, the program says ${damage.size}`);
    said.push(`${program}: ${places.length} calls, ${harmful} with damage`);
    await page.close();
}

async function openCell() {
    doing = "a cell of the matrix";
    const page = await open("runs.html");
    const cell = page.locator("figure.matrix td.damage a").first();
    const target = (await cell.getAttribute("href")).split("#")[1];
    await cell.click();
    await page.waitForFunction((target) => document.querySelector("figure.runs").dataset.shown?.startsWith(`${target}/`), target);
    const selects = await page.locator("figure.runs select").evaluateAll((selects) => selects.map((select) => select.value).join("/"));
    expect(selects === target, `the selection says ${selects}, the cell ${target}`);
    await page.locator("figure.runs select").nth(1).selectOption("outage");
    await page.waitForFunction(() => document.querySelector("figure.runs").dataset.shown.includes("/outage/"));
    expect(new URL(page.url()).hash.includes("/outage/"), "the address does not follow");
    const shown = "figure.matrix tr:not(:last-child) td:is(.ok, .damage)";
    const cells = await page.locator(shown).count();
    const openCells = await page.locator(`${shown} > a`).count();
    expect(openCells === cells, `${openCells} of ${cells} cells lead to their runs`);
    said.push(`${openCells} cells open`);
    await page.close();
}

async function search() {
    for (const wanted of ["GDPR", "schema", "migrate", "rollback", "e-mail", "exactly once"]) {
        doing = `the search for ${wanted}`;
        const page = await open(`preface.html?search=${encodeURIComponent(wanted)}`);
        const results = page.locator("#mdbook-searchresults li");
        await results.first().waitFor({ timeout: 240_000 }).catch(() => undefined);
        const found = (await results.allTextContents()).slice(0, 5).join("\n").toLowerCase();
        expect(wanted.toLowerCase().split(/[ -]/).every((word) => found.includes(word)), `the first results do not have it: ${found.slice(0, 300)}`);
        await page.close();
    }
}

async function follow() {
    doing = "a listing's caption";
    const page = await open("01-naive.html");
    const link = page.locator("figure.listing figcaption a").first();
    const target = await link.getAttribute("href");
    const source = await open(target);
    const line = await source.locator(":target").textContent();
    const listed = target.split("#L")[1];
    expect(line?.startsWith(listed) && line.length > listed.length + 3, `${target} leads to the line ${JSON.stringify(line)}`);
    await source.close();
    await page.close();
}

async function preview() {
    doing = "the preview of a link";
    const page = await open("preface.html");
    const edit = await page.locator("a[href$='/edit/main/book/src/preface.md']").count();
    expect(edit === 1, "no link leads to where the page is edited");
    const image = await page.locator("meta[property='og:image']").getAttribute("content");
    expect(await page.locator("meta[property='og:title']").getAttribute("content"), "there is no title");
    const { size } = await stat(path.join(book, image)).catch(() => ({ size: 0 }));
    expect(size > 5_000, `there is no picture ${image}`);
    await page.close();
}

// The poster is in the folder, as a drawing and on paper, and none of its words stands outside of its box.
async function poster() {
    doing = "the poster";
    const page = await open("take-home.html");
    const links = await page.locator("main a[href*='poster']").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
    expect(links.join() === "pictures/poster.svg,pictures/poster.pdf", `the page leads to ${links}`);
    await page.close();
    const { size } = await stat(path.join(book, "pictures/poster.pdf")).catch(() => ({ size: 0 }));
    expect(size > 20_000, `its PDF has ${size} bytes`);
    const drawing = await open("pictures/poster.svg");
    const [words, outside] = await drawing.evaluate(() => {
        const boxes = [...document.querySelectorAll("rect")].slice(1).map((rect) => rect.getBBox());
        const holds = (box, x, y) => x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;
        const texts = [...document.querySelectorAll("text")].map((text) => [text.textContent, text.getBBox()]);
        const beyond = texts.filter(([, { x, y, width, height }]) => {
            const box = boxes.find((box) => holds(box, x + 1, y + height / 2));
            return box && !holds(box, x + width, y + height);
        });
        return [texts.length, beyond.map(([text]) => text)];
    });
    expect(words > 50 && outside.length === 0, `outside of their boxes: ${outside.join(", ")}`);
    await drawing.close();
}

// The page for printing has all pages and all drawings, and what a reader would open is open.
async function print() {
    doing = "print";
    const { page } = await tab(await browser.newContext(), folder, () => doing);
    await page.addInitScript(() => { window.print = () => { window.asked = true; }; });
    await page.goto(`${folder}print.html`, { waitUntil: "load" });
    await page.waitForFunction(() => window.asked, undefined, { timeout: 240_000 });
    const [all, drawn] = await page.evaluate(() => ["pre.mermaid", "pre.mermaid[data-drawn] svg"].map((which) => document.querySelectorAll(which).length));
    const [runs, shown] = await page.evaluate(() => ["figure.runs", "figure.runs[data-shown]"].map((which) => document.querySelectorAll(which).length));
    expect(runs > 0 && shown === runs, `paper was asked for when ${shown} of ${runs} figures showed a run`);
    expect(all > 0 && drawn === all, `paper was asked for when ${drawn} of ${all} diagrams were drawn`);
    await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
    const [boxes, shut] = await page.evaluate(() => ["details", "details:not([open])"].map((which) => document.querySelectorAll(`main ${which}`).length));
    expect(boxes > 0 && shut === 0, `${shut} of ${boxes} boxes are closed on paper`);
    const pdf = await page.pdf({ format: "A4", path: process.env.BOOK_PDF });
    expect(pdf.length > 500_000, `the PDF has ${pdf.length} bytes`);
    said.push(`print: ${Math.round(pdf.length / 1024)} KiB of PDF, ${all} diagrams`);
}

await dragAlong("01-naive.html", "chapter-01", "crash-after");
await dragAlong("06-full.html", "chapter-06", "crash-after");
await openCell();
await search();
await follow();
await preview();
await poster();
await print();
await end(said.join("; "));
