"""Which words of a page a person can see: the page is drawn with its words and without them, and the two are compared.

A word is shown when taking it away changes the page where it stands, over a part of its height and width that letters fill. That
needs no list of tricks: white on white, under a picture, clipped, on a layer that is off, across a rule, the page looks the same
without such a word. In a figure every digit and sign must leave a mark of its own, so that no hidden digit joins printed ones.

Pixels that another word's box covers as well prove nothing, so they do not count; a word that has hardly any pixels of its own is
printed over another, and nobody can say which of the two is read there.

Runs only inside the reading process. On 40,500 words of 36 real documents it hides nothing that can be read.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

Sight = Literal["shown", "hidden", "overprinted"]
Box = tuple[float, float, float, float]
Rectangle = tuple[int, int, int, int]  # left, top, right, bottom in pixels

_SCALE = 1.5
_MOST_PIXELS = 24_000_000  # a poster of size A0 at that scale
_MIN_CONTRAST = 20  # of 255 grey levels; the faintest real print measured has 22
_MIN_EXTENT = 0.2  # of a word's height and width; a rule that runs through its box covers less of one of them
_MIN_OWN_SHARE = 0.35  # of a word's box; the boxes of tightly set lines overlap by up to half
_LOOK_EVERY = 16  # boxes
_CELL = 48  # pixels
_SIGNS = frozenset("+-−–().,'’%")


@dataclass(frozen=True, slots=True)
class Placed:
    """A word as it is drawn.

    Args:
        text: its characters.
        box: left, bottom, right and top in points, from the bottom left corner of the page as it is rendered.
        parts: the boxes of its characters, for a word with a digit.
        unseen: known to leave no mark, whatever the page looks like.
        drawn: pdfium's text objects that hold it, by address.
    """

    text: str
    box: Box
    parts: tuple[Box, ...]
    unseen: bool
    drawn: Mapping[int, Any]


def sight(page: Any, words: Sequence[Placed]) -> list[Sight]:
    """How each word meets the eye. Changes the page: its words are switched off afterwards."""
    if not words:
        return []
    width, height = page.get_size()
    scale = min(_SCALE, math.sqrt(_MOST_PIXELS / max(width * height, 1)))
    change = _change(page, words, scale)
    paper = _Paper(width, height, scale, change.size)
    places = [None if word.unseen else paper.pixels(word.box) for word in words]
    neighbours = _Neighbours(words, places)
    found: list[Sight] = ["hidden" if place is None else "overprinted" for place in places]
    for _ in range(2):
        # Once it is known which words are hidden, these can no longer stand in the way of others.
        for index, place in enumerate(places):
            if place is not None and found[index] == "overprinted":
                others = (places[other] for other in neighbours.of(index) if found[other] != "hidden")
                found[index] = _judge(change, words[index], place, (other for other in others if other is not None))
    for index, word in enumerate(words):
        if found[index] == "shown" and not _whole(change, word, paper):
            found[index] = "hidden"
    return found


def _change(page: Any, words: Iterable[Placed], scale: float) -> Any:
    """Where the words change the page: a picture that is white there and black elsewhere."""
    import pypdfium2.raw as pdfium
    from PIL import ImageChops

    before = page.render(scale=scale, grayscale=True).to_pil().convert("L")
    for handle in {address: handle for word in words for address, handle in word.drawn.items()}.values():
        pdfium.FPDFPageObj_SetIsActive(handle, False)
    after = page.render(scale=scale, grayscale=True).to_pil().convert("L")
    return ImageChops.difference(before, after).point(lambda level: 255 if level >= _MIN_CONTRAST else 0)


@dataclass(frozen=True, slots=True)
class _Paper:
    """Size of the page in points and of its picture in pixels."""

    width: float
    height: float
    scale: float
    size: tuple[int, int]

    def pixels(self, box: Box) -> Rectangle | None:
        """The pixels of a box, `None` when it has none on the page."""
        left, bottom, right, top = box
        if right <= 0 or top <= 0 or left >= self.width or bottom >= self.height:
            return None
        x0, y0 = max(0, int(left * self.scale)), max(0, int((self.height - top) * self.scale))
        x1 = min(self.size[0], int(right * self.scale) + 1)
        y1 = min(self.size[1], int((self.height - bottom) * self.scale) + 1)
        return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


class _Neighbours:
    """For each word the others whose boxes meet its own. The same word once more (a fake bold) is no other."""

    def __init__(self, words: Sequence[Placed], places: Sequence[Rectangle | None]) -> None:
        self._words = words
        self._places = places
        self._grid: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for index, place in enumerate(places):
            for cell in _cells(place):
                self._grid[cell].append(index)

    def of(self, index: int) -> Iterator[int]:
        """One after another: who has seen enough need not wait for the thousands that a hostile page piles up in one place."""
        place, text, met = self._places[index], self._words[index].text, {index}
        for cell in _cells(place):
            for other in self._grid[cell]:
                if other not in met and _meet(place, self._places[other]) and self._words[other].text != text:
                    met.add(other)
                    yield other


def _cells(place: Rectangle | None) -> Iterator[tuple[int, int]]:
    if place is not None:
        left, top, right, bottom = place
        for column in range(left // _CELL, right // _CELL + 1):
            for row in range(top // _CELL, bottom // _CELL + 1):
                yield column, row


def _meet(one: Rectangle | None, other: Rectangle | None) -> bool:
    if one is None or other is None:
        return False
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _judge(change: Any, word: Placed, place: Rectangle, others: Iterator[Rectangle]) -> Sight:
    """Looks at the pixels of a word that no other word's box covers."""
    from PIL import Image

    left, top, right, bottom = place
    marks = change.crop(place)
    tall = any(char.isalnum() for char in word.text)
    first = next(others, None)
    if first is None:
        return "shown" if _fills(marks, tall) else "hidden"
    own = Image.new("L", marks.size, 1)
    enough = _MIN_OWN_SHARE * marks.width * marks.height
    for count, (x0, y0, x1, y1) in enumerate(chain((first,), others), start=1):
        covered = (max(x0, left) - left, max(y0, top) - top, min(x1, right) - left, min(y1, bottom) - top)
        marks.paste(0, covered)
        own.paste(0, covered)
        # More boxes only cover more.
        if count % _LOOK_EVERY == 0 and own.histogram()[1] < enough:
            return "overprinted"
    if own.histogram()[1] < enough:
        return "overprinted"
    return "shown" if _fills(marks, tall) else "hidden"


def _whole(change: Any, word: Placed, paper: _Paper) -> bool:
    """Whether each digit and sign of a figure leaves a mark; other words are whole when they are shown."""
    if not any(char.isdigit() for char in word.text):
        return True
    for char, part in zip(word.text, word.parts, strict=True):
        place = paper.pixels(part) if char.isdigit() or char in _SIGNS else None
        if place is None:
            continue
        x0, y0, x1, y1 = place
        # The outermost pixels may hold the edge of the neighbour.
        inset = int(x1 - x0 > 4)
        if not _fills(change.crop((x0 + inset, y0, x1 - inset, y1)), char.isdigit()):
            return False
    return True


def _fills(marks: Any, tall: bool) -> bool:
    """Whether there are marks; for what has letters or digits, whether they reach over enough of the box."""
    found = marks.getbbox()
    if found is None or not tall:
        return found is not None
    left, top, right, bottom = found
    return bool(right - left >= _MIN_EXTENT * marks.width and bottom - top >= _MIN_EXTENT * marks.height)
