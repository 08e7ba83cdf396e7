"""The budget of a run, summed over every attempt of every step: working time and money."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import BudgetError
from workflow_orchestrator.record import RunFolder, StepReport
from workflow_orchestrator.record.video_cost import video_costs


def maps_of(workflow: Workflow) -> tuple[str, ...]:
    """The names of the map blocks that have steps."""
    return tuple(dict.fromkeys(step.within_map for step in workflow.steps if step.within_map))


def keep_time(run: RunFolder, workflow: Workflow) -> None:
    """Holds the working time of all steps so far against the budget; waiting for people is not counted.

    Raises:
        BudgetError: it is more than the workflow's `budget.minutes`.
    """
    allowed = workflow.budget.time
    if allowed is None:
        return
    attempts = run.all_attempts(maps_of(workflow))
    spent = timedelta(seconds=sum(attempt["seconds"] for _, attempt in attempts))
    if spent > allowed:
        raise BudgetError(
            f"the run has worked {spent}, more than the {allowed} that {workflow.name} allows (budget.minutes)"
        )


def spent_money(run: RunFolder, workflow: Workflow, report: StepReport) -> Decimal:
    """What the run has cost so far in US dollars, as far as its prices are known: model calls, the workflows it called, vendors' clips.

    `report` is the running attempt's. It takes the place of what the attempt left behind when it was set aside.
    """
    running = (run.report_file(report.step), report.attempt, "waiting")
    attempts = [
        attempt
        for file, attempt in run.all_attempts(maps_of(workflow))
        if (file, attempt["attempt"], attempt["state"]) != running
    ]
    clips = [cost for cost in video_costs(run, maps_of(workflow)) if cost is not None]
    return sum((cost_of(attempt) for attempt in [*attempts, report.to_json()]), sum(clips, Decimal(0)))


def left_money(run: RunFolder, workflow: Workflow, report: StepReport) -> Decimal | None:
    """What is left of the workflow's `budget.usd`; None where it has none."""
    limit = workflow.budget.usd
    return None if limit is None else max(Decimal(0), limit - spent_money(run, workflow, report))


def cost_of(attempt: dict[str, Any]) -> Decimal:
    """What one attempt cost, with the workflow that it called, as far as it is known. An answer from the journal was paid for before."""
    paid = [call["cost_usd"] for call in attempt["calls"] if not call["cached"]]
    # A call that failed may have been billed too, for example for two answers that break the schema.
    paid.append((attempt["error"] or {}).get("cost_usd"))
    paid.append(attempt["facts"].get("called", {}).get("cost_usd"))
    return sum((Decimal(cost) for cost in paid if cost), Decimal(0))
