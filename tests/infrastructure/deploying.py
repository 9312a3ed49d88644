"""Runs scripts/deploy, scripts/rollback and scripts/destroy as they are, with the real terraform on the
stand-in. Only what cannot be had here is replaced: docker, the AWS command line, and what would talk to the
deployed system. They write down how they were called, and what goes wrong is said to them in files.
"""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from terraform import copy

HERE = pathlib.Path(__file__).parent
CLOUD = f'exec "{sys.executable}" -B "{HERE}/standin/aws.py" "$(basename "$0")" "$@"'
# Each writes its name and arguments to calls.txt first; aws and curl do so themselves.
REPLACED = {
    # After a push an image has a digest in the registry's words.
    "docker": """case "$1" in
push) echo "${2%:*}@sha256:$(echo "$2" | sha256sum | cut -d ' ' -f 1)" >>"$RECORD/pushed.txt" ;;
image) cat "$RECORD/pushed.txt" | tail -n 2 ;;
login) cat >/dev/null ;;
esac""",
    "cargo": "true",
    "sleep": "true",
}
BUILD_LAMBDA = (
    'while [ "$1" != --output ]; do shift; done; mkdir -p "$2"; '
    'for name in outbox-relay notifications; do cp "$RECORD/program" "$2/$name.zip"; done'
)
VARIABLES = """environment\t= "{environment}" # a tab, and a comment
region = "us-east-1"
account_id = "{account}"
alarm_emails = ["ops@example.org"]
mail_from = "shop@example.org"
"""
ACCOUNT = "111122223333"
# As `terraform providers lock` would write it, of no zip in particular: the stand-in is no zip.
LOCK = """provider "registry.terraform.io/hashicorp/aws" {
  version     = "6.66.0"
  constraints = ">= 6.0.0, < 7.0.0"
  hashes = [
    "zh:0000000000000000000000000000000000000000000000000000000000000000",
  ]
}
"""


def script(path, text, *, noted=True):
    note = 'echo "$(basename "$0") $*" >>"$RECORD/calls.txt"\n' if noted else ""
    path.write_text(f"#!/usr/bin/env bash\nset -euo pipefail\n{note}{text}\n")
    path.chmod(0o755)


class Sandbox:
    """A copy of what deploys, in a repository of its own, and the tools that it finds."""

    def __init__(self, repository, directory, environment):
        self.record = pathlib.Path(directory)
        self.root, tools = self.record / "copy", self.record / "tools"
        for folder in (self.root / "scripts", tools):
            folder.mkdir(parents=True)
        copy(repository / "terraform", self.root / "terraform")
        for name in ("deploy", "rollback", "restore", "destroy"):
            shutil.copy(repository / "scripts" / name, self.root / "scripts")
        shutil.copytree(
            repository / "scripts/deployment",
            self.root / "scripts/deployment",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        script(self.root / "scripts" / "build-lambda", BUILD_LAMBDA)
        for name, text in REPLACED.items():
            script(tools / name, text)
        for name in ("aws", "curl"):
            script(tools / name, CLOUD, noted=False)
        # Where a version manager stands before python3, it would put its own folder, and maybe a real aws,
        # before the tools.
        (tools / "python3").symlink_to(sys.executable)
        self.live = self.root / "terraform" / "live"
        (self.live / ".terraform.lock.hcl").write_text(LOCK)
        self.say("program", "first")
        identity = {
            f"GIT_{who}_{what}": "check@example.org"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        self.environment = {
            **environment,
            **identity,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "RECORD": directory,
            "CARGO_TARGET_DIR": f"{directory}/target",
        }
        self.file = self.variables("live", "one")
        self.git("init", "--quiet")
        self.commit()

    def variables(self, file, environment, account=ACCOUNT, more=""):
        path = self.live / f"{file}.tfvars"
        path.write_text(VARIABLES.format(environment=environment, account=account) + more)
        return str(path)

    def git(self, *arguments):
        subprocess.run(["git", "-C", self.root, *arguments], env=self.environment, check=True)

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "as it is")

    def say(self, name, text=""):
        """Tells the stand-in what goes wrong; see standin/aws.py."""
        (self.record / name).write_text(text)

    def run(self, name, *arguments, typed=""):
        """Exit code, and all that was said."""
        command = [self.root / "scripts" / name, *arguments]
        done = subprocess.run(
            command,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            input=typed,
        )
        return done.returncode, done.stdout

    def deploy(self):
        return self.run("deploy", "--auto-approve", "--shift-minutes", "1")

    def calls(self):
        file = self.record / "calls.txt"
        return (
            [line for line in file.read_text().splitlines() if line.split()[0] != "sleep"]
            if file.exists()
            else []
        )

    def resources(self, environment="one"):
        state = self.live / "states" / environment / "terraform.tfstate"
        resources = json.loads(state.read_text())["resources"] if state.exists() else []
        return [one for one in resources if one["mode"] == "managed"]

    def of_type(self, kind):
        return [
            instance["attributes"]
            for one in self.resources()
            if one["type"] == kind
            for instance in one["instances"]
        ]

    def releases(self):
        """Names of those that are kept."""
        return sorted(path.parent.name for path in self.live.glob("states/one/releases/*/release.json"))

    def runs(self):
        """What is in use: the images and the version of each function: two relays and notifications."""
        tasks = self.of_type("aws_ecs_task_definition")
        images = sorted(json.loads(task["container_definitions"])[0]["image"] for task in tasks)
        return images, sorted(alias["function_version"] for alias in self.of_type("aws_lambda_alias"))


class Problems(list):
    """What was wrong, gathered over a whole story."""

    def wanted(self, what, holds, said=""):
        if not holds:
            self.append(f"{what}\n{said[-3000:]}")

    def succeeds(self, what, done):
        self.wanted(f"{what}: ended with {done[0]}", done[0] == 0, done[1])

    def refused(self, what, done, *words):
        """It failed, and said why in these words."""
        told = " ".join(done[1].split())
        self.wanted(f"{what}: ended with 0", done[0] != 0, done[1])
        self.extend(f"{what}: does not say {word!r}\n{done[1][-3000:]}" for word in words if word not in told)


@contextlib.contextmanager
def sandbox(repository, environment):
    with tempfile.TemporaryDirectory() as directory:
        yield Sandbox(repository, directory, environment)


def without_a_change(there, problems):
    """What refuses, or only looks, calls nothing that builds or pushes, and leaves no state."""
    looked = there.run("deploy", "--dry-run")
    problems.succeeds("dry run of deploy", looked)
    problems.wanted(
        "a dry run tells where it would work",
        all(word in looked[1] for word in (ACCOUNT, "us-east-1", "environment one")),
        looked[1],
    )
    problems.succeeds("help", there.run("deploy", "--help"))
    foreign = there.variables("foreign", "one", account="999999999999")
    problems.refused(
        "file of another account",
        there.run("deploy", "--auto-approve", foreign),
        "credentials are of account 111122223333",
        "999999999999",
    )
    nameless = there.variables("nameless", "Not A Name")
    problems.refused(
        "a wrong variable",
        there.run("deploy", "--auto-approve", nameless),
        "nothing was done, because",
        "environment must be lower-case letters",
    )
    lock = there.live / ".terraform.lock.hcl"
    lock.write_text(LOCK.split("  hashes")[0] + "}\n")
    there.commit()
    problems.refused("no checksums", there.deploy(), "no checksums of the provider aws", "providers lock -platform=linux_amd64")
    lock.write_text(LOCK)
    there.commit()
    (there.root / "scripts" / "more").touch()
    problems.refused("dirty tree", there.deploy(), "the sources differ from the commit: scripts/more")
    (there.root / "scripts" / "more").unlink()
    problems.refused("nobody agrees", there.run("deploy"), "nothing was done: not confirmed")
    built = [call for call in there.calls() if call.startswith(("docker build", "docker push"))]
    problems.wanted(
        f"what refuses has built {built}, made {there.resources()}", not built and not there.resources()
    )


def first(there, problems):
    problems.succeeds("first deployment", there.deploy())
    calls = there.calls()
    order = [
        "build-lambda",
        "docker build",
        "docker login",
        "docker push",
        "aws ecs describe-services",
        "curl",
        "cargo run --quiet --package shop -- demo --url",
    ]
    places = [
        next((place for place, call in enumerate(calls) if call.startswith(words)), -1) for words in order
    ]
    problems.wanted(
        f"wanted in this order {order}; called was {calls}", -1 not in places and places == sorted(places)
    )
    asked = [call for call in calls if call.startswith("curl")]
    problems.wanted(f"two old answers and six new ones in a row were wanted of each: {asked}", len(asked) == 16)
    pushed = sorted((there.record / "pushed.txt").read_text().split())
    problems.wanted(
        f"the tasks run {there.runs()}, and pushed were {pushed}", there.runs() == (pushed, ["1", "1", "1"])
    )
    (load_balancer,) = there.of_type("aws_lb")
    demo = next((call for call in reversed(calls) if call.startswith("cargo")), "none")
    problems.wanted(
        f"the smoke test goes elsewhere than to the load balancer: {demo}",
        f"http://{load_balancer['dns_name']}" in demo,
    )
    problems.wanted("a release that works is not kept", len(there.releases()) == 1)


def failures(there, problems):
    """Tasks that do not become healthy, and functions whose alarms ring, are no deployment."""
    (good,) = there.releases()
    there.say("program", "second")
    there.say("unhealthy", "orders")
    failed = there.deploy()
    words = [
        "was NOT deployed",
        "orders: ECS has put back the tasks of the release before",
        "tasks failed to start",
        f"back: scripts/rollback {good}",
    ]
    problems.refused("unhealthy tasks", failed, *words)
    problems.wanted(
        "after a failed rollout there was a smoke test, or success",
        "smoke test" not in failed[1] and "deployed: " not in failed[1],
        failed[1],
    )
    problems.wanted(
        f"the functions went on without the services: {there.runs()[1]}", there.runs()[1] == ["1", "1", "1"]
    )
    there.say("unhealthy")
    for function in ("one-outbox-dynamodb-streams--orders", "one-consumer--notifications"):
        there.say("ringing", f"{function}--errors")
        rung = there.deploy()
        problems.refused(f"{function} rings", rung, "was NOT deployed", f"{function}--errors", "take 10%")
        weights = [alias["routing_config"] for alias in there.of_type("aws_lambda_alias")]
        problems.wanted(
            f"{function} rings and still takes batches: {weights}",
            there.runs()[1] == ["1", "1", "1"] and not any(weights),
            rung[1],
        )
    there.say("ringing")
    problems.wanted("a release that failed is kept", there.releases() == [good])


def forth_and_back(there, problems):
    (good,) = there.releases()
    before = sorted((there.record / "pushed.txt").read_text().split()[:2])
    problems.succeeds("second deployment", there.deploy())
    images, versions = there.runs()
    problems.wanted(f"the new functions do not take the batches: {versions}", versions == ["2", "2", "2"])
    problems.wanted("the second release runs the first's images", images != before)
    back = there.run("rollback", good, "--auto-approve")
    problems.succeeds("rollback", back)
    problems.wanted(
        f"back to {before} and functions 1; runs {there.runs()}", there.runs() == (before, ["1", "1", "1"]), back[1]
    )
    problems.wanted("a rollback builds", "docker" not in "".join(there.calls()[-12:]))
    there.say("gone", before[0].split("@")[1])
    problems.refused(
        "rollback to images that are gone",
        there.run("rollback", good, "--auto-approve"),
        "images of",
        "are gone",
    )
    there.say("gone")
    listed = there.run("rollback")[1].splitlines()
    problems.wanted(f"releases are listed as {listed}", listed[0] == f"{good}  runs" and len(listed) == 2)
    problems.refused(
        "rollback to nothing", there.run("rollback", "no-such"), "there is no release no-such", good
    )


def data(there, problems):
    """A plan that loses data is refused unless it is named; an empty queue is none."""
    lossy = there.variables("lossy", "one", more="sent_retention_days = 0\nfifo = true\n")
    there.say("messages", "one-order--customer-credit-reserved")
    refused = there.run("deploy", "--dry-run", lossy)
    problems.refused(
        "data that would go",
        refused,
        "data would be lost",
        "a table with all that is in it",
        "a queue with 3 messages",
    )
    lost = [
        line.strip(" -").rsplit(": ", 1)[0] for line in refused[1].splitlines() if line.startswith("  - ")
    ]
    problems.wanted(f"two tables and one queue would lose data; named are {lost}", len(lost) == 3)
    problems.succeeds(
        "data that is named",
        there.run("deploy", "--dry-run", lossy, *(word for one in lost for word in ("--lose", one))),
    )
    there.say("messages")


def second_environment(there, problems):
    """Another environment is planned beside the first, and a state that is not its own is refused."""
    # With settings that name services, which the scripts must be able to compare with what there is.
    other = there.variables("other", "two", more='scheduled = ["orders"]\n')
    before = (there.live / "states/one/terraform.tfstate").read_bytes()
    beside = there.run("deploy", "--dry-run", other)
    problems.succeeds("a second environment", beside)
    problems.wanted(
        "a second environment changes the first", "0 changed, 0 replaced, 0 destroyed" in beside[1], beside[1]
    )
    folder = there.live / "states/two"
    folder.mkdir(exist_ok=True)
    shutil.copy(there.live / "states/one/terraform.tfstate", folder)
    for name, arguments in (
        ("deploy", ["--auto-approve", other]),
        ("destroy", ["--environment", "two", other]),
    ):
        problems.refused(
            f"{name} with the first's state",
            there.run(name, *arguments),
            "the state is not that of two",
            "is named one-",
        )
    shutil.rmtree(folder)
    far = there.variables("far", "one")
    pathlib.Path(far).write_text(pathlib.Path(far).read_text().replace("us-east-1", "eu-west-1"))
    problems.refused(
        "another region",
        there.run("deploy", "--auto-approve", far),
        "region us-east-1; wanted is account 111122223333, region eu-west-1",
    )
    after = (there.live / "states/one/terraform.tfstate").read_bytes()
    problems.wanted("the first environment's state was touched", before == after)


def destroys(there, problems):
    problems.refused(
        "nobody names the environment", there.run("destroy", typed="yes\n"), "nothing was done: not confirmed"
    )
    problems.refused(
        "another environment is named",
        there.run("destroy", "--environment", "two"),
        "is of environment one, not two",
    )
    problems.wanted("a refused destroy deletes", len(there.resources()) > 50)
    problems.succeeds("dry run of destroy", there.run("destroy", "--dry-run"))
    gone = there.run("destroy", typed="one\n")
    problems.succeeds("destroy", gone)
    problems.wanted(
        f"left over: {[one['name'] for one in there.resources()]}", not there.resources(), gone[1]
    )
    # As after a destroy that broke: what is not there must not be made to be deleted.
    again = there.run("destroy")
    problems.succeeds("destroy again", again)
    problems.wanted(
        "destroying again does something",
        "nothing is left of one" in again[1] and "plan" not in again[1].lower(),
        again[1],
    )


STORIES = (without_a_change, first, failures, forth_and_back, data, second_environment, destroys)


def deploys(repository, environment):
    """The whole life of one deployment."""
    return told(STORIES, repository, environment)


def told(stories, repository, environment):
    """What went wrong in stories that happen one after the other. What follows one that went wrong is not told."""
    problems = Problems()
    with sandbox(repository, environment) as there:
        for story in stories:
            story(there, problems)
            if problems:
                break
    return problems
