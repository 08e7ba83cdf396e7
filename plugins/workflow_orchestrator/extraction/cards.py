"""Sees labels that each stand over their value: side by side on cards, or one under the other in a stack.

Fund size    Launch date    Benchmark          Fund size
£412.6m      12.03.2014     Alpine World       £412.6m
                                               Launch date
                                               12.03.2014
"""

from __future__ import annotations

from collections import Counter

from workflow_orchestrator.extraction.layout import Cell, PageLayout, Row

_CARDS = 3  # labels side by side, each over its value
_STACK = 5  # labels one under the other, each over its value
_EDGE = 3.0  # points


class Cards:
    """The cards and stacks of one page."""

    def __init__(self, page: PageLayout) -> None:
        self._page = page
        self._stacks: dict[tuple[int, int], int] = {}

    def row_style(self, label: Cell, row: Row) -> int:
        """Where a label stands among others of its style, each over a cell of one other style: that style; 0 elsewhere.

        What is beside such a label is the next label: of a row of cards, or the head of a table's next column.
        """
        like = [cell for cell in row.cells if cell.style == label.style]
        under = [found[0].style for cell in like if (found := self._page.under(cell, row, reach=1.0))]
        others = Counter(style for style in under if style != label.style)
        if len(like) < _CARDS or not others:
            return 0
        style, count = others.most_common(1)[0]
        return style if count == len(like) else 0

    def stack_style(self, label: Cell, last: Cell, row: Row) -> int:
        """Where a label stands in a stack of labels, each over its value of one other style: that style; 0 elsewhere.

        What is beside such a label belongs to another column of the page.

        Args:
            label: the cell with the label.
            last: the words of the label, those of a second line included.
            row: the row of the last of them.
        """
        wanted = self._stacked(label)
        under = self._page.under(last, row, reach=1.0) if wanted else None
        return wanted if under and under[0].style == wanted else 0

    def _stacked(self, label: Cell) -> int:
        key = (label.style, round(label.box.left / _EDGE))
        if key not in self._stacks:
            found = Counter(
                under[0].style
                for row in self._page.rows
                for cell in row.cells
                if (cell.style, round(cell.box.left / _EDGE)) == key
                if (under := self._page.under(cell, row, reach=1.0)) and under[0].style != label.style
            )
            below, count = found.most_common(1)[0] if found else (0, 0)
            self._stacks[key] = below if count >= _STACK else 0
        return self._stacks[key]
