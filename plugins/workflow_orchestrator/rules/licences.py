"""Checks over what the licence of a document allows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflow_orchestrator.rules.findings import Verdict
from workflow_orchestrator.rules.registry import Basis, FieldParameter, Occasion, TextParameter, check
from workflow_orchestrator.rules.words import shown
from workflow_orchestrator.values import Kind

_PUBLIC_DOMAIN = re.compile(r"\bCC0\b|\bpublic domain\b", re.IGNORECASE)
_OPEN = re.compile(r"\bCC[ -]BY\b", re.IGNORECASE)
_NO_DERIVATIVES = re.compile(r"(?:^|[ -])ND(?:$|[ -])", re.IGNORECASE)
_NON_COMMERCIAL = re.compile(r"(?:^|[ -])NC(?:$|[ -])", re.IGNORECASE)
_NOT_COMMERCIAL_USE = "non_commercial"


@check(
    "licence_allows_use",
    "needs_person",
    Basis((), "no ND; no NC unless the use is not commercial; no licence but Creative Commons or public domain"),
    licence=FieldParameter((Kind.CHOICE, Kind.TEXT)),
    parameter=TextParameter(says="the parameter of the run that says what the use is; `non_commercial` is the word for one that is none"),
)
def licence_allows_use(occasion: Occasion) -> Iterator[Verdict]:
    """The licence allows that the document is adapted, for the use that the run was started for.

    Creative Commons 4.0: ND allows no adaptation (section 2(a)(1)), NC no commercial use. A document without a licence says nothing here.
    """
    licence = occasion.one("licence")
    if licence is None:
        return
    name, use = str(licence.value), str(occasion.asked.get(occasion.words["parameter"]) or "commercial")
    if _PUBLIC_DOMAIN.search(name):
        reason = ""
    elif not _OPEN.search(name):
        reason = "is no licence that allows an adaptation"
    elif _NO_DERIVATIVES.search(name):
        reason = "allows no adaptation"
    elif _NON_COMMERCIAL.search(name) and use != _NOT_COMMERCIAL_USE:
        reason = "allows no commercial use"
    else:
        reason = ""
    yield occasion.judged(
        not reason,
        (licence.ref,),
        f"{occasion.title(licence.ref)} is printed as {shown(licence)}: {name} {reason}",
        computed="a licence that allows it",
        printed=licence,
    )
