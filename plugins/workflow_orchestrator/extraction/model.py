"""The way of a language model: what it is asked, what it is given to read, and what is taken from its answer.

The model only points: a field, a page, the printed words and the words that name them. The value is read from those words
here, by the rules that hold for everyone; a number that the model writes itself is never used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workflow_orchestrator.documents import Document, Page, Word
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold, has_words
from workflow_orchestrator.extraction.layout import DocumentLayout, PageLayout
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Findings, Reading
from workflow_orchestrator.extraction.standing import Place, compact_figure, places_of_figure, places_of_words
from workflow_orchestrator.extraction.statement_reader import StatementTables
from workflow_orchestrator.extraction.units import CURRENCIES
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import FieldSet, FieldSpec
from workflow_orchestrator.values import NUMERIC_KINDS, Evidence, Kind, Origin, Value

_KEY_PATTERNS = {
    "year": re.compile(r"(?:19|20)\d\d"),
    "month": re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])"),
    "year_to": re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])"),
}
_KEY_HINTS = {
    "year": "a year: 2025",
    "month": "year and month: 2026-10",
    "year_to": "year and month in which the twelve months end: 2026-09",
    "name": "the name as printed, without footnote signs",
}
_CURRENCY_SIGN = re.compile(r"(?:us\$|[$€£¥]|\b[a-z]{3}(?=[\d(+−-]))")
_LABEL_SEPARATOR = " · "
_MAX_VALUES = 600


def answer_schema(fields: FieldSet) -> dict[str, Any]:
    """The strict JSON Schema of an answer: a list of pointers to printed words, nothing else."""
    text = {"type": "string"}
    properties: dict[str, Any] = {
        "field": {"type": "string", "enum": list(fields)},
        "key": {**text, "description": "for keyed fields: the period, year, month or name; otherwise empty"},
        "quote": {
            **text,
            "description": "the printed words of the value, exactly, with sign, unit and scale word",
        },
        "page": {"type": "integer", "description": "the page on which the quote stands, from 1"},
        "label": {
            **text,
            "description": "the printed words that name it: row label, then ' · ' and the column head",
        },
    }
    item = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"values": {"type": "array", "items": item}},
        "required": ["values"],
        "additionalProperties": False,
    }


def document_text(document: Document, pages: Iterable[int] | None = None) -> str:
    """The visible words of the document, page by page behind a marker, wide gaps kept so that columns can be seen.

    Args:
        document: what was read.
        pages: the numbers of the pages to give; all of them by default.
    """
    wanted = set(pages) if pages is not None else {page.number for page in document.pages}
    parts = [f"=== page {page.number} ===\n{_page_text(page)}" for page in document.pages if page.number in wanted]
    return "\n\n".join(parts)


def _page_text(page: Page) -> str:
    lines: list[str] = []
    before: Word | None = None
    for word in page.words:
        # A document cannot forge a marker: three equal signs in a row do not leave this function.
        text = re.sub(r"={3,}", "==", word.text)
        if before is None or _new_line(before, word):
            lines.append(text)
        else:
            gap = word.box.left - before.box.right
            lines[-1] += ("   " if gap > 1.2 * max(word.size, 1.0) else " ") + text
        before = word
    return "\n".join(lines)


def _new_line(before: Word, word: Word) -> bool:
    height = max(before.box.top - before.box.bottom, 1.0)
    moved = abs((before.box.bottom + before.box.top) - (word.box.bottom + word.box.top)) / 2
    return moved > 0.6 * height or word.box.left < before.box.left


def field_guide(fields: FieldSet) -> str:
    """What each field is, for a prompt: one line per field, its keys indented below."""
    lines: list[str] = []
    for spec in fields.values():
        words = ", ".join(spec.all_labels()[:12])
        unit = f" in {spec.unit}" if spec.unit else ""
        lines.append(f"- {spec.name} ({spec.kind.value}{unit}): {spec.description} Printed as: {words}.")
        if spec.choices:
            lines.append("  one of: " + ", ".join(choice.value for choice in spec.choices))
        if spec.most_words:
            lines.append(f"  at most {spec.most_words} words: a longer one is not taken")
        for key in spec.keys.values():
            lines.append(f"  key {key.key}: " + ", ".join(_words(key.labels.values())[:8]))
        if spec.keyed in _KEY_HINTS:
            lines.append(f"  key: {_KEY_HINTS[spec.keyed]}")
        if spec.sections:
            lines.append("  under: " + ", ".join(_words(spec.sections.values())[:8]))
    return "\n".join(lines)


def _words(groups: Iterable[Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(word for group in groups for word in group))


def values_from_answer(
    answer: Mapping[str, Any], document: Document, fields: FieldSet, origin: Origin = Origin.MODEL
) -> Reading:
    """The values that an answer points to, read from the document's own words.

    Everything else comes back in `Reading.rejected` with the reason: an unknown field or key, a quote that does not stand
    on its page, one that does not read as the kind of its field, two answers that contradict each other.
    """
    items = answer.get("values")
    found = Findings()
    if not isinstance(items, list):
        found.reject("", str(answer)[:80], 0, "the answer has no list 'values'")
        return found.settle(fields)
    layout = DocumentLayout(document)
    reader = Reader.of(document).with_currency(_currency(items, document, fields))
    tables = StatementTables(layout, Vocabulary(fields), reader)
    for number, item in enumerate(items):
        if number >= _MAX_VALUES:
            found.reject("", "", 0, f"the answer has {len(items)} values; only the first {_MAX_VALUES} were looked at")
            break
        _take(item, layout, fields, reader, tables, origin, found)
    return found.settle(fields)


def _currency(items: Sequence[Any], document: Document, fields: FieldSet) -> str:
    """The currency that the answer names, when the document prints its code."""
    text = fold("\n".join(page.shown for page in document.pages))
    for item in items:
        if not isinstance(item, Mapping):
            continue
        spec = fields.get(str(item.get("field")))
        quote = str(item.get("quote", "")).strip()
        if spec and spec.kind is Kind.CURRENCY and quote in CURRENCIES and has_words(text, quote.casefold()):
            return quote
    return ""


def _take(
    item: Any, layout: DocumentLayout, fields: FieldSet, reader: Reader, tables: StatementTables, origin: Origin, found: Findings
) -> None:
    wanted = ("field", "key", "quote", "page", "label")
    if not isinstance(item, Mapping) or not all(isinstance(item.get(name, ""), (str, int)) for name in wanted):
        found.reject("", str(item)[:80], 0, "not an object with field, key, quote, page and label")
        return
    field, key, quote, label = (str(item.get(name, "")).strip() for name in ("field", "key", "quote", "label"))
    page = item.get("page")
    number = page if isinstance(page, int) and not isinstance(page, bool) else 0
    ref = f"{field}.{key}" if key else field
    try:
        value = pointed_value(field, key, quote, label, number, layout, fields, reader, origin, tables)
    except FigureError as error:
        found.reject(ref, quote[:200], number, error.message)
        return
    found.add(value)


def pointed_value(
    field: str,
    key: str,
    quote: str,
    label: str,
    number: int,
    layout: DocumentLayout,
    fields: FieldSet,
    reader: Reader,
    origin: Origin,
    tables: StatementTables | None = None,
) -> Value:
    """The value that one pointer of an answer points to: page `number`, from 1, and the printed words of the value and of its label.

    The unit of a figure in a statement is what the words over its table say, whether the answer repeats them or not.

    Raises:
        FigureError: an unknown field or key, words that do not stand on that page, or that print no value of that kind.
    """
    spec = fields.get(field)
    if spec is None:
        raise FigureError(f"there is no field {field!r}")
    key = _key(spec, key)
    if not 1 <= number <= len(layout.pages):
        raise FigureError(f"the document has {len(layout.pages)} pages, not page {number}")
    if not quote:
        raise FigureError("the quote is empty")
    page = layout.pages[number - 1]
    places = _places(spec, page, quote)
    if not places and spec.kind is Kind.MONEY:
        quote = _with_sign(page, quote)
        places = _places(spec, page, quote)
    if not places:
        raise FigureError(f"{quote[:80]!r} does not stand on page {number} as whole words")
    parts = [part for part in label.split(_LABEL_SEPARATOR) if part.strip()]
    if tables and spec.column:
        places = [place for place in places if tables.ref_of(place) == (f"{field}.{key}" if key else field)] or places
        units = {tables.unit_words(place, spec) for place in places}
        missing = [word for word in (units.pop() if len(units) == 1 else ()) if word not in parts]
        label = _LABEL_SEPARATOR.join([*parts, *missing])
    named = [place for place in places if all(_names(place, part, tables) for part in parts)]
    # The place is only told when it is certain; the proof looks at all of them otherwise.
    box = named[0].box if len(named) == 1 else places[0].box if len(places) == 1 else None
    return value_of(spec, key, Evidence(number, quote, label, box), reader, origin)


def _names(place: Place, part: str, tables: StatementTables | None) -> bool:
    return place.names(part) or (tables is not None and tables.names(place, part))


def _places(spec: FieldSpec, page: PageLayout, quote: str) -> list[Place]:
    if spec.kind in NUMERIC_KINDS:
        found = places_of_figure(page, quote)
        return found or (places_of_words(page, quote) if spec.kind is Kind.INTEGER else [])
    return places_of_words(page, quote)


def _with_sign(page: PageLayout, quote: str) -> str:
    """An amount with the sign or code of its currency, where the page prints this figure only with the same one.

    A reader of a column of amounts leaves it out; the amount is read with it, or it would be taken for one in another currency.
    """
    wanted = compact_figure(quote)
    found = {compact_figure(mark.text): mark.text for row in page.rows for mark in row.marks}
    signed = [text for compacted, text in found.items() if compacted != wanted and _CURRENCY_SIGN.sub("", compacted) == wanted]
    return signed[0] if len(signed) == 1 else quote


def _key(spec: FieldSpec, key: str) -> str:
    """The key, checked against what the field is keyed by."""
    if not spec.keyed:
        if key:
            raise FigureError(f"{spec.name} takes no key, not {key!r}")
        return ""
    if not key:
        raise FigureError(f"{spec.name} needs a {spec.keyed}")
    if spec.keyed == "period" and key not in spec.keys:
        raise FigureError(f"{spec.name} has no period {key!r}; it has {', '.join(spec.keys)}")
    pattern = _KEY_PATTERNS.get(spec.keyed)
    if pattern and not pattern.fullmatch(key):
        raise FigureError(f"{key!r} is not {_KEY_HINTS[spec.keyed]}")
    return key
