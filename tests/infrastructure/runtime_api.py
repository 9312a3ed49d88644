"""Programs on ports of this machine, the embedded AWS among them, and a function out of its zip behind a Lambda runtime API of its own."""

import contextlib
import http.server
import json
import os
import pathlib
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

DEADLINE = 120
REGION = "us-east-1"


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
            AWS_LAMBDA_FUNCTION_MEMORY_SIZE="256", **variables,
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
