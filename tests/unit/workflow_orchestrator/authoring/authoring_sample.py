"""A project of its own for the tests of the command line: the platform's files copied, and a workflow from the scaffold."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from workflow_orchestrator.authoring.cli import main
from workflow_orchestrator.authoring.project import Project
from workflow_orchestrator.authoring.scaffold import Wanted, make
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow

TODAY = date(2026, 11, 24)
ROOT = Path(__file__).resolve().parents[4]
NAME = "savings_plan"

# Blocks of every kind between the scaffold's check and its script.
BLOCKS = """\
  outlook:
    generate: {prompt: outlook, output: outlook.json, route: writing}
    catch: [{on: InvalidOutputError, go: continue}]
    default_error_handler: fail
  depth:
    choose:
      - name: dear
        when: {any: [{field: charges, more_than: 2}, {not: {parameter: audience, is: retail}}]}
        steps:
          warn: {notify: {channel: operations, subject: "{{ document }}", message: It is dear.}, default_error_handler: fail}
      - name: rest
        steps:
          calm: {notify: {channel: operations, subject: "{{ document }}", message: All well.}, default_error_handler: fail}
  both:
    parallel:
      left: {look_left: {generate: {prompt: outlook, output: outlook.json, route: writing}}}
      right: {look_right: {generate: {prompt: outlook, output: outlook.json, route: writing}}}
  each:
    map:
      over: {parameter: regions}
      as: region
      at_most: 3
      steps: {look_there: {generate: {prompt: outlook, output: outlook.json, route: writing}}}
"""
FINALLY = """\
finally:
  tell: {notify: {channel: operations, on: [failed], subject: "{{ outcome }}", message: "{{ error }}"}}
"""
REGIONS = """\
    regions: {title: Regions, type: array, items: {enum: [north, south]}, default: [north]}
business_rules:
"""
OUTLOOK = {
    "type": "object",
    "properties": {"tone": {"type": "string"}},
    "required": ["tone"],
    "additionalProperties": False,
}
PROMPT = """\
---
version: 1
parameters: {max_output_tokens: 500}
variables: [title]
---
{% block user %}
How is {{ title }}?
{% endblock %}
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The standard output as JSON."""
        return json.loads(self.out)


class Tty(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def empty_project(root: Path) -> Project:
    """The platform's files without any workflow; no sample documents, they are not needed here."""
    shutil.copytree(
        ROOT / "include", root / "include", ignore=shutil.ignore_patterns("samples", "fund_factsheet_video")
    )
    (root / "dags").mkdir()
    return Project(root, root)


def project_with(root: Path, name: str = NAME) -> Project:
    """A project with one workflow, as `new` makes it."""
    project = empty_project(root)
    make(project, Wanted(name, "Savings plan", "savings-team"), TODAY)
    return project


def add_blocks(project: Project, name: str = NAME) -> None:
    """Puts blocks, generate steps and a last message into the workflow."""
    folder = project.dags / name
    edit(folder / "workflow.yaml", "business_rules:\n", REGIONS)
    edit(folder / "workflow.yaml", "  # Says what narration", BLOCKS + "  # Says what narration")
    # Every step is tried alike, so that what holds for every step can be told as one thing.
    edit(folder / "workflow.yaml", "    retry: corrections     # who edits, or forgets a reason, is asked again at once\n", "")
    with (folder / "workflow.yaml").open("a", encoding="utf-8") as file:
        file.write(FINALLY)
    (folder / "outlook.json").write_text(json.dumps(OUTLOOK), encoding="utf-8")
    (project.include / "prompts" / name / "outlook.md.j2").write_text(PROMPT, encoding="utf-8")


def edit(path: Path, old: str, new: str) -> None:
    """Replaces the one place where `old` stands."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, (path.name, old, text.count(old))
    path.write_text(text.replace(old, new), encoding="utf-8")


def load(project: Project, name: str = NAME) -> Workflow:
    """The workflow as it lies there now."""
    return load_workflow(project.dags / name, project.include)


def runner(project: Project, cwd: Path | None = None) -> Callable[..., Said]:
    """A function that runs a command on this project, with streams of its own."""

    def run(*arguments: str, tty: bool = False, stdin: str = "", environ: dict[str, str] | None = None) -> Said:
        make_stream = Tty if tty else io.StringIO
        out, err = make_stream(), make_stream()
        code = main(
            [*arguments, "--project", str(project.root)],
            out=out,
            err=err,
            stdin=make_stream(stdin),
            environ={"GENAI_PLATFORM_CWD": str(cwd or project.root), **(environ or {})},
        )
        return Said(code, out.getvalue(), err.getvalue())

    return run
