"""`diff`: what changed between two definitions, for people who review words, rules and money and read no YAML.

$ scripts/workflow diff main:fund_factsheet_video fund_factsheet_video
fund_factsheet_video  main:fund_factsheet_video → fund_factsheet_video
Can change what is published
  ~ prompt extract_factsheet_data +2 −1 lines, version still 1
  + new field risk (decimal)
Cost and limits
  ~ budget.usd: 0.4 → 0.56 (+40 %)
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.changes import TITLES, Change, grouped
from workflow_orchestrator.authoring.check import print_problems
from workflow_orchestrator.authoring.compare import compare
from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.revisions import Side, opened, understand
from workflow_orchestrator.authoring.terminal import Terminal, counted, safe
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import ConfigurationError, DefinitionError

if TYPE_CHECKING:
    from workflow_orchestrator.authoring.cli import Session

MARKS = {"added": "+", "removed": "−", "changed": "~"}
_STYLES = {"added": "green", "removed": "red", "changed": "yellow"}


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument(
        "old",
        metavar="OLD",
        help="a workflow, a folder, a git revision (HEAD~1, main) or revision:workflow; a revision alone compares all",
    )
    parser.add_argument("new", nargs="?", metavar="NEW", help="the same; without it, what lies on the disk now")
    parser.add_argument("--markdown", action="store_true", help="as Markdown, for a merge request")
    parser.set_defaults(run=diff)


@dataclass(frozen=True, slots=True)
class Compared:
    """One workflow on both sides: its changes, or the problems of a side that cannot be read."""

    name: str
    old: Side
    new: Side
    changes: tuple[Change, ...] = ()
    problems: Mapping[str, Sequence[Mapping[str, Any]]] | None = None
    digests: tuple[str, str] = ("", "")

    def to_json(self) -> dict[str, Any]:
        return {
            "workflow": self.name,
            "old": {"side": self.old.label, "definition": self.digests[0] or None},
            "new": {"side": self.new.label, "definition": self.digests[1] or None},
            "changes": [change.to_json() for change in self.changes],
            "problems": {label: list(found) for label, found in (self.problems or {}).items()},
        }


def diff(session: Session, options: argparse.Namespace) -> int:
    """Compares; exit code 1 only when a side cannot be read."""
    if options.json and options.markdown:
        raise UsageError("say --json or --markdown, not both")
    project = session.project
    old = understand(project, options.old)
    new = understand(project, options.new) if options.new else None
    if new is None and not old.revision:
        raise UsageError(
            f"compare {options.old} with what? name a second folder, or a revision such as HEAD~1:{options.old}"
        )
    with opened(project, old, new) as pairs:
        results = [_compared(name, before, after) for name, before, after in pairs]
        if session.json:
            session.emit({"workflows": [result.to_json() for result in results]})
        elif options.markdown:
            session.terminal.say(to_markdown(results))
        else:
            for result in results:
                _print(session.terminal, result)
    return exits.PROBLEMS if any(result.problems for result in results) else exits.GOOD


def _compared(name: str, old: Side, new: Side) -> Compared:
    if old.folder is None and new.folder is None:
        raise UsageError(f"neither side has a workflow {name!r}")
    problems: dict[str, Sequence[Mapping[str, Any]]] = {}
    loaded = [_loaded(side, problems) for side in (old, new)]
    if problems:
        return Compared(name, old, new, problems=problems)
    before, after = loaded
    digests = (before.digest if before else "", after.digest if after else "")
    if before is None or after is None:
        return Compared(name, old, new, (_whole(name, before, after),), digests=digests)
    return Compared(name, old, new, tuple(compare(before, after)), digests=digests)


def _loaded(side: Side, problems: dict[str, Sequence[Mapping[str, Any]]]) -> Workflow | None:
    if side.folder is None:
        return None
    try:
        return load_workflow(side.folder, side.project.include_of(side.folder))
    except (DefinitionError, ConfigurationError) as error:
        problems[side.label] = error.details.get("problems") or [
            {"code": "", "path": side.label, "line": 1, "column": 1, "where": "", "message": error.message, "fix": ""}
        ]
        return None


def _whole(name: str, old: Workflow | None, new: Workflow | None) -> Change:
    """A workflow that only one side has."""
    from workflow_orchestrator.authoring.changes import Topic

    there = new or old
    if there is None:
        raise AssertionError("one side has it")
    steps = counted(len(there.steps), "step")
    if new is None:
        return Change(Topic.PUBLISHED, "removed", name, f"workflow {name} removed ({there.title}, {steps})")
    return Change(Topic.PUBLISHED, "added", name, f"new workflow {name} ({there.title}, {steps}, owner {there.owner})")


def _print(terminal: Terminal, result: Compared) -> None:
    terminal.heading(f"{result.name}  {result.old.label} → {result.new.label}")
    for label, problems in (result.problems or {}).items():
        terminal.say(terminal.styled(f"  {label} cannot be read: {counted(len(problems), 'problem')}", "red"))
        side = result.old if label == result.old.label else result.new
        print_problems(terminal, side.project.root, problems)
    if not result.changes and not result.problems:
        terminal.say("  no change")
    for topic, changes in grouped(result.changes).items():
        terminal.say(f"  {TITLES[topic]}")
        for change in changes:
            terminal.say(f"    {terminal.styled(MARKS[change.sort], _STYLES[change.sort])} {safe(change.text)}")


def to_markdown(results: Sequence[Compared]) -> str:
    """The changes as a comment for a merge request; workflows without a change are counted, not listed."""
    parts = []
    for result in results:
        if not result.changes and not result.problems:
            continue
        lines = [f"### {result.name}", ""]
        for label, problems in (result.problems or {}).items():
            lines += [f"**`{label}` cannot be read:**", ""]
            lines += [f"- `{one['path']}:{one['line']}:{one['column']}` {_plain(one['message'])}" for one in problems]
        for topic, changes in grouped(result.changes).items():
            lines += [f"**{TITLES[topic]}**", ""]
            lines += [f"- {MARKS[change.sort]} {_plain(change.text)}" for change in changes]
            lines.append("")
        if result.digests[1]:
            lines.append(f"<sub>{result.digests[0][:19] or 'none'} → {result.digests[1][:19]}</sub>")
        parts.append("\n".join(lines).rstrip())
    same = sum(not result.changes and not result.problems for result in results)
    if same:
        parts.append(f"No change in {counted(same, 'workflow')}.")
    return "\n\n".join(parts)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    text = safe(text).replace("\n", " ")
    for char in "\\`*[]<>|":
        text = text.replace(char, f"\\{char}")
    return text
