"""Writes the compliance report of a run: `compliance_report.json` and `compliance.html`.

The slide step writes it before the release is asked for, and whoever records the run writes it again at its end, however it ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflow_orchestrator.definition.model import Workflow, WriteStep
from workflow_orchestrator.record import Artifact, RunFolder
from workflow_orchestrator.record.outcome import places_of
from workflow_orchestrator.record.run_folder import EACH
from workflow_orchestrator.steps.correction_form import label_of, worded
from workflow_orchestrator.steps.release import FIXED, content_of

DATA, PAGE = "compliance_report.json", "compliance.html"


def keep_report(run: RunFolder, workflow: Workflow, *, ending: Mapping[str, Any] | None = None) -> list[Artifact]:
    """Writes the report of a folder; nothing for a workflow that writes no script.

    Args:
        run: the folder of the run, or of one item of a map.
        workflow: the definition that the run goes by.
        ending: the run's `outcome` and `error`, once it has ended.

    Raises:
        DefinitionError: a pack is not there, or is broken.
        StorageError: the storage did not answer.
    """
    from workflow_orchestrator.compliance import load_packs
    from workflow_orchestrator.compliance.report import About, build_report
    from workflow_orchestrator.compliance.report_page import render_page

    writes = [step for step in workflow.steps if isinstance(step, WriteStep)]
    if not writes:
        return []
    about = About(
        workflow=workflow.name, title=workflow.title, owner=workflow.owner, definition=workflow.digest,
        packs=load_packs(workflow.include / "compliance", workflow.rules.compliance_checks),
        label=lambda ref: label_of(ref, workflow.fields), worded=lambda text: worded(text, workflow.fields),
        content=content_of(run) if all(run.exists(name) for name in FIXED) else "",
        write_steps=[step.name for step in writes], ending=ending, items=() if run.scope else _items(run, workflow),
    )
    report = build_report(run, about)
    return [run.write_json(DATA, report), run.write(PAGE, render_page(report, lambda name: _href(run, name)))]


def keep_reports(run: RunFolder, workflow: Workflow, ending: Mapping[str, Any]) -> list[Artifact]:
    """Writes the report of a run that has ended, and before it those of the items of its maps that have a script of their own.

    Raises:
        DefinitionError: a pack is not there, or is broken.
        StorageError: the storage did not answer.
    """
    maps = dict.fromkeys(step.within_map for step in workflow.steps if step.within_map)
    items = [place.run for name in maps for place in places_of(run, name) if place.run.holds("compliance.json")]
    artifacts = [artifact for item in items for artifact in keep_report(item, workflow, ending=ending)]
    return [*artifacts, *keep_report(run, workflow, ending=ending)]


def _items(run: RunFolder, workflow: Workflow) -> list[str]:
    maps = dict.fromkeys(step.within_map for step in workflow.steps if step.within_map)
    return [
        f"{EACH}/{name}/{place.index}/{PAGE}" for name in maps for place in places_of(run, name) if place.run.holds(PAGE)
    ]


def _href(run: RunFolder, name: str) -> str:
    """A file's address as seen from the report, which lies in its folder; an item reads from the run what it has not itself."""
    return name if not run.scope or run.holds(name) else f"{'../' * (run.scope.count('/') + 1)}{name}"
