"""Scenarios in process: real steps, scripted models and people, nothing from outside."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from scenario_project import write_project, write_scenarios

from workflow_orchestrator.definition import load_configuration, load_workflow
from workflow_orchestrator.definition.configuration import Ocr
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.scenarios import Result, load_scenarios, run_document, run_scenario
from workflow_orchestrator.storage import LocalStorage

GOOD = """\
prices: {read: "100.00", written: "200.00"}
scenarios:
  warm:
    says: Everything goes well.
    input: {document: samples/page.pdf, tone: warm}
    steps:
      fetch: [{scenario: answers}]
      line: [{reply: {text: A line}, tokens: {read: 10, written: 5}}]
    expect:
      outcome: succeeded
      path: [fetch, greet, "line[0]", "line[1]"]
      states: {state: skipped, way_joined: success, "line[1]": success, tell: skipped}
      artifacts: [summary]
      calls: 2
      cost_usd: "0.004"
"""


@pytest.fixture
def caller(tmp_path: Path) -> Workflow:
    """A workflow that chooses, maps and calls another one."""
    return write_project(tmp_path)[0]


def ran(workflow: Workflow, text: str) -> Result:
    """The result of the one scenario of a file."""
    suite = load_scenarios(workflow, write_scenarios(workflow, text))
    return run_scenario(workflow, suite.scenarios[0], prices=suite.prices)


def one(steps: str, expect: str, given: str = "document: samples/page.pdf") -> str:
    """A file of one scenario."""
    return f"""\
scenarios:
  one:
    says: One.
    input: {{{given}}}
    steps: {{{steps}}}
    expect: {{{expect}}}
"""


def test_a_run_chooses_maps_and_calls(caller: Workflow) -> None:
    """The called workflow plays a scenario of its own, each item has its own answer, and money is summed."""
    result = ran(caller, GOOD)
    assert result.failures == ()
    assert result.cost == Decimal("0.004")
    assert [message.text for message in result.messages] == ["caller about page.pdf"]


def test_what_differs_is_said(caller: Workflow) -> None:
    """Each difference names what was expected and what came."""
    text = GOOD.replace("succeeded", "degraded").replace('"0.004"', '"1.00"').replace("greet,", "state,")
    assert ran(caller, text).failures == (
        "outcome: expected degraded, got succeeded",
        "path: expected fetch → state → line[0] → line[1], got fetch → greet → line[0] → line[1]",
        "cost_usd: expected 1.00, got 0.004",
    )


def test_a_run_without_a_model_goes_on_where_it_may(caller: Workflow) -> None:
    """Without a reply a generate step has no model; what is passed over makes the run degraded, and people are told."""
    result = ran(caller, one("fetch: [{scenario: answers}]", "outcome: degraded, states: {tell: success}"))
    assert result.failures == ()
    assert [message.subject for message in result.messages] == ["Note", "Degraded"]


def test_a_run_that_is_refused_at_its_door_is_told(caller: Workflow) -> None:
    """Nothing was opened, and the end still runs."""
    given = "document: samples/page.pdf, tone: loud"
    expect = (
        "outcome: failed, error: ConfError, message: [loud], path: [fetch], states: {alarm: success, tell: skipped}"
    )
    result = ran(caller, one("", expect, given))
    assert result.failures == ()
    assert [message.text for message in result.messages] == ["page.pdf: failed"]


def test_a_called_workflow_fails_the_step_that_calls(caller: Workflow) -> None:
    """An error that passes is tried again with a new run of it."""
    result = ran(
        caller,
        one(
            "fetch: [{scenario: busy}, {scenario: busy}]",
            "outcome: failed, error: CalledWorkflowError, message: [RateLimitError], path: [fetch*2]",
        ),
    )
    assert result.failures == ()


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (
            "fetch: [{scenario: answers}, {scenario: answers}]",
            "steps.fetch: the scenario lists 2 tries, the run made 1",
        ),
        (
            "fetch: [{scenario: answers}], line: [{replies: [{text: a}, {text: b}]}]",
            "steps.line[0]: the step did not ask for 1 of the answers of try 1",
        ),
        (
            "fetch: [{scenario: answers}], greet: [{works: really}]",
            "steps.greet: the scenario lists 1 tries, the run made 0",
        ),
    ],
)
def test_what_a_scenario_lists_must_come(caller: Workflow, steps: str, said: str) -> None:
    """A try or an answer that never came means that the scenario says something else than it seems to."""
    assert said in ran(caller, one(steps, "outcome: degraded")).failures


def test_the_environment_is_not_asked(caller: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scenario works offline although a connection is set."""
    monkeypatch.setenv(
        "AIRFLOW_CONN_LLM_DEFAULT", '{"conn_type": "llm", "host": "http://127.0.0.1:9", "password": "k"}'
    )
    assert ran(caller, one("fetch: [{scenario: answers}]", "outcome: degraded, calls: 0")).failures == ()


def test_a_document_is_run_for_real(caller: Workflow, tmp_path: Path) -> None:
    """Without a connection it works offline; a second run takes the place of the first."""
    storage = LocalStorage(tmp_path / "storage")
    page = caller.include / "samples" / "page.pdf"
    seen: list[str] = []
    for _ in range(2):
        result = run_document(caller, page, {"tone": "warm"}, storage, lambda event: seen.append(event.state))
        assert result.outcome == "failed" and result.error is not None
        assert result.error["error"] == "CalledWorkflowError"
        assert result.states["alarm"] == ("success", 1)
        assert result.folder is not None and len(list(result.folder.glob("steps/*.json"))) == 2
        assert len(result.manifest["steps"][0]["attempts"]) == 1
    assert seen == ["running", "failed", "running", "success"] * 2


CHILD = """
import socket, sys
def refused(*arguments, **more):
    raise AssertionError("a scenario opened a socket")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refused
from pathlib import Path
from workflow_orchestrator.scenarios import run_all
root = Path(sys.argv[1])
report = run_all(root / "dags" / "called", root / "include")
assert report.passed, report.to_json()
assert len(report.cells) > 30
assert not [name for name in sys.modules if name.split(".")[0] == "airflow"], "Airflow was imported"
"""


def test_neither_airflow_nor_a_socket(caller: Workflow, root: Path) -> None:
    """A whole suite in a process of its own imports no Airflow and opens no connection."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(caller.folder.parents[1])],
        env={"PYTHONPATH": str(root / "plugins"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("ocr", "error"), [("off", "ImageOnlyDocumentError"), ("require", "OcrMissingError")])
def test_what_a_machine_has_installed_changes_no_scenario(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ocr: Ocr, error: str
) -> None:
    """Pages that are pictures are read by OCR only where the scenario asks for it, whatever the configuration says."""
    workflow = load_workflow(root / "dags" / "fund_factsheet_video", root / "include")
    assert load_configuration(root / "include" / "orchestrator.yaml", {}).ocr == "auto"
    scanned = load_scenarios(workflow).scenario("scanned_document")
    assert scanned.ocr == "off"
    if ocr == "require":
        monkeypatch.setenv("PATH", str(tmp_path))
    asked = replace(scanned, ocr=ocr, expect=replace(scanned.expect, error=error))
    assert run_scenario(workflow, asked).failures == ()


def test_a_scenario_says_whether_ocr_reads(caller: Workflow) -> None:
    """Off, where nothing is said."""
    silent = one("", "outcome: failed")
    asking = silent.replace("    input:", "    ocr: require\n    input:")
    read = [load_scenarios(caller, write_scenarios(caller, text)).scenarios[0].ocr for text in (silent, asking)]
    assert read == ["off", "require"]
