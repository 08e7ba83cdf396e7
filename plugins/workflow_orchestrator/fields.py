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
(2025), `year_to` (twelve months by the last of them, 2026-09), `month` (2026-10), `name` (a printed name, such as a holding), `order`
(the place in a printed list, 1, 2, 3: names of people) or `cell` (a row and a column of a table of figures, "Baseline · F1").

A field with `column` stands in statements: tables with a row for each item and a column for each accounting period.

       "revenue":          {"kind": "money", "keyed": "period", "column": "current", "labels": …, "sections": …, "keys": …},
       "revenue_prior":    {"like": "revenue", "column": "prior", "title": …},
       "segment_revenue":  {"kind": "money", "keyed": "name", "column": "current", "adds_to": "revenue", "sections": …}

`like` takes over what a field above it says and this one does not. `sections` are titles of the tables; a label "Per share · Diluted" is
the row "Diluted" under the row "Per share", and "Income of …" any row that begins so.

An `identifier` names its `scheme`. A paragraph with `sections` is the text under such a heading; with `cues` it is the first sentence of
that text which has one of these words and at most `most_words`. A choice with `cues` is read from sentences that have one of them. The
`place` of a text without a label is the title of the first page, or the byline under it.

A field that `varies` differs between the variants of which a document may print several, as share classes: of those only one is read.

A field `beside` another one holds the same figures of another `series`: the benchmark's, or the difference to it. Its labels are what
the rows and columns of that series are called.

A choice with `of_label` is told by the words that name another field: of which scale an indicator is, "SRI" or "SRRI".

A count in a column, `integer` or `ratio`, with `unit_words` is read only where the row, its section or a title of the table prints one of
them, and "thousand tonnes" counts in thousands; without them it is read as printed where nothing over it names a scale.

A text may have `patterns`: regular expressions with one group, for what running text prints in a fixed form, as "(NYSE: ABC)". Its `form`
is a regular expression that a value matches as a whole: a code of seven letters and digits.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from workflow_orchestrator.identifiers import SCHEMES
from workflow_orchestrator.values import NUMERIC_KINDS, Kind

LANGUAGES = ("en", "de", "fr")
KEYED = ("period", "year", "year_to", "month", "name", "order", "cell")
COLUMNS = ("current", "prior", "change", "low", "high")
"""Which column of a statement a field reads: the period that is reported, the same a year before, what is printed as the change in
per cent, and the two ends of a range that is expected."""
CELL = " · "
"""What stands between row and column in the key of a cell."""

SERIES = ("other", "difference")
"""What a field beside another one is of: the series that the document compares itself with, or the difference to it."""

PLACES = ("title", "byline")
"""Where on its first page a document prints a text that no label names."""

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
    patterns: Words = field(default_factory=dict)  # of a text: how running text prints it, the value as the only group
    column: str = ""  # of a statement: one of COLUMNS
    adds_to: str = ""  # the field to which the lines of this one add up
    adds_from: str = ""  # the field with which that sum begins, such as the figure before adjustments
    scheme: str = ""  # of an identifier: one of `identifiers.SCHEMES`
    cues: Words = field(default_factory=dict)  # words of the sentence that is meant
    most_words: int = 0  # of a paragraph: a longer text is not taken; 0 is no limit
    place: str = ""  # of a text without a label: one of PLACES
    form: str = ""  # of a text: a regular expression that the whole of it matches
    varies: bool = False  # between the variants of one thing, such as share classes, of which a document prints several
    beside: str = ""  # the field whose figures of another series this one holds
    series: str = ""  # of a field beside another one: one of SERIES
    unit_words: Words = field(default_factory=dict)  # of a count in a column: the words by which documents print its unit
    of_label: str = ""  # of a choice: the field in whose label its word is printed

    def __post_init__(self) -> None:
        if self.keyed and self.keyed not in KEYED:
            raise ValueError(f"{self.name}: keyed must be one of {', '.join(KEYED)}, not {self.keyed!r}")
        if bool(self.keys) != (self.keyed == "period"):
            raise ValueError(f"{self.name}: a field keyed by period lists its keys, and no other field does")
        if bool(self.choices) != (self.kind is Kind.CHOICE):
            raise ValueError(f"{self.name}: a choice field lists its choices, and no other field does")
        if self.patterns and (self.kind is not Kind.TEXT or self.keyed):
            raise ValueError(f"{self.name}: only a text with one value has patterns")
        if self.column and (self.column not in COLUMNS or self.keyed not in ("period", "name")):
            raise ValueError(f"{self.name}: a column is one of {', '.join(COLUMNS)}, of a field keyed by period or name")
        if bool(self.column and self.keyed == "name") != bool(self.adds_to) or (self.adds_from and not self.adds_to):
            raise ValueError(f"{self.name}: names in a column add up to a field, and nothing else does")
        given = {key for key in _READING if getattr(self, key)}
        for _, message in faults_of_reading(self.kind, self.keyed, given):
            raise ValueError(f"{self.name}: {message}")
        if self.scheme not in ("", *SCHEMES) or self.place not in ("", *PLACES):
            raise ValueError(f"{self.name}: there is no scheme {self.scheme!r}, or no place {self.place!r}")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"{self.name}: minimum {self.minimum} is above maximum {self.maximum}")

    def all_labels(self) -> tuple[str, ...]:
        """The labels in every language, in order, without repetition."""
        return tuple(dict.fromkeys(label for words in self.labels.values() for label in words))


# What a field can say of how it is read, besides labels.
_READING = ("scheme", "cues", "most_words", "place", "of_label", "form", "unit_words", "beside", "series")


def faults_of_reading(kind: Kind, keyed: str, given: Container[str]) -> Iterator[tuple[str, str]]:
    """What a field without labels says that does not go together: pairs of the key and a message.

    Args:
        kind: what it holds.
        keyed: what tells its values apart.
        given: the keys that it has.
    """
    if (kind is Kind.IDENTIFIER) != ("scheme" in given):
        yield "scheme", f"an identifier has a scheme, one of {', '.join(SCHEMES)}, and nothing else does"
    if "cues" in given and kind not in (Kind.PARAGRAPH, Kind.CHOICE):
        yield "cues", "only a paragraph and a choice have cues"
    if "most_words" in given and kind is not Kind.PARAGRAPH:
        yield "most_words", "only a paragraph has a limit of words"
    if "place" in given and kind is not Kind.TEXT:
        yield "place", "only a text has a place"
    if "unit_words" in given and kind not in NUMERIC_KINDS:
        yield "unit_words", "only a figure has words of its unit"
    if ("beside" in given) != ("series" in given):
        yield "beside", f"a field beside another one says of which series it is, {' or '.join(SERIES)}, and no other field does"
    if "form" in given and kind is not Kind.TEXT:
        yield "form", "only a text has a form"
    if "of_label" in given and kind is not Kind.CHOICE:
        yield "of_label", "only a choice is told by the label of another field"
    if (keyed == "order" and kind is not Kind.TEXT) or (keyed == "cell" and kind not in NUMERIC_KINDS):
        yield "keyed", "a list in its printed order is of kind text, and the cells of a table are figures"


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
        """What to call a value among those of its field: the key's own title for a period, the key itself for years and names."""
        name, _, key = ref.partition(".")
        spec = self[name]
        if not key or spec.keyed == "order":
            return spec.title.get(language) or spec.title["en"]
        if key in spec.keys:
            titles = spec.keys[key].title
            return titles.get(language) or titles["en"]
        return key

    def label_of(self, ref: str, language: str) -> str:
        """What to call a value on a slide: as `title_of`, but a figure of a statement or another series stands beside those of others.

        The ends of a range stand in tables, whose heads are the fields.
        """
        name, _, key = ref.partition(".")
        title, spec = self.title_of(ref, language), self[name]
        beside_others = (spec.column in ("current", "prior", "change") and key in spec.keys) or (bool(spec.beside) and bool(key))
        if beside_others and len(spec.keys) == 1:
            return self.title_of(name, language)  # there is no other period from which it must be told
        return f"{self.title_of(name, language)}, {title}" if beside_others else title

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FieldSet:
        """The fields of a `schema.json` that the definition loader has already checked.

        Raises:
            ValueError: a field contradicts itself.
            KeyError: a field lacks `kind` or `title`.
        """
        required = set(data.get("required", ()))
        items = with_likes(data["properties"])
        specs = [_field(name, item, name in required) for name, item in items.items()]
        return cls(specs, title=data.get("title", ""))


def with_likes(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with what they take over from the one above them that `like` names: all that they do not say themselves.

    A name that stands nowhere above is passed over; the loader refuses it.
    """
    items: dict[str, Any] = {}
    for name, item in properties.items():
        taken = items.get(str(item.get("like", ""))) if isinstance(item, Mapping) else None
        items[name] = {**taken, **item} if isinstance(taken, Mapping) else item
    return items


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
        unit_words=_words(item.get("unit_words", {})),
        patterns=_words(item.get("patterns", {})),
        column=item.get("column", ""),
        adds_to=item.get("adds_to", ""),
        adds_from=item.get("adds_from", ""),
        scheme=item.get("scheme", ""),
        cues=_words(item.get("cues", {})),
        most_words=item.get("most_words", 0),
        place=item.get("place", ""),
        of_label=item.get("of_label", ""),
        form=item.get("form", ""),
        varies=item.get("varies", False),
        beside=item.get("beside", ""),
        series=item.get("series", ""),
    )


def _decimal(number: int | float | str | None) -> Decimal | None:
    return None if number is None else Decimal(str(number))
