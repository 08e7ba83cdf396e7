"""Proper names that are not in the document: another fund, another house, another index.

English and French write only names with a capital inside a sentence, so there every such word must be known. German writes every noun so;
there a run of capitalised words counts that holds a word of the trade ("Fund", "Capital", "GmbH"), and a word with capitals inside.
A name that is put together from words of the document only ("Aldermoor" and "Bond") is not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from workflow_orchestrator.compliance.model import Notice
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.script.guard import Finding
from workflow_orchestrator.script.model import Script
from workflow_orchestrator.values import ValueSet

_WORD = re.compile(r"[^\W\d_]+")
_RUN = re.compile(r"[^\W\d_]+(?:[ \u00a0&-]+[^\W\d_]+)*")
_START = re.compile(r"(?:^|[.!?:;«“\"(–])\s*$")
# Names of the calendar, of the trade and of places that a fund's own sheet takes for granted.
_USUAL = frozenset(
    "january february march april may june july august september october november december monday tuesday wednesday thursday "
    "friday saturday "
    "sunday i isin eur usd gbp chf euro sri etf ucits ogaw nav kid kiid priips sharpe europe european eu uk us".split()
)
_TRADE = frozenset(
    "fund funds fonds etf sicav fcp oeic ucits trust index composite capital partners invest investment investments management "
    "advisors equity income growth global bond bonds world value gmbh ag se sa sas plc ltd llc inc kg kapitalverwaltung kvg "
    "bank asset gestion".split()
)


def unknown_names(
    script: Script, values: ValueSet, fields: FieldSet, approved: Sequence[Notice], more: Iterable[str] = ()
) -> Iterator[Finding]:
    """Names that neither the values, their printed words, the approved notices nor `more` hold, such as the sentence file's own words."""
    notices = {text for notice in approved for text in (notice.shown, notice.spoken, notice.short)}
    known = _known(values, fields, (*notices, *more))
    for segment in script.segments:
        texts = {f"{segment.id}.heading": segment.heading}
        texts.update({f"{segment.id}.points[{n}]": point for n, point in enumerate(segment.points)})
        texts.update({f"{segment.id}.sentences[{n}]": sentence.shown for n, sentence in enumerate(segment.sentences)})
        for where, text in texts.items():
            if text not in notices:
                for name in _names(text, known, script.language):
                    yield Finding(where, name, "is no name of this document; name only what the document names")


def _known(values: ValueSet, fields: FieldSet, more: Iterable[str]) -> frozenset[str]:
    texts = [str(part) for v in values.values() for part in (v.value, v.key, v.evidence.quote, v.evidence.label)]
    for _, spec in fields.items():
        texts += [*spec.title.values(), *spec.all_labels()]
        texts += [title for choice in spec.choices for title in choice.title.values()]
    return _USUAL | {word.casefold() for text in (*texts, *more) for word in _WORD.findall(text)}


def _names(text: str, known: frozenset[str], language: str) -> Iterator[str]:
    for match in _RUN.finditer(text):
        run: list[tuple[str, bool]] = []
        for word in _WORD.finditer(match[0]):
            start = match.start() + word.start()
            if any(letter.isupper() for letter in word[0]):
                run.append((word[0], bool(_START.search(text[:start]))))
            else:
                yield from _judge(run, known, language)
                run = []
        yield from _judge(run, known, language)


def _judge(run: list[tuple[str, bool]], known: frozenset[str], language: str) -> Iterator[str]:
    words = [word for word, _ in run]
    inside = [word for word, first in run if not first]
    unknown = [word for word in inside if word.casefold() not in known]
    trade = any(word.casefold() in _TRADE for word in inside)
    # The first word of a sentence has a capital anyway: it is a name where only words of the trade follow it.
    only_trade = bool(inside) and all(word.casefold() in _TRADE for word in inside)
    if run and run[0][1] and only_trade and words[0].casefold() not in known and len(words[0]) > 3:
        unknown.insert(0, words[0])
    if language == "de" and not trade:
        unknown = [word for word in unknown if any(letter.isupper() for letter in word[1:])]
    if unknown:
        yield " ".join(words)
