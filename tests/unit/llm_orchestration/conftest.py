"""A loopback model server and Airflow connections from the environment, for the tests of the LLM layer."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
# Before the first import of Airflow, which makes a home where it finds none.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-home-"))
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")

from llm_loopback import Server

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}, "note": {"type": "string"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}

Connect = Callable[..., str]


@pytest.fixture(scope="session")
def _served() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def server(_served: Server) -> Server:
    """The loopback server without the requests and replies of other tests."""
    _served.requests.clear()
    _served.replies.clear()
    return _served


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has limits and breakers of its own: one test's failures must not close another's circuit."""
    monkeypatch.setenv("AIRFLOW__LLM_ORCHESTRATION__STATE_URL", (tmp_path / "llm-state.db").as_uri())


@pytest.fixture
def connect(server: Server, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Defines an Airflow connection to the loopback server and returns its id."""

    def define(name: str = "llm_default", *, model: str | None = "m1", **more: Any) -> str:
        extra = {key: value for key, value in {"model": model, **more.pop("extra", {})}.items() if value is not None}
        fields = {"conn_type": "llm", "host": server.base_url, "password": "sk-secret-0123456789", **more}
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps({**fields, "extra": extra}))
        return name

    return define


@pytest.fixture
def routes_file(tmp_path: Path) -> Callable[..., str]:
    """Writes a route file with one route `extraction` over the given connections."""

    def write(*targets: str | dict[str, Any], without: str = "fail", deadline: float = 5) -> str:
        entries = [{"connection": target} if isinstance(target, str) else target for target in targets]
        route = {"without_connection": without, "deadline_seconds": deadline, "targets": entries}
        file = tmp_path / "llm.yaml"
        file.write_text(json.dumps({"format": 1, "routes": {"extraction": route}}), encoding="utf-8")
        return str(file)

    return write


@pytest.fixture
def person() -> dict[str, Any]:
    """A small answer schema with one optional property."""
    return json.loads(json.dumps(PERSON))
