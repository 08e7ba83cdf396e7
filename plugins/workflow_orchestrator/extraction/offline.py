"""Reads a document without a model: labels, kinds and sections of the `FieldSet`, and the layout of the page.

The rule of this reader is to leave out what it is not sure of: a wrong number costs more than a missing one, which a
person can add.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal

from workflow_orchestrator.documents import Document
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.dates import read_dates
from workflow_orchestrator.extraction.fold import fold, fold_label
from workflow_orchestrator.extraction.identity import read_head
from workflow_orchestrator.extraction.inventory import read_inventory
from workflow_orchestrator.extraction.label_words import read_label_words
from workflow_orchestrator.extraction.layout import DocumentLayout
from workflow_orchestrator.extraction.lists import MOST, ListReader
from workflow_orchestrator.extraction.months import MonthsReader
from workflow_orchestrator.extraction.pairs import PairReader
from workflow_orchestrator.extraction.prose import read_paragraphs, read_title, read_title_lines
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Findings, Reading
from workflow_orchestrator.extraction.returns import ReturnsReader
from workflow_orchestrator.extraction.rows import RowsReader
from workflow_orchestrator.extraction.scales import drop_steps, read_scales
from workflow_orchestrator.extraction.sentences import read_sentences
from workflow_orchestrator.extraction.statement_words import read_patterns, read_statements
from workflow_orchestrator.extraction.unlabelled import read_unlabelled
from workflow_orchestrator.extraction.variants import Variant, Variants, coded_outside, find_variants, settle_variants
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.values import Evidence, Kind, Origin, Value

_MAX_NAMES = 20  # more are not the largest positions, but all of them
_LARGEST = 10
_OF_ALL_DATA = re.compile(r"^(?:all|alle|toutes|factsheet|report|reporting|rapport)\b")
_CLASS_WORD = re.compile(r"^(?:(?:share|unit) class|class|anteils?klasse|klasse|tranche|part|classe) ")
_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}\d")


def read_fields(document: Document, fields: FieldSet, *, code: str = "") -> Reading:
    """Every value of `fields` that the document prints without doubt, and what was left out, with the reason.

    Args:
        document: what was read.
        fields: what is looked for.
        code: which of several variants is meant, by its ISIN; without it the one that the title names.
    """
    layout = DocumentLayout(document)
    words = Vocabulary(fields)
    table, principal, chosen = variants_of(layout, words, Reader.of(document), code)
    reader, names = _first_look(layout, words, Reader.of(document), chosen.name if chosen else "")
    found = Findings()
    _read_words(layout, words, reader, found)
    tables = words.periods or any(words.keyed(by) for by in ("period", "year", "year_to", "month", "name"))
    for page in layout.pages:
        PairReader(page, words, reader, names, found).read()
        if not tables:
            continue
        ReturnsReader(page, words, reader, names, found).read()
        RowsReader(page, words, reader, names, found).read()
        ListReader(page, words, reader, found).read()
        read_inventory(page, words, reader, found)
    _drop_of_fund(words, found)
    drop_steps(layout, found)
    read_scales(layout, words, names, reader, found)
    read_label_words(layout, words, reader, found)
    _read_codes(layout, words, reader, found)
    read_unlabelled(layout, words, reader, found)
    read_head(layout, words, reader, found)
    as_of = _as_of(words, layout, found)
    for page in layout.pages:
        MonthsReader(page, words, reader, names, as_of, found).read()
    _drop_part_years(words, reader, as_of, found)
    read_patterns(layout, words, reader, found)
    read_statements(layout, words, reader, found)
    _keep_largest(words, found)
    if table:
        settle_variants(table, chosen, principal, words, reader, found)
    _keep_code(words, code, found)
    return found.settle(fields)


def _keep_code(words: Vocabulary, code: str, found: Findings) -> None:
    """Of several codes that the document prints, the one that was asked for."""
    for spec in words.fields.values() if code else ():
        asked = [candidate for candidate in found.candidates(spec.name) if spec.kind is Kind.ISIN and candidate.value.value == code]
        if asked:
            found.replace(spec.name, asked)


def variants_of(
    layout: DocumentLayout, words: Vocabulary, reader: Reader, code: str
) -> tuple[Variants | None, Variant | None, Variant | None]:
    """The table of variants, the one of them that the title names, and the one that is meant."""
    table = find_variants(layout, words)
    if table is None:
        return None, None, None
    title = Findings()
    _read_words(layout, words, reader, title)
    read_head(layout, words, reader, title)
    name = next((title.first(spec.name) for spec in words.fields.values() if words.is_class(spec)), None)
    principal = (table.of_name(str(name.value)) if name else None) or coded_outside(layout, table)
    return table, principal, (table.of_code(code) if code else principal)


def _first_look(
    layout: DocumentLayout, words: Vocabulary, reader: Reader, variant: str = ""
) -> tuple[Reader, frozenset[str]]:
    """What the reading of figures rests on: the currency of the document, and the words of its name and share class.

    Of several classes, those of the one that is meant: the row of another one is not the document's own.
    """
    found = Findings()
    _read_words(layout, words, reader, found)
    for page in layout.pages:
        PairReader(page, words, reader, frozenset(), found).read()
    read_head(layout, words, reader, found)
    values = [
        found.first(spec.name)
        for spec in words.fields.values()
        if spec.kind is Kind.CURRENCY or (spec.kind is Kind.TEXT and spec.sections)
    ]
    currency = next((str(v.value) for v in values if v and v.kind is Kind.CURRENCY), "")
    names = [fold(str(v.value)) for v in values if v and v.kind is Kind.TEXT and not (variant and words.is_class(words.fields[v.field]))]
    names.append(fold(variant))
    return reader.with_currency(currency), frozenset(token for name in names for token in re.findall(r"\w+", name))


def _read_words(layout: DocumentLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
    read_title(layout, words, reader, found)
    read_title_lines(layout, words, reader, found)
    for page in layout.pages:
        read_dates(page, words, reader, found)
        read_paragraphs(page, words, reader, found)
        read_sentences(page, words, reader, found)


def _read_codes(layout: DocumentLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """An ISIN without a label, when the document prints exactly one with a right check digit, or one for its class."""
    for spec in words.fields.values():
        if spec.kind is not Kind.ISIN or found.candidates(spec.name):
            continue
        values: list[Value] = []
        for page in layout.pages:
            for row in page.rows:
                for cell in row.cells:
                    for word in cell.words:
                        code = word.text.strip("(),.;")
                        if _ISIN.fullmatch(code):
                            label = row.cells[0].text if row.cells[0] is not cell else ""
                            evidence = Evidence(page.number, code, label, word.box)
                            with suppress(FigureError):
                                values.append(value_of(spec, "", evidence, reader, Origin.OFFLINE))
        for value in _of_class(values, words, found):
            found.add(value)


def _of_class(values: Sequence[Value], words: Vocabulary, found: Findings) -> Sequence[Value]:
    """Of the codes of several classes, those on the rows that the name of the document's own class begins."""
    named = [found.first(spec.name) for spec in words.fields.values() if spec.kind is Kind.TEXT and words.sections(spec.name)]
    known = {fold_label(str(value.value)) for value in named if value}
    known |= {_CLASS_WORD.sub("", name) for name in known}
    own = [value for value in values if fold_label(value.evidence.label) in known]
    return own if len({value.value for value in own}) == 1 else values


def _as_of(words: Vocabulary, layout: DocumentLayout, found: Findings) -> date | None:
    """Settles the day of the figures.

    Of several days, the one that a label of the whole document names ("All data as at"), or the latest, at the top of page 1.
    """
    name = words.as_of
    if not name:
        return None
    candidates = found.candidates(name)
    if all(candidate.value.evidence in found.of_part for candidate in candidates):
        found.replace(name, ())
        return None
    days = {candidate.value.value for candidate in candidates}
    whole = [candidate for candidate in candidates if _OF_ALL_DATA.search(fold(candidate.value.evidence.label))]
    if len(days) > 1 and len({candidate.value.value for candidate in whole}) == 1:
        found.replace(name, whole)
    elif len(days) > 1:
        latest = max(day for day in days if isinstance(day, date))
        top = layout.document.pages[0].height * 2 / 3
        stated = [
            candidate
            for candidate in candidates
            if candidate.value.value == latest
            and candidate.value.evidence.page == 1
            and candidate.value.evidence.box
            and candidate.value.evidence.box.bottom >= top
        ]
        if stated:
            found.replace(name, stated)
    value = found.first(name)
    return value.value if value and isinstance(value.value, date) else None


def _drop_of_fund(words: Vocabulary, found: Findings) -> None:
    """Takes out the launch of the fund where the document has a label for that of the class, and it could not be read."""
    name = words.begins
    candidates = found.candidates(name)
    if name in found.unread and all(candidate.rank for candidate in candidates):
        for candidate in candidates:
            evidence = candidate.value.evidence
            found.reject(name, evidence.quote, evidence.page, "the day of the class is printed too, and could not be read")
        found.replace(name, ())


def _drop_part_years(words: Vocabulary, reader: Reader, as_of: date | None, found: Findings) -> None:
    """Takes out the years that are not whole: the one of the launch, and the one that still runs, which is the year to date."""
    launch = found.first(words.begins) if words.begins else None
    began = launch.value if launch and isinstance(launch.value, date) else None
    for spec in words.keyed("year"):
        for ref in found.refs():
            field, _, key = ref.partition(".")
            if field != spec.name:
                continue
            reason = _part_year(int(key), as_of, began)
            if reason:
                for candidate in found.candidates(ref):
                    evidence = candidate.value.evidence
                    found.reject(ref, evidence.quote, evidence.page, reason)
                if as_of and int(key) == as_of.year and not (began and began.year == as_of.year):
                    _add_to_date(words, reader, found, [candidate.value for candidate in found.candidates(ref)])
                found.replace(ref, ())


def _add_to_date(words: Vocabulary, reader: Reader, found: Findings, values: Sequence[Value]) -> None:
    """The figure of the running year as the return to date; a figure with that label is the better witness."""
    names = {target.field for target in words.period("ytd") if not target.key}
    for value in values:
        for name in names:
            with suppress(FigureError):
                found.add(value_of(words.fields[name], "", value.evidence, reader, Origin.OFFLINE), rank=1)


def _keep_largest(words: Vocabulary, found: Findings) -> None:
    """Of a whole portfolio, the ten largest positions, for a list of names is of the largest ones; of a small part of one, none."""
    for spec in words.largest:
        weights = {ref: value.value for ref in found.refs() if (value := found.first(ref)) and value.field == spec.name}
        figures = sorted((weight for weight in weights.values() if isinstance(weight, Decimal)), reverse=True)
        if len(figures) <= _MAX_NAMES:
            continue
        least = figures[_LARGEST - 1] if sum(figures) >= MOST else figures[0] + 1
        for ref, weight in weights.items():
            if isinstance(weight, Decimal) and weight < least:
                found.replace(ref, ())


def _part_year(year: int, as_of: date | None, began: date | None) -> str:
    if as_of and (as_of.year, as_of.month, as_of.day) < (year, 12, 28):
        return f"{year} was not over on {as_of.isoformat()}"
    if began and (began.year, began.month, began.day) > (year, 1, 8):
        return f"the fund was launched on {began.isoformat()}, within {year} or later"
    return ""
