"""`new`: a complete workflow that passes `check` and `test` as it is, and says what to do with it next."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.scaffold import BLANK, Wanted, make

if TYPE_CHECKING:
    from workflow_orchestrator.authoring.cli import Session

NEXT = """
Next:
  scripts/workflow show {name}                           the flow, people, settings
  scripts/workflow test {name}                           its scenarios, without server or key
  scripts/workflow run {name} {document}
  scripts/workflow docs                                  its page in docs/workflows
Then change workflow.yaml, schema.json and the narration; docs/authoring.md says how, in ten minutes."""


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("name", metavar="NAME", help="small letters, digits and _, a letter first")
    parser.add_argument("--title", help="what people call it (default: made of the name)")
    parser.add_argument("--owner", default="my-team", help="the team that answers for it (default: my-team)")
    parser.add_argument(
        "--from",
        dest="source",
        default=BLANK,
        metavar="NAME",
        help="copy a workflow; blank is a small one (default: blank)",
    )
    parser.set_defaults(run=new)


def new(session: Session, options: argparse.Namespace) -> int:
    """Makes the workflow."""
    title = options.title or options.name.replace("_", " ").capitalize()
    wanted = Wanted(options.name, title, options.owner, options.source)
    made = make(session.project, wanted, datetime.now(UTC).date())
    if session.json:
        session.emit({"workflow": wanted.name, "from": wanted.source, "files": list(made.files)})
        return exits.GOOD
    for file in made.files:
        session.terminal.say(f"  {file}")
    sample = next((file for file in made.files if file.endswith(".pdf")), "DOCUMENT.pdf")
    session.terminal.say(NEXT.format(name=wanted.name, document=sample))
    return exits.GOOD
