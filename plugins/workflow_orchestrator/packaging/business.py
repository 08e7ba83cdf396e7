"""The package of one business workflow: its folder, prompts, packs and theme, and a manifest; nothing of the platform.

    fund-factsheet-video-1.4.0.zip
       package.json                         name, version, definition, platform range, needs, every file with its SHA-256
       dags/fund_factsheet_video/…          workflow.yaml, schema.json, rules.yaml, scenarios.yaml, replies/, dag.py
       include/…                            what the workflow's digest covers: its prompts, packs, theme

Without a version, the first twelve digits of the definition's digest are the version: the same definition is the same release.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_orchestrator import __version__
from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import PackageError
from workflow_orchestrator.file_format import refuse_newer
from workflow_orchestrator.packaging.archive import listing, pack, unpack

FORMAT = 1
MANIFEST = "package.json"
_KIND = "business-workflow"
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}")
# Beside the definition, which the digest covers: what tests it, and what Airflow parses.
_BESIDE = ("dag.py", "scenarios.yaml", "replies")


@dataclass(frozen=True, slots=True)
class BusinessPackage:
    """A package: its manifest and its bytes."""

    manifest: Mapping[str, Any]
    data: bytes

    @property
    def workflow(self) -> str:
        """The workflow's name."""
        return str(self.manifest["workflow"])

    @property
    def version(self) -> str:
        """The release's version."""
        return str(self.manifest["version"])

    @property
    def file_name(self) -> str:
        """As the user calls it: `fund-factsheet-video-1.4.0.zip`."""
        return f"{self.workflow.replace('_', '-')}-{self.version}.zip"

    @property
    def sha256(self) -> str:
        """Of the whole package."""
        return sha256(self.data)


def build_business_package(workflow: Workflow, version: str | None = None) -> BusinessPackage:
    """Packages a workflow that was checked.

    Raises:
        PackageError: the version is none, or the workflow has a file that belongs to no package.
    """
    version = version or workflow.digest.removeprefix("sha256:")[:12]
    if not _VERSION.fullmatch(version):
        raise PackageError(f"{version!r} is no version; write letters, digits and . + _ -, such as 1.4.0")
    files = _files(workflow)
    manifest = {
        "format": FORMAT,
        "kind": _KIND,
        "name": workflow.name.replace("_", "-"),
        "workflow": workflow.name,
        "title": workflow.title,
        "owner": workflow.owner,
        "version": version,
        "definition": workflow.digest,
        "requires_platform": workflow.platform,
        "made_with_platform": __version__,
        "needs": needs_of(workflow),
        "files": listing(files),
    }
    return BusinessPackage(manifest, pack({**files, MANIFEST: to_bytes(manifest)}))


def read_business_package(data: bytes) -> BusinessPackage:
    """The package in some bytes, every file of it as its manifest says.

    Raises:
        PackageError: it is none, or was changed.
    """
    files = unpack(data)
    manifest = _manifest(files.pop(MANIFEST, None))
    if listing(files) != manifest["files"]:
        known = {str(item["path"]): item["sha256"] for item in manifest["files"]}
        wrong = sorted(name for name in {*files, *known} if name not in files or known.get(name) != sha256(files[name]))
        raise PackageError(f"the package is not as its manifest says: {', '.join(wrong[:5]) or 'the list of its files'}")
    return BusinessPackage(manifest, data)


def content_of(package: BusinessPackage) -> dict[str, bytes]:
    """The files of a package, without its manifest."""
    return {name: content for name, content in unpack(package.data).items() if name != MANIFEST}


def _manifest(data: bytes | None) -> dict[str, Any]:
    if data is None:
        raise PackageError(f"the archive has no {MANIFEST}; it is no package of a workflow")
    try:
        manifest: dict[str, Any] = json.loads(data)
        known = {key: manifest[key] for key in ("format", "kind", "workflow", "version", "definition", "requires_platform", "files")}
    except (ValueError, KeyError, TypeError) as error:
        raise PackageError(f"{MANIFEST} cannot be read: {error}") from None
    refuse_newer(manifest, FORMAT, f"the package {known['workflow']} {known['version']}", PackageError)
    if known["format"] != FORMAT or known["kind"] != _KIND:
        raise PackageError(
            f"the package is a {known['kind']} of format {known['format']}; this platform reads {_KIND} of format {FORMAT}"
        )
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", str(known["workflow"])) or not _VERSION.fullmatch(str(known["version"])):
        raise PackageError(f"{MANIFEST} names {known['workflow']!r} {known['version']!r}, which is no workflow with a version")
    return manifest


def _files(workflow: Workflow) -> dict[str, bytes]:
    root = workflow.include.parent
    paths = {*workflow.files}
    for name in _BESIDE:
        found = workflow.folder / name
        paths |= {path for path in found.rglob("*") if path.is_file()} if found.is_dir() else {found} if found.is_file() else set()
    outside = [path for path in paths if not (path.is_relative_to(workflow.folder) or path.is_relative_to(workflow.include))]
    if outside:
        raise PackageError(f"{workflow.name} uses {outside[0]}, which lies neither in its folder nor in include/")
    return {_name(path, workflow, root): path.read_bytes() for path in paths}


def _name(path: Path, workflow: Workflow, root: Path) -> str:
    if path.is_relative_to(workflow.folder):
        return f"dags/{workflow.name}/{path.relative_to(workflow.folder).as_posix()}"
    return path.relative_to(root).as_posix()


def needs_of(workflow: Workflow) -> dict[str, list[str]]:
    """What a workflow expects of the platform it is deployed to: model routes, groups of people, channels, voices, video providers."""
    found: dict[str, set[str]] = {"routes": set(), "groups": set(), "channels": set(), "voices": set(), "video_providers": set()}
    for step in (*workflow.steps, *workflow.last):
        for key, attribute in (("routes", "route"), ("channels", "channel"), ("voices", "voice"), ("video_providers", "provider")):
            value = getattr(step, attribute, None)
            if isinstance(value, str) and value:
                found[key].add(value)
        found["groups"] |= set(getattr(step, "ask", None) or ())
    return {key: sorted(values) for key, values in found.items()}
