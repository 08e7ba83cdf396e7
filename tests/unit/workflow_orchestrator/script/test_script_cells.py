"""Cells of a table that stand beside the sentence that quotes their figures."""

from __future__ import annotations

from decimal import Decimal

import pytest

from workflow_orchestrator.script.compose import cells_in_quote
from workflow_orchestrator.values import Evidence, Kind, Origin, Value, ValueSet


def quote(text: str) -> dict[str, Value]:
    """A slide that shows one sentence of the document."""
    return {"claim": Value("claim", Kind.PARAGRAPH, text, Evidence(1, text), Origin.OFFLINE)}


def cells(**printed: str) -> ValueSet:
    """Cells by row and column, with an underscore between."""
    return ValueSet(
        Value("results", Kind.RATIO, Decimal(figure), Evidence(1, figure), Origin.OFFLINE, key=name.replace("_", " · "))
        for name, figure in printed.items()
    )


TABLE = cells(Alpha_Recall="0.91", Beta_Recall="0.95", Beta_Precision="0.98", Gamma_Precision="0.95", Delta_Speed="0.91")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("The precision is 0.98.", ["Beta · Precision"]),
        ("It is 0.98.", ["Beta · Precision"]),  # the only cell with this figure
        ("With beta, recall rises to 0.95.", ["Beta · Recall"]),  # named by row and column; gamma's precision by none
        ("Recall rises to 0.95.", ["Beta · Recall"]),
        ("Beta reaches 0.95 and a precision that is as high.", ["Beta · Recall", "Gamma · Precision"]),  # each is named once
        ("It rises from 0.91 to 0.95.", []),  # two cells have each, and nobody knows which is meant
        ("It rises to 0.9512 in 10.95 s.", []),  # parts of other figures
        ("Alphabet reaches 0.91.", []),  # no part of a word names a row
    ],
)
def test_a_figure_is_shown_where_the_sentence_names_its_cell(said: str, shown: list[str]) -> None:
    """A cell that has the same figure by chance is no evidence for the sentence."""
    assert [value.key for value in cells_in_quote("results.in_quote", quote(said), TABLE)] == shown


def test_other_references_are_none() -> None:
    """Only `in_quote` asks for cells of a quotation, and a slide without one has none."""
    assert cells_in_quote("results.Beta · Recall", quote("It is 0.98."), TABLE) == ()
    assert cells_in_quote("results.in_quote", {}, TABLE) == ()
