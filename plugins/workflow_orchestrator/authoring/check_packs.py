"""The compliance packs of a workflow, as `check` looks at them: what they say, and whether their own examples come out as they claim.

Looked at here and when a script is judged, and not when Airflow parses the DAG: a slip in one pack would take away the runs of all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.errors import DefinitionError, OrchestratorError

if TYPE_CHECKING:
    from workflow_orchestrator.compliance import Rule
    from workflow_orchestrator.definition.model import Workflow


def pack_problems(root: Path, workflow: Workflow, done: set[str]) -> Iterator[Mapping[str, Any]]:
    """What is wrong with the packs that a workflow names and that are not in `done`, to which they are added."""
    from workflow_orchestrator.compliance import load_packs

    folder = workflow.include / "compliance"
    for name in workflow.rules.compliance_checks:
        if name in done:
            continue
        done.add(name)
        path = folder / f"{name}.yaml"
        try:
            (pack,) = load_packs(folder, (name,))
        except DefinitionError as error:
            yield from ({**problem, "path": _shown(root, Path(problem["path"]))} for problem in error.details["problems"])
            continue
        for rule in pack.rules:
            yield from _examples(root, path, rule)


def _examples(root: Path, path: Path, rule: Rule) -> Iterator[Mapping[str, Any]]:
    from workflow_orchestrator.compliance import Outcome
    from workflow_orchestrator.compliance.check import judge
    from workflow_orchestrator.compliance.examples import examples_of

    try:
        for example in examples_of(rule):
            came = {result.outcome for result in judge(rule, example.case)} or {Outcome.PASS}
            good = came <= {Outcome.PASS} if example.expected is Outcome.PASS else example.expected in came
            if not good:
                got = ", ".join(sorted(outcome.value for outcome in came))
                yield _problem(
                    root, path, rule, f"the example {example.name} should come out as {example.expected.value}, and is {got}"
                )
    except OrchestratorError as error:
        yield _problem(root, path, rule, f"an example cannot be judged: {error.message}")


def _problem(root: Path, path: Path, rule: Rule, message: str) -> Mapping[str, Any]:
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next((number for number, text in enumerate(lines, 1) if text.strip() in (f"- id: {rule.id}", f"id: {rule.id}")), 1)
    return {
        "code": "WF013",
        "path": _shown(root, path),
        "line": line,
        "column": 1,
        "where": f"rules.{rule.id}.examples",
        "message": message,
        "fix": "mend the rule or the example",
    }


def _shown(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
