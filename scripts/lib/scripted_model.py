"""An OpenAI-compatible server with a scripted model behind it, for runs and tests without a real one.

    python scripts/lib/scripted_model.py --port 8011          then OPENAI_BASE_URL=http://127.0.0.1:8011/v1 OPENAI_API_KEY=any

It answers from what a request holds, the schema and the words of the prompt, and knows no document: `scripted_reading` finds printed words
for fields, `scripted_writing` writes sentences around places. It reads and writes far worse than a real model, and says so by its name.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import scripted_reading
import scripted_writing

MODEL = "scripted-model"
_REFUSED = "That answer was refused"


class CannotAnswerError(ValueError):
    """A request that asks for neither the values of a document nor the sentences of a narration."""


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a request of `/v1/chat/completions` that asks for JSON by a schema.

    Raises:
        CannotAnswerError: the schema is neither that of an extract step nor that of a write step.
    """
    asked = (request.get("response_format") or {}).get("json_schema") or {}
    properties = asked.get("schema", {}).get("properties", {})
    messages = [message["content"] for message in request["messages"]]
    if "values" in properties:
        return {"values": scripted_reading.read(messages[1])}
    if "segments" in properties:
        refused = next((text for text in reversed(messages) if text.startswith(_REFUSED)), "")
        return {"segments": scripted_writing.write(scripted_writing.Task.of(messages[0], messages[1]), refused)}
    raise CannotAnswerError(f"the scripted model reads documents and writes narrations; it was asked for {sorted(properties)}")


class ScriptedModel:
    """The server, on a port of this machine that is free. `requests` are the bodies that it was sent, `answers` what it said."""

    def __init__(self, port: int = 0) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def connection(self) -> str:
        """The Airflow connection to it, as JSON; the prices are made up."""
        extra = {"model": MODEL, "price_input": "1", "price_output": "2"}
        return json.dumps({"conn_type": "llm", "host": self.url, "password": "any", "extra": extra})

    def __enter__(self) -> ScriptedModel:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self) -> None:
        """Serves until it is interrupted."""
        self._thread.start()
        self._thread.join()


def _handler(model: ScriptedModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]})

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            model.requests.append(request)
            try:
                said = answer(request)
            except CannotAnswerError as error:
                self._send(400, {"error": {"message": str(error), "type": "invalid_request_error"}})
                return
            model.answers.append(said)
            self._send(200, _completion(request, json.dumps(said, ensure_ascii=False), len(model.requests)))

        def _send(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Keeps the output of a run clean."""

    return Handler


def _completion(request: Mapping[str, Any], content: str, number: int) -> dict[str, Any]:
    read = sum(len(message["content"]) for message in request["messages"]) // 4 + 1
    written = len(content) // 4 + 1
    message = {"role": "assistant", "content": content, "refusal": None}
    return {
        "id": f"scripted-{number}", "object": "chat.completion", "created": 0, "model": MODEL,
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
    }  # fmt: skip


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=8011)
    model = ScriptedModel(parser.parse_args().port)
    print(f"{MODEL} at {model.url}", flush=True)
    try:
        model.wait()
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
