"""Good scripts and scripts with one fault each, from the sentences in `scripts_planted/` and the proven values of the samples.

    samples' values ─┐
    sentence file ───┼─► Composer ─► good script ─► one fault ─► faulty script
    scripts_planted ─┘                └ sentences of each slide are drawn anew, by a seed

A fault is a sentence of `scripts_planted/<language>.yaml` that is added to a slide, or a change of the whole script (a warning left out,
a slide in another language, nothing said, too much said, figures changed after they were filled in).
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from workflow_orchestrator.compliance import Notice, Pack, load_packs, notices, publishable
from workflow_orchestrator.fields import LANGUAGES, FieldSet
from workflow_orchestrator.script import Narration, Script, Segment, Sentence, SlideKind, SourceInfo, load_narration
from workflow_orchestrator.script.compose import Composer, Slot
from workflow_orchestrator.script.phrases import parse
from workflow_orchestrator.values import NUMERIC_KINDS, Evidence, Kind, Origin, Value, ValueSet

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "include" / "samples"
SENTENCES = ROOT / "benchmarks" / "scripts_planted"
RICH = {"en": "aldermoor_global_equity_en", "de": "gratlin_schweizer_aktien_de", "fr": "brevalon_obligations_euro_fr"}
SCOPE: dict[str, Any] = {"jurisdictions": ("eu", "uk"), "audience": "retail"}
WRITER = "planted-model"
_SCALES = ((r"bn|billion|Mrd|Md", 9), (r"\bm\b|\dm\b|million|Mio|mn|M€|\bM\b", 6))


@dataclass(frozen=True)
class Case:
    """One script with everything that judges it. `kind` is the fault; empty for a good script."""

    kind: str
    language: str
    what: str
    script: Script
    values: ValueSet
    notices: tuple[Notice, ...]
    narration: Narration


@cache
def fields() -> FieldSet:
    path = ROOT / "dags" / "fund_factsheet_video" / "schema.json"
    return FieldSet.from_json(json.loads(path.read_text(encoding="utf-8")))


@cache
def packs() -> tuple[Pack, ...]:
    return tuple(load_packs(ROOT / "include" / "compliance", ("gdpr", "financial_regulations")))


@cache
def narration(language: str) -> Narration:
    return load_narration(ROOT / "include" / "prompts" / "fund_factsheet_video" / f"narration.{language}.yaml", fields())


@cache
def sentences(language: str) -> dict[str, Any]:
    """The planted sentences of a language: `good` by slide, `faulty` by kind."""
    data: dict[str, Any] = yaml.safe_load((SENTENCES / f"{language}.yaml").read_text(encoding="utf-8"))
    return data


def sample_names() -> list[str]:
    return sorted(path.name.removesuffix(".truth.json") for path in SAMPLES.glob("*.truth.json"))


@cache
def truth(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((SAMPLES / f"{name}.truth.json").read_text(encoding="utf-8"))
    return data


@cache
def sample_values(name: str) -> ValueSet:
    """The values of a sample as its truth file states them."""
    known = truth(name)["values"]
    return ValueSet(_value(ref, item, known["currency"]["value"]) for ref, item in known.items())


def _value(ref: str, item: Mapping[str, Any], currency: str) -> Value:
    name, _, key = ref.partition(".")
    kind, quote = fields()[name].kind, item["quote"]
    scale = decimals = 0
    value: Decimal | date | str = item["value"]
    if kind in NUMERIC_KINDS:
        value = Decimal(item["value"])
        if kind is Kind.MONEY:
            scale = next((power for words, power in _SCALES if re.search(words, quote)), 0)
        digits = f"{value.scaleb(-scale).normalize():f}" if scale else item["value"]
        decimals = len(digits.partition(".")[2])
    elif kind is Kind.DATE:
        value = date.fromisoformat(item["value"])
    return Value(
        field=name, key=key, kind=kind, value=value, unit=currency if kind is Kind.MONEY else "", decimals=decimals,
        scale=scale, origin=Origin.OFFLINE, evidence=Evidence(item["page"], quote),
    )  # fmt: skip


@dataclass
class Desk:
    """Writes the scripts of one sample in one language."""

    name: str
    language: str

    def __post_init__(self) -> None:
        scope = {**SCOPE, "language": self.language}
        self.values = publishable(packs(), values=sample_values(self.name), **scope)
        self.notices = tuple(notices(packs(), values=self.values, **scope))
        self.narration = narration(self.language)
        info = SourceInfo(truth(self.name)["file"], "0" * 64, truth(self.name)["language"])
        self.composer = Composer(self.values, fields(), self.narration, self.notices, info)
        self._anywhere = Slot(self.narration.segments[0], tuple(self.composer.values.values()))

    def fill(self, text: str, slot: Slot | None = None) -> tuple[Sentence, ...] | None:
        return self.composer.sentences(parse(text), slot or self._anywhere)

    def good(self, seed: int) -> Case:
        """A script whose slides hold one to three of the good sentences, in their order. Seed 0 is the sentence file's own."""
        if seed == 0:
            script = self.composer.script(self._own, writer="template")
        else:
            chance = random.Random(f"{self.name}{self.language}{seed}")
            script = self.composer.script(lambda slot: self._drawn(slot, chance), writer=WRITER)
        return self.case("", f"{self.name} {seed}", script)

    def case(self, kind: str, what: str, script: Script) -> Case:
        return Case(kind, self.language, what, script, self.values, self.notices, self.narration)

    def _own(self, slot: Slot) -> tuple[Sentence, ...]:
        return tuple(s for line in slot.plan.say for s in self.composer.first_that_fits(line, slot))

    def _drawn(self, slot: Slot, chance: random.Random) -> tuple[Sentence, ...]:
        known = sentences(self.language)["good"].get(slot.plan.id, ())
        filled = [found for text in known if (found := self.fill(text, slot))]
        if not filled:
            return self._own(slot)
        # The first sentence carries what a rule asks for: the date of the figures, the end of the scale, what costs do to the return.
        first, rest = (filled[:1], filled[1:]) if slot.plan.id in ("performance", "risk", "facts") else ([], filled)
        drawn = sorted(chance.sample(range(len(rest)), min(len(rest), chance.randint(1, 2 if first else 3))))
        return tuple(s for found in (*first, *(rest[place] for place in drawn)) for s in found)


def good_cases(per_sample: int) -> Iterator[Case]:
    """Scripts without a fault: every sample, every language."""
    for name in sample_names():
        for language in LANGUAGES:
            desk = Desk(name, language)
            yield from (desk.good(seed) for seed in range(per_sample))


def faulty_cases() -> Iterator[Case]:
    """Scripts with one fault each, in three languages."""
    for language in LANGUAGES:
        desk = Desk(RICH[language], language)
        for kind, texts in sentences(language)["faulty"].items():
            for number, text in enumerate(texts, start=1):
                yield _with_text(desk, kind, text, desk.good(number).script)
        for make in _CHANGES:
            yield from make(desk)


def _with_text(desk: Desk, kind: str, text: str | Sequence[str], script: Script) -> Case:
    parts = [text] if isinstance(text, str) else list(text)
    spots = _spots(script)
    for number, part in enumerate(parts):
        # Parts of one figure end one slide and begin the next.
        place = spots[1 + number]
        found = desk.fill(part)
        if found is None:
            raise AssertionError(f"{desk.name} has no value for {part!r}")
        old = script.segments[place].sentences
        script = with_segment(script, place, sentences=(*found, *old) if number else (*old, *found))
    return desk.case(kind, " | ".join(parts), script)


def _spots(script: Script) -> list[int]:
    """The slides that hold sentences of a writer."""
    return [n for n, s in enumerate(script.segments) if s.slide not in (SlideKind.TITLE, SlideKind.NOTICE, SlideKind.TEXT)]


def with_segment(script: Script, place: int, **changes: Any) -> Script:
    """The script with one segment changed."""
    changed = replace(script.segments[place], **changes)
    return replace(script, segments=(*script.segments[:place], changed, *script.segments[place + 1 :]))


def _missing_wording(desk: Desk) -> Iterator[Case]:
    script = desk.good(1).script
    for notice in desk.notices:
        last_word = notice.shown.rstrip(".").split()[-1]
        ways: dict[str, Callable[[Sentence], Sentence]] = {
            "not spoken": lambda s: replace(s, spoken=""),
            "not shown": lambda s: replace(s, shown=""),
            "cut": lambda s, w=last_word: Sentence(s.shown.replace(w, ""), s.spoken.replace(w, ""), s.refs),  # type: ignore[misc]
        }
        for way, change in ways.items():
            segments = tuple(_changed(segment, notice, change, keep=way == "not spoken") for segment in script.segments)
            yield desk.case("missing required wording", f"{notice.shown[:40]} {way}", replace(script, segments=segments))
        gone = tuple(
            replace(
                s,
                sentences=tuple(x for x in s.sentences if x.shown != notice.shown),
                points=tuple(p for p in s.points if p != notice.shown),
            )
            for s in script.segments
        )
        yield desk.case("missing required wording", f"{notice.shown[:40]} left out", replace(script, segments=gone))


def _changed(segment: Segment, notice: Notice, change: Callable[[Sentence], Sentence], *, keep: bool) -> Segment:
    told = tuple(change(s) if s.shown == notice.shown else s for s in segment.sentences)
    points = segment.points if keep else tuple(
        change(Sentence(p, p)).shown if p == notice.shown else p for p in segment.points
    )  # fmt: skip
    return replace(segment, sentences=told, points=points)


def _wrong_language(desk: Desk) -> Iterator[Case]:
    for other in (code for code in LANGUAGES if code != desk.language):
        foreign = Desk(desk.name, other)
        for seed in (1, 2):
            theirs, script = foreign.good(seed).script, desk.good(seed).script
            words = {segment.id: segment.sentences for segment in theirs.segments}
            for place in _spots(script)[: 3 if seed == 1 else 2]:
                changed = with_segment(script, place, sentences=words[script.segments[place].id])
                yield desk.case("wrong language", f"{script.segments[place].id} in {other}", changed)
            spots = set(_spots(script))
            whole = tuple(replace(s, sentences=words[s.id]) if n in spots else s for n, s in enumerate(script.segments))
            yield desk.case("wrong language", f"whole in {other}", replace(script, segments=whole))
    spanish = "El fondo invierte en acciones de todo el mundo y los gastos se pagan con el patrimonio."
    script = desk.good(3).script
    yield desk.case("wrong language", "Spanish", with_segment(script, 3, sentences=(Sentence(spanish, spanish),)))


def _empty(desk: Desk) -> Iterator[Case]:
    script = desk.good(1).script
    place = _spots(script)[1]
    good = script.segments[place].sentences[0]
    for what, told in {
        "no sentence": (), "nothing": (Sentence("", ""),), "a space": (Sentence("\u00a0", " "),), "a mark": (Sentence("…", "."),),
        "not spoken": (replace(good, spoken=""),), "not shown": (replace(good, shown=""),),
        "invisible": (Sentence("\u200b\u2060", "\u200b"),), "a dash": (Sentence("–", "–"),),
    }.items():  # fmt: skip
        yield desk.case("empty segment", what, with_segment(script, place, sentences=told))
    yield desk.case("empty segment", "no heading", with_segment(script, place, heading=" "))
    yield desk.case("empty segment", "no segments", replace(script, segments=()))


def _too_long(desk: Desk) -> Iterator[Case]:
    script = desk.good(1).script
    plain = [text for texts in sentences(desk.language)["good"].values() for text in texts if "{" not in text]
    filler = [Sentence(text, text) for text in plain]
    for number, place in enumerate(_spots(script)[:6]):
        told = (*script.segments[place].sentences, *(filler * 4)[: 24 + number])
        yield desk.case("too long", f"{len(told)} sentences on {script.segments[place].id}", with_segment(script, place, sentences=told))
    whole = script
    for place in _spots(script):
        whole = with_segment(whole, place, sentences=(*whole.segments[place].sentences, *filler[:8]))
    yield desk.case("too long", "every slide", whole)
    endless = " ".join(text.rstrip(".") + "," for text in plain * 2)
    yield desk.case("too long", "one sentence", with_segment(script, _spots(script)[0], sentences=(Sentence(endless, endless),)))


def _spoken_otherwise(desk: Desk) -> Iterator[Case]:
    script = desk.good(1).script
    plain = [text for texts in sentences(desk.language)["good"].values() for text in texts if "{" not in text]
    for number, place in enumerate(_spots(script)[:4]):
        first, *rest = script.segments[place].sentences
        told = (replace(first, spoken=f"{first.spoken} {plain[number]}"), *rest)
        what = f"more is said on {script.segments[place].id}"
        yield desk.case("spoken other than shown", what, with_segment(script, place, sentences=told))
        told = (*script.segments[place].sentences, Sentence(plain[number], plain[number + 1]))
        what = f"another sentence on {script.segments[place].id}"
        yield desk.case("spoken other than shown", what, with_segment(script, place, sentences=told))


def _changed_figures(desk: Desk) -> Iterator[Case]:
    """A filled figure that somebody touched afterwards: sign, digits, unit, on the slide or in the voice."""
    minus, plus = {"en": ("minus", "plus"), "de": ("minus", "plus"), "fr": ("moins", "plus")}[desk.language]
    percent = {"en": "per cent", "de": "Prozent", "fr": "pour cent"}[desk.language]
    ways: dict[str, tuple[str, Callable[[str], str]]] = {
        "sign turned, shown": ("shown", lambda t: t.replace("+", "−", 1)),
        "sign lost, shown": ("shown", lambda t: t.replace("+", "", 1)),
        "sign turned, spoken": ("spoken", lambda t: t.replace(f" {plus} ", f" {minus} ", 1)),
        "percent lost, shown": ("shown", lambda t: re.sub(r"[\s\u00a0]?%", "", t, count=1)),
        "percent lost, spoken": ("spoken", lambda t: t.replace(f" {percent}", "", 1)),
        "per mille, shown": ("shown", lambda t: t.replace("%", "‰", 1)),
        "digit added, shown": ("shown", lambda t: re.sub(r"(\d)([.,])", r"\g<1>1\2", t, count=1)),
        "mark moved, shown": ("shown", lambda t: re.sub(r"(\d)([.,])(\d)", r"\1\3\2", t, count=1)),
    }
    script = desk.good(1).script
    place = next(n for n, s in enumerate(script.segments) if s.id == "performance")
    (index, sentence) = next((n, s) for n, s in enumerate(script.segments[place].sentences) if "+" in s.shown)
    for what, (side, change) in ways.items():
        changed = replace(sentence, **{side: change(getattr(sentence, side))})
        if changed == sentence:
            raise AssertionError(f"{what} changes nothing in {sentence}")
        told = tuple(changed if n == index else s for n, s in enumerate(script.segments[place].sentences))
        yield desk.case("figure changed afterwards", what, with_segment(script, place, sentences=told))


_CHANGES = (_missing_wording, _wrong_language, _empty, _too_long, _spoken_otherwise, _changed_figures)
