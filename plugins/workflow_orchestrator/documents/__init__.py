"""Reads a PDF in a process of its own, twice, and refuses by name what cannot be read."""

from __future__ import annotations

from workflow_orchestrator.documents.model import Document, Line, Page, ReadLimits, Scale, Word
from workflow_orchestrator.documents.reader import read_document

__all__ = ["Document", "Line", "Page", "ReadLimits", "Scale", "Word", "read_document"]
