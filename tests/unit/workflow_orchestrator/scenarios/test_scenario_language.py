"""`scenarios.yaml`: everything that is wrong with it at once, each with its place and the fix; the schema says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from scenario_project import ROOT, write_project, write_scenarios

from workflow_orchestrator.definition import load_workflow, read_yaml
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import DefinitionError
from workflow_orchestrator.scenarios import load_scenarios
from workflow_orchestrator.scenarios.language import scenarios_json_schema

SHIPPED = ROOT / "dags" / "fund_factsheet_video"


@pytest.fixture(scope="module")
def shipped() -> Workflow:
    """The shipped workflow: every kind of step that people know."""
    return load_workflow(SHIPPED, ROOT / "include")


def problems(workflow: Workflow, path: Path) -> list[tuple[str, int, str]]:
    """Code, line and text of each problem of a file."""
    with pytest.raises(DefinitionError) as caught:
        load_scenarios(workflow, path)
    return [
        (item["code"], item["line"], f"{item['message']}; {item['fix']}") for item in caught.value.details["problems"]
    ]


SHAPES = """\
workflow: fund_factsheet_video
floor: {catches: 120, stepz: 1}
scenarios:
  Clean:
    says: x
    input: {document: samples/aldermoor_global_equity_en.pdf}
    today: tomorrow
    steps:
      extract_factsheet_data: [{fault: RateLimitError, reply: {}}, {error: RateLimitError}, {by: Kim}]
    expect: {outcome: fine, waited: soon, path: [a b]}
  other:
    expect: {outcome: succeeded}
"""


def test_shapes_are_told_all_at_once(shipped: Workflow, tmp_path: Path) -> None:
    """Unknown keys, wrong words and missing keys, each at its line, with what was meant."""
    path = tmp_path / "scenarios.yaml"
    path.write_text(SHAPES)
    found = problems(shipped, path)
    expected = [
        ("WF013", 2, "120 is not between 0 and 100"),
        ("WF010", 2, "did you mean 'steps'?"),
        ("WF013", 4, "the name 'Clean'"),
        ("WF013", 7, "'tomorrow' is not a day"),
        ("WF014", 9, "it has fault and reply"),
        ("WF010", 9, "did you mean 'fault'?"),
        ("WF014", 9, "it has none"),
        ("WF013", 10, "'fine' is not allowed"),
        ("WF013", 10, "'soon' is not a duration"),
        ("WF013", 10, "'a b' is not a step that ran"),
        ("WF011", 12, "the key 'says' is missing"),
        ("WF011", 12, "the key 'input' is missing"),
    ]
    for code, line, words in expected:
        assert any(code == c and line == n and words in text for c, n, text in found), (code, line, words, found)


MISFITS = """\
workflow: another
scenarios:
  one:
    says: x
    input: {document: samples/none.pdf, audience: everybody, tone: warm}
    misprints: [{page: 1, printed: a b, instead: c}]
    today: 2026-13-01
    steps:
      extract_facts: [{fault: RateLimitError}]
      validate_extracted_data: [{reply: {}}, {fault: RateLimit}, {fault: StorageError, retry_after: 3}]
      correct_extracted_data: [{answer: approve, by: Kim}, {answer: send}, {answer: nobody, by: Kim}]
      approve_content: [{answer: stop, by: Kim}, {answer: reject, by: Kim, edit: {risk.heading: {words: x}}}]
      generate_summary_slide: [{answer: stop, by: Kim}, {scenario: other}]
      generate_summary_script: [{reply_file: replies/none.json}]
    expect:
      outcome: succeeded
      error: ApprovalErr
      path: [generate_script]
      artifacts: [film]
      values: {navv: "1", nav: 3}
      findings: [ytd_fits]
"""


def test_what_does_not_fit_the_workflow_is_told_all_at_once(shipped: Workflow, tmp_path: Path) -> None:
    """Steps, errors, answers, artifacts, fields, rules, parameters and files that are not there."""
    path = tmp_path / "scenarios.yaml"
    path.write_text(MISFITS)
    found = problems(shipped, path)
    expected = [
        ("WF020", 1, "the scenarios are of 'another'"),
        ("WF040", 5, "there is no file 'samples/none.pdf'"),
        ("WF013", 5, "'audience' is \"everybody\": allowed are retail, professional"),
        ("WF013", 5, "'tone' is not a parameter"),
        ("WF013", 6, "as many words"),
        ("WF013", 7, "it is not a day"),
        ("WF013", 9, "did you mean 'extract_factsheet_data'?"),
        ("WF013", 10, "asks no model"),
        ("WF032", 10, "did you mean 'RateLimitError'?"),
        ("WF013", 10, "a StorageError carries no wait"),
        ("WF013", 11, "'approve' is no answer here; known: send, stop, nobody"),
        ("WF011", 11, "say with 'by' who answers"),
        ("WF011", 11, "remove 'by'"),
        ("WF013", 12, "'stop' is no answer here; known: approve, reject, send_back, nobody"),
        ("WF013", 12, "only who sends back edits"),
        ("WF013", 13, "asks nobody"),
        ("WF013", 13, "runs no other workflow"),
        ("WF040", 14, "there is no file 'replies/none.json'"),
        ("WF032", 17, "did you mean 'ApprovalError'?"),
        ("WF013", 17, "a run that succeeds ends with no error"),
        ("WF013", 18, "no step is named 'generate_script'"),
        ("WF013", 19, "nothing makes 'film'"),
        ("WF042", 20, "did you mean 'nav'?"),
        ("WF012", 20, "put them into quotes"),
        ("WF013", 21, "did you mean 'ytd_fits_months'?"),
    ]
    for code, line, words in expected:
        assert any(code == c and line == n and words in text for c, n, text in found), (code, line, words, found)
    assert len(found) == len(expected)


def test_the_shipped_scenarios_are_what_the_schema_accepts() -> None:
    """An editor shows no error where the loader finds none."""
    data = read_yaml(SHIPPED / "scenarios.yaml").data
    schema = json.loads((ROOT / "docs" / "scenarios.schema.json").read_text())
    assert schema == json.loads(json.dumps(scenarios_json_schema()))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(data)] == []


GOOD: dict[str, Any] = {
    "workflow": "caller",
    "floor": {"steps": 10},
    "failures": "none",
    "scenarios": {
        "one": {
            "says": "One.",
            "input": {"document": "samples/page.pdf"},
            "steps": {"line[0]": [{"fault": "RateLimitError", "retry_after": 3, "times": 2}, {"reply": {"text": "x"}}]},
            "expect": {"outcome": "failed", "path": ["fetch", "line[0]*2"], "waited": "3s"},
        }
    },
}


def _changed(change: tuple[Any, ...]) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(GOOD))
    *way, key, value = change
    place: Any = data
    for part in way:
        place = place[part]
    if value is ...:
        del place[key]
    else:
        place[key] = value
    return data


ONE = ("scenarios", "one")


@pytest.mark.parametrize(
    ("change", "good"),
    [
        (("failures", "all"), True),
        (("failures", "some"), False),
        (("workflow", ...), False),
        (("scenarios", {}), False),
        ((*ONE, "says", ...), False),
        ((*ONE, "input", "tone", "warm"), True),
        ((*ONE, "input", "document", ...), False),
        ((*ONE, "input", "document", "page"), False),
        ((*ONE, "given", {}), False),
        ((*ONE, "steps", "line[0]", []), False),
        ((*ONE, "steps", "line[0]", [{"works": "really"}, {"works": "really"}]), True),
        ((*ONE, "steps", "line[0]", 0, "times", 0), False),
        ((*ONE, "steps", "line[0]", 1, "retry_after", 3), False),
        ((*ONE, "steps", "line[0]", 1, "fault", "RateLimitError"), False),
        ((*ONE, "steps", "Line", [{"works": "really"}]), False),
        ((*ONE, "expect", "outcome", "good"), False),
        ((*ONE, "expect", "path", ["fetch*"]), False),
        ((*ONE, "expect", "waited", "3 s"), False),
        ((*ONE, "expect", "calls", -1), False),
        ((*ONE, "expect", "states", {"line[0]": "up"}), False),
    ],
)
def test_schema_and_loader_agree(tmp_path: Path, change: tuple[Any, ...], good: bool) -> None:
    """What the one refuses, the other refuses."""
    caller, _ = write_project(tmp_path)
    data = _changed(change)
    path = caller.folder / "scenarios.yaml"
    path.write_text(json.dumps(data))
    accepted = not list(Draft202012Validator(scenarios_json_schema()).iter_errors(data))
    try:
        load_scenarios(caller, path)
        loaded = True
    except DefinitionError:
        loaded = False
    assert (accepted, loaded) == (good, good)


def test_a_scenario_becomes_typed_objects(tmp_path: Path) -> None:
    """`times` is so many tries, a label with its item comes before the step's own."""
    caller, _ = write_project(tmp_path)
    path = write_scenarios(caller, json.dumps({"scenarios": GOOD["scenarios"]})[1:-1].join(("", "\n")))
    scenario = load_scenarios(caller, path).scenario("one")
    names = [type(scenario.event("line[0]", "line", number)).__name__ for number in range(1, 5)]
    assert names == ["Fault", "Fault", "Replies", "Works"]
    assert type(scenario.event("line[1]", "line", 1)).__name__ == "Works"
