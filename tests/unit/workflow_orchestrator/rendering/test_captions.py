"""Captions have the script's words, in lines that can be read, at the time they are heard."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_orchestrator.rendering import Cue, Narration, Span, captions_of, to_srt, to_vtt

SECOND = timedelta(seconds=1)
TEXTS = st.lists(
    st.text(st.sampled_from("abc DEF, gh. 1.93% é\u00a0–<>&-{}"), min_size=1, max_size=300).filter(str.strip),
    min_size=1, max_size=5,
)


def narration_of(*texts: str) -> Narration:
    cues = tuple(Cue(0, text, n * 6 * SECOND, (n * 6 + 5) * SECOND) for n, text in enumerate(texts))
    end = len(texts) * 6 * SECOND
    return Narration(Path("x.wav"), cues, (Span(timedelta(0), end),), end)


@settings(deadline=None)
@given(TEXTS)
def test_words_lines_and_times(texts: list[str]) -> None:
    """Any text: at most two lines of 42 characters, no overlap, and the words are the script's."""
    narration = narration_of(*texts)
    found = captions_of(narration)
    assert all(len(item.lines) <= 2 and all(len(line) <= 42 for line in item.lines) for item in found)
    assert all(one.end <= two.start for one, two in pairwise(found))
    shown = "".join("".join(item.lines) for item in found)
    assert re.sub(r"[ \n]", "", shown) == re.sub(r"[ \n]", "", "".join(texts))


@settings(deadline=None)
@given(TEXTS)
def test_a_vtt_file_reads_back_as_the_words(texts: list[str]) -> None:
    """Markup in a text is escaped: no line holds a raw < or the arrow of a time line."""
    vtt = to_vtt(captions_of(narration_of(*texts)))
    body = [line for line in vtt.splitlines()[2:] if line and not re.match(r"\d\d:\d\d:\d\d\.\d{3} --> ", line)]
    assert not any("<" in line or "-->" in line for line in body)
    words = html.unescape("".join(body))
    assert re.sub(r"[ \n]", "", words) == re.sub(r"[ \n]", "", "".join(texts))


def test_a_sentence_that_fits_is_one_caption() -> None:
    """Forty-two characters stay on one line; eighty-four balance on two."""
    assert captions_of(narration_of("In October, the fund returned +1.93%."))[0].lines == (
        "In October, the fund returned +1.93%.",
    )
    two = captions_of(narration_of("Since the start of the year, the return is +7.08% and the ratio 0.84."))
    assert two[0].lines == (
        "Since the start of the year,", "the return is +7.08% and the ratio 0.84.",
    )


def test_a_figure_is_never_parted_from_its_unit() -> None:
    """No-break spaces hold across lines and captions."""
    text = "Der Fonds erzielte über ein Jahr bis zum Stichtag eine Wertentwicklung von 10,17\u00a0% nach Kosten."
    lines = [line for item in captions_of(narration_of(text)) for line in item.lines]
    assert any("10,17\u00a0%" in line for line in lines)


def test_a_word_longer_than_a_line_is_divided() -> None:
    """A long address is shown in whole, on several lines."""
    address = "https://www.example.com/" + "documents/" * 12
    shown = "".join("".join(item.lines) for item in captions_of(narration_of(f"See {address} now")))
    assert address in shown


def test_short_gaps_are_bridged_within_a_slide_only() -> None:
    """A caption stays until the next if that is near, but never into another slide."""
    times = ((0, "one", 1, 2), (0, "two", 2.3, 3), (1, "three", 4.2, 5))
    cues = tuple(Cue(slide, text, start * SECOND, end * SECOND) for slide, text, start, end in times)
    spans = (Span(timedelta(0), 4 * SECOND), Span(4 * SECOND, 6 * SECOND))
    one, two, _ = captions_of(Narration(Path("x.wav"), cues, spans, 6 * SECOND))
    assert one.end == 2.3 * SECOND
    assert two.end == 3 * SECOND


def test_both_formats_are_written_as_they_are_read() -> None:
    """The files are valid in every character."""
    found = captions_of(narration_of("Profit & <loss>"))
    assert to_vtt(found) == "WEBVTT\n\n00:00:00.000 --> 00:00:05.000\nProfit &amp; &lt;loss&gt;\n"
    assert to_srt(found) == "1\n00:00:00,000 --> 00:00:05,000\nProfit & <loss>\n"
