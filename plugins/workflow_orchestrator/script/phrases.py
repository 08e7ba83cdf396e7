"""Sentences with places for values: `{field}`, `{field.key}` and `{field.key:form}`.

    "Over one year, the fund returned {performance_data.1y}."
    "The largest position is {top_holdings.first:key} with {top_holdings.first}."

A key may be picked by its place instead of its name: `first`, `second`, `third` (by weight), `latest`, `earliest`,
`highest`, `lowest` (years and months). The words around the places hold no digits: a figure can only come from a value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from workflow_orchestrator.definition.problems import did_you_mean
from workflow_orchestrator.fields import FieldSet, FieldSpec
from workflow_orchestrator.script.wording import FORMS, Written
from workflow_orchestrator.values import Kind, Value, ValueSet

PAGES = "pages"  # the one place that is no field: the pages of all values shown, in the source line

_PLACE = re.compile(r"\{([^{}]*)\}")
_REFERENCE = re.compile(
    rf"(?P<field>[a-z][a-z0-9_]*)(?:\.(?P<key>.+?))?(?::(?P<form>{'|'.join(form for form in FORMS if form)}))?"
)
ALL = "*"  # every value of a list, in its order: "Ada Muster, Jan Beispiel and Kim Example"
IN_QUOTE = "in_quote"  # of a table, the cells whose figures the quotation on the same slide prints too
MOST_NAMED = 3  # of a list in a sentence; of a longer one the first, and that there are others
_BY_WEIGHT = ("first", "second", "third")
_BY_TIME = ("latest", "earliest", "highest", "lowest")
_PICKS = {"name": _BY_WEIGHT, "year": _BY_TIME, "year_to": _BY_TIME, "month": _BY_TIME}
_MONTH = r"\d{4}-(?:0[1-9]|1[0-2])"
_KEYS = {
    "year": r"\d{4}", "year_to": _MONTH, "month": _MONTH, "name": r".+", "order": r"\*|[1-9]\d?", "cell": r".+ · .+",
}
_JOINED = {"en": (" and ", " and others"), "de": (" und ", " und andere"), "fr": (" et ", " et d'autres")}


@dataclass(frozen=True, slots=True)
class Place:
    """One place for a value."""

    field: str
    key: str = ""
    form: str = ""

    @property
    def ref(self) -> str:
        return f"{self.field}.{self.key}" if self.key else self.field

    def __str__(self) -> str:
        return f"{{{self.ref}:{self.form}}}" if self.form else f"{{{self.ref}}}"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words and places, in order."""

    parts: tuple[str | Place, ...]

    @property
    def places(self) -> tuple[Place, ...]:
        return tuple(part for part in self.parts if isinstance(part, Place))

    @property
    def words(self) -> str:
        """The text without the places."""
        return " ".join(part for part in self.parts if isinstance(part, str))

    def __str__(self) -> str:
        return "".join(str(part) for part in self.parts)


def parse(text: str) -> Phrase:
    """Reads a phrase.

    Raises:
        ValueError: a brace without its partner, or a place that cannot be read.
    """
    # A soft hyphen is neither seen nor heard, and would hide a word from whoever looks for it.
    text = text.replace("\u00ad", "")
    parts: list[str | Place] = []
    end = 0
    for match in _PLACE.finditer(text):
        reference = _REFERENCE.fullmatch(match[1].strip())
        if reference is None:
            raise ValueError(f"{match[0]} is no reference; write {{field}}, {{field.key}} or {{field.key:form}}")
        parts += [text[end : match.start()], Place(reference["field"], reference["key"] or "", reference["form"] or "")]
        end = match.end()
    parts.append(text[end:])
    if any(brace in part for part in parts if isinstance(part, str) for brace in "{}"):
        raise ValueError("a brace { or } has no partner")
    return Phrase(tuple(part for part in parts if part != ""))


def digits_outside(phrase: Phrase) -> str:
    """The first digit among the words, or nothing."""
    return next((sign for sign in phrase.words if unicodedata.category(sign) in {"Nd", "Nl", "No"}), "")


def problems_of(phrase: Phrase, fields: FieldSet, *, pages: bool = False) -> Iterator[tuple[str, str]]:
    """What is wrong with the places of a phrase: pairs of a message and a fix."""
    for place in phrase.places:
        if place == Place(PAGES) and pages:
            continue
        spec = fields.get(place.field)
        if spec is None:
            yield f"{place}: there is no field {place.field!r}", did_you_mean(place.field, fields)
            continue
        yield from _key_problems(place, spec)
        yield from _form_problems(place, spec)
        if spec.kind is Kind.PARAGRAPH and not place.form and phrase.parts != (place,):
            yield f"{place} is a quotation and must be a sentence of its own", ""
    if (digit := digits_outside(phrase)) != "":
        yield f"the words hold the digit {digit!r}", "a figure can only come from a place such as {performance_data.1y}"


def _key_problems(place: Place, spec: FieldSpec) -> Iterator[tuple[str, str]]:
    if not spec.keyed:
        if place.key:
            yield f"{place}: {spec.name} has one value and no keys", f"write {{{spec.name}}}"
    elif spec.keyed == "period":
        if place.key not in spec.keys:
            yield f"{place}: {spec.name} has no key {place.key!r}", did_you_mean(place.key, spec.keys)
    elif place.key not in _PICKS.get(spec.keyed, ()) and re.fullmatch(_KEYS[spec.keyed], place.key) is None:
        known = {"order": "* for all of them, or a position such as 1", "cell": "a row and a column, as in a · b"}
        yield f"{place}: {place.key!r} names no {spec.keyed}", f"known: {known.get(spec.keyed) or ', '.join(_PICKS[spec.keyed])}"


def _form_problems(place: Place, spec: FieldSpec) -> Iterator[tuple[str, str]]:
    fits = {
        "key": bool(spec.keyed),
        "row": spec.keyed == "cell", "column": spec.keyed == "cell",
        "scale": spec.kind is Kind.INTEGER and spec.maximum is not None,
        "year": spec.kind is Kind.DATE, "month": spec.kind is Kind.DATE,
        "spelled": spec.kind in {Kind.ISIN, Kind.TEXT, Kind.CURRENCY},
    }
    if not fits.get(place.form, True):
        yield f"{place}: a field of kind {spec.kind.value} has no form {place.form!r}", ""


Chosen = Mapping[str, Sequence[Value]]


def expanded(phrase: Phrase, values: ValueSet, language: str) -> Phrase:
    """The phrase with a place for each value of a list in the place of `{list.*}`, joined as the language does."""
    parts: list[str | Place] = []
    for part in phrase.parts:
        if isinstance(part, str) or part.key != ALL:
            parts.append(part)
            continue
        listed = sorted(values.of(part.field), key=lambda value: int(value.key))
        if not listed:
            return phrase
        last, others = _JOINED[language]
        named = listed if len(listed) <= MOST_NAMED else listed[:1]
        for number, value in enumerate(named):
            parts += [last if number == len(named) - 1 else ", "] * (number > 0)
            parts.append(Place(value.field, value.key, part.form))
        parts += [others] * (len(named) < len(listed))
    return Phrase(tuple(parts))


def resolve(place: Place, values: ValueSet, fields: FieldSet, chosen: Chosen) -> Value | None:
    """The value of a place, or `None` when the document does not have it.

    `chosen` are the values that the slide shows, by field: `earliest` means the earliest on the slide, so that the
    words fit what is seen.
    """
    if place.key in _PICKS.get(fields[place.field].keyed, ()):
        return _picked(place.key, tuple(chosen.get(place.field) or values.of(place.field)))
    return values.get(place.ref)


def _picked(pick: str, candidates: tuple[Value, ...]) -> Value | None:
    if pick in _BY_WEIGHT:
        ranked = by_size(candidates)
        index = _BY_WEIGHT.index(pick)
        return ranked[index] if index < len(ranked) else None
    if not candidates:
        return None
    order: Callable[[Value], str | Decimal] = _size if pick in ("highest", "lowest") else _time
    ranked = tuple(sorted(candidates, key=order))
    return ranked[-1] if pick in ("latest", "highest") else ranked[0]


def by_size(values: Sequence[Value]) -> tuple[Value, ...]:
    """The largest first; equals in the order of the document."""
    return tuple(sorted(values, key=_size, reverse=True))


def _size(value: Value) -> Decimal:
    return value.value if isinstance(value.value, Decimal) else Decimal(0)


def _time(value: Value) -> str:
    return value.key


def fill(phrase: Phrase, written: Callable[[Place], Written]) -> Written:
    """The phrase with each place filled, for the eye and for the voice."""
    shown, spoken = [], []
    for part in phrase.parts:
        if isinstance(part, str):
            shown.append(part)
            spoken.append(part)
        else:
            filled = written(part)
            shown.append(filled.shown)
            spoken.append(filled.spoken)
    return Written(tidy("".join(shown)), tidy("".join(spoken)))


def tidy(text: str) -> str:
    """One space at a time, and one full stop: a name may end with its own ("S.A.")."""
    return re.sub(r"(?<=\w)\.\.(?!\.)", ".", re.sub(r"[ \t\n]+", " ", text)).strip()
