"""Notices that are too long for one slide go on to the next, whole."""

from __future__ import annotations

from dataclasses import replace

import rendering_sample as sample
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_orchestrator.rendering import paged
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
