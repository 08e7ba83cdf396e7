"""Reads what a figure leaves to the words around it: a currency in words, a unit in brackets behind it, or one in its label.

Fund size (£m)   1,234.5        Valeur liquidative : 100,12 ( EUR )        Fondswährung   US-Dollar
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from workflow_orchestrator.extraction.fold import fold

# ISO 4217, currencies in circulation that funds and their assets are kept in.
CURRENCIES = frozenset(
    "AED ARS AUD BGN BHD BRL CAD CHF CLP CNH CNY COP CZK DKK EGP EUR GBP GEL HKD HUF IDR ILS INR ISK JOD JPY KES KRW "
    "KWD KZT LKR MAD MXN MYR NGN NOK NZD OMR PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TND TRY TWD UAH USD UYU "
    "VND ZAR".split()
)  # fmt: skip

# Names of currencies as documents print them, folded. A name that several currencies share ("dollar", "krone") is not here.
CURRENCY_NAMES = {
    "euro": "EUR", "euros": "EUR", "€": "EUR",
    "us dollar": "USD", "us dollars": "USD", "u.s. dollar": "USD", "u.s. dollars": "USD", "us-dollar": "USD",
    "united states dollar": "USD", "american dollar": "USD", "dollar américain": "USD", "dollar us": "USD", "us$": "USD",
    "sterling": "GBP", "pound sterling": "GBP", "pounds sterling": "GBP", "british pound": "GBP", "british pounds": "GBP",
    "uk sterling": "GBP", "gb pound": "GBP", "britisches pfund": "GBP", "pfund sterling": "GBP", "livre sterling": "GBP", "£": "GBP",
    "swiss franc": "CHF", "swiss francs": "CHF", "schweizer franken": "CHF", "franken": "CHF", "franc suisse": "CHF",
    "japanese yen": "JPY", "yen": "JPY", "japanischer yen": "JPY",
    "indian rupee": "INR", "indian rupees": "INR", "₹": "INR",
    "australian dollar": "AUD", "australian dollars": "AUD", "canadian dollar": "CAD", "hong kong dollar": "HKD",
    "singapore dollar": "SGD", "swedish krona": "SEK", "norwegian krone": "NOK", "danish krone": "DKK",
}  # fmt: skip

# Prices of the United Kingdom in pence: "118.42p", "118.42 pence", "GBX 118.42". "GBP" is the pound.
_PENCE = re.compile(r"(?:(?:GBX|GBp) ?)?(\d[\d,]*(?:\.\d+)?) ?(?:p|pence|GBX|GBp)|(?:GBX|GBp) ?(\d[\d,]*(?:\.\d+)?)")

_SCALE_WORDS = {
    "m": 6, "mm": 6, "mn": 6, "mio": 6, "mln": 6, "million": 6, "millions": 6, "millionen": 6,
    "bn": 9, "mrd": 9, "md": 9, "mds": 9, "billion": 9, "billions": 9, "milliarden": 9, "milliards": 9, "k": 3,
    "lakh": 5, "lakhs": 5, "lac": 5, "lacs": 5, "crore": 7, "crores": 7, "cr": 7,
}  # fmt: skip
_SIGNS = {"€": "EUR", "£": "GBP", "₹": "INR", "us$": "USD", "$": "$"}
_BRACKETED = re.compile(r"^(?P<figure>.*\d.*?)\s*\(\s*(?P<unit>[^()\d]+?)\s*\)$")
_IN_BRACKETS = re.compile(r"\(\s*([^()]*?)\s*\)")
_BEHIND = re.compile(r"\s(?:in|en)\s+((?:[^\W\d]|[€£$₹.])+(?:\s(?:[^\W\d]|[€£$₹.])+)?)$")
_PER_UNIT = re.compile(
    r"\b(?:per (?:unit|share)|(?:unit|share) price|je anteil|pro anteil|anteil(?:s)?wert|rücknahmepreis|"
    r"par (?:part|action)|unit nav)\b"
)
_GLUED = re.compile(r"(?P<sign>us\$|[€£$₹])?(?P<word>[^\W\d]+\.?)?(?P<behind>us\$|[€£$₹])?")
_CODE_AND_SCALE = re.compile(r"\b([A-Z]{3})(m|mn|bn)\b")
_CODE = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")


@dataclass(frozen=True, slots=True)
class Unit:
    """A currency, or the sign of several (`$`), and a power of ten; empty and 0 where nothing is said."""

    currency: str = ""
    scale: int = 0


def currency_in(text: str) -> str:
    """The one currency that words name: "EUR", "US Dollar", "Euro (EUR)", "USD - US dollar"; empty for none or several."""
    folded = fold(_CODE.sub(" ", text)).strip(" .:()-/,")
    parts = [part.strip(" .-") for part in re.split(r"[(),/]|\s-\s", folded) if part.strip(" .-")]
    named = {CURRENCY_NAMES.get(part, "") for part in parts} | set(_CODE.findall(text))
    return named.pop() if len(named) == 1 and named <= CURRENCIES else ""


def codes_in(text: str) -> frozenset[str]:
    """The ISO 4217 codes that stand in a text as words of their own."""
    return frozenset(_CODE.findall(text)) & CURRENCIES


def pence_in(text: str) -> str:
    """The figure of an amount in pence, without its unit; empty for anything else."""
    match = _PENCE.fullmatch(text)
    return (match[1] or match[2]) if match else ""


def without_brackets_behind(quote: str) -> str:
    """ "100.12 (EUR)" as "100.12 EUR", "1,234.56 ( million EUR )" as "1,234.56 million EUR"; anything else as it is."""
    match = _BRACKETED.match(quote)
    if not match or not unit_of(match["unit"]):
        return quote
    return f"{match['figure']} {match['unit']}"


def unit_of(text: str) -> Unit | None:
    """The unit that words are, all of them: "£m", "Mio. EUR", "million"; `None` when a word is something else."""
    currency, scale = "", 0
    for token in _CODE_AND_SCALE.sub(r"\1 \2", text).split():
        code = token if token in CURRENCIES else CURRENCY_NAMES.get(fold(token).removeprefix("d'"), "")
        match = _GLUED.fullmatch(fold(token))
        if not code and not match:
            return None
        word = "" if code or not match else (match["word"] or "").rstrip(".")
        sign = code or (_SIGNS.get(match["sign"] or match["behind"] or "", "") if match else "")
        power = _SCALE_WORDS.get(word, 0)
        if (word and not power) or (sign and currency) or (power and scale) or not (sign or power):
            return None
        currency, scale = currency or sign, scale or power
    return Unit(currency, scale) if currency or scale else None


def unit_of_label(label: str) -> Unit:
    """The unit that a label names in brackets or behind "in": "Fund size (£m)", "Fondsvolumen in Mio. EUR"."""
    texts = [*_IN_BRACKETS.findall(label), *_BEHIND.findall(label.rstrip(" :"))]
    texts = [re.sub(r"^(?:in|en)\s+", "", text) for text in texts]
    units = {unit for text in texts if (unit := unit_of(text))}
    return units.pop() if len(units) == 1 else Unit()


def without_unit(folded: str) -> str:
    """A folded label without the unit behind "in": "fondsvolumen in mio. eur" → "fondsvolumen"."""
    match = _BEHIND.search(folded)
    if not match:
        return folded
    known = unit_of(match[1].upper()) or unit_of(match[1])
    return folded[: match.start()].strip() if known else folded


def is_per_unit(label: str) -> bool:
    """Whether a label says that its amount is one unit's: then it is in the currency of the class, without a scale."""
    return bool(_PER_UNIT.search(fold(label)))
