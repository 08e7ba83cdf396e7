"""The two sides of a diff: a workflow on the disk, or as a git revision had it.

fund_factsheet_video          as it lies in dags/
../other/dags/some_flow       a folder
main:fund_factsheet_video     as the branch main has it; HEAD~1: or main alone means the same workflow as the other side
"""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.project import Project

_LEFT_OUT = ":(exclude)include/samples"
MOST_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class Side:
    """One side: the project that it is read from, its folder, and how to call it. `folder` is `None` where there is none."""

    label: str
    project: Project
    folder: Path | None


@dataclass(frozen=True, slots=True)
class Meant:
    """What a word on the command line means: a revision, a workflow or folder, or both."""

    revision: str
    name: str


def understand(project: Project, given: str) -> Meant:
    """A word of the command line: a folder or workflow, a revision, or `revision:workflow`.

    Raises:
        UsageError: it is none of these.
    """
    if given in project.names() or ("/" in given and (project.path(given) / "workflow.yaml").is_file()):
        return Meant("", given)
    revision, colon, name = given.partition(":")
    if _exists(project.root, revision):
        return Meant(revision, name)
    if colon:
        raise UsageError(f"git knows no revision {revision!r}")
    try:
        project.folder(given)
    except UsageError as error:
        raise UsageError(f"{error.message}, and git knows no revision {given!r}") from None
    return Meant("", given)


@contextmanager
def opened(project: Project, old: Meant, new: Meant | None) -> Iterator[list[tuple[str, Side, Side]]]:
    """The pairs to compare, each with the workflow's name; a workflow that one side lacks has no folder there.

    Without names on either side every workflow is compared.
    """
    new = new or Meant("", "")
    with ExitStack() as stack:
        before = _project(project, old.revision, stack)
        after = _project(project, new.revision, stack)
        first, second = old.name or new.name, new.name or old.name
        if first:
            pairs = [(Path(second).name, _side(before, old.revision, first), _side(after, new.revision, second))]
        else:
            names = sorted({*before.names(), *after.names()})
            pairs = [(name, _side(before, old.revision, name), _side(after, new.revision, name)) for name in names]
        yield pairs


def _side(project: Project, revision: str, name: str) -> Side:
    label = f"{revision}:{name}" if revision else name
    if name in project.names():
        return Side(label, project, project.dags / name)
    if revision or "/" not in name:
        return Side(label, project, None)
    return Side(label, project, project.folder(name))


def _project(project: Project, revision: str, stack: ExitStack) -> Project:
    """The project itself, or a copy of what a revision had, which is gone when the stack is closed."""
    if not revision:
        return project
    # Resolved, because the paths of problems are shown relative to it.
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="workflow-diff-"))).resolve()
    data = _git(project.root, "archive", "--format=tar", revision, "--", "dags", "include", _LEFT_OUT)
    with tarfile.open(fileobj=BytesIO(data)) as archive:
        archive.extractall(folder, filter="data")
    return Project(folder, folder)


def _exists(root: Path, revision: str) -> bool:
    if not revision or revision.startswith("-"):
        return False
    try:
        _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    except UsageError:
        return False
    return True


def _git(root: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False, timeout=60)
    except FileNotFoundError:
        raise UsageError("git is not installed here; compare two folders instead") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
        raise UsageError(f"git {arguments[0]} failed: {said}")
    if len(done.stdout) > MOST_BYTES:
        raise UsageError(
            f"the revision holds {len(done.stdout):,} bytes below dags/ and include/, more than {MOST_BYTES:,}"
        )
    return done.stdout
