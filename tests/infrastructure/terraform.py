"""Runs the real terraform on the stand-in provider. Working data goes under a directory that the caller names, never into the sources."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import facts

HERE = pathlib.Path(__file__).parent
MODULES = ("table", "bucket", "outbox", "payload-bucket", "sweeper", "subscription", "lambda-consumer", "network", "alb", "service")
ALL = (*(f"modules/{module}" for module in MODULES), "live")
DIGEST = "@sha256:" + "0" * 64
REGISTRY = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
# Any images, and any file: nothing is uploaded.
IMAGES = {name: f"{REGISTRY}/service-{name}{DIGEST}" for name in facts.TASKS}
BUILT = {"images": json.dumps(IMAGES), "relay_zip": "main.tf", "notifications_zip": "versions.tf"}
# The first is what is deployed unless somebody sets more; the others are files of settings in terraform/live/examples.
EXAMPLES = {
    "usual": ["-var=mail_from=shop@example.org", "-var=alarm_emails=[\"ops@example.org\"]", "-var=certificate_arn=arn:aws:acm:us-east-1:111122223333:certificate/0"],
    "everything": ["-var-file=examples/everything.tfvars"],
    "smallest": ["-var-file=examples/smallest.tfvars"],
}


@contextlib.contextmanager
def stand_in():
    """The environment in which terraform finds the stand-in, while it runs."""
    with tempfile.TemporaryDirectory() as directory:
        tables = f"{directory}/tables.json"
        command = [sys.executable, str(HERE / "standin" / "provider.py"), f"{directory}/socket", tables]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as provider:
            try:
                reattach = provider.stdout.readline()
                if not reattach:
                    raise RuntimeError("the stand-in provider did not start; its error is above")
                # Each terraform runs for seconds: it need not collect its garbage as often as it does unasked.
                settings = {"CHECKPOINT_DISABLE": "1", "GOGC": "400", "TF_CLI_CONFIG_FILE": "/dev/null", "TF_IN_AUTOMATION": "1"}
                inherited = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
                yield {**inherited, **settings, "TF_INPUT": "0", "TF_REATTACH_PROVIDERS": reattach, "STAND_IN_TABLES": tables}
            finally:
                provider.stdin.close()


class Terraform:
    """One copy of terraform/ and a place for its working data."""

    def __init__(self, root, work, environment):
        self.root, self.work, self.environment = pathlib.Path(root), pathlib.Path(work), environment

    def run(self, directory, *arguments):
        """Whether the command succeeded, and what it printed."""
        data = self.work / directory.replace("/", "-")
        command = ["terraform", f"-chdir={self.root / directory}", *arguments]
        environment = {**self.environment, "TF_DATA_DIR": str(data)}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode == 0, done.stdout

    def problems(self, directory, *arguments):
        succeeded, output = self.run(directory, *arguments)
        return [] if succeeded else [output]

    def formatted(self):
        return self.problems(".", "fmt", "-check", "-recursive", "-no-color")

    def initialised(self, directory):
        return self.problems(directory, "init", "-backend=false", "-no-color")

    def valid(self, directory):
        return self.initialised(directory) or self.problems(directory, "validate", "-no-color")

    def tested(self, directory):
        """Needs an initialised directory. A directory without tests fails."""
        succeeded, output = self.run(directory, "test", "-no-color")
        if "Success! 0 passed" in output:
            return ["there is no test"]
        return [] if succeeded else [output]

    def applied(self, example):
        """One example, planned and applied: what terraform says of both, as JSON. Nothing leaves this machine."""
        plan, state = str(self.work / f"{example}.plan"), str(self.work / f"{example}.state")
        problems = self.problems("live", "plan", "-no-color", f"-out={plan}", *variables(example))
        problems = problems or self.problems("live", "apply", "-no-color", "-auto-approve", f"-state={state}", *variables(example))
        if problems:
            return None, None, problems
        (planned, one), (shown, other) = (self.run("live", "show", "-json", file) for file in (plan, state))
        return (json.loads(one), json.loads(other), []) if planned and shown else (None, None, [one, other])


def variables(example="usual"):
    return [*(f"-var={name}={value}" for name, value in BUILT.items()), *EXAMPLES[example]]


def copy(root, target):
    """A copy of terraform/ to plant a mistake in, without what a deployment from this folder has left."""
    shutil.copytree(root, target, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "states", "backend_override.tf"))
