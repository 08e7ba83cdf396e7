"""Checks over what the licence of a document allows.

What each licence allows stands in one table, `LICENCES`, which is also a part of docs/rules.md. Sources: the legal codes of Creative
Commons 4.0 (section 2(a)(1): adaptation, commercial use; section 3(a): credit; section 3(b): share alike) and CC0 1.0; arXiv's perpetual,
non-exclusive licence to distribute, which gives rights to arXiv alone. A summary in one's own words needs no licence; nothing here is
legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from workflow_orchestrator.rules.findings import Verdict
from workflow_orchestrator.rules.registry import Basis, FieldParameter, Occasion, TextParameter, check
from workflow_orchestrator.rules.words import shown
from workflow_orchestrator.values import Kind, Value

_PUBLIC_DOMAIN = re.compile(r"\bCC[ -]?0\b|\bpublic domain\b", re.IGNORECASE)
_CREATIVE_COMMONS = re.compile(r"\bCC[ -]BY(?P<parts>(?:[ -](?:NC|SA|ND))*)\b", re.IGNORECASE)
_ARXIV = re.compile(r"\barxiv\b|\bnon-?exclusive\b", re.IGNORECASE)
_NOT_COMMERCIAL_USE = "non_commercial"


@dataclass(frozen=True, slots=True)
class Licence:
    """What a licence allows others, and what it asks of them: credit, and that an adaptation is given on under the same licence."""

    name: str
    adaptation: bool = False
    commercial: bool = False
    credit: bool = True
    share_alike: bool = False

    def row(self) -> tuple[str, ...]:
        """The licence as a row of the table for authors of rules."""
        answers = (self.adaptation, self.commercial, self.credit, self.share_alike)
        return (self.name, *("yes" if answer else "no" for answer in answers), "with credit" if self.adaptation else "never")


_CLOSED = Licence("any other, such as all rights reserved")
LICENCES: dict[str, Licence] = {
    licence.name: licence
    for licence in (
        Licence("CC0", adaptation=True, commercial=True, credit=False),
        Licence("CC BY", adaptation=True, commercial=True),
        Licence("CC BY-SA", adaptation=True, commercial=True, share_alike=True),
        Licence("CC BY-NC", adaptation=True),
        Licence("CC BY-NC-SA", adaptation=True, share_alike=True),
        Licence("CC BY-ND", commercial=True),
        Licence("CC BY-NC-ND"),
        Licence("arXiv non-exclusive"),
        _CLOSED,
    )
}
_TABLE = (
    ("Licence", "Adaptation", "Commercial use", "Asks for credit", "Asks to share alike", "Figures of it could be shown"),
    *(licence.row() for licence in LICENCES.values()),
)


def licence_of(name: str) -> Licence:
    """What a printed or chosen name of a licence stands for; a name that is not known allows nothing."""
    if _PUBLIC_DOMAIN.search(name):
        return LICENCES["CC0"]
    if _ARXIV.search(name):
        return LICENCES["arXiv non-exclusive"]
    known = _CREATIVE_COMMONS.search(name)
    parts = set(re.split(r"[ -]", known["parts"].upper())) if known else set()
    key = "CC BY" + "".join(f"-{part}" for part in ("NC", "SA", "ND") if part in parts)
    return LICENCES.get(key, _CLOSED) if known else _CLOSED


@check(
    "licence_allows_use",
    "needs_person",
    Basis((), "adaptation allowed; commercial use allowed, unless the use is not commercial", _TABLE),
    licence=FieldParameter((Kind.CHOICE, Kind.TEXT)),
    parameter=TextParameter(says="the parameter of the run that says what the use is; `non_commercial` is the word for one that is none"),
)
def licence_allows_use(occasion: Occasion) -> Iterator[Verdict]:
    """The licence allows that the document is adapted, for the use that the run was started for.

    Where it does not, a digest keeps to its own words and a person decides. A document without a licence says nothing here.
    """
    licence = occasion.one("licence")
    if licence is None:
        return
    allowed, use = licence_of(str(licence.value)), str(occasion.asked.get(occasion.words["parameter"]) or "commercial")
    if not allowed.adaptation:
        reason = "allows no adaptation" if allowed.name.endswith("-ND") else "is no licence that allows an adaptation"
    elif not allowed.commercial and use != _NOT_COMMERCIAL_USE:
        reason = "allows no commercial use"
    else:
        reason = ""
    yield occasion.judged(
        not reason,
        (licence.ref,),
        f"{_printed(occasion, licence)} {reason}",
        computed="a licence that allows it",
        printed=licence,
    )


@check(
    "licence_asks_no_share_alike",
    "warning",
    Basis((), "the licence does not ask that an adaptation is given on under the same licence"),
    licence=FieldParameter((Kind.CHOICE, Kind.TEXT)),
)
def licence_asks_no_share_alike(occasion: Occasion) -> Iterator[Verdict]:
    """The licence does not ask that what is made of the document is given on under the same licence.

    Where it does (SA), whoever publishes has to say so beside the video: hence a warning.
    """
    licence = occasion.one("licence")
    if licence is None:
        return
    yield occasion.judged(
        not licence_of(str(licence.value)).share_alike,
        (licence.ref,),
        f"{_printed(occasion, licence)} asks that an adaptation is shared under the same licence",
        computed="a licence without that condition",
        printed=licence,
    )


def _printed(occasion: Occasion, licence: Value) -> str:
    return f"{occasion.title(licence.ref)} is printed as {shown(licence)}: {licence.value}"
