"""The command line: which command, which options, and what the shell is told at the end.

A command is a module with `add(parsers, common)`, which declares it, and a function that takes a `Session` and the options and
returns an exit code. Only the command that is asked for is imported: `check` takes a fraction of a second because it does.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, TextIO

from llm_orchestration.errors import LLMError
from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.exits import Terminated, UsageError
from workflow_orchestrator.authoring.project import HERE, Project
from workflow_orchestrator.authoring.terminal import Terminal, safe
from workflow_orchestrator.definition.problems import did_you_mean
from workflow_orchestrator.errors import OrchestratorError

COMMANDS: Mapping[str, tuple[str, str]] = {
    "new": ("new", "make a complete workflow that passes check and test"),
    "check": ("check", "say everything that is wrong with the definitions"),
    "show": ("show", "show a workflow: flow, people, settings and where they come from, what happens on which error"),
    "test": ("testing", "run the scenarios of a workflow, without server, network or key"),
    "run": ("run", "run one document through a workflow, without a server"),
    "batch": ("batch", "run every document of a folder or a list through a workflow, without a server"),
    "diff": ("diff", "say what changed between two definitions, by what it can change"),
    "bill": ("bill", "what one run can cost at most, before it runs"),
    "history": ("history", "list runs from the execution history: how they ended, what they cost, who released them"),
    "why": ("why", "say where a number of a video comes from"),
    "verify": ("verify", "prove that no entry of the history and no manifest was changed or removed"),
    "doctor": ("doctor", "look at this installation, and say what is wrong with it and what to do"),
    "package": ("package", "make a package of a workflow, or of the platform"),
    "release": ("deploy", "deploy a package to a folder or bucket, go back to an earlier release, list releases"),
    "docs": ("docs", "write the page of each workflow, and the reference of the language"),
    "schema": ("schema", "write the JSON Schemas for editors"),
    "erase": ("erase", "remove a document, a run or words of somebody from the storage, and prove it"),
}
"""Command → its module, and what it does in a line."""


@dataclass(frozen=True, slots=True)
class Session:
    """What a command works with."""

    project: Project
    terminal: Terminal
    stdin: TextIO
    json: bool = False

    def emit(self, data: Any) -> None:
        """The result as JSON, for `--json`."""
        self.terminal.say(json.dumps(data, indent=2, ensure_ascii=False, default=str))


def main(
    arguments: Sequence[str],
    *,
    out: TextIO | None = None,
    err: TextIO | None = None,
    stdin: TextIO | None = None,
    environ: Mapping[str, str] | None = None,
) -> int:
    """Runs one command; returns its exit code (`exits.py`). The streams are the process's own unless given."""
    for stream in (sys.stdout, sys.stderr):
        # A console of another encoding shows a mark for a letter that it lacks, and no traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    out, err = out or sys.stdout, err or sys.stderr
    environ = os.environ if environ is None else environ
    terminal = Terminal(out, err, environ)
    try:
        options = _options(arguments)
        project = Project(
            root=Path(options.project).absolute() if options.project else HERE,
            cwd=Path(environ.get("GENAI_PLATFORM_CWD") or Path.cwd()),
        )
        session = Session(project, terminal, stdin or sys.stdin, json=options.json)
        # Airflow sets up its logs when something of it is imported, a secrets back end for example, and takes the standard output.
        with redirect_stdout(err), _logs(err, shown=options.verbose), _ended_like_ctrl_c():
            code = _run(session, options)
        out.flush()
    except BrokenPipeError:
        # `scripts/workflow show x | head` has seen enough. What is still buffered must not raise again at the end.
        _let_go(out)
        return exits.GOOD
    except KeyboardInterrupt as stop:
        terminated = isinstance(stop, Terminated)
        name = "Terminated" if terminated else "Interrupted"
        said = f"{name}; nothing half-written is left behind."
        if "--json" in arguments:
            terminal.say(json.dumps({"error": name, "message": said}, indent=2))
        terminal.warn(f"\n{said}")
        return exits.TERMINATED if terminated else exits.INTERRUPTED
    except SystemExit as stop:  # argparse: --help, or a wrong option
        return stop.code if isinstance(stop.code, int) else exits.WRONG_USE
    return code


@contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """SIGTERM takes the way of Ctrl-C: child processes are ended and folders taken away on it, once."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread hears signals
        return

    def end(number: int, frame: object) -> NoReturn:
        # A second one must not break into the cleaning up.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _logs(err: TextIO, *, shown: bool) -> Iterator[None]:
    """Log events of the layers below go to the standard error, and only where they are asked for: never among results."""
    import structlog

    before = structlog.get_config()
    least = logging.INFO if shown else logging.CRITICAL
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(err), wrapper_class=structlog.make_filtering_bound_logger(least)
    )
    try:
        yield
    finally:
        structlog.configure(**before)


def _run(session: Session, options: argparse.Namespace) -> int:
    try:
        if not session.project.include.is_dir():
            raise UsageError(f"{session.project.root} is no project: name the folder that holds dags/ and include/")
        code: int = options.run(session, options)
    except UsageError as error:
        _say_error(session, "UsageError", error.message, {})
        return exits.WRONG_USE
    except OrchestratorError as error:
        _say_error(session, type(error).__name__, error.message, error.details)
        return exits.PROBLEMS
    except LLMError as error:
        # A broken llm.yaml has all its problems in `report`.
        _say_error(session, type(error).__name__, getattr(error, "report", str(error)), {})
        return exits.PROBLEMS
    except BrokenPipeError:
        raise
    except OSError as error:
        _say_error(session, type(error).__name__, f"{error.filename or 'a file'}: {error.strerror or error}", {})
        return exits.PROBLEMS
    return code


def _say_error(session: Session, name: str, message: str, details: Mapping[str, Any]) -> None:
    if session.json:
        session.emit({"error": name, "message": message, **details})
    else:
        session.terminal.warn("\n".join(safe(line) for line in message.splitlines()))


def _let_go(stream: TextIO) -> None:
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return
    # The interpreter flushes at its end, and would print a traceback over the pipe that is gone.
    os.dup2(os.open(os.devnull, os.O_WRONLY), number)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print the result as JSON, for a build server")
    common.add_argument("--verbose", action="store_true", help="show log events, on the standard error")
    common.add_argument("--project", metavar="DIR", help=argparse.SUPPRESS)
    parser = argparse.ArgumentParser(
        prog="scripts/workflow",
        description="Business workflows without a server: make, check, test, run and compare them.",
        epilog=exits.SAYS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    wanted = next((word for word in arguments if not word.startswith("-")), "")
    if wanted and wanted not in COMMANDS:
        parser.error(f"there is no command {wanted!r}; {did_you_mean(wanted, COMMANDS)}")
    for name, (module, says) in COMMANDS.items():
        command = parsers.add_parser(
            name,
            help=says,
            description=f"{says[0].upper()}{says[1:]}.",
            parents=[common],
            epilog=exits.SAYS,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        if name == wanted:
            import_module(f"workflow_orchestrator.authoring.{module}").add(command)
    return parser.parse_args(list(arguments))
