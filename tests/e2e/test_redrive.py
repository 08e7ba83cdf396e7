"""Redrive on a served Airflow: runs that failed are cleared after their files were changed on disk.

All runs are opened under the shipped definition, read and written by a model, and rejected by a person. Then each test puts another
definition on disk, waits until Airflow has read it, and clears.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from airflow_here import LocalAirflow
from openai_peer import OpenAIPeer
from served_airflow import LONGEST, WORKFLOW, Served

pytestmark = [pytest.mark.airflow, pytest.mark.served]

SAMPLE = "calderwick_sterling_corporate_bond_en"
READ, PROVE, WRITE, DRAW = (
    "extract_factsheet_data", "validate_extracted_data", "generate_summary_script", "generate_summary_slide",
)  # fmt: skip
RELEASE = "approve_content"
FINISHED = (READ, PROVE, WRITE, DRAW)
RUNS = ("same", "fits", "misfit", "renamed")
QUICK = {"AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "1"}
FIELDS = (
    "fund_name",
    "as_of_date",
    "fund_strategy",
    "performance_data.1y",
    "performance_data.3y",
    "performance_data.5y",
)


class Redriven(Served):
    """A served Airflow on a copy of the shipped workflow, which a test changes."""

    def __init__(self, airflow: LocalAirflow, samples: Path, project: Path, shipped: Path, peer: OpenAIPeer) -> None:
        super().__init__(airflow, samples)
        self.peer = peer
        self._project = project
        self._shipped = shipped

    def deploy(self, *edits: tuple[str, str, str]) -> str:
        """Puts the shipped files with these edits on disk, and returns their digest once Airflow's page of the DAG has it."""
        for folder in (f"dags/{WORKFLOW}", f"include/prompts/{WORKFLOW}"):
            for path in (self._shipped / folder).iterdir():
                if path.is_file():
                    shutil.copyfile(path, self._project / folder / path.name)
        for name, old, new in edits:
            path = self._project / name
            text = path.read_text(encoding="utf-8")
            assert old in text, f"{name} does not say {old!r}"
            path.write_text(text.replace(old, new), encoding="utf-8")
        from workflow_orchestrator.definition import load_workflow

        digest = load_workflow(self._project / "dags" / WORKFLOW, self._project / "include").digest
        self.wait(lambda: digest in self.airflow.get(f"/dags/{WORKFLOW}/details")["doc_md"], "the new definition")
        return digest

    def wait(self, until: Callable[[], bool], what: str, timeout: float = LONGEST) -> None:
        """Returns when something is so."""
        deadline = time.monotonic() + timeout
        while not until():
            self.airflow.check_services()
            assert time.monotonic() < deadline, f"waited {timeout:.0f} s in vain for {what}"
            time.sleep(0.25)

    def clear(self, run_id: str, *steps: str) -> None:
        """Clears steps and what comes after them; without steps, what failed."""
        body: dict[str, Any] = {"dry_run": False, "dag_run_id": run_id, "reset_dag_runs": True, "only_running": False}
        if steps:
            body |= {"only_failed": False, "task_ids": list(steps), "include_downstream": True}
        else:
            body |= {"only_failed": True}
        self.airflow.client.post(f"/dags/{WORKFLOW}/clearTaskInstances", json=body).raise_for_status()

    def release(self, run_id: str) -> str:
        """Approves until the run goes on, and returns how it ended: on a busy machine Airflow 3.3.2 loses an answer and asks again."""
        state = "running"
        for _ in range(3):
            if state == "running":
                self.answer(run_id, RELEASE, "Approve")
                state, _ = self.end(run_id)
        return state

    def attempts(self, run_id: str, step: str) -> list[dict[str, Any]]:
        """The reports of a step's attempts."""
        path = self.folder(run_id) / "steps" / f"{step}.json"
        found: list[dict[str, Any]] = json.loads(path.read_text())["attempts"]
        return found

    def written(self, run_id: str) -> dict[str, int]:
        """When each file of the finished steps was written."""
        folder = self.folder(run_id)
        names = [f"steps/{step}.json" for step in FINISHED]
        names += [item["name"] for step in FINISHED for item in self.attempts(run_id, step)[-1]["artifacts"]]
        return {name: (folder / name).stat().st_mtime_ns for name in names}


def answers(samples: Path) -> Mapping[str, Callable[[dict[str, Any]], Any]]:
    """A model that reads the sample as it is printed and writes without figures."""
    truth = json.loads((samples / f"{SAMPLE}.truth.json").read_text())["values"]

    def read(request: dict[str, Any]) -> Any:
        return {
            "values": [
                {"field": ref.partition(".")[0], "key": ref.partition(".")[2], "quote": truth[ref]["quote"],
                 "page": truth[ref]["page"], "label": ""}
                for ref in FIELDS if ref in truth
            ]
        }  # fmt: skip

    def write(request: dict[str, Any]) -> Any:
        slides = request["messages"][1]["content"].split("Slides:\n")[1].split("\n\n")[0].splitlines()
        sentences = {line.split(" ")[0]: ["These are the values of the factsheet."] for line in slides}
        sentences["opening"] = ["This is {fund_name}, as at {as_of_date}."]
        sentences["periods"] = ["Over one year to {as_of_date}, the fund returned {performance_data.1y}."]
        return {"segments": [{"id": name, "sentences": lines} for name, lines in sentences.items()]}

    return {READ: read, WRITE: write}


@pytest.fixture(scope="module")
def redriven(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Redriven]:
    """An Airflow in which every run was rejected under the shipped definition."""
    state = tmp_path_factory.mktemp("redrive")
    project = state / "project"
    shutil.copytree(root / "dags" / WORKFLOW, project / "dags" / WORKFLOW)
    shutil.copytree(root / "include", project / "include", ignore=shutil.ignore_patterns("samples"))
    samples = root / "include" / "samples"
    with OpenAIPeer(answers(samples)) as peer:
        extra = {"model": "peer-1", "price_input": "1", "price_output": "2"}
        connection = {"conn_type": "llm", "host": peer.url, "password": "key-of-the-test", "extra": extra}
        environment = {**QUICK, "AIRFLOW_CONN_LLM_DEFAULT": json.dumps(connection)}
        with LocalAirflow(state, environment=environment, dags=project / "dags") as airflow:
            airflow.wait_for_dag(WORKFLOW)
            served = Redriven(airflow, samples, project, root, peer)
            served.put("document.pdf", samples / f"{SAMPLE}.pdf")
            for run_id in RUNS:
                served.start(run_id, document="document.pdf", force=True)
            for run_id in RUNS:
                _, tasks = served.end(run_id)
                assert tasks[RELEASE]["state"] == "awaiting_input", served.manifest(run_id)["error"]
                served.answer(run_id, RELEASE, "Reject", reason="Not yet.")
            for run_id in RUNS:
                assert served.end(run_id)[0] == "failed"
            yield served


PROMPT = (
    f"include/prompts/{WORKFLOW}/generate_summary_script.md.j2",
    "{% block user %}",
    "{% block user %}Mind the tone. ",
)
LATEST = (f"dags/{WORKFLOW}/workflow.yaml", "\nsteps:\n", "\nrerun: latest\nsteps:\n")


def test_a_cleared_run_ends_under_the_definition_it_began_with(redriven: Redriven) -> None:
    """Only what failed is run again; then a finished model step too, and its answer comes from the journal, not the model."""
    asked = len(redriven.peer.requests)
    began = redriven.attempts("same", READ)[0]["facts"]["definition"]
    before = redriven.written("same")
    latest = redriven.deploy(
        PROMPT, (f"dags/{WORKFLOW}/workflow.yaml", "title: Fund factsheet video", "title: Another title")
    )
    assert latest != began
    redriven.clear("same")
    _, tasks = redriven.end("same")
    assert tasks[RELEASE]["state"] == "awaiting_input"
    assert {tasks[step]["try_number"] for step in FINISHED} == {1}
    assert tasks[RELEASE]["try_number"] == 2
    assert redriven.written("same") == before, "nothing that was finished is touched"
    redriven.clear("same", WRITE)
    _, tasks = redriven.end("same")
    assert {step: tasks[step]["try_number"] for step in FINISHED} == {READ: 1, PROVE: 1, WRITE: 2, DRAW: 2}
    assert len(redriven.peer.requests) == asked, "the prompt of then has its answer in the journal"
    state = redriven.release("same")
    manifest = redriven.manifest("same")
    assert state == "success", manifest["error"]
    assert manifest["workflow"]["definition"] == began
    assert manifest["workflow"]["definitions"] == [began]


def test_latest_is_taken_where_what_is_finished_fits(redriven: Redriven) -> None:
    """With `rerun: latest`, the cleared step and all after it go by the new prompt, so the model is asked; the rest stands."""
    asked = len(redriven.peer.requests)
    began = redriven.attempts("fits", READ)[0]["facts"]["definition"]
    latest = redriven.deploy(PROMPT, LATEST)
    redriven.clear("fits", WRITE)
    _, tasks = redriven.end("fits")
    assert tasks[RELEASE]["state"] == "awaiting_input", redriven.manifest("fits")["error"]
    assert {step: tasks[step]["try_number"] for step in FINISHED} == {READ: 1, PROVE: 1, WRITE: 2, DRAW: 2}
    assert len(redriven.peer.requests) == asked + 1
    assert "Mind the tone." in json.dumps(redriven.peer.requests[-1])
    assert [item["facts"]["definition"] for item in redriven.attempts("fits", WRITE)] == [began, latest]
    redriven.answer("fits", RELEASE, "Reject", reason="Not yet.")
    redriven.end("fits")
    manifest = redriven.manifest("fits")
    assert manifest["workflow"]["definition"] == latest
    assert manifest["workflow"]["definitions"] == sorted([began, latest])
    assert [(item["from"], item["to"]) for item in manifest["request"]["reruns"]] == [(began, latest)]


def test_latest_is_refused_where_what_is_finished_does_not_fit(redriven: Redriven) -> None:
    """The run has a paragraph where a line is wanted now: the step fails at once and says so, and nothing is overwritten."""
    before = redriven.written("misfit")
    asked = len(redriven.peer.requests)
    schema = f"dags/{WORKFLOW}/schema.json"
    redriven.deploy(LATEST, (schema, *strategy_as_a_line(redriven.samples.parents[1] / schema)))
    redriven.clear("misfit")
    state, tasks = redriven.end("misfit")
    assert (state, tasks[RELEASE]["state"], tasks[RELEASE]["try_number"]) == ("failed", "failed", 2)
    error = redriven.attempts("misfit", RELEASE)[-1]["error"]
    assert error["error"] == "DefinitionChangedError"
    assert error["retryable"] is False
    assert "the value of fund_strategy is of kind paragraph, and the field is of kind text now" in error["message"]
    assert "trigger a new run with force: true" in error["message"]
    assert redriven.written("misfit") == before
    assert len(redriven.peer.requests) == asked


def strategy_as_a_line(schema: Path) -> tuple[str, str]:
    """The strategy as a line instead of a paragraph: words of the schema that stand there once, and what takes their place."""
    text = schema.read_text(encoding="utf-8")
    start = text.index('"fund_strategy": {')
    end = text.index('"paragraph"', start) + len('"paragraph"')
    old = text[start:end]
    return old, old.replace('"paragraph"', '"text"')


def test_a_step_that_was_renamed_is_refused_in_an_older_run(redriven: Redriven) -> None:
    """The run knows no step of the new name; it ends with what to do, and the finished steps stand as they were."""
    asked = len(redriven.peer.requests)
    redriven.deploy((f"dags/{WORKFLOW}/workflow.yaml", f"{DRAW}:", "draw_the_slides:"))
    redriven.clear("renamed")
    state, tasks = redriven.end("renamed")
    assert state == "failed"
    assert tasks["draw_the_slides"]["state"] == "failed"
    assert tasks["draw_the_slides"]["try_number"] == 1
    error = redriven.attempts("renamed", "draw_the_slides")[-1]["error"]
    assert error["error"] == "DefinitionChangedError"
    assert "has no draw_the_slides" in error["message"]
    assert {tasks[step]["try_number"] for step in (READ, PROVE, WRITE)} == {1}
    assert len(redriven.peer.requests) == asked
