"""Brings one release to AWS, a new one or an earlier one: shows, asks, applies, waits, looks, and notes it
when it works."""

from . import rollout
from .shell import Aws, confirm, fail, step


def header(settings, running, coming):
    """Where the script is about to work, before anything else is said."""
    state = f"s3://{settings.state_bucket}/{settings.environment}" if settings.state_bucket else settings.kept
    print(f"environment {settings.environment}\naccount     {settings.account_id}")
    print(f"region      {settings.region}\nstate       {state}")
    print(f"running     {running or 'nothing'}\ncoming      {coming}")


def values_of(release, zips, function_versions):
    """What Terraform is told of a release."""
    return {
        "release": release.name,
        "images": release.images,
        **zips,
        "function_versions": function_versions,
        "newest_function_share": 0,
    }


def bring(system, releases, release, zips, function_versions, options):
    """Applies a release and sees it through. Ends the script with what failed and with the way back.

    `function_versions` are called at first; the newest follow by and by, unless the release names its own.
    """
    settings, aws = system.settings, Aws(system.settings.region)
    before = system.outputs().get("release")
    if system.outputs().get("stopped"):
        fail(f"nothing was done: {settings.environment} is stopped, because of a restore; scripts/restore start lets it go on")
    values = values_of(release, zips, function_versions)
    step("plan")
    changes = system.plan(values)
    changes.tell()
    changes.refuse_losses(aws, options.lose)
    if not options.auto_approve:
        confirm(
            f"Apply this to {settings.environment} in account {settings.account_id}, {settings.region}? Type yes:",
            "yes",
        )
    step("apply")
    system.apply()

    outputs = system.outputs()
    print(f"the load balancer is {outputs['load_balancer_name']}; a domain_name must be an alias of it")
    step("wait for the new tasks")
    failed = rollout.wait_for_tasks(aws, outputs["services"])
    failed = failed or rollout.wait_for_version(outputs["health_urls"], release.name)
    if not failed:
        step("smoke test")
        failed = rollout.smoke(outputs["url"])
    if not failed and not release.function_versions:
        failed = rollout.shift_functions(system, aws, values, options.shift_minutes)
    if failed:
        back = (
            f"scripts/rollback {before}"
            if before in releases.names()
            else "there is no earlier release to go back to"
        )
        fail(
            f"{release.name} was NOT deployed:"
            + "".join(f"\n  - {one}" for one in failed)
            + f"\nback: {back}"
        )
    live = {name: one["live"] for name, one in system.outputs()["functions"].items()}
    releases.keep(release._replace(function_versions=live), zips)
    print(f"\ndeployed: {release.name} at {outputs['url']}")
