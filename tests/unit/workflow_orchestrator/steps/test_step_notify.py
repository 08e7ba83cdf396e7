"""A message: what it may say, and that nothing that it says is code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from step_lab import EXECUTION, Bench, opened, with_steps, work_on

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import NotifyStep, Workflow
from workflow_orchestrator.definition.variables import PROVIDED
from workflow_orchestrator.errors import ConfigurationError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.steps.notify import message_variables, outcome_of, perform

STEP = NotifyStep(name="tell", execution=EXECUTION, channel="operations", subject="{{ outcome }}", message="m")


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The shipped workflow with a message in place of its steps."""
    return with_steps(load_workflow(root / "dags" / "fund_factsheet_video", root / "include"), STEP)


@pytest.fixture
def run(workflow: Workflow, tmp_path: Path) -> RunFolder:
    """A run that was opened."""
    return opened(tmp_path, workflow)


def told(run: RunFolder, workflow: Workflow, subject: str, message: str = "m", **more: Any) -> tuple[str, str, str]:
    """What the channel got."""
    bench = Bench()
    perform(work_on(run, workflow, replace(STEP, subject=subject, message=message), bench, **more))
    (sent,) = bench.sent
    return sent


def test_a_message_has_the_runs_facts(workflow: Workflow, run: RunFolder) -> None:
    """Every name that the language lists for messages has a value, and the report says how it went."""
    bench = Bench()
    work = work_on(run, workflow, STEP, bench)
    assert set(PROVIDED["notify"]) <= set(message_variables(work))
    perform(work)
    assert bench.sent == [("operations", "running", "m")]
    assert work.report.facts["how"] == "logged"
    assert told(run, workflow, "{{ workflow }}: {{ document }}")[1] == "Fund factsheet video: a.pdf"
    assert told(run, workflow, "{{ parameters.audience }} {{ link }}")[1] == "retail /r1"


def test_in_a_map_it_names_the_item(workflow: Workflow, run: RunFolder) -> None:
    """The item by its name, and in the place of the parameter of that name."""
    sent = told(run, workflow, "{{ language }} {{ parameters.language }}", item="de", item_name="language")
    assert sent[1] == "de de"


def test_a_subject_is_one_line(workflow: Workflow, run: RunFolder) -> None:
    """A file name with a line end in it must not become a header of its own."""
    request = run.read_json("request.json")
    run.write_json("request.json", {**request, "source": {"name": "a\nBcc: x.pdf"}})
    assert told(run, workflow, "{{ document }}")[1] == "a Bcc: x.pdf"


def test_what_a_document_says_is_never_a_template(workflow: Workflow, run: RunFolder) -> None:
    """Braces in a value stay braces."""
    request = run.read_json("request.json")
    run.write_json("request.json", {**request, "source": {"name": "{{ 7 * 7 }}.pdf"}})
    assert told(run, workflow, "x", "{{ document }}")[2] == "{{ 7 * 7 }}.pdf"


@pytest.mark.parametrize("template", ["{{ wrkflow }}", "{{ ''.__class__.__mro__ }}", "{% for %}"])
def test_a_template_that_cannot_be_filled_in_is_named(workflow: Workflow, run: RunFolder, template: str) -> None:
    """A name that is not there, the inside of Python, broken syntax: one error that lists what may be named."""
    with pytest.raises(ConfigurationError, match=r"tell\.message.*cost_usd"):
        told(run, workflow, "x", template)


def test_at_the_end_it_tells_how_the_run_ended(workflow: Workflow, run: RunFolder) -> None:
    """Outcome, error and cost come from the manifest; a run that could not write one has failed."""
    ended = replace(workflow, steps=(), flow=(), last=(STEP,))
    assert outcome_of(run) == "failed"
    assert told(run, ended, "{{ outcome }}{{ error }}")[1] == "failed"
    error = {"step": "extract", "error": "NotAPdfError", "message": "no"}
    run.write_json("manifest.json", {"outcome": "degraded", "error": error, "usage": {"cost_usd": None}})
    assert (
        told(run, ended, "{{ outcome }}, {{ error }}, {{ cost_usd }}")[1]
        == "degraded, extract: NotAPdfError: no, unknown"
    )
