"""A value is proven only where the document prints it, as that, and for the fund."""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent / "extraction"))

from paper_sample import FIELDS, NAMES, paper, sample

from workflow_orchestrator.documents import Document
from workflow_orchestrator.evidence import READ_BY_OCR, Verdict, prove, prove_all
from workflow_orchestrator.extraction import read_fields, values_from_answer
from workflow_orchestrator.extraction.layout import DocumentLayout
from workflow_orchestrator.values import NUMERIC_KINDS, Evidence, Kind, Origin, Value

PAPER = paper(
    (780, [(50, "Data as at 31 October 2026")]),
    (724, [(50, "*Cumulative performance (%)*")]), (712, [(-200, "1 month"), (-260, "1 year"), (-320, "3 years")]),
    (700, [(50, "Fund"), (-200, "11.93"), (-260, "5.84"), (-320, "-50.73")]),
    (688, [(50, "Benchmark"), (-200, "0.81"), (-260, "0.79"), (-320, "26.52")]),
    (676, [(50, "Excess return"), (-200, "1.12"), (-260, "5.05"), (-320, "24.21")]),
    (640, [(50, "Ongoing charges"), (-320, "0.85%")]), (628, [(50, "Management fee"), (-320, "0.60%")]),
    (616, [(50, "Fund size"), (-320, "EUR 412.6 million")]), (604, [(50, "Sharpe ratio (3 years)"), (-320, "1.00")]),
    (592, [(50, "Sortino ratio"), (-320, "2.61")]), (580, [(50, "SRI"), (-320, "4 of 7")]),
    (568, [(50, "Launch date"), (-320, "1 April 2014")]), (556, [(50, "Currency"), (-320, "EUR")]),
)  # fmt: skip


def value(field: str, quote: str, number: str, key: str = "", label: str = "", **rest: Any) -> Value:
    spec = FIELDS[field]
    amount = Decimal(number)
    decimals = rest.pop("decimals", max(0, -int(amount.as_tuple().exponent)))
    unit = rest.pop("unit", "%" if spec.kind is Kind.PERCENT else "")
    origin = rest.pop("origin", Origin.MODEL)
    evidence = Evidence(rest.pop("page", 1), quote, label, rest.pop("box", None))
    return Value(field, spec.kind, amount, evidence, origin, key=key, unit=unit, decimals=decimals, **rest)


def verdict(item: Value, document: Document = PAPER) -> Verdict:
    return prove(item, document, FIELDS)


@pytest.mark.parametrize(
    "item",
    [
        value("performance_data", "5.84", "5.84", key="1y", label="Fund · 1 year"),
        value("performance_data", "5.84", "5.84", key="1y"),
        value("performance_data", "-50.73", "-50.73", key="3y"),
        value("ongoing_charges", "0.85%", "0.85", label="Ongoing charges"),
        value("ongoing_charges", "0.85", "0.85"),
        value("sharpe_ratio", "1.00", "1.00"),
        value("sri", "4 of 7", "4"),
        value("fund_size", "EUR 412.6 million", "412600000", unit="EUR", scale=6, decimals=1),
    ],
    ids=lambda item: f"{item.ref}={item.evidence.quote}",
)
def test_what_is_printed_is_proven(item: Value) -> None:
    """A figure that stands where its words say is proven, whoever read it."""
    for origin in Origin:
        assert verdict(replace(item, origin=origin)).status == "proven"


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (value("monthly_performance", "1.93", "1.93"), "does not stand on page 1"),
        (value("performance_data", "50.73", "50.73", key="3y"), "does not stand on page 1"),
        (value("performance_data", "5.8", "5.8", key="1y"), "does not stand on page 1"),
        (value("fund_size", "EUR 412.6", "412.6", unit="EUR"), "does not stand on page 1"),
        (value("performance_data", "5.84", "5.85", key="1y"), "reads as 5.84"),
        (value("performance_data", "5.84", "5.84", key="1y", decimals=1), "reads as"),
        (value("fund_size", "EUR 412.6 million", "412.6", unit="EUR", decimals=1), "reads as 412600000"),
        (value("fund_size", "EUR 412.6 million", "412600000", unit="USD", scale=6, decimals=1), "reads as"),
        (value("performance_data", "5.84", "5.84", key="3y"), "says '3y'"),
        (value("performance_data", "0.79", "0.79", key="1y"), "'Benchmark'"),
        (value("performance_data", "5.05", "5.05", key="1y"), "'Excess return'"),
        (value("performance_data", "5.84", "5.84", key="1y", label="Fund · 5 years"), "'5 years' stands neither"),
        (value("performance_annualised", "-50.73", "-50.73", key="3y"), "performance_data.3y by the table"),
        (value("ongoing_charges", "0.60%", "0.60"), "do not name ongoing_charges"),
        (value("ongoing_charges", "0.60%", "0.60", label="Ongoing charges"), "'Ongoing charges' stands neither"),
        (value("sharpe_ratio", "2.61", "2.61"), "do not name sharpe_ratio"),
        (value("sri", "7", "7"), "do not name sri"),
        (value("sri", "4", "4"), "part of what is printed"),
        (value("monthly_performance", "1", "1"), ""),
        (value("performance_data", "5.84", "5.84", key="1y", page=2), "has 1 pages"),
        (value("performance_data", "5.84", "5.84"), "needs key"),
        (value("sharpe_ratio", "1.00", "1.00", key="3y"), "takes no key"),
        (value("performance_data", "n/a", "0", key="1y"), "there is no value"),
    ],
    ids=lambda item: f"{item.ref}={item.evidence.quote}" if isinstance(item, Value) else "",
)
def test_what_is_not_printed_so_is_not_proven(item: Value, words: str) -> None:
    """A figure cut out of another, in another row, column or scale, or under another name is not proven, and the reason says why."""
    found = verdict(item)
    assert found.status != "proven"
    assert words in found.reason


@pytest.mark.parametrize("origin", Origin)
def test_a_label_of_another_row_does_not_prove(origin: Origin) -> None:
    """A label that stands on the page, but not with the figure, proves nothing, not even for a person."""
    assert (
        verdict(value("ongoing_charges", "0.60%", "0.60", label="Ongoing charges", origin=origin)).status
        == "not_proven"
    )
    assert verdict(value("sharpe_ratio", "2.61", "2.61", label="Sharpe ratio", origin=origin)).status == "not_proven"


def test_dates_and_words_need_their_label_too() -> None:
    """The launch date is not the day of the figures, although it is printed as a date."""
    from datetime import date

    evidence = Evidence(1, "1 April 2014")
    day = date(2014, 4, 1)
    assert verdict(Value("launch_date", Kind.DATE, day, evidence, Origin.MODEL)).status == "proven"
    assert verdict(Value("as_of_date", Kind.DATE, day, evidence, Origin.MODEL)).status == "not_proven"
    assert verdict(Value("currency", Kind.CURRENCY, "EUR", Evidence(1, "EUR"), Origin.MODEL)).status == "proven"


def test_one_reader_alone_does_not_prove() -> None:
    """When only one of the two readers has the quote, the value is ambiguous."""
    page = replace(PAPER.pages[0], text=PAPER.pages[0].text.replace("5.84", "58.4"))
    found = verdict(value("performance_data", "5.84", "5.84", key="1y"), replace(PAPER, pages=(page,)))
    assert found.status == "ambiguous" and "only one of two readers" in found.reason


def test_a_basis_that_nothing_decides_is_ambiguous() -> None:
    """A three-year figure in a table that does not say whether it is per annum is neither."""
    document = paper(
        (724, [(50, "*Returns (%)*")]),
        (712, [(-200, "1 year"), (-260, "3 years")]),
        (700, [(50, "Fund"), (-200, "5.84"), (-260, "14.66")]),
    )
    for field in ("performance_data", "performance_annualised"):
        assert verdict(value(field, "14.66", "14.66", key="3y"), document).status == "ambiguous"


def test_the_column_of_a_turned_table_counts() -> None:
    """Beside a year, the figure of the yearly column is the calendar year, and that of the cumulative column is not."""
    document = paper(
        (700, [(-300, "*JÄHRLICH*"), (-380, "*KUMULIERT*")]),
        (688, [(50, "2025"), (-300, "8,5%"), (-380, "44,4%")]),
        (676, [(50, "2024"), (-300, "10,8%"), (-380, "33,0%")]),
        language="de",
    )
    assert verdict(value("calendar_years", "8,5%", "8.5", key="2025"), document).status == "proven"
    assert verdict(value("calendar_years", "44,4%", "44.4", key="2025"), document).status == "not_proven"
    assert verdict(value("calendar_years", "10,8%", "10.8", key="2025"), document).status == "not_proven"


def test_a_person_may_name_a_value_in_words_of_their_own() -> None:
    """A correction by a person is proven by a label that stands with the figure, though the schema does not know it; a model's is not."""
    document = paper((700, [(50, "October 2026"), (200, "NAV")]), (688, [(50, "*0.58%*"), (200, "*EUR 1.00*")]))
    item = value("monthly_performance", "0.58%", "0.58", label="October 2026")
    assert verdict(item, document).status == "not_proven"
    assert verdict(replace(item, origin=Origin.PERSON), document).status == "proven"
    assert (
        verdict(replace(item, origin=Origin.PERSON, evidence=Evidence(1, "0.58%", "November 2026")), document).status
        == "not_proven"
    )


@pytest.mark.parametrize("name", NAMES)
def test_no_neighbour_can_take_the_place_of_a_value(name: str) -> None:
    """No other figure of the same row or column is proven as the value of any field of a sample."""
    document, reading, _ = sample(name)
    pages = DocumentLayout(document).pages
    tries: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for ref, item in reading.values.items():
        box = item.evidence.box
        if item.kind not in NUMERIC_KINDS or box is None:
            continue
        for mark in (mark for row in pages[item.evidence.page - 1].rows for mark in row.marks):
            column = abs(mark.box.right - box.right) < 4 and abs(mark.box.bottom - box.bottom) < 40
            row = abs(mark.box.bottom - box.bottom) < 2 and abs(mark.box.left - box.left) < 160
            if (column or row) and not mark.nil and mark.text != item.evidence.quote:
                tries[ref].append(
                    {"field": item.field, "key": item.key, "quote": mark.text, "page": item.evidence.page, "label": ""}
                )
    assert sum(map(len, tries.values())) > 40
    for attempt in range(6):
        items = [options[attempt] for options in tries.values() if len(options) > attempt]
        answered = values_from_answer({"values": items}, document, FIELDS)
        for found in prove_all(answered.values.values(), document, FIELDS):
            wrong = answered.values[found.ref].value != reading.values[found.ref].value
            assert not (found.status == "proven" and wrong), (found.ref, answered.values[found.ref].evidence.quote)


def by_ocr(document: Document) -> Document:
    """The same words, read by OCR."""
    return replace(document, pages=tuple(replace(page, source="ocr") for page in document.pages))


SCAN = by_ocr(
    paper(
        (780, [(50, "Fund name"), (200, "Windermoor European Equity Fund")]), (760, [(50, "ISIN"), (200, "IE00B4L5Y983")]),
        (740, [(50, "Data as at"), (200, "31 October 2026")]), (720, [(50, "Currency"), (200, "EUR")]),
        (700, [(50, "Benchmark"), (200, "Talbridge World")]), (680, [(50, "Sharpe ratio"), (200, "0.61")]),
    )
)  # fmt: skip
HOLDINGS = by_ocr(
    paper(
        (640, [(40, "*Top 10 holdings (%)*")]), (628, [(40, "Corwell"), (-250, "4.2"), (300, "Elmstead"), (-520, "3.1")]),
        (616, [(40, "Danbrook"), (-250, "3.9"), (300, "Farnley"), (-520, "3.0")]), (604, [(300, "Total"), (-520, "14.2")]),
    )
)  # fmt: skip


@pytest.mark.parametrize("origin", [Origin.OFFLINE, Origin.MODEL])
def test_words_that_ocr_read_prove_nothing_by_themselves(origin: Origin) -> None:
    """A row that is cut short reads as a shorter name: figures, dates and check digits count, words and their figures do not."""
    found = [replace(item, origin=origin) for item in read_fields(SCAN, FIELDS).values.values()]
    assert {"fund_name", "isin", "as_of_date", "currency", "benchmark", "sharpe_ratio"} <= {item.ref for item in found}
    verdicts = {verdict.ref: verdict for verdict in prove_all(found, SCAN, FIELDS)}
    assert {ref for ref, told in verdicts.items() if told.status == "proven"} == {"isin", "as_of_date", "sharpe_ratio"}
    others = {(told.status, told.reason) for told in verdicts.values() if told.status != "proven"}
    assert others == {("not_proven", READ_BY_OCR)}


def test_a_figure_whose_key_is_a_name_that_ocr_read_is_not_proven() -> None:
    """A weight is of the holding that the name says; the total has no name and is proven."""
    verdicts = prove_all(read_fields(HOLDINGS, FIELDS).values.values(), HOLDINGS, FIELDS)
    told = {verdict.ref: verdict.reason for verdict in verdicts if verdict.status != "proven"}
    assert told == {f"top_holdings.{name}": READ_BY_OCR for name in ("Corwell", "Danbrook", "Elmstead", "Farnley")}
    assert [verdict.ref for verdict in verdicts if verdict.status == "proven"] == ["top_holdings_total"]


def test_a_person_confirms_words_that_ocr_read() -> None:
    """Whoever has compared them with the page is believed, for words that stand there and for no others."""
    found = [replace(item, origin=Origin.PERSON) for item in read_fields(SCAN, FIELDS).values.values()]
    assert {verdict.status for verdict in prove_all(found, SCAN, FIELDS)} == {"proven"}
    name = next(item for item in found if item.field == "benchmark")
    other = replace(name, value="Talbridge Europe", evidence=replace(name.evidence, quote="Talbridge Europe", box=None))
    assert prove(other, SCAN, FIELDS).status == "not_proven"
