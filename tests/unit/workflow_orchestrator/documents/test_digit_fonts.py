"""A font that draws one digit and reads as another deceives both readers; what it prints gives no value."""

from __future__ import annotations

import pytest
from hostile_sample import sheet, stream
from pdf_sample import document, line

from workflow_orchestrator.documents import read_document
from workflow_orchestrator.errors import DamagedDocumentError

SHOWN = line("Ongoing charges") + b"BT /F2 12 Tf 1 0 0 1 50 600 Tm (3.11%) Tj ET"
PLAIN = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica%s/ToUnicode 7 0 R>>"
CHARS = b"begincmap 1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfchar <33> <%04X> endbfchar endcmap"
RANGE = (
    b"begincmap 1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfrange <30> <39> <%04X> endbfrange endcmap"
)
NINE = b"/Encoding<</Type/Encoding/Differences[51/nine]>>"


def made(font: bytes, table: bytes) -> bytes:
    return sheet(stream(SHOWN), font, stream(table), fonts=b"/F2 6 0 R")


@pytest.mark.parametrize(
    ("font", "table"),
    [
        (PLAIN % b"", CHARS % ord("9")),
        (PLAIN % b"/Encoding/WinAnsiEncoding", CHARS % ord("9")),
        (PLAIN % NINE, CHARS % ord("3")),
        (PLAIN % b"", RANGE % ord("1")),
    ],
    ids=["a font of the reader's own", "named encoding", "named glyph", "all one further"],
)
def test_a_page_that_shows_other_digits_than_it_reads_gives_no_words(font: bytes, table: bytes) -> None:
    """The page is left out with its reason; alone it is no document that can be used."""
    with pytest.raises(DamagedDocumentError, match="draws other digits than it reads as"):
        read_document(made(font, table))


@pytest.mark.parametrize(
    ("font", "table", "word"),
    [
        (PLAIN % b"", CHARS % ord("3"), "3.11%"),
        (PLAIN % b"", RANGE % ord("0"), "3.11%"),
        (PLAIN % NINE, CHARS % ord("9"), "9.11%"),
        (b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica" + NINE + b">>", CHARS % ord("3"), "9.11%"),
    ],
    ids=["one table", "a range", "re-encoded", "no table"],
)
def test_a_font_that_agrees_with_itself_is_read(font: bytes, table: bytes, word: str) -> None:
    """Encodings of a font's own are common and honest."""
    read = read_document(made(font, table))
    assert read.pages[0].words[-1].text == word and read.warnings == ()


def test_a_broken_table_is_no_lie() -> None:
    """A table of characters that is none, or nothing at all, leaves the page to the readers."""
    assert read_document(made(PLAIN % b"", b"beginbfchar <zz> <00")).pages[0].words
    assert read_document(document(line("3.11%"))).warnings == ()
