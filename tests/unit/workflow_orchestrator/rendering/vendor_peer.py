"""A loopback server that speaks as vendors of speech and video do, and every way of getting it wrong."""

from __future__ import annotations

import array
import io
import json
import math
import threading
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """What goes over the wire. `cut` bytes of the body are left out although the length counts them; `drop` sends nothing at all."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    cut: int = 0
    drop: bool = False


@dataclass(frozen=True)
class Request:
    """One request as it arrived; names of headers in small letters."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


Answer = Reply | Callable[[Request, int], Reply]


def ok(data: Any, status: int = 200, **headers: str) -> Reply:
    """JSON; names of headers are written with underscores."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(data).encode(), {"content-type": "application/json", **more})


def media(data: bytes, kind: str, *, cut: int = 0) -> Reply:
    """A file."""
    return Reply(200, data, {"content-type": kind}, cut)


HTML = Reply(200, b"<html>the gateway is tired</html>", {"content-type": "text/html"})
DROPPED = Reply(drop=True)


class Peer:
    """Serves on a free loopback port. Replies are looked up by method and path, without the query; a list is used up in order."""

    def __init__(self) -> None:
        self.replies: dict[str, Answer | list[Answer]] = {}
        self.requests: list[Request] = []
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                peer.serve(self)

            do_POST = do_HEAD = do_GET  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Peer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def asked(self, line: str) -> list[Request]:
        """The requests with a method and path."""
        return [request for request in self.requests if f"{request.method} {request.path.split('?')[0]}" == line]

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """Answers one request."""
        length = int(handler.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        request = Request(handler.command, handler.path, headers, handler.rfile.read(length))
        self.requests.append(request)
        line = f"{request.method} {request.path.split('?')[0]}"
        answer = self.replies.get(line, ok({"message": f"nothing is at {line}"}, 404))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        reply = answer if isinstance(answer, Reply) else answer(request, len(self.asked(line)))
        handler.close_connection = True
        if reply.drop:
            return
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(reply.body)))
        handler.send_header("connection", "close")
        handler.end_headers()
        handler.wfile.write(reply.body[: len(reply.body) - reply.cut])


def tone(seconds: float = 0.3, rate: int = 16_000) -> bytes:
    """Samples of a hum, little-endian."""
    return array.array("h", [round(8000 * math.sin(at * 0.3)) for at in range(round(seconds * rate))]).tobytes()


def wav(seconds: float = 0.3, rate: int = 24_000) -> bytes:
    """A WAV file of a hum."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(tone(seconds, rate))
    return file.getvalue()


def connection(**fields: Any) -> str:
    """An Airflow connection as its environment variable holds it."""
    return json.dumps(fields)
