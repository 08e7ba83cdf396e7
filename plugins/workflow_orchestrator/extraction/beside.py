"""Sees what stands around a label beyond its own row: a value of two lines that it is set on the middle of, and its heading.

            Calder World                 About the company            ← the heading
Benchmark   Index (Net)                  Assets under management   EUR 33 bn
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from workflow_orchestrator.documents import Word
from workflow_orchestrator.extraction.layout import Cell, PageLayout, Row, is_figure

_FUND_WORD = re.compile(r"fund|fonds|trust|portfolio|compartiment|sicav|fcp|opcvm", re.IGNORECASE)
_FIRM = re.compile(
    r"\b(?:company|firm|group|manager|asset management|about us|\w*gesellschaft|gruppe|anbieter|société|groupe|gestionnaire)\b",
    re.IGNORECASE,
)
_HEADING_ROWS = 12


def same_edge(cell: Cell, other: Cell) -> bool:
    """Whether two cells begin or end at one edge."""
    return abs(cell.box.right - other.box.right) <= 3.5 or abs(cell.box.left - other.box.left) <= 2.0


def is_of_firm(page: PageLayout, text: str, label: Cell) -> bool:
    """Whether the nearest heading over a label says that it speaks of the firm: what that manages is not the fund's."""
    if _FUND_WORD.search(text):
        return False
    for row in page.above(_row_of(page, label), _HEADING_ROWS):
        for cell in row.cells:
            edge = abs(cell.box.left - label.box.left) <= 6
            larger = (cell.bold and not label.bold) or cell.size > 1.1 * label.size
            if edge and larger and is_figure(cell.text, row.mark) is None:
                return bool(_FIRM.search(cell.text)) and not _FUND_WORD.search(cell.text)
    return False


def value_around(page: PageLayout, label: Cell) -> tuple[Word, ...]:
    """A value of two lines to the right of a label of one, which is set on the middle of them; empty when there is none."""
    row = _row_of(page, label)
    over = _right_of(label, page.above(row, 2), above=True)
    under = _right_of(label, page.below(row, 2), above=False)
    if over is None or under is None or over.style != under.style or not same_edge(over, under):
        return ()
    off = (over.box.bottom - label.box.bottom) - (label.box.bottom - under.box.bottom)
    return over.words + under.words if abs(off) <= 0.3 * label.size and over.style != label.style else ()


def _right_of(label: Cell, rows: Sequence[Row], above: bool) -> Cell | None:
    """The nearest cell to the right, on a line half a line above or below and with no label of its own."""
    for row in rows:
        away = row.box.bottom - label.box.bottom if above else label.box.bottom - row.box.bottom
        if not 0.2 * label.size <= away <= 1.0 * label.size:
            continue
        if any(abs(other.box.left - label.box.left) <= 6 for other in row.cells):
            return None
        return next((other for other in row.cells if other.box.left > label.box.right), None)
    return None


def _row_of(page: PageLayout, cell: Cell) -> Row:
    return next(row for row in page.rows if cell.words[0] in row.words)
