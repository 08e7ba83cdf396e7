"""What becomes of each rule: broken, holds, or not applicable and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rules_sample import FIELDS, MONTHS_2026, TODAY, values

from workflow_orchestrator.rules import Examination, Finding, examine, load_rules
from workflow_orchestrator.rules.findings import Held, NotApplicable, Outcome
from workflow_orchestrator.values import ValueSet

RULES = """
rules:
  ytd: {check: months_compound_to_ytd, months: months, ytd: ytd, as_of: as_of, says: The months do not make the year so far.}
  long: {check: annualised_fits_cumulative, annualised: annualised, cumulative: performance}
  sizes: {check: class_within_fund, class_size: class_size, fund_size: size}
"""


def examined(tmp_path: Path, given: ValueSet) -> Examination:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return examine(given, FIELDS, load_rules(path, FIELDS), required_fields=(), today=TODAY)


def test_an_outcome_names_fields_interval_and_printed_words(tmp_path: Path) -> None:
    """Also where nothing is wrong: what was compared stands in the record."""
    given = values(as_of="2026-10-31", months=MONTHS_2026, ytd="5.16", annualised={"3y": "7.42"}, performance={"3y": "23.95"})
    outcomes = {outcome.rule: outcome for outcome in examined(tmp_path, given).outcomes}
    assert [outcome.state for outcome in outcomes.values()] == ["holds", "holds", "not_applicable"]
    held = outcomes["ytd"].held[0]
    assert held.refs == ("ytd", *(f"months.{key}" for key in MONTHS_2026))
    assert (held.computed, held.printed) == ("5.1063 to 5.2110", "5.16")
    assert json.loads(json.dumps(outcomes["ytd"].to_json()))["held"][0]["printed"] == "5.16"
    assert outcomes["sizes"].left_alone == (NotApplicable("the document does not print money"),)


@pytest.mark.parametrize(
    ("given", "rule", "reason"),
    [
        ({"ytd": "5.16", "as_of": "2026-10-31"}, "ytd", "no monthly returns are printed"),
        ({"ytd": "5.16", "months": MONTHS_2026}, "ytd", "the document does not print date"),
        (
            {"ytd": "5.16", "as_of": "2026-10-31", "months": {"2026-10": "1.93", "2026-09": "-0.62"}},
            "ytd",
            "months are not printed: 2026-01, 2026-02, 2026-03 and 5 more",
        ),
        (
            {"annualised": {"3y": "7.42"}, "performance": {"5y": "23.95"}},
            "long",
            "no period or name is common to percent, percent",
        ),
        (
            {"annualised": {"since_inception": "7.42"}, "performance": {"since_inception": "23.95"}},
            "long",
            "it is not over a known number of whole years",
        ),
    ],
)
def test_what_cannot_be_compared_says_why(tmp_path: Path, given: dict[str, str], rule: str, reason: str) -> None:
    """A gap in the grid, a period without its partner, a length that nobody knows."""
    outcomes = {outcome.rule: outcome for outcome in examined(tmp_path, values(**given)).outcomes}
    assert outcomes[rule].state == "not_applicable"
    assert reason in outcomes[rule].left_alone[0].reason


def test_the_words_of_an_author_stand_in_front_of_the_figures(tmp_path: Path) -> None:
    """`says` of a rule is what a breach means; its full stop goes."""
    given = values(as_of="2026-10-31", months=MONTHS_2026, ytd="9.99")
    found = examined(tmp_path, given).findings
    assert [finding.message.partition(" is printed")[0] for finding in found] == [
        "The months do not make the year so far: percent"
    ]


def test_one_row_that_breaks_is_a_broken_rule() -> None:
    """Of many rows, one finding is enough; one that holds is enough to hold where others cannot be compared."""
    held, not_applicable = Held(("a",), "1", "1"), NotApplicable("a gap")
    finding = Finding("r", "error", ("a",), "m")
    assert Outcome("r", "c", (held, not_applicable)).state == "holds"
    assert Outcome("r", "c", (held, finding, not_applicable)).state == "broken"
    assert Outcome("r", "c", (not_applicable,)).state == "not_applicable"
    with pytest.raises(ValueError, match="says why"):
        Outcome("r", "c", ())
    with pytest.raises(ValueError, match="has a reason"):
        NotApplicable("")
