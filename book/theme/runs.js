// The runs behind the fault matrix: a slider drags the fault along the calls of a run, and the page shows what becomes of it. The laboratory
// has made all runs beforehand (tests/fault-lab/src/gallery.rs); each program's are a script in runs/, which works from a folder, too.
(() => {
    const LANES = ["HTTP", "consumers", "relays", "DynamoDB", "SNS", "SQS"];
    // How many calls around the fault are printed on paper.
    const NEAR = 8;
    const loading = {};
    const load = (folder, program) => (loading[program] ??= new Promise((done, failed) => {
        const script = document.createElement("script");
        script.src = `${folder}${program}.snap.js`;
        script.onload = () => done(window.faultRuns[program]);
        script.onerror = () => failed(new Error(`${script.src} cannot be loaded`));
        document.head.append(script);
    }));

    const element = (name, attributes = {}, ...children) => {
        const made = document.createElement(name);
        for (const [key, value] of Object.entries(attributes)) {
            made.setAttribute(key, value);
        }
        made.append(...children);
        return made;
    };
    const caller = (component) => component === "http" ? 0 : /(relay|poller|sweeper)( \(second\))?$/.test(component) ? 2 : 1;
    const target = (operation) => operation.startsWith("Publish") ? 4 : /Message|Queue/.test(operation) ? 5 : 3;
    const ofOrders = (orders) => [...orders].map((label) => `order ${label}`).join(", ");
    const said = ([component, operation, name, messages, orders]) =>
        [`${component}: ${operation} ${name}`, messages, ofOrders(orders)].filter(Boolean).join(", ");

    // A stored run put together again: all calls, and which of them are not in the run without faults.
    const together = (data, [place, first, last, middle, end, damage]) => {
        const [sound, soundEnd] = data.sound;
        const numbers = [...sound.slice(0, first), ...middle, ...sound.slice(sound.length - last)];
        const calls = numbers.map((number) => data.calls[number]);
        const struck = calls.findIndex((call) => call[5].startsWith("!"));
        const text = (number) => data.lines[number];
        const harmless = damage.length === 1 && text(damage[0]) === "no damage";
        return {
            place, calls, struck, differs: [first, first + middle.length],
            end: end.map((number) => ({ text: text(number), other: !soundEnd.includes(number) })),
            damage: harmless ? [] : damage.map(text),
        };
    };
    const isSound = (data, run) => run[5].length === 1 && data.lines[run[5][0]] === "no damage";

    const drawCall = (call, index, run) => {
        const [from, to] = [caller(call[0]), target(call[1])];
        const [left, right] = [Math.min(from, to), Math.max(from, to)];
        const struck = call[5].startsWith("!");
        const ending = call[5].replace("!", "");
        const item = element("li", { class: [
            struck && "struck",
            index >= run.differs[0] && index < run.differs[1] && "differs",
            run.struck >= 0 ? Math.abs(index - run.struck) <= NEAR && "near" : index < 2 * NEAR && "near",
        ].filter(Boolean).join(" ") });
        item.append(element("span", {}, struck ? "✕ " : "", said(call)));
        if (ending !== "ok") {
            item.append(element("em", {}, ending));
        }
        const [at, wide] = [(left + 0.5) * 100 / LANES.length, (right - left) * 100 / LANES.length];
        item.append(element("i", { class: from < to ? "right" : "left", style: `left: ${at}%; width: ${wide}%` }));
        return item;
    };

    const list = (items) => element("ul", {}, ...items);

    class Explorer {
        constructor(figure) {
            this.figure = figure;
            this.id = `runs-${document.querySelectorAll("figure.runs[data-ready]").length}`;
            figure.dataset.ready = "";
            this.slider = element("input", { type: "range", min: 0, value: 0, id: `${this.id}-slider` });
            this.strip = element("div", { class: "strip", "aria-hidden": "true" });
            this.place = element("output", { for: `${this.id}-slider` });
            this.ending = element("div", { class: "ending" });
            this.trace = element("ol", { class: "trace", tabindex: 0, "aria-label": "The calls of this run" });
            this.note = element("p", { class: "note" });
            const lanes = element("div", { class: "lanes", "aria-hidden": "true" }, ...LANES.map((lane) => element("span", {}, lane)));
            const parts = [this.choice(), this.strip, element("label", { for: this.slider.id }, "Drag the fault along the run"),
                this.slider, this.place, this.ending, lanes, this.trace, this.note];
            figure.append(...parts.filter(Boolean));
            this.slider.addEventListener("input", () => this.show());
        }

        choice() {
            const programs = this.figure.dataset.programs?.split(" ");
            if (!programs) {
                return undefined;
            }
            this.program = element("select", { id: `${this.id}-program` }, ...programs.map((name) => element("option", {}, name)));
            this.fault = element("select", { id: `${this.id}-fault` });
            this.program.addEventListener("change", () => this.open(this.program.value, this.fault.value));
            this.fault.addEventListener("change", () => this.open(this.program.value, this.fault.value));
            return element("div", { class: "choice" },
                element("label", { for: this.program.id }, "Program"), this.program,
                element("label", { for: this.fault.id }, "Fault"), this.fault);
        }

        // Shows the runs of a cell; without a number the first of those that do the most damage, or else the one in the middle.
        async open(program, fault, number, quietly) {
            this.data = await load(this.figure.dataset.folder, program);
            this.fault_name = this.data.rows[fault] ? fault : Object.keys(this.data.rows)[0];
            this.program_name = program;
            this.runs = this.data.rows[this.fault_name];
            const damaged = this.runs.map((run) => !isSound(this.data, run));
            const most = Math.max(...this.runs.map((run, index) => damaged[index] ? run[5].length : 0));
            const first = this.runs.findIndex((run, index) => damaged[index] && run[5].length === most);
            const middle = Math.floor(this.runs.length / 2);
            const begin = number ?? (first >= 0 ? first : middle);
            this.slider.max = this.runs.length - 1;
            this.slider.value = Math.min(begin, this.runs.length - 1);
            this.strip.replaceChildren(...damaged.map((bad) => element("i", { class: bad ? "bad" : "good" })));
            const count = damaged.filter(Boolean).length;
            this.note.textContent = `${this.fault_name}: ${this.data.meanings[this.fault_name]}. `
                + `${this.runs.length} runs are here, ${count} of them with damage. `
                + "A bar beside a call says that the run without faults does not make it.";
            if (this.program) {
                this.program.value = program;
                this.fault.replaceChildren(...Object.keys(this.data.rows).map((name) => element("option", {}, name)));
                this.fault.value = this.fault_name;
            }
            this.show(quietly === true);
        }

        show(quietly = false) {
            const number = Number(this.slider.value);
            const run = together(this.data, this.runs[number]);
            const at = run.struck >= 0 ? said(run.calls[run.struck]) : "";
            const where = typeof run.place === "number" ? at : [run.place, at].filter(Boolean).join(": ");
            const harm = run.damage.length === 0 ? "no damage" : `damage: ${run.damage.length}`;
            this.place.textContent = `${number + 1} of ${this.runs.length}. ${where}`;
            this.slider.setAttribute("aria-valuetext", `${where}, ${harm}`);
            [...this.strip.children].forEach((tick, index) => tick.classList.toggle("here", index === number));
            const damage = run.damage.length === 0
                ? element("p", { class: "good" }, "no damage")
                : list(run.damage.map((line) => element("li", {}, line)));
            this.ending.replaceChildren(
                element("section", { class: "end" }, element("h4", {}, "What became of it"),
                    list(run.end.map(({ text, other }) => element("li", other ? { class: "other" } : {}, text)))),
                element("section", { class: run.damage.length ? "damage bad" : "damage" }, element("h4", {}, "Damage"), damage));
            this.trace.replaceChildren(...run.calls.map((call, index) => drawCall(call, index, run)));
            const struck = this.trace.querySelector(".struck");
            this.trace.scrollTop = struck ? struck.offsetTop - this.trace.clientHeight / 3 : 0;
            this.figure.dataset.shown = `${this.program_name}/${this.fault_name}/${number}`;
            if (this.program && !quietly) {
                try {
                    history.replaceState(null, "", `#${this.figure.dataset.shown}`);
                } catch {
                    // A page from a folder may not be allowed to: then the address stays as it is.
                }
            }
        }

        follow() {
            const [program, fault, number] = decodeURIComponent(location.hash.slice(1)).split("/");
            const known = this.figure.dataset.programs.split(" ").includes(program);
            const { program: first, fault: usual } = this.figure.dataset;
            return known ? this.open(program, fault, number && Number(number), true) : this.open(first, usual, undefined, true);
        }
    }

    // One that is far down the page loads its runs when the reader comes near.
    const begin = async (figure) => {
        if (figure.dataset.ready !== undefined) {
            return;
        }
        const explorer = new Explorer(figure);
        const complain = (error) => { explorer.note.textContent = error.message; console.error(error.message); };
        if (figure.dataset.programs) {
            const opened = explorer.follow().catch(complain);
            window.addEventListener("hashchange", () => explorer.follow().catch(complain));
            await opened;
        } else {
            await explorer.open(figure.dataset.program, figure.dataset.fault).catch(complain);
        }
    };

    document.addEventListener("DOMContentLoaded", () => {
        const near = new IntersectionObserver((entries) => {
            entries.filter((entry) => entry.isIntersecting).forEach((entry) => begin(entry.target));
        }, { rootMargin: "800px" });
        const figures = [...document.querySelectorAll("figure.runs")];
        figures.forEach((figure) => near.observe(figure));
        // On paper nobody comes near: the page for printing loads them all before it asks for paper.
        if (location.pathname.endsWith("/print.html")) {
            const all = Promise.all(figures.map(begin));
            const print = window.print.bind(window);
            window.print = () => all.then(print);
        }
    });
})();
