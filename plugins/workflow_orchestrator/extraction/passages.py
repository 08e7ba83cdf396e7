"""Reads the text under the headings that a paragraph field names, or one sentence of it.

    Abstract                        a heading: a line set otherwise than the text, with or without a number in front ("7.2 Limitations")
    Abstract. We study how …        or the first words of a line, set otherwise than its rest
    … We propose a reader that …    with `cues`, the first sentence that has one of them, whole, and not longer than `most_words`

A sentence is taken for one field only, in the order of the schema. One that goes over a page, or holds raised or lowered signs, is
passed over: two readers of the document would not agree on its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

from workflow_orchestrator.documents import Word
from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.flow import Flow, Line, Passage, joined
from workflow_orchestrator.extraction.fold import fold, fold_label, has_words
from workflow_orchestrator.extraction.layout import overlap
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Findings
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.values import Evidence, Kind, Origin

NUMBERED = re.compile(r"^(?:(?:\d+(?:\.\d+)*|[IVX]{1,4}|[A-H])\.?\s+)(?=\S)")
CAPTION = re.compile(r"^(?:figure|fig\.|table|tab\.|abbildung|abb\.|tabelle|tableau|algorithm)\s+\d+\s*[.:\-–]", re.IGNORECASE)
_LABEL_WORDS = 7  # of the longest heading that is looked for
_HEADING_WORDS = 12
_MOST_LINES = 120
_MOST_LETTERS = 3900
_LARGER, _SMALLER = 1.05, 0.82
_GAP = 2.2  # of the height of a line, below which the text goes on
_ENDS = re.compile(r"[.!?…][\"'”»“’)\]]*$")


def read_passages(flow: Flow, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """The paragraphs and sentences of the fields that name the headings of their text."""
    taken: set[str] = set()
    for spec in words.fields.values():
        if spec.kind is not Kind.PARAGRAPH or not words.sections(spec.name):
            continue
        for heading, label, lines in sections(flow, words.sections(spec.name)):
            if _take(flow, spec, (heading, label), lines, reader, found, taken):
                break


def sections(flow: Flow, headings: Sequence[str]) -> Iterator[tuple[Line, str, list[Line]]]:
    """The lines under each heading that is one of these, folded: the line of the heading, its words, and the text."""
    for number, line in enumerate(flow.lines):
        label, rest = _heading(flow, line, headings)
        if label:
            body = [Line(line.page, line.column, rest)] if rest else []
            yield line, label, [*body, *_under(flow, number + 1, body[0] if body else None, line)]


def _heading(flow: Flow, line: Line, headings: Sequence[str]) -> tuple[str, tuple[Word, ...]]:
    """The heading that a line is or begins with, and the words of the text behind it; empty when it is none."""
    if len(line.words) <= _LABEL_WORDS and _bare(line.text) in headings:
        apart = line.size >= _LARGER * flow.size or line.style != _text_style(flow)
        return (line.text, ()) if apart else ("", ())
    for count in range(1, min(_LABEL_WORDS, len(line.words) - 1) + 1):
        first, rest = line.words[:count], line.words[count:]
        if first[-1].style != rest[0].style and fold_label(re.sub(r"[-–—]$", "", joined(first))) in headings:
            return joined(first).rstrip(" .:-–—"), rest
    return "", ()


def _bare(text: str) -> str:
    return fold_label(NUMBERED.sub("", text))


def _text_style(flow: Flow) -> int:
    sizes = [line for line in flow.lines if line.size == flow.size]
    counts: dict[int, int] = {}
    for line in sizes:
        counts[line.style] = counts.get(line.style, 0) + len(line.text)
    return max(counts, key=lambda style: counts[style]) if counts else -1


def _under(flow: Flow, start: int, first: Line | None, heading: Line) -> Iterator[Line]:
    """The lines of the text under a heading, up to the next one."""
    before = first or heading
    text = first
    for line in flow.lines[start : start + _MOST_LINES]:
        if text is not None and line.size < _SMALLER * text.size:
            continue
        same_column = (line.page, line.column) == (before.page, before.column)
        gap = before.box.bottom - line.box.top
        if CAPTION.match(line.text) or (same_column and gap > _GAP * line.size) or (text and _is_next(line, text)):
            return
        text = text or line
        before = line
        yield line


def _is_next(line: Line, text: Line) -> bool:
    """Whether a line is, or begins with, the heading of something else."""
    first = line.words[0]
    if line.size >= _LARGER * text.size:
        return True
    if line.style != text.style and len(line.words) <= _HEADING_WORDS and (first.bold or NUMBERED.match(line.text)):
        return True
    return first.style != text.style and (first.bold or first.text.endswith((":", ".", "—"))) and first.text[0].isupper()


def _take(
    flow: Flow,
    spec: FieldSpec,
    heading: tuple[Line, str],
    lines: Sequence[Line],
    reader: Reader,
    found: Findings,
    taken: set[str],
) -> bool:
    """Adds what the field takes of the text under one heading; whether there was something to take."""
    from workflow_orchestrator.script.quotes import sentences

    if not lines:
        return False
    passage = flow.passage(lines)
    whole = [text for text in passage.places(sentences(passage.text)) if _ENDS.search(text[0])]
    for text, page, words in _of_field(spec, whole, passage):
        if text not in taken:
            with suppress(FigureError):
                evidence = Evidence(page, text, _label(*heading, page, words), around(words))
                found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE))
                if spec.cues:
                    taken.add(text)
                return True
    return False


def _label(heading: Line, label: str, page: int, words: Sequence[Word]) -> str:
    """The heading without its number, which may stand apart, where it is over the words as one can see: on their page, in their column,
    not in small capitals.
    """
    box, label = around(words), NUMBERED.sub("", label)
    over = heading.page == page and overlap(heading.box, box) > 0 and heading.box.top >= box.top - 1
    return label if over and label in " ".join(word.text for word in heading.words) else ""


def _of_field(
    spec: FieldSpec, whole: Sequence[tuple[str, int, tuple[Word, ...]]], passage: Passage
) -> Iterator[tuple[str, int, tuple[Word, ...]]]:
    """What a field may take: sentences with a cue, or as many sentences from the first on as stand on its page."""
    if spec.cues:
        cues = [fold(cue) for group in spec.cues.values() for cue in group]
        for text, page, own in whole:
            short = not spec.most_words or len(text.split()) <= spec.most_words
            if short and text[0].isupper() and any(has_words(fold(text), cue) for cue in cues) and passage.is_plain(page, own):
                yield text, page, own
        return
    texts: list[str] = []
    words: tuple[Word, ...] = ()
    for text, page, own in whole:
        longer = " ".join([*texts, text])
        if len(longer) > _MOST_LETTERS or (spec.most_words and len(longer.split()) > spec.most_words):
            break
        if page != whole[0][1] or not passage.is_plain(page, own):
            break
        texts.append(text)
        words += own
    if texts:
        yield " ".join(texts), whole[0][1], words
