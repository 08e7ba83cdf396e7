"""Pages: a notice that is too long for one slide is continued on further ones, with the sentences that belong to them.

Warnings are shown in full and in a size that can be read, so what does not fit moves on and never shrinks. Slides,
narration and PowerPoint all page the script by this one function, so slide n is segment n everywhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace

from workflow_orchestrator.script.model import Script, Segment, Sentence, SlideKind

# What the notice slide of a theme must hold in its smallest size: lines of so many characters, with the gap between
# two points counted as a part of a line.
COLUMNS = 94
LINES = 13
GAP = 0.4

_SENTENCE_END = re.compile(r"(?<=[.!?;:])[ \n]+")


def paged(script: Script) -> Script:
    """The script with each notice segment divided into as many as its points need. Paging twice changes nothing."""
    segments = [part for segment in script.segments for part in _parts(segment)]
    return replace(script, segments=tuple(segments))


def _parts(segment: Segment) -> Iterator[Segment]:
    if segment.slide is not SlideKind.NOTICE:
        yield segment
        return
    points = segment.points or tuple(sentence.shown for sentence in segment.sentences)
    pages = _balanced([piece for point in points for piece in _pieces(point)])
    if len(pages) <= 1:
        yield segment
        return
    shares = _shares(pages, segment.sentences)
    for number, (page, sentences) in enumerate(zip(pages, shares, strict=True), start=1):
        name = segment.id if number == 1 else f"{segment.id}-{number}"
        yield replace(segment, id=name, points=page, sentences=sentences)


def _height(text: str) -> float:
    return math.ceil(len(text) / COLUMNS) + GAP


def _balanced(points: list[str]) -> list[tuple[str, ...]]:
    """As few pages as hold the points, filled about evenly: no last page with one lost line."""
    full = _pages(points, LINES)
    limit = max(map(_height, points), default=0.0)
    while limit < LINES:
        pages = _pages(points, limit)
        if len(pages) == len(full):
            return pages
        limit += 0.5
    return full


def _pages(points: list[str], limit: float) -> list[tuple[str, ...]]:
    pages: list[list[str]] = [[]]
    filled = 0.0
    for point in points:
        height = _height(point)
        if pages[-1] and filled + height > limit:
            pages.append([])
            filled = 0.0
        pages[-1].append(point)
        filled += height
    return [tuple(page) for page in pages if page]


def _pieces(point: str) -> list[str]:
    """The point whole if a slide holds it; else its sentences put together to fill slides, else its words."""
    most = int(LINES - GAP) * COLUMNS
    if len(point) <= most:
        return [point]
    atoms = [word for sentence in _SENTENCE_END.split(point) for word in _fitting(sentence, most)]
    pieces = [""]
    for atom in atoms:
        joined = f"{pieces[-1]} {atom}".strip()
        if len(joined) <= most:
            pieces[-1] = joined
        else:
            pieces.append(atom)
    return [piece for piece in pieces if piece]


def _fitting(sentence: str, most: int) -> list[str]:
    return [sentence] if len(sentence) <= most else sentence.split()


def _shares(pages: list[tuple[str, ...]], sentences: tuple[Sentence, ...]) -> list[tuple[Sentence, ...]]:
    """Sentences for each page: those whose words stand on it, the others with the sentence before them."""
    shares: list[list[Sentence]] = [[] for _ in pages]
    current = 0
    for sentence in sentences:
        words = " ".join(sentence.shown.split())
        found = [n for n in range(current, len(pages)) if any(words in " ".join(p.split()) for p in pages[n])]
        current = found[0] if found else current
        shares[current].append(sentence)
    return [tuple(share) for share in shares]
