"""Reads what a document with statements says in words: the day of its figures, whose they are, and texts in a fixed form.

"… today reported its results for the quarter ended June 30, 2026."        the day, where the heads of the statements name it too
"CASTLEFORD INSTRUMENTS, INC." over each statement                         the name, as running text prints it
"… (NYSE: CFI) …"                                                          a text by the `patterns` of its field
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date

from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold, fold_label
from workflow_orchestrator.extraction.layout import Cell, DocumentLayout, PageLayout
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Candidate, Findings
from workflow_orchestrator.extraction.standing import Place, compact, places_of_words
from workflow_orchestrator.extraction.statement_ranges import read_ranges
from workflow_orchestrator.extraction.statement_reader import StatementTables
from workflow_orchestrator.extraction.statements import owner_row
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.figures import read_date
from workflow_orchestrator.values import Evidence, Kind, Origin, Value

OVER_STATEMENTS = "over statements"
"""A section word: the text stands over the titles of the statements, as whose they are."""

_WITH_OTHERS = re.compile(
    r",? (?:and|und|et) (?:(?:its )?(?:consolidated )?subsidiar(?:ies|y companies)|tochtergesellschaften|(?:ses )?filiales)$", re.IGNORECASE
)
_NAME_WORDS = 9
_RANGE_RANK = 100  # a table is the better witness than a line


def read_statements(layout: DocumentLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """Adds what the statements of a document say: the day, whose they are, and the figures."""
    if not words.columns:
        return
    tables = StatementTables(layout, words, reader, _stated_day(words, found))
    if tables.as_of:
        _put_day(layout, words, reader, found, tables.as_of)
    _put_owner(tables, layout, words, reader, found)
    for value in tables.found():
        found.add(value, tables.rank_of(value))
    for value in read_ranges(layout, words, reader):
        found.add(value, _RANGE_RANK)


def _stated_day(words: Vocabulary, found: Findings) -> date | None:
    """The day that the words of a document state, of several the one that is both the latest and the one most often printed."""
    days = [c.value.value for c in found.candidates(words.as_of) if isinstance(c.value.value, date)]
    counts = Counter(days).most_common(2)
    alone = counts and (len(counts) == 1 or counts[0][1] > counts[1][1])
    return counts[0][0] if alone and counts[0][0] == max(days) else None


def _put_day(layout: DocumentLayout, words: Vocabulary, reader: Reader, found: Findings, as_of: date) -> None:
    """The day of the heads where it is printed behind one of the field's labels, in place of others."""
    spec = words.fields.get(words.as_of)
    if spec is None:
        return
    fitting = [candidate for candidate in found.candidates(spec.name) if candidate.value.value == as_of]
    found.replace(spec.name, fitting[:1])
    labels = sorted(map(fold_label, spec.all_labels()), key=len, reverse=True)
    for page in layout.pages if not fitting else ():
        for before, row in zip((None, *page.rows), page.rows, strict=False):
            for place in _days(Place(page, row.words), as_of, layout.document.language):
                front = place.text_before() or fold(" ".join(word.text for word in before.words) if before else "")
                label = next((lab for lab in labels if front == lab or front.endswith(" " + lab)), "")
                if label:
                    quote = " ".join(word.text for word in place.words).rstrip(".,;")
                    with suppress(FigureError):
                        found.add(value_of(spec, "", Evidence(page.number, quote, label, place.box), reader, Origin.OFFLINE))
                        return


def _days(row: Place, day: date, language: str) -> Iterator[Place]:
    for start in range(len(row.words)):
        for count in (3, 2, 1):
            words = row.words[start : start + count]
            if len(words) == count and read_date(" ".join(w.text for w in words).rstrip(".,;"), language) == day:
                yield Place(row.page, words)
                break


def _put_owner(tables: StatementTables, layout: DocumentLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """The name over the statements, where most of them have the same, as running text prints it.

    Titles are often set in capitals, or with spaces between letters; a name that stands nowhere else is not taken.
    """
    for spec in words.fields.values():
        if spec.kind is not Kind.TEXT or OVER_STATEMENTS not in words.sections(spec.name) or found.candidates(spec.name):
            continue
        rows = [row for s in tables.statements if (row := owner_row(s)) and _is_name(row.cells) and tables.is_titled(s, row)]
        names = Counter(compact(_WITH_OTHERS.sub("", " ".join(word.text for word in row.words))) for row in rows).most_common(2)
        if not names or (len(names) > 1 and names[0][1] == names[1][1]):
            continue
        common = names[0][0]
        found_at = [place for page in layout.pages for place in places_of_words(page, common)]
        printed = [place for place in found_at if place.rows and len(place.words) < len(place.rows[0].words)]
        quotes = [(place, " ".join(word.text for word in place.words).rstrip(",;:")) for place in printed]
        place, quote = next(((p, q) for p, q in quotes if not q.isupper() and q[:1].isupper()), (None, ""))
        if place:
            evidence = Evidence(place.page.number, quote, "", place.box)
            with suppress(FigureError):
                found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE))


def _is_name(cells: Sequence[Cell]) -> bool:
    text = " ".join(cell.text for cell in cells)
    return len(cells) == 1 and len(text.split()) <= _NAME_WORDS and not re.search(r"\d|:$", text) and text[:1].isupper()


def read_patterns(layout: DocumentLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """Adds the texts that the first page prints in a fixed form, by the first pattern that finds one; none where it finds several."""
    for spec in words.fields.values():
        for pattern in (pattern for group in spec.patterns.values() for pattern in group):
            values = list(_matches(layout.pages[0], spec, re.compile(pattern), reader))
            if len({fold(str(value.value)) for value in values}) == 1:
                found.replace(spec.name, [Candidate(values[0])])
            for value in values if len({fold(str(value.value)) for value in values}) > 1 else ():
                found.reject(spec.name, value.evidence.quote, 1, "the first page prints several")
            if values:
                break


def _matches(page: PageLayout, spec: FieldSpec, pattern: re.Pattern[str], reader: Reader) -> Iterator[Value]:
    text = " ".join(word.text for row in page.rows for word in row.words)
    for match in pattern.finditer(text):
        quote = " ".join(match[1].split())
        place = next(iter(places_of_words(page, quote)), None)
        if place:
            with suppress(FigureError):
                yield value_of(spec, "", Evidence(page.number, quote, "", place.box), reader, Origin.OFFLINE)
