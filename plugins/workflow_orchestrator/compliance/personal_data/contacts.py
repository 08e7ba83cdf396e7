"""E-mail addresses, telephone numbers and network addresses.

A telephone number counts by its country code, by a form that figures do not have, or by the word before it; the numbering plans are
those of the library phonenumbers. Return grids, dates and amounts look like telephone numbers to a looser search, and a masked
figure is lost.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from workflow_orchestrator.compliance.personal_data.model import Found, PersonalKind

_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+'-]{1,64}@(?:[^\W_](?:[\w-]{0,62})\.){1,6}[^\W\d_]{2,24}(?![\w-])"
    # Several people at one host, as papers print them.
    r"|\{[\w.+', -]{3,200}\} ?@(?:[\w-]{1,63}\.){1,6}[^\W\d_]{2,24}(?![\w-])"
    # Written so that no machine finds it.
    r"|(?<![\w.+-])[\w.+-]{1,64} ?[(\[{](?:at|@|ät|arobase)[)\]}] ?"
    r"(?:[\w-]{1,63}(?:\.| ?[(\[{](?:dot|punkt|point)[)\]}] ?)){1,5}[^\W\d_]{2,24}(?![\w-])",
    re.IGNORECASE,
)
_GAP = "[ \u00a0\u202f]"
_SEP = "[ \u00a0\u202f./\u2010\u2011\u2013-]"
# A figure may stand before and after: "3704 0044 0532" is part of an account, "12 34,5" of an amount.
_BEFORE, _AFTER = rf"(?<![\w+.,])(?<!\d{_GAP})", r"(?![\d%]|[.,]\d)"
_EXTENSION = rf"(?:{_GAP}?(?:ext\.?|extension|x|Durchwahl|DW|poste){_GAP}?\d{{1,5}}(?!\d))?"
_TRUNK = rf"(?:{_GAP}?\(\d{{1,5}}\){_GAP}?\d{{0,9}})?"
_INTERNATIONAL = (
    re.compile(
        rf"{_BEFORE}\(?(?:\+{_GAP}?|00)\d{{1,3}}\)?{_TRUNK}(?:[ \u00a0\u202f/\u2010\u2011\u2013-]{{1,2}}\d{{1,9}}){{1,6}}"
        rf"{_EXTENSION}{_AFTER}",
        re.IGNORECASE,
    ),
    re.compile(rf"{_BEFORE}\+\d{{9,15}}{_EXTENSION}{_AFTER}", re.IGNORECASE),
    re.compile(rf"{_BEFORE}\+\d{{1,3}}(?:\.\d{{2,9}}){{2,5}}{_AFTER}"),
    re.compile(rf"{_BEFORE}\+\d{{1,3}}{_GAP}?\(\d{{1,5}}\){_GAP}?\d{{5,10}}{_AFTER}"),
)
_WORD = (
    r"tel|ph|phone|telephone|telefon|tél|téléphone|fax|telefax|télécopie|mobile|mobil|mob|cell|cellulaire|portable|handy|hotline|helpline"
    r"|rufnummer|telefonnummer|mobilnummer|durchwahl|whatsapp|standard|switchboard|dial|freephone|numéro"
)
_NAMED = re.compile(
    # Where a line names the extension of one person behind the word ("Tel. direct:", "Phone (office)"), that stands between.
    rf"(?:\b(?:{_WORD})(?:\b\s?(?:direct|direkt|office|büro|bureau|home|privat|privé|number|nummer|no|nr|n°|\([a-zé]{{3,10}}\)))?"
    rf"|(?<![\w.])[TMF](?=[:.]{_GAP}))"
    rf"{_GAP}*[.:]?{_GAP}*(?P<number>\(?\+?\d[\d \u00a0\u202f()/.\u2010\u2011\u2013-]{{4,20}}\d{_EXTENSION})(?![\d%]|[.,]\d)",
    re.IGNORECASE,
)
# Forms that no figure has: the country in whose plan the number must be.
_NATIONAL = (
    (
        "US",
        re.compile(
            rf"{_BEFORE}(?:1[-. ])?(?:\(\d{{3}}\) ?|\d{{3}}([-.])(?=\d{{3}}\1))\d{{3}}[-.]\d{{4}}{_EXTENSION}{_AFTER}", re.IGNORECASE
        ),
    ),
    ("FR", re.compile(rf"{_BEFORE}0[1-9](?:{_GAP}\d\d){{4}}(?!{_GAP}?\d){_AFTER}")),
    ("FR", re.compile(rf"{_BEFORE}0[1-9](?:([.-])\d\d)(?:\1\d\d){{3}}{_AFTER}")),
    ("GB", re.compile(rf"{_BEFORE}\(?0\d{{2,4}}\)?{_GAP}\d{{3,4}}{_GAP}\d{{3,4}}(?!{_GAP}?\d){_AFTER}")),
    ("GB", re.compile(rf"{_BEFORE}0\d{{4}}{_GAP}\d{{6}}(?!{_GAP}?\d){_AFTER}")),
    ("CH", re.compile(rf"{_BEFORE}0\d{{2}}{_GAP}\d{{3}}{_GAP}\d{{2}}{_GAP}\d{{2}}(?!{_GAP}?\d){_AFTER}")),
    ("DE", re.compile(rf"{_BEFORE}0[1-9]\d{{1,4}}{_GAP}?[/\u2013-]{_GAP}?\d{{3,5}}(?:[ -]?\d{{2,5}}){{0,3}}{_AFTER}")),
    ("DE", re.compile(rf"{_BEFORE}01[5-7]\d{{1,2}}{_GAP}\d{{6,8}}{_AFTER}")),
    ("DE", re.compile(rf"{_BEFORE}\(0[1-9]\d{{1,4}}\){_GAP}?\d{{3,5}}(?:[ -]?\d{{2,5}}){{0,3}}{_AFTER}")),
)
_FEWEST, _MOST = 9, 15  # digits with the country's code; ITU-T E.164 allows fifteen
_DATE = re.compile(
    r"(?:\d{1,2}([./-])\d{1,2}\1(?:19|20)?\d\d|(?:19|20)\d\d([./-])\d{1,2}\2\d{1,2}|(?:19|20)\d\d[-/\u2013](?:19|20)?\d\d)"
    r"(?![./-]?\d)"
)
_IP_NAMED = re.compile(
    r"\b(?:IP(?:v[46])?|logged in from|angemeldet von|connecté depuis|connexion depuis|client address|host address)\b[^\n\d]{0,25}?"
    r"(?P<address>\d{1,3}(?:\.\d{1,3}){3})(?![\d.]*\d)",
    re.IGNORECASE,
)
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){3,7}(?![\w:.]*\w)")


def emails(text: str) -> Iterator[Found]:
    """Addresses, also those in the address of a page, or written with "(at)"."""
    for match in _EMAIL.finditer(text):
        yield Found(PersonalKind.EMAIL, match.start(), match.end())


def phones(text: str) -> Iterator[Found]:
    """Telephone and fax numbers, with their extension."""
    for expression in _INTERNATIONAL:
        for match in expression.finditer(text):
            if _international(match[0]):
                yield Found(PersonalKind.PHONE, match.start(), match.end())
    for region, expression in _NATIONAL:
        for match in expression.finditer(text):
            if _valid(match[0], region) and not _DATE.fullmatch(match[0]):
                yield Found(PersonalKind.PHONE, match.start(), match.end())
    for match in _NAMED.finditer(text):
        # The word says what it is; the form only has to be none of a date or a year.
        words = match["number"]
        if len(re.sub(r"\D", "", words)) >= 6 and not _DATE.match(words):
            yield Found(PersonalKind.PHONE, match.start("number"), match.end("number"))


def addresses(text: str) -> Iterator[Found]:
    """Network addresses: four numbers only where a word says so (versions look the same), eight groups by their form."""
    for match in _IP_NAMED.finditer(text):
        if _is_address(match["address"]):
            yield Found(PersonalKind.IP_ADDRESS, match.start("address"), match.end("address"))
    for match in _IPV6.finditer(text):
        # Times such as 10:20:30:40 have the form too; an address has a letter or an empty group.
        if _is_address(match[0]) and (re.search(r"[A-Fa-f]", match[0]) or "::" in match[0]) and len(match[0]) > 6:
            yield Found(PersonalKind.IP_ADDRESS, match.start(), match.end())


def _is_address(words: str) -> bool:
    try:
        ipaddress.ip_address(words)
    except ValueError:
        return False
    return True


def _international(words: str) -> bool:
    """Whether a country's plan has numbers of this length. Not more: ranges are opened faster than a library is updated."""
    import phonenumbers

    plain = re.sub(r"\A\(?00", "+", words)
    # A trunk zero in brackets is not dialled from abroad.
    plain = re.sub(r"\(0\)", "", plain)
    digits = len(re.sub(r"\D", "", re.split(r"(?i)e?xt|x|d|poste", plain)[0]))
    try:
        number = phonenumbers.parse(plain)
    except phonenumbers.NumberParseException:
        return False
    return _FEWEST <= digits <= _MOST and phonenumbers.is_possible_number(number)


def _valid(words: str, region: str) -> bool:
    import phonenumbers

    try:
        number = phonenumbers.parse(words, region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number)
