"""What CloudWatch and Lambda say of a time: how far the relay was behind, and what was consumed. Names are
those that Terraform gives, so the same files say what there is: terraform/live/wiring.
"""

import json
import pathlib

WIRING = pathlib.Path(__file__).resolve().parents[2] / "terraform" / "live" / "wiring"
# What each service has, what one that publishes has besides, and which table has which index.
TABLES, OF_PUBLISHER = ("", "-inbox"), ("-outbox", "-sent")
INDEXES = {"orders": "PendingIndex", "notifications": "DueIndex"}


class CloudWatch:
    def __init__(self, aws, environment, fifo):
        self.aws, self.environment = aws, environment
        self.suffix = ".fifo" if fifo else ""
        self.wiring = {file.stem: json.loads(file.read_text()) for file in sorted(WIRING.glob("*.json"))}

    def statistics(self, namespace, metric, dimensions, window, *, percentiles=False):
        """The statistic of each minute that has any; a Sum, or the given percentiles."""
        kind = ["--extended-statistics", "p50", "p99"] if percentiles else ["--statistics", "Sum", "Maximum"]
        begin, end = window.times()
        answer = self.aws.call(
            *("cloudwatch", "get-metric-statistics", "--namespace", namespace, "--metric-name", metric),
            *("--dimensions", *(f"Name={name},Value={value}" for name, value in dimensions.items())),
            *("--start-time", begin, "--end-time", end, "--period", "60", *kind),
        )
        return [] if answer is None else answer["Datapoints"]

    def sum(self, namespace, metric, dimensions, window):
        return sum(point["Sum"] for point in self.statistics(namespace, metric, dimensions, window))

    def functions(self):
        for service in (name for name, one in self.wiring.items() if one["publishes"]):
            yield f"{self.environment}-outbox-dynamodb-streams--{service}"

    def lag(self, window):
        """For each topic the worst minute's p50 and p99 from commit to SNS in ms; the age of the oldest record that a relay took."""
        found = {}
        for topic in sorted(topic for one in self.wiring.values() for topic in one["publishes"]):
            name = topic + self.suffix
            dimensions = {"service": "outbox-relay", "messaging.destination.name": name}
            space = f"TransactionalMessaging/{self.environment}"
            points = self.statistics(space, "outbox.dispatch.delay", dimensions, window, percentiles=True)
            if points:
                worst = lambda share: max(
                    point["ExtendedStatistics"][share] for point in points
                )  # noqa: E731
                found[name] = {share: round(worst(share) * 1e3) for share in ("p50", "p99")}
        ages = [
            point["Maximum"]
            for function in self.functions()
            for point in self.statistics("AWS/Lambda", "IteratorAge", {"FunctionName": function}, window)
        ]
        return {"topics": found, "iterator_age_ms": round(max(ages)) if ages else None}

    def consumed(self, window):
        """Units by the words of the price list, and what of them is no work for an order."""
        units = dict.fromkeys(("write units", "read units", "SNS requests", "SQS requests"), 0)
        tables = [
            service + table
            for service, one in self.wiring.items()
            for table in TABLES + (OF_PUBLISHER if one["publishes"] else ())
        ]
        for unit, metric in (
            ("write units", "ConsumedWriteCapacityUnits"),
            ("read units", "ConsumedReadCapacityUnits"),
        ):
            for table in tables:
                dimensions = {"TableName": f"{self.environment}-{table}"}
                units[unit] += self.sum("AWS/DynamoDB", metric, dimensions, window)
                if table in INDEXES:
                    dimensions["GlobalSecondaryIndexName"] = INDEXES[table]
                    units[unit] += self.sum("AWS/DynamoDB", metric, dimensions, window)
        for one in self.wiring.values():
            for topic in one["publishes"]:
                name = {"TopicName": f"{self.environment}-{topic}{self.suffix}"}
                units["SNS requests"] += self.sum("AWS/SNS", "NumberOfMessagesPublished", name, window)
            for consumed in one["consumes"]:
                name = {"QueueName": f"{self.environment}-{consumed['queue']}{self.suffix}"}
                for metric in ("NumberOfMessagesReceived", "NumberOfMessagesDeleted"):
                    units["SQS requests"] += self.sum("AWS/SQS", metric, name, window)
        return units | self.invoked(window)

    def invoked(self, window):
        units = {"invocations": 0, "GB-seconds": 0}
        for function in self.functions():
            name = {"FunctionName": function}
            units["invocations"] += self.sum("AWS/Lambda", "Invocations", name, window)
            seconds = self.sum("AWS/Lambda", "Duration", name, window) / 1e3
            told = self.aws.call("lambda", "get-function-configuration", "--function-name", function)
            units["GB-seconds"] += seconds * (told["MemorySize"] if told else 0) / 1024
        return units
