"""Checks over identifiers: check digits, the national code inside an ISIN, and the document that the run was asked about.

A check digit does not find every slip: two letters that change places can give the same digit. Hence the other two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from workflow_orchestrator.rules.findings import NotApplicable, Verdict
from workflow_orchestrator.rules.registry import Basis, FieldParameter, Occasion, TextParameter, check
from workflow_orchestrator.rules.words import shown
from workflow_orchestrator.values import Kind

_SCHEMES = ("cusip", "figi", "isin", "lei", "sedol")
# Where the national code stands in an ISIN, behind the country (ISO 6166 and its national numbering agencies).
_NATIONAL: dict[str, tuple[str, Callable[[str], str]]] = {
    "cusip": ("US CA", lambda isin: isin[2:11]),
    "sedol": ("GB IE", lambda isin: isin[4:11]),
    "wkn": ("DE", lambda isin: isin[5:11]),
    "valor": ("CH LI", lambda isin: isin[2:11].lstrip("0")),
}
_ARXIV_MONTH = re.compile(r"(?:.*/)?(?P<year>\d\d)(?P<month>\d\d)")


def _compact(text: object) -> str:
    return "".join(str(text).split()).upper()


@check(
    "identifier_has_check_digit",
    "error",
    Basis(("FX-06",), "check digit of the scheme"),
    identifier=FieldParameter((Kind.TEXT, Kind.ISIN)),
    scheme=TextParameter(_SCHEMES, "how it is made"),
)
def identifier_has_check_digit(occasion: Occasion) -> Iterator[Verdict]:
    """An identifier has the form and the check digit of its scheme: CUSIP, FIGI, ISIN, LEI or SEDOL.

    A field of the kind `isin` needs no rule for it; WKN and Valor have no check digit.
    """
    from stdnum import cusip, figi, isin, lei
    from stdnum.gb import sedol

    valid: dict[str, Callable[[str], bool]] = {
        "cusip": cusip.is_valid,
        "figi": figi.is_valid,
        "isin": isin.is_valid,
        "lei": lei.is_valid,
        "sedol": sedol.is_valid,
    }
    value, scheme = occasion.one("identifier"), occasion.words["scheme"]
    if value is None:
        return
    yield occasion.judged(
        bool(valid[scheme](_compact(value.value))),
        (value.ref,),
        f"{occasion.title(value.ref)} is printed as {shown(value)}, which is no {scheme.upper()}: its form or its check digit is wrong",
        computed=f"a {scheme.upper()}",
        printed=value,
    )


@check(
    "isin_holds_national_code",
    "error",
    Basis(("FX-06",), "national code = its place in the ISIN"),
    isin=FieldParameter((Kind.ISIN,)),
    code=FieldParameter((Kind.TEXT, Kind.INTEGER)),
    scheme=TextParameter(tuple(_NATIONAL), "which national code it is"),
)
def isin_holds_national_code(occasion: Occasion) -> Iterator[Verdict]:
    """The ISIN of a country holds the national code that is printed beside it: CUSIP, SEDOL, WKN or Valor.

    ISINs of other countries, such as Luxembourg with a German WKN, are left alone.
    """
    isin, code = occasion.one("isin"), occasion.one("code")
    if isin is None or code is None:
        return
    scheme = occasion.words["scheme"]
    countries, inside = _NATIONAL[scheme]
    text, printed = str(isin.value), _compact(code.value)
    if text[:2] not in countries.split():
        yield NotApplicable(f"an ISIN of {text[:2]} holds no {scheme.upper()}", (isin.ref, code.ref))
        return
    yield occasion.judged(
        inside(text) == (printed.lstrip("0") if scheme == "valor" else printed),
        (code.ref, isin.ref),
        f"{occasion.title(code.ref)} is printed as {shown(code)}, and the ISIN {shown(isin)} holds {inside(text)}",
        computed=inside(text),
        printed=code,
    )


@check(
    "is_as_asked",
    "error",
    Basis(("FX-06",), "value = parameter of the run"),
    value=FieldParameter((Kind.ISIN, Kind.TEXT, Kind.CURRENCY)),
    parameter=TextParameter(says="the parameter of the run that says what is expected"),
)
def is_as_asked(occasion: Occasion) -> Iterator[Verdict]:
    """The document is the one that the run was asked about: its ISIN is that of the run's parameter, spaces and case apart."""
    value, parameter = occasion.one("value"), occasion.words["parameter"]
    wanted = _compact(occasion.asked.get(parameter) or "")
    if value is None:
        return
    if not wanted:
        yield NotApplicable(f"the run was not started with {parameter}", (value.ref,))
        return
    yield occasion.judged(
        _compact(value.value) == wanted,
        (value.ref,),
        f"{occasion.title(value.ref)} is printed as {shown(value)}, and the run was asked about {wanted}",
        computed=wanted,
        printed=value,
    )


@check(
    "identifier_not_after_date",
    "error",
    Basis((), "year and month of the identifier ≤ date"),
    identifier=FieldParameter((Kind.IDENTIFIER,)),
    date=FieldParameter((Kind.DATE,)),
)
def identifier_not_after_date(occasion: Occasion) -> Iterator[Verdict]:
    """A document is not dated before the month in which its identifier was given; of the schemes, arXiv's says the month."""
    identifier, day = occasion.one("identifier"), occasion.day("date")
    if identifier is None or day is None:
        return
    month = _ARXIV_MONTH.match(str(identifier.value)) if occasion.schema[identifier.field].scheme == "arxiv" else None
    if month is None:
        yield NotApplicable("the scheme of the identifier says no month", (identifier.ref,))
        return
    year = int(month["year"]) + (1900 if int(month["year"]) > 90 else 2000)
    yield occasion.judged(
        (day.year, day.month) >= (year, int(month["month"])),
        (identifier.ref, occasion.fields["date"]),
        f"{occasion.title(identifier.ref)} {identifier.value} was given in {year}-{month['month']}, and the document is dated {day}",
        computed=f"from {year}-{month['month']} on",
        printed=occasion.values[occasion.fields["date"]],
    )
