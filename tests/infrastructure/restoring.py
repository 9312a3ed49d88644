"""Runs scripts/restore as it is, with the real terraform on the stand-in: tables come back, everything works on them and, when somebody
wants it so, on those that were there before. See deploying.py for what is replaced."""

import json
import pathlib
import re

from deploying import told

MOMENT, END = "2026-11-29T08:00:00Z", "20261129t080000z"
OF_ORDERS = ("one-orders", "one-orders-inbox", "one-orders-outbox")
BACK = tuple(f"{name}-{END}" for name in OF_ORDERS)


def restored(there):
    """The names of tables that the stand-in was asked to make, in sequence."""
    calls = [call for call in there.calls() if call.startswith("aws dynamodb restore-table-to-point-in-time")]
    return [re.search(r"--target-table-name (\S+)", call)[1] for call in calls]


def database(there):
    """The tables that the stand-in has, by name."""
    return json.loads(pathlib.Path(there.environment["STAND_IN_TABLES"]).read_text())


def change(there, name, **more):
    tables = database(there)
    tables[name].update(more)
    pathlib.Path(there.environment["STAND_IN_TABLES"]).write_text(json.dumps(tables))


def names(there):
    return sorted(one["name"] for one in there.of_type("aws_dynamodb_table"))


def refusals(there, problems):
    """What is no moment, no service, not this account's, or not there, makes nothing."""
    problems.refused("nothing is deployed", there.run("restore", "tables", MOMENT), "has no tables that could be brought back")
    problems.refused("stop where nothing is", there.run("restore", "stop"), "no release of one runs")
    problems.succeeds("deployment", there.deploy())
    problems.succeeds("help", there.run("restore", "tables", "--help"))
    for text in ("yesterday", "2026-11-29T08:00:00", "2026-11-29T08:00:00.5Z"):
        problems.refused(text, there.run("restore", "tables", text), "is no moment", "2026-11-29T08:00:00Z")
    for text in ("2026-10-01T08:00:00Z", "2026-11-30T08:00:00Z"):
        problems.refused(
            f"{text} is not in the window",
            there.run("restore", "tables", text, "orders", "--auto-approve"),
            "one-orders can be brought back to moments from 2026-11-01T00:00:00Z to 2026-11-29T12:00:00Z",
            "one-orders-outbox can be brought back",
        )
    problems.refused("no service", there.run("restore", "tables", MOMENT, "payments"), "no service payments", "customers, notifications, orders")
    foreign = there.variables("foreign", "one", account="999999999999")
    problems.refused("another account", there.run("restore", "tables", MOMENT, "--variables", foreign), "credentials are of account 111122223333")
    looked = there.run("restore", "tables", MOMENT, "--dry-run")
    problems.succeeds("dry run", looked)
    problems.wanted("a dry run tells where it would work", all(word in looked[1] for word in ("111122223333", "us-east-1", "environment one")), looked[1])
    problems.wanted("all tables of three services, but none of sent messages", looked[1].count("will be made") == 8 and "-sent" not in looked[1], looked[1])
    problems.refused("nobody agrees", there.run("restore", "tables", MOMENT, "orders"), "not confirmed")
    problems.wanted(f"what refuses has made {restored(there)}", not restored(there))


def tables_come_back(there, problems):
    """What was interrupted goes on, and makes nothing twice."""
    there.say("refused", BACK[2])
    problems.refused("AWS refuses the third", there.run("restore", "tables", MOMENT, "orders", "--auto-approve"), "LimitExceeded")
    there.say("refused")
    asked = restored(there)
    problems.refused(
        "no time to wait", there.run("restore", "tables", MOMENT, "orders", "--auto-approve", "--wait-minutes", "0"), "still being made", BACK[2]
    )
    # Nothing is begun any more, so nobody is asked.
    done = there.run("restore", "tables", MOMENT, "orders")
    problems.succeeds("the third time", done)
    problems.wanted(f"asked for {restored(there)}", asked == list(BACK) and restored(there) == [*BACK, BACK[2]], done[1])
    wanted = [f'restored_tables = {{ orders = "{END}" }}', "scripts/restore stop", f"txm --prefix one- --restored orders={END} reconcile", "7 items"]
    problems.wanted(f"what is next: {wanted}", all(words in done[1] for words in wanted), done[1])
    change(there, BACK[0], restored={"SourceTableArn": "arn:aws:dynamodb:us-east-1:111122223333:table/one-orders", "RestoreDateTime": "2026-11-28T08:00:00Z"})
    problems.refused(
        "a table of another moment", there.run("restore", "tables", MOMENT, "orders", "--auto-approve"), f"{BACK[0]} is there already", "2026-11-28T08:00:00Z"
    )
    change(there, BACK[0], restored={"SourceTableArn": "arn:aws:dynamodb:us-east-1:111122223333:table/one-orders", "RestoreDateTime": MOMENT})
    there.say("damaged", "one-orders-20261128t080000z")
    problems.refused(
        "a table without its index",
        there.run("restore", "tables", "2026-11-28T08:00:00Z", "orders", "--auto-approve"),
        "what came back is not what was there",
        "one-orders-20261128t080000z: indexes are {}",
    )
    there.say("damaged")
    problems.wanted(f"services work on {names(there)}", not set(names(there)) & set(BACK))


def stops(there, problems):
    """Nothing is switched while something writes, and nothing deployed while it is stopped."""
    there.variables("live", "one", more=f'restored_tables = {{ orders = "{END}" }}\n')
    problems.refused("deployed with tables that nobody took in", there.run("deploy", "--dry-run"), "data would be lost", 'module.aggregates["orders"]')
    problems.refused("switched while something writes", there.run("restore", "switch", "--auto-approve"), "scripts/restore stop comes first")
    problems.succeeds("dry run of stop", there.run("restore", "stop", "--dry-run"))
    problems.wanted("a dry run stops", all(one["enabled"] for one in there.of_type("aws_lambda_event_source_mapping")))
    problems.refused("nobody agrees to stop", there.run("restore", "stop"), "not confirmed")
    problems.succeeds("stop", there.run("restore", "stop", "--auto-approve"))
    problems.wanted("relays or functions are called", not any(one["enabled"] for one in there.of_type("aws_lambda_event_source_mapping")))
    states = {one["state"] for one in there.of_type("aws_scheduler_schedule")}
    problems.wanted(f"schedules are {states}", states == {"DISABLED"})
    limits = {(one["min_capacity"], one["max_capacity"]) for one in there.of_type("aws_appautoscaling_target")}
    problems.wanted(f"tasks may come back: {limits}", limits == {(0, 0)})
    counts = [call.split()[-1] for call in there.calls() if call.startswith("aws ecs update-service")]
    problems.wanted(f"tasks are told {counts}", len(counts) == 2 and all("--desired-count 0" in call for call in there.calls() if "update-service" in call))
    problems.refused("deployed while stopped", there.deploy(), "one is stopped, because of a restore")
    there.variables("live", "one", more=f'restored_tables = {{ customers = "{END}" }}\n')
    problems.refused("tables that are not there", there.run("restore", "switch", "--auto-approve"), f"one-customers-{END} is not there")
    problems.wanted(f"what is refused has changed {names(there)}", not set(names(there)) & set(BACK))


def switches(there, problems):
    """Programs, roles and streams are those of the new tables; the old tables are left alone."""
    there.variables("live", "one", more=f'restored_tables = {{ orders = "{END}" }}\n')
    looked = there.run("restore", "switch", "--dry-run")
    problems.succeeds("dry run of switch", looked)
    problems.wanted("a dry run tells which", f"one-orders-outbox  ->  {BACK[2]}" in looked[1], looked[1])
    change(there, BACK[1], import_fails=True)
    problems.wanted("an import that fails is no switch", there.run("restore", "switch", "--auto-approve")[0] != 0)
    change(there, BACK[1], import_fails=False)
    change(there, BACK[2], update_fails=True)
    problems.wanted("an update that fails is no switch", there.run("restore", "switch", "--auto-approve")[0] != 0)
    problems.refused("started while half is switched", there.run("restore", "start", "--auto-approve"), "scripts/restore switch sees to it")
    change(there, BACK[2], update_fails=False)
    done = there.run("restore", "switch", "--auto-approve")
    problems.succeeds("switch, after it was interrupted", done)
    works_on(there, problems, BACK, OF_ORDERS)
    has = {name: one["attributes"] for name, one in database(there).items()}
    problems.wanted("a table that was there before is gone, or not protected", all(has.get(one, {}).get("deletion_protection_enabled") for one in OF_ORDERS))
    carried = [has[name][what] for name in BACK for what in ("deletion_protection_enabled", "point_in_time_recovery")]
    problems.wanted("a table has no protection or recovery", all(carried) and has[BACK[1]]["ttl"] and has[BACK[2]]["stream_enabled"])
    again = there.run("restore", "switch", "--auto-approve")
    problems.wanted("a second switch does something", again[0] == 0 and "already" in again[1], again[1])


def works_on(there, problems, wanted, left):
    told = json.dumps([there.of_type(kind) for kind in ("aws_ecs_task_definition", "aws_lambda_function", "aws_iam_role_policy", "aws_lambda_event_source_mapping")])
    problems.wanted(f"the state has {names(there)}", set(wanted) <= set(names(there)) and not set(left) & set(names(there)))
    for name in wanted:
        problems.wanted(f"nobody is told of {name}", re.search(rf"{name}(?![-\w])", told))
    for name in left:
        problems.wanted(f"somebody is told of {name}", not re.search(rf"{name}(?![-\w])", told))
    aliases = {one["function_name"]: one["function_version"] for one in there.of_type("aws_lambda_alias")}
    newest = {one["function_name"]: one["version"] for one in there.of_type("aws_lambda_function")}
    old = [name for name, version in aliases.items() if version != newest[name]]
    problems.wanted(f"{old} are called as they were when they knew other tables", not old)


def goes_back(there, problems):
    """Those that were there before can be taken again, and left again."""
    there.variables("live", "one")
    problems.succeeds("switch to the tables from before", there.run("restore", "switch", "--auto-approve"))
    works_on(there, problems, OF_ORDERS, BACK)
    there.variables("live", "one", more=f'restored_tables = {{ orders = "{END}" }}\n')
    problems.succeeds("switch once more", there.run("restore", "switch", "--auto-approve"))
    works_on(there, problems, BACK, OF_ORDERS)


def starts(there, problems):
    problems.refused("nobody agrees to start", there.run("restore", "start"), "not confirmed")
    done = there.run("restore", "start", "--auto-approve")
    problems.succeeds("start", done)
    problems.wanted("mappings are off", all(one["enabled"] for one in there.of_type("aws_lambda_event_source_mapping")), done[1])
    counts = [call for call in there.calls() if call.startswith("aws ecs update-service")][-2:]
    problems.wanted(f"tasks are told {counts}", all(call.startswith("aws ecs update-service") and "--desired-count 2" in call for call in counts))
    # A release that is older than the switch must not bring back functions that know the tables of then.
    (release,) = there.releases()
    problems.succeeds("rollback after the switch", there.run("rollback", release, "--auto-approve"))
    works_on(there, problems, BACK, OF_ORDERS)


def destroys(there, problems):
    """A deployment that is destroyed leaves what is no longer Terraform's."""
    problems.succeeds("destroy", there.run("destroy", "--environment", "one"))
    left = sorted(name for name in database(there) if name.startswith("one-"))
    wanted = sorted([*OF_ORDERS, *(name.replace(END, "20261128t080000z") for name in BACK)])
    problems.wanted(f"of the tables these are left: {left}", left == wanted)


STORIES = (refusals, tables_come_back, stops, switches, goes_back, starts, destroys)


def restores(repository, environment):
    return told(STORIES, repository, environment)
