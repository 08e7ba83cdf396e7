"""What every step needs is made before it, on every way that leads to it.

    choose      there after it only if every arm makes it, the way past all arms included
    parallel    what any arm makes; no two arms make the same, and none needs what another makes
    map         nothing leaves it
    anew        what is made anew takes away what was made from it: a script written after the release needs another one

A failure that is passed over takes its artifact away too: whoever needs it later keeps that from being written down.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from workflow_orchestrator.definition.build import Use
from workflow_orchestrator.definition.checks.catches import a
from workflow_orchestrator.definition.checks.conditions import _tests
from workflow_orchestrator.definition.checks.making import DERIVED, MAY_DO_WITHOUT, makes, needs, optional
from workflow_orchestrator.definition.flow import MAKES
from workflow_orchestrator.definition.outline import Branch, Node, Outline
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.source import KeyPath

_MAKER = {made: kind for kind, names in MAKES.items() for made in names if kind != "ask"}
_SHOWN = ("script", "slides", "data")


@dataclass(slots=True)
class State:
    """What is there at a place: artifact → the step that made it. `gone` says of others why they are not: a step and a reason."""

    there: dict[str, str] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    shown: frozenset[str] = frozenset()
    passed: frozenset[str] = (
        frozenset()
    )  # steps on the ways to here, and what they make: each may have failed or been skipped

    def copy(self) -> State:
        return State(dict(self.there), dict(self.gone), self.shown, self.passed)

    def make(self, node: Node) -> None:
        """A step makes its artifacts, and what was made from an older one of them is gone."""
        for name in makes(node):
            for derived in DERIVED.get(name, ()):
                if derived in self.there and derived not in makes(node):
                    maker = self.there.pop(derived)
                    self.gone[derived] = f"{node.name!r} makes the {name} anew after {maker!r}"
            self.there[name] = node.name
            self.gone.pop(name, None)
        self.passed |= {node.name, *makes(node)}


def check_artifacts(tree: Outline, uses: Mapping[str, Use], report: Report) -> None:
    """Reports steps that need what is not made before them, arms that get in each other's way, and outputs that are not made."""
    if not tree.complete:
        # A step of unknown kind may be the one that another lacks; its own problem comes first.
        return
    walk = _Walk(tree, uses, report)
    end = walk.branch(tree.flow, State())
    _check_outputs(tree, end, walk.made, report)


class _Walk:
    """Goes through the tree as a run would, with what is there at each place."""

    def __init__(self, tree: Outline, uses: Mapping[str, Use], report: Report) -> None:
        self._tree = tree
        self._uses = uses
        self._report = report
        self.made = {name for node in tree.steps for name in makes(node)}
        self._known = self.made | {node.name for node in tree.steps}

    def branch(self, branch: Branch, state: State) -> State:
        """Checks a sequence and returns what is there after it. The state that is given stays as it is."""
        state = state.copy()
        for node in branch.nodes:
            for detour in branch.detours.values():
                if detour.leader == node.name:
                    self._check_needs(detour, state)
            self._check_needs(node, state)
            self._check_looks(node, state)
            if node.kind == "choose":
                state = self._choose(node, state)
            elif node.kind == "parallel":
                state = self._parallel(node, state)
            elif node.kind == "map":
                inside = state.copy()
                inside.there.pop("video", None)  # an item publishes a video of its own, in a folder of its own
                self.branch(node.arms[0], inside)
            else:
                self._release(node, state)
                self._check_published(node, state)
                state.make(node)
            state.passed |= {detour.name for detour in branch.detours.values() if detour.leader == node.name}
        return state

    def _check_looks(self, node: Node, state: State) -> None:
        """What a condition looks at, and what a prompt can do without, is made on some way to here: side by side is by chance."""
        for at, name, what in _looks(node, self._tree):
            if name not in state.passed and name in self._known:
                self._report.add(
                    "WF052",
                    self._tree.source,
                    at,
                    f"{what} is not there yet: no step before {node.name!r} makes it",
                    "put it behind the step, or behind the parallel block that holds it",
                )

    def _check_published(self, node: Node, state: State) -> None:
        for name in makes(node):
            if "video" in DERIVED.get(name, ()) and "video" in state.there:
                self._report.add(
                    "WF030",
                    self._tree.source,
                    node.at,
                    f"it makes the {name} anew after {state.there['video']!r} has published it",
                    "put it before the release",
                    key=True,
                )

    def _choose(self, node: Node, before: State) -> State:
        ends = [self.branch(arm, before) for arm in node.arms]
        if all(arm.when is not None for arm in node.arms):
            ends.append(before)
        if not ends:
            return before
        after = before.copy()
        after.there = {name: maker for name, maker in ends[0].there.items() if all(name in end.there for end in ends)}
        after.shown = frozenset.intersection(*(end.shown for end in ends))
        after.passed = frozenset().union(*(end.passed for end in ends))
        for end in ends:
            lost = set(end.there) - set(after.there)
            after.gone.update({name: f"not every arm of {node.name!r} makes it" for name in lost})
            after.gone.update({name: why for name, why in end.gone.items() if name not in after.there})
        return after

    def _parallel(self, node: Node, before: State) -> State:
        self._check_arms(node)
        ends = [self.branch(arm, before) for arm in node.arms]
        after = before.copy()
        for end in ends:
            after.there.update({name: maker for name, maker in end.there.items() if before.there.get(name) != maker})
            after.gone.update(end.gone)
            after.passed |= end.passed
        after.there = {name: maker for name, maker in after.there.items() if not self._lost(name, before, ends)}
        return after

    def _lost(self, name: str, before: State, ends: Sequence[State]) -> bool:
        return name in before.there and any(name not in end.there for end in ends)

    def _check_arms(self, node: Node) -> None:
        made: dict[str, tuple[str, str]] = {}
        for arm in node.arms:
            for step in _steps(arm):
                # What the steps of a map inside an arm make stays in the folders of its items.
                for name in makes(step) if step.map == node.map else ():
                    arm_name, other = made.setdefault(name, (arm.name, step.name))
                    if arm_name != arm.name:
                        self._report.add(
                            "WF036",
                            self._tree.source,
                            step.at,
                            f"{other!r} makes the {name} at the same time, in the arm {arm_name!r}",
                            "let one arm make it, or run them one after the other",
                            key=True,
                        )
        for arm in node.arms:
            for step in _steps(arm):
                own = {name for one in _steps(arm) if one.map in (node.map, step.map) for name in makes(one)}
                for name in needs(step, self._uses):
                    if name in made and made[name][0] != arm.name and name not in own:
                        self._report.add(
                            "WF036",
                            self._tree.source,
                            step.at,
                            f"it needs the {name} that {made[name][1]!r} makes at the same time, in the arm {made[name][0]!r}",
                            "put it after the parallel block",
                            key=True,
                        )

    def _check_needs(self, node: Node, state: State) -> None:
        for name in needs(node, self._uses):
            if name not in state.there:
                message, fix = self._missing(node, name, state)
                self._report.add("WF030", self._tree.source, node.at, message, fix, key=True)

    def _missing(self, node: Node, name: str, state: State) -> tuple[str, str]:
        what = f"the {node.kind} {'block' if node.is_block else 'step'} needs the {name}"
        if name in state.gone:
            return f"{what}; {state.gone[name]}", (
                "let every arm make it"
                if state.gone[name].startswith("not every")
                else f"make the {name} again after that"
            )
        if name in self.made:
            makers = [step for step in self._tree.steps if name in makes(step)]
            if makers[0].map is not None and makers[0].map != node.map:
                return f"{what}, which {makers[0].name!r} makes for each item of {makers[0].map!r}", (
                    "what a map makes is not visible after it; put the step into the map"
                )
            return f"{what}, which {makers[0].name!r} makes only later", "put that step first"
        if name in _MAKER:
            return f"{a(node.kind)} step needs {a(_MAKER[name])} step before it", ""
        return f"{what}, which no step makes", did_you_mean(name, sorted(self.made))

    def _release(self, node: Node, state: State) -> None:
        source = self._tree.source
        if node.kind == "approve":
            words = (
                [word for word in node.own.get("show", ()) if isinstance(word, str)]
                if isinstance(node.own.get("show"), list)
                else []
            )
            for index, word in enumerate(words):
                if word in _SHOWN and word not in state.there and word not in needs(node, self._uses):
                    self._report.add(
                        "WF034",
                        source,
                        (*node.at, "approve", "show", index),
                        f"no step before this one makes the {word}",
                    )
            # A misspelt word was meant to be one of these; that it is none has been reported.
            state.shown = frozenset(words) if set(words) <= set(_SHOWN) else frozenset(_SHOWN)
        elif node.kind == "video" and "approval" in state.there and not {"script", "slides"} <= state.shown:
            missing = " and the ".join(sorted({"script", "slides"} - state.shown))
            self._report.add(
                "WF034",
                source,
                node.at,
                f"the video would publish the {missing}, which nobody is shown before",
                "add it to the approve step's show",
                key=True,
            )


def _looks(node: Node, tree: Outline) -> Iterator[tuple[KeyPath, str, str]]:
    """What a step or block looks at without needing it: place, artifact or step, how it is said."""
    for index, name in enumerate(optional(node) if node.kind in MAY_DO_WITHOUT else ()):
        yield (*node.at, "optional", index), name, f"the {name}"
    for arm in node.arms if node.kind == "choose" else ():
        for at, test in _tests(tree.source.get(arm.when, dict), arm.when) if arm.when else ():
            output, ref, failed = test.get("output"), test.get("field"), test.get("failed")
            if isinstance(output, str):
                yield (*at, "output"), output.partition(".")[0], f"{output!r}"
            elif isinstance(ref, str):
                yield (*at, "field"), "data", f"the field {ref!r}"
            elif isinstance(failed, str) and _stands_before(failed, node, tree):
                yield (*at, "failed"), failed, f"the outcome of {failed!r}"


def _stands_before(name: str, node: Node, tree: Outline) -> bool:
    """Whether a step stands above in the file, outside a map of its own; of another, conditions.py tells."""
    above = list(takewhile(lambda one: one.name != node.name, tree.nodes))
    return any(one.name == name and one.map in (None, node.map) for one in above)


def _steps(branch: Branch) -> list[Node]:
    """The steps and maps of a sequence, also those inside blocks, with their detours. What a map makes stays in it."""
    found: list[Node] = []
    for node in branch.everything:
        found.append(node)
        for arm in node.arms:
            found += _steps(arm)
    return found


def _check_outputs(tree: Outline, end: State, made: set[str], report: Report) -> None:
    for at, name in tree.source.walk(("output",)):
        if not isinstance(name, str) or name in end.there:
            continue
        if name not in made:
            report.add("WF063", tree.source, at, f"no step makes {name!r}", did_you_mean(name, sorted(made)))
        else:
            why = end.gone.get(name, "it stays inside a map")
            report.add("WF063", tree.source, at, f"not every way to the end makes the {name}: {why}", "remove it")
