"""What a person cannot see is no word of a document, however much ink stands around it."""

from __future__ import annotations

import pytest
from hostile_sample import sheet, stream
from pdf_sample import document, line

from workflow_orchestrator.documents import Document, read_document

TRUE = line("Year to date 3.1%")
WHITE, BLACK = b"1 g ", b"0 g "
NOISE = b"".join(
    b"%.1f g %d %d 6 6 re f\n" % (((x * 7 + y * 13) % 10) / 10, x, y)
    for x in range(40, 340, 6)
    for y in range(590, 620, 6)
)


def spelled(*parts: tuple[str, str]) -> bytes:
    """One word out of parts, each in its own colour and close to the last one."""
    shown = " ".join(f"{colour} ({text}) Tj" for colour, text in parts)
    return f"0 g BT /F1 12 Tf 1 0 0 1 50 600 Tm {shown} ET\n".encode()


def words(read: Document) -> list[str]:
    return [word.text for word in read.pages[0].words]


@pytest.mark.parametrize(
    "trick",
    [
        b"0 g 40 604 m 300 604 l S 1 g " + line("99.9%", y=600),
        b"0 g 55 590 m 55 620 l S 1 g " + line("99.9%", y=600),
        line("99.9% a year", y=600) + NOISE,
        b"40 604 m 300 604 l S q 0 0 10 10 re W n " + line("99.9% a year", y=600) + b"Q ",
        line("99.9% a year", y=600, size=2.5),
    ],
    ids=["across a rule", "across an upright rule", "behind a pattern", "clipped away on a rule", "too small"],
)
def test_ink_around_a_word_does_not_show_it(trick: bytes) -> None:
    """Ink in the box of a word counts only when the word itself has put it there."""
    read = read_document(document(TRUE + trick))
    assert words(read) == ["Year", "to", "date", "3.1%"]
    assert any("not visible" in warning for warning in read.warnings)


LAYERS = (
    b"/OCProperties<</OCGs[6 0 R]/D<</OFF[6 0 R]/Order[6 0 R]>>>>",
    b"/Properties<</L 6 0 R>>",
    b"<</Type/OCG/Name(Draft)>>",
)
CLEAR = b"/ExtGState<</G <</ca 0>>>>"
WHITE_PICTURE = b"q 300 0 0 40 40 590 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \xff EI Q "


@pytest.mark.parametrize(
    ("trick", "catalog", "resources", "more"),
    [
        (line("99.9% a year", y=600) + WHITE_PICTURE, b"", b"", ()),
        (b"/OC /L BDC " + line("99.9% a year", y=600) + b"EMC ", LAYERS[0], LAYERS[1], LAYERS[2:]),
        (b"q /G gs " + line("99.9% a year", y=600) + b"Q ", b"", CLEAR, ()),
        (line("99.9% a year", y=600, before="7 Tr"), b"", b"", ()),
        (b".99 g " + line("99.9% a year", y=600), b"", b"", ()),
        (line("99.9% a year", y=600, size=12).replace(b"1 0 0 1", b".1 0 0 .1"), b"", b"", ()),
        (line("99.9% a year", y=-40), b"", b"", ()),
    ],
    ids=["under a picture", "layer that is off", "without opacity", "clipping mode", "almost white", "scaled away", "below"],
)
def test_each_way_to_hide_words_is_found_and_reported(
    trick: bytes, catalog: bytes, resources: bytes, more: tuple[bytes, ...]
) -> None:
    """Whatever hides three words, they are none of the document's, and the warning counts them."""
    data = sheet(stream(TRUE + trick), *more, resources=resources)
    read = read_document(data.replace(b"/Pages 2 0 R", b"/Pages 2 0 R" + catalog, 1))
    assert words(read) == ["Year", "to", "date", "3.1%"]
    assert "page 1 holds 3 words that are not visible; they are left out" in read.warnings


def test_a_layer_that_is_on_is_read() -> None:
    """The same layer, switched on, hides nothing."""
    shown = b"/OC /L BDC " + line("99.9% a year", y=600) + b"EMC "
    data = sheet(stream(TRUE + shown), LAYERS[2], resources=LAYERS[1])
    read = read_document(data.replace(b"/Pages 2 0 R", b"/Pages 2 0 R" + LAYERS[0].replace(b"OFF", b"ON"), 1))
    assert words(read)[4:] == ["99.9%", "a", "year"] and read.warnings == ()


@pytest.mark.parametrize(
    "figure",
    [
        spelled(("1 g", "4"), ("0 g", "5.00%")),
        spelled(("1 g", "-"), ("0 g", "5.00%")),
        spelled(("0 g", "45"), ("1 g", "."), ("0 g", "00%")),
        line("45.00%", y=600) + b"1 g 49 590 7.5 30 re f ",
    ],
    ids=["white digit", "white minus", "white point", "digit under a box"],
)
def test_a_figure_is_seen_whole_or_not_at_all(figure: bytes) -> None:
    """One digit or sign that nobody sees makes the whole figure a thing that nobody prints."""
    assert words(read_document(document(TRUE + figure))) == ["Year", "to", "date", "3.1%"]


def test_a_figure_in_two_colours_is_one_figure() -> None:
    """Colour alone hides nothing."""
    figure = spelled(("1 0 0 rg", "4"), ("0 g", "5.00%"))
    assert words(read_document(document(TRUE + figure)))[-1] == "45.00%"


@pytest.mark.parametrize(
    "trick",
    [
        WHITE + line("99.9%", y=600) + BLACK + line("3.44%", y=600),
        line("99.9%", y=600) + b"1 g 40 590 300 30 re f 0 g " + line("3.44%", y=600),
        WHITE
        + line("99.9%", y=600)
        + BLACK
        + b"BT /F1 12 Tf 0 1 -1 0 60 590 Tm (WWWW) Tj 0 1 -1 0 75 590 Tm (WWWW) Tj ET\n",
    ],
    ids=["white below black", "painted over", "under upright letters"],
)
def test_words_over_one_another_are_not_read(trick: bytes) -> None:
    """Where two words stand in one place nobody can say which is printed: neither is read, and a warning says so."""
    read = read_document(document(TRUE + trick))
    assert "99.9%" not in words(read) and "3.44%" not in words(read)
    assert words(read)[:4] == ["Year", "to", "date", "3.1%"]
    assert any("over one another" in warning for warning in read.warnings)


def test_a_hidden_word_takes_no_printed_one_along() -> None:
    """A white word that only touches a printed one is left out alone."""
    read = read_document(document(TRUE + WHITE + line("99.9%", x=50, y=693)))
    assert words(read) == ["Year", "to", "date", "3.1%"]


def test_lines_that_are_set_tightly_are_all_read() -> None:
    """The boxes of close lines overlap; that hides none of them."""
    rows = b"".join(line(f"Row {number} 1.{number}0%", y=700 - 7 * number, size=8) for number in range(9))
    read = read_document(document(rows))
    assert [word for word in words(read) if "%" in word] == [f"1.{number}0%" for number in range(9)]
    assert read.warnings == ()
