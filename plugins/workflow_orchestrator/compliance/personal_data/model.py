"""What is found in a text, and where: never the words themselves, so that what is recorded cannot leak them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PersonalKind(StrEnum):
    """What was found."""

    EMAIL = "e-mail address"
    PHONE = "telephone number"
    IBAN = "bank account"
    CARD = "payment card"
    NATIONAL_ID = "personal id number"
    BIRTH_DATE = "date of birth"
    IP_ADDRESS = "network address"


@dataclass(frozen=True, slots=True)
class Found:
    """One place in the text that was given in: from `start` to before `end`, in characters."""

    kind: PersonalKind
    start: int
    end: int
