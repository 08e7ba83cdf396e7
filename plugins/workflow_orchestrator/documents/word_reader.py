"""The second reader: words with boxes, font size and style through pdfium, without the words that nobody can see.

Runs only inside the reading process. A word that leaves no mark on the rendered page (invisible mode, white on white, under a
picture, outside the page) is text for machines only; it is dropped and counted, so that nothing hidden can become a value. So are
words that stand on one another. `visibility` decides.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from workflow_orchestrator.documents.model import Word
from workflow_orchestrator.documents.page_objects import pictures
from workflow_orchestrator.documents.scales import find_scales
from workflow_orchestrator.documents.visibility import Placed, sight
from workflow_orchestrator.errors import DocumentLimitError
from workflow_orchestrator.values import Box

_MIN_SIZE = 3.0  # points; the smallest real print measured has 3.3
_BOLD = re.compile(r"bold|semibold|demi|heavy|black|[-,]bd\b|bol$", re.IGNORECASE)
_GUESSED = "\0"  # stands for a space that pdfium guessed
_RAISED_BY = 0.15  # of the height of the line, above the baseline
_RAISED_HEIGHT = 0.52  # of the height of the line; a digit of the text has 0.7
_RAISED_SIZE = 0.6  # of the font size, for a raised digit that the font draws small
_HYPHEN_MARK = "\x02"  # pdfium's sign for a hyphen at the end of a line


@dataclass
class WordLayer:
    """What pdfium found, page by page."""

    pages: list[dict[str, Any]] = field(default_factory=list)
    failures: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Glyph:
    char: str
    box: tuple[float, float, float, float]  # left, bottom, right, top in page space
    size: float
    angle: int
    points: float  # the font size as it is shown
    style: tuple[str, int, float, int]  # font name, weight, size, colour
    invisible: bool
    look: _Look | None = None


class Styles:
    """Numbers the styles of a document in the order of their first use."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int, float, int], int] = {}

    def number(self, style: tuple[str, int, float, int]) -> int:
        return self._numbers.setdefault(style, len(self._numbers))


def open_document(data: bytes) -> Any:
    """A pdfium document over the bytes. Raises whatever pdfium raises when it cannot open them."""
    import pypdfium2

    return pypdfium2.PdfDocument(data)


def read_page(document: Any, index: int, styles: Styles, max_characters: int) -> dict[str, Any]:
    """One page: size, words in reading order and those across them, hidden words, share of pictures in its area, marked scales."""
    page = document[index]
    text = page.get_textpage()
    count = text.count_chars()
    if count > max_characters:
        raise DocumentLimitError(
            f"page {index + 1} holds {count} characters and the limit is {max_characters}",
            limit="characters",
            value=count,
            maximum=max_characters,
        )
    width, height = page.get_size()
    groups = _words(_glyphs(text, count))
    angle = _main_angle(groups)
    # Words of another angle are not read, but they too may stand over those that are.
    paper = _Paper.of(page)
    placed = [_placed(group, paper) for group in groups]
    seen = sight(page, placed)
    judged = [(group, word.box, how) for group, word, how in zip(groups, placed, seen, strict=True)]
    across = [item for item in judged if item[0][0].angle in (90, 270) and (item[0][0].angle - angle) % 180]
    judged = [item for item in judged if item[0][0].angle == angle]
    # Text may stand on its side by its own matrix, by the page's /Rotate, or upright by both.
    turn = (angle + int(page.get_rotation())) % 360
    words = [
        _word(group, styles, Box(*_turn(box, turn, width, height))) for group, box, how in judged if how == "shown"
    ]
    aside = [
        _word(group, styles, Box(*_turn(box, turn, width, height))) for group, box, how in across if how == "shown"
    ]
    if turn in (90, 270):
        width, height = height, width
    return {
        "width": round(width, 2),
        "height": round(height, 2),
        "words": words,
        "aside": aside,
        "hidden": sum(how == "hidden" for _, _, how in judged),
        "overprinted": sum(how == "overprinted" for _, _, how in judged),
        "pictures": _picture_share(page),
        "scales": find_scales(page, words, turn, width, height),
    }


def _glyphs(page_text: Any, count: int) -> list[_Glyph]:
    import pypdfium2.raw as pdfium

    text = page_text.raw
    glyphs: list[_Glyph] = []
    rect = pdfium.FS_RECTF()
    blanks = {mark: _Glyph(mark, (0, 0, 0, 0), 0, 0, 0, ("", 0, 0.0, 0), False) for mark in (" ", _GUESSED)}
    unicode_of, box_of, looks = pdfium.FPDFText_GetUnicode, pdfium.FPDFText_GetLooseCharBox, _Looks(text)
    for i in range(count):
        char = chr(unicode_of(text, i))
        if char.isspace():
            # A space that pdfium put in is a guess from a gap; one that the document has is not. It puts in nothing but spaces.
            guessed = char == " " and pdfium.FPDFText_IsGenerated(text, i) == 1
            glyphs.append(blanks[_GUESSED if guessed else " "])
            continue
        look = looks.of(i)
        box_of(text, i, rect)
        left, bottom, right, top = rect.left, rect.bottom, rect.right, rect.top
        size = right - left if look.angle in (90, 270) else top - bottom
        style = look.style
        if look.angle == 0 and char.isdigit() and looks.is_raised(i, size):
            style = (style[0], style[1], style[2] * _RAISED_SIZE, style[3])
        shown = "-" if char == _HYPHEN_MARK else char
        glyphs.append(
            _Glyph(shown, (left, bottom, right, top), size, look.angle, style[2], style, look.invisible, look)
        )
    return glyphs


@dataclass(frozen=True, slots=True)
class _Look:
    """What all characters of one text object have in common."""

    style: tuple[str, int, float, int]  # font name, weight, size, and colour with its opacity in the last byte
    angle: int
    invisible: bool
    address: int
    handle: Any  # of pdfium, for the text object; `None` for a character that has none


class _Looks:
    """The looks of the characters of a page, each text object and each font asked once."""

    def __init__(self, text: Any) -> None:
        import pypdfium2.raw as pdfium

        self._text = text
        self._known: dict[int, _Look] = {}
        self._fonts: dict[int, tuple[str, int]] = {}
        self._object_at = _as_address(pdfium.FPDFText_GetTextObject)
        self._font_of = _as_address(pdfium.FPDFTextObj_GetFont)
        self._name, self._flags, self._matrix = ctypes.create_string_buffer(128), ctypes.c_int(), pdfium.FS_MATRIX()
        self._sides = tuple(ctypes.c_double() for _ in range(6))
        self._colour = tuple(ctypes.c_uint() for _ in range(4))

    def of(self, index: int) -> _Look:
        address = self._object_at(self._text, index) or 0
        look = self._known.get(address)
        if look is None:
            look = self._look(index, address)
            if address:
                self._known[address] = look
        return look

    def _look(self, index: int, address: int) -> _Look:
        import pypdfium2.raw as pdfium

        text, matrix = self._text, self._matrix
        drawn = ctypes.cast(address, pdfium.FPDF_PAGEOBJECT) if address else None
        font = self._font_of(drawn) if drawn else 0
        named = self._fonts.get(font or 0) or self._named(index)
        if font:
            self._fonts[font] = named
        pdfium.FPDFText_GetFillColor(text, index, *self._colour)
        pdfium.FPDFText_GetMatrix(text, index, matrix)
        points = round(pdfium.FPDFText_GetFontSize(text, index) * math.hypot(matrix.c, matrix.d), 1)
        red, green, blue, alpha = (part.value for part in self._colour)
        style = (*named, points, (red << 24) | (green << 16) | (blue << 8) | alpha)
        mode = pdfium.FPDFTextObj_GetTextRenderMode(drawn) if drawn else 0
        angle = _degrees(pdfium.FPDFText_GetCharAngle(text, index))
        return _Look(style, angle, mode in (3, 7), address, drawn)

    def is_raised(self, index: int, size: float) -> bool:
        """Whether a digit is drawn as a raised footnote sign although its font size is that of its neighbours."""
        import pypdfium2.raw as pdfium

        left, right, bottom, top, x, y = self._sides
        if not pdfium.FPDFText_GetCharBox(self._text, index, left, right, bottom, top):
            return False
        low = bottom.value
        if top.value - low >= _RAISED_HEIGHT * size:
            return False
        pdfium.FPDFText_GetCharOrigin(self._text, index, x, y)
        return bool(low - y.value > _RAISED_BY * size)

    def _named(self, index: int) -> tuple[str, int]:
        """Name and weight of the font of a character."""
        import pypdfium2.raw as pdfium

        self._name.value = b""
        pdfium.FPDFText_GetFontInfo(self._text, index, self._name, len(self._name), self._flags)
        return self._name.value.decode("utf-8", "replace"), pdfium.FPDFText_GetFontWeight(self._text, index)


def _as_address(function: Any) -> Any:
    """A function of pdfium that gives the address of what it finds: to make a pointer for each character costs more than the rest."""
    plain = ctypes.CFUNCTYPE(ctypes.c_void_p, *function.argtypes)
    return plain(ctypes.cast(function, ctypes.c_void_p).value or 0)


def _degrees(radians: float) -> int:
    """Degrees to the nearest quarter turn, when within five degrees of one, else to the nearest degree."""
    degrees = radians * 57.29577951308232 % 360
    quarter = round(degrees / 90) * 90
    return quarter % 360 if abs(degrees - quarter) <= 5 else round(degrees)


def _words(glyphs: list[_Glyph]) -> list[list[_Glyph]]:
    groups: list[list[_Glyph]] = []
    current: list[_Glyph] = []
    guessed = False
    for glyph in glyphs:
        if glyph.char == _GUESSED:
            guessed = True
            continue
        blank = ord(glyph.char) <= 32
        parted = current and (blank or (guessed and not _spaced_out(current[-1], glyph)) or _breaks(current[-1], glyph))
        if parted:
            groups.append(current)
            current = []
        guessed = False
        if not blank:
            current.append(glyph)
    if current:
        groups.append(current)
    return groups


def _spaced_out(before: _Glyph, after: _Glyph) -> bool:
    """Whether two capitals of a spaced out heading ("C U M U L A T I V E") only look like two words."""
    gap = after.box[0] - before.box[2]
    return before.char.isupper() and after.char.isupper() and after.angle == 0 and gap < 0.2 * after.size


def _breaks(before: _Glyph, after: _Glyph) -> bool:
    """Whether two neighbours belong to different words: a gap, another row, or a raised or smaller footnote sign."""
    if before.angle != after.angle or before.invisible != after.invisible:
        return True
    size = max(before.size, after.size, 0.1)
    if min(before.style[2], after.style[2]) < 0.82 * max(before.style[2], after.style[2]):
        return True
    if after.angle == 0:
        gap = after.box[0] - before.box[2]
        shift = abs((after.box[1] + after.box[3]) - (before.box[1] + before.box[3])) / 2
        return gap > 0.6 * size or gap < -1.5 * size or shift > 0.5 * size
    return False


def _main_angle(groups: list[list[_Glyph]]) -> int:
    counts = Counter(group[0].angle for group in groups for _ in group)
    return next((angle for angle, _ in counts.most_common() if angle in (0, 90, 180, 270)), 0)


def _hidden(group: list[_Glyph]) -> bool:
    return group[0].invisible or 0 < group[0].points < _MIN_SIZE or group[0].style[3] & 0xFF == 0


def _placed(group: list[_Glyph], paper: _Paper) -> Placed:
    drawn = {g.look.address: g.look.handle for g in group if g.look and g.look.handle}
    text = "".join(g.char for g in group)
    figure = any(char.isdigit() for char in text)
    parts = tuple(paper.place(g.box) for g in group) if figure else ()
    return Placed(text, paper.place(_around(group)), parts, _hidden(group), drawn)


def _word(group: list[_Glyph], styles: Styles, box: Box) -> Word:
    name, weight, size, _ = group[0].style
    return Word(
        "".join(g.char for g in group),
        box,
        size=size or round(group[0].size, 2),
        bold=weight >= 600 or bool(_BOLD.search(name)),
        style=styles.number((name, weight, size, group[0].style[3])),
    )


def _around(group: list[_Glyph]) -> tuple[float, float, float, float]:
    left, bottom = min(g.box[0] for g in group), min(g.box[1] for g in group)
    return left, bottom, max(g.box[2] for g in group), max(g.box[3] for g in group)


@dataclass(frozen=True, slots=True)
class _Paper:
    """The part of the page that is shown (crop and media box), in points of the page's own space, and its quarter turns."""

    left: float
    bottom: float
    right: float
    top: float
    turn: int

    @classmethod
    def of(cls, page: Any) -> _Paper:
        import pypdfium2.raw as pdfium

        rect = pdfium.FS_RECTF()
        pdfium.FPDF_GetPageBoundingBox(page, rect)
        return cls(rect.left, rect.bottom, rect.right, rect.top, int(page.get_rotation()))

    def place(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """A box on the page as it is shown: crop and rotation of the page applied, from its bottom left corner."""
        x0, y0, x1, y1 = box
        left, right = min(x0, x1) - self.left, max(x0, x1) - self.left
        bottom, top = min(y0, y1) - self.bottom, max(y0, y1) - self.bottom
        width, height = self.right - self.left, self.top - self.bottom
        if self.turn == 90:
            return bottom, width - right, top, width - left
        if self.turn == 180:
            return width - right, height - top, width - left, height - bottom
        if self.turn == 270:
            return height - top, left, height - bottom, right
        return left, bottom, right, top


def _turn(box: tuple[float, float, float, float], angle: int, width: float, height: float) -> tuple[float, ...]:
    left, bottom, right, top = box
    turned = {
        0: (left, bottom, right, top),
        90: (height - top, left, height - bottom, right),
        180: (width - right, height - top, width - left, height - bottom),
        270: (bottom, width - right, top, width - left),
    }[angle]
    return tuple(round(edge, 2) for edge in turned)


def _picture_share(page: Any) -> float:
    """The part of the page that its pictures cover, at most 1."""
    width, height = page.get_size()
    area = sum(max(0.0, right - left) * max(0.0, top - bottom) for left, bottom, right, top in pictures(page))
    return float(round(min(1.0, area / max(1.0, width * height)), 3))
