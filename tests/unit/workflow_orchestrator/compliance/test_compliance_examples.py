"""Every example that stands beside a shipped rule has the outcome that it claims."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow_orchestrator.compliance import Outcome, Rule, load_packs
from workflow_orchestrator.compliance.check import judge
from workflow_orchestrator.compliance.checks import CHECKS
from workflow_orchestrator.compliance.examined import EXAMINED
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


def test_every_kind_of_check_says_what_it_looked_at() -> None:
    """No kind is without its words for the report."""
    assert set(EXAMINED) == set(CHECKS)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_rule_says_what_it_looked_at(rule: Rule) -> None:
    """Passed or not, each verdict has the rule's title, severity, scope and pack, what was examined, and values that the document has."""
    found = [(example, judge(rule, example.case, "pack 1")) for example in examples_of(rule)]
    assert any(results for _, results in found)
    for example, results in found:
        for result in results:
            assert (result.title, result.severity, result.pack) == (rule.title, rule.severity, "pack 1")
            assert (result.jurisdictions, result.audience) == (rule.jurisdictions, rule.audience)
            assert result.looked_at or result.message.startswith("cannot be decided")
            assert set(result.refs) <= set(example.case.values)
