"""`check`: everything that is wrong with the definitions, in one pass, each problem at its line and column.

dags/review/workflow.yaml:12:7 WF031 steps.check.catch[0].go: no step is named 'corect'; did you mean 'correct'?
   12 │     catch: [{on: BusinessValidationError, go: corect}]
      │                                               ^
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.check_packs import pack_problems
from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.terminal import Terminal, clipped, counted, safe
from workflow_orchestrator.definition import Configuration, Report, load_workflow
from workflow_orchestrator.definition.model import WriteStep
from workflow_orchestrator.definition.problems import did_you_mean
from workflow_orchestrator.errors import ConfigurationError, DefinitionError

if TYPE_CHECKING:
    from workflow_orchestrator.authoring.cli import Session
    from workflow_orchestrator.authoring.project import Project
    from workflow_orchestrator.definition.model import Workflow


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="a workflow, by name or path; none: all of them")
    parser.add_argument("--all", action="store_true", help="all workflows, which is what no name means too")
    parser.set_defaults(run=check)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in one subject: a workflow, or a file of the platform's that all of them rest on."""

    subject: str
    problems: tuple[Mapping[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        return {"subject": self.subject, "good": not self.problems, "problems": list(self.problems)}


def check(session: Session, options: argparse.Namespace) -> int:
    """Checks workflows and the configuration that they rest on."""
    if options.all and options.names:
        raise UsageError("name workflows or say --all, not both")
    started = time.monotonic()
    project = session.project
    folders = project.folders(options.names)
    results = [*check_platform(project)]
    if not any(result.problems for result in results if result.subject.endswith("orchestrator.yaml")):
        configuration = project.configuration()
        done: set[str] = set()  # a pack that several workflows name is looked at once
        results += [check_folder(project, folder, configuration, done) for folder in folders]
    seconds = time.monotonic() - started
    problems = sum(len(result.problems) for result in results)
    if session.json:
        session.emit(
            {
                "good": not problems,
                "problems": problems,
                "seconds": round(seconds, 3),
                "subjects": [result.to_json() for result in results],
            }
        )
    else:
        _print(session.terminal, project.root, results, seconds, len(folders))
    return exits.PROBLEMS if problems else exits.GOOD


def check_platform(project: Project) -> list[Checked]:
    """The platform's own files, `include/orchestrator.yaml` and `include/llm.yaml`."""
    from llm_orchestration import RouteConfigError, load_routes

    results = []
    try:
        project.configuration()
        results.append(Checked("include/orchestrator.yaml", ()))
    except ConfigurationError as error:
        results.append(Checked("include/orchestrator.yaml", _problems(error, project.include / "orchestrator.yaml")))
    routes = project.include / "llm.yaml"
    try:
        load_routes(routes)
        results.append(Checked("include/llm.yaml", ()))
    except RouteConfigError as error:
        lines = error.problems if isinstance(getattr(error, "problems", None), Sequence) else [str(error)]
        results.append(Checked("include/llm.yaml", tuple(_route_problem(str(line)) for line in lines)))
    return results


def check_folder(
    project: Project, folder: Path, configuration: Configuration | None = None, done: set[str] | None = None
) -> Checked:
    """One workflow with its scenarios, and those of its compliance packs that are not in `done`."""
    include = project.include_of(folder)
    own = include == project.include
    try:
        workflow = load_workflow(folder, include, configuration if own else None)
    except (DefinitionError, ConfigurationError) as error:
        return Checked(folder.name, _problems(error, folder / "workflow.yaml"))
    words = (*_words(project, workflow), *pack_problems(project.root, workflow, set() if done is None else done))
    if words or not (folder / "scenarios.yaml").is_file():
        return Checked(folder.name, words)
    from workflow_orchestrator.scenarios import load_scenarios

    try:
        load_scenarios(workflow)
    except DefinitionError as error:
        return Checked(folder.name, _problems(error, folder / "scenarios.yaml"))
    return Checked(folder.name, ())


def _words(project: Project, workflow: Workflow) -> tuple[Mapping[str, Any], ...]:
    """What is wrong with the sentence files and the terminology beside them.

    Looked at here and when a script is written, and not when Airflow parses the DAG: that would cost every parse, and a slip in one
    language would take away the runs of all.
    """
    from workflow_orchestrator.script.narration import read_narration
    from workflow_orchestrator.script.terms import terms_beside

    report = Report(project.root)
    writes = [step for step in workflow.steps if isinstance(step, WriteStep)]
    files = {path for step in writes for path in step.narration.values()}
    for path in sorted(files):
        read_narration(path, workflow.fields, report)
    read = {terms_beside(path, language).name for step in writes for language, path in step.narration.items()}
    for path in sorted((workflow.include / "prompts" / workflow.name).glob("term*.y*ml")):
        if path.name not in read:
            report.add_at("WF013", path, 1, 1, "", f"nothing reads {path.name}", did_you_mean(path.name, sorted(read)))
    return tuple(problem.to_json() for problem in report.problems)


def _problems(error: DefinitionError | ConfigurationError, path: Path) -> tuple[Mapping[str, Any], ...]:
    found = error.details.get("problems")
    if found:
        return tuple(found)
    return ({"code": "", "path": path.name, "line": 1, "column": 1, "where": "", "message": error.message, "fix": ""},)


def _route_problem(line: str) -> dict[str, Any]:
    """A problem of the model routes, `llm.yaml:12:7: routes.x: …`, in the shape of the others."""
    place, _, message = line.partition(": ")
    file, _, position = place.partition(":")
    numbers = position.split(":")
    if len(numbers) != 2 or not all(number.isdecimal() for number in numbers):
        file, numbers, message = "llm.yaml", ["1", "1"], line
    return {
        "code": "",
        "path": f"include/{file}",
        "line": int(numbers[0]),
        "column": int(numbers[1]),
        "where": "",
        "message": message,
        "fix": "",
    }


def _print(terminal: Terminal, root: Path, results: Sequence[Checked], seconds: float, workflows: int) -> None:
    wrong = [result for result in results if result.problems]
    for result in wrong:
        print_problems(terminal, root, result.problems)
    total = sum(len(result.problems) for result in wrong)
    checked = counted(workflows, "workflow")
    if total:
        where = counted(len({problem["path"] for result in wrong for problem in result.problems}), "file")
        terminal.say(terminal.styled(f"{counted(total, 'problem')} in {where}; {checked} checked.", "red"))
    else:
        terminal.say(terminal.styled(f"Good: {checked} checked in {seconds:.2f} s.", "green"))


def print_problems(terminal: Terminal, root: Path, problems: Iterable[Mapping[str, Any]]) -> None:
    """Each problem in a line, and on a terminal the line of the file with a mark under the place."""
    for problem in problems:
        where = f" {problem['where']}:" if problem["where"] else ""
        fix = f"; {problem['fix']}" if problem["fix"] else ""
        place = f"{problem['path']}:{problem['line']}:{problem['column']}"
        code = f" {problem['code']}" if problem["code"] else ""
        terminal.say(f"{terminal.styled(safe(place), 'bold')}{code}{safe(where)} {safe(problem['message'] + fix)}")
        if terminal.interactive:
            for line in snippet(root / problem["path"], problem["line"], problem["column"], terminal.width):
                terminal.say(terminal.styled(line, "dim"))


def snippet(path: Path, line: int, column: int, width: int) -> list[str]:
    """A line of a file with a mark under a column; nothing where the file cannot be read or ends before."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    if not 0 < line <= len(lines):
        return []
    # A tab takes one column, so that the mark stands where the position says.
    text = safe(lines[line - 1].replace("\t", " "))
    room = max(20, width - 12)
    start = max(0, column - room * 2 // 3) if len(text) > room else 0
    shown = ("…" if start else "") + text[start:]
    mark = column - 1 - start + (1 if start else 0)
    return [f"  {line:>6} │ {clipped(shown, room)}", f"  {'':>6} │ {' ' * max(0, mark)}^"]
