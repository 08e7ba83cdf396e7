"""List prices: whose price holds where, that the figures are the library's own, and what a look-up costs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from llm_orchestration import prices
from llm_orchestration.model import Usage
from llm_orchestration.prices import price_of, vendor_of

OWN_HOSTS = {
    "api.openai.com": "openai",
    "eu.api.openai.com": "openai",
    "API.OpenAI.com.": "openai",
    "acme.openai.azure.com": "azure",
    "acme.services.ai.azure.com": "azure",
    "bedrock-runtime.eu-central-1.amazonaws.com": "aws",
    "bedrock-runtime-fips.us-east-1.amazonaws.com": "aws",
    "vpce-0a1b-2c3d.bedrock-runtime.us-east-1.vpce.amazonaws.com": "aws",
    "bedrock-mantle.us-west-2.api.aws": "aws",
    "api.anthropic.com": "anthropic",
    "europe-west4-aiplatform.googleapis.com": "google",
    "generativelanguage.googleapis.com": "google",
    "openrouter.ai": "openrouter",
    "api.mistral.ai": "mistral",
}
FOREIGN_HOSTS = (
    "localhost",
    "127.0.0.1",
    "::1",
    "llm.example.com",
    "openai.com",
    "api.openai.com.example.com",
    "xapi.openai.com",
    "api-openai.com",
    "openai.azure.com",
    "acme.azure-api.net",
    "gateway-1234.eu-central-1.elb.amazonaws.com",
    "ec2-1-2-3-4.compute-1.amazonaws.com",
    "bedrock-runtime.evil.example.amazonaws.com",
    "acme--vllm.modal.run",
    "bedrock-runtime.cn-north-1.amazonaws.com.cn",
    "api.openai.com:443",
    "api.openai.com/v1",
)

MINUTE = 29_900_000  # since the epoch; a day in November 2026


def listed(vendor: str) -> list[Any]:
    """Every model of a vendor in the bundled list."""
    from genai_prices.data import providers

    return next(provider.models for provider in providers if provider.id == vendor)


def text_model(vendor: str) -> str:
    """Some model of a vendor with a price; no id is written down here."""
    return str(next(model.id for model in listed(vendor) if prices._listed(vendor, model.id, False, MINUTE)))


@pytest.mark.parametrize(("host", "vendor"), OWN_HOSTS.items())
def test_a_vendors_own_host_has_its_list_price(host: str, vendor: str) -> None:
    """Every address of the vendor itself counts, with its regions and accounts."""
    assert vendor_of(host, "openai_compatible") == vendor
    assert price_of(host, "openai_compatible", text_model(vendor)) is not None


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_anybody_elses_host_has_none_whatever_the_model_is_called(host: str) -> None:
    """A gateway or a server of one's own is never billed by a public list, and a look-alike name is no vendor."""
    for vendor in ("openai", "aws", "azure"):
        assert price_of(host, "openai_compatible", text_model(vendor)) is None
    assert price_of(host, "bedrock_converse", text_model("aws")) is None


def test_a_provider_with_one_vendor_needs_no_host() -> None:
    """Converse asks Amazon unless a host is stated; scripted and offline providers ask nobody."""
    model = text_model("aws")
    assert price_of(None, "bedrock_converse", model) == price_of("", "bedrock", model) is not None
    for name in ("scripted", "offline", "openai_compatible", ""):
        assert price_of(None, name, model) is None


def test_an_unlisted_model_is_unknown_and_never_an_error() -> None:
    """A fine-tuned model, a deployment's own name and nonsense have no price."""
    known = text_model("openai")
    for model in (f"ft:{known}:acme::1", "prod-extraction", "", " ", "x" * 10_000, "\0", "*"):
        assert price_of("api.openai.com", "openai_compatible", model) is None


def test_the_arithmetic_is_the_librarys() -> None:
    """For every listed text model, tiers and cached tokens included, the bill is what genai-prices itself works out."""
    from genai_prices import Usage as TheirUsage
    from genai_prices import calc_price

    moment = datetime(2026, 11, 24, 12, tzinfo=UTC)
    compared = tiered = 0
    for vendor in ("openai", "aws", "anthropic", "google", "mistral"):
        for model in listed(vendor):
            price = prices._listed(vendor, model.id, False, int(moment.timestamp() // 60))
            for counts in ((1_000, 100, 10), (200_000, 1, 0), (1_000_000, 64_000, 500_000)) if price else ():
                theirs = calc_price(
                    TheirUsage(input_tokens=counts[0], output_tokens=counts[1], cache_read_tokens=counts[2]),
                    model.id,
                    provider_id=vendor,
                    genai_request_timestamp=moment,
                )
                assert price is not None
                assert price.of(Usage(*counts)) == theirs.total_price, (vendor, model.id, counts)
                compared += 1
                tiered += bool(price.tiers)
    assert compared > 300
    assert tiered > 20


def test_a_batch_has_its_own_list() -> None:
    """Where the vendor sells batches for less, the budget knows."""
    cheaper = [
        model.id
        for model in listed("openai")
        if (once := price_of("api.openai.com", "x", model.id))
        and (batch := price_of("api.openai.com", "x", model.id, batch=True))
        and batch.output < once.output
    ]
    assert len(cheaper) > 5


def test_a_bill_with_parts_that_nobody_counts_is_unknown() -> None:
    """A price per request or per citation cannot be worked out from tokens, so no wrong sum is given."""
    uncounted = [
        (provider, model)
        for provider in ("perplexity",)
        for model in listed(provider)
        if "requests_kcount" in vars(model.get_prices(datetime(2026, 11, 24, tzinfo=UTC)))
    ]
    assert uncounted
    assert not [model.id for vendor, model in uncounted if prices._listed(vendor, model.id, False, MINUTE)]


def test_every_vendor_of_the_table_is_in_the_list() -> None:
    """A renamed vendor shows here and not as a missing cost."""
    from genai_prices.data import providers

    assert {vendor for _, vendor in prices._VENDORS} <= {provider.id for provider in providers}


def test_a_price_that_begins_on_a_day_begins_then() -> None:
    """A process that lives for weeks sees the new price."""
    changes = [
        (vendor, model, entry.constraint.start_date)
        for vendor in ("openai", "mistral", "google")
        for model in listed(vendor)
        if isinstance(model.prices, list)
        for entry in model.prices
        if hasattr(entry.constraint, "start_date")
    ]
    seen = 0
    for vendor, model, day in changes:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        host = next(host for host, name in OWN_HOSTS.items() if name == vendor)
        before, after = (price_of(host, "x", model.id, clock=lambda at=at: at) for at in (start - 1, start + 61))
        seen += before is not None and after is not None and before != after
    assert seen > 0


FRESH = """
import json, socket, sys
sys.path.insert(0, {plugins!r})
def refuse(*args, **kwargs):
    raise AssertionError("a price was looked up over the network")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
import llm_orchestration, llm_orchestration.prices as prices
before = "genai_prices" in sys.modules
foreign = prices.price_of("localhost", "openai_compatible", "m")
still = "genai_prices" in sys.modules
known = prices.price_of("api.openai.com", "openai_compatible", {model!r})
{more}
print(json.dumps([before, foreign, still, known is not None, "genai_prices" in sys.modules]))
"""


def fresh(root: Path, more: str = "") -> list[Any]:
    """Runs look-ups in a process of its own, which has no network."""
    code = FRESH.format(plugins=str(root / "plugins"), model=text_model("openai"), more=more)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    found: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_list_is_loaded_late_and_without_a_network(root: Path) -> None:
    """Neither an import nor a local endpoint loads it; a vendor does, from the data on disk."""
    assert fresh(root) == [False, None, False, True, True]


def test_a_broken_list_leaves_the_cost_unknown(root: Path) -> None:
    """A call is worth more than its price tag: the library's failure is no error of the call."""
    more = "prices._snapshot.cache_clear(); prices._listed.cache_clear(); sys.modules['genai_prices.data'] = None\n"
    more += "assert prices.price_of('api.openai.com', 'openai_compatible', 'm') is None"
    assert fresh(root, more)[3]


def test_a_later_look_up_is_cheap() -> None:
    """It happens on every plan of a hook: far below a millisecond."""
    model = text_model("openai")
    price_of("api.openai.com", "x", model)
    began = time.process_time()
    for _ in range(1_000):
        price_of("api.openai.com", "x", model)
    assert time.process_time() - began < 0.5


def test_no_model_id_stands_in_the_code(root: Path) -> None:
    """Ids live in llm.yaml, in connections and in the library's list."""
    ids = {model.id for vendor in ("openai", "anthropic", "aws", "google", "mistral") for model in listed(vendor)}
    for path in sorted((root / "plugins" / "llm_orchestration").rglob("*.py")):
        constants = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
        assert not {value for value in constants if isinstance(value, str)} & ids, path.name
