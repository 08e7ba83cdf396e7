"""Turns the printed words of one field into a typed value: the only way from words to a value, whoever found the words.

The offline reader, the answer of a model, a person's correction and the proof all go through `value_of`, so a quote
means the same to all of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from workflow_orchestrator.documents import Document
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold, fold_label
from workflow_orchestrator.extraction.table_units import scale_words
from workflow_orchestrator.extraction.units import (
    CURRENCIES,
    Unit,
    codes_in,
    currency_in,
    is_per_unit,
    pence_in,
    unit_of_label,
    without_brackets_behind,
)
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.figures import DecimalMark, Figure, decimal_mark_of, read_date, read_figure
from workflow_orchestrator.identifiers import SCHEMES
from workflow_orchestrator.values import Evidence, Kind, Origin, Value

_NUMERIC_DATE = re.compile(r"(?<![\d./-])(\d{1,2})([/-])(\d{1,2})\2(?:19|20)\d\d(?![\d/-])")
_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}\d")
_SCALED = re.compile(
    r"(?:(?P<word>[^\W\d_][\w ]*?)\s*:?\s*)?(?P<n>\d{1,2})(?:\s*(?:/|of|out of|von|sur|auf)\s*(?P<top>\d{1,2}))?"
)
_COUNT = re.compile(r"(?P<n>\d{1,3}(?:[,.' ]\d{3})+|\d{1,9})")
_YEARS_BEHIND = re.compile(r"\s*(?:years?|yrs?|jahren?|jahre?|ans?|années?)$")
_SHARED_SIGNS = {
    "$": ("USD", "AUD", "CAD", "HKD", "SGD", "NZD"),
    "¥": ("JPY", "CNY"),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
}
# Bodies and numbers that only papers of the United States name: there "$" is the US dollar.
_UNITED_STATES = re.compile(r"\b(?:CUSIP|FINRA|FDIC|SIPC)\b")
# Forms and laws of the United States that reports of companies name; one that counts in another dollar says so.
_UNITED_STATES_ISSUER = re.compile(r"\bForms? (?:10-[KQ]|8-K)\b|\bPrivate Securities Litigation Reform Act\b")
_OTHER_DOLLAR = re.compile(r"\b(?:Canadian|Australian|Hong Kong|Singapore|New Zealand|Taiwan) [Dd]ollars?\b|\b(?:C|A|HK|S|NZ|NT|CA|AU)\$")
SEPARATOR = " · "  # between the parts of a label: row, column, unit
_LARGEST_STEP = 99  # of a scale: a whole number that may be larger is a number of things
_MAX_TEXT = 160
_MAX_PARAGRAPH = 4000


@dataclass(frozen=True, slots=True)
class Reader:
    """What a document decides about the reading of its words.

    `currency` resolves signs that several currencies share; `dates` is the language for `read_date`; `sole` is the only currency
    whose code the document prints anywhere; `dollar` the currency of a bare "$", where the document shows which.
    """

    mark: DecimalMark | None
    dates: str
    currency: str = ""
    sole: str = ""
    dollar: str = ""

    @classmethod
    def of(cls, document: Document, currency: str = "") -> Reader:
        text = "\n".join(page.shown for page in document.pages)
        codes = codes_in(text)
        sole = next(iter(codes)) if len(codes) == 1 else ""
        issuer = _UNITED_STATES_ISSUER.search(text) and not _OTHER_DOLLAR.search(text)
        american = (_UNITED_STATES.search(text) or issuer) and codes <= {"USD"}
        return cls(
            decimal_mark_of(text), _date_language(document.language, text), currency, sole, "USD" if american else ""
        )

    def with_currency(self, currency: str) -> Reader:
        return replace(self, currency=currency)


def _date_language(language: str, text: str) -> str:
    """`uk` for an English document whose numeric dates show that the day comes first, and never the month.

    `us` for one of the United States whose dates show the contrary.
    """
    if language != "en":
        return language
    firsts = [(int(m[1]), int(m[3])) for m in _NUMERIC_DATE.finditer(text)]
    day_first = any(first > 12 for first, _ in firsts)
    month_first = any(second > 12 for _, second in firsts)
    if month_first and not day_first and _UNITED_STATES.search(text):
        return "us"
    return "uk" if day_first and not month_first else "en"


def value_of(spec: FieldSpec, key: str, evidence: Evidence, reader: Reader, origin: Origin) -> Value:
    """The value that the quote of `evidence` prints for a field.

    Raises:
        FigureError: the quote does not print a value of this kind, or prints a nil.
    """
    quote = evidence.quote
    if spec.kind in (Kind.PERCENT, Kind.RATIO, Kind.MONEY):
        return _number(spec, key, evidence, reader, origin)
    if spec.kind is Kind.INTEGER and spec.column:
        return _count(spec, key, evidence, reader, origin)
    if spec.kind is Kind.INTEGER:
        value = _integer(spec, quote)
        return Value(spec.name, spec.kind, value, evidence, origin, key=key, unit=spec.unit)
    if spec.kind is Kind.DATE:
        return Value(spec.name, spec.kind, _date(quote, reader), evidence, origin, key=key)
    return Value(spec.name, spec.kind, _words(spec, quote), evidence, origin, key=key)


def _number(spec: FieldSpec, key: str, evidence: Evidence, reader: Reader, origin: Origin) -> Value:
    money = spec.kind is Kind.MONEY
    pence = pence_in(evidence.quote) if money else ""
    figure = read_figure(pence or (without_brackets_behind(evidence.quote) if money else evidence.quote), reader.mark)
    if figure is None:
        raise FigureError(f"{evidence.quote!r} says that there is no value", printed=evidence.quote)
    value, unit, scale = figure.value, figure.unit, figure.scale
    if spec.kind is Kind.PERCENT:
        if unit not in ("%", "", "bps"):
            raise FigureError(f"{evidence.quote!r} is not in per cent", printed=evidence.quote)
        if scale:
            raise FigureError(f"{evidence.quote!r} has a scale word, a percentage has none", printed=evidence.quote)
        if unit == "bps":
            value, scale = value.scaleb(-2), -2
        unit = "%"
    elif spec.kind is Kind.RATIO:
        if unit or scale:
            raise FigureError(f"{evidence.quote!r} has a unit, a ratio has none", printed=evidence.quote)
    elif pence:
        value, unit, scale = value.scaleb(-2), "GBP", -2
    else:
        unit = _currency(figure, evidence.label, reader)
        value, scale = _scaled(figure, evidence.label)
    if spec.maximum == 0 and value > 0:
        value = -value  # a loss that the label names is often printed without its sign
    _check_range(spec, value, evidence.quote)
    return Value(
        spec.name,
        spec.kind,
        value,
        evidence,
        origin,
        key=key,
        unit=unit,
        decimals=figure.decimals,
        scale=scale,
    )


def _count(spec: FieldSpec, key: str, evidence: Evidence, reader: Reader, origin: Origin) -> Value:
    """A number of things in a statement, which may be printed in thousands or millions."""
    figure = read_figure(evidence.quote, reader.mark)
    if figure is None:
        raise FigureError(f"{evidence.quote!r} says that there is no value", printed=evidence.quote)
    if figure.unit:
        raise FigureError(f"{evidence.quote!r} has a unit, a number of things has none", printed=evidence.quote)
    value, scale = _scaled(figure, evidence.label)
    if value != value.to_integral():
        raise FigureError(f"{evidence.quote!r} is no whole number", printed=evidence.quote)
    _check_range(spec, value, evidence.quote)
    return Value(spec.name, spec.kind, value, evidence, origin, key=key, unit=spec.unit, decimals=figure.decimals, scale=scale)


def _unit_of_label(label: str) -> Unit:
    """The unit that a label names: in a part of its own, as the words over a table are, or within its words."""
    parts = [found for part in label.split(SEPARATOR)[1:] if (found := scale_words(part))]
    if not parts:
        return unit_of_label(label)
    return Unit(next((sign for sign, _ in parts if sign), ""), next((scale for _, scale in parts if scale), 0))


def _currency(figure: Figure, label: str, reader: Reader) -> str:
    """The currency that stands with the figure, or else in its label; of an amount per unit, the document's only one."""
    unit = figure.unit or _unit_of_label(label).currency
    if unit in CURRENCIES:
        return unit
    if unit == "$" and reader.dollar:
        return reader.dollar
    if reader.currency and reader.currency in _SHARED_SIGNS.get(unit, ()):
        return reader.currency
    if not unit and reader.sole and is_per_unit(label):
        return reader.sole
    raise FigureError(f"{figure.printed!r} names no currency that is certain", printed=figure.printed)


def _scaled(figure: Figure, label: str) -> tuple[Decimal, int]:
    """The amount and its scale; the scale may stand in the label, "Fund size (£m)"."""
    scale = _unit_of_label(label).scale
    if not scale or scale == figure.scale:
        return figure.value, figure.scale
    if figure.scale:
        raise FigureError(f"{figure.printed!r} has another scale than its label {label!r}", printed=figure.printed)
    value = figure.value.scaleb(scale)
    return (value.quantize(Decimal(1)) if value == value.to_integral() else value), scale


def _check_range(spec: FieldSpec, value: Decimal, quote: str) -> None:
    low, high = spec.minimum, spec.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        raise FigureError(f"{quote!r} is outside of {low} to {high}, where {spec.name} can lie", printed=quote)


def _integer(spec: FieldSpec, quote: str) -> Decimal:
    if spec.maximum is None or spec.maximum > _LARGEST_STEP or spec.unit == "years":
        return _whole(spec, quote)
    match = _SCALED.fullmatch(fold(quote))
    labels = {fold_label(label) for label in spec.all_labels()}
    if not match or (match["word"] and match["word"] not in labels):
        raise FigureError(f"{quote!r} is not one whole number", printed=quote)
    if match["top"] and spec.maximum is not None and Decimal(match["top"]) != spec.maximum:
        raise FigureError(f"{quote!r} is on another scale than 1 to {spec.maximum}", printed=quote)
    value = Decimal(match["n"])
    _check_range(spec, value, quote)
    return value


def _whole(spec: FieldSpec, quote: str) -> Decimal:
    """A number of things, "1,204", or of years, "5 years"; "more than 3 years" is none."""
    text = fold(quote)
    match = _COUNT.fullmatch(_YEARS_BEHIND.sub("", text) if spec.unit == "years" else text)
    if not match:
        raise FigureError(f"{quote!r} is not one whole number", printed=quote)
    value = Decimal(re.sub(r"\D", "", match["n"]))
    _check_range(spec, value, quote)
    return value


def _date(quote: str, reader: Reader) -> date:
    found = read_date(quote, reader.dates)
    american = _NUMERIC_DATE.fullmatch(quote.strip()) if found is None and reader.dates == "us" else None
    if american:  # month first
        found = read_date(f"{american[3]}/{american[1]}/{quote.strip()[-4:]}", "uk")
    if found is None:
        raise FigureError(f"{quote!r} is not one certain day", printed=quote)
    return found


def _words(spec: FieldSpec, quote: str) -> str:
    text = " ".join(quote.split())
    if spec.kind is Kind.ISIN:
        return _isin(text)
    if spec.kind is Kind.CURRENCY:
        currency = currency_in(text)
        if not currency:
            raise FigureError(f"{quote[:60]!r} is no ISO 4217 code and no name of one currency", printed=quote[:200])
        return currency
    if spec.kind is Kind.IDENTIFIER:
        return _identifier(spec, text)
    if spec.kind is Kind.CHOICE:
        return _choice(spec, text)
    if spec.most_words and len(text.split()) > spec.most_words:
        raise FigureError(f"{quote[:60]!r} has more than {spec.most_words} words", printed=quote[:200])
    if spec.form and not re.fullmatch(spec.form, text):
        raise FigureError(f"{quote[:60]!r} has not the form of {spec.name}", printed=quote[:200])
    limit = _MAX_PARAGRAPH if spec.kind is Kind.PARAGRAPH else _MAX_TEXT
    # What has a form may be digits alone, such as a year.
    if len(text) > limit or not (spec.form or any(char.isalpha() for char in text)):
        raise FigureError(f"{quote[:60]!r} is not a {spec.kind}", printed=quote[:200])
    return text


def _isin(text: str) -> str:
    from stdnum import isin

    compact = text.replace(" ", "")
    if not _ISIN.fullmatch(compact) or not isin.is_valid(compact):
        raise FigureError(f"{text!r} is not an ISIN with a right check digit", printed=text)
    return compact


def _identifier(spec: FieldSpec, text: str) -> str:
    found = SCHEMES[spec.scheme].read(text)
    if found is None:
        raise FigureError(f"{text[:80]!r} is no {spec.scheme.upper()}: its form or its check digit is wrong", printed=text[:200])
    return found


def _choice(spec: FieldSpec, text: str) -> str:
    folded = fold_label(text).strip("()[] ")
    found = {
        choice.value
        for choice in spec.choices
        for words in choice.words.values()
        if folded in {fold_label(word) for word in words}
    }
    if len(found) != 1:
        raise FigureError(f"{text!r} is none of the choices of {spec.name}", printed=text)
    return found.pop()
