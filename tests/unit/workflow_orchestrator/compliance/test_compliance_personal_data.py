"""Masking personal data without touching a figure."""

from __future__ import annotations

import time

import pytest
from script_material import sample, sample_names

from workflow_orchestrator.compliance import mask_personal_data
from workflow_orchestrator.compliance.personal_data import PersonalKind
from workflow_orchestrator.values import Kind

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
    ("write to jane.doe (at) aldermoor [dot] example", PersonalKind.EMAIL, "jane.doe (at) aldermoor [dot] example"),
    ("https://aldermoor.example/news?to=jane@aldermoor.example", PersonalKind.EMAIL, "jane@aldermoor.example"),
    ("{jane,max}@lab.example", PersonalKind.EMAIL, "{jane,max}@lab.example"),
    ("Fax : 06.39.78.66.93", PersonalKind.PHONE, "06.39.78.66.93"),
    ("(212) 555-0142 ext. 12", PersonalKind.PHONE, "(212) 555-0142 ext. 12"),
    ("Service clients 01 42 68 53 00", PersonalKind.PHONE, "01 42 68 53 00"),
    ("Visa 4111 1111 1111 1111", PersonalKind.CARD, "4111 1111 1111 1111"),
    ("Amex 3782-822463-10005", PersonalKind.CARD, "3782-822463-10005"),
    ("born on 12 March 1974 in Leeds", PersonalKind.BIRTH_DATE, "12 March 1974"),
    ("geb. 03.05.1981", PersonalKind.BIRTH_DATE, "03.05.1981"),
    ("Née le 1er août 1969", PersonalKind.BIRTH_DATE, "1er août 1969"),
    ("NI no. AB 12 34 56 C", PersonalKind.NATIONAL_ID, "AB 12 34 56 C"),
    ("SSN 536-90-4399", PersonalKind.NATIONAL_ID, "536-90-4399"),
    ("AHV 756.9217.0769.85", PersonalKind.NATIONAL_ID, "756.9217.0769.85"),
    ("Steuer-ID 36 574 261 809", PersonalKind.NATIONAL_ID, "36 574 261 809"),
    ("N° SS 2 95 10 99 126 111 93", PersonalKind.NATIONAL_ID, "2 95 10 99 126 111 93"),
    ("NHS number 943 476 5870", PersonalKind.NATIONAL_ID, "943 476 5870"),
    ("Codice fiscale RCCMNL83S18D969H", PersonalKind.NATIONAL_ID, "RCCMNL83S18D969H"),
    ("Passport no. C01X00T47", PersonalKind.NATIONAL_ID, "C01X00T47"),
    ("Login from IP 192.168.10.24", PersonalKind.IP_ADDRESS, "192.168.10.24"),
    ("2001:db8:85a3::8a2e:370:7334", PersonalKind.IP_ADDRESS, "2001:db8:85a3::8a2e:370:7334"),
]
KEPT = [
    "+1.93% +2.45% -0.11% +3.02%", "+1.93 2.45 3.11 4.52 0.87", "+12 15 18 20 22 9 4", "2026 1.93 2.45 −0.12 0.98 1.10",
    "ISIN LU9904127735 · WKN A1W4QM", "DE89 3704 0044 0532 0130 01", "31.10.2026 to 31.12.2026", "CHF 1'234'567.89",
    "1 234 567,89 EUR", "Fund size 412 600 000", "Telephone sector 12.4%", "Mobile 5,20 %", "p. 12-14, 2020/2021",
    "00 12 34 56 78 90", "Phone makers 4.81 4.37 3.92",
    "LEI 529900T8BM49AURSDO55", "doi:10.1016/0021.2024.4111111111111111", "ORCID 0000-0002-1825-0097", "Version 10.15.7.2",
    "launched on 12 March 1974", "AHV 756.9217.0769.84", "Visa 4111 1111 1111 1112", "Total 36 574 261 809", "943 476 5870",
    "EIN 94-2404110", "10:20:30:40:50", "Conference ID: 21255501", "born in the crisis of 2008",
]


@pytest.mark.parametrize(("text", "kind", "words"), FOUND)
def test_personal_data_is_found_whole(text: str, kind: PersonalKind, words: str) -> None:
    """An address, a number and an account are marked from their first to their last character."""
    masked = mask_personal_data(text)
    assert [(found.kind, text[found.start : found.end]) for found in masked.found] == [(kind, words)]
    assert words not in masked.text
    assert f"[{kind} A]" in masked.text


@pytest.mark.parametrize("text", KEPT)
def test_figures_are_never_masked(text: str) -> None:
    """Return grids, dates, amounts and identifiers stay: a masked figure would be a lost one."""
    assert mask_personal_data(text).text == text


@pytest.mark.parametrize("name", sample_names())
def test_no_value_of_a_sample_is_masked(name: str) -> None:
    """No figure, name or word that a factsheet prints as a value looks like personal data, alone or in a row; its paragraphs may."""
    quotes = [value.evidence.quote for value in sample(name).values() if value.kind is not Kind.PARAGRAPH]
    for text in (*quotes, " ".join(quotes), "\n".join(quotes)):
        assert mask_personal_data(text).found == ()


def test_several_at_once_keep_their_order() -> None:
    """Masks do not shift one another, and what is recorded holds none of the words."""
    masked = mask_personal_data("a@b.example, +352 26 12 34 56, c@d.example")
    assert masked.text == "[e-mail address A], [telephone number A], [e-mail address B]"
    assert "26 12" not in repr(masked.found)


def test_marks_go_back_to_the_words_they_stand_for() -> None:
    """What a model says of a mark is said of the original again, at any depth of its answer; equal words have one mark."""
    masked = mask_personal_data("a@b.example or c@d.example; a@b.example")
    assert masked.text == "[e-mail address A] or [e-mail address B]; [e-mail address A]"
    answer = {"values": [{"quote": "write to [e-mail address B]", "page": 1}], "[e-mail address A]": None}
    assert masked.unmask(answer) == {"values": [{"quote": "write to c@d.example", "page": 1}], "[e-mail address A]": None}
    assert "b.example" not in repr(masked)


def test_a_mark_that_the_document_prints_stands_for_nothing() -> None:
    """A document cannot print a mark to have a word put in its place."""
    masked = mask_personal_data("[e-mail address A] is a@b.example")
    assert masked.text == "[e-mail address A] is [e-mail address B]"
    assert masked.unmask(masked.text) == "[e-mail address A] is a@b.example"


@pytest.mark.parametrize("part", ["1", "1 ", "+1 ", "a@", "A1", "{a,", "::", "1.", "(0", "10/", "birth ", "a.a@a."])
def test_no_text_holds_the_search_up(part: str) -> None:
    """Patterns over a hostile text end in time that grows with its length, not faster."""
    clock = time.process_time()
    mask_personal_data(part * 3_000)
    assert time.process_time() - clock < 5
