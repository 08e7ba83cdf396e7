"""What steps need and make, and which errors may therefore be passed over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from workflow_orchestrator.definition import flow
from workflow_orchestrator.definition.steps import (
    ApproveStep,
    Arm,
    AskStep,
    CallStep,
    Catch,
    Choose,
    Condition,
    Execution,
    ExtractStep,
    GenerateStep,
    Item,
    Map,
    NotifyStep,
    Parallel,
    Reference,
    SlideStep,
    ValidateStep,
    VideoStep,
    WriteStep,
)

RUN = Execution(
    max_retries=1,
    timeout=timedelta(minutes=1),
    retry_backoff="constant",
    retry_delay=timedelta(seconds=1),
    max_retry_delay=timedelta(seconds=1),
    default_error_handler="fail",
)
HERE = Path("x")


def generate(name: str, *, uses: Sequence[str] = (), optional: Sequence[str] = ()) -> GenerateStep:
    """A generate step that makes the artifact of its name."""
    return GenerateStep(
        name=name,
        execution=RUN,
        prompt=HERE,
        output=HERE,
        route="r",
        into=name,
        uses=tuple(uses),
        optional=tuple(optional),
    )


def notify(name: str) -> NotifyStep:
    """A step that needs and makes nothing."""
    return NotifyStep(name=name, execution=RUN, channel="c", subject="s", message="m")


EXTRACT = ExtractStep(name="read", execution=RUN, prompt=HERE, schema=HERE, route="r")
VALIDATE = ValidateStep(name="check", execution=RUN, rules=HERE)
WRITE = WriteStep(name="write", execution=RUN, prompt=HERE, narration={}, route="r")
SLIDE = SlideStep(name="slide", execution=RUN, theme=HERE)


def test_every_kind_says_what_it_needs_and_makes() -> None:
    """No kind of step is forgotten in the tables, and every artifact has its files."""
    made = {name for names in flow.MAKES.values() for name in names}
    assert made == set(flow.ARTIFACTS) == set(flow.FILES)
    assert {name for names in flow.NEEDS.values() for name in names} <= made
    assert set(flow.NEEDS) == set(flow.MAKES) | {"generate", "call"}


def test_artifacts_of_the_authors_own() -> None:
    """A generate step makes its `into`, a call what it takes; `optional` is not needed."""
    outlook = generate("outlook", uses=("facts", "mood"), optional=("mood",))
    call = CallStep(name="c", execution=RUN, workflow="w", parameters={}, take=("data", "script"), within=timedelta(1))
    assert flow.makes(outlook) == ("outlook",)
    assert flow.needs(outlook) == ("facts",)
    assert flow.makes(call) == ("data", "script")
    assert flow.files_of("outlook") == ("made/outlook.json",)
    assert "script.json" in flow.files_of("script")


def test_walk_sees_all_steps_in_order() -> None:
    """Blocks come before what is in them."""
    block = Choose(
        "c", (Arm("a", (notify("x"),)), Arm("b", (Map("m", Reference("parameter", "p"), "i", 3, 1, (notify("y"),)),)))
    )
    items: tuple[Item, ...] = (EXTRACT, block, VALIDATE)
    assert [item.name for item in flow.walk(items)] == ["read", "c", "x", "m", "y", "check"]
    assert [step.name for step in flow.steps_of(items)] == ["read", "x", "y", "check"]


def test_a_step_that_a_later_one_needs_is_not_passed_over() -> None:
    """The reason names the step and the artifact."""
    items = (EXTRACT, VALIDATE, WRITE, SLIDE)
    assert flow.why_not_continue(items, WRITE) == "slide needs its script"
    assert flow.why_not_continue(items, SLIDE) == ""
    assert flow.why_not_continue(items, EXTRACT) == "check needs its reading"


def test_checks_and_publishing_are_never_passed_over() -> None:
    """Whether anybody needs their result or not."""
    day = timedelta(days=1)
    steps = (
        VALIDATE,
        AskStep(name="ask", execution=RUN, form="failed_fields", ask=(), within=day, otherwise="fail"),
        ApproveStep(name="approve", execution=RUN, ask=(), show=(), within=day, otherwise="fail"),
        VideoStep(name="video", execution=RUN, provider="local", voice="default"),
    )
    assert {step.kind for step in steps} == set(flow.NEVER_CONTINUES)
    assert all("never passed over" in flow.why_not_continue((step,), step) for step in steps)


def test_optional_use_lets_a_step_be_passed_over() -> None:
    """What the later prompt can do without is no need."""
    outlook = generate("outlook")
    hard, soft = generate("text", uses=("outlook",)), generate("text", uses=("outlook",), optional=("outlook",))
    assert flow.why_not_continue((outlook, hard), outlook) == "text needs its outlook"
    assert flow.why_not_continue((outlook, soft), outlook) == ""


def test_need_is_seen_through_blocks() -> None:
    """After a block and inside a later one; what is made again in between is no need."""
    outlook, again = generate("outlook"), generate("outlook")
    user = generate("text", uses=("outlook",))
    inside = Parallel("p", (Arm("left", (outlook,)), Arm("right", (notify("n"),))))
    assert flow.why_not_continue((inside, user), outlook) == "text needs its outlook"
    assert flow.why_not_continue((outlook, Choose("c", (Arm("a", (user,)),))), outlook) == "text needs its outlook"
    assert flow.who_needs("outlook", (again, user)) is None


def test_nothing_of_a_map_is_needed_after_it() -> None:
    """Its items keep what they make."""
    outlook, user = generate("outlook"), generate("text", uses=("outlook",))
    each = Map("m", Reference("parameter", "p"), "i", 3, 1, (outlook, notify("n")))
    assert flow.why_not_continue((each, user), outlook) == ""
    assert flow.after((each, user), "outlook") == ((notify("n"),),)
    assert flow.after((each,), "nobody") is None


def test_the_first_catch_that_fits_decides() -> None:
    """Else the step's default handler."""
    step = ValidateStep(name="v", execution=RUN, rules=HERE, catches=(Catch("A", "ask"), Catch("Base", "continue")))
    assert flow.handler_for(step, ("A", "Base")) == "ask"
    assert flow.handler_for(step, ("B", "Base")) == "continue"
    assert flow.handler_for(step, ("Other",)) == "fail"


def test_conditions_refuse_contradictions() -> None:
    """A comparison has a subject, a combination has parts."""
    subject = Reference("parameter", "p")
    one = Condition("is", subject, "x")
    Condition("all", parts=(one, one))
    for wrong in (
        lambda: Condition("is"),
        lambda: Condition("all", subject),
        lambda: Condition("any"),
        lambda: Condition("not", parts=(one, one)),
    ):
        with pytest.raises(ValueError, match="takes"):
            wrong()
