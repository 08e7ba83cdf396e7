"""Reads lists of names with a figure each, below a heading: the largest holdings and their sum."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal

from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold_label, without_brackets
from workflow_orchestrator.extraction.layout import Cell, Mark, PageLayout, Row, is_figure
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Findings
from workflow_orchestrator.extraction.standing import Place
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.figures import MONTH_NAMES, read_figure
from workflow_orchestrator.values import NUMERIC_KINDS, Evidence, Kind, Origin

_PER_CENT = re.compile(r"%|per ?cent|prozent|pour cent")
_BEHIND_HEADING = frozenset(
    "as at of on by in the fund portfolio nav net assets weight total stand per zum am der des fonds fondsvermögens volumen "
    "fondsvermögen anteil anteile prozent percent share shares vom im teilfonds vermögens nettovermögens subfund sub by issuer "
    "equity equities bonds held weights aum value market exposure since name names "
    "au du en de la l d actif net portefeuille poids pondération lignes".split()
)
# Heads over the names of a table of what a fund holds, folded.
_NAME_HEADS = frozenset(
    {
        "stock name", "stock", "security", "security name", "name of security", "company", "company name", "issuer",
        "issuer name", "name of issuer", "instrument", "name of the instrument", "name of instrument", "holding",
        "issuer/instrument", "instrument/issuer", "company/issuer", "scrip", "scrip name", "wertpapier", "titel",
        "emittent", "unternehmen", "position", "bezeichnung", "valeur", "valeurs", "titre", "libellé", "émetteur", "société",
        "désignation des valeurs", "libellé valeur", "désignation", "nom de la valeur", "gattungsbezeichnung",
    }
)  # fmt: skip
_TRADES = re.compile(
    r"contribut|detract|performer|attribution|beitr[aä]g|purchase|sale[sn]?\b|bought|sold\b|käufe|verkäufe|achat|vente|mouvement"
)
# What a heading says is left out of its list: "Dix premières lignes hors liquidités", "Top 10 holdings excluding cash".
_WITHOUT = re.compile(r"\b(?:hors|excluding|excl|ex|ohne|exkl|without)\b.{1,40}$")
# The lines of statistics that may follow a list without a heading of their own.
_NO_NAME = re.compile(
    r"^(?:total )?(?:number|no\.?) of \w+|^(?:anzahl|zahl der)\b|^nombre (?:de|d')|^(?:active share|turnover|tracking error|beta|alpha|"
    r"cash (?:quota|ratio)|average|durchschnittlich\w*|dividend yield|yield to|duration|p/e|price.to)\b"
)
_OF_ASSETS = re.compile(r"\(in % (?:des|vom|of|de)\b|\(% of (?:net |total )?(?:assets|fund|nav|portfolio)|\(en % de")
_SUMMED = 6  # entries, their sum included
_SPLIT = 3  # parts that make up a whole
_ALL_BUT_ONE = Decimal(99)  # per cent
_GROSS = Decimal(130)  # per cent: a misprint, or a fund with leverage
_WHOLE = Decimal(101)  # per cent, with rounding
MOST = Decimal(50)  # per cent of a portfolio: its largest positions are among them
_MAX_ROWS = 40
_MAX_TOP = 21  # entries of a list of the largest positions, with its total; a longer one is the portfolio
_HEAD_REACH = 45.0  # points over the first figure in which its column head stands
_MAX_GAP = 2.6  # of the font size, between two entries
_EDGE = 4.0  # points that the left edges of names and the right edges of figures may differ


@dataclass(frozen=True)
class _Entry:
    name: Cell
    mark: Mark
    row: Row


def _is_heading(folded: str, sections: Sequence[str]) -> bool:
    """Whether folded words are a section word, with nothing behind it but what the figures are and of which day."""
    bare = without_brackets(folded).replace("%", "").strip()
    if bare in sections or folded in sections:
        return True
    rest = next((bare[len(word) :] for word in sections if bare.startswith(word + " ")), "")
    words = re.findall(r"[^\W\d_]+", _WITHOUT.sub("", rest))
    return bool(rest) and all(word in _BEHIND_HEADING or word in MONTH_NAMES for word in words)


def _without_numbers(entries: Sequence[_Entry]) -> list[_Entry]:
    """The entries without the rank in front of each name, "1 Apple", or the footnote digit behind most of them."""
    firsts = [entry.name.words[0].text.rstrip(".") for entry in entries if len(entry.name.words) > 1]
    ranked = firsts[:3] == ["1", "2", "3"]
    noted = sum(_is_noted(entry) for entry in entries) >= max(3, 0.6 * len(entries))
    cleaned: list[_Entry] = []
    for entry in entries:
        words = entry.name.words
        if ranked and len(words) > 1 and re.fullmatch(r"\d{1,2}\.?", words[0].text):
            words = words[1:]
        if noted and _is_noted(entry):
            words = words[:-1]
        cleaned.append(_Entry(Cell(words), entry.mark, entry.row))
    return cleaned


def _ends_with(cell: Cell, labels: Set[str]) -> bool:
    """Whether two heads without a gap between them end with the label of a share: "Country Weight (%)"."""
    return any(cell.folded.endswith(f" {label}") for label in labels if re.search(r"weight|gewicht|anteil|poids|assets", label))


def _is_noted(entry: _Entry) -> bool:
    """Whether a name ends with a number of one or two digits that is not the year of a bond's last day ("15 NOV 32")."""
    *_, before, last = ("", *(word.text for word in entry.name.words))
    dated = fold_label(before) in MONTH_NAMES or any(char.isdigit() for char in before)
    return bool(before) and not dated and bool(re.fullmatch(r"\d{1,2}", last))


class ListReader:
    """Reads the lists of one page for every field that is keyed by name."""

    def __init__(self, page: PageLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
        self._page, self._words, self._reader, self._found = page, words, reader, found

    def read(self) -> None:
        for spec in self._words.keyed("name"):
            sections = self._words.sections(spec.name)
            for row in self._page.rows:
                for cell in row.cells:
                    if _is_heading(cell.folded, sections):
                        self._list(spec, row, cell)
                    elif spec in self._words.largest and cell.folded in _NAME_HEADS and not self._is_of_trades(row):
                        self._list(spec, row, cell, portfolio=True)

    def _is_of_trades(self, row: Row) -> bool:
        """Whether a title over a table says that it is of contributions or trades, not of what the fund holds."""
        return any(_TRADES.search(cell.folded) for upper in self._page.above(row, 5) for cell in upper.cells)

    def _weights_only(self, spec: FieldSpec, entries: list[_Entry]) -> list[_Entry]:
        """The entries of a portfolio when the head over its figures names weights: without group totals and other lines.

        They are told by their style; a list that comes to more than the whole still holds some, and is left out. So is a part
        of a portfolio in another order than by weight: the largest positions may be elsewhere.
        """
        labels = {fold_label(label) for label in spec.all_labels() if re.search(r"\w\w", label)}
        cells = Place(self._page, entries[0].mark.words).column_cells[:2] if entries else ()
        heads = {fold_label(" ".join(cell.text for cell in reversed(cells[:count]))) for count in (1, 2)}
        if not heads & labels:
            return []
        style = Counter(entry.name.style for entry in entries).most_common(1)[0][0]
        kept = [entry for entry in entries if entry.name.style == style and not self._is_total(entry.name)]
        weights = [figure.value for entry in kept if (figure := read_figure(entry.mark.text, self._reader.mark))]
        total = sum(map(abs, weights))
        largest = weights == sorted(weights, reverse=True) or total >= MOST
        return kept if largest and total <= _WHOLE else []

    def _list(self, spec: FieldSpec, row: Row, heading: Cell, portfolio: bool = False) -> None:
        entries, per_cent = self._entries(spec, row, heading)
        if portfolio:
            entries = self._weights_only(spec, entries)
        per_cent = per_cent or bool(_PER_CENT.search(heading.text)) or any("%" in entry.mark.text for entry in entries)
        per_cent = per_cent or self._adds_up_to_part(entries) or (spec not in self._words.largest and self._is_whole(entries))
        if len(entries) < 2:
            return
        if not portfolio:
            entries += self._beside(row, heading, entries)
        if spec not in self._words.largest and self._is_part(entries):
            for entry in entries:
                self._found.reject(spec.name, entry.mark.text, self._page.number, "the parts that were read are not the whole")
            return
        self._take_entries(spec, entries, per_cent, portfolio)

    def _take_entries(self, spec: FieldSpec, entries: list[_Entry], per_cent: bool, portfolio: bool) -> None:
        """The entries of a list as values, its sum as that of its field; what stands in it twice is nobody's."""
        totals = {
            fold_label(label): other
            for other in self._words.fields.values()
            if not other.keyed and other.kind is spec.kind
            for label in other.all_labels()
        }
        entries = [entry for entry in _without_numbers(entries) if not self._is_no_name(entry.name)]
        names = Counter(entry.name.text for entry in entries)
        for entry in entries:
            total = totals.get(entry.name.folded)
            if total is not None and (portfolio or len(entries) > _MAX_TOP or spec not in self._words.largest):
                continue  # of the whole portfolio, or of a class of assets: not of the largest positions
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

    def _adds_up_to_part(self, entries: Sequence[_Entry]) -> bool:
        """Whether a list ends with the sum of its figures, below 100, on a page whose other lists say that they are in per cent."""
        figures = [read_figure(entry.mark.text, self._reader.mark) for entry in entries]
        if len(entries) < _SUMMED or not self._is_total(entries[-1].name) or not all(figures):
            return False
        *weights, total = [figure.value for figure in figures if figure]
        close = abs(sum(weights) - total) <= Decimal(len(weights)) / 10
        return close and 0 < total <= _WHOLE and any(
            _OF_ASSETS.search(fold_label(cell.text)) for row in self._page.rows for cell in row.cells
        )

    def _is_whole(self, entries: Sequence[_Entry]) -> bool:
        """Whether the figures of a split add up to about 100: then they are in per cent. How well they do is a rule's to say."""
        figures = [read_figure(entry.mark.text, self._reader.mark) for entry in entries if not self._is_total(entry.name)]
        if len(figures) < _SPLIT or not all(figures):
            return False
        return _ALL_BUT_ONE <= sum((figure.value for figure in figures if figure), Decimal(0)) <= _GROSS

    def _is_part(self, entries: Sequence[_Entry]) -> bool:
        """Whether the figures of a split add up to clearly less than the whole: some of it was not read, or is not printed."""
        figures = [read_figure(entry.mark.text, self._reader.mark) for entry in entries if not self._is_total(entry.name)]
        return sum((figure.value for figure in figures if figure), Decimal(0)) < _ALL_BUT_ONE

    def _entries(self, spec: FieldSpec, row: Row, heading: Cell) -> tuple[list[_Entry], bool]:
        """The entries below a heading, and whether a column head speaks of per cent."""
        rows = self._rows(row, heading)
        edge, head = self._column(spec, row, heading, rows)
        if edge is None:
            return [], False
        entries: list[_Entry] = []
        for number, (lower, name) in enumerate(rows):
            mark = self._weight(lower, name, edge)
            if mark and self._is_broken(lower, name, mark):
                self._found.reject(spec.name, mark.text, self._page.number, f"the name at {name.text!r} is set on two rows")
            elif mark:
                entries.append(_Entry(name, mark, lower))
                if self._is_total(name):
                    break
            elif entries:
                following = rows[number + 1] if number + 1 < len(rows) else None
                if not self._goes_on(spec, entries, lower, name, following, edge):
                    break
        return entries, bool(_PER_CENT.search(head)) or (bool(entries) and self._headed_per_cent(entries[0].mark))

    def _beside(self, row: Row, heading: Cell, entries: Sequence[_Entry]) -> list[_Entry]:
        """The entries of a second column of the list, on the rows of the first: in its style, and smaller still.

        What has a heading of its own is another list.
        """
        last = entries[-1]
        if self._is_total(last.name):
            return []
        edge, style = max(entry.mark.box.right for entry in entries), entries[0].name.style
        first = next(iter(self._later_cells(entries[0].row, edge, style)), None)
        if first is None or any(
            abs(cell.box.left - first.box.left) <= _EDGE + 2 and cell.words[0] not in first.words
            for upper in (row, *self._page.above(entries[0].row, 4))
            if upper.box.bottom <= heading.box.top + 2
            for cell in upper.cells
        ):
            return []
        found: list[_Entry] = []
        bottom = entries[0].row.box.top + last.row.height
        for lower in self._page.rows[entries[0].row.number :]:
            name = next((c for c in lower.cells if abs(c.box.left - first.box.left) <= _EDGE), None)
            if name is None:
                continue
            if bottom - name.box.top > _MAX_GAP * max(name.size, 1.0) + last.row.height or len(found) > len(entries) + 1:
                break
            right = found[0].mark.box.right if found else None
            mark = next((m for m in lower.marks if m.box.left > name.box.right and not m.nil), None)
            if mark is None or self._weight(lower, name, right or mark.box.right) is not mark:
                return []
            found.append(_Entry(name, mark, lower))
            bottom = name.box.bottom
            if self._is_total(name):
                break
        return found if self._continues(entries, found) else []

    @staticmethod
    def _later_cells(row: Row, edge: float, style: int) -> Iterator[Cell]:
        return (cell for cell in row.cells if cell.box.left > edge + cell.size and cell.style == style)

    def _continues(self, entries: Sequence[_Entry], further: Sequence[_Entry]) -> bool:
        """Whether the figures of two columns are one list that falls all the way, printed alike."""
        names = [entry for entry in further if not self._is_total(entry.name)]
        alike = {"%" in entry.mark.text for entry in (*entries, *names)}
        figures = [read_figure(entry.mark.text, self._reader.mark) for entry in (*entries, *names)]
        weights = [figure.value for figure in figures if figure]
        falls = weights == sorted(weights, reverse=True) and len(weights) == len(figures)
        return bool(names) and abs(len(names) - len(entries)) <= 1 and len(alike) == 1 and falls

    def _weight(self, row: Row, name: Cell, edge: float) -> Mark | None:
        """The figure of a row in the column that ends at `edge`, when it is a cell of its own behind a name."""
        mark = next((m for m in row.marks if not m.nil and abs(m.box.right - edge) <= _EDGE + 4), None)
        whole = mark is not None and any(mark.words[0] is cell.words[0] for cell in row.cells)
        if mark and whole and mark.box.left > name.box.right and is_figure(name.text, self._reader.mark) is None:
            return None if self._is_of_next(row, name, mark) else mark
        return None

    @staticmethod
    def _is_of_next(row: Row, name: Cell, mark: Mark) -> bool:
        """Whether a figure is of another list beside this one: behind the first figure of the row there are words again."""
        figures = {word for other in row.marks for word in other.words}
        between = [word for word in row.words if name.box.right < word.box.left < mark.box.left]
        first = next((number for number, word in enumerate(between) if word in figures), len(between))
        return any(any(char.isalpha() for char in word.text) and word not in figures for word in between[first:])

    def _goes_on(
        self,
        spec: FieldSpec,
        entries: list[_Entry],
        row: Row,
        name: Cell,
        following: tuple[Row, Cell] | None,
        edge: float,
    ) -> bool:
        """Whether a row without a figure is the rest of the name above it, and the list goes on below.

        The name is put together when the row is clearly nearer to it than to the next one, and left out otherwise.
        """
        last = entries[-1]
        gap = last.row.box.bottom - row.box.top
        if gap >= 0.35 * row.height or name.style != last.name.style or last.name.box.right < name.box.left:
            return False
        goes_on = following is not None and self._weight(*following, edge) is not None
        space = row.box.bottom - following[0].box.top if following else 0.0
        if goes_on and space > gap + 0.2 * row.height:
            entries[-1] = _Entry(Cell(last.name.words + name.words), last.mark, last.row)
        else:
            self._found.reject(
                spec.name, last.mark.text, self._page.number, "its name may go on in the next row"
            )
            del entries[-1]
        return goes_on

    def _headed_per_cent(self, mark: Mark) -> bool:
        """Whether the head directly over the first figure, of one or two lines, says that it is per cent."""
        cells = Place(self._page, mark.words).column_cells[:2]
        return any(_PER_CENT.search(cell.text) for cell in cells if cell.box.bottom - mark.box.top <= _HEAD_REACH)

    def _is_broken(self, row: Row, name: Cell, mark: Mark) -> bool:
        """Whether words at the end of the name stand a hair above or below the row: a name that was set unevenly."""
        return any(
            name.box.left <= word.box.left < min(mark.box.left, name.box.right + name.size)
            for other in (*self._page.above(row), *self._page.below(row))
            if min(other.box.top, name.box.top) - max(other.box.bottom, name.box.bottom) > 0.5 * name.size
            for word in other.words
        )

    def _rows(self, row: Row, heading: Cell) -> list[tuple[Row, Cell]]:
        """The rows below a heading that have a cell at its left edge, down to a gap."""
        rows: list[tuple[Row, Cell]] = []
        last = heading.box.bottom
        for lower in self._page.below(row, 3 * _MAX_ROWS):
            name = next((cell for cell in lower.cells if abs(cell.box.left - heading.box.left) <= _EDGE + 2), None)
            if name and re.fullmatch(r"\d{1,2}\.?", name.text) and name is not lower.cells[-1]:
                name = lower.cells[lower.cells.index(name) + 1]  # a rank stands in front
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
            heads = [
                c
                for c in upper.cells
                if c.box.left > heading.box.left + 10
                and (c.folded in labels or (upper is not row and _ends_with(c, labels)))
            ]
            if heads:
                return heads[0].box.right, heads[0].text
        edges = Counter(
            round(mark.box.right / 4) for lower, name in rows for mark in lower.marks if self._is_weight(mark, name, lower)
        )
        columns = [edge for edge, count in edges.items() if count >= 0.6 * max(edges.values())]
        if len(columns) > 1:  # beside the weights stand prices, weights of another day, or those of an index
            signed = [edge for edge in columns if self._is_of_weights(edge, rows)]
            columns = signed or [edge for edge in columns if self._head_of(edge, rows) in labels]
        return (columns[0] * 4.0, "") if len(columns) == 1 else (None, "")

    @staticmethod
    def _is_weight(mark: Mark, name: Cell, row: Row) -> bool:
        """Whether a figure stands behind a name with nothing but figures between: not in a list of another column."""
        words = {word for other in row.marks for word in other.words}
        between = [word for word in row.words if name.box.right < word.box.left < mark.box.left and word not in words]
        return not mark.nil and mark.box.left > name.box.right and not between

    def _head_of(self, edge: int, rows: Sequence[tuple[Row, Cell]]) -> str:
        """The folded words directly over the first figure of a column."""
        mark = next(mark for row, _ in rows for mark in row.marks if round(mark.box.right / 4) == edge)
        return next((cell.folded for cell in Place(self._page, mark.words).column_cells), "")

    def _is_of_weights(self, edge: int, rows: Sequence[tuple[Row, Cell]]) -> bool:
        """Whether each figure of a column is printed with a per cent sign."""
        marks = [mark for row, _ in rows for mark in row.marks if round(mark.box.right / 4) == edge]
        return all("%" in mark.text for mark in marks)

    def _is_no_name(self, name: Cell) -> bool:
        """Whether the words before a figure say how many or how much of something: "Number of holdings", "Active share"."""
        fields = [self._words.fields[target.field] for target in self._words.label(name.text)]
        known = any(field.kind in NUMERIC_KINDS and field.name not in self._words.totals for field in fields)
        return known or bool(_NO_NAME.search(name.folded))

    def _is_total(self, name: Cell) -> bool:
        return any(not self._words.fields[target.field].keyed for target in self._words.label(name.text)) and (
            self._words.fields[self._words.label(name.text)[0].field].kind is Kind.PERCENT
        )

    def _take(self, spec: FieldSpec, key: str, entry: _Entry) -> None:
        evidence = Evidence(self._page.number, entry.mark.text, entry.name.text, around(entry.mark.words))
        try:
            self._found.add(value_of(spec, key, evidence, self._reader, Origin.OFFLINE))
        except FigureError as error:
            ref = f"{spec.name}.{key}" if key else spec.name
            self._found.reject(ref, entry.mark.text, self._page.number, error.message)
