"""One question to a model as a task of any DAG, by default without holding a worker while the model thinks.

```python
summary = LLMCallOperator(
    task_id="summary",
    route="writing",
    prompt="Summarise for a board member:\n{{ params.text }}",
    schema={"type": "object", "properties": {"summary": {"type": "string"}}, "required": ["summary"]},
)

@task
def publish(value):
    print(read_result(value).data["summary"])

publish(summary.output)
```

| `deferrable` | `shape` | start | waiting | success | failure |
|---|---|---|---|---|---|
| on | `trigger` | triggerer | triggerer | triggerer | worker |
| on | `worker` | worker | triggerer | worker | worker |
| off | any | worker | worker | worker | worker |

A failure always comes to a worker, which raises the typed error for the retry policy; the next try starts as the first one
did and finds answers that were paid for in the journal. A mapped task of shape `trigger` starts on a worker, because Airflow
3.3 hands mapped arguments to no trigger, and ends in the triggerer. A task with outlets or a `post_execute` ends on a worker,
because Airflow runs neither in a triggerer. `filling` lists what a template may use in a triggerer. A task that starts there
takes no pool slot and follows no trigger queue.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import BaseOperator

from llm_orchestration.deferral import DEFAULT_TIMEOUT, answer_now, defer_call, deferrable_by_default, without_model
from llm_orchestration.errors import ConfigurationError, LLMError
from llm_orchestration.events import is_local, outcome_of, result_value
from llm_orchestration.exchange import DeferredCall, Exchange, Outcome
from llm_orchestration.model import canonical_json
from llm_orchestration.places import Place
from llm_orchestration.prompts import SUFFIX
from llm_orchestration.questions import CallSpec, Question, purpose_of, schema_parts
from llm_orchestration.retry_policy import LLMRetryPolicy

if TYPE_CHECKING:
    import jinja2
    from airflow.sdk import RetryPolicy
    from airflow.sdk.definitions.context import Context

Shape = Literal["trigger", "worker"]

_POLICY = LLMRetryPolicy()
# Their rendered values may hold a document, and Airflow shows rendered fields to everybody who sees the task.
_CONFIDENTIAL = ("prompt", "system", "variables")


class LLMCallOperator(BaseOperator):
    """Asks a route and hands on its answer; `events.result_value` says how, `read_result` reads it.

    Args:
        route: Alias in the route file.
        prompt: Jinja text of the question, or the name of a prompt file (`summaries/short.md.j2`).
        system: Jinja text of the system turn; a prompt file brings its own.
        variables: Values of a prompt file; texts in it are templates.
        schema: JSON Schema of the answer, a pydantic model, or its import path; without it the answer is text.
        llm_conn_id: One Airflow connection to use instead of the route's targets.
        routes_path: Another route file.
        prompts_path: Folder of prompt files, instead of `include/prompts`.
        store: Address of the store for calls and journals; by default `[llm_orchestration] store`, then a folder in
            Airflow's home, which suits one machine.
        journal: `run` asks the same once per run, `shared` once for all runs, `off` in every try; by default what the
            route says.
        deferrable: Whether to wait without a worker; by default `[operators] default_deferrable`.
        shape: Where a deferrable task starts and ends, see above.
        timeout: How long a deferred task may wait.
        deadline: Time for the call with all its targets, instead of the route's.
        budget_usd: The most that the call may cost.
        temperature: Sampling temperature.
        max_output_tokens: Limit of the answer.
        purpose: Names the call in logs and scripts; by default the task id.
        offline: Routine without a model, for a route that has none; runs on a worker.
        retries: Of the task; one more than Airflow's own default.
        retry_policy: Decides by the error's class; `LLMRetryPolicy` unless another one is given.

    Raises:
        ConfigurationError: The arguments contradict each other.
    """

    template_fields: Sequence[str] = ("route", "prompt", "system", "variables", "llm_conn_id", "store")
    ui_color = "#e6e2f3"

    def __init__(
        self,
        *,
        route: str,
        prompt: Any,
        system: Any = None,
        variables: Mapping[str, Any] | None = None,
        schema: Mapping[str, Any] | type | str | None = None,
        llm_conn_id: str | None = None,
        routes_path: str | None = None,
        prompts_path: str | None = None,
        store: str | None = None,
        journal: str | None = None,
        deferrable: bool | None = None,
        shape: Shape = "trigger",
        timeout: timedelta = DEFAULT_TIMEOUT,
        deadline: timedelta | None = None,
        budget_usd: Decimal | None = None,
        temperature: float | None = None,
        max_output_tokens: int | None = None,
        purpose: str | None = None,
        offline: Callable[[], object] | None = None,
        retries: int = 1,
        retry_policy: RetryPolicy | None = _POLICY,
        **kwargs: Any,
    ) -> None:
        super().__init__(retries=retries, retry_policy=retry_policy or _POLICY, **kwargs)
        if shape not in ("trigger", "worker"):
            raise ConfigurationError(f"task {self.task_id!r}: shape {shape!r} is unknown; use trigger or worker")
        if journal not in (None, "run", "shared", "off"):
            raise ConfigurationError(f"task {self.task_id!r}: journal {journal!r} is unknown; use run, shared or off")
        self.route = route
        self.prompt = prompt
        self.system = system
        self.variables = variables
        self.schema = schema
        self.llm_conn_id = llm_conn_id
        self.routes_path = routes_path
        self.prompts_path = prompts_path
        self.store = store
        self.journal = journal
        self.deferrable = deferrable_by_default() if deferrable is None else deferrable
        self.shape = shape
        self.timeout = timeout
        self.deadline = deadline
        self.budget_usd = budget_usd
        self.temperature = temperature
        self.max_output_tokens = max_output_tokens
        self.purpose = purpose
        self.offline = offline
        # By the author's own words: a value that is filled in later must not choose a file.
        self._from_file = isinstance(prompt, str) and prompt.endswith(SUFFIX) and "\n" not in prompt
        self._rendered: dict[str, Any] = {}
        if self.deferrable and shape == "trigger":
            self._start_in_triggerer()

    def execute(self, context: Context) -> Any:
        """Asks, or leaves the worker until the model has answered."""
        exchange, name, call = self._located(context)
        result = defer_call(
            self,
            exchange,
            call,
            name=name,
            method_name="resume",
            timeout=self.timeout,
            deferrable=self.deferrable,
            finish=self._finishes(),
            push=self.do_xcom_push,
        )
        return result_value(exchange, name, Outcome(result))

    def resume(self, context: Context, event: Mapping[str, Any]) -> Any:
        """Goes on with a trigger's event.

        Raises:
            LLMError: The error of the call, for the retry policy.
        """
        if is_local(event):
            exchange, name, call = self._located(context)
            return result_value(exchange, name, answer_now(exchange, call, name=name))
        try:
            return result_value(*outcome_of(event))
        except LLMError as error:
            if self.offline is None:
                raise
            failure = error
        exchange, name, call = self._located(context)
        outcome = Outcome(without_model(call, failure))
        exchange.put_result(name, outcome)
        return result_value(exchange, name, outcome)

    def _located(self, context: Context) -> tuple[Exchange, str, DeferredCall]:
        return self._spec(self._filled_in).located(Place.of(context["ti"]), self.offline)

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Any,
        context: Context,
        jinja_env: jinja2.Environment,
        seen_oids: set[int],
    ) -> None:
        """Renders as Airflow does, then shows only fingerprints of what may hold a document.

        Mapped tasks are rendered through this method too, unlike through `render_template_fields`.
        """
        super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)
        if parent is self:
            self._rendered = {name: getattr(self, name) for name in _CONFIDENTIAL}
            for name, value in self._rendered.items():
                setattr(self, name, _fingerprint(value))

    def _start_in_triggerer(self) -> None:
        from airflow.triggers.base import StartTriggerArgs

        spec = self._spec(self._portable)
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls="llm_orchestration.triggers.LLMPromptTrigger",
            trigger_kwargs={"spec": canonical_json(spec.to_json())},
            next_method="resume",
            timeout=self.timeout,
        )
        self.start_from_trigger = True

    def _filled_in(self, name: str) -> Any:
        return self._rendered[name] if name in self._rendered else getattr(self, name)

    def _portable(self, name: str) -> Any:
        from llm_orchestration.filling import portable

        return portable(getattr(self, name), as_text=name != "variables")

    def _spec(self, value: Callable[[str], Any]) -> CallSpec:
        schema, output = schema_parts(self.schema)
        question = Question(
            prompt=value("prompt"),
            from_file=self._from_file,
            system=value("system"),
            variables=value("variables") or {},
            schema=schema,
            output=output,
            purpose=self.purpose or purpose_of(self.task_id),
            temperature=self.temperature,
            max_output_tokens=self.max_output_tokens,
            prompts_path=self.prompts_path,
        )
        return CallSpec(
            question=question,
            route=value("route"),
            llm_conn_id=value("llm_conn_id"),
            routes_path=self.routes_path,
            store=value("store"),
            journal=self.journal,
            deadline=self.deadline,
            budget_usd=self.budget_usd,
            finish=self._finishes(),
            push=self.do_xcom_push,
        )

    def _finishes(self) -> bool:
        hooked = self._post_execute_hook is not None or type(self).post_execute is not BaseOperator.post_execute
        return self.shape == "trigger" and not self.outlets and not hooked


def _fingerprint(value: Any) -> str | None:
    """What Airflow may show of a value: whether it changed, and how long it is."""
    if not value:
        return None
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return f"{len(text):,} characters, sha256 {hashlib.sha256(text.encode(errors='replace')).hexdigest()[:16]}"
