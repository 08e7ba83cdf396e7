"""`extract`: reads the document and binds each field to a page and its printed words.

Writes `document.json` (pages, words, boxes) and `extracted.json` (values with evidence, and what was left out and why).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.definition.model import ExtractStep
from workflow_orchestrator.steps.model_call import ask_model, shared_variables
from workflow_orchestrator.steps.work import Work, step_of

if TYPE_CHECKING:
    from workflow_orchestrator.documents import Document


def perform(work: Work) -> None:
    """Does the step's work.

    Raises:
        DocumentError: the document cannot be read.
        LLMError: the model call failed; the class says whether a retry helps.
    """
    from workflow_orchestrator.evidence import with_sources
    from workflow_orchestrator.extraction import model, offline

    step = step_of(work, ExtractStep)
    document = _document(work)
    work.keep("document.json", document.to_json())
    fields = work.workflow.fields
    readings: dict[str, Any] = {}

    def without_model() -> Any:
        readings["offline"] = offline.read_fields(document, fields)
        return {"values": []}

    result = ask_model(
        work,
        route=step.route,
        prompt=step.prompt,
        variables={
            **shared_variables(work),
            "document": model.document_text(document),
            "fields": model.field_guide(fields),
            "title": fields.title,
        },
        schema=model.answer_schema(fields),
        offline=without_model,
    )
    if result.provider == "offline":
        if not readings:
            # Kept by an earlier process of this try, which held the reading.
            without_model()
        reading = readings["offline"]
    else:
        reading = model.values_from_answer(result.data, document, fields)
    reading = replace(reading, values=with_sources(reading.values, document))
    work.keep(
        "extracted.json",
        {
            "language": document.language,
            "provider": result.provider,
            "model": result.model,
            "warnings": list(document.warnings),
            **reading.to_json(),
        },
    )
    work.report.facts.update(
        {
            "pages": len(document.pages),
            "language": document.language,
            "pages_by_ocr": sum(page.source == "ocr" for page in document.pages),
            "values": len(reading.values),
            "left_out": len(reading.rejected),
            "mode": "offline" if result.provider == "offline" else "model",
        }
    )


def _document(work: Work) -> Document:
    from workflow_orchestrator.documents import Document, ReadLimits

    if work.resumed:
        # This try has read it before it left the worker.
        return Document.from_json(work.run.read_json("document.json"))
    rule = work.workflow.document
    limits = ReadLimits(max_pages=rule.max_pages, max_bytes=rule.max_bytes, ocr=work.configuration.ocr)
    return work.services.read_document(work.run.read("source.pdf"), limits)
