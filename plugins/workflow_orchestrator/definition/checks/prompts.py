"""Every variable of a prompt has a source: the kind of step, the parameters, the item of a map, what an earlier step made.

What a prompt says of an artifact (`outlook.tone`) must be in the answer of every step that makes it, a detour's among them, and of one
type in all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from workflow_orchestrator.definition.build import Use
from workflow_orchestrator.definition.checks.making import MAY_DO_WITHOUT, makes, optional
from workflow_orchestrator.definition.checks.subjects import Subjects
from workflow_orchestrator.definition.flow import ARTIFACTS
from workflow_orchestrator.definition.outline import Node, Outline
from workflow_orchestrator.definition.output_file import at_path, resolve, types_of
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.templates import Name, Template
from workflow_orchestrator.definition.variables import PARAMETERS, PROVIDED, READS


def find_uses(tree: Outline, prompts: Mapping[str, Template]) -> Mapping[str, Use]:
    """What each prompt uses of what steps make, by step."""
    known = made_by_name(tree)
    uses: dict[str, Use] = {}
    for node in tree.steps:
        template = prompts.get(node.name)
        if template is not None and node.kind in PROVIDED:
            own = PROVIDED[node.kind]
            uses[node.name] = Use(
                tuple(name for name in template.roots if name in known and name not in own),
                tuple(READS[node.kind, name] for name in template.roots if (node.kind, name) in READS),
            )
    return uses


def made_by_name(tree: Outline) -> frozenset[str]:
    """The artifacts that a prompt names by their own name: those of generate steps, taken ones among them."""
    return frozenset(
        name
        for node in tree.steps
        if node.kind in ("generate", "call")
        for name in makes(node)
        if name not in ARTIFACTS
    )


def check_prompts(
    tree: Outline, prompts: Mapping[str, Template], subjects: Subjects, uses: Mapping[str, Use], report: Report
) -> None:
    """Reports variables that nothing provides, keys that an answer lacks, and lists of variables that do not agree."""
    checker = _Checker(tree, subjects, report)
    names = [node.name for node in tree.nodes]
    for node in tree.steps:
        template = prompts.get(node.name)
        # Of two steps with one name, it is not known which prompt was meant.
        if template is not None and node.kind in PROVIDED and names.count(node.name) == 1:
            unknown = checker.prompt(node, template)
            if not unknown:
                # A misspelt name in the prompt is one problem, not two.
                checker.optional(node, uses.get(node.name, Use()))
    checker.stand_ins()


class _Checker:
    def __init__(self, tree: Outline, subjects: Subjects, report: Report) -> None:
        self._tree = tree
        self._subjects = subjects
        self._report = report
        self._made = made_by_name(tree)
        self._parameters = subjects.parameters()
        self._paths: dict[str, set[tuple[str, ...]]] = {}

    def prompt(self, node: Node, template: Template) -> Sequence[str]:
        """Checks what a prompt uses; returns the variables that nothing provides."""
        item = self._subjects.item_name(node)
        known = [*PROVIDED[node.kind], PARAMETERS, *([item] if item else []), *sorted(self._made)]
        unknown = [root for root in template.roots if root not in known]
        for root in unknown:
            first = template.first(root)
            self._tell(first, f"nothing provides {root!r} to {node.name!r}", self._meant(root, known))
        self._declared(template, unknown)
        for name in template.names:
            if name.root == PARAMETERS and len(name.path) > 1 and name.path[1] not in self._parameters:
                fix = did_you_mean(name.path[1], self._parameters)
                self._tell(name, f"there is no parameter {name.path[1]!r}", fix)
            elif name.root in self._made and name.root not in PROVIDED[node.kind]:
                self._key(name)
        return unknown

    def _meant(self, root: str, known: Sequence[str]) -> str:
        if root in self._parameters:
            return f"write {PARAMETERS}.{root}"
        return did_you_mean(root, known)

    def _declared(self, template: Template, unknown: Sequence[str]) -> None:
        if template.front is None or template.declared is None:
            return
        at = ("variables",)
        missing = [root for root in template.roots if root not in template.declared and root not in unknown]
        for root in missing:
            self._report.add(
                "WF047", template.front, at, f"the prompt uses {root!r}, which its list of variables lacks", "add it"
            )
        if unknown or missing:
            # A misspelt name is missing here and too much there: one problem is enough.
            return
        for index, name in enumerate(template.declared):
            if name not in template.roots:
                self._report.add(
                    "WF047", template.front, (*at, index), f"the prompt does not use {name!r}", "remove it"
                )

    def _key(self, name: Name) -> None:
        self._paths.setdefault(name.root, set()).add(name.path[1:])
        for maker, schema in self._subjects.schemas.get(name.root, {}).items():
            node, found, keys = at_path(schema, name.path[1:])
            if node is None:
                wrong = ".".join(name.path[: found + 2])
                self._tell(name, f"the answer of {maker!r} has no {wrong!r}", did_you_mean(name.path[found + 1], keys))

    def _tell(self, name: Name, message: str, fix: str) -> None:
        self._report.add_at("WF047", name.file, name.line, 1, "", message, fix)

    def optional(self, node: Node, use: Use) -> None:
        """What a step can do without is something that its prompt names."""
        for index, name in enumerate(optional(node)):
            if node.kind in MAY_DO_WITHOUT and name not in use.artifacts and name not in use.reads:
                self._report.add(
                    "WF047",
                    self._tree.source,
                    (*node.at, "optional", index),
                    f"the prompt of {node.name!r} does not use {name!r}",
                    did_you_mean(name, use.artifacts),
                )

    def stand_ins(self) -> None:
        """Reports answers of one artifact whose keys that are used have types that exclude each other."""
        for artifact, schemas in self._subjects.schemas.items():
            for path in sorted({*self._paths.get(artifact, ()), *self._compared(artifact)}):
                self._types(artifact, path, schemas)

    def _compared(self, artifact: str) -> Iterator[tuple[str, ...]]:
        for reference in self._references():
            root, *keys = reference.split(".")
            if root == artifact:
                yield tuple(keys)

    def _references(self) -> Iterator[str]:
        """The `output:` references of conditions and maps."""
        waiting: list[object] = [
            node.data.get("choose") if node.kind == "choose" else node.own.get("over")
            for node in self._tree.nodes
            if node.is_block
        ]
        while waiting:
            value = waiting.pop()
            if isinstance(value, dict):
                if isinstance(value.get("output"), str):
                    yield value["output"]
                waiting += [item for key, item in value.items() if key not in ("steps", "output")]
            elif isinstance(value, list):
                waiting += value

    def _types(self, artifact: str, path: tuple[str, ...], schemas: Mapping[str, Mapping[str, object]]) -> None:
        first: tuple[str, set[str]] | None = None
        for maker, schema in schemas.items():
            node, _, _ = at_path(schema, path)
            if node is None:
                continue
            types = set(_typed(node, schema)) if node else set()
            if first is None:
                first = (maker, types)
            elif types and first[1] and not types & first[1]:
                step = next(node for node in self._tree.steps if node.name == maker)
                shown = ".".join((artifact, *path))
                self._report.add(
                    "WF048",
                    self._tree.source,
                    (*step.at, step.kind, "output"),
                    f"{shown!r} is {' or '.join(sorted(types))} here and {' or '.join(sorted(first[1]))} "
                    f"in the answer of {first[0]!r}",
                    "give it one type in both: later steps read it from either",
                )


def _typed(node: Mapping[str, object], schema: Mapping[str, object]) -> Iterator[str]:
    """The types of a part of a schema in words; a list with the types of its items."""
    for kind in types_of(node):
        inner = resolve(node.get("items"), schema) if kind == "array" else None
        if inner:
            yield from (f"array of {item}" for item in _typed(inner, schema))
        else:
            yield "number" if kind == "integer" else kind
