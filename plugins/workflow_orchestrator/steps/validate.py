"""`validate`: proves each value against the document, then applies field and cross-field rules.

Writes `validation.json` (verdict of each value, findings, what became of each rule, which release before was compared with) and
`values.json`: the proven values, and only those.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.definition.model import ValidateStep
from workflow_orchestrator.steps.work import Work, step_of
from workflow_orchestrator.values import ValueSet

if TYPE_CHECKING:
    from workflow_orchestrator.documents import Document
    from workflow_orchestrator.fields import FieldSet
    from workflow_orchestrator.rules.findings import Finding


def perform(work: Work) -> None:
    """Does the step's work.

    Raises:
        BusinessValidationError: required fields are missing, or a rule says that a person must look.
    """
    extracted = work.run.read_json("extracted.json")
    values = ValueSet.from_json(extracted["values"])
    judge_values(work, step_of(work, ValidateStep), values, left_out=extracted["rejected"])


def judge_values(
    work: Work,
    step: ValidateStep,
    values: ValueSet,
    left_out: Iterable[dict[str, Any]] = (),
    corrections: Iterable[dict[str, Any]] = (),
) -> ValueSet:
    """Proves and checks `values`, writes `validation.json` and `values.json`, and returns the proven ones.

    A value that is not proven is dropped; if the workflow requires it, its absence is a finding. `left_out` is what the
    reader saw and would not decide on: it is kept so that a person sees why a field is empty. `corrections` says what people
    entered among the values, who and when. What the readers said of the document itself (repaired, hidden words, two styles of
    figures) is kept beside the verdicts, and whom it names in no field.

    Raises:
        BusinessValidationError: required fields are missing, or a rule says that a person must look.
    """
    from workflow_orchestrator.compliance.personal_data import people_warnings
    from workflow_orchestrator.documents import Document
    from workflow_orchestrator.evidence import prove_all, with_sources
    from workflow_orchestrator.record.releases import last_release
    from workflow_orchestrator.rules import examine, load_rules, raise_for_findings

    # Until this proof is through there are no values to speak of, also when an earlier one had some.
    for name in ("values.json", "validation.json"):
        work.run.delete(name)
    document = Document.from_json(work.run.read_json("document.json"))
    left_out = list(left_out)
    values = with_sources(_of_choice(left_out, values, document, work.workflow.fields), document)
    verdicts = prove_all(values.values(), document, work.workflow.fields)
    proven = ValueSet(values[verdict.ref] for verdict in verdicts if verdict.status == "proven")
    rules = load_rules(step.rules, work.workflow.fields)
    previous = None
    if rules.identity is not None:
        previous = last_release(work.run, rules.identity, proven, profile=work.configuration.profile)
    examined = examine(
        proven,
        work.workflow.fields,
        rules,
        required_fields=work.workflow.rules.required_fields,
        today=work.services.now().date(),
        pages=len(document.pages),
        previous=previous,
        asked=work.conf,
    )
    findings = (*_choices(left_out, proven), *examined.findings)
    work.keep(
        "validation.json",
        {
            "language": work.run.read_json("extracted.json")["language"],
            "verdicts": [verdict.to_json() for verdict in verdicts],
            "findings": [finding.to_json() for finding in findings],
            "rules": [outcome.to_json() for outcome in examined.outcomes],
            "left_out": left_out,
            "warnings": [*document.warnings, *people_warnings(document, proven.values())],
            "corrections": list(corrections),
            "previous": previous
            and {"run_id": previous.run_id, "as_of": previous.as_of.isoformat(), "at": previous.at},
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


def _of_choice(left_out: Iterable[dict[str, Any]], values: ValueSet, document: Document, fields: FieldSet) -> ValueSet:
    """The values, and where a person chose one of several share classes by its ISIN, what the document prints of that one."""
    from workflow_orchestrator.extraction.offline import read_fields

    chosen = next((value for item in left_out if item.get("choose") for value in values.of(item["ref"])), None)
    if chosen is None:
        return values
    read = read_fields(document, fields, code=str(chosen.value)).values.values()
    known = {value.ref for value in values.values()}
    return ValueSet([*values.values(), *(value for value in read if fields[value.field].varies and value.ref not in known)])


def _choices(left_out: Iterable[dict[str, Any]], proven: ValueSet) -> list[Finding]:
    """What a person must choose before anything can be said of the rest: which of several share classes the run is about."""
    from workflow_orchestrator.rules.fieldrules import FIELD_RULES
    from workflow_orchestrator.rules.findings import Finding

    open_choices = [item for item in left_out if item.get("choose") and not proven.of(item["ref"])]
    return [Finding("variant", FIELD_RULES["variant"], (item["ref"],), item["reason"], printed=item["quote"]) for item in open_choices]
