"""The terminology of a workflow: the shipped lists, every fault of a wrong one, and what they find in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from script_material import PROMPTS, RICH, fields, narration, packs, sample, truth

from workflow_orchestrator.compliance import notices
from workflow_orchestrator.compliance.model import Outcome
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.errors import DefinitionError
from workflow_orchestrator.fields import LANGUAGES
from workflow_orchestrator.script import (
    Script,
    Sentence,
    SourceInfo,
    load_narration,
    prompt_variables,
    style,
    style_results,
    write_script,
)
from workflow_orchestrator.script.terms import USUAL, Terms, read_terms

WRONG = """\
format: 1
language: en
prefered: {NAV: net asset value}
avoid:
  alpha: 3
  "{beta}": no
abbreviations: [Isin]
reading: {retail: {ease: high}}
"""
AT_ODDS = """\
format: 1
language: de
preferred:
  yield: exposure to coupons
  costs: charges
avoid: {exposure: say how much, Yield: say the coupon}
"""


def _lines(path: Path, text: str) -> list[str]:
    path.write_text(text, encoding="utf-8")
    report = Report(path.parent)
    read_terms(path, "en", report)
    return [str(problem) for problem in report.problems]


def _complaints(terms: Terms, text: str, said: str = "", audience: str = "retail") -> list[str]:
    return [found for found, _ in terms.complaints(text, said=said or text, audience=audience)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_shipped_lists_are_sound_and_the_shipped_sentences_keep_to_them(language: str) -> None:
    """Loading is the proof: a sentence against its own list is a problem of the file."""
    terms = narration(language).terms
    assert terms.preferred
    assert terms.explained
    assert terms.reading == USUAL


def test_every_fault_of_a_list_is_told_with_its_line(tmp_path: Path) -> None:
    """As strictly as every other file: unknown keys, wrong types, words that are no term."""
    lines = _lines(tmp_path / "terms.en.yaml", WRONG)
    assert "terms.en.yaml:3:1 WF010 prefered: the key 'prefered' is unknown; did you mean 'preferred'?" in lines
    assert any(line.startswith("terms.en.yaml:5:10 WF012") for line in lines)
    assert any(line.startswith("terms.en.yaml:6:3 WF013") for line in lines)
    assert any("'Isin' is not an abbreviation in capitals" in line for line in lines)
    assert any(line.startswith("terms.en.yaml:8:26 WF012") for line in lines)


def test_a_list_does_not_contradict_itself(tmp_path: Path) -> None:
    """A word under two heads, one that leads to another that is not said, and the language of another file."""
    text = "\n".join(_lines(tmp_path / "terms.en.yaml", AT_ODDS))
    assert "'Yield' stands under preferred as well; decide for one of them" in text
    assert "'exposure to coupons' holds 'exposure', which is not said either" in text
    assert "its language is de" in text


def test_an_author_hears_of_jargon_when_the_files_are_checked(tmp_path: Path) -> None:
    """The narration's own words, each with its line, before any document is there."""
    text = (PROMPTS / "narration.en.yaml").read_text(encoding="utf-8")
    file = tmp_path / "narration.en.yaml"
    file.write_text(text.replace("Net assets are {fund_size}", "The AuM are {fund_size}"), encoding="utf-8")
    (tmp_path / "terms.en.yaml").write_text((PROMPTS / "terms.en.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"WF013 segments\.facts\.say\[0\]: 'AuM' is not how this workflow speaks; say 'net assets'"):
        load_narration(file, fields())


def test_words_are_found_whole_and_by_any_ending_only_where_it_says_so() -> None:
    """`leverag*` finds every ending; an abbreviation only in capitals; "alphabet" is no alpha."""
    terms = Terms(preferred={"NAV": "net asset value"}, avoid={"leverag*": "why", "alpha": "why"})
    assert _complaints(terms, "The leveraged fund adds alpha to its NAV.") == ["NAV", "leveraged", "alpha"]
    assert _complaints(terms, "The alphabet of a naval leveraging.") == ["leveraging"]


def test_a_term_is_explained_to_private_investors_before_or_beside_it() -> None:
    """Professionals know it; the words that explain it may have been said on an earlier slide."""
    terms = Terms(explained={"Sharpe ratio": ("against the risk",)}, professional=("beta",))
    assert _complaints(terms, "The Sharpe ratio is good.") == ["Sharpe ratio"]
    assert _complaints(terms, "The Sharpe ratio is good.", said="It sets return against the risk. The Sharpe ratio is good.") == []
    assert _complaints(terms, "The Sharpe ratio and beta.", audience="professional") == []
    assert _complaints(terms, "Its beta is low.") == ["beta"]


def test_an_unknown_abbreviation_is_written_out() -> None:
    """Only where the list names those that may be said."""
    assert _complaints(Terms(abbreviations=("SRI",)), "The SRI and the KPI of the fund.") == ["KPI"]
    assert _complaints(Terms(), "The SRI and the KPI of the fund.") == []


def _script(language: str = "en") -> Script:
    warnings = notices(packs(), language=language, jurisdictions=("eu",), audience="retail", values=sample(RICH[language]))
    source = SourceInfo(truth(RICH[language])["file"], "0" * 64, language)
    return write_script(sample(RICH[language]), fields(), narration(language), language, warnings, source)


def _with(script: Script, text: str) -> Script:
    place = next(n for n, segment in enumerate(script.segments) if segment.id == "facts")
    facts = script.segments[place]
    facts = replace(facts, sentences=(*facts.sentences, Sentence(text, text)))
    return replace(script, segments=(*script.segments[:place], facts, *script.segments[place + 1 :]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shipped_words_are_plain_enough_for_private_investors(language: str) -> None:
    """No complaint of style against what the sentence files make of a sample; quotations and warnings are not judged."""
    warnings = notices(packs(), language=language, jurisdictions=("eu",), audience="retail", values=sample(RICH[language]))
    assert style(_script(language), sample(RICH[language]), fields(), warnings, narration(language), "retail") == ()


def test_names_figures_quotations_and_warnings_are_nobodys_style() -> None:
    """A fund that is called Alpha is called so."""
    values = sample(RICH["en"])
    named = narration("en")
    named = replace(named, terms=Terms(avoid={"Aldermoor": "why", "euros": "why", "reliable": "why"}))
    warnings = notices(packs(), language="en", jurisdictions=("eu",), audience="retail", values=values)
    assert style(_script(), values, fields(), warnings, named, "retail") == ()


def test_a_hard_text_is_a_warning_with_its_figures_and_its_longest_sentence() -> None:
    """Nothing of style stops a video: it warns whoever releases, by the limits of the audience."""
    heavy = (
        "Notwithstanding considerable macroeconomic uncertainty, international diversification opportunities materialised because of "
        "extraordinarily accommodative institutional circumstances, administrative simplification, organisational consolidation and "
        "continuously intensifying technological standardisation of intermediation infrastructure across all of the participating "
        "jurisdictions, regions and municipalities"
    )
    values, script = sample(RICH["en"]), _script()
    last = replace(script.segments[-1], points=(), sentences=(Sentence(heavy, heavy),))
    only = replace(script, segments=(script.segments[0], last))
    results = style_results(only, values, fields(), (), narration("en"), "retail")
    reading = [result for result in results if result.rule == "HOUSE-READING"]
    assert {result.outcome for result in reading} == {Outcome.WARN}
    assert any("reading ease" in result.message for result in reading)
    assert any("words, more than 30" in result.message for result in reading)


def test_a_models_sentence_without_a_value_is_quoted_to_whoever_releases() -> None:
    """And the team's own is not."""
    values, claim = sample(RICH["en"]), "Time takes care of every dip."
    warnings = notices(packs(), language="en", jurisdictions=("eu",), audience="retail", values=values)
    written = replace(_with(_script(), claim), writer="m-1")
    found = [r for r in style_results(written, values, fields(), warnings, narration("en"), "retail") if r.rule == "HOUSE-NO-VALUE"]
    assert [(result.words, result.where) for result in found] == [(claim, "facts.sentences[1]")]
    template = style_results(replace(written, writer="template"), values, fields(), warnings, narration("en"), "retail")
    assert [(result.rule, result.outcome) for result in template] == [("HOUSE-TERMS", Outcome.PASS), ("HOUSE-READING", Outcome.PASS)]
    assert "reading ease 8" in template[1].looked_at


def test_the_model_is_told_the_terminology_before_it_writes() -> None:
    """What it will be held to, for the audience of the video."""
    told = {who: prompt_variables(sample(RICH["en"]), fields(), narration("en"), "en", who)["terms"] for who in ("retail", "professional")}
    assert "Say 'net asset value' instead of 'NAV'." in told["retail"]
    assert "A slide speaks 45 seconds at most, all together 300." in told["retail"]
    assert "Sharpe ratio" in told["retail"]
    assert "Sharpe ratio" not in told["professional"]
