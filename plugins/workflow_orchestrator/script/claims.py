"""What a model may get wrong with bound figures: a gain called a loss, a figure under another field's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.script.guard import Finding
from workflow_orchestrator.script.model import Sentence
from workflow_orchestrator.script.wording import is_signed
from workflow_orchestrator.values import NUMERIC_KINDS, Value, ValueSet

_UP = {
    "en": r"\b(?:rose|rise[sn]?|gain(?:ed|s)?|increas\w+|grew|grown|climbed|advanced|added|up by|positive)\b",
    "de": r"\b(?:stieg(?:en)?|gestiegen|gewann|gewonnen|zugelegt|legte\b.*\bzu|wuchs|gewachsen|Zuwachs|Anstieg|"
          r"positiv\w*)\b",
    "fr": r"\b(?:progress\w+|gagn\w+|augment\w+|hausse|positi(?:f|ve)s?)\b",
}
_DOWN = {
    "en": r"\b(?:fell|fall(?:en|s)?|lost|loss(?:es)?|declin\w+|decreas\w+|dropped|down by|negative)\b",
    "de": r"\b(?:fiel(?:en)?|gefallen|verlor\w*|verloren|sank|gesunken|Rückgang|Verlust\w*|negativ\w*)\b",
    "fr": r"\b(?:baiss\w+|perdu\w*|perte\w*|recul\w*|diminu\w+|négati(?:f|ve)s?)\b",
}


def doubtful(where: str, sentence: Sentence, values: ValueSet, fields: FieldSet, language: str) -> Iterator[Finding]:
    """The claims of one sentence that its values do not bear out."""
    bound = [values[ref] for ref in sentence.refs if values[ref].kind in NUMERIC_KINDS]
    if bound:
        yield from _direction(where, sentence, bound, fields, language)
        yield from _misnamed(where, sentence, bound, fields, language)


def _direction(
    where: str, sentence: Sentence, bound: list[Value], fields: FieldSet, language: str
) -> Iterator[Finding]:
    signs = {_sign(value) for value in bound if is_signed(fields[value.field])}
    # With a gain and a loss in one sentence either word may be right.
    if len(signs) != 1:
        return
    (sign,) = signs
    for words, wrong in ((_UP, -1), (_DOWN, 1)):
        match = re.search(words[language], sentence.shown, re.IGNORECASE)
        if match and sign == wrong:
            yield Finding(where, match[0], "says the opposite of the sign of the figure")


def _sign(value: Value) -> int:
    number = value.value if isinstance(value.value, Decimal) else Decimal(0)
    return (number > 0) - (number < 0)


def _misnamed(
    where: str, sentence: Sentence, bound: list[Value], fields: FieldSet, language: str
) -> Iterator[Finding]:
    """A sentence names a field by its whole title and gives only figures of other fields."""
    own = {value.field for value in bound}
    own_titles = {_title(fields, name, language) for name in own}
    numeric = [name for name, spec in fields.items() if spec.kind in NUMERIC_KINDS]
    text = sentence.shown.casefold()
    named = {name for name in numeric if re.search(rf"\b{re.escape(_title(fields, name, language))}\b", text)}
    for name in sorted(named - own):
        title = _title(fields, name, language)
        if not any(title in other for other in own_titles):
            yield Finding(where, title, f"is named, but the sentence gives no value of {name}")


def _title(fields: FieldSet, name: str, language: str) -> str:
    title = fields[name].title
    return (title.get(language) or title["en"]).casefold()
