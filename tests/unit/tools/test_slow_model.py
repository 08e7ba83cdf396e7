"""The slow model of the benchmarks: it answers what is asked, counts truthfully and fails on request."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name", "values"],
    "properties": {
        "name": {"type": ["string", "null"]},
        "kind": {"enum": ["a", "b"]},
        "share": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "values": {"type": "array", "minItems": 3, "items": {"$ref": "#/$defs/value"}},
    },
    "$defs": {
        "page": {"type": "integer"},
        "value": {"type": "object", "required": ["page"], "properties": {"page": {"$ref": "#/$defs/page"}}},
    },
}


@pytest.fixture(scope="module")
def program(root: Path) -> Path:
    """The file that serves it."""
    return root / "benchmarks" / "slow_model.py"


@pytest.fixture
def address(program: Path) -> Iterator[str]:
    """A model that answers after a fifth of a second."""
    command = [sys.executable, str(program), "--latency", "0.2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


def ask(client: httpx.Client, text: str, model: str = "slow", **more: Any) -> httpx.Response:
    """One chat request."""
    body = {"model": model, "messages": [{"role": "user", "content": text}], **more}
    return client.post("/v1/chat/completions", json=body)


def test_every_example_fits_its_schema(program: Path) -> None:
    """References, lists, choices and nullable types get a value that a validator accepts."""
    spec = importlib.util.spec_from_file_location("slow_model_under_test", program)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
        value = module._example(SCHEMA, SCHEMA)
    finally:
        del sys.modules[spec.name]
    jsonschema.validate(value, SCHEMA)
    assert len(value["values"]) == 3
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**value, "values": value["values"][:2]}, SCHEMA)


def test_the_counts_tell_what_happened(address: str) -> None:
    """Requests together, a refusal, a busy moment, a caller who goes, a reset: each shows in the report."""

    async def together(count: int) -> None:
        async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
            body = {"model": "slow", "messages": [{"role": "user", "content": "together"}]}
            await asyncio.gather(*(client.post("/v1/chat/completions", json=body) for _ in range(count)))

    with httpx.Client(base_url=address, trust_env=False, timeout=10) as client:
        asyncio.run(together(5))
        assert [ask(client, name, model=name).status_code for name in ("refuse", "reject", "quota")] == [401, 400, 429]
        busy = ask(client, "busy", model="busy")
        assert (busy.status_code, busy.headers["retry-after"]) == (429, "5")
        assert ask(client, "busy", model="busy").status_code == 200
        with pytest.raises(httpx.ReadTimeout):
            client.post(
                "/v1/chat/completions",
                json={"model": "slow", "messages": [{"role": "user", "content": "gone"}]},
                timeout=0.05,
            )
        told = ask(client, "told", response_format={"json_schema": {"schema": SCHEMA}})
        assert told.headers["x-request-id"]
        report = client.get("/report").json()
        assert report["peak"] == 5
        assert report["requests"] == 5 + 3 + 2 + 1 + 1
        assert report["answered"] == 5 + 1 + 1
        assert report["abandoned"] == 1
        assert report["in_flight"] == 0
        assert report["asked_after_answer"] == 4
        client.post("/reset", json={"latency": 0}).raise_for_status()
        assert client.get("/report").json()["requests"] == 0
        assert ask(client, "at once").elapsed.total_seconds() < 0.2
