"""Misprints: other words in both readers' eyes, exactly where they are meant."""

from __future__ import annotations

from typing import Any

import pytest

from workflow_orchestrator.documents.model import Document, Page, Word
from workflow_orchestrator.scenarios.misprints import misprinted
from workflow_orchestrator.scenarios.model import Misprint, ScenarioError
from workflow_orchestrator.values import Box

TEXT = "NAV 1.93 and 1.93 again"


def document() -> Document:
    """A page with a row of words."""
    words = tuple(Word(text, Box(10.0 * n, 0, 10.0 * n + 8, 8)) for n, text in enumerate(TEXT.split()))
    return Document((Page(1, 100, 100, TEXT, words),), {}, (), "en", "0" * 64)


def test_both_readers_see_the_other_words() -> None:
    """The boxes stay where they were."""
    before, after = document(), misprinted(document(), [Misprint(1, "1.93 again", "7.93 anew")])
    assert after.pages[0].text == "NAV 1.93 and 7.93 anew"
    assert after.pages[0].shown == "NAV 1.93 and 7.93 anew"
    assert [word.box for word in after.pages[0].words] == [word.box for word in before.pages[0].words]


def test_nth_chooses_among_equal_words() -> None:
    """Counted in reading order."""
    assert misprinted(document(), [Misprint(1, "1.93", "7.93", nth=2)]).pages[0].text == "NAV 1.93 and 7.93 again"


@pytest.mark.parametrize(
    ("misprint", "said"),
    [
        ({"page": 2, "printed": "NAV", "instead": "VL"}, "has 1 pages"),
        ({"page": 1, "printed": "nav", "instead": "VL"}, "nowhere"),
        ({"page": 1, "printed": "1.93", "instead": "7.93"}, "2 times; say with nth"),
        ({"page": 1, "printed": "1.93", "instead": "7.93", "nth": 3}, "2 times, and nth is 3"),
    ],
)
def test_words_that_do_not_stand_there_are_no_scenario(misprint: dict[str, Any], said: str) -> None:
    """A misprint that changes nothing would prove nothing."""
    with pytest.raises(ScenarioError, match=said):
        misprinted(document(), [Misprint(**misprint)])
