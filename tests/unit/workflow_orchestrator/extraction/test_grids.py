"""Which table of a paper is read: the one that carries the quoted claim, and without such a claim the first."""

from __future__ import annotations

from dataclasses import replace

import pytest
from paper_sample import ROOT, paper

from workflow_orchestrator.definition import load_fields
from workflow_orchestrator.documents import Document
from workflow_orchestrator.evidence import prove_all
from workflow_orchestrator.extraction import read_fields
from workflow_orchestrator.extraction.pages import needed_pages

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


def over_pages(title: str, heads: str = "Recall", rows: tuple[str, ...] = ("Third", "Fourth"), others: int = 0) -> Document:
    """A table of two rows at the foot of a page, and more rows at the head of the next page of text, or of one after it."""
    first = paper(
        (700, [(60, "*Tests")]),
        (686, [(60, "The readers were given the same pages, and each of them read every page on its own.")]),
        (140, [(60, "Table 1: Results on clean pages.")]),
        (126, [(60, "Reader"), (-300, "Recall"), (-400, "Precision")]),
        (112, [(60, "First"), (-300, "0.91"), (-400, "0.95")]),
        (98, [(60, "Second"), (-300, "0.93"), (-400, "0.96")]),
    )
    second = paper(
        (740, [(60, title)]),
        (726, [(60, "Reader"), (-300, heads), (-400, "Precision")] if heads else [(60, "Of all")]),
        *((712 - 14 * n, [(60, label), (-300, f"0.7{n + 1}"), (-400, f"0.8{n + 1}")]) for n, label in enumerate(rows)),
        (600, [(60, "*Discussion")]),
        (586, [(60, "Nothing more is to be said of the readers, for all of them read what there was to be read.")]),
    )
    between = paper((700, [(60, "Words that go on, without any table.")]))
    pages = (first, *[between] * others, second)
    numbered = tuple(replace(page.pages[0], number=number) for number, page in enumerate(pages, 1))
    return replace(first, pages=numbered)


TITLES = ["Table 1: Results on clean pages (continued).", "Table 1 (continued)", "Table 1 – cont’d", "Tableau 1 (suite)"]


@pytest.mark.parametrize("title", TITLES)
def test_a_table_goes_on_on_the_next_page(title: str) -> None:
    """Under its number and "continued": one table, whose cells are proven on the page where each is printed."""
    document = over_pages(title)
    found = {ref: value for ref, value in read_fields(document, FIELDS).values.items() if ref.startswith("results.")}
    assert {ref.removeprefix("results."): (str(value.value), value.evidence.page) for ref, value in found.items()} == {
        "First · Recall": ("0.91", 1), "First · Precision": ("0.95", 1), "Second · Recall": ("0.93", 1), "Second · Precision": ("0.96", 1),
        "Third · Recall": ("0.71", 2), "Third · Precision": ("0.81", 2), "Fourth · Recall": ("0.72", 2), "Fourth · Precision": ("0.82", 2),
    }
    assert {verdict.status for verdict in prove_all(list(found.values()), document, FIELDS)} == {"proven"}
    assert read_fields(document, FIELDS).values["results_caption"].evidence.page == 1


@pytest.mark.parametrize(
    "document",
    [
        over_pages("Table 2 (continued)"),  # of another table
        over_pages("Table 1: Results on damaged pages."),  # nothing says that it goes on: an appendix counts anew
        over_pages("Table 1: Results on the test suite."),
        over_pages("Table 1 (continued)", heads=""),
    ],
)
def test_what_may_be_another_table_is_not_joined(document: Document) -> None:
    """Another number, no word that it goes on, or no heads: only the first page is read."""
    refs = [ref for ref in read_fields(document, FIELDS).values if ref.startswith("results.")]
    assert len(refs) == 4 and all("First" in ref or "Second" in ref for ref in refs)


def test_a_cell_that_both_pages_print_is_none() -> None:
    """The same row and column twice is two cells of one key."""
    document = over_pages("Table 1 (continued)", rows=("Second", "Third"))
    refs = {ref for ref in read_fields(document, FIELDS).values if ref.startswith("results.")}
    assert refs == {f"results.{row} · {column}" for row in ("First", "Third") for column in ("Recall", "Precision")}


def test_every_page_of_a_table_goes_to_a_model() -> None:
    """Its first page and the one on which it goes on, and not what stands between."""
    sent = needed_pages(over_pages("Table 1 (continued)", others=6), FIELDS).sent
    assert {1, 8} <= set(sent) and 4 not in sent
