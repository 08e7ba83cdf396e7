"""The running text of a document: its lines in the order in which they are read, column by column, and passages of them.

    page with two columns          lines of the flow
    ┌───────────────────┐          a line across both columns ends both of them: what stands over it is read first,
    │ one line across   │          left and then right, and what stands under it after it
    │ left 1 │ right 1  │
    │ left 2 │ right 2  │          running heads and feet, which several pages repeat, and page numbers are no part of it
    └───────────────────┘
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from workflow_orchestrator.documents import Word
from workflow_orchestrator.documents.model import around
from workflow_orchestrator.extraction.fold import fold
from workflow_orchestrator.extraction.layout import DocumentLayout, PageLayout, Row
from workflow_orchestrator.extraction.prose import joined_lines
from workflow_orchestrator.values import Box

_GUTTER = 8.0  # points that part two columns at least
_MIDDLE = (0.35, 0.65)  # of the width, where the gutter between two columns may be
_ACROSS = 0.3  # of the rows that may cross the gutter of a page with two columns: title, tables, figures
_FEWEST = 8  # rows that a column has at least
_SMALL = 0.82  # of the size of the text: smaller is a note


@dataclass(frozen=True)
class Line:
    """Words of one row in one column. `page` counts from 1; `column` is 0 across the page, 1 and 2 from the left."""

    page: int
    column: int
    words: tuple[Word, ...]

    @cached_property
    def text(self) -> str:
        """The words with single spaces; small capitals are put together: "A BSTRACT" is "ABSTRACT"."""
        return joined(self.words)

    @cached_property
    def box(self) -> Box:
        return around(self.words)

    @property
    def size(self) -> float:
        """The size of most of its letters."""
        return _most((word.size, len(word.text)) for word in self.words)

    @property
    def style(self) -> int:
        """The style of most of its letters."""
        return int(_most((word.style, len(word.text)) for word in self.words))


def _most(weighted: Iterator[tuple[float, int]]) -> float:
    counts = Counter[float]()
    for key, weight in weighted:
        counts[key] += weight
    return counts.most_common(1)[0][0]


def joined(words: Sequence[Word]) -> str:
    """The words with single spaces; a capital and the small capitals that touch it are one word."""
    text = words[0].text if words else ""
    for before, word in pairwise(words):
        text += word.text if is_small_capitals(before, word) else f" {word.text}"
    return text


def is_small_capitals(before: Word, after: Word) -> bool:
    """Whether a word goes on the one before in small capitals: of another size, touching, both in capitals or a digit behind them.

    A hyphen between small capitals is often of the larger size, and touches both.
    """
    gap = after.box.left - before.box.right
    smaller = after.size < 0.9 * before.size and after.text.isupper() and gap <= 0.15 * before.size
    larger = before.size < 0.9 * after.size and (after.text[:1].isdigit() or after.text == "-") and gap <= 0.08 * after.size
    return (before.text[-1:].isupper() or before.text == "-") and gap >= -0.5 and (smaller or larger)


class Flow:
    """The lines of all pages."""

    def __init__(self, layout: DocumentLayout) -> None:
        repeated = _running(layout)
        self.lines: tuple[Line, ...] = tuple(
            line for page in layout.pages for line in _of_page(page) if fold(_without_digits(line.text)) not in repeated
        )
        self.known = _known(self.lines)
        self.signs = {page.number: _signs(page.page.words) for page in layout.pages}

    @cached_property
    def size(self) -> float:
        """The size of most of the text."""
        return _most((line.size, len(line.text)) for line in self.lines) if self.lines else 0.0

    def passage(self, lines: Sequence[Line]) -> Passage:
        """The text of some lines that follow each other."""
        return Passage(tuple(lines), self.known, self.signs)


@dataclass(frozen=True)
class Passage:
    """Lines that are read as one text; words that were parted at the end of a line are put together."""

    lines: tuple[Line, ...]
    known: Counter[str]
    signs: Mapping[int, Sequence[Word]]

    @cached_property
    def _ends(self) -> tuple[int, ...]:
        """How many letters of the text, spaces and hyphens apart, stand up to the end of each word."""
        ends, total = [], 0
        for word in self.words:
            total += len(_letters(word.text))
            ends.append(total)
        return tuple(ends)

    @cached_property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for line in self.lines for word in line.words)

    @cached_property
    def pages(self) -> tuple[int, ...]:
        """The page of each word."""
        return tuple(line.page for line in self.lines for _ in line.words)

    @cached_property
    def text(self) -> str:
        return joined_lines([line.words for line in self.lines], self.known)

    def places(self, sentences: Sequence[str]) -> Iterator[tuple[str, int, tuple[Word, ...]]]:
        """Each of the sentences of which the text consists, with its page and its words.

        `is_plain` tells which of them both readers of the document have word for word.
        """
        start = length = 0
        for sentence in sentences:
            length += len(_letters(sentence))
            end = next((number for number, at in enumerate(self._ends, 1) if at >= length), len(self.words))
            yield sentence, self.pages[start], self.words[start:end]
            start = end

    def is_plain(self, page: int, words: Sequence[Word]) -> bool:
        """Whether words stand on one page, without raised or lowered signs within them."""
        numbers = {number for word, number in zip(self.words, self.pages, strict=True) if word in words}
        signs = self.signs.get(page, ())
        return numbers == {page} and not any(_touches(word, sign) for word in words[:-1] for sign in signs)


def _known(lines: Sequence[Line]) -> Counter[str]:
    """The words of the document, folded, without the halves of those that are parted at the end of a line."""
    known = Counter[str]()
    halved = False
    for line in lines:
        words = line.words[1:] if halved else line.words
        halved = line.words[-1].text.endswith("-")
        known.update(fold(word.text).strip(".,;:()") for word in (words[:-1] if halved else words))
    return known


def _signs(words: Sequence[Word]) -> tuple[Word, ...]:
    """The raised and lowered signs among words: small, and touching a word before them."""
    return tuple(
        word
        for before, word in pairwise(words)
        if len(word.text) <= 3 and word.size < _SMALL * before.size and _touches(before, word)
    )


def _touches(word: Word, sign: Word) -> bool:
    beside = -1.0 <= sign.box.left - word.box.right <= 0.35 * word.size
    return beside and sign.box.bottom < word.box.top and word.box.bottom < sign.box.top and sign is not word


def _letters(text: str) -> str:
    return re.sub(r"[\s\u00ad-]", "", text)


def _without_digits(text: str) -> str:
    return re.sub(r"\d+", "", text).strip()


def _running(layout: DocumentLayout) -> frozenset[str]:
    """What several pages print as their first or last row, their numbers apart."""
    counts = Counter[str]()
    for page in layout.pages:
        edges = {fold(_without_digits(joined(row.words))) for row in (*page.rows[:2], *page.rows[-2:])}
        counts.update(edges)
    return frozenset(text for text, count in counts.items() if count > 1) | {""}


def _of_page(page: PageLayout) -> Iterator[Line]:
    gutter = gutter_of(page)
    columns: tuple[list[Line], list[Line]] = ([], [])
    for row in page.rows:
        left, right = _halves(row, gutter) if gutter else ((), row.words)
        if gutter and not _crosses(row, gutter):
            for number, words in enumerate((left, right)):
                if words:
                    columns[number].append(Line(page.number, number + 1, words))
            continue
        yield from (line for column in columns for line in column)
        columns = ([], [])
        yield Line(page.number, 0, row.words)
    yield from (line for column in columns for line in column)


def gutter_of(page: PageLayout) -> float:
    """The middle of the gap between the two columns of a page; 0 for a page with one."""
    rows = [_Spread.of(row) for row in page.rows if len(row.words) > 1]
    low, high = (int(page.page.width * share) for share in _MIDDLE)
    best: list[tuple[int, float, float]] = []
    for at in range(low, high, 2):
        both = sum(row.is_parted(at) for row in rows)
        across = sum(row.left < at < row.right for row in rows) - both
        fewer = both + min(sum(row.right <= at for row in rows), sum(row.left >= at for row in rows))
        if fewer >= _FEWEST and across <= _ACROSS * len(rows):
            best.append((-across, -abs(at - page.page.width / 2), float(at)))
    return max(best)[2] if best else 0.0


@dataclass(frozen=True, slots=True)
class _Spread:
    """Where a row begins and ends, and its gaps that are wide enough for a gutter."""

    left: float
    right: float
    gaps: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, row: Row) -> _Spread:
        gaps = [(before.box.right, after.box.left) for before, after in pairwise(row.words)]
        return cls(row.box.left, row.box.right, tuple((start, end) for start, end in gaps if end - start >= _GUTTER))

    def is_parted(self, at: float) -> bool:
        """Whether words stand on both sides, and none on it."""
        return any(start <= at <= end for start, end in self.gaps)


def _halves(row: Row, at: float) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    left = tuple(word for word in row.words if word.box.right <= at)
    return left, tuple(word for word in row.words if word.box.right > at)


def _crosses(row: Row, at: float) -> bool:
    """Whether a row runs over the gutter: a word stands on it, or its words left and right of it are no further apart than words are."""
    return row.box.left < at < row.box.right and not _Spread.of(row).is_parted(at)
