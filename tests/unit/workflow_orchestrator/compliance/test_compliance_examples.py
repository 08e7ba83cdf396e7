"""Every example that stands beside a shipped rule has the outcome that it claims."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow_orchestrator.compliance import Outcome, Rule, load_packs
from workflow_orchestrator.compliance.check import judge
from workflow_orchestrator.compliance.examples import Example, examples_of

FOLDER = Path(__file__).resolve().parents[4] / "include" / "compliance"
PACKS = load_packs(FOLDER, sorted(path.stem for path in FOLDER.glob("*.yaml")))
RULES = [rule for pack in PACKS for rule in pack.rules]
EXAMPLES = [example for rule in RULES for example in examples_of(rule)]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_example_has_its_outcome(example: Example) -> None:
    """A script that the rule passes raises nothing, one that it does not raises what it must."""
    results = judge(example.rule, example.case)
    outcomes = {result.outcome for result in results}
    said = [result.message for result in results]
    if example.expected is Outcome.PASS:
        assert outcomes <= {Outcome.PASS}, said
    else:
        assert example.expected in outcomes, said


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_rule_was_tried_on_a_case_that_arises(rule: Rule) -> None:
    """An example in which the rule never comes up would pass by itself."""
    tried = [example for example in examples_of(rule) if judge(rule, example.case)]
    assert any(example.expected is not Outcome.PASS for example in tried)
    if rule.check["kind"] != "person_decides":
        assert any(example.expected is Outcome.PASS for example in tried)
