"""Plants faults into true values, as a model makes them, so that the evidence check can be measured.

    true value → attempt: other words, page, key or label → the same code as a model's answer → value, or refused there
               → the true value with another number, unit, scale or day behind the same words

Each fault is planted with several labels, because the label is what a model chooses freely: the words that truly name the
figure it points to, those of the value that was asked for, none, and words that nobody printed. A fault that happens to be
true, because the document prints the same for both, is none: `Planter.true_by_chance` counts them.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from workflow_orchestrator.documents import Document
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold
from workflow_orchestrator.extraction.layout import DocumentLayout, Mark, Row
from workflow_orchestrator.extraction.model import pointed_value
from workflow_orchestrator.extraction.quotes import Reader
from workflow_orchestrator.extraction.standing import Place
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.values import NUMERIC_KINDS, Box, Evidence, Kind, Origin, Value

KINDS = (
    "digit changed, words too",
    "digit changed, value only",
    "sign lost or added",
    "neighbour's row",
    "same-row neighbour",
    "benchmark's figure",
    "neighbour share class",
    "other period",
    "other holding's name",
    "other page",
    "figure of another page",
    "invented quote",
    "scale off by 1000",
    "other unit",
    "day and month swapped",
    "other day of the document",
    "words of another field",
    "any figure of the document",
)
SAME_ROW = "same-row neighbour"
_Item = TypeVar("_Item")
INVENTED_LABEL = "Result of the period"

_AROUND = 6  # rows above and below from which a neighbour comes
_SERIES = re.compile(
    r"\b(?:benchmark|index|indice|vergleichsindex|referenzindex|comparator|sector|peers?|category|kategorie|catégorie|"
    r"msci|ftse|morningstar|excess|relative|difference|differenz|écart|tri)\b"
)
_CLASS = re.compile(
    r"\b(?:class|klasse|anteilklasse|anteilsklasse|tranche|part|share|acc|dist|inc|thes|cap|direct|regular|idcw|growth)\b"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One planted fault: what it is, whose label it carries, and the value that came out, `None` when reading refused it."""

    kind: str
    label: str
    ref: str
    quote: str
    value: Value | None


@dataclass
class Planter:
    """Makes faults out of the true values of one document.

    Args:
        document: what was read.
        fields: the fields of the document kind.
        truth: the true values; one with a box gets neighbours too.
        seed: of the choice among possible faults.
    """

    document: Document
    fields: FieldSet
    truth: Sequence[Value]
    seed: int = 7
    true_by_chance: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        self._layout = DocumentLayout(self.document)
        currency = next((str(v.value) for v in self.truth if v.kind is Kind.CURRENCY), "")
        self._reader = Reader.of(self.document).with_currency(currency)
        self._by_ref = {value.ref: value for value in self.truth}
        self._text = fold("\n".join(page.shown for page in self.document.pages))
        self._makers = (
            self._digits,
            self._signs,
            self._neighbours,
            self._keys,
            self._pages,
            self._invented,
            self._scales,
            self._units,
            self._dates,
            self._words,
            self._anywhere,
        )

    def faults(self, per_kind: int) -> list[Fault]:
        """At most `per_kind` faults of each kind, chosen by the seed among all that can be planted."""
        chance = random.Random(self.seed)
        by_kind: dict[str, list[_Attempt]] = defaultdict(list)
        for value in self.truth:
            self._chance = random.Random(f"{self.seed}{value.ref}")
            for make in self._makers:
                for attempt in make(value):
                    by_kind[attempt.kind].append(attempt)
        faults: list[Fault] = []
        for kind in KINDS:
            attempts = by_kind[kind]
            chance.shuffle(attempts)
            planted: list[Fault] = []
            for attempt in attempts:
                planted.extend(self._plant(attempt))
                if len(planted) >= per_kind:
                    break
            faults += planted
        return faults

    def _plant(self, attempt: _Attempt) -> Iterator[Fault]:
        if attempt.value is not None:
            if self._is_true(attempt.value):
                self.true_by_chance[attempt.kind] += 1
            else:
                yield Fault(attempt.kind, "wanted", attempt.value.ref, attempt.value.evidence.quote, attempt.value)
            return
        ref = f"{attempt.field}.{attempt.key}" if attempt.key else attempt.field
        for name, label in self._labels(attempt):
            try:
                value = pointed_value(
                    attempt.field, attempt.key, attempt.quote, label, attempt.page,
                    self._layout, self.fields, self._reader, Origin.MODEL,
                )  # fmt: skip
            except FigureError:
                value = None
            if value and self._is_true(value) and not attempt.always:
                self.true_by_chance[attempt.kind] += 1
                return
            yield Fault(attempt.kind, name, ref, attempt.quote, value)

    def _labels(self, attempt: _Attempt) -> Iterator[tuple[str, str]]:
        """Whose label, and the label."""
        seen: set[str] = set()
        true = self._by_ref.get(f"{attempt.field}.{attempt.key}" if attempt.key else attempt.field)
        known = self.fields[attempt.field].all_labels()
        for name, label in (
            ("its own", attempt.label),
            ("its own row's", attempt.label.partition(" · ")[0]),
            ("wanted", self.label_of(true) if true else ""),
            ("wanted row's", self.label_of(true).partition(" · ")[0] if true else ""),
            ("of the schema", known[0] if known else ""),
            ("invented", INVENTED_LABEL),
            ("none", ""),
        ):
            if label not in seen:
                seen.add(label)
                yield name, label

    def _is_true(self, value: Value) -> bool:
        """Whether the fault says what is true all the same."""
        true = self._by_ref.get(value.ref)
        if true is None:
            return False
        if isinstance(value.value, str) and isinstance(true.value, str):
            # Less or more of the same words is a question of taste, not a fault.
            first, second = fold(value.value), fold(true.value)
            return first in second or second in first
        return (true.value, true.unit, true.scale) == (value.value, value.unit, value.scale)

    # Where things stand

    def _home(self, value: Value) -> tuple[Row, Mark] | None:
        """The row and the mark in which a figure stands."""
        box = value.evidence.box
        if box is None or value.kind not in NUMERIC_KINDS:
            return None
        for row in self._layout.pages[value.evidence.page - 1].rows:
            for mark in row.marks:
                if _same_place(mark.box, box):
                    return row, mark
        return None

    def label_of(self, value: Value) -> str:
        """The words that name a true value, as a model is asked for them: row label · column head."""
        home = self._home(value)
        return self._label_at(value.evidence.page, home[1]) if home else value.evidence.label

    def _label_at(self, page: int, mark: Mark) -> str:
        place = Place(self._layout.pages[page - 1], mark.words)
        row = next(iter(place.labels()), "")
        head = next(iter(place.heads), "")
        return " · ".join(filter(None, (row, head)))

    # What can go wrong

    def _digits(self, value: Value) -> Iterator[_Attempt]:
        if value.kind not in NUMERIC_KINDS or not isinstance(value.value, Decimal):
            return
        quote = value.evidence.quote
        for position in [index for index, char in enumerate(quote) if char.isdigit()][:6]:
            other = str((int(quote[position]) + self._chance.randint(1, 9)) % 10)
            words = quote[:position] + other + quote[position + 1 :]
            yield _Attempt(
                KINDS[0], value.field, value.key, words, value.evidence.page, label=self.label_of(value)
            )
        digits = len(value.value.as_tuple().digits)
        for power in range(min(digits, 5)):
            step = Decimal(self._chance.randint(1, 9)).scaleb(value.scale - value.decimals + power)
            yield _Attempt.of(KINDS[1], replace(value, value=value.value + step))

    def _signs(self, value: Value) -> Iterator[_Attempt]:
        if value.kind not in NUMERIC_KINDS or not isinstance(value.value, Decimal) or not value.value:
            return
        quote = value.evidence.quote
        bare = re.sub(r"^[-−–‒﹣－+]\s*", "", quote).replace("(", "").replace(")", "")
        yield _Attempt.of("sign lost or added", replace(value, value=-value.value))
        for words in {bare, f"-{bare}", f"({bare})", f"−{bare}"} - {quote}:
            yield _Attempt(
                "sign lost or added", value.field, value.key, words, value.evidence.page, label=self.label_of(value)
            )

    def _neighbours(self, value: Value) -> Iterator[_Attempt]:
        home = self._home(value)
        if home is None:
            return
        row, own = home
        page = self._layout.pages[value.evidence.page - 1]
        for mark in row.marks:
            if mark is not own and not mark.nil:
                yield self._neighbour(value, SAME_ROW, mark)
        for other in (*page.above(row, 3 * _AROUND), *page.below(row, 3 * _AROUND)):
            for mark in other.marks:
                column = abs(mark.box.right - own.box.right) <= 4 or abs(mark.box.left - own.box.left) <= 4
                if not mark.nil and column:
                    yield self._neighbour(value, "neighbour's row", mark)

    def _neighbour(self, value: Value, kind: str, mark: Mark) -> _Attempt:
        label = self._label_at(value.evidence.page, mark)
        own = self.label_of(value)
        if _SERIES.search(fold(label)) and not _SERIES.search(fold(own)):
            kind = "benchmark's figure"
        elif _CLASS.search(fold(label)) and label.partition(" · ")[0] != own.partition(" · ")[0]:
            kind = "neighbour share class"
        return _Attempt(kind, value.field, value.key, mark.text, value.evidence.page, label=label)

    def _keys(self, value: Value) -> Iterator[_Attempt]:
        """The right words under another key: another period, year or month, another basis, another holding."""
        spec = self.fields[value.field]
        page, quote, label = value.evidence.page, value.evidence.quote, self.label_of(value)
        if spec.keyed == "name":
            keys = [other.key for other in self.truth if other.field == value.field and other.key != value.key]
            for key in (*self._some(keys, 6), "Larkfield Holdings plc"):
                yield _Attempt("other holding's name", value.field, key, quote, page, label=label)
            return
        if value.kind is not Kind.PERCENT or not (spec.keyed or spec.sections):
            return
        for other in self.fields.values():
            if other.kind is not Kind.PERCENT or not (other.keyed or other.sections) or other.keyed == "name":
                continue
            keys = list(other.keys) if other.keyed == "period" else [""]
            if other.keyed in ("year", "month"):
                keys = [v.key for v in self.truth if v.field == other.name] or {
                    "year": ["2021", "2024"], "month": ["2024-03"]
                }[other.keyed]  # fmt: skip
            for key in self._some(keys, 8):
                if (other.name, key) != (value.field, value.key):
                    yield _Attempt("other period", other.name, key, quote, page, label=label)

    def _pages(self, value: Value) -> Iterator[_Attempt]:
        pages = [page.number for page in self.document.pages if page.number != value.evidence.page]
        label = self.label_of(value)
        for number in (*self._some(pages, 3), len(self.document.pages) + 1):
            inside = number <= len(self.document.pages)
            if inside and fold(value.evidence.quote) in fold(self.document.pages[number - 1].shown):
                self.true_by_chance["other page"] += 1  # printed there as well
                continue
            yield _Attempt(
                "other page", value.field, value.key, value.evidence.quote, number, label=label, always=True
            )
            if inside:  # what a careless reader would hand over: no place, only the page
                moved = Evidence(number, value.evidence.quote, label)
                yield _Attempt.of("other page", replace(value, evidence=moved), always=True)
        if value.kind in NUMERIC_KINDS:
            for number, mark in self._some(self._marks(pages), 6):
                yield _Attempt(
                    "figure of another page", value.field, value.key, mark.text, number, self._label_at(number, mark)
                )

    def _marks(self, pages: Sequence[int]) -> list[tuple[int, Mark]]:
        return [
            (number, mark)
            for number in pages
            for row in self._layout.pages[number - 1].rows
            for mark in row.marks
            if not mark.nil
        ]

    def _invented(self, value: Value) -> Iterator[_Attempt]:
        """Digits of the same form that are printed nowhere."""
        if value.kind not in NUMERIC_KINDS or value.kind is Kind.INTEGER:
            return
        quote = value.evidence.quote
        for _ in range(4):
            words = re.sub(r"\d", lambda _: str(self._chance.randint(1, 9)), quote)
            if fold(words) not in self._text:
                yield _Attempt(
                    "invented quote", value.field, value.key, words, value.evidence.page, label=self.label_of(value)
                )

    def _scales(self, value: Value) -> Iterator[_Attempt]:
        if value.kind not in NUMERIC_KINDS or not isinstance(value.value, Decimal) or not value.value:
            return
        for power in (3, -3):
            yield _Attempt.of(
                "scale off by 1000",
                replace(value, value=value.value.scaleb(power), scale=value.scale + power),
            )
            yield _Attempt.of("scale off by 1000", replace(value, value=value.value.scaleb(power)))
        if value.kind is not Kind.MONEY:
            return
        quote = value.evidence.quote
        word = re.search(r"[\d ](m|mn|mio\.?|million|millionen|millions|bn|mrd\.?|billion|milliarden?|milliards?|k)\b\.?", quote, re.I)
        if word:
            start, end = word.span(1)
            for other in ("", "billion", "million", "thousand", "Mrd.", "Mio."):
                words = f"{quote[:start]}{other}{quote[end:]}".strip().replace("..", ".")
                if words != quote:
                    yield _Attempt(
                        "scale off by 1000", value.field, value.key, words, value.evidence.page,
                        label=self.label_of(value),
                    )  # fmt: skip
        elif not value.scale:
            for words in (f"{quote} million", f"{quote} m", f"{quote} Mio."):
                yield _Attempt(
                    "scale off by 1000", value.field, value.key, words, value.evidence.page, label=self.label_of(value)
                )

    def _units(self, value: Value) -> Iterator[_Attempt]:
        if not isinstance(value.value, Decimal):
            return
        quote, page, label = value.evidence.quote, value.evidence.page, self.label_of(value)
        if value.kind is Kind.PERCENT:
            yield _Attempt.of("other unit", replace(value, value=value.value.scaleb(-2), scale=-2))
            yield _Attempt.of("other unit", replace(value, value=value.value.scaleb(2)))
            yield _Attempt.of("other unit", replace(value, unit="bps"))
            bare = quote.replace("%", "").strip()
            yield _Attempt("other unit", value.field, value.key, f"{bare} bps", page, label=label)
        elif value.kind is Kind.MONEY:
            for code in ("USD", "EUR", "GBP", "CHF"):
                if code == value.unit:
                    continue
                yield _Attempt.of("other unit", replace(value, unit=code))
                words = quote.replace(value.unit, code).replace("€", code).replace("£", code).replace("$", code)
                if words != quote:
                    yield _Attempt("other unit", value.field, value.key, words, page, label=label)
        elif value.kind is Kind.RATIO:
            yield _Attempt.of("other unit", replace(value, unit="%"))
            yield _Attempt("other unit", value.field, value.key, f"{quote}%", page, label=label)

    def _dates(self, value: Value) -> Iterator[_Attempt]:
        day = value.value
        if not isinstance(day, date):
            return
        if day.day <= 12 and day.day != day.month:
            yield _Attempt.of("day and month swapped", replace(value, value=date(day.year, day.day, day.month)))
        for other in (day.replace(day=1), day.replace(year=day.year - 1, day=min(day.day, 28))):
            if other != day:
                yield _Attempt.of("day and month swapped", replace(value, value=other))
        match = re.fullmatch(r"(\d\d?)([./-])(\d\d?)([./-]\d{4})", value.evidence.quote.strip())
        if match:
            words = f"{match[3]}{match[2]}{match[1]}{match[4]}"
            yield _Attempt("day and month swapped", value.field, "", words, value.evidence.page, self.label_of(value))
        printed = re.findall(
            r"\d{1,2}[./]\d{1,2}[./]\d{4}|\d{1,2}\.? [^\W\d_]{3,9}\.? \d{4}|[A-Z][a-z]{2,8} \d{1,2}, \d{4}|\d{4}-\d\d-\d\d",
            "\n".join(page.shown for page in self.document.pages),
        )
        for words in self._some(sorted(set(printed)), 12):
            for page in self.document.pages:
                if words in page.shown:
                    yield _Attempt("other day of the document", value.field, "", words, page.number)
                    break

    def _words(self, value: Value) -> Iterator[_Attempt]:
        """A name, code or choice that the document prints, but for something else."""
        if value.kind in NUMERIC_KINDS or value.kind in (Kind.DATE, Kind.PARAGRAPH):
            return
        for other in self.truth:
            if other.ref != value.ref and other.kind in (Kind.TEXT, Kind.CURRENCY, Kind.ISIN, Kind.CHOICE):
                yield _Attempt(
                    "words of another field", value.field, "", other.evidence.quote, other.evidence.page,
                    label=other.evidence.label,
                )  # fmt: skip
        patterns = {Kind.ISIN: r"\b[A-Z]{2}[A-Z0-9]{9}\d\b", Kind.CURRENCY: r"\b[A-Z]{3}\b"}
        if value.kind in patterns:
            for page in self.document.pages:
                for words in self._some(sorted(set(re.findall(patterns[value.kind], page.shown))), 12):
                    yield _Attempt("words of another field", value.field, "", words, page.number)

    def _anywhere(self, value: Value) -> Iterator[_Attempt]:
        if value.kind not in NUMERIC_KINDS:
            return
        marks = self._marks([page.number for page in self.document.pages])
        for number, mark in self._some(marks, 200 if not value.key else 12):
            yield _Attempt(
                "any figure of the document", value.field, value.key, mark.text, number, self._label_at(number, mark)
            )

    def _some(self, items: Sequence[_Item], count: int) -> list[_Item]:
        return list(items) if len(items) <= count else self._chance.sample(list(items), count)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What would be handed over: the pointer of a model, or else a value that was changed behind its words.

    `always` says that the fault is in the evidence, so that it is one although the number is right.
    """

    kind: str
    field: str
    key: str
    quote: str
    page: int
    label: str = ""
    value: Value | None = None
    always: bool = False

    @classmethod
    def of(cls, kind: str, value: Value, always: bool = False) -> _Attempt:
        evidence = value.evidence
        return cls(kind, value.field, value.key, evidence.quote, evidence.page, evidence.label, value, always)


def _same_place(first: Box, second: Box) -> bool:
    middle = (first.bottom + first.top) / 2
    return (
        second.bottom - 1 <= middle <= second.top + 1
        and first.left <= second.right
        and second.left <= first.right
    )
