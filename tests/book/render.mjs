// Opens every page of the built book in Chromium, wide and as narrow as a phone, light and dark: no error in the console, no request
// that fails or leaves the machine, every diagram drawn, nothing wider than the screen. With a second argument, screenshots go there.
// Usage: node render.mjs BOOK [SCREENSHOTS]; finds playwright-core through NODE_PATH's folder in BOOK_NPM.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { mkdir, readFile, readdir } from "node:fs/promises";
import path from "node:path";

const { chromium } = createRequire(path.join(process.env.BOOK_NPM, "package.json"))("playwright-core");
const [book, screenshots] = process.argv.slice(2);
const widths = { desktop: { width: 1280, height: 900 }, phone: { width: 375, height: 720 } };
const themes = ["light", "navy"];
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2" };

const server = createServer(async (request, response) => {
    const file = path.join(book, path.normalize(decodeURIComponent(new URL(request.url, "http://book").pathname)));
    try {
        const body = await readFile(file);
        response.writeHead(200, { "Content-Type": types[path.extname(file)] ?? "text/plain" }).end(body);
    } catch {
        response.writeHead(404).end();
    }
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const origin = `http://127.0.0.1:${server.address().port}`;

const isPage = (name) => name.endsWith(".html") && !["toc.html", "404.html"].includes(name) && !name.startsWith("code/");
const pages = (await readdir(book, { recursive: true })).filter(isPage).sort();
if (pages.length === 0) {
    throw new Error(`there is no page in ${book}: build the book first`);
}

const flags = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", chromiumSandbox: false, args: flags });
const complaints = [];
let diagrams = 0;

async function look(page, name, theme, width) {
    const complain = (what) => complaints.push(`${name}, ${theme}, ${width}: ${what}`);
    page.on("console", (message) => message.type() === "error" && complain(message.text()));
    page.on("pageerror", (error) => complain(error.message));
    page.on("requestfailed", (request) => complain(`request failed: ${request.url()}`));
    page.on("response", (response) => response.status() >= 400 && complain(`${response.status()} for ${response.url()}`));
    page.on("request", (request) => {
        if (!request.url().startsWith(origin) && !/^(data|blob):/.test(request.url())) {
            complain(`request to another machine: ${request.url()}`);
        }
    });
    await page.goto(`${origin}/${name}`, { waitUntil: "load" });
    const wanted = await page.locator("pre.mermaid").count();
    if (wanted > 0) {
        const drawn = page.locator("pre.mermaid[data-drawn] svg");
        const all = page.waitForFunction((count) => document.querySelectorAll("pre.mermaid[data-drawn] svg").length === count, wanted, { timeout: 60_000 });
        await all.catch(async () => complain(`${await drawn.count()} of ${wanted} diagrams are drawn`));
        if (theme === "light" && width === "desktop") {
            diagrams += wanted;
        }
    }
    const loads = await page.evaluate(() => typeof mermaid !== "undefined");
    if (loads !== wanted > 0) {
        complain(loads ? "loads Mermaid without a diagram" : "does not load Mermaid");
    }
    const wide = await page.evaluate(() => {
        const beyond = document.documentElement.scrollWidth - window.innerWidth;
        const right = (element) => element.getBoundingClientRect().right;
        const guilty = [...document.querySelectorAll("main *")].filter((element) => right(element) > window.innerWidth + 1);
        return beyond > 1 ? `${beyond} px wider than the screen: ${guilty.slice(0, 3).map((element) => element.outerHTML.slice(0, 80)).join(" ")}` : "";
    });
    if (wide) {
        complain(wide);
    }
    if (screenshots) {
        await page.screenshot({ path: path.join(screenshots, `${name.replaceAll("/", "_").replace(".html", "")}-${theme}-${width}.png`), fullPage: true });
    }
}

if (screenshots) {
    await mkdir(screenshots, { recursive: true });
}
for (const theme of themes) {
    for (const [width, viewport] of Object.entries(widths)) {
        const context = await browser.newContext({ viewport, colorScheme: theme === "light" ? "light" : "dark" });
        for (const name of pages) {
            const page = await context.newPage();
            await look(page, name, theme, width);
            await page.close();
        }
        await context.close();
    }
}
await browser.close();
server.close();

for (const complaint of complaints) {
    console.log(complaint);
}
console.log(`${pages.length} pages in ${themes.length} themes and ${Object.keys(widths).length} widths, ${diagrams} diagrams drawn`);
process.exit(complaints.length === 0 ? 0 : 1);
