"""The webhook of a video vendor on the served application: its signature lets it in, and all that it does is ring a bell."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

sys.path.insert(0, str(Path(__file__).resolve().parent / "rendering"))

from vendor_peer import connection

from workflow_orchestrator import web
from workflow_orchestrator.rendering.vendors.callbacks import LARGEST, bell_key, hang_up, rung
from workflow_orchestrator.storage import LocalStorage

pytestmark = pytest.mark.airflow

SETTINGS = """format: 1
video_providers:
  avatar: {http_avatar: {vendor: synthesia, connection: synthesia, avatar: anna, webhook: synthesia_webhook}}
  polled: {http_avatar: {vendor: heygen, connection: heygen, avatar: anna}}
"""
SECRET = "whsec-1"
BODY = json.dumps({"type": "video.completed", "data": {"id": "v1", "status": "complete", "download": "http://127.0.0.1/evil.mp4"}}).encode()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The application as Airflow mounts it, on a loopback port."""
    config = uvicorn.Config(web.build_app(), host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    listening.listen()  # who connects before the server is up waits for it
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}{web.CALLBACKS}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def storage(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStorage:
    """The platform's storage, with the settings and the secret."""
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "rendering.yaml").write_text(SETTINGS)
    shutil.copyfile(root / "include" / "orchestrator.yaml", tmp_path / "include" / "orchestrator.yaml")
    monkeypatch.setattr(web, "INCLUDE", tmp_path / "include")
    monkeypatch.setenv("GENAI_PLATFORM_STORAGE", str(tmp_path / "storage"))
    monkeypatch.setenv("AIRFLOW_CONN_SYNTHESIA_WEBHOOK", connection(conn_type="http", password=SECRET))
    return LocalStorage(tmp_path / "storage")


def headers(body: bytes = BODY, *, secret: str = SECRET, ago: timedelta = timedelta(0)) -> dict[str, str]:
    stamp = str(int((datetime.now(UTC) - ago).timestamp()))
    signature = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"Synthesia-Timestamp": stamp, "Synthesia-Signature": signature}


def post(url: str, body: bytes = BODY, **sent: Any) -> httpx.Response:
    return httpx.post(url, content=body, headers=sent.get("headers", headers(body)), timeout=30, trust_env=False)


def test_a_signed_call_rings_the_bell_of_its_job(address: str, storage: LocalStorage) -> None:
    """It takes effect for a job that is waited for; what the body says of the job is written nowhere."""
    key = hang_up(storage, "avatar", "v1")
    assert not rung(storage.read(key))
    answer = post(f"{address}/avatar")
    assert (answer.status_code, answer.content) == (204, b"")
    assert rung(storage.read(key))
    assert b"evil" not in storage.read(key)
    assert b"complete" not in storage.read(key)


def test_a_call_for_nobody_is_taken_and_leaves_nothing(address: str, storage: LocalStorage) -> None:
    """A vendor calls for every video of the account."""
    assert post(f"{address}/avatar").status_code == 204
    assert not storage.exists(bell_key("avatar", "v1"))


@pytest.mark.parametrize(
    "sent",
    [
        # Made when the test runs, because they are good for five minutes.
        lambda: {"headers": {}},
        lambda: {"headers": headers(secret="other")},
        lambda: {"headers": headers(BODY + b" ")},
        lambda: {"headers": headers(ago=timedelta(minutes=6))},
        lambda: {"headers": {**headers(), "Synthesia-Signature": ""}},
        lambda: {"body": b"[]"},
        lambda: {"body": b"\xff"},
    ],
    ids=["unsigned", "other secret", "other body", "old", "empty", "no event", "no text"],
)
def test_whoever_did_not_sign_it_now_is_turned_away(address: str, storage: LocalStorage, sent: Callable[[], dict[str, Any]]) -> None:
    """With 401 and no word why; nothing is written."""
    key = hang_up(storage, "avatar", "v1")
    answer = post(f"{address}/avatar", **sent())
    assert (answer.status_code, answer.content) == (401, b"")
    assert not rung(storage.read(key))


def test_a_provider_without_a_webhook_has_none(address: str, storage: LocalStorage) -> None:
    """Unknown, polled and local ones are told apart for nobody."""
    assert {post(f"{address}/{name}").status_code for name in ("polled", "nobody", "local")} == {404}


def test_a_large_body_is_not_read_to_its_end(address: str, storage: LocalStorage) -> None:
    """Before anything is computed over it."""
    body = b" " * (LARGEST + 1)
    assert post(f"{address}/avatar", body, headers=headers(body)).status_code == 413


def test_a_missing_secret_is_this_sides_fault(address: str, storage: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor may try again; without a secret nobody is believed."""
    monkeypatch.setenv("AIRFLOW_CONN_SYNTHESIA_WEBHOOK", connection(conn_type="http"))
    assert post(f"{address}/avatar").status_code == 503
    monkeypatch.delenv("AIRFLOW_CONN_SYNTHESIA_WEBHOOK")
    assert post(f"{address}/avatar").status_code == 503


def test_the_address_is_there_before_it_is_used(address: str) -> None:
    """HeyGen asks with OPTIONS; a look with GET is no call."""
    answer = httpx.options(f"{address}/avatar", timeout=30, trust_env=False)
    assert (answer.status_code, answer.headers["allow"]) == (204, "POST, OPTIONS")
    assert httpx.get(f"{address}/avatar", timeout=30, trust_env=False).status_code in (401, 403, 404, 405)
