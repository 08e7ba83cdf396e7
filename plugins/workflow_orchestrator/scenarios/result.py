"""What came of one run in process, and how it differs from what its scenario expects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.flow import ARTIFACTS, files_of, makes
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.steps import Outcome
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.scenarios.board import State
from workflow_orchestrator.scenarios.interpreter import Course
from workflow_orchestrator.scenarios.model import Expectation
from workflow_orchestrator.scenarios.services import Message
from workflow_orchestrator.values import ValueSet


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a run.

    `path` names the steps that ran, a retried one as `check*2`. `states` are Airflow's, each with the number of tries. `calls` and
    `cost` are those of the run's requests to models; a cost is `None` when one price is unknown. `waited` is what tries waited for
    their turn, on the run's own clock. `failures` says what differs from the scenario; empty: nothing.
    """

    name: str
    outcome: Outcome
    path: tuple[str, ...]
    states: Mapping[str, tuple[State, int]]
    error: Mapping[str, Any] | None
    artifacts: tuple[str, ...]
    calls: int
    cost: Decimal | None
    waited: timedelta
    seconds: float
    course: Course = field(repr=False)
    broken: frozenset[str] = frozenset()
    messages: tuple[Message, ...] = ()
    manifest: Mapping[str, Any] = field(default_factory=dict, repr=False)
    folder: Path | None = None
    failures: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether it came as expected."""
        return not self.failures

    def to_json(self) -> dict[str, Any]:
        """The result as data, for `--json`."""
        return {
            "name": self.name,
            "passed": self.passed,
            "failures": list(self.failures),
            "outcome": self.outcome,
            "error": self.error and {key: self.error[key] for key in ("step", "error", "message") if key in self.error},
            "path": list(self.path),
            "states": {task: list(state) for task, state in self.states.items()},
            "artifacts": list(self.artifacts),
            "findings": sorted(self.broken),
            "calls": self.calls,
            "cost_usd": None if self.cost is None else str(self.cost),
            "waited_seconds": self.waited.total_seconds(),
            "seconds": round(self.seconds, 3),
        }


def artifacts_of(workflow: Workflow, run: RunFolder) -> tuple[str, ...]:
    """The artifacts that a run holds whole, in the order in which they are made."""
    known = dict.fromkeys((*ARTIFACTS, *(name for step in workflow.steps for name in makes(step))))
    return tuple(name for name in known if all(_there(run, file) for file in files_of(name)))


def _there(run: RunFolder, file: str) -> bool:
    return bool(run.names(file.rstrip("/"))) if file.endswith("/") else run.exists(file)


@dataclass(frozen=True, slots=True)
class Observed:
    """A result with the run's folder open: what an expectation is held against."""

    result: Result
    run: RunFolder

    def differences(self, expect: Expectation) -> tuple[str, ...]:
        """Everything that did not come as expected, each as expected … got …"""
        return tuple(line for look in _LOOKS for line in look(self, expect))


_Look = Callable[[Observed, Expectation], Iterator[str]]


def _outcome(seen: Observed, expect: Expectation) -> Iterator[str]:
    result = seen.result
    if result.outcome != expect.outcome:
        error = result.error
        why = f": {error.get('step')}: {error.get('error')}: {error.get('message')}" if error else ""
        yield f"outcome: expected {expect.outcome}, got {result.outcome}{why}"
        return
    error = result.error or {}
    classes = error.get("classes", ())
    if expect.error is not None and expect.error not in classes:
        yield f"error: expected {expect.error}, got {error.get('error', 'none')}: {error.get('message', '')}"
    for words in expect.message:
        if words not in error.get("message", ""):
            yield f"message: expected {words!r} in it, got {error.get('message', '')!r}"


def _path(seen: Observed, expect: Expectation) -> Iterator[str]:
    if expect.path is not None and expect.path != seen.result.path:
        yield f"path: expected {' → '.join(expect.path)}, got {' → '.join(seen.result.path)}"


def _states(seen: Observed, expect: Expectation) -> Iterator[str]:
    for task, state in expect.states.items():
        got = seen.result.states.get(task, ("no such task", 0))[0]
        if got != state:
            yield f"states.{task}: expected {state}, got {got}"


def _artifacts(seen: Observed, expect: Expectation) -> Iterator[str]:
    there = seen.result.artifacts
    made = ", ".join(there) or "nothing"
    yield from (f"artifacts: expected {name}, the run has {made}" for name in expect.artifacts if name not in there)
    yield from (f"missing: expected no {name}, the run has {made}" for name in expect.missing if name in there)


def _values(seen: Observed, expect: Expectation) -> Iterator[str]:
    if not expect.values:
        return
    values = ValueSet.from_json(seen.run.read_json("values.json")) if seen.run.exists("values.json") else ValueSet()
    for ref, printed in expect.values.items():
        value = values.get(ref)
        got = None if value is None else " ".join(value.evidence.quote.split())
        if got != printed:
            yield f"values.{ref}: expected {_said(printed)}, got {_said(got)}"


def _said(words: str | None) -> str:
    return "no value" if words is None else repr(words)


def _findings(seen: Observed, expect: Expectation) -> Iterator[str]:
    if expect.findings is not None and set(expect.findings) != seen.result.broken:
        wanted, got = (", ".join(sorted(names)) or "none" for names in (expect.findings, seen.result.broken))
        yield f"findings: expected {wanted}, got {got}"


def _words(seen: Observed, expect: Expectation) -> Iterator[str]:
    if not expect.says and not expect.never:
        return
    script = _script(seen.run)
    for words in expect.says:
        if words not in script:
            yield (
                f"says: expected {words!r}, the script does not hold it" if script else f"says: no script, no {words!r}"
            )
    told = "\n".join((script, *(f"{message.subject}\n{message.text}" for message in seen.result.messages)))
    yield from (f"never: {words!r} was said" for words in expect.never if words in told)


def _script(run: RunFolder) -> str:
    """Everything that the script says and shows, one line each."""
    if not run.exists("script.json"):
        return ""
    data = run.read_json("script.json")
    lines = [data["title"], data["kicker"], data["footer"], data["source"]]
    for segment in data["segments"]:
        lines += [segment["heading"], *segment["points"]]
        lines += [text for sentence in segment["sentences"] for text in (sentence["shown"], sentence["spoken"])]
    return "\n".join(lines)


def _counts(seen: Observed, expect: Expectation) -> Iterator[str]:
    result = seen.result
    if expect.calls is not None and expect.calls != result.calls:
        yield f"calls: expected {expect.calls}, got {result.calls}"
    if expect.cost is not None and expect.cost != result.cost:
        yield f"cost_usd: expected {expect.cost}, got {'unknown' if result.cost is None else result.cost}"
    if expect.waited is not None and expect.waited != result.waited:
        yield f"waited: expected {expect.waited.total_seconds():g} s, got {result.waited.total_seconds():g} s"


_LOOKS: tuple[_Look, ...] = (_outcome, _path, _states, _artifacts, _values, _findings, _words, _counts)
