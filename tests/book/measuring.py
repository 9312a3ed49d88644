"""Runs scripts/measure-on-aws against the shop on an embedded AWS, and compares what it did with what its
dry run says. Only CloudWatch and Lambda, which the embedded AWS does not have, are stood in for: each
call is held against AWS's own service model, written down, and answered.

Usage: measuring.py PROGRAMS
"""

import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "measure-on-aws"
STANDIN = """#!{python} -B
import json, os, sys
sys.path.insert(0, "{root}/tests/infrastructure/standin")
from aws import checked
arguments = sys.argv[1:]
given = checked(*arguments[:2], arguments[2:])
with open(os.environ["RECORD"] + "/calls.txt", "a") as calls:
    print(json.dumps(arguments), file=calls)
if arguments[0] == "lambda":
    print(json.dumps({{"MemorySize": 512}}))
else:
    percentiles = {{"ExtendedStatistics": {{"p50": 0.25, "p99": 0.5}}}} if "ExtendedStatistics" in given else {{}}
    print(json.dumps({{"Datapoints": [{{"Sum": 12.0, "Maximum": 750.0}} | percentiles]}}))
"""
WORK = "--environment measured --alone 2 --steps 4,6 --seconds 2 --spread 3 --pause 0 --settle 0".split()
ORDERS = 2 + 4 * 2 + 6 * 2


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def until(what, works):
    for _ in range(600):
        try:
            return works()
        except OSError:
            time.sleep(0.1)
    sys.exit(f"{what} does not answer")


class System:
    """The shop, on an AWS whose tables can be looked at."""

    def __init__(self, programs):
        ports = [free_port() for _ in range(3)]
        self.aws, self.customers, self.orders = (f"http://127.0.0.1:{port}" for port in ports)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        local = [programs / "local-aws", "--port", str(ports[0])]
        shop = [
            programs / "shop",
            "--no-page",
            "--customers-port",
            str(ports[1]),
            "--orders-port",
            str(ports[2]),
        ]
        self.running = [subprocess.Popen(local, **quiet)]
        until("local-aws", lambda: self.dynamodb("ListTables"))
        self.running.append(subprocess.Popen(shop, env=os.environ | {"AWS_ENDPOINT_URL": self.aws}, **quiet))
        for url in (f"{self.customers}/customers/health", f"{self.orders}/orders/health"):
            until("the shop", lambda url=url: urllib.request.urlopen(url))

    def dynamodb(self, operation, **body):
        scope = "Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=none"
        headers = {
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": f"AWS4-HMAC-SHA256 {scope}",
        }
        request = urllib.request.Request(self.aws, json.dumps(body).encode(), headers)
        return json.load(urllib.request.urlopen(request))

    def names(self):
        """Tables, and their indexes as TABLE/INDEX, of the services that are deployed."""
        deployed = tuple(file.stem for file in (ROOT / "terraform/live/wiring").glob("*.json"))
        for table in self.dynamodb("ListTables")["TableNames"]:
            if table.startswith(deployed):
                yield table
                described = self.dynamodb("DescribeTable", TableName=table)["Table"]
                yield from (
                    f"{table}/{one['IndexName']}" for one in described.get("GlobalSecondaryIndexes", [])
                )

    def count(self, table, having):
        """Items that have an attribute."""
        request = {
            "Select": "COUNT",
            "ConsistentRead": True,
            "FilterExpression": f"attribute_exists({having})",
        }
        return self.dynamodb("Scan", TableName=table, **request)["Count"]

    def stop(self):
        for process in reversed(self.running):
            process.terminate()
            process.wait()


def measure(system, folder, *options):
    # Not by its first line: a python3 that is a shim puts an `aws` of its own before the one in the folder.
    command = [sys.executable, SCRIPT, "--customers", system.customers, "--orders", system.orders, *WORK, *options]
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "RECORD": str(folder)}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def asked_tables(calls):
    for call in calls:
        text = " ".join(call)
        table = re.search(r"Name=TableName,Value=measured-(\S+)", text)
        index = re.search(r"Name=GlobalSecondaryIndexName,Value=(\S+)", text)
        if table:
            yield table[1] + (f"/{index[1]}" if index else "")


def timeless(words):
    """A call without its times, which a dry run cannot know."""
    return [
        word for before, word in zip([None, *words], words) if before not in ("--start-time", "--end-time")
    ]


def check(system, folder):
    dry = measure(system, folder, "--dry-run")
    assert dry.returncode == 0 and not dry.stderr, dry.stderr
    assert (
        not (folder / "calls.txt").exists() and system.count("orders", "OrderId") == 0
    ), "a dry run has called something"
    wet = measure(system, folder, "--json", folder / "found.json")
    assert wet.returncode == 0, wet.stdout + wet.stderr
    calls = [json.loads(line) for line in (folder / "calls.txt").read_text().splitlines()]
    told = [line.split()[1:] for line in dry.stdout.splitlines() if line.startswith("aws ")]
    yield "the AWS calls are those that the dry run prints, in its sequence", [
        timeless(call) for call in calls
    ] == [timeless(call) for call in told]
    placed = sum(int(times) for times in re.findall(r"/orders  # (\d+) times", dry.stdout))
    yield "the orders are those that the dry run prints", placed == ORDERS == system.count(
        "orders", "OrderId"
    )
    yield "the customers are those that the dry run prints", "/customers  # 3 times" in dry.stdout and system.count(
        "customers", "CreditLimit"
    ) == 3
    # On a desk nothing is kept as sent.
    tables = {*system.names(), "customers-sent", "orders-sent"}
    yield "each table and index of the deployed services is asked about, and no other", set(
        asked_tables(calls)
    ) == tables
    steps = json.loads((folder / "found.json").read_text())["steps"]
    yield "every order was approved, alone and in each step", [step["approved"] for step in steps] == [
        2,
        8,
        12,
    ]
    yield "times were measured", all(
        0 < step["ms"]["50"] <= step["ms"]["99"] <= step["ms"]["100"] for step in steps
    )
    units = 12 * sum("ConsumedWriteCapacityUnits" in call for call in calls) / ORDERS
    yield "what an order consumed is the sum over tables, shared", f"{units:.3f} write units" in wet.stdout
    gigabytes = 2 * 12 / 1000 * 512 / 1024 / ORDERS
    yield "a function's time counts with its memory", f"{gigabytes:.3f} GB-seconds" in wet.stdout
    yield "the lag is told for each topic and step", wet.stdout.count(
        "order--created 250/500"
    ) == 3 and "750 ms" in wet.stdout
    system.stop()
    away = measure(system, folder)
    yield "a system that does not answer is named", away.returncode == 1 and f"POST {system.customers}/customers" in away.stderr


def main():
    passed, failed = 0, 0
    system = System(pathlib.Path(sys.argv[1]))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "aws").write_text(STANDIN.format(python=sys.executable, root=ROOT))
        (folder / "aws").chmod(0o755)
        try:
            for what, holds in check(system, folder):
                passed, failed = passed + holds, failed + (not holds)
                print(f"{'ok    ' if holds else 'FAILED'} {what}")
        finally:
            system.stop()
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
