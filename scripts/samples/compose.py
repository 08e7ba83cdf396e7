"""Fills a sheet's pages with printed figures and keeps the book of what was printed where.

    sheet file ─ {nav}, periods, grid … ─▶ page content (strings only, for the layout)
                                       └─▶ truth (value, page, quote of every figure)

A layout receives finished words and formats no number, so nothing can be on the page that the truth does not know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from samples.figures import FIELDS, Figures, Printed, beside_ref, period_ref
from samples.printing import SHORT_MONTHS, plain
from samples.series import Month, Series
from samples.sheet import Sheet

_TOKEN = re.compile(r"\{(\+?)([a-z_0-9.]+)(?:=([^{}]*))?\}")


@dataclass
class TruthBook:
    """What a document says: the first place of each value, and what it shows only as missing."""

    values: dict[str, dict[str, str | int]] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)

    def note(self, ref: str, printed: Printed, page: int) -> None:
        """Remember where `ref` is printed; a later print of the same value adds nothing.

        Raises:
            ValueError: the sheet prints two different values for one reference.
        """
        known = self.values.setdefault(ref, {"value": printed.value, "page": page, "quote": printed.quote})
        if known["value"] != printed.value:
            before = f"{known['value']} on page {known['page']}"
            raise ValueError(f"{ref} is printed as {before} and {printed.value} on {page}")

    def absent(self) -> list[str]:
        """Fields that the document does not give, and keys that it gives as `n/a`, dash or blank."""
        fields = {ref.partition(".")[0] for ref in self.values}
        return [name for name in FIELDS if name not in fields] + sorted(self.missing - set(self.values))


class Composer:
    """Builds the page contents of one sheet; `truth` is complete when every page was built."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.truth = TruthBook()
        self._figures = Figures.of(sheet.fund, sheet.house, sheet.recipe)
        self._page = 0
        self._tables: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "periods": self._periods, "calendar": self._calendar, "grid": self._grid, "discrete": self._discrete,
            "holdings": self._holdings, "allocation": self._allocation, "chart": self._chart,
        }  # fmt: skip

    def pages(self) -> list[dict[str, Any]]:
        """The content of every page, in order."""
        built = []
        for number, content in enumerate(self.sheet.pages, start=1):
            self._page = number
            built.append({key: self._section(key, value) for key, value in content.items()})
        return built

    def _section(self, key: str, value: Any) -> Any:
        kind = key.partition("_")[0]  # `periods_annualised` is a table of periods
        if kind in self._tables and isinstance(value, Mapping):
            return self._tables[kind](value)
        if isinstance(value, str):
            return self._fill(value)
        if isinstance(value, Mapping):
            built = {name: self._section(name, item) for name, item in value.items() if name != "field"}
            if "field" in value:  # its lines are one text of the truth
                text = " ".join(built["lines"])
                self.truth.note(value["field"], Printed(text, text), self._page)
            return built
        if isinstance(value, Sequence):
            return [self._section("", item) for item in value]
        return value

    def _fill(self, text: str) -> str:
        """The text with its figures: `{nav}` of the fund, `{domicile=Luxembourg}` and `{sfdr_article=8|Article 8}` of the sheet.

        `{+base_currency=EUR}` prints nothing: the truth has it from words that stand on the page for another field too.
        """
        return _TOKEN.sub(self._token, text)

    def _token(self, match: re.Match[str]) -> str:
        silent, ref, given = match.groups()
        if given is None:
            return self._word(ref)
        value, bar, quote = given.partition("|")
        self.truth.note(ref, Printed(value, quote if bar else value), self._page)
        return "" if silent else quote if bar else value

    def _word(self, ref: str) -> str:
        extra = self._figures.extras.get(ref)
        if extra is not None:
            return extra
        printed = self._figures.printed.get(ref)
        if printed is None:
            raise ValueError(f"{self.sheet.name}: page {self._page} asks for {{{ref}}}, which this fund does not have")
        self.truth.note(ref, printed, self._page)
        return printed.quote

    def _note(self, ref: str, printed: Printed | None) -> str:
        if printed is None:
            self.truth.missing.add(ref)
            return self.sheet.house.missing
        self.truth.note(ref, printed, self._page)
        return printed.quote

    def _periods(self, table: Mapping[str, Any]) -> dict[str, Any]:
        keys = [key for _, key in table["columns"]]
        rows = [
            # A list is the row of another share class, printed as it is given.
            [label, *(who if isinstance(who, list) else (self._period_cell(who, key) for key in keys))]
            for label, who in table["rows"]
        ]
        return {
            "title": self._fill(table["title"]),
            "groups": table.get("groups", []),
            "header": [table.get("corner", ""), *(label for label, _ in table["columns"])],
            "rows": rows,
        }

    def _period_cell(self, who: str, key: str) -> str:
        if who == "fund":
            ref = period_ref(key)
            return self._note(ref, self._figures.printed.get(ref))
        return self._noted(who, period_ref(key), self._other(who, lambda series: _period_value(series, key)))

    def _noted(self, who: str, ref: str, cell: tuple[Decimal | None, str]) -> str:
        """A printed figure of another series, with its place in the truth beside the fund's own."""
        value, quote = cell
        if value is not None:
            self.truth.note(beside_ref(ref, who), Printed(plain(value), quote), self._page)
        return quote

    def _other(self, who: str, read: Callable[[Series], Decimal | None]) -> tuple[Decimal | None, str]:
        theirs = read(self._figures.benchmark)
        if who == "benchmark":
            return theirs, self.sheet.house.cell(theirs)
        if who != "difference":
            raise ValueError(f"{self.sheet.name}: a row is fund, benchmark or difference, not {who!r}")
        ours = read(self._figures.series)
        difference = None if ours is None or theirs is None else ours - theirs
        return difference, self.sheet.house.cell(difference)

    def _calendar(self, table: Mapping[str, Any]) -> dict[str, Any]:
        years = sorted(table["years"], reverse=table.get("newest_first", False))
        rows = [[label, *(self._year_cell(who, year) for year in years)] for label, who in table["rows"]]
        return {
            "title": self._fill(table["title"]),
            "groups": [],
            "header": [table.get("corner", ""), *map(str, years)],
            "rows": rows,
        }

    def _year_cell(self, who: str, year: int) -> str:
        if who == "fund":
            return self._note(f"calendar_years.{year}", self._figures.calendar_year(year))
        return self._noted(who, f"calendar_years.{year}", self._other(who, lambda series: series.calendar_year(year)))

    def _grid(self, table: Mapping[str, Any]) -> dict[str, Any]:
        years = range(table["from"], self.sheet.fund.as_of.year + 1)
        rows = []
        for year in reversed(years) if table.get("newest_first", False) else years:
            rows.append([str(year), *self._grid_months(year, table["blank"]), self._grid_total(year)])
            if "benchmark" in table:
                rows.append([table["benchmark"], *self._benchmark_months(year, table["blank"])])
        months = table.get("months", SHORT_MONTHS[self.sheet.house.language])
        return {
            "title": self._fill(table["title"]),
            "groups": [],
            "header": [table.get("corner", ""), *months, table["total"]],
            "rows": rows,
        }

    def _grid_months(self, year: int, blank: str) -> list[str]:
        cells = []
        for month in _months_of(year):
            printed = self._figures.month(month)
            if printed is not None:
                self.truth.note(f"monthly_returns.{month[0]}-{month[1]:02}", printed, self._page)
            cells.append(blank if printed is None else printed.quote)
        return cells

    def _grid_total(self, year: int) -> str:
        total = self._figures.series.grid_total(year)
        whole = self._figures.calendar_year(year)
        if whole is not None:
            self.truth.note(f"calendar_years.{year}", whole, self._page)
        elif year == self.sheet.fund.as_of.year:
            self._note("ytd_performance", self._figures.printed.get("ytd_performance"))
        return self.sheet.house.cell(total)

    def _benchmark_months(self, year: int, blank: str) -> list[str]:
        months = [self._figures.benchmark.months.get(month) for month in _months_of(year)]
        cells = [blank if value is None else self.sheet.house.cell(value) for value in months]
        return [*cells, self.sheet.house.cell(self._figures.benchmark.grid_total(year))]

    def _discrete(self, table: Mapping[str, Any]) -> dict[str, Any]:
        """Twelve-month periods to a quarter end: neither calendar years nor periods to the date of the figures."""
        year, month = (int(part) for part in table["until"].split("-"))
        ends = [(year - back, month) for back in reversed(range(table["count"]))]
        header = [table["pattern"].format(start=end[0] - 1, end=end[0]) for end in ends]
        rows = [[label, *(self._discrete_cell(who, end) for end in ends)] for label, who in table["rows"]]
        return {"title": self._fill(table["title"]), "groups": [], "header": ["", *header], "rows": rows}

    def _discrete_cell(self, who: str, end: Month) -> str:
        ref = f"twelve_months.{end[0]}-{end[1]:02}"
        if who == "fund":
            value = self._figures.series.period("1y", until=end)
            return self._note(ref, None if value is None else Printed(plain(value), self.sheet.house.cell(value)))
        return self._noted(who, ref, self._other(who, lambda series: series.period("1y", until=end)))

    def _holdings(self, table: Mapping[str, Any]) -> dict[str, Any]:
        rows, total = [], Decimal(0)
        for name, note, sector, weight in table["rows"]:
            value = Decimal(weight)
            total += value
            rows.append([name, note, sector, self._weight(f"top_holdings.{name}", value)])
        label = table["total"]
        return {
            "title": self._fill(table["title"]),
            "header": table["header"],
            "rows": rows,
            "total": [label, self._weight("top_holdings_total", total)] if label else [],
            "notes": table.get("notes", []),
        }

    def _weight(self, ref: str, weight: Decimal) -> str:
        house = self.sheet.house
        printed = Printed(str(weight), house.percentage(weight) if house.cell_percent else house.number(weight))
        self.truth.note(ref, printed, self._page)
        return printed.quote

    def _allocation(self, table: Mapping[str, Any]) -> dict[str, Any]:
        weights = [Decimal(weight) for _, weight in table["rows"]]
        if sum(weights) != 100:
            raise ValueError(f"{self.sheet.name}: {table['title']!r} adds up to {sum(weights)}, not 100")
        rows = [
            [label, self.sheet.house.number(weight), float(weight / max(weights))]
            for (label, _), weight in zip(table["rows"], weights, strict=True)
        ]
        for label, weight in table["rows"] if "field" in table else ():
            printed = Printed(str(Decimal(weight)), self.sheet.house.number(Decimal(weight)))
            self.truth.note(f"{table['field']}.{label}", printed, self._page)
        return {"title": self._fill(table["title"]), "rows": rows}

    def _chart(self, table: Mapping[str, Any]) -> dict[str, Any]:
        count = min(table["months"], len(self._figures.series.months))
        months = list(self._figures.series.months)[-count:]
        return {
            "title": self._fill(table["title"]),
            "legend": table["legend"],
            "fund": [float(level) for level in self._figures.series.growth(count)],
            "benchmark": [float(level) for level in self._figures.benchmark.growth(count)],
            # Each January stands at the level reached at the end of the December before it.
            "years": [[index, str(year)] for index, (year, month) in enumerate(months) if month == 1],
        }


def _months_of(year: int) -> list[Month]:
    return [(year, month) for month in range(1, 13)]


def _period_value(series: Series, key: str) -> Decimal | None:
    return series.annualised(key.removesuffix("_pa")) if key.endswith("_pa") else series.period(key)
