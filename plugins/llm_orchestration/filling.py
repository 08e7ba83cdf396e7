"""Fills a question in where no worker has run: in the triggerer, with the values that can be asked for there.

| in a template | in the triggerer |
|---|---|
| `params`, `dag_run.conf`, `run_id`, `ds`, `var`, `conn`, filters | as on a worker |
| `ti.xcom_pull("task")`, `task.output` in an argument | works for tasks that are not mapped |
| `ti.xcom_pull` of a mapped task | refused by name; Airflow cannot list XComs there |
| `user_defined_macros`, `user_defined_filters` of the DAG | undefined, refused by name: they stay in the DAG file |
| anything else that Airflow cannot answer there | a named error after 60 seconds instead of waiting for ever |

`shape="worker"` has none of these limits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache, lru_cache
from typing import Any

from llm_orchestration.errors import ConfigurationError, LLMError
from llm_orchestration.questions import CallSpec

_XCOM = "__llm_xcom__"
_WAY_OUT = 'use shape="worker"'


def portable(value: Any, *, as_text: bool) -> Any:
    """A value of an operator's argument in a form that a serialized DAG can hold.

    Args:
        value: The value.
        as_text: Whether the output of a task becomes a template, otherwise a reference that keeps its type.

    Raises:
        ConfigurationError: It is neither JSON nor the output of a task.
    """
    from airflow.sdk.definitions.xcom_arg import PlainXComArg

    if isinstance(value, PlainXComArg):
        return str(value) if as_text else {_XCOM: [value.operator.task_id, value.key]}
    if isinstance(value, Mapping):
        return {str(name): portable(item, as_text=as_text) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [portable(item, as_text=as_text) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise ConfigurationError(f"a {type(value).__name__} cannot be filled in by the triggerer; {_WAY_OUT}")


async def filled_in(spec: CallSpec, context: Mapping[str, Any], *, limit: timedelta) -> CallSpec:
    """The call with its values.

    Runs on the loop and not in a thread: Airflow lets a trigger wait for its answers there, and only there can a question
    that it never answers be given up.

    Raises:
        ConfigurationError: A template is wrong, or asks for something that the triggerer cannot tell.
        Exception: Whatever Airflow raises when it cannot be asked.
    """
    try:
        async with asyncio.timeout(limit.total_seconds()):
            return _filled(spec, context)
    except TimeoutError:
        pass
    raise ConfigurationError(
        f"{spec.question.purpose}: Airflow gave the triggerer no answer for a value in the prompt within "
        f"{limit.total_seconds():g} s; {_WAY_OUT}"
    )


def _filled(spec: CallSpec, context: Mapping[str, Any]) -> CallSpec:
    question = spec.question
    task_instance = _TaskInstance(context["ti"]) if "ti" in context else None
    values = {**context, "ti": task_instance, "task_instance": task_instance}
    fill = _Fill(question.purpose, values)
    return replace(
        spec,
        route=fill.value(spec.route),
        llm_conn_id=fill.value(spec.llm_conn_id),
        store=fill.value(spec.store),
        question=replace(
            question,
            prompt=fill.value(question.prompt),
            system=fill.value(question.system),
            variables=fill.value(question.variables),
        ),
    )


class _Fill:
    """Fills templates with one set of values. A value is never a template itself."""

    def __init__(self, purpose: str, values: Mapping[str, Any]) -> None:
        self._purpose = purpose
        self._values = values

    def value(self, template: Any) -> Any:
        """A value with every text in it filled in, and every reference replaced by its XCom."""
        if isinstance(template, str):
            return self._rendered(template)
        if isinstance(template, Mapping):
            if _XCOM in template:
                task_id, key = template[_XCOM]
                return self._values["ti"].xcom_pull(task_ids=task_id, key=key)
            return {name: self.value(item) for name, item in template.items()}
        if isinstance(template, list):
            return [self.value(item) for item in template]
        return template

    def _rendered(self, template: str) -> str:
        from jinja2 import TemplateError

        if "{" not in template:
            return template
        try:
            return str(_compiled(template).render(self._values))
        except LLMError:
            raise
        except TemplateError as error:
            problem = f"{type(error).__name__}: {error}"[:200]
        raise ConfigurationError(f"{self._purpose}: the prompt cannot be filled in by the triggerer: {problem}")


@lru_cache(maxsize=512)
def _compiled(template: str) -> Any:
    """A template, compiled once per process: a thousand runs of one task have the same one, and all share the loop."""
    return _environment().from_string(template)


@cache
def _environment() -> Any:
    from airflow.sdk.definitions._internal.templater import SandboxedEnvironment
    from jinja2 import StrictUndefined

    return SandboxedEnvironment(undefined=StrictUndefined, cache_size=0)  # type: ignore[no-untyped-call]


class _TaskInstance:
    """The task instance as templates see it, with a `xcom_pull` that Airflow answers in a triggerer.

    Without a map index Airflow's own asks for all of them, a question that the triggerer's supervisor of 3.3 drops without
    an answer.
    """

    def __init__(self, ti: Any) -> None:
        self._ti = ti

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ti, name)

    def xcom_pull(self, task_ids: Any = None, dag_id: str | None = None, **more: Any) -> Any:
        """As Airflow's, for tasks that are not mapped unless `map_indexes` is given."""
        if "map_indexes" not in more:
            for task_id in [task_ids] if isinstance(task_ids, str) else list(task_ids or ()):
                self._refuse_mapped(task_id, dag_id)
            more["map_indexes"] = -1
        return self._ti.xcom_pull(task_ids, dag_id, **more)

    def _refuse_mapped(self, task_id: str, dag_id: str | None) -> None:
        dag = getattr(getattr(self._ti, "task", None), "dag", None)
        if dag is None or dag_id not in (None, dag.dag_id) or task_id not in dag.task_dict:
            return
        task = dag.task_dict[task_id]
        if getattr(task, "is_mapped", False) or task.get_closest_mapped_task_group() is not None:
            raise ConfigurationError(
                f"the XComs of the mapped task {task_id!r} cannot be listed in a triggerer; name a map index, or {_WAY_OUT}"
            )
