// Where everything stands in the picture: out of the wiring, wide or as narrow as a phone. Orders on one side, who hears of them on the other;
// what goes there and what comes back has a lane each.

const stem = (name) => name.split("--")[0];
export const plain = (name) => name.replace(/\.fifo$/, "");
// What a topic or queue is called without the services that its lane names anyway.
export const label = (name, stems) => {
    const own = plain(name).split("--").slice(1).join("--") || name;
    const other = stems.find((stem) => own.startsWith(`${stem}-`));
    return other ? own.slice(other.length + 1) : own;
};
export const isDead = (queue) => plain(queue).endsWith("--dlq");

// The services, as the names of topics, queues and tables tell of them.
export function services({ tables, topics, queues }) {
    const stems = [...new Set([...topics, ...queues.map(([queue]) => queue)].map(stem))].sort();
    const ordered = stems.sort((a, b) => (b === "order") - (a === "order"));
    return ordered.map((own) => ({
        stem: own,
        name: `${own}s`,
        outbox: tables.find((table) => table.startsWith(own) && table.endsWith("-outbox")),
        tables: tables.filter((table) => !table.endsWith("-outbox") && !table.endsWith("-sent") && (table.startsWith(own) || table === "inbox")),
        topics: topics.filter((topic) => stem(topic) === own),
        queues: queues.filter(([queue]) => stem(queue) === own && !isDead(queue)),
    }));
}

export function layout(wiring, narrow) {
    const all = services(wiring);
    const [first, ...others] = all;
    const nodes = new Map();
    const edges = new Map();
    const put = (id, label, kind, box, more = {}) => nodes.set(id, { id, label, kind, ...box, ...more });
    const join = (from, to, d) => edges.set(`${from}>${to}`, { from, to, d });
    const captions = [];
    const plan = { all, first, others, nodes, put, join, wiring, captions };
    const size = first === undefined ? [400, 200] : narrow ? tall(plan) : wide(plan);
    return { width: size[0], height: size[1], nodes, edges, captions, services: all };
}

const heard = (wiring, topic) => wiring.queues.filter(([queue, of]) => of === topic && !isDead(queue)).map(([queue]) => queue);
const owner = (all, queue) => all.find((service) => service.stem === stem(queue));

// Rows of a lane: each topic with the queues that hear it.
function rows(services, wiring) {
    return services.flatMap((service) => service.topics.map((topic) => ({ service, topic, queues: heard(wiring, topic) })));
}

const curve = (x1, y1, x2, y2) => `M${x1},${y1} C${(x1 + x2) / 2},${y1} ${(x1 + x2) / 2},${y2} ${x2},${y2}`;

function wide({ all, first, others, nodes, put, join, wiring, captions }) {
    const W = 980;
    const ROW = 40;
    const stems = all.map((service) => service.stem);
    const lanes = [rows([first], wiring), rows(others, wiring)];
    const heights = lanes.map((lane) => lane.reduce((sum, row) => sum + Math.max(1, row.queues.length), 0) * ROW);
    const top = 88;
    const middle = top + heights[0] + 26;
    const H = middle + heights[1] + 30;
    put("client", "clients", "client", { x: 24, y: 10, w: 112, h: 32 });
    put(`service:${first.name}`, first.name, "service", { x: 12, y: top, w: 136, h: H - top - 24 }, { tables: first.tables });
    const each = (H - top - 24) / Math.max(1, others.length);
    others.forEach((service, i) => {
        const gap = i === 0 ? 0 : 14;
        put(`service:${service.name}`, service.name, "service", { x: W - 148, y: top + i * each + gap, w: 136, h: each - gap }, { tables: service.tables });
    });
    all.forEach((service) => join("client", `service:${service.name}`, service === first ? `M80,42 L80,${top}` : `M136,26 L${W - 96},26 Q${W - 80},26 ${W - 80},42 L${W - 80},${top}`));
    lanes.forEach((lane, back) => {
        const flip = (x, w) => (back ? W - x - w : x);
        let y = back ? middle : top;
        const mid = y + heights[back] / 2;
        for (const service of back ? others.filter((other) => other.topics.length) : [first]) {
            const home = `service:${service.name}`;
            if (service.outbox) {
                put(`outbox:${service.outbox}`, "outbox", "outbox", { x: flip(172, 74), y: mid - 24, w: 74, h: 48 });
                put(`relay:${service.name}`, "relay", "relay", { x: flip(274, 62), y: mid - 18, w: 62, h: 36 });
                join(home, `outbox:${service.outbox}`, back ? `M${W - 148},${mid} L${W - 172},${mid}` : `M148,${mid} L172,${mid}`);
                join(`outbox:${service.outbox}`, `relay:${service.name}`, back ? `M${W - 246},${mid} L${W - 274},${mid}` : `M246,${mid} L274,${mid}`);
            }
        }
        for (const { service, topic, queues } of lane) {
            const count = Math.max(1, queues.length);
            const ty = y + (count * ROW) / 2;
            const from = service.outbox ? `relay:${service.name}` : `service:${service.name}`;
            const start = service.outbox ? 336 : 148;
            put(`topic:${topic}`, label(topic, stems), "topic", { x: flip(376, 188), y: ty - 14, w: 188, h: 28 }, { full: topic });
            join(from, `topic:${topic}`, back ? curve(W - start, mid, W - 376, ty) : curve(start, mid, 376, ty));
            queues.forEach((queue, i) => {
                const qy = y + i * ROW + ROW / 2;
                put(`queue:${queue}`, label(queue, stems), "queue", { x: flip(598, 206), y: qy - 14, w: 206, h: 28 }, { full: queue });
                join(`topic:${topic}`, `queue:${queue}`, back ? curve(W - 564, ty, W - 598, qy) : curve(564, ty, 598, qy));
                const to = nodes.get(`service:${owner(all, queue).name}`);
                const right = to.x > W / 2;
                const inside = Math.min(Math.max(qy, to.y + 14), to.y + to.h - 14);
                join(`queue:${queue}`, to.id, curve(flip(598, 206) + (right ? 206 : 0), qy, right ? to.x : to.x + to.w, inside));
            });
            y += count * ROW;
        }
    });
    lanes.forEach((lane, back) => {
        const y = (back ? middle : top) - 10;
        const sending = others.filter((service) => service.topics.length);
        const from = back ? sending.map((service) => service.name).join(", ") : first.name;
        captions.push({ x: (back ? W - 376 - 188 : 376) + 4, y, text: `topics of ${from}` }, { x: (back ? W - 598 - 206 : 598) + 4, y, text: "queues" });
    });
    return [W, H];
}

// Two lanes beside each other: down to those who hear of orders, and up again. Lines run beside the boxes.
function tall({ all, first, others, nodes, put, join, wiring }) {
    const W = 390;
    const stems = all.map((service) => service.stem);
    const lanes = [rows([first], wiring), rows(others, wiring)];
    const length = (lane) => lane.reduce((sum, row) => sum + 34 + row.queues.length * 32, 0);
    const top = 150;
    const relayed = all.some((service) => service.outbox) ? 52 : 0;
    const body = Math.max(...lanes.map(length)) + relayed + 24;
    const bottom = top + body;
    const H = bottom + others.length * 70 + 6;
    put("client", "clients", "client", { x: 140, y: 4, w: 110, h: 30 });
    put(`service:${first.name}`, first.name, "service", { x: 6, y: 64, w: W - 12, h: 60 }, { tables: first.tables });
    others.forEach((service, i) => put(`service:${service.name}`, service.name, "service", { x: 6, y: bottom + i * 70, w: W - 12, h: 60 }, { tables: service.tables }));
    all.forEach((service) => join("client", `service:${service.name}`, service === first ? "M195,34 L195,64" : `M250,19 L${W - 2},19 L${W - 2},${bottom + 30} L${W - 6},${bottom + 30}`));
    lanes.forEach((lane, back) => {
        const x = back ? 202 : 10;
        const home = back ? bottom : 124;
        const sign = back ? -1 : 1;
        let y = back ? bottom - 12 : top - 8;
        for (const service of back ? others.filter((other) => other.outbox).slice(0, 1) : first.outbox ? [first] : []) {
            const ry = back ? y - 38 : y;
            put(`outbox:${service.outbox}`, "outbox", "outbox", { x: x + 6, y: ry, w: 76, h: 38 });
            put(`relay:${service.name}`, "relay", "relay", { x: x + 98, y: ry, w: 70, h: 38 });
            join(`service:${service.name}`, `outbox:${service.outbox}`, `M${x + 44},${home} L${x + 44},${back ? ry + 38 : ry}`);
            join(`outbox:${service.outbox}`, `relay:${service.name}`, `M${x + 82},${ry + 19} L${x + 98},${ry + 19}`);
            y += sign * relayed;
        }
        const start = y;
        for (const { service, topic, queues } of lane) {
            const ty = back ? y - 26 : y;
            const from = service.outbox ? `relay:${service.name}` : `service:${service.name}`;
            put(`topic:${topic}`, label(topic, stems), "topic", { x: x + 10, y: ty, w: 158, h: 26 }, { full: topic });
            const [fx, fy] = service.outbox ? [x + 133, start - sign * (relayed - 38)] : [x + 3, home];
            join(from, `topic:${topic}`, service.outbox ? `M${fx},${fy} L${fx},${fy + sign * 6} L${x + 3},${fy + sign * 6} L${x + 3},${ty + 13} L${x + 10},${ty + 13}` : `M${x + 3},${home} L${x + 3},${ty + 13} L${x + 10},${ty + 13}`);
            y += sign * 34;
            queues.forEach((queue) => {
                const qy = back ? y - 26 : y;
                put(`queue:${queue}`, label(queue, stems), "queue", { x: x + 22, y: qy, w: 146, h: 26 }, { full: queue });
                join(`topic:${topic}`, `queue:${queue}`, `M${x + 34},${back ? ty : ty + 26} L${x + 34},${back ? qy + 26 : qy}`);
                const to = nodes.get(`service:${owner(all, queue).name}`);
                join(`queue:${queue}`, to.id, `M${x + 168},${qy + 13} L${x + 174},${qy + 13} L${x + 174},${to.y > qy ? to.y : to.y + to.h}`);
                y += sign * 32;
            });
        }
    });
    return [W, H];
}
