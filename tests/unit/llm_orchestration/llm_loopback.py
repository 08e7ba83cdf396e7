"""A loopback server that speaks the OpenAI API, Converse and STS, and every way of getting it wrong.

The model's name picks the way, or the method and path of the request.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, unquote

JSON = {"content-type": "application/json", "x-request-id": "req_42"}
AWS = {"content-type": "application/json", "x-amzn-requestid": "aws_42"}
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


def converse(*blocks: dict[str, Any], stop: Any = "end_turn", **top: Any) -> Reply:
    """An answer of Bedrock's Converse API; 600 of its 1,000 input tokens are new, 300 cached and 100 written."""
    content = list(blocks) or [{"text": GOOD}]
    usage = {"inputTokens": 600, "outputTokens": 200, "totalTokens": 1200}
    body = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop,
        "usage": {**usage, "cacheReadInputTokens": 300, "cacheWriteInputTokens": 100},
        "metrics": {"latencyMs": 1},
    }
    return Reply(headers=AWS, body=json.dumps({**body, **top}).encode())


def aws_failure(status: int, kind: str | None = None, message: str = "no", **headers: str) -> Reply:
    """An error in AWS's form; `kind` goes into the header, where AWS puts it."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    named = {} if kind is None else {"x-amzn-errortype": f"{kind}:http://internal.amazon.com/coral/"}
    return Reply(status, {**AWS, **named, **more}, json.dumps({"message": message}).encode())


def assumed_role(number: int, seconds: float = 3600) -> Reply:
    """STS's answer to AssumeRole."""
    until = datetime.fromtimestamp(time.time() + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = (
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><AssumedRoleUser>'
        "<AssumedRoleId>A:x</AssumedRoleId><Arn>arn:aws:sts::1:assumed-role/r/x</Arn></AssumedRoleUser><Credentials>"
        f"<AccessKeyId>ASIAROLE{number:04}EXAMPLE</AccessKeyId><SecretAccessKey>role-secret-{number}</SecretAccessKey>"
        f"<SessionToken>role-token-{number}</SessionToken><Expiration>{until}</Expiration></Credentials>"
        "</AssumeRoleResult><ResponseMetadata><RequestId>s</RequestId></ResponseMetadata></AssumeRoleResponse>"
    )
    return Reply(headers={"content-type": "text/xml"}, body=body.encode())


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
    method: str = "POST"
    raw: bytes = b""

    @property
    def model(self) -> str:
        """The model that was asked: named in the body, or in the path by Converse."""
        parts = self.path.split("?")[0].split("/")
        return unquote(parts[-2]) if parts[-1] == "converse" else str(self.body.get("model", ""))


class Server:
    """Serves on a free loopback port from a thread of its own.

    Replies are looked up by method and path (`GET /v1/responses/r1`), then by the request's model; a reply may be a
    function of the request's body and its number.
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
        return sum(request.model == model for request in self.requests)

    def asked(self, line: str) -> int:
        """Requests with a method and path."""
        return sum(f"{request.method} {request.path.split('?')[0]}" == line for request in self.requests)

    @property
    def root_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

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
        content = await reader.readexactly(int(headers.get("content-length", 0)))
        request = Request(path, headers, _body(headers, content), method, content)
        self.requests.append(request)
        return await self._send(writer, self._reply(request))

    def _reply(self, request: Request) -> Reply:
        line = f"{request.method} {request.path.split('?')[0]}"
        named = self.replies.get(line)
        reply = named or self.replies.get(request.model) or self._default(request)
        if isinstance(reply, Reply):
            return reply
        return reply(request.body, self.count(request.model) if named is None else self.asked(line))

    def _default(self, request: Request) -> Reply | Script:
        path = request.path.split("?")[0]
        if request.method != "POST":
            return self.models
        if path == "/":
            return lambda _, number: assumed_role(number)
        if path.endswith("/converse"):
            return converse()
        return chat() if path.endswith("/chat/completions") else responses()

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


AWS_KEY_ID = "AKIAEXAMPLE123456789"
AWS_SECRET = "aws-secret-0123456789"


def aws_connection(**more: Any) -> str:
    """An Airflow connection of type aws, as JSON; `more` goes into its extra, `login` and `password` stay outside."""
    fields = {name: more.pop(name) for name in ("login", "password") if name in more}
    extra = {"region_name": "eu-central-1", **more}
    return json.dumps({"conn_type": "aws", "login": AWS_KEY_ID, "password": AWS_SECRET, **fields, "extra": extra})


def _body(headers: dict[str, str], content: bytes) -> dict[str, Any]:
    kind = headers.get("content-type", "")
    if kind.startswith("application/json") and content:
        loaded: dict[str, Any] = json.loads(content)
        return loaded
    if kind.startswith("application/x-www-form-urlencoded"):
        return {name: values[0] for name, values in parse_qs(content.decode()).items()}
    return {}
