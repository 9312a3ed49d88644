"""How the scripts of the deployment speak, ask, wait, and call other programs."""

import json
import pathlib
import shutil
import subprocess
import sys

PROGRAM = pathlib.Path(sys.argv[0]).name


def fail(reason):
    """Ends the script. Nothing that was checked before is undone."""
    sys.stdout.flush()
    print(f"{PROGRAM}: {reason}", file=sys.stderr)
    sys.exit(1)


def step(what):
    print(f"\n== {what}", flush=True)


def run(*command, **options):
    """Runs a program that talks to the user itself."""
    done = subprocess.run(command, **options)
    if done.returncode != 0:
        fail(f"{pathlib.Path(command[0]).name} ended with {done.returncode}; what it said is above")


def output(*command, **options):
    """What a program prints; its errors go to the user."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, **options)
    if done.returncode != 0:
        fail(f"{' '.join(map(str, command))} ended with {done.returncode}; what it said is above")
    return done.stdout


def works(*command):
    """Whether a program succeeds; what it says interests nobody."""
    return (
        shutil.which(command[0]) is not None
        and subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0
    )


class Aws:
    """The AWS command line in one region."""

    def __init__(self, region):
        self.region = region

    def call(self, *arguments):
        """The parsed answer; None where AWS answers nothing."""
        text = output("aws", *arguments, "--region", self.region, "--output", "json")
        return json.loads(text) if text.strip() else None

    def find(self, *arguments):
        """The parsed answer; None where AWS says that there is no such thing. Silence is no such answer."""
        command = ["aws", *arguments, "--region", self.region, "--output", "json"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0 and "NotFound" not in done.stderr:
            fail(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.returncode == 0 else None

    def has(self, *arguments):
        return works("aws", *arguments, "--region", self.region, "--output", "json")


def wait(seconds):
    """By a program, so that a test can make time pass."""
    run("sleep", str(seconds))


def confirm(question, wanted):
    """Goes on only when the user types the wanted word. Without a terminal nobody has agreed."""
    print(f"\n{question} ", end="", flush=True)
    if sys.stdin.readline().strip() != wanted:
        print()
        fail("nothing was done: not confirmed")
