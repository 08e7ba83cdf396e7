"""A loopback server that speaks the OpenAI API and every way of getting it wrong; the model's name picks the way."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

JSON = {"content-type": "application/json", "x-request-id": "req_42"}
GOOD = '{"name":"Ann","age":3}'
CHAT_USAGE = {
    "prompt_tokens": 1000,
    "completion_tokens": 200,
    "total_tokens": 1200,
    "prompt_tokens_details": {"cached_tokens": 400},
    "completion_tokens_details": {"reasoning_tokens": 50},
}
RESPONSES_USAGE = {
    "input_tokens": 1000,
    "output_tokens": 200,
    "input_tokens_details": {"cached_tokens": 400},
    "output_tokens_details": {"reasoning_tokens": 50},
}


@dataclass(frozen=True)
class Reply:
    """What goes over the wire. `raw` is written as it is and the connection closed after `drip` pauses."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))
    body: bytes = b""
    raw: tuple[bytes, ...] | None = None
    pause: float = 0.0
    hang: bool = False


def chat(content: Any = GOOD, finish: str | None = "stop", **message: Any) -> Reply:
    """A chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return ok({"id": "c1", "object": "chat.completion", "model": "served-1", "choices": [choice], "usage": CHAT_USAGE})


def responses(text: str = GOOD, *, part: str = "output_text", output_tokens: int = 200, **top: Any) -> Reply:
    """A response object."""
    content = [{"type": part, "text": text} if part == "output_text" else {"type": part, "refusal": text}]
    body = {
        "id": "r1",
        "object": "response",
        "model": "served-1",
        "status": "completed",
        "output": [{"type": "reasoning", "summary": []}, {"type": "message", "content": content}],
        "usage": {**RESPONSES_USAGE, "output_tokens": output_tokens},
    }
    return ok({**body, **top})


def ok(body: Any) -> Reply:
    return Reply(body=json.dumps(body).encode())


def failure(status: int, code: Any = None, kind: str | None = None, message: str = "no", **headers: str) -> Reply:
    """An error in OpenAI's form; header names are written with underscores."""
    body = {"error": {"message": message, "type": kind, "code": code, "param": None}}
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {**JSON, **more}, json.dumps(body).encode())


def html(status: int) -> Reply:
    return Reply(status, {"content-type": "text/html"}, b"<html>gateway</html>")


def raw(*pieces: bytes, pause: float = 0.0) -> Reply:
    return Reply(raw=pieces, pause=pause)


def http_date(seconds: float) -> str:
    return formatdate(time.time() + seconds, usegmt=True)


Script = Callable[[dict[str, Any], int], Reply]


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Server:
    """Serves on a free loopback port from a thread of its own.

    Replies are looked up by the request's model; a reply may be a function of the request and its number.
    """

    def __init__(self) -> None:
        self.replies: dict[str, Reply | Script] = {}
        self.requests: list[Request] = []
        self.models: Reply = ok({"data": [{"id": "m1"}, {"id": "m2"}]})
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def count(self, model: str) -> int:
        """Requests that asked for a model."""
        return sum(request.body.get("model") == model for request in self.requests)

    def last(self) -> Request:
        return self.requests[-1]

    def __enter__(self) -> Server:
        self._thread.start()
        if not self._ready.wait(5):
            raise RuntimeError("the loopback server did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._client, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        request = Request(path, headers, json.loads(body) if body else {})
        self.requests.append(request)
        if method == "GET":
            return await self._send(writer, self.models)
        model = request.body["model"]
        reply = self.replies.get(model, chat() if path.endswith("/chat/completions") else responses())
        return await self._send(writer, reply if isinstance(reply, Reply) else reply(request.body, self.count(model)))

    async def _send(self, writer: asyncio.StreamWriter, reply: Reply) -> bool:
        if reply.hang:
            await asyncio.sleep(60)
        if reply.raw is not None:
            for piece in reply.raw:
                writer.write(piece)
                await writer.drain()
                if reply.pause:
                    await asyncio.sleep(reply.pause)
            return False
        lines = [f"HTTP/1.1 {reply.status} X", *(f"{name}: {value}" for name, value in reply.headers.items())]
        writer.write("\r\n".join([*lines, f"content-length: {len(reply.body)}", "", ""]).encode() + reply.body)
        await writer.drain()
        return True
