"""Terraform for one environment: a state of its own, a plan that is looked at before it is applied, and
outputs."""

import json
import os
import re
import subprocess

from .changes import Changes
from .settings import LIVE
from .shell import fail, output, run

# Whose names begin with the environment.
NAMED = {"aws_ecr_repository", "aws_dynamodb_table", "aws_sns_topic", "aws_sqs_queue"}
OVERRIDE = LIVE / "backend_override.tf"


def backend(settings):
    """Where the state lies. Written, not passed: terraform takes the kind of a backend from a file only."""
    if settings.state_bucket is None:
        path = f"states/{settings.environment}/terraform.tfstate"
        return f'terraform {{\n  backend "local" {{\n    path = "{path}"\n  }}\n}}\n'
    fields = {
        "bucket": settings.state_bucket,
        "key": f"{settings.environment}/terraform.tfstate",
        "region": settings.region,
        "encrypt": True,
        "use_lockfile": True,
        "allowed_account_ids": [settings.account_id],
    }
    lines = "".join(f"    {name} = {json.dumps(value)}\n" for name, value in fields.items())
    return f'terraform {{\n  required_version = ">= 1.10"\n\n  backend "s3" {{\n{lines}  }}\n}}\n'


def resources(module):
    """Every resource of a state or a part of one."""
    for child in module.get("child_modules", []):
        yield from resources(child)
    yield from (one for one in module.get("resources", []) if one["mode"] == "managed")


class System:
    """One environment. Nothing is applied that was not planned by the same object just before."""

    def __init__(self, settings):
        self.settings = settings
        self.settings.work.mkdir(parents=True, exist_ok=True)
        self.environment = {
            **os.environ,
            "TF_DATA_DIR": str(settings.work / "terraform"),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
        }
        self.plan_file = settings.work / "plan"
        self._outputs = None
        self.values = settings.work / "release.auto.tfvars.json"

    def terraform(self, *arguments):
        run("terraform", f"-chdir={LIVE}", *arguments, env=self.environment)

    def answer(self, *arguments):
        return json.loads(output("terraform", f"-chdir={LIVE}", *arguments, env=self.environment))

    def open(self):
        """Makes terraform ready, and refuses a state that is another environment's, or of another account
        or region."""
        OVERRIDE.write_text(backend(self.settings))
        done = subprocess.run(
            ["terraform", f"-chdir={LIVE}", "init", "-input=false", "-no-color"],
            env=self.environment,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            fail(f"terraform cannot be made ready:\n{done.stdout}{done.stderr}")
        foreign = list(self.foreign())
        if foreign:
            shown = "".join(f"\n  - {one}" for one in foreign[:5])
            fail(f"nothing was done, because the state is not that of {self.settings.environment}:{shown}")

    def resources(self):
        root = self.answer("show", "-json").get("values", {}).get("root_module", {})
        return list(resources(root))

    def foreign(self):
        """What is in the state and belongs to another account, region or environment."""
        here = (self.settings.region, self.settings.account_id)
        for one in self.resources():
            arn = re.match(r"arn:[\w-]+:[\w-]+:([\w-]+):(\d{12}):", one["values"].get("arn") or "")
            if arn and arn.groups() != here:
                wanted = f"wanted is account {here[1]}, region {here[0]}"
                yield f"{one['address']} is in account {arn[2]}, region {arn[1]}; {wanted}"
            elif one["type"] in NAMED and not one["values"]["name"].startswith(
                f"{self.settings.environment}-"
            ):
                yield f"{one['address']} is named {one['values']['name']}"

    def outputs(self):
        """By name; asked once after each change."""
        if self._outputs is None:
            self._outputs = {name: one["value"] for name, one in self.answer("output", "-json").items()}
        return self._outputs

    def given(self, values):
        """The arguments for what the file of variables does not say."""
        self.values.write_text(json.dumps(values, indent=2) + "\n")
        return ["-input=false", f"-var-file={self.settings.file}", f"-var-file={self.values}"]

    def plan(self, values, *arguments, quiet=False):
        """Plans, with values over those of the file of variables, and tells what would change."""
        command = ["plan", f"-out={self.plan_file}", *self.given(values), *arguments]
        if quiet:
            output("terraform", f"-chdir={LIVE}", *command, env=self.environment)
        else:
            self.terraform(*command)
        return Changes(self.answer("show", "-json", str(self.plan_file)))

    def apply(self):
        """Applies the last plan, exactly as it was shown."""
        self._outputs = None
        self.terraform("apply", "-input=false", str(self.plan_file))
