"""The examples that stand beside a rule: small scripts that it passes, and such as it does not.

    examples:
      passes: {en: ["Returns are not guaranteed."], de: […], fr: […]}
      fails:
        en:
          - values: {monthly_performance: "+1.93%"}      printed as in a document; the form tells the kind:
                                                         "4/7" is a step of a scale, "“…”" a paragraph
            says: ["The month brought {monthly_performance}."]
            outcome: needs_approval                      left out: the severity of the rule

A text is a slide that says it. An example stands for itself: its fields are made from its values, so a pack needs no
document kind to be proven.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from workflow_orchestrator.compliance.case import Case, Facts
from workflow_orchestrator.compliance.model import Outcome, Pack, Rule
from workflow_orchestrator.compliance.notices import notices
from workflow_orchestrator.compliance.periods import withheld
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.fields import FieldSet, FieldSpec, KeySpec
from workflow_orchestrator.figures import read_figure
from workflow_orchestrator.script.model import Script, Segment, Sentence, SlideKind
from workflow_orchestrator.script.phrases import parse
from workflow_orchestrator.script.wording import Wording
from workflow_orchestrator.values import Evidence, Kind, Origin, Value, ValueSet

TODAY = date(2026, 11, 22)  # the day of an example that names none
_SCALE = re.compile(r"(\d+)/(\d+)")
_FORMS = (
    (re.compile(r"\d{4}-\d{2}-\d{2}"), Kind.DATE), (re.compile(r"[A-Z]{2}[A-Z0-9]{9}\d"), Kind.ISIN),
    (re.compile(r"[A-Z]{3}"), Kind.CURRENCY),
)
_QUOTED = re.compile("“(.+)”", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Example:
    """One example of a rule, ready to be judged. `expected` is the outcome that it must have."""

    rule: Rule
    name: str
    expected: Outcome
    case: Case


def examples_of(rule: Rule) -> Iterator[Example]:
    """Every example of a rule."""
    for side, by_language in rule.examples.items():
        for language, items in by_language.items():
            for index, item in enumerate(items):
                data: Mapping[str, Any] = {"says": [item]} if isinstance(item, str) else item
                passes = Outcome.PASS if side == "passes" else rule.severity
                expected = Outcome(data.get("outcome", passes))
                yield Example(rule, f"{rule.id} {side}.{language}[{index}]", expected, _case(rule, language, data))


def _case(rule: Rule, language: str, data: Mapping[str, Any]) -> Case:
    printed = data.get("values", {})
    kept = {ref: _value(ref, str(text)) for ref, text in printed.items()}
    values = ValueSet(kept.values())
    fields = _fields(values, printed)
    places = ("eu", "uk", "us") if "any" in rule.jurisdictions else rule.jurisdictions
    scope: dict[str, Any] = {"language": language, "jurisdictions": places, "audience": rule.audience[0]}
    pack = (Pack("example", "Example", "", (rule,)),)
    script = _script(language, data, values, Wording(fields, language))
    told = notices(pack, values=values, **scope)
    today = date.fromisoformat(data["today"]) if "today" in data else TODAY
    facts = Facts(today, data.get("document"))
    case = Case(script, values, fields, told, language, tuple(places), rule.audience[0], facts=facts)
    out = frozenset(item.ref for item in withheld(pack, values=values, **scope))
    return replace(case, withheld=out - case.refs)


def _script(language: str, data: Mapping[str, Any], values: ValueSet, wording: Wording) -> Script:
    slides = data.get("slides") or [{name: data[name] for name in ("says", "shows", "points") if name in data}]
    segments = tuple(_segment(f"slide_{number}", slide, values, wording) for number, slide in enumerate(slides, start=1))
    labels = {ref: wording.fields.title_of(ref, language) for segment in segments for ref in segment.shows}

    def head(name: str, otherwise: str = "") -> str:
        return _filled(data.get(name, otherwise), values, wording).shown

    return Script(
        language=data.get("script_language", language), title=head("title", "Example"), subject=head("subject"),
        kicker=head("kicker"), footer=head("footer"), source=head("source", "Source: example"), segments=segments,
        writer=data.get("writer", "template"), labels=labels | dict(data.get("labels", {})),
    )


def _segment(name: str, data: Mapping[str, Any], values: ValueSet, wording: Wording) -> Segment:
    return Segment(
        id=name, slide=SlideKind(data.get("slide", "text")), heading=data.get("heading", "Example"),
        sentences=tuple(_filled(text, values, wording) for text in data.get("says", ())),
        shows=tuple(data.get("shows", ())),
        points=tuple(_filled(text, values, wording).shown for text in data.get("points", ())),
    )


def _filled(text: str, values: ValueSet, wording: Wording) -> Sentence:
    shown, spoken, refs = [], [], []
    for part in parse(text).parts:
        if isinstance(part, str):
            shown.append(part)
            spoken.append(part)
            continue
        written = wording.write(values[part.ref], part.form)
        shown.append(written.shown)
        spoken.append(written.spoken)
        refs.append(part.ref)
    return Sentence("".join(shown), "".join(spoken), tuple(refs))


def _value(ref: str, printed: str) -> Value:
    name, _, key = ref.partition(".")
    rest: dict[str, Any] = {"field": name, "key": key, "evidence": Evidence(1, printed), "origin": Origin.OFFLINE}
    if step := _SCALE.fullmatch(printed):
        return Value(kind=Kind.INTEGER, value=Decimal(step[1]), **rest)
    if quoted := _QUOTED.fullmatch(printed):
        return Value(kind=Kind.PARAGRAPH, value=quoted[1], **rest)
    kind = next((kind for form, kind in _FORMS if form.fullmatch(printed)), None)
    if kind is Kind.DATE:
        return Value(kind=kind, value=date.fromisoformat(printed), **rest)
    if kind is not None:
        return Value(kind=kind, value=printed, **rest)
    try:
        figure = read_figure(printed, ".")
    except FigureError:
        figure = None
    if figure is None:
        return Value(kind=Kind.TEXT, value=printed, **rest)
    rest |= {"value": figure.value, "decimals": figure.decimals, "scale": figure.scale}
    if figure.unit == "%":
        return Value(kind=Kind.PERCENT, **rest)
    if figure.unit:
        return Value(kind=Kind.MONEY, unit=figure.unit, **rest)
    return Value(kind=Kind.RATIO if figure.decimals else Kind.INTEGER, **rest)


def _fields(values: ValueSet, printed: Mapping[str, Any]) -> FieldSet:
    return FieldSet([_spec(name, values, printed) for name in dict.fromkeys(value.field for value in values.values())])


def _spec(name: str, values: ValueSet, printed: Mapping[str, Any]) -> FieldSpec:
    own = values.of(name)
    keys = [value.key for value in own if value.key]
    keyed = _keyed(keys)
    step = _SCALE.fullmatch(str(printed[own[0].ref]))
    title = name.replace("_", " ")
    return FieldSpec(
        name=name, kind=own[0].kind, title={language: title for language in ("en", "de", "fr")}, labels={}, keyed=keyed,
        keys={key: KeySpec(key, {"en": key}, {}) for key in keys} if keyed == "period" else {},
        maximum=Decimal(step[2]) if step else None,
    )


def _keyed(keys: list[str]) -> str:
    if not keys:
        return ""
    forms = (("year", r"\d{4}"), ("month", r"\d{4}-\d{2}"), ("period", r"\d+[my]|ytd|since_inception"))
    return next((name for name, form in forms if all(re.fullmatch(form, key) for key in keys)), "name")
