"""`history`: which runs there were, how they ended, what they cost and who released them, from the storage alone."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.terminal import safe
from workflow_orchestrator.history import Asked, Entry, find
from workflow_orchestrator.history.query import summed
from workflow_orchestrator.literal import cell
from workflow_orchestrator.record.retention import day_before
from workflow_orchestrator.storage import configured_storage

if TYPE_CHECKING:
    from workflow_orchestrator.authoring.cli import Session

COLUMNS = (
    "finished", "workflow", "run_id", "document", "outcome", "error", "step", "seconds", "waited_seconds", "video_seconds", "calls",
    "input_tokens", "output_tokens", "cost_usd", "mode", "requested_by", "released_by", "serial",
)  # fmt: skip


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("name", metavar="NAME", nargs="?", default="", help="a workflow; all by default")
    parser.add_argument("--document", metavar="WORDS", default="", help="part of its name, or the start of its SHA-256")
    parser.add_argument("--outcome", choices=("succeeded", "degraded", "failed"), default="", help="how the run ended")
    parser.add_argument("--error", metavar="CLASS", default="", help="the error that stopped it")
    parser.add_argument("--by", metavar="NAME", default="", help="who asked for it, corrected, edited, released or rejected it")
    parser.add_argument("--released-by", metavar="NAME", default="", help="who released it")
    parser.add_argument("--costs", metavar="USD", help="at least so much for model calls")
    parser.add_argument("--costs-at-most", metavar="USD", help="at most so much")
    parser.add_argument("--since", metavar="DAY", help="2026-11-01, or an age such as 7d")
    parser.add_argument("--until", metavar="DAY", help="the last day, included")
    parser.add_argument("--limit", metavar="N", type=int, default=50, help="how many rows (50; 0 for all)")
    parser.add_argument("--every-record", action="store_true", help="also what a run was recorded as before it was run again")
    parser.add_argument("--csv", action="store_true", help="as CSV")
    parser.set_defaults(run=history)


def history(session: Session, options: argparse.Namespace) -> int:
    """Lists; exit code 0, also where nothing is found."""
    storage = configured_storage(session.project.include)
    entries = find(storage, _asked(options))
    shown = entries if options.limit <= 0 else entries[: options.limit]
    if session.json:
        session.emit({"runs": [row_of(entry) for entry in shown], "summary": summed(entries)})
    elif options.csv:
        writer = csv.DictWriter(session.terminal.out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in row_of(entry).items()} for entry in shown)
    else:
        _print(session, shown, entries)
    return exits.GOOD


def _asked(options: argparse.Namespace) -> Asked:
    try:
        return Asked(
            workflow=options.name, document=options.document, outcome=options.outcome, error=options.error, person=options.by,
            released_by=options.released_by, costs=_money("--costs", options.costs),
            costs_at_most=_money("--costs-at-most", options.costs_at_most),
            since=_day("--since", options.since), until=_day("--until", options.until), every_record=options.every_record,
        )  # fmt: skip
    except ValueError as error:
        raise UsageError(str(error)) from None


def _day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        return day_before(text, datetime.now(UTC).date())
    except ValueError:
        raise UsageError(f"{option}: {text!r} is neither a day such as 2026-11-01 nor an age such as 7d or 1y") from None


def _money(option: str, text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise UsageError(f"{option}: {text!r} is no amount of US dollars; write 0.25")
    return amount


def row_of(entry: Entry) -> dict[str, Any]:
    """An entry as one row of `COLUMNS`; a name that was erased is `None`."""
    error = entry.facts["error"] or {}
    told = {"workflow": entry.workflow, "serial": entry.serial, "error": error.get("error"), "step": error.get("step")}
    return {key: told[key] if key in told else entry.says(key) for key in COLUMNS}


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    return cell(value) if isinstance(value, str) else value


def _print(session: Session, shown: Sequence[Entry], entries: Sequence[Entry]) -> None:
    terminal = session.terminal
    if not entries:
        terminal.say("No run of the history is meant.")
        return
    rows = []
    for entry in shown:
        row = row_of(entry)
        ended = str(row["outcome"]) if not row["error"] else f"{row['step']}: {row['error']}"
        released = "; ".join(row["released_by"] or ())
        cost = "unknown" if row["cost_usd"] is None else row["cost_usd"]
        rows.append(
            (
                entry.finished.strftime("%Y-%m-%d %H:%M"), entry.workflow, str(row["document"] or "erased"), ended,
                _seconds(row["seconds"]), str(cost), released or "-", str(row["run_id"] or f"erased (entry {entry.serial})"),
            )
        )  # fmt: skip
    terminal.table(("finished (UTC)", "workflow", "document", "ended", "took", "USD", "released by", "run"), rows)
    total = summed(entries)
    hidden = f" ({len(shown)} shown)" if len(shown) < len(entries) else ""
    rate = f"{total['success_rate']:.1%} did not fail"
    unknown = f", {total['unknown_costs']} at an unknown price" if total["unknown_costs"] else ""
    terminal.say(
        f"\n{total['runs']} runs{hidden}: {rate}; model calls USD {total['cost_usd']}{unknown}; "
        f"median {_seconds(total['median_seconds'])}; {_seconds(total['video_seconds'])} of video"
    )
    if total["errors"]:
        terminal.say("errors: " + safe(", ".join(f"{name} {count}" for name, count in total["errors"].items())))


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole / 3600:.1f} h"
