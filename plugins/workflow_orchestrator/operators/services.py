"""What a step cannot do by itself, done with Airflow: the LLM layer with its deferrals, runs of other workflows, channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.operators.channels import send_message
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.steps.budget import left_money
from workflow_orchestrator.steps.services import LocalServices
from workflow_orchestrator.steps.work import CalledRun, Work

if TYPE_CHECKING:
    from llm_orchestration import LLMRequest, LLMResult
    from llm_orchestration.exchange import DeferredCall
    from workflow_orchestrator.operators.base import StepOperator
    from workflow_orchestrator.rendering import VideoJob

RESUME = "resume"
"""The method of a step that goes on after a wait."""


class AirflowServices(LocalServices):
    """The services of one stint of a task.

    Args:
        operator: the running task's operator, which leaves the worker where there is something to wait for.
        context: Airflow's context.
        event: what a trigger told when the step goes on after a wait, otherwise None.
    """

    def __init__(self, operator: StepOperator, context: Any, event: Mapping[str, Any] | None = None) -> None:
        self.operator = operator
        self.context = context
        self._event = event

    def ask_model(self, work: Work, route: str, request: LLMRequest) -> LLMResult:
        """The answer, if it is there or can be had at once.

        Raises:
            TaskDeferred: it is being waited for.
            LLMError: the call failed.
        """
        from llm_orchestration.deferral import answered, defer_call
        from llm_orchestration.exchange import Exchange, Outcome

        exchange = Exchange.open(work.run.storage.uri_of(work.run.prefix))
        call = deferred_call(work, route, request)
        name = f"{work.step.name}/try{work.attempt}-{call.key[:20]}"
        known = exchange.find_outcome(name)
        if known is not None:
            return known.result
        event, self._event = self._event, None
        if event is not None and event["status"] == "failed":
            result = answered(event, call)
            # Kept, so that a later stint does not take the failure of a later question for this one's.
            exchange.put_result(name, Outcome(result))
            return result
        return defer_call(self.operator, exchange, call, name=name, method_name=RESUME)

    def run_workflow(self, work: Work, called: CalledRun) -> str:
        """See `Services.run_workflow`.

        Raises:
            TaskDeferred: the run is being waited for.
        """
        from workflow_orchestrator.operators.called import run_to_its_end

        event, self._event = self._event, None
        return run_to_its_end(self.operator, self.context, called, event, RESUME)

    def make_video(self, provider: str, job: VideoJob, key: str, folder: Path) -> Sequence[Path]:
        """See `Services.make_video`. The run's folder keeps started jobs and sentences that cost money.

        Raises:
            TaskDeferred: a vendor is being waited for.
        """
        from workflow_orchestrator.operators.base import folder_of
        from workflow_orchestrator.operators.video_wait import filmed_video
        from workflow_orchestrator.rendering import get_provider
        from workflow_orchestrator.rendering.vendors.film import FilmedOpening

        run = folder_of(self.context, self.operator.workflow, self.operator.step.within_map)
        maker = get_provider(provider, include=self.operator.workflow.platform_include, files=run)
        if not isinstance(maker, FilmedOpening):
            # Whoever renders on this machine is through when `start` returns.
            return maker.fetch(maker.start(job, idempotency_key=key, work=folder / "work"), folder / "out", job=job)
        event, self._event = self._event, None
        return filmed_video(self.operator, maker, job, key, folder, event, RESUME, storage=run.storage)

    def wait_until(self, work: Work, moment: datetime) -> None:
        """See `Services.wait_until`.

        Raises:
            TaskDeferred: the moment is being waited for.
        """
        from airflow.providers.standard.triggers.temporal import DateTimeTrigger

        self.operator.defer(trigger=DateTimeTrigger(moment=moment), method_name=RESUME)

    def link(self, run: RunFolder, name: str) -> str:
        from workflow_orchestrator.web import link

        return link(run.workflow, run.run_id, run.shown(name)) if name else run_page(run)

    def send(self, channel: str, subject: str, text: str) -> str:
        return send_message(self.operator.workflow, channel, subject, text, self.context)


def run_page(run: RunFolder) -> str:
    """The address of the run's page in Airflow's UI, for a message that is read elsewhere."""
    from urllib.parse import quote

    from airflow.sdk.configuration import conf

    base = conf.get("api", "base_url", fallback="").rstrip("/")
    return f"{base}/dags/{quote(run.workflow)}/runs/{quote(run.run_id, safe='')}"


def deferred_call(work: Work, route: str, request: LLMRequest) -> DeferredCall:
    """A step's question with all that another process needs to ask it: where its files lie, and what it may cost and take."""
    from llm_orchestration import Spending
    from llm_orchestration.exchange import DeferredCall
    from llm_orchestration.routes import load_routes

    path = work.workflow.platform_include / "llm.yaml"
    found = load_routes(path).get(route)
    run, limit = work.run, work.workflow.budget
    name = f"{run.workflow}/{run.run_key}"
    capped = limit.usd is not None or limit.tokens is not None
    left = left_money(run, work.workflow, work.report)
    return DeferredCall(
        request=request,
        route=found.name,
        routes_path=str(path),
        journal=_journal(run, found.journal),
        run=name,
        deadline=_deadline(found.deadline, work.step.execution.call_timeout),
        budget_usd=left,
        # Two ledgers: the step's reports outlive a lost state store, the state store sees calls whose report was lost.
        budgets=(Spending(f"run:{name}", limit.usd, limit.tokens),) if capped else (),
    )


def _deadline(of_route: timedelta, of_step: timedelta | None) -> timedelta | None:
    """The step's own time for a call, where it is the shorter one."""
    return of_step if of_step is not None and of_step < of_route else None


def _journal(run: RunFolder, kept: str) -> str | None:
    """Where answers are kept. The items of a map share the run's: the same question needs one answer."""
    if kept == "off":
        return None
    return run.storage.uri_of("journal" if kept == "shared" else f"{run.root.prefix}/journal")
