"""Finds words that must not be said, by their context: a pattern counts unless the sentence denies it or allows it.

A plain word list fires on every disclaimer ("is not guaranteed") and on names ("Best Buy"). So a hit is dropped when a
negation stands shortly before it in the same clause, or when a phrase that is in order ("you should read …") covers it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

_REACH = 6  # words before a hit in which a negation still denies it

# A negation that denies what follows; "not only" does not, and a clause of its own ends its reach.
_NEGATION = {
    "en": r"\b(?:no|not(?! only)|never|cannot|can't|isn't|aren't|won't|doesn't|don't|without|neither|nor|nothing)\b",
    "de": r"\b(?:nicht(?! nur)|kein(?:e[nmrs]?)?|nie|niemals|weder|noch nie|ohne|nichts)\b",
    "fr": r"(?:\b(?:ne|ni|aucune?|jamais|sans|pas|non|nullement)\b|\bn['’])(?! seulement| pas seulement)",
}
# German denies behind the verb as well: "Gewinne garantiert der Fonds nicht", "garantiert keine".
_NEGATION_AFTER = {
    "en": r"(?!)",
    "de": r"^\W*(?:\w+\W+){0,3}?(?:nicht|kein(?:e[nmrs]?)?|weder)\b",
    "fr": r"^\W*(?:\w+\W+){0,1}?(?:pas|aucune?|ni)\b",
}
_CLAUSE = re.compile(r"[;:.!?]|,\s+(?:but|aber|sondern|mais)\b")
_SENTENCE = re.compile(r"[^.!?]+(?:[.!?](?=\S)[^.!?]*)*[.!?]?")


def hits(
    text: str, never: Sequence[str], allowed: Sequence[str], language: str, *, negation: bool
) -> Iterator[str]:
    """The words of `text` that a rule forbids, each with the sentence around it left out.

    Args:
        text: one text of the script.
        never: patterns of what must not be said; case does not matter.
        allowed: patterns of phrases that are in order; a hit within one is dropped.
        language: whose negations count.
        negation: whether a negation makes the words harmless.
    """
    for sentence in _SENTENCE.findall(text):
        fine = [match.span() for pattern in allowed for match in _compiled(pattern).finditer(sentence)]
        for pattern in never:
            for match in _compiled(pattern).finditer(sentence):
                covered = any(start <= match.start() and match.end() <= end for start, end in fine)
                if not covered and not (negation and _denied(sentence, match, language)):
                    yield match[0]


def for_language(words: Mapping[str, Sequence[str]] | None, language: str) -> Sequence[str]:
    """The patterns of one language; none when the rule has none for it."""
    return (words or {}).get(language, ())


def _denied(sentence: str, match: re.Match[str], language: str) -> bool:
    before = sentence[: match.start()]
    clause_start = max((found.end() for found in _CLAUSE.finditer(before)), default=0)
    reach = " ".join(before[clause_start:].split()[-_REACH:])
    if re.search(_NEGATION[language], reach, re.IGNORECASE):
        return True
    return re.search(_NEGATION_AFTER[language], sentence[match.end() :], re.IGNORECASE) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
