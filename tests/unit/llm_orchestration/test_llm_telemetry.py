"""Spans, numbers and log events of a call, over real sockets and with the OpenTelemetry SDK's own readers."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from llm_loopback import Server, chat, failure
from llm_observed import KEY, Numbers, Traces, at, converse, otel_numbers, question, statsd_lines
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode
from structlog.testing import capture_logs

from llm_orchestration import MemoryJournal, Price, telemetry
from llm_orchestration import errors as e
from llm_orchestration.engine import Conversation
from llm_orchestration.model import Answer, Usage
from llm_orchestration.providers import Call, Endpoint, OfflineProvider, OpenAICompatibleProvider, ScriptedProvider
from llm_orchestration.targets import Target
from llm_orchestration.traffic.contract import Ticket

PRICE = Price(Decimal(2), Decimal(8))
BUSY = failure(503, "overloaded_error", "server_error")
DEAR = ("gen_ai.client.token.usage", "airflow.llm.cost.micro_usd", "gen_ai.client.operation.duration")


@pytest.fixture
def traces(monkeypatch: pytest.MonkeyPatch) -> Traces:
    return Traces(monkeypatch)


@pytest.fixture
def numbers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Numbers]:
    with otel_numbers(monkeypatch) as found:
        yield found


def attributes(span: Any) -> dict[str, Any]:
    return dict(span.attributes)


# Spans


def test_a_call_is_one_client_span_in_the_words_of_the_conventions(
    traces: Traces, server: Server, person: dict[str, Any]
) -> None:
    """Who was asked for what, what came back, what it used and cost; and not one attribute more."""
    converse(at(server, "m1", price=PRICE), request=question(person, temperature=0.5, max_output_tokens=300))
    span = traces.only("chat m1")
    assert span.kind is SpanKind.CLIENT
    assert attributes(span) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai_compatible",
        "gen_ai.request.model": "m1",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 300,
        "gen_ai.output.type": "json",
        "gen_ai.response.model": "served-1",
        "gen_ai.response.id": "req_42",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 200,
        "gen_ai.usage.cache_read.input_tokens": 400,
        "gen_ai.usage.reasoning.output_tokens": 50,
        "server.address": "127.0.0.1",
        "server.port": server.port,
        "llm_orchestration.route": "pricing",
        "llm_orchestration.purpose": "ask_price",
        "llm_orchestration.connection": "llm_default",
        "llm_orchestration.attempts": 1,
        "llm_orchestration.cached": False,
        "llm_orchestration.waited": 0.0,
        "llm_orchestration.cost_usd": pytest.approx(0.0036),
    }
    assert span.status.status_code is StatusCode.UNSET
    assert span.events == ()


def test_several_requests_are_told_one_by_one(traces: Traces, server: Server) -> None:
    """After a failover the call's span is the answering model's, and each request is a child that lies within it."""
    server.replies["m1"] = BUSY
    converse(at(server, "m1", "first"), at(server, "m2", "second"))
    call, (failed, answered) = traces.only("chat m2"), traces.named("llm.request")
    assert attributes(call)["llm_orchestration.attempts"] == 2
    assert attributes(call)["llm_orchestration.connection"] == "second"
    assert {span.parent.span_id for span in (failed, answered) if span.parent} == {call.context.span_id}
    assert attributes(failed)["error.type"] == "OverloadedError"
    assert attributes(failed)["http.response.status_code"] == 503
    assert failed.status.status_code is StatusCode.ERROR
    assert attributes(answered)["llm_orchestration.connection"] == "second"
    assert "error.type" not in attributes(answered)
    assert call.start_time <= failed.start_time <= failed.end_time <= answered.end_time <= call.end_time
    assert not [name for span in (failed, answered) for name in attributes(span) if "usage" in name]


def test_a_question_back_shows_as_a_second_request(traces: Traces, server: Server, person: dict[str, Any]) -> None:
    """Both answers were paid for, so the call's span has the tokens of both."""
    server.replies["m1"] = lambda body, number: chat('{"name":"Ann"}' if number == 1 else '{"name":"Ann","age":3}')
    converse(at(server, "m1"), request=question(person))
    assert len(traces.named("llm.request")) == 2
    assert attributes(traces.only("chat m1"))["gen_ai.usage.input_tokens"] == 2000


def test_a_failed_call_names_its_error_and_quotes_nobody(traces: Traces, server: Server) -> None:
    """The class is enough to group by; a message may quote the provider, so it is not recorded."""
    server.replies["m1"] = failure(401, "invalid_api_key", message="your words")
    with pytest.raises(e.AuthenticationError):
        converse(at(server, "m1"))
    span = traces.only("chat m1")
    assert attributes(span)["error.type"] == span.status.description == "AuthenticationError"
    assert attributes(span)["http.response.status_code"] == 401
    assert span.status.status_code is StatusCode.ERROR
    assert span.events == ()


def test_the_error_that_stands_for_a_call_names_the_model_that_made_it(traces: Traces, server: Server) -> None:
    """The first target's outage decides what Airflow does, so the span is about the first target."""
    server.replies["m1"], server.replies["m2"] = BUSY, failure(402)
    with pytest.raises(e.OverloadedError):
        converse(at(server, "m1", "first"), at(server, "m2", "second"))
    assert attributes(traces.only("chat m1"))["llm_orchestration.connection"] == "first"


def test_an_answer_from_the_journal_is_a_span_without_requests(traces: Traces, server: Server) -> None:
    """The second call asked nobody and says so."""
    journal = MemoryJournal()
    converse(at(server, "m1"), store=journal)
    converse(at(server, "m1"), store=journal)
    asked, cached = (attributes(span) for span in traces.named("chat m1"))
    assert (asked["llm_orchestration.cached"], asked["llm_orchestration.attempts"]) == (False, 1)
    assert (cached["llm_orchestration.cached"], cached["llm_orchestration.attempts"]) == (True, 0)


def test_a_step_without_a_model_is_no_model_call(traces: Traces) -> None:
    """Offline work would show in every dashboard as a model named none."""
    request = question(offline=lambda: "by hand")
    converse(Target(None, OfflineProvider(), "none"), request=request)
    assert traces.spans == ()


class Witness:
    """A model inside the test: answers when it is let go, and remembers which span was current when it was asked."""

    def __init__(
        self,
        wait: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0),
        *,
        name: str = "witness",
        address: str = "",
    ) -> None:
        self.name = name
        self.identity = {"provider": name, "base_url": address}
        self._wait = wait
        self.current: list[int] = []

    async def ask(self, call: Call) -> Answer:
        self.current.append(trace.get_current_span().get_span_context().span_id)
        await self._wait()
        return Answer(call.messages[-1].content, Usage(1, 1, 0, 0), call.model, finish_reason="stop")


def test_the_span_follows_a_call_to_the_background_loop(traces: Traces) -> None:
    """A task's span is the parent, and the request on the other thread sees the call's span as its own."""
    witness = Witness()
    with traces.tracer.start_as_current_span("worker.step") as task:
        converse(Target("c", witness, "m"))
        assert trace.get_current_span() is task
    call = traces.only("chat m")
    assert call.parent is not None
    assert call.parent.span_id == task.get_span_context().span_id
    assert witness.current == [call.context.span_id]


def test_a_thousand_calls_on_one_loop_keep_their_parents(traces: Traces) -> None:
    """As in the triggerer: all in flight together, each span under its own trigger's."""
    many = 1000

    async def everything() -> list[tuple[int, str]]:
        arrived, go = asyncio.Semaphore(0), asyncio.Event()

        async def wait() -> None:
            arrived.release()
            await go.wait()

        async def trigger(number: int) -> tuple[int, str]:
            with traces.tracer.start_as_current_span(f"trigger.{number}") as span:
                target = Target("c", Witness(wait), f"m{number}")
                await Conversation(question(), (target,), "r", timedelta(seconds=60)).arun()
                return span.get_span_context().span_id, f"chat m{number}"

        tasks = [asyncio.create_task(trigger(number)) for number in range(many)]
        for _ in range(many):
            await arrived.acquire()
        go.set()
        return await asyncio.gather(*tasks)

    expected = asyncio.run(everything())
    found = {span.name: span.parent.span_id for span in traces.spans if span.parent is not None}
    assert found == {name: parent for parent, name in expected}
    assert len(found) == many


def test_an_interrupted_call_ends_its_span(traces: Traces) -> None:
    """A kill or a timeout from outside leaves a span that says so, and nothing current."""

    async def interrupted() -> None:
        asked = asyncio.Event()

        async def wait() -> None:
            asked.set()
            await asyncio.Event().wait()

        target = Target("c", Witness(wait), "m")
        task = asyncio.create_task(Conversation(question(), (target,), "r", timedelta(seconds=60)).arun())
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with capture_logs() as logs:
        asyncio.run(interrupted())
    assert attributes(traces.only("chat m"))["error.type"] == "CancelledError"
    assert [log["error"] for log in logs if log["event"] == "llm.call.aborted"] == ["CancelledError"]
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_a_sampler_may_leave_a_call_out(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    """The answer is the same; nothing is exported."""
    traces = Traces(monkeypatch, ALWAYS_OFF)
    assert converse(at(server, "m1")).model == "served-1"
    assert traces.spans == ()


class Broken(SpanProcessor):
    """An exporter with a defect."""

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        raise RuntimeError("collector library is broken")


def test_broken_telemetry_costs_no_answer(traces: Traces, server: Server) -> None:
    """The answer was paid for; the trouble is logged once by its class."""
    traces.provider.add_span_processor(Broken())
    telemetry._note_trouble.cache_clear()
    with capture_logs() as logs:
        assert converse(at(server, "m1")).model == "served-1"
        assert converse(at(server, "m1")).model == "served-1"
    assert [log["error"] for log in logs if log["event"] == "llm.telemetry.failed"] == ["RuntimeError"]


def test_a_call_outside_airflow_loads_neither_airflow_nor_opentelemetry(tmp_path: Path, root: Path) -> None:
    """Who does not trace pays no import."""
    code = (
        "import sys\n"
        "from datetime import timedelta\n"
        "from llm_orchestration import LLMRequest, Message\n"
        "from llm_orchestration.engine import Conversation\n"
        "from llm_orchestration.providers import ScriptedProvider\n"
        "from llm_orchestration.targets import Target\n"
        "target = Target('c', ScriptedProvider({'*': [{'text': 'yes'}]}), 'm')\n"
        "request = LLMRequest((Message('user', 'x'),))\n"
        "print(Conversation(request, (target,), 'r', timedelta(seconds=5)).run().text)\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('airflow', 'opentelemetry')])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(root / "plugins")},
        check=True,
    )
    assert ran.stdout.splitlines()[-2:] == ["yes", "[]"]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://house.openai.azure.com/openai/v1", "azure.ai.openai"),
        ("https://notopenai.com/v1", "openai_compatible"),
        ("http://127.0.0.1:8080/v1", "openai_compatible"),
    ],
)
def test_the_vendor_is_who_runs_the_model(url: str, name: str) -> None:
    """One client speaks to many; the conventions name the vendor and not the wire format."""
    from llm_orchestration._telemetry_spans import model_attributes

    told = model_attributes(Target("c", OpenAICompatibleProvider(Endpoint(url, KEY)), "m"))
    assert told["gen_ai.provider.name"] == name
    assert told["server.port"] == (8080 if ":8080" in url else 443)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("bedrock_converse", "aws.bedrock"), ("bedrock_openai", "aws.bedrock"), ("azure_openai", "azure.ai.openai")],
)
def test_a_private_address_does_not_hide_the_vendor(kind: str, name: str) -> None:
    """Behind a VPC endpoint or a gateway the kind of provider still says whose models answer."""
    from llm_orchestration._telemetry_spans import model_attributes

    told = model_attributes(Target("c", Witness(name=kind, address="https://models.internal:8443/v1"), "m"))
    assert (told["gen_ai.provider.name"], told["server.address"], told["server.port"]) == (
        name,
        "models.internal",
        8443,
    )


# Numbers


def test_tokens_and_time_are_the_conventions_histograms(numbers: Numbers, server: Server) -> None:
    """Names, units, bucket boundaries and a short list of attributes, as the conventions have them."""
    converse(at(server, "m1", price=PRICE))
    usage, duration = numbers.all()["gen_ai.client.token.usage"], numbers.all()["gen_ai.client.operation.duration"]
    assert (usage.unit, duration.unit) == ("{token}", "s")
    assert list(usage.data.data_points[0].explicit_bounds)[:4] == [1, 4, 16, 64]
    assert list(usage.data.data_points[0].explicit_bounds)[-1] == 67108864
    assert list(duration.data.data_points[0].explicit_bounds) == [
        0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
    ]  # fmt: skip
    shared = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai_compatible",
        "gen_ai.request.model": "m1",
        "server.address": "127.0.0.1",
        "server.port": server.port,
    }
    assert numbers.points("gen_ai.client.token.usage") == [
        ({**shared, "gen_ai.token.type": "input"}, (1, 1000)),
        ({**shared, "gen_ai.token.type": "output"}, (1, 200)),
    ]
    ((told, (count, seconds)),) = numbers.points("gen_ai.client.operation.duration")
    assert (told, count) == (shared, 1)
    assert 0 < seconds < 5


def test_calls_are_counted_by_how_they_ended(numbers: Numbers, server: Server) -> None:
    """An answer, a failure of each class, and money in millionths of a dollar, per route and target."""
    server.replies["m2"] = failure(429)
    converse(at(server, "m1", price=PRICE))
    with pytest.raises(e.RateLimitError):
        converse(at(server, "m2"))
    tags = {"route": "pricing", "provider": "openai_compatible", "connection": "llm_default"}
    assert sorted(numbers.points("airflow.llm.calls"), key=str) == sorted(
        [
            ({**tags, "model": "m1", "outcome": "answered"}, 1),
            ({**tags, "model": "m2", "outcome": "RateLimitError"}, 1),
        ],
        key=str,
    )
    assert numbers.points("airflow.llm.cost.micro_usd") == [({**tags, "model": "m1"}, 3600)]
    failed = [told for told, _ in numbers.points("gen_ai.client.operation.duration") if "error.type" in told]
    assert [told["error.type"] for told in failed] == ["RateLimitError"]


def test_what_the_journal_gives_is_not_counted_twice(numbers: Numbers, server: Server) -> None:
    """Tokens, money and time belong to the call that paid; the second one counts as a hit."""
    journal = MemoryJournal()
    converse(at(server, "m1", price=PRICE), store=journal)
    before = {name: numbers.points(name) for name in DEAR}
    converse(at(server, "m1", price=PRICE), store=journal)
    assert all(before.values())
    assert {name: numbers.points(name) for name in DEAR} == before
    assert numbers.total("airflow.llm.journal.hits", connection="llm_default") == 1
    assert numbers.total("airflow.llm.calls", outcome="journal") == 1


def test_a_paid_failure_is_counted_with_its_tokens(numbers: Numbers, server: Server) -> None:
    """A cut answer is useless and billed all the same."""
    server.replies["m1"] = chat("{", finish="length")
    with pytest.raises(e.TruncatedError):
        converse(at(server, "m1", price=PRICE))
    assert numbers.total("airflow.llm.cost.micro_usd") == 3600


def test_failovers_and_refused_budgets_are_counted(numbers: Numbers, server: Server) -> None:
    """Each by the target it happened at; a refused call took no provider's time."""
    server.replies["m1"] = BUSY
    converse(at(server, "m1", "first"), at(server, "m2", "second"))
    with pytest.raises(e.BudgetExceededError):
        converse(at(server, "m3", price=PRICE, max_output_tokens=1000), budget_usd=Decimal("0.0001"))
    assert numbers.total("airflow.llm.failovers", connection="first", outcome="OverloadedError") == 1
    assert numbers.total("airflow.llm.budget.refusals", model="m3") == 1
    assert numbers.total("airflow.llm.calls", outcome="BudgetExceededError") == 1
    assert {told["gen_ai.request.model"] for told, _ in numbers.points("gen_ai.client.operation.duration")} == {"m2"}


class Queue:
    """A gate that has let the request wait."""

    def __init__(self, waited: timedelta, refuse: e.LLMError | None = None) -> None:
        self._waited, self._refuse = waited, refuse

    async def ask(self, ticket: Ticket, send: Callable[[], Awaitable[Answer]]) -> Answer:
        ticket.waited = self._waited
        if self._refuse is not None:
            raise self._refuse
        ticket.sent = True
        return await send()

    async def settle(self, *_: Any) -> None:
        raise AssertionError("no budget, nothing to settle")


def test_waiting_for_a_turn_is_counted_and_is_not_the_providers_time(
    numbers: Numbers, traces: Traces, server: Server
) -> None:
    """The wait has its own numbers; the operation's time begins when the request leaves."""
    with capture_logs() as logs:
        converse(at(server, "m1"), gate=Queue(timedelta(seconds=1.5)))
        converse(at(server, "m1"), gate=Queue(timedelta(seconds=0.05)))
    assert numbers.total("airflow.llm.gate.waits", route="pricing") == 1
    assert numbers.points("airflow.llm.gate.waited")[0][1] == (1, 1500.0)
    assert attributes(traces.named("chat m1")[0])["llm_orchestration.waited"] == 1.5
    assert [log["seconds"] for log in logs if log["event"] == "llm.gate.waited"] == [1.5]
    ((_, (count, seconds)),) = numbers.points("gen_ai.client.operation.duration")
    assert count == 2
    assert 0 <= seconds < 1.5


def test_a_request_that_never_left_is_no_request(numbers: Numbers, traces: Traces, server: Server) -> None:
    """A refusal of the gate is an outcome of the call and nothing of the provider's."""
    with pytest.raises(e.ThrottledError):
        converse(at(server, "m1"), gate=Queue(timedelta(0), e.ThrottledError("no turn in time")))
    assert server.requests == []
    assert attributes(traces.only("chat m1"))["llm_orchestration.attempts"] == 0
    assert numbers.total("airflow.llm.calls", outcome="ThrottledError") == 1
    assert numbers.points("gen_ai.client.operation.duration") == []


def test_an_opened_circuit_is_counted(numbers: Numbers) -> None:
    """By provider and model only: all routes and connections that lead there share it."""
    telemetry.circuit_opened(provider="openai_compatible", model="m1")
    telemetry.circuit_opened(provider="openai_compatible", model="m1")
    assert numbers.points("airflow.llm.circuit.opened") == [({"provider": "openai_compatible", "model": "m1"}, 2)]


def test_statsd_with_tags_loses_no_model_id(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    """A colon ends a StatsD name and Airflow refuses the line; it becomes an underscore."""
    with statsd_lines(monkeypatch, tags=True) as lines:
        converse(at(server, "vendor.model-v1:0", price=PRICE))
    tags = "route=pricing,provider=openai_compatible,model=vendor.model-v1_0,connection=llm_default"
    assert lines.starting("llm.calls") == [f"llm.calls,{tags},outcome=answered:1|c"]
    assert lines.starting("llm.cost") == [f"llm.cost.micro_usd,{tags}:3600|c"]
    assert [line.rsplit(",", 1)[1] for line in lines.starting("gen_ai.client.token.usage")] == [
        "gen_ai.token.type=input:1000|c",
        "gen_ai.token.type=output:200|c",
    ]
    assert lines.starting("gen_ai.client.operation.duration")[0].endswith("|ms")


def test_plain_statsd_keeps_apart_what_must_not_be_added_up(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    """Without tags the outcome and the kind of token are part of the name."""
    server.replies["m2"] = failure(500)
    with statsd_lines(monkeypatch, tags=False) as lines:
        converse(at(server, "m1"))
        with pytest.raises(e.ServerError):
            converse(at(server, "m2"))
    assert lines.starting("llm.calls") == ["llm.calls.answered:1|c", "llm.calls.ServerError:1|c"]
    assert lines.starting("gen_ai.client.token.usage") == [
        "gen_ai.client.token.usage.input:1000|c",
        "gen_ai.client.token.usage.output:200|c",
    ]


# Log events


def test_each_call_ends_in_one_event_with_the_facts_an_operator_asks_for(server: Server) -> None:
    """Found, failed over, failed: one event each, as names and fields."""
    server.replies["m1"] = BUSY
    server.replies["m3"] = failure(429, retry_after="7")
    journal = MemoryJournal()
    with capture_logs() as logs:
        converse(at(server, "m1", "first"), at(server, "m2", "second", price=PRICE), store=journal)
        converse(at(server, "m2", "second"), store=journal)
        with pytest.raises(e.RateLimitError):
            converse(at(server, "m3"))
    failover, first, hit, second, failed = logs
    shared = {"purpose": "ask_price", "route": "pricing", "provider": "openai_compatible"}
    told = {"connection": "first", "to": "second", "error": "OverloadedError", "status": 503}
    assert failover == {"event": "llm.failover", "log_level": "warning", **shared, **told}
    assert (first["event"], first["requests"], first["cached"]) == ("llm.call.finished", 2, False)
    assert (first["input_tokens"], first["cost_usd"], first["request_id"]) == (1000, "0.0036", "req_42")
    assert (hit["event"], hit["connection"], hit["request_id"]) == ("llm.journal.hit", "second", "req_42")
    assert (second["event"], second["requests"], second["cached"]) == ("llm.call.finished", 0, True)
    assert (failed["event"], failed["error"], failed["retryable"]) == ("llm.call.failed", "RateLimitError", True)
    assert (failed["retry_after"], failed["status"], failed["connection"]) == (7.0, 429, "llm_default")


def test_a_scripted_call_is_told_like_any_other(traces: Traces) -> None:
    """Its span is internal, because the model runs in this process."""
    converse(Target("c", ScriptedProvider({"*": [{"text": "yes"}]}), "script"))
    span = traces.only("chat script")
    assert (span.kind, attributes(span)["gen_ai.provider.name"]) == (SpanKind.INTERNAL, "scripted")
    assert "server.address" not in attributes(span)


@pytest.fixture
def client_logs() -> Iterator[list[str]]:
    """Every line of the HTTP client's logs that gets through, with the levels put back afterwards."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    handler, names = Keep(), ("", "openai", "httpx2", "httpcore2")
    before = {name: (logging.getLogger(name).level, list(logging.getLogger(name).filters)) for name in names}
    logging.getLogger().addHandler(handler)
    telemetry.quiet_http_logs.cache_clear()
    yield lines
    logging.getLogger().removeHandler(handler)
    for name, (level, filters) in before.items():
        logging.getLogger(name).setLevel(level)
        logging.getLogger(name).filters[:] = filters
    telemetry.quiet_http_logs.cache_clear()


def test_the_http_client_writes_no_line_per_request(client_logs: list[str], server: Server) -> None:
    """This layer's own event says more; the client's line has the whole address, and its debug lines all headers."""
    logging.getLogger().setLevel(logging.DEBUG)
    for name in ("openai", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    converse(at(server, "m1"))
    assert [line for line in client_logs if "HTTP" in line or "request" in line] == []


def test_a_key_in_a_query_never_reaches_the_clients_log(client_logs: list[str], server: Server) -> None:
    """Also where somebody turned the client's log on, on purpose."""
    import httpx2

    logging.getLogger("httpx2").setLevel(logging.INFO)
    converse(at(server, "m1"))
    httpx2.get(f"{server.base_url}/models?key={KEY}")
    assert [line.split(" ")[:4] for line in client_logs if line.startswith("HTTP Request")] == [
        ["HTTP", "Request:", "POST", f"{server.base_url}/chat/completions"],
        ["HTTP", "Request:", "GET", f"{server.base_url}/models"],
    ]
