"""Pictures of places: framed where the words stand, and nowhere else; a document that cannot be drawn is a named error."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pytest
from pdf_sample import document, line

from workflow_orchestrator.documents import Document, Page
from workflow_orchestrator.documents.pictures import Cut, Pictures, Place, draw
from workflow_orchestrator.errors import DamagedDocumentError
from workflow_orchestrator.values import Box

FIGURE = Box(199, 698, 226, 712)


def sheet(*pages: tuple[float, float]) -> Document:
    """What a reading says of the sizes of the pages."""
    made = tuple(Page(number, width, height, "", ()) for number, (width, height) in enumerate(pages, start=1))
    return Document(made, {}, (), "en", "0" * 64)


def reds(data: bytes) -> int:
    """How many points of a picture are red."""
    from PIL import Image

    picture: Any = Image.open(io.BytesIO(data)).convert("RGB")
    return sum(
        count for count, (red, green, blue) in picture.getcolors(1 << 24) if red > 180 and green < 60 and blue < 60
    )


def drawn(cuts: Sequence[Cut], pages: Sequence[int] = (), **more: Any) -> Pictures:
    """Pictures of a page that prints 9.94 at one place."""
    data = document(line("Year to date", x=50, y=700) + line("9.94", x=200, y=700), **more)
    return draw(data, sheet((600, 800)), pages, cuts)


def test_a_place_is_framed_where_its_words_stand() -> None:
    """The frame is red, the page itself is not; words that stand elsewhere get no picture, a drawing needs no words."""
    found = drawn(
        [
            Cut(1, (Place(FIGURE, "9.94"),)),
            Cut(1, (Place(FIGURE, "8.88"),)),
            Cut(1, (Place(FIGURE, "8.88"), Place(FIGURE, "9.94"))),
            Cut(1, (Place(Box(300, 300, 400, 320)),)),
        ],
        pages=[1],
    )
    assert [picture is not None for picture in found.cuts] == [True, False, True, True]
    assert reds(found.cuts[0] or b"") > 100
    assert reds(found.pages[1]) == 0


def test_a_page_with_a_crop_box_is_framed_at_the_same_words() -> None:
    """Boxes count from the corner of what is shown, as in the reading."""
    data = document(line("9.94", x=200, y=700), page=b"/MediaBox[0 0 600 800]/CropBox[100 100 600 800]")
    moved = Box(FIGURE.left - 100, FIGURE.bottom - 100, FIGURE.right - 100, FIGURE.top - 100)
    found = draw(data, sheet((500, 700)), [], [Cut(1, (Place(moved, "9.94"),)), Cut(1, (Place(FIGURE, "9.94"),))])
    assert [picture is not None for picture in found.cuts] == [True, False]


def test_a_page_that_was_turned_to_be_read_is_not_framed() -> None:
    """Its boxes are those of another drawing."""
    data = document(line("9.94", x=200, y=700))
    found = draw(data, sheet((800, 600)), [], [Cut(1, (Place(FIGURE, "9.94"),))])
    assert found.cuts == (None,)


def test_what_cannot_be_drawn_is_named() -> None:
    """A file that the reading had to repair is not drawn."""
    with pytest.raises(DamagedDocumentError, match="cannot be drawn"):
        draw(b"%PDF-1.7 nothing", sheet((600, 800)), [1], [])
