"""What is run elsewhere for each change and each release: it is what README.md tells a person to run, and it exists."""

import os
import re
import tomllib

import yaml


def steps(repository):
    """Every step of every workflow, with the name of the file and the job."""
    for file in sorted((repository / ".github/workflows").glob("*.yml")):
        for name, job in yaml.safe_load(file.read_text())["jobs"].items():
            yield from ((file.name, name, job, step) for step in job.get("steps", []))


def problems(repository):
    found = list(steps(repository))
    runs = [(file, step["run"]) for file, _, _, step in found if "run" in step]
    if ("ci.yml", "./scripts/test") not in runs or "./scripts/test" not in (repository / "README.md").read_text():
        yield "ci.yml does not run ./scripts/test, which README.md tells to run"
    for file, run in runs:
        for script in re.findall(r"\bscripts/[\w-]+", run):
            if not os.access(repository / script, os.X_OK):
                yield f"{file}: {script} is no program"
    for file, _, _, step in found:
        if "uses" in step and not re.search(r"@[0-9a-f]{40}$", step["uses"]):
            yield f"{file}: {step['uses']} can become another program behind our back; name it by its commit"
    wanted = tomllib.loads((repository / "rust-toolchain.toml").read_text())["toolchain"]["channel"]
    for file, name, image in {(file, name, job["container"]) for file, name, job, _ in found if "container" in job}:
        if not image.startswith(f"rust:{wanted}-"):
            yield f"{file}: {name} builds with {image}, rust-toolchain.toml wants {wanted}"
