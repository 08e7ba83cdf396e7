"""Builds the typed `Workflow` from a file that has no problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from workflow_orchestrator.definition import model
from workflow_orchestrator.definition.configuration import Configuration, build_execution
from workflow_orchestrator.definition.effective import layers, merged
from workflow_orchestrator.definition.flow import why_not_continue
from workflow_orchestrator.definition.language import NESTING, OUTCOMES, SUBJECTS, duration
from workflow_orchestrator.definition.outline import Branch, Node, Outline
from workflow_orchestrator.definition.parameters import build_parameters
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.resources import Places
from workflow_orchestrator.definition.steps import Reference
from workflow_orchestrator.fields import FieldSet

_MEGABYTE = 1_048_576


@dataclass(frozen=True, slots=True)
class Use:
    """What the prompt of a step names: artifacts of generate steps, and artifacts of the platform."""

    artifacts: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Material:
    """All that a workflow is built from. `uses` has an entry for each step with a prompt."""

    outline: Outline
    places: Places
    configuration: Configuration
    fields: FieldSet
    uses: Mapping[str, Use]
    files: tuple[Path, ...]
    digest: str
    home: Path | None = None


def build_workflow(material: Material) -> model.Workflow:
    """The workflow."""
    data, places = material.outline.source.data, material.places
    document, rules = data["input"]["document"], data.get("business_rules", {})
    outputs = tuple(data.get("output", ()))
    flow, steps = _tree(material, outputs)
    return model.Workflow(
        name=data["workflow"],
        title=data["title"],
        description=data.get("description", "").strip(),
        owner=data["owner"],
        platform=data["platform"],
        format=int(data["format"]),
        folder=places.folder,
        include=places.include,
        document=model.DocumentRule(
            type=document["type"],
            max_pages=int(document["max_pages"]),
            max_bytes=int(Decimal(str(document["max_megabytes"])) * _MEGABYTE),
        ),
        parameters=build_parameters(material.outline.source),
        rules=model.BusinessRules(
            tuple(rules.get("required_fields", ())),
            tuple(rules.get("compliance_checks", ())),
        ),
        budget=_budget(data.get("budget", {})),
        schedule=_schedule(data.get("schedule")),
        steps=steps,
        fields=material.fields,
        digest=material.digest,
        flow=flow,
        last=tuple(cast("model.NotifyStep", _step(node, material)) for node in material.outline.last),
        outputs=outputs,
        run_timeout=duration(data["run_timeout"]) if "run_timeout" in data else None,
        deadline=_deadline(data.get("deadline")),
        rerun=data.get("rerun", "same"),
        home=material.home,
        files=material.files,
        source=material.outline.source.text,
    )


def _budget(data: Mapping[str, Any]) -> model.Budget:
    usd, minutes = data.get("usd"), data.get("minutes")
    return model.Budget(
        usd=None if usd is None else Decimal(str(usd)),
        time=None if minutes is None else timedelta(minutes=minutes),
        tokens=data.get("tokens"),
    )


def _schedule(data: Mapping[str, Any] | None) -> model.Schedule | None:
    if data is None:
        return None
    known = {key: data[key] for key in ("timezone", "catch_up", "arrivals", "at_once", "notify") if key in data}
    if "wait" in data:
        known["wait"] = duration(data["wait"])
    return model.Schedule(nightly=data.get("nightly"), **known)


def _deadline(data: Mapping[str, Any] | None) -> model.Deadline | None:
    return None if data is None else model.Deadline(duration(data["within"]), data["notify"])


def _tree(material: Material, outputs: Sequence[str]) -> tuple[tuple[model.Item, ...], tuple[model.Step, ...]]:
    """The flow and the flat list of steps, with the handler that is in effect for each."""
    raw = {node.name: _step(node, material) for node in material.outline.steps}
    draft = _sequence(material.outline.flow, raw)
    settled = {}
    for node in material.outline.steps:
        step = raw[node.name]
        inherits = step.execution.default_error_handler == "continue"
        if inherits and why_not_continue(draft, step, place=node.leader, outputs=outputs):
            step = replace(step, execution=replace(step.execution, default_error_handler="fail"))
        settled[node.name] = step
    return _sequence(material.outline.flow, settled), tuple(settled.values())


def _sequence(branch: Branch, steps: Mapping[str, model.Step]) -> tuple[model.Item, ...]:
    return tuple(_block(node, steps) if node.is_block else steps[node.name] for node in branch.nodes)


def _block(node: Node, steps: Mapping[str, model.Step]) -> model.Block:
    if node.kind == "map":
        own = node.own
        return model.Map(
            name=node.name,
            over=reference(own["over"]),
            item_name=own["as"],
            at_most=int(own["at_most"]),
            at_once=min(int(own.get("at_once", 1)), int(own["at_most"])),
            steps=_sequence(node.arms[0], steps),
        )
    arms = tuple(
        model.Arm(branch.name, _sequence(branch, steps), _condition_of(node, index))
        for index, branch in enumerate(node.arms)
    )
    return model.Choose(node.name, arms) if node.kind == "choose" else model.Parallel(node.name, arms)


def _condition_of(node: Node, index: int) -> model.Condition | None:
    if node.kind != "choose":
        return None
    when = node.data["choose"][index].get("when")
    return None if when is None else condition(when)


def condition(data: Mapping[str, Any]) -> model.Condition:
    """The condition that sound data means."""
    nested = next((key for key in NESTING if key in data), None)
    if nested is not None:
        parts = [data["not"]] if nested == "not" else data[nested]
        return model.Condition(cast("Any", nested), parts=tuple(condition(part) for part in parts))
    subject = next(key for key in SUBJECTS if key in data)
    operator, value = next((key, value) for key, value in data.items() if key != subject)
    value = tuple(value) if isinstance(value, list) else value
    return model.Condition(cast("Any", operator), Reference(cast("Any", subject), data[subject]), value)


def reference(data: Mapping[str, Any]) -> Reference:
    """The reference that `{parameter: name}` and the like mean."""
    ((source, name),) = data.items()
    return Reference(cast("Any", source), name)


def _step(node: Node, material: Material) -> model.Step:
    source, configuration = material.outline.source, material.configuration
    values, _ = merged(layers(node, source, configuration))
    execution = build_execution(values, configuration.retry_policies, source, node.at, Report())
    if execution is None:
        raise AssertionError("an execution without problems is built")
    use = material.uses.get(node.name, Use())
    shared = {
        "name": node.name,
        "execution": execution,
        "catches": tuple(model.Catch(catch["on"], catch["go"]) for catch in node.data.get("catch", ())),
        "uses": use.artifacts,
        "optional": tuple(node.data.get("optional", ())),
        "reads": use.reads,
        "within_map": node.map,
    }
    return _KINDS[node.kind](node.name, node.own, material.places, shared)


def _extract(name: str, own: Mapping[str, Any], places: Places, shared: dict[str, Any]) -> model.Step:
    return model.ExtractStep(
        **shared,
        prompt=places.prompt(own["prompt"]),
        schema=places.folder / own["schema"],
        route=own["route"],
        pages=own.get("pages", "needed"),
        variant=own.get("variant", ""),
    )


def _validate(name: str, own: Mapping[str, Any], places: Places, shared: dict[str, Any]) -> model.Step:
    return model.ValidateStep(**shared, rules=places.folder / own["rules"])


def _ask(name: str, own: Mapping[str, Any], places: Places, shared: dict[str, Any]) -> model.Step:
    return model.AskStep(
        **shared,
        form=own["form"],
        ask=tuple(own["ask"]),
        within=duration(own["within"]),
        otherwise=own["otherwise"],
        remind=_reminder(own.get("remind")),
    )


def _reminder(data: Mapping[str, Any] | None) -> model.Reminder | None:
    return None if data is None else model.Reminder(duration(data["every"]), data["notify"])


def _write(name: str, own: Mapping[str, Any], places: Places, shared: dict[str, Any]) -> model.Step:
    return model.WriteStep(
        **shared,
        prompt=places.prompt(own["prompt"]),
        narration=places.narration(own["narration"]),
        route=own["route"],
        by=own.get("by", "model"),
    )


def _slide(name: str, own: Mapping[str, Any], places: Places, shared: dict[str, Any]) -> model.Step:
    theme, shape, motion = places.theme(own["theme"]), own.get("format", "landscape"), own.get("motion", "build")
    return model.SlideStep(**shared, theme=theme, format=shape, motion=motion)


def _approve(name: str, own: Mapping[str, Any], places: Places, shared: dict[str, Any]) -> model.Step:
    return model.ApproveStep(
        **shared,
        ask=tuple(own["ask"]),
        show=tuple(own["show"]),
        within=duration(own["within"]),
        otherwise=own["otherwise"],
        remind=_reminder(own.get("remind")),
    )


def _video(name: str, own: Mapping[str, Any], places: Places, shared: dict[str, Any]) -> model.Step:
    return model.VideoStep(**shared, provider=own["provider"], voice=own["voice"], frames=own.get("frames", "variable"))


def _generate(name: str, own: Mapping[str, Any], places: Places, shared: dict[str, Any]) -> model.Step:
    return model.GenerateStep(
        **shared,
        prompt=places.prompt(own["prompt"]),
        output=places.folder / own["output"],
        route=own["route"],
        into=own.get("into", name),
    )


def _call(name: str, own: Mapping[str, Any], places: Places, shared: dict[str, Any]) -> model.Step:
    return model.CallStep(
        **shared,
        workflow=own["workflow"],
        parameters=dict(own.get("parameters", {})),
        take=tuple(own.get("take", ())),
        within=duration(own["within"]),
    )


def _notify(name: str, own: Mapping[str, Any], places: Places, shared: dict[str, Any]) -> model.Step:
    return model.NotifyStep(
        **shared,
        channel=own["channel"],
        subject=own["subject"],
        message=own["message"].strip(),
        on=tuple(own.get("on", OUTCOMES)),
    )


def _wait(name: str, own: Mapping[str, Any], places: Places, shared: dict[str, Any]) -> model.Step:
    return model.WaitStep(**shared, until=own["until"])


_KINDS = {
    "extract": _extract,
    "validate": _validate,
    "ask": _ask,
    "write": _write,
    "slide": _slide,
    "approve": _approve,
    "video": _video,
    "generate": _generate,
    "call": _call,
    "notify": _notify,
    "wait": _wait,
}
