"""What a call costs, from the prices that the route or the connection states.

Prices are data, never code: an unknown price gives an unknown cost, not zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from llm_orchestration.model import Message, Usage

_MILLION = Decimal(1_000_000)
# UTF-8 bytes per token of ordinary English and of JSON lie between 3 and 4; the lower end makes the bill a worst case.
_BYTES_PER_TOKEN = 3


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens.

    Args:
        input: Price of input tokens.
        output: Price of output tokens, reasoning included.
        cached_input: Price of input tokens served from the provider's cache; `None` means the full input price.

    Raises:
        ValueError: A price is negative or not finite.
    """

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None

    def __post_init__(self) -> None:
        for name in ("input", "output", "cached_input"):
            value = getattr(self, name)
            if value is not None and (not value.is_finite() or value < 0):
                raise ValueError(f"price.{name} is {value}; prices are dollars per million tokens from 0")

    def of(self, usage: Usage) -> Decimal | None:
        """Cost of `usage` in US dollars, `None` when the provider did not report the tokens."""
        if usage.input_tokens is None or usage.output_tokens is None:
            return None
        cached = min(usage.cached_input_tokens or 0, usage.input_tokens)
        cached_price = self.input if self.cached_input is None else self.cached_input
        total = (usage.input_tokens - cached) * self.input + cached * cached_price + usage.output_tokens * self.output
        return total / _MILLION

    def worst_case(self, messages: tuple[Message, ...], max_output_tokens: int | None) -> Decimal:
        """The most that one request can cost, as an estimate made before it is sent.

        Without an output limit only the input is counted, so the true bill can be higher.
        """
        return self.of(Usage(worst_case_tokens(messages, None), max_output_tokens or 0)) or Decimal(0)


def worst_case_tokens(messages: tuple[Message, ...], max_output_tokens: int | None) -> int:
    """Input plus output tokens that one request can take, as an estimate made before it is sent."""
    sent = sum(len(message.content.encode()) for message in messages)
    return -(-sent // _BYTES_PER_TOKEN) + (max_output_tokens or 0)


def cost(price: Price | None, usage: Usage) -> Decimal | None:
    """Cost of `usage`, `None` when the price or the usage is unknown."""
    return None if price is None else price.of(usage)


def add(a: Decimal | None, b: Decimal | None) -> Decimal | None:
    """Sum of two costs; an unknown part makes the sum unknown."""
    return None if a is None or b is None else a + b
