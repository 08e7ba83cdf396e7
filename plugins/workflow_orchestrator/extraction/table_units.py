"""Reads in which unit the figures of a table are, from the words over it: "(in millions, except per share data)".

    (dollars in millions, except per share data)      amounts 10⁶, per share as printed, numbers of shares not said
    (In millions, except number of shares, which are reflected in thousands, and per share amounts)
    in Mio. €          T€          en millions d'euros          ($ in thousands)          (000s)

A unit counts only in words that a statement prints: nothing is concluded from the size of its figures.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from workflow_orchestrator.extraction.fold import fold
from workflow_orchestrator.extraction.units import CURRENCIES, CURRENCY_NAMES

RowKind = Literal["amount", "per_share", "shares"]
"""What a row of a statement is of; how its figures are scaled depends on it."""

_SCALES = {
    "thousand": 3, "thousands": 3, "000s": 3, "'000s": 3, "'000": 3, "000": 3, "tausend": 3, "tsd": 3, "tsd.": 3, "milliers": 3, "k": 3,
    "million": 6, "millions": 6, "mio": 6, "mio.": 6, "millionen": 6, "mn": 6, "m": 6, "mm": 6, "mln": 6,
    "billion": 9, "billions": 9, "mrd": 9, "mrd.": 9, "milliarden": 9, "milliards": 9, "bn": 9,
}  # fmt: skip
_GLUED = {
    "t€": ("EUR", 3), "teur": ("EUR", 3), "tchf": ("CHF", 3), "k€": ("EUR", 3), "keur": ("EUR", 3), "m€": ("EUR", 6), "md€": ("EUR", 9),
    "meur": ("EUR", 6), "$m": ("$", 6), "£m": ("GBP", 6), "€m": ("EUR", 6), "$k": ("$", 3),
}  # fmt: skip
_SIGNS = {"$": "$", "€": "EUR", "£": "GBP", "us$": "USD", "dollars": "$", "dollar": "$", "u.s. dollars": "USD", "us dollars": "USD"}
_WORD = "|".join(sorted((re.escape(word) for word in _SCALES if len(word) > 1), key=len, reverse=True))
SCALE_WORD = _WORD
"""A regular expression of every word that names a scale, folded."""
_NAMES = {*_SIGNS, *CURRENCY_NAMES, *(code.casefold() for code in CURRENCIES)}
_MONEY = "|".join(sorted(map(re.escape, _NAMES), key=len, reverse=True))
# A scale with "in", in brackets of its own, or with a currency; a bare "million" in a sentence is none.
_PHRASE = re.compile(
    rf"(?<!\w)(?:(?P<before>{_MONEY})\s)?(?:amounts?\s|(?:figures|dollars|tables)(?: and shares)?\s)?(?:in|en)\s(?P<scale>{_WORD})(?!\w)"
    rf"(?:\s(?:of\s|d'|de\s)?(?P<behind>{_MONEY})(?!\w))?"
    rf"|(?<!\w)(?P<glued>{'|'.join(map(re.escape, _GLUED))})(?!\w)"
    rf"|\(\s*(?P<alone>{_WORD})\s*(?=[),;])"
)
_EXCEPT = re.compile(r"\b(?:except|excluding|ausgenommen|außer|mit ausnahme|sauf|hors)\b")
_PER_SHARE = re.compile(r"\b(?:per[- ](?:common |ordinary )?share|per[- ]unit|je (?:stamm|vorzugs)?aktie|pro aktie|par action)\b")
_OF_SHARES = re.compile(r"\bshares?\b|\baktien\b|\bactions\b")
_SHARES_SCALED = re.compile(rf"\bshares?\b[^.;]*?\bin (?P<scale>{_WORD})(?!\w)|\baktien\w*\b[^.;]*?\bin (?P<de>{_WORD})(?!\w)")
_IN_BRACKETS = re.compile(rf"\([^)]*(?<!\w)(?:{_WORD})(?!\w)")
_OWN = re.compile(
    rf"\(\s*(?:(?:shares |aktien )?(?:in|en)\s)?(?P<scale>{_WORD})(?:\s(?:(?:of )?shares|stück|aktien))?\s*\)|"
    rf"\b(?:in|en) (?P<in>{_WORD})(?:\s(?:stück|shares))?\s*$"
)


@dataclass(frozen=True, slots=True)
class TableUnit:
    """What the words over a table say.

    `words` are the printed ones; `scale` is the power of ten of amounts, `shares` that of numbers of shares and `None` where the words
    leave it open; `currency` is a code, the sign of several currencies (`$`), or empty.
    """

    words: str
    scale: int
    shares: int | None
    currency: str = ""
    shares_words: str = ""

    def scale_of(self, kind: RowKind) -> int | None:
        """The power of ten of a row; `None` where nothing printed says it."""
        return {"amount": self.scale, "per_share": 0, "shares": self.shares}[kind]


def table_unit(text: str) -> TableUnit | None:
    """The unit that a line over a table names; `None` when it names none."""
    folded = fold(text)
    match = _PHRASE.search(folded)
    if not match:
        return None
    if match["glued"]:
        currency, scale = _GLUED[match["glued"]]
    else:
        scale = _SCALES[match["scale"] or match["alone"]]
        currency = _currency(match["before"] or match["behind"] or ("$" if re.search(r"\bdollars\b", match.group()) else ""))
    rest = folded[match.end() :]
    exception = _EXCEPT.search(rest)
    words = match.group().strip(" (")
    shares, shares_words = _of_shares(match, rest[exception.end() :] if exception else "", scale)
    return TableUnit(words, scale, shares, currency, shares_words or ("" if shares is None else words))


def _of_shares(match: re.Match[str], exceptions: str, scale: int) -> tuple[int | None, str]:
    own = _SHARES_SCALED.search(exceptions)
    if own:
        word = own["scale"] or own["de"]
        return _SCALES[word], f"in {word}"
    if _OF_SHARES.search(_PER_SHARE.sub(" ", exceptions)):
        return 0, ""
    # "Dollars in millions" says nothing of shares, "in millions" is of everything.
    of_money = match["glued"] or match["before"] or match["behind"] or re.search(r"\bdollars\b(?! and shares)", match.group())
    return (None, "") if of_money else (scale, "")


def row_scale(text: str) -> tuple[str, int] | None:
    """The scale that the words of a row name for themselves, "Shares used in calculation (000s)", with its printed words."""
    match = _OWN.search(fold(text).rstrip(" :"))
    if not match:
        return None
    word = match["scale"] or match["in"]
    return word, _SCALES[word]


def is_of_shares(text: str) -> bool:
    """Whether words name a number of shares."""
    return bool(_OF_SHARES.search(fold(text)))


def names_scale(text: str) -> bool:
    """Whether a scale stands in brackets of words over figures, in whatever way: "(thousand tonnes)"."""
    return bool(_IN_BRACKETS.search(fold(text)))


def unit_scale(text: str, units: Iterable[str]) -> tuple[str, ...] | None:
    """The scale word in front of a printed unit, "(thousand tonnes)", as the only item; none for the bare unit.

    Args:
        text: the words of a row, its section or a title.
        units: the printed words of the unit.

    Returns:
        `None` where the text does not print the unit, or a single letter in front of it may be a scale, as in "(k t)".
    """
    words = "|".join(sorted((re.escape(fold(unit)) for unit in units), key=len, reverse=True))
    match = re.search(rf"(?<![\w/])(?:(?P<before>[^\W\d_]+)\s(?:of\s|d'|de\s)?)?(?:{words})(?![\w/])", fold(text)) if words else None
    if match is None:
        return None
    before = match["before"] or ""
    if len(before) == 1 and before in _SCALES:
        return None
    return (before,) if before in _SCALES else ()


def is_per_share(text: str) -> bool:
    """Whether the words of a row say that its figures are of one share."""
    return bool(_PER_SHARE.search(fold(text)))


def scale_words(text: str) -> tuple[str, int] | None:
    """The currency and the scale that are all of these words, "in millions", "$", "in Mio. EUR", "000s"; `None` for other words."""
    folded = fold(text).strip(" ()")
    if folded in _SIGNS or folded.upper() in CURRENCIES:
        return _currency(folded), 0
    if folded in _SCALES and len(folded) > 1:
        return "", _SCALES[folded]
    match = _PHRASE.fullmatch(folded)
    if not match:
        return None
    unit = table_unit(folded)
    return (unit.currency, unit.scale) if unit else None


def _currency(word: str) -> str:
    return _SIGNS.get(word) or CURRENCY_NAMES.get(word, "") or (word.upper() if word.upper() in CURRENCIES else "")
