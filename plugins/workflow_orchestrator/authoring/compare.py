"""Two definitions of a workflow, compared as what they mean and not as text.

old Workflow ┐            ┌ header, parameters, budget, schedule, fields     (this module)
             ├─ compare ──┤ steps, order, conditions, errors, retries        compare_steps.py
new Workflow ┘            └ prompts, narration, rules, packs, theme          compare_files.py
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from workflow_orchestrator.authoring.changes import Change, Topic, changed, listed
from workflow_orchestrator.authoring.compare_files import file_changes
from workflow_orchestrator.authoring.compare_steps import step_changes
from workflow_orchestrator.definition import wording
from workflow_orchestrator.definition.model import Parameter, Schedule, Workflow
from workflow_orchestrator.fields import FieldSet, FieldSpec


def compare(old: Workflow, new: Workflow) -> list[Change]:
    """Every difference between two definitions; none when their digests are equal."""
    if old.digest == new.digest and old.source == new.source:
        return []
    found = [
        *_header(old, new),
        *_input(old, new),
        *_fields(old.fields, new.fields),
        *listed(
            Topic.PUBLISHED, "business_rules.required_fields", old.rules.required_fields, new.rules.required_fields,
            "required field",
        ),
        *listed(
            Topic.PUBLISHED, "business_rules.compliance_checks", old.rules.compliance_checks,
            new.rules.compliance_checks, "compliance pack",
        ),
        *listed(Topic.START, "output", old.outputs, new.outputs, "output for other workflows"),
        *step_changes(old, new),
        *file_changes(old, new),
        *_limits(old, new),
        *_schedule(old.schedule, new.schedule),
    ]  # fmt: skip
    if not found:
        # The digest also covers comments and layout, and what the platform's configuration says.
        found.append(
            Change(Topic.WORDS, "changed", "definition", "nothing but comments or layout", old.digest, new.digest)
        )
    return found


def _header(old: Workflow, new: Workflow) -> Iterator[Change]:
    for name in ("title", "description", "owner"):
        yield from changed(Topic.WORDS, name, getattr(old, name) or None, getattr(new, name) or None)
    yield from changed(Topic.START, "platform", old.platform, new.platform)
    yield from changed(Topic.START, "format", old.format, new.format)
    yield from changed(Topic.ERRORS, "rerun", old.rerun, new.rerun, name="a step that is cleared uses the definition")


def _input(old: Workflow, new: Workflow) -> Iterator[Change]:
    yield from changed(Topic.COST, "input.document.max_pages", old.document.max_pages, new.document.max_pages)
    before, after = (Decimal(flow.document.max_bytes) / 1_048_576 for flow in (old, new))
    yield from changed(Topic.COST, "input.document.max_megabytes", before, after)
    was = {parameter.name: parameter for parameter in old.parameters}
    now = {parameter.name: parameter for parameter in new.parameters}
    yield from listed(Topic.START, "input.parameters", tuple(was), tuple(now), "parameter")
    for name in (name for name in now if name in was):
        yield from _parameter(was[name], now[name])


def _parameter(old: Parameter, new: Parameter) -> Iterator[Change]:
    subject, name = f"input.parameters.{new.name}", f"parameter {new.name}"
    # A default decides what is said when nobody chooses.
    yield from changed(Topic.PUBLISHED, f"{subject}.default", _default(old), _default(new), name=f"{name}, default")
    yield from changed(Topic.START, f"{subject}.schema", _plain(old.schema), _plain(new.schema), name=name)
    for key in ("title", "description"):
        yield from changed(
            Topic.WORDS, f"{subject}.{key}", getattr(old, key) or None, getattr(new, key) or None, name=f"{name}, {key}"
        )


def _default(parameter: Parameter) -> Any:
    return "must be given" if parameter.required else parameter.default


def _plain(schema: Mapping[str, Any]) -> str:
    from workflow_orchestrator.authoring.facts import allowed

    return allowed(dict(schema))


def _limits(old: Workflow, new: Workflow) -> Iterator[Change]:
    yield from changed(Topic.COST, "budget.usd", old.budget.usd, new.budget.usd, say=wording.money)
    yield from changed(Topic.COST, "budget.tokens", old.budget.tokens, new.budget.tokens)
    yield from changed(Topic.COST, "budget.minutes", old.budget.time, new.budget.time, name="budget.minutes")
    yield from changed(Topic.COST, "run_timeout", old.run_timeout, new.run_timeout)
    before, after = (
        None if flow.deadline is None else f"{flow.deadline.notify} after {wording.duration(flow.deadline.within)}"
        for flow in (old, new)
    )
    yield from changed(Topic.RELEASED, "deadline", before, after)


def _schedule(old: Schedule | None, new: Schedule | None) -> Iterator[Change]:
    keys = ("nightly", "timezone", "catch_up", "arrivals", "at_once", "wait", "notify")
    if old is None or new is None:
        before, after = (None if plan is None else plan.nightly or "as documents arrive" for plan in (old, new))
        yield from changed(Topic.START, "schedule", before, after)
        return
    for key in keys:
        topic = Topic.RELEASED if key == "notify" else Topic.START
        yield from changed(topic, f"schedule.{key}", getattr(old, key), getattr(new, key))


def _fields(old: FieldSet, new: FieldSet) -> Iterator[Change]:
    for name, spec in new.items():
        if name not in old:
            need = ", required" if spec.required else ""
            text = f"new field {name} ({spec.kind.value}{need})"
            yield Change(Topic.PUBLISHED, "added", f"fields.{name}", text, None, spec.kind.value)
    for name, spec in old.items():
        if name not in new:
            yield Change(Topic.PUBLISHED, "removed", f"fields.{name}", f"field {name} removed", spec.kind.value, None)
    for name in (name for name in new if name in old):
        yield from _field(old[name], new[name])


def _field(old: FieldSpec, new: FieldSpec) -> Iterator[Change]:
    subject, name = f"fields.{new.name}", f"field {new.name}"
    for key in ("kind", "unit", "required", "minimum", "maximum", "keyed", "description"):
        before, after = getattr(old, key), getattr(new, key)
        topic = Topic.WORDS if key == "description" and before == "" else Topic.PUBLISHED
        yield from changed(topic, f"{subject}.{key}", _given(before), _given(after), name=f"{name}, {key}")
    yield from listed(Topic.PUBLISHED, f"{subject}.keys", tuple(old.keys), tuple(new.keys), f"{name}: key")
    was, now = ([choice.value for choice in spec.choices] for spec in (old, new))
    yield from listed(Topic.PUBLISHED, f"{subject}.choices", was, now, f"{name}: choice")
    yield from _words(subject, f"{name}, printed labels", _labels(old), _labels(new))
    if dict(old.title) != dict(new.title):
        yield from changed(Topic.PUBLISHED, f"{subject}.title", dict(old.title), dict(new.title), name=f"{name}, title")


def _given(value: Any) -> Any:
    return None if value == "" else getattr(value, "value", value)


def _labels(spec: FieldSpec) -> list[str]:
    """Every printed word by which a field is found, with its language."""
    groups = [spec.labels, spec.sections, *(key.labels for key in spec.keys.values())]
    groups += [choice.words for choice in spec.choices]
    return [f"{word} ({language})" for group in groups for language, words in group.items() for word in words]


def _words(subject: str, name: str, old: list[str], new: list[str]) -> Iterator[Change]:
    more = [word for word in new if word not in old]
    less = [word for word in old if word not in new]
    if more or less:
        parts = [f"+{len(more)} {', '.join(more[:4])}"] if more else []
        parts += [f"−{len(less)} {', '.join(less[:4])}"] if less else []
        yield Change(Topic.PUBLISHED, "changed", f"{subject}.labels", f"{name}: {'; '.join(parts)}", less, more)
