"""Conditions: one comparison of one subject, or conditions under `all`, `any` or `not`.

{field: sri, at_least: 6}        {parameter: audience, is: retail}        {output: outlook.tone, one_of: [calm, dry]}
{failed: outlook, is: true}      {item: language, is_not: en}             {any: [{…}, {not: {…}}]}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workflow_orchestrator.definition.language.words import NAME, name_text
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.shapes import (
    Entry,
    Flag,
    ListOf,
    Named,
    Number,
    OneOf,
    Record,
    Shape,
    Text,
    said,
)
from workflow_orchestrator.definition.source import KeyPath, Source

_NUMBER = Number(-1e15, 1e15)
_SCALAR = OneOf((Text(longest=200), _NUMBER, Flag()), "text, a number, true or false")
_DATE = Text("[0-9]{4}-[0-9]{2}-[0-9]{2}", "a number or a date such as 2026-10-31")
_AMOUNT = OneOf((_NUMBER, _DATE), "a number or a date such as 2026-10-31")

field_reference = Text(rf"{NAME}(\..{{1,60}})?", "a field, or field.key such as performance_data.1y")
output_reference = Text(rf"{NAME}(\.[A-Za-z_][A-Za-z0-9_-]{{0,59}}){{1,8}}", "artifact.key such as outlook.sections")

SUBJECTS: Mapping[str, Entry] = {
    "parameter": Entry(name_text, "A parameter of the run."),
    "field": Entry(field_reference, "A proven value: a field, or field.key."),
    "output": Entry(output_reference, "A key of what a generate step made: artifact.key."),
    "failed": Entry(name_text, "A step: whether its failure was passed over."),
    "item": Entry(name_text, "The item of the map around, by its name."),
}
COMPARISONS: Mapping[str, Entry] = {
    "is": Entry(_SCALAR, "Equal."),
    "is_not": Entry(_SCALAR, "There, and not equal."),
    "one_of": Entry(ListOf(_SCALAR), "Equal to one of the list."),
    "at_least": Entry(_AMOUNT, "Equal or greater."),
    "at_most": Entry(_AMOUNT, "Equal or less."),
    "more_than": Entry(_AMOUNT, "Greater."),
    "less_than": Entry(_AMOUNT, "Less."),
    "present": Entry(Flag(), "Whether it has a value."),
}
_LIKE = "write {field: …, at_least: …}"
MOST_PARTS = 100
NESTING = ("all", "any", "not")


@dataclass(frozen=True, slots=True)
class _Test:
    """One comparison, or one of `all`, `any`, `not`; never both."""

    nesting: Mapping[str, Entry]

    def check(self, value: Any, at: KeyPath, source: Source, report: Report) -> None:
        known: dict[str, Entry] = {**SUBJECTS, **COMPARISONS, **self.nesting}
        if not isinstance(value, dict):
            report.add("WF012", source, at, f"a condition is expected, not {said(value)}", _LIKE)
            return
        before = len(report)
        for name, item in value.items():
            entry = known.get(name)
            if entry is None:
                fix = did_you_mean(name, (key for key in known if key not in value))
                report.add("WF010", source, (*at, name), f"the key {name!r} is unknown", fix, key=True)
            else:
                entry.shape.check(item, (*at, name), source, report)
        if len(report) == before:
            self._check_form(value, at, source, report)

    def _check_form(self, value: dict[str, Any], at: KeyPath, source: Source, report: Report) -> None:
        nested = [key for key in value if key in NESTING]
        if nested and len(value) > 1:
            report.add("WF014", source, at, f"{nested[0]!r} goes with no other key", "put the rest under 'all'")
        elif not nested:
            for keys, what in ((SUBJECTS, "subject"), (COMPARISONS, "comparison")):
                given = [key for key in value if key in keys]
                if len(given) != 1:
                    found = f"it has {' and '.join(given)}" if given else "it has none"
                    report.add("WF014", source, at, f"exactly one {what} of {', '.join(keys)} is expected; {found}")

    def schema(self) -> dict[str, Any]:
        entries = {**SUBJECTS, **COMPARISONS, **self.nesting}
        plain = {
            "minProperties": 2,
            "maxProperties": 2,
            "allOf": [
                {"oneOf": [{"required": [key]} for key in SUBJECTS]},
                {"oneOf": [{"required": [key]} for key in COMPARISONS]},
            ],
        }
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": {key: {"description": entry.says, **entry.shape.schema()} for key, entry in entries.items()},
            "anyOf": [plain, *({"required": [key], "maxProperties": 1} for key in NESTING)],
        }


def condition(known: dict[str, Named]) -> Shape:
    """The shape of a condition, named in the table of the file."""
    named = Named("condition", known)
    named.shape = _Test(
        {
            "all": Entry(ListOf(named, at_most=MOST_PARTS), "Every one of them holds."),
            "any": Entry(ListOf(named, at_most=MOST_PARTS), "At least one of them holds."),
            "not": Entry(named, "It does not hold."),
        }
    )
    return named


over = Record(
    {
        "parameter": Entry(name_text, "A parameter of the run that is a list."),
        "output": Entry(output_reference, "A list in what a generate step made: artifact.key."),
    },
    one_of=("parameter", "output"),
)
