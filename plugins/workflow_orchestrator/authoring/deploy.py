"""`release`: packages at a folder or bucket from which Airflow takes them (bundles.py)."""

from __future__ import annotations

import argparse
import getpass
import os
from pathlib import Path
from typing import TYPE_CHECKING

from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.terminal import safe
from workflow_orchestrator.packaging.business import read_business_package
from workflow_orchestrator.packaging.releases import Release, Releases
from workflow_orchestrator.storage import Storage, open_storage

if TYPE_CHECKING:
    from workflow_orchestrator.authoring.cli import Session


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("action", choices=("deploy", "rollback", "list"), help="deploy a package · go back to a release · list them")
    parser.add_argument("what", metavar="WHAT", help="a package (deploy), or a workflow's name")
    parser.add_argument("--to", metavar="TARGET", required=True, help="a folder or s3://bucket/prefix")
    parser.add_argument("--release", metavar="VERSION", help="which one to go back to (default: the one before this one)")
    parser.add_argument("--key", metavar="PEM", help="refuse a package that this public key did not sign")
    parser.add_argument("--by", metavar="WHO", default="", help="who does it (default: the login name)")
    parser.set_defaults(run=release)


def release(session: Session, options: argparse.Namespace) -> int:
    """Deploys, goes back, or lists."""
    target = _target(session, options.to)
    by = options.by or getpass.getuser()
    if options.action == "deploy":
        return _deploy(session, options, target, by)
    name = options.what.replace("-", "_")
    releases = Releases(target, name)
    if options.action == "rollback":
        found = releases.rollback(options.release, by=by)
        _say(session, found, f"{name} is at {found.version} again")
        return exits.GOOD
    return _list(session, releases)


def _target(session: Session, given: str) -> Storage:
    return open_storage(given, base=session.project.cwd, aws_conn_id=os.environ.get("GENAI_PLATFORM_AWS_CONN_ID", "aws_default"))


def _deploy(session: Session, options: argparse.Namespace, target: Storage, by: str) -> int:
    path = session.project.path(options.what)
    if not path.is_file():
        raise UsageError(f"there is no package {options.what}; make one with scripts/workflow package")
    made = read_business_package(path.read_bytes())
    signature = Path(f"{path}.sig")
    found = Releases(target, made.workflow).deploy(
        made,
        by=by,
        signature=signature.read_text(encoding="utf-8").strip() if signature.is_file() else None,
        key=session.project.path(options.key) if options.key else None,
    )
    _say(session, found, f"{made.workflow} {found.version} is current at {target.uri}")
    return exits.GOOD


def _list(session: Session, releases: Releases) -> int:
    found = releases.all()
    current = releases.current().version if found else ""
    if session.json:
        session.emit([{**one.to_json(), "current": one.version == current} for one in found])
        return exits.GOOD
    if not found:
        session.terminal.say(f"No release of {safe(releases.workflow)} is deployed there.")
        return exits.GOOD
    rows = [
        (
            "→" if one.version == current else "", one.version, one.deployed_at[:19], one.deployed_by,
            "yes" if one.signature else "no", one.sha256[:12],
        )
        for one in found
    ]  # fmt: skip
    session.terminal.table(("", "version", "deployed (UTC)", "by", "signed", "sha256"), rows)
    return exits.GOOD


def _say(session: Session, found: Release, text: str) -> None:
    if session.json:
        session.emit(found.to_json())
    else:
        session.terminal.say(safe(text))
