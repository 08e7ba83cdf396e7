"""Facts of a workflow that several commands tell: its prompts with their hashes, its artifacts, its parameters, as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition import trigger_form, wording
from workflow_orchestrator.definition.flow import files_of, makes, needs
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.steps import ApproveStep, AskStep, ExtractStep, GenerateStep, Step, WriteStep

OWN = ("document", "approval", "force")
"""Parameters that every workflow has."""


@dataclass(frozen=True, slots=True)
class PromptFact:
    """One prompt of a step. `sha256` covers what it includes too."""

    step: str
    file: str
    version: str
    sha256: str
    route: str

    def to_json(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "file": self.file,
            "version": self.version,
            "sha256": self.sha256,
            "route": self.route,
        }


@dataclass(frozen=True, slots=True)
class ArtifactFact:
    """What a step makes, of what, and the files of a run behind it (a name with `/` at its end is a folder)."""

    name: str
    made_by: str
    needs: tuple[str, ...]
    files: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {"artifact": self.name, "made_by": self.made_by, "needs": list(self.needs), "files": list(self.files)}


def asks_model(step: Step) -> bool:
    """Whether a step may ask a language model."""
    if isinstance(step, WriteStep):
        return step.by == "model"
    return isinstance(step, ExtractStep | GenerateStep)


def prompts(workflow: Workflow) -> Iterator[PromptFact]:
    """The prompts in the order of the steps.

    Raises:
        PromptError: one of them cannot be read.
    """
    from llm_orchestration import Prompt

    below = workflow.include / "prompts"
    for step in workflow.steps:
        if isinstance(step, ExtractStep | WriteStep | GenerateStep):
            prompt = Prompt.load(step.prompt.relative_to(below), search_path=below)
            yield PromptFact(step.name, prompt.name, str(prompt.version), prompt.sha256, step.route)


def artifacts(workflow: Workflow) -> Iterator[ArtifactFact]:
    """What the steps make, in the order of the steps."""
    for step in workflow.steps:
        for name in makes(step):
            yield ArtifactFact(name, step.name, needs(step), files_of(name))


def people(workflow: Workflow) -> Iterator[tuple[str, str, str, str]]:
    """Step, what is asked, who is asked, how long they have."""
    for step in workflow.steps:
        if isinstance(step, ApproveStep):
            shown = wording.value(step.show)
            yield step.name, f"to release {shown}", wording.value(step.ask), wording.duration(step.within)
        elif isinstance(step, AskStep):
            yield step.name, "for the fields that failed", wording.value(step.ask), wording.duration(step.within)


def tries(workflow: Workflow) -> list[tuple[str, str]]:
    """Step, and its tries and waits in words; one row for all where all are alike."""
    rows = [(step.name, wording.tries(step.execution)) for step in (*workflow.steps, *workflow.last)]
    alike = {text for _, text in rows}
    return [("every step", alike.pop())] if len(alike) == 1 else rows


def parameters(workflow: Workflow) -> Iterator[tuple[str, str, str, str]]:
    """Name, title, what it may be, and the default, without the parameters that every workflow has."""
    for name, entry in trigger_form(workflow).items():
        if name not in OWN:
            default = wording.value(entry["default"]) if "default" in entry else "must be given"
            yield name, entry["title"], allowed(entry["schema"]), default


def allowed(schema: dict[str, Any]) -> str:
    """What a parameter may be, in words."""
    if "enum" in schema:
        return wording.value(schema["enum"])
    if "enum" in schema.get("items", {}):
        return f"some of {wording.value(schema['items']['enum'])}"
    text = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false"}.get(
        str(schema.get("type")), str(schema.get("type", "anything"))
    )
    for key, says in (("minimum", "at least"), ("maximum", "at most"), ("pattern", "like")):
        if key in schema:
            text += f", {says} {schema[key]}"
    return text


def limits(workflow: Workflow) -> Iterator[tuple[str, str]]:
    """The limits of one run, and when it is told that it is late."""
    rule, budget = workflow.document, workflow.budget
    megabytes = rule.max_bytes / 1_048_576
    yield "document", f"{rule.type}, at most {rule.max_pages} pages and {megabytes:g} MB"
    if budget.usd is not None:
        yield "cost", f"at most {wording.money(budget.usd)} for model calls"
    if budget.tokens is not None:
        yield "tokens", f"at most {budget.tokens:,} for model calls"
    if budget.time is not None:
        yield "work", f"at most {wording.duration(budget.time)}, without waiting for people"
    if workflow.run_timeout is not None:
        yield "run", f"ends after {wording.duration(workflow.run_timeout)}, people included"
    if workflow.deadline is not None:
        yield "deadline", f"{workflow.deadline.notify} is told after {wording.duration(workflow.deadline.within)}"


def schedule(workflow: Workflow) -> str:
    """When documents are looked for, in words; empty when only people start it."""
    plan = workflow.schedule
    if plan is None:
        return ""
    parts = []
    if plan.nightly:
        parts.append(f"{plan.nightly} ({plan.timezone}){', missed ones made up for' if plan.catch_up else ''}")
    if plan.arrivals:
        parts.append("as documents arrive")
    text = f"{' and '.join(parts)}; {plan.at_once} at a time"
    return f"{text}; the summary goes to {plan.notify}" if plan.notify else text


def shown(path: Path, workflow: Workflow) -> str:
    """A file of the definition as an author calls it."""
    for base, name in ((workflow.folder, ""), (workflow.include, "include/")):
        if path.is_relative_to(base):
            return f"{name}{path.relative_to(base).as_posix()}"
    return path.as_posix()
