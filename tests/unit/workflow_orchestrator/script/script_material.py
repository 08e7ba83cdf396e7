"""The shipped document kind, sentences and packs, and the values of the samples as their truth files state them."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from workflow_orchestrator.compliance import Pack, load_packs
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.script import Narration, load_narration
from workflow_orchestrator.values import NUMERIC_KINDS, Evidence, Kind, Origin, Value, ValueSet

ROOT = Path(__file__).resolve().parents[4]
SAMPLES = ROOT / "include" / "samples"
PROMPTS = ROOT / "include" / "prompts" / "fund_factsheet_video"
RICH = {"en": "aldermoor_global_equity_en", "de": "gratlin_schweizer_aktien_de", "fr": "brevalon_obligations_euro_fr"}
_SCALES = ((r"bn|billion|Mrd|Md", 9), (r"\bm\b|\dm\b|million|Mio|mn|M€|\bM\b", 6))


@cache
def fields() -> FieldSet:
    path = ROOT / "dags" / "fund_factsheet_video" / "schema.json"
    return FieldSet.from_json(json.loads(path.read_text(encoding="utf-8")))


@cache
def narration(language: str) -> Narration:
    return load_narration(PROMPTS / f"narration.{language}.yaml", fields())


@cache
def packs() -> tuple[Pack, ...]:
    return load_packs(ROOT / "include" / "compliance", ("gdpr", "financial_regulations"))


def sample_names() -> list[str]:
    return sorted(path.name.removesuffix(".truth.json") for path in SAMPLES.glob("*.truth.json"))


@cache
def truth(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((SAMPLES / f"{name}.truth.json").read_text(encoding="utf-8"))
    return data


@cache
def sample(name: str) -> ValueSet:
    """The values of a sample document."""
    known = truth(name)["values"]
    currency = known["currency"]["value"]
    return ValueSet(_value(ref, item, currency) for ref, item in known.items())


def _value(ref: str, item: dict[str, Any], currency: str) -> Value:
    name, _, key = ref.partition(".")
    kind, text, quote = fields()[name].kind, item["value"], item["quote"]
    scale = decimals = 0
    value: Decimal | date | str = text
    if kind in NUMERIC_KINDS:
        value = Decimal(text)
        if kind is Kind.MONEY:
            scale = next((power for words, power in _SCALES if re.search(words, quote)), 0)
        printed = value.scaleb(-scale)
        shown = text if not scale else f"{printed.normalize():f}"
        decimals = len(shown.partition(".")[2])
    elif kind is Kind.DATE:
        value = date.fromisoformat(text)
    return Value(
        field=name, key=key, kind=kind, value=value, unit=currency if kind is Kind.MONEY else "", decimals=decimals,
        scale=scale, origin=Origin.OFFLINE, evidence=Evidence(item["page"], quote),
    )


def percent(ref: str, figure: str, page: int = 1) -> Value:
    """A percentage as printed: `percent("performance_data.1y", "12.40")`."""
    name, _, key = ref.partition(".")
    decimals = len(figure.partition(".")[2])
    return Value(name, Kind.PERCENT, Decimal(figure), Evidence(page, figure), Origin.OFFLINE, key=key, decimals=decimals)


def plain(name: str, value: Decimal | date | str, page: int = 1, **more: Any) -> Value:
    """A value of a field without keys."""
    return Value(name, fields()[name].kind, value, Evidence(page, str(value)), Origin.OFFLINE, **more)
