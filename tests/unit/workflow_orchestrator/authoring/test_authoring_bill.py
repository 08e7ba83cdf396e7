"""`bill`: what a run can cost at most, and what is unknown stays unknown."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from authoring_sample import NAME, Said, add_blocks, edit, load, runner

from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.prices import assumed
from workflow_orchestrator.authoring.project import Project
from workflow_orchestrator.authoring.reckoning import Amount, reckon

SAMPLE = f"dags/{NAME}/sample.pdf"


def bill_of(project: Project, *arguments: str) -> dict[str, Any]:
    """The bill as data."""
    data: dict[str, Any] = runner(project)("bill", NAME, "--json", *arguments).json()
    return data


def line(bill: dict[str, Any], step: str) -> dict[str, Any]:
    """One step of a bill."""
    found: dict[str, Any] = next(one for one in bill["steps"] if one["step"] == step)
    return found


def test_an_unknown_price_is_not_zero(command: Callable[..., Said]) -> None:
    """Tokens are reckoned, dollars are unknown, and with a budget in dollars that is no pass."""
    said = command("bill", NAME, "--document", SAMPLE, "--check")
    assert said.code == 1
    assert "unknown" in said.out
    assert "budget.usd: a price is unknown" in said.out
    assert "$0.00" not in said.out


def test_the_worst_case_is_tries_by_targets_and_one_question_back(savings: Project) -> None:
    """Each question of four tries is asked back once. Extract has a second one for pages that were kept back, write for findings."""
    bill = bill_of(savings, "--document", SAMPLE, "--price", "1/2")
    assert line(bill, "read_document")["worst"]["requests"] == 4 * 2 * 2
    assert line(bill, "write_script")["worst"]["requests"] == 4 * 2 * 2
    assert line(bill, "read_document")["expected"]["requests"] == 1
    read = line(bill, "read_document")["worst"]
    # The answer is bounded by the prompt's own limit of 2,000 tokens.
    assert read["tokens_out"] == 16 * 2_000
    assert Decimal(read["usd"]) == (Decimal(read["tokens_in"]) * 1 + Decimal(read["tokens_out"]) * 2) / 1_000_000
    total = sum(Decimal(one["worst"]["usd"]) for one in bill["steps"])
    assert Decimal(bill["worst"]["usd"]) == total


def test_a_longer_document_costs_more(savings: Project) -> None:
    """Without a document the worst case takes the longest that the workflow takes."""
    one, any_ = (bill_of(savings, "--price", "1/2", *more) for more in (("--document", SAMPLE), ()))
    assert any_["worst"]["tokens_in"] > 10 * one["worst"]["tokens_in"]
    assert any_["expected"]["tokens_in"] > one["expected"]["tokens_in"]


def test_pages_that_are_kept_back_are_counted_once(own: Project) -> None:
    """`pages: all` asks once; `needed` may ask twice, and at worst costs less than the whole document twice."""
    needed = line(bill_of(own, "--price", "1/2"), "read_document")["worst"]
    edit(own.dags / NAME / "workflow.yaml", "route: extraction}", "route: extraction, pages: all}")
    whole = line(bill_of(own, "--price", "1/2"), "read_document")["worst"]
    assert (whole["requests"], needed["requests"]) == (4 * 2, 4 * 4)
    assert whole["tokens_in"] < needed["tokens_in"] < 2 * whole["tokens_in"]


@pytest.mark.parametrize(
    ("vendor", "worst", "says"),
    [
        ("http_avatar: {vendor: heygen, connection: c, avatar: a, price_usd_per_minute: 1.20}", "0.60", "price known"),
        ('bedrock_async: {model: m, output: "s3://b-1/c", prompt: p, duration: 9s, price_usd_per_minute: 60}', "9", "price known"),
        ("http_avatar: {vendor: heygen, connection: c, avatar: a}", None, "price unknown; state price_usd_per_minute"),
    ],
)
def test_a_vendors_clip_is_on_the_bill(own: Project, vendor: str, worst: str | None, says: str) -> None:
    """By seconds: six for a first sentence, thirty at worst; those of the settings for a model. Without a price it is unknown."""
    (own.include / "rendering.yaml").write_text(f"format: 1\nvideo_providers:\n  studio: {{{vendor}}}\n")
    edit(own.dags / NAME / "workflow.yaml", "provider: local", "provider: studio")
    bill = bill_of(own, "--price", "1/2")
    clip = next(one for one in bill["steps"] if one["route"] == "video studio")
    known = clip["worst"]["usd"]
    assert (None if known is None else Decimal(known)) == (None if worst is None else Decimal(worst))
    assert (bill["worst"]["usd"] is None) == (worst is None)
    assert says in runner(own)("bill", NAME, "--price", "1/2").out


def test_more_retries_cost_more(own: Project) -> None:
    """The retries of a named policy count where they are more than the step's own."""
    before = line(bill_of(own, "--price", "1/2"), "read_document")["worst"]
    edit(
        own.dags / NAME / "workflow.yaml",
        "{default_error_handler: fail}",
        "{default_error_handler: fail, retry: patient}",
    )
    after = line(bill_of(own, "--price", "1/2"), "read_document")["worst"]
    assert (before["requests"], after["requests"]) == (4 * 4, 9 * 4)


def test_a_map_counts_its_most_items_and_arms_side_by_side_add_up(blocks: Project) -> None:
    """`at_most: 3` is three times the step; both ways of a parallel are on the bill."""
    bill = bill_of(blocks, "--price", "1/2")
    there, left = line(bill, "look_there"), line(bill, "look_left")
    assert there["times"] == 3
    assert there["worst"]["requests"] == 3 * left["worst"]["requests"]
    assert line(bill, "look_right")["on_the_dearest_way"] and left["on_the_dearest_way"]


def test_of_a_choose_only_the_dearest_way_counts(own: Project) -> None:
    """The cheap way stands on the bill, and not in its sum."""
    add_blocks(own)
    path = own.dags / NAME / "workflow.yaml"
    generate = "generate: {prompt: outlook, output: outlook.json, route: writing}, default_error_handler: fail"
    edit(path, 'warn: {notify: {channel: operations, subject: "{{ document }}", message: It is dear.}, default_error_handler: fail}',
         f"warn: {{{generate}}}")  # fmt: skip
    edit(path, 'calm: {notify: {channel: operations, subject: "{{ document }}", message: All well.}, default_error_handler: fail}',
         f"calm: {{{generate}, max_retries: 9}}")  # fmt: skip
    bill = bill_of(own, "--price", "1/2")
    assert line(bill, "calm")["on_the_dearest_way"] and not line(bill, "warn")["on_the_dearest_way"]
    counted = [one for one in bill["steps"] if one["on_the_dearest_way"]]
    assert Decimal(bill["worst"]["usd"]) == sum(Decimal(one["worst"]["usd"]) for one in counted)


def test_check_compares_with_the_budget(own: Project) -> None:
    """Exit code 1 above the budget, 0 below; without --check the bill alone is never a failure."""
    run = runner(own)
    assert run("bill", NAME, "--document", SAMPLE, "--price", "0.01/0.01", "--check").code == 0
    dear = run("bill", NAME, "--document", SAMPLE, "--price", "100/400", "--check")
    assert dear.code == 1
    assert "is above $0.20" in dear.out
    assert run("bill", NAME, "--document", SAMPLE, "--price", "100/400").code == 0
    edit(own.dags / NAME / "workflow.yaml", "budget: {usd: 0.20, tokens: 200000, minutes: 20}\n", "")
    assert "There is no budget" in run("bill", NAME, "--price", "1/2").out


def test_an_answer_without_a_limit_is_no_worst_case(own: Project) -> None:
    """Neither the prompt nor the target bounds it: the bill says so instead of guessing."""
    prompts = own.include / "prompts" / NAME
    edit(prompts / "write_script.md.j2", "parameters: {temperature: 0.3, max_output_tokens: 1500}\n", "")
    edit(own.include / "llm.yaml", "        max_output_tokens: 3000\n", "")
    said = runner(own)("bill", NAME, "--document", SAMPLE, "--price", "0.01/0.01", "--check")
    assert said.code == 1
    assert "an answer has no limit" in said.out


def test_a_connection_of_the_environment_has_its_price(savings: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own price, and otherwise the public list price of its model at the vendor's own host."""

    def connected(**given: Any) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_LLM_DEFAULT", json.dumps({"conn_type": "llm", "password": "x", **given}))

    connected(extra={"model": "own", "price_input": "1", "price_output": "2"})
    known = bill_of(savings, "--document", SAMPLE)
    assert known["models"]["extraction"] == [{"connection": "llm_default", "model": "own", "price_known": True}]
    assert known["worst"] == bill_of(savings, "--document", SAMPLE, "--price", "1/2")["worst"]
    connected(extra={"model": "gpt-4.1-mini"})
    assert bill_of(savings, "--document", SAMPLE)["worst"]["usd"] is not None
    connected(host="http://127.0.0.1:1/v1", extra={"model": "gpt-4.1-mini"})
    assert bill_of(savings, "--document", SAMPLE)["worst"]["usd"] is None
    connected(extra={"modell": "gpt-4.1-mini"})
    said = runner(savings)("bill", NAME)
    assert said.code == 1 and "unknown extra field modell" in said.err


def test_prices_of_the_command_line_are_read_strictly() -> None:
    """Two amounts or a model of the list; anything else says how to write it."""
    price = assumed("0.40/1.60", None)
    assert price is not None and (price.input, price.output) == (Decimal("0.40"), Decimal("1.60"))
    assert assumed(None, None) is None
    assert assumed(None, "gpt-4.1-mini") is not None
    for wrong in ("0.40", "a/b", "-1/2", "1/2/3", "nan/1"):
        with pytest.raises(UsageError, match="--price"):
            assumed(wrong, None)
    with pytest.raises(UsageError, match="no public price"):
        assumed(None, "a-model-of-nobody")
    with pytest.raises(UsageError, match="not both"):
        assumed("1/2", "gpt-4.1-mini")


def test_amounts_add_up_and_unknown_stays_unknown() -> None:
    """One unknown price makes the sum unknown."""
    known, unknown = Amount(1, 2, 3, Decimal(1)), Amount(1, 2, 3, None)
    assert known + known == known.times(2) == Amount(2, 4, 6, Decimal(2))
    assert (known + unknown).usd is None and unknown.times(3).usd is None


def test_a_called_workflow_is_on_the_bill_up_to_its_own_budget(own: Project) -> None:
    """Its worst case in dollars is never above what its own budget lets through."""
    runner(own)("new", "other")
    edit(own.dags / "other" / "workflow.yaml", "business_rules:\n", "output: [data]\nbusiness_rules:\n")
    edit(own.dags / NAME / "workflow.yaml", "  # Says what narration",
         "  figures: {call: {workflow: other, take: [data], within: 2d}}\n  # Says what narration")  # fmt: skip
    result = reckon(own, load(own), None, assumed("100/400", None))
    called = next(one for one in result.lines if one.step == "figures")
    assert called.worst.usd == Decimal("0.80"), "four tries, each of which may start a run"
    assert called.route == "workflow other"


def test_a_document_that_is_not_there_is_wrong_use(command: Callable[..., Said]) -> None:
    """And one that is no PDF is a problem with a name."""
    assert command("bill", NAME, "--document", "nothing.pdf").code == 2
    said = command("bill", NAME, "--document", f"dags/{NAME}/rules.yaml")
    assert said.code == 1
    assert "PDF" in said.err
