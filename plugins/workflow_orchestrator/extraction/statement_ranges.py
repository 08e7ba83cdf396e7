"""Reads what a company expects, where a line says it or a table has it in one cell: two ends of a range, and of which period.

    Initiates Third Quarter FY24 Revenue Guidance of $8.70 Billion to $8.72 Billion, up ~11% Y/Y
    Narrows 2023 Revenue Guidance Range to $67 to $70 Billion

                                          Q3 FY24 Guidance      Full Year FY24 Guidance
    GAAP Diluted Earnings per Share        $1.02 - $1.03            $3.50 - $3.52

In a line, period, label and word of the section stand side by side: "Services revenue guidance" is of another revenue. A year alone is the
whole year. An amount without a scale word is none, unless it is of one share.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from workflow_orchestrator.documents import Word
from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold, fold_label, has_words
from workflow_orchestrator.extraction.layout import Cell, DocumentLayout, PageLayout, Row
from workflow_orchestrator.extraction.quotes import SEPARATOR, Reader, value_of
from workflow_orchestrator.extraction.table_units import SCALE_WORD, is_per_share
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.values import Evidence, Origin, Value

WHOLE_YEAR = "1y"
_ENDS = ("low", "high")
_FIGURE = r"(?:us\$|[$€£])?\s?\d[\d.,]*\d|(?:us\$|[$€£])?\s?\d"
_TO = r"(?:\s(?:to|and|bis|à|et)\s|\s?[-–]\s?)"
_FISCAL = r"(?:(?:fiscal\s(?:year\s)?)?(?:fy\s?\d\d|20\d\d)\s)?"
_LINK = r"(?:\srange)?(?:\s(?:of|to|at|is|between|from|in the range of|von|auf|de|à))?"
_RANGE = rf"(?P<low>{_FIGURE})(?:\s(?P<low_scale>{SCALE_WORD})(?!\w))?{_TO}(?P<high>{_FIGURE})(?:\s(?P<high_scale>{SCALE_WORD})(?!\w))?"
_CELL = re.compile(_RANGE)
_NO_HEAD = re.compile(r"[$€£%]|\d[.,]\d")
_HEAD_ROWS = 12  # above a row, in which the heads of its columns may stand
_HEAD_LINES = 3


@dataclass(frozen=True, slots=True)
class _Text:
    """The folded words of a row as one text that knows where each word stands in it."""

    words: tuple[Word, ...]
    text: str
    starts: tuple[int, ...]

    @classmethod
    def of(cls, words: Sequence[Word]) -> _Text:
        parts = [fold(word.text) for word in words]
        starts, at = [], 0
        for part in parts:
            starts.append(at)
            at += len(part) + 1
        return cls(tuple(words), " ".join(parts), tuple(starts))

    def between(self, start: int, end: int) -> tuple[Word, ...]:
        """The words that a part of the text touches."""
        ends = [*(begin - 1 for begin in self.starts[1:]), len(self.text)]
        return tuple(word for word, begin, stop in zip(self.words, self.starts, ends, strict=True) if begin < end and stop > start)


def read_ranges(layout: DocumentLayout, words: Vocabulary, reader: Reader) -> Iterator[Value]:
    """Both ends of every range that a line or a cell prints for a field with the columns `low` and `high`."""
    specs = [spec for spec in words.columns if spec.column in _ENDS and spec.keyed == "period"]
    patterns = {spec.name: _pattern(spec) for spec in specs}
    for page in layout.pages if specs else ():
        for row in page.rows:
            line = _Text.of(row.words)
            for spec in specs:
                for match in patterns[spec.name].finditer(line.text):
                    key = _key(spec, match["period"]) if match["period"] else WHOLE_YEAR if WHOLE_YEAR in spec.keys else ""
                    named = " ".join(w.text for w in line.between(match.start("named"), match.end("named")))
                    yield from _end(spec, key, page, line, match, named, reader)
                yield from _cells(spec, page, row, reader)


def _pattern(spec: FieldSpec) -> re.Pattern[str]:
    """Period, label, word of the section and range, side by side in one line."""
    periods = _any(label for key in spec.keys for label in _labels_of(spec, key))
    labels, sections = _any(spec.all_labels()), _any(_sections(spec))
    return re.compile(
        rf"(?<!\w)(?P<named>(?:(?P<period>{periods})\s{_FISCAL}|20\d\d\s)(?:{labels})\s(?:{sections})){_LINK}\s{_RANGE}"
    )


def _any(words: Iterable[str]) -> str:
    folded = {fold_label(word) for word in words if SEPARATOR not in word}
    return "|".join(re.escape(word) for word in sorted(folded, key=len, reverse=True)) or r"(?!)"


def _key(spec: FieldSpec, words: str) -> str:
    return next((key for key in spec.keys if words in _labels_of(spec, key)), "")


def _end(
    spec: FieldSpec, key: str, page: PageLayout, line: _Text, match: re.Match[str], named: str, reader: Reader
) -> Iterator[Value]:
    """The end of a range that a field is of, with the scale word behind it, or else behind the other end."""
    own, shared = match[f"{spec.column}_scale"], match["high_scale"]
    if not key or ((own or shared) is None and not _is_per_share(spec)):
        return
    stop = match.end(f"{spec.column}_scale") if own else match.end(spec.column)
    words = line.between(match.start(spec.column), stop)
    quote = " ".join(word.text for word in words).strip(" ,.;()")
    scale = "" if own or not shared else next(w.text for w in line.between(match.start("high_scale"), match.end("high_scale")))
    label = SEPARATOR.join(filter(None, (named, scale.strip(" ,.;()"))))
    with suppress(FigureError):
        yield value_of(spec, key, Evidence(page.number, quote, label, around(words)), reader, Origin.OFFLINE)


# Cells


def _cells(spec: FieldSpec, page: PageLayout, row: Row, reader: Reader) -> Iterator[Value]:
    """The end of each range in a row that begins with one of the field's labels, under a head that names period and section."""
    ranges = [(cell, match) for cell in row.cells[1:] if (match := _CELL.fullmatch(_Text.of(cell.words).text))]
    labels = {fold_label(label) for label in spec.all_labels()}
    if not ranges or fold_label(row.cells[0].text) not in labels:
        return
    known = [*_sections(spec), *(label for key in spec.keys for label in _labels_of(spec, key))]
    for cell, match in ranges:
        heads = _head(page, row, cell, known)
        key = _key_of_head(spec, heads)
        line = _Text.of(cell.words)
        end = around(line.between(match.start(spec.column), match.end(spec.column)))
        # The words that name a figure stand over it; a narrow head may stand over the other end alone.
        over = [head.text for head in heads if min(head.box.right, end.right) > max(head.box.left, end.left)]
        yield from _end(spec, key, page, line, match, SEPARATOR.join((row.cells[0].text, *over)), reader)


def _head(page: PageLayout, row: Row, cell: Cell, known: Sequence[str]) -> tuple[Cell, ...]:
    """The cells over a cell that are its head: the nearest above that have one of the known words, and the lines of it beside them."""
    found: list[Cell] = []
    for upper in page.above(row, _HEAD_ROWS):
        over = [head for head in upper.cells if min(head.box.right, cell.box.right) > max(head.box.left, cell.box.left)]
        named = len(over) == 1 and any(has_words(fold(over[0].text), word) for word in known)
        if named and not _NO_HEAD.search(over[0].text) and len(found) < _HEAD_LINES:
            found.insert(0, over[0])
        elif found:
            break
    return tuple(found)


def _key_of_head(spec: FieldSpec, heads: Sequence[Cell]) -> str:
    """The only period that a head names, where it also names a section of the field."""
    text = fold(" ".join(head.text for head in heads))
    if not any(has_words(text, section) for section in _sections(spec)):
        return ""
    keys = [key for key in spec.keys if any(has_words(text, label) for label in _labels_of(spec, key))]
    return keys[0] if len(keys) == 1 else ""


def _sections(spec: FieldSpec) -> list[str]:
    return [fold_label(word) for words in spec.sections.values() for word in words]


def _labels_of(spec: FieldSpec, key: str) -> list[str]:
    return [fold_label(label) for labels in spec.keys[key].labels.values() for label in labels]


def _is_per_share(spec: FieldSpec) -> bool:
    return any(is_per_share(label) for label in (*spec.all_labels(), *spec.title.values()))
