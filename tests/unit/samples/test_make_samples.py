"""The generator of the samples: the same bytes each time, and no document that contradicts its truth."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from samples import SampleError, build_all
from samples.build import sheets
from samples.compose import Composer, TruthBook
from samples.figures import Printed
from samples.press import HERE, build, stands
from samples.printing import House
from samples.series import Recipe, Series, compound, draw
from samples.sheet import Sheet, load

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "include" / "samples"
FONTS = ROOT / "include" / "themes" / "house" / "fonts"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    script = ROOT / "scripts" / "make_samples.py"
    return subprocess.run(
        [sys.executable, "-B", str(script), *arguments], capture_output=True, text=True, check=False, timeout=120
    )


def house(**changes: object) -> House:
    habits: dict[str, object] = {
        "language": "en", "decimal": ".", "group": ",", "minus": "-", "percent": "%", "cell_percent": False,
        "plus": False, "date_pattern": "{d} {month} {yyyy}", "missing": "n/a",
    }  # fmt: skip
    return House(**{**habits, **changes})  # type: ignore[arg-type]


def months(*values: str) -> Series:
    return Series({(2026, number): Decimal(value) for number, value in enumerate(values, start=1)}, places=2)


def sheet(name: str) -> Sheet:
    return next(item for item in sheets() if item.name == name)


def test_the_committed_files_are_what_the_script_makes() -> None:
    """A fresh process makes every committed sample byte for byte."""
    result = run("--check")
    assert result.returncode == 0, result.stdout + result.stderr


def test_check_names_what_differs(tmp_path: Path) -> None:
    """A changed, a missing and a left-over file are each named, and the exit status is 1."""
    shutil.copytree(SAMPLES, tmp_path / "kept")
    (tmp_path / "kept" / "README.md").write_text("changed", encoding="utf-8")
    (tmp_path / "kept" / "hostile" / "blank.pdf").unlink()
    (tmp_path / "kept" / "old.pdf").write_bytes(b"")
    result = run("--check", "--out", str(tmp_path / "kept"))
    assert result.returncode == 1
    assert result.stdout.splitlines()[:3] == [
        "differs    README.md", "missing    hostile/blank.pdf", "left over  old.pdf",
    ]  # fmt: skip


def test_no_fonts_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    """Without the house fonts the script stops with their folder's name instead of setting another type."""
    result = run("--fonts", str(tmp_path), "--out", str(tmp_path / "out"))
    assert result.returncode == 2
    assert str(tmp_path) in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_value_that_is_not_on_its_page_is_refused() -> None:
    """A layout that drops a figure cannot produce a sample: the build names the value and the page."""
    plain = load(HERE / "sheets" / "hostile" / "plain_en.toml")
    mute = replace(plain, pages=({**plain.pages[0], "footer": "{fund_size}"},))
    with pytest.raises(SampleError, match=r"fund_size: 'EUR 73\.5 million' is not printed on page 1"):
        build(mute, FONTS)


def test_a_figure_the_fund_does_not_have_is_refused() -> None:
    """A sheet file that asks for a ten-year return of a young fund is an error that names the sheet."""
    young = sheet("ostermere_frontier_debt_en")
    asking = replace(young, pages=({"text": "{performance_data.10y}"},))
    with pytest.raises(ValueError, match=r"ostermere_frontier_debt_en: page 1 asks for \{performance_data\.10y\}"):
        Composer(asking).pages()


def test_the_benchmark_row_is_not_the_fund_s_in_the_truth() -> None:
    """A row of the benchmark is remembered as the benchmark's, and never as the fund's."""
    table = {"title": "", "columns": [["1 month", "1m"], ["YTD", "ytd"]], "rows": [["Benchmark", "benchmark"]]}
    composer = Composer(replace(sheet("aldermoor_global_equity_en"), pages=({"periods": table},)))
    rows = composer.pages()[0]["periods"]["rows"]
    assert len(rows[0]) == 3
    assert set(composer.truth.values) == {"benchmark_month", "benchmark_ytd"}


def test_one_reference_has_one_value() -> None:
    """Two different prints of one value are refused; the same value again keeps its first place."""
    book = TruthBook()
    book.note("nav", Printed("1.00", "EUR 1.00"), page=1)
    book.note("nav", Printed("1.00", "1.00"), page=2)
    assert book.values["nav"]["page"] == 1
    with pytest.raises(ValueError, match=r"nav is printed as 1\.00 on page 1 and 2\.00 on 2"):
        book.note("nav", Printed("2.00", "EUR 2.00"), page=2)


def test_returns_compound() -> None:
    """+10% and −10% are −1%, not zero, and a window longer than the history is none."""
    series = months("10.00", "-10.00")
    assert compound([Decimal(10), Decimal(-10)]) == Decimal(-1)
    assert series.period("ytd") == Decimal("-1.00")
    assert series.period("3m") is None
    assert series.max_drawdown() == Decimal("-10.00")


def test_short_periods_are_not_annualised() -> None:
    """A return under one year has no yearly rate (GIPS 2020 2.A.12): asking for it is an error."""
    with pytest.raises(ValueError, match="a return under one year is not annualised"):
        months("1.00").annualised("3m")


def test_the_same_recipe_draws_the_same_months() -> None:
    """Months depend on the recipe alone, and another seed gives others."""
    recipe = Recipe(
        seed="one", first=(2024, 1), last=(2025, 12), places=2, drift=Decimal("0.1"), beta=Decimal(1),
        noise=Decimal(1), bench_drift=Decimal(0), pinned={(2025, 12): Decimal("1.5")},
    )  # fmt: skip
    fund, benchmark = draw(recipe)
    assert draw(recipe)[0].months == fund.months
    assert fund.months[2025, 12] == Decimal("1.50")
    other, same_market = draw(replace(recipe, seed="two"))
    assert other.months != fund.months
    assert same_market.months == benchmark.months


@pytest.mark.parametrize(
    ("changes", "value", "printed"),
    [
        ({}, "-1234.50", "-1,234.50"),
        ({"minus": "()"}, "-0.45", "(0.45)"),
        ({"minus": "()", "cell_percent": True}, "-0.45", "(0.45%)"),
        ({"minus": "−", "decimal": ",", "group": "."}, "-1234.50", "−1.234,50"),
        ({"group": "’", "plus": True}, "1234.50", "+1’234.50"),
        ({"plus": True}, "0.00", "0.00"),
    ],
)
def test_houses_print_as_they_are_told(changes: dict[str, object], value: str, printed: str) -> None:
    """Separators, minus signs, brackets and plus signs are the house's own."""
    assert house(**changes).cell(Decimal(value)) == printed


def test_contradictions_are_refused() -> None:
    """One separator for two jobs, a launch after the figures and a short ISIN cannot be built."""
    with pytest.raises(ValueError, match="decimals and thousands"):
        house(decimal=",", group=",")
    fund = sheet("aldermoor_global_equity_en").fund
    with pytest.raises(ValueError, match="after the figures"):
        replace(fund, launch=date(2027, 1, 1))
    with pytest.raises(ValueError, match="without its check digit"):
        replace(fund, isin="LU99")


def test_building_twice_in_one_process_changes_nothing() -> None:
    """No state of the first build leaks into the second."""
    assert build_all(FONTS) == build_all(FONTS)


@pytest.mark.parametrize(
    ("quote", "text", "found"),
    [
        ("1.93", "Fund 1.93 1.35", True),
        ("1.93", "Fund 11.93", False),
        ("1.93", "Fund −1.93", False),
        ("1.93", "Fund (1.93)", False),
        ("(1.93)", "Fund (1.93) 2.00", True),
        ("EUR 9", "EUR 91", False),
    ],
)
def test_a_quote_stands_as_words_of_its_own(quote: str, text: str, found: bool) -> None:
    """A figure inside a longer one, or one that lost its sign, is not the figure."""
    assert stands(quote, text) is found
