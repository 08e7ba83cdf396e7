"""What a company expects, out of a line and out of one cell: which ends, of which period, in which scale; and what is left alone."""

from __future__ import annotations

import pytest
from paper_sample import paper

from workflow_orchestrator.documents import Document
from workflow_orchestrator.evidence import prove_all
from workflow_orchestrator.extraction import read_fields
from workflow_orchestrator.fields import FieldSet

KEYS = {
    "3m": {"title": {"en": "quarter"}, "labels": {"en": ["Third quarter", "Q3", "Three months ended"]}},
    "1y": {"title": {"en": "year"}, "labels": {"en": ["Full year", "Fiscal year"]}},
}
FIELDS = FieldSet.from_json({
    "properties": {
        "low": {
            "kind": "money", "title": {"en": "Revenue expected"}, "keyed": "period", "column": "low", "keys": KEYS,
            "sections": {"en": ["Guidance", "Outlook"]}, "labels": {"en": ["Revenue", "Net sales"]},
        },
        "high": {"like": "low", "column": "high", "title": {"en": "Revenue expected, upper end"}},
        "each_low": {
            "like": "low", "title": {"en": "Per share expected"}, "labels": {"en": ["GAAP diluted EPS", "Diluted earnings per share"]},
        },
        "each_high": {"like": "each_low", "column": "high", "title": {"en": "Per share expected, upper end"}},
    },
})  # fmt: skip
ISSUER = (780, [(40, "Northwind Tools, Inc. (NYSE: NWT). Form 10-Q")])


def document(*lines: tuple[float, list[tuple[float, str]]]) -> Document:
    """One page of a company that files in the United States, where "$" is the US dollar; the rate shows its decimal points."""
    return paper(ISSUER, *lines, (60, [(40, "The tax rate was 21.40%.")]))


def read(*lines: tuple[float, list[tuple[float, str]]]) -> dict[str, str]:
    """What the offline reader takes, by reference."""
    values = read_fields(document(*lines), FIELDS).values.items()
    return {ref: str(value.value) for ref, value in values}


def line(words: str) -> dict[str, str]:
    """What it takes from one line."""
    return read((700, [(40, words)]))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Third Quarter FY24 Revenue Guidance of $8.70 Billion to $8.72 Billion, up", {"low.3m": "8700000000", "high.3m": "8720000000"}),
        ("Narrows 2026 Revenue Guidance Range to $67 to $70 Billion and adjusts", {"low.1y": "67000000000", "high.1y": "70000000000"}),
        ("Full Year Revenue Outlook: see page 4", {}),
        ("Full Year 2026 Net Sales Outlook of $410 million - $420 million", {"low.1y": "410000000", "high.1y": "420000000"}),
        ("Third quarter GAAP diluted EPS guidance of $1.02 to $1.03", {"each_low.3m": "1.02", "each_high.3m": "1.03"}),
    ],
)  # fmt: skip
def test_a_line_says_period_label_and_both_ends(words: str, found: dict[str, str]) -> None:
    """The scale stands behind each end, or behind the second for both; a year alone is the whole year."""
    assert line(words) == found


@pytest.mark.parametrize(
    "words",
    [
        "Third Quarter Services Revenue Guidance of $8.70 Billion to $8.72 Billion",
        "Third Quarter Revenue of $8.70 Billion to $8.72 Billion",
        "Revenue Guidance of $8.70 Billion to $8.72 Billion",
        "Third Quarter Revenue Guidance of $8.70 to $8.72",
        "Third Quarter Revenue Guidance of $8.70 Billion",
        "Second Half Revenue Guidance of $8.70 Billion to $8.72 Billion",
    ],
)
def test_what_is_not_certain_is_left_alone(words: str) -> None:
    """Another revenue, no word of an outlook, no period, no scale, one end, or a period that the field does not have."""
    assert line(words) == {}


TABLE = (
    (700, [(300, "Q3 FY24"), (430, "Full Year FY24")]),
    (690, [(300, "Guidance"), (430, "Guidance")]),
    (678, [(40, "Margin"), (300, "N/A"), (430, "13.3%")]),
    (666, [(40, "GAAP Diluted EPS"), (300, "$1.02 - $1.03"), (430, "$3.50 - $3.52")]),
    (654, [(40, "Adjusted Diluted EPS"), (300, "$2.02 - $2.03"), (430, "$8.50 - $8.52")]),
)


def test_a_cell_holds_both_ends() -> None:
    """Under the heads of its column, over cells of other rows; another measure's row is nobody's."""
    assert read(*TABLE) == {"each_low.3m": "1.02", "each_high.3m": "1.03", "each_low.1y": "3.50", "each_high.1y": "3.52"}


def test_a_head_without_a_word_of_an_outlook_says_nothing() -> None:
    """A range of results, or of prices of a share, is no guidance."""
    assert read(TABLE[0], *TABLE[2:]) == {}


def test_both_ends_are_proven() -> None:
    """What the reader takes, the evidence check accepts: each end, its scale and what names it are words of the page."""
    page = document((720, [(40, "Third Quarter FY24 Revenue Guidance of $8.70 Billion to $8.72 Billion")]), *TABLE)
    values = list(read_fields(page, FIELDS).values.values())
    assert len(values) == 6
    assert {verdict.status for verdict in prove_all(values, page, FIELDS)} == {"proven"}
