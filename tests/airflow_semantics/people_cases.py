"""The cases of `people.yaml`: workflows as `scripts/workflow new` makes them, so that questions are the real ones about real content."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from semantics_cases import Case

from workflow_orchestrator.authoring.project import Project
from workflow_orchestrator.authoring.scaffold import Wanted, make
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.scenarios import load_scenarios
from workflow_orchestrator.scenarios.model import Reaction, Scenario

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 29)
TOLD: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).with_name("people.yaml")).read_text(encoding="utf-8"))
VIDEO = "  make_video:\n    video: {provider: local, voice: default}\n"


def people_cases() -> list[Case]:
    """Every case."""
    return [
        Case(flow, name, told["outcome"], {task: (state, tries) for task, (state, tries) in told["states"].items()})
        for flow, scenarios in TOLD.items()
        for name, told in scenarios.items()
    ]


def make_project(root: Path) -> Path:
    """Writes the workflows below `root`; returns their folder of DAGs."""
    shutil.copytree(ROOT / "include", root / "include", ignore=shutil.ignore_patterns("samples", "fund_factsheet_video"))
    (root / "dags").mkdir()
    for name in TOLD:
        _make(Project(root, root), name)
    return root / "dags"


def scenario_of(dags: Path, case: Case) -> Scenario:
    """The scenario of a case."""
    return load_scenarios(load_workflow(dags / case.workflow, dags.parent / "include")).scenario(case.scenario)


def form_of(question: dict[str, Any], reaction: Reaction) -> dict[str, Any]:
    """What a person leaves in Airflow's form: the values that stand in it, and those that the scenario enters."""
    form = {name: part.get("value") for name, part in question["params"].items()}
    for ref, (words, page) in reaction.enter.items():
        assert ref in form, (ref, sorted(form))
        form |= {ref: words, f"{ref}@page": page}
    return form | ({"reason": reaction.reason} if reaction.reason else {})


def reactions(scenario: Scenario, step: str) -> Iterator[Reaction]:
    """What people say to a step, try by try."""
    number = 1
    while isinstance(event := scenario.event(step, step, number), Reaction):
        yield event
        number += 1


def _make(project: Project, name: str) -> None:
    make(project, Wanted(name, name.title(), "platform"), TODAY)
    folder = project.dags / name
    within = "5s" if name in ("unheard", "silence") else "2d"
    _edit(folder / "workflow.yaml", "within: 2d", f"within: {within}", 2)
    if within == "5s":
        _edit(folder / "workflow.yaml", "every: 1d", "every: 3s", 1)
    _edit(folder / "workflow.yaml", "handler: fail}", "handler: fail, retry_delay_seconds: 1}")
    _edit(folder / "workflow.yaml", VIDEO, "")
    if name in ("heard", "unheard"):
        _edit(folder / "rules.yaml", "max_age_days: 92", "max_age_days: 1, severity: needs_person")
    scenarios = {
        scenario: {
            "says": told["says"], "input": {"document": "sample.pdf"}, "today": TODAY.isoformat(), "steps": told["steps"],
            "expect": {"outcome": told["outcome"]},
        }
        for scenario, told in TOLD[name].items()
    }  # fmt: skip
    text = yaml.safe_dump({"workflow": name, "scenarios": scenarios}, sort_keys=False, allow_unicode=True)
    (folder / "scenarios.yaml").write_text(text.replace(f"'{TODAY}'", str(TODAY)), encoding="utf-8")


def _edit(path: Path, old: str, new: str, times: int = 1) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == times, (path.name, old, text.count(old))
    path.write_text(text.replace(old, new), encoding="utf-8")
