"""Reads a drawn risk scale: the marked step is the value of a whole-number field whose limits are those of the scale.

    Risk indicator                        label of the field, or a heading of its block (`sections`)
    1   2   3  [4]  5   6   7             Page.scales: the drawing marks step 4

A scale belongs to a field only when words near it name the field: on its row, above it, or directly below it when no further scale
follows there. Its evidence is the printed digit of the marked step. A picture of a scale has no printed digit, so it gives no value:
what it marks is told to the person who is asked for the field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from workflow_orchestrator.documents import Scale
from workflow_orchestrator.documents.model import around
from workflow_orchestrator.documents.scales import digit_rows
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold_label, has_words
from workflow_orchestrator.extraction.layout import Cell, DocumentLayout, PageLayout, overlap
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Findings
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.values import NUMERIC_KINDS, Box, Evidence, Kind, Origin

_ABOVE = 90.0  # points: legends ("lower risk", "higher risk") and an arrow may stand between a heading and its scale
_BELOW = 30.0
_BESIDE = 3.0  # steps
_MAX_WORDS = 8  # of a heading; more are a sentence


@dataclass(frozen=True, slots=True)
class Claim:
    """A scale that belongs to a field: the words that say so, and the box of its marked step."""

    field: str
    page: int
    scale: Scale
    label: str


def read_scales(
    layout: DocumentLayout, words: Vocabulary, names: frozenset[str], reader: Reader, found: Findings
) -> None:
    """Takes the marked step of each scale that is named; tells of a picture that is named.

    Args:
        layout: the document.
        words: what its words name.
        names: folded words of the document's own name and share class.
        reader: how figures are read.
        found: takes values and what is left out.
    """
    for claim in claims(layout, words, names):
        spec, scale = words.fields[claim.field], claim.scale
        quote = str(scale.marked)
        if not scale.printed:
            reason = f"the picture of a scale marks step {quote} of {scale.steps}; no printed words say so"
            found.reject(spec.name, quote, claim.page, reason)
            continue
        with suppress(FigureError):
            evidence = Evidence(claim.page, quote, claim.label, scale.box)
            found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE), rank=1)


def drop_steps(layout: DocumentLayout, found: Findings) -> None:
    """Takes out what other readers made of the printed steps of a scale, marked or not: they are its axis, not a value."""
    steps = {
        (page.number, word.box) for page in layout.pages for row in digit_rows(page.page.words) for word in row
    }
    for ref in found.refs():
        kept = []
        for candidate in found.candidates(ref):
            evidence = candidate.value.evidence
            if (evidence.page, evidence.box) in steps:
                found.reject(ref, evidence.quote, evidence.page, "a step of a printed scale")
            else:
                kept.append(candidate)
        found.replace(ref, kept)


def marked_steps(layout: DocumentLayout, words: Vocabulary, names: frozenset[str]) -> Mapping[tuple[int, Box], Claim]:
    """The claims of scales with printed digits, by page and by the box of the marked digit."""
    return {(claim.page, claim.scale.box): claim for claim in claims(layout, words, names) if claim.scale.printed}


def claims(layout: DocumentLayout, words: Vocabulary, names: frozenset[str]) -> Iterator[Claim]:
    """Each scale of the document with the field that it belongs to; a scale that several fields could claim belongs to none."""
    for page in layout.pages:
        if not page.page.scales:
            continue
        rows = _rows(page)
        for scale in page.page.scales:
            found = [
                Claim(spec.name, page.number, scale, label)
                for spec in words.fields.values()
                if _is_of(spec, scale) and (label := _label(page, scale, rows, spec, words, names))
            ]
            if len(found) == 1:
                yield found[0]


def _is_of(spec: FieldSpec, scale: Scale) -> bool:
    return spec.kind is Kind.INTEGER and not spec.keyed and spec.minimum == 1 and spec.maximum == scale.steps


def _rows(page: PageLayout) -> list[Box]:
    """The boxes of all scales of a page and of all rows of digits that could be one, marked or not."""
    boxes = [around(row) for row in digit_rows(page.page.words)]
    for scale in page.page.scales:
        box = _box(scale)
        if not any(_meet(box, other) for other in boxes):
            boxes.append(box)
    return boxes


def _box(scale: Scale) -> Box:
    first, last = scale.boxes[0], scale.boxes[-1]
    return Box(first.left, min(first.bottom, last.bottom), last.right, max(first.top, last.top))


def _meet(one: Box, other: Box) -> bool:
    return overlap(one, other) > 0 and one.bottom < other.top and other.bottom < one.top


def _label(
    page: PageLayout, scale: Scale, rows: list[Box], spec: FieldSpec, words: Vocabulary, names: frozenset[str]
) -> str:
    """The words that make the scale one of this field; empty when there are none, or when others make it something else."""
    box = _box(scale)
    step = (box.right - box.left) / scale.steps
    beside = _beside(page, box, step)
    if beside is not None:
        return beside.text if _names(beside.text, spec) else ""
    others = [row for row in rows if not _meet(row, box)]
    above, below = _around(page, box, step, others)
    for number, cell in enumerate(above):
        if _names(cell.text, spec):
            return "" if any(_is_foreign(other, spec, words, names) for other in above[:number]) else cell.text
    if _is_followed(box, others) or any(_is_foreign(cell, spec, words, names) for cell in above):
        return ""
    return next((cell.text for cell in below if _names(cell.text, spec)), "")


def _is_followed(box: Box, others: Sequence[Box]) -> bool:
    """Whether another scale stands close below: words between the two belong to that one."""
    return any(row.top <= box.bottom and overlap(row, box) > 0 and box.bottom - row.top <= _ABOVE for row in others)


def _around(page: PageLayout, box: Box, step: float, others: Sequence[Box]) -> tuple[list[Cell], list[Cell]]:
    """The cells above and below a scale, the nearest first, as far as no other scale stands between."""
    cells = [cell for row in page.rows for cell in row.cells if overlap(cell.box, _wider(box, step)) > 0]
    above = [
        cell for cell in cells if 0 <= cell.box.bottom - box.top + 2 <= _ABOVE and not _parted(cell.box, box, others)
    ]
    below = [
        cell for cell in cells if 0 <= box.bottom - cell.box.top + 2 <= _BELOW and not _parted(box, cell.box, others)
    ]
    return sorted(above, key=lambda cell: cell.box.bottom), sorted(below, key=lambda cell: -cell.box.top)


def _wider(box: Box, step: float) -> Box:
    return Box(box.left - step, box.bottom, box.right + step, box.top)


def _beside(page: PageLayout, box: Box, step: float) -> Cell | None:
    """A short cell directly to the left of the scale, on its row: nothing else can name it then."""
    middle = (box.bottom + box.top) / 2
    near = [
        cell
        for row in page.rows
        for cell in row.cells
        if cell.box.bottom <= middle <= cell.box.top
        and 0 <= box.left - cell.box.right <= _BESIDE * step
        and any(char.isalpha() for char in cell.text)
        and len(cell.words) <= _MAX_WORDS
    ]
    return max(near, key=lambda cell: cell.box.right, default=None)


def _parted(upper: Box, lower: Box, rows: Sequence[Box]) -> bool:
    """Whether another scale stands between two boxes."""
    return any(lower.top - 2 <= row.bottom and row.top <= upper.bottom + 2 and overlap(row, lower) > 0 for row in rows)


def _names(text: str, spec: FieldSpec) -> bool:
    """Whether a heading carries a label of the field or a heading of its block."""
    folded = fold_label(text)
    if len(folded.split()) > _MAX_WORDS:
        return False
    phrases = (*spec.all_labels(), *(label for group in spec.sections.values() for label in group))
    return any(has_words(folded, fold_label(phrase)) for phrase in phrases)


def _is_foreign(cell: Cell, spec: FieldSpec, words: Vocabulary, names: frozenset[str]) -> bool:
    """Whether words between a heading and the scale say that the scale is of something else: a field, another series or class."""
    if _names(cell.text, spec):
        return False
    others = (words.fields[target.field] for target in words.label(cell.text) if target.field != spec.name)
    if any(other.kind in NUMERIC_KINDS for other in others):
        return True
    return words.series(cell.text, names) == "other"
