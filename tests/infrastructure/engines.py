"""An engine for containers: Docker where one answers, else podman behind the same socket; and the images of
the Dockerfile without compiling."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time

import facts

# Debian's podman asks for more open files and processes than a small machine may give, and has no systemd
# here to ask for groups.
PODMAN_SETTINGS = """[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]

[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"

[network]
network_backend = "netavark"
"""


def said(name, command, environment, **options):
    """What a command prints, errors included. One that fails, or takes two minutes, is an error with its last words."""
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, **options
    )
    if done.returncode != 0:
        arguments = " ".join(map(str, command[1:]))
        raise RuntimeError(f"{name} {arguments} ended with {done.returncode}: {done.stdout[-2000:]}")
    return done.stdout


class Engine:
    """What is called to build, to look, and by docker-compose."""

    def __init__(self, name, command, environment):
        self.name, self.command, self.environment = name, command, environment

    def output(self, *arguments, **options):
        return said(self.name, [*self.command, *arguments], {**os.environ, **self.environment}, **options)

    def logs(self, container):
        with contextlib.suppress(RuntimeError):
            return f"\n== {container}\n{self.output('logs', '--tail', '20', container)}"
        return f"\n== {container}: no log\n"


def checked(engine, ended):
    """Podman leaves health checks to systemd's timers; where there is none, they are called from here, as
    often as the Dockerfile says."""
    while not ended.wait(1):
        with contextlib.suppress(RuntimeError):
            for name in engine.output("ps", "--quiet").split():
                with contextlib.suppress(RuntimeError):
                    engine.output("healthcheck", "run", name)


@contextlib.contextmanager
def podman(folder):
    settings, socket = pathlib.Path(folder) / "containers.conf", pathlib.Path(folder) / "podman.sock"
    settings.write_text(PODMAN_SETTINGS)
    command = ["podman", "--root", f"{folder}/storage", "--runroot", f"{folder}/run"]
    environment = {"CONTAINERS_CONF": str(settings), "DOCKER_HOST": f"unix://{socket}"}
    engine, ended = Engine("podman", command, environment), threading.Event()
    service = subprocess.Popen(
        [*command, "system", "service", "--time=0", f"unix://{socket}"],
        env={**os.environ, **environment},
        stderr=subprocess.DEVNULL,
    )
    checks = threading.Thread(target=checked, args=(engine, ended))
    try:
        end = time.monotonic() + 20
        while not socket.exists():
            if service.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"check-compose: podman does not serve: {engine.output('info')}")
            time.sleep(0.1)
        checks.start()
        yield engine
    finally:
        ended.set()
        if checks.is_alive():
            checks.join()
        service.terminate()
        service.wait()
        subprocess.run(
            [*command, "system", "reset", "--force"], env={**os.environ, **environment}, capture_output=True
        )


def engine(folder):
    """A context of the engine; or the end, with the reason why there is none."""
    if shutil.which("docker") and subprocess.run(["docker", "info"], capture_output=True).returncode == 0:
        return contextlib.nullcontext(Engine("docker", ["docker"], {}))
    if shutil.which("podman") is None:
        raise SystemExit(
            "check-compose: no Docker engine answers, and podman is not installed;"
            " apt-get install podman runc netavark aardvark-dns iptables"
        )
    if os.geteuid() != 0:
        raise SystemExit(
            "check-compose: no Docker engine answers, and podman needs root for a network of containers"
        )
    return podman(folder)


def gathered(repository, programs, folder):
    """What the first stage would leave, by its own commands, from programs that are compiled already."""
    text = (repository / "Dockerfile").read_text()
    commands = re.search(r"&& (for program in .*? && mkdir /images/data)\n", text, re.S)[1].replace(
        "\\\n", " "
    )
    here = pathlib.Path(folder) / "base"
    here.mkdir()
    script = commands.replace("/images", f"{here}/images").replace("target/release", str(programs))
    subprocess.run(["bash", "-euo", "pipefail", "-c", script], check=True)
    return here


def images(engine, repository, programs, folder, wanted):
    """Builds the image of each service under the name that docker-compose looks for. `wanted` has these
    names by service."""
    base, archive = gathered(repository, programs, folder), f"{folder}/base.tar"
    subprocess.run(["tar", "-C", base, "-cf", archive, "."], check=True)
    engine.output("import", archive, "localhost/programs:latest")
    stages = (repository / "Dockerfile").read_text().split("FROM scratch AS", 1)[1]
    dockerfile = base / "Dockerfile"
    dockerfile.write_text("FROM localhost/programs:latest AS build\n\nFROM scratch AS" + stages)
    shutil.rmtree(base / "images")
    built = set()
    for service, name in wanted.items():
        target = service if service in ("local-aws", *facts.SERVICES) else "outbox-relay"
        if target not in built:
            format = ["--format", "docker"] if engine.name == "podman" else []
            engine.output(
                "build", *format, "--target", target, "--tag", f"localhost/{target}:check", str(base)
            )
            built.add(target)
        engine.output("tag", f"localhost/{target}:check", name)
