"""Reads one sheet file: a fund's facts, its printing habits, and what each page of its factsheet shows."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from samples.figures import Fund
from samples.printing import House
from samples.series import Month, Recipe


@dataclass(frozen=True)
class Sheet:
    """One sample document before it is set: `pages[0]` holds everything that page 1 shows."""

    name: str
    layout: str
    about: str
    traps: tuple[str, ...]
    theme: Mapping[str, str]
    house: House
    fund: Fund
    recipe: Recipe
    pages: tuple[Mapping[str, Any], ...]

    def __post_init__(self) -> None:
        if not self.pages:
            raise ValueError(f"{self.name}: a sheet needs at least one page")
        if not self.traps:
            raise ValueError(f"{self.name}: say what the sheet is a trap for")
        if not self.name.endswith(f"_{self.house.language}"):
            raise ValueError(f"{self.name}: the name of a {self.house.language} sheet ends in _{self.house.language}")


def load(path: Path) -> Sheet:
    """The sheet that a TOML file describes. Figures are quoted in the file, so that they are read as printed.

    Raises:
        ValueError: the file contradicts itself; the message names the fund or the sheet.
        KeyError: a table is missing.
        TypeError: a key is missing or unknown.
    """
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    fund = _fund(data["fund"])
    pages = [data[f"page{number}"] for number in range(1, 1 + sum(key.startswith("page") for key in data))]
    return Sheet(
        name=path.stem,
        layout=data["layout"],
        about=data["about"],
        traps=tuple(data["traps"]),
        theme=data["theme"],
        house=House(**data["house"]),
        fund=fund,
        recipe=_recipe(path.stem, fund, data["series"]),
        pages=tuple(pages),
    )


def _fund(data: Mapping[str, Any]) -> Fund:
    figures = ("launch_nav", "fund_size", "ongoing_charges", "risk_free")
    facts: dict[str, Any] = {key: Decimal(value) if key in figures else value for key, value in data.items()}
    return Fund(**facts)


def _recipe(name: str, fund: Fund, data: Mapping[str, Any]) -> Recipe:
    return Recipe(
        seed=data.get("seed", name),
        first=fund.first,
        last=fund.last,
        places=data["places"],
        drift=Decimal(data["drift"]),
        beta=Decimal(data["beta"]),
        noise=Decimal(data["noise"]),
        bench_drift=Decimal(data["bench_drift"]),
        pinned={_month(text): Decimal(value) for text, value in data.get("pinned", {}).items()},
    )


def _month(text: str) -> Month:
    year, month = text.split("-")
    return int(year), int(month)
