"""Where words stand, so that two findings can be told to be about the same ones."""

from __future__ import annotations

from workflow_orchestrator.extraction.standing import Place, compact
from workflow_orchestrator.values import Box

Spot = tuple[int, int, int, int]
"""A place on a page, to the point: page, left, right and bottom edge."""


def spot_of(page: int, box: Box | None) -> Spot:
    """The place of a box; that of no box is none on the page."""
    return (page, round(box.left), round(box.right), round(box.bottom)) if box else (page, -1, -1, -1)


def meet(first: Box, second: Box) -> bool:
    """Whether the middle of the first box lies in the second, widened by two points."""
    x, y = (first.left + first.right) / 2, (first.bottom + first.top) / 2
    return second.left - 2 <= x <= second.right + 2 and second.bottom - 2 <= y <= second.top + 2


def ends_line_before(part: str, place: Place) -> bool:
    """Whether a place begins its line and the line before ends with these words: a sentence that wraps."""
    if not place.rows or place.text_before():
        return False
    before = place.page.above(place.rows[0], 1)
    return bool(before) and compact(" ".join(word.text for word in before[0].words)).endswith(compact(part))
