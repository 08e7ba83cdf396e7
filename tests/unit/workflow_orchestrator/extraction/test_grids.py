"""Which table of a paper is read: the one that carries the quoted claim, and without such a claim the first."""

from __future__ import annotations

import pytest
from paper_sample import ROOT, paper

from workflow_orchestrator.definition import load_fields
from workflow_orchestrator.documents import Document
from workflow_orchestrator.extraction import read_fields

FIELDS = load_fields(ROOT / "dags" / "research_paper_video" / "schema.json")


def with_claim(claim: str) -> Document:
    """A paper with this sentence in its abstract, and two tables of results."""
    return paper(
        (760, [(60, "*Abstract")]),
        (746, [(60, claim)]),
        (700, [(60, "*Tests")]),
        (686, [(60, "The readers were given the same pages, and each of them read every page on its own.")]),
        (640, [(60, "Table 1: Results on clean pages.")]),
        (626, [(60, "Reader"), (-300, "Recall"), (-400, "Precision")]),
        (612, [(60, "First"), (-300, "0.91"), (-400, "0.95")]),
        (598, [(60, "Second"), (-300, "0.93"), (-400, "0.96")]),
        (540, [(60, "Table 2: Results on damaged pages.")]),
        (526, [(60, "Reader"), (-300, "Recall"), (-400, "Precision")]),
        (512, [(60, "First"), (-300, "0.71"), (-400, "0.852")]),
        (498, [(60, "Second"), (-300, "0.78"), (-400, "0.89")]),
    )


@pytest.mark.parametrize(
    ("claim", "recall"),
    [
        ("The first reader reaches a precision of 0.95 on clean pages.", "0.91"),
        ("The second reader reaches a precision of 0.89 on damaged pages.", "0.71"),
        ("The first reader reaches a precision of 0.85 on damaged pages.", "0.71"),  # the table is more exact than the claim
        ("The first reader reaches a precision of 0.99 on all pages.", "0.91"),  # of no table: the first
        ("The first reader improves on the second by far.", "0.91"),
        ("From 0.95 on clean pages the first reader reaches 0.71 and 0.85 on others.", "0.71"),  # two figures against one
    ],
)
def test_the_table_of_the_claim_is_read(claim: str, recall: str) -> None:
    """The one that prints most of its figures, at the precision of the claim."""
    values = read_fields(with_claim(claim), FIELDS).values
    assert str(values["main_claim"].value) == claim
    assert values["results.First · Recall"].evidence.quote == recall
    assert len([ref for ref in values if ref.startswith("results.")]) == 4


def test_the_caption_is_that_of_the_table() -> None:
    """What is said of the figures names the table in which they stand."""
    values = read_fields(with_claim("The second reader reaches a precision of 0.89 on damaged pages."), FIELDS).values
    assert values["results_caption"].evidence.quote == "Table 2: Results on damaged pages."
