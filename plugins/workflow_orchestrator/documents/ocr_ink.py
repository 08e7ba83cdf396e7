"""Looks at the ink of a recognised figure: is there a sign before it, or a mark inside it, that OCR did not report?

Both passes are of one program and may err alike. What they lose without a trace are small marks: a minus, a bracket, a decimal
point. These are looked for in the picture itself, without any recognition: ink directly before the figure that belongs to no
word, and narrow low or flat pieces of ink between its digits. More of them than the text has signs, and the figure is not read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workflow_orchestrator.values import Box

_BEFORE = 0.8  # of the height of the figure: how far before it a sign may stand, or the thousands before a space
_SIGN_AREA = 0.006  # of the height squared; a minus in light print has twice that
_LOW = 0.4  # of the height: a point or comma reaches no higher
_FLAT = 0.3  # of the height: a minus is no taller
_SPECK = 0.05  # of the height: less is dirt
_MIN_CONTRAST = 40  # grey levels


def lacks_marks(picture: Any, dpi: int, text: str, box: Box, others: Iterable[Box]) -> bool:
    """Whether the picture shows a sign or a separator at a figure that its text does not have.

    Args:
        picture: the page, grey (Pillow, mode L).
        dpi: its dots per inch.
        text: what OCR reads.
        box: around the figure, in points from the bottom left corner.
        others: boxes of the words around it.
    """
    scale, page_height = dpi / 72, picture.size[1]

    def pixels(place: Box) -> tuple[int, int, int, int]:
        return (
            round(place.left * scale),
            round(page_height - place.top * scale),
            round(place.right * scale),
            round(page_height - place.bottom * scale),
        )

    left, top, right, bottom = pixels(box)
    height = bottom - top
    if height < 4 or right - left < 2:
        return True
    ink = _ink(picture, (left, top, right, bottom))
    if ink is None:
        return True
    if _unreported_marks(ink(left, top, right, bottom), text):
        return True
    start = left - round(_BEFORE * height)
    for other in others:
        x0, y0, x1, y1 = pixels(other)
        if x0 < left and x1 > start and min(y1, bottom) - max(y0, top) > 0.3 * min(height, y1 - y0):
            start = max(start, min(x1, left) + 1)
    return _has_sign(ink, start, left - 1, top, bottom)


def _ink(picture: Any, place: tuple[int, int, int, int]) -> Any:
    """A function that cuts a piece out of the picture, white where ink is; `None` when paper and ink do not differ."""
    levels = picture.crop(place).histogram()
    total = sum(levels)
    dark, light = _quantile(levels, 0.02 * total), _quantile(levels, 0.98 * total)
    if light - dark < _MIN_CONTRAST:
        return None
    middle = (dark + light) // 2
    # Digits fill less than half of their box: the commoner side is the paper, also for white on dark.
    paper_is_light = sum(levels[middle:]) >= total / 2

    def cut(x0: int, y0: int, x1: int, y1: int) -> Any:
        piece = picture.crop((x0, y0, max(x1, x0 + 1), y1))
        return piece.point(lambda level: 255 * ((level < middle) == paper_is_light))

    return cut


def _quantile(levels: list[int], rank: float) -> int:
    seen = 0
    for level, count in enumerate(levels):
        seen += count
        if seen > rank:
            return level
    return 255


def _unreported_marks(ink: Any, text: str) -> bool:
    height = ink.height
    low = flat = 0
    for x0, x1 in _runs(ink):
        found = ink.crop((x0, 0, x1, height)).getbbox()
        if found is None:
            continue
        top, bottom = found[1] / height, found[3] / height
        if bottom - top < _SPECK:
            continue
        if top >= 1 - _LOW and bottom - top <= _LOW:
            low += 1
        elif bottom - top <= _FLAT and 0.25 < (top + bottom) / 2 < 0.8:
            flat += 1
    return low > sum(text.count(mark) for mark in ".,_…") or flat > sum(text.count(mark) for mark in "-–—−~=:*·•+")


def _runs(ink: Any) -> list[tuple[int, int]]:
    """The columns that hold ink, as ranges."""
    from PIL import Image

    columns = ink.resize((ink.width, 1), Image.Resampling.BOX).tobytes()
    runs: list[tuple[int, int]] = []
    for x, level in enumerate(columns):
        if level and runs and runs[-1][1] == x:
            runs[-1] = (runs[-1][0], x + 1)
        elif level:
            runs.append((x, x + 1))
    return runs


def _has_sign(ink: Any, left: int, right: int, top: int, bottom: int) -> bool:
    """Whether something stands there that is no line of a table: a line goes on over the figure's height, up and down."""
    height = bottom - top
    if right - left < 1:
        return False
    reach = round(0.45 * height)
    piece = ink(left, top - reach, right, bottom + reach)
    area = 0
    for x0, x1 in _runs(piece):
        column = piece.crop((x0, 0, x1, piece.height))
        found = column.getbbox()
        if found is None or (found[1] <= 0 and found[3] >= piece.height):
            continue
        inside = column.crop((0, reach + round(0.15 * height), column.width, reach + round(0.88 * height)))
        area += inside.histogram()[255]
    return bool(area > _SIGN_AREA * height * height)
