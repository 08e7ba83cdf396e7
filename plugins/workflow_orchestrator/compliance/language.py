"""The shapes of a rule pack: what `include/compliance/<name>.yaml` may hold.

    pack · title · version
    rules: - id · title · jurisdictions · audience · languages · citation · source_status · covers · severity
             trigger: always | written_by_model | {figures: […]} | {foreign_currency: {…}} | {said: {…}} | {value: {…}}
             check:   one of the kinds in `CHECKS`
             wording · short   (notices only)
             examples: {passes, fails}
    elsewhere: - id · title · citation · source_status · held_by     rules that no script can show to be met
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflow_orchestrator.compliance.model import Placement, SourceStatus
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.shapes import (
    Anything,
    Choice,
    Entry,
    ListOf,
    MapOf,
    OneOf,
    Record,
    Shape,
    Text,
    Whole,
)
from workflow_orchestrator.definition.source import KeyPath, Source
from workflow_orchestrator.fields import LANGUAGES
from workflow_orchestrator.script.model import SlideKind

JURISDICTIONS = ("any", "eu", "uk", "us")
AUDIENCES = ("retail", "professional")
ALWAYS, WRITTEN_BY_MODEL = "always", "written_by_model"

# Kinds whose verdict hangs on words: each language of the rule has examples of its own.
WORDED = {"notice": "wording", "words": "never", "not_annualised": "words", "must_say": "all_of"}

_FIELD = Text(pattern=r"[a-z][a-z0-9_]*(\.[\w-]+)?", says="a field, or a field with a key")
_FIELDS = ListOf(_FIELD)
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
        "years": Entry(_FIELDS, "complete years: calendar years, or twelve months each", required=True),
        "spans": Entry(_FIELDS, required=True),
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
    # what must stand with what: see `presence`
    "must_say": Record({
        "all_of": Entry(_BY_LANGUAGE, "patterns, each of which must be found", required=True),
        "on": Entry(Choice(("script", "slide")), "anywhere, or on each slide where the case arises", required=True),
    }),
    "told_with": Record({
        "figures": Entry(_FIELDS, required=True), "beside": Entry(_FIELDS, "all must be told too", required=True),
        "on": Entry(Choice(("script", "slide")), required=True),
    }),
    "not_in_title": Record({"figures": Entry(_FIELDS, required=True)}),
    "before": Record({
        "first": Entry(_FIELDS, required=True), "then": Entry(_FIELDS, "never before one of `first`", required=True),
    }),
    # what can be reckoned: see `plausible`
    "bound_figures": Record({}),
    "in_language": Record({}),
    "not_older": Record({"date": Entry(Text(), required=True), "at_most_days": Entry(Whole(1, 3650), required=True)}),
    "latest_quarter": Record({"date": Entry(Text(), required=True), "grace_days": Entry(Whole(0, 90), required=True)}),
    "risk_share": Record({"figures": Entry(_FIELDS, required=True), "at_least_percent": Entry(Whole(1, 90), required=True)}),
    "risk_class": Record({
        "risk": Entry(Text(), required=True), "volatility": Entry(Text(), required=True),
        "within": Entry(Whole(0, 6), "classes that they may differ by", required=True),
    }),
    "identifier": Record({
        "field": Entry(Text(), required=True),
        "scheme": Entry(Choice(("isin", "doi", "arxiv", "orcid")), required=True),
    }),
    "one_of": Record({"field": Entry(Text(), required=True), "accepted": Entry(ListOf(Text()), required=True)}),
    "own_words": Record({
        "longest_run": Entry(Whole(5, 100), "words in a row that the source has too", required=True),
        "at_most_percent": Entry(Whole(0, 100), "of the words that are not quoted, in runs of eight or more that the source has too"),
        "quoted_at_most_percent": Entry(Whole(0, 100), "of all words, in sentences that are quoted from the source"),
    }),
    "person_decides": Record({"because": Entry(Text(), required=True)}),
}


@dataclass(frozen=True, slots=True)
class _Trigger:
    """The shape of a trigger: a word, or a mapping with one key."""

    def check(self, value: Any, at: KeyPath, source: Source, report: Report) -> None:
        if isinstance(value, dict):
            entries = {
                "figures": Entry(_FIELDS), "foreign_currency": Entry(_CURRENCIES), "said": Entry(_BY_LANGUAGE),
                "value": Entry(Record({
                    "field": Entry(Text(), required=True), "is": Entry(ListOf(Text()), required=True),
                })),
            }
            Record(entries, one_of=tuple(entries)).check(value, at, source, report)
        else:
            Choice((ALWAYS, WRITTEN_BY_MODEL)).check(value, at, source, report)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"enum": [ALWAYS, WRITTEN_BY_MODEL]}, {"type": "object"}]}


_ON_A_SLIDE = {
    "says": Entry(ListOf(Text())), "shows": Entry(_FIELDS), "points": Entry(ListOf(Text())),
}
_SLIDE = Record({
    **_ON_A_SLIDE, "heading": Entry(Text()), "slide": Entry(Choice(tuple(kind.value for kind in SlideKind))),
})
_EXAMPLE = OneOf((
    Text(),
    Record({
        **_ON_A_SLIDE, "slides": Entry(ListOf(_SLIDE)),
        "values": Entry(MapOf(Text(), r"[a-z][a-z0-9_]*(\..+)?", "a reference to a value")),
        **{name: Entry(Text()) for name in ("title", "subject", "kicker", "footer", "writer", "document")},
        "source": Entry(Anything()),
        "script_language": Entry(Choice(LANGUAGES)), "labels": Entry(MapOf(Text(), ".+", "a reference to a value")),
        "today": Entry(Text(pattern=r"\d{4}-\d\d-\d\d", says="a day such as 2026-11-22")),
        "outcome": Entry(Choice(("pass", "warn", "needs_approval", "block"))),
    }),
), "a sentence or an example script")
_EXAMPLES = Record({language: Entry(ListOf(_EXAMPLE)) for language in LANGUAGES})

_CITED = {
    "id": Entry(Text(pattern=r"[A-Z]+(-[A-Z0-9]+)+", says="an id such as EU-CBDF-01"), required=True),
    "title": Entry(Text(longest=160), required=True),
    "citation": Entry(Text(), "the law or standard that asks for it", required=True),
    "source_status": Entry(Choice(tuple(status.value for status in SourceStatus)), required=True),
}
RULE = Record({
    **_CITED,
    "jurisdictions": Entry(ListOf(Choice(JURISDICTIONS)), required=True),
    "audience": Entry(ListOf(Choice(AUDIENCES))),
    "languages": Entry(ListOf(Choice(LANGUAGES))),
    "covers": Entry(ListOf(Text()), "other names of what this rule carries out too"),
    "severity": Entry(Choice(("block", "needs_approval", "warn")), required=True),
    "trigger": Entry(_Trigger(), required=True),
    "check": Entry(Record({kind: Entry(shape) for kind, shape in CHECKS.items()}, one_of=tuple(CHECKS)), required=True),
    "wording": Entry(Record({language: Entry(ListOf(Text())) for language in LANGUAGES})),
    "short": Entry(Record({language: Entry(Text(longest=90)) for language in LANGUAGES})),
    "examples": Entry(
        Record({"passes": Entry(_EXAMPLES), "fails": Entry(_EXAMPLES, required=True)}),
        "scripts that the rule passes and such as it does not", required=True,
    ),
})
ELSEWHERE = Record({
    **_CITED, "held_by": Entry(Text(), "what sees to it, since no script shows whether it is met", required=True),
})
SHAPE = Record({
    "pack": Entry(Text(), required=True),
    "title": Entry(Text(), required=True),
    "version": Entry(Text(), "the date of the last legal review, in quotes", required=True),
    "rules": Entry(ListOf(Anything()), required=True),
    "elsewhere": Entry(ListOf(ELSEWHERE)),
})
