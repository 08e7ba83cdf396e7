"""The checks against the release before: what moved, what stayed, what is gone."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rules_sample import FIELDS, TODAY, findings, value, values

from workflow_orchestrator.errors import DefinitionError
from workflow_orchestrator.rules import Finding, check_values, load_rules
from workflow_orchestrator.rules.previous import Identity, Release
from workflow_orchestrator.rules.registry import checks
from workflow_orchestrator.values import Origin, ValueSet

BEFORE, NOW = {"as_of": "2026-09-30"}, {"as_of": "2026-10-31"}
HISTORY = {"2025-12": "1.10", "2026-08": "1.05", "2026-09": "-0.62"}


def released(given: ValueSet, pages: int = 2) -> Release:
    as_of = given["as_of"].value
    assert isinstance(as_of, date)
    return Release("earlier", as_of, "2026-10-12T09:00:00+00:00", "person", pages, given)


def drift(tmp_path: Path, rule: str, before: dict[str, Any], now: dict[str, Any]) -> tuple[Finding, ...]:
    """What a rule finds in a sheet of October, of two pages, after one of September."""
    previous = released(values(**{**BEFORE, **before}))
    return findings(tmp_path, rule, values(**{**NOW, **now}), pages=2, previous=previous)


QUARTER = "check: ytd_adds_quarter, ytd: revenue, quarter: operating, as_of: as_of"
SINCE = "check: period_adds_quarter, figure: by_period, as_of: as_of"
PRIOR = "check: prior_is_as_released, prior: preferred, current: income, as_of: as_of"

QUIET: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("check: as_of_advances, as_of: as_of", {}, {}),
    ("check: as_of_advances, as_of: as_of", {"as_of": "2026-09-29"}, {"as_of": "2026-10-30"}),
    ("check: as_of_advances, as_of: as_of, months: 3", {"as_of": "2026-07-31"}, {}),
    ("check: moves_within_points, value: charges", {"charges": "0.85"}, {"charges": "1.05"}),
    # Printed with one decimal, 0.9 may have been 0.94, and 1.1 may have been 1.06.
    ("check: moves_within_points, value: charges, points: 0.15", {"charges": "0.9"}, {"charges": "1.1"}),
    ("check: moves_within_points, value: charges", {}, {"charges": "9.99"}),
    ("check: moves_within_percent, value: size", {"size": "412.6"}, {"size": "536.0"}),
    ("check: moves_within_percent, value: size", {"size": "412.6"}, {}),
    ("check: same_as_before, value: benchmark", {"benchmark": "World Index NR"}, {"benchmark": "WORLD Index, NR."}),
    ("check: same_as_before, value: benchmark", {}, {"benchmark": "World Index"}),
    ("check: same_as_before, value: sri", {"sri": "4"}, {"sri": "4"}),
    ("check: unit_as_before, value: size", {"size": "412.6"}, {"size": "9.0"}),
    ("check: past_is_not_restated, past: months", {"months": HISTORY}, {"months": {**HISTORY, "2026-10": "1.93"}}),
    ("check: past_is_not_restated, past: months", {"months": HISTORY}, {"months": {"2026-08": "1.1"}}),
    # A month that was not over when it was printed may be another one now.
    ("check: past_is_not_restated, past: months", {"as_of": "2026-09-14", "months": {"2026-09": "-0.10"}},
     {"months": {"2026-09": "-0.62"}}),
    ("check: past_is_not_restated, past: years", {"years": {"2025": "8.00", "2026": "3.17"}},
     {"years": {"2025": "8.00", "2026": "5.16"}}),
    ("check: ytd_continues, ytd: ytd, month: month, as_of: as_of", {"ytd": "3.17"}, {"month": "1.93", "ytd": "5.16"}),
    # A new year, and a release of two months before, say nothing.
    ("check: ytd_continues, ytd: ytd, month: month, as_of: as_of", {"as_of": "2025-12-31", "ytd": "9.00"},
     {"as_of": "2026-01-31", "month": "1.21", "ytd": "1.21"}),
    ("check: ytd_continues, ytd: ytd, month: month, as_of: as_of", {"as_of": "2026-08-31", "ytd": "9.00"},
     {"month": "1.93", "ytd": "5.16"}),
    # From the middle of September a month does not lead to the end of October.
    ("check: ytd_continues, ytd: ytd, month: month, as_of: as_of", {"as_of": "2026-09-15", "ytd": "9.00"},
     {"month": "1.93", "ytd": "5.16"}),
    (f"{QUARTER}", {"as_of": "2026-04-30", "revenue": "8247"}, {"as_of": "2026-07-31", "operating": "8603", "revenue": "16850"}),
    # The first quarter of a fiscal year that ends in January, in a year of 52 weeks; and a release of half a year before.
    (f"{QUARTER}, year_end: 1", {"as_of": "2026-01-31", "revenue": "31352"},
     {"as_of": "2026-05-02", "operating": "8247", "revenue": "8247"}),
    (f"{QUARTER}", {"as_of": "2026-01-31", "revenue": "1"}, {"as_of": "2026-07-31", "operating": "8603", "revenue": "16850"}),
    (f"{QUARTER}", {"as_of": "2026-04-30"}, {"as_of": "2026-07-31", "operating": "8603", "revenue": "16850"}),
    (SINCE, {"as_of": "2026-04-30", "by_period": {"3m": "8247"}}, {"as_of": "2026-07-31", "by_period": {"3m": "8603", "6m": "16850"}}),
    # A release of half a year before, one that did not print it, and a quarter that is not printed.
    (SINCE, {"as_of": "2026-01-31", "by_period": {"3m": "1"}}, {"as_of": "2026-07-31", "by_period": {"3m": "8603", "6m": "16850"}}),
    (SINCE, {"as_of": "2026-04-30"}, {"as_of": "2026-07-31", "by_period": {"3m": "8603", "6m": "16850"}}),
    (SINCE, {"as_of": "2026-04-30", "by_period": {"3m": "8247"}}, {"as_of": "2026-07-31", "by_period": {"6m": "1"}}),
    (PRIOR, {"as_of": "2025-07-26", "income": "68"}, {"as_of": "2026-07-31", "preferred": "68.2"}),
    (PRIOR, {"as_of": "2026-04-30", "income": "99"}, {"as_of": "2026-07-31", "preferred": "68"}),
    ("check: nothing_is_gone, fields: [sri, performance, holdings]",
     {"sri": "4", "performance": {"1y": "5.0"}, "holdings": {"A": "5.4", "B": "4.1"}},
     {"sri": "5", "performance": {"1y": "6.0", "3y": "9.0"}, "holdings": {"C": "5.4", "D": "4.1"}}),
    ("check: nothing_is_gone, fields: [sri]", {}, {}),
    ("check: pages_as_before, as_of: as_of", {}, {}),
]  # fmt: skip

LOUD: list[tuple[str, dict[str, Any], dict[str, Any], str, tuple[str, ...], str, str]] = [
    # rule, before, now, severity, refs, words, what was printed before
    (QUARTER, {"as_of": "2026-04-30", "revenue": "8247"}, {"as_of": "2026-07-31", "operating": "8603", "revenue": "16852"},
     "needs_person", ("revenue", "operating"), "8247 of the release of 2026-04-30, makes between 16,849.0 and 16,851.0",
     "16,849.00 to 16,851.00"),
    (SINCE, {"as_of": "2026-04-30", "by_period": {"3m": "8247"}}, {"as_of": "2026-07-31", "by_period": {"3m": "8603", "6m": "16852"}},
     "needs_person", ("by_period.6m", "by_period.3m"), "8247 of the release of 2026-04-30 with a quarter of",
     "16,849.00 to 16,851.00"),
    (PRIOR, {"as_of": "2025-07-31", "income": "68"}, {"as_of": "2026-07-31", "preferred": "69"}, "needs_person",
     ("preferred",), "the release of 2025-07-31 printed 68", "68 (2025-07-31)"),
    ("check: as_of_advances, as_of: as_of", {"as_of": "2026-08-31"}, {}, "needs_person", ("as_of",),
     "2 months after those of the release of 2026-08-31, and not 1", "2026-08-31"),
    ("check: as_of_advances, as_of: as_of", {"as_of": "2026-10-02"}, {}, "needs_person", ("as_of",), "0 months after",
     "2026-10-02"),
    ("check: moves_within_points, value: charges", {"charges": "0.85"}, {"charges": "1.07"}, "needs_person",
     ("charges",), "changed by between 0.210 points and 0.230 points, more than 0.2", "0.85 (2026-09-30)"),
    ("check: moves_within_percent, value: size, percent: 25", {"size": "412.6"}, {"size": "300.1"}, "needs_person",
     ("size",), "between -27.287 % and -27.245 %, more than 25 %", "412.6 (2026-09-30)"),
    ("check: same_as_before, value: benchmark", {"benchmark": "World Index"}, {"benchmark": "Europe Index"},
     "needs_person", ("benchmark",), "and the release of 2026-09-30 printed 'World Index'", "World Index (2026-09-30)"),
    ("check: same_as_before, value: sri", {"sri": "4"}, {"sri": "5"}, "needs_person", ("sri",), "printed '4'",
     "4 (2026-09-30)"),
    ("check: past_is_not_restated, past: months", {"months": HISTORY}, {"months": {**HISTORY, "2025-12": "1.01"}},
     "needs_person", ("months.2025-12",), "one past figure differs from the release of 2026-09-30 (2025-12: 1.01, before 1.10)",
     "1.10 (2026-09-30)"),
    ("check: past_is_not_restated, past: years", {"years": {"2025": "8.00"}}, {"years": {"2025": "-8.00"}},
     "needs_person", ("years.2025",), "2025: -8.00, before 8.00", "8.00 (2026-09-30)"),
    ("check: ytd_continues, ytd: ytd, month: month, as_of: as_of", {"ytd": "3.17"}, {"month": "1.93", "ytd": "5.61"},
     "needs_person", ("ytd", "month"), "3.17 of the release of 2026-09-30 and a month of 1.93 make between 5.1",
     "5.1509 to 5.1714"),
    ("check: nothing_is_gone, fields: [sri, level]", {"sri": "4"}, {}, "warning", ("sri",), "not found, and there in",
     "1 values (2026-09-30)"),
    ("check: nothing_is_gone, fields: [performance]", {"performance": {"1y": "5.0", "10y": "90.0"}},
     {"performance": {"1y": "6.0"}}, "warning", ("performance.10y",), "10y: not found", "2 values (2026-09-30)"),
    ("check: nothing_is_gone, fields: [holdings]", {"holdings": {"A": "5.4", "B": "4.1"}}, {"holdings": {"C": "5.4"}},
     "warning", ("holdings",), "1 values, and 2 in", "2 values (2026-09-30)"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "before", "now"), QUIET)
def test_a_month_that_goes_on_gives_no_finding(
    tmp_path: Path, rule: str, before: dict[str, Any], now: dict[str, Any]
) -> None:
    """What an ordinary month changes is never held against a sheet."""
    assert drift(tmp_path, rule, before, now) == ()


@pytest.mark.parametrize(("rule", "before", "now", "severity", "refs", "words", "then"), LOUD)
def test_a_break_with_the_release_before_is_found(
    tmp_path: Path,
    rule: str,
    before: dict[str, Any],
    now: dict[str, Any],
    severity: str,
    refs: tuple[str, ...],
    words: str,
    then: str,
) -> None:
    """The finding names the value, what the release before printed, and its day."""
    found = drift(tmp_path, rule, before, now)
    assert [(finding.severity, finding.refs, finding.computed) for finding in found] == [(severity, refs, then)]
    assert words in found[0].message


def test_each_check_of_drift_is_shown_quiet_and_loud() -> None:
    """A new one does not get in without both; pages and units have tests of their own below."""
    known = {name for name, check in checks().items() if check.against_previous}
    quiet, loud = ({case[0].split(",")[0].removeprefix("check: ") for case in cases} for cases in (QUIET, LOUD))
    assert quiet == known
    assert loud == known - {"pages_as_before", "unit_as_before"}


def test_another_number_of_pages_is_found(tmp_path: Path) -> None:
    """A page that failed to print is seen even if every value is on the others."""
    previous = released(values(**BEFORE), pages=3)
    found = findings(tmp_path, "check: pages_as_before, as_of: as_of", values(**NOW), pages=2, previous=previous)
    assert [finding.message for finding in found] == [
        "the document has 2 pages, and that of the release of 2026-09-30 had 3"
    ]
    assert not findings(tmp_path, "check: pages_as_before, as_of: as_of", values(**NOW), previous=previous)


def test_amounts_in_two_currencies_are_told_and_not_compared(tmp_path: Path) -> None:
    """A figure that was guided in euros and is given in dollars is an error; a change in per cent of it is nothing."""
    before = ValueSet([value("as_of", "2026-09-30"), value("size", "100")])
    now = ValueSet([value("as_of", "2026-10-31"), value("size", "900", unit="USD")])
    found = findings(tmp_path, "check: unit_as_before, value: size", now, previous=released(before))
    assert [finding.severity for finding in found] == ["error"]
    assert "gave it in EUR" in found[0].message
    assert not findings(tmp_path, "check: moves_within_percent, value: size", now, previous=released(before))


def test_without_a_release_before_nothing_is_said(tmp_path: Path) -> None:
    """The first sheet of a fund is compared with nothing."""
    for rule, _, now, *_ in LOUD:
        assert findings(tmp_path, rule, values(**{**NOW, **now}), pages=2) == ()


def test_a_person_who_looked_settles_what_changed(tmp_path: Path) -> None:
    """A new benchmark that a person entered again is a warning, so the run goes on and the approver reads it."""
    previous = released(values(**BEFORE, benchmark="World Index"))
    given = values(Origin.PERSON, **NOW, benchmark="Europe Index")
    found = findings(tmp_path, "check: same_as_before, value: benchmark", given, previous=previous)
    assert [finding.severity for finding in found] == ["warning"]


def test_a_whole_restated_grid_asks_for_a_years_worth(tmp_path: Path) -> None:
    """Nobody is shown a form of a hundred months."""
    before = {f"{year}-{month:02d}": "1.00" for year in range(2018, 2026) for month in range(1, 13)}
    now = dict.fromkeys(before, "2.00")
    found = drift(tmp_path, "check: past_is_not_restated, past: months", {"months": before}, {"months": now})
    assert len(found[0].refs) == 12
    assert "96 past figures differ" in found[0].message


def test_drift_needs_a_word_on_how_the_release_before_is_found(tmp_path: Path) -> None:
    """A rule that would never be asked is refused when the file is read."""
    path = tmp_path / "rules.yaml"
    path.write_text("rules:\n  moved: {check: same_as_before, value: benchmark}\n", encoding="utf-8")
    with pytest.raises(
        DefinitionError, match=r"WF011 rules\.moved\.check: same_as_before compares with the release before"
    ):
        load_rules(path, FIELDS)


def test_what_finds_the_release_before_is_checked(tmp_path: Path) -> None:
    """Unknown fields, keyed ones and figures name no document, and a day is a date."""
    path = tmp_path / "rules.yaml"
    path.write_text(
        "previous: {same: [[isn], [name, holdings], [sharpe]], dated: ytd}\nrules: {}\n",
        encoding="utf-8",
    )
    with pytest.raises(DefinitionError, match="has 4 problems") as caught:
        load_rules(path, FIELDS)
    text = str(caught.value)
    assert "previous.same[0][0]: 'isn' is not allowed; did you mean 'isin'?" in text
    assert "previous.same[1][1]: the field 'holdings' is percent keyed by name; this place takes isin or text" in text
    assert "previous.same[2][0]: the field 'sharpe' is ratio" in text
    assert "previous.dated: the field 'ytd' is percent" in text


IDENTITY = Identity((("isin",), ("name", "share_class")), "as_of")
ISIN, OTHER = "LU0427929855", "LU9904127735"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"isin": ISIN, "name": "Fund"}, {"isin": ISIN, "name": "Fund, renamed"}, True),
        (
            {"isin": ISIN, "name": "Fund", "share_class": "A"},
            {"isin": OTHER, "name": "Fund", "share_class": "A"},
            False,
        ),
        ({"isin": ISIN, "name": "Fund", "share_class": "A"}, {"name": "FUND", "share_class": " a"}, True),
        ({"name": "Fund", "share_class": "A"}, {"name": "Fund", "share_class": "B"}, False),
        ({"name": "Fund"}, {"name": "Fund"}, False),
        ({"isin": ISIN}, {"name": "Fund", "share_class": "A"}, False),
    ],
)
def test_two_documents_are_about_the_same(one: dict[str, str], other: dict[str, str], same: bool) -> None:
    """The ISIN decides where both print it, else name and share class together; half an identity is none."""
    assert IDENTITY.same_thing(values(**one), values(**other)) is same
    assert IDENTITY.same_thing(values(**other), values(**one)) is same


def test_a_release_survives_as_data() -> None:
    """What is kept comes back as it was, digits included."""
    release = released(values(**BEFORE, charges="0.80", months=HISTORY))
    again = Release.from_json(release.to_json())
    assert (again.as_of, again.pages, again.values.to_json()) == (
        release.as_of,
        release.pages,
        release.values.to_json(),
    )


def test_checks_of_the_document_itself_do_not_need_a_release(tmp_path: Path) -> None:
    """A rules file may say how the release before is found and still be used without one."""
    path = tmp_path / "rules.yaml"
    path.write_text(
        "previous: {same: [[isin]], dated: as_of}\nrules:\n  old: {check: as_of_not_stale, as_of: as_of}\n",
        encoding="utf-8",
    )
    rules = load_rules(path, FIELDS)
    found = check_values(values(as_of="2025-01-31"), FIELDS, rules, required_fields=(), today=TODAY)
    assert [finding.rule for finding in found] == ["old"]
