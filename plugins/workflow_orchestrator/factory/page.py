"""The page of a workflow in Airflow's UI: what it does, how it is started, its flow, what happens on errors, and the author's file.

Airflow's Markdown draws no diagrams (a Mermaid block is shown as its source), so the flow is drawn in letters.
"""

from __future__ import annotations

from workflow_orchestrator import __version__
from workflow_orchestrator.definition import wording
from workflow_orchestrator.definition.drawing import draw
from workflow_orchestrator.definition.failures import failure_table, to_markdown
from workflow_orchestrator.definition.flow import ASK_MODELS
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.steps import Step


def dag_page(workflow: Workflow) -> str:
    """Markdown for the DAG's documentation tab. It holds the digest, so that a new definition is a new DAG version."""
    flow = "\n".join(draw(workflow))
    return f"""# {workflow.title}

{workflow.description}

**Start it** {_ways_to_start(workflow)}

**Owner:** {workflow.owner} · **Platform:** {__version__} · **Definition:** `{workflow.digest}`

## Flow

```text
{flow}
record_execution: writes the manifest, however it ends
```

## When something fails

{to_markdown(failure_table(workflow)).rstrip()}

An error that is passed over makes the run `degraded`: its manifest and its note say what is missing.

{_limits(workflow)}

## Tries

{_tries(workflow)}

## The definition

```yaml
{workflow.source.rstrip()}
```
"""


def _ways_to_start(workflow: Workflow) -> str:
    ways = ['with the form ("Trigger")', "through the REST API with a conf"]
    schedule = workflow.schedule
    inbox = f"put a PDF into `inbox/{workflow.name}/`"
    if schedule and schedule.nightly:
        ways.append(f"{inbox} for the scan at `{schedule.nightly}` ({schedule.timezone})")
    if schedule and schedule.arrivals:
        ways.append(f"tell of its arrival (`{workflow.name}_arrivals`)")
    ways.append(f"name it in a batch (`{workflow.name}_batch`)")
    return f"{', '.join(ways[:-1])} or {ways[-1]}."


def _limits(workflow: Workflow) -> str:
    budget = workflow.budget
    said = []
    if budget.usd is not None:
        said.append(f"model calls for {wording.money(budget.usd)}")
    if budget.tokens is not None:
        said.append(f"{budget.tokens:,} tokens")
    if budget.time is not None:
        said.append(f"{wording.duration(budget.time)} of work, waiting for people not counted")
    lines = [f"- **Budget of a run:** {', '.join(said)}."] if said else []
    if workflow.deadline:
        lines.append(
            f"- **Deadline:** a run that is not through within {wording.duration(workflow.deadline.within)} is told to "
            f"`{workflow.deadline.notify}`, once; it goes on."
        )
    if workflow.run_timeout:
        lines.append(
            f"- **Run timeout:** {wording.duration(workflow.run_timeout)}, people included. What is under way then is stopped and "
            "fails the run; its record is written, and who is told of a failure is told."
        )
    return "\n".join(lines)


def _tries(workflow: Workflow) -> str:
    """One line for the settings that most steps share, and one for each step that differs."""
    steps = (*workflow.steps, *workflow.last)
    settings = [_setting(step) for step in steps]
    usual = max(settings, key=settings.count)
    lines = [f"- **Every step:** {usual}." if settings.count(usual) == len(steps) else f"- **Steps:** {usual}, except"]
    lines += [f"- `{step.name}`: {said}." for step, said in zip(steps, settings, strict=True) if said != usual]
    return "\n".join(lines)


def _setting(step: Step) -> str:
    execution = step.execution
    if execution.call_timeout is None or step.kind not in ASK_MODELS:
        return wording.tries(execution)
    return f"{wording.tries(execution)}; a model call may take {wording.duration(execution.call_timeout)}"
