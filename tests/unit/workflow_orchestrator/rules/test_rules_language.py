"""The language of `rules.yaml`, field rules and the error that stops a run."""

from __future__ import annotations

import pickle
from decimal import Decimal
from pathlib import Path

import pytest
from rules_sample import FIELDS, TODAY, value, values

from workflow_orchestrator.definition import load_fields
from workflow_orchestrator.errors import BusinessValidationError, DefinitionError
from workflow_orchestrator.rules import Finding, Rules, check_values, load_rules, raise_for_findings
from workflow_orchestrator.rules.registry import checks
from workflow_orchestrator.values import Kind, Origin, ValueSet


def load(tmp_path: Path, text: str) -> Rules:
    path = tmp_path / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    return load_rules(path, FIELDS)


def test_rules_keep_the_order_of_the_file_and_their_severity(tmp_path: Path) -> None:
    """A rule's own severity wins over its check's."""
    rules = load(
        tmp_path,
        "field_rules: {range: warning}\n"
        "rules:\n"
        "  fresh: {check: as_of_not_stale, as_of: as_of}\n"
        "  risk: {check: risk_level_fits_sri, level: level, sri: sri, severity: error}\n",
    )
    assert [(rule.name, rule.severity) for rule in rules.rules] == [("fresh", "warning"), ("risk", "error")]
    assert rules.rules[0].numbers == {"max_age_days": 45}
    assert rules.field_severities["range"] == "warning"
    assert rules.field_severities["isin"] == "error"


def test_all_problems_of_a_rules_file_are_named_at_once(tmp_path: Path) -> None:
    """Check, field, kind, number, severity and key, each with its place and the fix."""
    with pytest.raises(DefinitionError) as caught:
        load(
            tmp_path,
            "field_rules: {rnge: error, required: warning}\n"
            "rules:\n"
            "  a: {check: holding_sum_to_total}\n"
            "  b: {check: as_of_not_stale, as_of: asof, max_age_days: 0}\n"
            "  c: {check: month_equals_grid, month: months, months: months, as_of: as_of, severity: eror}\n"
            "  d: {check: holdings_within_hundred, holding: holdings}\n"
            "  e: {as_of: as_of}\n"
            "  f: no\n",
        )
    fitting = [spec.name for spec in FIELDS.values() if spec.kind is Kind.PERCENT and not spec.keyed]
    lines = [line.strip().partition("rules.yaml:")[2] for line in caught.value.message.splitlines()[1:]]
    assert lines == [
        "1:15 WF010 field_rules.rnge: the key 'rnge' is unknown; did you mean 'range'?",
        "1:28 WF010 field_rules.required: the key 'required' is unknown; known: range, choice, isin, currency, "
        "date_not_in_future",
        "3:14 WF050 rules.a.check: there is no check 'holding_sum_to_total'; did you mean 'holdings_sum_to_total'?",
        "4:38 WF013 rules.b.as_of: 'asof' is not allowed; did you mean 'as_of'?",
        "4:58 WF013 rules.b.max_age_days: 0 is not between 1 and 3,650",
        "5:40 WF051 rules.c.month: the field 'months' is percent keyed by month; the check takes percent with one "
        f"value; fitting fields: {', '.join(fitting)}",
        "5:88 WF013 rules.c.severity: 'eror' is not allowed; did you mean 'error'?",
        "6:39 WF010 rules.d.holding: the key 'holding' is unknown; did you mean 'holdings'?",
        "7:6 WF011 rules.e: the key 'check' is missing; known: " + ", ".join(_known()),
        "8:6 WF012 rules.f: a mapping is expected, not 'no'",
    ]


def _known() -> list[str]:
    return list(checks())


FIELD_CASES = [
    (
        {"ytd": "1.93", "sharpe": "-5", "sri": "10", "isin": "LU0427929855", "currency": "EUR", "as_of": "2026-11-10"},
        None,
    ),
    ({"ytd": "400.01"}, ("range", "needs_person", "ytd (400.01, page 1) is above 400")),
    ({"sharpe": "-5.01"}, ("range", "needs_person", "sharpe (-5.01, page 1) is below -5")),
    ({"level": "low"}, ("choice", "error", "'low', not one of Low, Medium, High")),
    ({"isin": "LU0427929856"}, ("isin", "error", "its form or its check digit is wrong")),
    ({"isin": "LU 0427929855"}, ("isin", "error", "isin (LU 0427929855, page 1) is not an ISIN")),
    ({"currency": "EUX"}, ("currency", "error", "'EUX' is not a currency code of ISO 4217")),
    ({"currency": "$"}, ("currency", "error", "'$' is not a currency code")),
    ({"as_of": "2026-11-11"}, ("date_not_in_future", "error", "is after today, 2026-11-10")),
    ({"unknown": "x"}, ("declared", "error", "unknown is not a field of the schema")),
    ({"ytd": {"1y": "1.0"}}, ("declared", "error", "ytd.1y has a key, and the schema says one value")),
    ({"months": "1.0"}, ("declared", "error", "months has no key, and the schema asks for one")),
]


@pytest.mark.parametrize(("printed", "expected"), FIELD_CASES)
def test_each_value_meets_its_fields_declaration(
    printed: dict[str, str | dict[str, str]], expected: tuple[str, str, str] | None
) -> None:
    """Limits, choices, check digits, codes and dates are checked without a word in rules.yaml."""
    found = check_values(values(**printed), FIELDS, Rules(), required_fields=(), today=TODAY)
    if expected is None:
        assert found == ()
        return
    rule, severity, words = expected
    assert [(finding.rule, finding.severity) for finding in found] == [(rule, severity)]
    assert words in found[0].message


def test_an_amount_has_a_currency_of_iso_4217() -> None:
    """The unit of money is checked like a currency field."""
    good, bad = value("size", "412.6", unit="CHF", scale=6), value("size", "412.6", unit="US$", scale=6)
    assert check_values(ValueSet([good]), FIELDS, Rules(), required_fields=(), today=TODAY) == ()
    found = check_values(ValueSet([bad]), FIELDS, Rules(), required_fields=(), today=TODAY)
    assert [finding.rule for finding in found] == ["currency"]


def test_what_is_required_and_missing_is_found_once() -> None:
    """A keyed field is there with any key; a field that both schema and workflow require is one finding."""
    given = values(performance={"1y": "3.00"})
    found = check_values(given, FIELDS, Rules(), required_fields=("performance", "name", "name"), today=TODAY)
    assert [(finding.rule, finding.refs) for finding in found] == [("required", ("name",))]


def test_a_persons_confirmation_settles_a_limit() -> None:
    """A suspicious figure that a person entered again is a warning."""
    found = check_values(values(ytd="500", origin=Origin.PERSON), FIELDS, Rules(), required_fields=(), today=TODAY)
    assert [finding.severity for finding in found] == ["warning"]


def test_the_error_names_what_stops_the_run_and_nothing_else() -> None:
    """Warnings pass; errors and what needs a person are in the message and, as data, in the details."""
    warning = Finding("fresh", "warning", ("as_of",), "old figures")
    raise_for_findings([warning])
    error = Finding("ytd", "error", ("ytd", "months.2026-01"), "does not fit", "5.1 to 5.2", "9.0")
    person = Finding("range", "needs_person", ("sharpe",), "is high")
    with pytest.raises(BusinessValidationError) as caught:
        raise_for_findings([warning, error, person])
    assert caught.value.message == (
        "the values have 2 findings that a person must look at:\n  ytd (error): does not fit\n"
        "  range (needs person): is high"
    )
    assert pickle.loads(pickle.dumps(caught.value)).details["findings"] == [error.to_json(), person.to_json()]
    assert error.to_json()["fields"] == ["ytd", "months"]


def test_a_finding_refuses_an_unknown_severity_and_no_values() -> None:
    """A finding that concerns nothing cannot be shown to anybody."""
    with pytest.raises(ValueError, match="severity must be one of"):
        Finding("r", "fatal", ("a",), "m")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one value"):
        Finding("r", "error", (), "m")


def test_the_shipped_rules_fit_the_shipped_fields(root: Path) -> None:
    """The rules of the factsheet workflow name fields of its schema, and use every check for which it has the fields."""
    folder = root / "dags" / "fund_factsheet_video"
    rules = load_rules(folder / "rules.yaml", load_fields(folder / "schema.json"))
    unused = set(_known()) - {rule.check.name for rule in rules.rules}
    others = (".earnings", ".figures", ".quarters", ".licences", ".texts")
    companies = {name for name in unused if checks()[name].evaluate.__module__.endswith(others)}
    # The schema has no best and worst months, no number of units and no identifier of a scheme; it limits the SRI to its scale itself.
    assert unused - companies == {
        "best_month_is_of_grid",
        "identifier_not_after_date",
        "positive_months_are_of_grid",
        "price_times_units_fits_class",
        "sri_in_scale",
        "unit_as_before",
        "worst_month_is_of_grid",
    }


def test_limits_and_lists_of_fields_are_read_as_they_are_written(tmp_path: Path) -> None:
    """A limit is the decimal number of the file, a list keeps its order, and both are held to their bounds."""
    rules = load(
        tmp_path,
        "previous: {same: [[isin]], dated: as_of}\n"
        "rules:\n"
        "  moved: {check: moves_within_points, value: ytd, points: 0.1}\n"
        "  there: {check: section_present, any_of: [sri, level]}\n",
    )
    assert rules.rules[0].numbers == {"points": Decimal("0.1")}
    assert rules.rules[1].lists == {"any_of": ("sri", "level")}
    with pytest.raises(DefinitionError) as caught:
        load(
            tmp_path,
            "rules:\n"
            "  sum: {check: allocation_sums_to_hundred, allocation: holdings, points: 51}\n"
            "  none: {check: section_present, any_of: []}\n"
            "  twice: {check: section_present, any_of: [sri, sri]}\n"
            "  bare: {check: section_present}\n",
        )
    text = caught.value.message
    assert "rules.sum.points: 51 is not between 0.0 and 50.0" in text
    assert "rules.none.any_of: the list is empty" in text
    assert "is in the list twice" in text
    assert "rules.bare: the key 'any_of' is missing" in text
