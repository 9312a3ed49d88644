// Programs with a live page and a browser that looks at it: what the checks in this folder need. What a page says on its console, or
// asks of anything but its own program, is a complaint.
// BOOK_NPM is the folder in which npm installed what tests/book/package.json names, CHROMIUM the browser, PROGRAMS where programs are.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.join(process.env.BOOK_NPM, "package.json"));
const { chromium } = require("playwright-core");
const axe = require("axe-core").source;
const flags = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const PATIENCE = 240_000;

export const complaints = [];
export const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", chromiumSandbox: false, args: flags });

// Starts a program and waits until it says where its page is.
export async function start(name, args, where) {
    const environment = { ...process.env, AWS_ENDPOINT_URL: "" };
    const program = spawn(path.join(process.env.PROGRAMS, name), args, { stdio: ["ignore", "pipe", "pipe"], env: environment });
    let said = "";
    const url = await new Promise((found, failed) => {
        const late = setTimeout(() => failed(new Error(`${name} does not say where its page is: ${said}`)), PATIENCE);
        const hear = (text) => {
            said += text;
            const match = where.exec(said);
            if (match) {
                clearTimeout(late);
                found(match[1]);
            }
        };
        program.stdout.on("data", hear);
        program.stderr.on("data", hear);
        program.on("exit", (code) => failed(new Error(`${name} ended with ${code}: ${said}`)));
    });
    return { url, end: () => program.kill("SIGINT") };
}

export async function open(url, width, more = {}) {
    const context = await browser.newContext({ viewport: width === "phone" ? { width: 390, height: 844 } : { width: 1280, height: 900 }, ...more });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    const complain = (text) => complaints.push(`${url}: ${text}`);
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && complain(message.text()));
    page.on("pageerror", (error) => complain(error.message));
    page.on("request", (request) => request.url().startsWith(url) || request.url().startsWith("data:") || complain(`asks for ${request.url()}`));
    await page.goto(url);
    await page.locator("#link.live").waitFor();
    return page;
}

// Presses a button and returns what it ended with.
export async function press(page, id) {
    const button = page.locator(`[data-do="${id}"]`);
    await button.click();
    await page.locator(`[data-do="${id}"]:not([aria-disabled])`).waitFor();
    return await page.locator("#said").textContent();
}

export const view = (page, name) => page.locator(`#tab-${name}`).click();

export const broken = (page) => page.locator("#invariants .broken").evaluateAll((all) => all.map((element) => element.dataset.rule));

// What axe finds serious.
export async function accessible(page) {
    await page.evaluate(axe);
    const options = { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] };
    const { violations } = await page.evaluate((options) => window.axe.run(document, options), options);
    return violations.map(({ id, nodes }) => `${id}: ${nodes.length} times, as in ${nodes[0].html.slice(0, 160)}: ${nodes[0].failureSummary}`);
}

export const wider = (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
