"""Reads a choice that is told by the words in front of another value: the scale of an indicator is what its label says.

    Summary risk indicator (SRI)   4 of 7      the scale is the SRI
    Risk and reward profile   1 2 3 [4] 5 6 7  the scale is the SRRI

Nothing is inferred: an indicator whose label says no scale has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from workflow_orchestrator.documents import Word
from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold_label
from workflow_orchestrator.extraction.layout import DocumentLayout, PageLayout
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Findings
from workflow_orchestrator.extraction.standing import places_of_words
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.values import Evidence, Origin, Value


def read_label_words(layout: DocumentLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """The choices with `of_label`, from the label of the value that their field is settled on."""
    for spec in words.fields.values():
        value = found.first(spec.of_label) if spec.of_label else None
        if value is None or not value.evidence.label:
            continue
        page = layout.pages[value.evidence.page - 1]
        for run in _longest(spec, _label_of(page, value)):
            quote = " ".join(word.text for word in run)
            with suppress(FigureError):
                evidence = Evidence(page.number, quote, "", around(run))
                found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE))


def _label_of(page: PageLayout, value: Value) -> tuple[Word, ...]:
    """The words of the label, where they stand nearest to the value."""
    box = value.evidence.box
    places = places_of_words(page, value.evidence.label)
    if box is None or not places:
        return ()
    nearest = min(places, key=lambda place: abs(place.box.bottom - box.bottom) + abs(place.box.left - box.left) / 10)
    return nearest.words


def _longest(spec: FieldSpec, label: tuple[Word, ...]) -> Iterator[tuple[Word, ...]]:
    """The runs of words of a label that are words of a choice, without those inside of a longer run."""
    known = {fold_label(word) for choice in spec.choices for group in choice.words.values() for word in group}
    runs = [
        (start, end)
        for start in range(len(label))
        for end in range(start + 1, len(label) + 1)
        if fold_label(" ".join(word.text for word in label[start:end]).strip("() :")) in known
    ]
    for start, end in runs:
        if not any(other != (start, end) and other[0] <= start and end <= other[1] for other in runs):
            yield label[start:end]
