"""`variant` of a reading step: a parameter of the run and a field of the schema, of one name, that hold the code of what is meant."""

from __future__ import annotations

from workflow_orchestrator.definition.checks.subjects import Subjects
from workflow_orchestrator.definition.outline import Outline
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.values import Kind


def check_variants(tree: Outline, subjects: Subjects, report: Report) -> None:
    """Reports a `variant` that no parameter or no field of kind isin stands behind."""
    for node in tree.steps:
        name = node.own.get("variant") if node.kind == "extract" else None
        if not isinstance(name, str):
            continue
        at = (*node.at, "extract", "variant")
        known = subjects.parameters()
        if name not in known:
            report.add("WF052", tree.source, at, f"there is no parameter {name!r}", did_you_mean(name, known))
        codes = [spec.name for spec in (subjects.fields or {}).values() if spec.kind is Kind.ISIN]
        if subjects.fields is not None and name not in codes:
            report.add("WF042", tree.source, at, f"the schema has no field {name!r} of kind isin", did_you_mean(name, codes))
