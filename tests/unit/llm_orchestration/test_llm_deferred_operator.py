"""The operator for any DAG: where it starts and ends, what Airflow stores and shows of it, what reaches the next task."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, Asset
from airflow.sdk.exceptions import TaskDeferred
from airflow.serialization.serialized_objects import DagSerialization
from airflow.triggers.base import TaskSuccessEvent, TriggerEvent
from llm_loopback import Server, chat, failure
from pydantic import BaseModel

from llm_orchestration import LLMRetryPolicy, triggers
from llm_orchestration import errors as e
from llm_orchestration.deferral import DEFAULT_TIMEOUT, answered, defer_call
from llm_orchestration.events import read_result
from llm_orchestration.exchange import DeferredCall, Exchange
from llm_orchestration.filling import filled_in
from llm_orchestration.model import LLMRequest, Message
from llm_orchestration.operators import LLMCallOperator
from llm_orchestration.questions import CallSpec, Question, schema_parts
from llm_orchestration.triggers import LLMPromptTrigger

Connect = Callable[..., str]
Routes = Callable[..., str]
SECRET = "The Secret Fund returned 7.31 percent"


class Person(BaseModel):
    """A model that lies in a module and can be imported."""

    name: str
    age: int


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The default store is a folder of the test; triggers come back at once."""
    monkeypatch.setattr(triggers, "TIME_AWAY", timedelta(0))
    address = str(tmp_path / "llm")
    monkeypatch.setenv("AIRFLOW__LLM_ORCHESTRATION__STORE", address)
    return address


@pytest.fixture
def dag() -> Iterator[DAG]:
    """A DAG that tasks of the test belong to."""
    with DAG("calls", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as made:
        yield made


class TaskInstance(SimpleNamespace):
    """The parts of a task instance that are read, with XComs."""

    def __init__(self, task: Any = None, **xcoms: Any) -> None:
        super().__init__(
            dag_id="calls", run_id="r1", task_id="ask", map_index=-1, try_number=1, task=task, xcoms=xcoms, pulls=[]
        )

    def xcom_pull(self, task_ids: Any, dag_id: str | None = None, key: str = "return_value", **more: Any) -> Any:
        self.pulls.append(more)
        return self.xcoms[task_ids]


def run(operator: LLMCallOperator, **values: Any) -> Any:
    """Renders and executes, as a worker does."""
    context: Any = {"ti": TaskInstance(operator), **values}
    operator.render_template_fields(context)
    return LLMCallOperator.execute.__wrapped__(operator, context)  # type: ignore[attr-defined]


def prompt_trigger(operator: LLMCallOperator) -> LLMPromptTrigger:
    """The trigger that the scheduler makes of the serialized task."""
    stored = json.loads(json.dumps(DagSerialization.to_dict(operator.dag)))
    task = DagSerialization.from_dict(stored).get_task(operator.task_id)
    arguments = task.start_trigger_args
    from airflow.models.trigger import Trigger
    from airflow.serialization.decoders import smart_decode_trigger_kwargs

    row = Trigger(classpath=arguments.trigger_cls, kwargs=arguments.trigger_kwargs)
    decoded = {name: smart_decode_trigger_kwargs(value) for name, value in row.kwargs.items()}
    assert row.classpath == "llm_orchestration.triggers.LLMPromptTrigger"
    trigger = LLMPromptTrigger(**decoded)
    trigger.task_instance = TaskInstance(task)
    return trigger


def fire(trigger: LLMPromptTrigger, **values: Any) -> TriggerEvent:
    """Runs the trigger as the triggerer does, with a context."""

    async def events() -> list[TriggerEvent]:
        trigger.render_template_fields({"ti": trigger.task_instance, **values})  # type: ignore[typeddict-unknown-key]
        return [event async for event in trigger.run()]

    (event,) = asyncio.run(events())
    return event


def value_of(event: TriggerEvent) -> Any:
    assert isinstance(event, TaskSuccessEvent)
    assert event.xcoms is not None
    return event.xcoms["return_value"]


def mapped_context(dag: DAG, index: int, **values: Any) -> Any:
    """What Airflow renders a mapped instance with."""
    ti = TaskInstance()
    ti.map_index = index
    return {"ti": ti, "dag": dag, "dag_run": SimpleNamespace(conf={}), "expanded_ti_count": None, **values}


def ask(**more: Any) -> LLMCallOperator:
    return LLMCallOperator(**{"task_id": "ask", "route": "extraction", "deferrable": True, "prompt": "Hello", **more})


def test_a_deferrable_task_starts_and_ends_without_a_worker(
    server: Server, connect: Connect, dag: DAG, person: dict[str, Any]
) -> None:
    """From the serialized DAG to the XCom: the trigger fills the prompt in, asks once and ends the task."""
    connect()
    operator = ask(prompt="Read {{ params.what }} of {{ run_id }}", system="Be {{ params.how }}", schema=person)
    assert operator.start_from_trigger
    event = fire(prompt_trigger(operator), params={"what": "this", "how": "brief"}, run_id="r1")
    assert [message["content"] for message in server.last().body["messages"]] == ["Be brief", "Read this of r1"]
    value = value_of(event)
    assert value["data"] == {"name": "Ann", "age": 3}
    assert read_result(json.dumps(value)).connection == "llm_default"


def test_both_shapes_and_no_deferral_hand_on_the_same(
    server: Server, connect: Connect, dag: DAG, person: dict[str, Any]
) -> None:
    """Only how the XCom is encoded differs, which `read_result` takes care of."""
    connect()
    values = []
    for number, more in enumerate(({}, {"shape": "worker"}, {"deferrable": False})):
        operator = ask(task_id=f"ask{number}", schema=person, journal="off", **more)
        if not number:
            values.append(value_of(fire(prompt_trigger(operator))))
        elif operator.deferrable:
            with pytest.raises(TaskDeferred) as left:
                run(operator)
            (event,) = asyncio.run(_events(left.value.trigger))
            values.append(operator.resume({}, event=event.payload))  # type: ignore[typeddict-item]
        else:
            values.append(run(operator))
    assert values[0].keys() == values[1].keys() == values[2].keys()
    assert [read_result(value).data for value in values] == [{"name": "Ann", "age": 3}] * 3
    assert not json.dumps(values).count("messages")
    assert server.count("m1") == 3


async def _events(trigger: Any) -> list[TriggerEvent]:
    return [event async for event in trigger.run()]


def test_what_airflow_stores_of_a_deferral_holds_no_prompt(connect: Connect, dag: DAG) -> None:
    """The worker shape leaves a reference in Airflow's database; the request lies in the store."""
    connect()
    with pytest.raises(TaskDeferred) as left:
        run(ask(shape="worker", prompt=f"{SECRET} {{{{ run_id }}}}"), run_id="r1")
    deferred = left.value
    assert (deferred.method_name, deferred.kwargs, deferred.timeout) == ("resume", {}, DEFAULT_TIMEOUT)
    assert SECRET not in json.dumps(deferred.trigger.serialize())
    assert Exchange.open(deferred.trigger.exchange).request(deferred.trigger.name).request.messages == (
        Message("user", f"{SECRET} r1"),
    )


def test_rendered_fields_show_fingerprints(connect: Connect, dag: DAG) -> None:
    """Airflow shows rendered fields to everybody who sees the task: not the document, but whether it changed."""
    from airflow.sdk.execution_time.task_runner import _serialize_rendered_fields

    connect()
    operator = ask(prompt="Read {{ doc }}", system="{{ doc }}", deferrable=False)
    mapped = LLMCallOperator.partial(task_id="many", route="extraction").expand(prompt=["Read {{ doc }}"])
    operator.render_template_fields({"doc": SECRET, "ti": TaskInstance()})  # type: ignore[typeddict-unknown-key]
    context = mapped_context(dag, 0, doc=SECRET)
    mapped.render_template_fields(context)
    for task in (operator, context["task"]):
        shown = _serialize_rendered_fields(task)
        assert "Secret Fund" not in json.dumps(shown)
        assert shown["prompt"].startswith(f"{len(SECRET) + 5} characters, sha256 ")  # type: ignore[union-attr]
        assert task._filled_in("prompt") == f"Read {SECRET}"


def test_a_failure_comes_to_a_worker_and_the_next_try_starts_in_the_triggerer(
    server: Server, connect: Connect, dag: DAG
) -> None:
    """The typed error is raised for the policy; the retry asks again, and a third try finds the answer."""
    connect()
    server.replies["m1"] = lambda _, number: failure(429, retry_after_ms="20") if number == 1 else chat("fine")
    operator = ask()
    event = fire(prompt_trigger(operator))
    with pytest.raises(e.RateLimitError) as caught:
        operator.resume({}, event=event.payload)  # type: ignore[typeddict-item]
    assert caught.value.retry_after == timedelta(milliseconds=20)
    for try_number, cached in ((2, False), (3, True)):
        trigger = prompt_trigger(operator)
        assert trigger.task_instance is not None
        trigger.task_instance.try_number = try_number
        assert value_of(fire(trigger))["cached"] is cached
    assert server.count("m1") == 2


def test_what_airflow_does_only_on_a_worker_ends_on_a_worker(server: Server, connect: Connect, dag: DAG) -> None:
    """Asset events and post_execute do not exist in a triggerer, so such a task comes back for its end."""
    connect()
    for number, more in enumerate(({"outlets": [Asset("x")]}, {"post_execute": lambda context, result: None})):
        operator = ask(task_id=f"ask{number}", prompt=f"{number}", **more)
        event = fire(prompt_trigger(operator))
        assert event.payload["status"] == "answered"
        assert operator.resume({}, event=event.payload)["text"]  # type: ignore[typeddict-item]


def test_a_task_without_xcoms_pushes_none(server: Server, connect: Connect, dag: DAG) -> None:
    """`do_xcom_push` holds in the triggerer as well."""
    connect()
    event = fire(prompt_trigger(ask(do_xcom_push=False)))
    assert isinstance(event, TaskSuccessEvent)
    assert event.xcoms is None


def test_a_route_that_works_here_is_answered_on_the_worker(
    server: Server, connect: Connect, dag: DAG, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scripted and offline routes have nothing to wait for; the triggerer runs no routine of the DAG's author."""
    connect(model=None, host="", password="", extra={"provider": "scripted", "script": {"*": [{"text": "played"}]}})
    assert run(ask(shape="worker"))["text"] == "played"
    assert fire(prompt_trigger(ask(task_id="b"))).payload == {"status": "local"}
    operator = ask(task_id="c", offline=lambda: "by hand")
    context: Any = {"ti": TaskInstance()}
    operator.render_template_fields(context)
    assert operator.resume(context, event={"status": "local"})["text"] == "played"
    monkeypatch.delenv("AIRFLOW_CONN_LLM_DEFAULT")
    value = operator.resume(context, event={"status": "local"})
    assert (value["text"], value["provider"]) == ("by hand", "offline")
    assert server.requests == []


def test_a_route_that_ends_offline_does_so_on_the_worker(
    server: Server, connect: Connect, dag: DAG, tmp_path: Path
) -> None:
    """After an outage the caller's routine answers; a refused request stays an error."""
    connect()
    file = tmp_path / "llm.yaml"
    targets = [{"connection": "llm_default"}, "offline"]
    route = {"without_connection": "offline", "targets": targets}
    file.write_text(json.dumps({"format": 1, "routes": {"extraction": route}}))
    operator = ask(routes_path=str(file), offline=lambda: "by hand")
    context: Any = {"ti": TaskInstance()}
    operator.render_template_fields(context)
    for try_number, (reply, ends) in enumerate(((failure(503), True), (failure(401), False)), start=1):
        server.replies["m1"] = reply
        trigger = prompt_trigger(operator)
        trigger.task_instance.try_number = try_number  # type: ignore[union-attr]
        event = fire(trigger)
        if ends:
            assert operator.resume(context, event=event.payload)["text"] == "by hand"
        else:
            with pytest.raises(e.AuthenticationError):
                operator.resume(context, event=event.payload)


def test_a_mapped_task_keeps_its_arguments(server: Server, connect: Connect, dag: DAG) -> None:
    """Airflow hands mapped arguments to no trigger: a mapped task starts on a worker and ends in the triggerer."""
    connect()
    many = LLMCallOperator.partial(task_id="many", route="extraction", deferrable=True).expand(prompt=["one", "two"])
    stored = DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag)))).get_task("many")
    assert not stored.start_from_trigger
    assert (many.retries, type(many.retry_policy)) == (1, LLMRetryPolicy)
    for index, prompt in enumerate(("one", "two")):
        context = mapped_context(dag, index)
        many.render_template_fields(context)
        with pytest.raises(TaskDeferred) as left:
            LLMCallOperator.execute.__wrapped__(context["task"], context)  # type: ignore[attr-defined]
        assert left.value.trigger.finish
        asyncio.run(_events(left.value.trigger))
        assert server.last().body["messages"][0]["content"] == prompt


@pytest.mark.parametrize("shape", ["trigger", "worker"])
def test_a_prompt_file_is_filled_with_variables(
    server: Server, connect: Connect, dag: DAG, tmp_path: Path, shape: str
) -> None:
    """Variables are templates of Airflow, the file is the sandbox's; a value that looks like either stays a value."""
    connect()
    (tmp_path / "short.md.j2").write_text(
        "---\nversion: 1\nvariables: [name, facts]\n---\n{% block user %}{{ name }}: {{ facts.rate }}{% endblock %}\n"
    )
    variables = {"name": "{{ params.name }}", "facts": {"rate": "{{ params.rate }}"}}
    operator = ask(prompt="short.md.j2", prompts_path=str(tmp_path), variables=variables, shape=shape)
    values = {"params": {"name": "{{ 1/0 }}", "rate": "x.md.j2"}}
    if shape == "trigger":
        value_of(fire(prompt_trigger(operator), **values))
    else:
        with pytest.raises(TaskDeferred) as left:
            run(operator, **values)
        asyncio.run(_events(left.value.trigger))
    assert server.last().body["messages"] == [{"role": "user", "content": "{{ 1/0 }}: x.md.j2"}]


def test_a_value_does_not_choose_a_prompt_file(server: Server, connect: Connect, dag: DAG) -> None:
    """Whether the prompt is a file is decided by the author's words."""
    connect()
    value_of(fire(prompt_trigger(ask(prompt="{{ params.text }}")), params={"text": "../secret.md.j2"}))
    assert server.last().body["messages"][0]["content"] == "../secret.md.j2"


def test_outputs_of_other_tasks_are_pulled_in_the_triggerer(server: Server, connect: Connect, dag: DAG) -> None:
    """As text in the prompt, with their type in variables, and never rendered; with a map index, or Airflow hangs."""
    connect()
    source = LLMCallOperator(task_id="source", route="extraction", prompt="x")
    operator = ask(prompt=source.output)
    assert operator.upstream_task_ids == {"source"}
    trigger = prompt_trigger(operator)
    trigger.task_instance = TaskInstance(operator, source="{{ 1/0 }}")
    fire(trigger)
    assert server.last().body["messages"][0]["content"] == "{{ 1/0 }}"
    assert trigger.task_instance.pulls == [{"map_indexes": -1}]
    spec = CallSpec(Question("x.md.j2", from_file=True, variables={"a": {"__llm_xcom__": ["source", "k"]}}), "r")
    values = {"ti": TaskInstance(operator, source={"rate": [1, 2.5]})}
    filled = asyncio.run(filled_in(spec, values, limit=timedelta(seconds=5)))
    assert filled.question.variables == {"a": {"rate": [1, 2.5]}}


def test_the_list_of_a_mapped_tasks_outputs_is_refused_in_the_triggerer(
    server: Server, connect: Connect, dag: DAG
) -> None:
    """Airflow would leave the question without an answer; the error names the way that works."""
    connect()
    many = LLMCallOperator.partial(task_id="many", route="extraction").expand(prompt=["a", "b"])
    operator = ask(prompt=many.output)
    event = fire(prompt_trigger(operator))
    with pytest.raises(e.ConfigurationError, match=r"mapped task 'many' .* use shape=\"worker\""):
        operator.resume({}, event=event.payload)  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{{ params.nothing }}", "has no attribute 'nothing'"),
        ("{% for %}", "TemplateSyntaxError"),
        ("{{ ().__class__.__base__ }}", "SecurityError"),
    ],
)
def test_a_template_that_cannot_be_filled_in_is_a_named_error(
    server: Server, connect: Connect, dag: DAG, prompt: str, told: str
) -> None:
    """Nothing is left out in silence, and nothing is sent."""
    connect()
    operator = ask(prompt=prompt)
    event = fire(prompt_trigger(operator), params={})
    with pytest.raises(e.ConfigurationError, match=told):
        operator.resume({}, event=event.payload)  # type: ignore[typeddict-item]
    assert server.requests == []


def test_a_value_that_airflow_never_answers_ends_in_an_error() -> None:
    """The triggerer's supervisor drops questions that it does not know; the call is given up, with the way out."""
    import greenback

    class Silent:
        def __str__(self) -> str:
            greenback.await_(asyncio.Event().wait())
            raise AssertionError("nobody answers")

    async def run() -> None:
        await greenback.ensure_portal()
        await filled_in(CallSpec(Question("{{ silent }}"), "r"), {"silent": Silent()}, limit=timedelta(seconds=0.05))

    with pytest.raises(e.ConfigurationError, match=r"no answer for a value in the prompt within 0.05 s; use shape"):
        asyncio.run(run())


def test_a_model_is_used_by_its_import_path(server: Server, connect: Connect, dag: DAG) -> None:
    """The triggerer imports it and its validators judge the answer; a class of a DAG file is refused with the way out."""
    connect()
    name = f"{__name__}.Person"
    assert schema_parts(Person) == (None, name)
    for schema in (Person, name):
        operator = ask(task_id=f"ask_{isinstance(schema, str)}", schema=schema)
        assert value_of(fire(prompt_trigger(operator)))["data"] == {"name": "Ann", "age": 3}
    assert server.last().body["response_format"]["json_schema"]["name"] == "Person"

    class Local(BaseModel):
        name: str

    with pytest.raises(e.ConfigurationError, match="move it to a module of its own"):
        ask(task_id="local", schema=Local)
    operator = ask(task_id="missing", schema="no_such_module.Model")
    with pytest.raises(e.ConfigurationError, match=r"cannot be imported as a pydantic model \(ModuleNotFoundError\)"):
        operator.resume({}, event=fire(prompt_trigger(operator)).payload)  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"shape": "both"}, "use trigger or worker"),
        ({"journal": "day"}, "use run, shared or off"),
        ({"prompt": " "}, "the prompt is empty"),
        ({"prompt": "a.md.j2", "system": "x"}, "leave `system` out"),
        ({"prompt": "a.md.j2", "temperature": 0.5}, "states its own parameters"),
        ({"prompt": "a", "variables": {"b": "c"}}, "variables fill prompt files"),
        ({"prompt": "a.md.j2", "variables": {"b": object()}}, "cannot be filled in by the triggerer"),
        ({"schema": {"type": {1, 2}}}, "the answer schema is not JSON"),
        ({"schema": int}, "give a JSON Schema, a pydantic model or its import path"),
    ],
)
def test_contradictions_are_refused_when_the_dag_is_parsed(dag: DAG, arguments: dict[str, Any], told: str) -> None:
    """The author reads it in the list of import errors, not at night."""
    with pytest.raises(e.ConfigurationError, match=told):
        ask(**arguments)


def test_defaults_are_airflows_and_can_be_overridden(dag: DAG, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deferral as Airflow is configured, one retry, our policy; what the author or the DAG states wins."""
    assert not LLMCallOperator(task_id="a", route="r", prompt="x").start_from_trigger
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    operator = LLMCallOperator(task_id="b", route="r", prompt="x")
    assert operator.start_from_trigger
    assert (operator.retries, type(operator.retry_policy)) == (1, LLMRetryPolicy)
    with DAG("other", schedule=None, default_args={"retries": 4}):
        assert LLMCallOperator(task_id="c", route="r", prompt="x").retries == 4
        assert LLMCallOperator.partial(task_id="d", route="r").expand(prompt=["x"]).retries == 4
    assert LLMCallOperator(task_id="e", route="r", prompt="x", retries=0).retries == 0


def test_the_timeout_and_the_money_reach_the_trigger(dag: DAG) -> None:
    """What bounds a call on a worker bounds it in the triggerer."""
    operator = ask(timeout=timedelta(minutes=5), deadline=timedelta(seconds=90), budget_usd=Decimal("0.10"))
    assert operator.start_trigger_args is not None
    assert operator.start_trigger_args.timeout == timedelta(minutes=5)
    spec = CallSpec.from_json(json.loads(prompt_trigger(operator).spec))
    assert (spec.deadline, spec.budget_usd) == (timedelta(seconds=90), Decimal("0.10"))


def test_any_operator_can_defer_a_call(server: Server, connect: Connect, dag: DAG, store: str) -> None:
    """The interface below the operator: defer, resume, raise; arguments of the method travel."""
    connect()
    exchange = Exchange.open(store)
    call = DeferredCall(LLMRequest((Message("user", "x"),)), "extraction")
    operator = ask(deferrable=False)
    assert defer_call(operator, exchange, call, name="now", method_name="go_on", deferrable=False).text
    with pytest.raises(TaskDeferred) as left:
        defer_call(
            operator, exchange, call, name="n", method_name="go_on", kwargs={"a": 1}, timeout=timedelta(seconds=9),
            deferrable=True,
        )  # fmt: skip
    assert (left.value.method_name, left.value.kwargs, left.value.timeout) == ("go_on", {"a": 1}, timedelta(seconds=9))
    (event,) = asyncio.run(_events(left.value.trigger))
    assert answered(event.payload).text
    assert server.count("m1") == 2


def test_the_journal_is_the_routes_unless_the_task_says_otherwise(
    server: Server, connect: Connect, dag: DAG, tmp_path: Path
) -> None:
    """`shared` in the route file lets another run find the answer."""
    connect()
    file = tmp_path / "llm.yaml"
    route = {"without_connection": "fail", "journal": "shared", "targets": [{"connection": "llm_default"}]}
    file.write_text(json.dumps({"format": 1, "routes": {"extraction": route}}))
    cached = []
    for run_id, more in (("r1", {}), ("r2", {}), ("r3", {"journal": "run"})):
        trigger = prompt_trigger(ask(task_id=f"ask_{run_id}", routes_path=str(file), **more))
        trigger.task_instance.run_id = run_id  # type: ignore[union-attr]
        cached.append(value_of(fire(trigger))["cached"])
    assert cached == [False, True, False]
