"""`schema`: the JSON Schemas of docs/, from which an editor completes and checks the files while they are written."""

from __future__ import annotations

import argparse
import contextlib
import io
import runpy
from typing import TYPE_CHECKING

from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.exits import UsageError

if TYPE_CHECKING:
    from workflow_orchestrator.authoring.cli import Session


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if one of them is not current")
    parser.set_defaults(run=schema)


def schema(session: Session, options: argparse.Namespace) -> int:
    """Runs `scripts/make_schema.py`, which is the one place that knows which schemas there are."""
    script = session.project.root / "scripts" / "make_schema.py"
    if not script.is_file():
        raise UsageError(
            "this project has no scripts/make_schema.py; the schemas are made where the platform is developed"
        )
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = runpy.run_path(str(script))["main"](["--check"] if options.check else [])
    lines = said.getvalue().strip().splitlines()
    if session.json:
        session.emit({"good": not code, "check": options.check, "says": lines})
    else:
        session.terminal.say("\n".join(lines))
    return exits.PROBLEMS if code else exits.GOOD
