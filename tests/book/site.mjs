// The built book and a browser that looks at it: what all checks in this folder need. What a page says on its
// console, or asks of anything but the book, is a complaint.
// BOOK_NPM is the folder in which npm installed what package.json names, CHROMIUM the browser.
import { createRequire } from "node:module";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";

export const require = createRequire(path.join(process.env.BOOK_NPM, "package.json"));
const { chromium } = require("playwright-core");
const flags = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const complaints = [];

export const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", chromiumSandbox: false, args: flags });

// From a folder, as a reader who has unpacked the book opens it: what works there works behind any server.
export const addressOf = (book) => pathToFileURL(`${path.resolve(book)}/`).href;

// The pages that a reader sees, without those of source code.
export async function pagesOf(book) {
    const isPage = (name) => name.endsWith(".html") && !["toc.html", "404.html"].includes(name) && !name.startsWith("code/");
    const pages = (await readdir(book, { recursive: true })).filter(isPage).sort();
    if (pages.length === 0) {
        throw new Error(`there is no page in ${book}: build the book first`);
    }
    return pages;
}

// A tab that complains of all that goes wrong in it. `where` says in which state it is at the moment.
export async function tab(context, book, where) {
    const page = await context.newPage();
    // For a machine that is busy with something else: the longest anything may take.
    page.setDefaultTimeout(240_000);
    const complain = (what) => complaints.push(`${where()}: ${what}`);
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && complain(message.text()));
    page.on("pageerror", (error) => complain(error.message));
    page.on("requestfailed", (request) => complain(`request failed: ${request.url()}`));
    page.on("request", (request) => {
        if (!request.url().startsWith(book) && !/^(data|blob):/.test(request.url())) {
            complain(`request beyond the book: ${request.url()}`);
        }
    });
    return { page, complain };
}

// Prints what was complained of and ends the process.
export async function end(said) {
    await browser.close();
    for (const complaint of complaints) {
        console.log(complaint);
    }
    console.log(said);
    process.exit(complaints.length === 0 ? 0 : 1);
}
