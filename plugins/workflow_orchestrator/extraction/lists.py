"""Reads lists of names with a figure each, below a heading: the largest holdings and their sum."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold_label, without_brackets
from workflow_orchestrator.extraction.layout import Cell, Mark, PageLayout, Row, is_figure
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Findings
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.values import Evidence, Kind, Origin

_PER_CENT = re.compile(r"%|per ?cent|prozent|pour cent")
_MAX_ROWS = 40
_MAX_GAP = 2.6  # of the font size, between two entries
_EDGE = 4.0  # points that the left edges of names and the right edges of figures may differ


@dataclass(frozen=True)
class _Entry:
    name: Cell
    mark: Mark
    row: Row


class ListReader:
    """Reads the lists of one page for every field that is keyed by name."""

    def __init__(self, page: PageLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
        self._page, self._words, self._reader, self._found = page, words, reader, found

    def read(self) -> None:
        for spec in self._words.keyed("name"):
            sections = set(self._words.sections(spec.name))
            for row in self._page.rows:
                for cell in row.cells:
                    if without_brackets(cell.folded).replace("%", "").strip() in sections:
                        self._list(spec, row, cell)

    def _list(self, spec: FieldSpec, row: Row, heading: Cell) -> None:
        entries, per_cent = self._entries(spec, row, heading)
        per_cent = per_cent or bool(_PER_CENT.search(heading.text)) or any("%" in entry.mark.text for entry in entries)
        if len(entries) < 2:
            return
        totals = {
            fold_label(label): other
            for other in self._words.fields.values()
            if not other.keyed and other.kind is spec.kind
            for label in other.all_labels()
        }
        names = Counter(entry.name.text for entry in entries)
        for entry in entries:
            total = totals.get(entry.name.folded)
            if not per_cent:
                self._found.reject(
                    spec.name, entry.mark.text, self._page.number, "nothing near says that it is per cent"
                )
            elif total is not None:
                self._take(total, "", entry)
            elif names[entry.name.text] > 1:
                self._found.reject(
                    spec.name,
                    entry.mark.text,
                    self._page.number,
                    f"{entry.name.text!r} stands in the list twice",
                )
            else:
                self._take(spec, entry.name.text, entry)

    def _entries(self, spec: FieldSpec, row: Row, heading: Cell) -> tuple[list[_Entry], bool]:
        """The entries below a heading, and whether a column head speaks of per cent."""
        rows = self._rows(row, heading)
        edge, head = self._column(spec, row, heading, rows)
        if edge is None:
            return [], False
        entries: list[_Entry] = []
        for lower, name in rows:
            mark = next((m for m in lower.marks if not m.nil and abs(m.box.right - edge) <= _EDGE + 4), None)
            whole = mark is not None and any(mark.words[0] is cell.words[0] for cell in lower.cells)
            if mark and whole and mark.box.left > name.box.right and is_figure(name.text, self._reader.mark) is None:
                entries.append(_Entry(name, mark, lower))
                if self._is_total(name):
                    break
            elif entries:
                # A name without a figure: the entry above goes on here, or the list is over.
                entries = self._cut(spec, entries, lower, name)
                break
        return entries, bool(_PER_CENT.search(head))

    def _rows(self, row: Row, heading: Cell) -> list[tuple[Row, Cell]]:
        """The rows below a heading that have a cell at its left edge, down to a gap."""
        rows: list[tuple[Row, Cell]] = []
        last = heading.box.bottom
        for lower in self._page.below(row, 3 * _MAX_ROWS):
            name = next((cell for cell in lower.cells if abs(cell.box.left - heading.box.left) <= _EDGE + 2), None)
            if name is None:
                continue
            if last - name.box.top > _MAX_GAP * max(name.size, 1.0) or len(rows) >= _MAX_ROWS:
                break
            rows.append((lower, name))
            last = name.box.bottom
        return rows

    def _column(
        self, spec: FieldSpec, row: Row, heading: Cell, rows: Sequence[tuple[Row, Cell]]
    ) -> tuple[float | None, str]:
        """The right edge of the column of figures, and the words over it: a column head, or where most rows agree."""
        labels = {fold_label(label) for label in spec.all_labels()}
        for upper in (row, *(lower for lower, _ in rows[:2])):
            heads = [c for c in upper.cells if c.box.left > heading.box.left + 10 and c.folded in labels]
            if heads:
                return heads[0].box.right, heads[0].text
        edges = Counter(
            round(mark.box.right / 4)
            for lower, name in rows
            for mark in [m for m in lower.marks if m.box.left > name.box.right and not m.nil][:1]
        )
        if not edges:
            return None, ""
        edge, count = edges.most_common(1)[0]
        return (edge * 4.0, "") if count >= 0.6 * sum(edges.values()) else (None, "")

    def _is_total(self, name: Cell) -> bool:
        return any(not self._words.fields[target.field].keyed for target in self._words.label(name.text)) and (
            self._words.fields[self._words.label(name.text)[0].field].kind is Kind.PERCENT
        )

    def _cut(self, spec: FieldSpec, entries: list[_Entry], row: Row, name: Cell) -> list[_Entry]:
        """The entries without the last one when the row below may be the rest of its name."""
        near = entries[-1].row.box.bottom - row.box.top < 0.35 * row.height and name.style == entries[-1].name.style
        if not near:
            return entries
        self._found.reject(spec.name, entries[-1].mark.text, self._page.number, "its name may go on in the next row")
        return entries[:-1]

    def _take(self, spec: FieldSpec, key: str, entry: _Entry) -> None:
        evidence = Evidence(self._page.number, entry.mark.text, entry.name.text, around(entry.mark.words))
        try:
            self._found.add(value_of(spec, key, evidence, self._reader, Origin.OFFLINE))
        except FigureError as error:
            ref = f"{spec.name}.{key}" if key else spec.name
            self._found.reject(ref, entry.mark.text, self._page.number, error.message)
