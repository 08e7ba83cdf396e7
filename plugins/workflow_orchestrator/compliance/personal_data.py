"""Finds e-mail addresses, telephone numbers and bank accounts, and masks them before a text leaves the machine.

Only what is certain by its form is marked: an account by its check digits, a number by a country code or by the word
before it. Return grids, dates and ISINs look like telephone numbers to a looser search, and a masked figure is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

# ITU-T E.164: every code of one and two digits, and those of three in Europe, the Gulf and places of fund domicile.
_CALLING_CODES = frozenset(map(str, (
    1, 7, 20, 27, *range(30, 35), 36, 39, 40, 41, *range(43, 50), *range(51, 59), *range(60, 67), 81, 82, 84, 86,
    *range(90, 96), 98, 212, 213, 216, 230, *range(350, 360), *range(370, 379), 380, 381, 382, 383, 385, 386, 387, 389,
    420, 421, 423, 852, 853, 886, 961, 962, 965, 966, 968, 971, 972, 973, 974,
)))
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}(?![\w-])")
_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?:[ \u00a0]?[A-Z0-9]{4}){2,7}(?:[ \u00a0]?[A-Z0-9]{1,3})?(?![A-Z0-9])")
# A figure may stand before and after: "3704 0044 0532" is part of an account, "12 34,5" of an amount.
_BEFORE, _AFTER = r"(?<![\w+])(?<!\d[ \u00a0])", r"(?![\d%]|[.,]\d)"
_SPACED = re.compile(
    rf"{_BEFORE}(?:\+|00)(\d{{1,3}})(?:[ \u00a0/-]?\(\d{{1,5}}\)\d{{0,9}})?(?:[ \u00a0/-]\d{{1,9}}){{1,6}}{_AFTER}"
)
_SOLID = re.compile(rf"{_BEFORE}\+\d{{9,15}}{_AFTER}")
_DOTTED = re.compile(rf"{_BEFORE}\+(\d{{1,3}})(?:\.\d{{2,9}}){{2,5}}{_AFTER}")
_NAMED = re.compile(
    r"\b(?:tel|phone|telephone|telefon|tél|téléphone|fax|telefax|mobile|mobil|hotline|helpline)\b\s*[.:]?\s*"
    r"(?P<number>\(?\d[\d \u00a0()/.-]{4,18}\d)(?![\d%]|[.,]\d)",
    re.IGNORECASE,
)
_SHORTEST_NUMBER = 9


class PersonalKind(StrEnum):
    """What was found."""

    EMAIL = "e-mail address"
    PHONE = "telephone number"
    IBAN = "bank account"


@dataclass(frozen=True, slots=True)
class Found:
    """One place in the text that was given in. The words are not kept: what is recorded must not leak them."""

    kind: PersonalKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Masked:
    """A text in which personal data is replaced by its kind in brackets, and what was found where in the original."""

    text: str
    found: tuple[Found, ...]


def find_personal_data(text: str) -> tuple[Found, ...]:
    """Every e-mail address, bank account and telephone number, in order and without overlaps."""
    candidates = sorted((*_emails(text), *_accounts(text), *_phones(text)), key=lambda found: (found.start, -found.end))
    kept: list[Found] = []
    for found in candidates:
        if not kept or found.start >= kept[-1].end:
            kept.append(found)
    return tuple(kept)


def mask_personal_data(text: str) -> Masked:
    """Replaces personal data before a text goes to a provider."""
    found = find_personal_data(text)
    parts, end = [], 0
    for item in found:
        parts += [text[end : item.start], f"[{item.kind}]"]
        end = item.end
    return Masked("".join([*parts, text[end:]]), found)


def _emails(text: str) -> Iterator[Found]:
    for match in _EMAIL.finditer(text):
        yield Found(PersonalKind.EMAIL, match.start(), match.end())


def _accounts(text: str) -> Iterator[Found]:
    from stdnum import iban

    for match in _IBAN.finditer(text):
        # The pattern may take a word too many, such as a capitalised one behind the number.
        words = match[0]
        while words and not iban.is_valid(words):
            words = words[:-1].rstrip(" \u00a0")
            if len(words) < 15:  # the shortest is Norway's
                words = ""
        if words:
            yield Found(PersonalKind.IBAN, match.start(), match.start() + len(words))


def _phones(text: str) -> Iterator[Found]:
    for expression in (_SPACED, _DOTTED):
        for match in expression.finditer(text):
            digits = re.sub(r"\D", "", match[0].removeprefix("00"))
            if match[1] in _CALLING_CODES and _SHORTEST_NUMBER <= len(digits) <= 15:
                yield Found(PersonalKind.PHONE, match.start(), match.end())
    for match in _SOLID.finditer(text):
        if any(match[0][1:].startswith(code) for code in _CALLING_CODES):
            yield Found(PersonalKind.PHONE, match.start(), match.end())
    for match in _NAMED.finditer(text):
        if len(re.sub(r"\D", "", match["number"])) >= 6:
            yield Found(PersonalKind.PHONE, match.start("number"), match.end("number"))
