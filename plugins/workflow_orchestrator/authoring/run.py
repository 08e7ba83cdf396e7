"""`run`: one document through a workflow in this process, without a server. The steps are the ones that run under Airflow.

    scripts/workflow run fund_factsheet_video factsheet.pdf --set audience=professional --out ./out/first

The results lie in `--out`, with the manifest. A run that is interrupted leaves no folder; one that waits for a person where nobody
can be asked leaves what there is to look at, and ends with 3.
"""

from __future__ import annotations

import argparse
import getpass
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.answers import AtTheTerminal, NeedsPerson, ReleasedBy
from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.terminal import Progress, Terminal, safe
from workflow_orchestrator.definition import check_conf, wording
from workflow_orchestrator.definition.flow import files_of, steps_of
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.problems import did_you_mean
from workflow_orchestrator.errors import ConfError
from workflow_orchestrator.progress import heard_by
from workflow_orchestrator.storage import LocalStorage

if TYPE_CHECKING:
    from workflow_orchestrator.authoring.cli import Session
    from workflow_orchestrator.authoring.project import Project
    from workflow_orchestrator.scenarios import Result, StepEvent

MARKS = {"success": "done", "failed": "failed", "up_for_retry": "will be tried again"}


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("name", metavar="NAME", help="a workflow, by name or path")
    parser.add_argument("document", metavar="DOCUMENT", help="a PDF")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter; a list as a,b or as JSON",
        dest="given",
    )
    parser.add_argument(
        "--out", metavar="DIR", help="a new folder for the results (default: ./out/<workflow>_<document>)"
    )
    add_people(parser)
    parser.set_defaults(run=run)


def add_people(parser: argparse.ArgumentParser) -> None:
    """Declares who answers what a run asks."""
    parser.add_argument("--by", metavar="NAME", help="who answers at this terminal (default: the login name)")
    parser.add_argument(
        "--approve-as", metavar="NAME", help="release in this name without asking; only where the profile is demo"
    )


class OutStorage(LocalStorage):
    """A folder in which the files of one run lie directly; everything else of the storage is kept apart in `.platform/`."""

    def __init__(self, root: Path, workflow: str) -> None:
        super().__init__(root)
        self._own = re.compile(rf"runs/{re.escape(workflow)}/local_[^/]+(?:/|\Z)")

    def _path(self, key: str) -> Path:
        own = self._own.match(key)
        return super()._path(key[own.end() :] or "." if own else f".platform/{key}")

    def list(self, prefix: str) -> Iterator[str]:
        own = self._own.match(prefix)
        # The files of the run, and not those that are kept apart, also where the whole of the run is asked for.
        before, after = (own.group().rstrip("/") + "/", "") if own else ("", ".platform/")
        for key in super().list(prefix):
            if key.startswith(".platform/") != bool(own):
                yield f"{before}{key.removeprefix(after)}"


def run(session: Session, options: argparse.Namespace) -> int:
    """Runs the document; exit code 0 when the run succeeded, also without something that it could do without."""
    project = session.project
    workflow = project.load(options.name)
    document = project.path(options.document)
    if not document.is_file():
        raise UsageError(f"{options.document} is a folder, no PDF" if document.is_dir() else f"there is no file {options.document}")
    conf = parameters(workflow, options.given)
    check(project, workflow, conf, options.approve_as)
    out = _out(session, options.out, workflow, document)
    return Run(session, workflow, document, conf, out, options.by or login(), options.approve_as).go()


def check(project: Project, workflow: Workflow, conf: Mapping[str, Any], approve_as: str | None) -> None:
    """Refuses parameters that a run would refuse, and a release without a person where the profile asks for one.

    Raises:
        UsageError: what to write instead.
    """
    try:
        check_conf(workflow, {**conf, "document": "document.pdf"})
    except ConfError as error:
        raise UsageError(error.message) from None
    if approve_as and project.configuration().profile != "demo":
        raise UsageError(
            "--approve-as releases what nobody has seen, and the profile is production; leave it out and answer here, or set "
            "GENAI_PLATFORM_PROFILE=demo"
        )


def parameters(workflow: Workflow, given: Sequence[str]) -> dict[str, Any]:
    """The parameters of `--set`, in the type that the workflow gives them.

    Raises:
        UsageError: it is not NAME=VALUE, the name is unknown, or the text is no such value.
    """
    from workflow_orchestrator.definition import trigger_form

    form = {name: entry for name, entry in trigger_form(workflow).items() if name != "document"}
    conf: dict[str, Any] = {}
    for text in given:
        name, equals, said = text.partition("=")
        if not equals:
            raise UsageError(f"--set {text}: write NAME=VALUE")
        if name not in form:
            raise UsageError(f"--set {name}: {workflow.name} has no such parameter; {did_you_mean(name, form)}")
        conf[name] = _value(name, said, form[name]["schema"])
    return conf


def _value(name: str, said: str, schema: Mapping[str, Any]) -> Any:
    kind = schema.get("type", "string")
    if kind == "array" and not said.startswith("["):
        return [part.strip() for part in said.split(",") if part.strip()]
    if kind == "string":
        return said
    try:
        return json.loads(said)
    except ValueError:
        raise UsageError(f"--set {name}={said}: that is not of type {kind}") from None


def _out(session: Session, given: str | None, workflow: Workflow, document: Path) -> Path:
    if given:
        out = session.project.path(given)
        if out.exists():
            raise UsageError(
                f"{given} exists already; name a new folder, so that no results of another run are mixed in"
            )
        return out
    base = session.project.path("out") / f"{workflow.name}_{document.stem}"
    number = 1
    out = base
    while out.exists():
        number += 1
        out = base.with_name(f"{base.name}-{number}")
    return out


def login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "somebody at the terminal"


@dataclass(frozen=True, slots=True)
class Run:
    """One run with everything that it was asked for."""

    session: Session
    workflow: Workflow
    document: Path
    conf: Mapping[str, Any]
    out: Path
    by: str
    approve_as: str | None

    def go(self) -> int:
        """Runs, shows what came of it, and says how the command ends."""
        ended = self.ended()
        if isinstance(ended, NeedsPerson):
            return self._stopped(ended)
        if self.session.json:
            self.session.emit({**ended.to_json(), "folder": str(self.out), "manifest": str(self.out / "manifest.json")})
        else:
            print_result(self.session.terminal, self.workflow, ended, self.out)
        return exits.PROBLEMS if ended.outcome == "failed" else exits.GOOD

    def ended(self) -> Result | NeedsPerson:
        """Runs and keeps: the result, or what nobody here could be asked; what was begun is taken away when it is broken off."""
        kept = False
        above = [path for path in self.out.parents if not path.exists()]
        self.out.mkdir(parents=True)
        try:
            ended = self._with_progress()
            kept = True
            return ended
        finally:
            if not kept:
                shutil.rmtree(self.out, ignore_errors=True)
                with suppress(OSError):  # somebody else has put something there meanwhile
                    for path in above:
                        path.rmdir()

    def _with_progress(self) -> Result | NeedsPerson:
        terminal = self.session.terminal
        progress = terminal.progress(len(steps_of(self.workflow.flow)), self.workflow.name)
        at_terminal = AtTheTerminal(
            terminal, self.session.stdin, self.by, self.out, not self.session.json, progress.aside
        )
        people = ReleasedBy(self.approve_as, at_terminal) if self.approve_as else at_terminal
        try:
            with progress, heard_by(lambda report: progress.part(str(report))):
                return self._result(people, progress)
        except NeedsPerson as stop:
            return stop

    def _result(self, people: AtTheTerminal | ReleasedBy, progress: Progress) -> Result:
        from workflow_orchestrator.scenarios import run_document

        storage = OutStorage(self.out, self.workflow.name)
        return run_document(
            self.workflow,
            self.document,
            self.conf,
            storage,
            lambda event: _tell(progress, event),
            people=people,
            triggered_by=login(),  # whoever answers under another name is somebody else; nobody proves that at a terminal
        )

    def _stopped(self, stop: NeedsPerson) -> int:
        session = self.session
        if session.json:
            data = {"needs_person": stop.step, "asks": stop.subject, "folder": str(self.out)}
            session.emit(data)
        else:
            session.terminal.say(f"{safe(str(stop))}")
            session.terminal.say(f"A person is needed, and this is no terminal. What there is to look at: {self.out}")
        return exits.NEEDS_A_PERSON


def _tell(progress: Progress, event: StepEvent) -> None:
    tries = f", try {event.number}" if event.number > 1 else ""
    if event.state in ("running", "waiting"):
        progress.at(f"{event.task}{tries}")
    elif event.state == "up_for_retry":
        progress.note(f"{event.task}{tries}: {_first(event.message)}; {MARKS[event.state]}")
    else:
        said = f": {_first(event.message)}" if event.message else ""
        progress.step(f"{event.task} {MARKS.get(event.state, event.state)}{tries}{said}")


def _first(message: str) -> str:
    return message.splitlines()[0] if message else ""


def print_result(terminal: Terminal, workflow: Workflow, result: Result, out: Path) -> None:
    """What came of it, in a few lines, with the files."""
    style = {"succeeded": "green", "degraded": "yellow", "failed": "red"}[result.outcome]
    terminal.say(terminal.styled(f"{workflow.title}: {result.outcome}", style) + f" in {result.seconds:.1f} s")
    error = result.error
    if error:
        terminal.say(f"  {error['step']} ended with {error.get('error')}:")
        for line in str(error.get("message", "")).splitlines():
            terminal.say(f"    {safe(line)}")
    for passed in result.manifest.get("degraded") or ():
        terminal.say(f"  without {passed.get('step')}: {passed.get('error')}: {safe(str(passed.get('message', '')))}")
    terminal.say(f"  {' → '.join(result.path)}")
    for name in result.artifacts:
        found = [file.rstrip("/") for file in files_of(name) if (out / file.rstrip("/")).exists()]
        terminal.say(f"  {name:<10} {', '.join(found)}")
    mode = result.manifest.get("mode", {}).get("says")
    if mode:
        terminal.say(f"  {safe(mode)}")
    if result.calls:
        terminal.say(f"  {result.calls} requests to models, {wording.money(result.cost)}")
    terminal.say(f"  {out}/  (why it says what it says: manifest.json)")
