"""Checks everything about the deployment that can be checked without an AWS account, and prints each check's name and result.

usage: check.py [plan]

With `plan` it only shows what would be deployed. scripts/check-infrastructure makes the environment that it needs.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import configured
import containers
import costs
import deploying
import facts
import generator
import harmless
import permissions
import requirements
import restoring
import times
import validations
import workflows
from deployment import Deployment
from report import Report
from terraform import ALL, EXAMPLES, Terraform, copy, stand_in, variables

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
TERRAFORM = REPOSITORY / "terraform"
TOOLS = pathlib.Path(sys.executable).parent
RECEIPT = REPOSITORY / "tests/bench/tests/snapshots/receipt__summary.snap"


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
        for tool in ("bash", "dirname", "env"):
            os.symlink(subprocess.check_output(["which", tool], text=True).strip(), f"{directory}/{tool}")
        os.symlink(sys.executable, f"{directory}/python3")
        command = [REPOSITORY / "scripts" / script, *arguments]
        return subprocess.run(command, env={"PATH": directory}, capture_output=True, text=True)


def deploy_says_what_is_missing():
    """Everything that is missing, at once, and before anything is done."""
    problems = []
    for script, *arguments in (("deploy", "no-such.tfvars"), ("destroy", "no-such.tfvars"), ("restore", "stop", "--variables", "no-such.tfvars")):
        done = without_tools(script, *arguments)
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
    red = []

    def one(directory):
        report.add(f"refusals of {directory}", list(validations.problems(TERRAFORM / directory)))
        problems = terraform.valid(directory)
        if report.add(f"validate {directory}", problems):
            report.add(f"test {directory}", terraform.tested(directory))
        else:
            red.append(f"validate {directory}")
            report.unjudged_because(f"test {directory}", red[-1])

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(one, ALL))
    return red


def examples(report, terraform):
    """Each example of the deployment, planned and applied to the stand-in."""
    found, wiring = {}, {name: json.loads((TERRAFORM / f"live/wiring/{name}.json").read_text()) for name in facts.SERVICES}
    try:
        of_programs = facts.gathered(REPOSITORY / "final")
    except LookupError as missing:
        report.add("facts of the programs", [str(missing)])
        return found
    # One after the other: the stand-in is in one region at a time.
    for name in EXAMPLES:
        plan, state, problems = terraform.applied(name)
        if report.add(f"plan and apply live to the stand-in: {name}", problems):
            found[name] = Deployment(plan, state, of_programs, wiring)
            print(f"        {len(found[name].everything)} resources", flush=True)
    return found


def required(report, deployments):
    """Every requirement, of every example. Those that are red."""
    red = []
    for text, rule in requirements.RULES:
        problems = [f"{name}: {problem}" for name, deployment in deployments.items() for problem in requirements.check(rule, deployment)]
        if not report.add(f"required: {text}", problems):
            red.append(text)
    return red


def whole_system(report, terraform, boxes):
    red = terraform.initialised("live")
    if red:
        return report.add("init live", red)
    deployments = examples(report, terraform)
    if set(deployments) != set(EXAMPLES):
        return report.unjudged_because("requirements, times, costs, permissions, mistakes of the generator", "plan and apply live to the stand-in")
    red = required(report, deployments)
    usual = deployments["usual"]
    times.report(report, usual.system(), boxes)
    report.add("costs at rest are those in the README", costs.differences(usual.system(), TERRAFORM / "README.md"))
    report.add("costs of an order are those of its receipt", costs.orders_differences(RECEIPT, TERRAFORM / "README.md"))
    calls, problems = permissions.recorded(REPOSITORY)
    if report.add("permissions: calls were noted", problems):
        for name in ("usual", "everything"):
            permissions.report(report, name, deployments[name], permissions.merged(calls))
    if red:
        return report.unjudged_because("mistakes of the generator", f"required: {red[0]}")
    return generated(report, deployments, boxes, permissions.merged(calls))


def generated(report, deployments, boxes, calls):
    """Mistakes of the generator: in the usual deployment, in what another example has beside it, and in the containers."""
    programs = configured.of_programs(REPOSITORY)

    def timed(deployment, mistake):
        return times.told_of(lambda: configured.collected(deployment.system(), boxes, programs))

    def allowed(deployment, mistake):
        if ".aws_iam_role_policy." not in f".{mistake.address}":
            return []
        return [problem for finding in permissions.compare(deployment, calls) for problem in finding.problems]

    checks = [*generator.checks_of_requirements(), ("times", timed), ("permissions", allowed)]
    tally = generator.Tally(harmless.LISTED)
    tally.count("the usual deployment", generator.judged(deployments["usual"], checks))
    seen = tally.seen
    tally.count("what everything has beside it", generator.judged(deployments["everything"], checks, lambda d: generator.unseen(d, seen)))
    of_terraform, _ = configured.collected(deployments["usual"].system(), boxes, programs)

    def container_times(boxes, mistake):
        return times.told_of(lambda: configured.with_containers(of_terraform, boxes))

    checks = [(name, lambda boxes, _, c=check: containers.run(c, boxes)) for name, check in containers.CHECKS.items() if name not in containers.STARTING]
    tally.count("compose and Dockerfile", generator.judged(boxes, [*checks, ("times", container_times)], generator.mistakes_of_containers))
    tally.report(report)


def lives(report, environment):
    """Two deployments from their beginning to their end, side by side: each waits for terraform most of the time."""
    with stand_in() as other, concurrent.futures.ThreadPoolExecutor(1) as pool:
        restored = pool.submit(restoring.restores, REPOSITORY, other)
        report.add("deploy and destroy on the stand-in", deploying.deploys(REPOSITORY, environment))
        report.add("restore on the stand-in", restored.result())


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
        # Not the folder itself: who has deployed from it has a state there.
        copy(TERRAFORM, pathlib.Path(work) / "terraform")
        terraform = Terraform(pathlib.Path(work) / "terraform", work, environment)
        if arguments:
            sys.exit(show_plan(terraform))
        report.add("check-infrastructure without terraform says so", says_what_is_missing())
        report.add("deploy and destroy say what is missing", deploy_says_what_is_missing())
        report.add("shellcheck scripts", shellcheck())
        report.add("workflows run what README.md says", list(workflows.problems(REPOSITORY)))
        boxes = containers.Containers(REPOSITORY, TOOLS)
        for name, check in containers.CHECKS.items():
            report.add(name, containers.run(check, boxes))
        report.add("terraform fmt", terraform.formatted())
        red = modules(report, terraform)
        if red:
            report.unjudged_because("plan and apply live to the stand-in", red[0])
        else:
            whole_system(report, terraform, boxes)
        lives(report, environment)
        report.add("checkov", checkov(TERRAFORM))
        report.add("checkov skips have reasons", skips_have_reasons())
    print(f"\n{report.passed} passed, {report.failed} failed, {report.unjudged} not judged")
    sys.exit(report.failed > 0 or report.passed == 0)


if __name__ == "__main__":
    main(sys.argv[1:])
