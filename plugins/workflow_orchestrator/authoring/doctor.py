"""`doctor`: whether this installation is as it should be, and what to do where it is not."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.terminal import counted, safe

if TYPE_CHECKING:
    from workflow_orchestrator.authoring.cli import Session

_MARKS = {"good": ("✓", "green"), "careful": ("!", "yellow"), "wrong": ("✗", "red")}


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("--strict", action="store_true", help="exit with 1 also where something should only be known")
    parser.set_defaults(run=doctor)


def doctor(session: Session, options: argparse.Namespace) -> int:
    """Looks; exit code 1 where something is wrong."""
    from workflow_orchestrator.doctor import State, examine, gather

    found = examine(gather(session.project.root))
    wrong = sum(one.state is State.WRONG for one in found)
    careful = sum(one.state is State.CAREFUL for one in found)
    if session.json:
        session.emit({"good": not wrong, "findings": [one.to_json() for one in found]})
    else:
        for one in found:
            mark, colour = _MARKS[one.state]
            session.terminal.say(f"{session.terminal.styled(mark, colour)} {safe(one.area)}: {safe(one.says)}")
            if one.do:
                session.terminal.say(f"    {safe(one.do)}")
        seen = counted(len(found), "thing")
        session.terminal.say(f"\n{seen} looked at: {wrong} wrong, {careful} to be known")
    return exits.PROBLEMS if wrong or (options.strict and careful) else exits.GOOD
