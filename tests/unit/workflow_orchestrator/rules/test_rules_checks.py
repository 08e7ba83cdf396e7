"""Each check: values that pass, values that do not, and no data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import rules_cases
import rules_sample
from rules_sample import MONTHS_2026, values

from workflow_orchestrator.rules import Finding
from workflow_orchestrator.rules.registry import checks
from workflow_orchestrator.values import Origin

RULE = {
    "months_compound_to_ytd": "months: months, ytd: ytd, as_of: as_of, launch: launch",
    "months_compound_to_year": "months: months, years: years, launch: launch",
    "months_compound_to_periods": "months: months, periods: performance, as_of: as_of, launch: launch",
    "month_equals_grid": "month: month, months: months, as_of: as_of",
    "ytd_equals_grid": "ytd: ytd, years: years, as_of: as_of",
    "annualised_fits_cumulative": "annualised: annualised, cumulative: performance, launch: launch, as_of: as_of",
    "not_annualised_under_a_year": "annualised: annualised, launch: launch, as_of: as_of",
    "months_within_life": "months: months, as_of: as_of, launch: launch",
    "holdings_sum_to_total": "holdings: holdings, total: total",
    "holdings_within_hundred": "holdings: holdings",
    "as_of_not_stale": "as_of: as_of, max_age_days: 45",
    "launch_before_as_of": "launch: launch, as_of: as_of",
    "risk_level_fits_sri": "level: level, sri: sri",
    **rules_cases.RULE,
}
AS_OF = {"as_of": "2026-10-31"}
YEAR_2025 = {f"2025-{month:02d}": "1.00" for month in range(1, 13)}  # 1.01 ** 12 is 1.126825…


def findings(tmp_path: Path, check: str, printed: Mapping[str, Any], **more: Any) -> tuple[Finding, ...]:
    """What one check finds in printed values."""
    return rules_sample.findings(tmp_path, f"check: {check}, {RULE[check]}", values(**printed, **more))


def without(grid: Mapping[str, str], *keys: str) -> dict[str, str]:
    return {key: text for key, text in grid.items() if key not in keys}


PASSING: list[tuple[str, dict[str, Any]]] = [
    ("months_compound_to_ytd", {**AS_OF, "months": MONTHS_2026, "ytd": "5.16"}),
    ("months_compound_to_ytd", {**AS_OF, "months": MONTHS_2026, "ytd": "5.1"}),
    ("months_compound_to_ytd", {**AS_OF, "months": MONTHS_2026, "ytd": "5"}),
    # Printed with one decimal, ten months leave half a per cent of play.
    ("months_compound_to_ytd", {**AS_OF, "months": {k: f"{float(v):.1f}" for k, v in MONTHS_2026.items()},
         "ytd": "5.4"}),
    ("months_compound_to_ytd", {**AS_OF, "launch": "2026-09-15", "months": {"2026-09": "-0.62", "2026-10": "1.93"},
                                "ytd": "1.30"}),
    ("months_compound_to_year", {"months": YEAR_2025, "years": {"2025": "12.68", "2024": "3.00"}}),
    ("months_compound_to_periods", {**AS_OF, "months": {**YEAR_2025, **MONTHS_2026},
                                    "performance": {"3m": "2.37", "1y": "7.23", "5y": "40.00",
                                         "since_inception": "99.00"}}),
    ("months_compound_to_year", {"launch": "2025-07-14", "months": {k: v for k,
         v in YEAR_2025.items() if k > "2025-06"},
                                 "years": {"2025": "6.15"}}),
    ("months_compound_to_periods", {**AS_OF, "launch": "2026-01-08", "months": MONTHS_2026,
                                    "performance": {"since_inception": "5.16"}}),
    ("month_equals_grid", {**AS_OF, "months": MONTHS_2026, "month": "1.93"}),
    ("month_equals_grid", {**AS_OF, "months": MONTHS_2026, "month": "1.9"}),
    ("ytd_equals_grid", {**AS_OF, "years": {"2026": "5.16", "2025": "8.00"}, "ytd": "5.16"}),
    ("annualised_fits_cumulative", {"annualised": {"3y": "7.42", "5y": "6.10"}, "performance": {"3y": "23.95",
         "5y": "34.45"}}),
    ("annualised_fits_cumulative", {**AS_OF, "launch": "2016-10-31", "annualised": {"since_inception": "6.00"},
                                    "performance": {"since_inception": "79.08"}}),
    ("annualised_fits_cumulative", {"annualised": {"3y": "-4.00"}, "performance": {"3y": "-11.53"}}),
    ("not_annualised_under_a_year", {**AS_OF, "launch": "2025-10-31", "annualised": {"1y": "3.00",
         "since_inception": "3.00"}}),
    ("months_within_life", {**AS_OF, "launch": "2026-01-20", "months": MONTHS_2026}),
    ("holdings_sum_to_total", {"holdings": {"A": "5.43", "B": "4.10", "C": "3.27"}, "total": "12.80"}),
    ("holdings_sum_to_total", {"holdings": {"A": "5.43", "B": "4.10", "C": "3.27"}, "total": "12.81"}),
    ("holdings_within_hundred", {"holdings": {"A": "60.0", "B": "40.0"}}),
    ("holdings_within_hundred", {"holdings": {"A": "33.4", "B": "33.4", "C": "33.3"}}),
    ("as_of_not_stale", {"as_of": "2026-09-26"}),
    ("launch_before_as_of", {**AS_OF, "launch": "2026-10-31"}),
    ("risk_level_fits_sri", {"level": "Low", "sri": "2"}),
    ("risk_level_fits_sri", {"level": "Medium", "sri": "5"}),
    ("risk_level_fits_sri", {"level": "High", "sri": "6"}),
    ("risk_level_fits_sri", {"level": "High", "sri": "9"}),
    *rules_cases.PASSING,
]  # fmt: skip

FAILING: list[tuple[str, dict[str, Any], str, tuple[str, ...], str, str]] = [
    # check, values, severity, refs (the first ones), words of the message, printed
    ("months_compound_to_ytd", {**AS_OF, "months": MONTHS_2026, "ytd": "5.25"}, "error", ("ytd", "months.2026-01"),
     "percent is printed as 5.25, and the 10 months compound to between 5.1", "5.25"),
    ("months_compound_to_ytd", {**AS_OF, "months": {**MONTHS_2026, "2026-09": "0.62"}, "ytd": "5.16"}, "error",
         ("ytd",),
     "compound to between 6.", "5.16"),
    ("months_compound_to_ytd", {**AS_OF, "months": MONTHS_2026, "ytd": "-5.16"}, "error", ("ytd",), "-5.16", "-5.16"),
    ("months_compound_to_year", {"months": YEAR_2025, "years": {"2025": "12.00"}}, "error", ("years.2025",
         "months.2025-01"),
     "2025 is printed as 12.00, and the 12 months compound to between 12.6", "12.00"),
    ("months_compound_to_periods", {**AS_OF, "months": MONTHS_2026, "performance": {"3m": "1.93"}}, "error",
     ("performance.3m", "months.2026-08", "months.2026-09", "months.2026-10"), "percent, 3m is printed as 1.93", "1.93"),
    ("months_compound_to_periods", {**AS_OF, "launch": "2026-01-08", "months": MONTHS_2026,
                                    "performance": {"since_inception": "5.61"}}, "error",
     ("performance.since_inception", "months.2026-01"), "since_inception is printed as 5.61", "5.61"),
    ("month_equals_grid", {**AS_OF, "months": MONTHS_2026, "month": "1.94"}, "error", ("month", "months.2026-10"),
     "both are the same figure", "1.94"),
    ("ytd_equals_grid", {**AS_OF, "years": {"2026": "5.16"}, "ytd": "5.21"}, "error", ("ytd", "years.2026"),
         "2026 as 5.16 on page 1; both are the same figure", "5.21"),
    ("annualised_fits_cumulative", {"annualised": {"3y": "7.42"}, "performance": {"3y": "22.26"}}, "error",
     ("annualised.3y", "performance.3y"), "percent, 3y: 7.42 a year gives between 23.9", "22.26"),
    ("annualised_fits_cumulative", {**AS_OF, "launch": "2016-10-31", "annualised": {"since_inception": "6.00"},
                                    "performance": {"since_inception": "60.00"}}, "error",
     ("annualised.since_inception", "performance.since_inception"), "since_inception: 6.00 a year gives between", "60.00"),
    ("not_annualised_under_a_year", {"annualised": {"6m": "3.00"}}, "error", ("annualised.6m",), "less than a year",
         "3.00"),
    ("not_annualised_under_a_year", {**AS_OF, "launch": "2025-11-01", "annualised": {"since_inception": "3.00"}},
         "error",
     ("annualised.since_inception",), "less than a year", "3.00"),
    ("months_within_life", {**AS_OF, "months": {**MONTHS_2026, "2026-11": "0.10"}}, "error", ("months.2026-11",),
     "later than the as-of date 2026-10-31", "0.10"),
    ("months_within_life", {**AS_OF, "launch": "2026-02-01", "months": MONTHS_2026}, "error", ("months.2026-01",),
     "earlier than the launch on 2026-02-01", "1.21"),
    ("holdings_sum_to_total", {"holdings": {"A": "5.43", "B": "4.10"}, "total": "12.80"}, "needs_person",
     ("total", "holdings.A", "holdings.B"), "the 2 weights add up to between 9.520 % and 9.540 %", "12.80"),
    ("holdings_within_hundred", {"holdings": {"A": "60.0", "B": "40.2"}}, "warning", ("holdings.A", "holdings.B"),
     "more than the whole fund", "60.0 + 40.2"),
    ("as_of_not_stale", {"as_of": "2026-09-25"}, "warning", ("as_of",), "46 days old, more than 45", "2026-09-25"),
    ("launch_before_as_of", {**AS_OF, "launch": "2026-11-01"}, "error", ("launch", "as_of"), "is after the as-of date",
         "2026-11-01"),
    ("risk_level_fits_sri", {"level": "Low", "sri": "3"}, "warning", ("level", "sri"), "an SRI of 3 reads Medium",
         "Low"),
    ("risk_level_fits_sri", {"level": "Medium", "sri": "6"}, "warning", ("level", "sri"), "reads High", "Medium"),
    *rules_cases.FAILING,
]  # fmt: skip

NO_DATA: list[tuple[str, dict[str, Any]]] = [
    ("months_compound_to_ytd", {**AS_OF, "months": MONTHS_2026}),
    ("months_compound_to_ytd", {**AS_OF, "ytd": "99.00"}),
    ("months_compound_to_ytd", {"months": MONTHS_2026, "ytd": "99.00"}),
    ("months_compound_to_ytd", {**AS_OF, "months": without(MONTHS_2026, "2026-04"), "ytd": "99.00"}),
    ("months_compound_to_ytd", {"as_of": "2026-11-02", "months": MONTHS_2026, "ytd": "99.00"}),
    ("months_compound_to_year", {"months": without(YEAR_2025, "2025-07"), "years": {"2025": "99.00"}}),
    ("months_compound_to_year", {"months": YEAR_2025}),
    ("months_compound_to_periods", {**AS_OF, "months": MONTHS_2026, "performance": {"1y": "99.00",
         "since_inception": "99.00"}}),
    ("months_compound_to_periods", {"months": MONTHS_2026, "performance": {"3m": "99.00"}}),
    ("month_equals_grid", {**AS_OF, "months": MONTHS_2026}),
    ("month_equals_grid", {**AS_OF, "month": "9.00"}),
    ("month_equals_grid", {"as_of": "2026-11-05", "months": MONTHS_2026, "month": "9.00"}),
    ("ytd_equals_grid", {**AS_OF, "years": {"2025": "5.16"}, "ytd": "9.00"}),
    ("ytd_equals_grid", {"years": {"2026": "5.16"}, "ytd": "9.00"}),
    ("annualised_fits_cumulative", {"annualised": {"3y": "7.42"}, "performance": {"5y": "99.00"}}),
    ("annualised_fits_cumulative", {"annualised": {"since_inception": "7.42"},
         "performance": {"since_inception": "99.00"}}),
    ("not_annualised_under_a_year", {"annualised": {"since_inception": "3.00"}}),
    ("months_within_life", {"months": MONTHS_2026}),
    ("holdings_sum_to_total", {"total": "99.00"}),
    ("holdings_sum_to_total", {"holdings": {"A": "5.43"}}),
    ("holdings_within_hundred", {}),
    ("as_of_not_stale", {"launch": "2001-01-01"}),
    ("launch_before_as_of", {"launch": "2026-11-01"}),
    ("launch_before_as_of", AS_OF),
    ("risk_level_fits_sri", {"level": "Low"}),
    ("risk_level_fits_sri", {"sri": "7"}),
    *rules_cases.NO_DATA,
]  # fmt: skip


@pytest.mark.parametrize(("check", "printed"), PASSING)
def test_values_that_fit_give_no_finding(tmp_path: Path, check: str, printed: dict[str, Any]) -> None:
    """What a true factsheet prints is never held against it."""
    assert findings(tmp_path, check, printed) == ()


@pytest.mark.parametrize(("check", "printed", "severity", "refs", "words", "quote"), FAILING)
def test_values_that_do_not_fit_are_found(
    tmp_path: Path,
    check: str,
    printed: dict[str, Any],
    severity: str,
    refs: tuple[str, ...],
    words: str,
    quote: str,
) -> None:
    """The finding names the rule, the values, what was computed and what is printed."""
    found = findings(tmp_path, check, printed)
    assert len(found) == 1
    assert found[0].severity == severity
    assert found[0].refs[: len(refs)] == refs
    assert words in found[0].message
    assert found[0].printed == quote


@pytest.mark.parametrize(("check", "printed"), NO_DATA)
def test_without_data_a_rule_does_not_apply(tmp_path: Path, check: str, printed: dict[str, Any]) -> None:
    """What a factsheet does not print breaks no rule, however wild the rest is."""
    assert findings(tmp_path, check, printed) == ()


def test_every_check_has_all_three_kinds_of_tests() -> None:
    """A new check without passing, failing and empty values does not get in; those of drift have their own page of tests."""
    alone = {name for name, check in checks().items() if not check.against_previous}
    for cases in (PASSING, FAILING, NO_DATA):
        assert {case[0] for case in cases} == alone


def test_a_dropped_sign_in_any_month_is_found(tmp_path: Path) -> None:
    """With two decimals, no sign of the grid can be lost without the YTD telling."""
    for key, text in MONTHS_2026.items():
        turned = text.removeprefix("-") if text.startswith("-") else f"-{text}"
        grid = {**MONTHS_2026, key: turned}
        assert findings(tmp_path, "months_compound_to_ytd", {**AS_OF, "months": grid, "ytd": "5.16"}), key


def test_a_long_period_asks_for_its_result_alone(tmp_path: Path) -> None:
    """Nobody is shown a form of sixty months."""
    months = {f"{year}-{month:02d}": "0.50" for year in range(2021, 2027) for month in range(1, 13)}
    found = findings(tmp_path, "months_compound_to_periods", {**AS_OF, "months": months, "performance": {"5y": "1.00"}})
    assert [finding.refs for finding in found] == [("performance.5y",)]


def test_a_person_who_entered_the_values_settles_what_needed_one(tmp_path: Path) -> None:
    """`needs_person` becomes a warning once a person has entered every value it names; an error stays an error."""
    holdings = {"holdings": {"A": "5.43", "B": "4.10"}, "total": "12.80"}
    found = findings(tmp_path, "holdings_sum_to_total", holdings, origin=Origin.PERSON)
    assert [finding.severity for finding in found] == ["warning"]
    assert found[0].message.endswith("a person confirmed it")
    wrong = {**AS_OF, "months": MONTHS_2026, "ytd": "9.00"}
    assert findings(tmp_path, "months_compound_to_ytd", wrong, origin=Origin.PERSON)[0].severity == "error"


@pytest.mark.parametrize(
    ("as_of", "three_years", "broken"),
    [
        ("2026-09-30", "12.86", ""),
        ("2026-09-30", "12.89", "12.89"),  # 1.10 * 0.95 * 1.08 is 1.1286
        ("2026-10-31", "99.00", ""),  # the last twelve months ended a month before
        ("2026-09-29", "12.89", "12.89"),  # the last business day of the month
    ],
)
def test_twelve_months_each_compound_as_calendar_years_do(tmp_path: Path, as_of: str, three_years: str, broken: str) -> None:
    """Where the last of them end with the month of the figures, they give the return over as many years."""
    spans = {"2024-09": "10.00", "2025-09": "-5.00", "2026-09": "8.00"}
    rule = "check: years_compound_to_periods, years: spans, as_of: as_of, periods: performance, annualised: annualised"
    found = rules_sample.findings(tmp_path, rule, values(as_of=as_of, spans=spans, performance={"3y": three_years}))
    assert [(finding.refs[0], broken in finding.message) for finding in found] == ([("performance.3y", True)] if broken else [])
