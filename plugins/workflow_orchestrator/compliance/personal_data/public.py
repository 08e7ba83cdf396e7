"""Public identifiers, looked for first: their digits are nobody's telephone number, account or card."""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

_ISIN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}[A-Z0-9]{9}\d(?![A-Z0-9])")
_LEI = re.compile(r"(?<![A-Z0-9])[A-Z0-9]{18}\d{2}(?![A-Z0-9])")
_ISBN = re.compile(r"\b97[89][- ]?\d{1,5}[- ]?\d{1,7}[- ]?\d{1,7}[- ]?\d\b")
_BY_FORM = (
    re.compile(r"\b(?:https?://|www\.)[^\s<>\"]+", re.IGNORECASE),
    re.compile(r"\b10\.\d{4,9}/[^\s<>\"]+"),  # DOI
    re.compile(r"\barXiv:\s?\d{4}\.\d{4,5}(?:v\d+)?", re.IGNORECASE),
    re.compile(r"\b000\d-\d{4}-\d{4}-\d{3}[\dX]\b"),  # ORCID: authors print them to be found
)
# What a register calls a company, a paper or a filing. The label decides: its digits have every form there is.
_NAMED = re.compile(
    r"\b(?:WKN|Valor(?:en)?(?:nummer)?|SEDOL|CUSIP|ISSN|ISBN|ISMN|GIIN|CIK|EIN|SIREN|SIRET|RCS|HRB|HRA|CVR|UID|TVA|USt-?Id(?:Nr)?|VAT"
    r"|BIC|SWIFT|Commission File (?:Number|No)|Employer Identification (?:Number|No)|Compan(?:y|ies House) (?:registration )?(?:number|no)"
    r"|Registered (?:number|no)|Handelsregister(?:nummer)?|FCA (?:reference|register)(?: number| no)?|FRN|AMF(?: n°)?|agrément"
    r"|Conference ID|Passcode|Access code|Zugangscode|Code d'accès|Invoice|Rechnung(?:snummer)?|Facture|Order|Ticket)\b"
    r"(?:[ .:#°№]|No|Nr|n°|number|code|reg(?:istration)?){0,6}[ :]{0,2}"
    r"(?P<id>[A-Z]{0,4}[-. ]?\d(?:[A-Z0-9]|[-./ ](?=[A-Z0-9])){3,24})",
    re.IGNORECASE,
)


def public_identifiers(text: str) -> Iterator[Span]:
    """Where securities (ISIN), entities (LEI), papers, addresses of pages and registered numbers stand."""
    from stdnum import isbn, isin, lei

    for match in _ISIN.finditer(text):
        if isin.is_valid(match[0]):
            yield match.span()
    for match in _LEI.finditer(text):
        if lei.is_valid(match[0]):
            yield match.span()
    for match in _ISBN.finditer(text):
        if isbn.is_valid(match[0]):
            yield match.span()
    for expression in _BY_FORM:
        for match in expression.finditer(text):
            yield match.span()
    for match in _NAMED.finditer(text):
        yield match.span("id")
