"""Checks over figures that running text prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal

from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.figures import DecimalMark, Figure, read_figure
from workflow_orchestrator.rules.findings import NotApplicable, Verdict
from workflow_orchestrator.rules.interval import Interval
from workflow_orchestrator.rules.registry import Basis, FieldParameter, Occasion, check
from workflow_orchestrator.values import Kind, Value

_WITH_DECIMALS = re.compile(r"(?<![\w.,])[-−+]?\d+[.,]\d+(?![\w]|[.,]\d)")
_MOST_SAID = 4


@check(
    "figures_stand_in_table",
    "warning",
    Basis((), "each figure of the text = a cell of the table, at the precision of both"),
    text=FieldParameter((Kind.PARAGRAPH,)),
    table=FieldParameter((Kind.RATIO, Kind.PERCENT), ("cell",)),
    also=FieldParameter((Kind.RATIO, Kind.PERCENT), ("cell",), required=False, says="the cells of another kind"),
)
def figures_stand_in_table(occasion: Occasion) -> Iterator[Verdict]:
    """The figures with decimals that a text claims are those of the table of results.

    A claim may be about another table, or a mean that no table prints: hence a warning, which whoever releases sees.
    """
    text = occasion.one("text")
    cells = [*occasion.keyed("table").values(), *occasion.keyed("also").values()]
    if text is None or not cells:
        return
    figures = list(_figures(str(text.value), _mark(cells)))
    if not figures:
        yield NotApplicable("the text claims no figure with decimals", (text.ref,))
    for figure in figures:
        fitting = [cell for cell in cells if _fits(figure, cell)]
        yield occasion.judged(
            bool(fitting),
            (text.ref, *(cell.ref for cell in fitting[:_MOST_SAID])),
            f"{occasion.title(text.ref)} says {figure.printed}, and none of the {len(cells)} cells of the table prints it",
            computed=", ".join(cell.evidence.quote for cell in fitting[:_MOST_SAID]) or "a cell of the table",
            printed=figure.printed,
        )


def _mark(cells: list[Value]) -> DecimalMark:
    """The decimal mark of the table, which is that of the text."""
    return "," if any(cell.decimals and "," in cell.evidence.quote for cell in cells) else "."


def _figures(text: str, mark: DecimalMark) -> Iterator[Figure]:
    for match in _WITH_DECIMALS.finditer(text):
        with suppress(FigureError):
            figure = read_figure(match[0], mark)
            if figure is not None and figure.decimals:
                yield figure


def _fits(figure: Figure, cell: Value) -> bool:
    half = Decimal(5).scaleb(-figure.decimals - 1)
    return Interval(figure.value - half, figure.value + half).fits(Interval.printed(cell))
