"""Bank accounts, payment cards, personal id numbers and dates of birth.

Forms and check digits are those of the library python-stdnum. Numbers that figures could be by chance count only behind the words that
name them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from workflow_orchestrator.compliance.personal_data.model import Found, PersonalKind

_GAP = "[ \u00a0\u202f]"
_BEFORE, _AFTER = rf"(?<![\w+.,-])(?<!\d{_GAP})", r"(?![\w%]|[.,]\d|-\d)"
_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?:[ \u00a0-]?[A-Z0-9]{4}){2,7}(?:[ \u00a0-]?[A-Z0-9]{1,3})?(?![A-Z0-9])")
_SHORTEST_IBAN = 15  # Norway's
# Four times four, Amex's 4-6-5, or no gap at all; first digits of the schemes in use.
_CARD = re.compile(
    rf"(?<![\w.,-])(?<!\d{_GAP})(?:(?:4\d{{3}}|5[1-5]\d\d|2[2-7]\d\d|6\d{{3}}|35\d\d)([ -]?)\d{{4}}\1\d{{4}}\1\d{{4}}"
    rf"|3[47]\d\d([ -]?)\d{{6}}\2\d{{5}}"
    rf"|3(?:0[0-5]|[68]\d)\d([ -]?)\d{{6}}\3\d{{4}}|(?:5[06-8]\d\d|6\d{{3}})\d{{8,11}})(?!{_GAP}?\d)(?![\w%]|[.,-]\d)"
)
_CARD_NAMED = re.compile(
    r"\b(?:(?:credit|debit|payment)? ?card|visa|mastercard|amex|(?:kredit|debit|bank)?karte(?:nnummer)?|carte(?: bancaire| de crédit)?)\b"
    r"[^\n\d]{0,16}(?P<card>\d{13,19})(?!\w)",
    re.IGNORECASE,
)
# Words in three languages that name a number of a person, whatever the country.
_ANY = (
    r"(?:national|personal|citizen|insurance|social[- ]security|social[- ]insurance|tax(?:payer)?|fiscal|identity|identification|ID|TIN|SSN"
    r"|Steuer(?:-?ID|nummer|identifikationsnummer|-Identifikationsnummer)?|IdNr|Ausweis|Versicherten|Versicherung|Sozialversicherung|Personen"
    r"|numéro fiscal|sécurité sociale|registre national|identité|identifiant|nationale?)"
)


@dataclass(frozen=True, slots=True)
class _Identity:
    """A number that a state gives to a person.

    `module` below stdnum checks it; `named` are the words of which one stands before it in the line, none where the form is enough.
    """

    module: str
    form: str
    named: str = ""


_IDENTITIES = (
    _Identity("fr.nir", r"[1-478] ?\d{2} ?(?:0[1-9]|[1-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}"),
    _Identity("it.codicefiscale", r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]"),
    _Identity("fi.hetu", r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]"),
    _Identity("se.personnummer", r"(?:\d{2})?\d{6}[-+]\d{4}"),
    _Identity("no.fodselsnummer", r"\d{6} ?\d{5}"),
    _Identity("be.nn", r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}"),
    _Identity("be.nn", r"\d{2}\.?\d{2}\.?\d{2}[- ]?\d{3}[ .]?\d{2}", rf"{_ANY}|rijksregister|INSZ|NISS"),
    _Identity("ch.ssn", r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}"),
    _Identity("es.dni", r"\d{8}-?[A-Z]", rf"{_ANY}|DNI|NIF"),
    _Identity("es.nie", r"[XYZ]-?\d{7}-?[A-Z]"),
    _Identity("cz.rc", r"\d{6}/\d{3,4}"),
    _Identity("ro.cnp", r"[1-9]\d{12}", rf"{_ANY}|CNP"),
    _Identity("br.cpf", r"\d{3}\.\d{3}\.\d{3}-\d{2}"),
    _Identity("cn.ric", r"\d{17}[\dX]"),
    _Identity("kr.rrn", r"\d{6}-\d{7}"),
    _Identity("mx.curp", r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[0-9A-Z]\d"),
    _Identity("us.ssn", r"\d{3}-\d{2}-\d{4}"),
    _Identity("us.ssn", r"\d{9}", r"SSN|social security"),
    _Identity("us.itin", r"9\d{2}-\d{2}-\d{4}"),
    _Identity("ca.sin", r"\d{3}[- ]?\d{3}[- ]?\d{3}", rf"{_ANY}|SIN|NAS"),
    _Identity("gb.nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}", r"NHS|health"),
    _Identity("gb.utr", r"\d{10}K?", r"UTR|tax(?:payer)? reference"),
    _Identity("de.idnr", r"\d{2} ?\d{3} ?\d{3} ?\d{3}", _ANY),
    _Identity("de.stnr", r"\d{2,3} ?/ ?\d{3,4} ?/ ?\d{4,5}", r"Steuer(?:nummer|-Nr)|St\.?-?Nr"),
    _Identity("at.vnr", r"\d{4} ?\d{6}", rf"{_ANY}|SVNR|SV-Nr|VNR"),
    _Identity("fr.nif", r"[0-3]\d ?\d{2} ?\d{3} ?\d{3} ?\d{3}", rf"{_ANY}|NIF|SPI"),
    _Identity("nl.bsn", r"\d{9}|\d{4}\.\d{2}\.\d{3}", rf"{_ANY}|BSN|burgerservice"),
    _Identity("pl.pesel", r"\d{11}", rf"{_ANY}|PESEL"),
    _Identity("pt.nif", r"\d{3} ?\d{3} ?\d{3}", rf"{_ANY}|NIF|contribuinte"),
    _Identity("pt.cc", r"\d{8} ?\d ?[A-Z0-9]{2}\d", rf"{_ANY}|cart[ãa]o|CC"),
    _Identity("ie.pps", r"\d{7}[A-W][AHWTX]?", rf"{_ANY}|PPSN?"),
    _Identity("dk.cpr", r"\d{6}-?\d{4}", rf"{_ANY}|CPR"),
    _Identity("hr.oib", r"\d{11}", rf"{_ANY}|OIB"),
    _Identity("bg.egn", r"\d{10}", rf"{_ANY}|EGN|ЕГН"),
    _Identity("ee.ik", r"[1-8]\d{10}", rf"{_ANY}|isikukood"),
    _Identity("lt.asmens", r"[1-9]\d{10}", rf"{_ANY}|asmens"),
    _Identity("gr.amka", r"\d{11}", rf"{_ANY}|AMKA|ΑΜΚΑ"),
    _Identity("si.emso", r"\d{13}", rf"{_ANY}|EM[ŠS]O"),
    _Identity("is_.kennitala", r"\d{6}-?\d{4}", rf"{_ANY}|kennitala"),
    _Identity("tr.tckimlik", r"[1-9]\d{10}", rf"{_ANY}|kimlik"),
    _Identity("in_.aadhaar", r"[2-9]\d{3} ?\d{4} ?\d{4}", rf"{_ANY}|Aadhaar"),
    _Identity("in_.pan", r"[A-Z]{3}P[A-Z]\d{4}[A-Z]"),
    _Identity("za.idnr", r"\d{6} ?\d{4} ?\d{3}", _ANY),
    _Identity("au.tfn", r"\d{3} ?\d{3} ?\d{2,3}", rf"{_ANY}|TFN"),
)
# Without check digits: HM Revenue & Customs, NIM39110 (letters that are not given out), and what the words before it name.
_NINO = re.compile(rf"{_BEFORE}(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?:(?: \d\d){{3}} |\d{{6}} ?)[A-D]{_AFTER}")
_SVNR = re.compile(rf"{_BEFORE}\d{{2}} ?[0-3]\d[01]\d\d{{2}} ?[A-Z] ?\d{{3}}{_AFTER}")
_SVNR_NAMED = re.compile(r"Renten|Sozialversicherung|RVNR|SV-Nummer|SVNR|Versicherungsnummer", re.IGNORECASE)
_PAPER = re.compile(
    r"(?i:\b(?:passport|reisepass|passeport|personalausweis|identity card|carte (?:nationale )?d['\u2019]identité"
    r"|driving licen[cs]e|driver'?s licen[cs]e"
    r"|führerschein|permis de conduire)(?:nummer)?\b[^\n\d]{0,20}?)(?P<id>(?=(?:[A-Z]{0,8}\d){4})[A-Z0-9]{8,18})(?!\w)"
)
_WINDOW = 48  # characters before a number in which its name stands
_MONTH = r"(?:jan|feb|fev|fév|mar|mär|mrz|apr|avr|mai|may|jun|jui|jul|aug|aoû|aou|sep|oct|okt|nov|dec|dez|déc)[a-zéûä]{0,8}\.?"
_BORN = re.compile(
    r"(?:\b(?:born(?: on)?|d(?:ate)?[ ./]?o(?:f)?[ ./]?b(?:irth)?|birth ?da(?:te|y)|geboren(?: am)?|geb\.|geburtsdatum|geburtstag"
    r"|née? le|n[ée]+\(e\) le|date de naissance|né le|naissance)|(?<!\w)\*)(?!\w)[ \u00a0]{0,8}[:.,]?[ \u00a0(]{0,8}"
    r"(?P<date>\d{1,2}[./ -]\d{1,2}[./ -](?:19|20)?\d\d|(?:19|20)\d\d[-./]\d{1,2}[-./]\d{1,2}"
    rf"|\d{{1,2}}(?:st|nd|rd|th|er|\.)?[ -](?:of )?{_MONTH}[ ,-]{{1,2}}(?:19|20)?\d\d"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)\d\d)(?!\d)",
    re.IGNORECASE,
)


def accounts(text: str) -> Iterator[Found]:
    """International bank account numbers whose check digits are right."""
    from stdnum import iban

    for match in _IBAN.finditer(text):
        # The pattern may take a word too many, such as a capitalised one behind the number.
        words = match[0]
        while words and not iban.is_valid(words):
            words = words[:-1].rstrip(" \u00a0-")
            if len(words) < _SHORTEST_IBAN:
                words = ""
        if words:
            yield Found(PersonalKind.IBAN, match.start(), match.start() + len(words))


def cards(text: str) -> Iterator[Found]:
    """Payment cards: the Luhn check digit, and a scheme's first digits and grouping or the word before them."""
    from stdnum import luhn

    for expression, group in ((_CARD, 0), (_CARD_NAMED, "card")):
        for match in expression.finditer(text):
            if luhn.is_valid(re.sub(r"\D", "", match[group])):
                yield Found(PersonalKind.CARD, match.start(group), match.end(group))


def identities(text: str) -> Iterator[Found]:
    """Numbers that a state gives to a person: by form and check digits, or by the words before them."""
    for module, form, named in _compiled():
        for match in form.finditer(text):
            if (named is None or named.search(_before(text, match.start()))) and module.is_valid(match[0]):
                yield Found(PersonalKind.NATIONAL_ID, match.start(), match.end())
    for match in _NINO.finditer(text):
        yield Found(PersonalKind.NATIONAL_ID, match.start(), match.end())
    for match in _SVNR.finditer(text):
        if _SVNR_NAMED.search(_before(text, match.start())):
            yield Found(PersonalKind.NATIONAL_ID, match.start(), match.end())
    for match in _PAPER.finditer(text):
        yield Found(PersonalKind.NATIONAL_ID, match.start("id"), match.end("id"))


def birth_dates(text: str) -> Iterator[Found]:
    """Dates behind a word for birth; a date alone is a date."""
    for match in _BORN.finditer(text):
        yield Found(PersonalKind.BIRTH_DATE, match.start("date"), match.end("date"))


def _before(text: str, start: int) -> str:
    return text[max(0, start - _WINDOW) : start].rpartition("\n")[2]


@lru_cache(maxsize=1)
def _compiled() -> tuple[tuple[Any, re.Pattern[str], re.Pattern[str] | None], ...]:
    return tuple(
        (
            import_module(f"stdnum.{one.module}"),
            re.compile(f"{_BEFORE}(?:{one.form}){_AFTER}"),
            re.compile(rf"(?<!\w)(?:{one.named})", re.IGNORECASE) if one.named else None,
        )
        for one in _IDENTITIES
    )
