"""Twelve months are read as such where they are printed with both their ends, or with their last month behind words that say so."""

from __future__ import annotations

import pytest
from paper_sample import paper, published

from workflow_orchestrator.documents import Document
from workflow_orchestrator.extraction.spans import month_of, span_of


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("Sep 2024 - Sep 2025", "2025-09"),
        ("September 2024 – September 2025", "2025-09"),
        ("Sept. 2024 bis Sept. 2025", "2025-09"),
        ("janv. 2025 - janv. 2026", "2026-01"),
        ("09/2024 – 09/2025", "2025-09"),
        ("30.09.2024 – 30.09.2025", "2025-09"),
        ("30/09/24-30/09/25", "2025-09"),
        ("vom 01.10.2024 bis 30.09.2025", "2025-09"),
        ("01.01.2025 - 31.12.2025", "2025-12"),
        ("09/30/2024 - 09/30/2025", "2025-09"),
        ("30 Sep 2024 to 30 Sep 2025", "2025-09"),
        ("28.02.2023 – 29.02.2024", "2024-02"),
        ("29.02.2024 – 28.02.2025", "2025-02"),
    ],
)
def test_a_span_of_twelve_months_is_told_by_its_last(text: str, last: str) -> None:
    """In figures and in words, with days or without, in three languages."""
    assert span_of(text) == last


@pytest.mark.parametrize(
    "text",
    [
        "Sep 2024 - Sep 2026",  # two years
        "Jan 2025 - Dec 2025",  # eleven months between: the calendar year, or a month too few
        "Sep 2025 - Sep 2024",
        "15.09.2024 – 15.09.2025",  # no whole months
        "30.09.2024 – Sep 2025",
        "01/10/2024 - 30/09/2025 p.a.",
        "30.09.2024",
        "2024 - 2025",
        "10 - 20",
        "Fund - Index",
        "31.13.2024 – 31.13.2025",
    ],
)
def test_other_spans_are_none(text: str) -> None:
    """Of another length, the wrong way round, with days within months, or no months at all."""
    assert span_of(text) is None


def test_a_month_is_a_month_alone() -> None:
    """With its year, and without a day."""
    assert month_of("Sep 2025") == month_of("09/2025") == "2025-09"
    assert {month_of(text) for text in ("30 Sep 2025", "September", "2025")} == {None}


def columns(title: str, *heads: str, stub: str = "") -> Document:
    """A table with a row of the fund and one of its index under these heads."""
    places = [(-(260 + 110 * number), head) for number, head in enumerate(heads)]
    return paper(
        (700, [(40, f"*{title}")]),
        (686, [*([(40, stub)] if stub else []), *places]),
        (672, [(40, "Fund"), *((place, f"{number + 1}.25") for number, (place, _) in enumerate(places))]),
        (658, [(40, "Benchmark"), *((place, f"{number + 1}.75") for number, (place, _) in enumerate(places))]),
    )


def taken(document: Document) -> dict[str, str]:
    return {ref: value for ref, value in published(document).items() if "twelve_months" in ref}


def test_the_columns_of_a_table_are_read() -> None:
    """The fund's own row, and the benchmark's beside it."""
    assert taken(columns("Discrete performance (%)", "Sep 2024 - Sep 2025", "Sep 2025 - Sep 2026")) == {
        "twelve_months.2025-09": "1.25", "twelve_months.2026-09": "2.25",
        "benchmark_twelve_months.2025-09": "1.75", "benchmark_twelve_months.2026-09": "2.75",
    }


def test_months_behind_twelve_months_to_are_read() -> None:
    """The words in front of the heads say that each is the last month of twelve."""
    assert taken(columns("Discrete performance (%)", "Sep 2025", "Sep 2026", stub="12 months to end of")) == {
        "twelve_months.2025-09": "1.25", "twelve_months.2026-09": "2.25",
        "benchmark_twelve_months.2025-09": "1.75", "benchmark_twelve_months.2026-09": "2.75",
    }


@pytest.mark.parametrize(
    "document",
    [
        columns("Performance (%)", "Sep 2025", "Sep 2026"),  # of a month each
        columns("Discrete performance (%)", "Sep 2023 - Sep 2025", "Sep 2024 - Sep 2026"),
        columns("Volatility (%)", "Sep 2024 - Sep 2025", "Sep 2025 - Sep 2026"),
        columns("Discrete performance (%)", "Sep 2025 - Sep 2026", "Sep 2025 - Sep 2026"),
    ],
)
def test_what_is_no_return_over_twelve_months_is_left(document: Document) -> None:
    """Single months, spans of two years, another measure, the same span twice."""
    assert taken(document) == {}


def test_rows_that_begin_with_a_span_are_read() -> None:
    """Under the heads of the series, as German sheets print them."""
    document = paper(
        (700, [(40, "*Wertentwicklung in 12-Monats-Zeiträumen")]),
        (686, [(-300, "Fonds"), (-380, "Index")]),
        (672, [(40, "30.09.2025 – 30.09.2026"), (-300, "+4,78 %"), (-380, "+3,56 %")]),
        (658, [(40, "30.09.2024 – 30.09.2025"), (-300, "-1,28 %"), (-380, "-0,36 %")]),
        language="de",
    )
    assert taken(document) == {
        "twelve_months.2026-09": "4.78", "twelve_months.2025-09": "-1.28",
        "benchmark_twelve_months.2026-09": "3.56", "benchmark_twelve_months.2025-09": "-0.36",
    }
