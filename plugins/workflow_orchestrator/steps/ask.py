"""`ask`: a form for the fields that failed; the answer goes through the same checks as any other value.

A person enters the words as they are printed and the page. The figure is read from those words and proven against that page, so
that a correction is bound to the document like every other value; it is marked `origin: person`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.definition.model import AskStep, ValidateStep
from workflow_orchestrator.errors import BusinessValidationError, ConfigurationError, CorrectionError
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.steps.people import nobody_answered, plain
from workflow_orchestrator.steps.validate import judge_values
from workflow_orchestrator.steps.work import Answer, Question, Work, step_of
from workflow_orchestrator.values import Kind, Origin, Value, ValueSet

if TYPE_CHECKING:
    from workflow_orchestrator.extraction import Reading

SEND = "Send the values"
STOP = "Stop this run"


def question(work: Work) -> Question:
    """The form: what stopped the run, filled with what was read and what people have entered so far."""
    step = step_of(work, AskStep)
    fields = work.workflow.fields
    validation = work.run.read_json("validation.json")
    # A form that was answered and is asked again shows what was entered, although it stops nothing any more.
    wanted = list(
        dict.fromkeys([*wanted_refs(validation["findings"], fields), *(v.ref for v in _entered_so_far(work))])
    )
    pages = len(work.run.read_json("document.json")["pages"])
    source = work.services.link(work.run, "source.pdf")
    return Question(
        subject=f"{work.workflow.title}: values are missing or wrong in {work.request['source']['name']}",
        body=page(validation, source, work.run.last_error(step.name)),
        options=(SEND, STOP),
        groups=step.ask,
        within=step.within,
        form=form_for(wanted, fields, pages, _present(work)),
    )


def take(work: Work, answer: Answer) -> None:
    """Takes what a person entered.

    Raises:
        BusinessValidationError: somebody stopped the run.
        CorrectionError: the words do not stand there, or are still not enough; a retry asks again.
    """
    if answer.option == STOP:
        raise BusinessValidationError(
            f"{answer.by} stopped the run instead of entering the missing values", by=answer.by
        )
    reading = _reading(work, answer.values)
    corrected = reading.values
    so_far = ValueSet(_entered_so_far(work)).replacing(corrected.values())
    extracted = work.run.read("extracted.json")
    entry = {"by": answer.by, "at": answer.at, "extracted": sha256(extracted), "values": so_far.to_json()}
    work.keep("correction.json", entry)
    if reading.rejected:
        listed = "; ".join(
            f"{item.ref}: {item.quote!r} on page {item.page}: {item.reason}" for item in reading.rejected
        )
        raise CorrectionError(f"not every value entered stands in the document: {listed}. The form is shown again")
    left_out = json.loads(extracted)["rejected"]
    try:
        judge_values(work, _validate_step(work), _present(work), left_out)
    except BusinessValidationError as error:
        raise CorrectionError(f"the values are still not enough: {error.message}", **error.details) from None
    work.report.facts.update({"corrected": len(corrected), "by": answer.by})


def no_answer(work: Work, reason: str) -> NoReturn:
    """Nobody entered anything in time.

    Raises:
        ApprovalError: always.
    """
    nobody_answered("the correction", step_of(work, AskStep).within, reason)


def _present(work: Work) -> ValueSet:
    """What was read, with what people have entered so far for this very reading in its place."""
    values = ValueSet.from_json(work.run.read_json("extracted.json")["values"])
    return values.replacing(_entered_so_far(work))


def _entered_so_far(work: Work) -> list[Value]:
    if not work.run.exists("correction.json"):
        return []
    kept = work.run.read_json("correction.json")
    if kept["extracted"] != sha256(work.run.read("extracted.json")):
        return []
    return [Value.from_json(item) for item in kept["values"]]


def _reading(work: Work, answers: Mapping[str, Any]) -> Reading:
    from workflow_orchestrator.documents import Document
    from workflow_orchestrator.extraction import model

    document = Document.from_json(work.run.read_json("document.json"))
    return model.values_from_answer({"values": entered(answers)}, document, work.workflow.fields, origin=Origin.PERSON)


def _validate_step(work: Work) -> ValidateStep:
    """The step whose failure led here: its rules judge the answer."""
    for step in work.workflow.steps:
        if isinstance(step, ValidateStep) and any(catch.go == work.step.name for catch in step.catches):
            return step
    raise ConfigurationError(f"{work.step.name} is not reached from a validate step, so its answers cannot be checked")


def wanted_refs(findings: Sequence[Mapping[str, Any]], fields: FieldSet) -> list[str]:
    """The references that a person is asked for: those of each finding that stopped the run; a whole period field gives all its keys."""
    refs: dict[str, None] = {}
    for finding in findings:
        if finding["severity"] == "warning":
            continue
        for ref in finding["refs"]:
            name, _, key = ref.partition(".")
            spec = fields[name]
            if spec.keyed == "period" and not key:
                refs.update(dict.fromkeys(f"{name}.{key}" for key in spec.keys))
            elif not spec.keyed or key:
                refs[ref] = None
    return list(refs)


def form_for(refs: Sequence[str], fields: FieldSet, pages: int, present: ValueSet) -> dict[str, dict[str, Any]]:
    """The form's fields: the printed words of each value, and the page that prints them; no field is forced."""
    form: dict[str, dict[str, Any]] = {}
    for ref in refs:
        title = fields.title_of(ref, "en")
        spec = fields[ref.partition(".")[0]]
        name = spec.title["en"]
        label = name if title == name else f"{name}, {title}"
        shape: dict[str, Any] = {"format": "multiline"} if spec.kind is Kind.PARAGRAPH else {}
        value = present.get(ref)
        form[ref] = {
            "value": value.evidence.quote if value else None,
            "description": f"The words exactly as the document prints them. {spec.description}".strip(),
            "schema": {"type": ["null", "string"], "title": f"{label}: as printed", "section": label, **shape},
        }
        form[f"{ref}@page"] = {
            "value": value.evidence.page if value else None,
            "description": f"1 to {pages}",
            "schema": {
                "type": ["null", "integer"],
                "minimum": 1,
                "maximum": pages,
                "title": f"{label}: page",
                "section": label,
            },
        }
    return form


def entered(answers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a person filled in, in the form in which a model would have answered; empty fields are left out.

    Raises:
        CorrectionError: words without a page.
    """
    items = []
    for ref, words in answers.items():
        if ref.endswith("@page") or not str(words or "").strip():
            continue
        page = answers.get(f"{ref}@page")
        if not isinstance(page, int):
            raise CorrectionError(f"{ref}: {words!r} needs the number of the page that prints it")
        field, _, key = ref.partition(".")
        items.append({"field": field, "key": key, "quote": str(words).strip(), "page": page, "label": ""})
    return items


def page(validation: Mapping[str, Any], source: str, refused: Mapping[str, Any] | None = None) -> str:
    """The question as Markdown: why the last answer was refused, what failed and why, and where the document lies."""
    lines = [f"**The last answer was refused.** {plain(refused['message'])}", ""] if refused else []
    lines += [f"[Source document]({source})", "", "| Field | Why |", "|---|---|"]
    lines += [
        f"| {', '.join(finding['refs']) or finding['rule']} | {plain(finding['message'])} |"
        for finding in validation["findings"]
        if finding["severity"] != "warning"
    ]
    left_out = validation["left_out"]
    if left_out:
        lines += ["", "Seen in the document, but not certain enough to be used:", ""]
        lines += [
            f"- {item['ref']}: “{plain(item['quote'])}” on page {item['page']}: {plain(item['reason'])}"
            for item in left_out[:20]
        ]
    lines += ["", "Enter each value as the document prints it, with its page. It is checked against that page."]
    return "\n".join(lines)
