"""Reads the inventory of a report: rows that begin with the ISIN of a security and end with its share of the assets.

                                  PRCT
V A L E U R        …   COURS   ACT NET
FR0012757854 SPIE SA   17.81      4.25
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold
from workflow_orchestrator.extraction.layout import Cell, Mark, PageLayout, Row, is_figure
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Findings
from workflow_orchestrator.extraction.standing import Place
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.values import Evidence, Origin

_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}\d")
_SHARE_HEAD = re.compile(
    r"(?:%|\b(?:prct|pct|per cent|prozent|pour cent|anteil)\b).*\b(?:net|assets?|nav|actif|act|fonds\w*|teilfonds\w*|vermögens?|tna)\b"
    r"|\b(?:anteil am|in % des)\b"
)
_LEAST = 5  # rows on a page
_EDGE = 4.0  # points


@dataclass(frozen=True)
class _Position:
    name: Cell
    mark: Mark
    row: Row


def read_inventory(page: PageLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """The names and shares of the positions on one page, for the fields that are keyed by name.

    A security that stands twice, or whose row is followed by another lot of it, is left out.
    """
    positions = list(_positions(page))
    edges = Counter(round(position.mark.box.right / _EDGE) for position in positions)
    if len(positions) < _LEAST:
        return
    edge = edges.most_common(1)[0][0]
    column = [item for item in positions if abs(item.mark.box.right / _EDGE - edge) <= 1.5]
    if len(column) < 0.8 * len(positions) or not _is_headed(page, column[0].mark):
        return
    names = Counter(fold(item.name.text) for item in positions)
    for spec in words.largest:
        for item in column:
            if names[fold(item.name.text)] > 1 or _has_lots(page, item, edge):
                found.reject(spec.name, item.mark.text, page.number, f"{item.name.text!r} stands in several rows")
                continue
            evidence = Evidence(page.number, item.mark.text, item.name.text, around(item.mark.words))
            with suppress(FigureError):
                found.add(value_of(spec, item.name.text, evidence, reader, Origin.OFFLINE))


def _positions(page: PageLayout) -> Iterator[_Position]:
    """The rows with an ISIN, the words behind it in its cell or in the next one, and their last figure."""
    for row in page.rows:
        marks = [mark for mark in row.marks if not mark.nil]
        for number, cell in enumerate(row.cells[:2]):
            if not _ISIN.fullmatch(cell.words[0].text) or not marks:
                continue
            rest = cell.words[1:] or (row.cells[number + 1].words if number + 1 < len(row.cells) else ())
            name = Cell(rest)
            if rest and is_figure(name.text, row.mark) is None and any(char.isalpha() for char in name.text):
                last = marks[-1]
                if last.box.left > name.box.right and last.words[-1] is row.words[-1]:
                    yield _Position(name, last, row)
            break


def _is_headed(page: PageLayout, mark: Mark) -> bool:
    """Whether the head of the column, of one or two lines, says per cent of the assets."""
    cells = Place(page, mark.words).column_cells[:2]
    texts = [fold(" ".join(cell.text for cell in reversed(cells[:count]))) for count in (1, 2)]
    return any(_SHARE_HEAD.search(text) for text in texts)


def _has_lots(page: PageLayout, item: _Position, edge: int) -> bool:
    """Whether the next row goes on with figures but names no other security: another lot of this one."""
    below = next(iter(page.below(item.row)), None)
    if below is None or item.row.box.bottom - below.box.top > 1.5 * item.row.height or not below.marks:
        return False
    continued = abs(below.marks[-1].box.right / _EDGE - edge) <= 1.5
    return continued and below.words[0].box.left > item.name.box.left
