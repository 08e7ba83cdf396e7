"""What a person read in the documents, and how the values that a reader found are judged against it.

Two forms are read: the truth of the project's own samples ({"values": {"field.key": {"value", "page", "quote"}}}), which names every
value of its document, and that of collected documents ({"perf_1m": {"value", "page", "literal"}, "ter": null, …}), which names
some: what it does not name is not judged. A `null` there says that the document does not have it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal

from workflow_orchestrator.extraction.fold import fold
from workflow_orchestrator.extraction.standing import compact
from workflow_orchestrator.values import NUMERIC_KINDS, Kind, Value

Judgement = Literal["right", "wrong", "not judged"]

_PERIODS = {"3m": "3m", "6m": "6m", "1y": "1y", "3y": "3y", "5y": "5y", "10y": "10y", "si": "since_inception"}
# What collected truth calls the fields. Several names on the right: a person wrote down one figure, whatever its basis is.
NAMES: dict[str, tuple[str, ...]] = {
    "fund_name": ("fund_name",), "share_class": ("share_class",), "isin": ("isin",), "as_of": ("as_of_date",),
    "launch_date": ("launch_date",), "inception": ("launch_date",), "inception_date": ("launch_date",),
    "currency": ("currency",), "management_company": ("management_company",), "benchmark": ("benchmark",),
    "strategy": ("fund_strategy",), "nav": ("nav",), "fund_size": ("fund_size",), "aum": ("fund_size",),
    "ter": ("ongoing_charges",), "ocf": ("ongoing_charges",), "ongoing_charges": ("ongoing_charges",),
    "perf_1m": ("monthly_performance",), "ret_1m": ("monthly_performance",),
    "perf_ytd": ("ytd_performance",), "ret_ytd": ("ytd_performance",), "ytd": ("ytd_performance",),
    "sharpe_ratio": ("sharpe_ratio",), "sharpe": ("sharpe_ratio",), "volatility": ("volatility",),
    "max_drawdown": ("max_drawdown",), "sri": ("sri",), "risk_level": ("sri", "risk_level"),
    "holdings_total": ("top_holdings_total",), "top_holdings_total": ("top_holdings_total",),
    "since_inception": ("performance_data.since_inception", "performance_annualised.since_inception"),
    "perf_si": ("performance_data.since_inception", "performance_annualised.since_inception"),
}  # fmt: skip
for _short, _key in _PERIODS.items():
    _long = (f"performance_data.{_key}", *([f"performance_annualised.{_key}"] if _key[-1] != "m" else []))
    NAMES |= {f"ret_{_short}": _long, f"perf_{_short}": _long}
    NAMES |= {f"ret_{_short}_cum": _long[:1], f"cum_{_short}": _long[:1]}
    NAMES |= {f"ret_{_short}_ann": _long[1:], f"ann_{_short}": _long[1:]} if _long[1:] else {}
_CALENDAR = re.compile(r"(?:cal|year|ret|perf)_((?:19|20)\d\d)")
# Fields of ours with several values, given as they are: an object by key, or null where the document prints none.
_KEYED = ("performance_data", "performance_annualised", "calendar_years", "monthly_returns")
_NOT_VALUES = frozenset(
    {"kind", "file", "language", "traps", "note", "notes", "holdings", "allocation", "layout", "pages"}
)


@dataclass(frozen=True, slots=True)
class Expected:
    """One value that a person read; `refs` are the fields of ours that it may be, `value` None when there is none.

    `start` says that the value is only the beginning of a paragraph; `graphic` that it is drawn and not printed as text. `also`
    are other wordings that are as right, `also_pages` further pages that print the same value.
    """

    name: str
    refs: tuple[str, ...]
    value: str | None
    page: int = 0
    graphic: bool = False
    start: bool = False
    also: tuple[str, ...] = ()
    also_pages: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.refs:
            raise ValueError(f"{self.name}: names no field")
        if self.value is not None and self.page < 1:
            raise ValueError(f"{self.name}: a value has a page from 1, not {self.page}")

    def judge(self, value: Value) -> Judgement:
        """Whether a value that was read is this one. A figure must stand on the same page; a name may be repeated on others."""
        if self.value is None:
            return "wrong"
        if not any(_equal(value, wording, self.start) for wording in (self.value, *self.also)):
            return "wrong"
        on_page = value.evidence.page in (self.page, *self.also_pages)
        return "right" if value.kind not in NUMERIC_KINDS or on_page else "wrong"


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of one document: what was read, and the names in it that no field of ours stands for.

    Of the fields in `whole` every printed value was read, so that any other one is wrong.
    """

    expected: tuple[Expected, ...]
    complete: bool
    unknown: tuple[str, ...] = ()
    whole: frozenset[str] = frozenset()

    def of(self, ref: str) -> Expected | None:
        """What a person read for a field of ours, or `None` when nothing is said about it."""
        known = next((item for item in self.expected if ref in item.refs), None)
        return known or (Expected(ref, (ref,), None) if ref.partition(".")[0] in self.whole else None)


def load(path: Path) -> Truth:
    """The truth in a file.

    Raises:
        ValueError: the file is in neither form.
    """
    data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict):
        raise ValueError(f"{path.name} holds no truth: {type(data).__name__}")
    if "values" in data:
        return Truth(tuple(_of_sample(data["values"])), complete=True)
    return _collected(data)


def _of_sample(values: Mapping[str, Mapping[str, Any]]) -> Iterator[Expected]:
    for ref, item in values.items():
        also, pages = tuple(map(str, item.get("also", ()))), tuple(item.get("also_pages", ()))
        yield Expected(ref, (ref,), str(item["value"]), item["page"], also=also, also_pages=pages)


def _collected(data: Mapping[str, Any]) -> Truth:
    expected: list[Expected] = []
    unknown: list[str] = []
    for name in _KEYED:
        for key, item in (data.get(name) or {}).items():
            expected += _items(f"{name}.{key}", (f"{name}.{key}",), item)
    given = {ref for item in expected for ref in item.refs}
    for name, item in data.items():
        if name in _NOT_VALUES or name in _KEYED or given & set(NAMES.get(name, ())):
            continue
        if name == "risk_level" and _value(item) is not None and _value(item) == _value(data.get("sri")):
            continue  # one printed step under two names counts once
        calendar = _CALENDAR.fullmatch(name)
        refs = (f"calendar_years.{calendar[1]}",) if calendar else NAMES.get(name)
        if calendar and f"calendar_years.{calendar[1]}" in given:
            continue
        if refs is None:
            unknown.append(name)
        else:
            expected += _items(name, refs, item)
    for holding in data.get("holdings") or ():
        ref = f"top_holdings.{holding['name']}"
        expected.append(Expected(ref, (ref,), str(holding["weight_pct"]), holding["page"]))
    whole = frozenset(name for name in _KEYED if name in data)
    return Truth(tuple(expected), complete=False, unknown=tuple(unknown), whole=whole)


def _value(item: Any) -> Any:
    return item.get("value") if isinstance(item, dict) else None


def _items(name: str, refs: tuple[str, ...], item: Any) -> Iterator[Expected]:
    """A value, an empty one, or a list of several (ISINs of classes: then none of them is the value of the document)."""
    if isinstance(item, list):
        item = item[0] if len(item) == 1 else None
    if item is None or (item.get("value") is None and item.get("literal") is None):
        yield Expected(name, refs, None)
        return
    start = item.get("value") is None
    value = str(item["literal"] if start else item["value"])
    if name == "risk_level":
        refs = ("sri",) if re.fullmatch(r"\d{1,2}", value) else ("risk_level",)
    graphic = bool(item.get("graphic")) or item.get("literal") is None
    also, pages = tuple(map(str, item.get("also") or ())), tuple(item.get("also_pages") or ())
    yield Expected(name, refs, value, item["page"], graphic, start, also, pages)


def _equal(value: Value, expected: str, start: bool) -> bool:
    if start:
        return compact(str(value.value)).startswith(compact(expected))
    if isinstance(value.value, Decimal):
        try:
            figure = Decimal(expected.replace(",", ""))
        except InvalidOperation:
            return False
        # A person may have written down the printed digits of "USD 178.7m", or the amount.
        return figure == value.value or (value.kind is Kind.MONEY and figure == value.value.scaleb(-value.scale))
    if isinstance(value.value, date):
        return value.value.isoformat() == expected
    if value.kind is Kind.CHOICE:
        return fold(expected) in (fold(str(value.value)), fold(value.evidence.quote))
    return compact(str(value.value)) == compact(expected)


@dataclass
class Score:
    """Counts of one side over one document or several."""

    right: int = 0
    wrong: int = 0
    printed: int = 0  # values that the document prints as text
    graphic: int = 0  # right values that are only drawn
    drawn: int = 0  # values that are only drawn
    fields: set[tuple[str, str]] = field(default_factory=set)  # (document, field) that the document prints
    filled: set[tuple[str, str]] = field(default_factory=set)
    unjudged: int = 0
    wrongs: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Counts the other's counts too."""
        for name in ("right", "wrong", "printed", "graphic", "drawn", "unjudged"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.fields |= other.fields
        self.filled |= other.filled
        self.wrongs += other.wrongs

    @property
    def precision(self) -> float:
        judged = self.right + self.graphic + self.wrong
        return (self.right + self.graphic) / judged if judged else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.printed if self.printed else 1.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @property
    def coverage(self) -> float:
        return len(self.filled & self.fields) / len(self.fields) if self.fields else 1.0

    def to_json(self) -> dict[str, Any]:
        """The figures with what they are made of."""
        return {
            "precision": round(self.precision, 4), "recall": round(self.recall, 4), "f1": round(self.f1, 4),
            "coverage": round(self.coverage, 4), "right": self.right, "wrong": self.wrong, "printed": self.printed,
            "graphic": self.graphic, "drawn": self.drawn, "not_judged": self.unjudged, "wrong_values": self.wrongs,
        }  # fmt: skip


def judge(name: str, values: Sequence[Value], truth: Truth) -> tuple[Score, list[str]]:
    """The score of one side for one document, and the names of the values that it misses."""
    score, found = Score(), set[str]()
    for value in values:
        score.filled.add((name, value.field))
        expected = truth.of(value.ref)
        if expected is None and not truth.complete:
            score.unjudged += 1
        elif expected is not None and expected.judge(value) == "right":
            found.add(expected.name)
        elif not _other_basis(value, expected, values):
            score.wrong += 1
            wanted = (
                "nothing"
                if expected is None or expected.value is None
                else f"{expected.value[:40]!r} on page {expected.page}"
            )
            score.wrongs.append(
                f"{name}: {value.ref} is {str(value.value)[:40]!r} on page {value.evidence.page}, not {wanted}"
            )
    wanted_values = [item for item in truth.expected if item.value is not None]
    for item in wanted_values:
        if item.graphic:
            score.drawn += 1
            score.graphic += item.name in found
        else:
            score.printed += 1
            score.right += item.name in found
            score.fields.add((name, item.refs[0].partition(".")[0]))
    return score, [item.name for item in wanted_values if item.name not in found]


def _other_basis(value: Value, expected: Expected | None, values: Sequence[Value]) -> bool:
    """Whether the truth names one figure for two fields (cumulative, annualised), and the other field holds it."""
    if expected is None or len(expected.refs) < 2:
        return False
    return any(
        other.ref in expected.refs and other is not value and expected.judge(other) == "right" for other in values
    )
