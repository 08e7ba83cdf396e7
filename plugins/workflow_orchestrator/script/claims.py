"""What a model may get wrong with bound figures: a gain called a loss, a figure under another field's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.script.guard import Finding
from workflow_orchestrator.script.model import Sentence
from workflow_orchestrator.script.wording import is_signed
from workflow_orchestrator.values import NUMERIC_KINDS, Kind, Value, ValueSet

_UP = {
    "en": r"\b(?:rose|rise[sn]?|gain(?:ed|s)?|increas\w+|grew|grown|climbed|advanced|added|up by|positive)\b",
    "de": r"\b(?:stieg(?:en)?|gestiegen|gewann|gewonnen|zugelegt|legte\b.*\bzu|wuchs|gewachsen|Zuwachs|Anstieg|"
          r"positiv\w*)\b",
    "fr": r"\b(?:progress\w+|gagn\w+|augment\w+|hausse|positi(?:f|ve)s?)\b",
}
_DOWN = {
    "en": r"\b(?:(?:was|is|were|are|went|ended|closed|finished) down|shrank|slid|slipped|shed|tumbled|plunged|dipped|"
          r"fell|fall(?:en|s)?|lost|loss(?:es)?|declin\w+|decreas\w+|dropped|down by|negative)\b",
    "de": r"\b(?:büßte\w*|eingebüßt|gab(?:en)?\b.*\bnach|schrumpft\w*|"
          r"fiel(?:en)?|gefallen|verlor\w*|verloren|sank|gesunken|Rückgang|Verlust\w*|negativ\w*)\b",
    "fr": r"\b(?:cédé\w*|cède|chut\w+|repli\w*|rétréci\w*|baiss\w+|perdu\w*|perte\w*|recul\w*|diminu\w+|négati(?:f|ve)s?)\b",
}

# Words for a period, and the values that may stand beside them: whole fields, or one key of a field.
_SPAN = {
    r"since (?:its )?(?:launch|inception)|seit (?:Auflegung|Auflage)|depuis (?:le lancement|la création|l['’]origine)":
        (".since_inception",),
    r"since the (?:start|beginning) of the year|year[- ]to[- ]date|seit Jahresbeginn|depuis le début de l['’]année":
        ("ytd_performance",),
    r"(?:in|over|on|each|every|per|for) (?:the |a )?month|(?:im|jeden|pro) Monat|(?:sur le|chaque|par) mois":
        ("monthly_performance", "monthly_returns"),
    r"(?:in|over|each|every|last|past) (?:the |a )?quarter|(?:im|jedes) Quartal|(?:sur|au|chaque) (?:le )?trimestre": (".3m",),
    r"decades?|Jahrzehnt\w*|décennies?": (".10y",),
    r"weeks?|fortnight|Wochen?|semaines?|overnight|daily|täglich|quotidien\w*": (),
}


def doubtful(where: str, sentence: Sentence, values: ValueSet, fields: FieldSet, language: str) -> Iterator[Finding]:
    """The claims of one sentence that its values do not bear out."""
    bound = [values[ref] for ref in sentence.refs if values[ref].kind in NUMERIC_KINDS]
    if bound:
        yield from _direction(where, sentence, bound, fields, language)
        yield from _misnamed(where, sentence, bound, fields, language)
        yield from _span(where, sentence, bound, fields)


def _span(where: str, sentence: Sentence, bound: list[Value], fields: FieldSet) -> Iterator[Finding]:
    """A period in words stands only beside a result of that period."""
    refs = [value.ref for value in bound if is_signed(fields[value.field])]
    if not refs:
        return
    for words, allowed in _SPAN.items():
        match = re.search(rf"\b(?:{words})\b", sentence.shown, re.IGNORECASE)
        if match and not any(ref.endswith(end) if end[0] == "." else ref.startswith(end) for ref in refs for end in allowed):
            yield Finding(where, match[0], "is the period of none of the sentence's figures")


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
    named = {name for name in numeric if re.search(_as_said(_title(fields, name, language), language), text)}
    # One word such as "Wertentwicklung" names every result, whatever field has it as its title.
    result = any(is_signed(fields[name]) for name in own)
    for name in sorted(named - own):
        title = _title(fields, name, language)
        if result and " " not in title and is_signed(fields[name]):
            continue
        if not any(title in other for other in own_titles):
            yield Finding(where, title, f"is named, but the sentence gives no value of {name}")
    yield from _other_amount(where, text, bound, fields, own_titles)


def _other_amount(
    where: str, text: str, bound: list[Value], fields: FieldSet, own_titles: set[str]
) -> Iterator[Finding]:
    """An amount of money under a name that documents print beside another amount only: "net assets" with the value of a share."""
    own = {value.field for value in bound}
    if not any(fields[name].kind is Kind.MONEY for name in own):
        return
    own_names = own_titles | {label.casefold() for name in own for label in fields[name].all_labels()}
    for name, spec in fields.items():
        if spec.kind is Kind.MONEY and name not in own:
            labels = {label.casefold() for label in spec.all_labels() if len(label) > 8} - own_names
            said = next((label for label in sorted(labels) if re.search(rf"(?<!\w){re.escape(label)}(?!\w)", text)), "")
            if said and not any(said in other and other in text for other in own_names):
                yield Finding(where, said, f"is named, but the sentence gives no value of {name}")


def _as_said(title: str, language: str) -> str:
    """A pattern of a title; German gives its adjectives other endings inside a sentence."""
    words = title.split()
    if language == "de" and len(words) > 1:
        return r"\b" + r"\s+".join(re.escape(re.sub(r"e[nrsm]?$", "", word)) + r"(?:e[nrsm]?)?" for word in words) + r"\b"
    return rf"\b{re.escape(title)}\b"


def _title(fields: FieldSet, name: str, language: str) -> str:
    title = fields[name].title
    return (title.get(language) or title["en"]).casefold()
