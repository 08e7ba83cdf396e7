"""Words in their context: what denies a forbidden phrase, what only seems to, and what hides it."""

from __future__ import annotations

import pytest

from workflow_orchestrator.compliance import words

RISK = {"en": [r"\bno risk\b", r"\bguaranteed\b"], "de": [r"\bkein risiko\b"], "fr": [r"\baucun risque\b", r"\bgaranti\b"]}


def _hits(text: str, language: str) -> list[str]:
    return list(words.hits(text, RISK[language], (), language, negation=True))


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("fr", "Il n'y a aucun risque.", ["aucun risque"]),
        ("fr", "Le fonds ne court aucun risque.", ["aucun risque"]),
        ("fr", "Cela ne signifie pas qu'il n'y a aucun risque.", []),
        ("fr", "Le capital n'est pas garanti.", []),
        ("en", "Nobody says that it is guaranteed.", []),
        ("en", "It is not only safe but guaranteed.", ["guaranteed"]),
        ("de", "Niemand sagt, es gebe kein Risiko.", []),
        ("de", "Es gibt kein Risiko.", ["kein Risiko"]),
    ],
)
def test_a_denial_denies_what_follows_and_not_its_own_second_half(language: str, text: str, found: list[str]) -> None:
    """French says no in two words; the first half before "aucun" denies nothing."""
    assert _hits(text, language) == found


def test_a_soft_hyphen_hides_no_word() -> None:
    """It is neither seen nor heard."""
    assert _hits("It is guaran\u00adteed.", "en") == ["guaranteed"]
    assert words.said("It is guaran\u00adteed.", RISK["en"])
