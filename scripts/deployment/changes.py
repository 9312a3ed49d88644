"""What a plan would do, in the order in which it can hurt, and what data would be lost by it."""

import collections

from .shell import fail

KINDS = {
    ("create",): "made",
    ("update",): "changed",
    ("delete",): "destroyed",
    ("delete", "create"): "replaced",
    ("create", "delete"): "replaced",
}
# Of these, what is in them is gone with them. A queue without messages is no loss.
KEEP_DATA = {"aws_dynamodb_table": "table", "aws_s3_bucket": "bucket", "aws_sqs_queue": "queue"}


class Changes:
    """The changes of one plan, given as terraform's JSON."""

    def __init__(self, plan):
        self.by_kind = collections.defaultdict(list)
        for one in plan.get("resource_changes", []):
            kind = KINDS.get(tuple(one["change"]["actions"]))
            if kind:
                self.by_kind[kind].append(one)

    def addresses(self, *kinds):
        return [one["address"] for kind in kinds for one in self.by_kind[kind]]

    def tables(self):
        """Tables that would be made, alone or in place of another: address, name before or None, and name."""
        for one in self.by_kind["made"] + self.by_kind["replaced"]:
            if one["type"] == "aws_dynamodb_table":
                before = one["change"]["before"] or {}
                yield one["address"], before.get("name"), one["change"]["after"]["name"]

    def tell(self):
        counts = [
            f"{len(self.by_kind[kind])} {kind}" for kind in ("made", "changed", "replaced", "destroyed")
        ]
        print(f"\nresources: {', '.join(counts)}")
        for kind in ("destroyed", "replaced"):
            for address in self.addresses(kind):
                print(f"  {kind}: {address}")

    def losses(self, aws):
        """What would take data with it: pairs of address and reason."""
        for one in self.by_kind["destroyed"] + self.by_kind["replaced"]:
            kind = KEEP_DATA.get(one["type"])
            if kind == "queue":
                count = messages(aws, one["change"]["before"]["url"])
                if count:
                    yield one["address"], f"a queue with {count} messages"
            elif kind:
                yield one["address"], f"a {kind} with all that is in it"

    def refuse_losses(self, aws, named):
        """Ends the script when data would be lost that was not named by --lose."""
        lost = [f"{address}: {reason}" for address, reason in self.losses(aws) if address not in named]
        if lost:
            shown = "".join(f"\n  - {one}" for one in lost)
            fail(
                "nothing was changed, because data would be lost. What may be lost must be named, each by"
                f" --lose ADDRESS:{shown}"
            )


def messages(aws, url):
    """How many messages a queue holds: those that wait, those in work, and those for later."""
    names = (
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    )
    answer = aws.call("sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", *names)
    return sum(int(answer["Attributes"][name]) for name in names)
