"""An OpenAI-compatible model that takes its time, counts what it is asked, and can fail on request.

    python benchmarks/slow_model.py --port 0 --latency 20

Prints its address when it serves. `POST /v1/chat/completions` answers after the latency, with a value for every required
key when a schema or a tool is asked for. The model id says what happens:

| model | answer |
|---|---|
| `refuse` | 401 at once: a wrong key |
| `reject` | 400 at once: a value that the API does not take |
| `quota` | 429 at once: the account has no money left |
| `busy` | the first request of a prompt: 429 with `Retry-After: 5`; later ones: answered |
| any other | answered |

`GET /report` gives the counts, `POST /reset` sets them to zero and may set another `latency`.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import hashlib
import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

RETRY_AFTER = 5
REFUSALS = {
    "refuse": (401, "Incorrect API key provided", "invalid_api_key"),
    "reject": (400, "Invalid value", "invalid_value"),
    "quota": (429, "You exceeded your current quota", "insufficient_quota"),
}


@dataclass
class Record:
    """What was asked since the last reset. Times are seconds since the epoch; prompts are known by their hash."""

    latency: float
    received: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    prompts: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    abandoned: int = 0
    in_flight: int = 0
    peak: int = 0

    def to_json(self) -> dict[str, Any]:
        """The counts, for people and programs."""
        return {
            "latency": self.latency,
            "requests": len(self.received),
            "answered": len(self.answered),
            "abandoned": self.abandoned,
            "in_flight": self.in_flight,
            "peak": self.peak,
            "prompts": len(self.prompts),
            "asked_again": sum(count - 1 for count in self.prompts.values()),
            "asked_after_answer": sum(max(0, count - 1) for count in self.answers.values()),
            "received": self.received,
            "answered_at": self.answered,
            "requests_by_prompt": dict(self.prompts),
            "answers_by_prompt": dict(self.answers),
        }


class SlowModel:
    """The application, for any ASGI server."""

    def __init__(self, latency: float) -> None:
        self.record = Record(latency)

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            return
        body = await _body(receive)
        route = (scope["method"], scope["path"])
        if route == ("POST", "/v1/chat/completions"):
            status, headers, answer = await self._complete(json.loads(body), receive)
        elif route == ("GET", "/report"):
            status, headers, answer = 200, {}, self.record.to_json()
        elif route == ("POST", "/reset"):
            latency = json.loads(body or b"{}").get("latency", self.record.latency)
            self.record = Record(float(latency))
            status, headers, answer = 200, {}, {}
        elif route == ("GET", "/v1/models"):
            status, headers, answer = 200, {}, {"object": "list", "data": [{"id": "slow", "object": "model"}]}
        else:
            status, headers, answer = 404, {}, {"error": {"message": "no such path"}}
        await _send(send, status, headers, answer)

    async def _complete(self, request: dict[str, Any], receive: Any) -> tuple[int, dict[str, str], dict[str, Any]]:
        # A reset while requests wait must not count their ends into the new record.
        record = self.record
        prompt = hashlib.sha256(json.dumps(request["messages"]).encode()).hexdigest()
        record.received.append(time.time())
        record.prompts[prompt] += 1
        if request["model"] in REFUSALS:
            status, message, code = REFUSALS[request["model"]]
            return status, {}, _error(message, code)
        if request["model"] == "busy" and record.prompts[prompt] == 1:
            return 429, {"retry-after": str(RETRY_AFTER)}, _error("Rate limit reached", "rate_limit_exceeded")
        record.in_flight += 1
        record.peak = max(record.peak, record.in_flight)
        try:
            # The next event of a request whose body is read is that its caller has gone.
            await asyncio.wait_for(receive(), record.latency)
        except TimeoutError:
            pass
        else:
            record.abandoned += 1
            return 499, {}, _error("the caller has gone", "gone")
        finally:
            record.in_flight -= 1
        record.answered.append(time.time())
        record.answers[prompt] += 1
        number = len(record.answered)
        return 200, {"x-request-id": f"req-{number}"}, _completion(request, number)


def _completion(request: Mapping[str, Any], number: int) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "The fund returned what the sheet says.",
        "refusal": None,
    }
    finish = "stop"
    if tools := request.get("tools"):
        function = tools[0]["function"]
        arguments = json.dumps(_example(function["parameters"], function["parameters"]))
        call = {
            "id": f"call-{number}",
            "type": "function",
            "function": {"name": function["name"], "arguments": arguments},
        }
        message |= {"content": None, "tool_calls": [call]}
        finish = "tool_calls"
    elif schema := (request.get("response_format") or {}).get("json_schema"):
        message["content"] = json.dumps(_example(schema["schema"], schema["schema"]))
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": request["model"],
        "choices": [{"index": 0, "finish_reason": finish, "message": message}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200},
    }


_SIMPLE = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}


def _example(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """A value that fits a schema of objects, lists, references and simple types."""
    if reference := schema.get("$ref"):
        found = functools.reduce(lambda value, part: value[part], reference.removeprefix("#/").split("/"), root)
        return _example(found, root)
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], root)
    kind = schema.get("type", "string")
    kind = kind if isinstance(kind, str) else kind[0]
    if kind == "object":
        return {name: _example(value, root) for name, value in schema.get("properties", {}).items()}
    if kind == "array":
        return [_example(schema["items"], root)] * max(1, schema.get("minItems", 1))
    return _SIMPLE[kind]


def _error(message: str, code: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "code": code, "param": None}}


async def _body(receive: Any) -> bytes:
    parts = []
    while True:
        event = await receive()
        parts.append(event.get("body", b""))
        if not event.get("more_body"):
            return b"".join(parts)


async def _send(send: Any, status: int, headers: Mapping[str, str], answer: Any) -> None:
    data = json.dumps(answer).encode()
    lines = {"content-type": "application/json", "content-length": str(len(data)), **headers}
    encoded = [(name.encode(), value.encode()) for name, value in lines.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": data})


def main() -> None:
    """Serves until it is ended."""
    import socket

    import uvicorn

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0 takes any that is free")
    parser.add_argument("--latency", type=float, default=20, help="seconds until an answer")
    options = parser.parse_args()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", options.port))
        listener.listen(4096)
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        config = uvicorn.Config(
            SlowModel(options.latency), log_level="warning", access_log=False, lifespan="off", timeout_keep_alive=120
        )
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
