"""Turns a workflow's folder into a `Workflow`, or into one error that lists everything that is wrong with it.

workflow.yaml ─ source ─► language ─► outline ─► resources (prompts, schemas, rules, …) ─► checks ─► Workflow + digest
                              └────────────── every problem goes to one Report ──────────────┘
"""

from __future__ import annotations

import os
from pathlib import Path

from workflow_orchestrator.definition import model
from workflow_orchestrator.definition.build import Material, build_workflow
from workflow_orchestrator.definition.checks.all import check_definition
from workflow_orchestrator.definition.checks.header import check_format
from workflow_orchestrator.definition.configuration import Configuration, load_configuration
from workflow_orchestrator.definition.digest import digest_of, files_below, policies_in
from workflow_orchestrator.definition.language import WORKFLOW
from workflow_orchestrator.definition.outline import Outline, outline
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.resources import Places, check_resources
from workflow_orchestrator.definition.source import read_source
from workflow_orchestrator.fields import FieldSet

MOST_VALUES = 10_000
MOST_STEPS = 300


def load_workflow(
    folder: Path,
    include: Path,
    configuration: Configuration | None = None,
    *,
    home: Path | None = None,
) -> model.Workflow:
    """Loads one workflow.

    Args:
        folder: the workflow's folder; its name is the workflow's name.
        include: the folder with prompts, compliance packs and themes.
        configuration: the platform's; without it, `orchestrator.yaml` of `home` or `include` and the environment are read.
        home: the platform's `include`, where `folder` and `include` are the copy that a run keeps of its definition.

    Raises:
        DefinitionError: the definition has problems; the message lists every one with file, line and column, and
            `details["problems"]` has them as data.
        ConfigurationError: the platform's configuration is wrong.
    """
    if configuration is None:
        configuration = load_configuration((home or include) / "orchestrator.yaml", os.environ)
    report = Report(include.parent)
    workflow = _load(folder, Places(folder, include, folder.name, home), configuration, report)
    report.raise_if_any(report.shown(folder).as_posix())
    if workflow is None:
        raise AssertionError("a definition without problems is built")
    return workflow


def _load(folder: Path, places: Places, configuration: Configuration, report: Report) -> model.Workflow | None:
    source = read_source(folder / "workflow.yaml", report, most_values=MOST_VALUES)
    if source is None or not check_format(source, report):
        return None
    WORKFLOW.check(source.data, (), source, report)
    tree = outline(source)
    if _is_too_large(tree, report):
        return None
    # The folder's name in `places`, because a misspelt `workflow:` should not make every prompt missing as well.
    resources = check_resources(tree, places, configuration, report)
    uses = check_definition(tree, places, resources, configuration, report)
    if len(report):
        return None
    files = _files(tree, places)
    return build_workflow(
        Material(
            outline=tree,
            places=places,
            configuration=configuration,
            fields=resources.fields or FieldSet([]),
            uses=uses,
            files=files,
            digest=digest_of(files, places.folder, places.include, configuration, policies=policies_in(tree)),
            home=places.home,
        )
    )


def _is_too_large(tree: Outline, report: Report) -> bool:
    """Whether a file has more steps than anybody would run as one; the checks look at each of them from many sides."""
    count = sum(1 for _ in tree.nodes)
    if count > MOST_STEPS:
        message = f"the file has {count:,} steps and blocks, more than {MOST_STEPS:,}"
        report.add("WF005", tree.source, (), message, "divide the workflow")
    return count > MOST_STEPS


def _files(tree: Outline, places: Places) -> tuple[Path, ...]:
    """Every file of the definition, sorted."""
    files = {tree.source.path}
    for step in tree.steps:
        files.update(places.folder / step.own[key] for key in ("schema", "rules", "output") if key in step.own)
        if "theme" in step.own:
            files.update(files_below(places.theme(step.own["theme"])))
    files.update(files_below(places.prompts))
    files.update(files_below(places.include / "prompts" / "shared"))
    rules = tree.source.data.get("business_rules", {})
    files.update(places.pack(name) for name in rules.get("compliance_checks", ()))
    return tuple(sorted(files))
