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
from workflow_orchestrator.documents.scales import find_scales
from workflow_orchestrator.documents.visibility import Placed, sight
from workflow_orchestrator.errors import DocumentLimitError
from workflow_orchestrator.values import Box

_MIN_SIZE = 3.0  # points; the smallest real print measured has 3.3
_BOLD = re.compile(r"bold|semibold|demi|heavy|black|[-,]bd\b|bol$", re.IGNORECASE)
_GUESSED = "\0"  # stands for a space that pdfium guessed
_RAISED_SIZE = 0.6  # of the font size, for a raised digit that the font draws small
_HYPHEN_MARK = "\x02"  # pdfium's sign for a hyphen at the end of a line


@dataclass
class WordLayer:
    """What pdfium found, page by page."""

    pages: list[dict[str, Any]] = field(default_factory=list)
    failures: dict[int, str] = field(default_factory=dict)


@dataclass
class _Glyph:
    char: str
    box: tuple[float, float, float, float]  # left, bottom, right, top in page space
    size: float
    angle: int
    points: float  # the font size as it is shown
    style: tuple[str, int, float, int]  # font name, weight, size, colour
    invisible: bool
    drawn: Any = None  # pdfium's text object


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
    """One page: size, words in reading order, number of hidden words, share of its area that pictures cover, marked scales."""
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
    judged = [item for item in judged if item[0][0].angle == angle]
    # Text may stand on its side by its own matrix, by the page's /Rotate, or upright by both.
    turn = (angle + int(page.get_rotation())) % 360
    words = [
        _word(group, styles, Box(*_turn(box, turn, width, height))) for group, box, how in judged if how == "shown"
    ]
    if turn in (90, 270):
        width, height = height, width
    return {
        "width": round(width, 2),
        "height": round(height, 2),
        "words": words,
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
    looks: dict[int | None, _Look] = {}
    for i in range(count):
        char = chr(pdfium.FPDFText_GetUnicode(text, i))
        generated = pdfium.FPDFText_IsGenerated(text, i) == 1
        if generated or char.isspace():
            # A space that pdfium put in is a guess from a gap; one that the document has is not.
            glyphs.append(blanks[_GUESSED if char == " " and generated else " "])
            continue
        drawn = pdfium.FPDFText_GetTextObject(text, i)
        address = ctypes.cast(drawn, ctypes.c_void_p).value
        look = looks.get(address) or _look(text, i, drawn)
        if drawn:
            looks[address] = look
        pdfium.FPDFText_GetLooseCharBox(text, i, rect)
        size = rect.right - rect.left if look.angle in (90, 270) else rect.top - rect.bottom
        style = look.style
        if char.isdigit() and look.angle == 0 and _is_raised(text, i, size):
            style = (style[0], style[1], style[2] * _RAISED_SIZE, style[3])
        box = (rect.left, rect.bottom, rect.right, rect.top)
        shown = "-" if char == _HYPHEN_MARK else char
        glyphs.append(_Glyph(shown, box, size, look.angle, style[2], style, look.invisible, drawn))
    return glyphs


@dataclass(frozen=True, slots=True)
class _Look:
    """What all characters of one text object have in common."""

    style: tuple[str, int, float, int]  # font name, weight, size, and colour with its opacity in the last byte
    angle: int
    invisible: bool


def _look(text: Any, index: int, drawn: Any) -> _Look:
    import pypdfium2.raw as pdfium

    name, flags, matrix = ctypes.create_string_buffer(128), ctypes.c_int(), pdfium.FS_MATRIX()
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    pdfium.FPDFText_GetFontInfo(text, index, name, len(name), flags)
    pdfium.FPDFText_GetFillColor(text, index, red, green, blue, alpha)
    pdfium.FPDFText_GetMatrix(text, index, matrix)
    points = round(pdfium.FPDFText_GetFontSize(text, index) * math.hypot(matrix.c, matrix.d), 1)
    colour = (red.value << 24) | (green.value << 16) | (blue.value << 8) | alpha.value
    weight = pdfium.FPDFText_GetFontWeight(text, index)
    mode = pdfium.FPDFTextObj_GetTextRenderMode(drawn) if drawn else 0
    angle = _degrees(pdfium.FPDFText_GetCharAngle(text, index))
    return _Look((name.value.decode("utf-8", "replace"), weight, points, colour), angle, mode in (3, 7))


def _is_raised(text: Any, index: int, size: float) -> bool:
    """Whether a digit is drawn as a raised footnote sign although its font size is that of its neighbours."""
    import pypdfium2.raw as pdfium

    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    if not pdfium.FPDFText_GetCharBox(text, index, left, right, bottom, top):
        return False
    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(text, index, x, y)
    return bottom.value - y.value > 0.15 * size and top.value - bottom.value < 0.52 * size


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
    drawn = {ctypes.cast(g.drawn, ctypes.c_void_p).value or 0: g.drawn for g in group if g.drawn}
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
    import pypdfium2.raw as pdfium

    width, height = page.get_size()
    area = 0.0
    for drawn in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=4):
        left, bottom, right, top = drawn.get_bounds()
        area += max(0.0, right - left) * max(0.0, top - bottom)
    return float(round(min(1.0, area / max(1.0, width * height)), 3))
