"""Two readers that share no code read each page; a figure that they do not both find is nobody's value."""

from __future__ import annotations

from pathlib import Path

import pytest
from pdf_sample import document, line

from workflow_orchestrator.definition import load_fields
from workflow_orchestrator.documents import Document, read_document
from workflow_orchestrator.evidence import Verdict, prove_all
from workflow_orchestrator.extraction import values_from_answer

ROOT = Path(__file__).resolve().parents[4]
FIELDS = load_fields(ROOT / "dags" / "fund_factsheet_video" / "schema.json")
LABEL = line("Ongoing charges", y=600)


def shown(text: str, x: float = 200) -> bytes:
    return line(text, x=x, y=600)


def charged(read: Document, quote: str) -> Verdict:
    """The verdict on a model's answer that these words are the fund's ongoing charges."""
    item = {"field": "ongoing_charges", "key": "", "quote": quote, "page": 1, "label": "Ongoing charges"}
    values = values_from_answer({"values": [item]}, read, FIELDS).values
    [verdict] = prove_all(values.values(), read, FIELDS)
    return verdict


def test_a_figure_of_both_readers_is_proven() -> None:
    """The page of these tests proves the figure when nothing is wrong with it."""
    assert charged(read_document(document(LABEL + shown("0.85%"))), "0.85%").status == "proven"


@pytest.mark.parametrize(
    ("trick", "words", "text"),
    [
        (b"/Span <</ActualText (9.95%)>> BDC " + shown("0.85%") + b"EMC ", "9.95%", "0.85%"),
        (shown("0.85") + shown("0.85", x=200.2), "0.85", "0.850.85"),
    ],
    ids=["a text that stands for another", "printed twice for bold"],
)
def test_a_figure_of_one_reader_is_ambiguous(trick: bytes, words: str, text: str) -> None:
    """Where the words of one reader are not those of the other, the figure is ambiguous, whichever of the two is right."""
    read = read_document(document(LABEL + trick))
    assert read.pages[0].words[-1].text == words and read.pages[0].text.split()[-1] == text
    verdict = charged(read, words)
    assert verdict.status == "ambiguous" and "only one of two readers" in verdict.reason


def test_what_stands_for_another_text_cannot_be_quoted_either_way() -> None:
    """The figure that only pypdf reads gives no value at all."""
    trick = b"/Span <</ActualText (9.95%)>> BDC " + shown("0.85%") + b"EMC "
    read = read_document(document(LABEL + trick))
    item = {"field": "ongoing_charges", "key": "", "quote": "0.85%", "page": 1, "label": "Ongoing charges"}
    assert len(values_from_answer({"values": [item]}, read, FIELDS).values) == 0
