"""Refuses every figure that comes from no bound value: the promise of the product, checked on the finished words.

    text ─ blot out what its own values, their periods and approved wording account for ─► what is left:
                                                                    a digit or a number word is a finding

A figure counts only whole: with its sign, its places and its unit. "11.93%" is not accounted for by "1.93%", nor
"−0.45%" by "0.45%". Each value that a sentence claims must also stand in it, in that order, in the written and the
spoken form. Over a slide and in its points, which claim nothing by themselves, the figure of a name counts where the whole
name stands ("Reader2 in Practice").
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from workflow_orchestrator.compliance.model import Notice
from workflow_orchestrator.errors import UnboundFigureError
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.script.full_names import cell_names, full_names
from workflow_orchestrator.script.model import Script, Segment, Sentence
from workflow_orchestrator.script.numerals import find
from workflow_orchestrator.script.quotes import sentences as sentences_of
from workflow_orchestrator.script.wording import Wording, Written
from workflow_orchestrator.values import NUMERIC_KINDS, Kind, Value, ValueSet

_FIGURE = "\ufffc"  # a figure stood here
_WORDS = "\ufffb"   # other words that are accounted for

_SIGN_BEFORE = re.compile(
    rf"(?:\b(?:minus|moins|plus|negative|negativ(?:e[rsnm]?)?)\s+|[−–+-]\s?){_FIGURE}", re.IGNORECASE
)
_UNIT_AFTER = re.compile(
    rf"{_FIGURE}[\s\u00a0]*(?:%|‰|per\s?cent\w*|Prozent\w*|pour\s+cent|bps?\b|basis points?|Basispunkte?n?|"
    r"points? de (?:base|pourcentage)|"
    r"€|\$|£|EUR\b|USD\b|GBP\b|CHF\b|euros?\b|dollars?\b|pounds?\b|Pfund\b|livres?\b|francs?\b|Franken\b)",
    re.IGNORECASE,
)
# A step with its scale is one figure ("4 out of 7"); two figures side by side are a scale of somebody's own.
_SCALE_BETWEEN = re.compile(rf"{_FIGURE}\s*(?:out of|of|in|von|aus|sur|de|/)\s*{_FIGURE}", re.IGNORECASE)
# A unit that measures nothing of its own: the figure stands in another sentence, or is a word such as "some".
_UNIT = re.compile(
    r"\bper\s?cent\b|\bProzent\b|\bpour\s+cent\b|%|‰|\bbasis points?\b|\bBasispunkte?n?\b|\bpoints? de base\b", re.IGNORECASE
)
_ALTERED = (
    (_SIGN_BEFORE, "gives a bound figure another sign"),
    (_UNIT_AFTER, "gives a bound figure another unit"),
    (_SCALE_BETWEEN, "gives a bound figure another scale"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Words that no value accounts for: where they stand, the words, and why they are refused."""

    where: str
    text: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text!r} {self.why}"

    def to_json(self) -> dict[str, str]:
        return {"where": self.where, "text": self.text, "why": self.why}


def unbound(
    script: Script, values: ValueSet, fields: FieldSet, approved: Sequence[Notice] = ()
) -> tuple[Finding, ...]:
    """Everything in a script that is not bound to a value, in the order of the script.

    Args:
        script: the words as they will be shown and spoken.
        values: the proven values.
        fields: the document kind.
        approved: notices whose wording compliance owns; they may hold number words.
    """
    return tuple(_Guard(script, values, fields, approved).findings())


def check_bound(script: Script, values: ValueSet, fields: FieldSet, approved: Sequence[Notice] = ()) -> None:
    """Passes a script that holds bound figures only.

    Raises:
        UnboundFigureError: it lists every finding; `details["findings"]` has them as data.
    """
    findings = unbound(script, values, fields, approved)
    if findings:
        lines = "\n".join(f"  {finding}" for finding in findings)
        count = "one place holds" if len(findings) == 1 else f"{len(findings)} places hold"
        raise UnboundFigureError(
            f"{count} a figure that comes from no proven value of its sentence:\n{lines}",
            findings=[finding.to_json() for finding in findings],
        )


class _Guard:
    def __init__(self, script: Script, values: ValueSet, fields: FieldSet, approved: Sequence[Notice]) -> None:
        self._script, self._values, self._fields = script, values, fields
        self._wording = Wording(fields, script.language)
        self._approved = tuple(
            dict.fromkeys(text for n in approved for text in (n.shown, n.spoken, n.short) if text)
        )
        self._names = tuple(dict.fromkeys(words for _, words in full_names(values.values(), script.language)))

    def findings(self) -> Iterator[Finding]:
        yield from self._head()
        for segment in self._script.segments:
            yield from self._segment(segment)
        for ref, label in self._script.labels.items():
            if ref in self._values:
                yield from self._left_over(f"label of {ref}", label, (ref,))

    def _head(self) -> Iterator[Finding]:
        script = self._script
        names = tuple(ref for ref, value in self._values.items() if value.kind not in NUMERIC_KINDS)
        for where in ("title", "subject", "kicker", "footer"):
            yield from self._left_over(where, getattr(script, where), names)
        pages = {str(value.evidence.page) for value in self._values.values()}
        for finding in self._left_over("source", script.source, names):
            if finding.text not in pages:
                yield finding

    def _segment(self, segment: Segment) -> Iterator[Finding]:
        missing = [ref for ref in segment.shows if ref not in self._values]
        for ref in missing:
            yield Finding(f"{segment.id}.shows", ref, "is no proven value")
        refs = tuple(dict.fromkeys((*segment.shows, *(ref for s in segment.sentences for ref in s.refs))))
        known = tuple(ref for ref in refs if ref in self._values)
        yield from self._left_over(f"{segment.id}.heading", segment.heading, known, names=self._names)
        for place, point in enumerate(segment.points):
            yield from self._left_over(f"{segment.id}.points[{place}]", point, known, names=self._names)
        for place, sentence in enumerate(segment.sentences):
            yield from self._sentence(f"{segment.id}.sentences[{place}]", sentence)

    def _sentence(self, where: str, sentence: Sentence) -> Iterator[Finding]:
        missing = [ref for ref in sentence.refs if ref not in self._values]
        if missing:
            for ref in missing:
                yield Finding(f"{where}.refs", ref, "is no proven value")
            return
        findings = [*self._side(where, sentence, "shown"), *self._side(where, sentence, "spoken")]
        yield from findings or self._same_words(where, sentence)

    def _side(self, where: str, sentence: Sentence, side: str) -> Iterator[Finding]:
        text = getattr(sentence, side)
        yield from self._left_over(f"{where}.{side}", text, sentence.refs, side)
        yield from self._in_order(f"{where}.{side}", text, sentence.refs, side)
        yield from self._periods_in_order(f"{where}.{side}", text, sentence.refs)

    def _same_words(self, where: str, sentence: Sentence) -> Iterator[Finding]:
        """What is heard is what is read: beside the figures, both sides have the same words."""
        if sentence.shown == sentence.spoken or {sentence.shown, sentence.spoken} <= set(self._approved):
            return
        values = [self._values[ref] for ref in sentence.refs]
        shown, spoken = (
            re.findall(r"\w+", self._blot(getattr(sentence, side), values, side).casefold()) for side in ("shown", "spoken")
        )
        if shown != spoken:
            odd = next((b or a for a, b in itertools.zip_longest(shown, spoken, fillvalue="") if a != b), "")
            yield Finding(where, odd, "is where the spoken words part from those that are shown")

    def _left_over(
        self, where: str, text: str, refs: Iterable[str], side: str = "shown", names: Sequence[str] = ()
    ) -> Iterator[Finding]:
        """Digits and number words that stay when everything that is accounted for is blotted out."""
        if not find(text, self._script.language) and not _UNIT.search(text):
            return
        blotted = self._blot(text, [self._values[ref] for ref in refs], side, names)
        for pattern, why in _ALTERED:
            for match in pattern.finditer(blotted):
                yield Finding(where, match[0].replace(_FIGURE, "…").strip(), why)
        traces = find(blotted, self._script.language)
        for trace in traces:
            yield Finding(where, trace.words, "comes from no value of this place")
        if not traces:
            yield from _units_alone(where, blotted)

    def _blot(self, text: str, values: Sequence[Value], side: str, names: Sequence[str] = ()) -> str:
        # Only what stands in the text is searched for: a fund has hundreds of values, a sentence a few.
        flat = _flat(text)
        figures = [words for value in values if value.kind in NUMERIC_KINDS for words in self._figures(value, side)]
        other = (*self._approved, *names, *(words for value in values for words in self._other(value, side)))
        alternatives = [
            *((_whole(words), _FIGURE) for words in figures if _flat(words) in flat),
            *((_bounded(_flexible(re.escape(words))), _WORDS) for words in other if _flat(words) in flat),
            *((_bounded(_flexible(pattern)), _WORDS) for v in values for pattern in self._wording.period_patterns(v)),
        ]
        if not alternatives:
            return text
        # The longest first, so that a date is not eaten by its year.
        alternatives.sort(key=lambda pair: len(pair[0]), reverse=True)
        marks = [mark for _, mark in alternatives]
        expression = "|".join(f"(?P<p{number}>{pattern})" for number, (pattern, _) in enumerate(alternatives))

        def mark(match: re.Match[str]) -> str:
            return marks[int((match.lastgroup or "p0")[1:])]

        return _compiled(expression).sub(mark, text)

    def _figures(self, value: Value, side: str) -> tuple[str, ...]:
        forms = [self._wording.write(value)]
        if value.kind is Kind.INTEGER and self._fields[value.field].maximum is not None:
            forms.append(self._wording.write(value, "scale"))
        return tuple(dict.fromkeys(getattr(form, side) for form in forms))

    def _other(self, value: Value, side: str) -> Iterator[str]:
        """What a value accounts for beside its figure: its date, its words, its key and its title."""
        if value.kind is Kind.PARAGRAPH:
            flat = " ".join(str(value.value).split())
            yield flat
            yield from sentences_of(flat)
        elif value.kind not in NUMERIC_KINDS:
            yield from (getattr(form, side) for form in self._wording.forms(value) if not _is_page(form, value))
        if value.key:
            yield getattr(self._wording.write(value, "key"), side)
            yield self._wording.label(value, first=True)
            yield from (words for _, words in cell_names(value, self._fields[value.field], self._script.language))
        title = self._fields[value.field].title
        yield title.get(self._script.language) or title["en"]

    def _in_order(self, where: str, text: str, refs: Sequence[str], side: str) -> Iterator[Finding]:
        """Every value that the sentence claims stands in it, in the order of its references."""
        place = 0
        for ref in refs:
            value = self._values[ref]
            found = self._place_of(value, text, place, side)
            if found < 0:
                yield Finding(where, ref, "is claimed by the sentence, but does not stand there, or not in this order")
            place = max(place, found)

    def _place_of(self, value: Value, text: str, start: int, side: str) -> int:
        if value.kind in NUMERIC_KINDS:
            candidates = [_whole(figure) for figure in self._figures(value, side)]
        else:
            candidates = [_bounded(_flexible(re.escape(words))) for words in self._other(value, side)]
        last_resort = [_bounded(_flexible(re.escape(getattr(form, side)))) for form in self._wording.forms(value)]
        for patterns in (candidates, last_resort):
            ends = [m.end() for p in patterns if p and (m := _compiled(p).search(text, start))]
            if ends:
                return min(ends)
        return -1

    def _periods_in_order(self, where: str, text: str, refs: Sequence[str]) -> Iterator[Finding]:
        """The periods that are named stand in the order of their figures: no figure gets another's period."""
        mentioned: list[tuple[int, str]] = []
        for ref in refs:
            value = self._values[ref]
            if self._fields[value.field].keyed != "period":
                continue
            patterns = [*self._wording.period_patterns(value), re.escape(self._wording.write(value, "key").shown)]
            starts = [m.start() for p in patterns if (m := _compiled(_bounded(_flexible(p))).search(text))]
            if starts:
                mentioned.append((min(starts), ref))
        # Two values of one period are named by the same words: their order says nothing.
        if [ref for _, ref in sorted(mentioned, key=lambda item: item[0])] != [ref for _, ref in mentioned]:
            names = ", ".join(ref for _, ref in mentioned)
            yield Finding(where, names, "stand in another order than the periods that the sentence names")


def _units_alone(where: str, blotted: str) -> Iterator[Finding]:
    for match in _UNIT.finditer(blotted):
        before = blotted[: match.start()].rstrip()
        if not before.endswith((_FIGURE, _WORDS)) and not re.search(r"\b(?:in|en)$", before):
            yield Finding(where, match[0], "is a unit without a bound figure before it")


def _is_page(form: Written, value: Value) -> bool:
    return form.shown == str(value.evidence.page)


# The patterns of a document's values: the module's own cache is too small for them, and compiling is most of the work.
@lru_cache(maxsize=8_192)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _flat(text: str) -> str:
    return " ".join(text.split()).casefold()


def _flexible(pattern: str) -> str:
    """White space of any kind and length where the words have some."""
    return re.sub(r"(?:\\?[\s\u00a0])+", r"[\\s\\u00a0]+", pattern)


def _whole(figure: str) -> str:
    """A figure that is not part of a longer one, and does not carry another sign."""
    first = figure[0]
    before = r"(?<![\w])" if first in "+−" else r"(?<![\w.,'’−+\-])(?<![−+] )"
    return rf"{before}{_flexible(re.escape(figure))}(?!\w)(?!-\w)(?![.,'’]\d)(?![\s\u00a0]?[%‰])"


def _bounded(pattern: str) -> str:
    return rf"(?<![\w.,'’−+-])(?:{pattern})(?!\w)(?![.,'’]\d)(?![\s\u00a0]?[%‰])"
