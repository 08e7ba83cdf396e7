"""`erase`: takes a document, a run, somebody's words, or what is old out of the storage, and proves that nothing is left.

First it says what would go, and what is held because its record must be kept. Then a person types `erase`, or `--yes` says so
beforehand. What is kept is a record without names. Airflow's own rows go through its API where `--airflow` says where it is; else the
commands are printed.
"""

from __future__ import annotations

import argparse
import getpass
import os
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.terminal import counted, safe
from workflow_orchestrator.record.airflow_rows import TOKEN_VARIABLE, Airflow, commands
from workflow_orchestrator.record.erase import Plan, erase, plan_erasure
from workflow_orchestrator.record.retention import day_before
from workflow_orchestrator.storage import configured_storage

if TYPE_CHECKING:
    from workflow_orchestrator.authoring.cli import Session

_BEYOND = "Not reached from here: old versions in a bucket that keeps them, backups, and what a provider keeps of a call."
_GONE = ("deleted", "not_there")


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("what", nargs="?", choices=("document", "run", "words"), help="what is named")
    parser.add_argument(
        "given", nargs="?", metavar="WHICH", help="a document's name, key or SHA-256; a run's id; or the words, such as a name"
    )
    parser.add_argument(
        "--older-than", metavar="AGE", help="instead of a name: every run in which nothing happened for 400d, 5y and so on"
    )
    parser.add_argument("--why", metavar="TEXT", default="", help="the reason that is kept, without personal data; needed to erase")
    parser.add_argument("--by", metavar="WHO", default="", help="who decided it; the user of this machine by default")
    parser.add_argument("--dry-run", action="store_true", help="say what would go, and stop")
    parser.add_argument("--yes", action="store_true", help="ask nobody")
    parser.add_argument(
        "--even-if-released", action="store_true", help="also runs that a person released less than five years ago; the record says so"
    )
    parser.add_argument(
        "--airflow", metavar="URL", default="", help=f"delete the runs there too, first; {TOKEN_VARIABLE} holds the token"
    )
    parser.set_defaults(run=run)


def run(session: Session, options: argparse.Namespace) -> int:
    """Plans, asks and erases; exit code 1 if a trace is left or a record is held, 3 if a person would have to be asked."""
    airflow = _airflow(options)
    plan = _plan(session, options)
    if options.dry_run:
        _show(session, plan, asked=airflow is not None)
        return exits.PROBLEMS if plan.blocked else exits.GOOD
    if not options.why.strip():
        raise UsageError("--why is missing: an erasure is recorded with its reason")
    if plan.blocked or not options.yes:
        _show(session, plan, asked=airflow is not None)
        if plan.blocked:
            return exits.PROBLEMS
        if session.json or not session.stdin.isatty():
            return exits.NEEDS_A_PERSON
        session.terminal.say("\nType erase to remove all of it for good:")
        if session.stdin.readline().strip() != "erase":
            session.terminal.say("Nothing was removed.")
            return exits.GOOD
    rows = _delete_rows(session, plan, airflow)
    if rows is not None and set(rows) - set(_GONE):
        return exits.PROBLEMS
    storage = configured_storage(session.project.include)
    report = erase(storage, plan, by=options.by or getpass.getuser(), why=options.why.strip(), airflow=rows)
    _tell(session, plan, report)
    return exits.GOOD if report["proven"] else exits.PROBLEMS


def _plan(session: Session, options: argparse.Namespace) -> Plan:
    storage = configured_storage(session.project.include)
    today = datetime.now(UTC).date()
    if options.older_than is not None:
        if options.what:
            raise UsageError("--older-than takes the place of what is named; leave one of them out")
        try:
            before = day_before(options.older_than, today)
        except ValueError as error:
            raise UsageError(f"--older-than: {error}") from error
        return plan_erasure(storage, "older", before.isoformat(), today=today, even_if_released=options.even_if_released)
    if not (options.what and (options.given or "").strip()):
        raise UsageError("say which document, run or words are meant, or --older-than an age")
    if options.what == "words" and len(options.given.strip()) < 4:
        raise UsageError(f"{options.given!r} is too short: it would be found in almost everything; give at least four letters")
    return plan_erasure(storage, options.what, options.given, today=today, even_if_released=options.even_if_released)


def _airflow(options: argparse.Namespace) -> Airflow | None:
    if not options.airflow:
        return None
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token:
        raise UsageError(f"--airflow needs a token of somebody who may delete runs, in {TOKEN_VARIABLE}")
    return Airflow(options.airflow, token)


def _delete_rows(session: Session, plan: Plan, airflow: Airflow | None) -> dict[str, int] | None:
    """What became of the runs in Airflow, counted; the storage is left alone while one of them is at work or could not be deleted."""
    if airflow is None:
        return None
    results = {row: airflow.delete(row) for row in plan.rows}
    left = [f"{safe(run_id)}: {result}" for (_, run_id), result in results.items() if result not in _GONE]
    if left and session.json:
        session.emit({"erased": False, "airflow": dict(Counter(results.values())), "left_in_airflow": left})
    elif left:
        session.terminal.warn("Nothing was removed from the storage. Airflow still has " + ", ".join(left))
    return dict(Counter(results.values()))


def _show(session: Session, plan: Plan, *, asked: bool) -> None:
    more = list(commands(plan.rows, datetime.now(UTC).date(), asked=asked))
    held = [{"run": one.root, "released": one.released.isoformat(), "until": one.until.isoformat()} for one in plan.held]
    if session.json:
        files = [{"key": item.key, "sha256": item.sha256, "bytes": item.bytes} for item in plan.files]
        found = {"what": plan.what, "documents": plan.documents, "runs": plan.runs, "files": files, "held": held}
        session.emit({"erased": False, **found, "blocked": plan.blocked, "in_airflow": more, "beyond": _BEYOND})
        return
    session.terminal.heading(f"{counted(len(plan.files), 'file')} of {counted(len(plan.runs), 'run')} would be removed")
    session.terminal.table(("File", "Bytes"), [(safe(item.key), str(item.bytes)) for item in plan.files])
    for one in held:
        kept = "goes before its time" if plan.overridden else "must be kept"
        session.terminal.warn(f"{safe(one['run'])} was released on {one['released']}: its record {kept} (until {one['until']})")
    if plan.blocked:
        session.terminal.say("Nothing can be removed while a record must be kept; --even-if-released decides otherwise.")
    _say_commands(session, more)


def _say_commands(session: Session, more: list[str]) -> None:
    if more:
        session.terminal.say("\nAirflow keeps of these runs what these commands remove:\n")
        session.terminal.say("\n".join(f"  {safe(line)}" for line in more))
    session.terminal.say(f"\n  {_BEYOND}")


def _tell(session: Session, plan: Plan, report: dict[str, Any]) -> None:
    more = list(commands(plan.rows, datetime.now(UTC).date(), asked=report["airflow"] != "not asked"))
    if session.json:
        session.emit({"erased": True, **report, "in_airflow": more, "beyond": _BEYOND})
        return
    session.terminal.say(f"Removed {counted(len(report['files']), 'file')}; the record is {report['record']}.")
    if report["left"]:
        session.terminal.warn("Still there, and holding a trace: " + ", ".join(safe(key) for key in report["left"]))
    else:
        session.terminal.say("A search over the whole storage finds nothing left of it.")
    _say_commands(session, more)
