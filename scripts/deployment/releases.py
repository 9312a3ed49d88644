"""What was deployed and worked: images by digest, the zips of the functions, and their versions, kept so that it
can be deployed again."""

import json
import shutil
from typing import NamedTuple

from .shell import fail, output, run

# As scripts/build-lambda names them, by the variable of Terraform that each is given as.
ZIPS = {"relay_zip": "outbox-relay.zip", "notifications_zip": "notifications.zip"}


def zips_in(folder):
    """The zips that lie in a folder, by variable."""
    return {variable: str(folder / name) for variable, name in ZIPS.items()}


class Release(NamedTuple):
    """One release. Its name, the commit and the second, is what tasks answer as their version."""

    name: str
    images: dict
    # The version of each service's function that was called in the end.
    function_versions: dict


class Releases:
    """Kept beside the state: in the bucket where there is one, else on this machine."""

    def __init__(self, settings):
        self.settings = settings
        self.folder = settings.kept / "releases"
        self.remote = (
            f"s3://{settings.state_bucket}/{settings.environment}/releases" if settings.state_bucket else None
        )
        if self.remote:
            self.folder = settings.work / "releases"

    def fetch(self):
        """Brings here what another machine has deployed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.remote:
            output("aws", "s3", "sync", self.remote, str(self.folder), "--region", self.settings.region)

    def names(self):
        """Newest last."""
        found = [path.parent for path in self.folder.glob("*/release.json")]
        return [
            path.name
            for path in sorted(
                found, key=lambda path: json.loads((path / "release.json").read_text())["number"]
            )
        ]

    def get(self, name):
        file = self.folder / name / "release.json"
        if not file.exists():
            known = "".join(f"\n  - {one}" for one in self.names()) or " none is kept"
            fail(f"there is no release {name}; there are:{known}")
        values = json.loads(file.read_text())
        return Release(name, values["images"], values["function_versions"])

    def zips(self, name):
        return zips_in(self.folder / name)

    def keep(self, release, zips):
        """Notes a release that works. What is kept already, as after a rollback, stays as it is."""
        folder = self.folder / release.name
        if (folder / "release.json").exists():
            return
        folder.mkdir(parents=True, exist_ok=True)
        for variable, name in ZIPS.items():
            shutil.copy(zips[variable], folder / name)
        values = {
            "number": len(self.names()) + 1,
            "images": release.images,
            "function_versions": release.function_versions,
        }
        (folder / "release.json").write_text(json.dumps(values, indent=2) + "\n")
        self.send(release.name)

    def send(self, name):
        """Takes a release to where other machines find it."""
        if self.remote:
            run(
                "aws",
                "s3",
                "sync",
                str(self.folder / name),
                f"{self.remote}/{name}",
                "--only-show-errors",
                "--region",
                self.settings.region,
            )

    def forget_versions(self):
        """From now on a release names no versions of its functions: those that there are know other tables, and
        only the newest knows those of today."""
        for name in self.names():
            file = self.folder / name / "release.json"
            file.write_text(json.dumps({**json.loads(file.read_text()), "function_versions": {}}, indent=2) + "\n")
            self.send(name)

    def forget(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.remote:
            run(
                "aws",
                "s3",
                "rm",
                "--recursive",
                "--only-show-errors",
                self.remote,
                "--region",
                self.settings.region,
            )
