"""What the scenarios of a workflow exercise, and what none of them does, each with its place in the files.

steps     each step and detour ran                    branches  each way of each choose block was taken
catches   each catch entry, and a default `continue`  rules     each rule of the rules files was broken
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.flow import walk
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.source import KeyPath, Source, read_source
from workflow_orchestrator.definition.steps import Choose, Step, ValidateStep
from workflow_orchestrator.scenarios.checks import rule_places
from workflow_orchestrator.scenarios.interpreter import DEFAULT
from workflow_orchestrator.scenarios.model import MEASURES
from workflow_orchestrator.scenarios.result import Result

_BLOCKS = ("choose", "parallel", "map")


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that a scenario can exercise, and where it stands."""

    measure: str
    says: str
    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path.as_posix()}:{self.line} {self.says}"

    def to_json(self) -> dict[str, Any]:
        return {"measure": self.measure, "says": self.says, "path": self.path.as_posix(), "line": self.line}


@dataclass(frozen=True, slots=True)
class Coverage:
    """What there is and what of it was exercised. `floor` holds the least per cent by measure."""

    points: tuple[Point, ...]
    reached: frozenset[Point]
    floor: Mapping[str, int]

    def counts(self, measure: str) -> tuple[int, int]:
        """How many of a measure were exercised, of how many there are."""
        points = [point for point in self.points if point.measure == measure]
        return sum(point in self.reached for point in points), len(points)

    def percent(self, measure: str) -> float:
        """The part of a measure that was exercised; 100 where there is nothing of it."""
        reached, there = self.counts(measure)
        return 100 * reached / there if there else 100.0

    @property
    def missing(self) -> tuple[Point, ...]:
        """What no scenario exercises, in the order of the files."""
        return tuple(point for point in self.points if point not in self.reached)

    @property
    def below(self) -> tuple[str, ...]:
        """The measures that are below their floor, each as a sentence."""
        lines = []
        for measure in MEASURES:
            reached, there = self.counts(measure)
            if self.percent(measure) < self.floor.get(measure, 0):
                lines.append(
                    f"{measure}: {reached} of {there} are exercised, {self.percent(measure):.0f} %, below the floor of "
                    f"{self.floor[measure]} %"
                )
        return tuple(lines)

    def to_json(self) -> dict[str, Any]:
        return {
            "percent": {measure: round(self.percent(measure), 1) for measure in MEASURES},
            "floor": dict(self.floor),
            "missing": [point.to_json() for point in self.missing],
            "below": list(self.below),
        }


def coverage_of(workflow: Workflow, results: Iterable[Result], floor: Mapping[str, int]) -> Coverage:
    """What a set of results exercised of a workflow."""
    results = tuple(results)
    seen: dict[str, frozenset[Any]] = {
        "steps": _all(result.course.ran for result in results),
        "catches": _all(result.course.caught for result in results),
        "branches": _all(result.course.ways for result in results),
        "rules": _all(result.broken for result in results),
    }
    keyed = list(_points(workflow))
    return Coverage(
        points=tuple(point for _, point in keyed),
        reached=frozenset(point for key, point in keyed if key in seen[point.measure]),
        floor=floor,
    )


def _all(groups: Iterable[Iterable[Any]]) -> frozenset[Any]:
    return frozenset(item for group in groups for item in group)


def _points(workflow: Workflow) -> Iterator[tuple[Any, Point]]:
    """Everything that can be exercised, with the key under which a run notes it."""
    places = _Places(workflow)
    for step in (*workflow.steps, *workflow.last):
        yield step.name, places.point("steps", f"step {step.name} never runs", step.name)
    for step in workflow.steps:
        yield from _catches(step, places)
    for item in walk(workflow.flow):
        if isinstance(item, Choose):
            for index, arm in enumerate(item.arms):
                says = f"{item.name}: the way {arm.name} is never taken"
                yield (item.name, arm.name), places.point("branches", says, item.name, "choose", index)
    for validate in (step for step in workflow.steps if isinstance(step, ValidateStep)):
        for at, source in rule_places(validate.rules):
            line, _ = source.key_position(at)
            path = places.shown(validate.rules)
            yield str(at[-1]), Point("rules", f"rule {at[-1]} is never broken", path, line)


def _catches(step: Step, places: _Places) -> Iterator[tuple[Any, Point]]:
    for index, catch in enumerate(step.catches):
        says = f"{step.name}: no {catch.on} goes to {catch.go}"
        yield (step.name, index), places.point("catches", says, step.name, "catch", index)
    if step.execution.default_error_handler == "continue":
        says = f"{step.name}: no error is passed over by default"
        yield (step.name, DEFAULT), places.point("catches", says, step.name)


class _Places:
    """Where the steps and blocks of a definition stand."""

    def __init__(self, workflow: Workflow) -> None:
        report = Report(workflow.include.parent)
        path = workflow.folder / "workflow.yaml"
        self.shown = report.shown
        self._path = report.shown(path)
        self._source = read_source(path, report)
        self._at: dict[str, KeyPath] = {}
        if self._source is not None:
            for key in ("steps", "finally"):
                self._find((key,), self._source)

    def point(self, measure: str, says: str, name: str, *more: str | int) -> Point:
        at = self._at.get(name)
        if self._source is None or at is None:
            return Point(measure, says, self._path, 1)
        line, _ = self._source.position((*at, *more)) if more else self._source.key_position(at)
        return Point(measure, says, self._path, line)

    def _find(self, at: KeyPath, source: Source) -> None:
        """Notes the places of the steps and blocks of a sequence, and of those inside blocks."""
        for place, item in source.walk(at):
            self._at.setdefault(str(place[-1]), place)
            if not isinstance(item, dict):
                continue
            for kind in (kind for kind in _BLOCKS if kind in item):
                for sequence in self._sequences(kind, (*place, kind), source):
                    self._find(sequence, source)

    @staticmethod
    def _sequences(kind: str, at: KeyPath, source: Source) -> Iterator[KeyPath]:
        if kind == "map":
            yield (*at, "steps")
            return
        for arm, _ in source.walk(at):
            yield arm if kind == "parallel" else (*arm, "steps")
