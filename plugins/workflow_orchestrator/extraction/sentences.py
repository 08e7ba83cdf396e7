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
from workflow_orchestrator.extraction.fold import fold, fold_label
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
    r"\brisque de niveau (?P<n>[1-7]) sur une échelle (?:de|allant de) 1 à 7\b",
    r"\b(?:category|class|level|indicator) (?:of )?(?P<n>[1-7]) (?:out of 7|on a scale (?:of|from) 1 to 7)\b",
    r"\bauf einer skala von 1 bis 7 in (?:die )?(?:risiko)?(?:klasse|kategorie|risikoklasse) (?P<n>[1-7]) (?:eingestuft|eingeordnet)\b",
    r"\bnous avons classé ce produit dans la classe de risque (?P<n>[1-7]) sur 7\b",
)  # fmt: skip
_RISK_SENTENCES = tuple(re.compile(pattern) for pattern in _RISK)
_DAY = (
    r"(?P<n>\d{1,2}(?:\.|st|nd|rd|th|er)? [^\W\d_]+ (?:19|20)\d\d|\d{1,2}[./]\d{1,2}[./](?:19|20)\d\d|[^\W\d_]+ \d{1,2}, (?:19|20)\d\d)"
)
# "This share class was launched on 1 April 2014": KIID, Regulation (EU) No 583/2010, article 15(5).
_CLASS_BEGAN = re.compile(
    rf"\b(?:share class|unit class|class|shares|units) (?:\w+ )?(?:was|were) (?:first )?(?:launched|issued|created) (?:on|in) {_DAY}|"
    rf"\b(?:anteilklasse|anteilsklasse) (?:\w+ )?wurde am {_DAY.replace('?P<n>', '?P<m>')} (?:aufgelegt|lanciert)"
)
# The day of a KIID: "… is accurate as at 16 February 2026", Regulation (EU) No 583/2010, annex I.
_ACCURATE = re.compile(
    rf"\binformation (?:is|are) accurate as (?:at|of) {_DAY}|"
    rf"\b(?:zutreffend und entsprechen dem stand vom|exactes et à jour au) {_DAY.replace('?P<n>', '?P<m>')}"
)
# The company that a KIID or KID names in a sentence of its own.
_COMPANY = re.compile(
    r"\bthe (?:authorised corporate director|authorised fund manager|management company|acd)(?: of the (?:fund|company))? is (?P<n>.+)$|"
    r"\bverwaltungsgesellschaft (?:des fonds )?ist (?:die )?(?P<m>.+)$|"
    r"\bla société de gestion (?:du fonds )?est (?P<o>.+)$"
)
# "The Alpine World Index is the comparator benchmark of the fund."
_INDEX = re.compile(
    r"\bthe (?P<n>(?:(?!\bthe\b)[^.;,]){3,70}? index(?: \([^()]*\))?) is (?:used as )?(?:the|a) (?:fund['’]s )?"
    r"(?:target |comparator |constraining |constraint |performance )?(?:benchmark|comparator)\b"
)
_ALIKE = r"(?:is|ist|est|lautet)(?: (?:denominated|expressed|calculated|libellée?|exprimée?))?(?: (?:in|auf|en|the|der|die|l['’]))*"
_NAMES = "|".join(sorted((re.escape(name) for name in CURRENCY_NAMES if name.isascii()), key=len, reverse=True))
_MAX_SENTENCE = 40  # words
_MAX_COMPANY = 9  # words
_RANK = 100  # words with a label are the better witness


def read_sentences(page: PageLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """The risk class and the currency that the sentences of one page state."""
    sentences = list(_sentences(page.page.words))
    for spec in words.fields.values():
        if spec.kind is Kind.INTEGER and spec.maximum == 7:
            patterns: Sequence[re.Pattern[str]] = _RISK_SENTENCES
        elif spec.kind is Kind.CURRENCY:
            patterns = (_currency_pattern(spec),)
        elif spec.kind is Kind.DATE:
            patterns = (_CLASS_BEGAN,) if spec.name == words.begins else (_ACCURATE,) if spec.name == words.as_of else ()
        elif spec.kind is Kind.TEXT and any(fold_label(label) == "management company" for label in spec.all_labels()):
            patterns = (_COMPANY,)
        elif spec.kind is Kind.TEXT and any(fold_label(label) == "benchmark" for label in spec.all_labels()):
            patterns = (_INDEX,)
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


def _to_comma(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words up to the first comma or the first one that goes on with a clause: the name of a company."""
    for number, word in enumerate(words):
        if word.text.endswith((",", ";")):
            return words[: number + 1]
        if number and word.text in ("and", "which", "und", "et", "part", "(the"):
            return words[:number]
    return words


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
        name = matches[0].lastgroup or "n"
        first = text[: matches[0].start(name)].count(" ")
        count = matches[0][name].count(" ") + 1
        taken = _to_comma(sentence[first : first + count]) if spec.kind is Kind.TEXT else sentence[first : first + count]
        if spec.kind is Kind.TEXT and not 2 <= len(taken) <= _MAX_COMPANY:
            continue
        quote = " ".join(word.text for word in taken).strip(".,;:()")
        begin = text[: matches[0].start()].count(" ")
        row = [word for word in sentence[begin:first] if abs(word.box.bottom - taken[0].box.bottom) < 2]
        with suppress(FigureError):
            evidence = Evidence(page.number, quote, " ".join(word.text for word in row), around(taken))
            found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE), rank=_RANK)
