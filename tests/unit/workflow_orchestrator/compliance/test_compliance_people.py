"""Names are a hint for the reviewer: told where words call them a person's, and where no field of the schema holds them."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal

import pytest

from workflow_orchestrator.compliance.personal_data import (
    find_people,
    find_personal_data,
    mask_personal_data,
    people_warnings,
)
from workflow_orchestrator.documents import Document, Page, Word
from workflow_orchestrator.values import Box, Evidence, Kind, Origin, Value


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("The fund is managed by Dr Anna Weber.", ["Anna Weber"]),
        ("Portfolio managers: Yu-Lin Tan, Rory Macalpine", ["Yu-Lin Tan", "Rory Macalpine"]),
        ("Portfolio manager(s)\nFrancesco Conte*\nSara Bellenda\n", ["Francesco Conte", "Sara Bellenda"]),
        ("Dana R. Whitlock, CFA", ["Dana R. Whitlock"]),
        ("Jane O'Neill joined the team in 2009", ["Jane O'Neill"]),
        ("Fondsmanager   Jutta van der Oldenkott", ["Jutta van der Oldenkott"]),
        ("Herr Dr. Müller verwaltet den Fonds", ["Müller"]),
        ("Geschäftsführer: Karl Brandstätter", ["Karl Brandstätter"]),
        ("Lukas Ammann gehört seit 2011 zum Haus", ["Lukas Ammann"]),
        ("Gérants : Hélène Marsaud et Yann Le Bihan", ["Hélène Marsaud", "Yann Le Bihan"]),
        ("Mme Durand a rejoint l'équipe", ["Durand"]),
        ("Média : contact Élodie Dupré-Martin", ["Élodie Dupré-Martin"]),
    ],
)
def test_words_beside_it_make_a_name_a_persons(text: str, names: list[str]) -> None:
    """A title, a role, letters behind it or what only people do, in three languages."""
    assert [person.name for person in find_people(text)] == names
    assert [text[person.start : person.end] for person in find_people(text)] == names


@pytest.mark.parametrize(
    "text",
    [
        "Fund manager: Aldermoor Fund Management (Luxembourg) S.A.",
        "Portfolio managers Global Equity Team",
        "Contact Client Services, 14 Harbour Street",
        "Investment manager Julius Baer AG",
        "Fondsmanagement   Tannhorst Kapitalverwaltungsgesellschaft mbH",
        "Gérant Brevalon Gestion SAS",
        "One holding is Dr Pepper.",
        "Disclosure Document, Service Centres, Computing Group",
        "Talbridge World Index NR EUR",
        "Fund manager Since January 2019",
        "The Manager joined the market rally",
        "Analysts The Board of Directors",
        "Apple 5.4% Microsoft 4.9% Taylor Wimpey 1.2%",
        "Contact your local representative",
    ],
)
def test_funds_firms_and_headings_are_nobody(text: str) -> None:
    """No false hit on what looks like a name with capitals."""
    assert find_people(text) == ()


def document_of(*texts: str) -> Document:
    """A document with a page for each text."""
    pages = []
    for number, text in enumerate(texts, 1):
        words, left = [], 40.0
        for word in text.split():
            words.append(Word(word, Box(left, 700, left + 4 * len(word), 708), 8.0))
            left += 4 * len(word) + 2.4
        pages.append(Page(number, 600, 800, text, tuple(words)))
    return Document(tuple(pages), {}, (), "en", "0" * 64)


def value(kind: Kind, words: str) -> Value:
    """A value that the document prints."""
    made = Value("fund_manager", kind, words, Evidence(1, words, "", None), Origin.OFFLINE)
    return made if kind is Kind.TEXT else replace(made, value=Decimal(1))


def test_a_name_in_a_field_of_the_schema_is_no_finding() -> None:
    """Whom the document gives as a value of a text field may be named; somebody else is told with page and words, in one line."""
    document = document_of("Portfolio managers: Anna Weber, Rory Macalpine", "Rory Macalpine joined the team in 2009")
    assert people_warnings(document, [value(Kind.TEXT, "Anna Weber and Rory Macalpine")]) == []
    [warning] = people_warnings(document, [value(Kind.TEXT, "Anna Weber")])
    assert "Rory Macalpine (pages 1, 2)" in warning and "Anna" not in warning


def test_a_name_is_neither_masked_nor_found_as_personal_data() -> None:
    """It is a hint and no gate: what is sent keeps it."""
    text = "Portfolio manager: Anna Weber"
    assert find_personal_data(text) == () and mask_personal_data(text).text == text


def test_a_page_that_is_made_to_be_slow_is_searched_in_time() -> None:
    """Long runs of what names are made of do not let the search run away."""
    for piece in ("A" + "a" * 50_000, "Aa " * 30_000, "Fund manager " * 8_000, "Dr. " * 20_000, "O'O" * 20_000):
        clock = time.process_time()
        find_people(piece)
        assert time.process_time() - clock < 5, piece[:12]
