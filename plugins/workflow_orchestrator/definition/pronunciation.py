"""How words are spoken: `include/prompts/<workflow>/pronunciation.<language>.yaml`, a lexicon for the voice alone.

    format: 1
    words:
      UCITS: {say: you sits}
      Aldermoor: {say: Alder more, ipa: ˈɔːldəmɔː}

Slides and captions keep the written word. A figure is never touched: an entry whose word or spoken form has a digit, a number word, a
sign or a scale in it is refused, and what a sentence counts is the same before and after.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.shapes import Entry, MapOf, Record, Text, Whole
from workflow_orchestrator.definition.source import Source, read_source

_WORD = r"[^\W_](?:[^\n]{0,58}[^\W_])?\.?"
_IPA = r"[^\s<>&\"'\d][^<>&\"'\d\n]{0,99}"
LEXICON = Record(
    {
        "format": Entry(Whole(1, 1), "The format of this file: 1.", required=True),
        "words": Entry(
            MapOf(
                Record(
                    {
                        "say": Entry(
                            Text(r"[^\n<>\[\]{}&]+", "plain words", longest=200),
                            "The word as it sounds, in plain letters.",
                            required=True,
                        ),
                        "ipa": Entry(
                            Text(_IPA, "signs of the phonetic alphabet (IPA)"),
                            "The same in IPA, for voices that take it.",
                        ),
                    }
                ),
                _WORD,
                "a word or name of at most 60 characters, as it is written",
            ),
            "Words as they are written, and how they are spoken.",
            required=True,
        ),
    },
    hints={"terms": "did you mean 'words'?", "entries": "did you mean 'words'?"},
)
# What a figure is read with, beside its number words.
_FIGURE_WORDS = {
    "en": "point points minus plus per cent percent basis times euro euros dollar dollars pound pounds pence cent cents franc",
    "de": "komma minus plus prozent prozentpunkt prozentpunkte basispunkt basispunkte mal euro dollar pfund franken cent",
    "fr": "virgule moins plus pour cent pourcent points base fois euro euros dollar dollars livre livres franc francs centime centimes",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a sentence as it is written; for a word of the lexicon with how it sounds, otherwise with the same text."""

    text: str
    say: str
    ipa: str = ""


@dataclass(frozen=True)
class Pronunciation:
    """The lexicon of one language: `words` maps a written word to its plain respelling and its IPA ("" without)."""

    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        if not self.words:
            return None
        longest_first = sorted(self.words, key=lambda word: (-len(word), word))
        # A name is found also where its words are held together by a no-break space.
        spelt = (r"\s+".join(map(re.escape, word.split())) for word in longest_first)
        return re.compile(rf"(?<!\w)(?:{'|'.join(spelt)})(?!\w)")

    def parts(self, text: str) -> Iterator[Part]:
        """The sentence in pieces; put together, their `text` is the sentence."""
        end = 0
        for match in () if self._pattern is None else self._pattern.finditer(text):
            if match.start() > end:
                yield Part(text[end : match.start()], text[end : match.start()])
            say, ipa = self.words[" ".join(match[0].split())]
            yield Part(match[0], say, ipa)
            end = match.end()
        if end < len(text):
            yield Part(text[end:], text[end:])

    def applied(self, text: str) -> str:
        """The sentence with every word of the lexicon in its plain respelling."""
        return "".join(part.say for part in self.parts(text))

    def to_json(self) -> dict[str, Any]:
        return {word: list(spoken) for word, spoken in sorted(self.words.items())}


NONE = Pronunciation()


def file_name(language: str) -> str:
    """The name of a language's lexicon in a workflow's folder of prompts."""
    return f"pronunciation.{language}.yaml"


def load_pronunciation(prompts: Path, language: str) -> Pronunciation:
    """The lexicon of a workflow; an empty one where it has none for the language.

    Args:
        prompts: the workflow's folder in `include/prompts`.
        language: `en`, `de` or `fr`.

    Raises:
        DefinitionError: the file is wrong; every problem is listed.
    """
    path = prompts / file_name(language)
    if not path.is_file():
        return NONE
    report = Report(prompts.parent.parent.parent)
    found = read_pronunciation(path, language, report)
    report.raise_if_any(report.shown(path).as_posix())
    return found


def read_pronunciation(path: Path, language: str, report: Report) -> Pronunciation:
    """What a file says; what is wrong goes to the report."""
    before = len(report)
    source = read_source(path, report)
    if source is None:
        return NONE
    LEXICON.check(source.data, (), source, report)
    if len(report) > before:
        return NONE
    words: dict[str, tuple[str, str]] = {}
    for at, entry in source.walk(("words",)):
        word = str(at[-1])
        _check_entry(at, word, entry["say"], language, source, report)
        plain = " ".join(word.split())
        if plain in words:
            report.add("WF003", source, at, f"the word {plain!r} is given twice", "remove one of them", key=True)
        words[plain] = (entry["say"], entry.get("ipa", ""))
    return Pronunciation(words)


def _check_entry(at: tuple[str | int, ...], word: str, say: str, language: str, source: Source, report: Report) -> None:
    for text, place, is_key in ((word, at, True), (say, (*at, "say"), False)):
        number = next(iter(_figure_words(text, language)), None)
        if number is not None:
            message = f"{text!r} holds {number!r}, which belongs to a figure; how a figure is spoken is never changed"
            report.add("WF013", source, place, message, "remove the entry or write it otherwise", key=is_key)
    if not any(character.isalpha() for character in say):
        report.add("WF013", source, (*at, "say"), f"{say!r} has no letter, so nothing would be heard")


def _figure_words(text: str, language: str) -> Iterator[str]:
    from workflow_orchestrator.script.numerals import find

    yield from (trace.words for trace in find(text, language))
    signs = re.search(r"[%‰+−€$£¥]|(?<!\w)-(?=\w)", text)
    if signs:
        yield signs[0]
    known = set(_FIGURE_WORDS[language].split())
    yield from (word for word in re.findall(r"\w+", text.casefold()) if word in known)
