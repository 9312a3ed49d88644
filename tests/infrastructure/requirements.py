"""The requirements on what is planned for AWS, as rules over the whole of it: who may reach what, what must be on, what must outlive what,
which alarm watches which thing and can ring, values against the programs' own, what may not grow without a limit.

Each rule is told the deployment and yields its complaints. `check` runs one; what it cannot read is a complaint of that rule alone.
"""

import base64
import hashlib
import ipaddress
import json
import pathlib
import re

import policies
from deployment import Missing, Values, only

RULES = []
ENDPOINTS = ("dynamodb", "s3", "ecr.api", "ecr.dkr", "logs", "sqs")
# Answered by the load balancer where no service is responsible.
NOT_FOUND = {"content_type": "application/json", "message_body": {"error": "not found"}, "status_code": "404"}


def rule(text):
    def register(function):
        RULES.append((text, function))
        return function

    return register


def check(function, deployment):
    found = []
    try:
        found.extend(function(deployment))
        return found
    except Missing as missing:
        return [*found, str(missing)]
    except Exception as broken:  # A crash is a failure of this rule, and of no other.
        return [*found, f"crashed: {type(broken).__name__}: {broken}"]


def unequal(what, found, wanted):
    if found != wanted:
        yield f"{what} is {found}, and must be {wanted}"


def same(what, values, /, **wanted):
    """The values that the resource must have."""
    for name, one in wanted.items():
        yield from unequal(f"{what}: {name}", values.get(name), one)


def block(values, *names):
    """The one block within blocks, or nothing."""
    for name in names:
        inner = values.get(name) or []
        values = inner[0] if len(inner) == 1 else Values({}, f"{getattr(values, 'label', 'it')}.{name}")
    return values


# Who may reach what


@rule("every kind of resource has a requirement, so that nothing comes in unseen")
def known_kinds(d):
    for kind in sorted({one.kind for one in d.everything} - KINDS):
        yield f"no requirement says what {kind} must be: write one, and name it in KINDS"


@rule("callers reach the load balancer, from the networks that are allowed, and nothing else reaches anything from outside")
def callers(d):
    balancer, endpoints = group(d, "alb"), group(d, "endpoints")
    network = d.only("aws_vpc")["cidr_block"]
    ports = {80, 443} if d.variables["certificate_arn"] else {80}
    wanted = {(balancer, cidr, port) for cidr in d.variables["allowed_cidrs"] for port in ports} | {(endpoints, network, 443)}
    rules = [one for one in d.of("aws_vpc_security_group_ingress_rule") if not one["referenced_security_group_id"]]
    yield from unequal("ways in by address", {(r["security_group_id"], r["cidr_ipv4"], r["from_port"]) for r in rules}, wanted)
    for one in d.of("aws_vpc_security_group_ingress_rule") + d.of("aws_vpc_security_group_egress_rule"):
        yield from same("a way in or out", one, ip_protocol="tcp", to_port=one["from_port"], cidr_ipv6=None)


@rule("the load balancer reaches the services at their port, the services reach the endpoints, and nobody goes anywhere else")
def peers(d):
    balancer, endpoints = group(d, "alb"), group(d, "endpoints")
    services = {group(d, f"service-{name}"): port(d, name) for name in services_of(d)}
    inside = [one for one in d.of("aws_vpc_security_group_ingress_rule") if one["referenced_security_group_id"]]
    found = {(r["security_group_id"], r["referenced_security_group_id"], r["from_port"]) for r in inside}
    yield from unequal("ways in from peers", found, {(service, balancer, at) for service, at in services.items()})
    gateways = {one["prefix_list_id"] for one in d.of("aws_vpc_endpoint") if one["vpc_endpoint_type"] == "Gateway"}
    wanted = {(balancer, service, at) for service, at in services.items()} | {(service, endpoints, 443) for service in services}
    wanted |= {(service, gateway, 443) for service in services for gateway in gateways}
    ways = d.of("aws_vpc_security_group_egress_rule")
    out = {(r["security_group_id"], r["referenced_security_group_id"] or r["prefix_list_id"] or r["cidr_ipv4"], r["from_port"]) for r in ways}
    yield from unequal("ways out", out, wanted)
    for one in d.of("aws_security_group"):
        yield from same(one["name"], one, vpc_id=d.only("aws_vpc")["id"])
    # Named by nobody, it is given to what names none.
    yield from unequal("groups that everything gets", [one["vpc_id"] for one in d.of("aws_default_security_group")], [d.only("aws_vpc")["id"]])


@rule("tasks and endpoints are in subnets without a way out, the load balancer in subnets with one, each in two zones at least")
def subnets(d):
    vpc, gateways = d.only("aws_vpc"), [one["id"] for one in d.of("aws_internet_gateway")]
    yield from same("the network", vpc, enable_dns_support=True, enable_dns_hostnames=True)
    yield from unequal("gateways to the internet", [one["vpc_id"] for one in d.of("aws_internet_gateway")], [vpc["id"]])
    open_tables = {one["route_table_id"] for one in d.of("aws_route")}
    for one in d.of("aws_route"):
        yield from same("a route", one, destination_cidr_block="0.0.0.0/0", gateway_id=gateways[0])
    used = {one["route_table_id"] for one in d.of("aws_route_table_association") + d.of("aws_route")}
    yield from unequal("route tables that are used", used, {one["id"] for one in d.of("aws_route_table")})
    yield from unequal("networks of route tables", {one["vpc_id"] for one in d.of("aws_route_table")}, {vpc["id"]})
    table = {one["subnet_id"]: one["route_table_id"] for one in d.of("aws_route_table_association")}
    zone = {one["id"]: one["availability_zone"] for one in d.of("aws_subnet")}
    yield from unequal("subnets with a route table", set(table), set(zone))
    outside = {one for one in table if table[one] in open_tables}
    used = {"the load balancer": (d.only("aws_lb")["subnets"], True)}
    used |= {one["name"]: (block(one, "network_configuration").get("subnets", []), False) for one in d.of("aws_ecs_service")}
    used |= {one["service_name"]: (one["subnet_ids"], False) for one in d.of("aws_vpc_endpoint") if one["vpc_endpoint_type"] == "Interface"}
    for who, (where, is_open) in used.items():
        yield from unequal(f"{who}: subnets with a way out", set(where) & outside, set(where) if is_open else set())
        if len({zone.get(one) for one in where}) < 2:
            yield f"{who} is in fewer than two zones: {where}"
    ranges = [ipaddress.ip_network(one["cidr_block"]) for one in d.of("aws_subnet")]
    for place, one in enumerate(ranges):
        if one.prefixlen > 24 or not one.subnet_of(ipaddress.ip_network(vpc["cidr_block"])):
            yield f"the subnet {one} is no part of {vpc['cidr_block']}, or too small for tasks"
        yield from (f"the subnets {one} and {other} overlap" for other in ranges[:place] if one.overlaps(other))
    for one in d.of("aws_subnet"):
        yield from unequal("addresses that a subnet gives out", one["map_public_ip_on_launch"] or False, False)
        yield from same("a subnet", one, vpc_id=vpc["id"])


@rule("tasks reach every AWS service that they need by an endpoint of their own network")
def endpoints(d):
    vpc = d.only("aws_vpc")["id"]
    names = {one["service_name"]: one for one in d.of("aws_vpc_endpoint")}
    yield from unequal("endpoints", set(names), {f"com.amazonaws.{d.region}.{name}" for name in ENDPOINTS})
    private = {r["route_table_id"] for r in d.of("aws_route_table_association")} - {r["route_table_id"] for r in d.of("aws_route")}
    for name, one in names.items():
        is_gateway = name.rsplit(".", 1)[-1] in ("dynamodb", "s3")
        yield from same(name, one, vpc_id=vpc, vpc_endpoint_type="Gateway" if is_gateway else "Interface")
        if is_gateway:
            yield from unequal(f"{name}: route tables", set(one["route_table_ids"]), private)
        else:
            yield from same(name, one, private_dns_enabled=True, security_group_ids=[group(d, "endpoints")])


@rule("no data leaves through an endpoint to what another account owns")
def endpoint_policies(d):
    account = account_of(d)
    for one in d.of("aws_vpc_endpoint"):
        service = one["service_name"].removeprefix(f"com.amazonaws.{d.region}.")
        statements = one["policy"]["Statement"] if isinstance(one["policy"], dict) else []
        if not statements:
            yield f"{service}: no policy, so everything may pass"
        for statement in statements:
            actions, resources = policies.listed(statement["Action"]), policies.listed(statement["Resource"])
            if any(not action.startswith(service.split(".")[0] + ":") or (action.endswith("*") and service not in ("dynamodb", "sqs")) for action in actions):
                yield f"{service}: {actions} may pass"
            yield from same(service, statement, Effect="Allow", Principal="*")
            if service == "s3":
                yield from unequal("s3: what may pass", (actions, resources), (["s3:GetObject"], [f"arn:aws:s3:::prod-{d.region}-starport-layer-bucket/*"]))
                continue
            yield from unequal(f"{service}: who may pass", statement["Condition"], {"StringEquals": {"aws:PrincipalAccount": account}})
            if set(actions) <= policies.WITHOUT_RESOURCE:
                yield from unequal(f"{service}: resources of {actions}", resources, ["*"])
            else:
                kind = service.split(".")[0]
                owned = f"arn:aws:{kind}:{d.region}:{account}:"
                yield from unequal(f"{service}: resources", len(resources), 1)
                yield from (f"{service}: {name} is not of this deployment" for name in resources if not (name.startswith(owned) and d.environment + "-" in name))
        passed = {action for statement in statements for action in policies.listed(statement["Action"])}
        yield from unequal(f"{service}: what passes", passed, PASSING[service])


PULLING = {"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}
PASSING = {
    "dynamodb": {"dynamodb:*"}, "sqs": {"sqs:*"}, "s3": {"s3:GetObject"}, "logs": {"logs:CreateLogStream", "logs:PutLogEvents"},
    "ecr.dkr": PULLING, "ecr.api": PULLING | {"ecr:GetAuthorizationToken"},
}


@rule("with a certificate, everything is spoken over TLS 1.2 or newer")
def listeners(d):
    by_port = {one["port"]: one for one in d.of("aws_lb_listener")}
    balancer = d.only("aws_lb")
    certificate = d.variables["certificate_arn"]
    yield from unequal("ports", set(by_port), {80, 443} if certificate else {80})
    for at, one in by_port.items():
        yield from same(f"port {at}", one, load_balancer_arn=balancer["arn"], protocol="HTTPS" if at == 443 else "HTTP")
        action = block(one, "default_action")
        if at == 80 and certificate:
            yield from same("port 80", action, type="redirect")
            yield from same("port 80", block(action, "redirect"), port="443", protocol="HTTPS", status_code="HTTP_301")
            continue
        yield from same(f"port {at}", action, type="fixed-response")
        answer = block(action, "fixed_response")
        yield from unequal(f"port {at}: what nobody claims", {name: answer.get(name) for name in NOT_FOUND}, NOT_FOUND)
    if certificate:
        yield from same("port 443", by_port[443], certificate_arn=certificate, ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06")


@rule("each request goes to the service that answers its path, after its token was looked at, and to no other")
def paths(d):
    listener = d.named("aws_lb_listener", port=443 if d.variables["certificate_arn"] else 80)["arn"]
    used, jwt = [], d.variables["jwt"]
    for name, parts in d.module("service").items():
        rules = [values for part, values in parts.items() if part.startswith("aws_lb_listener_rule.")]
        target, health = parts["aws_lb_target_group.service"], f"/{name}/health"
        used += [values["priority"] for values in rules]
        by_path = {only(block(values, "condition", "path_pattern")["values"], f"{name}: paths of a rule"): values for values in rules}
        yield from unequal(f"{name}: rules that do not look at tokens", len(rules), 2 if jwt else 1)
        for pattern, values in by_path.items():
            yield from same(name, values, listener_arn=listener)
            actions = sorted(values["action"], key=lambda action: action["order"])
            wanted = ["jwt-validation", "forward"] if jwt and pattern != health else ["forward"]
            yield from unequal(f"{name}: what is done with {pattern}", [action["type"] for action in actions], wanted)
            yield from unequal(f"{name}: target", actions[-1]["target_group_arn"], target["arn"])
            if wanted[0] == "jwt-validation":
                yield from tokens(name, block(actions[0], "jwt_validation"), jwt)
        pattern = only([one for one in by_path if one != health], f"{name}: rules for requests")
        if jwt and only([v["priority"] for p, v in by_path.items() if p == health], f"{name}: rules for {health}") >= by_path[pattern]["priority"]:
            yield f"{name}: the health check is asked for a token"
        expression = re.escape(pattern).replace(r"\*", ".*")
        every = {path: owner for owner, own in d.facts["paths"].items() for path in [*own, f"/{owner}/health"]}
        taken = {path for path in every if re.fullmatch(expression, re.sub(r"\{.*?\}", "x", path))}
        yield from unequal(f"{name}: paths of {pattern}", taken, {path for path, owner in every.items() if owner == name})
    if len(used) != len(set(used)):
        yield f"two rules have one place: {used}"


def tokens(name, validation, jwt):
    yield from same(f"{name}: tokens", validation, issuer=jwt["issuer"], jwks_endpoint=jwt["jwks_endpoint"])
    claim = block(validation, "additional_claim")
    yield from same(f"{name}: scope", claim, name="scope", format="space-separated-values", values=[jwt["scope"]])


# The function of each module, by the name that it has there.
PROGRAMS_OF_MODULES = {"outbox": "relay", "sweeper": "sweeper", "consumer": "consumer"}


@rule("a role is trusted to the one service of AWS that plays it, for this account, and is played by one thing")
def roles(d):
    players = {values["role"]: "lambda" for values in d.of("aws_lambda_function")}
    players |= {task[role]: "ecs-tasks" for task in d.of("aws_ecs_task_definition") for role in ("task_role_arn", "execution_role_arn")}
    players |= {block(values, "target").get("role_arn"): "scheduler" for values in d.of("aws_scheduler_schedule")}
    players |= {values["role_arn"]: "events" for values in d.of("aws_cloudwatch_event_target")}
    players |= {values["iam_role_arn"]: "backup" for values in d.of("aws_backup_selection")}
    yield from unequal("roles that are played", set(players), {values["arn"] for values in d.of("aws_iam_role")})
    for values in d.of("aws_iam_role"):
        statement = only(values["assume_role_policy"]["Statement"], f"{values['name']}: trust")
        by = players.get(values["arn"])
        yield from same(values["name"], statement, Effect="Allow", Action="sts:AssumeRole", Principal={"Service": f"{by}.amazonaws.com"})
        if by != "lambda":
            yield from same(values["name"], statement.get("Condition", {}).get("StringEquals", {}), **{"aws:SourceAccount": values["arn"].split(":")[4]})
        if by == "scheduler":
            source = statement["Condition"]["StringEquals"].get("aws:SourceArn", "")
            yield from unequal(f"{values['name']}: schedules", source.split(":")[-1], "schedule-group/default")
    for name, parts in d.module("service").items():
        task = parts["aws_ecs_task_definition.service"]
        for role, own in {"task_role_arn": "aws_iam_role.task", "execution_role_arn": "aws_iam_role.execution"}.items():
            yield from unequal(f"{name}: {role}", task[role], parts[own]["arn"])
    for module, own in PROGRAMS_OF_MODULES.items():
        for name, parts in d.module(module).items():
            yield from unequal(f"{module} of {name}: role", parts[f"aws_lambda_function.{own}"]["role"], parts[f"aws_iam_role.{own}"]["arn"])
    for module, own in (("sweeper", "sweep"), ("consumer", "due")):
        for name, parts in d.module(module).items():
            target = block(parts[f"aws_scheduler_schedule.{own}"], "target")
            yield from unequal(f"schedule of {name}: role", target.get("role_arn"), parts["aws_iam_role.schedule"]["arn"])
    for one in d.all_of("aws_iam_role_policy"):
        role = next((other.values for other in d.all_of("aws_iam_role") if other.address == one.address.replace("role_policy", "role")), {})
        yield from unequal(f"{one.address}: role", one.values["role"], role.get("id"))


@rule("roles allow no wildcard, and name resources that are deployed; what each program really calls is compared by permissions.py")
def rights(d):
    system = d.system()
    for checked in policies.CHECKS.values():
        yield from checked(system)
    for one in d.everything:
        for name in ("policy", "assume_role_policy"):
            if isinstance(one.values.get(name), dict) and "Statement" in one.values[name]:
                yield from unequal(f"{one.address}: version of the language", one.values[name]["Version"], "2012-10-17")
    for one in d.all_of("aws_iam_role_policy"):
        yield from (f"{one.address}: {s['Effect']}" for s in one.values["policy"]["Statement"] if s["Effect"] != "Allow")


@rule("only its topic puts messages into a queue, and only its queue into a dead-letter queue")
def senders(d):
    for name, parts in d.module("subscription").items():
        topic = d.arn("aws_sns_topic", d.topic(consumed(d)[name]))
        for key, queue in (("queue", "aws_sqs_queue.queue"), ("undelivered", "aws_sqs_queue.undelivered")):
            policy = parts[f'aws_sqs_queue_policy.from_topic["{key}"]']
            yield from unequal(f"{name}: queue of the policy", policy["queue_url"], parts[queue]["id"])
            statement = only(policy["policy"]["Statement"], "statements of a policy")
            condition = {"ArnEquals": {"aws:SourceArn": topic}, "StringEquals": {"aws:SourceAccount": topic.split(":")[4]}}
            yield from same(name, statement, Effect="Allow", Principal={"Service": "sns.amazonaws.com"}, Action="sqs:SendMessage",
                            Resource=parts[queue]["arn"], Condition=condition)
        allowed = parts["aws_sqs_queue_redrive_allow_policy.dead_letters"]
        yield from same(name, allowed, queue_url=parts["aws_sqs_queue.dead_letters"]["id"])
        yield from unequal(f"{name}: whose dead letters", allowed["redrive_allow_policy"],
                           {"redrivePermission": "byQueue", "sourceQueueArns": [parts["aws_sqs_queue.queue"]["arn"]]})


@rule("buckets are closed, encrypted, reached over TLS only, and delete what is old")
def buckets(d):
    logs = {"logdelivery.elasticloadbalancing.amazonaws.com": {"s3:PutObject"}, "delivery.logs.amazonaws.com": {"s3:PutObject", "s3:GetBucketAcl"}}
    for one in d.all_of("aws_s3_bucket"):
        name, where = one.values["bucket"], one.address.rsplit(".", 2)[0]
        of = Values({other.kind: other.values for other in d.everything if other.address.rsplit(".", 2)[0] == where}, where)
        is_log = "traffic-logs" in one.values["bucket_prefix"]
        for kind in ("public_access_block", "server_side_encryption_configuration", "lifecycle_configuration", "policy"):
            yield from unequal(f"{name}: bucket of its {kind}", of.get(f"aws_s3_bucket_{kind}", {}).get("bucket"), one.values["id"])
        closed = dict.fromkeys(("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"), True)
        yield from same(name, of["aws_s3_bucket_public_access_block"], **closed)
        encryption = block(of["aws_s3_bucket_server_side_encryption_configuration"], "rule", "apply_server_side_encryption_by_default")
        yield from same(name, encryption, sse_algorithm="AES256")
        ageing = block(of["aws_s3_bucket_lifecycle_configuration"], "rule")
        days = d.variables["traffic_log_days"] if is_log else d.variables["inbox_retention_days"]
        yield from same(name, ageing, status="Enabled")
        yield from unequal(f"{name}: what expires", [[one["and"], one["tag"]] for one in ageing["filter"]], [[[], []]])
        yield from same(name, block(ageing, "expiration"), days=days)
        yield from same(name, block(ageing, "abort_incomplete_multipart_upload"), days_after_initiation=7)
        yield from same(name, one.values, force_destroy=not d.variables["deletion_protection"])
        statements = of["aws_s3_bucket_policy"]["policy"]["Statement"]
        first, rest = only(statements[:1], f"{name}: statements"), statements[1:]
        arn = one.values["arn"]
        yield from same(name, first, Effect="Deny", Principal="*", Action="s3:*", Resource=[arn, arn + "/*"], Condition={"Bool": {"aws:SecureTransport": "false"}})
        writers = {}
        for statement in rest:
            writers.setdefault(statement["Principal"]["Service"], set()).add(statement["Action"])
            yield from same(name, statement, Effect="Allow", Resource=arn + "/*" if statement["Action"] == "s3:PutObject" else arn)
            yield from unequal(f"{name}: writers of", list(statement["Condition"]["StringEquals"]), ["aws:SourceAccount"])
            yield from unequal(f"{name}: account of", statement["Condition"]["StringEquals"]["aws:SourceAccount"], account_of(d))
        yield from unequal(f"{name}: who else writes", writers, logs if is_log else {})
    wanted = {f"{d.environment}-{name}-failures-" for name in d.publishers} | ({f"{d.environment}-traffic-logs-"} if d.variables["traffic_log_days"] else set())
    yield from unequal("buckets", {values["bucket_prefix"] for values in d.of("aws_s3_bucket")}, wanted)


@rule("a container is what it says: this image, nobody in particular, nothing to write to, nobody may enter")
def containers(d):
    for name, parts in d.module("service").items():
        task, service = parts["aws_ecs_task_definition.service"], parts["aws_ecs_service.service"]
        container = only(task["container_definitions"], f"containers of {name}")
        yield from same(name, container, name=name, image=d.variables["images"][name], essential=True, user="10001:10001", readonlyRootFilesystem=True,
                        linuxParameters={"capabilities": {"drop": ["ALL"]}}, portMappings=[{"containerPort": port(d, name), "protocol": "tcp"}])
        yield from same(name, service, enable_execute_command=False)
        yield from same(name, task, network_mode="awsvpc", requires_compatibilities=["FARGATE"], family=f"{d.environment}-service-{name}",
                        cpu=str(d.variables["task_cpu"]), memory=str(d.variables["task_memory_mb"]))
        platform = {"operating_system_family": "LINUX", "cpu_architecture": d.variables["architecture"].upper()}
        yield from same(name, block(task, "runtime_platform"), **platform)
        logs = {"awslogs-group": f"/ecs/{d.environment}-service-{name}", "awslogs-region": d.region, "awslogs-stream-prefix": name}
        yield from same(name, container, logConfiguration={"logDriver": "awslogs", "options": logs})
        yield from same(name, block(service, "network_configuration"), assign_public_ip=False, security_groups=[group(d, f"service-{name}")])
    for values in d.of("aws_ecr_repository"):
        yield from same(values["name"], values, image_tag_mutability="IMMUTABLE", force_delete=not d.variables["deletion_protection"])
        yield from same(values["name"], block(values, "image_scanning_configuration"), scan_on_push=True)
    yield from unequal("repositories", {v["name"] for v in d.of("aws_ecr_repository")}, {f"{d.environment}-service-{name}" for name in d.publishers})


@rule("a firewall, where one is asked for, blocks whom it should and stands before the load balancer")
def firewall(d):
    limit, balancer = d.variables["waf_requests_per_minute"], d.only("aws_lb")
    lists = d.of("aws_wafv2_web_acl")
    yield from unequal("firewalls", len(lists), 0 if limit is None else 1)
    yield from unequal("what they stand before", [(one["resource_arn"], one["web_acl_arn"]) for one in d.of("aws_wafv2_web_acl_association")],
                       [(balancer["arn"], one["arn"]) for one in lists])
    for one in lists:
        yield from same("firewall", one, scope="REGIONAL")
        yield from unequal("firewall: who passes unless a rule blocks it", [len(a["allow"]) for a in one["default_action"]], [1])
        rules = {r["name"]: r for r in one["rule"]}
        yield from unequal("firewall: rules", set(rules), {"too-many-requests", "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"})
        yield from unequal("firewall: places", sorted(r["priority"] for r in one["rule"]), [1, 2, 3])
        for name, r in rules.items():
            statement = block(r, "statement")
            seen = block(r, "visibility_config")
            yield from same(name, seen, cloudwatch_metrics_enabled=True, sampled_requests_enabled=True, metric_name=f"{d.environment}-{name}")
            if name == "too-many-requests":
                yield from same(name, block(statement, "rate_based_statement"), limit=limit, aggregate_key_type="IP", evaluation_window_sec=60)
                yield from same(name, block(r, "action", "block", "custom_response"), response_code=429)
            else:
                yield from same(name, block(statement, "managed_rule_group_statement"), name=name, vendor_name="AWS")
                yield from unequal(f"{name}: overridden by", [len(a["none"]) for a in r["override_action"]], [1])
        yield from same("firewall", block(one, "visibility_config"), cloudwatch_metrics_enabled=True, sampled_requests_enabled=True)


# What must be on, and wired to the right thing


@rule("every message has its topic, and every consumer its queue on it, as the services say of themselves")
def topics_and_queues(d):
    fifo = d.variables["fifo"]
    published = {d.topic(topic) for service in d.wiring.values() for topic in service["publishes"]}
    by_name = {one["name"]: one for one in d.of("aws_sns_topic")}
    yield from unequal("topics", set(by_name), published | {f"{d.environment}-alarms"})
    for name in published & set(by_name):
        yield from same(name, by_name[name], kms_master_key_id="alias/aws/sns", fifo_topic=fifo or None)
        yield from same(name, by_name[name], **({"fifo_throughput_scope": "MessageGroup"} if fifo else {}))
    # CloudWatch cannot publish to a topic under the AWS managed key.
    yield from same("alarms", d.named("aws_sns_topic", name=f"{d.environment}-alarms"), kms_master_key_id=None, fifo_topic=None)
    yield from unequal("queues", set(d.module("subscription")), set(consumed(d)))
    for name, parts in d.module("subscription").items():
        queue, subscription = parts["aws_sqs_queue.queue"], parts["aws_sns_topic_subscription.queue"]
        yield from same(name, subscription, topic_arn=d.arn("aws_sns_topic", d.topic(consumed(d)[name])), protocol="sqs", endpoint=queue["arn"],
                        redrive_policy={"deadLetterTargetArn": parts["aws_sqs_queue.undelivered"]["arn"]},
                        raw_message_delivery=None, filter_policy=None)
        dead = {"deadLetterTargetArn": parts["aws_sqs_queue.dead_letters"]["arn"], "maxReceiveCount": d.facts["receives"]}
        yield from same(name, queue, name=d.queue(name), redrive_policy=dead)
        yield from same(name, queue, **({"deduplication_scope": "messageGroup", "fifo_throughput_limit": "perMessageGroupId"} if fifo else {}))
        yield from same(name, parts["aws_sqs_queue.dead_letters"], name=d.dead_letters(name))
        yield from same(name, parts["aws_sqs_queue.undelivered"], name=d.dead_letters(name, "undelivered"))
    for one in d.of("aws_sqs_queue"):
        # Of a schedule: EventBridge Scheduler knows no sequence.
        is_fifo = fifo and not re.search("-sweeper--|-consumer--", one["name"])
        yield from same(one["name"], one, sqs_managed_sse_enabled=True, fifo_queue=is_fifo or None, delay_seconds=None)


@rule("tables have the keys, index, stream and time to live that the programs use, and only what may be forgotten expires")
def tables(d):
    indexes, expires = d.facts["indexes"], {"inbox", "sent"}
    of_outbox = ("-outbox", *(["-sent"] if d.variables["sent_retention_days"] else []))
    wanted = {d.table(name, part) for name in d.wiring for part in ("", "-inbox", *(of_outbox if name in d.publishers else ()))}
    wanted |= {d.table(name, "-scheduled") for name in d.variables["scheduled"]}
    yield from unequal("tables", {one["name"] for one in d.of("aws_dynamodb_table")}, wanted)
    for one in d.of("aws_dynamodb_table"):
        name = one["name"]
        of, part = re.fullmatch(r"(\w+?)(?:-([a-z]+))?(?:-\d{8}t\d{6}z)?", name.removeprefix(d.environment + "-")).groups(default="")
        sorts, is_outbox = part in ("outbox", "sent"), part == "outbox"
        yield from same(name, one, billing_mode="PAY_PER_REQUEST", hash_key="PK", range_key="SK" if sorts else None, stream_enabled=is_outbox)
        yield from same(name, one, **({"stream_view_type": "KEYS_ONLY"} if is_outbox else {}), deletion_protection_enabled=d.variables["deletion_protection"])
        yield from unequal(f"{name}: what expires", [(t["attribute_name"], t["enabled"]) for t in one["ttl"]],
                           [(d.facts["time_to_live"], True)] if part in expires else [])
        recovery = [] if part == "sent" else [(True, d.variables["recovery_days"])]
        yield from unequal(f"{name}: recovery", [(r["enabled"], r["recovery_period_in_days"]) for r in one["point_in_time_recovery"]], recovery)
        yield from unequal(f"{name}: encryption", [e["enabled"] for e in one["server_side_encryption"]], [True])
        index = indexes.get(part or of)
        found = [(i["name"], i["projection_type"], {k["key_type"]: k["attribute_name"] for k in i["key_schema"]}) for i in one["global_secondary_index"]]
        yield from unequal(f"{name}: index", found, [(index[0], "KEYS_ONLY", {"HASH": index[1], "RANGE": index[2]})] if index else [])
        keys = {"PK", *(["SK"] if sorts else []), *(index[1:] if index else [])}
        yield from unequal(f"{name}: attributes", {(a["name"], a["type"]) for a in one["attribute"]}, {(key, "S") for key in keys})


@rule("every program is told of its own tables, topics and queues, of nothing that it does not read, and of everything it needs")
def variables(d):
    given, v = {}, d.variables
    both = {"ENVIRONMENT": d.environment, "MESSAGING_FIFO": str(v["fifo"]).lower()} | ({"RUST_LOG": v["log_filter"]} if v["log_filter"] else {})
    release = {"RELEASE": v["release"]} if v["release"] else {}
    jwt = v["jwt"] if v["jwt"] and v["jwt"].get("keys") else None
    auth = {"AUTH": "jwt", "JWT_ISSUER": jwt["issuer"], "JWT_AUDIENCE": jwt["audience"], "JWT_JWKS": json.loads(jwt["keys"])} if jwt else {"AUTH": "off"}
    for name, parts in d.module("service").items():
        given[name] = (variables_of(parts), d.facts["variables"][name], both | release | auth | {
            "AWS_REGION": d.region, "AWS_SNS_TOPIC_PREFIX": d.environment + "-", "AWS_SQS_QUEUE_NAME_PREFIX": d.environment + "-", "PORT": "9700",
            f"DYNAMODB_{name.upper()}_TABLE_NAME": d.table(name), "DYNAMODB_INBOX_TABLE_NAME": d.table(name, "-inbox"),
            "DYNAMODB_OUTBOX_TABLE_NAME": d.table(name, "-outbox"), "INBOX_RETENTION_DAYS": str(v["inbox_retention_days"]),
        } | ({"ORDER_TIMEOUT_SECONDS": str(v["order_timeout_seconds"])} if name == "orders" else {}))
    prefix = d.named("aws_sns_topic", name=f"{d.environment}-alarms")["arn"].removesuffix("alarms")
    for module, part in (("outbox", "relay"), ("sweeper", "sweeper")):
        for name, parts in d.module(module).items():
            sent = {"SENT_TABLE_NAME": f"{d.environment}-{name}-sent", "SENT_RETENTION_DAYS": str(v["sent_retention_days"])}
            later = {"SCHEDULED_TABLE_NAME": d.table(name, "-scheduled")}
            told = block(parts[f"aws_lambda_function.{part}"], "environment").get("variables", {})
            given[f"{part} of {name}"] = ({**told, "AWS_REGION": d.region}, d.facts["variables"]["relay"], both | {
                "AWS_REGION": d.region, "AWS_SNS_TOPIC_ARN_PREFIX": prefix, "TENANT_FIELD": "customer_id", "DYNAMODB_OUTBOX_TABLE_NAME": d.table(name, "-outbox"),
            } | (sent if v["sent_retention_days"] else {}) | (later if part == "sweeper" and name in v["scheduled"] else {}))
    for name, parts in d.module("consumer").items():
        told = block(parts["aws_lambda_function.consumer"], "environment").get("variables", {})
        given[f"function of {name}"] = ({**told, "AWS_REGION": d.region}, d.facts["variables"][name], both | {
            "AWS_REGION": d.region, "AWS_SQS_QUEUE_NAME_PREFIX": d.environment + "-", "INBOX_RETENTION_DAYS": str(v["inbox_retention_days"]),
            f"DYNAMODB_{name.upper()}_TABLE_NAME": d.table(name), "DYNAMODB_INBOX_TABLE_NAME": d.table(name, "-inbox"),
            "FUNCTION_TIMEOUT_SECONDS": str(parts["aws_lambda_function.consumer"]["timeout"]), "MAIL_FROM": v["mail_from"], "MAIL_IN_DOUBT": v["mail_in_doubt"],
        })
    for name, (told, (read, required), wanted) in given.items():
        yield from unequal(f"variables of {name}", told, wanted)
        yield from (f"{name}: {variable} is set and never read" for variable in sorted(set(told) - read))
        yield from (f"{name}: {variable} is required and not set" for variable in sorted(required - set(told)))


@rule("the relay is woken for every new message, from the first on, and what fails comes again, a bounded number of times, or is kept")
def relay(d):
    yield from unequal("relays", set(d.module("outbox")), set(d.publishers))
    for name, parts in d.module("outbox").items():
        mapping, alias, function = (parts[one] for one in ("aws_lambda_event_source_mapping.stream", "aws_lambda_alias.live", "aws_lambda_function.relay"))
        outbox = d.named("aws_dynamodb_table", name=d.table(name, "-outbox"))
        failures = d.named("aws_s3_bucket", bucket_prefix=f"{d.environment}-{name}-failures-")["arn"]
        yield from same(name, mapping, event_source_arn=outbox["stream_arn"], function_name=alias["arn"], starting_position="TRIM_HORIZON", enabled=not d.variables["stopped"],
                        function_response_types=["ReportBatchItemFailures"], bisect_batch_on_function_error=True, maximum_batching_window_in_seconds=0)
        yield from within(f"{name}: batch size", mapping["batch_size"], 50, 500)
        yield from within(f"{name}: batches at once", mapping["parallelization_factor"], 1, 5)
        yield from within(f"{name}: attempts", mapping["maximum_retry_attempts"], 5, 20)
        pattern = {"eventName": ["INSERT"], "dynamodb": {"Keys": {"PK": {"S": [{"prefix": d.facts["subjects"]}]}}}}
        yield from unequal(f"{name}: what wakes it", [one["pattern"] for one in block(mapping, "filter_criteria").get("filter", [])], [pattern])
        yield from same(name, block(mapping, "destination_config", "on_failure"), destination_arn=failures)
        yield from unequal(f"{name}: metrics", block(mapping, "metrics_config").get("metrics"), ["EventCount"])
        yield from called_version(d, name, alias, function)


def called_version(d, name, alias, function):
    """The alias calls what somebody chose, or else the newest."""
    pinned = d.variables["function_versions"].get(name)
    share = d.variables["newest_function_share"]
    yield from same(name, alias, function_name=function["function_name"], function_version=pinned or function["version"], name="live")
    weights = [one["additional_version_weights"] for one in alias["routing_config"]]
    yield from unequal(f"{name}: share of the newest", weights, [{function["version"]: share}] if pinned and share else [])


@rule("a function is called for each message of its queues, a bounded number of times at once, and says which must come again before their queues show them")
def consumers(d):
    yield from unequal("functions behind queues", set(d.module("consumer")), set(d.functions))
    for name, parts in d.module("consumer").items():
        function, alias = parts["aws_lambda_function.consumer"], parts["aws_lambda_alias.live"]
        yield from called_version(d, name, alias, function)
        queues = [d.module("subscription")[one["queue"]]["aws_sqs_queue.queue"] for one in d.wiring[name]["consumes"]]
        mappings = [values for part, values in parts.items() if part.startswith("aws_lambda_event_source_mapping.")]
        yield from unequal(f"{name}: queues", sorted(m["event_source_arn"] for m in mappings), sorted(queue["arn"] for queue in queues))
        for mapping in mappings:
            yield from same(name, mapping, function_name=alias["arn"], function_response_types=["ReportBatchItemFailures"], enabled=not d.variables["stopped"],
                            filter_criteria=[], maximum_batching_window_in_seconds=None)
            yield from within(f"{name}: batch size", mapping["batch_size"], 5, 10)
            yield from within(f"{name}: batches at once", block(mapping, "scaling_config").get("maximum_concurrency"), 2, 10)
        for queue in queues:
            if queue["visibility_timeout_seconds"] < 6 * function["timeout"]:
                yield f"{queue['name']} shows a message again after {queue['visibility_timeout_seconds']} s, and must hide it for six times the {function['timeout']} s of {name}"


@rule("a function is called every minute for what is due, and runs that could not start are kept")
def due(d):
    for name, parts in d.module("consumer").items():
        yield from started(d, name, parts, "aws_scheduler_schedule.due", "rate(1 minute)", parts["aws_lambda_alias.live"]["arn"], {"send": {}}, 1)
        yield from same(name, parts["aws_sqs_queue.missed"], name=f"{d.environment}-consumer--{name}--dlq")


@rule("mails are sent in the name of one address, by the function that is told it, and by nobody else")
def mails(d):
    address, owner = d.variables["mail_from"], f"{d.region}:{account_of(d)}"
    identities = [f"arn:aws:ses:{owner}:identity/{one}" for one in (address, address.split("@")[1])]
    found = []
    for one in d.all_of("aws_iam_role_policy"):
        found += [(one.address, s) for s in one.values["policy"]["Statement"] if any(a.startswith("ses:") for a in policies.listed(s["Action"]))]
    yield from unequal("roles that may send mails", [who for who, _ in found], [f'module.consumer["{name}"].aws_iam_role_policy.consumer' for name in d.functions])
    for who, statement in found:
        yield from same(who, statement, Effect="Allow", Action="ses:SendEmail", Resource=identities, Condition={"StringEquals": {"ses:FromAddress": address}})


@rule("the sweeper runs on its schedule, is told what is old, and runs that could not start are kept")
def sweeper(d):
    yield from unequal("sweepers", set(d.module("sweeper")), set(d.publishers))
    for name, parts in d.module("sweeper").items():
        event = {"sweep": {"older_than_seconds": 300}}
        yield from started(d, name, parts, "aws_scheduler_schedule.sweep", "rate(5 minutes)", parts["aws_lambda_function.sweeper"]["arn"], event, 3)
        yield from same(name, parts["aws_sqs_queue.missed"], name=f"{d.environment}-outbox-sweeper--{name}--dlq")


def started(d, name, parts, part, rate, function, event, attempts):
    """A schedule that is on until everything is stopped, and keeps what it could not hand over."""
    schedule = parts[part]
    yield from same(name, schedule, schedule_expression=rate, state=switched(d), start_date=None, end_date=None)
    yield from same(name, block(schedule, "flexible_time_window"), mode="OFF")
    target = block(schedule, "target")
    yield from same(name, target, arn=function, input=event)
    yield from same(name, block(target, "dead_letter_config"), arn=parts["aws_sqs_queue.missed"]["arn"])
    yield from same(name, block(target, "retry_policy"), maximum_retry_attempts=attempts)


def switched(d):
    return "DISABLED" if d.variables["stopped"] else "ENABLED"


# What stands between environment and service in the name of each module's function.
NAMED = {"outbox": "outbox-dynamodb-streams", "sweeper": "outbox-sweeper", "consumer": "consumer"}


@rule("each function is the program that was built for it, for the processor it was built for, and may run whenever it is called")
def functions(d):
    for module, part in PROGRAMS_OF_MODULES.items():
        program = "notifications" if module == "consumer" else "relay"
        for name, parts in d.module(module).items():
            function = parts[f"aws_lambda_function.{part}"]
            own = f"{d.environment}-{NAMED[module]}--{name}"
            yield from same(own, function, function_name=own, runtime="provided.al2023", handler="bootstrap", architectures=[d.variables["architecture"]],
                            memory_size=d.variables[f"{program}_memory_mb"], filename=d.variables[f"{program}_zip"], dead_letter_config=[])
            yield from unequal(f"{own}: hash of its zip", function["source_code_hash"], hash_of(d.variables[f"{program}_zip"]))
            if function["reserved_concurrent_executions"] not in (None, -1):
                yield f"{own} may not run whenever it is called"
            yield from unequal(f"{own}: its log", parts[f"aws_cloudwatch_log_group.{part}"]["name"], f"/aws/lambda/{own}")
    for module in ("outbox", "consumer"):
        kept = {parts[f"aws_lambda_function.{PROGRAMS_OF_MODULES[module]}"]["publish"] for parts in d.module(module).values()}
        yield from unequal(f"{module}: functions that keep their versions", kept, {True})


LIVE = pathlib.Path(__file__).resolve().parents[2] / "terraform/live"


def hash_of(file):
    return base64.b64encode(hashlib.sha256((LIVE / file).read_bytes()).digest()).decode()


@rule("a service runs its own tasks, is reached at its own port, is asked for its health, and a version that does not start does no harm")
def services(d):
    yield from unequal("services", set(d.module("service")), set(d.publishers))
    cluster = d.only("aws_ecs_cluster")
    yield from same("the cluster", cluster, name=d.environment)
    yield from unequal("the cluster: settings", [(s["name"], s["value"]) for s in cluster["setting"]], [("containerInsights", "enabled")])
    for name, parts in d.module("service").items():
        service, target = parts["aws_ecs_service.service"], parts["aws_lb_target_group.service"]
        yield from same(name, service, name=f"service-{name}", cluster=cluster["arn"], task_definition=parts["aws_ecs_task_definition.service"]["arn"],
                        launch_type="FARGATE", desired_count=d.variables["min_tasks"], deployment_minimum_healthy_percent=100,
                        deployment_maximum_percent=200, propagate_tags="SERVICE")
        yield from same(name, block(service, "deployment_circuit_breaker"), enable=True, rollback=True)
        yield from same(name, block(service, "load_balancer"), target_group_arn=target["arn"], container_name=name, container_port=port(d, name))
        yield from same(name, target, name=f"{d.environment}-{name}", vpc_id=d.only("aws_vpc")["id"], target_type="ip", protocol="HTTP", port=port(d, name))
        yield from same(name, block(target, "health_check"), path=f"/{name}/health", matcher="200", healthy_threshold=2, unhealthy_threshold=3)
    balancer = d.only("aws_lb")
    yield from same("the load balancer", balancer, load_balancer_type="application", internal=False, drop_invalid_header_fields=True,
                    security_groups=[group(d, "alb")], enable_deletion_protection=d.variables["deletion_protection"])


@rule("there are more tasks when processors or queues ask for it, and never more than the limit")
def scaling(d):
    for name, parts in d.module("service").items():
        target, cpu, queues = (parts[f"aws_appautoscaling_{one}"] for one in ("target.service", "policy.cpu", "policy.queues"))
        where = {"service_namespace": "ecs", "scalable_dimension": "ecs:service:DesiredCount", "resource_id": f"service/{d.environment}/service-{name}"}
        for one in (target, cpu, queues):
            yield from same(name, one, **where)
        least, most = (0, 0) if d.variables["stopped"] else (d.variables["min_tasks"], d.variables["max_tasks"])
        yield from same(name, target, min_capacity=least, max_capacity=most)
        for one, low, high in ((cpu, 40, 80), (queues, 30, 300)):
            tracking = block(one, "target_tracking_scaling_policy_configuration")
            yield from same(name, one, policy_type="TargetTrackingScaling")
            yield from same(name, tracking, scale_in_cooldown=300, scale_out_cooldown=60, disable_scale_in=None)
            yield from within(f"{name}: target of {one['name']}", tracking.get("target_value"), low, high)
        tracked = block(cpu, "target_tracking_scaling_policy_configuration", "predefined_metric_specification")
        yield from same(name, tracked, predefined_metric_type="ECSServiceAverageCPUUtilization")
        metrics = block(queues, "target_tracking_scaling_policy_configuration", "customized_metric_specification").get("metrics", [])
        ages = {m["id"]: block(m, "metric_stat") for m in metrics if m["metric_stat"]}
        own = {d.queue(one["queue"]) for one in d.wiring[name]["consumes"]}
        watched = {(block(s, "metric")["namespace"], block(s, "metric")["metric_name"], s["stat"], *(tuple(x.values()) for x in block(s, "metric")["dimensions"])) for s in ages.values()}
        yield from unequal(f"{name}: queues that ask for tasks", watched, {("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", ("QueueName", queue)) for queue in own})
        results = [(m["id"], m["expression"]) for m in metrics if m["return_data"]]
        yield from unequal(f"{name}: what is compared", results, [("oldest", f"MAX([{', '.join(sorted(ages))}])")])


# Which alarm watches which thing, and can ring

# Namespace, metric, statistic, comparison, what silence means, the highest threshold, and within how many minutes somebody must hear of it.
UP, DOWN = "GreaterThanThreshold", "LessThanThreshold"
BY_QUEUE = ("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"Sum", "Maximum"}, UP, "notBreaching", 0, 10)
WATCHED = {
    "dead letters": BY_QUEUE,
    "waiting": ("AWS/SQS", "ApproximateAgeOfOldestMessage", {"Maximum"}, UP, "notBreaching", 900, 10),
    "behind": ("AWS/Lambda", "IteratorAge", {"Maximum"}, UP, "notBreaching", 900_000, 15),
    "crashes": ("AWS/Lambda", "Errors", {"Sum"}, UP, "notBreaching", 0, 15),
    "throttled": ("AWS/Lambda", "Throttles", {"Sum"}, UP, "notBreaching", 0, 20),
    "not running": ("AWS/Lambda", "Invocations", {"Sum"}, DOWN, "breaching", 1, 20),
    "failing": ("AWS/Lambda", "FailedInvokeEventCount", {"Sum"}, UP, "notBreaching", 0, 20),
    "given up": ("AWS/Lambda", "OnFailureDestinationDeliveredEventCount", {"Sum"}, UP, "notBreaching", 0, 5),
    "dropped": ("AWS/Lambda", "DroppedEventCount", {"Sum"}, UP, "notBreaching", 0, 5),
    "unhealthy": ("AWS/ApplicationELB", "HealthyHostCount", {"Minimum"}, DOWN, "breaching", 1, 5),
    "errors": ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", {"Sum"}, UP, "notBreaching", 20, 5),
    "own errors": ("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", {"Sum"}, UP, "notBreaching", 20, 5),
    "lines": ("ours", None, {"Sum"}, UP, "notBreaching", 0, 5),
    "old messages": ("ours", None, {"Sum"}, UP, "notBreaching", 0, 15),
    "silence": ("ours", None, {"Sum"}, DOWN, "breaching", 1, 10),
    "backups that failed": ("AWS/Backup", "NumberOfBackupJobsFailed", {"Sum"}, UP, "notBreaching", 0, 10),
    "backups that never began": ("AWS/Backup", "NumberOfBackupJobsExpired", {"Sum"}, UP, "notBreaching", 0, 10),
}


# Events of functions that ring when they go on, by the metric that counts them.
LASTING = {"mails-not-taken": "mail_not_taken", "mails-without-answer": "mail_not_answered"}


def watched_things(d):
    """Every thing that must be watched: what of it, its dimensions, and which metric of ours where lines are counted."""
    ours, balancer = f"TransactionalMessaging/{d.environment}", d.only("aws_lb")["arn_suffix"]
    for name in consumed(d):
        yield "dead letters", {"QueueName": d.dead_letters(name)}, None
        yield "dead letters", {"QueueName": d.dead_letters(name, "undelivered")}, None
        yield "waiting", {"QueueName": d.queue(name)}, None
    for name in d.publishers:
        relay = {"FunctionName": f"{d.environment}-outbox-dynamodb-streams--{name}"}
        mapping = {"EventSourceMappingUUID": d.module("outbox")[name]["aws_lambda_event_source_mapping.stream"]["uuid"]}
        sweeper = {"FunctionName": f"{d.environment}-outbox-sweeper--{name}"}
        target = {"LoadBalancer": balancer, "TargetGroup": d.module("service")[name]["aws_lb_target_group.service"]["arn_suffix"]}
        yield from (("behind", relay, None), ("crashes", relay, None), ("throttled", relay, None), ("crashes", sweeper, None), ("not running", sweeper, None))
        yield from (("failing", mapping, None), ("given up", mapping, None), ("dropped", mapping, None))
        yield "dead letters", {"QueueName": sweeper["FunctionName"] + "--dlq"}, None
        yield from (("unhealthy", target, None), ("errors", target, None))
        for metric in ("subjects-parked", "relay-error-lines", "sweeper-error-lines", "service-error-lines"):
            yield "lines", None, (ours, f"{name}-{metric}")
        yield "old messages", None, (ours, f"{name}-sweeps-with-pending-messages")
    for name in d.functions:
        function = {"FunctionName": f"{d.environment}-consumer--{name}"}
        yield from (("crashes", function, None), ("throttled", function, None), ("not running", function, None))
        yield "dead letters", {"QueueName": function["FunctionName"] + "--dlq"}, None
        yield "lines", None, (ours, f"{name}-function-error-lines")
        yield from (("old messages", None, (ours, f"{name}-{metric}")) for metric in LASTING)
    yield "own errors", {"LoadBalancer": balancer}, None
    if d.variables["backups"] is not None:
        vault = {"BackupVaultName": f"{d.environment}-tables"}
        yield from (("backups that failed", vault, None), ("backups that never began", vault, None))
    if d.variables["canary"] is not None:
        yield "silence", None, (ours, "orders-decided")


@rule("every thing that can go wrong has its alarm, every alarm can ring, and rings in time")
def alarms(d):
    topic = d.arn("aws_sns_topic", f"{d.environment}-alarms")
    found = {}
    for one in d.of("aws_cloudwatch_metric_alarm"):
        found.setdefault((one["namespace"], one["metric_name"], *sorted((one["dimensions"] or {}).items())), []).append(one)
    wanted = set()
    for what, dimensions, own in watched_things(d):
        namespace, metric, statistics, comparison, silence, threshold, minutes = WATCHED[what]
        key = (*(own or (namespace, metric)), *sorted((dimensions or {}).items()))
        wanted.add(key)
        for alarm in found.get(key, []):
            name = alarm["alarm_name"]
            yield from same(name, alarm, comparison_operator=comparison, treat_missing_data=silence, alarm_actions=[topic], ok_actions=[topic],
                            actions_enabled=None, datapoints_to_alarm=None, unit=None)
            if alarm["statistic"] not in statistics:
                yield f"{name} looks at the {alarm['statistic']} of its metric"
            # One that looks for silence must not ring for the number that is normal.
            yield from within(f"{name}: threshold", alarm["threshold"], 1 if comparison == DOWN else 0, threshold)
            yield from within(f"{name}: minutes until it rings", alarm["period"] * (alarm["evaluation_periods"] or 0) / 60, 1, minutes)
            if alarm["period"] not in (60, 300):
                yield f"{name} looks every {alarm['period']} s, and the metric comes every minute"
            if what in ("waiting", "behind") and alarm["threshold"] < (300 if what == "waiting" else 300_000):
                yield f"{name} rings before anything is wrong"
    for key in sorted(wanted ^ set(found), key=str):
        yield f"{'nobody watches' if key in wanted else 'an alarm watches what does not exist or need watching:'} {' '.join(str(part) for part in key)}"
    names = [one["alarm_name"] for one in d.of("aws_cloudwatch_metric_alarm")]
    yield from unequal("alarms of one name", len(names), len(set(names)))


# Events that ring by another alarm than the one on error lines, and that are left out of it.
RING_ELSEWHERE = {"relay": "subject_parked", "sweeper": "subject_parked", "service": "message_moved_to_dead_letter_queue"}


@rule("lines that alarms count are logged under these names by the program whose log is read, and every error rings once")
def counted_lines(d):
    namespace, wanted = f"TransactionalMessaging/{d.environment}", set()
    groups = {"relay": "/aws/lambda/{}-outbox-dynamodb-streams--{}", "sweeper": "/aws/lambda/{}-outbox-sweeper--{}", "service": "/ecs/{}-service-{}"}
    for name in d.functions:
        log = f"/aws/lambda/{d.environment}-consumer--{name}"
        wanted.add((log, f'{{ ($.level = "error") && ($.event != "{RING_ELSEWHERE["service"]}") }}', f"{name}-function-error-lines"))
        wanted |= {(log, f'{{ $.event = "{event}" }}', f"{name}-{metric}") for metric, event in LASTING.items()}
    for name in d.publishers:
        for program, group_name in groups.items():
            log, elsewhere = group_name.format(d.environment, name), RING_ELSEWHERE[program]
            wanted.add((log, f'{{ ($.level = "error") && ($.event != "{elsewhere}") }}', f"{name}-{program}-error-lines"))
            if program != "service":
                wanted.add((log, '{ $.event = "subject_parked" }', f"{name}-subjects-parked"))
        wanted.add((groups["sweeper"].format(d.environment, name), '{ $.event = "sweeper_found_pending_messages" }', f"{name}-sweeps-with-pending-messages"))
    if d.variables["canary"] is not None:
        wanted.add((groups["service"].format(d.environment, "orders"), '{ $.event = "order_decided" }', "orders-decided"))
    found = set()
    for one in d.of("aws_cloudwatch_log_metric_filter"):
        metric = block(one, "metric_transformation")
        yield from same(one["name"], metric, namespace=namespace, value="1", default_value=None)
        found.add((one["log_group_name"], one["pattern"], metric.get("name")))
        for comparison, event in re.findall(r'\$\.event (!?=) "([^"]+)"', one["pattern"]):
            levels = d.facts["events"].get(event, set())
            if not levels or (comparison == "!=" and "error" not in levels):
                yield f"no program logs {event}{' as an error' if levels else ''}, which {one['name']} names"
    yield from (f"lines that are {'not ' if one in wanted else ''}counted: {one}" for one in sorted(wanted ^ found, key=str))
    yield from (f"{event} is no identifier, so no filter finds it" for event in d.facts["events"] if not re.fullmatch(r"[a-z0-9_]+", event))


@rule("alarms reach those who asked for them, and nobody but AWS's own services for this account publishes them")
def heard(d):
    topic = d.arn("aws_sns_topic", f"{d.environment}-alarms")
    by_mail = [one for one in d.of("aws_sns_topic_subscription") if one["protocol"] != "sqs"]
    yield from unequal("who hears alarms", {(one["topic_arn"], one["protocol"], one["endpoint"]) for one in by_mail},
                       {(topic, "email", address) for address in d.variables["alarm_emails"]})
    policy = d.only("aws_sns_topic_policy")
    statement = only(policy["policy"]["Statement"], "statements of a policy")
    budget = d.variables["monthly_budget_dollars"]
    yield from same("alarms", policy, arn=topic)
    publishers = ["cloudwatch.amazonaws.com"] + (["budgets.amazonaws.com"] if budget else [])
    yield from same("alarms", statement, Effect="Allow", Action="sns:Publish", Resource=topic, Principal={"Service": publishers},
                    Condition={"StringEquals": {"aws:SourceAccount": topic.split(":")[4]}})
    yield from unequal("budgets", [one["limit_amount"] for one in d.of("aws_budgets_budget")], [str(budget)] if budget else [])
    for one in d.of("aws_budgets_budget"):
        yield from same("the budget", one, budget_type="COST", limit_unit="USD", time_unit="MONTHLY", cost_filter=[])
        notices = {(n["notification_type"], n["comparison_operator"], n["threshold"], n["threshold_type"], *n["subscriber_sns_topic_arns"]) for n in one["notification"]}
        yield from unequal("the budget: when it tells", notices, {(kind, "GREATER_THAN", at, "PERCENTAGE", topic) for kind, at in (("ACTUAL", 80), ("FORECASTED", 100))})


@rule("the canary, where there is one, places an order every minute where customers do, as somebody who may")
def canary(d):
    on, jwt = d.variables["canary"] is not None, d.variables["jwt"]
    kinds = ("connection", "api_destination", "rule", "target")
    parts = {kind: d.of(f"aws_cloudwatch_event_{kind}") for kind in kinds}
    yield from unequal("parts of the canary", [len(parts[kind]) for kind in kinds], [int(on)] * 4)
    if not on or any(len(parts[kind]) != 1 for kind in kinds):
        return
    connection, destination, schedule, target = (parts[kind][0] for kind in kinds)
    yield from same("canary", destination, connection_arn=connection["arn"], http_method="POST", invocation_rate_limit_per_second=1,
                    invocation_endpoint=f"https://{d.variables['domain_name']}/orders")
    yield from same("canary", schedule, schedule_expression="rate(1 minute)", state=switched(d), is_enabled=None)
    yield from same("canary", target, rule=schedule["name"], arn=destination["arn"], input={"customer_id": "00000000-0000-4000-8000-000000000000", "order_total": 1})
    yield from same("canary", block(target, "retry_policy"), maximum_event_age_in_seconds=60, maximum_retry_attempts=0)
    yield from same("canary", connection, authorization_type="OAUTH_CLIENT_CREDENTIALS" if jwt else "API_KEY")
    if jwt:
        oauth = block(connection, "auth_parameters", "oauth")
        yield from same("canary", oauth, authorization_endpoint=d.variables["canary"]["token_endpoint"], http_method="POST")
        yield from same("canary", block(oauth, "client_parameters"), client_id=d.variables["canary"]["client_id"], client_secret=d.variables["canary_client_secret"])
        sent = [(one["key"], one["value"]) for one in block(oauth, "oauth_http_parameters").get("body", [])]
        yield from unequal("canary: asks for", sent, [("grant_type", "client_credentials"), ("scope", jwt["scope"] + (" orders:write" if jwt.get("keys") else ""))])
    else:
        yield from unequal("canary: keys", len(block(connection, "auth_parameters").get("api_key", [])), 1)


@rule("the dashboard shows what exists, in this region, and every graph shows something")
def dashboard(d):
    names = {"QueueName": d.of("aws_sqs_queue"), "FunctionName": d.of("aws_lambda_function"), "LoadBalancer": d.of("aws_lb"), "ClusterName": d.of("aws_ecs_cluster"), "ServiceName": d.of("aws_ecs_service")}
    known = {dimension: {one.get("function_name") or one.get("arn_suffix") or one["name"] for one in of} for dimension, of in names.items()}
    shown, lines = set(), {}
    board = d.only("aws_cloudwatch_dashboard")
    yield from same("the dashboard", board, dashboard_name=d.environment)
    places = [(w["x"], w["y"], w["width"], w["height"]) for w in board["dashboard_body"]["widgets"]]
    yield from unequal("places of graphs", places, [(place % 2 * 12, place // 2 * 6, 12, 6) for place in range(len(places))])
    made = (pathlib.Path(__file__).parents[2] / "terraform/dashboards/cloudwatch.json").read_text().replace("ENVIRONMENT", d.environment)
    made = {one["title"]: one["expression"] for one in json.loads(made)}
    counted = []
    for widget in board["dashboard_body"]["widgets"]:
        properties = widget["properties"]
        yield from same(properties["title"], properties, region=d.region, view="timeSeries", period=60)
        yield from unequal(f"{properties['title']}: type", widget["type"], "metric")
        lines_of, stat = properties.get("metrics") or [], properties.get("stat")
        # What the programs count is found by an expression.
        if properties["title"] in made or any(isinstance(one, dict) for line in lines_of for one in line):
            counted.append((properties["title"], stat, lines_of))
            continue
        for line in lines_of:
            namespace, metric, dimensions = *(line + [None, None])[:2], line[2:]
            shown.add((namespace, metric, stat))
            yield from unequal(f"{metric}: dimensions", dimensions[:-1:2], DIMENSIONS.get(namespace))
            lines.setdefault(metric, set()).update(dimensions[-1:])
            yield from (f"{metric} of {name} is shown, and there is none" for kind, name in zip(dimensions[::2], dimensions[1::2]) if name not in known.get(kind, set()))
        yield from unequal(f"{properties['title']}: lines", len({str(one) for one in lines_of}), len(lines_of) or 1)
    yield from unequal("what is shown", shown, SHOWN)
    yield from unequal("what the programs count", counted, [(title, "Sum", [[{"expression": expression}]]) for title, expression in made.items()])
    every = {
        "ApproximateAgeOfOldestMessage": {d.queue(name) for name in consumed(d)}, "ApproximateNumberOfMessagesVisible": {d.dead_letters(name) for name in consumed(d)},
        "IteratorAge": {f"{d.environment}-outbox-dynamodb-streams--{name}" for name in d.publishers}, "CPUUtilization": {f"service-{name}" for name in d.publishers},
    }
    for metric, things in every.items():
        yield from unequal(f"{metric}: shown for", lines.get(metric), things)


DIMENSIONS = {"AWS/ApplicationELB": ["LoadBalancer"], "AWS/SQS": ["QueueName"], "AWS/Lambda": ["FunctionName"], "AWS/ECS": ["ClusterName", "ServiceName"]}

SHOWN = {
    ("AWS/ApplicationELB", "RequestCount", "Sum"), ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum"), ("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "Sum"),
    ("AWS/ApplicationELB", "TargetResponseTime", "p99"), ("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum"),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum"), ("AWS/Lambda", "IteratorAge", "Maximum"), ("AWS/ECS", "CPUUtilization", "Average"),
}


# What must be there when everything else is gone


@rule("copies of every table that need come back, where they are wanted, are made on time by a role of their own, kept long enough, and not longer")
def backups(d):
    wanted = d.variables["backups"]
    kinds = {kind: d.of(f"aws_backup_{kind}") for kind in ("vault", "plan", "selection", "vault_lock_configuration")}
    lock = (wanted or {}).get("lock_after_days")
    counts = {"vault": int(wanted is not None), "plan": int(wanted is not None), "selection": int(wanted is not None), "vault_lock_configuration": int(lock is not None)}
    yield from unequal("parts of the backups", {kind: len(found) for kind, found in kinds.items()}, counts)
    if wanted is None or any(len(kinds[kind]) != 1 for kind in ("vault", "plan", "selection")):
        return
    (vault,), (plan,), (selection,) = kinds["vault"], kinds["plan"], kinds["selection"]
    yield from same("the vault", vault, name=f"{d.environment}-tables", force_destroy=not d.variables["deletion_protection"])
    made = only(plan["rule"], "rules of the plan")
    yield from same("the plan", made, target_vault_name=vault["name"], schedule=wanted.get("schedule", "cron(0 3 * * ? *)"), schedule_expression_timezone=None,
                    start_window=60, completion_window=720, enable_continuous_backup=None, copy_action=[], target_logically_air_gapped_backup_vault_arn=None)
    yield from same("the plan", block(made, "lifecycle"), delete_after=wanted["days"], cold_storage_after=None)
    yield from same("the selection", selection, plan_id=plan["id"], condition=[], selection_tag=[])
    tables = {one["arn"] for one in d.of("aws_dynamodb_table") if one["point_in_time_recovery"]}
    yield from unequal("tables that are copied", set(selection["resources"]), tables)
    yield from unequal("role of the copies", selection["iam_role_arn"], d.named("aws_iam_role", name=f"role-{d.environment}-backups").get("arn"))
    allowed = {s["Sid"]: set(policies.listed(s["Resource"])) for s in d.named("aws_iam_role_policy", name="backups")["policy"]["Statement"]}
    yield from unequal("what the role copies", allowed.get("CopyTables"), tables)
    yield from unequal("what the role deletes", allowed.get("DeleteWhatIsOver"), {f"{arn}/backup/*" for arn in tables})
    for one in kinds["vault_lock_configuration"]:
        yield from same("the lock", one, backup_vault_name=vault["name"], min_retention_days=wanted["days"], max_retention_days=None, changeable_for_days=lock or None)


# What may not grow without a limit


@rule("logs are kept as long as somebody chose, images as many as one may go back to, tasks are bounded")
def growth(d):
    wanted = {f"/aws/lambda/{d.environment}-outbox-{part}--{name}" for name in d.publishers for part in ("dynamodb-streams", "sweeper")}
    wanted |= {f"/aws/lambda/{d.environment}-consumer--{name}" for name in d.functions}
    wanted |= {f"/ecs/{d.environment}-service-{name}" for name in d.publishers}
    yield from unequal("logs", {one["name"] for one in d.of("aws_cloudwatch_log_group")}, wanted)
    for one in d.of("aws_cloudwatch_log_group"):
        yield from same(one["name"], one, retention_in_days=d.variables["log_retention_days"])
    policies_of = {one["repository"]: one["policy"] for one in d.of("aws_ecr_lifecycle_policy")}
    yield from unequal("repositories that forget old images", set(policies_of), {one["name"] for one in d.of("aws_ecr_repository")})
    for name, policy in policies_of.items():
        one = only(policy["rules"], f"{name}: rules")
        yield from same(name, one, rulePriority=1, selection={"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": d.variables["images_kept"]}, action={"type": "expire"})
    yield from within("most tasks", max(one["max_capacity"] for one in d.of("aws_appautoscaling_target")), 0 if d.variables["stopped"] else 2, 50)


@rule("network and load balancer write their logs, where they are wanted, into the bucket that deletes them")
def traffic_logs(d):
    on = d.variables["traffic_log_days"] > 0
    bucket = next((one for one in d.of("aws_s3_bucket") if "traffic-logs" in one["bucket_prefix"]), {})
    logs = [(one["bucket"], one["enabled"], one["prefix"]) for one in d.only("aws_lb")["access_logs"]]
    yield from unequal("logs of the load balancer", logs, [(bucket.get("bucket"), True, None)] if on else [])
    yield from unequal("logs of the network", len(d.of("aws_flow_log")), int(on))
    for one in d.of("aws_flow_log"):
        yield from same("logs of the network", one, vpc_id=d.only("aws_vpc")["id"], traffic_type="ALL", log_destination_type="s3",
                        log_destination=bucket.get("arn"), max_aggregation_interval=600)


# What must be made after what

MADE_AFTER = {
    "module.outbox": (["module.subscription"], "a message that is published before its queue is subscribed reaches nobody"),
    "module.subscription.aws_sns_topic_subscription.queue": (["aws_sqs_queue_policy.from_topic"], "a message that arrives before the policies is refused, once and for all"),
    "module.outbox.aws_lambda_function.relay": (["aws_cloudwatch_log_group.relay", "aws_iam_role_policy.relay"], "a first run without rights fails, and makes a log that is kept for ever"),
    "module.sweeper.aws_lambda_function.sweeper": (["aws_cloudwatch_log_group.sweeper", "aws_iam_role_policy.sweeper"], "a first run without rights fails, and makes a log that is kept for ever"),
    "module.consumer.aws_lambda_function.consumer": (["aws_cloudwatch_log_group.consumer", "aws_iam_role_policy.consumer"], "a first run without rights fails, and makes a log that is kept for ever"),
    "module.service.aws_ecs_service.service": (["aws_lb_listener_rule.service", "aws_iam_role_policy.task", "aws_iam_role_policy.execution"], "a first task without rights or listener fails"),
    "module.network.output.private_subnet_ids": (["aws_vpc_endpoint.interface", "aws_vpc_endpoint.gateway", "aws_vpc_security_group_ingress_rule.endpoints"], "a task that starts before the endpoints can neither pull its image nor log"),
    "aws_backup_selection.tables": (["aws_iam_role_policy.backups"], "a first copy without rights fails"),
    "aws_budgets_budget.month": (["aws_sns_topic_policy.alarms"], "Budgets asks for the right to publish when it is told of the topic"),
    r"module\.logs\.output\.name|module\.outbox\.module\.failures\.output\.name": (["aws_s3_bucket_policy.bucket"], "AWS writes a test object when it is told of the bucket"),
    r"module\..*aws_s3_bucket_policy\.bucket": (["aws_s3_bucket_public_access_block.bucket"], "S3 refuses two changes of one bucket at a time"),
}


@rule("what needs another thing is made after it")
def sequence(d):
    for pattern, (wanted, reason) in MADE_AFTER.items():
        places = [address for address in d.made_after if re.fullmatch(pattern, address)]
        if not places:
            yield f"there is no {pattern} any more, of which it is said what it is made after"
        for address in places:
            missing = sorted(set(wanted) - set(d.made_after[address]))
            if missing:
                yield f"{address} must be made after {missing}: {reason}"


def within(what, value, low, high):
    if not isinstance(value, (int, float)) or not low <= value <= high:
        yield f"{what} is {value}, and must be between {low} and {high}"


def account_of(d):
    return d.arn("aws_sns_topic", f"{d.environment}-alarms").split(":")[4]


def group(d, name):
    return d.named("aws_security_group", name=f"{d.environment}-{name}").get("id")


def services_of(d):
    return list(d.module("service"))


def port(d, name):
    environment = variables_of(d.module("service")[name])
    return int(environment["PORT"])


def variables_of(parts):
    container = only(parts["aws_ecs_task_definition.service"]["container_definitions"], "containers of a task")
    return {one["name"]: one["value"] for one in container["environment"]}


def consumed(d):
    """Topic by queue."""
    return {one["queue"]: one["topic"] for service in d.wiring.values() for one in service["consumes"]}


KINDS = {
    f"aws_{kind}"
    for kind in (
        "appautoscaling_policy appautoscaling_target backup_plan backup_selection backup_vault backup_vault_lock_configuration budgets_budget cloudwatch_dashboard cloudwatch_event_api_destination "
        "cloudwatch_event_connection cloudwatch_event_rule cloudwatch_event_target cloudwatch_log_group cloudwatch_log_metric_filter "
        "cloudwatch_metric_alarm default_security_group dynamodb_table ecr_lifecycle_policy ecr_repository ecs_cluster ecs_service "
        "ecs_task_definition flow_log iam_role iam_role_policy internet_gateway lambda_alias lambda_event_source_mapping lambda_function lb "
        "lb_listener lb_listener_rule lb_target_group route route_table route_table_association s3_bucket "
        "s3_bucket_lifecycle_configuration s3_bucket_policy s3_bucket_public_access_block s3_bucket_server_side_encryption_configuration "
        "scheduler_schedule security_group sns_topic sns_topic_policy sns_topic_subscription sqs_queue sqs_queue_policy "
        "sqs_queue_redrive_allow_policy subnet vpc vpc_endpoint vpc_security_group_egress_rule vpc_security_group_ingress_rule "
        "wafv2_web_acl wafv2_web_acl_association"
    ).split()
}
