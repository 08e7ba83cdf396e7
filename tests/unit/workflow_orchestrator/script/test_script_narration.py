"""The sentence files: the shipped ones, and every fault of a wrong one at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from script_material import PROMPTS, fields, narration

from workflow_orchestrator.errors import DefinitionError
from workflow_orchestrator.script import SlideKind, load_narration
from workflow_orchestrator.script.phrases import Place, parse

WRONG = """\
language: en
title: "{fund_nam}"
kicker: "Sheet 2026"
source: "Source, p. {pages}"
footer: "Past performance."
mood: cheerful
segments:
  opening:
    slide: figures
    heading: "{fund_name"
    say: ["Hello."]
  performance:
    slide: figures
    heading: "Returns"
    shows: [performance_data.2y, performance_data, nav.x]
    needs: [performence_data.*]
    say:
      - "It returned {performance_data.1yr} in 3 years."
      - "The objective: {fund_strategy}"
      - "{sharpe_ratio:month} and {top_holdings.biggest}"
      - one_of: []
"""


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_shipped_files_are_sound(language: str) -> None:
    """Each shipped file loads, begins with the title and ends with the notices."""
    loaded = narration(language)
    assert loaded.language == language
    assert loaded.segments[0].slide is SlideKind.TITLE
    assert loaded.segments[-1].slide is SlideKind.NOTICE


def test_shipped_files_plan_the_same_slides() -> None:
    """A video has the same slides in every language."""
    plans = [[(p.id, p.slide, p.shows, p.needs, p.unless, p.at_least, p.at_most) for p in narration(lang).segments]
             for lang in ("en", "de", "fr")]
    assert plans[0] == plans[1] == plans[2]


def test_wrong_shape_and_wrong_content_are_listed_together(tmp_path: Path) -> None:
    """An author sees every problem of a file at once, each with its line."""
    path = tmp_path / "narration.en.yaml"
    path.write_text(WRONG, encoding="utf-8")
    with pytest.raises(DefinitionError) as caught:
        load_narration(path, fields())
    lines = {problem["line"]: problem["message"] for problem in caught.value.details["problems"]}
    assert "unknown" in lines[6]
    path.write_text(WRONG.replace("mood: cheerful\n", "").replace("      - one_of: []\n", ""), encoding="utf-8")
    with pytest.raises(DefinitionError) as caught:
        load_narration(path, fields())
    text = str(caught.value)
    for expected in (
        "there is no field 'fund_nam'; did you mean 'fund_name'?", "the words hold the digit '2'", "has no partner",
        "performance_data has no key '2y'", "performance_data must be written performance_data.*", "nav has no keys",
        "there is no field 'performence_data'; did you mean 'performance_data'?",
        "{performance_data.1yr}: performance_data has no key '1yr'", "the words hold the digit '3'",
        "is a quotation and must be a sentence of its own", "has no form 'month'",
        "the first slide must be of kind title", "exactly one slide of kind notice",
    ):
        assert expected in text, expected
    # "biggest" may be the name of a holding; only a document can tell.
    assert "biggest" not in text


def test_the_file_must_be_in_the_language_of_its_name(tmp_path: Path) -> None:
    """A German file that says it is English is refused."""
    path = tmp_path / "narration.de.yaml"
    path.write_text((PROMPTS / "narration.en.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"narration\.de\.yaml but its language is en"):
        load_narration(path, fields())


def test_a_place_may_hold_any_printed_name() -> None:
    """Keys are printed names: spaces, dots, ampersands and colons belong to them."""
    phrase = parse("With {top_holdings.Marks & Co. S.A.: Part B:key} on top")
    assert phrase.places == (Place("top_holdings", "Marks & Co. S.A.: Part B", "key"),)
