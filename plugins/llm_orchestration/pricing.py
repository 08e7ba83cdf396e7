"""What a call costs, as arithmetic over a price that somebody stated.

Prices are data, never code. The first of these that knows the price decides, and nothing is ever mixed from two:

1. `price_per_million_tokens` at the target in llm.yaml;
2. the extra fields `price_input`, `price_output`, `price_cached_input` of the connection;
3. the vendor's public list price, when the vendor itself is asked (see `prices.py`);
4. none: the cost is unknown, which is not zero, and no budget in dollars can hold the call.

There is no table of prices by model in llm.yaml on purpose: what a model costs depends on who serves it, so a price
belongs to a target or to a connection and never to a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from llm_orchestration.model import Message, Usage

_MILLION = Decimal(1_000_000)
# UTF-8 bytes per token of ordinary English and of JSON lie between 3 and 4; the lower end makes the bill a worst case.
_BYTES_PER_TOKEN = 3


@dataclass(frozen=True)
class PriceTier:
    """What every token of a request costs once its prompt is longer than `above`, in US dollars per million.

    Args:
        above: Input tokens that the request has to exceed.
        input: As for `Price`.
        output: As for `Price`.
        cached_input: As for `Price`.

    Raises:
        ValueError: A price is negative or not finite, or `above` is no count.
    """

    above: int
    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None

    def __post_init__(self) -> None:
        if self.above < 1:
            raise ValueError(f"price tier above {self.above}; a tier begins above a count of tokens from 1")
        _refuse_impossible(self.input, self.output, self.cached_input)


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens.

    Args:
        input: Price of input tokens.
        output: Price of output tokens, reasoning included.
        cached_input: Price of input tokens served from the provider's cache; `None` means the full input price.
        tiers: Prices of requests with long prompts, by rising `above`.

    Raises:
        ValueError: A price is negative or not finite, or the tiers do not rise.
    """

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    tiers: tuple[PriceTier, ...] = ()

    def __post_init__(self) -> None:
        _refuse_impossible(self.input, self.output, self.cached_input)
        starts = [tier.above for tier in self.tiers]
        if starts != sorted(set(starts)):
            raise ValueError(f"price tiers begin above {starts}; order them by rising tokens, each once")

    def of(self, usage: Usage) -> Decimal | None:
        """Cost of one request in US dollars, `None` when the provider did not report the tokens."""
        if usage.input_tokens is None or usage.output_tokens is None:
            return None
        held = self._at(usage.input_tokens)
        cached = min(usage.cached_input_tokens or 0, usage.input_tokens)
        cached_price = held.input if held.cached_input is None else held.cached_input
        total = (usage.input_tokens - cached) * held.input + cached * cached_price + usage.output_tokens * held.output
        return total / _MILLION

    def worst_case(self, input_tokens: int, max_output_tokens: int | None) -> Decimal:
        """The most that one request can cost, as an estimate made before it is sent.

        Without an output limit only the input is counted, so the true bill can be higher.
        """
        return self.of(Usage(input_tokens, max_output_tokens or 0)) or Decimal(0)

    def _at(self, input_tokens: int) -> Price | PriceTier:
        return next((tier for tier in reversed(self.tiers) if input_tokens > tier.above), self)


def _refuse_impossible(price_input: Decimal, output: Decimal, cached_input: Decimal | None) -> None:
    for name, value in (("input", price_input), ("output", output), ("cached_input", cached_input)):
        if value is not None and (not value.is_finite() or value < 0):
            raise ValueError(f"price.{name} is {value}; prices are dollars per million tokens from 0")


def most_input_tokens(messages: tuple[Message, ...], schema_bytes: int = 0) -> int:
    """Input tokens that one request can take, as an estimate made before it is sent.

    Args:
        messages: The conversation.
        schema_bytes: Size of the answer's schema, which is read with it.
    """
    sent = schema_bytes + sum(len(message.content.encode()) for message in messages)
    return -(-sent // _BYTES_PER_TOKEN)


def cost(price: Price | None, usage: Usage) -> Decimal | None:
    """Cost of `usage`, `None` when the price or the usage is unknown."""
    return None if price is None else price.of(usage)


def add(a: Decimal | None, b: Decimal | None) -> Decimal | None:
    """Sum of two costs; an unknown part makes the sum unknown."""
    return None if a is None or b is None else a + b
