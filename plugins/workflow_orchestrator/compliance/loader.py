"""Reads the rule packs that legal and compliance edit, `include/compliance/<name>.yaml`, strictly.

    pack · title · version
    rules: - id · title · jurisdictions · audience · languages · citation · source_status · severity
             trigger: always | written_by_model | {figures: [...]} | {foreign_currency: {...}}
             check:   one of the kinds in `CHECKS`
             wording · short   (notices only)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_orchestrator.compliance.model import Outcome, Pack, Placement, Rule, SourceStatus
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.shapes import Anything, Choice, Entry, ListOf, MapOf, Record, Shape, Text, Whole
from workflow_orchestrator.definition.source import KeyPath, Source, read_source
from workflow_orchestrator.fields import LANGUAGES
from workflow_orchestrator.script.phrases import digits_outside, parse

JURISDICTIONS = ("any", "eu", "uk", "us")
AUDIENCES = ("retail", "professional")
ALWAYS, WRITTEN_BY_MODEL = "always", "written_by_model"

_FIELDS = ListOf(Text(pattern=r"[a-z][a-z0-9_]*(\.[\w-]+)?", says="a field, or a field with a key"))
_BY_LANGUAGE = Record({language: Entry(ListOf(Text())) for language in LANGUAGES})
_CURRENCIES = MapOf(ListOf(Text(pattern="[A-Z]{3}", says="a currency code")), "eu|uk|us", "a jurisdiction")

# kind of check → its parameters
CHECKS: dict[str, Shape] = {
    "notice": Record({"place": Entry(Choice(tuple(place.value for place in Placement)), required=True)}),
    "words": Record({
        "never": Entry(_BY_LANGUAGE, "the words that are looked for, per language", required=True),
        "allowed": Entry(_BY_LANGUAGE, "the same words where they are in order"),
        "negation": Entry(Choice(("allowed", "ignored")), "whether 'not guaranteed' is in order", required=True),
    }),
    "complete_periods": Record({
        "figures": Entry(_FIELDS, "every performance figure", required=True),
        "short": Entry(_FIELDS, "those under twelve months", required=True),
        "years": Entry(Text(), required=True), "spans": Entry(_FIELDS, required=True),
        "how_many": Entry(Whole(1, 20), "complete years that must be shown", required=True),
    }),
    "standard_periods": Record({
        "annualised": Entry(Text(), required=True), "cumulative": Entry(Text(), required=True),
    }),
    "not_annualised": Record({"short": Entry(_FIELDS, required=True), "words": Entry(_BY_LANGUAGE, required=True)}),
    "reference_date": Record({"figures": Entry(_FIELDS, required=True), "date": Entry(Text(), required=True)}),
    "not_in_opening": Record({"figures": Entry(_FIELDS, required=True)}),
    "share_of_words": Record({
        "figures": Entry(_FIELDS, required=True), "at_most_percent": Entry(Whole(1, 100), required=True),
    }),
    "scale_named": Record({"field": Entry(Text(), required=True)}),
    "source_named": Record({}),
    "no_personal_data": Record({}),
    "person_decides": Record({"because": Entry(Text(), required=True)}),
}


@dataclass(frozen=True, slots=True)
class _Trigger:
    """The shape of a trigger: a word, or a mapping with one key."""

    def check(self, value: Any, at: KeyPath, source: Source, report: Report) -> None:
        if isinstance(value, dict):
            entries = {"figures": Entry(_FIELDS), "foreign_currency": Entry(_CURRENCIES)}
            Record(entries, one_of=tuple(entries)).check(value, at, source, report)
        else:
            Choice((ALWAYS, WRITTEN_BY_MODEL)).check(value, at, source, report)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"enum": [ALWAYS, WRITTEN_BY_MODEL]}, {"type": "object"}]}


_RULE = Record({
    "id": Entry(Text(pattern=r"[A-Z]+(-[A-Z0-9]+)+", says="an id such as EU-CBDF-01"), required=True),
    "title": Entry(Text(longest=160), required=True),
    "jurisdictions": Entry(ListOf(Choice(JURISDICTIONS)), required=True),
    "audience": Entry(ListOf(Choice(AUDIENCES))),
    "languages": Entry(ListOf(Choice(LANGUAGES))),
    "citation": Entry(Text(), "the law or standard that asks for it", required=True),
    "source_status": Entry(Choice(tuple(status.value for status in SourceStatus)), required=True),
    "severity": Entry(Choice(("block", "needs_approval", "warn")), required=True),
    "trigger": Entry(_Trigger(), required=True),
    "check": Entry(Record({kind: Entry(shape) for kind, shape in CHECKS.items()}, one_of=tuple(CHECKS)), required=True),
    "wording": Entry(Record({language: Entry(ListOf(Text())) for language in LANGUAGES})),
    "short": Entry(Record({language: Entry(Text(longest=90)) for language in LANGUAGES})),
})
SHAPE = Record({
    "pack": Entry(Text(), required=True),
    "title": Entry(Text(), required=True),
    "version": Entry(Text(), "the date of the last legal review, in quotes", required=True),
    "rules": Entry(ListOf(Anything()), required=True),
})


def load_packs(folder: Path, names: Sequence[str]) -> tuple[Pack, ...]:
    """Reads packs by name.

    Raises:
        DefinitionError: everything that is wrong with any of the files, each with line and column.
    """
    report = Report()
    sources = [_read(folder, name, report) for name in dict.fromkeys(names)]
    seen: dict[str, str] = {}
    for source in sources:
        if source is not None:
            _check(source, seen, report)
    report.raise_if_any("the compliance packs")
    return tuple(_pack(source.data) for source in sources if source is not None)


def _read(folder: Path, name: str, report: Report) -> Source | None:
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = sorted(file.stem for file in folder.glob("*.yaml")) if folder.is_dir() else []
        report.add_at("WF040", path, 1, 1, "", f"there is no compliance pack {name!r}", did_you_mean(name, known))
        return None
    return read_source(path, report)


def _check(source: Source, seen: dict[str, str], report: Report) -> None:
    before = len(report)
    SHAPE.check(source.data, (), source, report)
    if len(report) > before:
        return
    if source.data["pack"] != source.path.stem:
        named = source.data["pack"]
        report.add("WF020", source, ("pack",), f"the pack is named {named!r}, its file {source.path.name}")
    for index, rule in enumerate(source.data["rules"]):
        at: KeyPath = ("rules", index)
        before = len(report)
        _RULE.check(rule, at, source, report)
        if len(report) > before:
            continue
        if rule["id"] in seen:
            report.add("WF003", source, (*at, "id"), f"{rule['id']} is given twice, first in {seen[rule['id']]}")
        seen.setdefault(rule["id"], source.path.name)
        _check_languages(rule, at, source, report)
        _check_wording(rule, at, source, report)
        _check_expressions(rule, at, source, report)


def _check_languages(rule: dict[str, Any], at: KeyPath, source: Source, report: Report) -> None:
    (kind, parameters), = rule["check"].items()
    lists = {"wording": rule.get("wording")} if kind == "notice" else {}
    if kind == "words":
        lists[f"check.{kind}.never"] = parameters["never"]
    if kind == "not_annualised":
        lists[f"check.{kind}.words"] = parameters["words"]
    for name, words in lists.items():
        missing = [language for language in rule.get("languages", LANGUAGES) if language not in (words or {})]
        if missing:
            report.add(
                "WF011", source, at, f"{rule['id']}: {name} has no {', '.join(missing)}",
                "add the words, or name the rule's languages",
            )


def _check_wording(rule: dict[str, Any], at: KeyPath, source: Source, report: Report) -> None:
    if "notice" not in rule["check"]:
        for key in ("wording", "short"):
            if key in rule:
                report.add("WF013", source, (*at, key), f"{rule['id']}: only a notice has {key}", "check: {notice: …}")
        return
    if rule["trigger"] == WRITTEN_BY_MODEL:
        report.add("WF013", source, (*at, "trigger"), f"{rule['id']}: a notice is chosen before anything is written")
    for language, alternatives in rule.get("wording", {}).items():
        for index, text in enumerate(alternatives):
            _check_phrase(text, (*at, "wording", language, index), source, report)
    for language, text in rule.get("short", {}).items():
        _check_phrase(text, (*at, "short", language), source, report)


def _check_phrase(text: str, at: KeyPath, source: Source, report: Report) -> None:
    try:
        phrase = parse(text)
    except ValueError as error:
        report.add("WF013", source, at, str(error))
        return
    if (digit := digits_outside(phrase)) != "":
        report.add("WF013", source, at, f"the wording holds the digit {digit!r}", "write numbers in words")


def _check_expressions(rule: dict[str, Any], at: KeyPath, source: Source, report: Report) -> None:
    (kind, parameters), = rule["check"].items()
    for name in ("never", "allowed", "words"):
        for language, expressions in (parameters.get(name) or {}).items():
            for index, expression in enumerate(expressions):
                try:
                    re.compile(expression)
                except re.error as error:
                    place = (*at, "check", kind, name, language, index)
                    report.add("WF013", source, place, f"{expression!r} is no pattern: {error}")


def _pack(data: dict[str, Any]) -> Pack:
    return Pack(data["pack"], data["title"], data["version"], tuple(_rule(rule) for rule in data["rules"]))


def _rule(data: dict[str, Any]) -> Rule:
    (kind, parameters), = data["check"].items()
    trigger = data["trigger"]
    if isinstance(trigger, str):
        trigger = {"kind": trigger}
    else:
        (name, value), = trigger.items()
        trigger = {"kind": name, name: value}
    return Rule(
        id=data["id"], title=data["title"], jurisdictions=tuple(data["jurisdictions"]),
        audience=tuple(data.get("audience", AUDIENCES)), languages=tuple(data.get("languages", LANGUAGES)),
        citation=data["citation"], source_status=SourceStatus(data["source_status"]),
        severity=Outcome(data["severity"]), trigger=trigger, check={"kind": kind, **parameters},
        wording={language: tuple(texts) for language, texts in data.get("wording", {}).items()},
        short=dict(data.get("short", {})),
    )


def places_of(packs: Sequence[Pack]) -> tuple[str, ...]:
    """Every jurisdiction that the packs have rules for: where nothing narrower is said, all of them apply."""
    places = {place for pack in packs for rule in pack.rules for place in rule.jurisdictions}
    return tuple(sorted(places - {"any"}))
