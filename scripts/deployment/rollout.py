"""From the moment at which AWS has been told of a release to the moment at which the release works, or does
not."""

import json
import subprocess

from .settings import ROOT
from .shell import fail, step, wait

POLL_SECONDS = 10
# New tasks are given up by ECS after some failed starts of minutes each; who waits for less would not hear of
# it.
ROLLOUT_POLLS = 30 * 60 // POLL_SECONDS
# How often in a row the new version must answer: behind a load balancer, one answer is one task's.
ANSWERS = 6
ANSWER_POLLS = 60
SHARE = 0.1
# Alarms look once in five minutes.
SHIFT_POLL_SECONDS = 20


def state_of(service, wanted):
    """What has become of the rollout of a task definition: `done`, `failed`, or `working`, and a sentence."""
    deployments = {one["taskDefinition"]: one for one in service["deployments"]}
    ours = deployments.get(wanted)
    primary = next((one for one in service["deployments"] if one["status"] == "PRIMARY"), None)
    if ours and ours.get("rolloutState") == "FAILED":
        return "failed", ours.get("rolloutStateReason", "its tasks did not become healthy")
    if primary is None or primary["taskDefinition"] != wanted:
        return "failed", "ECS has put back the tasks of the release before"
    if primary.get("rolloutState") == "COMPLETED":
        return "done", f"{primary['runningCount']} tasks run"
    return "working", f"{primary['runningCount']} of {primary['desiredCount']} tasks run"


def wait_for_tasks(aws, services):
    """Waits until ECS runs the new tasks of every service, or has given them up. Ends the script when one
    is given up."""
    waiting, failed, told = dict(services), [], {}
    for _ in range(ROLLOUT_POLLS):
        for name, one in sorted(waiting.items()):
            described = aws.call(
                "ecs", "describe-services", "--cluster", one["cluster"], "--services", one["service"]
            )["services"][0]
            state, sentence = state_of(described, one["task_definition"])
            if told.get(name) != sentence:
                told[name] = sentence
                print(f"{name}: {sentence}", flush=True)
            if state != "working":
                del waiting[name]
            if state == "failed":
                events = "".join(f"\n      {event['message']}" for event in described.get("events", [])[:5])
                failed.append(f"{name}: {sentence}{events}")
        if not waiting:
            break
        wait(POLL_SECONDS)
    failed += [
        f"{name}: still not done after {ROLLOUT_POLLS * POLL_SECONDS // 60} minutes" for name in waiting
    ]
    return failed


def version(url):
    """The version that a health check answers, or None."""
    done = subprocess.run(
        ["curl", "--silent", "--fail", "--max-time", "10", url], capture_output=True, text=True
    )
    try:
        return json.loads(done.stdout).get("version") if done.returncode == 0 else None
    except ValueError:
        return None


def wait_for_version(urls, wanted):
    """Waits until nobody but the new release answers."""
    for name, url in sorted(urls.items()):
        in_a_row = 0
        for _ in range(ANSWER_POLLS):
            answered = version(url)
            in_a_row = in_a_row + 1 if answered == wanted else 0
            if in_a_row == ANSWERS:
                print(f"{name}: {wanted} answers", flush=True)
                break
            if in_a_row == 0:
                wait(5)
        else:
            return [f"{url} answers version {answered}, and not {wanted}"]
    return []


def smoke(url):
    """The demo, against the load balancer."""
    demo = ["cargo", "run", "--quiet", "--package", "shop", "--", "demo", "--url"]
    over_tls = [str(ROOT / "scripts" / "over-tls"), url] if url.startswith("https://") else []
    command = [*over_tls, *demo, "URL" if over_tls else url]
    return [] if subprocess.run(command, cwd=ROOT).returncode == 0 else ["the smoke test failed"]


def ringing(aws, environment, functions):
    """Alarms of the functions that ring now."""
    answer = aws.call(
        "cloudwatch", "describe-alarms", "--alarm-name-prefix", f"{environment}-", "--state-value", "ALARM"
    )
    names = [alarm["AlarmName"] for alarm in answer["MetricAlarms"]]
    return [name for name in names if name.startswith(tuple(f"{function}--" for function in functions))]


def set_aliases(system, values):
    """Moves the aliases of the functions and touches nothing else."""
    changes = system.plan(values, "-target=module.outbox", "-target=module.consumer", quiet=True)
    other = [
        address
        for address in changes.addresses("made", "changed", "replaced", "destroyed")
        if "aws_lambda_alias" not in address
    ]
    if other:
        fail(f"the functions' aliases cannot be moved alone; terraform would also change {', '.join(other)}")
    system.apply()


def shift_functions(system, aws, values, minutes):
    """Gives the new functions a tenth of the batches first, and all when no alarm of theirs rang meanwhile.
    Returns why it was put back.

    `values` are those of the release, with the versions that were called before.
    """
    functions = system.outputs()["functions"]
    moved = {name: one for name, one in functions.items() if one["live"] != one["newest"]}
    if moved and minutes:
        step(f"the new functions take {SHARE:.0%} for {minutes} minutes")
        set_aliases(system, {**values, "newest_function_share": SHARE})
        names = [one["function"] for one in moved.values()]
        for _ in range(minutes * 60 // SHIFT_POLL_SECONDS + 1):
            alarms = ringing(aws, system.settings.environment, names)
            if alarms:
                set_aliases(system, {**values, "newest_function_share": 0})
                return [
                    f"the functions of the release before take all batches again, because of alarms: {', '.join(alarms)}"
                ]
            wait(SHIFT_POLL_SECONDS)
    if moved:
        step("the new functions take all")
        set_aliases(system, {**values, "function_versions": {}, "newest_function_share": 0})
    return []
