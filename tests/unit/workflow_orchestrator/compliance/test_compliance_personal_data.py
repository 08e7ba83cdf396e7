"""Masking personal data without touching a figure."""

from __future__ import annotations

import pytest
from script_material import sample, sample_names

from workflow_orchestrator.compliance import mask_personal_data
from workflow_orchestrator.compliance.personal_data import PersonalKind

FOUND = [
    ("Contact: jane.doe@aldermoor.example for details", PersonalKind.EMAIL, "jane.doe@aldermoor.example"),
    ("write to IR+funds@mail.aldermoor-am.co.uk.", PersonalKind.EMAIL, "IR+funds@mail.aldermoor-am.co.uk"),
    ("Tel. +352 26 12 34 56", PersonalKind.PHONE, "+352 26 12 34 56"),
    ("call +44 (0)20 7946 0958 today", PersonalKind.PHONE, "+44 (0)20 7946 0958"),
    ("+1 212 555 0142", PersonalKind.PHONE, "+1 212 555 0142"),
    ("+49.69.1234567", PersonalKind.PHONE, "+49.69.1234567"),
    ("+33142685300", PersonalKind.PHONE, "+33142685300"),
    ("0041 44 668 18 00", PersonalKind.PHONE, "0041 44 668 18 00"),
    ("Telefon: 069 / 123 45 67", PersonalKind.PHONE, "069 / 123 45 67"),
    ("Tél : 01 42 68 53 00", PersonalKind.PHONE, "01 42 68 53 00"),
    ("IBAN DE89 3704 0044 0532 0130 00 BIC", PersonalKind.IBAN, "DE89 3704 0044 0532 0130 00"),
    ("GB29NWBK60161331926819", PersonalKind.IBAN, "GB29NWBK60161331926819"),
]
KEPT = [
    "+1.93% +2.45% -0.11% +3.02%", "+1.93 2.45 3.11 4.52 0.87", "+12 15 18 20 22 9 4", "2026 1.93 2.45 −0.12 0.98 1.10",
    "ISIN LU9904127735 · WKN A1W4QM", "DE89 3704 0044 0532 0130 01", "31.10.2026 to 31.12.2026", "CHF 1'234'567.89",
    "1 234 567,89 EUR", "Fund size 412 600 000", "Telephone sector 12.4%", "Mobile 5,20 %", "p. 12-14, 2020/2021",
    "00 12 34 56 78 90", "Phone makers 4.81 4.37 3.92",
]


@pytest.mark.parametrize(("text", "kind", "words"), FOUND)
def test_personal_data_is_found_whole(text: str, kind: PersonalKind, words: str) -> None:
    """An address, a number and an account are marked from their first to their last character."""
    masked = mask_personal_data(text)
    assert [(found.kind, text[found.start : found.end]) for found in masked.found] == [(kind, words)]
    assert words not in masked.text
    assert f"[{kind}]" in masked.text


@pytest.mark.parametrize("text", KEPT)
def test_figures_are_never_masked(text: str) -> None:
    """Return grids, dates, amounts and identifiers stay: a masked figure would be a lost one."""
    assert mask_personal_data(text).text == text


@pytest.mark.parametrize("name", sample_names())
def test_no_value_of_a_sample_is_masked(name: str) -> None:
    """Nothing that a factsheet prints as a value looks like personal data, alone or in a row."""
    quotes = [value.evidence.quote for value in sample(name).values()]
    for text in (*quotes, " ".join(quotes), "\n".join(quotes)):
        assert mask_personal_data(text).found == ()


def test_several_at_once_keep_their_order() -> None:
    """Masks do not shift one another, and what is recorded holds none of the words."""
    masked = mask_personal_data("a@b.example, +352 26 12 34 56, c@d.example")
    assert masked.text == "[e-mail address], [telephone number], [e-mail address]"
    assert "26 12" not in repr(masked.found)
