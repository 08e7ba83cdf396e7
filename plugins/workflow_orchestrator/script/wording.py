"""One value in its written and its spoken form, from the same `Value`, so that eye and ear get the same figure.

    Value(percent, 1.93)      +1.93%            plus one point nine three per cent
    the same, German          +1,93 %           plus eins Komma neun drei Prozent
    Value(money, 412.6 m)     €412.6 million    four hundred and twelve point six million euros

The digits are always the printed ones: never rounded, never padded, in the printed scale.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from workflow_orchestrator.errors import ScriptError
from workflow_orchestrator.fields import CELL, FieldSet, FieldSpec
from workflow_orchestrator.script import currencies
from workflow_orchestrator.script.numerals import (
    DECIMAL_WORD,
    MINUS_WORD,
    PERCENT_WORDS,
    PLUS_WORD,
    cardinal,
    day_in_words,
    one_by_one,
    year_in_words,
)
from workflow_orchestrator.values import Kind, Value

MINUS = "\u2212"  # as wide as the plus sign, so that figures line up
NO_BREAK = "\u00a0"


def _list(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_MARK = {"en": ".", "de": ",", "fr": ","}
_GROUP = {"en": ",", "de": ".", "fr": NO_BREAK}
_MONTHS = {
    "en": _list("January February March April May June July August September October November December"),
    "de": _list("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
    "fr": _list("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
}
_SHORT_MONTHS = {
    "en": _list("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
    "de": _list("Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez"),
    "fr": _list("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."),
}
_UP_TO = {"en": "to", "de": "bis", "fr": "à"}  # before the last of twelve months
# power of ten → language → (written, said of one, said of many)
_SCALES: dict[int, dict[str, tuple[str, str, str]]] = {
    3: {"en": ("thousand", "thousand", "thousand"), "de": ("Tsd.", "tausend", "tausend"),
        "fr": ("k", "mille", "mille")},
    6: {"en": ("million", "million", "million"), "de": ("Mio.", "Million", "Millionen"),
        "fr": ("M", "million", "millions")},
    9: {"en": ("billion", "billion", "billion"), "de": ("Mrd.", "Milliarde", "Milliarden"),
        "fr": ("Md", "milliard", "milliards")},
    12: {"en": ("trillion", "trillion", "trillion"), "de": ("Bio.", "Billion", "Billionen"),
         "fr": ("Bn", "billion", "billions")},
}
_OUT_OF = {"en": "out of", "de": "von", "fr": "sur"}
_UNITS_OF_TIME = {
    "y": {"en": r"years?", "de": r"Jahre?[ns]?", "fr": r"ans?|années?"},
    "m": {"en": r"months?", "de": r"Monate?[ns]?", "fr": r"mois"},
}
_ADJECTIVES = {"y": r"jährig\w*|jahres\w*", "m": r"monatig\w*|monats\w*"}
FORMS = ("", "key", "row", "column", "scale", "year", "month", "page", "spelled")


@dataclass(frozen=True, slots=True)
class Written:
    """The same words for the eye and for the voice."""

    shown: str
    spoken: str


def shown(
    value: Value, language: str, *, spec: FieldSpec | None = None, signed: bool | None = None
) -> str:
    """The written form. `signed` says whether a gain carries a plus; left out, `spec` decides (see `is_signed`)."""
    return _figure(value, language, spec, signed).shown


def spoken(
    value: Value, language: str, *, spec: FieldSpec | None = None, signed: bool | None = None
) -> str:
    """The words for a voice, from the same digits as `shown`."""
    return _figure(value, language, spec, signed).spoken


def is_signed(spec: FieldSpec) -> bool:
    """Whether a plus means something: a percentage that may rise and fall, and not a weight.

    Charges, volatilities and weights start at zero, a drawdown ends there; their sign says nothing new. Nor does that of a margin: of a
    statement only a printed change carries one.
    """
    if spec.kind is not Kind.PERCENT or spec.keyed == "name" or spec.column not in ("", "change"):
        return False
    may_fall = spec.minimum is None or spec.minimum < 0
    may_rise = spec.maximum is None or spec.maximum > 0
    return may_fall and may_rise


class Wording:
    """The forms of every value of one document kind in one language."""

    def __init__(self, fields: FieldSet, language: str) -> None:
        self.fields = fields
        self.language = language
        self._periods: dict[str, tuple[str, ...]] = {}

    def shown(self, value: Value) -> str:
        return self.write(value).shown

    def spoken(self, value: Value) -> str:
        return self.write(value).spoken

    def write(self, value: Value, form: str = "") -> Written:
        """A value in one of its `FORMS`.

        `key` names the period, year, month, holding or cell, or the list that a value is of; `row` and `column` are the two names of a
        cell; `scale` adds the end of the
        scale ("4 out of 7"); `year` and `month` shorten a date; `page` is where the value is printed; `spelled` is read letter by
        letter.

        Raises:
            ScriptError: the value has no such form, or digits that the document did not print.
        """
        spec = self.fields[value.field]
        match form:
            case "":
                return _figure(value, self.language, spec, None)
            case "key" if value.key:
                return self._key(value, spec)
            case "row" | "column" if spec.keyed == "cell":
                row, _, column = value.key.partition(CELL)
                name = row if form == "row" else column.replace(CELL, ", ")
                return Written(name, name)
            case "scale" if value.kind is Kind.INTEGER and spec.maximum is not None:
                return self._on_scale(value, spec.maximum)
            case "year" | "month" if isinstance(value.value, date):
                return _shortened(value.value, form, self.language)
            case "page":
                return Written(str(value.evidence.page), cardinal(value.evidence.page, self.language))
            case "spelled" if isinstance(value.value, str):
                return Written(value.value, " ".join(self._letter(character) for character in value.value))
        raise ScriptError(f"{value.ref} has no form {form!r}", ref=value.ref, form=form)

    def label(self, value: Value, *, first: bool = False) -> str:
        """What stands beside the figure. Months are short; the year is added in January and on the `first` bar."""
        keyed = self.fields[value.field].keyed
        if keyed not in ("month", "year_to"):
            return self.fields.label_of(value.ref, self.language)
        year, month = value.key.split("-")
        name = _SHORT_MONTHS[self.language][int(month) - 1]
        if keyed == "year_to":
            return f"{_UP_TO[self.language]} {name} {year}"
        return f"{name} {year}" if first or month == "01" else name

    def forms(self, value: Value) -> tuple[Written, ...]:
        """Every form in which this value may stand in a text: the figure forms first, then those of its key."""
        found = []
        for form in FORMS:
            try:
                found.append(self.write(value, form))
            except ScriptError:
                continue
        return tuple(found)

    def period_patterns(self, value: Value) -> tuple[str, ...]:
        """Patterns for the length of time that a value speaks of: "1 year", "over three years", "dreijährig".

        The number comes from the key ("3y") or, for a field without keys, from its own title and labels ("1 month").
        """
        if value.ref not in self._periods:
            self._periods[value.ref] = tuple(self._periods_of(value))
        return self._periods[value.ref]

    def _periods_of(self, value: Value) -> Iterator[str]:
        spec = self.fields[value.field]
        if key := re.fullmatch(r"(\d+)([my])", value.key):
            yield from self._lasting(int(key[1]), key[2])
            return
        words = [*spec.title.values(), *spec.all_labels()] if not value.key else []
        for unit, names in _UNITS_OF_TIME.items():
            expression = rf"\b(\d+)\s*(?:{'|'.join(names.values())})\b"
            for number in {int(found[1]) for text in words for found in re.finditer(expression, text, re.IGNORECASE)}:
                yield from self._lasting(number, unit)

    def _lasting(self, number: int, unit: str) -> Iterator[str]:
        names = _UNITS_OF_TIME[unit][self.language]
        word = cardinal(number, self.language)
        if number == 1:
            word = {"en": "one", "de": "ein(?:e[mns])?", "fr": "une?"}[self.language]
        yield rf"(?:{number}|{word})[\s\u00a0-]+(?:{names})"
        if self.language == "de":
            stem = "ein" if number == 1 else word
            yield rf"(?:{number}-?|{stem})(?:{_ADJECTIVES[unit]})"

    def _key(self, value: Value, spec: FieldSpec) -> Written:
        if spec.keyed == "year":
            return Written(value.key, year_in_words(int(value.key), self.language))
        if spec.keyed in ("month", "year_to"):
            year, month = (int(part) for part in value.key.split("-"))
            return _shortened(date(year, month, 1), "month", self.language)
        if spec.keyed == "name":
            return Written(value.key, value.key)
        if spec.keyed == "cell":
            return Written(value.key.replace(CELL, ", "), value.key.replace(CELL, ", "))
        title = self.fields.title_of(value.ref, self.language)
        return Written(title, re.sub(r"\d+", self._counted, title))

    def _counted(self, digits: re.Match[str]) -> str:
        number = int(digits[0])
        return "ein" if self.language == "de" and number == 1 else cardinal(number, self.language)

    def _on_scale(self, value: Value, highest: Decimal) -> Written:
        out_of = _OUT_OF[self.language]
        figure = _figure(value, self.language, None, False)
        end = cardinal(int(highest), self.language)
        return Written(f"{figure.shown} {out_of} {int(highest)}", f"{figure.spoken} {out_of} {end}")

    def _letter(self, character: str) -> str:
        return cardinal(int(character), self.language) if character.isdigit() else character


def _figure(value: Value, language: str, spec: FieldSpec | None, signed: bool | None) -> Written:
    if signed is None:
        signed = spec is not None and is_signed(spec)
    match value.value:
        case Decimal():
            return _number(value, language, signed)
        case date() as day:
            return _day(day, language)
    if value.kind is Kind.CHOICE and spec is not None:
        for choice in spec.choices:
            if choice.value == value.value:
                title = choice.title.get(language) or choice.title["en"]
                return Written(title, title)
    if value.kind is Kind.CURRENCY:
        return Written(value.value, currencies.name(value.value, language, many=False))
    return Written(value.value, value.value)


def _number(value: Value, language: str, signed: bool) -> Written:
    digits = _Digits.of(value)
    sign, sign_word = "", ""
    if digits.negative:
        sign, sign_word = MINUS, f"{MINUS_WORD[language]} "
    elif signed and value.value:
        sign, sign_word = "+", f"{PLUS_WORD[language]} "
    figure, words = digits.shown(language), digits.spoken(language)
    match value.kind:
        case Kind.PERCENT:
            percent = "%" if language == "en" else f"{NO_BREAK}%"
            return Written(f"{sign}{figure}{percent}", f"{sign_word}{words} {PERCENT_WORDS[language]}")
        case Kind.MONEY:
            return Written(
                _amount(sign, figure, value.unit, digits.scale, language),
                f"{sign_word}{_amount_in_words(words, digits, value.unit, language)}",
            )
        case Kind.INTEGER if not digits.fraction:
            return Written(f"{sign}{figure}", f"{sign_word}{cardinal(digits.whole, language)}")
    return Written(f"{sign}{figure}", f"{sign_word}{words}")


@dataclass(frozen=True, slots=True)
class _Digits:
    """The printed digits of a number: whole part, places after the mark, and the power of ten printed as a word."""

    negative: bool
    whole: int
    fraction: str
    scale: int

    @classmethod
    def of(cls, value: Value) -> _Digits:
        number = Decimal(value.value)  # type: ignore[arg-type]  # a numeric kind holds a Decimal
        scale, decimals = value.scale, value.decimals
        if scale and scale not in _SCALES:
            # A scale without a word (lakh, crore) is written out in full.
            scale, decimals = 0, max(0, decimals - scale)
        printed = number.scaleb(-scale)
        text = f"{printed.copy_abs():.{decimals}f}"
        if Decimal(text) != printed.copy_abs():
            raise ScriptError(
                f"{value.ref} is {number}, which is not a figure of {decimals} decimals as printed "
                f"({value.evidence.quote!r}); correct the value or its decimals",
                ref=value.ref,
            )
        whole, _, fraction = text.partition(".")
        return cls(printed.is_signed(), int(whole), fraction, scale)

    def shown(self, language: str) -> str:
        whole = f"{self.whole:,}".replace(",", _GROUP[language])
        return f"{whole}{_MARK[language]}{self.fraction}" if self.fraction else whole

    def spoken(self, language: str) -> str:
        if self.fraction:
            places = one_by_one(self.fraction, language)
            return f"{cardinal(self.whole, language)} {DECIMAL_WORD[language]} {places}"
        return "ein" if language == "de" and self.whole == 1 else cardinal(self.whole, language)

    @property
    def is_one(self) -> bool:
        return self.whole == 1 and not self.fraction


def _amount(sign: str, figure: str, code: str, scale: int, language: str) -> str:
    unit = currencies.sign(code, language)
    written = _SCALES[scale][language][0] if scale else ""
    if language == "en":
        before = f"{sign}{unit}" if not unit[-1].isalpha() else f"{unit}{NO_BREAK}{sign}"
        return f"{before}{figure}{NO_BREAK}{written}" if written else f"{before}{figure}"
    if language == "fr" and written:
        # "412,6 M€", but "412,6 M USD": a code set solid would read as one word.
        unit = f"{written}{unit}" if unit == "€" else f"{written}{NO_BREAK}{unit}"
        return f"{sign}{figure}{NO_BREAK}{unit}"
    parts = (f"{sign}{figure}", written, unit) if written else (f"{sign}{figure}", unit)
    return NO_BREAK.join(parts)


def _amount_in_words(words: str, digits: _Digits, code: str, language: str) -> str:
    many = not digits.is_one
    if not digits.scale:
        return f"{words} {currencies.name(code, language, many=many)}"
    _, one, several = _SCALES[digits.scale][language]
    plural = digits.whole >= 2 if language == "fr" else many
    unit = currencies.name(code, language, many=True)
    if language == "de" and digits.is_one and digits.scale >= 6:
        words = "eine"
    if language == "fr" and digits.scale >= 6:
        unit = f"d'{unit}" if unit[0] in "aeiouyAEIOU" and not unit.startswith("yen") else f"de {unit}"
    return f"{words} {several if plural else one} {unit}"


@cache
def _day(day: date, language: str) -> Written:
    month = _MONTHS[language][day.month - 1]
    words, year = day_in_words(day.day, language), year_in_words(day.year, language)
    match language:
        case "de":
            return Written(f"{day.day}. {month} {day.year}", f"{words} {month} {year}")
        case "fr":
            first = "1er" if day.day == 1 else str(day.day)
            return Written(f"{first} {month} {day.year}", f"{words} {month} {year}")
    return Written(f"{day.day} {month} {day.year}", f"the {words} of {month} {year}")


def _shortened(day: date, form: str, language: str) -> Written:
    year = year_in_words(day.year, language)
    if form == "year":
        return Written(str(day.year), year)
    month = _MONTHS[language][day.month - 1]
    return Written(f"{month} {day.year}", f"{month} {year}")
