"""`docs`: the page of each workflow, their list, the references of language and checks. `--check` says whether they are current."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.pages import index, page
from workflow_orchestrator.authoring.reference import reference
from workflow_orchestrator.authoring.rules_page import rules_page
from workflow_orchestrator.authoring.terminal import counted
from workflow_orchestrator.definition import load_workflow

if TYPE_CHECKING:
    from workflow_orchestrator.authoring.cli import Session
    from workflow_orchestrator.authoring.project import Project

INDEX, REFERENCE, RULES = "README.md", "language.md", "rules.md"


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="a workflow; none: all, their list, and the reference")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page is not current")
    parser.set_defaults(run=docs)


def docs(session: Session, options: argparse.Namespace) -> int:
    """Writes the pages, or checks them."""
    wanted = made(session.project, options.names)
    stale = [path for path, text in wanted.items() if _content(path) != text]
    gone = [] if options.names else _without_workflow(session.project, wanted)
    if not options.check:
        for path in stale:
            write(path, wanted[path])
        for path in gone:
            path.unlink()
    shown = [path.relative_to(session.project.root).as_posix() for path in stale]
    left = [path.relative_to(session.project.root).as_posix() for path in gone]
    if session.json:
        session.emit({"pages": len(wanted), "check": options.check, "stale": shown, "without_workflow": left})
    else:
        _print(session, shown, left, len(wanted), check=options.check)
    return exits.PROBLEMS if options.check and (stale or gone) else exits.GOOD


def made(project: Project, names: list[str]) -> dict[Path, str]:
    """Each page with its text.

    Raises:
        UsageError: a workflow is named that does not lie in dags/.
        DefinitionError: a workflow has problems.
    """
    folders = project.folders(names)
    outside = [folder for folder in folders if folder.parent != project.dags]
    if outside:
        raise UsageError(f"{outside[0]} does not lie in dags/; pages are made of the project's own workflows")
    workflows = [load_workflow(folder, project.include) for folder in folders]
    pages = {project.pages / f"{workflow.name}.md": page(workflow) for workflow in workflows}
    if not names:
        pages[project.pages / INDEX] = index(workflows)
        pages[project.root / "docs" / REFERENCE] = reference()
        pages[project.root / "docs" / RULES] = rules_page()
    return pages


def write(path: Path, text: str) -> None:
    """A whole file or none: written beside its place and renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _content(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _without_workflow(project: Project, wanted: Iterable[Path]) -> list[Path]:
    """Pages of workflows that are gone."""
    return sorted(path for path in project.pages.glob("*.md") if path not in set(wanted))


def _print(session: Session, stale: list[str], gone: list[str], total: int, *, check: bool) -> None:
    terminal = session.terminal
    for name in stale:
        terminal.say(f"{name} {'is not current' if check else 'written'}")
    for name in gone:
        terminal.say(f"{name} {'belongs to no workflow' if check else 'removed; it belonged to no workflow'}")
    if check and (stale or gone):
        terminal.say("Run: scripts/workflow docs")
    elif not stale and not gone:
        terminal.say(f"{counted(total, 'page')} current")
