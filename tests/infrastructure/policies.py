"""What the roles of the applied system may do, as statements; and the rules that every statement obeys.

The comparison with the calls that the programs really make can start from `statements`.
"""


# AWS offers no resource for these actions ("Service Authorization Reference").
WITHOUT_RESOURCE = {"ecr:GetAuthorizationToken"}


def statements(system):
    """Triples of role policy address, actions and resources."""
    for address, values in system.items():
        if ".aws_iam_role_policy." in f".{address}":
            for statement in values["policy"]["Statement"]:
                yield address, listed(statement["Action"]), listed(statement["Resource"])


def listed(value):
    return [value] if isinstance(value, str) else value


def no_wildcard_action(system):
    return [f"{role} allows {action}" for role, actions, _ in statements(system) for action in actions if "*" in action]


def no_wildcard_resource(system):
    return [
        f"{role} allows {actions} on everything"
        for role, actions, resources in statements(system)
        if "*" in resources and not set(actions) <= WITHOUT_RESOURCE
    ]


def wildcard_where_aws_offers_none(system):
    return [
        f"{role} allows {actions} on {resources}, and only on everything is it allowed"
        for role, actions, resources in statements(system)
        if set(actions) & WITHOUT_RESOURCE and resources != ["*"]
    ]


def every_role_has_a_policy(system):
    roles = {values["name"] for address, values in system.items() if ".aws_iam_role." in f".{address}"}
    used = {values["role"] for address, values in system.items() if ".aws_iam_role_policy." in f".{address}"}
    return [] if roles and roles == used else [f"roles are {sorted(roles)}, policies are of {sorted(used)}"]


def services_publish_nothing(system):
    return [
        f"{role} allows {action}"
        for role, actions, _ in statements(system)
        if role.startswith(("module.service", "module.consumer"))
        for action in actions
        if action.startswith("sns:")
    ]


def identities(system):
    """What SES may have verified of the addresses that functions send in the name of. People make it, and Terraform only names it."""
    for address, values in system.items():
        if ".aws_lambda_function." in address and values["environment"]:
            sender = values["environment"][0]["variables"].get("MAIL_FROM")
            owner = ":".join(values["arn"].split(":")[3:5])
            yield from (f"arn:aws:ses:{owner}:identity/{name}" for name in ([sender, sender.split("@")[-1]] if sender else []))


def resources_exist(system):
    """A statement about a resource that this deployment does not have is a mistake in a name."""
    known = {values["arn"] for values in system.values() if values.get("arn")}
    known |= {values["stream_arn"] for values in system.values() if values.get("stream_arn")}
    known |= set(identities(system))

    def belongs(resource):
        return any(resource == arn or resource.startswith((arn + "/", arn + ":")) for arn in known)

    return [
        f"{role} names {resource}, which is not deployed"
        for role, _, resources in statements(system)
        for resource in resources
        if resource != "*" and not belongs(resource)
    ]


CHECKS = {
    "policies: no wildcard action": no_wildcard_action,
    "policies: no wildcard resource where AWS offers one": no_wildcard_resource,
    "policies: everything where AWS offers no resource": wildcard_where_aws_offers_none,
    "policies: every role has its own": every_role_has_a_policy,
    "policies: services cannot publish": services_publish_nothing,
    "policies: every resource named is deployed": resources_exist,
}
