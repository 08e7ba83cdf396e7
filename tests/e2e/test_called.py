"""Workflows that call workflows, on a served Airflow: one child run however often it is asked for, maps, messages at the end.

Two workflows are made of the shipped one: `fund_data` reads and proves, `fund_pack` takes its data and makes slides in several
languages. No model is connected, so the generated outlook is passed over.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow_here import LocalAirflow
from served_airflow import LONGEST, WORKFLOW

pytestmark = [pytest.mark.airflow, pytest.mark.served]

HEAD = """format: 1
platform: ">=1.0,<2"
title: {title}
description: One of two workflows of which one calls the other.
owner: fund-data
input:
  document: {{type: pdf, max_pages: 40, max_megabytes: 25}}
"""
DATA = """workflow: fund_data
{head}  parameters: {{isin: {{title: ISIN, type: string, default: ""}}}}
business_rules: {{required_fields: [fund_strategy]}}
output: [data]
steps:
  read: {{extract: {{prompt: extract_factsheet_data, schema: schema.json, route: extraction}}}}
  prove: {{validate: {{rules: rules.yaml}}}}
"""
PACK = """workflow: fund_pack
{head}  parameters:
    languages: {{title: Languages, type: array, items: {{enum: [en, de, fr]}}, default: [en, de]}}
    language: {{title: Language, enum: [en, de, fr], default: en}}
steps:
  fetch: {{call: {{workflow: fund_data, take: [data], schema: schema.json, within: 1h}}}}
  outlook:
    generate: {{prompt: outlook, output: outlook.json, route: writing}}
    catch: [{{on: OfflineUnavailableError, go: continue}}]
  each_language:
    map:
      over: {{parameter: languages}}
      as: language
      at_most: 3
      at_once: 2
      steps:
        say: {{write: {{prompt: generate_summary_script, narration: narration, route: writing}}}}
        draw: {{slide: {{theme: house}}}}
finally:
  tell_end: {{notify: {{channel: operations, subject: "{{{{ document }}}}: {{{{ outcome }}}}", message: "{{{{ error }}}}"}}}}
"""
PROMPT = '---\nversion: 1\nvariables: [values]\n---\n{% block user %}{{ values | fenced("values") }}{% endblock %}\n'
SHAPE = {
    "type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"], "additionalProperties": False,
}  # fmt: skip


class Calling:
    """An Airflow with both workflows, and what tests ask of it."""

    def __init__(self, airflow: LocalAirflow) -> None:
        self.airflow = airflow
        self.runs = airflow.storage / "runs" / "fund_pack"

    def end(self, run_id: str) -> tuple[str, dict[str, str]]:
        """The run's state, and its tasks' by name and place in the map."""
        state, tasks = "", []
        for state, tasks in self.airflow.watch("fund_pack", run_id, LONGEST):  # noqa: B007
            pass
        return state, {_named(task): task["state"] for task in tasks}

    def manifest(self, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.runs / run_id / "manifest.json").read_text())
        return found

    def told(self, run_id: str) -> str:
        """The subject of the message at the run's end."""
        report = json.loads((self.runs / run_id / "steps" / "tell_end.json").read_text())
        subject: str = report["attempts"][-1]["facts"]["subject"]
        return subject

    def children(self) -> list[str]:
        return sorted(run["dag_run_id"] for run in self.airflow.get("/dags/fund_data/dagRuns")["dag_runs"])


def _named(task: dict[str, Any]) -> str:
    index = task["map_index"]
    return task["task_id"] if index is None or index < 0 else f"{task['task_id']}_{index}"


def _project(root: Path, project: Path) -> Path:
    """The two workflows as folders of their own."""
    shutil.copytree(root / "include", project / "include", ignore=shutil.ignore_patterns("samples"))
    for name, text, title in (("fund_data", DATA, "Fund data"), ("fund_pack", PACK, "Fund pack")):
        folder = project / "dags" / name
        folder.mkdir(parents=True)
        for file in ("dag.py", "schema.json", "rules.yaml"):
            shutil.copyfile(root / "dags" / WORKFLOW / file, folder / file)
        (folder / "workflow.yaml").write_text(text.format(head=HEAD.format(title=title)), encoding="utf-8")
        shutil.copytree(project / "include" / "prompts" / WORKFLOW, project / "include" / "prompts" / name)
    (project / "dags" / "fund_pack" / "outlook.json").write_text(json.dumps(SHAPE), encoding="utf-8")
    (project / "include" / "prompts" / "fund_pack" / "outlook.md.j2").write_text(PROMPT, encoding="utf-8")
    return project / "dags"


@pytest.fixture(scope="module")
def calling(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Calling]:
    """Both runs are started at once: one on a good document, one on a file that is no PDF."""
    state = tmp_path_factory.mktemp("called")
    dags = _project(root, state / "project")
    defers = {"AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE": "True"}
    with LocalAirflow(state, environment=defers, dags=dags) as airflow:
        for name in ("fund_data", "fund_pack"):
            airflow.wait_for_dag(name)
        inbox = airflow.storage / "inbox" / "fund_pack"
        inbox.mkdir(parents=True)
        shutil.copyfile(root / "include" / "samples" / "aldermoor_global_equity_en.pdf", inbox / "good.pdf")
        (inbox / "bad.pdf").write_bytes(b"no PDF")
        for name in ("good", "bad"):
            airflow.trigger("fund_pack", {"document": f"{name}.pdf"}, run_id=name)
        yield Calling(airflow)


def test_a_run_takes_what_another_workflow_proved(calling: Calling) -> None:
    """Slides in two languages from the called run's data; the outlook that needs a model is passed over, and the run says so."""
    state, tasks = calling.end("good")
    assert state == "success"
    assert (tasks["fetch"], tasks["outlook"]) == ("success", "failed")
    assert {tasks[name] for name in ("say_0", "say_1", "draw_0", "draw_1", "tell_end")} == {"success"}
    manifest = calling.manifest("good")
    assert manifest["outcome"] == "degraded"
    assert [one["error"] for one in manifest["degraded"]] == ["OfflineUnavailableError"]
    (child,) = manifest["called"]
    assert (child["workflow"], child["outcome"]) == ("fund_data", "succeeded")
    made = {item["name"] for item in manifest["artifacts"]}
    assert {"values.json", *(f"each/each_language/{index}/slides.pdf" for index in (0, 1))} <= made
    scripts = [json.loads((calling.runs / f"good/each/each_language/{n}/script.json").read_text()) for n in (0, 1)]
    assert [script["language"] for script in scripts] == ["en", "de"]
    assert calling.told("good") == "good.pdf: degraded"


def test_the_failure_of_a_called_run_is_named(calling: Calling) -> None:
    """Where no retry helps the call is tried once; the end is told, and the run is red."""
    state, tasks = calling.end("bad")
    assert (state, tasks["fetch"], tasks["tell_end"]) == ("failed", "failed", "success")
    manifest = calling.manifest("bad")
    assert (manifest["error"]["step"], manifest["error"]["error"]) == ("fetch", "CalledWorkflowError")
    assert "read: NotAPdfError" in manifest["error"]["message"]
    assert len(manifest["steps"][0]["attempts"]) == 1
    assert calling.told("bad") == "bad.pdf: failed"


def test_a_step_that_is_run_again_starts_no_second_run(calling: Calling) -> None:
    """The called run that ended well is found again, with its outputs."""
    calling.end("good")
    before = calling.children()
    body = {
        "dry_run": False, "dag_run_id": "good", "reset_dag_runs": True, "only_running": False, "only_failed": False,
        "task_ids": ["fetch"], "include_downstream": False,
    }  # fmt: skip
    calling.airflow.client.post("/dags/fund_pack/clearTaskInstances", json=body).raise_for_status()
    assert calling.end("good")[0] == "success"
    assert calling.children() == before
    assert len(before) == 2
    runs = [attempt["facts"]["called"]["run_id"] for attempt in calling.manifest("good")["steps"][0]["attempts"]]
    assert len(set(runs)) == 1
