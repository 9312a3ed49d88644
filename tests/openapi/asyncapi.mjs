// Prints what the parser of AsyncAPI finds wrong in the documents that are named, one complaint a line, and nothing else. Run in the
// folder in which scripts/check-openapi has installed it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { Parser } = createRequire(`${process.cwd()}/`)("@asyncapi/parser");
for (const file of process.argv.slice(2)) {
    const { document, diagnostics } = await new Parser().parse(readFileSync(file, "utf8"));
    // What is only a warning or a hint tells of contacts, licences and tags that nobody here has.
    const errors = diagnostics.filter(({ severity }) => severity === 0);
    for (const { path, message } of errors) {
        console.log(`${path.join(".")}: ${message}`);
    }
    if (!document && errors.length === 0) {
        console.log("it could not be read");
    }
}
