"""How a model is held to a schema where the endpoint cannot do it best: JSON mode, a forced function, words alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from llm_loopback import GOOD, Reply, Server, chat, ok, responses

from llm_orchestration import LLMHook, LLMRequest, Message, _bridge
from llm_orchestration import errors as e
from llm_orchestration.model import Answer
from llm_orchestration.providers import Call, Endpoint, OpenAICompatibleProvider
from llm_orchestration.structured import compile_schema

QUESTION = "Who is it?"


def ask(server: Server, person: dict[str, Any], mode: str, api: str) -> Answer:
    provider = OpenAICompatibleProvider(Endpoint(server.base_url, "", api))
    call = Call(
        (Message("system", "Read."), Message("user", QUESTION)),
        "m",
        timedelta(seconds=5),
        contract=compile_schema(person),
        schema_name="person",
        structured_output=mode,
    )
    return _bridge.run(provider.ask(call))


def function_call(arguments: Any, *, api: str, times: int = 1, reason: str = "stop") -> Reply:
    """An answer that calls a function."""
    if api == "chat":
        call = {"id": "t1", "type": "function", "function": {"name": "person", "arguments": arguments}}
        return chat(None, reason, tool_calls=[call] * times)
    item = {"type": "function_call", "name": "person", "arguments": arguments, "call_id": "t1"}
    return ok({"status": "completed", "output": [{"type": "reasoning"}, *[item] * times], "usage": {}})


def last_message(body: dict[str, Any]) -> str:
    return str((body.get("messages") or body["input"])[-1]["content"])


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_json_mode_sends_the_schema_as_text(server: Server, person: dict[str, Any], api: str) -> None:
    """JSON mode knows no schema, so the question ends with it; system message and question stay."""
    assert ask(server, person, "json_object", api).text == GOOD
    body = server.last().body
    assert (body.get("response_format") or body["text"]["format"]) == {"type": "json_object"}
    head, _, schema = last_message(body).partition("Schema:\n")
    assert head.startswith(QUESTION)
    assert json.loads(schema) == person


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_prompt_says_the_schema_and_nothing_else_is_sent(server: Server, person: dict[str, Any], api: str) -> None:
    """An endpoint that knows no constraint gets words only."""
    ask(server, person, "prompt", api)
    body = server.last().body
    assert not body.keys() & {"response_format", "text", "tools", "tool_choice"}
    assert json.loads(last_message(body).partition("Schema:\n")[2]) == person


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize(
    ("written", "read"),
    [
        (f"```json\n{GOOD}\n```", GOOD),
        (f"Here it is:\n\n```json\n{GOOD}\n```\nAnything else?", GOOD),
        (f"```\n{GOOD}\n```", GOOD),
        (GOOD, GOOD),
        ('{"name":"```json\\nx\\n```","age":1}', '{"name":"```json\\nx\\n```","age":1}'),
        ("No block at all", "No block at all"),
        ("```json\n{}\n```\nor\n```json\n[]\n```", "```json\n{}\n```\nor\n```json\n[]\n```"),
    ],
)
def test_words_around_one_fenced_block_are_taken_off(
    server: Server, person: dict[str, Any], api: str, written: str, read: str
) -> None:
    """Exactly one block is the answer; none or two are left for the schema to refuse."""
    server.replies["m"] = chat(written) if api == "chat" else responses(written)
    assert ask(server, person, "prompt", api).text.strip() == read


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_forced_function_brings_its_arguments(server: Server, person: dict[str, Any], api: str) -> None:
    """The one function must be called, with the strict schema; its arguments are the answer as written."""
    written = '{"name": "Ann",\n "age": 3}'
    server.replies["m"] = function_call(written, api=api)
    assert ask(server, person, "tool", api).text == written
    body = server.last().body
    (tool,) = body["tools"]
    function = tool["function"] if api == "chat" else tool
    choice = body["tool_choice"]
    assert (choice["function"] if api == "chat" else choice)["name"] == function["name"] == "person"
    assert function["strict"] is True
    assert function["parameters"]["required"] == ["name", "age", "note"]
    assert not body.keys() & {"response_format", "text"}
    assert last_message(body) == QUESTION


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_servers_differ_in_how_they_call_a_function(server: Server, person: dict[str, Any], api: str) -> None:
    """Arguments as an object, another finish reason, and an answer in plain text are understood."""
    server.replies["m"] = function_call({"name": "Ann", "age": 3}, api=api, reason="tool_calls")
    assert json.loads(ask(server, person, "tool", api).text) == {"name": "Ann", "age": 3}
    server.replies["m"] = chat(GOOD) if api == "chat" else responses(GOOD)
    assert ask(server, person, "tool", api).text == GOOD


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("written", ["", None, {}])
def test_a_function_without_arguments_is_no_answer(
    server: Server, person: dict[str, Any], api: str, written: Any
) -> None:
    """Nothing to read is a named error; an empty object is left for the schema to refuse."""
    server.replies["m"] = function_call(written, api=api)
    if written == {}:
        assert ask(server, person, "tool", api).text == "{}"
        return
    with pytest.raises(e.ProtocolError, match="no text"):
        ask(server, person, "tool", api)


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_two_function_calls_are_no_answer(server: Server, person: dict[str, Any], api: str) -> None:
    """Which of the two was meant is nobody's to guess."""
    server.replies["m"] = function_call(GOOD, api=api, times=2)
    with pytest.raises(e.ProtocolError, match="2 functions"):
        ask(server, person, "tool", api)


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_function_that_was_not_offered_is_no_answer(server: Server, person: dict[str, Any], api: str) -> None:
    """A server that calls functions on its own is not taken for one that answers."""
    server.replies["m"] = function_call(GOOD, api=api, reason="tool_calls")
    with pytest.raises(e.ProtocolError, match="although none was offered"):
        ask(server, person, "json_schema", api)


def test_a_cut_function_call_is_cut(server: Server, person: dict[str, Any]) -> None:
    """Half of the arguments are not data."""
    server.replies["m"] = function_call('{"name":"An', api="chat", reason="length")
    with pytest.raises(e.TruncatedError):
        ask(server, person, "tool", "chat")


@pytest.mark.parametrize("mode", ["json_schema", "json_object", "tool", "prompt"])
def test_every_mode_gives_checked_data_through_the_hook(
    server: Server,
    connect: Callable[..., str],
    routes_file: Callable[..., str],
    person: dict[str, Any],
    mode: str,
) -> None:
    """What the route states reaches the wire, and the same data comes back."""
    connect()
    if mode == "tool":
        server.replies["m1"] = function_call(GOOD, api="chat")
    path = routes_file({"connection": "llm_default", "structured_output": mode})
    request = LLMRequest((Message("user", QUESTION),), schema=person, schema_name="person")
    result = LLMHook(routes_path=path).structured(request)
    assert result.data == {"name": "Ann", "age": 3}
    sent = server.last().body
    assert {
        "json_schema": sent.get("response_format", {}).get("type") == "json_schema",
        "json_object": sent.get("response_format", {}).get("type") == "json_object",
        "tool": "tools" in sent,
        "prompt": "response_format" not in sent and "tools" not in sent,
    }[mode]
