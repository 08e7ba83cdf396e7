"""Values with their evidence: the only carrier of a number from a document to a slide or a voice.

    Value   field · key · kind · value · unit · decimals · origin
      └ Evidence   page · quote (the printed words) · label (the words that name it) · box · source (text layer or OCR)

A `Value` without a page and a quote cannot be made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

Source = Literal["text", "ocr"]
"""How a page was read: from its own text layer, or from its picture."""


class Kind(StrEnum):
    """What sort of thing a field holds, and so how it is read, checked and spoken."""

    TEXT = "text"  # one line: a name
    PARAGRAPH = "paragraph"  # sentences: a strategy
    ISIN = "isin"  # ISO 6166, with its check digit
    IDENTIFIER = "identifier"  # of a scheme that the field names, such as a DOI
    CURRENCY = "currency"  # ISO 4217 code
    DATE = "date"  # a day
    PERCENT = "percent"  # a figure in per cent: Decimal("1.93") means 1.93 %
    RATIO = "ratio"  # a pure number: Sharpe ratio
    MONEY = "money"  # an amount; `unit` is the ISO 4217 code, value is the full amount
    INTEGER = "integer"
    CHOICE = "choice"  # one of the field's named choices: Low, Medium, High


NUMERIC_KINDS = frozenset({Kind.PERCENT, Kind.RATIO, Kind.MONEY, Kind.INTEGER})


class Origin(StrEnum):
    """Who read the value."""

    MODEL = "model"
    OFFLINE = "offline"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in PDF points from the bottom left corner."""

    left: float
    bottom: float
    right: float
    top: float

    def __post_init__(self) -> None:
        if self.right < self.left or self.top < self.bottom:
            raise ValueError(f"a box must not be turned inside out: {self}")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a value stands in the document. `page` counts from 1.

    `source` says how the page was read: `text` from its own text layer, `ocr` from its picture. It follows from the page, so it
    does not make two places different.
    """

    page: int
    quote: str
    label: str = ""
    box: Box | None = None
    source: Source = field(default="text", compare=False)

    def __post_init__(self) -> None:
        if self.page < 1:
            raise ValueError(f"pages count from 1, not {self.page}")
        if not self.quote.strip():
            raise ValueError("evidence needs the printed words")


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a document, bound to its evidence.

    `value` is a `Decimal` for numeric kinds, a `date` for dates, a `str` otherwise. `decimals` counts the digits that the
    document prints after the decimal separator, so that the figure can be shown with the printed precision. `scale` is the
    power of ten between the printed digits and the value: "412.6 m" is 412600000 with scale 6 and one decimal.
    """

    field: str
    kind: Kind
    value: Decimal | date | str
    evidence: Evidence
    origin: Origin
    key: str = ""
    unit: str = ""
    decimals: int = 0
    scale: int = 0

    def __post_init__(self) -> None:
        expected = Decimal if self.kind in NUMERIC_KINDS else date if self.kind is Kind.DATE else str
        if not isinstance(self.value, expected):
            raise ValueError(f"{self.ref}: a value of kind {self.kind} is a {expected.__name__}, not {self.value!r}")
        if self.kind is Kind.MONEY and not self.unit:
            raise ValueError(f"{self.ref}: an amount needs its currency")

    @property
    def ref(self) -> str:
        """`field`, or `field.key` for a field with several values."""
        return f"{self.field}.{self.key}" if self.key else self.field

    def to_json(self) -> dict[str, Any]:
        evidence: dict[str, Any] = {"page": self.evidence.page, "quote": self.evidence.quote}
        if self.evidence.label:
            evidence["label"] = self.evidence.label
        if self.evidence.box:
            box = self.evidence.box
            evidence["box"] = [box.left, box.bottom, box.right, box.top]
        if self.evidence.source != "text":
            evidence["source"] = self.evidence.source
        return {
            "field": self.field,
            "key": self.key,
            "kind": self.kind.value,
            "value": str(self.value),
            "unit": self.unit,
            "decimals": self.decimals,
            "scale": self.scale,
            "origin": self.origin.value,
            "evidence": evidence,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Value:
        kind = Kind(data["kind"])
        raw = data["value"]
        value: Decimal | date | str = (
            Decimal(raw) if kind in NUMERIC_KINDS else date.fromisoformat(raw) if kind is Kind.DATE else raw
        )
        evidence = data["evidence"]
        return cls(
            field=data["field"],
            key=data.get("key", ""),
            kind=kind,
            value=value,
            unit=data.get("unit", ""),
            decimals=data.get("decimals", 0),
            scale=data.get("scale", 0),
            origin=Origin(data["origin"]),
            evidence=Evidence(
                page=evidence["page"],
                quote=evidence["quote"],
                label=evidence.get("label", ""),
                box=Box(*evidence["box"]) if evidence.get("box") else None,
                source=evidence.get("source", "text"),
            ),
        )


class ValueSet(Mapping[str, Value]):
    """The values of one document by their reference, in the order in which they were given."""

    def __init__(self, values: Iterable[Value] = ()) -> None:
        self._by_ref: dict[str, Value] = {}
        for value in values:
            if value.ref in self._by_ref:
                raise ValueError(f"{value.ref} is given twice")
            self._by_ref[value.ref] = value

    def __getitem__(self, ref: str) -> Value:
        return self._by_ref[ref]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_ref)

    def __len__(self) -> int:
        return len(self._by_ref)

    def of(self, field: str) -> tuple[Value, ...]:
        """All values of one field, by key."""
        return tuple(value for value in self._by_ref.values() if value.field == field)

    def replacing(self, values: Iterable[Value]) -> ValueSet:
        """A new set in which `values` stand in place of those with the same reference, or are added."""
        merged = dict(self._by_ref)
        merged.update((value.ref, value) for value in values)
        return ValueSet(merged.values())

    def to_json(self) -> list[dict[str, Any]]:
        return [value.to_json() for value in self._by_ref.values()]

    @classmethod
    def from_json(cls, data: Iterable[Mapping[str, Any]]) -> ValueSet:
        return cls(Value.from_json(item) for item in data)
