"""The examples of the page for rule authors: each is what it says."""

from __future__ import annotations

import pytest

from workflow_orchestrator.rules.examples import Example, examples
from workflow_orchestrator.rules.registry import checks


def test_every_check_has_an_example_and_a_formula() -> None:
    """A new check is on the page, with its formula and, where the tables have it, its row."""
    assert set(examples()) == set(checks())
    assert [name for name, check in checks().items() if not check.basis.formula or not check.says] == []


def test_the_tables_of_the_reference_are_whole() -> None:
    """Each row of the FX and ER tables is a check; those without a row are few and known."""
    rows = {row for check in checks().values() for row in check.basis.rows}
    assert rows == {*(f"FX-{row:02d}" for row in range(1, 21)), *(f"ER-{row:02d}" for row in range(1, 12))}
    assert {name for name, check in checks().items() if not check.basis.rows} == {
        "figures_stand_in_table",
        "free_cash_flow_is_cash_less_capex",
        "holdings_within_number",
        "identifier_not_after_date",
        "licence_allows_use",
        "licence_asks_no_share_alike",
        "not_more_than",
    }


@pytest.mark.parametrize("example", examples().values(), ids=lambda example: example.check)
def test_an_example_holds_and_breaks(example: Example) -> None:
    """The figures that meet the rule are compared and meet it; the others break it once, and the finding says by what."""
    met = example.outcome(broken=False)
    assert (met.state, met.findings, met.left_alone) == ("holds", (), ())
    assert all(held.refs and held.computed and held.printed for held in met.held)
    broken = example.outcome(broken=True)
    assert (broken.state, len(broken.findings)) == ("broken", 1)
    finding = broken.findings[0]
    assert finding.computed and finding.printed and finding.message
    assert finding.severity == checks()[example.check].severity


@pytest.mark.parametrize("example", examples().values(), ids=lambda example: example.check)
def test_without_any_of_its_fields_a_check_says_why_it_does_not_apply(example: Example) -> None:
    """Each field of the example is left out in turn: nothing is found, unless its absence is the finding, and there is a reason."""
    for name in dict.fromkeys(ref.partition(".")[0] for ref in example.holds):
        left = {ref: None if ref.partition(".")[0] == name else words for ref, words in example.broken.items()}
        absent = Example(example.check, example.rule, left, {}, example.before, example.asked, example.pages, example.pages)
        if not any(left.values()):
            left["currency"] = "EUR"
        outcome = absent.outcome(broken=False)
        if example.check in ("section_present", "nothing_is_gone"):
            continue
        if outcome.findings:
            # A bound of two stays a bound when the other is not printed; the other fields of a rule cannot be done without.
            assert name in ("launch_date", "as_of_date", "corporate"), (name, outcome.findings)
        else:
            assert outcome.held or all(one.reason for one in outcome.left_alone), name
        assert outcome.state != "holds" or name in ("launch_date", "as_of_date", "corporate"), (name, outcome)
