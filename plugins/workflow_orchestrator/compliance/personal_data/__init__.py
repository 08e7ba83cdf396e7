"""Finds personal data, and masks it before a text leaves the machine.

Only what is certain is marked: by check digits, by a form that figures do not have, or by the word before it. Public identifiers are
looked for first. Names are not masked: no search by form tells every person from a fund, a factsheet is meant to name its managers,
and who must not be named is a person's to say. `people_warnings` gives that person a hint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, product
from string import ascii_uppercase
from typing import Any

from workflow_orchestrator.compliance.personal_data.contacts import addresses, emails, phones
from workflow_orchestrator.compliance.personal_data.identities import accounts, birth_dates, cards, identities
from workflow_orchestrator.compliance.personal_data.model import Found, PersonalKind
from workflow_orchestrator.compliance.personal_data.people import Person, find_people, people_warnings
from workflow_orchestrator.compliance.personal_data.public import public_identifiers

__all__ = [
    "Found",
    "Masked",
    "Person",
    "PersonalKind",
    "find_people",
    "find_personal_data",
    "mask_all",
    "mask_personal_data",
    "people_warnings",
]

_NUMBERS = (accounts, identities, cards, birth_dates, phones, addresses)


@dataclass(frozen=True, slots=True)
class Masked:
    """A text in which personal data is replaced by its kind and a letter in brackets, and what was found where in the original.

    `words` are the originals by their marks. They stay in the process: nothing records them, and `repr` does not show them.
    """

    text: str
    found: tuple[Found, ...]
    words: Mapping[str, str] = field(default_factory=dict, repr=False)

    def unmask(self, data: Any) -> Any:
        """JSON-safe data with each mark replaced by what it stands for."""
        if not self.words:
            return data
        if isinstance(data, str):
            pattern = "|".join(re.escape(mark) for mark in self.words)
            return re.sub(pattern, lambda match: self.words[match[0]], data)
        if isinstance(data, Mapping):
            return {name: self.unmask(item) for name, item in data.items()}
        if isinstance(data, Sequence):
            return [self.unmask(item) for item in data]
        return data


def find_personal_data(text: str) -> tuple[Found, ...]:
    """Every e-mail address, telephone number, bank account, card, personal id, date of birth and network address.

    In order and without overlaps; the longer of two that start at the same place.
    """
    public = bytearray(len(text))
    for start, end in public_identifiers(text):
        public[start:end] = b"\1" * (end - start)
    # An e-mail address is one also in the address of a page; digits there are no number of somebody.
    numbers = [found for search in _NUMBERS for found in search(text) if not any(public[found.start : found.end])]
    kept: list[Found] = []
    for found in sorted((*emails(text), *numbers), key=lambda one: (one.start, -one.end)):
        if not kept or found.start >= kept[-1].end:
            kept.append(found)
    return tuple(kept)


def mask_personal_data(text: str) -> Masked:
    """Replaces personal data before a text goes to a provider; the same words always get the same mark."""
    return mask_all([text])[0]


def mask_all(texts: Sequence[str]) -> tuple[Masked, ...]:
    """Several texts that are sent together, with one set of marks: each result can give back the words of all."""
    marks: dict[tuple[PersonalKind, str], str] = {}
    free = {kind: _marks(kind, texts) for kind in PersonalKind}
    words: dict[str, str] = {}
    masked = []
    for text in texts:
        found = find_personal_data(text)
        parts, end = [], 0
        for item in found:
            place = (item.kind, text[item.start : item.end])
            if place not in marks:
                marks[place] = next(free[item.kind])
                words[marks[place]] = place[1]
            parts += [text[end : item.start], marks[place]]
            end = item.end
        masked.append(Masked("".join([*parts, text[end:]]), found, words))
    return tuple(masked)


def _marks(kind: PersonalKind, texts: Sequence[str]) -> Iterator[str]:
    """`[e-mail address A]` and so on: no digit, so that nothing takes one for a figure, and none that a text prints itself."""
    for size in count(1):
        for letters in product(ascii_uppercase, repeat=size):
            mark = f"[{kind} {''.join(letters)}]"
            if not any(mark in text for text in texts):
                yield mark
