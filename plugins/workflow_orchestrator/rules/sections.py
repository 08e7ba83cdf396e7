"""Checks over what a document has at all: a section that failed to print leaves nothing that could be wrong."""

from __future__ import annotations

from collections.abc import Iterator

from workflow_orchestrator.rules.findings import Verdict
from workflow_orchestrator.rules.registry import Basis, FieldsParameter, Occasion, check


@check(
    "section_present",
    "warning",
    Basis(("FX-19",), "at least one of the fields has a value"),
    any_of=FieldsParameter("fields that the section prints; one of them is enough"),
)
def section_present(occasion: Occasion) -> Iterator[Verdict]:
    """The document has a section: at least one of the fields that it prints.

    Real sheets of one issuer differ in what they print, and nobody can confirm what is not there: hence a warning.
    """
    names = occasion.lists["any_of"]
    given = [name for name in names if occasion.values.of(name)]
    titles = ", ".join(occasion.title(name) for name in names)
    yield occasion.judged(
        bool(given),
        tuple(given) or names,
        f"nothing was found of a section that a sheet of this kind has: {titles}",
        computed=f"one of: {titles}",
        printed=", ".join(map(occasion.title, given)) or "none",
    )
