"""A scenario that follows another one: both in one storage, the later one judged."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenario_project import write_project, write_scenarios

from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import DefinitionError
from workflow_orchestrator.scenarios import load_scenarios, run_scenario

TWO = """\
scenarios:
  first:
    says: The document is made into something.
    input: {document: samples/page.pdf, tone: warm}
    steps: {fetch: [{scenario: answers}], line: [{reply: {text: A}}]}
    expect: {outcome: succeeded}
  again:
    says: The same document is refused, because it is done already.
    follows: first
    input: {document: samples/page.pdf, tone: warm}
    expect: {outcome: failed, error: AlreadyProcessedError, path: [fetch]}
  alone:
    says: In a storage of its own, nothing was done before.
    input: {document: samples/page.pdf, tone: warm}
    steps: {fetch: [{scenario: answers}], line: [{reply: {text: A}}]}
    expect: {outcome: succeeded}
"""


@pytest.fixture
def caller(tmp_path: Path) -> Workflow:
    """A workflow that makes something of a document once."""
    return write_project(tmp_path)[0]


def test_what_a_scenario_follows_has_run_in_its_storage(caller: Workflow) -> None:
    """The later one sees what the earlier one left; one that follows none sees nothing, whatever ran before it."""
    suite = load_scenarios(caller, write_scenarios(caller, TWO))
    assert suite.scenario("again").follows == suite.scenario("first")
    for scenario in suite.scenarios:
        assert run_scenario(caller, scenario).failures == ()


def test_a_fault_of_the_earlier_scenario_is_said(caller: Workflow) -> None:
    """Where the earlier one is wrong itself, the later one says so and judges nothing."""
    text = TWO.replace("{scenario: answers}", "{scenario: no_such}", 1)
    suite = load_scenarios(caller, write_scenarios(caller, text))
    failures = run_scenario(caller, suite.scenario("again")).failures
    assert len(failures) == 1
    assert "in first, which it follows" in failures[0]


def test_only_another_scenario_that_follows_none_can_be_followed(caller: Workflow) -> None:
    """Names are looked up, and there are no chains and no circles."""
    text = TWO + "\n".join(
        f"  {name}:\n    says: No.\n    follows: {follows}\n    input: {{document: samples/page.pdf}}\n"
        f"    expect: {{outcome: failed}}"
        for name, follows in (("lost", "frist"), ("own", "own"), ("third", "again"))
    )
    with pytest.raises(DefinitionError) as caught:
        load_scenarios(caller, write_scenarios(caller, text))
    found = [(item["code"], f"{item['message']}; {item['fix']}") for item in caught.value.details["problems"]]
    assert found == [
        ("WF013", "no other scenario is named 'frist'; did you mean 'first'?"),
        ("WF013", found[1][1]),
        ("WF013", "'again' follows another scenario itself; name one that follows none"),
    ]
    assert found[1][1].startswith("no other scenario is named 'own'")
