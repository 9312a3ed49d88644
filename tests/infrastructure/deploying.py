"""Runs scripts/deploy and scripts/destroy as they are, with the real terraform on the stand-in. Only what cannot be had here is replaced:
docker, the AWS command line, and what would talk to the deployed system write down how they were called.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from terraform import copy

DIGEST = "sha256:" + "0" * 64

# Each writes its name and arguments to calls.txt first.
REPLACED = {
    # After a push an image has a digest in the registry's words.
    "docker": f'''case "$1" in
push) echo "${{2%:*}}@{DIGEST}" >>"$RECORD/pushed.txt" ;;
image) cat "$RECORD/pushed.txt" ;;
login) cat >/dev/null ;;
esac''',
    "aws": '[ "$1" = sts ] || echo password',
    "curl": "true",
    "cargo": "true",
}
BUILD_LAMBDA = 'while [ "$1" != --output ]; do shift; done; mkdir -p "$(dirname "$2")"; echo relay >"$2"'


def script(path, text):
    path.write_text(f'#!/usr/bin/env bash\nset -euo pipefail\necho "$(basename "$0") $*" >>"$RECORD/calls.txt"\n{text}\n')
    path.chmod(0o755)


class Sandbox:
    """A copy of what deploys, and the tools that it finds."""

    def __init__(self, repository, directory, environment):
        self.root, tools = pathlib.Path(directory) / "copy", pathlib.Path(directory) / "tools"
        for folder in (self.root / "scripts", tools):
            folder.mkdir(parents=True)
        copy(repository / "terraform", self.root / "terraform")
        for name in ("deploy", "destroy", "deployment.sh"):
            shutil.copy(repository / "scripts" / name, self.root / "scripts")
        script(self.root / "scripts" / "build-lambda", BUILD_LAMBDA)
        for name, text in REPLACED.items():
            script(tools / name, text)
        self.live = self.root / "terraform" / "live"
        (self.live / "live.tfvars").write_text('environment = "test-45d8"\nregion = "us-east-1"\nalarm_emails = ["ops@example.org"]\n')
        self.record = pathlib.Path(directory)
        path = f"{tools}:{os.environ['PATH']}"
        self.environment = {**environment, "PATH": path, "RECORD": directory, "CARGO_TARGET_DIR": f"{directory}/target"}

    def run(self, name, *arguments):
        command = [self.root / "scripts" / name, *arguments]
        done = subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return [] if done.returncode == 0 else [f"{name} ended with {done.returncode}: {done.stdout[-3000:]}"]

    def calls(self):
        file = self.record / "calls.txt"
        return file.read_text().splitlines() if file.exists() else []

    def resources(self):
        state = self.live / "terraform.tfstate"
        return json.loads(state.read_text())["resources"] if state.exists() else []


def of_type(resources, kind):
    return [instance["attributes"] for one in resources if one["type"] == kind for instance in one["instances"]]


def deployed(sandbox):
    calls, problems = sandbox.calls(), []
    order = ["build-lambda", "docker build", "docker login", "docker push", "curl", "cargo run --quiet --package shop -- demo --url"]
    places = [next((place for place, call in enumerate(calls) if call.startswith(words)), -1) for words in order]
    if -1 in places or places != sorted(places):
        problems.append(f"wanted in this order {order}; called was {calls}")
    tasks = of_type(sandbox.resources(), "aws_ecs_task_definition")
    images = [json.loads(task["container_definitions"])[0]["image"] for task in tasks]
    pushed = (sandbox.record / "pushed.txt").read_text().split()
    if sorted(images) != sorted(pushed) or len(images) != 2:
        problems.append(f"the tasks run {images}, and pushed were {pushed}")
    (load_balancer,) = of_type(sandbox.resources(), "aws_lb")
    if f"http://{load_balancer['dns_name']}" not in calls[-1]:
        problems.append(f"the smoke test goes elsewhere than to the load balancer: {calls[-1]}")
    return problems


def deploys(repository, environment):
    with tempfile.TemporaryDirectory() as directory:
        sandbox = Sandbox(repository, directory, environment)
        problems = sandbox.run("deploy", "--dry-run") or sandbox.run("destroy", "--dry-run")
        changed = [call for call in sandbox.calls() if call] + sandbox.resources()
        problems += [f"a dry run did something: {changed}"] if changed else []
        problems = problems or sandbox.run("deploy", "--auto-approve") or deployed(sandbox)
        problems = problems or sandbox.run("destroy", "--auto-approve")
        left = [f"{one['type']}.{one['name']}" for one in sandbox.resources() if one["mode"] == "managed"]
        return problems or ([f"left over: {left}"] if left else [])
