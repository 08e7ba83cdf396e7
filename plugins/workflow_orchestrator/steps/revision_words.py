"""Words that a person typed, bound again: each printed form of a value becomes its reference, and the spoken words are made from that.

    "Over one year it returned +5.84%."  ─►  … {performance_data.1y} …  ─►  shown · spoken · references

The sentence's own values come first, in their order, then those of its slide, then those of the script. The longest form is taken
first, so that a date is not eaten by its year. A figure that two values print is refused: the person writes `{reference}` in its place.
A figure that no value prints stays what it is, and the review of the script names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.script import Script, Segment, Sentence, Wording
from workflow_orchestrator.script.compose import refs_of
from workflow_orchestrator.script.phrases import PAGES, Phrase, Place, fill, parse, problems_of, resolve
from workflow_orchestrator.script.wording import MINUS, Written
from workflow_orchestrator.values import NUMERIC_KINDS, Kind, Value, ValueSet

_OWN, _SLIDE, _SCRIPT = range(3)
_FIGURE_FORMS = ("", "scale")
_NAMING_FORMS = ("key", "year", "month")
_SHORTEST = 3  # letters of a name that is looked for outside the sentence that it came from
_MOST_SHOWN = 6


class UnboundEditError(ValueError):
    """Why typed words cannot be bound; each part of `reasons` names the words and what to do."""

    def __init__(self, reasons: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{text!r} {why}" for text, why in reasons))
        self.reasons = tuple(reasons)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One value in one of its forms. `level` says how near it is to the sentence, `order` where it stands in its list."""

    value: Value
    form: str
    written: Written
    level: int
    order: int

    @property
    def place(self) -> Place:
        return Place(self.value.field, self.value.key, self.form)

    @property
    def is_figure(self) -> bool:
        return self.form in _FIGURE_FORMS and (self.value.kind in NUMERIC_KINDS or self.value.kind is Kind.DATE)

    @property
    def is_bare(self) -> bool:
        """A whole number without a unit, which anything in a sentence may count."""
        return self.is_figure and self.written.shown.isdecimal()


@dataclass(slots=True)
class _Bound:
    """What is bound in the sentence so far: the references of its figures, and how often bare numbers stood there."""

    refs: list[str] = field(default_factory=list)
    bare: dict[str, int] = field(default_factory=dict)


class Binder:
    """Binds edited words of one script.

    Args:
        script: as it was before the edits.
        values: what may be told to this audience.
        fields: the document kind.
    """

    def __init__(self, script: Script, values: ValueSet, fields: FieldSet) -> None:
        self._values, self._fields = values, fields
        self._wording = Wording(fields, script.language)
        self._everywhere = refs_of(script.segments)

    def bind(self, text: str, segment: Segment, before: Sentence) -> Sentence:
        """The sentence that the text means, in place of `before` on its slide.

        Raises:
            UnboundEditError: a figure is of several values, or a `{reference}` is none.
        """
        try:
            phrase = parse(text)
        except ValueError as error:
            raise UnboundEditError([(text[:60], f"cannot be read: {error}")]) from None
        reasons = [reason for place in phrase.places for reason in self._amiss(place, segment)]
        if reasons:
            raise UnboundEditError(reasons)
        named = [self._value(place, segment).ref for place in phrase.places]
        finder = _Finder(self._candidates(segment, before), before, named)
        parts: list[str | Place] = []
        for part in phrase.parts:
            parts += [part] if isinstance(part, Place) else finder.places_in(part)
        if finder.reasons:
            raise UnboundEditError(finder.reasons)
        bound = Phrase(tuple(part for part in parts if part != ""))
        found = {place: self._value(place, segment) for place in bound.places}
        written = fill(bound, lambda place: self._wording.write(found[place], place.form))
        return Sentence(written.shown, written.spoken, tuple(dict.fromkeys(found[place].ref for place in bound.places)))

    def figures_of(self, segment: Segment) -> list[str]:
        """The figures that a slide's sentences may name, as they are printed."""
        known = (self._values[ref] for ref in refs_of([segment]) if ref in self._values)
        shown = [self._wording.shown(value) for value in known if value.kind in NUMERIC_KINDS]
        return list(dict.fromkeys(shown))[:_MOST_SHOWN]

    def _amiss(self, place: Place, segment: Segment) -> Iterator[tuple[str, str]]:
        if place.field == PAGES:
            yield str(place), "has its place in the source line only"
            return
        for message, fix in problems_of(Phrase((place,)), self._fields):
            yield str(place), f"is refused: {message}" + (f"; {fix}" if fix else "")
            return
        value = resolve(place, self._values, self._fields, self._chosen(segment))
        if value is None:
            yield str(place), "names a value that the document does not have"
        elif value.kind is Kind.PARAGRAPH:
            yield str(place), "is a quotation of the document, which is not put in by hand"

    def _value(self, place: Place, segment: Segment) -> Value:
        value = resolve(place, self._values, self._fields, self._chosen(segment))
        if value is None:
            raise AssertionError(f"{place} was looked up before")
        return value

    def _chosen(self, segment: Segment) -> dict[str, tuple[Value, ...]]:
        shown = [self._values[ref] for ref in segment.shows if ref in self._values]
        return {value.field: tuple(one for one in shown if one.field == value.field) for value in shown}

    def _candidates(self, segment: Segment, before: Sentence) -> list[_Candidate]:
        levels = {ref: _SCRIPT for ref in self._everywhere}
        levels |= {ref: _SLIDE for ref in refs_of([segment])}
        levels |= {ref: _OWN for ref in before.refs}
        near = [*before.refs, *(ref for ref in levels if ref not in before.refs)]
        return [
            _Candidate(value, form, written, levels[ref], order)
            for order, ref in enumerate(near)
            if (value := self._values.get(ref)) is not None and value.kind is not Kind.PARAGRAPH
            for form, written in self._forms(value, before)
            if levels[ref] == _OWN or _can_stand_alone(value, form, written)
        ]

    def _forms(self, value: Value, before: Sentence) -> list[tuple[str, Written]]:
        """The forms of a value; of two that look alike, the one that the sentence speaks."""
        forms = ["", "key"] if value.key else [""]
        if value.kind is Kind.INTEGER and self._fields[value.field].maximum is not None:
            forms.append("scale")
        if value.kind is Kind.DATE:
            forms += ["year", "month"]
        if value.kind in (Kind.ISIN, Kind.TEXT, Kind.CURRENCY):
            spelled = self._wording.write(value, "spelled")
            forms = ["spelled"] if spelled.spoken in before.spoken else forms
        return [(form, self._wording.write(value, form)) for form in forms]


class _Finder:
    """Finds the printed forms in the words between two places, and decides whose they are."""

    def __init__(self, candidates: Sequence[_Candidate], before: Sentence, named: Sequence[str]) -> None:
        self.reasons: list[tuple[str, str]] = []
        self._bound = _Bound(list(named))
        self._before = before
        self._by_form: dict[str, list[_Candidate]] = {}
        for candidate in candidates:
            self._by_form.setdefault(candidate.written.shown, []).append(candidate)
        # The longest first, so that a date is not eaten by its year.
        self._forms = sorted(self._by_form, key=len, reverse=True)
        pattern = "|".join(f"(?P<p{number}>{_whole(form)})" for number, form in enumerate(self._forms))
        self._pattern = re.compile(pattern) if self._forms else None

    def places_in(self, words: str) -> list[str | Place]:
        """The words with places where the forms of values stood."""
        found = [(match, self._forms[int((match.lastgroup or "p0")[1:])]) for match in self._found(words)]
        chosen: dict[int, Place | None] = {}
        # Figures first: which year or period a word means depends on the figure beside it.
        for figures in (True, False):
            for match, form in found:
                fitting = [one for one in self._by_form[form] if one.is_figure is figures]
                if fitting and chosen.get(match.start()) is None:
                    chosen[match.start()] = self._figure(form, fitting) if figures else self._name(fitting)
        parts: list[str | Place] = []
        end = 0
        for match, _ in found:
            place = chosen.get(match.start())
            if place is not None:
                parts += [words[end : match.start()], place]
                end = match.end()
        return [*parts, words[end:]]

    def _figure(self, form: str, fitting: list[_Candidate]) -> Place | None:
        own = [one for one in fitting if one.level == _OWN]
        if own:
            if own[0].is_bare and not self._counted(form):
                self.reasons.append((form, f"may count anything; write {own[0].place} in its place if it is that value"))
                return None
            free = [one for one in own if one.value.ref not in self._bound.refs]
            return self._take(free[0] if free else own[-1])
        for level in (_SLIDE, _SCRIPT):
            here = [one for one in fitting if one.level == level]
            if len({one.value.ref for one in here}) > 1:
                known = " or ".join(str(one.place) for one in here)
                self.reasons.append((form, f"is the figure of several values; write {known} in its place"))
                return None
            if here:
                return self._take(here[0])
        return None

    def _counted(self, form: str) -> bool:
        """Whether a bare whole number may stand once more: as often as it did before, because it may count anything else."""
        self._bound.bare[form] = self._bound.bare.get(form, 0) + 1
        before = [self._forms[int((match.lastgroup or "p0")[1:])] for match in self._found(self._before.shown)]
        return self._bound.bare[form] <= before.count(form)

    def _found(self, words: str) -> list[re.Match[str]]:
        return list(self._pattern.finditer(words)) if self._pattern else []

    def _name(self, fitting: list[_Candidate]) -> Place | None:
        """A name, a year or a period: that of a figure of this sentence, else of its own values, else the only one there is."""
        beside = [one for one in fitting if one.value.ref in self._bound.refs]
        near = beside or [one for one in fitting if one.level == _OWN]
        if near:
            return near[0].place
        alike = len({one.value.ref for one in fitting}) == 1
        # A period in words says nothing by itself, and names of several values are no claim about one of them.
        return fitting[0].place if alike or fitting[0].form not in _NAMING_FORMS else None

    def _take(self, one: _Candidate) -> Place:
        self._bound.refs.append(one.value.ref)
        return one.place


def _can_stand_alone(value: Value, form: str, written: Written) -> bool:
    """Whether a form is looked for in sentences that did not have the value: no bare whole number, no name of one or two letters."""
    candidate = _Candidate(value, form, written, _SCRIPT, 0)
    return not candidate.is_bare and (candidate.is_figure or len(written.shown) >= _SHORTEST)


def _whole(form: str) -> str:
    """A pattern of a form that is not part of a longer figure or word, with any white space and any sign for minus."""
    first = "" if form[0] in "+−" else r".,'’−–+\-"
    words = re.escape(form).replace(re.escape(MINUS), "[−–-]")
    flexible = re.sub(r"(?:\\?[\s\u00a0])+", r"[\\s\\u00a0]+", words)
    return rf"(?<![\w{first}])(?:{flexible})(?!\w)(?!-\w)(?![.,'’]\d)(?![\s\u00a0]?[%‰])"
