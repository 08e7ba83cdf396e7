"""Prints numbers and dates the way each factsheet does: separators, minus signs, brackets, month names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

MONTHS: Mapping[str, tuple[str, ...]] = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
    "de": ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
           "November", "Dezember"),
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
           "novembre", "décembre"),
}  # fmt: skip
SHORT_MONTHS: Mapping[str, tuple[str, ...]] = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "de": ("Jan", "Feb", "Mrz", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"),
    "fr": ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
}


@dataclass(frozen=True)
class House:
    """The printing habits of one factsheet.

    `minus` is the sign of a loss, or `()` for accounting brackets. `percent` follows a figure outside tables, with its
    space if any; `cell_percent` says whether table cells repeat it.
    """

    language: str
    decimal: str
    group: str
    minus: str
    percent: str
    cell_percent: bool
    plus: bool
    date_pattern: str
    missing: str

    def __post_init__(self) -> None:
        if self.language not in MONTHS:
            raise ValueError(f"no month names for the language {self.language!r}; known: {', '.join(MONTHS)}")
        if self.decimal == self.group:
            raise ValueError(f"one sign {self.decimal!r} for decimals and thousands cannot be read back")
        if not self.minus:
            raise ValueError("a loss needs a sign or brackets")

    def number(self, value: Decimal, *, signed: bool = False) -> str:
        """`1234.5` as `1'234.5`, `-0.45` as `(0.45)`; `signed` adds a plus when the house prints one."""
        return self._signed(value, self._digits(value), signed)

    def percentage(self, value: Decimal, *, signed: bool = False) -> str:
        """A per cent figure in running text or in a list of facts, always with its sign."""
        if self.minus == "()" and value < 0:
            return f"({self._digits(value)}{self.percent})"
        return self._signed(value, self._digits(value), signed) + self.percent

    def cell(self, value: Decimal | None) -> str:
        """A return in a table, or what the house prints for none."""
        if value is None:
            return self.missing
        return self.percentage(value, signed=True) if self.cell_percent else self.number(value, signed=True)

    def day(self, value: date) -> str:
        """A date by the house's pattern."""
        return self.date_pattern.format(
            d=value.day, dd=f"{value.day:02}", mm=f"{value.month:02}", yyyy=value.year, yy=f"{value.year % 100:02}",
            month=MONTHS[self.language][value.month - 1], mon=SHORT_MONTHS[self.language][value.month - 1],
        )  # fmt: skip

    def _digits(self, value: Decimal) -> str:
        whole, _, fraction = str(abs(value)).partition(".")
        grouped = f"{int(whole):,}".replace(",", self.group)
        return f"{grouped}{self.decimal}{fraction}" if fraction else grouped

    def _signed(self, value: Decimal, digits: str, signed: bool) -> str:
        if value < 0:
            return f"({digits})" if self.minus == "()" else f"{self.minus}{digits}"
        return f"+{digits}" if signed and self.plus and value > 0 else digits


def plain(value: Decimal) -> str:
    """The figure as the truth file states it: ASCII minus, point, no thousands, the printed decimals kept."""
    return format(value, "f")
