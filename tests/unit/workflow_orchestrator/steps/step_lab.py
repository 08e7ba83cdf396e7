"""A bench for one step: a run in a storage of its own, and services that a test scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from llm_orchestration import LLMRequest, LLMResult, Usage
from workflow_orchestrator.definition.configuration import load_configuration
from workflow_orchestrator.definition.model import Execution, Step, Workflow
from workflow_orchestrator.record import RunFolder, StepReport
from workflow_orchestrator.steps.services import LocalServices
from workflow_orchestrator.steps.work import CalledRun, Work
from workflow_orchestrator.storage import LocalStorage

EXECUTION = Execution(
    max_retries=3,
    timeout=timedelta(minutes=5),
    retry_backoff="exponential",
    retry_delay=timedelta(seconds=10),
    max_retry_delay=timedelta(minutes=10),
    default_error_handler="fail",
)


@dataclass
class Bench(LocalServices):
    """Services whose model, channel and called workflows are the test's."""

    replies: list[Any] = field(default_factory=list)
    asked: list[tuple[str, LLMRequest]] = field(default_factory=list)
    sent: list[tuple[str, str, str]] = field(default_factory=list)
    called: list[CalledRun] = field(default_factory=list)
    run_child: Callable[[CalledRun], str] = lambda called: "success"

    def ask_model(self, work: Work, route: str, request: LLMRequest) -> LLMResult:
        self.asked.append((route, request))
        return answer(self.replies.pop(0))

    def run_workflow(self, work: Work, called: CalledRun) -> str:
        self.called.append(called)
        return self.run_child(called)

    def link(self, run: RunFolder, name: str) -> str:
        return f"/{run.run_id}/{run.shown(name)}" if name else f"/{run.run_id}"

    def send(self, channel: str, subject: str, text: str) -> str:
        self.sent.append((channel, subject, text))
        return "logged"


def answer(data: Any) -> LLMResult:
    """What a model said."""
    return LLMResult(
        text="", data=data, usage=Usage(3, 4), cost_usd=Decimal("0.01"), provider="scripted", model="m", request_id="1",
        finish_reason="stop", seconds=0.1, prompt_sha256="ab", route="writing", attempts=(), cached=False,
    )  # fmt: skip


def opened(place: Path, workflow: Workflow, **conf: Any) -> RunFolder:
    """A run that was opened with a document."""
    run = RunFolder(LocalStorage(place), workflow.name, "r1")
    run.write("source.pdf", b"%PDF-1.7 a")
    defaults = {item.name: item.default for item in workflow.parameters}
    request = {
        "conf": {"document": "a.pdf", "approval": "people", "force": False, **defaults, **conf},
        "source": {"name": "a.pdf", "key": "inbox/w/a.pdf", "sha256": "ab", "bytes": 10},
        "definition": workflow.digest,
    }
    run.write_json("request.json", request)
    return run


def with_steps(workflow: Workflow, *steps: Step, last: Sequence[Any] = ()) -> Workflow:
    """The workflow with other steps, in their order."""
    return replace(workflow, steps=steps, flow=steps, last=tuple(last))


def work_on(run: RunFolder, workflow: Workflow, step: Step, services: Bench, *, attempt: int = 1, **more: Any) -> Work:
    """One stint of a step."""
    return Work(
        run=run,
        report=StepReport(step.name, attempt, "2026-11-24T10:00:00.000+00:00"),
        step=step,
        workflow=workflow,
        request=run.root.read_json("request.json"),
        attempt=attempt,
        services=services,
        configuration=load_configuration(workflow.platform_include / "orchestrator.yaml", {}),
        **more,
    )
