"""What can be known of the containers without an engine: the compose file, the Dockerfile, and whether both agree with the programs."""

import json
import os
import re
import subprocess
import tomllib

import agreement

# Read by the AWS SDK and not by the programs' settings.
READ_BY_SDK = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
SERVICES = {"customers": "customers", "orders": "orders"}
RELAYS = ("customers-relay", "orders-relay")
# What a shell may have set while it works with something else: README.md itself tells to export some of it.
OF_A_SHELL = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
    "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:4566",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "mine",
    "AWS_SECRET_ACCESS_KEY": "mine",
    "AWS_PROFILE": "mine",
    "ENVIRONMENT": "production",
    "HOST": "127.0.0.1",
    "PORT": "9701",
}


class Containers:
    def __init__(self, repository, tools):
        self.repository, self.tools = repository, tools
        self.dockerfile = (repository / "Dockerfile").read_text()
        # Each target with its lines.
        parts = re.split(r"^FROM (\S+) AS (\S+)$", self.dockerfile, flags=re.M)
        self.stages = {name: (base, text) for base, name, text in zip(parts[1::3], parts[2::3], parts[3::3])}
        self._composed = None

    def composed(self):
        """The compose file with every default and variable filled in, all profiles on."""
        if self._composed is None:
            self._composed = self.composed_in({})
        return self._composed

    def composed_in(self, shell):
        """The same when the shell has these variables set."""
        command = [self.tools / "docker-compose", "-f", self.repository / "docker-compose.yml", "--profile", "*", "config", "--format", "json"]
        environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **shell}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise LookupError(done.stderr)
        return json.loads(done.stdout)["services"]

    def target(self, service):
        return service.get("build", {}).get("target")


def config(containers):
    return [] if containers.composed() else ["there is no service"]


def hadolint(containers):
    done = subprocess.run([containers.tools / "hadolint", containers.repository / "Dockerfile"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return [] if done.returncode == 0 else [done.stdout]


def host_ports(containers):
    """Compose itself does not notice two services on one port of the host."""
    taken, problems = {}, []
    for name, service in containers.composed().items():
        for port in service.get("ports", []):
            if port.get("host_ip") != "127.0.0.1":
                problems.append(f"{name} publishes {port['published']} to the whole network")
            other = taken.setdefault(port["published"], name)
            if other != name:
                problems.append(f"{name} and {other} both want port {port['published']} of the host")
    for name, port in {"customers": "9701", "orders": "9702", "dynamodb-admin": "8001"}.items():
        problems += [f"{name} is not on port {port}"] if taken.get(port) != name else []
    return problems


def variables(containers):
    """Every variable that is set is read, and every required one is set."""
    sources = agreement.Sources(containers.repository / "final")
    base = sources.text("service-kit/src/settings/base.rs")
    service_settings = base + sources.text("service-kit/src/settings/service.rs")
    programs = {name: base + sources.text("outbox-relay/src/settings.rs") for name in RELAYS}
    for name, program in SERVICES.items():
        own = sources.one(f"{program}/src/service.rs", r'const TABLE_VARIABLE: &str = "(\w+)"')
        programs[name] = service_settings + f'.required("{own}", '
    problems = []
    for name, settings in programs.items():
        given = containers.composed()[name]["environment"]
        read = set(re.findall(agreement.READ, settings))
        required = set(re.findall(r'\.required\(\s*"(\w+)"', settings))
        problems += [f"{name}: {variable} is set and never read" for variable in set(given) - read - READ_BY_SDK]
        problems += [f"{name}: {variable} is required and not set" for variable in required - set(given)]
    return problems


def shell(containers):
    """What the shell has set for something else changes no container: an address of this machine would be the container itself."""
    calm, other = containers.composed(), containers.composed_in(OF_A_SHELL)
    changed = {name for name in calm if calm[name] != other.get(name)}
    return [f"{name} is another container when the shell has AWS_ENDPOINT_URL or the like set" for name in sorted(changed)]


def kept(containers):
    """What local-aws holds outlives it: else the services call a restarted one that knows none of their tables, topics and queues."""
    service = containers.composed()["local-aws"]
    command = service.get("command") or []
    if "--data" not in command:
        return ["local-aws forgets everything when it restarts: it needs --data"]
    folder = os.path.dirname(command[command.index("--data") + 1])
    problems = []
    if not any(one["type"] == "volume" and one["target"] == folder for one in service.get("volumes", [])):
        problems.append(f"local-aws keeps its data in {folder}, which is no volume, and the rest of the container is read-only")
    if f"--chown=10001:10001 /images/data {folder}\n" not in containers.stages["local-aws"][1]:
        problems.append(f"the image of local-aws has no {folder} that belongs to its user, so it may not write to the volume")
    return problems


def start_order(containers):
    """Whoever is waited for has a health check, and nobody starts before what it needs."""
    problems = []
    composed = containers.composed()
    for name, service in composed.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] != "service_healthy":
                problems.append(f"{name} does not wait until {other} is healthy")
            _, text = containers.stages.get(containers.target(composed[other]), ("", ""))
            if containers.target(composed[other]) and "HEALTHCHECK --" not in text:
                problems.append(f"{other} has no health check, and {name} waits for it")
    for relay in RELAYS:
        if set(composed[relay]["depends_on"]) != set(SERVICES):
            problems.append(f"{relay} must wait for both services: a topic without a subscriber forgets")
    for service in SERVICES:
        if "local-aws" not in composed[service]["depends_on"]:
            problems.append(f"{service} must wait for AWS")
    return problems


def images(containers):
    """Nothing but the program is in an image, it is nobody in particular, and is the same nobody as in ECS."""
    task = (containers.repository / "terraform/modules/service/main.tf").read_text()
    user = re.search(r'user\s+= "([\d:]+)"', task)[1]
    problems = []
    for service in containers.composed().values():
        target = containers.target(service)
        if target is None:
            continue
        if target not in containers.stages:
            problems.append(f"the Dockerfile has no target {target}")
            continue
        base, text = containers.stages[target]
        if base != "scratch":
            problems.append(f"{target} is built on {base}, which holds more than the program")
        if re.findall(r"^USER (\S+)$", text, re.M) != [user]:
            problems.append(f"{target} must run as {user}, as in ECS")
        if f'ENTRYPOINT ["/{target}"]' not in text:
            problems.append(f"{target} does not run its program")
    return problems


def context(containers):
    """What cargo needs is sent to the build: it wants to see every package of the workspace, whichever it builds."""
    members = tomllib.loads((containers.repository / "Cargo.toml").read_text())["workspace"]["members"]
    sent = [line[1:] for line in (containers.repository / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    needed = [*members, "Cargo.toml", "Cargo.lock"]
    return [f"{path} is not sent to the build" for path in needed if not any((path + "/").startswith(one + "/") for one in sent)]


def toolchain(containers):
    """The image's Rust is the workspace's."""
    wanted = tomllib.loads((containers.repository / "rust-toolchain.toml").read_text())["toolchain"]["channel"]
    base, _ = containers.stages["build"]
    return [] if base.startswith(f"rust:{wanted}-") else [f"the Dockerfile builds with {base}, rust-toolchain.toml wants {wanted}"]


CHECKS = {
    "containers: compose config": config,
    "containers: hadolint": hadolint,
    "containers: host ports": host_ports,
    "containers: environment variables": variables,
    "containers: variables of the shell": shell,
    "containers: what local-aws holds": kept,
    "containers: start order": start_order,
    "containers: images": images,
    "containers: build context": context,
    "containers: toolchain": toolchain,
}


def run(check, repository, tools):
    try:
        return check(Containers(repository, tools))
    except (LookupError, KeyError) as missing:
        return [f"{type(missing).__name__}: {missing}"]
