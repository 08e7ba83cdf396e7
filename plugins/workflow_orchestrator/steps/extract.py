"""`extract`: reads the document and binds each field to a page and its printed words.

Writes `document.json` (pages, words, boxes) and `extracted.json` (values with evidence, and what was left out and why).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.definition.model import ExtractStep
from workflow_orchestrator.errors import CodeNotPrintedError
from workflow_orchestrator.observability.names import READ_SPAN
from workflow_orchestrator.observability.spans import span
from workflow_orchestrator.steps.model_call import ask_model, shared_variables
from workflow_orchestrator.steps.work import Work, step_of

if TYPE_CHECKING:
    from llm_orchestration import LLMResult
    from workflow_orchestrator.documents import Document
    from workflow_orchestrator.extraction import Reading
    from workflow_orchestrator.extraction.pages import Selection
    from workflow_orchestrator.fields import FieldSet


def perform(work: Work) -> None:
    """Does the step's work.

    Raises:
        DocumentError: the document cannot be read, or does not print the code that the run was asked about.
        LLMError: the model call failed; the class says whether a retry helps.
    """
    from workflow_orchestrator.evidence import with_sources

    step = step_of(work, ExtractStep)
    document = _document(work)
    work.keep("document.json", document.to_json())
    result, reading = _read(work, step, document)
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


def _read(work: Work, step: ExtractStep, document: Document) -> tuple[LLMResult, Reading]:
    """The answer, and what is taken from it. A model is sent the pages that can hold a value."""
    from workflow_orchestrator.extraction import model, offline

    fields = work.workflow.fields
    readings: dict[str, Reading] = {}
    code = _code(work, step, document)

    def without_model() -> Any:
        readings["offline"] = offline.read_fields(document, fields, code=code)
        return {"values": []}

    chosen = _selection(work, step, document)
    result = _asked(work, step, document, fields, chosen.sent, without_model)
    if result.provider == "offline":
        if not readings:
            # Kept by an earlier process of this try, which held the reading.
            without_model()
        return result, readings["offline"]
    work.report.facts.update({"sent_pages": list(chosen.sent), "kept_back": list(chosen.kept_back)})
    reading = model.values_from_answer(result.data, document, fields)
    missing = [name for name in _required(work) if not any(value.field == name for value in reading.values.values())]
    if missing and chosen.kept_back:
        more = _asked_again(work, step, document, missing, chosen.kept_back)
        reading = model.values_from_answer({"values": [*_pointers(result.data), *more]}, document, fields)
    return result, _of_code(reading, code, document, fields) if code else reading


def _code(work: Work, step: ExtractStep, document: Document) -> str:
    """The code of the variant that the run was asked about; empty when it was not.

    Raises:
        CodeNotPrintedError: the document does not print it.
    """
    from workflow_orchestrator.extraction.layout import DocumentLayout
    from workflow_orchestrator.extraction.variants import printed_codes

    code = "".join(str(work.conf.get(step.variant) or "").split()).upper() if step.variant else ""
    if not code:
        return ""
    printed = printed_codes(DocumentLayout(document))
    if code not in printed:
        others = f"it prints {', '.join(printed)}" if printed else "it prints none with a right check digit"
        raise CodeNotPrintedError(f"the run was asked about {step.variant} {code}, which the document does not print: {others}")
    return code


def _of_code(reading: Reading, code: str, document: Document, fields: FieldSet) -> Reading:
    """A model's reading with the code that was asked for, where the layout of the page shows it: validation goes by that."""
    from workflow_orchestrator.extraction.offline import read_fields
    from workflow_orchestrator.values import Kind, ValueSet

    own = [value for value in read_fields(document, fields, code=code).values.values() if value.kind is Kind.ISIN]
    rest = [value for value in reading.values.values() if not (own and value.kind is Kind.ISIN)]
    return replace(reading, values=ValueSet([*own, *rest]))


def _required(work: Work) -> list[str]:
    """The fields without which the run cannot go on, in the order of the schema."""
    needed = work.workflow.rules.required_fields
    return [spec.name for spec in work.workflow.fields.values() if spec.required or spec.name in needed]


def _selection(work: Work, step: ExtractStep, document: Document) -> Selection:
    from workflow_orchestrator.extraction.pages import Selection, needed_pages

    if step.pages == "all":
        return Selection(tuple(page.number for page in document.pages), (), {})
    return needed_pages(document, work.workflow.fields, _required(work))


def _asked_again(
    work: Work, step: ExtractStep, document: Document, missing: Sequence[str], pages: Sequence[int]
) -> list[Any]:
    """What the pages that were kept back hold of the fields that the others did not: one question, so that no choice costs a value."""
    from llm_orchestration import PermanentError
    from workflow_orchestrator.fields import FieldSet

    facts, fields = work.report.facts, work.workflow.fields
    facts["asked_again_for"] = list(missing)
    wanted = FieldSet([fields[name] for name in missing], title=fields.title)
    try:
        more = _asked(work, step, document, wanted, pages, lambda: {"values": []})
    except PermanentError as error:
        # Validation says what is missing, and a person can add it.
        facts["asked_again_failed"] = type(error).__name__
        return []
    return _pointers(more.data)


def _pointers(answer: Any) -> list[Any]:
    values = answer.get("values")
    return values if isinstance(values, list) else []


def _asked(
    work: Work,
    step: ExtractStep,
    document: Document,
    fields: FieldSet,
    pages: Sequence[int],
    offline: Callable[[], Any],
) -> LLMResult:
    """The answer to where the fields are printed on some pages."""
    from workflow_orchestrator.extraction import model

    return ask_model(
        work,
        route=step.route,
        prompt=step.prompt,
        variables={
            **shared_variables(work),
            "document": model.document_text(document, pages),
            "fields": model.field_guide(fields),
            "title": fields.title,
        },
        schema=model.answer_schema(fields),
        offline=offline,
        pages=pages,
    )


def _document(work: Work) -> Document:
    from workflow_orchestrator.documents import Document, ReadLimits

    if work.resumed:
        # This try has read it before it left the worker.
        return Document.from_json(work.run.read_json("document.json"))
    rule = work.workflow.document
    limits = ReadLimits(max_pages=rule.max_pages, max_bytes=rule.max_bytes, ocr=work.configuration.ocr)
    data = work.run.read("source.pdf")
    with span(READ_SPAN, bytes=len(data)):
        return work.services.read_document(data, limits)
