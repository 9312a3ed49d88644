"""Runs the functions that terraform uploads behind a Lambda runtime API: each program out of its zip, the relay with events of DynamoDB
Streams, notifications with batches of its queues, SNS and SES in the embedded AWS. What they answer, publish and send is checked; cold start
and memory are only printed.

usage: lambda_runtime.py TARGET_FOLDER, after scripts/build-lambda and cargo build; scripts/check-lambda does both.
"""

import contextlib
import json
import pathlib
import statistics
import sys
import tempfile
import time
import urllib.request
import zipfile

import facts
from report import Report
from runtime_api import REGION, Function, Machine, answer, end, free_port, healthy, without_sns

COLD_STARTS = 5
SENT = "orders-sent"
TABLES = {"DYNAMODB_OUTBOX_TABLE_NAME": "orders-outbox", "DYNAMODB_INBOX_TABLE_NAME": "orders-inbox", "DYNAMODB_ORDERS_TABLE_NAME": "orders"}


def start_system(machine):
    """The embedded AWS with all tables, topics and queues, and the orders service, whose address is returned. The other services have made
    what is their own and are gone, so that messages stay in their queues. A function makes no table of sent messages.
    """
    port = free_port()
    machine.endpoint = f"http://127.0.0.1:{port}"
    machine.start("local-aws", [machine.debug("local-aws"), "--port", str(port)], {}, healthy(machine.endpoint + "/_local/health"))
    url = ""
    for name in facts.SERVICES:
        port = str(free_port())
        tables = {key.replace("ORDERS", name.upper()): value.replace("orders", name) for key, value in TABLES.items()}
        ready = healthy(f"http://127.0.0.1:{port}/{name}/health")
        service = machine.start(name, [machine.debug(name)], machine.variables(PORT=port, **tables), ready)
        if name == "orders":
            url = f"http://127.0.0.1:{port}"
        else:
            end(service)
    keys = [{"AttributeName": name, "KeyType": kind} for name, kind in (("PK", "HASH"), ("SK", "RANGE"))]
    types = [{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")]
    table = {"TableName": SENT, "KeySchema": keys, "AttributeDefinitions": types, "BillingMode": "PAY_PER_REQUEST"}
    machine.aws("DynamoDB_20120810.CreateTable", table)
    return url


def place_order(orders):
    body = {"customer_id": "00000000-0000-4000-8000-000000000000", "order_total": 100}
    return answer(urllib.request.Request(f"{orders}/orders", json.dumps(body).encode(), {"Content-Type": "application/json"}))["id"]


def records(machine, orders):
    """The stream's records of what these orders have to say, as Lambda would hand them over."""
    subjects = [f"SUBJECT#order/{order}" for order in orders]
    arn = machine.aws("DynamoDB_20120810.DescribeTable", {"TableName": "orders-outbox"})["Table"]["LatestStreamArn"]
    described = machine.aws("DynamoDBStreams_20120810.DescribeStream", {"StreamArn": arn})["StreamDescription"]
    found = []
    for shard in described["Shards"]:
        start = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = machine.aws("DynamoDBStreams_20120810.GetShardIterator", start)["ShardIterator"]
        for record in machine.aws("DynamoDBStreams_20120810.GetRecords", {"ShardIterator": iterator})["Records"]:
            keys = record["dynamodb"]["Keys"]
            if record["eventName"] == "INSERT" and keys["PK"]["S"] in subjects:
                found.append({**record, "eventSourceARN": arn})
    return found


def queue_url(machine, queue):
    return machine.aws("AmazonSQS.GetQueueUrl", {"QueueName": queue})["QueueUrl"]


def message_count(machine, queue):
    url = queue_url(machine, queue)
    name = "ApproximateNumberOfMessages"
    got = machine.aws("AmazonSQS.GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["All"]})
    return int(got["Attributes"][name]) + int(got["Attributes"][name + "NotVisible"])


OF_RELAY = {
    "DYNAMODB_OUTBOX_TABLE_NAME": "orders-outbox", "AWS_SNS_TOPIC_ARN_PREFIX": f"arn:aws:sns:{REGION}:000000000000:", "SENT_TABLE_NAME": SENT,
    "SENT_RETENTION_DAYS": "7",
}
OF_NOTIFICATIONS = {
    "DYNAMODB_NOTIFICATIONS_TABLE_NAME": "notifications", "DYNAMODB_INBOX_TABLE_NAME": "notifications-inbox", "MAIL_FROM": "shop@example.com",
    "FUNCTION_TIMEOUT_SECONDS": "30",
}
ADA, ORDER = "00000000-0000-4000-8000-00000000ada0", "00000000-0000-4000-8000-000000000007"


def failures(records):
    return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]} for record in records]}


def expect(got, wanted):
    return [] if got == wanted else [f"got {got}, expected {wanted}"]


def relay(machine, bootstrap, report):
    service = start_system(machine)
    orders = [place_order(service), place_order(service)]
    first = records(machine, orders)
    report.add("the stream has a record for each message", expect(len(first), 2))

    reachable = Function(machine, "relay", bootstrap, **OF_RELAY)
    reachable.start()
    report.add("a batch that was published has no failures", expect(reachable.invoke({"Records": first}), failures([])))
    report.add("both messages are in the queue of the other service", expect(message_count(machine, "customer--order-created"), 2))
    report.add("the same batch again has no failures", expect(reachable.invoke({"Records": first}), failures([])))
    report.add("and nothing was published twice", expect(message_count(machine, "customer--order-created"), 2))

    orders.append(place_order(service))
    both = records(machine, orders)
    cut_off = Function(machine, "relay-without-sns", bootstrap, **OF_RELAY, AWS_ENDPOINT_URL=without_sns(machine))
    cut_off.start()
    report.add("without SNS, only what was not published has failed", expect(cut_off.invoke({"Records": both}), failures(both[2:])))
    swept = reachable.invoke({"sweep": {"older_than_seconds": 0}})
    report.add("the sweeper finds it later", [] if swept.get("swept", 0) >= 1 else [f"got {swept}"])
    report.add("so that it is in the queue too", expect(message_count(machine, "customer--order-created"), 3))
    left = [machine.aws("DynamoDB_20120810.Scan", {"TableName": table})["Count"] for table in ("orders-outbox", SENT)]
    report.add("nothing is left in the outbox, and all three are kept as sent", expect(left, [0, 3]))
    reachable.stop(), cut_off.stop()
    return reachable, {"Records": both}


def said(number, kind, subject, **data):
    """A message as a service publishes it."""
    source = "/customers" if kind.startswith("Customer") else "/orders"
    message_id = f"00000000-0000-4000-8000-{number:012}"
    return json.dumps({
        "specversion": "1.0", "id": message_id, "source": source, "type": kind, "subject": subject, "time": "2026-11-28T11:59:00+00:00",
        "sequence": "1", "correlationid": message_id, "data": data,
    })


def batch(machine, queue, *bodies):
    """These messages through their queue, as Lambda hands over what it has received."""
    url = queue_url(machine, queue)
    for body in bodies:
        machine.aws("AmazonSQS.SendMessage", {"QueueUrl": url, "MessageBody": body})
    wanted = {"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["All"]}
    received = machine.aws("AmazonSQS.ReceiveMessage", wanted)["Messages"]
    return {"Records": [{
        "messageId": one["MessageId"], "receiptHandle": one["ReceiptHandle"], "body": one["Body"], "attributes": one["Attributes"],
        "messageAttributes": {}, "eventSource": "aws:sqs", "eventSourceARN": f"arn:aws:sqs:{REGION}:000000000000:{queue}", "awsRegion": REGION,
    } for one in received]}


def mails(machine):
    shown = answer(urllib.request.Request(f"{machine.endpoint}/_local/mails"))["mails"]
    return [(*mail["to"], mail["subject"]) for mail in shown]


def notifications(machine, bootstrap, report):
    """Behind its queues, which hide messages for six times its time-out, and called by its schedule."""
    for queue in facts.QUEUES_OF_FUNCTIONS:
        wanted = {"QueueUrl": queue_url(machine, queue), "Attributes": {"VisibilityTimeout": "180"}}
        machine.aws("AmazonSQS.SetQueueAttributes", wanted)
    function = Function(machine, "notifications-function", bootstrap, **OF_NOTIFICATIONS)
    function.start()
    created = said(1, "CustomerCreated", f"customer/{ADA}", customer_id=ADA, name="Ada", credit_limit=5, email="ada@example.com")
    approved = said(2, "OrderApproved", f"order/{ORDER}", customer_id=ADA, order_id=ORDER)
    told = [function.invoke(batch(machine, "notification--customer-created", created))]
    decided = batch(machine, "notification--order-approved", approved, "the rest is silence")
    told += [function.invoke(decided), function.invoke({"Records": decided["Records"][:1]})]
    report.add("notifications: no message must come again", expect(told, [failures([])] * 3))
    report.add("the decision is mailed once", expect(mails(machine), [("ada@example.com", "Your order is approved")]))
    report.add("what is no message is buried", expect(message_count(machine, "notification--order-approved--dlq"), 1))
    report.add("the schedule finds nothing left to do", expect(function.invoke({"send": {}}), {"looked_at": 0}))
    function.stop()
    return function, {"send": {}}


def unpacked(target, work, program, report):
    """The program out of its zip."""
    with zipfile.ZipFile(pathlib.Path(target) / f"{program}.zip") as archive:
        report.add(f"{program}.zip holds the program and nothing else", expect(archive.namelist(), ["bootstrap"]))
        mode = archive.getinfo("bootstrap").external_attr >> 16
        report.add(f"Lambda may run {program}", expect(oct(mode), oct(0o100755)))
        archive.extract("bootstrap", pathlib.Path(work) / program)
    bootstrap = pathlib.Path(work) / program / "bootstrap"
    bootstrap.chmod(0o755)
    return bootstrap


def measure(function, event):
    """Cold start: from the start of the program to its first answer, with connections to AWS and two reads in it."""
    times, memory = [], []
    for _ in range(COLD_STARTS):
        begun = time.monotonic()
        function.start()
        function.invoke(event)
        times.append(1000 * (time.monotonic() - begun))
        memory.append(function.peak_memory_mb())
        function.stop()
    print(f"      {function.name}: cold start to first answer: {statistics.median(times):.0f} ms (median of {COLD_STARTS}, {min(times):.0f} to {max(times):.0f})")
    print(f"      memory at most: {max(memory):.1f} MB")


def main(target):
    report = Report()
    with tempfile.TemporaryDirectory() as work, contextlib.ExitStack() as stack:
        machine = Machine(target, work, stack)
        for program, scenario in (("outbox-relay", relay), ("notifications", notifications)):
            function, event = scenario(machine, unpacked(target, work, program, report), report)
            measure(function, event)
    print(f"\n{report.passed} passed, {report.failed} failed")
    sys.exit(report.failed > 0 or report.passed == 0)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
