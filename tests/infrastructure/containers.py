"""What can be known of the containers without an engine: the compose file, the Dockerfile, and whether both agree with the programs."""

import functools
import json
import os
import re
import subprocess
import tomllib

import facts

# Read by the AWS SDK and not by the programs' settings.
READ_BY_SDK = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
SERVICES = facts.SERVICES
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
        self.of_dockerfile((repository / "Dockerfile").read_text())
        self._composed = None

    def of_dockerfile(self, text):
        """Each target with its lines."""
        self.dockerfile = text
        parts = re.split(r"^FROM (\S+) AS (\S+)$", self.dockerfile, flags=re.M)
        self.stages = {name: (base, text) for base, name, text in zip(parts[1::3], parts[2::3], parts[3::3])}

    @functools.cached_property
    def facts(self):
        return facts.gathered(self.repository / "final")

    @functools.cached_property
    def workspace(self):
        return tomllib.loads((self.repository / "Cargo.toml").read_text())["workspace"]

    @functools.cached_property
    def user(self):
        """Whoever a task in ECS is."""
        task = (self.repository / "terraform/modules/service/main.tf").read_text()
        return re.search(r'user\s+= "([\d:]+)"', task)[1]

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
    inside = {"customers": ("9701", 9700), "orders": ("9702", 9700), "notifications": ("9703", 9700), "dynamodb-admin": ("8001", 8001), "local-aws": ("4566", 4566), "localstack": ("4567", 4566)}
    for name, service in containers.composed().items():
        found = [(port["published"], port["target"], port.get("protocol")) for port in service.get("ports", [])]
        wanted = [(*inside[name], "tcp")] if name in inside else []
        problems += [f"{name} publishes {found}, and must publish {wanted}"] if found != wanted else []
    return problems


def variables(containers):
    """Every variable that is set is read, every required one is set, and each says where things are in this system."""
    known = containers.facts["variables"]
    problems = []
    programs = {name: (name, known[name]) for name in SERVICES} | {name: (name.removesuffix("-relay"), known["relay"]) for name in RELAYS}
    for name, (service, (read, required)) in programs.items():
        given = containers.composed()[name]["environment"]
        outbox, own = {"DYNAMODB_OUTBOX_TABLE_NAME": f"{service}-outbox"}, {f"DYNAMODB_{service.upper()}_TABLE_NAME": service, "DYNAMODB_INBOX_TABLE_NAME": f"{service}-inbox", "HOST": "0.0.0.0"}
        if name in RELAYS:
            wanted = OF_AWS | outbox | {"SENT_TABLE_NAME": f"{service}-sent"}
        else:
            wanted = OF_AWS | own | (outbox | {"AUTH": "off"} if name in facts.TASKS else {"MAIL_FROM": "shop@example.com"})
        problems += [f"{name}: {variable} is {given.get(variable)}, and must be {value}" for variable, value in wanted.items() if given.get(variable) != value]
        problems += [f"{name}: {variable} is set and never read" for variable in set(given) - read - READ_BY_SDK]
        problems += [f"{name}: {variable} is required and not set" for variable in required - set(given)]
    return problems


# What is said to every container of ours.
OF_AWS = {
    "ENVIRONMENT": "development", "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_ENDPOINT_URL": "http://local-aws:4566",
}
# Target, and what is said to the program.
PROGRAMS = {
    "customers": ("customers", None), "orders": ("orders", None), "notifications": ("notifications", None), "customers-relay": ("outbox-relay", None), "orders-relay": ("outbox-relay", None),
    "local-aws": ("local-aws", ["--host", "0.0.0.0", "--data", "/data/aws.db"]),
}


def programs(containers):
    """Every program of ours runs once, comes back when it fails, has its time to stop, may do nothing that it need not, and is itself."""
    problems, composed = [], containers.composed()
    ours = {name for name, service in composed.items() if "build" in service}
    if ours != set(PROGRAMS):
        return [f"containers of ours are {sorted(ours)}, and must be {sorted(PROGRAMS)}"]
    for name, (target, command) in PROGRAMS.items():
        service = composed[name]
        wanted = {
            "restart": "on-failure", "read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"], "command": command, "entrypoint": None,
        }
        found = {key: service.get(key) for key in wanted}
        problems += [f"{name}: {key} is {found[key]}, and must be {value}" for key, value in wanted.items() if found[key] != value]
        problems += [f"{name} runs the target {containers.target(service)}"] if containers.target(service) != target else []
        problems += [f"{name}: {key} is more than it needs" for key in ("privileged", "cap_add", "user", "network_mode", "profiles") if service.get(key)]
        built = (service["build"].get("context"), service["build"].get("dockerfile"))
        if built != (str(containers.repository), "Dockerfile"):
            problems.append(f"{name} is built from {built}")
    return problems


def tools(containers):
    """What is not ours runs in a version that somebody chose, beside what it looks at; LocalStack only when it is asked for."""
    composed = containers.composed()
    problems = [f"{name} is in the networks {service.get('networks')}" for name, service in composed.items() if list(service.get("networks") or []) != ["default"]]
    for name, variables in TOOLS.items():
        service = composed.get(name, {})
        if not re.fullmatch(r"[\w/-]+:\d+\.\d+\.\d+", service.get("image", "")):
            problems.append(f"{name} runs {service.get('image')}, which is no version")
        problems += [f"{name} is told {service.get('environment')}, and must be told {variables}"] if service.get("environment") != variables else []
        profiles = ["localstack"] if name == "localstack" else None
        problems += [f"{name} has the profiles {service.get('profiles')}"] if service.get("profiles") != profiles else []
    return problems


TOOLS = {
    "dynamodb-admin": {name: OF_AWS[name] for name in ("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")} | {"DYNAMO_ENDPOINT": OF_AWS["AWS_ENDPOINT_URL"]},
    "localstack": {"LOCALSTACK_AUTH_TOKEN": "", "SERVICES": "dynamodb,dynamodbstreams,ses,sesv2,sns,sqs"},
}


def dockerfile(containers):
    """Each image holds its program, the certificates that TLS trusts, and a health check that asks it; it says which port it listens on."""
    problems = []
    build = containers.stages["build"][1]
    names = (*SERVICES, "outbox-relay", "local-aws")
    wanted = [
        "COPY . .", "WORKDIR /src", "/etc/ssl/certs/ca-certificates.crt", "cargo build --release --locked", *(f"--package {name}" for name in names),
        "--mount=type=cache,target=/usr/local/cargo/registry", "--mount=type=cache,target=/src/target,sharing=locked", f"for program in {' '.join(names)}; do",
        'mkdir --parents "/images/$program/tmp"', "cp \"target/release/$program\"", "ldd \"target/release/$program\"", "mkdir /images/data", "|| exit 1", "done \\\n", "pipefail",
    ]
    problems += [f"the build lacks: {text}" for text in wanted if text not in build]
    for name in names:
        _, text = containers.stages[name]
        if f"COPY --from=build /images/{name} /\n" not in text:
            problems.append(f"the image of {name} does not hold what was gathered for it")
        health = re.findall(r"^HEALTHCHECK (.*)$", text, re.M)
        asks = [f'CMD ["/{name}", "--health"]'] if name != "outbox-relay" else ["NONE"]
        if len(health) != 1 or not health[0].endswith(asks[0]):
            problems.append(f"the health check of {name} does not ask it: {health}")
        ports = {**{service: ["9700"] for service in SERVICES}, "local-aws": ["4566"]}.get(name, [])
        if re.findall(r"^EXPOSE (\d+)$", text, re.M) != ports:
            problems.append(f"{name} must say that it listens on {ports}")
        counts = {"retries": (2, 5), "start-period": (20, 120), "interval": (1, 5)}
        for option, (low, high) in counts.items() if name != "outbox-relay" else ():
            found = re.findall(rf"--{option}=(\d+)s?", health[0] if health else "")
            if len(found) != 1 or not low <= int(found[0]) <= high:
                problems.append(f"the health check of {name}: {option} is {found}, and must be between {low} and {high}")
        commands = {"outbox-relay": ['["tail"]'], "local-aws": ['["--host", "0.0.0.0"]']}.get(name, [])
        if re.findall(r"^CMD (.*)$", text, re.M) != commands:
            problems.append(f"{name} must be told {commands}")
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
    if not any(one["type"] == "volume" and one.get("source") == "aws" and one["target"] == folder for one in service.get("volumes", [])):
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
            # LocalStack is waited for where it runs.
            if how.get("required") != (other != "localstack"):
                problems.append(f"{name} waits for {other}, required: {how.get('required')}")
    for relay in RELAYS:
        if set(composed[relay]["depends_on"]) != set(SERVICES):
            problems.append(f"{relay} must wait for all services: a topic without a subscriber forgets")
    for service in (*SERVICES, "dynamodb-admin"):
        if set(composed[service].get("depends_on", {})) != {"local-aws", "localstack"}:
            problems.append(f"{service} must wait for AWS")
    return problems


def images(containers):
    """Nothing but the program is in an image, it is nobody in particular, and is the same nobody as in ECS."""
    user = containers.user
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
    members = containers.workspace["members"]
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
    "containers: programs": programs,
    "containers: tools": tools,
    "containers: Dockerfile": dockerfile,
}
# These start a program of their own; the others look at what was read, so they can be asked again and again.
STARTING = ("containers: compose config", "containers: hadolint", "containers: variables of the shell")


def run(check, containers):
    """A crash is a failure of this check, and of no other."""
    try:
        return check(containers)
    except LookupError as missing:
        return [f"{type(missing).__name__}: {missing}"]
    except Exception as broken:
        return [f"crashed: {type(broken).__name__}: {broken}"]
