"""The fields of a document kind, as its `schema.json` declares them.

    {"$schema": "…", "title": "Fund factsheet", "type": "object",
     "required": ["fund_name", …],
     "properties": {
       "sharpe_ratio": {"kind": "ratio", "title": {"en": "Sharpe ratio", "de": …}, "description": "…",
                        "labels": {"en": ["Sharpe ratio"], "de": [...], "fr": [...]},
                        "minimum": -5, "maximum": 8},
       "performance_data": {"kind": "percent", "title": {…}, "keyed": "period",
                        "keys": {"1y": {"title": {"en": "1 year"}, "labels": {"en": ["1 year", "1Y"], …}}, …}}}}

A field without `keyed` has one value. A keyed field has several: `period` (the keys are listed with their labels), `year`
(2025), `month` (2026-10) or `name` (a printed name, such as a holding).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from workflow_orchestrator.values import Kind

LANGUAGES = ("en", "de", "fr")
KEYED = ("period", "year", "month", "name")

Words = Mapping[str, tuple[str, ...]]  # language → printed labels, longest first is not required


@dataclass(frozen=True, slots=True)
class KeySpec:
    """One listed key of a keyed field: a period with the words that print it."""

    key: str
    title: Mapping[str, str]
    labels: Words


@dataclass(frozen=True, slots=True)
class ChoiceSpec:
    """One choice of a `choice` field: the stored word, its title per language and the printed words that mean it."""

    value: str
    title: Mapping[str, str]
    words: Words


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field: what it is called, how documents print it, what it may be."""

    name: str
    kind: Kind
    title: Mapping[str, str]
    labels: Words
    description: str = ""
    required: bool = False
    unit: str = ""
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    keyed: str = ""
    keys: Mapping[str, KeySpec] = field(default_factory=dict)
    choices: tuple[ChoiceSpec, ...] = ()
    sections: Words = field(default_factory=dict)  # headings of the block that holds a keyed field

    def __post_init__(self) -> None:
        if self.keyed and self.keyed not in KEYED:
            raise ValueError(f"{self.name}: keyed must be one of {', '.join(KEYED)}, not {self.keyed!r}")
        if bool(self.keys) != (self.keyed == "period"):
            raise ValueError(f"{self.name}: a field keyed by period lists its keys, and no other field does")
        if bool(self.choices) != (self.kind is Kind.CHOICE):
            raise ValueError(f"{self.name}: a choice field lists its choices, and no other field does")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"{self.name}: minimum {self.minimum} is above maximum {self.maximum}")

    def all_labels(self) -> tuple[str, ...]:
        """The labels in every language, in order, without repetition."""
        return tuple(dict.fromkeys(label for words in self.labels.values() for label in words))


class FieldSet(Mapping[str, FieldSpec]):
    """The fields of one document kind, in the order of the file."""

    def __init__(self, fields: Sequence[FieldSpec], title: str = "") -> None:
        self._fields = {spec.name: spec for spec in fields}
        self.title = title
        if len(self._fields) != len(fields):
            raise ValueError("two fields have the same name")

    def __getitem__(self, name: str) -> FieldSpec:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def title_of(self, ref: str, language: str) -> str:
        """What to call a value on a slide: the key's own title for a period, the key itself for years and names."""
        name, _, key = ref.partition(".")
        spec = self[name]
        if not key:
            return spec.title.get(language) or spec.title["en"]
        if key in spec.keys:
            titles = spec.keys[key].title
            return titles.get(language) or titles["en"]
        return key

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FieldSet:
        """The fields of a `schema.json` that the definition loader has already checked.

        Raises:
            ValueError: a field contradicts itself.
            KeyError: a field lacks `kind` or `title`.
        """
        required = set(data.get("required", ()))
        specs = [_field(name, item, name in required) for name, item in data["properties"].items()]
        return cls(specs, title=data.get("title", ""))


def _words(data: Mapping[str, Sequence[str]]) -> Words:
    return {language: tuple(labels) for language, labels in data.items()}


def _field(name: str, item: Mapping[str, Any], required: bool) -> FieldSpec:
    return FieldSpec(
        name=name,
        kind=Kind(item["kind"]),
        title=dict(item["title"]),
        labels=_words(item.get("labels", {})),
        description=item.get("description", ""),
        required=required,
        unit=item.get("unit", ""),
        minimum=_decimal(item.get("minimum")),
        maximum=_decimal(item.get("maximum")),
        keyed=item.get("keyed", ""),
        keys={
            key: KeySpec(key, dict(spec["title"]), _words(spec.get("labels", {})))
            for key, spec in item.get("keys", {}).items()
        },
        choices=tuple(
            ChoiceSpec(value, dict(spec["title"]), _words(spec.get("words", {})))
            for value, spec in item.get("choices", {}).items()
        ),
        sections=_words(item.get("sections", {})),
    )


def _decimal(number: int | float | str | None) -> Decimal | None:
    return None if number is None else Decimal(str(number))
