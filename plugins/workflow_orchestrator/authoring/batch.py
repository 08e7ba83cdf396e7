"""`batch`: every document of a folder or a list through a workflow, in this process, one after the other, with one summary.

    scripts/workflow batch earnings_report_video ./reports --set language=de --out ./out/october

    out/october/
       batch.json · batch.csv      the outcome of every document, written anew after each
       <document>/                 what `run` leaves of one

Everything that is wrong with the list is told before anything is started. The same batch with the same `--out` goes on: what has its video
under the same definition and parameters is not made again.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.answers import NeedsPerson
from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.run import Run, add_people, check, login, parameters
from workflow_orchestrator.authoring.terminal import safe
from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.inbox import DocumentResult, Summary
from workflow_orchestrator.inbox.summary import Link
from workflow_orchestrator.record.reading import parsed_manifest
from workflow_orchestrator.storage import LocalStorage

if TYPE_CHECKING:
    from workflow_orchestrator.authoring.cli import Session
    from workflow_orchestrator.scenarios import Result

DATA, TABLE = "batch.json", "batch.csv"


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("name", metavar="NAME", help="a workflow, by name or path")
    parser.add_argument("documents", metavar="DOCUMENTS", help="a folder with PDFs, or a text file with one path in a line")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="given",
        help="a parameter of every run; a list as a,b or as JSON",
    )  # fmt: skip
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="a new folder, or that of a batch to go on with (default: ./out/<workflow>_<documents>)",
    )
    add_people(parser)
    parser.set_defaults(run=batch)


def batch(session: Session, options: argparse.Namespace) -> int:
    """Runs the documents; exit code 1 when one failed, else 3 when one needs a person, else 0."""
    project = session.project
    workflow = project.load(options.name)
    source = project.path(options.documents)
    documents = documents_of(source)
    conf = parameters(workflow, options.given)
    check(project, workflow, conf, options.approve_as)
    out = project.path(options.out) if options.out else project.path("out") / f"{workflow.name}_{source.stem}"
    _refuse_other(out, workflow)
    out.mkdir(parents=True, exist_ok=True)
    folders = {str(document): out / name for document, name in _named(documents)}

    def folder(result: DocumentResult) -> str:
        return str(folders[result.document])

    summary = _Batch(session, workflow, conf, out, options.by or login(), options.approve_as, folder).go(folders)
    if session.json:
        session.emit({**summary.to_json(folder), "folder": str(out)})
    else:
        session.terminal.say(summary.headline())
        for line in summary.lines(folder):
            session.terminal.say(f"  {safe(line.text())}")
        session.terminal.say(f"  {out / DATA}, {out / TABLE}")
    standings = {result.standing for result in summary.results}
    if "failed" in standings:
        return exits.PROBLEMS
    return exits.NEEDS_A_PERSON if "waiting" in standings else exits.GOOD


def documents_of(source: Path) -> tuple[Path, ...]:
    """The documents of a folder, in the order of their names, or of a list, in its order; paths in a list start at its folder.

    Raises:
        UsageError: there is none, or lines of the list lead to no file; all of them are named.
    """
    if source.is_dir():
        found = sorted(path for path in source.rglob("*") if path.suffix.lower() == ".pdf" and path.is_file())
        if not found:
            raise UsageError(f"there is no PDF in {source}")
        return tuple(found)
    if not source.is_file():
        raise UsageError(f"there is no folder or list {source}")
    if source.suffix.lower() == ".pdf":
        raise UsageError(f"{source} is one document; `run` takes it")
    try:
        lines = source.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise UsageError(f"{source} is no list: write one path in a line, as UTF-8 text") from None
    named = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    wrong = [f"  {source}:{number}: there is no file {name}" for number, name in named if not (source.parent / name).is_file()]
    if wrong or not named:
        count = "names no document" if not named else f"has {len(wrong)} wrong lines" if len(wrong) > 1 else "has one wrong line"
        raise UsageError("\n".join([f"{source} {count}, and nothing was started", *wrong]))
    return tuple(dict.fromkeys(source.parent / name for _, name in named))


def _refuse_other(out: Path, workflow: Workflow) -> None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    try:
        known = json.loads((out / DATA).read_bytes())["workflow"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(f"{out} exists already and is no batch; name a new folder") from None
    if known != workflow.name:
        raise UsageError(f"{out} is a batch of {known}; name a new folder")


@dataclass(frozen=True, slots=True)
class _Batch:
    """A batch with everything that it was asked for."""

    session: Session
    workflow: Workflow
    conf: Mapping[str, Any]
    out: Path
    by: str
    approve_as: str | None
    link: Link

    def go(self, folders: Mapping[str, Path]) -> Summary:
        """Runs one after the other; what is known so far is on the disk after each."""
        when = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
        results: list[DocumentResult] = []
        seen: set[str] = set()
        summary = self._keep(when, results, 0)
        for number, (path, folder) in enumerate(folders.items(), 1):
            data = Path(path).read_bytes()
            digest = sha256(data)
            if digest not in seen:
                seen.add(digest)
                if not self.session.json:
                    self.session.terminal.say(f"{number} of {len(folders)}: {safe(path)}")
                results.append(self._one(Path(path), data, folder))
            summary = self._keep(when, results, number - len(seen))
        return summary

    def _one(self, document: Path, data: bytes, folder: Path) -> DocumentResult:
        from workflow_orchestrator.scenarios import local_run_id

        run_id = local_run_id(self.workflow, document.name, data, self.conf)
        if _has_video(folder, run_id):
            return DocumentResult(str(document), run_id, "had_before")
        shutil.rmtree(folder, ignore_errors=True)
        ended = Run(self.session, self.workflow, document, self.conf, folder, self.by, self.approve_as).ended()
        if isinstance(ended, NeedsPerson):
            return DocumentResult(str(document), run_id, "waiting", asks=(ended.step,))
        return _result(document, run_id, ended)

    def _keep(self, when: str, results: Sequence[DocumentResult], same: int) -> Summary:
        summary = Summary(self.workflow.name, self.workflow.title, when, tuple(results), same=same, kind="batch")
        storage = LocalStorage(self.out)  # which writes whole files or none
        storage.write(DATA, to_bytes(summary.to_json(self.link)))
        storage.write(TABLE, summary.csv(self.link).encode())
        return summary


def _named(documents: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Each document with the name of its folder; documents of one name from several places get a number."""
    taken: set[str] = {DATA, TABLE}
    for document in documents:
        name, number = document.stem, 1
        while name in taken:
            number += 1
            name = f"{document.stem}-{number}"
        taken.add(name)
        yield document, name


def _has_video(folder: Path, run_id: str) -> bool:
    """Whether a folder holds the good end of this very run: the same document, definition and parameters."""
    try:
        manifest = parsed_manifest((folder / "manifest.json").read_bytes(), f"{folder.name}/manifest.json")
    except (OSError, ValueError):
        return False
    return (manifest["run"]["id"], manifest["outcome"]) in {(run_id, "succeeded"), (run_id, "degraded")}


def _result(document: Path, run_id: str, ended: Result) -> DocumentResult:
    standing: Any = {"succeeded": "finished"}.get(ended.outcome, ended.outcome)
    return DocumentResult(
        str(document), run_id, standing, ended.error, cost_usd=ended.cost or Decimal(0), priced=ended.cost is not None
    )
