"""How a workflow speaks: the terminology list `terms.<language>.yaml` beside the narration, as the business team writes it.

    preferred       NAV: net asset value         instead of the one, say the other
    avoid           exposure: say how much …     not said, and why
    explained       Sharpe ratio: [in relation…] said to private investors only with, or after, one of these explanations
    professional    [tracking error, …]          said to professional investors only
    abbreviations   [SRI, ISIN]                  the only ones that may be said
    reading         how hard it may be to follow, by audience

A `*` at the end of a term stands for any ending. Names, figures, quotations and approved notices are never judged: they are not the
team's words. How a word sounds is another file, `pronunciation.<language>.yaml`, and changes the voice alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.shapes import Choice, Entry, ListOf, MapOf, Record, Text, Whole
from workflow_orchestrator.definition.source import Source, read_source
from workflow_orchestrator.fields import LANGUAGES

_TERM = r"[^\W_](?:[^*\n{}]{0,78}[^\s*{}])?\*?"
_SAYS = "a word or phrase of at most 80 characters; * at its end stands for any ending"
_term = Text(_TERM, _SAYS)
_line = Text(r"[^\n{}]+", "plain words", longest=200)
_LIMITS = Record({
    "ease": Entry(Whole(-50, 100), "The lowest reading ease: 100 is easy, 60 plain, 30 difficult."),
    "sentence": Entry(Whole(5, 80), "The most words of a sentence; a figure counts as one."),
})
SHAPE = Record(
    {
        "format": Entry(Whole(1, 1), "The format of this file: 1.", required=True),
        "language": Entry(Choice(LANGUAGES), "The language of these words.", required=True),
        "preferred": Entry(MapOf(_line, _TERM, _SAYS), "Instead of this word → say this."),
        "avoid": Entry(MapOf(_line, _TERM, _SAYS), "A word that is not said → why, or what to say."),
        "explained": Entry(
            MapOf(ListOf(_term), _TERM, _SAYS), "A term → words, one of which private investors hear on that slide or before."
        ),
        "professional": Entry(ListOf(_term), "Words that only professional investors hear."),
        "abbreviations": Entry(
            ListOf(Text(r"[A-ZÄÖÜ][A-ZÄÖÜ0-9]{1,9}", "an abbreviation in capitals")), "The only abbreviations that may be said."
        ),
        "reading": Entry(
            Record({"retail": Entry(_LIMITS), "professional": Entry(_LIMITS)}), "How hard it may be to follow, by audience."
        ),
    },
    hints={"words": "did you mean 'preferred'?", "forbidden": "did you mean 'avoid'?"},
)
_ABBREVIATION = re.compile(r"(?<![\w-])[A-ZÄÖÜ]{2,10}(?![\w-])")


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard a script may be to follow: lowest reading ease (`readability`), most words of a sentence."""

    ease: int
    sentence: int


# Plain to fairly difficult in Flesch's own table (50 to 60), and difficult (30 to 50) for those whose trade it is.
USUAL = {"retail": Limits(50, 30), "professional": Limits(30, 40)}


@dataclass(frozen=True)
class Terms:
    """The terminology of one language. Without a file: no words are judged, and the usual limits of reading hold."""

    preferred: Mapping[str, str] = field(default_factory=dict)
    avoid: Mapping[str, str] = field(default_factory=dict)
    explained: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    professional: tuple[str, ...] = ()
    abbreviations: tuple[str, ...] | None = None
    reading: Mapping[str, Limits] = field(default_factory=lambda: dict(USUAL))

    def complaints(self, text: str, *, said: str, audience: str) -> Iterator[tuple[str, str]]:
        """What is wrong with an author's words: pairs of the words and why.

        Args:
            text: one sentence or heading, without names, figures and quotations.
            said: everything that is heard and read up to the end of its slide.
            audience: `retail` or `professional`.
        """
        for pattern, why in self._always:
            if match := pattern.search(text):
                yield match[0], why
        if audience == "retail":
            for pattern, why, with_ in self._for_private:
                match = pattern.search(text)
                if match and not any(one.search(said) for one in with_):
                    yield match[0], why
        if self.abbreviations is not None:
            for match in _ABBREVIATION.finditer(text):
                if match[0] not in self.abbreviations:
                    yield match[0], "is an abbreviation that the terminology list does not have; write it out, or add it"

    @cached_property
    def _always(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        preferred = ((pattern_of(term), f"is not how this workflow speaks; say {use!r}") for term, use in self.preferred.items())
        avoided = ((pattern_of(term), f"is not said: {why}") for term, why in self.avoid.items())
        return (*preferred, *avoided)

    @cached_property
    def _for_private(self) -> tuple[tuple[re.Pattern[str], str, tuple[re.Pattern[str], ...]], ...]:
        explained = (
            (pattern_of(term), f"is not explained to private investors; say {' or '.join(map(repr, words))} on this slide or before",
             tuple(map(pattern_of, words)))
            for term, words in self.explained.items()
        )  # fmt: skip
        return (*explained, *((pattern_of(t), "is a word for professional investors", ()) for t in self.professional))


NONE = Terms()


def pattern_of(term: str) -> re.Pattern[str]:
    """A term as a pattern: whole words, any white space between them, `*` for any ending; case counts in abbreviations only."""
    end = r"\w*" if term.endswith("*") else r"(?!\w)"
    words = r"\s+".join(map(re.escape, term.removesuffix("*").split()))
    flags = re.NOFLAG if len(term) > 1 and term.isupper() else re.IGNORECASE
    return re.compile(rf"(?<!\w){words}{end}", flags)


def terms_beside(narration: Path, language: str) -> Path:
    """Where the terminology of a narration file lies, if there is one."""
    return narration.with_name(f"terms.{language}.yaml")


def read_terms(path: Path, language: str, report: Report) -> Terms:
    """What a file says; everything that is wrong with it goes to the report, and then it says nothing."""
    before = len(report)
    source = read_source(path, report)
    if source is None:
        return NONE
    SHAPE.check(source.data, (), source, report)
    if len(report) == before:
        _check(source, language, report)
    return NONE if len(report) > before else _terms(source.data)


def terms_json_schema() -> dict[str, Any]:
    """The JSON Schema for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "terms.<language>.yaml",
        "description": "How a workflow speaks: docs/authoring.md says how.",
        **SHAPE.schema(),
    }


def _check(source: Source, language: str, report: Report) -> None:
    data = source.data
    if data["language"] != language:
        report.add("WF013", source, ("language",), f"the file is named {source.path.name} but its language is {data['language']}")
    seen: dict[str, str] = {}
    for key in ("preferred", "avoid", "explained", "professional"):
        for index, term in enumerate(data.get(key, ())):
            at = (key, index) if isinstance(data[key], list) else (key, term)
            plain = " ".join(term.casefold().split())
            if plain in seen:
                report.add("WF013", source, at, f"{term!r} stands under {seen[plain]} as well", "decide for one of them")
            seen[plain] = key
    refused = {term: pattern_of(term) for key in ("preferred", "avoid") for term in data.get(key, ())}
    for term, use in data.get("preferred", {}).items():
        for other, pattern in refused.items():
            # "yield" may become "yield to maturity": the longer phrase holds the shorter one.
            if other != term and pattern.search(use):
                report.add("WF013", source, ("preferred", term), f"{use!r} holds {other!r}, which is not said either")


def _terms(data: Mapping[str, Any]) -> Terms:
    reading = {
        audience: Limits(given.get("ease", usual.ease), given.get("sentence", usual.sentence))
        for audience, usual in USUAL.items()
        for given in (data.get("reading", {}).get(audience, {}),)
    }
    abbreviations: Sequence[str] | None = data.get("abbreviations")
    return Terms(
        preferred={term: use.strip() for term, use in data.get("preferred", {}).items()},
        avoid={term: why.strip() for term, why in data.get("avoid", {}).items()},
        explained={term: tuple(words) for term, words in data.get("explained", {}).items()},
        professional=tuple(data.get("professional", ())),
        abbreviations=None if abbreviations is None else tuple(abbreviations),
        reading=reading,
    )
