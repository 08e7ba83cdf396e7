"""Reads the table of a document that prints several variants of one thing, each with its code: the share classes of a fund.

    Share class       I EUR Acc       R EUR Dist            Class        ISIN           NAV          OCF
    ISIN              LU0000000014    LU0000000022          I EUR Acc    LU0000000014   EUR 128.41   0.62%
    NAV               EUR 128.41      EUR 104.07            R EUR Dist   LU0000000022   EUR 104.07   1.45%

One of them is read: the one whose code was asked for, or else the one that the title of the document names. Of a field that `varies`
between them nothing is taken from another one's column or row, and nothing at all when none can be chosen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from workflow_orchestrator.documents import Word
from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold
from workflow_orchestrator.extraction.layout import Cell, DocumentLayout, PageLayout, Row, overlap
from workflow_orchestrator.extraction.parts import day_of
from workflow_orchestrator.extraction.quotes import SEPARATOR, Reader, value_of
from workflow_orchestrator.extraction.reading import Findings
from workflow_orchestrator.extraction.vocabulary import Vocabulary, of_one_form
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.values import Box, Evidence, Kind, Origin, Value

_CODE = re.compile(r"[A-Z]{2}[A-Z0-9]{9}\d")
_ROW_GAP = 2.6  # of the font size, between two rows of one table
_EDGE = 4.0  # points that codes or labels of one column may differ
_PARTS = 6  # words that one code may be printed in
_MOST = 14  # more rows with a code each are a list of what is held
_PER_CENT = re.compile(r"%|per ?cent|prozent|pour cent", re.IGNORECASE)
_SAY_CLASS = frozenset("share unit class klasse anteilklasse anteilsklasse part parts classe tranche".split())


@dataclass(frozen=True)
class Variant:
    """One variant: its code, what it is called, and the words that the table prints for each field of it."""

    code: str
    name: str
    cells: Mapping[str, tuple[str, tuple[Word, ...]]] = field(default_factory=dict)  # field → label, words


@dataclass(frozen=True)
class Variants:
    """A table of variants and where it stands."""

    page: int
    box: Box
    items: tuple[Variant, ...]

    def of_code(self, code: str) -> Variant | None:
        return next((item for item in self.items if item.code == code), None)

    def of_name(self, name: str) -> Variant | None:
        """The only variant of that name; how it is shortened and whether it says "class" do not count."""
        wanted = name_words(name)
        found = [item for item in self.items if wanted and name_words(item.name) == wanted]
        return found[0] if len(found) == 1 else None

    def said(self) -> str:
        """The variants in words, for people."""
        return ", ".join(f"{item.code} ({item.name})" if item.name else item.code for item in self.items)


def name_words(name: str) -> frozenset[str]:
    """The words of the name of a variant, in one form: "Class I EUR Accumulation" and "I EUR Acc" are the same."""
    return of_one_form(frozenset(re.findall(r"\w+", fold(name)))) - _SAY_CLASS


def printed_codes(layout: DocumentLayout) -> tuple[str, ...]:
    """Every code with a right check digit that the document prints, in the order of its pages."""
    found: dict[str, None] = {}
    for page in layout.pages:
        for row in page.rows:
            texts = [word.text.strip("(),;.") for word in row.words]
            for start in range(len(texts)):
                for end in range(start + 1, min(start + _PARTS, len(texts)) + 1):  # a code may be printed in groups
                    if _is_code(code := "".join(texts[start:end])):
                        found[code] = None
    return tuple(found)


def find_variants(layout: DocumentLayout, words: Vocabulary) -> Variants | None:
    """The table of variants; none where the document has none, or several that differ in their codes."""
    tables = [table for page in layout.pages for table in (*_in_columns(page, words), *_in_rows(page, words))]
    if len({frozenset(item.code for item in table.items) for table in tables}) != 1:
        return None
    return tables[0]


def coded_outside(layout: DocumentLayout, table: Variants) -> Variant | None:
    """The only variant whose code stands outside of the table too, as among the facts of a sheet: the sheet is about that one."""
    codes = {
        word.text.strip("(),;")
        for page in layout.pages
        for row in page.rows
        for word in _codes(row)
        if page.number != table.page or not _within(word.box, table.box)
    }
    found = [item for item in table.items if item.code in codes]
    return found[0] if len(found) == 1 else None


@lru_cache(maxsize=4096)
def _is_code(text: str) -> bool:
    from stdnum import isin

    return bool(_CODE.fullmatch(text)) and bool(isin.is_valid(text))


def _codes(row: Row) -> list[Word]:
    return [word for word in row.words if _is_code(word.text.strip("(),;"))]


def _in_columns(page: PageLayout, words: Vocabulary) -> Iterator[Variants]:
    """The tables with a column for each variant: a row that begins with the label of the code, and the codes behind it."""
    for row in page.rows:
        codes = _codes(row)
        if len({word.text for word in codes}) < 2 or len(codes) > _MOST or not _names_code(row.cells[0], words):
            continue
        middles = [(word.box.left + word.box.right) / 2 for word in codes]
        # Behind the last column other facts may stand: it is taken to be as wide as the one before.
        end = middles[-1] + (middles[-1] - middles[-2]) / 2
        bounds = [row.cells[0].box.right, *((a + b) / 2 for a, b in pairwise(middles)), end]
        rows = list(_run(page, row, row.cells[0].box.left))
        named = _heads(page, rows[0], bounds)
        cells: list[dict[str, tuple[str, tuple[Word, ...]]]] = [{} for _ in codes]
        for line in rows:
            for target in words.label(line.cells[0].text):
                for number, (low, high) in enumerate(pairwise(bounds)):
                    inside = tuple(word for word in _between(line, low, high) if word not in line.cells[0].words)
                    if inside:
                        cells[number][target.field] = (line.cells[0].text, inside)
        items = tuple(_variant(code, cells[number], named[number], words) for number, code in enumerate(codes))
        yield Variants(page.number, around([word for line in rows for word in line.words if word.box.left < end]), items)


def _run(page: PageLayout, row: Row, left: float) -> Iterator[Row]:
    """The rows around one that begin at its left edge, without a gap."""
    above: list[Row] = []
    last = row
    for upper in page.above(row, 40):
        if abs(upper.cells[0].box.left - left) > _EDGE or upper.box.bottom - last.box.top > _ROW_GAP * row.height:
            break
        above.append(upper)
        last = upper
    yield from reversed(above)
    yield row
    last = row
    for lower in page.below(row, 40):
        if abs(lower.cells[0].box.left - left) > _EDGE or last.box.bottom - lower.box.top > _ROW_GAP * row.height:
            break
        yield lower
        last = lower


def _heads(page: PageLayout, first: Row, bounds: Sequence[float]) -> list[tuple[Word, ...]]:
    """The words over each column, from the row directly above the table when it has some over every one of them."""
    for upper in page.above(first, 1):
        columns = [
            _between(upper, low, high) for low, high in pairwise(bounds)
        ]
        if all(columns) and upper.box.bottom - first.box.top <= _ROW_GAP * first.height:
            return columns
    return [()] * (len(bounds) - 1)


def _in_rows(page: PageLayout, words: Vocabulary) -> Iterator[Variants]:
    """The tables with a row for each variant: codes one under the other, below a head that names them beside other fields that vary."""
    runs: list[list[tuple[Row, Word]]] = []
    for row in page.rows:
        codes = _codes(row)
        if len(codes) != 1:
            continue
        last = runs[-1][-1] if runs else None
        near = last and last[0].box.bottom - row.box.top <= _ROW_GAP * row.height and abs(last[1].box.left - codes[0].box.left) <= _EDGE
        if near:
            runs[-1].append((row, codes[0]))
        else:
            runs.append([(row, codes[0])])
    for run in runs:
        heads = _row_heads(page, run[0][0], run[0][1], words)
        if not 2 <= len(run) <= _MOST or len({code.text for _, code in run}) != len(run) or heads is None:
            continue
        items = []
        for row, code in run:
            cells = {name: (label, inside) for name, (label, low, high) in heads.items() if (inside := _between(row, low, high))}
            first = row.cells[0].words if code not in row.cells[0].words else ()
            items.append(_variant(code, cells, first, words))
        yield Variants(page.number, around([word for row, _ in run for word in row.words]), tuple(items))


def _row_heads(page: PageLayout, first: Row, code: Word, words: Vocabulary) -> dict[str, tuple[str, float, float]] | None:
    """The fields that the heads over a run of rows name, each with its label and the edges of its column.

    A list of what is held names the code and a currency too; a table of variants names at least two fields that vary, one a figure.
    """
    for upper in page.above(first, 2):
        cells = upper.cells
        if not any(_names_code(cell, words) and overlap(cell.box, code.box) > -_EDGE for cell in cells):
            continue
        middles = [(a.box.right + b.box.left) / 2 for a, b in pairwise(cells)]
        bounds = [float("-inf"), *middles, float("inf")]
        heads = {
            target.field: (cell.text, low, high)
            for cell, (low, high) in zip(cells, pairwise(bounds), strict=True)
            for target in words.label(cell.text)
        }
        varying = [words.fields[name] for name in heads if words.fields[name].varies]
        return heads if len(varying) > 2 and any(spec.kind in (Kind.MONEY, Kind.PERCENT) for spec in varying) else None
    return None


def _between(row: Row, low: float, high: float) -> tuple[Word, ...]:
    return tuple(word for word in row.words if low <= (word.box.left + word.box.right) / 2 < high)


def _names_code(cell: Cell, words: Vocabulary) -> bool:
    return any(words.fields[target.field].kind is Kind.ISIN for target in words.label(cell.text))


def _class_field(words: Vocabulary) -> FieldSpec | None:
    return next((spec for spec in words.fields.values() if words.is_class(spec)), None)


def _variant(
    code: Word, cells: Mapping[str, tuple[str, tuple[Word, ...]]], head: tuple[Word, ...], words: Vocabulary
) -> Variant:
    """A variant with its name: from the cell that a label names so, or else the words at the head of its column or row."""
    spec = _class_field(words)
    own = cells[spec.name][1] if spec and spec.name in cells else head
    named = {spec.name: ("", head), **cells} if spec and head else cells
    return Variant(code.text.strip("(),;"), _text(own), named)


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def settle_variants(
    table: Variants, chosen: Variant | None, principal: Variant | None, words: Vocabulary, reader: Reader, found: Findings
) -> None:
    """Leaves of the fields that vary only what is of the chosen variant.

    Args:
        table: the variants that the document prints.
        chosen: the one that is meant; without one nothing is of it.
        principal: the one that the title of the document names: what stands outside of the table is of that one.
        words: what the words of the document name.
        reader: how figures are read.
        found: what was read so far.
    """
    own = {value.ref: value for value in _values(table, chosen or _agreed(table), words, reader)}
    tabled = {name for item in table.items for name in item.cells}
    for ref in (*found.refs(), *own):
        spec = words.fields[ref.partition(".")[0]]
        if not spec.varies or (words.is_class(spec) and chosen and chosen is principal and found.candidates(ref)):
            continue  # the title names the class in full
        kept = [
            candidate
            for candidate in found.candidates(ref)
            if (spec.name not in tabled or (chosen and chosen is principal))
            and is_of_variant(candidate.value, table, chosen, principal)
        ]
        found.replace(ref, kept)
        if ref in own and not any(candidate.value.value == own[ref].value for candidate in kept):
            found.replace(ref, ())
            found.add(own[ref])
    if chosen is None:
        for spec in words.fields.values():
            if spec.kind is Kind.ISIN:
                reason = f"the document prints several, {table.said()}, and its title names none of them"
                found.reject(spec.name, table.items[0].code, table.page, reason, contested=True, choose=True)


def _agreed(table: Variants) -> Variant:
    """What the table prints alike of all its variants, so that it is of each of them, whichever is meant."""
    first, *rest = table.items
    alike = {
        name: cell
        for name, cell in first.cells.items()
        if all(name in item.cells and _text(item.cells[name][1]) == _text(cell[1]) for item in rest)
    }
    return Variant("", "", alike)


def is_of_variant(value: Value, table: Variants, chosen: Variant | None, principal: Variant | None) -> bool:
    """Whether a value outside of the table is of the chosen variant: by the row that it stands in, or by the title."""
    box = value.evidence.box
    if value.evidence.page == table.page and box and _within(box, table.box):
        return False
    if chosen is None:
        return principal is None and value.kind is not Kind.ISIN
    named = table.of_name(value.evidence.label.partition(SEPARATOR)[0])
    return chosen is (named or principal)


def _within(box: Box, outer: Box) -> bool:
    return box.bottom >= outer.bottom - 1 and box.top <= outer.top + 1 and box.left >= outer.left - 1 and box.right <= outer.right + 1


def _values(table: Variants, chosen: Variant, words: Vocabulary, reader: Reader) -> Iterator[Value]:
    """What the table prints of one variant, for the fields that vary."""
    for name, (label, printed) in chosen.cells.items():
        spec = words.fields[name]
        if not spec.varies:
            continue
        run = day_of(printed) if spec.kind is Kind.DATE else printed
        quote = _text(run).strip(",;")
        if spec.kind is Kind.PERCENT and not _PER_CENT.search(f"{quote} {label}"):
            continue
        with suppress(FigureError):
            yield value_of(spec, "", Evidence(table.page, quote, label, around(run)), reader, Origin.OFFLINE)
