"""A copy of the shipped workflow whose files a test changes, and runs of it that stopped half way."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.record.definitions import keep_definition
from workflow_orchestrator.storage import LocalStorage

NAME = "fund_factsheet_video"
STEP = "generate_summary_slide"
FLOW = f"dags/{NAME}/workflow.yaml"


class Project:
    """A copy of the shipped workflow whose files a test may change, and the storage of its runs."""

    def __init__(self, root: Path, place: Path) -> None:
        self.folder = place / "dags" / NAME
        self.include = place / "include"
        self.storage = LocalStorage(place / "storage")
        shutil.copytree(root / "dags" / NAME, self.folder)
        shutil.copytree(root / "include", self.include, ignore=shutil.ignore_patterns("samples"))

    def load(self) -> Workflow:
        """What the files on disk say."""
        return load_workflow(self.folder, self.include)

    def edit(self, name: str, old: str, new: str) -> Workflow:
        """Replaces words in a file of the workflow's folder or of `include`, and loads what came of it."""
        path = self.folder / name if (self.folder / name).exists() else self.include / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} does not say {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return self.load()

    def open(self, workflow: Workflow, run_id: str = "doc_1") -> RunFolder:
        """A run as the first step opens it."""
        run = RunFolder(self.storage, NAME, run_id)
        keep_definition(run, workflow)
        run.write_json("request.json", {"conf": {}, "definition": workflow.digest})
        return run

    def archive(self, workflow: Workflow) -> Path:
        """Where the definition is kept."""
        return self.storage.root / "definitions" / NAME / f"{workflow.digest.removeprefix('sha256:')}.zip"


def finished(run: RunFolder, *steps: str) -> None:
    """Reports of steps that went well."""
    for step in steps:
        with run.reporting(step, 1):
            pass


def ended(run: RunFolder, at: str = "2026-11-24T10:00:00+00:00") -> None:
    """The run has ended at that time."""
    run.write_json("manifest.json", {"run": {"finished": at}})


def value(field: str, kind: str, said: str, **more: Any) -> dict[str, Any]:
    """A proven value as a run keeps it."""
    evidence = {"page": 1, "quote": said}
    return {"field": field, "kind": kind, "value": said, "origin": "offline", "evidence": evidence, **more}


VALUES = [
    value("fund_name", "text", "Aldermoor Global Equity"),
    value("fund_strategy", "paragraph", "The fund buys shares of companies everywhere."),
    value("performance_data", "percent", "7.4", key="1y", decimals=1),
    value("as_of_date", "date", "2026-10-30"),
]


def stopped(project: Project) -> RunFolder:
    """A run whose slides failed, after it had read, proven and written; it has ended."""
    project.edit("workflow.yaml", "\nsteps:\n", "\nrerun: latest\nsteps:\n")
    run = project.open(project.load())
    run.write_json("extracted.json", {"values": VALUES})
    run.write_json("values.json", VALUES)
    finished(run, "extract_factsheet_data", "validate_extracted_data", "generate_summary_script")
    ended(run)
    return run
