"""Prices: arithmetic with tiers and cached tokens, and what a price cannot be."""

from __future__ import annotations

import pickle
from decimal import Decimal

import pytest

from llm_orchestration.model import Message, Usage
from llm_orchestration.pricing import Price, PriceTier, cost, most_input_tokens

TIERED = Price(
    Decimal(1),
    Decimal(4),
    Decimal("0.1"),
    (PriceTier(200, Decimal(2), Decimal(6), Decimal("0.2")), PriceTier(1000, Decimal(3), Decimal(9))),
)


@pytest.mark.parametrize(
    ("usage", "millionths"),
    [
        (Usage(200, 10), 200 * 1 + 10 * 4),
        (Usage(201, 10), 201 * 2 + 10 * 6),
        (Usage(1000, 0, 500), 500 * 2 + 500 * Decimal("0.2")),
        (Usage(1001, 1, 1000), 1001 * 3 + 9),
        (Usage(100, 0, 500), 100 * Decimal("0.1")),
    ],
)
def test_a_long_prompt_pays_its_tier_for_every_token(usage: Usage, millionths: Decimal) -> None:
    """The tier begins above its count, cached tokens are never more than the input, and reasoning is output."""
    assert TIERED.of(usage) == Decimal(millionths) / 1_000_000


def test_unknown_tokens_have_no_known_cost() -> None:
    """What the provider did not report is not zero."""
    assert TIERED.of(Usage(None, 5)) is None
    assert TIERED.of(Usage(5, None)) is None
    assert cost(None, Usage(1, 1)) is None


def test_the_worst_case_falls_into_the_tier_of_its_estimate() -> None:
    """Three bytes to a token, and the answer at its limit."""
    read = most_input_tokens((Message("user", "x" * 300),), schema_bytes=303)
    assert TIERED.worst_case(read, 10) == Decimal(201 * 2 + 10 * 6) / 1_000_000
    assert TIERED.worst_case(read, None) == Decimal(201 * 2) / 1_000_000


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Price(Decimal(-1), Decimal(1)), "price.input is -1"),
        (lambda: Price(Decimal(1), Decimal("NaN")), "price.output is NaN"),
        (lambda: Price(Decimal(1), Decimal(1), Decimal("Infinity")), "price.cached_input"),
        (lambda: PriceTier(0, Decimal(1), Decimal(1)), "above 0"),
        (lambda: PriceTier(5, Decimal(1), Decimal(-1)), "price.output is -1"),
        (lambda: Price(Decimal(1), Decimal(1), None, TIERED.tiers[::-1]), "rising"),
        (lambda: Price(Decimal(1), Decimal(1), None, TIERED.tiers[:1] * 2), "each once"),
    ],
)
def test_an_impossible_price_is_refused(make: object, told: str) -> None:
    """Negative, infinite and unordered prices name the part that is wrong."""
    with pytest.raises(ValueError, match=told):
        make()  # type: ignore[operator]


def test_a_price_travels_between_processes() -> None:
    """It is plain data, without a hold on the list that it came from."""
    assert pickle.loads(pickle.dumps(TIERED)) == TIERED
