"""Pages: what is too long for one slide is continued on further ones, with the sentences that belong to it.

Warnings, tables and lists of weights are shown in full and in a size that can be read, so what does not fit moves on and
never shrinks. Slides, narration and PowerPoint all page the script by this one function, so slide n is segment n
everywhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from workflow_orchestrator.rendering.arrange import grid_of
from workflow_orchestrator.rendering.formats import LANDSCAPE, Format
from workflow_orchestrator.script.model import Script, Segment, Sentence, SlideKind

# A notice slide holds lines of so many characters as its format says, in its smallest size; the gap between two points
# counts as a part of a line.
GAP = 0.4
WEIGHTS = 10  # names with weights on one slide, if its format holds so many rows
PER_FIGURE = 24  # characters that one row of a table counts for in the time that it takes to read

_SENTENCE_END = re.compile(r"(?<=[.!?;:])[ \n]+")


def paged(script: Script, format: Format = LANDSCAPE) -> Script:  # noqa: A002 - the field's word
    """The script with each notice, table and list of weights divided into as many segments as it needs.

    Paging twice changes nothing. A page holds what both its format and landscape hold, so a script that was paged for any
    format is left alone by the paging for landscape.
    """
    segments = [part for segment in script.segments for part in _parts(segment, format)]
    return replace(script, segments=tuple(segments))


def letters_to_read(segment: Segment) -> int:
    """How many characters there are to read on a page that may be silent, for how long it stands; 0 on all others."""
    if segment.slide is SlideKind.NOTICE:
        return sum(len(point) for point in segment.points)
    if segment.slide in (SlideKind.TABLE, SlideKind.HOLDINGS):
        return PER_FIGURE * len(segment.shows)
    return 0


def _parts(segment: Segment, shape: Format) -> Iterator[Segment]:
    if segment.slide is SlideKind.NOTICE:
        yield from _notices(segment, shape)
    elif segment.slide in (SlideKind.TABLE, SlideKind.HOLDINGS):
        yield from _rows(segment, shape)
    else:
        yield segment


def _notices(segment: Segment, shape: Format) -> Iterator[Segment]:
    points = segment.points or tuple(sentence.shown for sentence in segment.sentences)
    pages = _balanced([piece for point in points for piece in _pieces(point, shape)], shape)
    if len(pages) <= 1:
        yield segment
        return
    shares = _shares(segment.sentences, [[" ".join(point.split()) for point in page] for page in pages])
    for number, (page, sentences) in enumerate(zip(pages, shares, strict=True), start=1):
        yield replace(segment, id=_name(segment, number), points=page, sentences=sentences)


def _rows(segment: Segment, shape: Format) -> Iterator[Segment]:
    pages = _table_pages(segment, shape) if segment.slide is SlideKind.TABLE else _weight_pages(segment, shape)
    if len(pages) <= 1:
        yield segment
        return
    shares = _shares(segment.sentences, pages, by_ref=True)
    for number, (shows, sentences) in enumerate(zip(pages, shares, strict=True), start=1):
        yield replace(segment, id=_name(segment, number), shows=tuple(shows), sentences=sentences)


def _name(segment: Segment, number: int) -> str:
    return segment.id if number == 1 else f"{segment.id}-{number}"


def _table_pages(segment: Segment, shape: Format) -> list[list[str]]:
    """All rows of the first columns, then all rows of the next ones. Values that form no table stay together."""
    grid = grid_of(segment.shows)
    if grid is None:
        return [list(segment.shows)]
    parts = [
        grid.part(rows, columns)
        for columns in _evenly(grid.columns, min(shape.table_columns, LANDSCAPE.table_columns))
        for rows in _evenly(grid.rows, min(shape.rows, LANDSCAPE.rows))
    ]
    return [part for part in parts if part]


def _weight_pages(segment: Segment, shape: Format) -> list[list[str]]:
    """Names with their weights; what is no part itself, the total, stands on the last page."""
    names = [ref for ref in segment.shows if "." in ref]
    others = [ref for ref in segment.shows if "." not in ref]
    pages = [list(page) for page in _evenly(names, min(WEIGHTS, shape.rows))] or [[]]
    pages[-1] += others
    return pages


def _evenly(items: Sequence[str], most: int) -> list[Sequence[str]]:
    """As few parts as have no more than `most` items each, of about the same length."""
    count = math.ceil(len(items) / most)
    edges = [round(index * len(items) / count) for index in range(count + 1)] if count else []
    return [items[start:end] for start, end in pairwise(edges)]


def _filled(points: Sequence[str], shape: Format) -> float:
    """Which part of a notice slide the points fill, in their format or in landscape, whichever is more."""
    return max(
        sum(math.ceil(len(point) / item.columns) + GAP for point in points) / item.lines for item in (shape, LANDSCAPE)
    )


def _balanced(points: list[str], shape: Format) -> list[tuple[str, ...]]:
    """As few pages as hold the points, filled about evenly: no last page with one lost line."""
    full = _pages(points, shape, 1.0)
    limit = max((_filled([point], shape) for point in points), default=0.0)
    while limit < 1:
        pages = _pages(points, shape, limit)
        if len(pages) == len(full):
            return pages
        limit += 0.04
    return full


def _pages(points: list[str], shape: Format, limit: float) -> list[tuple[str, ...]]:
    pages: list[list[str]] = [[]]
    for point in points:
        if pages[-1] and _filled([*pages[-1], point], shape) > limit:
            pages.append([])
        pages[-1].append(point)
    return [tuple(page) for page in pages if page]


def _pieces(point: str, shape: Format) -> list[str]:
    """The point whole if a slide holds it; else its sentences put together to fill slides, else its words."""
    most = min(int(item.lines - GAP) * item.columns for item in (shape, LANDSCAPE))
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


def _shares(
    sentences: tuple[Sentence, ...], pages: Sequence[Sequence[str]], *, by_ref: bool = False
) -> list[tuple[Sentence, ...]]:
    """Sentences for each page: those whose words or values stand on it, the others with the sentence before them."""
    shares: list[list[Sentence]] = [[] for _ in pages]
    current = 0
    for sentence in sentences:
        words = " ".join(sentence.shown.split())
        for number in range(current, len(pages)):
            page = pages[number]
            if any(ref in page for ref in sentence.refs) if by_ref else any(words in point for point in page):
                current = number
                break
        shares[current].append(sentence)
    return [tuple(share) for share in shares]
