"""Finding digits and number words in a text."""

from __future__ import annotations

import pytest

from workflow_orchestrator.script.numerals import cardinal, find


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "It rose 1.93% over three years.", ["1.93", "three"]),
        ("en", "twenty-one, ½ and the second-largest", ["twenty", "one", "½", "second"]),
        ("en", "It doubled, a tenfold gain.", ["doubled", "tenfold"]),
        ("en", "No one is certain; someone and anyone may ask one another.", []),
        ("en", "١٢ or Ⅳ", ["١٢", "Ⅳ"]),
        ("en", "dreißig Prozent, quarante pour cent", ["dreißig", "quarante"]),
        ("de", "Ein Fonds, einfach und einmal erklärt.", []),
        ("de", "Über ein Jahr und einem Monat", ["ein", "einem"]),
        ("de", "vierhundertzwölf Komma sechs Millionen", ["vierhundertzwölf", "sechs", "Millionen"]),
        ("de", "im Dreijahreszeitraum zehnprozentig, zur Hälfte", ["Dreijahreszeitraum", "zehnprozentig", "Hälfte"]),
        ("de", "Achtung, Vielfalt und Zweck: Einheit", []),
        ("fr", "Un fonds et une part, en pour cent.", []),
        ("fr", "Sur un an, un virgule neuf, deux cents", ["un", "un", "neuf", "deux", "cents"]),
        ("fr", "la première moitié", ["première", "moitié"]),
    ],
)
def test_what_counts_as_a_number(language: str, text: str, expected: list[str]) -> None:
    """Digits, cardinals, ordinals and multiples are found; articles and look-alikes are not."""
    assert [trace.words for trace in find(text, language)] == expected


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_every_cardinal_is_found(language: str) -> None:
    """No number in words escapes: none of the first thousand, nor any round one beyond."""
    for number in [*range(2, 1001), 1_234, 21_000, 1_000_000, 3_500_000, 2_000_000_000]:
        words = cardinal(number, language)
        left = words
        for trace in reversed(find(words, language)):
            left = left[: trace.start] + left[trace.end :]
        connectors = left.replace("-", " ").split()
        assert set(connectors) <= {"and", "und", "et", "un", "eine", "ein"}, (number, words, left)
