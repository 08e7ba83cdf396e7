"""Execution settings and times: layers that do not contradict each other, and times that fit into each other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from workflow_orchestrator.definition.checks.catches import a
from workflow_orchestrator.definition.configuration import Configuration, build_execution, execution_data
from workflow_orchestrator.definition.effective import Layer, merged
from workflow_orchestrator.definition.language import EXECUTION, duration
from workflow_orchestrator.definition.outline import Branch, Node, Outline
from workflow_orchestrator.definition.policies import raised_within
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.raises import RAISES
from workflow_orchestrator.definition.source import KeyPath, Source


def check_executions(tree: Outline, configuration: Configuration, report: Report) -> None:
    """Reports overrides that contradict what they override, each at the layer that brings the contradiction."""
    base = layers_of_platform(configuration)
    workflow = Layer(("execution",), _sound(tree.source, ("execution",)), tree.source)
    before = len(report)
    if workflow.values:
        values, _ = merged([base, workflow])
        build_execution(values, configuration.retry_policies, tree.source, workflow.at, report)
    stack = [base, workflow] if len(report) == before else [base]
    for node in (*tree.steps, *tree.last):
        own = Layer(node.at, _sound(tree.source, node.at), tree.source)
        if own.values:
            values, _ = merged([*stack, own])
            build_execution(values, configuration.retry_policies, tree.source, node.at, report)


def layers_of_platform(configuration: Configuration) -> Layer:
    """The widest layer."""
    return Layer((), execution_data(configuration.execution), configuration.source)


def _sound(source: Source, at: KeyPath) -> dict[str, Any]:
    """The execution keys of a layer whose own value has no problem."""
    overrides = {}
    for key, value in (source.get(at, dict) or {}).items():
        if key in EXECUTION:
            trial = Report()
            EXECUTION[key].shape.check(value, (*at, key), source, trial)
            if not len(trial):
                overrides[key] = value
    return overrides


def check_times(tree: Outline, configuration: Configuration, report: Report) -> None:
    """Reports waits and tries that the run would not live to see, and a retry policy that no error of the step reaches."""
    whole = _duration(tree.source, ("run_timeout",))
    if whole is not None:
        _check_within(tree, whole, report)
        needed = _Needed(tree, configuration).of(tree.flow)
        if needed > whole and not _too_long(tree, whole, configuration):
            report.add(
                "WF025",
                tree.source,
                ("run_timeout",),
                f"one try of every step may take {spoken(needed)}, longer than the {spoken(whole)} of a run",
                "raise run_timeout, or lower timeout_seconds or within of the steps",
            )
        for node, at, longest in _too_long(tree, whole, configuration):
            report.add(
                "WF025",
                tree.source,
                at,
                f"{node.name!r} may take {spoken(longest)}, longer than the {spoken(whole)} of a run (run_timeout)",
                "lower it, or raise run_timeout",
                key=at == node.at,
            )
    for node in (*tree.steps, *tree.last):
        _check_policy(node, configuration, tree.source, report)
        _check_reminder(node, tree.source, report)


def _check_within(tree: Outline, whole: timedelta, report: Report) -> None:
    told = _duration(tree.source, ("deadline", "within"))
    if told is not None and told >= whole:
        report.add(
            "WF025",
            tree.source,
            ("deadline", "within"),
            f"a run ends after {spoken(whole)} (run_timeout), before anybody would be told",
            "make it shorter",
        )


def _too_long(tree: Outline, whole: timedelta, configuration: Configuration) -> list[tuple[Node, KeyPath, timedelta]]:
    """The steps that alone may take longer than the whole run, each with the place that says so."""
    found = []
    needed = _Needed(tree, configuration)
    for node in tree.steps:
        waits = needed.wait(node)
        if waits > whole:
            found.append((node, (*node.at, node.kind, "within"), waits))
        elif needed.work(node) > whole:
            at: KeyPath = (*node.at, "timeout_seconds") if "timeout_seconds" in node.data else node.at
            found.append((node, at, needed.work(node)))
    return found


class _Needed:
    """The time that one try of every step may take, on the longest way."""

    def __init__(self, tree: Outline, configuration: Configuration) -> None:
        self._source = tree.source
        base = layers_of_platform(configuration)
        self._base = [base, Layer(("execution",), _sound(tree.source, ("execution",)), tree.source)]

    def of(self, branch: Branch) -> timedelta:
        """The time of a sequence."""
        return sum((self._item(node, branch) for node in branch.nodes), timedelta(0))

    def _item(self, node: Node, branch: Branch) -> timedelta:
        if node.is_block:
            arms = [self.of(arm) for arm in node.arms]
            longest = max(arms, default=timedelta(0))
            return longest * self._rounds(node) if node.kind == "map" else longest
        detours = [self._step(detour) for detour in branch.detours.values() if detour.leader == node.name]
        return self._step(node) + max(detours, default=timedelta(0))

    def _rounds(self, node: Node) -> int:
        most, once = node.own.get("at_most"), node.own.get("at_once", 1)
        if not isinstance(most, int) or not isinstance(once, int) or once < 1:
            return 1
        return -(-most // once)

    def _step(self, node: Node) -> timedelta:
        return self.wait(node) + self.work(node)

    def wait(self, node: Node) -> timedelta:
        """How long a step may wait for people, or for another workflow."""
        return _duration(self._source, (*node.at, node.kind, "within")) or timedelta(0)

    def work(self, node: Node) -> timedelta:
        """How long one try may work."""
        values, _ = merged([*self._base, Layer(node.at, _sound(self._source, node.at), self._source)])
        return timedelta(seconds=values["timeout_seconds"])


def _check_reminder(node: Node, source: Source, report: Report) -> None:
    at = (*node.at, node.kind, "remind", "every")
    every, within = _duration(source, at), _duration(source, (*node.at, node.kind, "within"))
    if every is not None and within is not None and every >= within:
        report.add(
            "WF025", source, at,
            f"the time of the question is up after {spoken(within)}, before anybody would be reminded", "make it shorter",
        )  # fmt: skip


def _check_policy(node: Node, configuration: Configuration, source: Source, report: Report) -> None:
    name = node.data.get("retry")
    rules = configuration.retry_policies.get(name, ()) if isinstance(name, str) else ()
    if rules and node.kind in RAISES and not any(raised_within(rule.on, node.kind) for rule in rules):
        named = ", ".join(rule.on for rule in rules)
        report.add(
            "WF061",
            source,
            (*node.at, "retry"),
            f"no rule of {name!r} decides here: {a(node.kind)} step never ends with {named}",
            "remove it",
        )


def _duration(source: Source, at: KeyPath) -> timedelta | None:
    text = source.get(at, str)
    try:
        return None if text is None else duration(text)
    except ValueError:
        # The shape of the value has been reported.
        return None


def spoken(time: timedelta) -> str:
    """A time in the units that an author writes: `2d`, `1h 30m`."""
    seconds = int(time.total_seconds())
    parts = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")):
        count, seconds = divmod(seconds, size)
        parts += [f"{count}{unit}"] if count else []
    return " ".join(parts) or "0s"
