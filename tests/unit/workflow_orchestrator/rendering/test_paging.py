"""Notices that are too long for one slide go on to the next, whole."""

from __future__ import annotations

from dataclasses import replace

import rendering_sample as sample
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_orchestrator.rendering import paged
from workflow_orchestrator.rendering.formats import FORMATS, SQUARE, Format
from workflow_orchestrator.rendering.paging import letters_to_read
from workflow_orchestrator.script.model import Script, Segment, Sentence, SlideKind

RISK = "The value of an investment can fall as well as rise. " * 6
LONG = tuple(f"Notice {letter} says this. {RISK}" for letter in "ABCDEF")


def notice(points: tuple[str, ...], sentences: tuple[Sentence, ...]) -> Script:
    segment = Segment("notice", SlideKind.NOTICE, "Important", sentences, points=points)
    return replace(sample.script("en"), segments=(segment,))


def test_a_long_notice_is_continued() -> None:
    """Six long points become several slides that together hold every point, with its sentence."""
    pages = paged(notice(LONG, tuple(Sentence(point, point) for point in LONG))).segments
    assert [page.id for page in pages] == ["notice", "notice-2", "notice-3"]
    assert [point for page in pages for point in page.points] == list(LONG)
    assert all([sentence.shown for sentence in page.sentences] == list(page.points) for page in pages)


def test_pages_are_filled_evenly() -> None:
    """Eight like points that need two slides stand four and four, not seven and one."""
    points = tuple(f"{letter} " + "w" * 150 for letter in "ABCDEFGH")
    pages = paged(notice(points, (Sentence("Read.", "Read."),))).segments
    assert [len(page.points) for page in pages] == [4, 4]


def test_paging_twice_changes_nothing() -> None:
    """Slides, narration and PowerPoint may each page the script."""
    once = paged(notice(LONG, (Sentence("Please read this.", "Please read this."),)))
    assert paged(once) == once


def test_a_script_that_fits_is_left_alone() -> None:
    """Short notices stay on one slide."""
    assert paged(sample.script("de")) == sample.script("de")


@settings(deadline=None)
@given(st.lists(st.text("abcdefgh ,.", min_size=1, max_size=2500).filter(str.strip), min_size=1, max_size=8))
def test_no_word_is_lost(points: list[str]) -> None:
    """Whatever the points are, the pages hold their words in order."""
    pages = paged(notice(tuple(points), (Sentence("Read.", "Read."),))).segments
    assert " ".join(point for page in pages for point in page.points).split() == " ".join(points).split()
    assert paged(replace(sample.script("en"), segments=pages)).segments == pages


@settings(deadline=None)
@given(
    st.lists(st.text("abcdefgh ,.", min_size=1, max_size=1500).filter(str.strip), min_size=1, max_size=30),
    st.sampled_from(list(FORMATS.values())),
)
def test_pages_of_any_format_are_pages_of_landscape(points: list[str], shape: Format) -> None:
    """Whoever does not know the format leaves a script alone that was paged for it."""
    once = paged(notice(tuple(points), (Sentence("Read.", "Read."),)), shape)
    assert paged(once) == once == paged(once, shape)


def test_a_long_table_goes_on_with_its_sentences() -> None:
    """Rows are divided evenly, every value stands once, and a sentence goes with the page that shows its value."""
    refs = tuple(f"accuracy.row {number:02d}" for number in range(25))
    said = (Sentence("First.", "First.", (refs[0],)), Sentence("Last.", "Last.", (refs[24],)), Sentence("So.", "So."))
    script = replace(sample.script("en"), segments=(Segment("t", SlideKind.TABLE, "T", said, refs),))
    pages = paged(script).segments
    assert [len(page.shows) for page in pages] == [8, 9, 8]
    assert tuple(ref for page in pages for ref in page.shows) == refs
    assert [[sentence.shown for sentence in page.sentences] for page in pages] == [["First."], [], ["Last.", "So."]]
    assert paged(script, SQUARE) == paged(paged(script, SQUARE))


def test_more_columns_than_a_format_holds_go_on_as_well() -> None:
    """Five columns stand on one landscape slide, and three and two of them on narrow ones."""
    names = ("a", "b", "c", "d", "e")
    refs = tuple(f"{name}.{row}" for name in names for row in ("x", "y"))
    script = replace(sample.script("en"), segments=(Segment("t", SlideKind.TABLE, "T", (), refs),))
    assert len(paged(script).segments) == 1
    narrow = paged(script, SQUARE).segments
    assert [{ref[0] for ref in page.shows} for page in narrow] in ([{"a", "b"}, {"c", "d", "e"}], [{"a", "b", "c"}, {"d", "e"}])


def test_a_silent_page_of_a_table_stands_as_long_as_it_takes_to_read() -> None:
    """A continued page counts its rows, a slide of tiles counts nothing."""
    assert letters_to_read(Segment("t", SlideKind.TABLE, "T", (), ("a.x", "a.y"))) == 48
    assert letters_to_read(Segment("t", SlideKind.FIGURES, "T", (), ("nav",))) == 0
