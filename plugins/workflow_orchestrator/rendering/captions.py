"""Captions: the sentences of a narration as WebVTT and SRT, at most two lines of at most 42 characters each.

The words are exactly those of the script. A long sentence becomes several captions that share its time by their length;
a line breaks at a space, so a figure and its unit, which a no-break space holds together, stay on one line.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from workflow_orchestrator.rendering.speech import Narration

LINE = 42
LINES = 2

# A short silence between two captions of one slide would only flicker.
BRIDGE = timedelta(milliseconds=500)

# How many characters of unevenness a break is worth after a mark at which a reader pauses anyway.
_PAUSES = {".": 16, "!": 16, "?": 16, ";": 12, ":": 12, ",": 8}

_ORDERS = re.compile(r"(\{(?=\\)|\\(?=[nN]))")
_ASS_HEAD = (
    "[Script Info]", "ScriptType: v4.00+", "",
    "[V4+ Styles]", "Format: Name, Fontname, Fontsize", "Style: Default,Arial,16", "",
    "[Events]", "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text",
)

_SPACES = re.compile(r"[ \t\r\n\f\v]+")


@dataclass(frozen=True, slots=True)
class Caption:
    """One or two lines and when they are read."""

    start: timedelta
    end: timedelta
    lines: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise ValueError(f"a caption must end after it starts, not {self.start} to {self.end}: {self.lines}")
        if not 1 <= len(self.lines) <= LINES or any(len(line) > LINE for line in self.lines):
            raise ValueError(f"a caption has one or {LINES} lines of at most {LINE} characters, not {self.lines}")


def captions_of(narration: Narration) -> tuple[Caption, ...]:
    """The captions of a narration, in order and without overlap."""
    return tuple(_bridged(list(_timed(narration)), narration))


def to_vtt(items: Iterable[Caption]) -> str:
    """WebVTT, as browsers and players read it beside the video."""
    blocks = [
        f"{_stamp(item.start, '.')} --> {_stamp(item.end, '.')}\n"
        + "\n".join(html.escape(line, quote=False) for line in item.lines)
        for item in items
    ]
    return "\n\n".join(["WEBVTT", *blocks]) + "\n"


def to_srt(items: Iterable[Caption]) -> str:
    """SubRip, which editing programs read. It has no way to escape markup, so words are written as they are."""
    blocks = [
        f"{number}\n{_stamp(item.start, ',')} --> {_stamp(item.end, ',')}\n" + "\n".join(item.lines)
        for number, item in enumerate(items, start=1)
    ]
    return "\n\n".join(blocks) + "\n"


def to_ass(items: Iterable[Caption]) -> str:
    """Advanced SubStation, from which ffmpeg makes the subtitles inside the MP4. Times are to the hundredth.

    Its readers of SubRip and WebVTT take tags out of a text or turn a no-break space into `\\h`; this one leaves all
    but two sequences alone, and those are parted by a word joiner, which nobody sees.
    """
    lines = [*_ASS_HEAD]
    for item in items:
        text = "\\N".join(_ORDERS.sub("\\1\u2060", line) for line in item.lines)
        start, end = (_stamp(moment, ".")[1:-1] for moment in (item.start, item.end))
        lines.append(f"Dialogue: 0,{start},{end},Default,,0,0,0,,{text}")
    return "\n".join(lines) + "\n"


def _timed(narration: Narration) -> Iterator[tuple[int, Caption]]:
    for cue in narration.sentences:
        pieces = _pieces(cue.text)
        letters = [sum(len(line) for line in piece) for piece in pieces]
        length = cue.end - cue.start
        start = cue.start
        for index, piece in enumerate(pieces):
            end = _whole(cue.start + length * (sum(letters[: index + 1]) / sum(letters)))
            yield cue.slide, Caption(_whole(start), end, piece)
            start = end


def _bridged(items: list[tuple[int, Caption]], narration: Narration) -> Iterator[Caption]:
    for index, (slide, item) in enumerate(items):
        limit = narration.slides[slide].end
        if index + 1 < len(items) and items[index + 1][0] == slide:
            limit = items[index + 1][1].start
        end = limit if limit - item.end <= BRIDGE else item.end
        yield Caption(item.start, max(end, item.end), item.lines)


def _whole(moment: timedelta) -> timedelta:
    """To the millisecond, the finest that both formats know."""
    return timedelta(milliseconds=round(moment / timedelta(milliseconds=1)))


def _stamp(moment: timedelta, mark: str) -> str:
    total = round(moment / timedelta(milliseconds=1))
    minutes, milliseconds = divmod(total, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}{mark}{milliseconds % 1000:03d}"


def _pieces(text: str) -> list[tuple[str, ...]]:
    """The text as captions of one or two lines, of about the same length."""
    words = [part for word in _SPACES.split(text) for part in _parts(word)]
    if not words:
        return []
    count = math.ceil(len(" ".join(words)) / (LINE * LINES))
    while True:
        pieces = _spread(words, count)
        lined = [_lined(piece) for piece in pieces]
        if all(line is not None for line in lined):
            return [line for line in lined if line is not None]
        count += 1


def _parts(word: str) -> list[str]:
    """A word that is longer than a line, such as an address, in pieces that are not."""
    return [word[at : at + LINE] for at in range(0, len(word), LINE)]


def _spread(words: list[str], count: int) -> list[list[str]]:
    """Words in `count` runs of similar length; a run rather ends at a comma or a full stop than near it."""
    runs: list[list[str]] = []
    rest = words
    for left in range(count, 0, -1):
        goal = len(" ".join(rest)) / left
        cut = len(rest) if left == 1 else min(range(1, len(rest) + 1), key=lambda n: _cost(rest, n, goal))
        runs.append(rest[:cut])
        rest = rest[cut:]
        if not rest:
            break
    return runs


def _cost(words: list[str], cut: int, goal: float) -> float:
    length = len(" ".join(words[:cut]))
    return abs(length - goal) - _PAUSES.get(words[cut - 1][-1], 0)


def _lined(words: list[str]) -> tuple[str, ...] | None:
    """The words on one line, or on two that balance; None if two lines cannot hold them."""
    whole = " ".join(words)
    if len(whole) <= LINE:
        return (whole,)
    splits = [(" ".join(words[:cut]), " ".join(words[cut:])) for cut in range(1, len(words))]
    fitting = [pair for pair in splits if max(map(len, pair)) <= LINE]
    return min(fitting, key=lambda pair: abs(len(pair[0]) - len(pair[1])) - _PAUSES.get(pair[0][-1], 0), default=None)
