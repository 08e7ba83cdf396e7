"""No secret is anywhere that people read: not in a log, an XCom, a file of a run or the history, after a success and after a failure."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from openai_peer import OpenAIPeer
from served_airflow import Served

pytestmark = [pytest.mark.airflow, pytest.mark.served]

# Shaped like no key that a filter could know.
KEY = "hush4d5e6f7a8b9c0d1e"
OTHER = "whisper1a2b3c4d5e6f7a8b"
SHEET = "ostermere_frontier_debt_en.pdf"
FIRST = "extract_factsheet_data"


class Echo:
    """A server that refuses every call and repeats the caller's key wherever it can: in message, code, type, headers and model."""

    def __enter__(self) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                told = self.headers["Authorization"]
                body = {"error": {"message": f"no such key: {told}", "type": told, "code": told, "param": told}, "model": told}
                data = json.dumps(body).encode()
                self.send_response(401)
                for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(data))), ("x-request-id", told)):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Keeps the test's output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def connect(served: Served, name: str, host: str, password: str) -> None:
    """Makes a connection, with another secret in its extra fields' place for the login."""
    connection = {
        "connection_id": name, "conn_type": "llm", "host": host, "password": password, "login": "",
        "extra": json.dumps({"model": "peer-1", "price_input": "1", "price_output": "2"}),
    }  # fmt: skip
    served.airflow.client.post("/connections", json=connection).raise_for_status()


def remove(served: Served, name: str) -> None:
    served.airflow.client.delete(f"/connections/{name}").raise_for_status()


@pytest.fixture(scope="module")
def ran(served: Served) -> Iterator[dict[str, str]]:
    """Two runs that used the keys: one read by a model that answered, one whose model refused and repeated the key. By id, the end."""
    ends = {}
    served.put("secrets_good.pdf", served.samples / SHEET)
    connect(served, "other_secret", "http://127.0.0.1:9/v1", OTHER)
    try:
        with OpenAIPeer({FIRST: lambda request: {"values": []}}) as peer:
            connect(served, "llm_default", peer.url, KEY)
            try:
                served.start("secrets_good", document="secrets_good.pdf", approval="auto", force=True)
                ends["secrets_good"] = served.end("secrets_good")[0]
                assert peer.requests, "the model was not asked, so nothing was tried"
            finally:
                remove(served, "llm_default")
        with Echo() as address:
            connect(served, "llm_default", address, KEY)
            try:
                served.start("secrets_bad", document="secrets_good.pdf", approval="auto", force=True)
                ends["secrets_bad"] = served.end("secrets_bad")[0]
            finally:
                remove(served, "llm_default")
    finally:
        remove(served, "other_secret")
    yield ends


def holding(folder: Path, words: str) -> list[str]:
    """The files below a folder that hold the words."""
    return [str(path) for path in folder.rglob("*") if path.is_file() and words.encode() in path.read_bytes()]


@pytest.mark.parametrize("secret", [KEY, OTHER])
def test_no_file_of_the_installation_holds_a_secret(served: Served, ran: dict[str, str], secret: str) -> None:
    """Logs of tasks and services, the metadata database with its XComs, notes and events, and the whole storage."""
    assert ran["secrets_bad"] == "failed"
    assert served.manifest("secrets_bad")["error"]["error"] == "AuthenticationError"
    home = served.airflow.storage.parent
    assert list(home.rglob("*.log")), "there are no logs to search"
    assert holding(home, secret) == []


def test_what_the_api_shows_of_a_run_holds_no_secret(served: Served, ran: dict[str, str]) -> None:
    """Task results, rendered fields, notes and the connection itself."""
    told: list[Any] = []
    for run_id in ran:
        told.append(served.airflow.run(served.workflow, run_id))
        path = f"/dags/{served.workflow}/dagRuns/{run_id}/taskInstances"
        for task in served.airflow.get(path)["task_instances"]:
            told.append(task)
            entries = served.airflow.get(f"{path}/{task['task_id']}/xcomEntries")["xcom_entries"]
            told += [served.airflow.get(f"{path}/{task['task_id']}/xcomEntries/{entry['key']}") for entry in entries]
    text = json.dumps(told)
    assert "extract_factsheet_data" in text
    assert KEY not in text and OTHER not in text
