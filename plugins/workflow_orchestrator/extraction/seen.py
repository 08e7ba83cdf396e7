"""A drawn scale whose marked step only a person can read: cells of a picture, or boxes of which no word says which is marked.

    Risk indicator                        words of the page that name the field: the printed part of the evidence
    ┌───┬───┬───┬▓▓▓┬───┬───┬───┐         the reader may take a step for the marked one, but no printed words say so:
    │ 1 │ 2 │ 3 │▓4▓│ 5 │ 6 │ 7 │         it is offered to a person and never used by itself
    └───┴───┴───┴▓▓▓┴───┴───┴───┘

A step that a person read stands for as much as the person's word does: it is marked `origin: person`, and the proof asks only that
the page names such a scale, and that no printed words give the field another value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from workflow_orchestrator.documents.model import STEPS
from workflow_orchestrator.extraction.fold import fold, fold_label
from workflow_orchestrator.extraction.layout import DocumentLayout
from workflow_orchestrator.extraction.scales import claims
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import FieldSet, FieldSpec
from workflow_orchestrator.values import Box, Evidence, Kind, Origin, Value, ValueSet

_MAX_WORDS = 8  # of a heading; more are a sentence


@dataclass(frozen=True, slots=True)
class SeenScale:
    """A scale of a field: its page, from 1, the printed words that name it, where to look, and what the reader takes for marked.

    `boxes` are those of the steps; none where the reader cannot tell the steps apart.
    """

    page: int
    label: str
    box: Box
    boxes: tuple[Box, ...] = ()
    marked: int | None = None

    def evidence(self, step: int) -> Evidence:
        """The evidence of a step that a person read."""
        return Evidence(self.page, str(step), self.label, self.boxes[step - 1] if self.boxes else None)


def is_scale(spec: FieldSpec) -> bool:
    """Whether a field is a step of a scale: one whole number from 1 to the number of steps that a scale may have."""
    return spec.kind is Kind.INTEGER and not spec.keyed and spec.minimum == 1 and spec.maximum in STEPS


def own_names(values: ValueSet, fields: FieldSet) -> frozenset[str]:
    """Folded words of the document's own name and share class."""
    return frozenset(
        token
        for value in values.values()
        if value.kind is Kind.TEXT and fields[value.field].sections
        for token in re.findall(r"\w+", fold(str(value.value)))
    )


def scales_of(
    spec: FieldSpec, layout: DocumentLayout, words: Vocabulary, names: frozenset[str]
) -> tuple[SeenScale, ...]:
    """The scales of a field, those first whose steps the reader can tell apart; else the headings under which one may be drawn."""
    if not is_scale(spec):
        return ()
    drawn = tuple(
        SeenScale(claim.page, claim.label, _around(claim.scale.boxes), claim.scale.boxes, claim.scale.marked)
        for claim in claims(layout, words, names)
        if claim.field == spec.name
    )
    pages = {scale.page for scale in drawn}
    return (*drawn, *(scale for scale in _headings(spec, layout, words) if scale.page not in pages))


def step_that_was_seen(
    spec: FieldSpec, entered: str, page: int, layout: DocumentLayout, words: Vocabulary, names: frozenset[str]
) -> tuple[Value, SeenScale] | None:
    """The value of a step that a person read on a page, and the scale; `None` where that page names no such scale."""
    if not re.fullmatch(r"\d{1,2}", entered) or not is_scale(spec) or not 1 <= int(entered) <= int(spec.maximum or 0):
        return None
    scale = next((scale for scale in scales_of(spec, layout, words, names) if scale.page == page), None)
    if scale is None:
        return None
    evidence = scale.evidence(int(entered))
    return Value(spec.name, spec.kind, Decimal(entered), evidence, Origin.PERSON, unit=spec.unit), scale


def _headings(spec: FieldSpec, layout: DocumentLayout, words: Vocabulary) -> Iterator[SeenScale]:
    for page in layout.pages:
        for row in page.rows:
            for cell in row.cells:
                named = any(target.field == spec.name for target in words.label(cell.text))
                if named or (len(cell.words) <= _MAX_WORDS and words.in_section(spec.name, fold_label(cell.text))):
                    yield SeenScale(page.number, cell.text, cell.box)


def _around(boxes: tuple[Box, ...]) -> Box:
    return Box(
        min(box.left for box in boxes),
        min(box.bottom for box in boxes),
        max(box.right for box in boxes),
        max(box.top for box in boxes),
    )
