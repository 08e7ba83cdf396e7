"""Lines of documents in English, German and French with personal items planted in them, and lines that only look like it.

Everything is invented. A line's items stand between «kind:…»; check digits are reckoned here, not by the library that the platform asks.
The templates were written before anything was scored; each is filled `TIMES` times with values of its own.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

TIMES = 6
_SEED = 20261031
_MARK = re.compile(r"«(?P<kind>[a-z_]+):(?P<words>[^»]+)»")


@dataclass(frozen=True, slots=True)
class Line:
    """One line, with the items that are planted in it: kind, start and end; `makers` names what made each of them."""

    language: str
    text: str
    items: tuple[tuple[str, int, int], ...]
    makers: tuple[str, ...] = ()


def _digits(rng: random.Random, count: int) -> str:
    return "".join(str(rng.randrange(10)) for _ in range(count))


def _luhn(number: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def _mod97(letters: str) -> str:
    plain = "".join(str(int(letter, 36)) for letter in letters)
    return f"{98 - int(plain) % 97:02d}"


def _grouped(number: str, *sizes: int, gap: str = " ") -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(number[at : at + size])
        at += size
    return gap.join(part for part in (*parts, number[at:]) if part)


def iban(rng: random.Random) -> str:
    country, bban = rng.choice(
        [
            ("DE", _digits(rng, 18)),
            ("GB", "NWBK" + _digits(rng, 14)),
            ("CH", _digits(rng, 17)),
            ("AT", _digits(rng, 16)),
            ("LU", _digits(rng, 16)),
            ("IE", "AIBK" + _digits(rng, 14)),
        ]
    )
    number = country + _mod97(bban + country + "00") + bban
    return rng.choice([number, _grouped(number, *[4] * 8)])


def french_iban(rng: random.Random) -> str:
    bank = _digits(rng, 21)
    # The RIB key of the French bank account.
    key = 97 - (89 * int(bank[:5]) + 15 * int(bank[5:10]) + 3 * int(bank[10:])) % 97
    number = "FR" + _mod97(f"{bank}{key:02d}FR00") + f"{bank}{key:02d}"
    return rng.choice([number, _grouped(number, *[4] * 7)])


def card(rng: random.Random) -> str:
    prefix, length, sizes = rng.choice(
        [("4", 16, (4, 4, 4)), ("52", 16, (4, 4, 4)), ("2345", 16, (4, 4, 4)), ("37", 15, (4, 6)), ("6011", 16, (4, 4, 4))]
    )
    number = prefix + _digits(rng, length - len(prefix) - 1)
    number += _luhn(number)
    return rng.choice([number, _grouped(number, *sizes), _grouped(number, *sizes, gap="-")])


def _birthday(rng: random.Random) -> tuple[int, int, int]:
    return rng.randrange(1940, 2003), rng.randrange(1, 13), rng.randrange(1, 29)


def nir(rng: random.Random) -> str:
    year, month, _ = _birthday(rng)
    place = f"{rng.randrange(1, 96):02d}{rng.randrange(1, 900):03d}"
    number = f"{rng.choice('12')}{year % 100:02d}{month:02d}{place}{rng.randrange(1, 999):03d}"
    number += f"{97 - int(number) % 97:02d}"
    return rng.choice([number, _grouped(number, 1, 2, 2, 2, 3, 3)])


def idnr(rng: random.Random) -> str:
    first = rng.randrange(1, 10)
    # One digit stands twice among the first ten, the others once.
    others = [digit for digit in range(10) if digit != first]
    rng.shuffle(others)
    places = [first, *others[:8]]
    places.insert(rng.randrange(2, 9), others[0])
    number, product = "".join(map(str, places)), 10
    for digit in number:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    number += str((11 - product) % 10)
    return rng.choice([number, _grouped(number, 2, 3, 3)])


def nino(rng: random.Random) -> str:
    number = rng.choice("ABCEHJKLMPRSWXY") + rng.choice("ABCEHJLMPRSWXYZ") + _digits(rng, 6) + rng.choice("ABCD")
    return rng.choice([number, _grouped(number, 2, 2, 2, 2)])


def ssn(rng: random.Random) -> str:
    return f"{rng.randrange(101, 665):03d}-{rng.randrange(11, 99):02d}-{rng.randrange(1001, 9999):04d}"


def ahv(rng: random.Random) -> str:
    number = "756" + _digits(rng, 9)
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(number))
    return _grouped(number + str(-total % 10), 3, 4, 4, gap=".")


def nhs(rng: random.Random) -> str:
    while True:
        number = _digits(rng, 9)
        check = 11 - sum(int(digit) * (10 - place) for place, digit in enumerate(number)) % 11
        if check != 10:
            return _grouped(f"{number}{check % 11}", 3, 3)


def svnr_at(rng: random.Random) -> str:
    while True:
        year, month, day = _birthday(rng)
        serial = f"{rng.randrange(100, 1000)}"
        born = f"{day:02d}{month:02d}{year % 100:02d}"
        weights = (3, 7, 9, 5, 8, 4, 2, 1, 6)
        check = sum(int(digit) * weight for digit, weight in zip(serial + born, weights, strict=True)) % 11
        if check != 10:
            return f"{serial}{check} {born}"


def belgian(rng: random.Random) -> str:
    year, month, day = _birthday(rng)
    number = f"{year % 100:02d}{month:02d}{day:02d}{rng.randrange(1, 998):03d}"
    # Born from 2000 on, a 2 stands before the number that is divided.
    check = 97 - int(("2" if year >= 2000 else "") + number) % 97
    return f"{number[:2]}.{number[2:4]}.{number[4:6]}-{number[6:]}.{check:02d}"


_PEOPLE = ("jane.doe", "m.keller", "claire_dubois", "s-nguyen", "Max.Mustermann", "anne.le-goff", "t.okafor+ir", "ines1979")
_HOSTS = ("aldermoor.example", "mail.tannhorst-am.de", "brevalon.fr", "gratlin.ch", "research.univ-lyon.example", "penhollow.co.uk")


def email(rng: random.Random) -> str:
    return f"{rng.choice(_PEOPLE)}@{rng.choice(_HOSTS)}"


def phone_en(rng: random.Random) -> str:
    return rng.choice(
        [
            f"+44 20 7946 {_digits(rng, 4)}",
            f"+44 (0)20 7946 {_digits(rng, 4)}",
            f"020 7946 {_digits(rng, 4)}",
            f"+1 212-555-{_digits(rng, 4)}",
            f"(212) 555-{_digits(rng, 4)}",
            f"415.555.{_digits(rng, 4)}",
            f"1-800-555-{_digits(rng, 4)}",
            f"+353 1 201 {_digits(rng, 4)}",
            f"+1 (415) 555-{_digits(rng, 4)} ext. {_digits(rng, 3)}",
            f"07911 {rng.randrange(100000, 999999)}",
        ]
    )


def phone_de(rng: random.Random) -> str:
    return rng.choice(
        [
            f"+49 69 9{_digits(rng, 3)} {_digits(rng, 4)}",
            f"+49 (0)89 2{_digits(rng, 3)}-{_digits(rng, 3)}",
            f"0171 {rng.randrange(1000000, 9999999)}",
            f"069 / 9{_digits(rng, 2)} {_digits(rng, 2)} {_digits(rng, 2)}",
            f"+41 44 668 {_digits(rng, 2)} {_digits(rng, 2)}",
            f"044 668 {_digits(rng, 2)} {_digits(rng, 2)}",
            f"+43 1 534{_digits(rng, 2)}-{_digits(rng, 3)}",
            f"0049 30 2{_digits(rng, 3)} {_digits(rng, 4)}",
            f"(030) 2{_digits(rng, 3)} {_digits(rng, 3)}",
        ]
    )


def phone_fr(rng: random.Random) -> str:
    pairs = [_digits(rng, 2) for _ in range(4)]
    return rng.choice(
        [
            f"01 {' '.join(pairs)}",
            f"+33 1 {' '.join(pairs)}",
            f"+33 (0)1 {' '.join(pairs)}",
            f"06.{'.'.join(pairs)}",
            f"+352 26 {' '.join(pairs[:3])}",
            f"+41 22 310 {pairs[0]} {pairs[1]}",
            f"+331{''.join(pairs)}",
        ]
    )


_MONTHS = {
    "en": ("January", "March", "May", "August", "October", "December"),
    "de": ("Januar", "März", "Mai", "August", "Oktober", "Dezember"),
    "fr": ("janvier", "mars", "mai", "août", "octobre", "décembre"),
}


def _date(language: str) -> Callable[[random.Random], str]:
    def make(rng: random.Random) -> str:
        year, month, day = _birthday(rng)
        name = rng.choice(_MONTHS[language])
        forms = {
            "en": (f"{day} {name} {year}", f"{name} {day}, {year}", f"{day:02d}/{month:02d}/{year}", f"{year}-{month:02d}-{day:02d}"),
            "de": (f"{day}. {name} {year}", f"{day:02d}.{month:02d}.{year}", f"{day}.{month}.{year % 100:02d}"),
            "fr": (f"{day} {name} {year}", f"{day:02d}/{month:02d}/{year}", f"{day:02d}.{month:02d}.{year}"),
        }
        return rng.choice(forms[language])

    return make


def ipv4(rng: random.Random) -> str:
    return f"{rng.choice((10, 172, 192, 203))}.{rng.randrange(1, 255)}.{rng.randrange(255)}.{rng.randrange(1, 255)}"


def ipv6(rng: random.Random) -> str:
    return f"2001:db8:{rng.randrange(4096, 65536):x}::{rng.randrange(4096, 65536):x}"


def isin(rng: random.Random) -> str:
    body = rng.choice(("LU", "IE", "DE", "FR", "US")) + _digits(rng, 9)
    return body + _luhn("".join(str(int(letter, 36)) for letter in body))


def lei(rng: random.Random) -> str:
    body = "5299" + "00" + "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(12))
    return body + _mod97(body + "00")


def grid(rng: random.Random) -> str:
    return " ".join(f"{rng.choice('+-−')}{rng.randrange(0, 20)}.{_digits(rng, 2)}" for _ in range(12))


def comma_grid(rng: random.Random) -> str:
    return "   ".join(f"{rng.randrange(0, 30)},{_digits(rng, 2)} %" for _ in range(8))


def amount(rng: random.Random) -> str:
    parts = [str(rng.randrange(1, 999)), _digits(rng, 3), _digits(rng, 3)]
    return rng.choice([" ", "'", ",", "."]).join(parts)


def long_amount(rng: random.Random) -> str:
    return f"{rng.randrange(10, 99)} {_digits(rng, 3)} {_digits(rng, 3)} {_digits(rng, 3)}"


def doi(rng: random.Random) -> str:
    return f"10.{rng.randrange(1000, 9999)}/{rng.randrange(1000000, 99999999)}.{rng.randrange(2000, 2026)}.{_digits(rng, 7)}"


def bad_iban(rng: random.Random) -> str:
    number = "DE" + _digits(rng, 20)
    right = _mod97(number[4:] + "DE00")
    return _grouped(number if number[2:4] != right else f"DE{(int(right) + 1) % 97:02d}{number[4:]}", *[4] * 5)


def bad_card(rng: random.Random) -> str:
    number = "4" + _digits(rng, 14)
    return _grouped(number + str((int(_luhn(number)) + 3) % 10), 4, 4, 4)


def plain_date(rng: random.Random) -> str:
    year, month, day = _birthday(rng)
    return rng.choice([f"{day:02d}.{month:02d}.{year + 20}", f"{year + 20}-{month:02d}-{day:02d}", f"{day:02d}/{month:02d}/{year + 20}"])


def years(rng: random.Random) -> str:
    first = rng.randrange(2012, 2018)
    return " ".join(str(first + step) for step in range(8))


MAKERS: dict[str, tuple[str, Callable[[random.Random], str]]] = {
    "email": ("email", email),
    "phone_en": ("phone", phone_en),
    "phone_de": ("phone", phone_de),
    "phone_fr": ("phone", phone_fr),
    "iban": ("iban", iban),
    "iban_fr": ("iban", french_iban),
    "card": ("card", card),
    "nir": ("national_id", nir),
    "idnr": ("national_id", idnr),
    "nino": ("national_id", nino),
    "ssn": ("national_id", ssn),
    "ahv": ("national_id", ahv),
    "nhs": ("national_id", nhs),
    "svnr_at": ("national_id", svnr_at),
    "belgian": ("national_id", belgian),
    "born_en": ("birth_date", _date("en")),
    "born_de": ("birth_date", _date("de")),
    "born_fr": ("birth_date", _date("fr")),
    "ipv4": ("ip_address", ipv4),
    "ipv6": ("ip_address", ipv6),
}
"""What is personal, by the name that a template calls it: its kind and who makes one."""

LOOKALIKES: dict[str, Callable[[random.Random], str]] = {
    "isin": isin,
    "lei": lei,
    "doi": doi,
    "grid": grid,
    "comma_grid": comma_grid,
    "amount": amount,
    "long_amount": long_amount,
    "bad_iban": bad_iban,
    "bad_card": bad_card,
    "date": plain_date,
    "years": years,
    "d4": lambda rng: _digits(rng, 4),
    "d6": lambda rng: str(rng.randrange(100000, 999999)),
    "d8": lambda rng: str(rng.randrange(10000000, 99999999)),
}

TEMPLATES: dict[str, tuple[str, ...]] = {
    "en": (
        "Press contact: Jane Doe, {phone_en}, {email}",
        "For further information write to {email}.",
        "Telephone {phone_en}   Fax {phone_en}",
        "Investor Relations   {phone_en}   {email}",
        "Call {phone_en} between 9:00 and 17:30, or visit www.aldermoor.example/funds/12345678",
        "Redemptions are paid to account {iban} in the name of the unitholder.",
        "Beneficiary: M. Okafor, IBAN {iban}, value date {date}",
        "Card {card}, expires 04/29",
        "Subscription paid with {card} on {date}",
        "National Insurance number {nino}, date of birth {born_en}",
        "NI no. {nino}",
        "SSN {ssn} (holder born {born_en})",
        "NHS number {nhs}",
        "Social security number: {ssn}",
        "D.O.B. {born_en}   Nationality: British",
        "The portfolio manager, born on {born_en}, joined in 2009.",
        "Last login from IP {ipv4} at 10:15:22",
        "IP address: {ipv6}",
        "Direct line: {phone_en}",
        "{email}   {phone_en}   Class A Acc USD {isin}",
    ),
    "de": (
        "Ansprechpartnerin: Claudia Keller, Tel. {phone_de}, {email}",
        "Rückfragen bitte an {email} oder {phone_de}.",
        "Telefon: {phone_de}   Telefax: {phone_de}",
        "Mobil {phone_de}",
        "Überweisung auf das Konto {iban} bis zum {date}",
        "Kontoinhaber: Max Mustermann   IBAN: {iban}",
        "Steuer-ID {idnr}",
        "Steuerliche Identifikationsnummer des Anlegers: {idnr}",
        "AHV-Nr. {ahv}",
        "Versichertennummer {ahv}, geboren am {born_de}",
        "Sozialversicherungsnummer {svnr_at}",
        "geb. {born_de} in Wien",
        "Geburtsdatum: {born_de}",
        "Kreditkarte {card}",
        "Zugriff von der IP-Adresse {ipv4}",
        "Anleger: Max Mustermann (* {born_de}), Depot 4711",
        "Ihr Berater erreicht Sie unter {phone_de}",
        "{isin}   {email}   {phone_de}",
    ),
    "fr": (
        "Contact presse : Claire Dubois, {phone_fr}, {email}",
        "Tél : {phone_fr} – Fax : {phone_fr}",
        "Téléphone {phone_fr}",
        "Écrire à {email} pour toute demande.",
        "Virement sur le compte {iban_fr} avant le {date}",
        "Titulaire : A. Le Goff, IBAN {iban_fr}",
        "Numéro de sécurité sociale : {nir}",
        "N° SS {nir}",
        "Numéro de registre national {belgian}",
        "Né le {born_fr} à Lyon",
        "Née le {born_fr}",
        "Date de naissance : {born_fr}",
        "Carte bancaire {card}",
        "Connexion depuis l'adresse IP {ipv4}",
        "Adresse IP : {ipv6}",
        "Service clients {phone_fr} (prix d'un appel local)",
        "Portable : {phone_fr}",
        "{email}   {phone_fr}   Part C {isin}",
    ),
}

HARD_NEGATIVES: dict[str, tuple[str, ...]] = {
    "en": (
        "ISIN {isin} · LEI {lei} · SEDOL B1XH2C0",
        "Monthly returns {grid}",
        "Fund size USD {amount} as at {date}",
        "Calendar years {years}",
        "doi:{doi} · arXiv:2407.10671v4 · ISSN 1234-5679",
        "Account {bad_iban} is an example with a wrong check digit.",
        "Reference {bad_card} is no card.",
        "Launch date {date}, share class launched {date}",
        "Version 10.15.7.2 of the model, release 3.11.0.1",
        "Total assets {long_amount}   {long_amount}   {long_amount}",
        "Commission File Number: 001-{d4}1   IRS Employer Identification No. 94-2404110",
        "Phone makers 4.81 4.37 3.92, Mobile networks 12.4%, Telephone sector 5,20",
        "Cusip 037833100, Bloomberg ALDMGEA LX, Conference ID: {d8}",
        "Born in the crisis of 2008, the strategy has 120 holdings.",
        "Ratio 123-45-678, pages 212-555, rule 17 CFR 230.405",
        "Fund code {d4}   Share class code {d6}   Lipper ID {d8}",
        "Page 2 of 12 · factsheet no. {d6} · printed {date} 09:30",
        "Benchmark yield 0207 bp, duration 5.21, 10,000 invested {date} to {date}",
        "Net assets {amount} · units in issue {long_amount} · NAV {d4}.{d4}",
        "SWIFT NWBKGB2L · FCA reference number {d6} · registered number 0{d6}1",
    ),
    "de": (
        "ISIN {isin} · WKN A1W4QM · Valor {d8} · LEI {lei}",
        "Wertentwicklung {comma_grid}",
        "Fondsvolumen EUR {amount} per {date}",
        "Kalenderjahre {years}",
        "Auflagedatum {date}, Geschäftsjahresende 31.12.",
        "Handelsregister HRB {d6}, USt-IdNr. DE{d8}1",
        "Konto {bad_iban} (Prüfziffer falsch)",
        "Vermögen {long_amount} CHF",
        "Mobilität 4,81 %, Telekommunikation 12,40 %, Telefon 3,2 %",
        "Seite 12-14, Geschäftsjahr 2020/2021, Stand {date} 10:15:22",
        "Risikoindikator 1 2 3 4 5 6 7   Laufzeit 069 Tage",
        "geboren wurde die Idee 1998; Nr. {d6} im Verzeichnis",
        "Rechnung {d8}, Ticket {d6}",
        "Fondsnummer {d6}   Tranche {d4}   Bloomberg TANEDIV GR",
        "Seite 3 von 14 · Nr. {d6} · gedruckt am {date}",
        "Umsatz 2025: {amount} EUR   2024: {amount} EUR   Veränderung {comma_grid}",
    ),
    "fr": (
        "ISIN {isin} · LEI {lei} · Code AMF {d6}",
        "Performances {comma_grid}",
        "Actif net {amount} EUR au {date}",
        "Années civiles {years}",
        "Création le {date}, VL du {date}",
        "RCS Paris B 432 101 {d4}, SIREN 732 829 320, SIRET 732 829 320 00074",
        "Actif total {long_amount}   {long_amount}",
        "Compte {bad_iban} (clé fausse)",
        "Téléphonie 4,81 %, mobile 12,40 %",
        "Horizon 1 2 3 4 5 ans, page 12-14, exercice 2020/2021",
        "Agrément n° GP {d8}, TVA FR40 303 265 045",
        "Version 2.0.1.4 du modèle, doi:{doi}",
        "Code fonds {d6}   Code part {d4}   Bloomberg BREOBEU FP",
        "Page 3 sur 14 · n° {d6} · imprimé le {date}",
        "Encours {amount} EUR   Nombre de parts {long_amount}   VL {d4},{d4}",
    ),
}
"""Lines in which nothing is personal, though it looks like it."""

NAMES: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "en": (
        ("Fund manager: Priya Raghunathan", ("Priya Raghunathan",)),
        ("Portfolio managers   Owen T. Hargreave and Mei-Ling Sato", ("Owen T. Hargreave", "Mei-Ling Sato")),
        ("Rowan O'Dell, CFA", ("Rowan O'Dell",)),
        ("Media contact: Beatrix Lowell, press@aldermoor.example", ("Beatrix Lowell",)),
        ("The strategy is run by Dr Elspeth Farrow from Edinburgh.", ("Elspeth Farrow",)),
        ("Tobias Wren joined the team in 2015 from a pension fund.", ("Tobias Wren",)),
        ("Chief Investment Officer: Hannah Adeyemi", ("Hannah Adeyemi",)),
        ("Mr Clarke and Mrs Iverson chair the meeting.", ("Clarke", "Iverson")),
        ("Managed by Sunil Mehrotra since 2019", ("Sunil Mehrotra",)),
        ("Analyst Greta Lindqvist covers the sector.", ("Greta Lindqvist",)),
    ),
    "de": (
        ("Fondsmanager: Jörg Steinhauer", ("Jörg Steinhauer",)),
        ("Fondsmanagement   Dr. Katrin Oberhuber", ("Katrin Oberhuber",)),
        ("Ansprechpartnerin: Selma Yıldırım", ("Selma Yıldırım",)),
        ("Frau Lehmann-Kraus leitet die Abteilung.", ("Lehmann-Kraus",)),
        ("Geschäftsführer: Uwe von der Heide", ("Uwe von der Heide",)),
        ("Portfoliomanagerin Lea Zumstein, Zürich", ("Lea Zumstein",)),
        ("Markus Thaler verantwortet den Fonds seit 2012.", ("Markus Thaler",)),
        ("Verwaltet von Nils Petersen", ("Nils Petersen",)),
    ),
    "fr": (
        ("Gérant : Bastien Rochefort", ("Bastien Rochefort",)),
        ("Gérants   Inès Marchand et Loïc Kervella", ("Inès Marchand", "Loïc Kervella")),
        ("Mme Delacroix dirige la recherche.", ("Delacroix",)),
        ("Directeur général : Armand d'Aubigny", ("Armand d'Aubigny",)),
        ("Contact presse : Manon Lefèvre", ("Manon Lefèvre",)),
        ("Thibault Garnier a rejoint la société en 2010.", ("Thibault Garnier",)),
        ("Géré par Solange N'Diaye", ("Solange N'Diaye",)),
        ("M. Fournier présente les résultats.", ("Fournier",)),
    ),
}
"""Lines with names of people and what must be found in them. At first sight 26 of 29 were found, with one false hit."""

NO_NAMES: dict[str, tuple[str, ...]] = {
    "en": (
        "Fund manager: Aldermoor Fund Management (Luxembourg) S.A.",
        "Portfolio managers Global Equity Team",
        "Top holdings Taylor Wimpey 1.2%",
        "Contact Client Services",
        "Investment manager Julius Baer AG",
        "Analyst coverage Broad Market",
        "Disclosure Document",
        "Service Centres",
        "Computing Group",
        "Benchmark Talbridge World Index",
        "Eli Lilly 3.1%   Charles Schwab 1.8%",
        "Authors Digest Fund",
        "Investor Relations Annual Report",
        "Managed by Penhollow Partners LLP",
        "The Fund joined the index in 2015",
    ),
    "de": (
        "Fondsmanagement   Tannhorst Kapitalverwaltungsgesellschaft mbH",
        "Verwaltet von Gratlin Asset Management",
        "Ansprechpartner Vertrieb Deutschland",
        "Vorstand und Aufsichtsrat",
        "Größte Positionen Hannover Rück 3,2 %",
        "Geschäftsführung siehe Seite 12",
        "Fondsmanager seit Januar 2019",
        "Autor siehe Impressum",
        "Deutsche Börse 2,1 %   Ernst Russ 0,3 %",
    ),
    "fr": (
        "Gérant Brevalon Gestion SAS",
        "Géré par la société de gestion",
        "Contact Service Clients",
        "Principales positions Hermès International 4,1 %",
        "Directeur général délégué du groupe",
        "Pernod Ricard 2,2 %   Louis Vuitton 3,0 %",
        "Auteur : voir page 12",
        "M. et Mme, veuillez noter",
    ),
}
"""Lines with capitals that name nobody, or a firm that is called like somebody."""


def lines() -> Iterator[Line]:
    """The whole set, the same each time: lines with items first, then those without."""
    rng = random.Random(_SEED)
    for templates in (TEMPLATES, HARD_NEGATIVES):
        for language, group in templates.items():
            for _ in range(TIMES):
                for template in group:
                    yield _line(language, template, rng)


def _line(language: str, template: str, rng: random.Random) -> Line:
    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name in LOOKALIKES:
            return LOOKALIKES[name](rng)
        kind, maker = MAKERS[name]
        return f"«{kind}:{maker(rng)}»"

    marked = re.sub(r"\{([a-z_0-9]+)\}", fill, template)
    makers = tuple(name for name in re.findall(r"\{([a-z_0-9]+)\}", template) if name in MAKERS)
    text, items, end = "", [], 0
    for match in _MARK.finditer(marked):
        text += marked[end : match.start()]
        items.append((match["kind"], len(text), len(text) + len(match["words"])))
        text += match["words"]
        end = match.end()
    return Line(language, text + marked[end:], tuple(items), makers)
