"""Values as a document prints them, and the fields that they belong to, for the tests of rules."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.rules import Finding, check_values, load_rules
from workflow_orchestrator.rules.previous import Release
from workflow_orchestrator.values import Evidence, Kind, Origin, Value, ValueSet

TODAY = date(2026, 11, 10)
ASKED = {"isin": "LU0427929855", "language": "en", "use": "commercial"}
"""What the runs of these tests were started with."""


def _field(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "title": {"en": kind}, **more}


_PERIODS = {key: {"title": {"en": key}} for key in ("3m", "6m", "1y", "3y", "5y", "10y", "since_inception")}
_COMPANY = (
    "revenue", "revenue_before", "revenue_in_words", "cost", "gross", "income", "preferred", "eps", "corporate",
    "operating", "capex", "free", "adjusted", "low", "high",
)  # fmt: skip

FIELDS = FieldSet.from_json(
    {
        "properties": {
            "name": _field("text"),
            "isin": _field("isin"),
            "currency": _field("currency"),
            "size": _field("money", minimum=1),
            "as_of": _field("date"),
            "launch": _field("date"),
            "month": _field("percent"),
            "ytd": _field("percent", minimum=-100, maximum=400),
            "sharpe": _field("ratio", minimum=-5, maximum=8),
            "months": _field("percent", keyed="month"),
            "years": _field("percent", keyed="year"),
            "spans": _field("percent", keyed="year_to"),
            "performance": _field("percent", keyed="period", keys=_PERIODS),
            "annualised": _field("percent", keyed="period", keys=_PERIODS),
            "level": _field(
                "choice", choices={word: {"title": {"en": word}, "words": {}} for word in ("Low", "Medium", "High")}
            ),
            "sri": _field("integer", minimum=1, maximum=10),
            "holdings": _field("percent", keyed="name"),
            "total": _field("percent"),
            "best": _field("percent"),
            "worst": _field("percent"),
            "positive": _field("percent"),
            "index": _field("percent", keyed="period", keys=_PERIODS),
            "excess": _field("percent", keyed="period", keys=_PERIODS),
            "volatility": _field("percent"),
            "volatilities": _field("percent", keyed="period", keys=_PERIODS),
            "sharpes": _field("ratio", keyed="period", keys=_PERIODS),
            "drawdown": _field("percent"),
            "number": _field("integer"),
            "allocation": _field("percent", keyed="name"),
            "share_class": _field("text"),
            "code": _field("text"),
            "class_size": _field("money"),
            "price": _field("money"),
            "units": _field("integer"),
            "charges": _field("percent"),
            "benchmark": _field("text"),
            # The figures of a company.
            **{name: _field("money") for name in _COMPANY},
            "by_period": _field("money", keyed="period", keys=_PERIODS),
            "change": _field("percent"),
            "shares": _field("integer"),
            "basic": _field("integer"),
            "segments": _field("money", keyed="name"),
            "adjustments": _field("money", keyed="name"),
            "margin": _field("percent"),
            "margin_before": _field("percent"),
            "margin_change": _field("percent"),
            # A paper.
            "licence": _field("text"),
            "arxiv_id": _field("identifier", scheme="arxiv"),
            "doi": _field("identifier", scheme="doi"),
            "claim": _field("paragraph"),
            "results": _field("ratio", keyed="cell"),
            "rates": _field("percent", keyed="cell"),
        }
    }
)


def value(ref: str, printed: str, origin: Origin = Origin.OFFLINE, unit: str = "", scale: int = 0) -> Value:
    """The value that a document prints as `printed`: a plain number, an ISO date or words."""
    field, _, key = ref.partition(".")
    kind = FIELDS[field].kind if field in FIELDS else Kind.TEXT
    content: Decimal | date | str = printed
    if kind in (Kind.PERCENT, Kind.RATIO, Kind.INTEGER, Kind.MONEY):
        content = Decimal(printed).scaleb(scale)
    elif kind is Kind.DATE:
        content = date.fromisoformat(printed)
    decimals = len(printed.partition(".")[2]) if isinstance(content, Decimal) else 0
    return Value(
        field=field, key=key, kind=kind, value=content, evidence=Evidence(1, printed), origin=origin,
        unit=unit or ("EUR" if kind is Kind.MONEY else ""), decimals=decimals, scale=scale,
    )  # fmt: skip


def findings(
    tmp_path: Path,
    rule: str,
    given: ValueSet,
    *,
    pages: int = 0,
    previous: Release | None = None,
) -> tuple[Finding, ...]:
    """What one rule, as `rules.yaml` writes it, finds in some values; findings of the field rules are left out."""
    path = tmp_path / "rules.yaml"
    found_by = "previous: {same: [[isin], [name, share_class]], dated: as_of}\n"
    path.write_text(f"{found_by}rules:\n  rule: {{{rule}}}\n", encoding="utf-8")
    rules = load_rules(path, FIELDS)
    found = check_values(
        given, FIELDS, rules, required_fields=(), today=TODAY, pages=pages, previous=previous, asked=ASKED
    )
    return tuple(finding for finding in found if finding.rule == "rule")


def values(origin: Origin = Origin.OFFLINE, **printed: str | dict[str, str]) -> ValueSet:
    """A set of values: `ytd="1.93"`, `months={"2026-01": "0.45"}`."""
    made = []
    for field, content in printed.items():
        if isinstance(content, dict):
            made += [value(f"{field}.{key}", text, origin) for key, text in content.items()]
        else:
            made.append(value(field, content, origin))
    return ValueSet(made)


# Ten months of 2026, made here; the factors multiply to 1.0515863…, so the YTD prints as 5.16.
MONTHS_2026 = {
    "2026-01": "1.21", "2026-02": "-0.45", "2026-03": "0.88", "2026-04": "-1.37", "2026-05": "2.04", "2026-06": "0.62",
    "2026-07": "-0.19", "2026-08": "1.05", "2026-09": "-0.62", "2026-10": "1.93",
}  # fmt: skip
