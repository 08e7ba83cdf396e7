"""Releases of workflows in a folder or bucket: each stays as it was deployed, and a pointer, moved last, says which one is current.

    <target>/<workflow>/releases/<version>.zip · .json      a package, and what is known of it; written once
    <target>/<workflow>/current.json                        the pointer
    <target>/<workflow>/moves/<time>_<version>.json         who moved it, when, and from where

Airflow reads the pointer (`bundles.ReleaseBundle`). A run goes on with the release that it started with.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workflow_orchestrator import __version__
from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.errors import DocumentNotFoundError, PackageError
from workflow_orchestrator.file_format import refuse_newer
from workflow_orchestrator.packaging.business import BusinessPackage, read_business_package
from workflow_orchestrator.packaging.compatible import refuse_other_platform
from workflow_orchestrator.packaging.signature import verify_signature
from workflow_orchestrator.storage import Storage

FORMAT = 1
PLATFORM = "platform.json"
"""At the top of a target: the version of the platform that takes its releases, where it is another than this one."""


@dataclass(frozen=True, slots=True)
class Release:
    """A deployed release, as its `.json` knows it."""

    workflow: str
    version: str
    sha256: str
    definition: str
    requires_platform: str
    deployed_at: str
    deployed_by: str
    signature: str | None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Release:
        """The release of a `.json`.

        Raises:
            PackageError: it is none, or a newer platform deployed it.
        """
        refuse_newer(data, FORMAT, f"the release {data.get('version')} of {data.get('workflow')}", PackageError)
        try:
            return cls(**{name: data[name] for name in cls.__dataclass_fields__})
        except (KeyError, TypeError) as error:
            raise PackageError(f"what is known of the release cannot be read: {error}") from None

    def to_json(self) -> dict[str, Any]:
        """For its `.json`."""
        return {"format": FORMAT, **{name: getattr(self, name) for name in self.__dataclass_fields__}}


class Releases:
    """The releases of one workflow at a target."""

    def __init__(self, target: Storage, workflow: str) -> None:
        self._target = target
        self.workflow = workflow

    def deploy(self, package: BusinessPackage, *, by: str, signature: str | None = None, key: Path | None = None) -> Release:
        """Makes a package the current release. Deploying the same again changes nothing but the pointer.

        Args:
            package: what is deployed.
            by: who does it.
            signature: of the package.
            key: the public key that must have signed it; `None` where none is asked for.

        Raises:
            PackageError: it is another workflow's, does not fit the platform, is not signed, or the version was deployed with
                another content.
            StorageError: the target does not answer; the pointer is where it was.
        """
        if package.workflow != self.workflow:
            raise PackageError(f"the package is of {package.workflow}, not of {self.workflow}")
        refuse_other_platform(package.workflow, package.version, package.manifest["requires_platform"], self.platform())
        if key is not None:
            verify_signature(package.data, signature, key)
        release = Release(
            self.workflow, package.version, package.sha256, package.manifest["definition"], package.manifest["requires_platform"],
            _now(), by, signature,
        )  # fmt: skip
        # A release is never overwritten: runs may be going by it.
        if not self._target.create(self._key(package.version, "zip"), package.data):
            self._refuse_other_content(package)
        self._target.create(self._key(package.version, "json"), to_bytes(release.to_json()))
        self._point(package.version, by)
        return self.get(package.version)

    def rollback(self, version: str | None, *, by: str) -> Release:
        """Points to an earlier release: the one named, or the one that was current before this one.

        Raises:
            PackageError: there is no such release, or it does not fit the platform.
        """
        version = version or self._before()
        release = self.get(version)
        refuse_other_platform(self.workflow, version, release.requires_platform, self.platform())
        self.package(version)
        self._point(version, by)
        return release

    def current(self) -> Release:
        """The release that the pointer names.

        Raises:
            PackageError: nothing was deployed.
        """
        return self.get(self._pointer()["version"])

    def get(self, version: str) -> Release:
        """A release by its version.

        Raises:
            PackageError: there is none; those that there are are named.
        """
        try:
            return Release.from_json(json.loads(self._target.read(self._key(version, "json"))))
        except DocumentNotFoundError:
            there = ", ".join(one.version for one in self.all()) or "none"
            raise PackageError(f"{self.workflow} has no release {version!r} at {self._target.uri}; releases: {there}") from None

    def package(self, version: str, key: Path | None = None) -> BusinessPackage:
        """The bytes of a release, as they were deployed.

        Raises:
            PackageError: there is none, it was changed since, or it is not signed by the key.
        """
        release = self.get(version)
        try:
            data = self._target.read(self._key(version, "zip"))
        except DocumentNotFoundError:
            raise PackageError(f"the package of {self.workflow} {version} is gone from {self._target.uri}; deploy it again") from None
        if sha256(data) != release.sha256:
            raise PackageError(
                f"the package of {self.workflow} {version} was changed after it was deployed; deploy it again as a new version"
            )
        if key is not None:
            verify_signature(data, release.signature, key)
        return read_business_package(data)

    def all(self) -> list[Release]:
        """Every release, the last deployed first."""
        keys = [key for key in self._target.list(f"{self.workflow}/releases") if key.endswith(".json")]
        found = [Release.from_json(json.loads(self._target.read(key))) for key in keys]
        return sorted(found, key=lambda one: one.deployed_at, reverse=True)

    def platform(self) -> str:
        """The version of the platform that takes the releases of this target."""
        try:
            return str(json.loads(self._target.read(PLATFORM))["version"])
        except DocumentNotFoundError:
            return __version__
        except (ValueError, KeyError, TypeError):
            raise PackageError(f'{PLATFORM} of {self._target.uri} cannot be read; it says {{"version": "1.0.0"}}') from None

    def _refuse_other_content(self, package: BusinessPackage) -> None:
        there = sha256(self._target.read(self._key(package.version, "zip")))
        if there != package.sha256:
            raise PackageError(
                f"{self.workflow} {package.version} was deployed with another content; give this one a version of its own", deployed=there
            )

    def _pointer(self) -> dict[str, Any]:
        try:
            pointer: dict[str, Any] = json.loads(self._target.read(f"{self.workflow}/current.json"))
        except DocumentNotFoundError:
            raise PackageError(f"no release of {self.workflow} is deployed at {self._target.uri}") from None
        refuse_newer(pointer, FORMAT, f"current.json of {self.workflow} at {self._target.uri}", PackageError)
        return pointer

    def _before(self) -> str:
        before = self._pointer().get("previous")
        if not before:
            raise PackageError(f"{self.workflow} has had one release only; there is nothing to go back to")
        return str(before)

    def _point(self, version: str, by: str) -> None:
        try:
            before = self._pointer()
        except PackageError:
            before = {}
        if before.get("version") == version:
            return
        at = _now()
        move = {"format": FORMAT, "version": version, "previous": before.get("version"), "at": at, "by": by}
        self._target.write(f"{self.workflow}/moves/{at.replace(':', '')}_{version}.json", to_bytes(move))
        # Last: until here, everybody sees what was there before.
        self._target.write(f"{self.workflow}/current.json", to_bytes(move))

    def _key(self, version: str, kind: str) -> str:
        return f"{self.workflow}/releases/{version}.{kind}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
