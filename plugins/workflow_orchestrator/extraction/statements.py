"""Finds the statements of a document: tables with a row for each item and a column for each accounting period.

    Example Corp.                                                                  ← whose statement it is
    Condensed Consolidated Statements of Operations                                ← titles
    (in millions, except per share data)                                           ← unit
                               Three Months Ended June 30,    Six Months Ended …   ← heads
                                   2026        2025               2026 …
    Earnings per share:                                                            ← section
       Diluted                  $  1.28     $  1.07            $  2.49

A table that goes on on the next page keeps titles, unit and, where they are not printed again, heads. What the rows are is the caller's
business. A figure whose column, unit or period is not certain stands under no head.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from workflow_orchestrator.documents import Word
from workflow_orchestrator.documents.model import around
from workflow_orchestrator.extraction.fold import fold, fold_label
from workflow_orchestrator.extraction.layout import Cell, DocumentLayout, Mark, PageLayout, Row
from workflow_orchestrator.extraction.statement_heads import Head, Heads
from workflow_orchestrator.extraction.table_units import TableUnit, table_unit
from workflow_orchestrator.figures import MONTH_NAMES

_EDGE = 9.0  # points between the right edges of figures of one column: brackets and per cent signs hang over
_HANGING = 16.0  # points: "5 %" and "(17) %" of one column may end so far apart, where the sign stands alone
_GAP = 4.2  # of the font size: a wider gap ends a table
_TITLES = 8  # rows over the heads that may be titles
_TITLE_GAP = 3.5  # of the font size, between titles
_TITLE_WORDS = 16
_PROSE = 14  # words of a cell that is running text
_CONTINUED = re.compile(r"[\s,(-]*\b(?:continued|cont\.?|fortsetzung|suite)\b\)?$")
_TOP = 0.85  # of the page: a table that begins above it may go on from the page before
_YEAR = re.compile(r"(?:19|20)\d\d")
_FRAGMENT = re.compile(r"\d{1,2},(?: (?:19|20)\d\d)?")  # the end of a day whose month stands in the line above
_CURRENCY = frozenset("$ € £ US$ CHF EUR USD GBP".split())
_NUMBER = re.compile(r"\d{1,2}")
_WORD_SPACE = 0.45  # of the height of a row
_SIGN = re.compile(r"(?:\((?:\d{1,2}|[a-z])\),?)+")
_NOTE = re.compile(r"(?:\s*\((?:\d{1,2}|[a-z])\)(?:,)?)+$|(?<=[^\W\d])\d{1,2}$|\s*\*+$")


@dataclass(frozen=True, slots=True)
class Column:
    """A column by the right edge of its figures, in points, with what its head says."""

    right: float
    head: Head


@dataclass(frozen=True, slots=True)
class Item:
    """One row: its label, the section over it, and its figure in each column that has one.

    `names` are folded: the label, with the line over or under it, and "section · label".
    """

    label: str
    section: str
    names: tuple[str, ...]
    figures: tuple[tuple[Column, Mark], ...]
    row: Row
    page: PageLayout

    def figure(self, column: Column) -> Mark | None:
        return next((mark for own, mark in self.figures if own is column), None)


@dataclass(frozen=True, slots=True)
class Statement:
    """A table with its titles, the nearest first, the unit over it, and whether its figures are in "$" by their signs."""

    page: PageLayout
    titles: tuple[str, ...]
    columns: tuple[Column, ...]
    items: tuple[Item, ...]
    unit: TableUnit | None
    sign: str = ""
    at_top: bool = False  # nothing with a figure stands over it on its page
    last: int = 0  # the page of its last row


@dataclass(slots=True)
class _Block:
    """Rows that belong to one table while it is found."""

    heads: list[Row]
    rows: list[Row]

    def takes_head(self, row: Row, heads: Heads) -> bool:
        """Whether a row goes on with the heads."""
        if not self.heads or self.rows:
            return False
        if _is_head(row, heads):
            return _near(self.heads[-1], row, 2.2)
        return _is_rest(row, heads) and _near(self.heads[-1], row, 1.2)

    def ends_before(self, row: Row) -> bool:
        """Whether a row is of no table any more: too far below, or running text."""
        last = (self.rows or self.heads)[-1]
        return not _near(last, row, _GAP) or any(len(cell.words) > _PROSE for cell in row.cells)


def find_statements(layout: DocumentLayout, heads: Heads) -> tuple[Statement, ...]:
    """Every statement of the document, in order."""
    found: list[Statement] = []
    for page in layout.pages:
        for block in _blocks(page, heads):
            before = found[-1] if found else None
            statement = _statement(page, block, heads, before)
            if statement and before and _goes_on_from(statement, before):
                found[-1] = replace(before, items=before.items + _in_columns(statement, before.columns), last=page.number)
            elif statement:
                found.append(statement)
    return tuple(found)


def _goes_on_from(statement: Statement, before: Statement) -> bool:
    """Whether a table at the top of a page is the rest of the one before it: the same columns under the same titles."""
    first = statement.page.number == before.last + 1
    alike = [column.head for column in statement.columns] == [column.head for column in before.columns]
    own = {_CONTINUED.sub("", title) for title in statement.titles}
    return first and statement.at_top and alike and own <= set(before.titles)


def _in_columns(statement: Statement, columns: Sequence[Column]) -> tuple[Item, ...]:
    """The rows of a table that goes on, in the columns of its first part."""
    other = dict(zip((column.right for column in statement.columns), columns, strict=True))
    return tuple(replace(i, figures=tuple((other[c.right], mark) for c, mark in i.figures)) for i in statement.items)


def owner_row(statement: Statement) -> Row | None:
    """The row over all titles of a statement: whose it is; `None` where other words stand there."""
    above = [row for row in statement.page.rows if row.words and fold(_text(row)) in statement.titles]
    top = min((row.number for row in above), default=0)
    return statement.page.rows[top] if above else None


# Blocks


def _blocks(page: PageLayout, heads: Heads) -> Iterator[_Block]:
    """The tables of a page: rows of heads, then rows with figures and the sections between them."""
    block: _Block | None = None
    for row in page.rows:
        if block is not None and block.takes_head(row, heads):
            block.heads.append(row)
            continue
        ended = block is not None and block.ends_before(row)
        begins = _is_head(row, heads) or (block is None and _may_go_on(page, row))
        if block is not None and block.rows and (ended or _is_head(row, heads)):
            yield block
        if _is_head(row, heads):
            block = _Block([*_over(page, row, heads), row], [])
        elif begins:
            block = _Block([], [row])
        elif ended:
            block = None
        elif block is not None:
            block.rows.append(row)
    if block is not None and block.rows:
        yield block


def _may_go_on(page: PageLayout, row: Row) -> bool:
    """Whether a row with figures at the top of a page may be of a table that began on the page before."""
    first = not any(_amounts(above) for above in page.rows[: row.number])
    return first and bool(_amounts(row)) and row.box.top > _TOP * page.page.height


def _is_head(row: Row, heads: Heads) -> bool:
    """Whether a row has two cells or more that are parts of heads, and no figure that is none."""
    parts = [cell for cell in row.cells if heads.is_part(cell.text)]
    others = [cell for cell in row.cells if cell not in parts]
    # What stands before the heads, over the labels, may be words: "($ in millions)", "MILLIONS".
    return len(parts) >= 2 and len(others) <= 1 and all(cell.box.right < parts[0].box.left for cell in others)


def _is_rest(row: Row, heads: Heads) -> bool:
    """Whether a row holds nothing but second lines of heads: "30,", "2026"."""
    return all(heads.is_part(cell.text) or _FRAGMENT.fullmatch(cell.text) for cell in row.cells)


def _over(page: PageLayout, row: Row, heads: Heads) -> list[Row]:
    """The lines of the heads over a row: of one cell that spans several columns."""
    found: list[Row] = []
    lower = row
    for upper in page.above(row, 3):
        parts = [cell for cell in upper.cells if heads.is_part(cell.text)]
        if not _near(upper, lower, 2.6) or len(parts) != len(upper.cells) or not heads.period(_text(upper)):
            break
        found.insert(0, upper)
        lower = upper
    return found


def _near(upper: Row, lower: Row, reach: float) -> bool:
    return upper.box.bottom - lower.box.top <= reach * max(lower.height, 6.0)


def _amounts(row: Row) -> list[Mark]:
    return [mark for mark in row.marks if not _YEAR.fullmatch(mark.text)]


# Columns and heads


def _statement(page: PageLayout, block: _Block, heads: Heads, before: Statement | None) -> Statement | None:
    edges = _edges(block.rows)
    if not edges:
        return None
    columns = _columns(block.heads, edges, heads) if block.heads else ()
    # At the top of a page a table may go on: with its heads again but without its titles, or without both.
    follows = before is not None and before.last == page.number - 1 and _is_first(page, block)
    if not columns and follows and before is not None and _same(edges, before.columns):
        columns = tuple(Column(edge, column.head) for edge, column in zip(edges, before.columns, strict=True))
    if not columns:
        return None
    titles, unit = _titles(page, block)
    if follows and before is not None and unit is None and not titles:
        titles, unit = before.titles, before.unit
    items = tuple(_items(page, block.rows, columns))
    sign = next((word.text for row in block.rows for word in row.words if word.text in _CURRENCY), "")
    sign = sign or next((m.text[0] for row in block.rows for m in row.marks if m.text[0] in "$€£"), "")
    return Statement(page, titles, columns, items, unit, sign, _is_first(page, block), page.number) if items else None


def _edges(rows: Sequence[Row]) -> list[float]:
    """The right edges of the columns: those at which figures of at least two rows end, or of one in a short table."""
    marks = sorted(mark.box.right for row in rows for mark in row.marks if _is_column_mark(row, mark))
    groups: list[list[float]] = []
    for right in marks:
        if groups and right - groups[-1][-1] <= _EDGE:
            groups[-1].append(right)
        else:
            groups.append([right])
    least = 2 if len(rows) > 4 else 1
    kept = [group for group in groups if len(group) >= least]
    if any(group[-1] - group[0] > 2 * _EDGE for group in kept):
        return []
    return [group[len(group) // 2] for group in kept]


def _is_column_mark(row: Row, mark: Mark) -> bool:
    """Whether nothing but figures, signs and nils stands behind a figure: it is in a column and not within a label."""
    inside = {word for other in row.marks for word in other.words}
    return all(
        word in inside or not any(char.isalpha() for char in word.text) or fold(word.text) in ("nm", "n/m", "n.m.", "pts", "pp", "bps")
        for word in row.words
        if word.box.left > mark.box.right
    ) and not (_is_note(row, mark) or _ends_label(row, mark))


def _is_note(row: Row, mark: Mark) -> bool:
    """Whether a figure is the sign of a footnote: at the end of a label, "Restructuring (3)", or raised into a row of its own."""
    if not _SIGN.fullmatch(mark.text):
        return False
    before = [word for word in row.words if word.box.right <= mark.box.left + 0.5]
    close = bool(before) and mark.box.left - before[-1].box.right <= 0.8 * row.height
    alone = all(_SIGN.fullmatch(word.text) for word in row.words)
    return alone or (close and before[-1].text not in _CURRENCY)


def _ends_label(row: Row, mark: Mark) -> bool:
    """Whether a number is the last word of a label, "Scope 1", "Phase 2": a word space behind letters, and before the row's figures."""
    before = [word for word in row.words if word.box.right <= mark.box.left + 0.5]
    close = bool(before) and mark.box.left - before[-1].box.right <= _WORD_SPACE * row.height
    others = any(other.box.left > mark.box.right for other in row.marks)
    return bool(_NUMBER.fullmatch(mark.text)) and close and others and before[-1].text[-1:].isalpha() and before[-1].text not in _CURRENCY


def _columns(head_rows: Sequence[Row], edges: Sequence[float], heads: Heads) -> tuple[Column, ...]:
    texts: list[list[str]] = [[] for _ in edges]
    pitch = min((b - a for a, b in pairwise(edges)), default=80.0)
    lefts = [edges[0] - pitch, *edges[:-1]]
    for stacks in _stacks(head_rows, heads):
        for number, stack in enumerate(_assigned(stacks, lefts, edges, heads)):
            if stack:
                texts[number] += [cell.text for cell in stack]
    found = [heads.read(" ".join(lines)) if lines else None for lines in texts]
    columns: list[Column] = []
    for edge, head in zip(edges, found, strict=True):
        known = head or Head("")
        if known.side == "change" and not known.period and columns:  # "Change" behind the periods that it compares
            known = replace(known, period=columns[-1].head.period)
        if columns and known.text and known.text == columns[-1].head.text and edge - columns[-1].right <= _HANGING:
            columns[-1] = Column((columns[-1].right + edge) / 2, known)
            continue
        columns.append(Column(edge, known))
    return tuple(columns) if any(column.head.text for column in columns) else ()


def _stacks(rows: Sequence[Row], heads: Heads) -> list[list[list[Cell]]]:
    """The cells of the heads by row; a cell that is centred under another one is its next line, and stands with it."""
    stacks: list[list[list[Cell]]] = []
    for row in rows:
        own: list[list[Cell]] = []
        cells = [cell for cell in row.cells if heads.is_part(cell.text) or _FRAGMENT.fullmatch(cell.text)]
        for cell in cells:
            # As many cells as in the line above, or the end of a day: a second line. More cells: the columns under it.
            below = stacks[-1] if stacks and (len(cells) == len(stacks[-1]) or _FRAGMENT.fullmatch(cell.text)) else ()
            over = next((stack for stack in below if abs(_middle(stack[-1]) - _middle(cell)) <= 2.5), None)
            if over:
                over.append(cell)
            else:
                own.append([cell])
        stacks.append(own)
    return stacks


def _middle(cell: Cell) -> float:
    return (cell.box.left + cell.box.right) / 2


def _assigned(
    stacks: Sequence[list[Cell]], lefts: Sequence[float], edges: Sequence[float], heads: Heads
) -> list[list[Cell] | None]:
    """The cells of a row of heads that stand over each column: one for one, the only period, or those that span it."""
    if len(stacks) == len(edges):
        return list(stacks)
    if len(stacks) == 1 and heads.period(" ".join(cell.text for cell in stacks[0])):
        return [stacks[0] for _ in edges]
    found: list[list[Cell] | None] = []
    for left, right in zip(lefts, edges, strict=True):
        over = [(min(s[0].box.right, right + 4) - max(s[0].box.left, left + 4), n) for n, s in enumerate(stacks)]
        most, number = max(over, default=(0.0, 0))
        found.append(stacks[number] if most > 3 else None)
    # A head that spans columns is centred: the column at its side belongs to the nearest.
    for number, known in enumerate(found):
        if known is None and len(stacks) > 1:
            middle = (lefts[number] + edges[number]) / 2
            found[number] = min(stacks, key=lambda stack: abs(_middle(stack[0]) - middle))
    return found


def _same(edges: Sequence[float], columns: Sequence[Column]) -> bool:
    return len(edges) == len(columns) and all(abs(edge - column.right) <= _EDGE for edge, column in zip(edges, columns, strict=True))


def _is_first(page: PageLayout, block: _Block) -> bool:
    """Whether nothing with a figure stands over a block on its page."""
    first = (block.heads or block.rows)[0]
    return first.box.top > (_TOP - 0.08) * page.page.height and not any(_amounts(row) for row in page.rows[: first.number])


# Titles and unit


def _titles(page: PageLayout, block: _Block) -> tuple[tuple[str, ...], TableUnit | None]:
    """The folded lines over the heads, the nearest first, and the unit that one of them, or the corner of the heads, names."""
    first = (block.heads or block.rows)[0]
    titles: list[str] = []
    texts = [cell.text for row in block.heads for cell in row.cells[:1]]
    corner = " ".join(texts)
    unit = table_unit(corner)
    lower = first
    for row in page.above(first, _TITLES):
        text = _text(row)
        sentence = len(row.words) > _TITLE_WORDS and not (len(titles) == 1 and _goes_over(text, titles[0]))
        if not _near(row, lower, _TITLE_GAP) or _is_data(row) or (sentence and (titles or not text.endswith(":"))):
            break
        titles.append(fold(text))
        unit = unit or table_unit(f"{text} {_text(lower)}" if text.count("(") > text.count(")") else text)
        lower = row
    if unit is None and block.rows:  # the unit may stand in a line of its own under the heads
        unit = next((found for row in block.rows[:2] if not row.marks and (found := table_unit(_text(row)))), None)
    return tuple(titles), unit


def _goes_over(text: str, last: str) -> bool:
    """Whether a sentence that announces a table has a second line, "… were as follows" over "(dollars in millions):"."""
    return last.endswith(":") and (last.startswith("(") or not text.endswith((".", ":", ";")))


def _is_data(row: Row) -> bool:
    """Whether a row is one of a table: words, and figures behind them that are no year and no day."""
    marks = [mark for mark in _amounts(row) if not re.fullmatch(r"\d{1,2}|\(\d\)", mark.text)]
    return bool(marks) and len(row.cells) > 1 and not any(fold(word.text).strip(".,") in MONTH_NAMES for word in row.words)


def _text(row: Row) -> str:
    return " ".join(word.text for word in row.words)


# Items


def _items(page: PageLayout, rows: Sequence[Row], columns: Sequence[Column]) -> Iterator[Item]:
    section = before = ""
    indent = 0.0
    open_line: tuple[str, Row] | None = None  # words without figures: the first line of a label, or a section
    for row in rows:
        figures = tuple(_figures(row, columns))
        words = _label_words(row, figures)
        text = bare_label(" ".join(word.text for word in words))
        if not figures:
            if text and open_line and _goes_on(text) and _near(open_line[1], row, 1.2):
                section = f"{open_line[0]} {text}"  # a section of two lines
                open_line = (section, row)
            elif text:
                before, section, indent = section, text, row.words[0].box.left
                open_line = (text, row)
            continue
        if words and section and words[0].box.left < indent - 2:
            section = ""
        names = [fold_label(text)] if text else []
        if open_line and text and _near(open_line[1], row, 1.2) and not open_line[0].endswith(":"):
            names.append(fold_label(f"{open_line[0]} {text}"))
        if open_line and len(names) > 1 and _goes_on(text):
            section = before  # the line above was the beginning of this label
        own = section
        if own and text:
            names.append(f"{fold_label(own)} · {fold_label(text)}")
        yield Item(text, own, tuple(names), figures, row, page)
        open_line = None


def _goes_on(text: str) -> bool:
    return text[:1].islower()


def bare_label(text: str) -> str:
    """A label without its footnote signs: "Total revenues (1)(2)" → "Total revenues"."""
    return _NOTE.sub("", text).strip(" .…")


def _figures(row: Row, columns: Sequence[Column]) -> Iterator[tuple[Column, Mark]]:
    taken: set[float] = set()
    for mark in row.marks:
        if not _is_column_mark(row, mark):
            continue
        column = min(columns, key=lambda column: abs(column.right - mark.box.right))
        if abs(column.right - mark.box.right) <= 1.5 * _EDGE and column.right not in taken:
            taken.add(column.right)
            yield column, mark


def _label_words(row: Row, figures: Sequence[tuple[Column, Mark]]) -> tuple[Word, ...]:
    start = figures[0][1].box.left if figures else around(row.words).right + 1
    return tuple(word for word in row.words if word.box.right <= start + 0.5 and word.text not in _CURRENCY)
