"""Finds words that must not be said, by their context: a pattern counts unless the sentence denies it or allows it.

A plain word list fires on every disclaimer ("is not guaranteed") and on names ("Best Buy"). So a hit is dropped when a
negation stands shortly before it in the same clause, or when a phrase that is in order ("you should read …") covers it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from llm_orchestration.patterns import Match, find_all

_SOFT_HYPHEN = "\u00ad"  # neither seen nor heard
_REACH = 6  # words before a hit in which a negation still denies it

# A negation that denies what follows; "not only" does not, and a clause of its own ends its reach.
_NEGATION = {
    "en": r"\b(?:no|not(?! only)|never|cannot|can't|isn't|aren't|won't|doesn't|don't|without|neither|nor|nothing|nobody)\b",
    "de": r"\b(?:nicht(?! nur)|kein(?:e[nmrs]?)?|nie|niemals|niemand|weder|noch nie|ohne|nichts)\b",
    "fr": r"(?:\b(?:ne|ni|aucune?|jamais|sans|pas|non|nullement)\b|\bn['’])(?! seulement| pas seulement)",
}
# German denies behind the verb as well: "Gewinne garantiert der Fonds nicht", "garantiert keine".
_NEGATION_AFTER = {
    "en": r"(?!)",
    "de": r"^\W*(?:\w+\W+){0,3}?(?:nicht|kein(?:e[nmrs]?)?|weder)\b",
    "fr": r"^\W*(?:\w+\W+){0,1}?(?:pas|aucune?|ni)\b",
}
# French writes one denial in two words: the "n'" of "il n'y a aucun risque" belongs to "aucun", and says no by itself.
_SECOND_HALF = {"fr": r"(?:aucune?|pas|jamais)\b"}
_FIRST_HALF = {"fr": r"\bne\b|\bn['’]"}
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
    for sentence in _SENTENCE.findall(text.replace(_SOFT_HYPHEN, "")):
        fine = [match.span() for pattern in allowed for match in find_all(pattern, sentence, ignore_case=True)]
        for pattern in never:
            for match in find_all(pattern, sentence, ignore_case=True):
                covered = any(start <= match.start() and match.end() <= end for start, end in fine)
                if not covered and not (negation and _denied(sentence, match, language)):
                    yield match[0]


def present(text: str, patterns: Sequence[str]) -> list[str]:
    """The patterns that may stand in one of the lines of a text: a quick look, before each line is read closely.

    A pattern with an anchor is always kept, for a line is no whole text.
    """
    return [pattern for pattern in patterns if "^" in pattern or "$" in pattern or said(text, [pattern])]


def said(text: str, patterns: Sequence[str]) -> bool:
    """Whether any of the patterns stands in a text, denied or not."""
    plain = text.replace(_SOFT_HYPHEN, "")
    return any(True for pattern in patterns for _ in find_all(pattern, plain, ignore_case=True))


def for_language(words: Mapping[str, Sequence[str]] | None, language: str) -> Sequence[str]:
    """The patterns of one language; none when the rule has none for it."""
    return (words or {}).get(language, ())


def _denied(sentence: str, match: Match, language: str) -> bool:
    before = sentence[: match.start()]
    clause_start = max((found.end() for found in _CLAUSE.finditer(before)), default=0)
    reach = " ".join(before[clause_start:].split()[-_REACH:])
    if language in _SECOND_HALF and re.match(_SECOND_HALF[language], match[0], re.IGNORECASE):
        reach = re.sub(_FIRST_HALF[language], "", reach, flags=re.IGNORECASE)
    if re.search(_NEGATION[language], reach, re.IGNORECASE):
        return True
    return re.search(_NEGATION_AFTER[language], sentence[match.end() :], re.IGNORECASE) is not None
