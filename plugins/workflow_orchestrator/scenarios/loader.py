"""Turns a workflow's `scenarios.yaml` into a `Suite`, or into one error that lists everything that is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.language.words import duration
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.source import KeyPath, Source, read_source
from workflow_orchestrator.scenarios.checks import check_suite, document_path
from workflow_orchestrator.scenarios.language import SUITE
from workflow_orchestrator.scenarios.model import (
    Event,
    Expectation,
    Fault,
    Misprint,
    Played,
    Prices,
    Reaction,
    Replies,
    Scenario,
    Suite,
    Works,
)

FILE = "scenarios.yaml"


def load_scenarios(workflow: Workflow, path: Path | None = None) -> Suite:
    """Loads the scenarios of a workflow.

    Args:
        workflow: the workflow that they are about.
        path: the file; without it, `scenarios.yaml` in the workflow's folder.

    Raises:
        DefinitionError: the file has problems; the message lists every one with file, line and column.
    """
    path = path or workflow.folder / FILE
    report = Report(workflow.include.parent)
    source = read_source(path, report)
    if source is not None:
        SUITE.check(source.data, (), source, report)
        if not len(report):
            check_suite(source, workflow, report)
    report.raise_if_any(report.shown(path).as_posix())
    if source is None:
        raise AssertionError("a file without problems is read")
    return _suite(source, workflow)


def _suite(source: Source, workflow: Workflow) -> Suite:
    data: dict[str, Any] = source.data
    prices = data.get("prices")
    scenarios = {str(at[-1]): _scenario(at, item, source, workflow) for at, item in source.walk(("scenarios",))}
    earlier = {name: item["follows"] for name, item in data["scenarios"].items() if "follows" in item}
    return Suite(
        workflow=data["workflow"],
        path=source.path,
        scenarios=tuple(
            replace(scenario, follows=scenarios[earlier[name]]) if name in earlier else scenario
            for name, scenario in scenarios.items()
        ),
        floor=dict(data.get("floor", {})),
        failures=data.get("failures", "all") == "all",
        prices=None if prices is None else Prices(Decimal(prices["read"]), Decimal(prices["written"])),
    )


def _scenario(at: KeyPath, item: dict[str, Any], source: Source, workflow: Workflow) -> Scenario:
    conf = {name: value for name, value in item["input"].items() if name != "document"}
    today = item.get("today")
    path = document_path(item["input"]["document"], workflow)
    if path is None:
        raise AssertionError("a document that is not there has been reported")
    return Scenario(
        name=str(at[-1]),
        says=item["says"].strip(),
        document=path,
        conf=conf,
        script={name: _events(tries, workflow) for name, tries in item.get("steps", {}).items()},
        misprints=tuple(Misprint(**misprint) for misprint in item.get("misprints", ())),
        today=None if today is None else date.fromisoformat(today),
        profile=item.get("profile", "production"),
        ocr=item.get("ocr", "off"),
        requested_by=item.get("requested_by", "scenario"),
        expect=_expectation(item["expect"]),
        line=source.key_position(at)[0],
    )


def _events(tries: list[dict[str, Any]], workflow: Workflow) -> tuple[Event, ...]:
    events: list[Event] = []
    for item in tries:
        events += [_event(item, workflow)] * int(item.get("times", 1))
    return tuple(events)


def _event(item: dict[str, Any], workflow: Workflow) -> Event:
    if "fault" in item:
        wait = item.get("retry_after")
        return Fault(item["fault"], item.get("message", ""), None if wait is None else timedelta(seconds=wait))
    if "answer" in item:
        return Reaction(
            item["answer"],
            item.get("by", ""),
            {ref: (entry.get("words"), entry.get("page")) for ref, entry in item.get("enter", {}).items()},
            duration(item["after"]) if "after" in item else timedelta(0),
            {place: entry.get("words") for place, entry in item.get("edit", {}).items()},
            item.get("reason", ""),
        )
    if "scenario" in item:
        return Played(item["scenario"])
    if "works" in item:
        return Works()
    if "unasked" in item:
        return Replies(())
    tokens = item.get("tokens")
    return Replies(_answers(item, workflow), None if tokens is None else (tokens["read"], tokens["written"]))


def _answers(item: Mapping[str, Any], workflow: Workflow) -> tuple[Any, ...]:
    if "replies" in item:
        return tuple(item["replies"])
    if "reply" in item:
        return (item["reply"],)
    files = item.get("reply_files") or (item["reply_file"],)
    return tuple(json.loads((workflow.folder / name).read_bytes()) for name in files)


def _expectation(item: dict[str, Any]) -> Expectation:
    return Expectation(
        outcome=item["outcome"],
        error=item.get("error"),
        message=tuple(item.get("message", ())),
        path=tuple(item["path"]) if "path" in item else None,
        states=dict(item.get("states", {})),
        artifacts=tuple(item.get("artifacts", ())),
        missing=tuple(item.get("missing", ())),
        values=dict(item.get("values", {})),
        findings=tuple(item["findings"]) if "findings" in item else None,
        says=tuple(item.get("says", ())),
        never=tuple(item.get("never", ())),
        calls=item.get("calls"),
        cost=Decimal(item["cost_usd"]) if "cost_usd" in item else None,
        waited=duration(item["waited"]) if "waited" in item else None,
    )
