"""`verify`: proves that no entry of the history and no manifest was changed or removed since it was written."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.terminal import counted, safe
from workflow_orchestrator.history.verify import verify, verify_all
from workflow_orchestrator.storage import configured_storage

if TYPE_CHECKING:
    from workflow_orchestrator.authoring.cli import Session

_ANCHOR = re.compile(r"([a-z][a-z0-9_]*):([1-9][0-9]{0,8}):([0-9a-f]{8,64})")


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("name", metavar="NAME", nargs="?", default="", help="a workflow; all by default")
    parser.add_argument(
        "--anchor", action="append", default=[], metavar="WORKFLOW:SERIAL:HASH",
        help="the hash of an entry as it was noted elsewhere; the log of each run has it (history.appended)",
    )  # fmt: skip
    parser.set_defaults(run=check)


def check(session: Session, options: argparse.Namespace) -> int:
    """Verifies; exit code 1 where something is not as it was written."""
    storage = configured_storage(session.project.include)
    anchors: dict[str, dict[int, str]] = {}
    for given in options.anchor:
        match = _ANCHOR.fullmatch(given)
        if match is None:
            raise UsageError(f"--anchor {given!r} is not WORKFLOW:SERIAL:HASH, such as my_flow:42:9f86d081884c7d65")
        anchors.setdefault(match[1], {})[int(match[2])] = match[3]
    names = [options.name] if options.name else sorted({*(one.workflow for one in verify_all(storage)), *anchors})
    found = [verify(storage, name, anchors.get(name)) for name in names]
    if session.json:
        session.emit(
            [
                {
                    "workflow": one.workflow, "entries": one.entries, "head": one.head, "manifests": one.manifests,
                    "faults": [{"key": fault.key, "says": fault.says} for fault in one.faults],
                }
                for one in found
            ]
        )  # fmt: skip
    for one in () if session.json else found:
        state = f"{counted(len(one.faults), 'fault')}" if one.faults else "as it was written"
        session.terminal.say(
            f"{one.workflow}: {counted(one.entries, 'entry', 'entries')}, {counted(one.manifests, 'manifest')}: {state}"
        )
        if one.head:
            session.terminal.say(f"  newest entry {one.workflow}:{one.newest}:{one.head}")
        for fault in one.faults:
            session.terminal.say(safe(f"  {fault.key} {fault.says}"))
    if not found and not session.json:
        session.terminal.say("There is no history yet.")
    return exits.PROBLEMS if any(one.faults for one in found) else exits.GOOD
