"""Checks everything about the deployment that can be checked without an AWS account, and prints each check's name and result.

usage: check.py [plan]

With `plan` it only shows what would be deployed. scripts/check-infrastructure makes the environment that it needs.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import agreement
import configured
import containers
import costs
import deploying
import permissions
import planted_times
import policies
import times
from mutations import MISTAKES
from report import Report
from terraform import ALL, Terraform, copy, stand_in, variables

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
TERRAFORM = REPOSITORY / "terraform"
TOOLS = pathlib.Path(sys.executable).parent
RECEIPT = REPOSITORY / "tests/bench/tests/snapshots/receipt__summary.snap"
PREFIX = "test-45d8-"


def output_of(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    return [] if done.returncode == 0 else [done.stdout]


def checkov(root):
    command = [TOOLS / "checkov", "-d", root, "--skip-download", "--framework", "terraform", "--compact", "--quiet"]
    return output_of(command, env={**os.environ, "LOG_LEVEL": "ERROR"})


def skips_have_reasons():
    """checkov takes a skip without a reason; we do not."""
    lines = [(path, line.strip()) for path in TERRAFORM.rglob("*.tf") for line in path.read_text().splitlines()]
    skips = [(path, line) for path, line in lines if "checkov:skip" in line]
    explained = re.compile(r"# checkov:skip=CKV2?_AWS_\d+:\S.{15,}")
    problems = [f"{path.name}: {line}" for path, line in skips if not explained.fullmatch(line)]
    return problems if skips else ["no skip was found at all: the check looks in the wrong place"]


def shellcheck():
    files = sorted(path for path in (REPOSITORY / "scripts").iterdir() if path.is_file())
    scripts = [path for path in files if "python" not in path.read_text().split("\n", 1)[0]]
    return output_of([TOOLS / "shellcheck", "--external-sources", *scripts], cwd=REPOSITORY)


def without_tools(script, *arguments):
    """Runs a script where next to no program is installed."""
    with tempfile.TemporaryDirectory() as directory:
        for tool in ("bash", "dirname", "env", "realpath", "sed", "tail"):
            os.symlink(subprocess.check_output(["which", tool], text=True).strip(), f"{directory}/{tool}")
        command = [f"{directory}/bash", REPOSITORY / "scripts" / script, *arguments]
        return subprocess.run(command, env={"PATH": directory}, capture_output=True, text=True)


def deploy_says_what_is_missing():
    """Everything that is missing, at once, and before anything is done."""
    problems = []
    for script in ("deploy", "destroy"):
        done = without_tools(script, "no-such.tfvars")
        wanted = ["nothing was done", "terraform is not installed", "aws is not installed", "no-such.tfvars cannot be read"]
        wanted += ["docker is not installed", "cargo is not installed"] if script == "deploy" else []
        problems += [f"{script} does not say: {words}" for words in wanted if words not in done.stderr]
        if done.returncode == 0 or done.stdout:
            problems.append(f"{script} ended with {done.returncode} and did: {done.stdout}")
    return problems


def says_what_is_missing():
    """Without terraform the script must say so in one line, before it does anything."""
    done = without_tools("check-infrastructure")
    told = done.returncode != 0 and done.stdout == "" and done.stderr.count("\n") == 1 and "terraform is missing" in done.stderr
    return [] if told else [f"exit code {done.returncode}, said: {done.stdout}{done.stderr}"]


def modules(report, terraform):
    """Validates and tests each directory, two at a time."""
    def one(directory):
        if report.add(f"validate {directory}", terraform.valid(directory)):
            report.add(f"test {directory}", terraform.tested(directory))

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(one, ALL))


def whole_system(report, terraform):
    count, problems = terraform.planned()
    report.add(f"plan live: {count} resources", problems if count or problems else ["nothing is planned"])
    system, problems = terraform.applied()
    if report.add("apply live to the stand-in", problems):
        for name, check in policies.CHECKS.items():
            report.add(name, check(system))
        for name, check in agreement.CHECKS.items():
            report.add(name, agreement.run(check, system, REPOSITORY / "final", PREFIX))
        times.report(report, system, containers.Containers(REPOSITORY, TOOLS))
        report.add("costs at rest are those in the README", costs.differences(system, TERRAFORM / "README.md"))
        report.add("costs of an order are those of its receipt", costs.orders_differences(RECEIPT, TERRAFORM / "README.md"))
        return permissions.report(report, system, REPOSITORY, PREFIX)
    return []


def complaints(mistake, terraform, calls):
    """Runs the one check that should find the mistake."""
    check = mistake.check
    if check in containers.CHECKS:
        return containers.run(containers.CHECKS[check], terraform.root, TOOLS)
    if check == "checkov":
        return checkov((terraform.root / mistake.file).parent)
    if check.startswith("test "):
        directory = check.removeprefix("test ")
        return terraform.initialised(directory) or terraform.tested(directory)
    problems = terraform.initialised("live")
    if not problems:
        system, problems = terraform.applied()
    if problems:
        return problems
    if check in policies.CHECKS:
        return policies.CHECKS[check](system)
    if check == "permissions":
        return [problem for finding in permissions.compare(system, calls, PREFIX) for problem in finding.problems]
    return agreement.run(agreement.CHECKS[check], system, REPOSITORY / "final", PREFIX)


def copied(mistake, directory):
    """A copy of what the mistake is to be planted in."""
    root = pathlib.Path(directory) / "copy"
    if not mistake.check.startswith("containers: "):
        copy(TERRAFORM, root)
        return root
    root.mkdir()
    for name in ("Dockerfile", "docker-compose.yml", ".dockerignore", "Cargo.toml", "rust-toolchain.toml"):
        shutil.copy(REPOSITORY / name, root)
    for name in ("final", "terraform"):
        (root / name).symlink_to(REPOSITORY / name)
    return root


def planted(mistake, environment, calls):
    """What is wrong with the check that should have found the mistake."""
    with tempfile.TemporaryDirectory() as directory:
        root = copied(mistake, directory)
        file = root / mistake.file
        text = file.read_text()
        if text.count(mistake.old) != 1:
            return [f"{mistake.file} holds the text to change {text.count(mistake.old)} times; adapt mutations.py"]
        file.write_text(text.replace(mistake.old, mistake.new))
        found = complaints(mistake, Terraform(root, directory, environment), calls)
    if not found:
        return [f"{mistake.check} stayed green"]
    # Terraform wraps its messages.
    told = " ".join(" ".join(found).replace("│", " ").replace("╷", " ").split())
    return [] if mistake.reason in told else [f"{mistake.check} failed for another reason:", *found]


def other_times(environment):
    """Every number changed at once: each must be read as it was changed, and be named by a complaint."""
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory) / "copy"
        root.mkdir()
        copy(TERRAFORM, root / "terraform")
        for name in ("Dockerfile", "docker-compose.yml", ".dockerignore", "Cargo.toml", "rust-toolchain.toml"):
            shutil.copy(REPOSITORY / name, root)
        (root / "final").symlink_to(REPOSITORY / "final")
        problems = planted_times.plant(root)
        terraform = Terraform(root / "terraform", directory, environment)
        problems = problems or terraform.initialised("live")
        if problems:
            return problems
        system, problems = terraform.applied()
        if problems:
            return problems
        found, problems = configured.collected(system, containers.Containers(root, TOOLS), configured.of_programs(REPOSITORY))
        named = " ".join(times.complaints(found))
        return problems + planted_times.unread(found) + [f"no complaint names {name}" for *_, name, _ in planted_times.planted() if name not in named]


def mistakes(report, environment, calls):
    def one(mistake):
        report.add(f"planted: {mistake.what} -> {mistake.check}", planted(mistake, environment, calls))

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(one, MISTAKES))


def show_plan(terraform):
    problems = terraform.initialised("live")
    planned, output = (False, problems[0]) if problems else terraform.run("live", "plan", "-no-color", *variables())
    print(output, end="")
    return 0 if planned else 1


def main(arguments):
    if arguments not in ([], ["plan"]):
        sys.exit("check-infrastructure: takes nothing, or the word plan")
    report = Report()
    with stand_in() as environment, tempfile.TemporaryDirectory() as work:
        terraform = Terraform(TERRAFORM, work, environment)
        if arguments:
            sys.exit(show_plan(terraform))
        report.add("check-infrastructure without terraform says so", says_what_is_missing())
        report.add("deploy and destroy say what is missing", deploy_says_what_is_missing())
        report.add("shellcheck scripts", shellcheck())
        for name, check in containers.CHECKS.items():
            report.add(name, containers.run(check, REPOSITORY, TOOLS))
        report.add("terraform fmt", terraform.formatted())
        modules(report, terraform)
        calls = whole_system(report, terraform)
        report.add("deploy and destroy on the stand-in", deploying.deploys(REPOSITORY, environment))
        report.add("checkov", checkov(TERRAFORM))
        report.add("checkov skips have reasons", skips_have_reasons())
        report.add(f"planted: {len(list(planted_times.planted()))} times at once -> times", other_times(environment))
        mistakes(report, environment, calls)
    print(f"\n{report.passed} passed, {report.failed} failed")
    sys.exit(report.failed > 0 or report.passed == 0)


if __name__ == "__main__":
    main(sys.argv[1:])
