"""`test`: the scenarios of workflows in this process, each with its time, what differs, and what no scenario exercises."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from difflib import ndiff
from pathlib import Path
from typing import TYPE_CHECKING

from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.terminal import Progress, Terminal, counted, safe
from workflow_orchestrator.definition import load_workflow, wording
from workflow_orchestrator.definition.problems import did_you_mean

if TYPE_CHECKING:
    from workflow_orchestrator.authoring.cli import Session
    from workflow_orchestrator.scenarios import Cell, Coverage, Report, Suite, SuiteEvent

FEW = 10
ARROW = " → "
_DIFFERS = re.compile(r"(?P<what>[^:]+): expected (?P<expected>.*), got (?P<got>.*)", re.DOTALL)


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="a workflow, by name or path")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="only these; coverage needs all of them")
    parser.add_argument("--all", action="store_true", help="every workflow that has scenarios")
    parser.add_argument("--list", action="store_true", help="list the scenarios, run none")
    parser.add_argument("--coverage", action="store_true", help="list everything that no scenario exercises")
    parser.set_defaults(run=test)


def test(session: Session, options: argparse.Namespace) -> int:
    """Runs scenarios; exit code 1 when one differs, a cell of the failure table is wrong, or coverage is below its floor."""
    folders = _folders(session, options)
    suites = [_suite(session, folder) for folder in folders]
    if options.scenarios:
        _refuse_unknown(suites[0], options.scenarios)
    if options.list:
        _list(session, suites)
        return exits.GOOD
    reports = []
    for folder in folders:
        reports.append(run_suite(session, folder, options.scenarios))
        if not session.json:
            print_report(session.terminal, reports[-1], every=options.coverage)
    if session.json:
        session.emit({"passed": all(report.passed for report in reports), "workflows": [r.to_json() for r in reports]})
    return exits.GOOD if all(report.passed for report in reports) else exits.PROBLEMS


def _folders(session: Session, options: argparse.Namespace) -> tuple[Path, ...]:
    if options.all == bool(options.name):
        raise UsageError("name one workflow, or say --all")
    if not options.all:
        folder = session.project.folder(options.name)
        if not (folder / "scenarios.yaml").is_file():
            raise UsageError(f"{folder.name} has no scenarios.yaml; write one beside its workflow.yaml")
        return (folder,)
    found = tuple(folder for folder in session.project.folders(()) if (folder / "scenarios.yaml").is_file())
    if not found:
        raise UsageError("no workflow in dags/ has a scenarios.yaml; make one with: scripts/workflow new NAME")
    return found


def _suite(session: Session, folder: Path) -> Suite:
    from workflow_orchestrator.scenarios import load_scenarios

    return load_scenarios(load_workflow(folder, session.project.include_of(folder)))


def _refuse_unknown(suite: Suite, names: Sequence[str]) -> None:
    known = [scenario.name for scenario in suite.scenarios]
    for name in names:
        if name not in known:
            raise UsageError(f"{suite.workflow} has no scenario {name!r}; {did_you_mean(name, known)}")


def _list(session: Session, suites: Sequence[Suite]) -> None:
    if session.json:
        session.emit(
            {suite.workflow: [{"name": one.name, "says": one.says} for one in suite.scenarios] for suite in suites}
        )
        return
    for suite in suites:
        session.terminal.heading(suite.workflow)
        session.terminal.table(("scenario", "what it shows"), [(one.name, one.says) for one in suite.scenarios])


def run_suite(session: Session, folder: Path, names: Sequence[str] = ()) -> Report:
    """Runs the scenarios of a workflow, all of them or those that are named, with its progress on the standard error."""
    from workflow_orchestrator.scenarios import run_all

    suite = _suite(session, folder)
    total = len(names) or len(suite.scenarios) + (1 if suite.failures else 0)
    with session.terminal.progress(total, folder.name) as progress:
        return run_all(folder, session.project.include_of(folder), names, lambda event: _tell(progress, event))


def _tell(progress: Progress, event: SuiteEvent) -> None:
    from workflow_orchestrator.scenarios.suite import FAILURES

    if event.result is not None:
        progress.step(f"{event.name} {'passed' if event.result.passed else 'FAILED'} in {event.result.seconds:.1f} s")
    elif event.name != FAILURES:
        progress.at(event.name)
    elif event.number == event.total:
        progress.step(f"failure table, {counted(event.total, 'cell')}")
    else:
        progress.at(f"failure table {event.number}/{event.total}")


def print_report(terminal: Terminal, report: Report, *, every: bool) -> None:
    """The report of one workflow; `every`: all of what is not exercised, else the first few."""
    terminal.heading(report.workflow)
    width = max((len(result.name) for result in report.results), default=0)
    for result in report.results:
        mark = terminal.styled("✓", "green") if result.passed else terminal.styled("✗", "red")
        cost = "" if not result.cost else f", {wording.money(result.cost)}"
        waited = "" if not result.waited else f", waited {wording.duration(result.waited)}"
        terminal.say(f"  {mark} {result.name:<{width}}  {result.seconds:6.2f} s  {result.outcome}{cost}{waited}")
        for line in result.failures:
            for part in difference(line):
                terminal.say(f"      {safe(part)}")
    if report.coverage is not None:
        _coverage(terminal, report.coverage, every=every)
    if report.cells:
        _cells(terminal, report.cells)
    _verdict(terminal, report)


def difference(line: str) -> list[str]:
    """`what: expected …, got …` as lines that can be compared; a path step by step."""
    match = _DIFFERS.fullmatch(line)
    if match is None:
        return [line]
    what, expected, got = match["what"], match["expected"], match["got"]
    if ARROW in expected or ARROW in got:
        steps = [item for item in ndiff(expected.split(ARROW), got.split(ARROW)) if not item.startswith("?")]
        return [f"{what}: − expected, + got", *(f"  {item.replace('- ', '− ', 1).rstrip()}" for item in steps)]
    return [what, f"  − expected {expected}", f"  + got      {got}"]


def _coverage(terminal: Terminal, coverage: Coverage, *, every: bool) -> None:
    from workflow_orchestrator.scenarios.model import MEASURES

    parts = []
    for measure in MEASURES:
        reached, there = coverage.counts(measure)
        floor = coverage.floor.get(measure)
        said = f"{measure} {reached}/{there}" + (f" (floor {floor} %)" if floor is not None else "")
        parts.append(said if there else f"{measure} none")
    terminal.say(f"  coverage: {', '.join(parts)}")
    shown = coverage.missing if every else coverage.missing[:FEW]
    for point in shown:
        terminal.say(terminal.styled(f"    {safe(str(point))}", "dim"))
    if len(shown) < len(coverage.missing):
        terminal.say(f"    … and {len(coverage.missing) - len(shown)} more; --coverage lists them")


def _cells(terminal: Terminal, cells: Sequence[Cell]) -> None:
    wrong = [cell for cell in cells if cell.wrong]
    terminal.say(
        f"  failure table: {counted(len(cells) - len(wrong), 'cell')} proven"
        + (f", {len(wrong)} wrong" if wrong else "")
    )
    for cell in wrong:
        terminal.say(f"    {cell.step}, {cell.error}: {safe(cell.wrong)}")


def _verdict(terminal: Terminal, report: Report) -> None:
    count = f"{counted(len(report.results), 'scenario')} in {report.seconds:.1f} s"
    if report.passed:
        terminal.say(terminal.styled(f"Good: {count}.", "green"))
        return
    reasons = [f"{counted(len(report.failed), 'scenario')} failed"] if report.failed else []
    reasons += [f"{counted(len(report.wrong), 'cell')} of the failure table wrong"] if report.wrong else []
    reasons += list(report.coverage.below) if report.coverage else []
    terminal.say(terminal.styled(f"{'; '.join(reasons)} ({count}).", "red"))
