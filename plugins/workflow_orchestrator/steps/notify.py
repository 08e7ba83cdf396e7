"""`notify`: a message to a channel of `include/orchestrator.yaml`, in the middle of a run or at its end (`finally`).

Subject and message are templates over `workflow` (its title), `document` (the file's name), `outcome`, `error`, `cost_usd`, `run_id`,
`link` (the run's page), `parameters` and, in a map, the item.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflow_orchestrator.definition.model import NotifyStep
from workflow_orchestrator.errors import ConfigurationError, DocumentNotFoundError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.record.reading import find_manifest, read_manifest
from workflow_orchestrator.steps.budget import spent_money
from workflow_orchestrator.steps.work import Work, step_of

RUNNING = "running"
"""What `outcome` is before the run is through."""


def perform(work: Work) -> None:
    """Does the step's work.

    Raises:
        NotificationError: the channel did not take the message.
        ConfigurationError: the channel is not there, or the message cannot be filled in.
    """
    step = step_of(work, NotifyStep)
    variables = message_variables(work)
    subject = " ".join(fill(step.subject, variables, f"{step.name}.subject").split())
    text = fill(step.message, variables, f"{step.name}.message")
    how = work.services.send(step.channel, subject, text)
    work.report.facts.update({"channel": step.channel, "subject": subject, "how": how})


def outcome_of(run: RunFolder) -> str:
    """How a run ended by its manifest. A run that could not even write one has failed."""
    try:
        outcome: str = read_manifest(run.root)["outcome"]
    except DocumentNotFoundError:
        return "failed"
    return outcome


def message_variables(work: Work) -> dict[str, Any]:
    """What subject and message may name."""
    ended = any(step.name == work.step.name for step in work.workflow.last)
    manifest = _manifest(work.run) if ended else {}
    error = manifest.get("error")
    cost = manifest["usage"]["cost_usd"] if manifest else format(spent_money(work.run, work.workflow, work.report), "f")
    variables: dict[str, Any] = {
        "workflow": work.workflow.title,
        "document": (work.request.get("source") or {}).get("name") or work.conf.get("document") or "unknown",
        "outcome": outcome_of(work.run) if ended else RUNNING,
        "error": f"{error['step']}: {error['error']}: {error['message']}" if error else "",
        "cost_usd": "unknown" if cost is None else cost,
        "run_id": work.run.run_id,
        "link": work.services.link(work.run, ""),
        "parameters": work.conf,
    }
    if work.item_name:
        variables[work.item_name] = work.item
    return variables


def fill(template: str, variables: Mapping[str, Any], where: str) -> str:
    """A text with its variables filled in, in a sandbox; the values themselves are never templates.

    Raises:
        ConfigurationError: the template names what is not there, or does what the sandbox forbids.
    """
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    try:
        return environment.from_string(template).render(dict(variables))
    except (TemplateError, OverflowError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"{where}: {template!r} cannot be filled in: {error}. It may name {', '.join(sorted(variables))}"
        ) from None


def _manifest(run: RunFolder) -> dict[str, Any]:
    return find_manifest(run.root) or {}
