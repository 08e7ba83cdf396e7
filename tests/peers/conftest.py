"""Real peers for the LLM layer: started once, ended with the session; Airflow connections to each of them.

A peer that cannot be installed skips its tests with the reason; where `CI` is set it fails them, so that a broken set-up
cannot pass for a green run.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
# Before the first import of Airflow, which makes a home where it finds none.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-home-"))
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")

from model_peers import PeerUnavailable
from peer_material import fixtures, gateway_models
from peer_processes import AIMOCK_KEY, GATEWAY_KEY, Aimock, Peer, gateway, llama, vendor

Connect = Callable[..., str]
AWS_SECRET = "secret/0123456789abcdef0123456789abcdef00"
_missing: dict[str, str] = {}


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says aloud which peers were missing: a quiet run shows no reasons of skipped tests."""
    for name, reason in _missing.items():
        terminalreporter.write_line(f"tests with {name} did not run: {reason}", yellow=True)


def _started(name: str, start: Callable[[], Any]) -> Any:
    try:
        return start()
    except PeerUnavailable as error:
        if os.environ.get("CI"):
            pytest.fail(str(error), pytrace=False)
        _missing[name] = str(error)
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def peer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the peers keep logs and models."""
    return tmp_path_factory.mktemp("peers")


@pytest.fixture(scope="session")
def tiny(peer_folder: Path) -> Iterator[Peer]:
    """llama.cpp with a model that writes printable text."""
    with _started("llama.cpp", lambda: llama(peer_folder)) as peer:
        yield peer


@pytest.fixture(scope="session")
def nasty(peer_folder: Path) -> Iterator[Peer]:
    """llama.cpp with a model that writes any byte."""
    with _started("llama.cpp", lambda: llama(peer_folder, nasty=True)) as peer:
        yield peer


@pytest.fixture(scope="session")
def _vendor(peer_folder: Path) -> Iterator[Aimock]:
    with _started("aimock", lambda: vendor(peer_folder, fixtures())) as peer:
        peer.wait()
        yield peer


@pytest.fixture
def mock(_vendor: Aimock) -> Aimock:
    """aimock with an empty journal."""
    _vendor.forget()
    return _vendor


@pytest.fixture(scope="session")
def locked(peer_folder: Path) -> Iterator[Aimock]:
    """aimock that wants `AIMOCK_KEY`. It keeps no journal of those whom it turns away."""
    with _started("aimock", lambda: vendor(peer_folder, fixtures(), key=AIMOCK_KEY)) as peer:
        peer.wait()
        yield peer


@pytest.fixture(scope="session")
def _gateway(peer_folder: Path, tiny: Peer, locked: Aimock, _vendor: Aimock) -> Iterator[Peer]:
    models = gateway_models(llama=f"{tiny.url}/v1", aimock=f"{_vendor.url}/v1", locked=f"{locked.url}/v1")
    with _started("the gateway", lambda: gateway(peer_folder, models)) as peer:
        yield peer


@pytest.fixture(scope="session", autouse=True)
def _gateway_early(request: pytest.FixtureRequest) -> None:
    """Starts the gateway first when a test will need it: it takes a quarter of a minute, in which others can run."""
    if any("proxy" in getattr(item, "fixturenames", ()) for item in request.session.items):
        # Where it is missing, only the tests that name it are skipped.
        with suppress(pytest.skip.Exception):
            request.getfixturevalue("_gateway")


@pytest.fixture
def proxy(_gateway: Peer) -> Peer:
    """The gateway, up."""
    _gateway.wait()
    return _gateway


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Defines an Airflow connection to a peer, for one test, and returns its id. `api`: chat, responses or converse."""
    keys = {"aimock_locked": AIMOCK_KEY, "gateway": GATEWAY_KEY}

    def define(peer: Peer, model: str, api: str = "chat", *, password: str | None = None) -> str:
        if api == "converse":
            aws = {"conn_type": "aws", "login": "AKIA0123456789ABCDEF", "password": AWS_SECRET}
            monkeypatch.setenv("AIRFLOW_CONN_AWS_PEER", json.dumps(aws))
            extra = {"model": model, "region": "eu-central-1", "aws_conn_id": "aws_peer"}
            fields = {"conn_type": "llm_bedrock", "host": peer.url, "extra": extra}
        else:
            key = keys.get(peer.name, "") if password is None else password
            extra = {"model": model, "api": api}
            fields = {"conn_type": "llm", "host": f"{peer.url}/v1", "password": key, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_LLM_PEER", json.dumps(fields))
        return "llm_peer"

    return define
