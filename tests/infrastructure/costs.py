"""What the deployment costs while nobody uses it, from what is planned and a price list, and what orders cost, from their receipt;
terraform/README.md must show the same."""


# Dollars in us-east-1, June 2026. Where each comes from stands in terraform/README.md.
# Of a processor and of a GB, by what Fargate calls the processor.
FARGATE_HOUR = {"X86_64": (0.04048, 0.004445), "ARM64": (0.03238, 0.00356)}
BALANCER_HOUR = 0.0225
ADDRESS_HOUR = 0.005
ENDPOINT_HOUR = 0.01
ALARM_MONTH = 0.10
DASHBOARD_MONTH = 3.00
SQS_MILLION = 0.40

HOURS = 730
# A poll that finds nothing takes 20 seconds. One goes on at any time for each queue and task; of a function Lambda begins with five for each
# queue ("AWS Lambda Developer Guide, Configuring scaling behavior for SQS event source mappings").
POLLERS = 5
POLLS_A_MONTH = HOURS * 3600 / 20


def of_type(system, kind):
    return [values for address, values in system.items() if f".{kind}." in f".{address}"]


def at_rest(system):
    """Lines of what, how many and dollars a month."""
    services = of_type(system, "aws_ecs_service")
    tasks = {task["arn"]: task for task in of_type(system, "aws_ecs_task_definition")}
    count = sum(service["desired_count"] for service in services)
    computing = sum(service["desired_count"] * of_task(tasks[service["task_definition"]]) * HOURS for service in services)
    balancers = of_type(system, "aws_lb")
    addresses = sum(len(balancer["subnets"]) for balancer in balancers)
    endpoints = sum(len(e["subnet_ids"]) for e in of_type(system, "aws_vpc_endpoint") if e["vpc_endpoint_type"] == "Interface")
    alarms = len(of_type(system, "aws_cloudwatch_metric_alarm"))
    consumed = sum(1 for subscription in of_type(system, "aws_sns_topic_subscription") if subscription["protocol"] == "sqs")
    polls = sum(polled(system, service) * service["desired_count"] for service in services) * POLLS_A_MONTH
    mapped = sum(1 for mapping in of_type(system, "aws_lambda_event_source_mapping") if ":sqs:" in mapping["event_source_arn"])
    polls += mapped * POLLERS * POLLS_A_MONTH
    assert consumed == mapped + sum(polled(system, service) for service in services), "each queue has one service that reads it"
    return [
        ("Fargate tasks", count, computing),
        ("load balancer", len(balancers), len(balancers) * BALANCER_HOUR * HOURS),
        ("public addresses of the load balancer", addresses, addresses * ADDRESS_HOUR * HOURS),
        ("VPC endpoints, times zones", endpoints, endpoints * ENDPOINT_HOUR * HOURS),
        ("alarms", alarms, alarms * ALARM_MONTH),
        ("dashboard", len(of_type(system, "aws_cloudwatch_dashboard")), len(of_type(system, "aws_cloudwatch_dashboard")) * DASHBOARD_MONTH),
        ("empty polls of the queues, millions", round(polls / 1e6, 1), polls / 1e6 * SQS_MILLION),
    ]


def of_task(task):
    """Dollars an hour."""
    processor, memory = FARGATE_HOUR[task["runtime_platform"][0]["cpu_architecture"]]
    return int(task["cpu"]) / 1024 * processor + int(task["memory"]) / 1024 * memory


def polled(system, service):
    """How many queues the service reads: those its role may receive from."""
    name = service["name"].removeprefix("service-")
    policy = system[f'module.service["{name}"].aws_iam_role_policy.task']["policy"]
    statements = policy["Statement"]
    return next(len(s["Resource"]) for s in statements if "sqs:ReceiveMessage" in s["Action"])


def table(system):
    lines = at_rest(system)
    rows = [f"| {what} | {count} | {dollars:.2f} |" for what, count, dollars in lines]
    return [*rows, f"| **together** | | **{sum(dollars for *_, dollars in lines):.2f}** |"]


def differences(system, readme):
    """The lines that the README does not hold."""
    shown = readme.read_text().splitlines()
    return [f"terraform/README.md lacks: {line}" for line in table(system) if line not in shown]


def orders_differences(receipt, readme):
    """The sums of a million approved orders that the README does not hold: with the table of sent messages, and without."""
    rows = [line.rsplit(None, 8) for line in receipt.read_text().splitlines() if line.startswith("final")]
    dollars = {row[0]: row[6] for row in rows}
    shown = [f"| **together** | | **{dollars['final']}** |", f"it is ${dollars['final, sent off']}."]
    return [f"terraform/README.md lacks: {text}" for text in shown if text not in readme.read_text()]
