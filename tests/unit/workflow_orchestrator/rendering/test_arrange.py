"""Values are arranged by what is printed, and what cannot be arranged without a guess is refused."""

from __future__ import annotations

from decimal import Decimal

import chart_sample as charts
import pytest
import rendering_sample as sample
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_orchestrator.errors import LayoutError
from workflow_orchestrator.rendering.arrange import bridge, compounded, grid_of, is_whole, keys_between
from workflow_orchestrator.rules.interval import Interval, compound
from workflow_orchestrator.values import Kind, Value


def money(*raws: str) -> list[Value]:
    return [sample.value(f"item_{at}", Kind.MONEY, raw, unit="EUR") for at, raw in enumerate(raws)]


def test_a_column_for_each_field_and_a_row_for_each_key() -> None:
    """Keyed values form a table in the order in which they are shown, also where a cell is missing."""
    grid = grid_of(["accuracy.A", "accuracy.B", "f1.B", "f1.C"])
    assert grid is not None
    assert (grid.columns, grid.rows) == (("accuracy", "f1"), ("A", "B", "C"))
    assert grid.part(grid.rows, grid.columns) == ["accuracy.A", "accuracy.B", "f1.B", "f1.C"]


def test_cells_name_their_row_and_column() -> None:
    """The key of a cell, as a table of figures has it, is taken apart at its last dot."""
    grid = grid_of(["results.Full · large · F1", "results.Full · large · BLEU", "results.Base · F1"])
    assert grid is not None
    assert (grid.rows, grid.columns, grid.cells) == (("Full · large", "Base"), ("F1", "BLEU"), True)


@pytest.mark.parametrize("refs", [("nav", "accuracy.A"), ("one.A · F1", "two.A · F1")])
def test_what_is_no_table_is_none(refs: tuple[str, ...]) -> None:
    """Keyed beside single values, and two values for one place, form no table."""
    assert grid_of(refs) is None


def test_times_between_are_filled() -> None:
    """Every year and month from the first to the last has its place; names stay as they are."""
    assert keys_between(["2021", "2024"], "year") == ["2021", "2022", "2023", "2024"]
    assert keys_between(["2025-11", "2026-02"], "month") == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert keys_between(["b", "a"], "name") == ["b", "a"]


@given(st.lists(st.decimals("-60", "60", places=2), min_size=1, max_size=24))
@settings(deadline=None)
def test_a_line_of_growth_is_what_the_rules_reckon(months: list[Decimal]) -> None:
    """Each point lies in the interval that the check of monthly returns computes for the same months."""
    points = compounded(months)
    assert points[0] == 0
    for at in range(1, len(points)):
        found = compound(Interval.exactly(month) for month in months[:at])
        assert found.low - Decimal("0.00001") <= points[at] <= found.high + Decimal("0.00001")


def test_an_income_statement_is_a_bridge() -> None:
    """Costs without a sign go down, subtotals stand on zero, and every bar begins where the one before ended."""
    values = [charts.values()[ref] for ref in charts.BRIDGE]
    steps = bridge(values, "s")
    assert [step.total for step in steps] == [True, False, True, False, False, False, True]
    million = Decimal(10) ** 6
    assert [step.amount / million for step in steps] == [
        Decimal(n) for n in ("4217.3", "-2380.9", "1836.4", "-1102.7", "48.6", "-201.3", "581.0")
    ]
    assert [step.base / million for step in steps] == [
        Decimal(n) for n in ("0", "4217.3", "0", "1836.4", "733.7", "782.3", "0")
    ]


@pytest.mark.parametrize(
    ("raws", "words"),
    [
        (("100.0", "30.0", "80.0"), "no way"),
        (("100.0", "40.0", "40.0", "100.0"), "more than one way"),
        (("100.0", "100.0"), "at least three numbers"),
    ],
)
def test_a_bridge_that_does_not_close_is_refused(raws: tuple[str, ...], words: str) -> None:
    """Values that add up in no way, or in two, are not drawn as if they did."""
    with pytest.raises(LayoutError, match=words):
        bridge(money(*raws), "s")


def test_rounding_is_no_gap() -> None:
    """Printed digits that miss the total by their rounding still lead to it; by more they do not."""
    assert bridge(money("100.4", "20.3", "80.0"), "s")[1].amount == Decimal("-20.3")
    with pytest.raises(LayoutError, match="no way"):
        bridge(money("100.4", "20.3", "79.8"), "s")


def test_parts_of_a_whole() -> None:
    """Percentages of at most a hundred within their rounding are a whole; a negative one or too much is none."""
    def percents(*raws: str) -> list[Value]:
        return [sample.value("regions", Kind.PERCENT, raw, key=str(at)) for at, raw in enumerate(raws)]

    assert is_whole(percents("50.0", "33.4", "16.7"))
    assert not is_whole(percents("50.0", "40.0", "11.0"))
    assert not is_whole(percents("104.0", "-4.0"))
    assert not is_whole(money("10.0", "20.0"))


def test_printed_signs_come_before_others() -> None:
    """A change that is smaller than the rounding of the total could go either way; it goes the way that is printed."""
    assert bridge(money("1000", "0.2", "1000"), "s")[1].amount == Decimal("0.2")
    assert bridge(money("1000", "-0.2", "1000"), "s")[1].amount == Decimal("-0.2")
    with pytest.raises(LayoutError, match="more than one way"):  # 300 must be taken away, and then 0.2 may be, too
        bridge(money("1000", "0.2", "300", "700"), "s")
