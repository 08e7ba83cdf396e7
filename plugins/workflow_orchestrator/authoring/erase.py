"""`erase`: takes a document, a run, or somebody's words out of the storage, and proves that nothing is left.

First it says what would go. Then a person types `erase`, or `--yes` says so beforehand. What is kept is a record without names.
"""

from __future__ import annotations

import argparse
import getpass
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.terminal import counted, safe
from workflow_orchestrator.record.erase import Plan, erase, plan_erasure
from workflow_orchestrator.storage import configured_storage

if TYPE_CHECKING:
    from workflow_orchestrator.authoring.cli import Session

_BEYOND = (
    "Not part of the storage: Airflow's own rows and task logs of these runs (delete the runs there), and old versions in a bucket "
    "that keeps them."
)


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("what", choices=("document", "run", "words"), help="what is named")
    parser.add_argument("given", metavar="WHICH", help="a document's name, key or SHA-256; a run's id; or the words, such as a name")
    parser.add_argument("--why", metavar="TEXT", default="", help="the reason that is kept, without personal data; needed to erase")
    parser.add_argument("--by", metavar="WHO", default="", help="who decided it; the user of this machine by default")
    parser.add_argument("--dry-run", action="store_true", help="say what would go, and stop")
    parser.add_argument("--yes", action="store_true", help="ask nobody")
    parser.set_defaults(run=run)


def run(session: Session, options: argparse.Namespace) -> int:
    """Plans, asks and erases; exit code 1 if a trace is left, 3 if a person would have to be asked."""
    if not options.given.strip():
        raise UsageError("say which document, run or words are meant")
    if options.what == "words" and len(options.given.strip()) < 4:
        raise UsageError(f"{options.given!r} is too short: it would be found in almost everything; give at least four letters")
    storage = configured_storage(session.project.include)
    plan = plan_erasure(storage, options.what, options.given)
    if options.dry_run:
        _show(session, plan)
        return exits.GOOD
    if not options.why.strip():
        raise UsageError("--why is missing: an erasure is recorded with its reason")
    if not options.yes:
        if session.json or not session.stdin.isatty():
            _show(session, plan)
            return exits.NEEDS_A_PERSON
        _show(session, plan)
        session.terminal.say("\nType erase to remove all of it for good:")
        if session.stdin.readline().strip() != "erase":
            session.terminal.say("Nothing was removed.")
            return exits.GOOD
    report = erase(storage, plan, by=options.by or getpass.getuser(), why=options.why.strip())
    _tell(session, report)
    return exits.GOOD if report["proven"] else exits.PROBLEMS


def _show(session: Session, plan: Plan) -> None:
    if session.json:
        files = [{"key": item.key, "sha256": item.sha256, "bytes": item.bytes} for item in plan.files]
        found = {"what": plan.what, "documents": plan.documents, "runs": plan.runs, "files": files}
        session.emit({"erased": False, **found, "beyond": _BEYOND})
        return
    session.terminal.heading(f"{counted(len(plan.files), 'file')} of {counted(len(plan.runs), 'run')} would be removed")
    session.terminal.table(("File", "Bytes"), [(safe(item.key), str(item.bytes)) for item in plan.files])
    session.terminal.say(f"\n  {_BEYOND}")


def _tell(session: Session, report: dict[str, Any]) -> None:
    if session.json:
        session.emit({"erased": True, **report, "beyond": _BEYOND})
        return
    session.terminal.say(f"Removed {counted(len(report['files']), 'file')}; the record is {report['record']}.")
    if report["left"]:
        session.terminal.warn("Still there, and holding a trace: " + ", ".join(safe(key) for key in report["left"]))
    else:
        session.terminal.say("A search over the whole storage finds nothing left of it.")
    session.terminal.say(_BEYOND)
