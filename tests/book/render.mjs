// Opens every page of the built book in Chromium, wide and as narrow as a phone, light and dark: no error and no warning in the console, no request
// that fails or leaves the machine, every diagram drawn, nothing wider than the screen. With a second argument, screenshots go there.
// Usage: node render.mjs BOOK [SCREENSHOTS]; BOOK_NPM is the folder in which npm installed playwright-core, CHROMIUM the browser.
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

// Opens a page, and shows it in each theme as a reader who chooses it would see it.
async function look(context, name, width) {
    const page = await context.newPage();
    page.setDefaultTimeout(120_000);
    let theme = themes[0];
    const complain = (what) => complaints.push(`${name}, ${theme}, ${width}: ${what}`);
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && complain(message.text()));
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
    const loads = await page.evaluate(() => typeof mermaid !== "undefined");
    if (loads !== wanted > 0) {
        complain(loads ? "loads Mermaid without a diagram" : "does not load Mermaid");
    }
    diagrams += width === "desktop" ? wanted : 0;
    for (theme of themes) {
        await page.evaluate((theme) => document.getElementById(`mdbook-theme-${theme}`).click(), theme);
        await drawn(page, wanted, theme, complain);
        await fits(page, complain);
        if (screenshots) {
            const file = `${name.replaceAll("/", "_").replace(".html", "")}-${theme}-${width}.png`;
            await page.screenshot({ path: path.join(screenshots, file), fullPage: true });
        }
    }
    await page.close();
}

async function drawn(page, wanted, theme, complain) {
    const diagram = `pre.mermaid[data-drawn="${theme === "light" ? "light" : "dark"}"] svg`;
    const all = ([diagram, wanted]) => document.querySelectorAll(diagram).length === wanted;
    await page.waitForFunction(all, [diagram, wanted], { timeout: 120_000 }).catch(async () => {
        complain(`${await page.locator(diagram).count()} of ${wanted} diagrams are drawn`);
    });
}

async function fits(page, complain) {
    const wide = await page.evaluate(() => {
        const beyond = document.documentElement.scrollWidth - window.innerWidth;
        const isBeyond = (element) => element.getBoundingClientRect().right > window.innerWidth + 1;
        const guilty = [...document.querySelectorAll("main *")].filter(isBeyond).slice(0, 3);
        return beyond > 1 ? `${beyond} px wider than the screen: ${guilty.map((element) => element.outerHTML.slice(0, 80)).join(" ")}` : "";
    });
    if (wide) {
        complain(wide);
    }
}

if (screenshots) {
    await mkdir(screenshots, { recursive: true });
}
for (const [width, viewport] of Object.entries(widths)) {
    const context = await browser.newContext({ viewport, colorScheme: "light" });
    for (const name of pages) {
        await look(context, name, width);
    }
}
await browser.close();
server.close();

for (const complaint of complaints) {
    console.log(complaint);
}
console.log(`${pages.length} pages in ${themes.length} themes and ${Object.keys(widths).length} widths, ${diagrams} diagrams drawn`);
process.exit(complaints.length === 0 ? 0 : 1);
