"""All checks, in the order in which an author would make them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflow_orchestrator.definition.build import Use
from workflow_orchestrator.definition.checks.artifacts import check_artifacts
from workflow_orchestrator.definition.checks.calls import Called, check_calls, find_called, taken_answers
from workflow_orchestrator.definition.checks.catches import check_catches
from workflow_orchestrator.definition.checks.conditions import check_conditions
from workflow_orchestrator.definition.checks.header import check_header
from workflow_orchestrator.definition.checks.lists import check_maps
from workflow_orchestrator.definition.checks.making import artifact_of
from workflow_orchestrator.definition.checks.messages import check_messages
from workflow_orchestrator.definition.checks.names import check_names
from workflow_orchestrator.definition.checks.passing import Passing
from workflow_orchestrator.definition.checks.prompts import check_prompts, find_uses
from workflow_orchestrator.definition.checks.subjects import Subjects
from workflow_orchestrator.definition.checks.times import check_executions, check_times
from workflow_orchestrator.definition.checks.variants import check_variants
from workflow_orchestrator.definition.checks.waits import check_waits
from workflow_orchestrator.definition.configuration import Configuration
from workflow_orchestrator.definition.outline import Outline
from workflow_orchestrator.definition.parameters import check_parameters
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.resources import Places, Resources


def check_definition(
    tree: Outline, places: Places, resources: Resources, configuration: Configuration, report: Report
) -> Mapping[str, Use]:
    """Makes every check; returns what each prompt uses, by step."""
    called = find_called(tree, places.beside)
    subjects = Subjects(tree, resources.fields, _answers(tree, resources, called))
    uses = find_uses(tree, resources.prompts)
    passing = Passing(tree, uses, configuration)
    check_header(tree.source, places.workflow, report)
    check_parameters(tree.source, report)
    check_names(tree, report)
    check_catches(tree, report)
    passing.check(report)
    check_executions(tree, configuration, report)
    check_times(tree, configuration, report)
    check_prompts(tree, resources.prompts, subjects, uses, report)
    check_conditions(tree, subjects, passing, report)
    check_maps(tree, subjects, report)
    check_messages(tree, subjects, configuration, report)
    check_variants(tree, subjects, report)
    check_waits(tree, subjects, report)
    check_calls(tree, called, subjects, report, kept=places.home is not None, folder=places.folder)
    check_artifacts(tree, uses, report)
    return uses


def _answers(
    tree: Outline, resources: Resources, called: Mapping[str, Called]
) -> dict[str, dict[str, Mapping[str, Any]]]:
    """The schemas of what generate steps make and calls take: artifact → step → schema."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for node in tree.steps:
        if node.name in resources.outputs:
            found.setdefault(artifact_of(node), {})[node.name] = resources.outputs[node.name]
    for step, artifact, schema in taken_answers(tree, called):
        found.setdefault(artifact, {})[step] = schema
    return found
