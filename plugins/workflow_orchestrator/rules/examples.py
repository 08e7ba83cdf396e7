"""The examples of the checks, from `examples.yaml`: figures that meet a rule and figures that do not, judged by the checks themselves.

They stand on the page for rule authors; because they are judged when the page is made, it cannot show words that no check says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition import read_yaml
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.figures import read_figure
from workflow_orchestrator.rules.evaluate import examine
from workflow_orchestrator.rules.findings import Outcome
from workflow_orchestrator.rules.language import Rules, rule_of
from workflow_orchestrator.rules.previous import Release
from workflow_orchestrator.values import NUMERIC_KINDS, Evidence, Kind, Origin, Value, ValueSet

FILE = Path(__file__).with_name("examples.yaml")
TODAY = date(2026, 11, 15)

_CHOICES = {word: {"title": {"en": word}, "words": {"en": [word]}} for word in ("Low", "Medium", "High")}
_PERIODS = {
    "1m": "1 month",
    "3m": "3 months",
    "6m": "6 months",
    "1y": "1 year",
    "3y": "3 years",
    "5y": "5 years",
    "10y": "10 years",
    "since_inception": "since launch",
}


@dataclass(frozen=True, slots=True)
class Example:
    """One example of a check.

    `rule` is what a rule gives it. `holds` are the printed words of each value, `breaks` those that are printed instead where the
    rule is broken; `None` is a value that is not printed. `before` is what the release before printed.
    """

    check: str
    rule: Mapping[str, Any]
    holds: Mapping[str, str | None]
    breaks: Mapping[str, str | None]
    before: Mapping[str, str | None]
    asked: Mapping[str, str]
    pages: int
    pages_break: int

    @property
    def broken(self) -> Mapping[str, str | None]:
        """Everything that is printed where the rule is broken."""
        return {**self.holds, **self.breaks}

    def outcome(self, *, broken: bool) -> Outcome:
        """What the check says of it."""
        given = printed_values(self.broken if broken else self.holds)
        item = {"check": self.check, **self.rule}
        previous = None
        if self.before:
            values = printed_values(self.before)
            as_of = values["as_of_date"].value
            if not isinstance(as_of, date):
                raise TypeError(f"{self.check}: the release before has no date")
            previous = Release("earlier", as_of, f"{as_of}T09:00:00+00:00", "person", self.pages, values)
        examined = examine(
            given,
            example_fields(),
            Rules((rule_of("example", item),)),
            required_fields=(),
            today=TODAY,
            pages=self.pages_break if broken else self.pages,
            previous=previous,
            asked=self.asked,
        )
        return examined.outcomes[0]


@cache
def examples() -> Mapping[str, Example]:
    """The examples by the name of their check."""
    return {name: _example(name, item) for name, item in _data()["examples"].items()}


@cache
def example_fields() -> FieldSet:
    """The fields that the examples print."""
    properties: dict[str, dict[str, Any]] = {}
    for name, said in _data()["fields"].items():
        kind, keyed = (said, "") if isinstance(said, str) else said
        spec: dict[str, Any] = {"kind": kind, "title": {"en": name.replace("_", " ").capitalize()}}
        if keyed:
            spec["keyed"] = keyed
        if keyed == "period":
            spec["keys"] = {key: {"title": {"en": title}} for key, title in _PERIODS.items()}
        if kind == Kind.CHOICE:
            spec["choices"] = _CHOICES
        if kind == Kind.IDENTIFIER:
            spec["scheme"] = name.partition("_")[0]
        properties[name] = spec
    return FieldSet.from_json({"properties": properties})


@cache
def _data() -> Any:
    return read_yaml(FILE.read_text(encoding="utf-8"), name=FILE).data


def _example(name: str, item: Mapping[str, Any]) -> Example:
    pages = int(item.get("pages", 1))
    return Example(
        check=name,
        rule=item["rule"],
        holds=item["holds"],
        breaks=item["breaks"],
        before=item.get("before", {}),
        asked=item.get("asked", {}),
        pages=pages,
        pages_break=int(item.get("pages_break", pages)),
    )


def printed_values(printed: Mapping[str, str | None]) -> ValueSet:
    """The values that these words print, read by the parser of printed figures.

    Raises:
        FigureError: words of a numeric field are no figure.
    """
    return ValueSet(printed_value(ref, words) for ref, words in printed.items() if words is not None)


def printed_value(ref: str, words: str) -> Value:
    """One of them."""
    name, _, key = ref.partition(".")
    kind = example_fields()[name].kind
    content: Decimal | date | str = words
    unit, decimals, scale = "", 0, 0
    if kind in NUMERIC_KINDS:
        figure = read_figure(words, ".")
        if figure is None:
            raise ValueError(f"{ref}: {words!r} prints nothing; leave it out")
        content, decimals, scale = figure.value, figure.decimals, figure.scale
        unit = figure.unit if kind is Kind.MONEY else ""
    elif kind is Kind.DATE:
        content = date.fromisoformat(words)
    return Value(
        name, kind, content, Evidence(1, words), Origin.OFFLINE, key=key, unit=unit, decimals=decimals, scale=scale
    )
