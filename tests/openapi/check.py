"""Starts the services on an AWS in memory, validates their documents, and asks both whether they are true.

The documents of messages are those in `final/contracts`, which a test of the shop compares with the services.

The last line says how many checks passed and failed.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

HERE = Path(__file__).resolve().parent
CONTRACTS = HERE.parents[1] / "final" / "contracts"
SCRATCH = Path(os.environ["OPENAPI_SCRATCH"]).resolve()
# A start takes a second; a machine that is busy with other steps has ten times as long and more.
START_SECONDS = 60
# One service takes half a minute. This is when something hangs.
RUN_SECONDS = 300


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def fetch(url: str) -> dict:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


def wait_until_ready(shop: subprocess.Popen, url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            fetch(url)
            return
        except OSError as error:
            if shop.poll() is not None:
                sys.exit(f"check-openapi: the shop ended with {shop.returncode} before it was ready")
            if time.monotonic() > deadline:
                sys.exit(f"check-openapi: no answer from {url} within {START_SECONDS} s: {error}")
            time.sleep(0.1)


class Results:
    def __init__(self) -> None:
        self.passed, self.failed = 0, 0

    def note(self, what: str, wrong: list[str]) -> None:
        if wrong:
            self.failed += 1
            print(f"FAILED {what}\n  " + "\n  ".join(wrong))
        else:
            self.passed += 1
            print(f"ok     {what}")


def operations(document: dict):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def check_documents(documents: dict[str, dict], results: Results) -> None:
    ids: dict[str, str] = {}
    for service, document in documents.items():
        errors = [error.message[:300] for error in OpenAPIV31SpecValidator(document).iter_errors()]
        results.note(f"{service}: the document is valid OpenAPI 3.1", errors)
        wrong = [
            f"{where} {status} has no description"
            for where, operation in operations(document)
            for status, response in operation["responses"].items()
            if not response.get("description")
        ]
        results.note(f"{service}: every answer is described", wrong)
        code = re.compile(r"```|\bcrate::|\[`|use \w+::")
        wrong = [text[:80] for text in descriptions(document) if code.search(text)]
        results.note(f"{service}: no description quotes code of Rust", wrong)
        for where, operation in operations(document):
            mine = f"{service} {where}"
            other = ids.setdefault(operation["operationId"], mine)
            results.note(f"{mine}: its operationId is its own", [f"{other} has it too"] * (other != mine))


def check_messages(served: dict[str, Path], results: Results) -> None:
    files = [CONTRACTS / "asyncapi.json", *served.values()]
    command = ["node", HERE / "asyncapi.mjs", *files]
    run = subprocess.run(command, cwd=SCRATCH / "npm", capture_output=True, text=True, timeout=60)
    wrong = run.stdout.splitlines() + ([run.stderr] if run.returncode else [])
    results.note(f"{len(files)} documents of messages are valid AsyncAPI 3.0", wrong)
    document = json.loads(files[0].read_text())
    for message in document["components"]["messages"].values():
        message["payload"]["components"] = document["components"]
    for event in sorted(CONTRACTS.glob("events/*/*.json")):
        if event.name.endswith(".schema.json"):
            continue
        schema = document["components"]["messages"][event.stem]["payload"]
        errors = Draft202012Validator(schema).iter_errors(json.loads(event.read_text()))
        results.note(f"{event.relative_to(CONTRACTS)} is what the document says", [e.message[:300] for e in errors])


def descriptions(node):
    if isinstance(node, dict):
        for name, value in node.items():
            if name in ("description", "summary") and isinstance(value, str):
                yield value
            yield from descriptions(value)
    elif isinstance(node, list):
        for value in node:
            yield from descriptions(value)


def ask(service: str, url: str, results: Results) -> None:
    command = [Path(sys.executable).absolute().parent / "schemathesis", "--config-file", HERE / "schemathesis.toml", "run"]
    command += [f"{url}/openapi.json", "--phases", "examples,coverage,fuzzing,stateful", "--checks", "all"]
    # Nobody signs in to these services. Warnings are about requests that found nothing, which is meant.
    command += ["--exclude-checks", "ignored_auth", "--warnings", "off", "--request-timeout", "15", "--no-color"]
    # What it keeps of a run goes below the target folder.
    environment = os.environ | {"SCHEMATHESIS_HOOKS": str(HERE / "hooks.py")}
    run = subprocess.run(
        command, env=environment, cwd=SCRATCH, capture_output=True, text=True, timeout=RUN_SECONDS
    )
    generated = re.search(r"(\d+) generated(?:, (\d+) passed)?", run.stdout)
    what = f"{service}: the service does what the document says, and nothing else"
    if run.returncode != 0 or not generated or generated[1] == "0":
        print(run.stdout + run.stderr)
        results.note(what, ["see above"])
        return
    results.note(f"{what} ({generated[1]} requests)", [])


def main() -> None:
    ports = {"customers": free_port(), "orders": free_port()}
    urls = {service: f"http://127.0.0.1:{port}" for service, port in ports.items()}
    command = [os.environ["SHOP"]]
    for service, port in ports.items():
        command += [f"--{service}-port", str(port)]
    results = Results()
    # An AWS in memory, whatever the shell's settings are.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with open(SCRATCH / "shop.log", "w") as log:
        shop = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            for service, url in urls.items():
                wait_until_ready(shop, f"{url}/{service}/ready")
            documents = {service: fetch(f"{url}/openapi.json") for service, url in urls.items()}
            check_documents(documents, results)
            messages = {service: SCRATCH / f"{service}.asyncapi.json" for service in urls}
            for service, url in urls.items():
                messages[service].write_text(json.dumps(fetch(f"{url}/asyncapi.json")))
            check_messages(messages, results)
            for service, url in urls.items():
                ask(service, url, results)
        finally:
            shop.terminate()
            try:
                shop.wait(timeout=30)
            except subprocess.TimeoutExpired:
                shop.kill()
    print(f"{results.passed} passed, {results.failed} failed")
    sys.exit(results.failed > 0)


main()
