"""`generate`: asks a model for JSON of a shape and keeps it as `made/<into>.json`; later prompts see it by that name.

What it says reaches no slide and no narration by itself: figures still come from proven values only. Without a model there is nobody
to write it, and the step says so (`OfflineUnavailableError`); where nothing needs the artifact, a workflow may go on without.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.definition.flow import files_of
from workflow_orchestrator.definition.model import GenerateStep
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.source import read_source
from workflow_orchestrator.errors import DefinitionError
from workflow_orchestrator.steps.model_call import ask_model, load_prompt, shared_variables
from workflow_orchestrator.steps.work import Work, step_of
from workflow_orchestrator.values import ValueSet

if TYPE_CHECKING:
    from workflow_orchestrator.documents import Document


def perform(work: Work) -> None:
    """Does the step's work.

    Raises:
        OfflineUnavailableError: the route has no model.
        LLMError: the model call failed; the class says whether a retry helps.
    """
    step = step_of(work, GenerateStep)
    (file,) = files_of(step.into)
    # Until this answer is there, there is none: what an earlier one said must not be read by the next prompt.
    work.run.delete(file)
    names = load_prompt(work, step.prompt).variables
    # What a prompt of the author's own needs of the document nobody can say: it gets every page.
    document = _document(work) if "document" in names else None
    result = ask_model(
        work,
        route=step.route,
        prompt=step.prompt,
        variables={**shared_variables(work), **_variables(work, names, document)},
        schema=output_schema(step),
        pages=None if document is None else [page.number for page in document.pages],
    )
    work.keep(file, result.data)
    work.report.facts.update({"into": step.into, "provider": result.provider, "model": result.model})


def output_schema(step: GenerateStep) -> Mapping[str, Any]:
    """The JSON Schema of the answer.

    Raises:
        DefinitionError: the file is not there any more, or is broken.
    """
    report = Report(step.output.parent)
    source = read_source(step.output, report)
    report.raise_if_any(step.output.name, DefinitionError)
    if source is None:
        raise DefinitionError(f"{step.output} cannot be read")
    schema: Mapping[str, Any] = source.data
    return schema


def _variables(work: Work, names: Collection[str], document: Document | None) -> dict[str, Any]:
    """The kind's own variables, as far as the prompt uses them: reading a document is not for nothing."""
    from workflow_orchestrator.extraction import model

    fields = work.workflow.fields
    variables: dict[str, Any] = {"title": fields.title, "fields": model.field_guide(fields)}
    if document is not None:
        variables["document"] = model.document_text(document)
    if "values" in names:
        variables["values"] = _value_table(work)
    return variables


def _document(work: Work) -> Document:
    from workflow_orchestrator.documents import Document, ReadLimits

    if work.run.exists("document.json"):
        return Document.from_json(work.run.read_json("document.json"))
    rule = work.workflow.document
    limits = ReadLimits(max_pages=rule.max_pages, max_bytes=rule.max_bytes, ocr=work.configuration.ocr)
    return work.services.read_document(work.run.read("source.pdf"), limits)


def _value_table(work: Work) -> str | None:
    """The proven values, one a line with the words that the document prints; `None` where none were proven yet."""
    if not work.run.exists("values.json"):
        return None
    values = ValueSet.from_json(work.run.read_json("values.json"))
    titled = work.workflow.fields.title_of
    return "\n".join(
        f"{ref} ({titled(ref, 'en')}): {value.evidence.quote}, page {value.evidence.page}"
        for ref, value in values.items()
    )
