"""Reads the table of figures whose caption a field names: a value for each cell, keyed by its row and its column.

    Table 2: Results on the test sets                 the caption, over the table or under it; "results" is a section word of the field
                          Accuracy (%)                a head over several columns belongs to each of them
    Model           NDP     LRS                       the heads of the columns, word by word over the figures
    Baseline [4]    71.3    64.8                      a row: its label, and cells that are a figure and nothing else
    Ours            75.9    70.2

A column without a head is left out, and so is a figure with a spread behind it ("71.3 ± 0.4"): half of it would say too much. A table
with cells in per cent fills a field in per cent, any other one a field of ratios. `<field>_caption` is the caption.

A table goes on on the next page under its own number and "continued", with its heads printed again; what stands there without heads is
left out, for nothing on that page says what it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from workflow_orchestrator.documents import Word
from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.flow import Flow, Line, gutter_of
from workflow_orchestrator.extraction.fold import fold, has_words
from workflow_orchestrator.extraction.layout import Cell, DocumentLayout, PageLayout, Row, is_figure
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Findings
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import CELL, FieldSpec
from workflow_orchestrator.figures import DecimalMark, Figure, read_figure
from workflow_orchestrator.values import Evidence, Kind, Origin

_CAPTION = re.compile(r"^(?:table|tab\.|tabelle|tableau)\s+(?P<number>\d+|[IVX]+)\s*[.:\-–—]?(?=\s|$)", re.IGNORECASE)
_CONTINUED = re.compile(r"\b(?:continued|fortsetzung|fortgesetzt)\b|[(–—-]\s*(?:suite|cont(?:['’]d|\.)?)(?=\W|$)", re.IGNORECASE)
_WITH_DECIMALS = re.compile(r"(?<![\w.,])\d+[.,]\d+(?![\w]|[.,]\d)")
_CITATION = re.compile(r"\s*\[\d+(?:\s*[,–-]\s*\d+)*\]\s*$|[*†‡]+$")
_MOST_CELLS = 150
_PITCH = 1.4  # of the size of a caption, from one of its lines to the next; the table is further away
_CAPTION_ROWS = 12  # between the caption and the first row of figures below it: caption, heads
_ABOVE_ROWS = 3  # between the last row of figures and a caption below it
_PART_GAP = 0.6  # of the size of the text; a space between words is a third of it
_HEAD_ROWS = 2
_HEAD_GAP = 2.2  # of the size of the text, between heads and figures
_ROW_GAP = 2.6
_GROUP_WORDS = 5  # of a row without figures that names a group of rows
_FEWEST_ROWS = 2
_SMALL = 0.82  # of the size of a row: smaller is a raised sign


@dataclass(frozen=True)
class Column:
    """A column of figures: where it stands, its whole head, and the part of it that stands directly over the figures."""

    left: float
    right: float
    head: str = ""
    nearest: str = ""

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


@dataclass(frozen=True)
class Table:
    """A table that a field can take: its caption with the page of that, and the key and the evidence of each cell."""

    spec: FieldSpec
    page: PageLayout
    caption: Sequence[Line]
    cells: Sequence[tuple[str, Evidence]]

    @property
    def pages(self) -> list[int]:
        """Where it stands, the page of its caption among them."""
        return sorted({self.page.number, *(evidence.page for _, evidence in self.cells)})

    def prints(self, said: Sequence[Figure], mark: DecimalMark | None) -> int:
        """How many of the figures that sentences say stand in a cell, at the precision of the sentence."""
        printed = set[Decimal]()
        for _, evidence in self.cells:
            with suppress(FigureError):
                figure = read_figure(evidence.quote, mark)
                printed |= {round(figure.value, places) for places in range(1, figure.decimals + 1)} if figure else set()
        return sum(figure.value in printed for figure in said)


def read_grids(layout: DocumentLayout, flow: Flow, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """The cells of one table whose caption has a section word of a field, and that is none too large or without heads.

    Of several, the one that prints most of the figures of the sentences that were taken, so that a claim stands beside its cells;
    without such figures the first.
    """
    tables = tables_of(layout, flow, words)
    if not tables:
        return
    sentences = [found.first(spec.name) for spec in words.fields.values() if spec.kind is Kind.PARAGRAPH and spec.cues]
    said = figures_in((str(value.value) for value in sentences if value), layout.mark)
    table = max(tables, key=lambda one: one.prints(said, layout.mark))
    for key, evidence in table.cells:
        with suppress(FigureError):
            found.add(value_of(table.spec, key, evidence, reader, Origin.OFFLINE))
    name = words.fields.get(f"{table.spec.name}_caption")
    if name is not None and name.kind is Kind.TEXT:
        _caption(name, table.page, table.caption, reader, found)


def tables_of(layout: DocumentLayout, flow: Flow, words: Vocabulary) -> list[Table]:
    """Every table with figures and heads whose caption has a section word of a field, in order."""
    specs = [spec for spec in words.fields.values() if spec.keyed == "cell"]
    found: list[Table] = []
    for caption in captions(flow, words):
        before = found[-1] if found and _goes_on(caption[0], found[-1].caption[0]) else None
        table = _table(layout, caption, [before.spec] if before else specs)
        if table and before:
            found[-1] = replace(before, cells=_of_one_key([*before.cells, *table.cells]))
        elif table:
            found.append(table)
    return [table for table in found if len(table.cells) <= _MOST_CELLS]


def figures_in(texts: Iterable[str], mark: DecimalMark | None) -> list[Figure]:
    """The figures with decimals that texts print."""
    figures: list[Figure] = []
    for match in (match for text in texts for match in _WITH_DECIMALS.finditer(text)):
        with suppress(FigureError):
            figure = read_figure(match[0], mark)
            figures += [figure] if figure and figure.decimals else []
    return figures


def captions(flow: Flow, words: Vocabulary) -> Iterator[list[Line]]:
    """The lines from each caption of a table on, as far as they may be the caption, where it has a section word of a field of cells.

    The caption of a table that goes on needs none: the first one had it.
    """
    first: Line | None = None
    wanted = {word for spec in words.fields.values() if spec.keyed == "cell" for word in words.sections(spec.name)}
    for number, line in enumerate(flow.lines):
        if not _CAPTION.match(line.text):
            continue
        lines = [line]
        for following in flow.lines[number + 1 : number + 6]:
            if (following.page, following.column) != (line.page, line.column) or _figures(following):
                break
            if lines[-1].box.bottom - following.box.bottom > _PITCH * line.size or _is_tabular(following):
                break
            lines.append(following)
        text = fold(" ".join(item.text for item in lines))
        goes_on = first is not None and _goes_on(line, first)
        if goes_on or any(has_words(text, word) for word in sorted(wanted)):
            first = first if goes_on else line
            yield lines


def _goes_on(line: Line, first: Line) -> bool:
    """Whether a caption is that of an earlier page once more, with its number and "continued"."""
    own, before = _CAPTION.match(line.text), _CAPTION.match(first.text)
    same = own is not None and before is not None and own["number"] == before["number"]
    return same and line.page > first.page and _CONTINUED.search(line.text) is not None


def _is_tabular(line: Line) -> bool:
    """Whether words stand apart as heads do."""
    gaps = [after.box.left - before.box.right for before, after in pairwise(line.words)]
    return sum(gap > 0.9 * line.size for gap in gaps) > 1 or any(gap > 2 * line.size for gap in gaps)


def _figures(line: Line) -> int:
    return sum(is_figure(word.text, None) is False for word in line.words)


def _band(page: PageLayout, caption: Line) -> list[Row]:
    """The rows of the page in the column of the caption, or over the whole page."""
    gutter = gutter_of(page) if caption.column else 0.0
    rows: list[Row] = []
    for row in page.rows:
        words = row.words
        if gutter:
            words = tuple(word for word in row.words if (word.box.right <= gutter) == (caption.column == 1))
        if words:
            rows.append(Row(len(rows), words, row.mark))
    return rows


def _table(layout: DocumentLayout, caption: Sequence[Line], specs: Sequence[FieldSpec]) -> Table | None:
    """The table of a caption, for the first field that can take half of its figures and more."""
    page = layout.pages[caption[0].page - 1]
    rows = _band(page, caption[0])
    at = next((row.number for row in rows if caption[0].words[0] in row.words), None)
    body = _body(rows, at) if at is not None else []
    if len(body) < _FEWEST_ROWS:
        return None
    columns = _headed(_columns(body), _heads(rows, body, caption), body)
    figures = sum(len(_figure_cells(row)) for row in body)
    for spec in specs:
        cells = _cells(spec, page, body, columns)
        if figures / 2 <= len(cells) <= _MOST_CELLS:
            return Table(spec, page, caption, cells)
    return None


def _body(rows: Sequence[Row], at: int) -> list[Row]:
    """The rows of figures that belong to a caption: those below it, or else those above it."""
    below = range(at + 1, min(at + 1 + _CAPTION_ROWS, len(rows)))
    if any(_is_body(rows[n]) for n in below):
        first = next(n for n in below if _is_body(rows[n], at_least=1))
        return _run(rows[first:])
    above = next((n for n in range(at - 1, max(at - 1 - _ABOVE_ROWS, -1), -1) if _is_body(rows[n])), None)
    return list(reversed(_run(list(reversed(rows[: above + 1]))))) if above is not None else []


def _run(rows: Sequence[Row]) -> list[Row]:
    """The rows of figures from the first on; short rows between them name groups, raised signs stand on rows of their own."""
    taken: list[Row] = []
    last = rows[0]
    for row in rows:
        gap = max(last.box.bottom - row.box.top, row.box.bottom - last.box.top)
        if gap > _ROW_GAP * rows[0].height:
            break
        if _is_body(row, at_least=1) and _parts(row)[0].box.left <= _parts(rows[0])[0].box.right:
            taken.append(row)
        elif len(row.words) > _GROUP_WORDS and row.height >= _SMALL * rows[0].height:
            break
        last = row
    return taken


def _is_body(row: Row, at_least: int = 2) -> bool:
    """Whether a row has a label and, behind it, cells that are figures."""
    parts = _parts(row)
    behind = [number for number, part in enumerate(parts) if number and is_figure(part.text, row.mark) is False]
    if len(behind) < at_least or not _letters(parts[0].text):
        return False
    return not any(len(part.text) > 3 and part.text.isalpha() for part in parts[behind[0] :])


def _letters(text: str) -> bool:
    return any(char.isalpha() for char in text)


def _parts(row: Row) -> tuple[Cell, ...]:
    """The words of a row, parted where they stand further apart than words do; tables are often set closer than text."""
    parts: list[list[Word]] = []
    for word in row.words:
        if parts and word.box.left - parts[-1][-1].box.right <= _PART_GAP * max(word.size, 1.0):
            parts[-1].append(word)
        else:
            parts.append([word])
    return tuple(Cell(tuple(words)) for words in parts)


def _figure_cells(row: Row) -> list[Cell]:
    return [cell for cell in _parts(row)[1:] if is_figure(cell.text, row.mark) is False]


def _columns(body: Sequence[Row]) -> list[Column]:
    """The columns that the figures of the rows form, from left to right; figures that overlap stand in one column."""
    spans: list[tuple[float, float]] = []
    for cell in sorted((cell for row in body for cell in _figure_cells(row)), key=lambda cell: cell.box.left):
        if spans and cell.box.left < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], cell.box.right))
        else:
            spans.append((cell.box.left, cell.box.right))
    return [Column(left, right) for left, right in spans]


def _heads(rows: Sequence[Row], body: Sequence[Row], caption: Sequence[Line]) -> list[Row]:
    """The rows over the figures that name the columns, the nearest first."""
    start = next(number for number, row in enumerate(rows) if row.words == body[0].words)
    taken = {word for line in caption for word in line.words}
    heads: list[Row] = []
    last = rows[start]
    for row in reversed(rows[:start]):
        if row.height < _SMALL * last.height:
            continue
        if taken & set(row.words) or row.box.bottom - last.box.top > _HEAD_GAP * last.height or len(heads) == 2 * _HEAD_ROWS:
            break
        heads.append(row)
        last = row
    return heads


def _headed(columns: Sequence[Column], heads: Sequence[Row], body: Sequence[Row]) -> list[Column]:
    """The columns with their heads: the words over each, and the words of a row above that stand over several."""
    if not columns:
        return []
    named = [_over(columns, row, body) for row in heads]
    lowest = next((number for number, names in enumerate(named) if len([name for name in names if name]) > len(columns) / 2), None)
    if lowest is None:
        return []
    over = (_spanning(columns, row, body) for row in heads[lowest + 1 :])
    upper = next((names for names in over if all(names)), [""] * len(columns))
    return [
        Column(column.left, column.right, f"{above} {own}".strip(), own)
        for column, own, above in zip(columns, named[lowest], upper, strict=True)
    ]


def _edge(columns: Sequence[Column], body: Sequence[Row]) -> float:
    """Where the labels of the rows end and the columns begin."""
    return min(columns[0].left, max(_parts(row)[0].box.right for row in body) + 1) if body else columns[0].left


def _over(columns: Sequence[Column], row: Row, body: Sequence[Row]) -> list[str]:
    """The words of a head row by column: each belongs to the column whose middle is the nearest to its own."""
    names: list[list[Word]] = [[] for _ in columns]
    label_edge = min(cell.box.right for item in body for cell in _parts(item)[:1])
    for word in row.words:
        middle = (word.box.left + word.box.right) / 2
        nearest = min(range(len(columns)), key=lambda n: abs(columns[n].middle - middle))
        pitch = _pitch(columns, nearest)
        if word.box.left >= min(label_edge, columns[0].left - pitch) and abs(columns[nearest].middle - middle) <= 0.5 * pitch + 1:
            names[nearest].append(word)
    return [" ".join(word.text for word in words) for words in names]


def _pitch(columns: Sequence[Column], number: int) -> float:
    """How far the next column is."""
    others = [abs(other.middle - columns[number].middle) for n, other in enumerate(columns) if n != number]
    return min(others, default=4 * (columns[number].right - columns[number].left))


def _spanning(columns: Sequence[Column], row: Row, body: Sequence[Row]) -> list[str]:
    """The cell of a head row for each column: the nearest one, where it stands over the column or beside one that it is over."""
    left = max(cell.box.left for item in body for cell in _parts(item)[:1])
    cells = [cell for cell in _parts(row) if cell.box.left > left and _letters(cell.text)]
    names: list[str] = []
    for number, column in enumerate(columns):
        nearest = min(cells, key=lambda cell: abs((cell.box.left + cell.box.right) / 2 - column.middle), default=None)
        reach = _pitch(columns, number)
        near = nearest is not None and nearest.box.left - reach <= column.middle <= nearest.box.right + reach
        names.append(nearest.text if nearest is not None and near else "")
    return names


def _cells(spec: FieldSpec, page: PageLayout, body: Sequence[Row], columns: Sequence[Column]) -> list[tuple[str, Evidence]]:
    """The key and the evidence of each cell that a field of this kind takes; two cells of one key are none."""
    cells: list[tuple[str, Evidence]] = []
    for row in body:
        label = _CITATION.sub("", " ".join(cell.text for cell in _label_cells(row))).strip()
        for cell in _figure_cells(row):
            column = next((item for item in columns if item.left - 1 <= cell.box.left and cell.box.right <= item.right + 1), None)
            if column is None or not column.nearest or not label:
                continue
            in_percent = any("%" in text for text in (cell.text, column.head, label))
            if in_percent == (spec.kind is Kind.PERCENT):
                evidence = Evidence(page.number, cell.text, f"{label}{CELL}{column.nearest}", around(cell.words))
                cells.append((f"{label}{CELL}{column.head}", evidence))
    return _of_one_key(cells)


def _of_one_key(cells: Sequence[tuple[str, Evidence]]) -> list[tuple[str, Evidence]]:
    keys = Counter(fold(key) for key, _ in cells)
    return [item for item in cells if keys[fold(item[0])] == 1]


def _label_cells(row: Row) -> list[Cell]:
    cells: list[Cell] = []
    for number, cell in enumerate(_parts(row)):
        if number and is_figure(cell.text, row.mark) is not None:
            break
        cells.append(cell)
    return cells


def _caption(spec: FieldSpec, page: PageLayout, caption: Sequence[Line], reader: Reader, found: Findings) -> None:
    """The caption up to the end of its first sentence."""
    taken: list[Word] = []
    for word in (word for line in caption for word in line.words):
        taken.append(word)
        if len(taken) > 3 and word.text.endswith("."):
            break
    evidence = Evidence(page.number, " ".join(word.text for word in taken), "", around(taken))
    with suppress(FigureError):
        found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE))
