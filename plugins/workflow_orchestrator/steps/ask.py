"""`ask`: a form for the fields that failed; the answer goes through the same checks as any other value.

A person enters the words as they are printed and the page. The figure is read from those words and proven against that page, so
that a correction is bound to the document like every other value; it is marked `origin: person`. The step of a scale that is only
drawn is the one thing that a person reads and no words prove (`extraction/seen.py`).

`correction.py` keeps and reads answers, `correction_form.py` writes the question, `correction_pictures.py` shows the places.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from workflow_orchestrator.definition.model import AskStep, ValidateStep
from workflow_orchestrator.errors import BusinessValidationError, ConfigurationError, CorrectionError
from workflow_orchestrator.steps.correction import (
    Corrections,
    Problem,
    Taken,
    keep,
    not_proven,
    note_problems,
    read_answer,
    refs_typed,
)
from workflow_orchestrator.steps.correction_form import Asked, form_for, label_of, page_of_question, wanted_refs, worded
from workflow_orchestrator.steps.correction_pictures import pictured
from workflow_orchestrator.steps.people import nobody_answered
from workflow_orchestrator.steps.validate import judge_values
from workflow_orchestrator.steps.work import Answer, Question, Work, step_of

if TYPE_CHECKING:
    from workflow_orchestrator.extraction.seen import SeenScale

SEND = "Send the values"
STOP = "Stop this run"


def question(work: Work) -> Question:
    """The form: what stopped the run, filled with what was read and what people have entered so far."""
    step = step_of(work, AskStep)
    fields = work.workflow.fields
    corrections = Corrections.of(work)
    document = work.run.read_json("document.json")
    asked = pictured(work, _asked(work, corrections), corrections)
    return Question(
        subject=f"{work.workflow.title}: values are missing or wrong in {work.request['source']['name']}",
        body=page_of_question(
            asked, fields, corrections, work.run.last_error(step.name), lambda name: work.services.link(work.run, name)
        ),
        options=(SEND, STOP),
        groups=step.ask,
        within=step.within,
        form=form_for(asked, fields, len(document["pages"]), corrections),
    )


def take(work: Work, answer: Answer) -> None:
    """Takes what a person entered.

    Raises:
        BusinessValidationError: somebody stopped the run.
        CorrectionError: the words do not stand there, or are still not enough; a retry asks again.
    """
    before = Corrections.of(work)
    if answer.option == STOP:
        keep(work, before, answer, Taken((), (), (), {}))
        raise BusinessValidationError(
            f"{answer.by} stopped the run instead of entering the missing values", by=answer.by
        )
    taken = read_answer(work, before, answer.values)
    # Kept before it is judged: whatever happens next, nobody has to type it again.
    after = keep(work, before, answer, taken)
    if taken.problems:
        raise _not_taken(work, taken.problems)
    left_out = json.loads(work.run.read("extracted.json"))["rejected"]
    refused: BusinessValidationError | None = None
    try:
        judge_values(work, _validate_step(work), after.present, left_out, corrections=after.changed())
    except BusinessValidationError as error:
        refused = error
    problems = not_proven(work, taken)
    if problems:
        work.run.delete("values.json")
        note_problems(work, problems)
        raise _not_taken(work, problems)
    if refused:
        raise CorrectionError(f"the values are still not enough: {refused.message}", **refused.details)
    work.report.facts.update({"corrected": len(taken.values), "removed": len(taken.removed), "by": answer.by})


def _not_taken(work: Work, problems: Sequence[Problem]) -> CorrectionError:
    fields = work.workflow.fields
    listed = "; ".join(
        f"{label_of(item.ref, fields)}: {item.words!r}{f' on page {item.page}' if item.page else ''}: {worded(item.message, fields)}"
        for item in problems
    )
    return CorrectionError(f"not every value entered stands in the document: {listed}. The form is shown again")


def no_answer(work: Work, reason: str) -> NoReturn:
    """Nobody entered anything in time.

    Raises:
        ApprovalError: always.
    """
    nobody_answered("the correction", step_of(work, AskStep).within, reason)


def _asked(work: Work, corrections: Corrections) -> Asked:
    from workflow_orchestrator.evidence import READ_BY_OCR

    validation = work.run.read_json("validation.json")
    fields = work.workflow.fields
    scales = _scales(work, corrections)
    by_ocr = [item["ref"] for item in validation["verdicts"] if item["reason"] == READ_BY_OCR]
    # A form that was answered and is asked again shows what was entered, although it stops nothing any more.
    refs = dict.fromkeys(
        (
            *wanted_refs(validation["findings"], fields),
            *by_ocr,
            *corrections.values,
            *corrections.removed,
            *refs_typed(corrections.typed, (ref for ref in corrections.typed if ref.partition(".")[0] in fields)),
            *scales,
        )
    )
    left_out = [*_not_proven(validation, corrections), *validation["left_out"]]
    return Asked(validation["findings"], list(refs), left_out, scales, by_ocr=by_ocr)


def _not_proven(validation: Mapping[str, Any], corrections: Corrections) -> Iterator[dict[str, Any]]:
    """Values that were read and whose proof failed, in the form of what the reader left out."""
    for verdict in validation["verdicts"]:
        value = corrections.present.get(verdict["ref"])
        if value and verdict["status"] != "proven":
            evidence = value.evidence
            yield {"ref": value.ref, "quote": evidence.quote, "page": evidence.page, "reason": verdict["reason"]}


def _scales(work: Work, corrections: Corrections) -> dict[str, SeenScale]:
    """The drawn scales of fields that have no value yet."""
    from workflow_orchestrator.documents import Document
    from workflow_orchestrator.extraction.layout import DocumentLayout
    from workflow_orchestrator.extraction.seen import own_names, scales_of
    from workflow_orchestrator.extraction.vocabulary import Vocabulary

    fields = work.workflow.fields
    layout, words = DocumentLayout(Document.from_json(work.run.read_json("document.json"))), Vocabulary(fields)
    names = own_names(corrections.extracted, fields)
    found = {spec.name: scales_of(spec, layout, words, names) for spec in fields.values() if spec.name not in corrections.extracted}
    return {ref: scales[0] for ref, scales in found.items() if scales}


def _validate_step(work: Work) -> ValidateStep:
    """The step whose failure led here: its rules judge the answer."""
    for step in work.workflow.steps:
        if isinstance(step, ValidateStep) and any(catch.go == work.step.name for catch in step.catches):
            return step
    raise ConfigurationError(f"{work.step.name} is not reached from a validate step, so its answers cannot be checked")
