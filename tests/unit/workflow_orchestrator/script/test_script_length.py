"""How long a script speaks: the estimate against the real voice, and the budget of a narration file."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from script_material import RICH, fields, narration, packs, sample, truth

from workflow_orchestrator.compliance import notices, publishable
from workflow_orchestrator.errors import DefinitionError, ScriptError
from workflow_orchestrator.fields import LANGUAGES
from workflow_orchestrator.rendering.espeak import EspeakVoice
from workflow_orchestrator.rendering.speech import narrate
from workflow_orchestrator.script import Script, SourceInfo, check_length, load_narration, write_script
from workflow_orchestrator.script.length import speech_time
from workflow_orchestrator.script.narration import LengthBudget

_PROMPTS = Path(__file__).resolve().parents[4] / "include" / "prompts" / "fund_factsheet_video"


def _script(language: str) -> Script:
    scope = {"language": language, "jurisdictions": ("eu", "uk"), "audience": "retail"}
    values = publishable(packs(), values=sample(RICH[language]), **scope)  # type: ignore[arg-type]
    warnings = notices(packs(), values=values, **scope)  # type: ignore[arg-type]
    source = SourceInfo(truth(RICH[language])["file"], "0" * 64, language)
    return write_script(values, fields(), narration(language), language, warnings, source)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_estimate_is_the_time_that_the_voice_takes(tmp_path: Path, language: str) -> None:
    """Six slides within a twentieth, each one within a fifth of what the offline voice takes, pauses included."""
    whole = _script(language)
    script = replace(whole, segments=whole.segments[:6])
    spoken = narrate(script, EspeakVoice(), tmp_path)
    estimated = [speech_time(segment, language) for segment in script.segments]
    assert sum(estimated, timedelta()) / spoken.total == pytest.approx(1, abs=0.05)
    for segment, guess, span in zip(script.segments, estimated, spoken.slides, strict=True):
        assert guess / (span.end - span.start) == pytest.approx(1, abs=0.2), segment.id


def test_a_template_over_its_budget_is_refused_with_the_seconds() -> None:
    """Nothing is cut: the team shortens its sentences or raises the budget."""
    script = _script("en")
    check_length(script, LengthBudget())
    with pytest.raises(ScriptError, match=r"segments: '\d+ seconds' of speech are more than 30; say less") as caught:
        check_length(script, LengthBudget(slide=timedelta(seconds=9), whole=timedelta(seconds=30)))
    assert {one["where"] for one in caught.value.details["findings"]} >= {"performance", "segments"}
    assert not caught.value.retryable


def test_the_warnings_of_the_last_slide_count_in_the_whole_only() -> None:
    """Their length is the law's, not the team's."""
    script = _script("en")
    last = script.segments[-1]
    only = replace(script, segments=(last,))
    check_length(only, LengthBudget(slide=timedelta(seconds=1), whole=timedelta(minutes=5)))


def test_a_narration_says_how_long_it_may_speak(tmp_path: Path) -> None:
    """`length` in the file; without it 45 seconds and 5 minutes; one slide is never longer than the whole."""
    usual = narration("en").length
    assert (usual.slide, usual.whole) == (timedelta(seconds=45), timedelta(minutes=5))
    text = (_PROMPTS / "narration.en.yaml").read_text(encoding="utf-8")
    file = tmp_path / "narration.en.yaml"
    file.write_text(f"length: {{slide: 20s, whole: 2m}}\n{text}", encoding="utf-8")
    own = load_narration(file, fields()).length
    assert (own.slide, own.whole) == (timedelta(seconds=20), timedelta(minutes=2))
    file.write_text(f"length: {{slide: 3m, whole: 2m, hole: 1m}}\n{text}", encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"length\.hole: the key 'hole' is unknown"):
        load_narration(file, fields())
    file.write_text(f"length: {{slide: 3m, whole: 2m}}\n{text}", encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"narration\.en\.yaml:1:9 WF013 length: one slide may speak 0:03:00, longer"):
        load_narration(file, fields())
