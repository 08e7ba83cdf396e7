"""Reads what no label names: titles, names, identifiers, text under headings, tables with a caption. Only where the schema asks for it."""

from __future__ import annotations

from workflow_orchestrator.extraction.byline import read_byline
from workflow_orchestrator.extraction.flow import Flow
from workflow_orchestrator.extraction.grids import read_grids
from workflow_orchestrator.extraction.layout import DocumentLayout
from workflow_orchestrator.extraction.marks import read_marks
from workflow_orchestrator.extraction.passages import read_passages
from workflow_orchestrator.extraction.quotes import Reader
from workflow_orchestrator.extraction.reading import Findings
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.values import Kind


def is_unlabelled(spec: FieldSpec, words: Vocabulary) -> bool:
    """Whether a field is found by where and how it is printed, and not by a label in front of it."""
    under_heading = spec.kind is Kind.PARAGRAPH and bool(words.sections(spec.name))
    return bool(spec.place or spec.cues or under_heading) or spec.kind is Kind.IDENTIFIER or spec.keyed == "cell"


def read_unlabelled(layout: DocumentLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """Every such field of one document."""
    if not any(is_unlabelled(spec, words) for spec in words.fields.values()):
        return
    flow = Flow(layout)
    read_byline(layout, words, reader, found)
    read_marks(layout, flow, words, reader, found)
    read_passages(flow, words, reader, found)
    read_grids(layout, flow, words, reader, found)
