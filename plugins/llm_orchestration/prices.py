"""List prices of the public vendors, from the data that `genai-prices` carries with it; nothing is fetched.

A list price holds only where the vendor itself is asked. A gateway, a proxy or a server of one's own may offer a model
under a vendor's name for another price or for none, so the host decides first and the model second:

```text
host of the endpoint ── is a vendor's own? ── no ─► unknown
  │ yes
model ── in the vendor's list? ── no ─► unknown        (a fine-tuned model, a deployment with a name of its own)
  │ yes
billed for anything but tokens in and out? ── yes ─► unknown
  │ no
Price, with its tiers for long prompts
```

Contracts, provisioned capacity and cache writes are in no list. Who has a price of his own states it at the target or
at the connection, and then this module is not asked.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import structlog

from llm_orchestration.pricing import Price, PriceTier

_log = structlog.get_logger(__name__)

# Whole host names of vendors' own model endpoints → the vendor's id in genai-prices. Whole, because a customer's
# gateway can run below amazonaws.com, azure-api.net or modal.run too. Regions and accounts are the only free parts.
# China's regions are left out: they have prices and a currency of their own.
_LABEL = "[a-z0-9-]+"
_VENDORS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), vendor)
    for pattern, vendor in (
        (rf"(?:{_LABEL}\.)?api\.openai\.com", "openai"),
        (rf"{_LABEL}\.(?:openai|services\.ai|cognitiveservices)\.azure\.com", "azure"),
        (rf"(?:vpce-{_LABEL}\.)?bedrock-runtime(?:-fips)?\.{_LABEL}\.(?:vpce\.)?amazonaws\.com", "aws"),
        (rf"bedrock-(?:runtime|mantle)(?:-fips)?\.{_LABEL}\.api\.aws", "aws"),
        (r"api\.anthropic\.com", "anthropic"),
        (rf"generativelanguage\.googleapis\.com|(?:{_LABEL}-)?aiplatform\.googleapis\.com", "google"),
        (r"api\.mistral\.ai", "mistral"),
        (rf"(?:{_LABEL}\.)?api\.x\.ai", "x-ai"),
        (r"api\.groq\.com", "groq"),
        (r"api\.deepseek\.com", "deepseek"),
        (r"api\.cerebras\.ai", "cerebras"),
        (r"api\.fireworks\.ai", "fireworks"),
        (r"api\.together\.(?:xyz|ai)", "together"),
        (r"api\.cohere\.(?:ai|com)", "cohere"),
        (r"openrouter\.ai", "openrouter"),
    )
)
# Providers of this package that reach one vendor and nothing else, also when no host is stated.
_SINGLE_VENDOR = {"bedrock": "aws"}
# A bill of a text request holds these besides tokens in and out; nobody reports them to us, so the sum is unknown.
_UNCOUNTED = ("requests_kcount", "output_reasoning_mtok", "output_citation_mtok")
# Lists have prices that begin on a day and prices that change within a day.
_MAX_AGE_SECONDS = 60


def price_of(
    host: str | None,
    provider: str,
    model: str,
    *,
    batch: bool = False,
    clock: Callable[[], float] = time.time,
) -> Price | None:
    """The public list price of a model at an endpoint, `None` when it is unknown. Never raises.

    The first call of a process reads the list (about a quarter of a second of CPU); later ones take microseconds.

    Args:
        host: Host name of the endpoint, without port; `None` or empty where the provider needs none.
        provider: Kind of provider, for example `openai_compatible`; every name that begins with `bedrock` is Amazon's.
        model: Model id as it is sent.
        batch: Whether the request goes through the vendor's batch API, which has a list of its own.
        clock: Seconds since the epoch; some prices begin on a day.
    """
    vendor = vendor_of(host, provider)
    if vendor is None or not model:
        return None
    return _listed(vendor, model, batch, int(clock() // _MAX_AGE_SECONDS))


def vendor_of(host: str | None, provider: str) -> str | None:
    """The vendor whose list price holds at an endpoint, by its id in genai-prices; `None` for everybody else.

    Args:
        host: Host name of the endpoint, without port.
        provider: Kind of provider.
    """
    name = (host or "").strip().rstrip(".").lower()
    if not name:
        return _SINGLE_VENDOR.get(provider.partition("_")[0])
    return next((vendor for pattern, vendor in _VENDORS if pattern.fullmatch(name)), None)


@lru_cache(maxsize=256)
def _listed(vendor: str, model: str, batch: bool, minute: int) -> Price | None:
    moment = datetime.fromtimestamp(minute * _MAX_AGE_SECONDS, UTC)
    try:
        return _look_up(vendor, model, batch, moment)
    except LookupError:
        return None
    except Exception as error:  # noqa: BLE001 - a broken price list must not stop a call; its cost is then unknown
        _log.warning("llm.prices.unusable", vendor=vendor, model=model, error=type(error).__name__)
        return None


def _look_up(vendor: str, model: str, batch: bool, moment: datetime) -> Price | None:
    # The bundled data, and not `get_snapshot`: another package in the process may have started the library's updates.
    _, found = _snapshot().find_provider_model(model, None, vendor, None)
    context = {"processing": "batch"} if batch else None
    listed = found.get_prices(moment, context).__dict__
    if any(listed.get(name) is not None for name in _UNCOUNTED):
        return None
    amounts = [listed.get(name) for name in ("input_mtok", "output_mtok", "cache_read_mtok")]
    if amounts[0] is None or amounts[1] is None:
        return None
    starts = sorted({tier.start for amount in amounts for tier in getattr(amount, "tiers", ())})
    tiers = tuple(PriceTier(start, *_amounts_at(amounts, start)) for start in starts)
    return Price(*_amounts_at(amounts, 0), tiers)


@lru_cache(maxsize=1)
def _snapshot() -> Any:
    from genai_prices.data import providers
    from genai_prices.data_snapshot import DataSnapshot

    return DataSnapshot(providers=providers, from_auto_update=False)


def _amounts_at(amounts: Sequence[Any], start: int) -> tuple[Any, Any, Any]:
    """Input, output and cached input once the prompt is longer than `start`: plain prices or those of a tier."""

    def reached(amount: Any) -> Any:
        return [getattr(amount, "base", amount), *(t.price for t in getattr(amount, "tiers", ()) if t.start <= start)][
            -1
        ]

    price_input, output, cached = map(reached, amounts)
    return price_input, output, cached
