"""`bill`: what one run can cost, before it runs.

The budget of the workflow stops model calls before they are made, so that a run never costs more than `budget.usd` where prices are
known; `--check` tells whether the worst case fits inside it. How it is reckoned stands in reckoning.py.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.prices import assumed
from workflow_orchestrator.authoring.reckoning import VIDEO_ROUTE, Bill, reckon
from workflow_orchestrator.authoring.terminal import Terminal, safe
from workflow_orchestrator.definition import wording

if TYPE_CHECKING:
    from workflow_orchestrator.authoring.cli import Session


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("name", metavar="NAME", help="a workflow, by name or path")
    parser.add_argument("--document", metavar="PDF", help="the document to reckon with")
    parser.add_argument(
        "--price", metavar="IN/OUT", help="US dollars per million tokens, where no other price is known"
    )
    parser.add_argument("--model", metavar="ID", help="a model of the public price list, where no other price is known")
    parser.add_argument("--check", action="store_true", help="exit with 1 if the worst case is above the budget")
    parser.set_defaults(run=bill)


def bill(session: Session, options: argparse.Namespace) -> int:
    """Reckons; exit code 1 with `--check` when the worst case is above the budget."""
    project = session.project
    path = None
    if options.document:
        path = project.path(options.document)
        if not path.is_file():
            raise UsageError(f"there is no file {options.document}")
    workflow = project.load(options.name)
    result = reckon(project, workflow, path, assumed(options.price, options.model))
    if session.json:
        session.emit(_data(result))
    else:
        _print(session.terminal, result)
    return exits.PROBLEMS if options.check and result.over else exits.GOOD


def _data(result: Bill) -> dict[str, Any]:
    dearest = result.dearest
    return {
        "workflow": result.workflow,
        "document": result.document,
        "steps": [line.to_json() for line in result.lines],
        "expected": result.expected.to_json(),
        "worst": result.worst.to_json(),
        "budget": {
            "usd": None if result.budget_usd is None else str(result.budget_usd),
            "tokens": result.budget_tokens,
        },
        "dearest_step": None if dearest is None else dearest.step,
        "over": list(result.over),
        "models": {
            route: [
                {"connection": one.connection, "model": one.model or None, "price_known": one.price is not None}
                for one in found
            ]
            for route, found in result.models.items()
        },
    }


def _print(terminal: Terminal, result: Bill) -> None:
    terminal.heading(f"{result.workflow}: what one run can cost")
    terminal.say(f"  {safe(result.document)}")
    if not result.lines:
        terminal.say("  no step asks a model or a video vendor; a run costs nothing")
        return
    rows = []
    for line in result.lines:
        calls = f"1 … {line.worst.requests}" if line.expected.requests else f"0 … {line.worst.requests}"
        times = f" × {line.times}" if line.times > 1 else ""
        mark = "" if line.counts else " (another way is dearer)"
        rows.append(
            (
                f"{line.step}{times}{mark}",
                line.route,
                calls,
                f"{line.expected.tokens:,}",
                f"{line.worst.tokens:,}",
                wording.money(line.expected.usd),
                wording.money(line.worst.usd),
            )
        )
    total = ("total", "", f"{result.expected.requests} … {result.worst.requests}")
    tokens = (f"{result.expected.tokens:,}", f"{result.worst.tokens:,}")
    rows.append((*total, *tokens, wording.money(result.expected.usd), wording.money(result.worst.usd)))
    terminal.table(("step", "route", "requests", "tokens", "at worst", "expected", "at worst"), rows)
    for text in _remarks(result):
        terminal.say(f"  {safe(text)}")
    _verdict(terminal, result)


def _remarks(result: Bill) -> list[str]:
    remarks = []
    dearest = result.dearest
    if dearest is not None and len(result.lines) > 1 and result.worst.tokens:
        share = dearest.worst.tokens / result.worst.tokens
        if result.worst.usd and dearest.worst.usd:
            share = float(dearest.worst.usd / result.worst.usd)
        remarks.append(
            f"{dearest.step} takes {share:.0%} of the worst case: {dearest.tries} tries, {dearest.worst.requests} requests"
        )
    for line in result.lines:
        if line.route.startswith(VIDEO_ROUTE):
            price = "price known" if line.worst.usd is not None else "price unknown; state price_usd_per_minute in include/rendering.yaml"
            remarks.append(f"{line.route}: one clip; {price}")
    for route, found in result.models.items():
        models = ", ".join(one.model or f"the model of connection {one.connection}" for one in found)
        unknown = [one for one in found if one.price is None]
        price = "price unknown; state it with --price IN/OUT or --model ID" if unknown else "price known"
        remarks.append(f"route {route}: {models}; {price}")
    return remarks


def _verdict(terminal: Terminal, result: Bill) -> None:
    if result.budget_usd is None and result.budget_tokens is None:
        terminal.say(terminal.styled("  There is no budget: nothing stops a run.", "yellow"))
    elif not result.over:
        terminal.say(terminal.styled("  The worst case fits the budget.", "green"))
    else:
        for text in result.over:
            terminal.say(terminal.styled(f"  {text}", "yellow"))
        stops = [
            name for name, limit in (("usd", result.budget_usd), ("tokens", result.budget_tokens)) if limit is not None
        ]
        terminal.say(
            f"  A run that comes to the limit of budget.{' or budget.'.join(stops)} is stopped before the next model call."
        )
