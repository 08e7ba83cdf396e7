"""Numbers in words: how a voice says them, and how a text that should hold none gives them away.

    cardinal(412, "en")      four hundred and twelve
    one_by_one("93", "de")   neun drei
    day_in_words(31, "fr")   trente et un
    find("a third of it")    every digit run and every number word, with its place
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

DECIMAL_WORD = {"en": "point", "de": "Komma", "fr": "virgule"}
PERCENT_WORDS = {"en": "per cent", "de": "Prozent", "fr": "pour cent"}
MINUS_WORD = {"en": "minus", "de": "minus", "fr": "moins"}
PLUS_WORD = {"en": "plus", "de": "plus", "fr": "plus"}


@cache
def cardinal(number: int, language: str) -> str:
    """A whole number in words, without commas."""
    from num2words import num2words

    words: str = num2words(number, lang=language)
    return words.replace(",", "")


def one_by_one(digits: str, language: str) -> str:
    """Each digit as a word: how the places after a decimal mark are read."""
    return " ".join(cardinal(int(digit), language) for digit in digits)


@cache
def day_in_words(day: int, language: str) -> str:
    """The day of a month as it stands in a date.

    German dates are spoken after a preposition (`zum`, `am`, `vom`), so the day takes the ending of the dative;
    French says only the first day as an ordinal.
    """
    from num2words import num2words

    if language == "fr":
        return "premier" if day == 1 else cardinal(day, "fr")
    ordinal: str = num2words(day, lang=language, to="ordinal")
    return f"{ordinal}n" if language == "de" else ordinal


@cache
def year_in_words(year: int, language: str) -> str:
    """A year as it is said: "twenty twenty-six", "neunzehnhundertachtundneunzig"."""
    from num2words import num2words

    words: str = num2words(year, lang=language, to="year")
    return words.replace(",", "")


# Two or more letters: a single I, V or X is a share class or a word.
_ROMAN = re.compile(r"\b(?=[IVX]{2})X{0,3}(?:IX|IV|V?I{0,3})\b")


@dataclass(frozen=True, slots=True)
class Trace:
    """A digit run or number word found in a text."""

    words: str
    start: int
    end: int


def _any(words: str) -> str:
    return "|".join(sorted(words.split(), key=len, reverse=True))


_EN = _any(
    "zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand "
    "million billion trillion hundreds thousands millions billions trillions first second third fourth fifth "
    "sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth "
    "eighteenth nineteenth twentieth thirtieth hundredth half halves halved twice thrice double doubles "
    "doubled doubling triple triples tripled tripling quadruple quadrupled quintuple quintupled dozen dozens quarter quarters quartile "
    "quartiles quintile quintiles decile deciles percentile percentiles nought decade decades century"
)
_DE_PARTS = _any(
    "ein eins zwei zwo drei vier fünf sechs sieben acht neun zehn elf zwölf sechzehn siebzehn zwanzig dreißig "
    "dreissig vierzig fünfzig sechzig siebzig achtzig neunzig hundert tausend und null"
)
_DE_ENDINGS = r"s|te[nrsm]?|ste[nrsm]?|fach\w*|mal|jährig\w*|jahres?\w*|monatig\w*|monats\w*|prozentig\w*"
_DE_OTHERS = _any(
    "million millionen milliarde milliarden billion billionen erste ersten erster erstes dritte dritten "
    "dritter drittes siebte siebten siebter hälfte halb halbe halber halbes halben doppelt doppelte doppelten "
    "doppelter dutzend dutzende drittel viertel verdoppelt verdoppelte verdoppeln verdreifacht verdreifachte "
    "vervierfacht verfünffacht verzehnfacht halbiert halbierte quartil quartile quintil quintile dezil dezile zweiter "
    "zweite zweiten jahrzehnt jahrzehnte handvoll"
)
_FR = _any(
    "zéro deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt vingts "
    "trente quarante cinquante soixante septante huitante octante nonante cent cents mille million millions "
    "milliard milliards premier première premiers premières second seconde deuxième troisième quatrième "
    "cinquième sixième septième huitième neuvième dixième moitié demi demie double doublé doublée doubler "
    "triple triplé triplée dizaine dizaines douzaine vingtaine trentaine cinquantaine centaine centaines "
    "millier milliers quart quarts tiers décuplé décuplée quintuplé quintuplée quadruplé quadruplée quartile quintile "
    "décile quinzaine décennie"
)
# An article is a number only where something is counted or measured with it.
_ARTICLES = {
    "en": r"(?<!\bno )\bone\b(?! another)",
    "de": r"\bein(?:e[nmrs]?)?\b(?=\s+(?:Komma|Prozent|Million|Milliarde|Jahre?s?\b|Monate?s?\b))",
    "fr": r"\bune?\b(?!\s+(?:année à|an à) l['’]autre)(?=\s+(?:virgule|pour\s+cent|millions?|milliards?|ans?\b|années?\b|mois\b))",
}
_DE_PARTS_OF_A_WHOLE = r"(?:fünf|sechs|sieb|ach|neun|zehn|zwölf|zwanzigs|hunderts|tausends)tel\w?"
_OWN = {
    "en": rf"\b(?:{_EN})\b|\b\w+fold\b|\ba (?:couple|score|handful|fraction) of\b|\bsingle(?= per cent)",
    "de": rf"\b(?:(?:{_DE_PARTS})+(?:{_DE_ENDINGS})?|{_DE_OTHERS}|{_DE_PARTS_OF_A_WHOLE})\b",
    "fr": rf"(?<!pour )\b(?:{_FR})\b",
}
# Words of the other languages that are nothing else in this one ("elf", "four", "sept" and "neuf" are).
_FOREIGN = {
    "en": _any("two three five seven eight nine eleven twelve thirteen fifteen twenty thirty forty fifty sixty"),
    "de": _any("eins zwei drei vier fünf sechs sieben neun zehn zwölf zwanzig dreißig vierzig fünfzig hundert tausend"),
    "fr": _any("deux trois quatre cinq huit onze douze treize quinze vingt trente quarante cinquante soixante"),
}
_GERMAN_WORDS_THAT_ONLY_LOOK_LIKE_NUMBERS = re.compile(r"(?:ein|und|einfach\w*|einmal|ein(?:te|ste)\w*)", re.IGNORECASE)


@cache
def _words(language: str) -> re.Pattern[str]:
    foreign = "|".join(words for other, words in _FOREIGN.items() if other != language)
    return re.compile(rf"{_ARTICLES[language]}|{_OWN[language]}|\b(?:{foreign})\b", re.IGNORECASE)


def find(text: str, language: str) -> tuple[Trace, ...]:
    """Every digit run and number word of a text, in order.

    Digits are those of Unicode: "½", "²" and "Ⅳ" are found as well, and so are "IV" and "XII".
    """
    roman = (Trace(match[0], match.start(), match.end()) for match in _ROMAN.finditer(text))
    return tuple(sorted((*_digits(text), *roman, *_number_words(text, language)), key=lambda trace: trace.start))


def _digits(text: str) -> Iterator[Trace]:
    start: int | None = None
    for place, character in enumerate(f"{text} "):
        if unicodedata.category(character) in {"Nd", "Nl", "No"}:
            start = place if start is None else start
        elif start is not None and not (character in ".,'" and text[place + 1 : place + 2].isdigit()):
            yield Trace(text[start:place], start, place)
            start = None


def _number_words(text: str, language: str) -> Iterator[Trace]:
    for match in _words(language).finditer(text):
        if language == "de" and _GERMAN_WORDS_THAT_ONLY_LOOK_LIKE_NUMBERS.fullmatch(match[0]):
            before_unit = re.match(_ARTICLES["de"], text[match.start() :], re.IGNORECASE)
            if before_unit is None:
                continue
        yield Trace(match[0], match.start(), match.end())
