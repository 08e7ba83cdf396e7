"""Folds printed words for comparison: ligatures, quotes, dashes, spaces and case do not make two words different.

Nothing folded is ever shown or stored; quotes keep the printed characters.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-")
_QUOTES = {**dict.fromkeys(map(ord, "’‘ʼ`´‛"), "'"), **dict.fromkeys(map(ord, "“”„«»"), '"')}
_DROPPED = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\ufeff\u2060"))
_SUPERSCRIPTS = dict.fromkeys(map(ord, "¹²³⁰⁴⁵⁶⁷⁸⁹™®©*†‡"))
_TABLE = {**_DASHES, **_QUOTES, **_DROPPED}
_BRACKETS = re.compile(r"\([^()]*\)")
_SPACE = re.compile(r"\s+")


@lru_cache(maxsize=16384)
def fold(text: str) -> str:
    """Comparable form: compatibility characters resolved, one kind of dash and quote, one space, lower case."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text.translate(_TABLE))).strip().casefold()


@lru_cache(maxsize=16384)
def fold_label(text: str) -> str:
    """`fold` for labels: without footnote signs and without the colon that ends a label."""
    return fold(text.translate(_SUPERSCRIPTS)).rstrip(" :.").lstrip("•·-– ").strip()


def without_brackets(folded: str) -> str:
    """A folded label without what it says in brackets: "volatility (3 years, p.a.)" → "volatility"."""
    return _SPACE.sub(" ", _BRACKETS.sub(" ", folded)).strip(" :.,")


def has_words(folded: str, phrase: str) -> bool:
    """Whether the folded phrase stands in the folded text as whole words."""
    start = folded.find(phrase)
    while start >= 0:
        end = start + len(phrase)
        before = folded[start - 1] if start else " "
        after = folded[end] if end < len(folded) else " "
        if not (before.isalnum() and phrase[0].isalnum()) and not (after.isalnum() and phrase[-1].isalnum()):
            return True
        start = folded.find(phrase, start + 1)
    return False
