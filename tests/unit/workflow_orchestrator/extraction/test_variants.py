"""Documents that print several share classes: one is read, and nothing of another one gets into it."""

from __future__ import annotations

import pytest
from paper_sample import FIELDS, paper, shown

from workflow_orchestrator.documents import Document
from workflow_orchestrator.evidence import prove_all
from workflow_orchestrator.extraction.layout import DocumentLayout
from workflow_orchestrator.extraction.offline import read_fields
from workflow_orchestrator.extraction.variants import find_variants, printed_codes
from workflow_orchestrator.extraction.vocabulary import Vocabulary

Line = tuple[float, list[tuple[float, str]]]

FIRST, SECOND = "LU9940830169", "LU9940830243"
TITLE: list[Line] = [(770, [(40, "Harrow Debt Fund")]), (752, [(40, "Class I USD Acc")])]
COLUMNS: list[Line] = [
    (600, [(40, "Share class"), (200, "I USD Acc"), (320, "R USD Dist")]),
    (588, [(40, "ISIN"), (200, FIRST), (320, SECOND)]),
    (576, [(40, "NAV per share"), (200, "USD 219.84"), (320, "USD 97.12")]),
    (564, [(40, "Ongoing charges"), (200, "0.71%"), (320, "1.46%")]),
]
ROWS: list[Line] = [
    (600, [(40, "*Share class*"), (140, "*ISIN*"), (240, "*NAV per share*"), (360, "*Ongoing charges*")]),
    (588, [(40, "I USD Acc"), (140, FIRST), (240, "USD 219.84"), (360, "0.71%")]),
    (576, [(40, "R USD Dist"), (140, SECOND), (240, "USD 97.12"), (360, "1.46%")]),
]
RETURNS: list[Line] = [
    (500, [(40, "*Cumulative performance (%)*")]),
    (488, [(-200, "1 month"), (-280, "1 year")]),
    (476, [(40, "I USD Acc"), (-200, "0.74"), (-280, "5.80")]),
    (464, [(40, "R USD Dist"), (-200, "0.68"), (-280, "5.10")]),
]


def sheet(*lines: Line, title: list[Line] = TITLE) -> Document:
    return paper(*title, *lines, sizes={770: 18})


def read(document: Document, code: str = "") -> dict[str, str]:
    """What is read for the variant with this code, and proven."""
    reading = read_fields(document, FIELDS, code=code)
    verdicts = prove_all(reading.values.values(), document, FIELDS)
    return {v.ref: shown(reading.values[v.ref]) for v in verdicts if v.status == "proven"}


@pytest.mark.parametrize("table", [COLUMNS, ROWS], ids=["columns", "rows"])
def test_the_class_of_the_title_is_read(table: list[Line]) -> None:
    """Without a code, the class that the title names: its column or row, and its row of the returns."""
    found = read(sheet(*table, *RETURNS))
    assert (found["isin"], found["nav"], found["ongoing_charges"]) == (FIRST, "219.84", "0.71")
    assert (found["monthly_performance"], found["performance_data.1y"]) == ("0.74", "5.80")


@pytest.mark.parametrize("table", [COLUMNS, ROWS], ids=["columns", "rows"])
def test_the_class_that_was_asked_for_is_read(table: list[Line]) -> None:
    """With a code, that class; its name is the one that the table prints."""
    found = read(sheet(*table, *RETURNS), SECOND)
    assert (found["isin"], found["share_class"]) == (SECOND, "R USD Dist")
    assert (found["nav"], found["ongoing_charges"], found["performance_data.1y"]) == ("97.12", "1.46", "5.10")


def test_what_is_said_of_the_class_in_the_title_is_not_that_of_another() -> None:
    """A price on a card and a volatility belong to the class in the title, and are nothing for another one."""
    other: list[Line] = [(430, [(40, "Volatility"), (-200, "11.42%")]), (415, [(40, "Fund size"), (-200, "USD 742.9 million")])]
    assert read(sheet(*COLUMNS, *other))["volatility"] == "11.42"
    found = read(sheet(*COLUMNS, *other), SECOND)
    assert "volatility" not in found and found["fund_size"] == "742900000"


def test_no_value_of_another_class_is_proven() -> None:
    """Whoever brings them, the values of the first class prove nothing beside the code of the second."""
    document = sheet(*COLUMNS, *RETURNS)
    first = [v for v in read_fields(document, FIELDS).values.values() if FIELDS[v.field].varies and v.field != "isin"]
    code = read_fields(document, FIELDS, code=SECOND).values["isin"]
    verdicts = prove_all([code, *first], document, FIELDS)
    assert [verdict.ref for verdict in verdicts if verdict.status == "proven"] == ["isin"]


def test_nothing_is_chosen_where_the_title_names_no_class() -> None:
    """Then the class is a person's to choose, who is told which there are, and no value of any class is taken."""
    document = sheet(*COLUMNS, title=TITLE[:1])
    reading = read_fields(document, FIELDS)
    assert not {"isin", "nav", "ongoing_charges", "share_class"} & {v.field for v in reading.values.values()}
    (asked,) = [item for item in reading.rejected if item.choose]
    assert asked.ref == "isin" and f"{FIRST} (I USD Acc), {SECOND} (R USD Dist)" in asked.reason


def test_a_list_of_what_is_held_is_no_table_of_classes() -> None:
    """A row with an ISIN for each holding, its currency and its weight."""
    holdings: list[Line] = [
        (600, [(40, "*Security*"), (200, "*ISIN*"), (300, "*Currency*"), (380, "*% of assets*")]),
        (588, [(40, "Tavoria 2031"), (200, FIRST), (300, "USD"), (380, "4.10")]),
        (576, [(40, "Sembala 2030"), (200, SECOND), (300, "USD"), (380, "3.90")]),
    ]
    assert find_variants(DocumentLayout(sheet(*holdings)), Vocabulary(FIELDS)) is None


def test_the_codes_that_a_document_prints() -> None:
    """In groups too, and only those with a right check digit."""
    document = paper((600, [(40, "ISIN: LU99 4083 0169,")]), (588, [(40, f"or ({SECOND}) and LU9940830244")]))
    assert printed_codes(DocumentLayout(document)) == (FIRST, SECOND)
