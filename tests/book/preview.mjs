// Makes the picture that others show beside a link to the book: page one's strip, as it is now. Run it when the strip has changed.
// Usage: node preview.mjs BOOK book/src/figures/preview.png
import path from "node:path";
import { pathToFileURL } from "node:url";
import { browser } from "./site.mjs";

const [book, picture] = process.argv.slice(2);
const page = await browser.newPage({ viewport: { width: 1200, height: 630 } });
await page.goto(pathToFileURL(path.resolve(book, "preface.html")).href);
await page.evaluate(() => {
    const strip = document.querySelector("figure.promise");
    const title = Object.assign(document.createElement("h1"), { textContent: document.title.replace(/^.* - /, "") });
    strip.querySelector("figcaption").remove();
    document.body.replaceChildren(title, strip);
    document.body.style.cssText = "background: white; color: black; margin: 30px 60px; font-size: 22px; min-width: 0";
    strip.querySelector("table").style.maxWidth = "none";
});
await page.screenshot({ path: picture });
await browser.close();
