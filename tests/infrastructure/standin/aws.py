"""Stands in for the command `aws` and for the health checks of what it deployed, in the folder $RECORD: what
has been applied is read from the states of Terraform, and how AWS would take it is played from there.
Arguments are checked against AWS's own service models.

A test says beforehand what goes wrong, by a file in that folder: `unhealthy` (names of services whose new tasks
never become healthy), `ringing` (names of alarms), `messages` (name of a queue that is not empty), `account` (of
the credentials), `gone` (digests of images), `refused` (names of tables that are not restored), `damaged` (names of
tables that come back without their index).
"""

import json
import os
import pathlib
import re
import sys

import databases

RECORD = pathlib.Path(os.environ["RECORD"])
# Options of the command line itself.
OWN = {"--region": 1, "--output": 1}


def note(name):
    file = RECORD / name
    return file.read_text().split() if file.exists() else []


def parameters(service, call):
    """Every parameter of a call by its option, and those that it must have. Noted, because the models take longer to load than everything
    else together."""
    notes = RECORD / "models" / f"{service}-{call}.json"
    if notes.exists():
        return json.loads(notes.read_text())
    import botocore
    import botocore.loaders

    of = botocore.loaders.Loader().load_service_model(service, "service-2")
    names = {botocore.xform_name(name, "-"): name for name in of["operations"]}
    if call not in names:
        sys.exit(f"aws: {service} has no {call}")
    operation = of["operations"][names[call]]
    shape = of["shapes"][operation["input"]["shape"]] if "input" in operation else {}
    known = {"--" + botocore.xform_name(member, "-"): member for member in shape.get("members", {})}
    notes.parent.mkdir(exist_ok=True)
    notes.write_text(json.dumps([known, shape.get("required", [])]))
    return known, shape.get("required", [])


def checked(service, call, arguments):
    """The call's parameters by name, after they were compared with the model of the service."""
    known, required = parameters(service, call)
    given, current = {}, None
    for argument in arguments:
        if argument.startswith("--"):
            if argument not in known and argument not in OWN:
                sys.exit(f"aws: {service} {call} has no {argument}")
            current = known.get(argument, argument)
            given[current] = []
        else:
            given[current].append(argument)
    missing = [member for member in required if member not in given]
    if missing:
        sys.exit(f"aws: {service} {call} needs {missing}")
    return {name: values[0] if len(values) == 1 else values for name, values in given.items()}


def applied(kind):
    """Every resource of a kind that some state has: its environment, and its attributes."""
    for file in sorted(RECORD.glob("copy/terraform/live/states/*/terraform.tfstate")):
        for one in json.loads(file.read_text()).get("resources", []):
            if one["type"] == kind:
                yield from ((file.parent.name, instance["attributes"]) for instance in one["instances"])


class Cloud:
    """What runs, as opposed to what Terraform wants to run."""

    def __init__(self):
        self.file = RECORD / "cloud.json"
        self.running = json.loads(self.file.read_text()) if self.file.exists() else {}

    def save(self):
        self.file.write_text(json.dumps(self.running))

    def rollout(self, cluster, name):
        """One look at a service: at the first its tasks start, at the second they run, or ECS has given
        them up."""
        service = next(one for of, one in applied("aws_ecs_service") if of == cluster and one["name"] == name)
        wanted, key = service["task_definition"], f"{cluster}/{name}"
        now = self.running.setdefault(key, {"task": None, "looks": {}})
        looks = now["looks"][wanted] = now["looks"].get(wanted, 0) + 1
        failed = name.removeprefix("service-") in note("unhealthy") and now["task"] != wanted
        if looks > 1 and not failed:
            now["task"] = wanted
        state = "COMPLETED" if now["task"] == wanted else "FAILED" if failed and looks > 1 else "IN_PROGRESS"
        count = now.get("count", 2)
        deployments = [deployment("PRIMARY", wanted, state, count)]
        if state == "FAILED" and now["task"]:
            # What is given up goes, and what was there before is deployed again.
            deployments = [deployment("PRIMARY", now["task"], "COMPLETED", count)]
        elif state == "IN_PROGRESS" and now["task"]:
            deployments.append(deployment("ACTIVE", now["task"], "COMPLETED", count))
        # Those that are told to go are there for one look.
        running = now["running"] = count if now.get("seen") else now.get("running", count)
        now["seen"] = True
        self.save()
        return {
            "serviceName": name,
            "runningCount": running,
            "pendingCount": 0,
            "deployments": deployments,
            "events": [{"message": f"({name}) tasks failed to start."}] if state == "FAILED" else [],
        }

    def count(self, cluster, name, count):
        """Sets how many tasks of a service there should be."""
        self.running.setdefault(f"{cluster}/{name}", {"task": None, "looks": {}}).update(count=count, seen=False)
        self.save()
        return {"service": {"serviceName": name}}

    def version(self, host, service):
        """What the health check of a service answers: the release of the tasks that run."""
        environment = next((of for of, one in applied("aws_lb") if one["dns_name"] == host), None)
        task = self.running.get(f"{environment}/service-{service}", {}).get("task")
        if task is None or self.running[f"{environment}/service-{service}"].get("count") == 0:
            sys.exit(f"curl: nothing answers at {host}")
        # The load balancer lets go of old tasks a little later than ECS is done.
        asked = self.running.setdefault("asked", {})
        asked[task] = asked.get(task, 0) + 1
        self.save()
        return (RECORD / "tasks" / task.replace("/", "_")).read_text() if asked[task] > 2 else "the one before"


def deployment(status, task, state, count):
    return {
        "status": status,
        "taskDefinition": task,
        "rolloutState": state,
        "runningCount": count if state == "COMPLETED" else 0,
        "desiredCount": count,
    }


def keep_tasks():
    """Task definitions outlive the state that made them: each with the release that it would answer."""
    (RECORD / "tasks").mkdir(exist_ok=True)
    for _, task in applied("aws_ecs_task_definition"):
        variables = {
            one["name"]: one["value"] for one in json.loads(task["container_definitions"])[0]["environment"]
        }
        (RECORD / "tasks" / task["arn"].replace("/", "_")).write_text(variables.get("RELEASE", ""))


def answer(service, call, given):
    keep_tasks()
    if (service, call) == ("sts", "get-caller-identity"):
        return {"Account": (note("account") or ["111122223333"])[0]}
    if (service, call) == ("ecs", "describe-services"):
        return {"services": [Cloud().rollout(given["cluster"], given["services"])]}
    if (service, call) == ("ecs", "update-service"):
        return Cloud().count(given["cluster"], given["service"], int(given["desiredCount"]))
    if (service, call) == ("lambda", "get-event-source-mapping"):
        mapping = next(one for _, one in applied("aws_lambda_event_source_mapping") if one["uuid"] == given["UUID"])
        return {"UUID": given["UUID"], "State": "Enabled" if mapping["enabled"] else "Disabled"}
    if service == "dynamodb":
        return databases.answer(call, given, note)
    if (service, call) == ("cloudwatch", "describe-alarms"):
        return {
            "MetricAlarms": [
                {"AlarmName": name} for name in note("ringing") if name.startswith(given["AlarmNamePrefix"])
            ]
        }
    if (service, call) == ("sqs", "get-queue-attributes"):
        full = given["QueueUrl"].rsplit("/", 1)[1] in note("messages")
        return {"Attributes": dict.fromkeys(given["AttributeNames"], "1" if full else "0")}
    if (service, call) == ("ecr", "describe-images"):
        return (
            None if given["imageIds"].removeprefix("imageDigest=") in note("gone") else {"imageDetails": [{}]}
        )
    if service == "s3api" or service == "s3":
        return {}
    sys.exit(f"aws: the stand-in does not know {service} {call}")


def main(program, arguments):
    with (RECORD / "calls.txt").open("a") as calls:
        calls.write(f"{program} {' '.join(arguments)}\n")
    if program == "curl":
        url = re.fullmatch(r"https?://([^/]+)/(\w+)/health", arguments[-1])
        keep_tasks()
        print(json.dumps({"status": "ok", "version": Cloud().version(url[1], url[2])}))
    elif arguments[:2] == ["ecr", "get-login-password"]:
        print("password")
    elif arguments[0] == "s3":
        pass
    else:
        service = {"s3api": "s3"}.get(arguments[0], arguments[0])
        said = answer(arguments[0], arguments[1], checked(service, arguments[1], arguments[2:]))
        if said is None:
            sys.exit(254)
        print(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
