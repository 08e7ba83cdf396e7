"""`package`: one workflow as a package that is deployed alone, or the platform; the same bytes each time."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.check import check_folder, check_platform
from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.terminal import Terminal, counted
from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.errors import PackageError
from workflow_orchestrator.packaging.business import BusinessPackage, build_business_package
from workflow_orchestrator.packaging.compatible import refuse_other_platform
from workflow_orchestrator.packaging.platform import build_platform_package
from workflow_orchestrator.packaging.signature import sign

if TYPE_CHECKING:
    from workflow_orchestrator.authoring.cli import Session

OUT = "dist"


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="a workflow, by name (`my-flow` means my_flow) or path")
    parser.add_argument("--platform", action="store_true", help="the platform instead of a workflow")
    parser.add_argument("--version", metavar="VERSION", help="of the workflow (default: the first digits of its definition's digest)")
    parser.add_argument("--sign", metavar="KEY", help="a private Ed25519 key (PEM): writes a signature beside the package")
    parser.add_argument("--out", metavar="DIR", default=OUT, help=f"the folder for what is made (default: ./{OUT})")
    parser.set_defaults(run=package)


def package(session: Session, options: argparse.Namespace) -> int:
    """Makes a package; refuses where check or scenarios find something."""
    if options.platform == bool(options.name):
        raise UsageError("name one workflow, or say --platform")
    if options.platform and options.version:
        raise UsageError("the platform's version stands in its code; --version is for a workflow")
    out = session.project.path(options.out)
    if options.platform:
        return _platform(session, out, options.sign)
    return _business(session, options, out)


def _business(session: Session, options: argparse.Namespace, out: Path) -> int:
    project = session.project
    known = options.name.replace("-", "_")
    folder = project.folder(known if known in project.names() else options.name)
    _refuse_problems(session, folder)
    workflow = project.load(folder.name if folder.parent == project.dags else str(folder))
    made = build_business_package(workflow, options.version)
    refuse_other_platform(made.workflow, made.version, made.manifest["requires_platform"])
    files = {made.file_name: made.data, f"{made.file_name}.sha256": f"{made.sha256}  {made.file_name}\n".encode()}
    if options.sign:
        files[f"{made.file_name}.sig"] = f"{sign(made.data, project.path(options.sign))}\n".encode()
    _write(out, files)
    if session.json:
        session.emit({**made.manifest, "file": str(out / made.file_name), "sha256": made.sha256, "bytes": len(made.data)})
        return exits.GOOD
    _say_business(session.terminal, made, out, project.root)
    return exits.GOOD


def _refuse_problems(session: Session, folder: Path) -> None:
    from workflow_orchestrator.authoring.testing import run_suite

    project = session.project
    results = check_platform(project)
    if not any(result.problems for result in results):
        results = [check_folder(project, folder, project.configuration(), set())]
    problems = [problem for result in results for problem in result.problems]
    if problems:
        raise PackageError(f"{folder.name} has {counted(len(problems), 'problem')}; scripts/workflow check {folder.name} shows them")
    if not (folder / "scenarios.yaml").is_file():
        raise PackageError(f"{folder.name} has no scenarios.yaml; what nobody tested is not packaged")
    report = run_suite(session, folder)
    if not report.passed:
        raise PackageError(f"the scenarios of {folder.name} do not pass; scripts/workflow test {folder.name} shows what differs")


def _say_business(terminal: Terminal, made: BusinessPackage, out: Path, root: Path) -> None:
    terminal.say(f"{out / made.file_name}")
    terminal.say(f"  sha256     {made.sha256}")
    terminal.say(f"  definition {made.manifest['definition']}")
    terminal.say(f"  platform   {made.manifest['requires_platform']}")
    row = (f"{made.manifest['name']} {made.version}", len(made.data))
    _sizes(terminal, [row], platform_bytes(), shared_bytes(root / "requirements.txt"))


def _platform(session: Session, out: Path, key: str | None) -> int:
    files = build_platform_package(session.project.root)
    if key:
        private = session.project.path(key)
        signed = [name for name in files if name.endswith((".whl", ".zip"))]
        files |= {f"{name}.sig": f"{sign(files[name], private)}\n".encode() for name in signed}
    _write(out, files)
    if session.json:
        session.emit({name: {"bytes": len(content), "sha256": sha256(content)} for name, content in sorted(files.items())})
        return exits.GOOD
    session.terminal.say(f"{out}")
    rows = [(name, len(files[name])) for name in sorted(files) if name.endswith((".whl", ".zip"))]
    _sizes(session.terminal, rows, None, shared_bytes(session.project.root / "requirements.txt"))
    return exits.GOOD


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        handle, temporary = tempfile.mkstemp(dir=out, prefix=".new-")
        with open(handle, "wb") as stream:  # noqa: PTH123 - a file descriptor
            stream.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(out / name)


def _sizes(terminal: Terminal, rows: Sequence[tuple[str, int]], platform: int | None, shared: int) -> None:
    """What each package weighs alone, with the platform, and with everything that an installation of its own would bring."""
    below = platform or 0
    table = [(name, _size(own), _size(own + below) if platform else "-", _size(own + below + shared)) for name, own in rows]
    terminal.say()
    terminal.table(("package", "alone", "with the platform", "with the shared layer"), table)


def platform_bytes() -> int:
    """What the platform's two packages weigh on this machine."""
    plugins = Path(__file__).resolve().parents[2]
    folders = (plugins / "llm_orchestration", plugins / "workflow_orchestrator")
    paths = (path for folder in folders for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sum(path.stat().st_size for path in paths)


def shared_bytes(requirements: Path) -> int:
    """What the shared layer weighs here: all that `requirements.txt` asks for, and all that this needs.

    Whatever else the environment has, such as tools of the tests, is not counted.
    """
    lines = requirements.read_text(encoding="utf-8").splitlines() if requirements.is_file() else []
    asked = [text for line in lines if (text := line.partition("#")[0].strip())]
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    while asked:
        asked += _needs(asked.pop(), found, seen)
    return sum(path.size or 0 for one in found.values() for path in one.files or ())


def _needs(asked: str, found: dict[str, Distribution], seen: set[tuple[str, frozenset[str]]]) -> Iterator[str]:
    """What a requirement that was not seen yet asks for in its turn; what is not installed weighs nothing and is left to the doctor."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    wanted = Requirement(asked)
    name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
    if (name, extras) in seen:
        return
    seen.add((name, extras))
    try:
        here = found[name] = distribution(wanted.name)
    except PackageNotFoundError:
        return
    for text in here.requires or ():
        marker = Requirement(text).marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras or {""}):
            yield text


def _size(count: int) -> str:
    return f"{count / 1000:,.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"
