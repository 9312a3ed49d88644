// Uses the live page as a person does: places orders, follows one, breaks the system and mends it; then chapter 1, which does not survive that.
// Screenshots go to the folder that is given; the ones that the book shows go, smaller, to a second one. Usage: node check.mjs SCREENSHOTS
// [PICTURES]
import http from "node:http";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { accessible, broken, browser, complaints, open, press, start, view, wider } from "./pages.mjs";

const [screenshots, pictures] = process.argv.slice(2);
// What book/src/operating.md shows.
const SHOWN = ["relay-dead-1280", "conversation-1280"];
const checks = [];
const check = (name, run) => checks.push([name, run]);
const must = (is, text) => {
    if (!is) {
        throw new Error(text);
    }
};
const shot = async (page, name) => {
    await page.screenshot({ path: path.join(screenshots, `${name}.png`), fullPage: true });
    if (pictures && SHOWN.includes(name)) {
        await page.screenshot({ path: path.join(pictures, `${name}.jpg`), type: "jpeg", quality: 70 });
    }
};
const idIn = (text) => /order (\w+)/.exec(text)?.[1];
const feed = (page, text) => page.locator("#feed li", { hasText: text }).first().waitFor();
await mkdir(screenshots, { recursive: true });

const shop = await start("shop", ["--page-port", "0", "--customers-port", "0", "--orders-port", "0"], /page\s+(http:\S+)/);
const naive = await start("chapter-01", ["serve", "--port", "0"], /listens on (http:[^\s,]+)/);
const page = await open(shop.url, "desktop", { colorScheme: "light" });
let order;

check("an order is placed and approved", async () => {
    order = idIn(await press(page, "place-order"));
    await feed(page, `order ${order} is APPROVED`);
    await shot(page, "map-1280");
});

check("its conversation shows messages and causes, and what became of each", async () => {
    await view(page, "conversation");
    for (const kind of ["OrderCreated", "CustomerCreditReserved", "OrderApproved"]) {
        await page.locator("#conversation .node.message", { hasText: kind }).first().waitFor();
    }
    await page.locator("#conversation .node.message", { hasText: "CustomerCreditReserved" }).click();
    await page.locator("#conversation pre", { hasText: "causationid" }).waitFor();
    await page.locator("#conversation td", { hasText: "inbox row and effect" }).first().waitFor();
    must(await page.locator("#conversation .edge").count() >= 3, "three messages have a cause each");
    await shot(page, "conversation-1280");
});

check("its sequence goes from the client through outbox, relay, SNS and SQS", async () => {
    await view(page, "sequence");
    const said = await page.locator("#sequence svg").getAttribute("aria-label");
    for (const word of ["stored", "relay woken", "published", "in the queue", "received", "handled"]) {
        must(said.includes(word), `the sequence says "${said}", and nothing is ${word}`);
    }
    await shot(page, "sequence-1280");
});

check("the relay crashes, an order waits, and ends once the relay is back", async () => {
    await view(page, "map");
    const said = await press(page, "crash-relay");
    must(said.includes("died right after PublishBatch"), said);
    await page.locator('[data-node="relay:orders"].down').waitFor();
    const waiting = idIn(await press(page, "place-order"));
    await page.locator('[data-node^="outbox:orders"] .count', { hasText: "waiting" }).waitFor();
    await feed(page, `order ${waiting} is PENDING`);
    must(await page.locator("#feed li", { hasText: `order ${waiting} is APPROVED` }).count() === 0, "nobody can have approved it");
    await shot(page, "relay-dead-1280");
    await press(page, "resume");
    await feed(page, `order ${waiting} is APPROVED`);
    await feed(page, "duplicate, no effect");
});

check("a message that comes twice has its effect once", async () => {
    await press(page, "deliver-twice");
    await feed(page, "duplicate, no effect");
});

check("a refused message is parked, and goes on when it is let go", async () => {
    const refused = idIn(await press(page, "refuse"));
    await feed(page, "parked");
    await press(page, "unpark");
    await feed(page, `order ${refused} is APPROVED`);
});

check("what nobody can read ends in a dead-letter queue with its reason", async () => {
    await view(page, "things");
    // Opened while it is empty: what is open follows what happens, with the focus in it, too.
    const dead = page.locator("details", { hasText: /order-created--dlq/ });
    await dead.locator("summary").click();
    await dead.locator("p", { hasText: "empty" }).waitFor();
    await press(page, "poison");
    await dead.locator("summary").focus();
    await feed(page, "dead-lettered");
    await dead.locator("td", { hasText: "unreadable" }).first().waitFor();
    await shot(page, "things-1280");
});

check("a service crashes at its commit, and no invariant breaks", async () => {
    await view(page, "map");
    const said = await press(page, "crash/orders");
    must(said.includes("died right after TransactWriteItems"), said);
    await press(page, "place-50");
    await page.locator("#verdict", { hasText: "No damage." }).waitFor();
    must((await broken(page)).length === 0, `broken: ${await broken(page)}`);
    await shot(page, "busy-1280");
});

check("chapter 1 goes red after the same crash, and says so in words", async () => {
    const first = await open(naive.url, "desktop", { colorScheme: "light" });
    await press(first, "create-customer");
    await press(first, "place-order");
    await first.locator("#feed li", { hasText: "is APPROVED" }).first().waitFor();
    must((await broken(first)).length === 0, "nothing is broken before the crash");
    await press(first, "crash/http");
    await first.locator('#invariants .broken[data-rule="no loss"]').waitFor();
    await first.locator("#verdict.broken", { hasText: "no message tells of it" }).waitFor();
    await shot(first, "chapter-01-1280");
    await view(first, "rules");
    await shot(first, "chapter-01-rules-1280");
});

check("keys alone lead from view to view", async () => {
    await page.locator("#tab-map").focus();
    await page.keyboard.press("ArrowRight");
    must(await page.locator("#tab-conversation").getAttribute("aria-selected") === "true", "the arrow key shows the next view");
    await page.keyboard.press("Tab");
    await page.keyboard.press("End");
    must(await page.evaluate(() => document.activeElement.id === "conversation"), "Tab leads into the view");
});

check("every view is accessible, light and dark, and fits a phone", async () => {
    const wrong = [];
    for (const [width, colorScheme] of [["desktop", "dark"], ["phone", "light"]]) {
        const other = await open(shop.url, width, { colorScheme, reducedMotion: "reduce" });
        for (const name of ["map", "conversation", "sequence", "things", "rules"]) {
            await view(other, name);
            await other.waitForTimeout(200);
            const found = [...await accessible(other), ...(await wider(other) > 0 ? [`${await wider(other)} px wider than the screen`] : [])];
            wrong.push(...found.map((text) => `${name}, ${width}, ${colorScheme}: ${text}`));
            await shot(other, `${name}-${width === "phone" ? 390 : "1280-dark"}`);
        }
    }
    must(wrong.length === 0, wrong.join("\n"));
});

// Without a browser: one would set these headers itself.
function status(headers, method = "GET", to = "/state.json") {
    const { hostname, port } = new URL(shop.url);
    return new Promise((done, failed) => http.request({ hostname, port, path: to, method, headers }, (answer) => done(answer.resume().statusCode)).on("error", failed).end());
}

check("another site can neither read nor press", async () => {
    must(await status({ host: "localhost" }) === 200, "this machine may read");
    must(await status({ host: "shop.example" }) === 403, "a name that was made to point here may not");
    must(await status({ origin: "http://shop.example" }, "POST", "/do/place-order") === 403, "a page of another site may not press");
});

let [passed, failed] = [0, 0];
for (const [name, run] of checks) {
    const begun = Date.now();
    try {
        await run();
        must(complaints.length === 0, complaints.splice(0).join("\n"));
        passed += 1;
        console.log(`ok      ${name} (${Date.now() - begun} ms)`);
    } catch (error) {
        failed += 1;
        await shot(page, `failed-${failed}`).catch(() => {});
        console.log(`FAILED  ${name}\n        ${error.message.replaceAll("\n", "\n        ")}`);
    }
}
await browser.close();
shop.end();
naive.end();
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
