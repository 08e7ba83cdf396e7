"""Whether what the finished steps of a run made still fits another definition.

A run may go on under a newer definition only if nobody could tell from its end that it began under an older one:

    steps      those that finished are still there, of the same kind, in the same order and the same block
    ways       a choice was made by the same conditions, and a map went over the same list
    fields     every value is of a field that still exists, of the same kind and unit, keyed the same way
    rules      the proven values hold under the rules as they are now, required fields included
    made       what generate and call steps made has the shape that is asked for now
    packs      the script was judged by the compliance packs as they are now
    release    what was released was shown to the people who are asked now

Steps that come after the one that is run again are not looked at: they are run again too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from llm_orchestration.patterns import schema_validator
from workflow_orchestrator.definition.flow import after, files_of, inner, makes, walk
from workflow_orchestrator.definition.model import (
    ApproveStep,
    Choose,
    Condition,
    GenerateStep,
    Item,
    Map,
    Parallel,
    Reference,
    Step,
    ValidateStep,
    Workflow,
)
from workflow_orchestrator.errors import DocumentNotFoundError
from workflow_orchestrator.fields import FieldSet, FieldSpec
from workflow_orchestrator.record.run_folder import EACH, RunFolder
from workflow_orchestrator.values import Kind, ValueSet

_MOST_FAULTS = 3
"""Faults that are named of one document; the first ones say what is different."""


def misfits(run: RunFolder, kept: Workflow, latest: Workflow, step_name: str) -> list[str]:
    """Everything about the run's finished steps that does not fit `latest`, as sentences; empty: it fits.

    Args:
        run: the folder of the whole run.
        kept: the definition that the run goes by.
        latest: the one that it would go by.
        step_name: the step or block that is run again first.
    """
    again = _again(kept, step_name)
    finished = [step for step in kept.steps if step.name not in again and _folders(run, step)]
    found = [*_steps(finished, kept, latest), *_ways(kept, latest, again)]
    known = {step.name: step for step in latest.steps}
    same = [(step, known[step.name]) for step in finished if step.name in known and step.kind == known[step.name].kind]
    kinds = {step.kind for step, _ in same}
    if {"extract", "validate", "ask"} & kinds:
        fields = list(_fields(run, kept.fields, latest.fields))
        found += fields
        # Rules about fields that are gone would only say the same again.
        if not fields and {"validate", "ask"} & kinds:
            found += _rules(run, latest)
    for before, now in same:
        for folder in _folders(run, before):
            found += _made(folder, now)
    if "write" in kinds:
        found += _packs(kept, latest)
    found += _releases(same)
    return found


def _again(kept: Workflow, name: str) -> set[str]:
    """The steps and blocks that are run again: that one and all that come after it. A detour stands in the place of its leader."""
    again = {name}
    for place in [step.name for step in kept.steps if any(catch.go == name for catch in step.catches)] or [name]:
        for sequence in after(kept.flow, place) or ():
            again.update(item.name for item in walk(sequence))
    again.update(inside.name for item in walk(kept.flow) if item.name == name for inside in walk((item,)))
    again.update(catch.go for step in kept.steps if step.name in again for catch in step.catches)
    return again


def _folders(run: RunFolder, step: Step) -> list[RunFolder]:
    """The folders in which the step finished: the run's own, or those of a map's items."""
    if step.within_map is None:
        return [run] if _finished(run, step.name) else []
    found = []
    for name in run.names(f"{EACH}/{step.within_map}", f"/steps/{step.name}.json"):
        index = re.fullmatch(rf"{EACH}/[^/]+/(\d+)/steps/[^/]+", name)
        if index and _finished(item := run.item(step.within_map, int(index[1])), step.name):
            found.append(item)
    return found


def _finished(folder: RunFolder, name: str) -> bool:
    attempts = folder.attempts(name)
    return bool(attempts) and attempts[-1]["state"] == "success"


def _steps(finished: Sequence[Step], kept: Workflow, latest: Workflow) -> Iterator[str]:
    known = {step.name: step for step in latest.steps}
    for step in finished:
        now = known.get(step.name)
        if now is None:
            yield f"{step.name} is finished, and there is no such step any more"
        elif now.kind != step.kind:
            yield f"{step.name} is finished as a step of kind {step.kind}, and its kind is {now.kind} now"
        elif _place(kept.flow, step.name) != _place(latest.flow, step.name):
            yield f"{step.name} is finished, and it stands in another block now"
    names = [step.name for step in finished if step.name in known]
    order = [step.name for step in latest.steps if step.name in names]
    if order != names:
        yield f"the finished steps ran in the order {', '.join(names)}, and their order is {', '.join(order)} now"


def _place(flow: Sequence[Item], name: str) -> tuple[str, ...] | None:
    """The blocks around a step, each with the number of the arm; `None` for one that stands in no sequence, a detour."""
    for item in flow:
        if item.name == name:
            return ()
        for number, sequence in enumerate(inner(item)):
            below = _place(sequence, name)
            if below is not None:
                return (f"{item.kind} {item.name} {number}", *below)
    return None


def _ways(kept: Workflow, latest: Workflow, again: Container[str]) -> Iterator[str]:
    known = {item.name: item for item in walk(latest.flow)}
    for item in walk(kept.flow):
        now = known.get(item.name)
        if item.name in again or isinstance(item, Step | Parallel):
            continue
        if isinstance(item, Choose) and not (isinstance(now, Choose) and _conditions(item) == _conditions(now)):
            yield f"{item.name} chose by other conditions than those that stand there now"
        if isinstance(item, Map) and not (isinstance(now, Map) and _list(item) == _list(now)):
            yield f"{item.name} went over another list than the one that stands there now"


def _conditions(block: Choose) -> list[tuple[str, Condition | None]]:
    return [(arm.name, arm.when) for arm in block.arms]


def _list(block: Map) -> tuple[Reference, str]:
    return block.over, block.item_name


# -- values


def _fields(run: RunFolder, kept: FieldSet, latest: FieldSet) -> Iterator[str]:
    said: set[str] = set()
    for ref, kind in _read_values(run):
        name, _, key = ref.partition(".")
        for fault in _field(name, key, kind, kept.get(name), latest.get(name)):
            if fault not in said:
                said.add(fault)
                yield fault


def _read_values(run: RunFolder) -> Iterator[tuple[str, str]]:
    """Reference and kind of every value that was read or proven."""
    read = _optional(run, "extracted.json")
    for value in [*(read or {}).get("values", ()), *(_optional(run, "values.json") or ())]:
        yield f"{value['field']}.{value['key']}" if value.get("key") else value["field"], value["kind"]


def _field(name: str, key: str, kind: str, kept: FieldSpec | None, latest: FieldSpec | None) -> Iterator[str]:
    if latest is None:
        yield f"the run has a value of {name}, and schema.json has no such field any more"
        return
    if latest.kind != Kind(kind):
        yield f"the value of {name} is of kind {kind}, and the field is of kind {latest.kind} now"
    if kept is not None and latest.unit != kept.unit:
        yield f"the value of {name} is in {kept.unit or 'no unit'}, and the unit is {latest.unit or 'none'} now"
    if kept is not None and latest.keyed != kept.keyed:
        yield f"{name} was keyed by {kept.keyed or 'nothing'}, and is keyed by {latest.keyed or 'nothing'} now"
    elif latest.keyed == "period" and key not in latest.keys:
        yield f"the run has a value of {name}.{key}, and schema.json lists no such key any more"


def _rules(run: RunFolder, latest: Workflow) -> Iterator[str]:
    from workflow_orchestrator.rules import check_values, load_rules

    values = _optional(run, "values.json")
    step = next((step for step in latest.steps if isinstance(step, ValidateStep)), None)
    if values is None or step is None:
        return
    findings = check_values(
        ValueSet.from_json(values),
        latest.fields,
        load_rules(step.rules, latest.fields),
        required_fields=latest.rules.required_fields,
        today=_day(run, step.name),
    )
    for finding in findings:
        if finding.stops:
            yield f"the proven values do not meet the rule {finding.rule} as it is now: {finding.message}"


def _day(run: RunFolder, step: str) -> date:
    """The day on which the values were judged: an old document does not become too old by being run again."""
    attempts = run.attempts(step)
    return datetime.fromisoformat(attempts[-1]["started"]).date() if attempts else datetime.now().astimezone().date()


# -- what was made


def _made(folder: RunFolder, step: Step) -> Iterator[str]:
    if step.kind not in ("generate", "call"):
        return
    for artifact in makes(step):
        for name in files_of(artifact):
            if not (folder.names(name.rstrip("/")) if name.endswith("/") else folder.holds(name)):
                yield f"{step.name} is finished and did not make {name}, which it makes now"
            elif isinstance(step, GenerateStep):
                for fault in _shape(folder.read_json(name), step.output):
                    yield f"{folder.shown(name)} of {step.name} does not fit {step.output.name} as it is now: {fault}"


def _shape(data: Any, schema: Path) -> list[str]:
    errors = sorted(schema_validator(json.loads(schema.read_bytes())).iter_errors(data), key=lambda e: e.json_path)
    return [f"{error.json_path}: {error.message[:200]}" for error in errors[:_MOST_FAULTS]]


def _packs(kept: Workflow, latest: Workflow) -> Iterator[str]:
    for name in latest.rules.compliance_checks:
        then, now = (workflow.include / "compliance" / f"{name}.yaml" for workflow in (kept, latest))
        if name not in kept.rules.compliance_checks:
            yield f"the script was not judged by the compliance pack {name}, which is asked for now"
        elif _text(then) != _text(now):
            yield f"the script was judged by an older text of the compliance pack {name}"


def _text(path: Path) -> bytes:
    return path.read_bytes().replace(b"\r\n", b"\n")


def _releases(same: Iterable[tuple[Step, Step]]) -> Iterator[str]:
    for before, now in same:
        if isinstance(before, ApproveStep) and isinstance(now, ApproveStep):
            if set(before.ask) != set(now.ask):
                yield (
                    f"{now.name} asked {', '.join(before.ask) or 'everyone'} for the release, and asks "
                    f"{', '.join(now.ask) or 'everyone'} now"
                )
            if set(now.show) - set(before.show):
                yield f"{now.name} did not show {', '.join(sorted(set(now.show) - set(before.show)))}, which it shows now"


def _optional(run: RunFolder, name: str) -> Any:
    try:
        return run.read_json(name)
    except DocumentNotFoundError:
        return None
