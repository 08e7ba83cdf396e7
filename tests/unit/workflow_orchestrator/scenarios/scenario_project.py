"""A small project on disk: a workflow with a choice, a map, a caught step and a call, and the workflow that it calls."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow

ROOT = Path(__file__).resolve().parents[4]
HEAD = """\
workflow: {name}
format: 1
platform: ">=1.0,<2"
title: {name}
owner: tests
input:
  document: {{type: pdf, max_pages: 4, max_megabytes: 1}}
  parameters:
    tone: {{title: Tone, enum: [plain, warm], default: plain}}
    places: {{title: Places, type: array, items: {{enum: [here, there]}}, default: [here, there]}}
"""
CALLER = (
    HEAD.format(name="caller")
    + """\
steps:
  fetch: {call: {workflow: called, parameters: {tone: {parameter: tone}}, take: [summary], within: 1d}}
  way:
    choose:
      - name: warm
        when: {parameter: tone, is: warm}
        steps:
          greet: {notify: {channel: operations, subject: "Hello", message: "{{ workflow }} about {{ document }}"}}
      - name: plain
        steps:
          state: {notify: {channel: operations, subject: "Note", message: "{{ run_id }}"}}
  each:
    map:
      over: {parameter: places}
      as: place
      at_most: 2
      at_once: 2
      steps:
        line: {generate: {prompt: line, output: line.json, route: writing, into: line}, catch: [{on: LLMError, go: continue}]}
finally:
  tell: {notify: {channel: operations, on: [degraded], subject: "Degraded", message: "{{ outcome }}"}}
  alarm: {notify: {channel: operations, on: [failed], subject: "Failed", message: "{{ document }}: {{ outcome }}"}}
"""
)
CALLED = (
    HEAD.format(name="called")
    + """\
output: [summary]
steps:
  summary: {generate: {prompt: summary, output: line.json, route: writing, into: summary}}
"""
)
CALLED_SCENARIOS = """\
workflow: called
scenarios:
  answers:
    says: The model answers.
    input: {document: samples/page.pdf}
    steps: {summary: [{reply: {text: All is well}, tokens: {read: 10, written: 5}}]}
    expect: {outcome: succeeded}
  busy:
    says: The model is busy for good.
    input: {document: samples/page.pdf}
    steps: {summary: [{fault: RateLimitError}, {fault: RateLimitError}]}
    expect: {outcome: failed, error: RateLimitError}
"""
OUTPUT = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}
PROMPT = "---\nversion: 1\nvariables: [{names}]\n---\n{{% block user %}}Write a line. {body}{{% endblock %}}\n"


def write_project(root: Path) -> tuple[Workflow, Workflow]:
    """Writes the project; the caller and the called workflow."""
    include = root / "include"
    shutil.copytree(ROOT / "tests" / "airflow_semantics" / "cases" / "include", include)
    for name, text in (("caller", CALLER), ("called", CALLED)):
        folder = root / "dags" / name
        folder.mkdir(parents=True)
        (folder / "workflow.yaml").write_text(text)
        (folder / "line.json").write_text(json.dumps(OUTPUT))
        (include / "prompts" / name).mkdir(parents=True)
    (root / "dags" / "called" / "scenarios.yaml").write_text(CALLED_SCENARIOS)
    (include / "prompts" / "caller" / "line.md.j2").write_text(PROMPT.format(names="place", body="{{ place }}"))
    (include / "prompts" / "called" / "summary.md.j2").write_text(
        PROMPT.format(names="parameters", body="{{ parameters.tone }}")
    )
    caller, called = (load_workflow(root / "dags" / name, include) for name in ("caller", "called"))
    return caller, called


def write_scenarios(workflow: Workflow, text: str) -> Path:
    """Writes the scenarios of a workflow; a scenario is indented by two."""
    path = workflow.folder / "scenarios.yaml"
    path.write_text(f"workflow: {workflow.name}\n{text}")
    return path
