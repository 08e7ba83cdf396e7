"""Reads printed figures and dates without guessing: what could be read in two ways is refused.

    "(0.45)%"  "−0,45 %"  "1'234.56"  "EUR 412.6 m"  "2,3 Mrd. €"  "35 bps"  "n/a"

A figure keeps its printed digits: `Figure.decimals` counts those after the decimal mark, `Figure.scale` is the power of
ten between the printed digits and the value. Whether "1,234" is 1234 or 1.234 depends on the document, so that needs
the document's decimal mark (`decimal_mark_of`) and is an error without it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from workflow_orchestrator.errors import FigureError

DecimalMark = Literal[".", ","]

_MINUS = "-−–‒‐‑﹣－"
_TRAILING_MINUS = "-−‐‑"  # a dash behind a figure is the beginning of a range
_SPACES = "\u00a0\u202f\u2009\u2007\u2008\u2002\u2003"
_APOSTROPHES = "'’‘ʼ`´"
_NIL = frozenset(
    {
        "n/a",
        "n.a.",
        "n.a",
        "na",
        "nm",
        "n.m.",
        "nav.",
        "–",
        "—",
        "-",
        "−",
        "--",
        "---",
        "...",
        "…",
        "k.a.",
        "k. a.",
        "n.v.",
        "n. v.",
        "n/v",
        "n.d.",
        "nd",
        "n.c.",
        "nc",
        "ns",
        "n.s.",
        "entfällt",
        "nil",
        "not available",
        "not applicable",
        "non disponible",
    }
)

# Signs that stand for one currency. "$", "¥" and "kr" stand for several and stay as printed: the document must decide.
_CURRENCY_SIGNS = {
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "₩": "KRW",
    "US$": "USD",
    "A$": "AUD",
    "C$": "CAD",
    "HK$": "HKD",
    "S$": "SGD",
    "$": "$",
    "¥": "¥",
    "kr": "kr",
}
_SCALES = {
    "k": 3, "tsd": 3, "tsd.": 3, "thousand": 3, "tausend": 3, "milliers": 3,
    "m": 6, "mm": 6, "mn": 6, "mio": 6, "mio.": 6, "million": 6, "millions": 6, "millionen": 6, "mln": 6, "mill.": 6,
    "bn": 9, "b": 9, "mrd": 9, "mrd.": 9, "mia": 9, "mia.": 9, "md": 9, "mds": 9, "billion": 9, "billions": 9,
    "milliarde": 9, "milliarden": 9, "milliard": 9, "milliards": 9,
    "lakh": 5, "lakhs": 5, "lac": 5, "lacs": 5, "crore": 7, "crores": 7, "cr": 7, "cr.": 7,
}  # fmt: skip
# A million millions in German and French, a thousand millions in English: unreadable in a document with decimal commas.
_LONG_SCALE = frozenset({"billion", "billions", "b"})
_UNITS = {
    "%": "%",
    "p.c.": "%",
    "per cent": "%",
    "percent": "%",
    "prozent": "%",
    "pour cent": "%",
    "bps": "bps",
    "bp": "bps",
    "pp": "pp",
    "x": "x",
}
_PER_YEAR = re.compile(
    r"\s*(?:p\.\s?a\.?|per annum|par an|pro jahr|annualised|annualized|annualisiert|annualisée?s?)\s*$",
    re.IGNORECASE,
)

# Not \d, which takes the digits of every script: a figure in two scripts is made to deceive.
_DIGITS = rf"[0-9]+(?:[.,{_APOSTROPHES} ][0-9]+)*"
_NUMBER = re.compile(_DIGITS)
_ISO = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")


@dataclass(frozen=True, slots=True)
class Figure:
    """A printed figure: `value` is the full value, so "412.6 m" is 412600000 with `scale` 6 and one decimal.

    `unit` is `%`, `bps`, `pp`, `x`, an ISO 4217 code, a sign that several currencies share (`$`, `¥`, `kr`), or empty.
    """

    value: Decimal
    unit: str
    scale: int
    decimals: int
    printed: str

    def __post_init__(self) -> None:
        if self.decimals < 0:
            raise ValueError(f"decimals are counted, they cannot be {self.decimals}")
        digits = self.value.scaleb(-self.scale)
        if digits != round(digits, self.decimals):
            raise ValueError(f"{self.printed!r}: {self.value} does not have {self.decimals} decimals at its scale")


def read_figure(text: str, decimal_mark: DecimalMark | None = None) -> Figure | None:
    """The figure that `text` prints, or `None` for a printed nil ("n/a", "–", "NM").

    Args:
        text: one cell: sign, digits, unit and scale word, nothing else.
        decimal_mark: the document's own mark. With it, "1,234" is readable and "0,75" in a "." document is refused.

    Raises:
        FigureError: no figure, more than one, an unknown word, or two possible readings.
    """
    shown = _fold(text)
    if not shown:
        raise FigureError("there is no figure in an empty text", printed=text)
    if shown.lower() in _NIL:
        return None
    yearly = _PER_YEAR.sub("", shown)  # "0.25% p.a." is 0.25 per cent
    if not yearly:
        raise FigureError(f"{text!r} holds no figure", printed=text)
    body, outside = _without_sign(yearly, text)
    unit, scale, digits, inside = _parts(body, text, decimal_mark)
    if outside and inside:
        raise FigureError(f"{text!r} has more than one sign", printed=text)
    whole, fraction = _split(digits, decimal_mark, text)
    number = Decimal(f"{whole}.{fraction}" if fraction else whole)
    value = number.scaleb(scale)
    if value == value.to_integral() and scale > 0:
        value = value.quantize(Decimal(1))
    return Figure(-value if "-" in (outside, inside) else value, unit, scale, len(fraction), text.strip())


def _fold(text: str) -> str:
    folded = "".join(" " if char in _SPACES else char for char in unicodedata.normalize("NFC", text))
    return re.sub(r"\s+", " ", folded).strip()


_Sign = Literal["", "+", "-"]


def _without_sign(shown: str, printed: str) -> tuple[str, _Sign]:
    """Takes off brackets or one sign; tells which sign they are."""
    bracket = re.fullmatch(r"([^()\d]*)\(\s*([^()]+?)\s*\)\s*(\D*)", shown)
    if bracket:
        before, inside, after = bracket.groups()
        if inside[0] in _MINUS + "+":
            raise FigureError(f"{printed!r} has a sign inside brackets; it can be read in two ways", printed=printed)
        return f"{before}{inside}{after}".strip(), "-"
    if shown[0] in _MINUS:
        return _unsigned(shown[1:], printed), "-"
    if shown[0] == "+":
        return _unsigned(shown[1:], printed), "+"
    trailing = re.fullmatch(rf"({_DIGITS})[{_TRAILING_MINUS}]", shown)
    if trailing:
        return trailing.group(1), "-"
    return shown, ""


def _unsigned(rest: str, printed: str) -> str:
    rest = rest.strip()
    if not rest or rest[0] in _MINUS + "+(":
        raise FigureError(f"{printed!r} has more than one sign", printed=printed)
    return rest


def _parts(body: str, printed: str, decimal_mark: DecimalMark | None) -> tuple[str, int, str, _Sign]:
    """Unit, scale and digits of a figure, and the sign that stands between a currency and its digits."""
    match = _NUMBER.search(body)
    if not match:
        raise FigureError(f"{printed!r} holds no figure", printed=printed)
    before, after = body[: match.start()].strip(), body[match.end() :].strip()
    if re.search(r"\d", after):
        raise FigureError(f"{printed!r} holds more than one figure", printed=printed)
    sign: _Sign = ""
    if before and before[-1] in _MINUS + "+":
        sign = "+" if before[-1] == "+" else "-"
        before = before[:-1].strip()
    unit = ""
    if before:
        # Only a currency may stand before the digits: in "mn EUR 90.95" the scale would be lost.
        unit = _currency(before)
        if not unit:
            raise FigureError(f"{printed!r}: {before!r} before the digits is not a currency", printed=printed)
    scale = 0
    for word in _words_after(after):
        kind = _UNITS.get(word.lower())
        power = _SCALES.get(word.lower())
        money = _currency(word)
        if (kind or money) and not unit:
            unit = kind or money
        elif power and not scale and not (decimal_mark == "," and word.lower() in _LONG_SCALE):
            scale = power
        else:
            raise FigureError(f"{printed!r}: {word!r} after the digits is not a unit that is known", printed=printed)
    return unit, scale, match.group(), sign


def _words_after(after: str) -> list[str]:
    if after.lower() in _UNITS:
        return [after]
    spaced = re.sub(r"([€£$₹¥%])", r" \1 ", after)
    spaced = re.sub(r"\b(US|A|C|HK|S) \$", r"\1$", spaced)
    return spaced.split()


def _currency(text: str) -> str:
    if text in _CURRENCY_SIGNS:
        return _CURRENCY_SIGNS[text]
    return text if _ISO.fullmatch(text) else ""


def _split(digits: str, mark: DecimalMark | None, printed: str) -> tuple[str, str]:
    """Whole and fractional digits, thousands marks taken out.

    Raises:
        FigureError: the marks are irregular, contradict the document's decimal mark, or allow two readings.
    """
    marks = [char for char in digits if not char.isdigit()]
    plain = "".join("'" if char in _APOSTROPHES else char for char in digits)
    if not marks:
        return _whole([plain], printed), ""
    kinds = {"'" if char in _APOSTROPHES else char for char in marks}
    decimal = _decimal_mark(plain, kinds, mark, printed)
    whole, fraction = plain, ""
    if decimal:
        if plain.count(decimal) != 1 or set(plain.rpartition(decimal)[2]) - set("0123456789"):
            raise FigureError(f"{printed!r}: {decimal!r} cannot be the decimal mark", printed=printed)
        whole, _, fraction = plain.rpartition(decimal)
    thousands = kinds - {decimal}
    if len(thousands) > 1:
        raise FigureError(f"{printed!r} mixes thousands marks", printed=printed)
    if mark in thousands:
        # "1.234.567" where the document's decimal mark is the point: two figures run together, 1.2 and 34.567.
        raise FigureError(f"{printed!r}: {mark!r} parts thousands here and decimals elsewhere", printed=printed)
    return _whole(whole.split(thousands.pop()) if thousands else [whole], printed), fraction


def _decimal_mark(plain: str, kinds: set[str], mark: DecimalMark | None, printed: str) -> str:
    candidates = kinds & {".", ","}
    if len(candidates) == 2:
        found = max(candidates, key=plain.rfind)
    elif not candidates:
        return ""
    else:
        found = _single_mark(plain, candidates.pop(), kinds, mark, printed)
    if found and mark and found != mark:
        raise FigureError(
            f"{printed!r}: its decimal mark is {found!r}, the document's is {mark!r}",
            printed=printed,
            mark=mark,
        )
    return found


def _single_mark(plain: str, char: str, kinds: set[str], mark: DecimalMark | None, printed: str) -> str:
    """Whether the only point or comma is a decimal mark (returned) or a thousands mark (empty)."""
    groups = plain.split(char)
    three = all(len(group) == 3 for group in groups[1:])
    if len(groups) > 2:
        return ""
    if not three or groups[0].startswith("0") or kinds - {char, " "} or len(groups[0].rpartition(" ")[2]) > 3:
        # Spaces decide nothing: "1 234,567" may be two columns, 1 and 234,567.
        return char
    if mark is None:
        raise FigureError(
            f"{printed!r} can be {plain.replace(char, '')} or {groups[0]}.{groups[1]}; "
            "the document's decimal mark must be known",
            printed=printed,
        )
    return char if mark == char else ""


def _whole(groups: list[str], printed: str) -> str:
    western = all(len(group) == 3 for group in groups[1:]) and 1 <= len(groups[0]) <= 3
    indian = len(groups) > 2 and len(groups[-1]) == 3 and all(len(g) == 2 for g in groups[1:-1]) and len(groups[0]) <= 2
    if len(groups) > 1 and not (western or indian):
        raise FigureError(f"{printed!r}: its digits are not grouped as thousands", printed=printed)
    if groups[0].startswith("0") and (len(groups[0]) > 1 or len(groups) > 1):
        # A day, a code, or two figures run together: "01.05", "007", "0,123,456".
        raise FigureError(f"{printed!r} begins with a zero that no figure has", printed=printed)
    return "".join(groups)


_STYLE = re.compile(
    r"(?<![\w.,'’/-])[-+−–(]?\d{1,3}(?:([.,'’ \u00a0\u202f])\d{3})*([.,])(\d{1,2}|\d{4,6})(?![\w.,/]|-\d)(?=(\s?%)?)"
)
_MONTH_OF_YEAR = re.compile(r"(?:0?[1-9]|1[0-2])\.(?:19|20)\d\d")
_FEW = 10  # one in ten


@dataclass(frozen=True, slots=True)
class Styles:
    """The figures of a text that can be read in one way, as they are printed, by the decimal mark that they show.

    Args:
        points: figures with a decimal point.
        commas: figures with a decimal comma.
        certain: those of both that no section number, law or date can be: with a thousands mark too, or per cent.
        whole: those that show both marks, "1.234,56", and so both customs.
    """

    points: tuple[str, ...]
    commas: tuple[str, ...]
    certain: frozenset[str]
    whole: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Styles:
        found = [match for match in _STYLE.finditer(text) if not _MONTH_OF_YEAR.fullmatch(match.group())]
        whole = {match.group() for match in found if match[1] in (".", ",") and match[1] != match[2]}
        per_cent = {match.group() for match in found if match[4]}
        points = tuple(match.group() for match in found if match[2] == ".")
        commas = tuple(match.group() for match in found if match[2] == ",")
        return cls(points, commas, frozenset(whole | per_cent), frozenset(whole))

    @property
    def mark(self) -> DecimalMark | None:
        """The decimal mark that decides how figures are read, or `None` when the text shows both or none."""
        points, commas = len(self.points), len(self.commas)
        if points > commas and commas * _FEW <= points and self.whole.isdisjoint(self.commas):
            return "."
        if commas > points and points * _FEW <= commas and self.whole.isdisjoint(self.points):
            return ","
        return None

    @property
    def mixed(self) -> tuple[str, str] | None:
        """A figure with a point and one with a comma, of a text that prints both customs; `None` when it does not."""
        point = next((figure for figure in self.points if figure in self.certain), None)
        comma = next((figure for figure in self.commas if figure in self.certain), None)
        if point and comma:
            return point, comma
        if self.points and self.commas and self.mark is None:
            return point or self.points[0], comma or self.commas[0]
        return None


def decimal_mark_of(text: str) -> DecimalMark | None:
    """The decimal mark that the figures of a document show, or `None` when they show both or none.

    Only figures that can be read in one way count. A few of the other kind (a section number, a law, the coupon in a bond's
    name) do not overrule many: up to one in ten, and none that shows both marks ("1.234,56").
    """
    return Styles.of(text).mark


_MONTHS: dict[str, tuple[str, ...]] = {
    "en": ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
           "september sept sep", "october oct", "november nov", "december dec"),
    "de": ("januar jänner jan", "februar feb", "märz mär mrz", "april apr", "mai", "juni jun", "juli jul", "august aug",
           "september sept sep", "oktober okt", "november nov", "dezember dez"),
    "fr": ("janvier janv jan", "février févr fév fevrier fev", "mars mar", "avril avr", "mai", "juin", "juillet juil",
           "août aout aoû", "septembre sept sep", "octobre oct", "novembre nov", "décembre déc decembre dec"),
}  # fmt: skip
MONTH_NAMES: dict[str, int] = {
    name: number
    for months in _MONTHS.values()
    for number, names in enumerate(months, start=1)
    for name in names.split()
}

_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_DAY_MONTH_YEAR = re.compile(r"(\d{1,2})(?:\.|st|nd|rd|th|er)?[ -]?(?:of )?([^\W\d_]+)\.?,?[ -]?(\d{4})")
_MONTH_DAY_YEAR = re.compile(r"([^\W\d_]+)\.? ?(\d{1,2})(?:st|nd|rd|th)?, ?(\d{4})")
_NUMERIC = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})")
_DAY_FIRST = frozenset({"de", "fr", "uk"})


def read_date(text: str, language: str) -> date | None:
    """The day that `text` prints, or `None` when it prints no single day ("Oct-26", "31/02/2026", "03/04/2026" in English).

    Args:
        text: the date and nothing else.
        language: `en`, `de`, `fr`, or `uk` for English with the day first. "03/04/2026" is a day in April in
            German, French and British documents; in `en` it may be either, so it is refused.
    """
    shown = _fold(text).lower().strip(" .,;")
    for pattern, order in ((_ISO_DATE, "ymd"), (_DAY_MONTH_YEAR, "dmy"), (_MONTH_DAY_YEAR, "mdy")):
        match = pattern.fullmatch(shown)
        if match:
            parts = dict(zip(order, match.groups(), strict=True))
            month = MONTH_NAMES.get(parts["m"]) or (int(parts["m"]) if parts["m"].isdigit() else 0)
            return _day(int(parts["y"]), month, int(parts["d"]))
    match = _NUMERIC.fullmatch(shown)
    if not match:
        return None
    first, mark, second, year = int(match[1]), match[2], int(match[3]), int(match[4])
    if mark == "." or language in _DAY_FIRST or first > 12 or first == second:
        return _day(year, second, first)
    if second > 12:
        return _day(year, first, second)
    return None


def _day(year: int, month: int, day: int) -> date | None:
    if not 1900 <= year <= 2199:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None
