"""What conditions and maps see of a run: figures as figures, a missing value as missing, and nonsense as an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from workflow_orchestrator.definition.model import Catch, Execution, NotifyStep
from workflow_orchestrator.definition.steps import Arm, Choose, Condition, Map, Reference
from workflow_orchestrator.errors import BudgetError, ConditionError, ConfigurationError, MapLimitError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.steps.conditions import MISSING, Facts, chosen_arm, holds, items_of, passed_over, value_of
from workflow_orchestrator.storage import LocalStorage
from workflow_orchestrator.values import Evidence, Kind, Origin, Value, ValueSet

EXECUTION = Execution(1, timedelta(minutes=1), "constant", timedelta(seconds=1), timedelta(seconds=1), "fail")


@dataclass(frozen=True)
class Steps:
    """The part of a workflow that is looked at."""

    known: Mapping[str, NotifyStep]

    def step(self, name: str) -> NotifyStep:
        """A step by name."""
        return self.known[name]


def step(name: str, *catches: Catch) -> NotifyStep:
    """A step with catches."""
    return NotifyStep(name=name, execution=EXECUTION, catches=catches, channel="c", subject="s", message="m")


WORKFLOW: Any = Steps(
    {
        "work": step("work", Catch("ConfigurationError", "detour"), Catch("BudgetError", "continue")),
        "detour": step("detour", Catch("BudgetError", "continue")),
    }
)


def value(field: str, kind: Kind, content: Any, key: str = "") -> Value:
    """A proven value."""
    return Value(field, kind, content, Evidence(1, "printed"), Origin.OFFLINE, key=key)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run that has proven values and one generated artifact."""
    folder = RunFolder(LocalStorage(tmp_path), "small", "r1")
    values = ValueSet(
        [
            value("sri", Kind.INTEGER, Decimal(6)),
            value("fee", Kind.PERCENT, Decimal("1.10")),
            value("as_of", Kind.DATE, date(2026, 10, 31)),
            value("name", Kind.TEXT, "Aldermoor"),
            value("performance", Kind.PERCENT, Decimal("12.3"), "1y"),
            value("performance", Kind.PERCENT, Decimal("-4"), "3y"),
        ]
    )
    folder.write_json("values.json", values.to_json())
    folder.write_json(
        "made/outlook.json",
        {"risk": {"level": "high"}, "share": 0.1, "sections": ["a", "b"], "none": None, "empty": [], "zero": 0},
    )
    return folder


@pytest.fixture
def facts(run: RunFolder) -> Facts:
    """What conditions may look at."""
    conf = {"way": "left", "names": ["one", "two"], "count": 3, "wanted": False, "empty": ""}
    return Facts(run, WORKFLOW, conf, item="one")


def when(source: Any, name: str, operator: Any, against: Any) -> Condition:
    """A comparison."""
    return Condition(operator, Reference(source, name), against)


@pytest.mark.parametrize(
    ("source", "name", "operator", "against", "expected"),
    [
        ("parameter", "way", "is", "left", True),
        ("parameter", "way", "is_not", "left", False),
        ("parameter", "way", "one_of", ["right", "left"], True),
        ("parameter", "names", "is", ["one", "two"], True),
        ("parameter", "names", "is", ["two", "one"], False),
        ("parameter", "count", "at_least", 3, True),
        ("parameter", "count", "more_than", 3, False),
        ("parameter", "wanted", "is", False, True),
        ("parameter", "wanted", "is", 0, False),
        ("parameter", "count", "is", "3", False),
        ("field", "sri", "at_least", 6, True),
        ("field", "sri", "less_than", 6, False),
        ("field", "fee", "is", 1.1, True),
        ("field", "fee", "at_most", 1.1, True),
        ("field", "performance.1y", "more_than", 12, True),
        ("field", "performance.3y", "less_than", -3.9, True),
        ("field", "as_of", "is", "2026-10-31", True),
        ("field", "as_of", "at_least", "2026-10-01", True),
        ("field", "name", "is", "Aldermoor", True),
        ("output", "outlook.risk.level", "is", "high", True),
        ("output", "outlook.share", "is", 0.1, True),
        ("output", "outlook.share", "more_than", 0.1, False),
        ("item", "name", "is", "one", True),
    ],
)
def test_a_comparison(facts: Facts, source: str, name: str, operator: str, against: Any, expected: bool) -> None:
    """Figures by their value, texts and lists word for word, days as days, and true is not one."""
    assert holds(when(source, name, operator, against), facts) is expected


@pytest.mark.parametrize("operator", ["is", "is_not", "one_of", "at_least", "at_most", "more_than", "less_than"])
@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("field", "ter"),
        ("output", "outlook.sector"),
        ("output", "outlook.risk.level.more"),
        ("output", "nothing.at_all"),
        ("output", "outlook.none"),
        ("parameter", "nobody"),
    ],
)
def test_a_missing_value_makes_every_comparison_false(facts: Facts, source: str, name: str, operator: str) -> None:
    """`is_not` among them: what is not there is not something else either."""
    against: Any = ["x"] if operator == "one_of" else 1
    assert holds(when(source, name, operator, against), facts) is False


@pytest.mark.parametrize(
    ("source", "name", "there"),
    [
        ("field", "sri", True),
        ("field", "performance", True),
        ("field", "ter", False),
        ("output", "outlook.zero", True),
        ("output", "outlook.empty", False),
        ("output", "outlook.none", False),
        ("parameter", "wanted", True),
        ("parameter", "empty", False),
    ],
)
def test_present_asks_whether_there_is_a_value(facts: Facts, source: str, name: str, there: bool) -> None:
    """Zero and false are values; an empty text or list is none."""
    assert holds(when(source, name, "present", True), facts) is there
    assert holds(when(source, name, "present", False), facts) is not there


@pytest.mark.parametrize(
    ("source", "name", "against"),
    [("field", "name", 6), ("parameter", "way", 1), ("field", "as_of", 3), ("field", "performance", 1)],
)
def test_what_has_no_order_is_an_error(facts: Facts, source: str, name: str, against: Any) -> None:
    """A text with a figure, a day with a figure, several values with one: another way taken in silence would be wrong."""
    with pytest.raises(ConditionError, match=name):
        holds(when(source, name, "at_least", against), facts)


def test_conditions_are_put_together(facts: Facts) -> None:
    """All, any and not."""
    left, right = when("parameter", "way", "is", "left"), when("parameter", "way", "is", "right")
    assert holds(Condition("any", parts=(right, left)), facts)
    assert not holds(Condition("all", parts=(right, left)), facts)
    assert holds(Condition("not", parts=(right,)), facts)


def fail(run: RunFolder, name: str, error: Exception) -> None:
    """A try that ended with an error."""
    with pytest.raises(type(error)), run.reporting(name, 1):
        raise error


def test_a_step_was_passed_over_if_nothing_took_its_place(run: RunFolder) -> None:
    """An error that continues; not one that its detour made good; again one whose detour was passed over itself."""
    assert not passed_over("work", run, WORKFLOW)
    fail(run, "work", BudgetError("used up"))
    assert passed_over("work", run, WORKFLOW)
    fail(run, "work", ConfigurationError("wrong"))
    assert not passed_over("work", run, WORKFLOW)
    fail(run, "detour", BudgetError("used up"))
    assert passed_over("work", run, WORKFLOW)
    with run.reporting("work", 2):
        pass
    assert not passed_over("work", run, WORKFLOW)


def test_the_first_way_that_fits_is_taken(facts: Facts) -> None:
    """One without a condition always fits; none may fit."""
    left, right = when("parameter", "way", "is", "left"), when("parameter", "way", "is", "right")
    assert chosen_arm(Choose("c", (Arm("a", (), right), Arm("b", (), left), Arm("c", ()))), facts) == "b"
    assert chosen_arm(Choose("c", (Arm("a", (), right), Arm("b", ()))), facts) == "b"
    assert chosen_arm(Choose("c", (Arm("a", (), right),)), facts) is None


def loop(source: Any, name: str, most: int = 2) -> Map:
    """A map over a list."""
    return Map("loop", Reference(source, name), "one", most, 1, ())


def test_a_map_goes_through_a_list_of_the_run(facts: Facts) -> None:
    """Of the conf, or of what a model made; an empty list is a list."""
    assert items_of(loop("parameter", "names"), facts) == ["one", "two"]
    assert items_of(loop("output", "outlook.sections"), facts) == ["a", "b"]
    assert items_of(loop("output", "outlook.empty"), facts) == []


def test_a_list_that_is_too_long_starts_nothing(facts: Facts) -> None:
    """The error names both counts, and no retry follows on it."""
    with pytest.raises(MapLimitError, match=r"at most 1 .* has 2") as raised:
        items_of(loop("parameter", "names", 1), facts)
    assert raised.value.retryable is False


@pytest.mark.parametrize("name", ["outlook.risk", "outlook.sector", "nothing.at_all"])
def test_what_is_no_list_is_refused(facts: Facts, name: str) -> None:
    """A missing one too: an author who expects a list must hear that there is none."""
    with pytest.raises(MapLimitError, match=name):
        items_of(loop("output", name), facts)


def test_an_item_s_own_folder_shows_what_the_run_made(run: RunFolder) -> None:
    """In a map, an item sees the run's artifacts, and its own before them."""
    facts = Facts(run.item("loop", 0), WORKFLOW, {}, "one")
    reference = Reference("output", "outlook.risk.level")
    assert value_of(reference, facts) == "high"
    run.item("loop", 0).write_json("made/outlook.json", {"risk": {"level": "low"}})
    assert value_of(reference, facts) == "low"
    assert value_of(Reference("field", "ter"), facts) is MISSING
