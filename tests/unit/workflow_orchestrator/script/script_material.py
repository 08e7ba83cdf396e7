"""The shipped document kind, sentences and packs, and the values of the samples, as the benchmark of the reviewer has them."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from workflow_orchestrator.values import Evidence, Kind, Origin, Value

sys.path.append(str(Path(__file__).resolve().parents[4] / "benchmarks"))

from planted_scripts import RICH, ROOT, fields, narration, packs, sample_names, truth
from planted_scripts import sample_values as sample

__all__ = ["PROMPTS", "RICH", "ROOT", "fields", "narration", "packs", "percent", "plain", "sample", "sample_names", "truth"]

PROMPTS = ROOT / "include" / "prompts" / "fund_factsheet_video"


def percent(ref: str, figure: str, page: int = 1) -> Value:
    """A percentage as printed: `percent("performance_data.1y", "12.40")`."""
    name, _, key = ref.partition(".")
    decimals = len(figure.partition(".")[2])
    return Value(name, Kind.PERCENT, Decimal(figure), Evidence(page, figure), Origin.OFFLINE, key=key, decimals=decimals)


def plain(name: str, value: Decimal | date | str, page: int = 1, **more: Any) -> Value:
    """A value of a field without keys."""
    return Value(name, fields()[name].kind, value, Evidence(page, str(value)), Origin.OFFLINE, **more)
