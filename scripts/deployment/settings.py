"""What is to be deployed, and where: the file of variables, read by Terraform itself, and everything that
must be right before a start."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
from typing import NamedTuple

from .releases import ZIPS
from .shell import fail, works

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIVE = ROOT / "terraform" / "live"
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
READ = (
    "environment",
    "region",
    "account_id",
    "state_bucket",
    "architecture",
    "certificate_arn",
    "domain_name",
    "restored_tables",
)


class Settings(NamedTuple):
    """The variables that the scripts themselves need; each is described in terraform/live/variables.tf."""

    file: pathlib.Path
    environment: str
    region: str
    account_id: str
    state_bucket: str | None
    architecture: str
    certificate_arn: str | None
    domain_name: str | None
    restored_tables: dict

    @property
    def work(self):
        """What can be made again: terraform's working data, plans."""
        return TARGET / "deployment" / self.environment

    @property
    def kept(self):
        """What cannot, as long as there is no bucket for it: the state and the releases."""
        return LIVE / "states" / self.environment


def evaluated(file):
    """The variables as Terraform reads them, with its defaults and validations. The second value is what it
    complains about."""
    names = ", ".join(f"{name} = var.{name}" for name in READ)
    # Where only the variables are, terraform needs no provider and no state.
    with tempfile.TemporaryDirectory() as made:
        folder = pathlib.Path(made)
        shutil.copy(LIVE / "variables.tf", folder)
        # The names of the services, which validations compare with.
        shutil.copytree(LIVE / "wiring", folder / "wiring")
        (folder / "read.tf").write_text(f'output "read" {{\n  value = {{ {names} }}\n}}\n')
        given = [f"-var-file={file}", *(f"-var={variable}=variables.tf" for variable in ZIPS)]
        done = terraform_in(folder, "plan", "-no-color", "-input=false", "-out=read.plan", *given)
        shown = terraform_in(folder, "show", "-json", "read.plan") if done.returncode == 0 else done
    if shown.returncode != 0:
        complaint = shown.stderr.find("Error:")
        said = " ".join(shown.stderr[max(complaint, 0) :].replace("│", " ").split())
        return None, f"{file}: {said or 'terraform says nothing about it'}"
    return json.loads(shown.stdout)["planned_values"]["outputs"]["read"]["value"], None


def terraform_in(folder, *arguments):
    return subprocess.run(["terraform", f"-chdir={folder}", *arguments], capture_output=True, text=True)


def dirty():
    """Why the sources are not those of a commit, or nothing."""
    done = subprocess.run(["git", "-C", str(ROOT), "status", "--porcelain"], capture_output=True, text=True)
    if done.returncode != 0:
        return "the sources are in no git repository, and a release is named after its commit"
    changed = done.stdout.splitlines()
    return (
        f"the sources differ from the commit: {', '.join(line[3:] for line in changed[:5])}; commit or stash"
        if changed
        else None
    )


def unlocked():
    """Why the provider may be another one than somebody has looked at, or nothing."""
    lock = LIVE / ".terraform.lock.hcl"
    text = lock.read_text() if lock.exists() else ""
    providers = re.findall(r'^provider "\S*/(\S+)" \{\n(.*?)^\}', text, re.M | re.S)
    without = [name for name, body in providers if not re.search(r'"(h1|zh):\S+"', body)]
    if providers and not without:
        return None
    here = f"terraform -chdir={LIVE.relative_to(ROOT)}"
    platforms = " ".join(f"-platform={one}" for one in ("linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"))
    return (
        f"{lock.relative_to(ROOT)} has no checksums of the provider {', '.join(without) or 'aws'}; write them by `{here} get`"
        f" and `{here} providers lock {platforms}`, and commit the file"
    )


def account():
    """The account of the credentials, or None."""
    command = ["aws", "sts", "get-caller-identity", "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return json.loads(done.stdout)["Account"] if done.returncode == 0 else None


def missing_tools(names):
    missing = [f"{name} is not installed" for name in names if shutil.which(name) is None]
    if "docker" in names and shutil.which("docker") and not works("docker", "info"):
        missing.append("docker is installed, and its engine does not answer")
    return missing


def wrong_variables(values, own):
    """What makes a file of variables unfit for a deployment, given the account of the credentials."""
    if values["account_id"] is None:
        yield f'account_id is not set; if that of the credentials is meant, write account_id = "{own}"'
    elif own and values["account_id"] != own:
        yield f"the credentials are of account {own}, and account_id is {values['account_id']}"
    if values["certificate_arn"] and not values["domain_name"]:
        yield "certificate_arn is set and domain_name is not, by which the smoke test could call the system"
    if values["state_bucket"] is None and (LIVE / "terraform.tfstate").exists():
        yield "live/terraform.tfstate is a state of no environment; move it to live/states/ENVIRONMENT/"
    if values["state_bucket"] and (LIVE / "states" / values["environment"] / "terraform.tfstate").exists():
        yield "state_bucket is set, and the state is still a local file; scripts/deploy --bootstrap moves it"


def read(file, tools, bootstrap=False, clean=True):
    """The settings; or the end, with everything that is wrong at once: nobody wants to find out one by one,
    half-way through."""
    file = pathlib.Path(file).resolve()
    wrong, values = missing_tools(["terraform", "aws", "git", *tools]), None
    own = account() if shutil.which("aws") else None
    if shutil.which("aws") and own is None:
        wrong.append(
            "there are no AWS credentials, or they are not valid any more; try: aws sts get-caller-identity"
        )
    if not os.access(file, os.R_OK):
        wrong.append(f"{file} cannot be read; terraform/README.md shows what belongs in it")
    elif shutil.which("terraform"):
        values, complaint = evaluated(file)
        wrong += (
            [complaint]
            if complaint
            else [
                f"{file}: {one}"
                for one in wrong_variables(values, own)
                if not (bootstrap and "local file" in one)
            ]
        )
    if clean and shutil.which("git") and (reason := dirty()):
        wrong.append(reason)
    if clean and (reason := unlocked()):
        wrong.append(reason)
    if wrong:
        fail("nothing was done, because:" + "".join(f"\n  - {one}" for one in wrong))
    return Settings(file=file, **values)
