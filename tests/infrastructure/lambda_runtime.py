"""Runs the relay that terraform uploads behind a Lambda runtime API: the program out of the zip, DynamoDB Streams events, SNS in the
embedded AWS. What it answers and what is published is checked; cold start and memory are only printed.

usage: lambda_runtime.py TARGET_FOLDER, after scripts/build-lambda and cargo build; scripts/check-lambda does both.
"""

import contextlib
import http.server
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zipfile

from report import Report

DEADLINE = 120
COLD_STARTS = 5
REGION = "us-east-1"
SENT = "orders-sent"
TABLES = {"DYNAMODB_OUTBOX_TABLE_NAME": "orders-outbox", "DYNAMODB_INBOX_TABLE_NAME": "orders-inbox", "DYNAMODB_ORDERS_TABLE_NAME": "orders"}


class Machine:
    """Programs on ports of this machine; they end with it."""

    def __init__(self, target, work, stack):
        self.target, self.work, self.stack = pathlib.Path(target), pathlib.Path(work), stack
        self.endpoint = ""

    def start(self, name, command, variables, ready):
        """Starts a program and waits until `ready` answers. Its output goes to a file."""
        log = open(self.work / f"{name}.log", "ab")
        program = subprocess.Popen(command, env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **variables}, stdout=log, stderr=log)
        self.stack.callback(end, program)
        until(ready, f"{name} does not answer", lambda: program.poll() is None, self.work / f"{name}.log")
        return program

    def debug(self, name):
        return self.target / "debug" / name

    def aws(self, target, body):
        """One request to DynamoDB, its streams or SQS; the embedded AWS checks no signature."""
        request = urllib.request.Request(self.endpoint, json.dumps(body).encode(), {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"})
        return answer(request)

    def variables(self, **more):
        base = {"ENVIRONMENT": "development", "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        return {**base, "AWS_ENDPOINT_URL": self.endpoint, **more}


def end(program):
    program.kill()
    program.wait()


def until(condition, complaint, alive=lambda: True, log=None):
    """Waits for a condition, as long as there is hope."""
    deadline = time.monotonic() + DEADLINE
    while True:
        with contextlib.suppress(OSError):
            if condition():
                return
        if not alive() or time.monotonic() > deadline:
            raise RuntimeError(f"{complaint}\n{log.read_text()[-2000:] if log else ''}")
        time.sleep(0.02)


def answer(request):
    with urllib.request.urlopen(request, timeout=DEADLINE) as response:
        return json.loads(response.read() or b"null")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def healthy(url):
    return lambda: urllib.request.urlopen(url, timeout=5).status == 200


def listening(port):
    return lambda: socket.create_connection(("127.0.0.1", port), 5).close() is None


class WithoutSns(http.server.BaseHTTPRequestHandler):
    """AWS, but for SNS, which is the only one of its services whose requests have no X-Amz-Target."""

    protocol_version = "HTTP/1.1"
    endpoint = ""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, reply, kind = 503, b"", "text/xml"
        if target := self.headers.get("X-Amz-Target"):
            kind = self.headers["Content-Type"]
            request = urllib.request.Request(self.endpoint, body, {"X-Amz-Target": target, "Content-Type": kind})
            try:
                with urllib.request.urlopen(request, timeout=DEADLINE) as response:
                    status, reply = response.status, response.read()
            except urllib.error.HTTPError as refusal:
                status, reply = refusal.code, refusal.read()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_):
        """Says nothing."""


def without_sns(machine):
    """The address of an AWS whose SNS is down."""
    WithoutSns.endpoint = machine.endpoint
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), WithoutSns)
    machine.stack.callback(server.shutdown)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def start_system(machine):
    """The embedded AWS with all tables, topics and queues, and the orders service, whose address is returned. The customers service has
    made what is its own and is gone, so that messages stay in its queues. A function makes no table of sent messages.
    """
    port = free_port()
    machine.endpoint = f"http://127.0.0.1:{port}"
    machine.start("local-aws", [machine.debug("local-aws"), "--port", str(port)], {}, healthy(machine.endpoint + "/_local/health"))
    url = ""
    for name in ("customers", "orders"):
        port = str(free_port())
        tables = {key.replace("ORDERS", name.upper()): value.replace("orders", name) for key, value in TABLES.items()}
        url = f"http://127.0.0.1:{port}"
        service = machine.start(name, [machine.debug(name)], machine.variables(PORT=port, **tables), healthy(f"{url}/{name}/health"))
        if name == "customers":
            end(service)
    keys = [{"AttributeName": name, "KeyType": kind} for name, kind in (("PK", "HASH"), ("SK", "RANGE"))]
    types = [{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")]
    table = {"TableName": SENT, "KeySchema": keys, "AttributeDefinitions": types, "BillingMode": "PAY_PER_REQUEST"}
    machine.aws("DynamoDB_20120810.CreateTable", table)
    return url


def place_order(orders):
    body = {"customer_id": "00000000-0000-4000-8000-000000000000", "order_total": 100}
    return answer(urllib.request.Request(f"{orders}/orders", json.dumps(body).encode(), {"Content-Type": "application/json"}))["id"]


def records(machine, orders):
    """The stream's records of what these orders have to say, as Lambda would hand them over."""
    subjects = [f"SUBJECT#order/{order}" for order in orders]
    arn = machine.aws("DynamoDB_20120810.DescribeTable", {"TableName": "orders-outbox"})["Table"]["LatestStreamArn"]
    described = machine.aws("DynamoDBStreams_20120810.DescribeStream", {"StreamArn": arn})["StreamDescription"]
    found = []
    for shard in described["Shards"]:
        start = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = machine.aws("DynamoDBStreams_20120810.GetShardIterator", start)["ShardIterator"]
        for record in machine.aws("DynamoDBStreams_20120810.GetRecords", {"ShardIterator": iterator})["Records"]:
            keys = record["dynamodb"]["Keys"]
            if record["eventName"] == "INSERT" and keys["PK"]["S"] in subjects:
                found.append({**record, "eventSourceARN": arn})
    return found


def message_count(machine, queue):
    url = machine.aws("AmazonSQS.GetQueueUrl", {"QueueName": queue})["QueueUrl"]
    name = "ApproximateNumberOfMessages"
    got = machine.aws("AmazonSQS.GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["All"]})
    return int(got["Attributes"][name]) + int(got["Attributes"][name + "NotVisible"])


class Function:
    """The program out of the zip, behind a runtime API of its own."""

    def __init__(self, machine, name, bootstrap, **variables):
        port = free_port()
        venv = machine.target / "lambda-venv" / "bin"
        # The runtime API belongs to the same folder of settings every time, and fetches nothing.
        emulator = [venv / "cargo-lambda", "lambda", "watch", "--only-lambda-apis", "-A", "127.0.0.1", "-P", str(port)]
        folder = {"RUSTUP_DIST_SERVER": "http://127.0.0.1:9"}
        machine.start(f"{name}-runtime", emulator, folder, listening(port))
        self.url = f"http://127.0.0.1:{port}/2015-03-31/functions/_/invocations"
        self.environment = machine.variables(
            AWS_LAMBDA_RUNTIME_API=f"http://127.0.0.1:{port}/.rt", AWS_LAMBDA_FUNCTION_NAME="_", AWS_LAMBDA_FUNCTION_VERSION="1",
            AWS_LAMBDA_FUNCTION_MEMORY_SIZE="256", DYNAMODB_OUTBOX_TABLE_NAME="orders-outbox",
            AWS_SNS_TOPIC_ARN_PREFIX=f"arn:aws:sns:{REGION}:000000000000:", SENT_TABLE_NAME=SENT, SENT_RETENTION_DAYS="7", **variables,
        )
        self.machine, self.name, self.bootstrap, self.process = machine, name, bootstrap, None

    def start(self):
        """As Lambda does it for a cold start: nothing is ready before the first invocation is answered."""
        self.process = self.machine.start(self.name, [self.bootstrap], self.environment, lambda: True)

    def stop(self):
        end(self.process)

    def invoke(self, event):
        return answer(urllib.request.Request(self.url, json.dumps(event).encode(), {"Content-Type": "application/json"}))

    def peak_memory_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024


def failures(records):
    return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]} for record in records]}


def expect(got, wanted):
    return [] if got == wanted else [f"got {got}, expected {wanted}"]


def scenario(machine, bootstrap, report):
    service = start_system(machine)
    orders = [place_order(service), place_order(service)]
    first = records(machine, orders)
    report.add("the stream has a record for each message", expect(len(first), 2))

    reachable = Function(machine, "relay", bootstrap)
    reachable.start()
    report.add("a batch that was published has no failures", expect(reachable.invoke({"Records": first}), failures([])))
    report.add("both messages are in the queue of the other service", expect(message_count(machine, "customer--order-created"), 2))
    report.add("the same batch again has no failures", expect(reachable.invoke({"Records": first}), failures([])))
    report.add("and nothing was published twice", expect(message_count(machine, "customer--order-created"), 2))

    orders.append(place_order(service))
    both = records(machine, orders)
    cut_off = Function(machine, "relay-without-sns", bootstrap, AWS_ENDPOINT_URL=without_sns(machine))
    cut_off.start()
    report.add("without SNS, only what was not published has failed", expect(cut_off.invoke({"Records": both}), failures(both[2:])))
    swept = reachable.invoke({"sweep": {"older_than_seconds": 0}})
    report.add("the sweeper finds it later", [] if swept.get("swept", 0) >= 1 else [f"got {swept}"])
    report.add("so that it is in the queue too", expect(message_count(machine, "customer--order-created"), 3))
    left = [machine.aws("DynamoDB_20120810.Scan", {"TableName": table})["Count"] for table in ("orders-outbox", SENT)]
    report.add("nothing is left in the outbox, and all three are kept as sent", expect(left, [0, 3]))
    reachable.stop(), cut_off.stop()
    return reachable, {"Records": both}


def measure(function, event):
    """Cold start: from the start of the program to its first answer, with connections to AWS and two reads in it."""
    times, memory = [], []
    for _ in range(COLD_STARTS):
        begun = time.monotonic()
        function.start()
        function.invoke(event)
        times.append(1000 * (time.monotonic() - begun))
        memory.append(function.peak_memory_mb())
        function.stop()
    print(f"      cold start to first answer: {statistics.median(times):.0f} ms (median of {COLD_STARTS}, {min(times):.0f} to {max(times):.0f})")
    print(f"      memory at most: {max(memory):.1f} MB")


def main(target):
    report = Report()
    with tempfile.TemporaryDirectory() as work, contextlib.ExitStack() as stack:
        with zipfile.ZipFile(pathlib.Path(target) / "outbox-relay.zip") as archive:
            report.add("the zip holds the program and nothing else", expect(archive.namelist(), ["bootstrap"]))
            mode = archive.getinfo("bootstrap").external_attr >> 16
            report.add("Lambda may run it", expect(oct(mode), oct(0o100755)))
            archive.extract("bootstrap", work)
        bootstrap = pathlib.Path(work) / "bootstrap"
        bootstrap.chmod(0o755)
        function, event = scenario(Machine(target, work, stack), bootstrap, report)
        measure(function, event)
    print(f"\n{report.passed} passed, {report.failed} failed")
    sys.exit(report.failed > 0 or report.passed == 0)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
