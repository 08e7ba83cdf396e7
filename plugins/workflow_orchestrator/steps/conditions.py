"""Conditions and lists of a run: what `when:` looks at, and what a map goes through. Airflow and the scenario runner both ask here.

    Reference  parameter · field · output · failed · item   ─► value_of ─► a value, or MISSING
    Condition  is · at_least · present · all · any · not …  ─► holds    ─► true or false

Figures are compared as `Decimal`: a bound of 0.1 is one tenth, and a proven 1.10 % is equal to 1.1. A value that is missing makes
every comparison false, `is_not` among them; `present` asks for it, and `not` turns a whole condition round. A comparison that has
no meaning, such as a text with a number, is an error: taking another way in silence would publish the wrong thing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from workflow_orchestrator.definition.flow import files_of, handler_for
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.steps import Choose, Condition, Map, Reference
from workflow_orchestrator.errors import ConditionError, DocumentNotFoundError, MapLimitError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.values import ValueSet

__all__ = ["MISSING", "Facts", "chosen_arm", "holds", "items_of", "passed_over", "value_of"]


class _Missing:
    """The value of what is not there; a run may well hold `None`."""

    def __repr__(self) -> str:
        return "missing"


MISSING = _Missing()


@dataclass(frozen=True)
class Facts:
    """What conditions may look at: one run as it stands. `run` is the item's own folder inside a map.

    Nothing is read before a condition asks for it.
    """

    run: RunFolder
    workflow: Workflow
    conf: Mapping[str, Any]
    item: Any = field(default=MISSING)

    @cached_property
    def values(self) -> ValueSet:
        """The proven values, or none where no step proved any."""
        try:
            return ValueSet.from_json(self.run.read_json("values.json"))
        except DocumentNotFoundError:
            return ValueSet()

    def output(self, artifact: str) -> Any:
        """The JSON that a generate step made; `MISSING` where it was passed over."""
        try:
            return self.run.read_json(files_of(artifact)[0])
        except DocumentNotFoundError:
            return MISSING


def value_of(reference: Reference, facts: Facts) -> Any:
    """The value that a reference names, or `MISSING`."""
    return _READ[reference.source](reference.name, facts)


def _parameter(name: str, facts: Facts) -> Any:
    return facts.conf.get(name, MISSING)


def _field(name: str, facts: Facts) -> Any:
    if name in facts.values:
        return facts.values[name].value
    # A field with several values, named without a key: it can be present, and there is nothing to compare.
    return MISSING if not facts.values.of(name) else {value.key: value.value for value in facts.values.of(name)}


def _output(name: str, facts: Facts) -> Any:
    artifact, *keys = name.split(".")
    found = facts.output(artifact)
    for key in keys:
        found = found.get(key, MISSING) if isinstance(found, Mapping) else MISSING
    return found


def _failed(name: str, facts: Facts) -> bool:
    return passed_over(name, facts.run, facts.workflow)


def _item(_: str, facts: Facts) -> Any:
    return facts.item


_READ: Mapping[str, Callable[[str, Facts], Any]] = {
    "parameter": _parameter,
    "field": _field,
    "output": _output,
    "failed": _failed,
    "item": _item,
}


def passed_over(name: str, run: RunFolder, workflow: Workflow) -> bool:
    """Whether a step failed and the run went on without what it makes; a detour that did its work has taken its place."""
    error = run.last_error(name)
    if not error:
        return False
    way = handler_for(workflow.step(name), error["classes"])
    return way == "continue" or (way != "fail" and passed_over(way, run, workflow))


def holds(condition: Condition, facts: Facts) -> bool:
    """Whether a condition is true of a run.

    Raises:
        ConditionError: it compares what cannot be compared.
    """
    if condition.operator == "all":
        return all(holds(part, facts) for part in condition.parts)
    if condition.operator == "any":
        return any(holds(part, facts) for part in condition.parts)
    if condition.operator == "not":
        return not holds(condition.parts[0], facts)
    if condition.subject is None:
        raise AssertionError("a comparison has a subject")
    value = value_of(condition.subject, facts)
    if condition.operator == "present":
        return _present(value) is bool(condition.value)
    return value is not MISSING and value is not None and _compare(condition, value)


def _present(value: Any) -> bool:
    """An empty text and an empty list are no value; zero and `false` are."""
    return value is not MISSING and value is not None and value != "" and value != [] and value != {}


def _compare(condition: Condition, value: Any) -> bool:
    match condition.operator:
        case "is":
            return _same(value, condition.value)
        case "is_not":
            return not _same(value, condition.value)
        case "one_of":
            return any(_same(value, other) for other in condition.value)
    left, right = _ordered(condition, value)
    match condition.operator:
        case "at_least":
            return bool(left >= right)
        case "at_most":
            return bool(left <= right)
        case "more_than":
            return bool(left > right)
        case _:
            return bool(left < right)


def _same(value: Any, other: Any) -> bool:
    if isinstance(value, list) and isinstance(other, list | tuple):
        return len(value) == len(other) and all(_same(a, b) for a, b in zip(value, other, strict=True))
    if isinstance(value, date):
        return value.isoformat() == str(other)
    number, against = _number(value), _number(other)
    if number is not None or against is not None:
        return number == against
    return type(value) is type(other) and bool(value == other)


def _ordered(condition: Condition, value: Any) -> tuple[Any, Any]:
    """Both sides as something that has an order: two figures, or two days."""
    number, against = _number(value), _number(condition.value)
    if number is not None and against is not None:
        return number, against
    if isinstance(value, date):
        try:
            return value, date.fromisoformat(str(condition.value))
        except ValueError:
            pass
    subject = condition.subject
    said = f"{subject.source}: {subject.name}" if subject else "the subject"
    raise ConditionError(
        f"{condition.operator}: {condition.value!r} cannot be compared with {said}, which is {value!r}; compare a figure with a "
        f"figure or a day with a day (2026-12-31), or use is, is_not or one_of",
        value=str(value),
    )


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    # By its shortest text: the author wrote 0.1, not the binary fraction beside it.
    return value if isinstance(value, Decimal) else Decimal(str(value))


def chosen_arm(block: Choose, facts: Facts) -> str | None:
    """The name of the first arm whose condition holds, or that has none; `None`: the run goes on without an arm.

    Raises:
        ConditionError: a condition compares what cannot be compared.
    """
    return next((arm.name for arm in block.arms if arm.when is None or holds(arm.when, facts)), None)


def items_of(block: Map, facts: Facts) -> list[Any]:
    """The items that a map goes through.

    Raises:
        MapLimitError: it is no list, or a longer one than `at_most`; nothing has been started.
    """
    items = value_of(block.over, facts)
    said = f"{block.over.source} {block.over.name!r}"
    if not isinstance(items, list):
        what = "is missing" if items is MISSING else f"is {items!r}"
        raise MapLimitError(f"map {block.name} goes through a list, and {said} {what}")
    if len(items) > block.at_most:
        raise MapLimitError(
            f"map {block.name} takes at most {block.at_most} items, and {said} has {len(items)}; nothing was started. Raise "
            f"at_most, or give fewer",
            items=len(items),
            at_most=block.at_most,
        )
    return items
