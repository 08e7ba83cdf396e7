"""`doctor`: whether this installation is as it should be, and what to do where it is not."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.terminal import counted, safe

if TYPE_CHECKING:
    from workflow_orchestrator.authoring.cli import Session

_MARKS = {"good": ("✓", "green"), "careful": ("!", "yellow"), "wrong": ("✗", "red")}


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument(
        "--role", metavar="ROLE",
        help="which service of Airflow this is: all, api-server, scheduler, dag-processor, triggerer, worker "
        "(default: GENAI_PLATFORM_ROLE, else all)",
    )  # fmt: skip
    parser.add_argument("--strict", action="store_true", help="exit with 1 also where something should only be known")
    parser.set_defaults(run=doctor)


def doctor(session: Session, options: argparse.Namespace) -> int:
    """Looks; exit code 1 where something is wrong."""
    from workflow_orchestrator.doctor import State, examine, gather, read_role
    from workflow_orchestrator.errors import ConfigurationError

    try:
        facts = gather(session.project.root, role=None if options.role is None else read_role(options.role))
    except ConfigurationError as error:
        raise UsageError(error.message) from None
    found = examine(facts)
    wrong = sum(one.state is State.WRONG for one in found)
    careful = sum(one.state is State.CAREFUL for one in found)
    if session.json:
        session.emit({"good": not wrong, "role": facts.role, "findings": [one.to_json() for one in found]})
    else:
        for one in found:
            mark, colour = _MARKS[one.state]
            session.terminal.say(f"{session.terminal.styled(mark, colour)} {safe(one.area)}: {safe(one.says)}")
            if one.do:
                session.terminal.say(f"    {safe(one.do)}")
        seen = counted(len(found), "thing")
        session.terminal.say(f"\n{seen} looked at in the role {facts.role}: {wrong} wrong, {careful} to be known")
    return exits.PROBLEMS if wrong or (options.strict and careful) else exits.GOOD
