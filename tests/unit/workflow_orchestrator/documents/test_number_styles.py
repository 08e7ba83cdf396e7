"""A document that writes its figures in two ways says so, and then no custom of its own decides what an ambiguous figure is."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pdf_sample import document, line

from workflow_orchestrator.definition import load_fields
from workflow_orchestrator.documents import Document, ReadLimits, read_document
from workflow_orchestrator.extraction import values_from_answer
from workflow_orchestrator.extraction.reading import Reading

ROOT = Path(__file__).resolve().parents[4]
FIELDS = load_fields(ROOT / "dags" / "fund_factsheet_video" / "schema.json")
NAV = line("NAV per unit: EUR 1,234", y=600)
TWO_STYLES = "the document prints figures in two styles"


def nav(read: Document) -> Reading:
    """What comes of a model's answer that the first page prints the NAV."""
    item = {"field": "nav", "key": "", "quote": "EUR 1,234", "page": 1, "label": "NAV per unit"}
    return values_from_answer({"values": [item]}, read, FIELDS)


@pytest.mark.parametrize(("others", "value"), [("1,234.56 and 2.5%", "1234"), ("1.234,56 and 2,5%", "1.234")])
def test_the_documents_own_custom_decides(others: str, value: str) -> None:
    """Where all other figures have one custom, an ambiguous one is read by it, and nothing is said."""
    read = read_document(document(NAV + line(others)))
    assert read.warnings == ()
    assert format(nav(read).values["nav"].value, "f") == value


def test_two_customs_are_named_and_decide_nothing() -> None:
    """The warning shows one figure of each with its page; an ambiguous figure is refused, whatever the language is."""
    english = line("Net assets 1,234.56 and 2.5% of the year")
    german = line("Das Fondsvermögen liegt bei 1.234,56 und die Kosten bei 2,5 %")
    read = read_document(document(NAV, english, german))
    [warning] = read.warnings
    assert warning == (
        f"{TWO_STYLES}, with a decimal point (1,234.56 on page 2) and with a decimal comma (1.234,56 on page 3); "
        "a figure that can be read both ways is refused"
    )
    [refused] = nav(read).rejected
    assert "can be 1234 or 1.234" in refused.reason


def test_a_few_of_the_other_custom_are_named_and_refused() -> None:
    """The coupon in a bond's name changes no document's custom; it is named all the same."""
    rows = [f"Position {number} {number},{number} %" for number in range(1, 12)]
    text = b"".join(line(row, y=780 - 15 * number, size=8) for number, row in enumerate(rows))
    read = read_document(document(text + line("Treasury 2.5% 2032", y=100)))
    [warning] = read.warnings
    assert warning.startswith(TWO_STYLES) and "almost all have ','" in warning


@pytest.mark.shared
def test_a_french_report_with_english_parts_is_named(shared: Path) -> None:
    """A real annual report in French prints decimal points in its English parts."""
    file = shared / "data" / "factsheets" / "fr_fourpoints_euro_global_leaders_ra2020.pdf"
    if not file.is_file():
        pytest.skip("the report is not among the development documents")
    read = read_document(file.read_bytes(), ReadLimits(max_pages=60, time=timedelta(minutes=3)))
    assert sum(warning.startswith(TWO_STYLES) for warning in read.warnings) == 1
