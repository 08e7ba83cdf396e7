"""Pictures of pages and of places on them, for a person who has to see where a value stands.

    page   a whole page
    cut    a part of a page: places in red frames, with what is before, above and below them

    python -m workflow_orchestrator.documents.pictures '{"pages": [1], "cuts": […], …}'  < document.pdf

pdfium draws them in a process with limits, as the reading does: nobody's browser and no worker opens the document itself. A place is
framed only where the drawn page has the words that the reading found there; a wrong frame would be worse than none.
"""

from __future__ import annotations

import base64
import ctypes
import io
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workflow_orchestrator.documents.model import Document, ReadLimits
from workflow_orchestrator.values import Box

_PAGE_ZOOM = 1.5  # 108 dots per inch: small print can be read, a page has about 150 kB
_CUT_ZOOM = 2.0
_MOST_PIXELS = 6_000_000
_ABOVE, _BELOW = 48.0, 30.0  # points around a place: heads of columns above it, a legend below
_BEFORE, _BEHIND = 260.0, 40.0  # the label of its row before it; Airflow shows pictures 300 points wide, so not the whole page
_FRAME = 3.0  # points between a place and its frame
_RED = (208, 0, 0)
_COLOURS = 64
_SIZES_DIFFER = 1.0  # points


@dataclass(frozen=True, slots=True)
class Place:
    """A place to frame: its box in points of the upright page, and words that stand in it (none in a drawing)."""

    box: Box
    words: str = ""


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a page: some places with what is around them; `page` counts from 1."""

    page: int
    places: tuple[Place, ...]

    def __post_init__(self) -> None:
        if not self.places:
            raise ValueError("a cut shows at least one place")


@dataclass(frozen=True, slots=True)
class Pictures:
    """PNG files: pages by number, and the cuts in their order, `None` for one of which no place can be framed for certain."""

    pages: Mapping[int, bytes]
    cuts: tuple[bytes | None, ...]


def draw(
    data: bytes, document: Document, pages: Sequence[int], cuts: Sequence[Cut], limits: ReadLimits | None = None
) -> Pictures:
    """Draws some pages and places of a document that was read before.

    Args:
        data: the whole file.
        document: what was read from it.
        pages: the numbers of the pages to draw, from 1.
        cuts: the places to show.
        limits: what the drawing may take.

    Raises:
        DocumentError: the document cannot be drawn within its limits, or only after the repair that the reading made of it.
        ReaderKilledError: something else ended the process; a retry can help.
    """
    from workflow_orchestrator.documents.reader import run_child

    answer = run_child(
        "pictures",
        data,
        limits or ReadLimits(),
        pages=list(pages),
        cuts=[
            [cut.page, [[[p.box.left, p.box.bottom, p.box.right, p.box.top], p.words] for p in cut.places]]
            for cut in cuts
        ],
        sizes=[[page.width, page.height] for page in document.pages],
    )
    return Pictures(
        {int(number): base64.b64decode(picture) for number, picture in answer["pages"].items()},
        tuple(base64.b64decode(picture) if picture else None for picture in answer["cuts"]),
    )


def main() -> int:
    from workflow_orchestrator.documents.child import limited

    return limited(_answer)


def _answer(data: bytes, asked: Mapping[str, Any]) -> dict[str, Any]:
    from workflow_orchestrator.documents.word_reader import open_document
    from workflow_orchestrator.errors import DamagedDocumentError

    try:
        document = open_document(data)
        pages = {number: _png(_drawn(document[number - 1], _PAGE_ZOOM)[0]) for number in asked["pages"]}
        cuts = [_cut(document[number - 1], places, asked["sizes"][number - 1]) for number, places in asked["cuts"]]
    except MemoryError:
        raise
    except Exception as error:
        raise DamagedDocumentError(f"the document cannot be drawn: {error}") from error
    return {"pages": pages, "cuts": cuts}


def _drawn(page: Any, zoom: float) -> tuple[Any, float]:
    width, height = page.get_size()
    zoom = min(zoom, math.sqrt(_MOST_PIXELS / max(width * height, 1)))
    return page.render(scale=zoom).to_pil().convert("RGB"), zoom


def _cut(page: Any, places: Sequence[Any], size: Sequence[float]) -> str | None:
    from PIL import ImageDraw

    width, height = page.get_size()
    # Pages whose words were turned to be read have other sides than the drawing.
    if abs(width - size[0]) > _SIZES_DIFFER or abs(height - size[1]) > _SIZES_DIFFER:
        return None
    boxes = [box for box, words in places if not words or _together(words) in _together(_words_in(page, box))]
    if not boxes:
        return None
    picture, zoom = _drawn(page, _CUT_ZOOM)
    pen = ImageDraw.Draw(picture)
    for left, bottom, right, top in boxes:
        upper, lower = (height - top - _FRAME) * zoom, (height - bottom + _FRAME) * zoom
        frame = ((left - _FRAME) * zoom, upper, (right + _FRAME) * zoom, lower)
        pen.rectangle(frame, outline=_RED, width=max(2, round(1.2 * zoom)))
    above = (height - max(box[3] for box in boxes) - _ABOVE) * zoom
    below = (height - min(box[1] for box in boxes) + _BELOW) * zoom
    first = (min(box[0] for box in boxes) - _BEFORE) * zoom
    last = (max(box[2] for box in boxes) + _BEHIND) * zoom
    sides = (max(0, round(first)), max(0, round(above)), min(picture.width, round(last)), min(picture.height, round(below)))
    return _png(picture.crop(sides))


def _together(words: str) -> str:
    return "".join(words.split())


def _words_in(page: Any, box: Sequence[float]) -> str:
    """The words of the page in a box of the page as it is drawn."""
    import pypdfium2.raw as pdfium

    width, height = page.get_size()
    x, y, corners = ctypes.c_double(), ctypes.c_double(), []
    # Device points of a hundredth of a point: the call takes whole numbers.
    for across, up in ((box[0] - 1, box[1] - 1), (box[2] + 1, box[3] + 1)):
        device = (round(across * 100), round((height - up) * 100))
        pdfium.FPDF_DeviceToPage(page, 0, 0, int(width * 100), int(height * 100), 0, *device, x, y)
        corners.append((x.value, y.value))
    (x0, y0), (x1, y1) = corners
    text = page.get_textpage()
    found: str = text.get_text_bounded(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    return found


def _png(picture: Any) -> str:
    out = io.BytesIO()
    picture.quantize(_COLOURS).save(out, "PNG", optimize=False)
    return base64.b64encode(out.getvalue()).decode("ascii")


if __name__ == "__main__":
    sys.exit(main())
