"""Finds risk scales that are drawn as pictures: a row of steps of which one stands out by its fill, its frame or its figure.

    ┌───┬───┬───┬▓▓▓┬───┬───┬───┐
    │ 1 │ 2 │ 3 │▓4▓│ 5 │ 6 │ 7 │      steps 7, marked 4
    └───┴───┴───┴▓▓▓┴───┴───┴───┘

The steps are words of the page, or cells of one picture (then no word says which is marked). The page is drawn without its words, so
that digits do not count as fill, and the cells are compared with each other. One cell must differ clearly from all others, must be
farther from the paper than they are (a bar that is filled up to the sixth of seven cells leaves out the seventh), and no other sign
may point elsewhere; else there is no scale.

Runs only inside the reading process, after `visibility` has switched the words of the page off.
"""

from __future__ import annotations

import ctypes
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from workflow_orchestrator.documents.model import STEPS, Scale, Word
from workflow_orchestrator.documents.page_objects import pictures
from workflow_orchestrator.values import Box

_ZOOM = 3.0
_MOST_PIXELS = 24_000_000
_UNEVEN = 0.08  # of a step, by which the middle of a digit may lie beside its place
_MIN_STEP = 0.7  # of the height of the digits

_MIN_FILL = 14.0  # grey levels of 255, mean of the three colours; the faintest real mark measured has 64
_FILL_LEAD = 3.0  # times the runner-up; real marks have a runner-up of nearly nothing
_MIN_FRAME = 4.0  # grey levels, mean over a cell: a line of one point around it gives 10 and more
_FRAME_LEAD = 3.0
_NEIGHBOUR = 0.8  # of the outlier: a frame reaches into the cells beside it
_LARGER = 1.15

_STRIP_SHAPE = (5.5, 30.0)  # width to height of a picture of a scale
_MIN_STRIP = 60.0  # points wide
_MIN_STRIP_FILL = 40.0  # grey levels
_SAME_COLOUR = 24  # grey levels; pictures are often packed with a loss
_PLAIN = 0.5  # of a cell of a picture has its own colour; the rest is the digit
_MIN_INK = 0.01  # of a cell of a picture is its digit
_MAX_STRIPS = 24
_MISFIT = 0.15  # of a step; a picture may have a margin
_MISFIT_LEAD = 0.04

_Colour = tuple[float, float, float]
_Sides = tuple[float, float, float, float]  # left, bottom, right, top in points


def find_scales(page: Any, words: Sequence[Word], turn: int, width: float, height: float) -> list[Scale]:
    """The scales of a page whose words are switched off, each with its marked step.

    Args:
        page: pdfium's page.
        words: its visible words, upright, in points from the bottom left corner.
        turn: degrees by which words were turned to stand upright.
        width: of the upright page in points.
        height: of the upright page in points.
    """
    rows = list(digit_rows(words))
    strips = _strips(page) if turn == 0 else ()
    if not rows and not strips:
        return []
    paper = _Paper(page, turn, width, height)
    found = [_marked_row(paper, row) for row in rows] + [_marked_strip(paper, strip) for strip in strips]
    return [scale for scale in found if scale]


def digit_rows(words: Sequence[Word]) -> Iterator[tuple[Word, ...]]:
    """Rows of evenly spaced words 1, 2, 3 … up to a number of steps that a scale may have, marked or not."""
    by_text: dict[str, list[Word]] = {}
    for word in words:
        if word.text.isascii() and word.text.isdigit() and len(word.text) <= 2:
            by_text.setdefault(word.text, []).append(word)
    for first in by_text.get("1", ()):
        row = [first]
        while following := _next(row, by_text.get(str(len(row) + 1), ())):
            row.append(following)
        if len(row) in STEPS and _even(row) and not _goes_on(row, words):
            yield tuple(row)


def _next(row: list[Word], words: Sequence[Word]) -> Word | None:
    last = row[-1]
    beside = [word for word in words if _middle(word) > _middle(last) and _on_row(word, last)]
    return min(beside, key=_middle, default=None)


def _even(row: Sequence[Word]) -> bool:
    step = _step(row)
    if step < _MIN_STEP * _tall(row):
        return False
    start = _middle(row[0])
    return all(abs(_middle(word) - start - number * step) <= _UNEVEN * step for number, word in enumerate(row))


def _goes_on(row: Sequence[Word], words: Sequence[Word]) -> bool:
    """Whether other words stand between the steps, or a figure at the place of one more step."""
    own, step = set(map(id, row)), _step(row)
    first, last = _middle(row[0]), _middle(row[-1])
    for word in words:
        if id(word) in own or not _on_row(word, row[0]):
            continue
        if first < _middle(word) < last:
            return True
        beside = min(abs(_middle(word) - first + step), abs(_middle(word) - last - step))
        if beside < 0.3 * step and any(char.isdigit() for char in word.text):
            return True
    return False


def _on_row(word: Word, other: Word) -> bool:
    middle = (word.box.bottom + word.box.top) / 2
    return abs(middle - (other.box.bottom + other.box.top) / 2) <= 0.4 * (other.box.top - other.box.bottom)


def _middle(word: Word) -> float:
    return (word.box.left + word.box.right) / 2


def _step(row: Sequence[Word]) -> float:
    return (_middle(row[-1]) - _middle(row[0])) / (len(row) - 1)


def _tall(row: Sequence[Word]) -> float:
    return max(word.box.top - word.box.bottom for word in row)


class _Paper:
    """The page as it is drawn without its words, upright, in colour."""

    def __init__(self, page: Any, turn: int, width: float, height: float) -> None:
        from PIL import Image

        self._zoom = min(_ZOOM, math.sqrt(_MOST_PIXELS / max(width * height, 1)))
        self._height = height
        drawn = page.render(scale=self._zoom).to_pil().convert("RGB")
        turned = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
        self._picture = drawn.transpose(turned[turn]) if turn in turned else drawn

    def cut(self, left: float, bottom: float, right: float, top: float) -> Any:
        """The part of the picture inside these sides; at least one pixel, clipped to the page."""
        zoom, (across, down) = self._zoom, self._picture.size
        x0, y0 = (
            max(0, min(across - 1, round(left * zoom))),
            max(0, min(down - 1, round((self._height - top) * zoom))),
        )
        x1, y1 = (
            max(x0 + 1, min(across, round(right * zoom))),
            max(y0 + 1, min(down, round((self._height - bottom) * zoom))),
        )
        return self._picture.crop((x0, y0, x1, y1))


def _marked_row(paper: _Paper, row: tuple[Word, ...]) -> Scale | None:
    """A row of printed digits, when fill, frame and figure together point at one step and at no other."""
    step, tall = _step(row), _tall(row)
    middles = [(_middle(word), (word.box.bottom + word.box.top) / 2) for word in row]
    insides = [paper.cut(x - 0.34 * step, y - 0.4 * tall, x + 0.34 * step, y + 0.4 * tall) for x, y in middles]
    colours = [_colour(inside) for inside in insides]
    mark = _by_fill(colours, _grounds(paper, row))
    if mark is None:
        high = max(0.75 * tall, 0.45 * step)
        cells = [paper.cut(x - 0.5 * step, y - high, x + 0.5 * step, y + high) for x, y in middles]
        mark = _by_frame(cells)
    if mark is _UNCLEAR:
        return None
    figure = _by_figure(row)
    if mark is None:
        mark = _Mark(figure, 1.0, 0.0) if figure else _UNCLEAR
    if mark is _UNCLEAR or (figure and figure != mark.step):
        return None
    return Scale(tuple(word.box for word in row), mark.step, True, mark.outlier, mark.runner_up)


def _marked_strip(paper: _Paper, sides: _Sides) -> Scale | None:
    """A picture of a scale, when it divides into plain cells of one colour and one of another, and in one way best."""
    found = sorted((fit for steps in STEPS if (fit := _divided(paper, sides, steps))), key=lambda fit: fit[0])
    if not found or found[0][0] > _MISFIT or (len(found) > 1 and found[1][0] < found[0][0] + _MISFIT_LEAD):
        return None
    return found[0][1]


def _divided(paper: _Paper, sides: _Sides, steps: int) -> tuple[float, Scale] | None:
    """The picture as a scale of so many steps, and by how much of a step the marked cell lies beside its place."""
    left, bottom, right, top = sides
    step, high = (right - left) / steps, top - bottom
    boxes = tuple(
        Box(round(left + k * step, 2), round(bottom, 2), round(left + (k + 1) * step, 2), round(top, 2))
        for k in range(steps)
    )
    insides = [
        paper.cut(box.left + 0.12 * step, bottom + 0.2 * high, box.right - 0.12 * step, top - 0.2 * high)
        for box in boxes
    ]
    colours = [_colour(inside) for inside in insides]
    plain = [_plain_share(inside, colour) for inside, colour in zip(insides, colours, strict=True)]
    # Every cell holds a digit and is plain otherwise; a logo or a rule is not.
    if not all(_PLAIN <= share < 1.0 - _MIN_INK for share in plain):
        return None
    mark = _by_fill(colours, ())
    if mark is None or mark is _UNCLEAR or mark.outlier < _MIN_STRIP_FILL:
        return None
    first, last = _extent(paper, sides, colours[mark.step - 1], mark.outlier / 2)
    misfit = max(abs(first * steps - mark.step + 1), abs(last * steps - mark.step))
    return misfit, Scale(boxes, mark.step, False, mark.outlier, mark.runner_up)


def _extent(paper: _Paper, sides: _Sides, colour: _Colour, enough: float) -> tuple[float, float]:
    """From where to where a colour reaches, in parts of the width of a picture that holds it."""
    from PIL import Image

    picture = paper.cut(*sides)
    row = picture.resize((picture.width, 1), Image.Resampling.BOX)
    columns = [x for x in range(row.width) if _apart(row.getpixel((x, 0)), colour) < enough]
    return (columns[0] / row.width, (columns[-1] + 1) / row.width) if columns else (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class _Mark:
    """The step that stands out, how far it does, and how far the next one does, in grey levels."""

    step: int
    outlier: float
    runner_up: float


_UNCLEAR = _Mark(0, 0.0, 0.0)  # cells differ, but not one from all others


def _by_fill(colours: Sequence[_Colour], grounds: Sequence[_Colour]) -> _Mark | None:
    """The cell of another colour than all others, `None` when all are of one colour."""
    red, green, blue = (median(colour[part] for colour in colours) for part in range(3))
    common = (red, green, blue)
    distances = [_apart(colour, common) for colour in colours]
    mark = _leader(distances, _MIN_FILL, _FILL_LEAD)
    if mark and mark is not _UNCLEAR:
        marked = colours[mark.step - 1]
        # A bar that is filled up to a step makes the one empty cell stand out.
        if any(_apart(marked, ground) <= _apart(common, ground) for ground in grounds):
            return _UNCLEAR
    return mark


def _by_frame(cells: Sequence[Any]) -> _Mark | None:
    """The cell whose picture differs from all others, by a line around it; the cells beside it may show its edge."""
    from PIL import ImageChops, ImageFilter, ImageStat

    size = (min(cell.width for cell in cells), min(cell.height for cell in cells))
    soft = [cell.crop((0, 0, *size)).filter(ImageFilter.BoxBlur(1)) for cell in cells]
    distances = [
        median(sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3 for other in soft if other is not one)
        for one in soft
    ]
    best = max(range(len(distances)), key=distances.__getitem__)
    beside = [distances[k] for k in (best - 1, best + 1) if 0 <= k < len(distances)]
    if distances[best] >= _MIN_FRAME and any(distance > _NEIGHBOUR * distances[best] for distance in beside):
        return _UNCLEAR
    rest = [distance for k, distance in enumerate(distances) if abs(k - best) != 1]
    mark = _leader(rest, _MIN_FRAME, _FRAME_LEAD)
    return replace(mark, step=best + 1) if mark and mark is not _UNCLEAR else mark


def _leader(distances: Sequence[float], least: float, lead: float) -> _Mark | None:
    first, second = sorted(distances, reverse=True)[:2]
    if first < least:
        return None
    if first < lead * second:
        return _UNCLEAR
    return _Mark(distances.index(first) + 1, round(first, 1), round(second, 1))


def _by_figure(row: Sequence[Word]) -> int | None:
    """The step whose digit is set in another style than all others: bolder, larger or, at least, not lighter and smaller."""
    styles = Counter(word.style for word in row)
    if len(styles) != 2 or min(styles.values()) != 1:
        return None
    odd = next(k for k, word in enumerate(row) if styles[word.style] == 1)
    other = row[odd - 1]
    if row[odd].bold < other.bold or row[odd].size < other.size / _LARGER:
        return None
    return odd + 1


def _grounds(paper: _Paper, row: Sequence[Word]) -> tuple[_Colour, ...]:
    """The colours of the paper above and below the row."""
    tall = _tall(row)
    left, right = row[0].box.left, row[-1].box.right
    bottom, top = row[0].box.bottom, row[0].box.top
    return (
        _colour(paper.cut(left, top + tall, right, top + 2.5 * tall)),
        _colour(paper.cut(left, bottom - 2.5 * tall, right, bottom - tall)),
    )


def _colour(picture: Any) -> _Colour:
    """The median of each colour: what a cell is filled with, whatever is printed in it."""
    from PIL import ImageStat

    red, green, blue = ImageStat.Stat(picture).median
    return float(red), float(green), float(blue)


def _apart(one: _Colour, other: _Colour) -> float:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / 3


def _plain_share(picture: Any, colour: _Colour) -> float:
    """The part of a picture that has this colour, near enough."""
    from PIL import Image, ImageChops

    flat = Image.new("RGB", picture.size, tuple(int(part) for part in colour))
    change = ImageChops.difference(picture, flat).convert("L").point(lambda level: 255 if level > _SAME_COLOUR else 0)
    same: int = change.histogram()[0]
    pixels: int = picture.width * picture.height
    return same / pixels


def _strips(page: Any) -> tuple[_Sides, ...]:
    """Where pictures stand that are as long and flat as a scale, on the page as it is shown; one that is drawn twice is one."""
    import pypdfium2.raw as pdfium

    width, height = page.get_size()
    x, y, found = ctypes.c_int(), ctypes.c_int(), dict[_Sides, None]()
    for left, bottom, right, top in pictures(page):
        corners = []
        for px, py in ((left, bottom), (right, top)):
            pdfium.FPDF_PageToDevice(page, 0, 0, int(width * 100), int(height * 100), 0, px, py, x, y)
            corners.append((x.value / 100, height - y.value / 100))
        (x0, y0), (x1, y1) = corners
        sides = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        across, high = sides[2] - sides[0], sides[3] - sides[1]
        inside = sides[0] >= 0 and sides[1] >= 0 and sides[2] <= width and sides[3] <= height
        shaped = across >= _MIN_STRIP and _STRIP_SHAPE[0] <= across / max(high, 0.1) <= _STRIP_SHAPE[1]
        if inside and shaped:
            found[sides] = None
        if len(found) == _MAX_STRIPS:
            break
    return tuple(found)
