"""The words of a `FieldSet`, folded and indexed, so that printed words can be asked what they name.

Everything that the reader knows about a kind of document is in here, and it comes from `schema.json`; only words of the
language itself, as "net" and "return", are its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from workflow_orchestrator.extraction.fold import fold_label, has_words, without_brackets
from workflow_orchestrator.extraction.units import CURRENCIES, is_per_unit, without_unit
from workflow_orchestrator.fields import KEYED, FieldSet, FieldSpec, Words
from workflow_orchestrator.figures import MONTH_NAMES
from workflow_orchestrator.values import NUMERIC_KINDS, Kind

TITLE_BLOCK = "title block"  # a section word: the field stands in the title of the document
Series = Literal["own", "other", "unknown", "none"]

# Words that may stand behind the name of a series without making it another one: "Fund cumulative growth", "Fund (net) %".
_NEUTRAL = frozenset(
    "return returns performance growth total net cumulative cumulated annualised annualized kumuliert kumulierte "
    "annualisiert wertentwicklung rendite netto performance cumulée annualisée nette in of at en the".split()
)
_INCOME = {
    "accumulation": "acc", "accumulating": "acc", "income": "inc", "distribution": "dist", "distributing": "dist",
    "thesaurierend": "thes", "ausschüttend": "aussch", "capitalisation": "cap",
}  # fmt: skip
_KINDS = frozenset("fund fonds class klasse part shares units share sicav ucits etf".split())
_TITLE_WORDS = frozenset(
    "past historical historic discrete to date over time period periods as on by with all figures overview since up "
    "bisherige historische in zum per am der die des von bis passées passée historique au de la le du des en".split()
)
_BEHIND_PERIOD = re.compile(r"\s*(?:\([^()]*\)|(?:on|am|le)?\s*\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})|\*+|%)$")
_DATE = (
    r"(?:\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})|\d{4}-\d\d-\d\d|\d{1,2}(?:\.|er|st|nd|rd|th)? ?[^\W\d_]{3,9}\.? \d{4}|"
    r"[^\W\d_]{3,9}\.? \d{1,2}, \d{4})"
)
# "TER per 31.03.2026", "Fund size as at 31 October 2026": the day that a value is of belongs to no label.
_DAY_BEHIND = re.compile(rf",? (?:(?:as (?:at|of|on)|at|on|per|am|vom|zum|stand|au|du|le|en date du) )?{_DATE}$")
# Words of a label that make it one of the share class: of two launch dates or currencies, that of the class counts.
_OF_CLASS = re.compile(r"\b(?:class|unit|share|klasse|\w*anteils?klasse\w*|klassen\w*|tranche|parts?|classe)\b")
_COMPANY = re.compile(r"\b(?:company|depositary|\w*gesellschaft|verwahrstelle|société|dépositaire)\b", re.IGNORECASE)
_DEALING = re.compile(r"\b(?:redemption|bid|offer|selling|buying|repurchase|exit|rücknahme\w*|dealing|rachat)\b")
_CLASS_BEHIND = re.compile(r" (?:(?:share|unit) class|class|anteils?klasse|klasse|tranche|part|classe) ([a-z0-9]{1,3})$")
_IN_BRACKETS = re.compile(r"\(([^()]*)\)")
_ANOTHER = re.compile(
    r"\b(?:max\w*|min\w*|high\w*|low\w*|previous|prior|target|limit|peak|cap|vormonat|vorjahr|vorherig\w*|höchst\w*|tiefst\w*|"
    r"ziel\w*|précédente?|plus (?:haut|bas)|cible|plafond|gross|before|vor|brut|brutto|avant|initial)\b"
)
_OF_ONE_CLASS = re.compile(r"^(?:(?:this|of (?:the|this)|der|de la) )?(?:(?:share|unit) )?(?:class|klasse|anteils?klasse|part|tranche)\b")
_NO_SPACE = re.compile(r"[\s.\-]")
_PERIOD_KEY = re.compile(r"(\d+)([my])")


@dataclass(frozen=True, slots=True)
class Target:
    """A field, or one key of a field that is keyed by period, that printed words can name."""

    field: str
    key: str = ""
    rank: int = 0


class Vocabulary:
    """Answers what folded words name."""

    def __init__(self, fields: FieldSet) -> None:
        self.fields = fields
        self.labels: dict[str, list[Target]] = {}
        self.periods: dict[str, list[Target]] = {}
        self._closed: dict[str, list[Target]] = {}
        self.own: set[str] = set()
        self.other: set[str] = set()
        for spec in fields.values():
            self._add(spec)
        self._sections = {spec.name: tuple(_folded(spec.sections)) for spec in fields.values()}
        self.beside = {(spec.beside, spec.series): spec for spec in fields.values() if spec.beside}  # of another series
        self._keyed = {
            by: tuple(
                spec
                for spec in fields.values()
                if spec.keyed == by and spec.kind in NUMERIC_KINDS and not (spec.column or spec.beside)
            )
            for by in KEYED
        }
        self.columns = tuple(spec for spec in fields.values() if spec.column)  # the fields that stand in statements
        for label, targets in self.periods.items():
            for target in targets:
                self._append(self._closed, _NO_SPACE.sub("", label), target)
        self._bared: dict[str, str] = {}
        # Amounts of the whole fund, which the same words with "(share class)" do not name.
        self._of_fund = frozenset(
            spec.name
            for spec in fields.values()
            if spec.kind is Kind.MONEY and not any(is_per_unit(label) for label in spec.all_labels())
        )
        self._strong = {word for word in self.other if len(word) > 3}

    def _add(self, spec: FieldSpec) -> None:
        if spec.column or spec.beside:
            return
        if spec.keyed:
            self.own.update(_folded(spec.labels))
            for key in spec.keys.values():
                for label in _folded(key.labels):
                    self._append(self.periods, label, Target(spec.name, key.key))
            return
        for rank, label in enumerate(_folded(spec.labels)):
            self._append(self.labels, label, Target(spec.name, rank=rank))
            if spec.kind is Kind.PERCENT and spec.sections:  # a return: it stands in the tables of periods too
                self._append(self.periods, label, Target(spec.name))
            if spec.kind is Kind.TEXT:
                self.other.add(label)
        # A text field that the document's series may carry themselves ("Share class") names no other series.
        self.other -= self.own

    @staticmethod
    def _append(index: dict[str, list[Target]], label: str, target: Target) -> None:
        known = index.setdefault(label, [])
        if not any((t.field, t.key) == (target.field, target.key) for t in known):
            known.append(target)

    @property
    def as_of(self) -> str:
        """The field that holds the day of the figures: the first required date, else the first date; empty without one."""
        dates = [spec for spec in self.fields.values() if spec.kind is Kind.DATE]
        return next((spec.name for spec in dates if spec.required), dates[0].name if dates else "")

    @property
    def begins(self) -> str:
        """The field that holds the day on which the series begins: the only other date; empty without one."""
        dates = [spec.name for spec in self.fields.values() if spec.kind is Kind.DATE and spec.name != self.as_of]
        return dates[0] if len(dates) == 1 else ""

    @property
    def totals(self) -> frozenset[str]:
        """The fields that hold the sum of a list: `<list>_total`. "Total" names them only at the end of their list."""
        return frozenset(f"{spec.name}_total" for spec in self.keyed("name"))

    @property
    def largest(self) -> tuple[FieldSpec, ...]:
        """The lists of the largest items of a whole: those that have a total of their own, or the only list of names.

        Other lists of names split the whole, as by country, and are read to their end.
        """
        lists = self.keyed("name")
        return lists if len(lists) == 1 else tuple(spec for spec in lists if f"{spec.name}_total" in self.fields)

    def label(self, text: str) -> tuple[Target, ...]:
        """The single-valued fields that the words name: as they stand, or without what is in brackets."""
        folded = fold_label(text)
        known = self.labels.get(folded)
        if known:
            return tuple(known)
        inside = _IN_BRACKETS.findall(folded)
        of_class = any(map(_OF_ONE_CLASS.search, inside))
        first = any(words in ("launch", "inception") for words in inside)  # "NAV (launch)" is what it began with
        return tuple(
            target
            for target in self.labels.get(self._bare(folded), ())
            if not (of_class and target.field in self._of_fund)
            and not (first and self.fields[target.field].kind is Kind.MONEY)
        )

    def period(self, text: str) -> tuple[Target, ...]:
        """The fields and keys that the words name as a column or row of returns.

        How a short form is set does not count ("3 m", "3-Yr."), nor a date or brackets behind the period, unless they name
        another series: "3 years (index)".
        """
        folded = fold_label(text)
        bare = _BEHIND_PERIOD.sub("", folded)
        foreign = len(bare) < len(folded) and any(has_words(folded[len(bare) :], word) for word in self.other)
        for words in (folded,) if foreign else (folded, bare):
            found = self.periods.get(words) or self._closed.get(_NO_SPACE.sub("", words))
            if found:
                return tuple(found)
        return ()

    def _bare(self, folded: str) -> str:
        """A label without brackets and without a window behind it ("Sharpe ratio 3 years", "drawdown since launch")."""
        known = self._bared.get(folded)
        if known is None:
            bare = _DAY_BEHIND.sub("", without_unit(without_brackets(folded)))
            # "Volatility (index)" is not the fund's, and "NAV (12 month high)" is not its price.
            foreign = any(
                _ANOTHER.search(inside) or any(has_words(inside, word) for word in self.other)
                for inside in _IN_BRACKETS.findall(folded)
            )
            known = self._bared[folded] = "" if foreign else self._without_window(bare)
        return known

    def _without_window(self, bare: str) -> str:
        words = bare.split(" ")
        for count in range(1, min(4, len(words) - 1) + 1):
            head = " ".join(words[:-count])
            # "1 month 3 months" are two heads of a table, not a figure of one month over three.
            windowed = " ".join(words[-count:]) in self.periods and head not in self.periods
            if windowed and any(self.fields[target.field].kind in NUMERIC_KINDS for target in self.labels.get(head, ())):
                return head
        return bare

    def label_of_class(self, text: str, names: frozenset[str]) -> tuple[Target, ...]:
        """The fields that words with the document's own class behind them name: "Lancierung Klasse B", "Launch date class I"."""
        folded = fold_label(text)
        match = _CLASS_BEHIND.search(folded)
        return self.label(folded[: match.start()]) if match and match[1] in names else ()

    def rank_of(self, spec: FieldSpec, target: Target, label: str) -> int:
        """How good a witness a label is; 0 is best.

        Of texts, the first label of the field. Of days and currencies, the one of the class comes before that of the fund; of
        amounts, the value of a unit before the price at which it is redeemed.
        """
        if spec.kind is Kind.TEXT:
            return target.rank
        if spec.kind is Kind.CURRENCY or spec.name == self.begins:
            return 0 if _OF_CLASS.search(fold_label(label)) else 1
        if spec.kind is Kind.MONEY:  # at which the fund takes units back: its NAV where it prints no other, or less a charge
            return 1 if _DEALING.search(fold_label(label)) else 0
        return 0

    def is_of_fund(self, spec: FieldSpec) -> bool:
        """Whether a field is an amount of the whole fund, and not of one unit."""
        return spec.name in self._of_fund

    def is_class(self, spec: FieldSpec) -> bool:
        """Whether a field is the name of the share class: words with sections that are not the title of the document."""
        return spec.kind is Kind.TEXT and bool(self.sections(spec.name)) and TITLE_BLOCK not in self.sections(spec.name)

    def is_of_class(self, spec: FieldSpec) -> bool:
        """Whether a field is a currency that labels name as that of the share class, and not of the fund alone."""
        return spec.kind is Kind.CURRENCY and any(_OF_CLASS.search(fold_label(label)) for label in spec.all_labels())

    def is_firm(self, spec: FieldSpec) -> bool:
        """Whether a field is the name of a company: words whose title says so."""
        return spec.kind is Kind.TEXT and any(_COMPANY.search(title) for title in spec.title.values())

    def is_label(self, text: str) -> bool:
        """Whether the words name any field, period or series."""
        folded = fold_label(text)
        return bool(self.label(text) or self.period(text)) or folded in self.own

    def series(self, label: str, names: frozenset[str]) -> Series:
        """Whose figures a row or column with this label holds.

        Args:
            label: the printed label, empty when there is none.
            names: folded words of the document's own name and share class.
        """
        folded = fold_label(label)
        if not folded:
            return "none"
        bare = without_brackets(folded).replace("%", "").strip(" ,")
        if folded in self.own or bare in self.own:
            return "own"
        head, colon, _ = folded.partition(":")
        if colon and head.strip() in self.own:
            return "own"
        names = of_one_form(names)
        tokens = of_one_form(frozenset(re.findall(r"\w+", bare)))
        named = bool(tokens) and tokens <= names
        if named and len(tokens) > 1:  # before the next rule: a fund may be called "… Index Fund"
            return "own"
        if any(has_words(folded, word) for word in self._strong):
            return "other"
        named = named or (len(tokens & names) > 1 and all(map(_says_no_series, tokens - names)))
        return "own" if named or self._own_with_neutral(bare) else "unknown"

    def says_nothing(self, text: str) -> bool:
        """Whether the words of a column head name no series: "Return (%)", "in EUR", "31.10.2026"."""
        words = re.findall(r"[^\W\d_]+", fold_label(text))
        return all(word in _NEUTRAL or word in MONTH_NAMES or word.upper() in CURRENCIES for word in words)

    def names_another(self, title: str, names: frozenset[str]) -> bool:
        """Whether a title has words that neither are the document's own name nor say what a table of returns shows."""
        if self.series(title, names) == "other":
            return True
        known = {word for field in self.fields for section in self._sections[field] for word in re.findall(r"\w+", section)}
        known |= {word for label in self.own for word in re.findall(r"\w+", label)}
        words = set(re.findall(r"[^\W\d_]+", without_brackets(fold_label(title))))
        rest = words - known - names - _NEUTRAL - _TITLE_WORDS - MONTH_NAMES.keys()
        return any(word.upper() not in CURRENCIES for word in rest)

    def _own_with_neutral(self, bare: str) -> bool:
        """Whether the words are a name of the own series with nothing but words that say what its figures are."""
        words = [word for word in bare.split() if word.strip(".,") not in _NEUTRAL]
        rest = " ".join(words)
        return bool(rest) and rest != bare and rest in self.own

    def sections(self, field: str) -> tuple[str, ...]:
        """The folded section words of a field."""
        return self._sections[field]

    def in_section(self, field: str, folded: str) -> bool:
        """Whether folded words carry a section word of the field."""
        return any(has_words(folded, word) for word in self.sections(field))

    def keyed(self, by: str) -> tuple[FieldSpec, ...]:
        """The numeric fields that are keyed by `period`, `year`, `year_to`, `month` or `name`, but for those of statements."""
        return self._keyed[by]

    def in_other_section(self, field: str, folded: str) -> bool:
        """Whether folded words carry a section word of another field of figures, and none of this one."""
        others = (
            name
            for name, spec in self.fields.items()
            if name != field and self._sections[name] and spec.kind in NUMERIC_KINDS and not spec.beside
        )
        return not self.in_section(field, folded) and any(self.in_section(name, folded) for name in others)


@lru_cache(maxsize=4096)
def of_one_form(words: frozenset[str]) -> frozenset[str]:
    """Words with the short forms of what becomes of the income: "Acc" and "Accumulation" are one."""
    return frozenset(_INCOME.get(word, word) for word in words)


def _says_no_series(word: str) -> bool:
    """Whether a word beside the name of the fund makes it no other series: "Alpine Bond Fund (net) EUR"."""
    return word in _NEUTRAL or word in _KINDS or word.upper() in CURRENCIES


def months_of(key: str) -> int | None:
    """How many months a period key spans, `None` for one without a fixed length."""
    match = _PERIOD_KEY.fullmatch(key)
    return int(match[1]) * (12 if match[2] == "y" else 1) if match else None


def _folded(words: Words | Mapping[str, tuple[str, ...]]) -> list[str]:
    return list(dict.fromkeys(fold_label(word) for group in words.values() for word in group))
