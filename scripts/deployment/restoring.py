"""Makes tables as they were at one moment, under new names, beside those that are there. What was interrupted
goes on with the next run, and nothing that is there is changed."""

from . import tables
from .shell import fail, step, wait

POLL_SECONDS = 20
ACTIVE, COMING, TO_MAKE = "is there", "is being made", "will be made"


class Wanted:
    """One table that is to come back."""

    def __init__(self, aws, table, at):
        self.table, self.at, self.aws = table, at, aws
        self.name = table.restored(tables.end_of(at))
        self.source = tables.described(aws, table.name)
        self.look()

    def look(self):
        """How far it is, and why it cannot be continued, if it cannot."""
        found = tables.described(self.aws, self.name)
        self.found, self.stranger = found, None
        if found is None:
            self.state = TO_MAKE
            return
        self.stranger = tables.foreign(found, self.table.name, self.at)
        self.state = ACTIVE if tables.is_there(found) else COMING

    def begin(self):
        self.aws.call(
            "dynamodb",
            "restore-table-to-point-in-time",
            "--source-table-name",
            self.table.name,
            "--target-table-name",
            self.name,
            "--restore-date-time",
            tables.written(self.at),
        )

    def counted(self):
        """How many items it has, read one by one: what DynamoDB counts itself it counts some hours late."""
        counted = self.aws.call("dynamodb", "scan", "--table-name", self.name, "--select", "COUNT")
        return counted["Count"]


def refusals(wanted):
    """Why tables cannot be brought back to this moment; all of it at once."""
    for one in wanted:
        name = one.table.name
        if one.source is None:
            yield f"{name} is not there any more; AWS keeps a backup of a deleted table for 35 days: restore-table-from-backup"
            continue
        limits = tables.window(one.aws, name)
        if limits is None:
            yield f"{name} has no point-in-time recovery"
        elif not limits[0] <= one.at <= limits[1]:
            yield f"{name} can be brought back to moments from {tables.written(limits[0])} to {tables.written(limits[1])}"
        if one.stranger:
            yield f"{one.name} is there already, and {one.stranger}; delete it, or choose another moment"


def tell(wanted):
    width = max(len(one.table.name) for one in wanted)
    for one in wanted:
        print(f"  {one.table.name:<{width}}  ->  {one.name}  {one.state}")


def make(wanted, minutes):
    """Begins what is not there, waits until all of it is, and ends the script when it is not in time."""
    step("restore")
    for one in wanted:
        if one.state == TO_MAKE:
            one.begin()
            print(f"{one.name}: begun", flush=True)
    waiting, polls = list(wanted), minutes * 60 // POLL_SECONDS
    for left in range(polls, -1, -1):
        for one in waiting:
            one.look()
        for one in [one for one in waiting if one.state == ACTIVE]:
            print(f"{one.name}: {ACTIVE}", flush=True)
            waiting.remove(one)
        if not waiting:
            return
        if left:
            wait(POLL_SECONDS)
    names = ", ".join(one.name for one in waiting)
    fail(f"after {minutes} minutes these are still being made: {names}. The same command goes on waiting")


def check(wanted):
    """Compares what came back with what it came from, and says how much it is."""
    step("look at what came back")
    wrong = []
    for one in wanted:
        differences = tables.differences(one.found, one.source)
        wrong += [f"{one.name}: {difference}" for difference in differences]
        before = one.source.get("ItemCount", 0)
        print(f"{one.name}: {one.counted()} items; {one.table.name} had {before} when DynamoDB counted last")
    if wrong:
        fail("what came back is not what was there:" + "".join(f"\n  - {one}" for one in wrong))
