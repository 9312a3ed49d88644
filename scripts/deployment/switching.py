"""Stops everything that works on the tables, takes restored tables in the place of those that are there, and
starts everything again. Nothing is built, and no table is deleted: what was there stays, and is Terraform's no
longer."""

from . import rollout, tables
from .release_run import values_of
from .shell import confirm, fail, step, wait

KINDS = ("made", "changed", "replaced", "destroyed")
POLL_SECONDS = 10
# A task has ended after 45 s, and a mapping takes a minute or two to rest.
REST_POLLS = 10 * 60 // POLL_SECONDS


class Switch:
    """One environment that is stopped, switched and started."""

    def __init__(self, system, releases, aws, options):
        self.system, self.releases, self.aws, self.options = system, releases, aws, options
        self.outputs = system.outputs()
        if not self.outputs.get("release"):
            fail(f"nothing was done: no release of {system.settings.environment} runs")

    def values(self, **more):
        """What Terraform is told of the release that runs."""
        release = self.releases.get(self.outputs["release"])
        return {**values_of(release, self.releases.zips(release.name), release.function_versions), **more}

    def agreed(self, changes, question):
        """Whether somebody wants this; a dry run wants nothing."""
        changes.tell()
        changes.refuse_losses(self.aws, [])
        if self.options.dry_run:
            print("\nnothing was done")
            return False
        if not self.options.auto_approve:
            confirm(f"{question} Type yes:", "yes")
        return True

    def where(self):
        settings = self.system.settings
        return f"{settings.environment} in account {settings.account_id}, {settings.region}"

    def stop(self):
        step("plan")
        # The file of variables may name the tables already that are to be switched to.
        tables_of_today = self.outputs.get("restored_tables") or {}
        changes = self.system.plan(self.values(stopped=True, restored_tables=tables_of_today), quiet=True)
        if not self.agreed(changes, f"Stop every task, relay, sweeper and function of {self.where()}?"):
            return
        step("stop")
        self.system.apply()
        for one in self.outputs["services"].values():
            self.count_tasks(one, 0)
        self.rests()
        print("\nstopped. Requests are answered with 503, and alarms ring. Messages wait: 7 days in queues, in outboxes for ever")

    def count_tasks(self, service, count):
        where = ["--cluster", service["cluster"], "--service", service["service"]]
        self.aws.call("ecs", "update-service", *where, "--desired-count", str(count))

    def rests(self):
        """Waits until no task runs, no mapping calls, and what was called before has ended."""
        step("wait until nothing works any more")
        resources = self.system.resources()
        mappings = [one["values"]["uuid"] for one in resources if one["type"] == "aws_lambda_event_source_mapping"]
        longest = max(one["values"]["timeout"] for one in resources if one["type"] == "aws_lambda_function")
        for _ in range(REST_POLLS):
            working = [*self.tasks_that_run(), *self.mappings_that_call(mappings)]
            if not working:
                break
            wait(POLL_SECONDS)
        else:
            fail(f"still at work: {', '.join(working)}. The same command goes on waiting")
        print(f"a function that was called before may work for {longest} s more")
        wait(longest)

    def tasks_that_run(self):
        for name, one in sorted(self.outputs["services"].items()):
            where = ["--cluster", one["cluster"], "--services", one["service"]]
            described = self.aws.call("ecs", "describe-services", *where)["services"][0]
            if described["runningCount"] or described["pendingCount"]:
                yield f"{described['runningCount']} tasks of {name}"

    def mappings_that_call(self, mappings):
        for uuid in mappings:
            state = self.aws.call("lambda", "get-event-source-mapping", "--uuid", uuid)["State"]
            if state != "Disabled":
                yield f"mapping {uuid} ({state})"

    def switch(self):
        """Lets Terraform, the roles and the programs know other tables, which are there already."""
        # The versions of functions that there are know the tables that they were made with.
        values = self.values(stopped=True, function_versions={})
        step("plan")
        changes = self.system.plan(values, quiet=True)
        coming = [one for one in changes.tables() if self.is_taken(*one)]
        # Where everything rests, what else would change was left by a switch that broke.
        if not coming and not (self.outputs.get("stopped") and changes.addresses(*KINDS)):
            print(f"the tables of {self.system.settings.environment} are those of {self.system.settings.file} already")
            return
        for _, old, name in coming:
            print(f"  {old or 'no table'}  ->  {name}")
        if self.options.dry_run:
            print("\nnothing was done")
            return
        if not self.outputs.get("stopped"):
            fail("nothing was done: something may still write into the tables; scripts/restore stop comes first")
        if not self.options.auto_approve:
            confirm(f"Let {self.where()} work on these tables? Type yes:", "yes")
        self.releases.forget_versions()
        self.take(coming, values)
        self.look()
        print("\nswitched, and still stopped")
        if left := [old for _, old, _ in coming if old]:
            print("nothing deletes these any more, scripts/destroy neither; look before you do:")
            print("".join(f"  {name}\n" for name in left), end="")

    def is_taken(self, address, before, name):
        """Whether a table that Terraform would make is there. One in the place of another must be."""
        found = tables.described(self.aws, name)
        if found is None and before is None:
            return False
        if found is None or not tables.is_there(found):
            fail(
                f"nothing was done: {name} is {'being made' if found else 'not there'}, and would be put in the place of"
                f" {before}; scripts/restore tables makes it"
            )
        source = before and tables.described(self.aws, before)
        if source and (differences := tables.differences(found, source)):
            fail(f"nothing was done: {name} is no table to take the place of {before}: {'; '.join(differences)}")
        return True

    def take(self, coming, values):
        step("take the tables")
        for address, before, name in coming:
            if before:
                self.system.terraform("state", "rm", address)
            self.system.terraform("import", *self.system.given(values), address, name)
        step("apply")
        changes = self.system.plan(values, quiet=True)
        changes.tell()
        changes.refuse_losses(self.aws, [])
        taken = {address for address, _, _ in coming}
        if still := sorted(taken & {address for address, _, _ in changes.tables()}):
            fail(f"terraform would make these although they are there: {', '.join(still)}")
        self.system.apply()

    def look(self):
        """Asks DynamoDB whether the tables are what Terraform says of them."""
        step("look at the tables")
        resources = self.system.resources()
        of_state, wrong = {one["address"]: one["values"] for one in resources}, []
        for one in tables.restorable(resources):
            wrong += [f"{one.name}: {lack}" for lack in tables.lacking(self.aws, one.name, of_state[one.address])]
        if wrong:
            fail("tables are not what they must be:" + "".join(f"\n  - {one}" for one in wrong))

    def start(self):
        step("plan")
        if left := self.system.plan(self.values(stopped=True), quiet=True).addresses(*KINDS):
            if self.outputs.get("stopped"):
                settings = self.system.settings
                fail(
                    f"nothing was done: {settings.environment} does not work on the tables of {settings.file} yet, or not"
                    f" entirely; scripts/restore switch sees to it. It would change {', '.join(left[:5])}"
                )
        changes = self.system.plan(self.values(stopped=False), quiet=True)
        if not self.agreed(changes, f"Start everything of {self.where()} again?"):
            return
        step("start")
        self.system.apply()
        outputs = self.system.outputs()
        targets = [one["values"] for one in self.system.resources() if one["type"] == "aws_appautoscaling_target"]
        fewest = {one["resource_id"].rsplit("/", 1)[1]: one["min_capacity"] for one in targets}
        for one in outputs["services"].values():
            self.count_tasks(one, fewest[one["service"]])
        step("wait for the tasks")
        failed = rollout.wait_for_tasks(self.aws, outputs["services"])
        failed = failed or rollout.wait_for_version(outputs["health_urls"], outputs["release"])
        if failed:
            fail("not everything runs again:" + "".join(f"\n  - {one}" for one in failed))
        print("\neverything runs again")
