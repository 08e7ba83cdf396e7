"""Names: each step, block, arm and artifact has its own, and none is the platform's."""

from __future__ import annotations

from collections.abc import Iterator

from workflow_orchestrator.definition.checks.making import makes
from workflow_orchestrator.definition.flow import ARTIFACTS
from workflow_orchestrator.definition.outline import Outline
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.source import KeyPath
from workflow_orchestrator.definition.variables import RESERVED, RESERVED_ITEMS

# The platform gives these names to tasks of its own.
TAKEN = ("continue", "fail", "record_execution")
TAKEN_ENDINGS = ("_settled", "_continued", "_joined", "_each")


def check_names(tree: Outline, report: Report) -> None:
    """Reports names that are given twice, or that the platform uses itself."""
    seen: dict[str, tuple[KeyPath, str]] = {}
    for name, at, what in _named(tree):
        _check_taken(name, at, what, True, tree, report)
        _check_twice(name, at, what, seen, True, tree, report)
    for node in tree.nodes:
        arms: dict[str, tuple[KeyPath, str]] = {}
        for index, arm in enumerate(node.arms if node.kind == "choose" else ()):
            place: KeyPath = (*node.at, "choose", index, "name")
            if tree.source.get(place, str) is None:
                place = place[:-1]
            _check_twice(arm.name, place, "an arm", arms, False, tree, report)
    _check_copies(tree, report)
    _check_artifacts(tree, report)
    _check_items(tree, report)


def _check_copies(tree: Outline, report: Report) -> None:
    """Airflow tells the copies of a task in a map apart by their number: `translate_0`, `translate_1`."""
    mapped = {node.name for node in tree.nodes if node.map}
    for name, at, what in _named(tree):
        stem, _, number = name.rpartition("_")
        if number.isdecimal() and stem in mapped:
            report.add(
                "WF035",
                tree.source,
                at,
                f"{name!r} is also what item {number} of {stem!r} is called, which stands in a map",
                f"rename {what} {name!r}",
                key=True,
            )


def _named(tree: Outline) -> Iterator[tuple[str, KeyPath, str]]:
    """Every name of the file with its place and what it names. Arms are named within their block."""
    for node in tree.nodes:
        yield node.name, node.at, "a block" if node.is_block else "a step"
    for node in tree.last:
        yield node.name, node.at, "a message"


def _check_twice(
    name: str, at: KeyPath, what: str, seen: dict[str, tuple[KeyPath, str]], key: bool, tree: Outline, report: Report
) -> None:
    first = seen.setdefault(name, (at, what))
    if first[0] != at:
        line = tree.source.key_position(first[0])[0]
        report.add(
            "WF035",
            tree.source,
            at,
            f"the name {name!r} is given to {first[1]} in line {line} already",
            "a name is given once in the whole file",
            key=key,
        )


def _check_taken(name: str, at: KeyPath, what: str, key: bool, tree: Outline, report: Report) -> None:
    ending = next((ending for ending in TAKEN_ENDINGS if name.endswith(ending)), None)
    if name in TAKEN:
        report.add("WF035", tree.source, at, f"the platform uses the name {name!r} itself", "choose another", key=key)
    elif ending is not None:
        report.add(
            "WF035",
            tree.source,
            at,
            f"the platform makes names of its own that end in {ending!r}",
            f"rename {what} {name!r}",
            key=key,
        )


def _check_artifacts(tree: Outline, report: Report) -> None:
    for node in tree.nodes:
        if node.kind != "generate":
            continue
        into = node.own.get("into")
        at = (*node.at, "generate", "into") if isinstance(into, str) else node.at
        name = into if isinstance(into, str) else node.name
        if name in ARTIFACTS or name in RESERVED:
            what = "artifact" if name in ARTIFACTS else "variable of every prompt"
            report.add(
                "WF035",
                tree.source,
                at,
                f"{name!r} is the platform's own {what}",
                "choose another name with 'into'",
                key=not isinstance(into, str),
            )


def _check_items(tree: Outline, report: Report) -> None:
    made = {name for node in tree.steps if node.kind in ("generate", "call") for name in makes(node)}
    for node in tree.nodes:
        name = node.own.get("as") if node.kind == "map" else None
        if not isinstance(name, str):
            continue
        at = (*node.at, "map", "as")
        if name in RESERVED_ITEMS or name in ARTIFACTS:
            report.add("WF035", tree.source, at, f"{name!r} is the platform's own name", "choose another")
        elif name in made:
            report.add("WF035", tree.source, at, f"{name!r} is the artifact of a generate step", "choose another")
