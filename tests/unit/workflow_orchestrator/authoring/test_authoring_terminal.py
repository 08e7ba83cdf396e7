"""What a person sees and what a pipe gets, and how a command ends."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from authoring_sample import NAME, Said, Tty

from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.cli import COMMANDS, main
from workflow_orchestrator.authoring.project import Project
from workflow_orchestrator.authoring.terminal import Terminal, clipped, counted, safe
from workflow_orchestrator.columns import shown_width
from workflow_orchestrator.definition import wording


@pytest.mark.parametrize(
    ("tty", "environ", "coloured"),
    [(True, {}, True), (False, {}, False), (True, {"NO_COLOR": "1"}, False), (True, {"TERM": "dumb"}, False),
     (True, {"NO_COLOR": ""}, True)],
)  # fmt: skip
def test_colours_are_for_a_terminal_that_wants_them(tty: bool, environ: Mapping[str, str], coloured: bool) -> None:
    """Not for a pipe, not with NO_COLOR, not on a dumb terminal."""
    out = Tty() if tty else io.StringIO()
    assert ("\x1b" in Terminal(out, io.StringIO(), environ).styled("x", "red")) is coloured


def test_a_wide_column_goes_on_below_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal no line of a table is longer than the screen; in a file a row stays a line."""
    monkeypatch.setenv("COLUMNS", "80")
    rows = [("read_document", "no", ", ".join(f"Error{number}" for number in range(40))), ("b", "yes", "short")]
    shown, kept = Tty(), io.StringIO()
    Terminal(shown, io.StringIO(), {"TERM": "dumb"}).table(("step", "again", "errors"), rows)
    Terminal(kept, io.StringIO(), {}).table(("step", "again", "errors"), rows)
    lines = shown.getvalue().splitlines()
    assert max(map(len, lines)) <= 80 < max(map(len, kept.getvalue().splitlines()))
    assert len(kept.getvalue().splitlines()) == 3
    assert " ".join(shown.getvalue().split()) == " ".join(kept.getvalue().split())
    assert lines[2].startswith(" " * lines[0].index("errors") + "Error")


def test_a_bar_on_a_terminal_and_lines_elsewhere() -> None:
    """The bar is written again in place and taken away; a log gets one line per part."""
    bar, log = Tty(), io.StringIO()
    for stream in (bar, log):
        with Terminal(io.StringIO(), stream, {}).progress(2, "test") as progress:
            progress.at("one")
            progress.step("one")
            progress.note("hm")
            progress.part("two: 3 of 4")
            progress.step("two")
    assert log.getvalue() == "test 1/2: one\ntest: hm\ntest: two: 3 of 4\ntest 2/2: two\n"
    assert "1/2 test two: 3 of 4" in bar.getvalue()
    assert bar.getvalue().endswith("\r\x1b[K")
    assert "2/2" in bar.getvalue() and "█" * 24 in bar.getvalue()


def test_a_table_stands_straight_whatever_is_in_it() -> None:
    """Wide characters count two; what a terminal would obey is not written."""
    out = io.StringIO()
    Terminal(out, io.StringIO(), {}).table(("a", "b"), [("日本", "1"), ("x\x1b[2J", "2")])
    assert out.getvalue().splitlines() == ["  a     b", "  日本  1", "  x     2"]


def test_text_of_a_file_cannot_command_the_terminal() -> None:
    """Escapes go, other control characters and turned writing are shown as a mark."""
    assert safe("a\x1b[31mb\x1b[0mc\x07d\u202ee") == "abc�d�e"
    assert shown_width("日本e\u0301") == 5
    assert clipped("abcdef", 4) == "abc…" and clipped("abc", 4) == "abc"
    assert counted(1, "problem") == "1 problem" and counted(1200, "entry", "entries") == "1,200 entries"


def test_every_command_is_there_with_help_and_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` of each command says its options and the exit codes."""
    for name in COMMANDS:
        assert main([name, "--help"]) == 0
        text = capsys.readouterr().out
        assert "--json" in text and "exit codes:" in text and "130" in text, name
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"    {name}" in text for name in COMMANDS)


def test_wrong_use_is_two(command: Callable[..., Said]) -> None:
    """No command, an unknown one, an unknown option, an abbreviated one."""
    assert main([]) == exits.WRONG_USE
    assert main(["chekc"]) == exits.WRONG_USE
    assert command("check", "--al").code == exits.WRONG_USE
    assert command("show").code == exits.WRONG_USE


class Broken(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError

    def fileno(self) -> int:
        raise OSError


def test_a_reader_that_has_gone_is_no_error(savings: Project) -> None:
    """Quiet, and exit code 0: the reader saw what it wanted."""
    err = io.StringIO()
    code = main(["show", NAME, "--project", str(savings.root)], out=Broken(), err=err, environ={})
    assert (code, err.getvalue()) == (exits.GOOD, "")


def test_an_interruption_is_130(savings: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C says so in a line, without a traceback."""

    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(Project, "names", interrupted)
    err = io.StringIO()
    assert main(["check", "--project", str(savings.root)], out=io.StringIO(), err=err, environ={}) == exits.INTERRUPTED
    assert "Interrupted" in err.getvalue()


def test_sigterm_is_143_and_json_stays_json(savings: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the way of Ctrl-C; a program that reads the output is told in its language; the handler is gone afterwards."""
    before = signal.getsignal(signal.SIGTERM)

    def terminated(*_: object) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("the signal came through")

    monkeypatch.setattr(Project, "names", terminated)
    out, err = io.StringIO(), io.StringIO()
    code = main(["check", "--json", "--project", str(savings.root)], out=out, err=err, environ={})
    assert code == exits.TERMINATED == 143
    assert json.loads(out.getvalue())["error"] == "Terminated"
    assert "Terminated" in err.getvalue()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_folder_that_is_no_project_is_said(tmp_path: Path) -> None:
    """No command makes half a project, or finds nothing wrong, where there is none."""
    for words in (["check"], ["new", "my_flow"], ["test", "--all"], ["docs"]):
        err = io.StringIO()
        assert main([*words, "--project", str(tmp_path)], out=io.StringIO(), err=err, environ={}) == exits.WRONG_USE
        assert "is no project" in err.getvalue()
    assert list(tmp_path.iterdir()) == []


def test_a_misspelt_command_is_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    """argparse itself lists all of them."""
    assert main(["chekc"], environ={}) == exits.WRONG_USE
    assert "did you mean 'check'?" in capsys.readouterr().err


def test_an_error_is_data_with_json(command: Callable[..., Said]) -> None:
    """A program that reads the output gets the error there, with its name."""
    data = command("show", "nothing", "--json").json()
    assert data["error"] == "UsageError" and NAME in data["message"]


def test_no_command_loads_airflow(savings: Project) -> None:
    """`check`, `show` and `diff` work where Airflow is not installed; nothing of it is imported."""
    code = f"""
import sys
sys.modules["airflow"] = None
from workflow_orchestrator.authoring.cli import main
project = ["--project", {str(savings.root)!r}]
codes = [main([*words, *project]) for words in (["check"], ["show", {NAME!r}], ["bill", {NAME!r}], ["docs", "--check"],
         ["test", {NAME!r}, "--list"])]
sys.exit(codes != [0, 0, 0, 1, 0])
"""
    plugins = Path(__file__).resolve().parents[4] / "plugins"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(plugins), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_durations_and_money_are_said_as_people_say_them() -> None:
    """The largest units first; below a cent as many digits as it takes; unknown is not zero."""
    said = {
        0: "0 s",
        45: "45 s",
        90: "90 s",
        300: "5 min",
        5400: "1 h 30 min",
        172_800: "2 d",
        1.5: "1.5 s",
        9.9646: "9.96 s",
    }
    for seconds, text in said.items():
        assert wording.duration(timedelta(seconds=seconds)) == text
    amounts = {"0.4": "$0.40", "1234.5": "$1,234.50", "0.00123": "$0.0012", "0": "$0.00"}
    for amount, text in amounts.items():
        assert wording.money(Decimal(amount)) == text
    assert wording.money(None) == "unknown"


def test_check_of_everything_takes_less_than_a_second(root: Path) -> None:
    """All shipped workflows, once the modules are loaded; the best of three, in processor time: the tests share their machine."""
    seconds = []
    for _ in range(3):
        out, used = io.StringIO(), time.process_time()
        assert main(["check", "--json", "--project", str(root)], out=out, environ={}) in (exits.GOOD, exits.PROBLEMS)
        seconds.append(time.process_time() - used)
        assert json.loads(out.getvalue())["seconds"] > 0
    assert min(seconds) < 1
