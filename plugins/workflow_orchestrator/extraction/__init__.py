"""Takes values out of a document, each with its evidence: without a model, or from a model's answer."""

from __future__ import annotations

from workflow_orchestrator.extraction.model import (
    answer_schema,
    document_text,
    field_guide,
    values_from_answer,
)
from workflow_orchestrator.extraction.offline import read_fields
from workflow_orchestrator.extraction.reading import Reading, Rejected

__all__ = [
    "Reading",
    "Rejected",
    "answer_schema",
    "document_text",
    "field_guide",
    "read_fields",
    "values_from_answer",
]
