"""Reads the heads of the columns of a statement: which accounting period, until when, and which side of it.

                      Three Months Ended June 30,    Six Months Ended June 30,        2. Quartal 2026   2. Quartal 2025   Veränderung
                          2026            2025           2026           2025              30.06.            30.06.            in %

The words for the periods are those of `schema.json` ("three months ended" → the key that lists it). A head that says more than a period
and a day ("pro forma", "as adjusted", "compared to …") is the head of no column here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from workflow_orchestrator.extraction.fold import fold, fold_label, has_words
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.figures import MONTH_NAMES, read_date

Side = Literal["", "change", "low", "high"]

_MONTHS = "|".join(sorted(map(re.escape, MONTH_NAMES), key=len, reverse=True))
_YEAR = re.compile(r"(?<![\d.,/-])(?:19|20)\d\d(?![\d%]|[.,]\d)")
_DAY = re.compile(
    rf"(?:{_MONTHS})\.? \d{{1,2}},? (?:19|20)\d\d|\d{{1,2}}(?:\.|st|nd|rd|th|er)? ?(?:{_MONTHS})\.? (?:19|20)\d\d|"
    r"\d{1,2}[./]\d{1,2}[./](?:19|20)\d\d"
)
_CHANGE = re.compile(
    r"(?:^|\s)(?:(?:y/y |yoy )?(?:% |percent |percentage )?"
    r"(?:change|chg\.?|growth|increase|variance|veränderung|abweichung|évolution|variation|var\.|"
    r"incr?\.? ?/ ?\(?decr?\.?\)?)"
    r"(?: ?\(?(?:in )?(?:%|prozent|en %)\)?)?|%|\+/-(?: ?(?:in )?%)?)$"
)
_CHANGE_LINE = re.compile(r"%? ?incr?\.? ?/|\(?decr?\.?\)?")  # one line of "% Incr. / (Decr.)"
_SIDES: Mapping[str, Side] = {
    "low": "low", "low end": "low", "from": "low", "minimum": "low", "lower end": "low", "von": "low", "untergrenze": "low",
    "bas": "low", "de": "low", "bas de fourchette": "low",
    "high": "high", "high end": "high", "to": "high", "maximum": "high", "upper end": "high", "bis": "high", "obergrenze": "high",
    "haut": "high", "à": "high", "haut de fourchette": "high",
}  # fmt: skip
# Words beside a period and a day that say nothing else.
_FILL = frozenset(
    "the for period periods ended ending end as of at on in and year years fiscal full unaudited audited to zum per am bis ended "
    "beendet endend ungeprüft geprüft der die das des im au le les du de clos close non audité audités audite exercice clôture "
    "terminé terminés actual ist guidance outlook".split()
)  # fmt: skip
_LEAP = timedelta(days=10)  # a fiscal year of 52 or 53 weeks ends some days before or after


@dataclass(frozen=True, slots=True)
class Head:
    """What the words over a column say: a key of a period, the day or at least the year, and the side."""

    text: str
    period: str = ""
    day: date | None = None
    year: int = 0
    side: Side = ""


class Heads:
    """Reads heads with the words that the fields of a schema have for their periods."""

    def __init__(self, fields: Iterable[FieldSpec], language: str) -> None:
        self._language = language
        self._labels: dict[str, str] = {}
        for spec in fields:
            for key in spec.keys.values():
                for words in key.labels.values():
                    self._labels.update((fold_label(label), key.key) for label in words)
        self._order = sorted(self._labels, key=len, reverse=True)

    def period(self, text: str) -> str:
        """The key of the longest words for a period in a text; empty for none."""
        folded = fold(text).replace("-", " ")
        return next((self._labels[label] for label in self._order if has_words(folded, label.replace("-", " "))), "")

    def read(self, text: str) -> Head | None:
        """The head that a text is; `None` for words that say something else too."""
        folded = re.sub(r"\s+", " ", fold(text)).strip(" :.")
        bare, side = _without_side(folded)
        if side and not bare:
            return Head(text, side=side)
        days = {day for match in _DAY.finditer(bare) if (day := read_date(match.group(), self._language))}
        if len(days) > 1:
            return None
        years = {int(match.group()) for match in _YEAR.finditer(bare)}
        if len(years) > 1:
            return None
        label = next((lab for lab in self._order if has_words(bare.replace("-", " "), lab.replace("-", " "))), "")
        rest = bare.replace("-", " ").replace(label.replace("-", " "), " ", 1) if label else bare
        rest = _YEAR.sub(" ", _DAY.sub(" ", rest))
        words = [word.strip(".,:*()") for word in re.split(r"[\s/]+", rest)]
        left = [w for w in words if w and w not in _FILL and w not in MONTH_NAMES and not re.fullmatch(r"\d{1,2}", w)]
        if left or not (label or days or years):
            return None
        year = next(iter(years), 0)
        return Head(text, self._labels.get(label, ""), next(iter(days), None), year, side)

    def is_part(self, text: str) -> bool:
        """Whether a text can be one line of a head: a period, a day or a part of one, a year, a side."""
        folded = fold(text).strip(" :.")
        if not folded:
            return False
        if self.read(text) is not None:
            return True
        if _CHANGE_LINE.fullmatch(folded):
            return True
        words = [word.strip(".,:*()") for word in folded.split()]
        return any(word in MONTH_NAMES for word in words) and all(
            word in MONTH_NAMES or word in _FILL or re.fullmatch(r"\d{1,2}", word) for word in words if word
        )


def _without_side(folded: str) -> tuple[str, Side]:
    """A head without the words at its end that say its side: "third quarter 2026 high" → "third quarter 2026", high."""
    if match := _CHANGE.search(folded):
        return folded[: match.start()].strip(), "change"
    for words in sorted(_SIDES, key=len, reverse=True):
        if folded == words or folded.endswith(" " + words):
            return folded[: -len(words)].strip(), _SIDES[words]
    return folded, ""


def is_current(head: Head, as_of: date) -> bool:
    """Whether a column is of the period that ends on a day."""
    return head.day == as_of if head.day else head.year == as_of.year


def is_year_before(head: Head, as_of: date) -> bool:
    """Whether a column is of the same period a year earlier; fiscal years of whole weeks end some days apart."""
    if head.day is None:
        return head.year == as_of.year - 1
    try:
        before = as_of.replace(year=as_of.year - 1)
    except ValueError:  # the 29th of February
        before = as_of - timedelta(days=366)
    return abs(head.day - before) <= _LEAP
