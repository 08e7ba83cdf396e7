"""Whether the place of a value is that of its key: what is printed in its row, over its column, or along the edge."""

from __future__ import annotations

import re

from workflow_orchestrator.extraction.fold import fold
from workflow_orchestrator.extraction.spans import month_of, says_twelve_months_to, span_of
from workflow_orchestrator.extraction.standing import Place, compact
from workflow_orchestrator.fields import CELL
from workflow_orchestrator.figures import MONTH_NAMES
from workflow_orchestrator.values import Value

_MONTH = re.compile(r"(\d{4})-(\d{2})")


def has_month(value: Value, place: Place) -> bool:
    """The nearest head of the column is the month, and the row begins with the year; or the other way round."""
    match = _MONTH.fullmatch(value.key)
    if not match or not place.rows:
        return False
    names = {name for name, number in MONTH_NAMES.items() if number == int(match[2])}
    first = fold(place.rows[0].words[0].text).rstrip(".")
    head = fold(place.heads[0]).rstrip(".") if place.heads else ""
    return (head in names and first == match[1]) or (place.figure_head == match[1] and first in names)


def has_year_to(value: Value, place: Place) -> bool:
    """The row or the nearest head of the column is the span; or the head is its last month, and the row of the heads says of what."""
    texts = (*place.labels()[:1], *place.heads[:1])
    if any(span_of(text) == value.key for text in texts):
        return True
    to = says_twelve_months_to([fold(text) for text in (*place.above, *place.heads)])
    return to and any(month_of(text) == value.key for text in place.heads[:1])


def has_name(value: Value, place: Place) -> bool:
    """The name stands on the row, and no other figure between it and the place."""
    wanted = compact(value.key)
    return any(wanted == compact(text) or wanted in compact(text) for text in place.labels(over_figures=False))


def has_cell(value: Value, place: Place) -> bool:
    """The key is the label of the row and the heads over the place, which may stand in several rows."""
    row, parted, column = value.key.partition(CELL)
    if not parted or not any(compact(row) in compact(text) for text in place.labels()):
        return False
    heads = compact(" ".join(cell.text for cell in reversed(place.column_cells[:4])))
    return all(compact(word) in heads for word in column.split())


def has_position(value: Value, _: Place) -> bool:
    """A place in a list is no words; where the layout reads the list, its order counts."""
    return re.fullmatch(r"[1-9]\d{0,2}", value.key) is not None
