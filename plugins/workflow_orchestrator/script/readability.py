"""How hard a narration is to follow: a reading ease per language, from the length of its sentences and words.

    en   206.835 - 1.015 w/s - 84.6 y/w    Flesch, "A new readability yardstick", Journal of Applied Psychology 32 (1948)
    de   180     - 1     w/s - 58.5 y/w    Amstad, "Wie verständlich sind unsere Zeitungen?", Zürich (1978)
    fr   207     - 1.015 w/s - 73.6 y/w    Kandel and Moles, "Application de l'indice de Flesch à la langue française" (1958)

    w/s words per sentence · y/w syllables per word · 100 is easy, 60 plain, 30 difficult, under 0 hardly speakable

Syllables are counted by their vowels. The libraries for it bring word lists of tens of megabytes, one of them fetched at run time; what
they know more is under a tenth of a syllable per word (tests/unit/…/script/test_script_readability.py states the errors).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_FORMULAS = {"en": (206.835, 1.015, 84.6), "de": (180.0, 1.0, 58.5), "fr": (207.0, 1.015, 73.6)}
FIGURE = "0"  # stands for a figure: one word of one syllable, for it is the document's and not the author's
_FIGURE = re.compile(r"(?<!\S)0(?!\w)")

# English: an e that is written and not heard; "-es" that is; two vowels that are two syllables.
_EN_SILENT = re.compile(r"(?:[^aeiouylr]|[aeiouy][lr]|rr|ll)es?$|(?<![td])ed$|[^aeiouy]e(?=ly$|ment|ful|less|ness)")
_EN_SOUNDED = re.compile(r"(?:[sxzcg]|ch|sh)es$|[^aeiouy]les?$")
_EN_TWO = re.compile(r"(?<![ct])i[ao](?!us\b|n)|tio$|(?<![qg])ua|(?<!p)eo(?!u)|[^tcsg]ious|ying|uing|[aeiouy][^aeiouy]*ism$")
# Signs that make one sound together; any other two vowels are two syllables (Ma·te·ri·al).
_VOWELS = {
    "en": re.compile(r"[aeiouy]+"),
    "de": re.compile(r"(?<=q)u[aeiou]|aa|ee(?!n)|oo|ie(?!n\b|r\b|ll)|[ea][iy]|[aeä]u|[aeiouyäöü]"),
    "fr": re.compile(
        r"(?<=[qg])u[aeiéèo]|eau|[oœ]eu|aoû|a[iîuy]|e[iuû]|o[iîuûùy]|ui|i[aèoâ]|ié(?!t)|ie(?!nc|nt)|[aeiouyàâäéèêëîïôöûùüœæ]"
    ),
}
_FR_SILENT = re.compile(r"(?<=[^aeiouyéèê])(?:e|es)$|(?<=[iuéy])(?:e|es)$")


@dataclass(frozen=True, slots=True)
class Readability:
    """The measures of a text."""

    ease: float
    words: int
    sentences: int
    longest: int  # words of the longest sentence


def readability(sentences: Sequence[str], language: str) -> Readability | None:
    """Measures sentences; `None` where they hold no word.

    Args:
        sentences: the author's words, each figure replaced by `FIGURE`, names and quotations left out.
        language: `en`, `de` or `fr`.
    """
    counts = [count for text in sentences if (count := words_in(text))]
    if not counts:
        return None
    words = sum(counts)
    spoken = sum(_syllables_of(text, language) for text in sentences)
    base, per_sentence, per_word = _FORMULAS[language]
    ease = base - per_sentence * words / len(counts) - per_word * spoken / words
    return Readability(round(ease, 1), words, len(counts), max(counts))


def words_in(text: str) -> int:
    """The words of a text, figures included."""
    return len(_WORD.findall(text)) + len(_FIGURE.findall(text))


def _syllables_of(text: str, language: str) -> int:
    return sum(syllables(word, language) for word in _WORD.findall(text)) + len(_FIGURE.findall(text))


def syllables(word: str, language: str) -> int:
    """The syllables of a word as it is spoken, at least one."""
    parts = re.split(r"['’]", word.casefold())
    if language == "fr":
        # "l'épargne": the elided word has no syllable of its own.
        return max(1, sum(_french(part) for part in parts if len(part) > 2 or part == parts[-1]))
    count = _english("".join(parts)) if language == "en" else len(_VOWELS["de"].findall("".join(parts)))
    return max(1, count)


def _english(word: str) -> int:
    count = len(_VOWELS["en"].findall(word)) + len(_EN_TWO.findall(word))
    return count - (bool(_EN_SILENT.search(word)) and not _EN_SOUNDED.search(word))


def _french(word: str) -> int:
    return len(_VOWELS["fr"].findall(_FR_SILENT.sub("", re.sub(r"[qg]ue?s?$", "k", word))))
