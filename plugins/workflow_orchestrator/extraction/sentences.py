"""Reads values out of sentences that law or custom words alike: the risk class of a KIID or KID, the currency of a fund.

"The Fund is in category 1 as it invests …"                                   UCITS KIID, Regulation (EU) No 583/2010, article 8
"We have classified this product as 4 out of 7, which is …"                   PRIIPs KID, Delegated Regulation (EU) 2017/653, annex III
"The Fund's base currency is denominated in sterling (British pounds)."
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise

from workflow_orchestrator.documents import Word
from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold
from workflow_orchestrator.extraction.layout import PageLayout
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Findings
from workflow_orchestrator.extraction.units import CURRENCY_NAMES
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.values import Evidence, Kind, Origin

_FUND = (
    r"(?:fund|sub-fund|product|share class|unit class|class|trust|fonds|teilfonds|produkt|anteilklasse|compartiment|"
    r"produit|part|opcvm|fcp)"
)
# "rated 5 stars", "ranked 3 of 57" and "4%" are no risk class.
_NO_CLASS = r"(?![\d.,%]\d|\s?(?:%|/|years?|months?|days?|stars?|globes?|of\b|out of (?!7)|st\b|nd\b|rd\b|th\b))"
_RISK = (
    rf"\b(?:the|this) {_FUND} (?:is|has been) (?:(?:currently )?(?:in|ranked|rated|classified|categorised|placed)"
    rf"(?: (?:as|at|in))?)(?: (?:risk )?(?:category|class|level))? (?P<n>[1-7]){_NO_CLASS}",
    r"\bwe have classified this product as (?:class )?(?P<n>[1-7]) out of 7\b",
    rf"\b(?:der|dieser|das) {_FUND} (?:ist|wird|wurde) (?:in )?(?:die )?(?:risiko)?(?:kategorie|klasse|risikoklasse) (?P<n>[1-7]) "
    r"(?:eingestuft|eingeordnet|zugeordnet)\b",
    r"\bwir haben dieses produkt auf einer skala von 1 bis 7 in die risikoklasse (?P<n>[1-7]) eingestuft\b",
    rf"\b(?:le|ce|l') ?{_FUND} est (?:classé|catégorisé|noté)e? (?:dans |en |de )?(?:la )?(?:catégorie|classe|niveau)"
    r"(?: de risque)? (?P<n>[1-7])\b",
    r"\bnous avons classé ce produit dans la classe de risque (?P<n>[1-7]) sur 7\b",
)  # fmt: skip
_RISK_SENTENCES = tuple(re.compile(pattern) for pattern in _RISK)
_ALIKE = r"(?:is|ist|est|lautet)(?: (?:denominated|expressed|calculated|libellée?|exprimée?))?(?: (?:in|auf|en|the|der|die|l['’]))*"
_NAMES = "|".join(sorted((re.escape(name) for name in CURRENCY_NAMES if name.isascii()), key=len, reverse=True))
_MAX_SENTENCE = 40  # words


def read_sentences(page: PageLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """The risk class and the currency that the sentences of one page state."""
    sentences = list(_sentences(page.page.words))
    for spec in words.fields.values():
        if spec.kind is Kind.INTEGER and spec.maximum == 7:
            patterns: Sequence[re.Pattern[str]] = _RISK_SENTENCES
        elif spec.kind is Kind.CURRENCY:
            patterns = (_currency_pattern(spec),)
        else:
            continue
        for sentence in sentences:
            _take(page, spec, sentence, patterns, reader, found)


def _currency_pattern(spec: FieldSpec) -> re.Pattern[str]:
    labels = "|".join(re.escape(fold(label)) for label in sorted(spec.all_labels(), key=len, reverse=True))
    owner = r"(?: (?:of|des|der|du|de la) (?:the )?[\w-]+)?"
    return re.compile(rf"\b(?:{labels}){owner} {_ALIKE} (?P<n>{_NAMES}|[a-z]{{3}})\b")


def _sentences(words: Sequence[Word]) -> Iterator[tuple[Word, ...]]:
    """The words of the page in reading order, parted at the ends of sentences and at bullets."""
    sentence: list[Word] = []
    for word, following in pairwise((*words, None)):
        if word is None:
            continue
        if not any(char.isalnum() for char in word.text) and len(word.text) == 1 and word.text not in "&-–/":
            if sentence:
                yield tuple(sentence)
            sentence = []
            continue
        sentence.append(word)
        ends = word.text.endswith((".", "!", "?")) and (following is None or not following.text[:1].islower())
        if ends or len(sentence) >= 2 * _MAX_SENTENCE:
            yield tuple(sentence)
            sentence = []
    if sentence:
        yield tuple(sentence)


def _take(
    page: PageLayout,
    spec: FieldSpec,
    sentence: tuple[Word, ...],
    patterns: Sequence[re.Pattern[str]],
    reader: Reader,
    found: Findings,
) -> None:
    texts = [fold(word.text) for word in sentence]
    text = " ".join(texts)
    for pattern in patterns:
        matches = list(pattern.finditer(text))
        if len(matches) != 1:
            continue
        first = text[: matches[0].start("n")].count(" ")
        count = matches[0]["n"].count(" ") + 1
        taken = sentence[first : first + count]
        quote = " ".join(word.text for word in taken).strip(".,;:()")
        begin = text[: matches[0].start()].count(" ")
        row = [word for word in sentence[begin:first] if abs(word.box.bottom - taken[0].box.bottom) < 2]
        with suppress(FigureError):
            evidence = Evidence(page.number, quote, " ".join(word.text for word in row), around(taken))
            found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE), rank=1)
