"""Checks over what a document has at all: a section that failed to print leaves nothing that could be wrong."""

from __future__ import annotations

from collections.abc import Iterator

from workflow_orchestrator.rules.findings import Finding
from workflow_orchestrator.rules.registry import FieldsParameter, Occasion, check


@check("section_present", "warning", any_of=FieldsParameter("fields that the section prints; one of them is enough"))
def section_present(occasion: Occasion) -> Iterator[Finding]:
    """The document has a section: at least one of the fields that it prints."""
    names = occasion.lists["any_of"]
    given = {value.field for value in occasion.values.values()}
    if given.isdisjoint(names):
        titles = ", ".join(occasion.title(name) for name in names)
        yield occasion.finding(names, f"nothing was found of a section that a sheet of this kind has: {titles}")
