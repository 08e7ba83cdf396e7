"""Names that hold a figure, as documents print them: a title such as "Reader2 in Practice", an index such as "World 100".

Such a figure counts nothing: it belongs to the name, and only where the name stands whole. Cut short, or with the figure alone, it is a
figure of somebody's own again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from workflow_orchestrator.extraction.units import CURRENCIES
from workflow_orchestrator.fields import CELL, FieldSet, FieldSpec
from workflow_orchestrator.script.numerals import find
from workflow_orchestrator.script.phrases import Phrase, Place
from workflow_orchestrator.values import Kind, Value, ValueSet

_CODES = frozenset({Kind.ISIN, Kind.IDENTIFIER})
_WORD = re.compile(r"[^\W\d_]+")
# Words with a capital that name no thing: they say what the figure beside them measures.
_MEASURES = re.compile(
    r"years?|months?|quarters?|half|halves|weeks?|days?|fiscal|[QHT]|FY|GJ|Jahre?[ns]?|Monate?[ns]?|Quartal\w*|Halbjahr\w*|"
    r"Geschäftsjahr\w*|Wochen?|Tage?n?|ans?|années?|mois|trimestre|semestre|exercice|semaines?|jours?|per|cent|pour|Prozent|"
    r"Mio|Mrd|Tsd|Euros?|Dollars?|Pounds?|Francs?|Franken|up|from|to|over|under|about|bis|von|über|unter|etwa|de|sur|jusqu|environ|"
    r"min|max|at|least|most|mindestens|höchstens|maximal|"
    r"January|February|March|April|May|June|July|August|September|October|November|December|"
    r"Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember|janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|"
    r"novembre|décembre",
    re.IGNORECASE,
)


def full_names(values: Iterable[Value], language: str) -> Iterator[tuple[Value, str]]:
    """The texts and codes among the values whose printed words are a name with a figure in it, each with these words.

    A text that is a figure with its unit ("5 years", "up to 20 %", "Q2 2026") is no name: it would lend its figure to any sentence.
    """
    for value in values:
        words = str(value.value)
        if (value.kind is Kind.TEXT and _is_name(words, language)) or (value.kind in _CODES and find(words, language)):
            yield value, words


def cell_names(value: Value, spec: FieldSpec, language: str) -> Iterator[tuple[str, str]]:
    """The names with a figure in them of a cell's row and column, each with the form of the value that is this name."""
    if spec.keyed == "cell":
        row, _, column = value.key.partition(CELL)
        yield from ((form, words) for form, words in (("row", row), ("column", column)) if _is_name(words, language))


def with_places(phrase: Phrase, values: ValueSet, fields: FieldSet, language: str) -> Phrase:
    """The phrase with a place wherever such a name was typed in full: whose it is, is known then, and how it is said.

    The names of a table's rows and columns count beside a figure of their own cell only.
    """
    if not any(find(part, language) for part in phrase.parts if isinstance(part, str)):
        return phrase
    places: dict[str, Place] = {}
    for place in phrase.places:
        cell = values.get(place.ref) if place.field in fields else None
        for form, words in cell_names(cell, fields[place.field], language) if cell else ():
            places.setdefault(" ".join(words.split()), Place(place.field, place.key, form))
    for value, words in full_names(values.values(), language):
        places.setdefault(" ".join(words.split()), Place(value.field, value.key))
    # The longest first, so that a long name is not taken for the short one that it begins with.
    names = sorted(places, key=len, reverse=True)
    if not names:
        return phrase
    pattern = re.compile("|".join(f"({standing_whole(name)})" for name in names))
    parts: list[str | Place] = []
    for part in phrase.parts:
        if isinstance(part, Place):
            parts.append(part)
            continue
        end = 0
        for match in pattern.finditer(part):
            parts += [part[end : match.start()], places[names[(match.lastindex or 1) - 1]]]
            end = match.end()
        parts.append(part[end:])
    return Phrase(tuple(part for part in parts if part != ""))


def standing_whole(name: str) -> str:
    """A pattern of a name that is not part of a longer word or figure, with any white space between its words."""
    words = r"[\s\u00a0]+".join(map(re.escape, name.split()))
    return rf"(?<![\w.,'’−+-])(?:{words})(?!\w)(?!-\w)(?![.,'’]\d)(?![\s\u00a0]?[%‰])"


def _is_name(words: str, language: str) -> bool:
    traces = find(words, language)
    rest = list(words)
    for trace in traces:
        rest[trace.start : trace.end] = " " * (trace.end - trace.start)
    own = [word for word in _WORD.findall("".join(rest)) if word not in CURRENCIES and not _MEASURES.fullmatch(word)]
    return bool(traces) and any(word[0].isupper() and len(word) > 1 for word in own)
