"""An OpenAI-compatible server on loopback that answers a structured chat call by the name of its schema, and counts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[dict[str, Any]], Any]


def usage_of(request: Mapping[str, Any], content: str) -> dict[str, int]:
    """Tokens as a tokenizer would roughly count them."""
    read = sum(len(message["content"]) for message in request["messages"]) // 4 + 1
    written = len(content) // 4 + 1
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


class OpenAIPeer:
    """Serves `/v1/chat/completions` and `/v1/models`. `answers` maps a schema name to a function of the request."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.requests: list[dict[str, Any]] = []
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._send({"object": "list", "data": [{"id": "peer-1", "object": "model"}]})

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                peer.requests.append(request)
                name = request["response_format"]["json_schema"]["name"]
                content = json.dumps(answers[name](request))
                self._send(
                    {
                        "id": f"chatcmpl-{len(peer.requests)}",
                        "object": "chat.completion",
                        "created": 0,
                        "model": request["model"],
                        "choices": [
                            {
                                "index": 0,
                                "finish_reason": "stop",
                                "message": {"role": "assistant", "content": content, "refusal": None},
                            }
                        ],
                        "usage": usage_of(request, content),
                    }
                )

            def _send(self, body: Any) -> None:
                data = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.send_header("x-request-id", f"req-{len(peer.requests)}")
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Keeps the test's output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> OpenAIPeer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
