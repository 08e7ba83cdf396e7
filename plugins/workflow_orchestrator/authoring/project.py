"""Where the folders of a project lie, and the workflows in it.

<root>/dags/<workflow>/          one folder = one workflow
<root>/include/                  prompts, packs, themes, the platform's configuration
<root>/docs/workflows/           the generated pages
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.definition import Configuration, load_configuration, load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.problems import did_you_mean

HERE = Path(__file__).resolve().parents[3]
"""The checkout that this file belongs to."""


OF_THE_PLATFORM = {"orchestrator_watch"}
"""Folders of `dags/` that hold a DAG of the platform and no workflow."""


@dataclass(frozen=True, slots=True)
class Project:
    """One checkout. `cwd` is where the person stands: paths on the command line start there."""

    root: Path
    cwd: Path

    @property
    def dags(self) -> Path:
        return self.root / "dags"

    @property
    def include(self) -> Path:
        return self.root / "include"

    @property
    def pages(self) -> Path:
        return self.root / "docs" / "workflows"

    def names(self) -> tuple[str, ...]:
        """The workflows: every folder of `dags/` that has a `workflow.yaml` or a `dag.py`, but for the platform's own DAG."""
        found = {path.parent.name for name in ("workflow.yaml", "dag.py") for path in self.dags.glob(f"*/{name}")}
        return tuple(sorted(found - OF_THE_PLATFORM))

    def path(self, given: str) -> Path:
        """A path as the person means it."""
        return (self.cwd / given).absolute()

    def folder(self, given: str) -> Path:
        """The folder of a workflow, by its name or by its path.

        Raises:
            UsageError: there is no such workflow; the nearest name is said.
        """
        if given in self.names():
            return self.dags / given
        if "/" in given or given.startswith("."):
            folder = self.path(given)
            folder = folder.parent if folder.name == "workflow.yaml" else folder
            if (folder / "workflow.yaml").is_file():
                return folder
            raise UsageError(f"{given} is no folder with a workflow.yaml")
        known = did_you_mean(given, self.names()) or "dags/ has none; make one with: scripts/workflow new NAME"
        raise UsageError(f"there is no workflow {given!r}: {known}")

    def folders(self, given: Sequence[str]) -> tuple[Path, ...]:
        """The folders of the workflows named, each once; of all when none is.

        Raises:
            UsageError: one of them does not exist.
        """
        if not given:
            return tuple(self.dags / name for name in self.names())
        return tuple(dict.fromkeys(self.folder(name) for name in given))

    def configuration(self) -> Configuration:
        """The platform's configuration.

        Raises:
            ConfigurationError: it is wrong.
        """
        return load_configuration(self.include / "orchestrator.yaml", os.environ)

    def include_of(self, folder: Path) -> Path:
        """The `include/` that a folder belongs to: beside its `dags/` where there is one, else the project's own."""
        beside = folder.parent.parent / "include"
        return beside if (beside / "orchestrator.yaml").is_file() else self.include

    def load(self, given: str) -> Workflow:
        """A workflow by name or path.

        Raises:
            UsageError: there is none.
            DefinitionError: it has problems.
            ConfigurationError: the platform's configuration has.
        """
        folder = self.folder(given)
        return load_workflow(folder, self.include_of(folder))
