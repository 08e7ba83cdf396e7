"""A step that a person read from a drawing: proven for a person, under words that name it, and against no printed words."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from paper_sample import FIELDS, paper

from workflow_orchestrator.documents import Document, Scale
from workflow_orchestrator.evidence import prove
from workflow_orchestrator.extraction.layout import DocumentLayout
from workflow_orchestrator.extraction.seen import is_scale, scales_of, step_that_was_seen
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.values import Box, Evidence, Kind, Origin, Value

CELLS = tuple(Box(60 + 30 * step, 380, 90 + 30 * step, 400) for step in range(7))
HEADING = (420, [(60, "Risk indicator")])


def with_picture(document: Document, marked: int = 5) -> Document:
    """The document with a picture of a scale on its page."""
    page = replace(document.pages[0], scales=(Scale(CELLS, marked, False, 120.0, 0.0),))
    return replace(document, pages=(page,))


def seen(step: str, origin: Origin = Origin.PERSON, box: Box | None = None) -> Value:
    """A step as somebody read it."""
    return Value("sri", Kind.INTEGER, Decimal(step), Evidence(1, step, "Risk indicator", box), origin)


@pytest.mark.parametrize(
    ("origin", "status"), [(Origin.PERSON, "proven"), (Origin.MODEL, "not_proven"), (Origin.OFFLINE, "not_proven")]
)
def test_only_a_person_reads_a_picture(origin: Origin, status: str) -> None:
    """No machine's word is enough for what no words print."""
    assert prove(seen("5", origin, CELLS[4]), with_picture(paper(HEADING)), FIELDS).status == status


def test_a_person_may_see_another_step_than_the_reader() -> None:
    """The reader's guess binds nobody; the box must be that of the step."""
    document = with_picture(paper(HEADING))
    assert prove(seen("4", box=CELLS[3]), document, FIELDS).status == "proven"
    assert prove(seen("4", box=CELLS[4]), document, FIELDS).status == "not_proven"


def test_without_words_that_name_it_there_is_no_scale() -> None:
    """The words are the printed part of the evidence."""
    document = paper((420, [(60, "Our offices")]))
    assert prove(seen("4"), document, FIELDS).status == "not_proven"
    layout = DocumentLayout(document)
    assert step_that_was_seen(FIELDS["sri"], "4", 1, layout, Vocabulary(FIELDS), frozenset()) is None


def test_printed_words_are_stronger_than_what_a_person_sees() -> None:
    """Where the page prints the value, a person goes by that too."""
    document = paper(HEADING, (500, [(60, "SRI"), (200, "3 / 7")]))
    assert prove(seen("4"), document, FIELDS).status == "not_proven"


def test_only_whole_numbers_from_one_to_the_last_step_are_scales() -> None:
    """A Sharpe ratio in a picture is nobody's to read."""
    assert is_scale(FIELDS["sri"])
    assert not is_scale(FIELDS["sharpe_ratio"])
    assert scales_of(FIELDS["sharpe_ratio"], DocumentLayout(paper(HEADING)), Vocabulary(FIELDS), frozenset()) == ()
