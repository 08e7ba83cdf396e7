"""`validate`: proves each value against the document, then applies field and cross-field rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from workflow_orchestrator.definition.model import ValidateStep, Workflow
from workflow_orchestrator.operators.base import StepOperator, Work
from workflow_orchestrator.values import ValueSet


class ValidateOperator(StepOperator):
    """Writes `validation.json` (verdict of each value, findings of each rule) and `values.json`: the proven values, and only those."""

    ui_color = "#e3f1e6"
    step: ValidateStep

    def perform(self, work: Work) -> None:
        extracted = work.run.read_json("extracted.json")
        judge_values(
            work, self.workflow, self.step, ValueSet.from_json(extracted["values"]), left_out=extracted["rejected"]
        )


def judge_values(
    work: Work, workflow: Workflow, step: ValidateStep, values: ValueSet, left_out: Iterable[dict[str, Any]] = ()
) -> ValueSet:
    """Proves and checks `values`, writes `validation.json` and `values.json`, and returns the proven ones.

    A value that is not proven is dropped; if the workflow requires it, its absence is a finding. `left_out` is what the
    reader saw and would not decide on: it is kept so that a person sees why a field is empty.

    Raises:
        BusinessValidationError: required fields are missing, or a rule says that a person must look.
    """
    from workflow_orchestrator.documents import Document
    from workflow_orchestrator.evidence import prove_all
    from workflow_orchestrator.rules import check_values, load_rules, raise_for_findings

    # Until this proof is through there are no values to speak of, also when an earlier one had some.
    for name in ("values.json", "validation.json"):
        work.run.storage.delete(work.run.key(name))
    document = Document.from_json(work.run.read_json("document.json"))
    verdicts = prove_all(values.values(), document, workflow.fields)
    proven = ValueSet(values[verdict.ref] for verdict in verdicts if verdict.status == "proven")
    findings = check_values(
        proven,
        workflow.fields,
        load_rules(step.rules, workflow.fields),
        required_fields=workflow.rules.required_fields,
        today=datetime.now(UTC).date(),
    )
    work.keep(
        "validation.json",
        {
            "verdicts": [verdict.to_json() for verdict in verdicts],
            "findings": [finding.to_json() for finding in findings],
            "left_out": list(left_out),
        },
    )
    work.report.facts.update(
        {
            "proven": len(proven),
            "not_proven": len(values) - len(proven),
            "findings": len(findings),
        }
    )
    raise_for_findings(findings)
    work.keep("values.json", proven.to_json())
    return proven
