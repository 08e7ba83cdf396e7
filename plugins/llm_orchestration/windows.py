"""The whole prompt reaches the model, or the call ends with a named error: nothing is cut in silence.

Tokens are counted by the provider; before a call there is only an estimate from bytes. So a prompt is refused here only
when no tokenizer could make it fit, and the provider has the last word on everything between. After a call the provider's
own count shows whether it read the prompt: some servers cut a long one without a word and answer from the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from llm_orchestration import errors
from llm_orchestration.model import Answer, Message
from llm_orchestration.providers.base import Call

if TYPE_CHECKING:
    from llm_orchestration.targets import Target

# Byte-pair vocabularies reach about 4.5 bytes per token on English prose and less on tables and other languages.
_MOST_BYTES_PER_TOKEN = 6
# Twice as generous, because here a wrong alarm would throw away an answer that was paid for.
_IMPLAUSIBLE_BYTES_PER_TOKEN = 12
_JUDGED_FROM_BYTES = 8_000

_BLANKS = re.compile(r"\s+")


def _bytes(messages: Iterable[Message]) -> int:
    # A run of blanks can be one token, so it counts as one.
    return sum(len(_BLANKS.sub(" ", message.content).encode()) for message in messages)


def refuse_too_long(call: Call, target: Target) -> None:
    """Stops before a prompt that cannot fit the model's window.

    Raises:
        ContextWindowExceededError: Nothing was sent; a target with a larger window may be asked.
    """
    if target.context_window is None or target.connection is None:
        return
    least = _bytes(call.messages) // _MOST_BYTES_PER_TOKEN + (call.max_output_tokens or 0)
    if least > target.context_window:
        raise errors.ContextWindowExceededError(
            f"{call.purpose} needs at least {least:,} tokens (with {call.max_output_tokens or 0:,} for the answer) and "
            f"the model's context window is {target.context_window:,}; send less or use a target with a larger window",
            provider=target.provider.name,
            model=target.model,
        )


def refuse_cut_prompt(messages: tuple[Message, ...], answer: Answer, target: Target) -> None:
    """Refuses an answer to a prompt that the server cannot have read to its end.

    Raises:
        ContextWindowExceededError: The server counted far fewer input tokens than the prompt has.
    """
    counted = answer.usage.input_tokens
    if counted is None or target.connection is None:
        return
    # Counting the blanks as well is quick and can only make a prompt look longer.
    if sum(len(message.content.encode()) for message in messages) <= counted * _IMPLAUSIBLE_BYTES_PER_TOKEN:
        return
    sent = _bytes(messages)
    if sent < _JUDGED_FROM_BYTES:
        return
    if counted * _IMPLAUSIBLE_BYTES_PER_TOKEN < sent:
        raise errors.ContextWindowExceededError(
            f"the server counted {counted:,} input tokens for a prompt of {sent:,} bytes, so it cut the prompt and "
            "answered from the rest; raise the server's context size",
            provider=target.provider.name,
            model=answer.model,
            connection=target.connection,
            request_id=answer.request_id,
            usage=answer.usage,
        )
