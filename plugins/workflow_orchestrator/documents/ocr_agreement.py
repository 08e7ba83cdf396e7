"""Two passes of OCR over one page become words and text: what both print in one place counts, the rest is kept as unreadable.

A word that the passes read differently keeps its place, since a gap would move its neighbours into another column, but not its
characters (`UNREADABLE`). A figure counts only if what stands directly beside it agrees as well: a sign, a unit, a scale word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from workflow_orchestrator.documents.model import UNREADABLE, Word
from workflow_orchestrator.documents.ocr_program import OcrWord
from workflow_orchestrator.values import Box

_GRID = 24.0  # points
_BESIDE = 0.6  # of the font size
_MIN_CONFIDENCE = 30  # of a figure, in both passes
_BOX_OF_FONT = 1.1  # of the font size: the height of a word's box, as fonts give it
_BELOW_BASELINE = 0.21  # of that height
_SAME_SIZE = 1.08
_SIGNS = frozenset("+-−–—~()%‰€$£¥")
_TABLE = str.maketrans({**dict.fromkeys("‐‑‒–—―−", "-"), **dict.fromkeys("’‘`´", "'"), **dict.fromkeys("“”„«»", '"'), "|": None})
_DECORATION = ".,;:'\"_*°•·…~^`®™©"


@dataclass(frozen=True, slots=True)
class Agreed:
    """A page read by OCR.

    Args:
        words: in the order of the first pass; `UNREADABLE` where the passes differ.
        text: the same lines; where the passes differ, as the second reads it.
        unreadable: how many words the passes read differently.
    """

    words: tuple[Word, ...]
    text: str
    unreadable: int


def agree(
    first: Sequence[OcrWord], second: Sequence[OcrWord], doubted: Callable[[str, Box, Iterable[Box]], bool]
) -> Agreed:
    """What two passes have in common.

    Args:
        first: the pass that decides the order of the words.
        second: the pass that must confirm it.
        doubted: whether something in the picture speaks against a figure: its text, its box, the boxes of the words around it.
    """
    joined = _Joined(first, second)
    good = [joined.agrees(index) for index in range(len(first))]
    sound = [ok and joined.is_sound(index, good, doubted) for index, ok in enumerate(good)]
    styles = _styles(first)
    words = [_word(word, word.text if ok else UNREADABLE, styles) for word, ok in zip(first, sound, strict=True)]
    lost = joined.only_second_figures()
    words += [_word(word, UNREADABLE, styles) for word in lost]
    return Agreed(tuple(words), _text(first, sound, joined), sound.count(False) + len(lost))


class _Joined:
    """Both passes with their words grouped: words that overlap, of either pass, are one group."""

    def __init__(self, first: Sequence[OcrWord], second: Sequence[OcrWord]) -> None:
        self._all = (*first, *second)
        self._count = len(first)
        self._parent = list(range(len(self._all)))
        self._cells: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for index, word in enumerate(self._all):
            for cell in _cells(word.box, 0.0):
                self._cells[cell].append(index)
        for index in range(self._count):
            for other in self._near(index, 0.0):
                if other >= self._count and _overlap(self._all[index].box, self._all[other].box):
                    self._parent[self._root(other)] = self._root(index)
        self._groups: defaultdict[int, list[int]] = defaultdict(list)
        for index in range(len(self._all)):
            self._groups[self._root(index)].append(index)

    def agrees(self, index: int) -> bool:
        """Whether both passes print the same at the place of a word; marks that mean nothing need not agree."""
        mine, other = self._texts(index)
        if not _counts(mine) and not _counts(other):
            return True
        return _plain(mine) == _plain(other)

    def is_sound(self, index: int, good: Sequence[bool], doubted: Callable[[str, Box, Iterable[Box]], bool]) -> bool:
        """Whether a word on which the passes agree may be used; figures, and bars, are asked for more."""
        word = self._all[index]
        if word.text.strip("|") == "" and word.box.top - word.box.bottom < word.size:
            return False  # no line of a table is as low as a letter: it may be an I, an l or a 1
        if not _is_figure(word.text):
            return True
        group = self._groups[self._root(index)]
        if min(self._all[other].confidence for other in group) < _MIN_CONFIDENCE:
            return False
        beside = [other for other in self._near(index, _BESIDE * word.size) if _beside(word, self._all[other])]
        for other in beside:
            agreed = good[other] if other < self._count else self._first_of(other) is not None and self.agrees(other)
            if not agreed and _counts(self._all[other].text):
                return False
        around = [self._all[other].box for other in self._near(index, word.size) if other not in group]
        return not doubted(word.text, word.box, around)

    def only_second_figures(self) -> list[OcrWord]:
        """Figures of the second pass at places where the first reads nothing."""
        found = range(self._count, len(self._all))
        return [self._all[index] for index in found if self._first_of(index) is None and _is_figure(self._all[index].text)]

    def second_text(self, index: int) -> str | None:
        """What the second pass prints for the group of a word of the first; `None` if another word of the group stands before."""
        if self._first_of(index) != index:
            return None
        return self._texts(index)[1]

    def _first_of(self, index: int) -> int | None:
        return next((other for other in self._groups[self._root(index)] if other < self._count), None)

    def _texts(self, index: int) -> tuple[str, str]:
        group = sorted(self._groups[self._root(index)], key=lambda other: self._all[other].box.left)
        # A speck beside a word is read as a dot of its own by one pass and not at all by the other.
        group = [other for other in group if _counts(self._all[other].text)]
        mine = " ".join(self._all[other].text for other in group if other < self._count)
        return mine, " ".join(self._all[other].text for other in group if other >= self._count)

    def _near(self, index: int, reach: float) -> Iterator[int]:
        seen = {index}
        for cell in _cells(self._all[index].box, reach):
            for other in self._cells[cell]:
                if other not in seen:
                    seen.add(other)
                    yield other

    def _root(self, index: int) -> int:
        while self._parent[index] != index:
            self._parent[index] = self._parent[self._parent[index]]
            index = self._parent[index]
        return index


def _cells(box: Box, reach: float) -> Iterator[tuple[int, int]]:
    for column in range(int((box.left - reach) // _GRID), int((box.right + reach) // _GRID) + 1):
        for row in range(int(box.bottom // _GRID), int(box.top // _GRID) + 1):
            yield column, row


def _overlap(one: Box, other: Box) -> bool:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.top, other.top) - max(one.bottom, other.bottom)
    return width > 0.3 * min(one.right - one.left, other.right - other.left) and height > 0.5 * min(
        one.top - one.bottom, other.top - other.bottom
    )


def _beside(word: OcrWord, other: OcrWord) -> bool:
    gap = max(other.box.left - word.box.right, word.box.left - other.box.right)
    level = min(word.box.top, other.box.top) - max(word.box.bottom, other.box.bottom)
    # A minus is flat: it stands beside a figure when its own height lies within the figure's.
    return gap <= _BESIDE * word.size and level > 0.5 * min(word.box.top - word.box.bottom, other.box.top - other.box.bottom)


def _is_figure(text: str) -> bool:
    return any(char.isdigit() for char in text)


def _counts(text: str) -> bool:
    """Whether the text means something: a letter, a digit, a sign of a figure; not a bullet or a line of a table."""
    return any(char.isalnum() or char in _SIGNS for char in text)


def _plain(text: str) -> str:
    """Comparable form: one kind of dash and quote, no spaces; what decorates words, or ends a sentence, does not count."""
    joined = "".join(text.translate(_TABLE).split())
    if _is_figure(joined):
        return joined.rstrip(".,;:")
    return "".join(char for char in joined if char not in _DECORATION).casefold()


def _styles(words: Sequence[OcrWord]) -> list[float]:
    """The font sizes of a page, each the smallest of those that are as good as equal."""
    sizes: list[float] = []
    for size in sorted({word.size for word in words}):
        if not sizes or size > _SAME_SIZE * sizes[-1]:
            sizes.append(size)
    return sizes


def _word(word: OcrWord, text: str, sizes: Sequence[float]) -> Word:
    """With a box as high as fonts give it: the layout reader goes by baselines, and ink has none."""
    height = _BOX_OF_FONT * word.size
    bottom = word.baseline - _BELOW_BASELINE * height
    box = Box(*(round(edge, 2) for edge in (word.box.left, bottom, word.box.right, bottom + height)))
    style = max((index for index, size in enumerate(sizes) if size <= word.size), default=0)
    return Word(text, box, size=word.size, style=style)


def _text(first: Sequence[OcrWord], sound: Sequence[bool], joined: _Joined) -> str:
    lines: list[list[str]] = []
    last = None
    for index, word in enumerate(first):
        if word.line != last:
            lines.append([])
            last = word.line
        if sound[index]:
            lines[-1].append(word.text)
        elif (told := joined.second_text(index)) is not None:
            lines[-1].append(told or word.text)
    return "\n".join(" ".join(line) for line in lines)
