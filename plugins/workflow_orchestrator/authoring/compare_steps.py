"""The steps of two definitions compared: which there are, in which order and under which condition, and what each is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from workflow_orchestrator.authoring.changes import Change, Topic, changed, listed
from workflow_orchestrator.definition import wording
from workflow_orchestrator.definition.flow import inner, walk
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.retries import RetryRule
from workflow_orchestrator.definition.steps import Catch, Choose, Execution, Item, Map, Parallel, Reminder, Step

# What a step is told, by what a change of it can change. What is not here can change what is published.
_TOPICS: Mapping[str, Topic] = {
    "ask": Topic.RELEASED,
    "within": Topic.RELEASED,
    "remind": Topic.RELEASED,
    "otherwise": Topic.RELEASED,
    "show": Topic.RELEASED,
    "channel": Topic.RELEASED,
    "on": Topic.RELEASED,
    "subject": Topic.RELEASED,
    "message": Topic.RELEASED,
    "route": Topic.PUBLISHED,
}
_SHARED = ("name", "execution", "catches", "within_map")
# Which prompt variables come from where follows from the prompt itself, whose own change is told.
_DERIVED = ("uses", "reads", "narration")


def step_changes(old: Workflow, new: Workflow) -> list[Change]:
    """Every difference of steps, blocks and their order."""
    was = {step.name: step for step in (*old.steps, *old.last)}
    now = {step.name: step for step in (*new.steps, *new.last)}
    found = [*_arrivals(was, now)]
    both = [name for name in now if name in was and was[name].kind == now[name].kind]
    for name in both:
        found += _own(was[name], now[name])
    found += together(
        [told for name in both for told in _execution(was[name].execution, now[name].execution, name)], len(both)
    )
    for name in both:
        found += _catches(was[name], now[name])
    return [*found, *_order(old, new), *_blocks(old, new)]


def _arrivals(was: Mapping[str, Step], now: Mapping[str, Step]) -> Iterator[Change]:
    for name, step in now.items():
        if name not in was:
            says = wording.step(step)
            text = f"new step {name} ({step.kind}{f': {says}' if says else ''})"
            yield Change(_weight(step), "added", f"steps.{name}", text, None, step.kind)
        elif was[name].kind != step.kind:
            text = f"step {name}: {was[name].kind} → {step.kind}"
            yield Change(_weight(step), "changed", f"steps.{name}", text, was[name].kind, step.kind)
    for name, step in was.items():
        if name not in now:
            yield Change(
                _weight(step), "removed", f"steps.{name}", f"step {name} ({step.kind}) removed", step.kind, None
            )


def _weight(step: Step) -> Topic:
    return Topic.RELEASED if step.kind == "notify" else Topic.PUBLISHED


def _own(old: Step, new: Step) -> Iterator[Change]:
    """What a step is told in its own line."""
    for key in new.__dataclass_fields__:
        if key in (*_SHARED, *_DERIVED):
            continue
        before, after = _shown(getattr(old, key)), _shown(getattr(new, key))
        topic = _TOPICS.get(key, Topic.PUBLISHED)
        subject, name = f"steps.{new.name}.{key}", f"{new.name}: {key}"
        if key == "ask":
            name = f"{new.name}: asked"
        yield from changed(topic, subject, before, after, name=name)
    was, now = (sorted(getattr(step, "narration", {})) for step in (old, new))
    yield from listed(Topic.PUBLISHED, f"steps.{new.name}.narration", was, now, f"{new.name}: narration in")


def _shown(value: Any) -> Any:
    if isinstance(value, Reminder):
        return f"{value.notify} every {wording.duration(value.every)}"
    # A file is compared by its name here; what is in it is compared by `compare_files`.
    return value.name if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True)
class Told:
    """A change of one step's execution, so that the same change of many steps is told once."""

    topic: Topic
    key: str
    text: str
    step: str
    old: Any = None
    new: Any = None


def together(changes: Iterable[Told], steps: int) -> Iterator[Change]:
    """The same change in several steps as one: `timeout of one try: 5 min → 10 min, in every step`."""
    groups: dict[tuple[Topic, str, str], list[Told]] = {}
    for told in changes:
        groups.setdefault((told.topic, told.key, told.text), []).append(told)
    for (topic, key, text), found in groups.items():
        names = [told.step for told in found]
        every = len(names) == steps and steps > 1
        where = "in every step" if every else f"in {', '.join(names)}"
        subject = f"execution.{key}" if every else f"steps.{names[0]}.{key}" if len(names) == 1 else f"steps.*.{key}"
        yield Change(topic, "changed", subject, f"{text}, {where}", found[0].old, found[0].new)


def _execution(old: Execution, new: Execution, name: str) -> Iterator[Told]:
    if old == new:
        return
    for key, says in (("timeout", "time of one try"), ("call_timeout", "time of one model call")):
        yield from _one(Topic.ERRORS, key, says, getattr(old, key), getattr(new, key), name)
    yield from _retries(old, new, name)
    if wording.waits(old) != wording.waits(new):
        yield Told(Topic.ERRORS, "retry_delay", f"between tries: {wording.waits(old)} → {wording.waits(new)}", name)
    yield from _one(Topic.ERRORS, "retry_jitter", "retry_jitter", old.retry_jitter, new.retry_jitter, name)
    handlers = (old.default_error_handler, new.default_error_handler)
    # What is passed over is missing from what is published.
    topic = Topic.PUBLISHED if "continue" in handlers else Topic.ERRORS
    yield from _one(topic, "default_error_handler", "an error that no catch takes", *handlers, name)


def _one(topic: Topic, key: str, says: str, old: Any, new: Any, name: str) -> Iterator[Told]:
    for change in changed(topic, key, old, new, name=says):
        yield Told(topic, key, change.text, name, change.old, change.new)


def _retries(old: Execution, new: Execution, name: str) -> Iterator[Told]:
    """How often which error is tried again: of every error, and of those that a rule of the policy names."""
    yield from _one(Topic.ERRORS, "max_retries", "retries", old.max_retries, new.max_retries, name)
    was, now = ({rule.on: rule for rule in execution.rules} for execution in (old, new))
    for error in dict.fromkeys((*was, *now)):
        before = was[error].max_retries if error in was else old.max_retries
        after = now[error].max_retries if error in now else new.max_retries
        yield from _one(Topic.ERRORS, f"retry.{error}", f"retry of {error}", before, after, name)
        wait, later = (_delay(rules.get(error)) for rules in (was, now))
        yield from _one(Topic.ERRORS, f"retry.{error}.delay", f"wait after {error}", wait, later, name)
    if [*was] != [*now] and set(was) == set(now):
        yield Told(Topic.ERRORS, "retry", f"order of the rules: {', '.join(was)} → {', '.join(now)}", name)


def _delay(rule: RetryRule | None) -> str | None:
    """The wait of a rule as far as it has one of its own; `None`: the step's."""
    if rule is None or (rule.delay, rule.max_delay, rule.backoff) == (None, None, None):
        return None
    return f"{wording.value(rule.delay)} up to {wording.value(rule.max_delay)}{f', {rule.backoff}' if rule.backoff else ''}"


def _catches(old: Step, new: Step) -> Iterator[Change]:
    was = {catch.on: catch for catch in old.catches}
    now = {catch.on: catch for catch in new.catches}
    for error in dict.fromkeys((*was, *now)):
        before, after = was.get(error), now.get(error)
        if before == after:
            continue
        continues = "continue" in (getattr(before, "go", ""), getattr(after, "go", ""))
        subject, name = f"steps.{new.name}.catch.{error}", f"{error} in {new.name}"
        yield from changed(
            Topic.PUBLISHED if continues else Topic.ERRORS, subject, _goes(before), _goes(after), name=name
        )
    if [*was] != [*now] and set(was) == set(now):
        text = f"{new.name}: the catches are in another order: {', '.join(was)} → {', '.join(now)}"
        yield Change(Topic.ERRORS, "changed", f"steps.{new.name}.catch", text, [*was], [*now])


def _goes(catch: Catch | None) -> str | None:
    return (
        None if catch is None else {"continue": "goes on without it", "fail": "the run fails"}.get(catch.go, catch.go)
    )


def _order(old: Workflow, new: Workflow) -> Iterator[Change]:
    """Steps and blocks that stand in another place, in the same block or in another one."""
    was, now = dict(_sequences(old.flow)), dict(_sequences(new.flow))
    place = {name: block for block, names in was.items() for name in names}
    for block, names in now.items():
        for name in (name for name in names if place.get(name, block) != block):
            text = f"{name} moved from {place[name] or 'the main line'} to {block or 'the main line'}"
            yield Change(Topic.PUBLISHED, "changed", f"steps.{name}", text, place[name], block)
        before = [name for name in was.get(block, ()) if name in names]
        after = [name for name in names if name in before]
        for name in _moved(before, after):
            index = after.index(name)
            where = f"after {after[index - 1]}" if index else "first"
            yield Change(Topic.PUBLISHED, "changed", f"steps.{name}", f"{name} now runs {where}", None, where)


def _moved(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """The fewest names that were moved to get from one order to the other."""
    stayed: set[str] = set()
    for match in SequenceMatcher(a=before, b=after, autojunk=False).get_matching_blocks():
        stayed.update(before[match.a : match.a + match.size])
    return [name for name in after if name not in stayed]


def _sequences(flow: Sequence[Item], block: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each sequence with the block and way that it stands in: `depth/risky` → names."""
    yield block, tuple(item.name for item in flow)
    for item in flow:
        if isinstance(item, Choose | Parallel):
            for arm in item.arms:
                yield from _sequences(arm.steps, f"{item.name}/{arm.name}")
        else:
            for sequence in inner(item):
                yield from _sequences(sequence, item.name)


def _blocks(old: Workflow, new: Workflow) -> Iterator[Change]:
    was = {item.name: item for item in walk(old.flow) if not isinstance(item, Step)}
    now = {item.name: item for item in walk(new.flow) if not isinstance(item, Step)}
    yield from listed(Topic.PUBLISHED, "steps", tuple(was), tuple(now), "block")
    for name in (name for name in now if name in was):
        before, after = was[name], now[name]
        if isinstance(before, Map) and isinstance(after, Map):
            yield from _map(before, after)
        elif isinstance(before, Choose | Parallel) and isinstance(after, Choose | Parallel):
            yield from changed(Topic.PUBLISHED, f"steps.{name}", before.kind, after.kind)
            yield from _arms(before, after)
        else:
            yield from changed(Topic.PUBLISHED, f"steps.{name}", before.kind, after.kind)


def _map(old: Map, new: Map) -> Iterator[Change]:
    subject = f"steps.{new.name}"
    yield from changed(Topic.PUBLISHED, f"{subject}.over", old.over, new.over)
    yield from changed(Topic.PUBLISHED, f"{subject}.as", old.item_name, new.item_name)
    yield from changed(Topic.COST, f"{subject}.at_most", old.at_most, new.at_most)
    yield from changed(Topic.COST, f"{subject}.at_once", old.at_once, new.at_once)


def _arms(old: Choose | Parallel, new: Choose | Parallel) -> Iterator[Change]:
    was = {arm.name: arm for arm in old.arms}
    now = {arm.name: arm for arm in new.arms}
    yield from listed(Topic.PUBLISHED, f"steps.{new.name}", tuple(was), tuple(now), f"{new.name}: way")
    for name in (name for name in now if name in was):
        before, after = (
            "otherwise" if arm.when is None else wording.condition(arm.when) for arm in (was[name], now[name])
        )
        yield from changed(
            Topic.PUBLISHED, f"steps.{new.name}.{name}.when", before, after, name=f"{new.name}/{name}, when"
        )
    order = [name for name in was if name in now]
    if isinstance(new, Choose) and [name for name in now if name in was] != order:
        text = f"{new.name}: the ways are tried in another order: {', '.join(order)} → {', '.join(n for n in now if n in was)}"
        yield Change(Topic.PUBLISHED, "changed", f"steps.{new.name}", text, order, [n for n in now if n in was])
