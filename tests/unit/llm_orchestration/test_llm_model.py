"""Requests, usage, cost and exports: values that refuse contradictions."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import llm_orchestration
from llm_orchestration import ConfigurationError, LLMRequest, Message, Price, Usage
from llm_orchestration.pricing import add, cost, most_input_tokens

HELLO = (Message("user", "x"),)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"messages": ()}, "empty"),
        ({"messages": (Message("assistant", "x"),)}, "last message"),
        ({"messages": HELLO, "temperature": 3}, "temperature"),
        ({"messages": HELLO, "max_output_tokens": 0}, "max_output_tokens"),
        ({"messages": HELLO, "schema_name": "a b"}, "schema_name"),
        ({"messages": HELLO, "purpose": ""}, "purpose"),
        ({"messages": HELLO, "attempt": 0}, "attempt"),
    ],
)
def test_a_request_refuses_contradictions(fields: dict[str, Any], told: str) -> None:
    """A request that cannot be asked is refused where it is built."""
    with pytest.raises(ConfigurationError, match=told):
        LLMRequest(**fields)


@pytest.mark.parametrize(("role", "content"), [("tool", "x"), ("user", None), ("user", "a\ud800")])
def test_a_message_is_text_with_a_known_role(role: Any, content: Any) -> None:
    """Unknown roles, other types and half characters from PDF text layers are named."""
    with pytest.raises(ConfigurationError):
        Message(role, content)


def test_the_prompt_hash_follows_the_words_only() -> None:
    """Same messages, same hash, whatever the parameters."""
    assert LLMRequest(HELLO).prompt_sha256 == LLMRequest(HELLO, temperature=1, purpose="p").prompt_sha256
    assert LLMRequest(HELLO).prompt_sha256 != LLMRequest((Message("user", "y"),)).prompt_sha256


def test_unknown_tokens_stay_unknown() -> None:
    """A missing count is not zero, alone or in a sum."""
    assert Usage(1, 2) + Usage(3, None) == Usage(4, None)
    assert Usage(1, None).total_tokens is None
    with pytest.raises(ValueError, match="input_tokens"):
        Usage(-1)


@pytest.mark.parametrize(
    ("price", "usage", "dollars"),
    [
        (Price(Decimal("0.25"), Decimal(2)), Usage(1_000_000, 500_000), Decimal("1.25")),
        (Price(Decimal(1), Decimal(10), Decimal("0.1")), Usage(1000, 200, 400), Decimal("0.00264")),
        (Price(Decimal(1), Decimal(10)), Usage(1000, 200, 400), Decimal("0.003")),
        (Price(Decimal(1), Decimal(10)), Usage(1000, None), None),
        (None, Usage(1, 1), None),
    ],
)
def test_cost_is_exact_or_unknown(price: Price | None, usage: Usage, dollars: Decimal | None) -> None:
    """Cached tokens have their own price; without price or count there is no number."""
    assert cost(price, usage) == dollars


def test_a_worst_case_counts_the_prompt_and_the_whole_limit() -> None:
    """Three bytes a token and every output token that is allowed."""
    price = Price(Decimal(3), Decimal(10))
    assert price.worst_case(most_input_tokens((Message("user", "x" * 300),)), 100) == Decimal("0.0013")
    assert add(Decimal(1), None) is None
    assert add(Decimal(1), Decimal(2)) == 3
    with pytest.raises(ValueError, match=r"price\.input"):
        Price(Decimal(-1), Decimal(1))


def test_all_exports_exist_and_the_whole_tree_is_exported() -> None:
    """What `__all__` promises can be imported, sorted, and holds every error."""
    assert llm_orchestration.__all__ == sorted(llm_orchestration.__all__)
    assert set(llm_orchestration.errors.__all__) <= set(llm_orchestration.__all__)
    for name in llm_orchestration.__all__:
        assert getattr(llm_orchestration, name) is not None
    with pytest.raises(AttributeError, match="nothing_here"):
        _ = llm_orchestration.nothing_here


def test_importing_the_package_loads_no_sdk_and_no_airflow() -> None:
    """A DAG file pays for a name, not for a vendor's library; building a hook loads none either."""
    heavy = "('openai', 'httpx2', 'jsonschema', 'jinja2', 'boto3')"
    code = (
        "import sys, llm_orchestration, llm_orchestration.providers, llm_orchestration.engine\n"
        f"print([m for m in {heavy} + ('airflow', 'pydantic') if m in sys.modules])\n"
    )
    plugins = Path(llm_orchestration.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(plugins)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
