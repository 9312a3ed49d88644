"""Runs the compose file as it stands: docker-compose on an engine, images by the Dockerfile's own last
stages. Only its first stage, which compiles, is replaced by the programs that lie in the target folder.

usage: composed.py PROGRAMS

The engine is Docker where one answers, else podman, started for this run with a storage of its own.
scripts/check-compose makes what it needs. Ports of this machine are taken from those that are free, so that it
may run beside others.
"""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

import engines
import facts
from containers import OF_A_SHELL
from report import Report

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
COMPOSE = pathlib.Path(sys.executable).parent / "docker-compose"
PROJECT = "txm-check"
# What depends on nothing that must be pulled.
SERVICES = {
    "local-aws": 4566,
    "customers": 9700,
    "notifications": 9700,
    "orders": 9700,
    "customers-relay": None,
    "orders-relay": None,
}
# What docker-compose.yml gives a program to finish.
GRACE_SECONDS = 45


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Stack:
    """The compose file on an engine."""

    def __init__(self, engine, folder):
        # Made by the requests of README.md, and looked for at the end.
        self.customer = None
        self.engine, self.ports = engine, {name: free_port() for name, port in SERVICES.items() if port}
        override = pathlib.Path(folder) / "ports.yml"
        lines = [
            f'  {name}:\n    ports: !override ["127.0.0.1:{port}:{SERVICES[name]}"]\n'
            for name, port in self.ports.items()
        ]
        override.write_text("services:\n" + "".join(lines))
        self.command = [
            COMPOSE,
            "--project-name",
            PROJECT,
            "-f",
            REPOSITORY / "docker-compose.yml",
            "-f",
            override,
        ]

    def compose(self, *arguments):
        """With a shell that works with something else: nothing of it may reach a container."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            **OF_A_SHELL,
            **self.engine.environment,
        }
        engines.said("docker-compose", [*self.command, *arguments], environment)

    def up(self):
        self.compose("up", "--detach", "--no-build", "--pull", "never", *SERVICES)

    def container(self, name):
        return json.loads(self.engine.output("container", "inspect", f"{PROJECT}-{name}-1"))[0]

    def ask(self, service, method, path, body=None):
        """The parsed answer of a request, after as many attempts as a start needs."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[service], timeout=10)
        try:
            connection.request(
                method, path, body and json.dumps(body), {"Content-Type": "application/json"} if body else {}
            )
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise OSError(f"{method} {path} is answered with {answer.status}: {text[:300]}")
            return json.loads(text)
        finally:
            connection.close()


def within(seconds, what, look):
    """What `look` returns as soon as it is something; OSError means not yet."""
    end, last = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            if found := look():
                return found
        except (OSError, http.client.HTTPException) as error:
            last = error
        time.sleep(0.2)
    raise TimeoutError(f"after {seconds} s still not: {what}" + (f"; last: {last}" if last else ""))


def an_order(stack):
    """The requests of README.md: a customer, an order that is approved, and a mail that says so."""
    jane = {"name": "Jane Doe", "credit_limit": 24999, "email": "jane@example.com"}
    customer = within(30, "customer", lambda: stack.ask("customers", "POST", "/customers", jane))["id"]
    order = within(
        30,
        "order",
        lambda: stack.ask("orders", "POST", "/orders", {"customer_id": customer, "order_total": 12399}),
    )["id"]
    within(30, "APPROVED", lambda: stack.ask("orders", "GET", f"/order/{order}")["state"] == "APPROVED")
    within(
        30,
        "credit reserved",
        lambda: stack.ask("customers", "GET", f"/customer/{customer}")["available_credit"] == 12600,
    )
    within(30, "the mail", lambda: order in json.dumps(stack.ask("local-aws", "GET", "/_local/mails")))
    return customer, order


def curls(stack):
    customer, order = an_order(stack)
    stack.customer = customer
    stack.ask("orders", "POST", f"/order/{order}/cancel")
    within(30, "CANCELLED", lambda: stack.ask("orders", "GET", f"/order/{order}")["state"] == "CANCELLED")
    within(
        30,
        "credit released",
        lambda: stack.ask("customers", "GET", f"/customer/{customer}")["available_credit"] == 24999,
    )
    return []


def started(stack):
    stack.up()
    return healthy(stack)


def healthy(stack):
    def look():
        states = {name: stack.container(name)["State"] for name in SERVICES}
        well = [
            state["Running"] and (state.get("Health") or {}).get("Status") in ("healthy", "", None)
            for state in states.values()
        ]
        return all(well)

    within(60, "every container healthy", look)
    checked = [
        name
        for name in SERVICES
        if (stack.container(name)["State"].get("Health") or {}).get("Status") == "healthy"
    ]
    return [] if checked == ["local-aws", *facts.SERVICES] else [f"healthy are {checked}"]


def nothing_inherited(stack):
    problems = []
    for name in SERVICES:
        variables = stack.container(name)["Config"]["Env"]
        taken = [
            line
            for line in variables
            if tuple(line.split("=", 1)) in OF_A_SHELL.items() and not line.startswith(("AWS_REGION", "PORT"))
        ]
        problems += [f"{name} took {line} from the shell" for line in taken]
    return problems


def confined(stack):
    """What a container is allowed, as the kernel has it."""
    problems = []
    for name in SERVICES:
        process = pathlib.Path("/proc") / str(stack.container(name)["State"]["Pid"])
        status = dict(
            line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line
        )
        root = next(
            line.split() for line in (process / "mounts").read_text().splitlines() if line.split()[1] == "/"
        )
        # What it has, and what it could ever get.
        for kind in ("CapEff", "CapBnd"):
            problems += [f"{name} has {kind} {status[kind]}"] if int(status[kind], 16) else []
        problems += [f"{name} may gain privileges"] if status["NoNewPrivs"] != "1" else []
        problems += [f"{name} runs as {status['Uid']}"] if set(status["Uid"].split()) != {"10001"} else []
        problems += [f"{name} may write to its root"] if "ro" not in root[3].split(",") else []
    return problems


def killed(name):
    def check(stack):
        """By the kernel, as a crash: what an engine is told to kill it does not start again."""
        process = stack.container(name)["State"]["Pid"]
        os.kill(process, signal.SIGKILL)
        within(
            30,
            f"{name} started again",
            lambda: stack.container(name)["State"]["Running"]
            and stack.container(name)["State"]["Pid"] != process,
        )
        an_order(stack)
        return []

    return check


def stopped(stack):
    """Every program ends by itself and says that all is well, before the engine would kill it."""
    began = time.monotonic()
    stack.compose("stop")
    took = time.monotonic() - began
    states = {name: stack.container(name)["State"] for name in SERVICES}
    problems = [
        f"{name} ended with {state['ExitCode']}"
        for name, state in states.items()
        if state["ExitCode"] != 0 or state["Running"]
    ]
    return problems + ([f"stop took {took:.0f} s"] if took > GRACE_SECONDS else [])


def kept(stack):
    """Containers go, the volume stays."""
    stack.compose("down")
    started(stack)
    found = within(30, "the customer", lambda: stack.ask("customers", "GET", f"/customer/{stack.customer}"))
    an_order(stack)
    return [] if found["name"] == "Jane Doe" else [f"the customer is {found}"]


def checks(stack):
    yield "compose: every container becomes healthy", started
    yield "compose: the requests of README.md", curls
    yield "compose: nothing is inherited from the shell", nothing_inherited
    yield "compose: no capability, no privilege, nobody's user, a root that is read-only", confined
    for name in SERVICES:
        yield f"compose: {name} is killed, and orders go through again", killed(name)
    yield "compose: stop drains in time", stopped
    yield "compose: what local-aws holds is there after down and up", kept


def main(programs):
    report = Report()
    with tempfile.TemporaryDirectory() as folder, engines.engine(folder) as engine:
        print(f"engine: {engine.name}", flush=True)
        engines.images(
            engine,
            REPOSITORY,
            pathlib.Path(programs),
            folder,
            {name: f"{PROJECT}-{name}" for name in SERVICES},
        )
        stack = Stack(engine, folder)
        try:
            for name, check in checks(stack):
                try:
                    problems = check(stack)
                except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
                    problems = [str(error)]
                if not report.add(name, problems):
                    break
        finally:
            if report.failed:
                print("".join(engine.logs(f"{PROJECT}-{name}-1") for name in SERVICES))
            stack.compose("down", "--volumes", "--timeout", "1")
    print(f"\n{report.passed} passed, {report.failed} failed")
    sys.exit(report.failed > 0 or report.passed == 0)


if __name__ == "__main__":
    main(sys.argv[1])
