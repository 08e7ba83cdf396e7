"""Conditions: over what exists, compared with what it can be, and each arm can be taken.

An arm is never taken when its condition contradicts itself, or when the arms above take everything that it would. That is decided where
a condition looks at one thing: words of an enum, or a range of numbers. The rest is left to the scenarios.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from workflow_orchestrator.definition.checks.passing import Passing
from workflow_orchestrator.definition.checks.ranges import Region, region_of
from workflow_orchestrator.definition.checks.subjects import Sort, Subjects
from workflow_orchestrator.definition.flow import NEVER_CONTINUES
from workflow_orchestrator.definition.language import COMPARISONS, CONDITION, NESTING, SUBJECTS
from workflow_orchestrator.definition.outline import Node, Outline
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.shapes import said
from workflow_orchestrator.definition.source import KeyPath

_ORDERED = ("at_least", "at_most", "more_than", "less_than")
# Which comparisons a sort of value takes beside `present`.
_TAKES = {
    "text": ("is", "is_not", "one_of"),
    "boolean": ("is", "is_not", "one_of"),
    "number": ("is", "is_not", "one_of", *_ORDERED),
    "date": ("is", "is_not", "one_of", *_ORDERED),
    "list": (),
    "object": (),
    "several": (),
    "any": ("is", "is_not", "one_of", *_ORDERED),
}


def check_conditions(tree: Outline, subjects: Subjects, passing: Passing, report: Report) -> None:
    """Reports conditions over what does not exist or cannot be compared, and arms that are never taken."""
    checker = _Checker(tree, subjects, passing, report)
    for node in tree.nodes:
        if node.kind == "choose":
            checker.choose(node)


class _Checker:
    def __init__(self, tree: Outline, subjects: Subjects, passing: Passing, report: Report) -> None:
        self._tree = tree
        self._source = tree.source
        self._subjects = subjects
        self._passing = passing
        self._report = report

    def choose(self, node: Node) -> None:
        above: list[tuple[str, str, Region | None]] = []
        for index, arm in enumerate(node.arms):
            if arm.when is None:
                if index + 1 < len(node.arms):
                    at = (*node.at, "choose", index)
                    self._report.add(
                        "WF014",
                        self._source,
                        at,
                        f"the arm {arm.name!r} has no condition and is not the last",
                        "add when, or put it last; the arms below it would never be taken",
                    )
                continue
            data = self._source.get(arm.when, dict)
            if data is None:
                continue
            # What has not its form is judged where it still can be, and not as a whole.
            before, trial = len(self._report), Report()
            CONDITION.check(data, arm.when, self._source, trial)
            for at, part in _tests(data, arm.when):
                self._test(part, at, node)
            if len(self._report) == before and not len(trial):
                self._reachable(arm.name, data, arm.when, node, above)

    def _test(self, data: dict[str, Any], at: KeyPath, node: Node) -> None:
        """One comparison; of one that has not its form, that has been reported."""
        given = [key for key in data if key in SUBJECTS]
        operators = [key for key in data if key in COMPARISONS]
        if len(given) != 1 or len(operators) != 1 or len(data) != 2 or not isinstance(data[given[0]], str):
            return
        source, operator, value = given[0], operators[0], data[operators[0]]
        trial = Report()
        COMPARISONS[operator].shape.check(value, (*at, operator), self._source, trial)
        if len(trial):
            return
        if source == "failed":
            self._failed(data[source], operator, value, at, node)
            return
        sort = self._subjects.find(source, data[source], node, (*at, source), self._report)
        if sort is not None:
            self._compare(sort, operator, value, (*at, operator))

    def _failed(self, name: str, operator: str, value: Any, at: KeyPath, node: Node) -> None:
        steps = [step for step in self._tree.nodes]
        names = [step.name for step in steps]
        message, fix = "", ""
        if operator != "is" or not isinstance(value, bool):
            message, fix = f"'failed' takes is: true or is: false, not {operator}: {said(value)}", "write is: true"
        elif name not in names:
            message, fix = f"no step is named {name!r}", did_you_mean(name, names)
        elif names.index(name) > names.index(node.name):
            message, fix = f"{name!r} runs only later", "put the choose block below it"
        else:
            step = steps[names.index(name)]
            if step.is_block:
                message, fix = f"{name!r} is a block", "name a step"
            elif step.map is not None and step.map != node.map:
                message, fix = (
                    f"{name!r} is run for each item of {step.map!r}, and may fail for some",
                    ("put the choose block into the map"),
                )
            elif not self._passing.possible(step):
                message = f"a failure of {name!r} is never passed over, so the run would not get here"
                may = step.kind not in NEVER_CONTINUES and self._passing.blocked(step) is None
                fix = (
                    f"add a catch with go: continue to {name!r}, or remove the condition"
                    if may
                    else "remove the condition"
                )
        if message:
            self._report.add("WF052", self._source, (*at, "failed"), message, fix)

    def _compare(self, sort: Sort, operator: str, value: Any, at: KeyPath) -> None:
        if operator == "present":
            return
        if operator not in _TAKES[sort.kind]:
            known = [key for key in _TAKES[sort.kind] if key not in _ORDERED] or ["present"]
            self._report.add(
                "WF052",
                self._source,
                at,
                f"{sort.says} is {sort.named}; {operator!r} does not go with it",
                f"use {' or '.join(known)}",
            )
            return
        if operator == "one_of":
            if isinstance(value, list):
                for index, word in enumerate(value):
                    self._fits(sort, word, (*at, index))
            return
        self._fits(sort, value, at)

    def _fits(self, sort: Sort, value: Any, at: KeyPath) -> None:
        wanted = sort.kind
        number = isinstance(value, int | float) and not isinstance(value, bool)
        found = "number" if number else "boolean" if isinstance(value, bool) else "text"
        if wanted == "date":
            if not _is_day(value):
                self._report.add(
                    "WF052", self._source, at, f"{said(value)} is no day, and {sort.says} is one", "write 2026-10-31"
                )
        elif wanted != "any" and found != wanted:
            quotes = "put it into quotes" if wanted == "text" and found == "number" else ""
            self._report.add("WF052", self._source, at, f"{sort.says} is {sort.named}, never {said(value)}", quotes)
        elif sort.words and value not in sort.words:
            self._report.add(
                "WF052", self._source, at, f"{sort.says} is never {said(value)}", did_you_mean(str(value), sort.words)
            )

    def _reachable(
        self, arm: str, data: dict[str, Any], at: KeyPath, node: Node, above: list[tuple[str, str, Region | None]]
    ) -> None:
        text = json.dumps(data, sort_keys=True)

        def sort_of(source: str, name: str) -> Sort | None:
            return self._subjects.find(source, name, node, (), Report())

        region = region_of(data, sort_of)
        if region is not None and region.empty:
            self._report.add("WF052", self._source, at, "it can never hold", "correct it, or remove the arm")
            return
        same = next((name for name, other, _ in above if other == text), None)
        taken = [other for _, _, other in above if other is not None]
        if same is not None:
            self._report.add(
                "WF052", self._source, at, f"the arm {same!r} has the same condition and takes it first", "remove one"
            )
        elif region is not None and region.covered_by(taken):
            self._report.add(
                "WF052",
                self._source,
                at,
                f"the arm {arm!r} is never taken: the arms above take all that it would",
                "put the narrower condition first",
            )
        above.append((arm, text, region))


def _tests(data: Any, at: KeyPath) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """Every single comparison of a condition, with its place."""
    if not isinstance(data, dict):
        return
    nested = [key for key in data if key in NESTING]
    if not nested:
        yield at, data
    for key in nested:
        if key == "not":
            yield from _tests(data[key], (*at, key))
        elif isinstance(data[key], list):
            for index, part in enumerate(data[key]):
                yield from _tests(part, (*at, key, index))


def _is_day(value: Any) -> bool:
    from datetime import date

    try:
        return isinstance(value, str) and bool(date.fromisoformat(value))
    except ValueError:
        return False
