"""Quoting whole sentences."""

from __future__ import annotations

import pytest
from script_material import sample, sample_names

from workflow_orchestrator.script.quotes import GREATEST_LENGTH, USUAL_LENGTH, quotable, sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("It holds approx. Ten names, e.g. Nestlé S.A. It rests.", ["It holds approx. Ten names, e.g. Nestlé S.A. It rests."]),
        ("Anlage in z. B. Aktien i. d. R. Europas. Danach ruht er.", ["Anlage in z. B. Aktien i. d. R. Europas.", "Danach ruht er."]),
        ("It grew 1.5 times. The rest follows.", ["It grew 1.5 times.", "The rest follows."]),
        ("Au 31. Dezember 2025 endet es. Schluss.", ["Au 31. Dezember 2025 endet es.", "Schluss."]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    """A full stop of an abbreviation, an initial or a day ends no sentence."""
    assert list(sentences(text)) == expected


@pytest.mark.parametrize("name", [name for name in sample_names() if "fund_strategy" in sample(name)])
def test_quotes_are_whole_and_verbatim(name: str) -> None:
    """What is quoted of a sample stands in it word for word and ends where a sentence ends."""
    text = str(sample(name)["fund_strategy"].value)
    quoted = quotable(text)
    assert quoted
    assert " ".join(quoted) in text
    assert all(sentence.endswith((".", "!", "?")) for sentence in quoted)
    assert len(" ".join(quoted)) <= USUAL_LENGTH or len(quoted) == 1


def test_an_endless_or_unfinished_sentence_is_not_quoted() -> None:
    """Nothing is cut: a sentence without end is left out, and so is a piece after the last full stop."""
    assert quotable("word " * GREATEST_LENGTH) == ()
    assert quotable("It invests in bonds. The manager may also use") == ("It invests in bonds.",)
