"""The planted scripts of the benchmark: each fault is found, and no good script is refused."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "benchmarks"))

from planted_scripts import Case, Desk, faulty_cases, fields, good_cases, sample_names

from workflow_orchestrator.errors import ScriptError, UnboundFigureError
from workflow_orchestrator.script import check_reviewed, review
from workflow_orchestrator.script.length import LengthBudget

# Compliance judges these by its packs.
_OF_COMPLIANCE = {
    "missing required wording", "prohibited promise", "paraphrased promise", "superlative", "recommendation",
}


def _every_third(cases: Iterator[Case]) -> list[Case]:
    return [case for number, case in enumerate(c for c in cases if c.kind not in _OF_COMPLIANCE) if number % 3 == 0]


@pytest.mark.parametrize("case", _every_third(faulty_cases()), ids=lambda case: f"{case.language} {case.kind} {case.what[:40]}")
def test_a_planted_fault_is_found(case: Case) -> None:
    """Whatever a model does to a script beside what compliance reads is a finding that says where."""
    findings = review(case.script, case.values, fields(), case.notices, narration=case.narration)
    assert findings
    assert all(finding.where and finding.why for finding in findings)


@pytest.mark.parametrize("case", list(good_cases(2)), ids=lambda case: f"{case.language} {case.what}")
def test_a_good_script_is_not_refused(case: Case) -> None:
    """The sentence files' own scripts and a model's good sentences pass, for every sample in every language."""
    assert review(case.script, case.values, fields(), case.notices, narration=case.narration) == ()


def test_a_refusal_names_its_kind() -> None:
    """A figure is an unbound figure; markup is a script that cannot be spoken. No retry helps either."""
    case = Desk(sample_names()[0], "en").good(0)
    first = case.script.segments[0]
    for text, error in (("It holds 5 shares.", UnboundFigureError), ("It <b>holds</b> shares.", ScriptError)):
        told = (replace(first.sentences[0], shown=text, spoken=text, refs=()),)
        script = replace(case.script, segments=(replace(first, sentences=told), *case.script.segments[1:]))
        with pytest.raises(error) as caught:
            check_reviewed(script, case.values, fields(), case.notices, narration=case.narration)
        assert caught.value.details["findings"]
        assert caught.value.retryable is False


def test_a_budget_is_kept_by_saying_less() -> None:
    """A script over the budget is a finding with its seconds; nothing is cut."""
    case = Desk(sample_names()[0], "en").good(0)
    tight = LengthBudget(slide=timedelta(seconds=5), whole=timedelta(seconds=20))
    why = [f.why for f in review(case.script, case.values, fields(), case.notices, narration=case.narration, budget=tight)]
    assert any("more than 5" in text for text in why)
    assert any("more than 20" in text for text in why)
