"""`scripts/workflow` as an author uses it: a new workflow passes check and test untouched, runs a document, and Airflow shows it."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.airflow

NAME = "my_flow"
SAMPLE = f"dags/{NAME}/sample.pdf"
LONGEST = 300  # seconds; a busy machine is no defect of the command


@pytest.fixture(scope="module")
def project(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's own files, without its documents."""
    copy = tmp_path_factory.mktemp("project")
    for name in ("dags", "include"):
        shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("samples"))
    return copy


def environment(root: Path, project: Path, **more: str) -> dict[str, str]:
    """What a shell gives the script; nobody's settings of this machine's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "GENAI_PLATFORM"))}
    venv = os.environ.get("GENAI_PLATFORM_VENV", str(Path(sys.prefix)))
    return {**kept, "GENAI_PLATFORM_VENV": venv, "GENAI_PLATFORM_CWD": str(project), **more}


def workflow(root: Path, project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs the script to its end."""
    command = [str(root / "scripts" / "workflow"), *words, "--project", str(project)]
    return subprocess.run(
        command,
        env=environment(root, project),
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST,
        cwd=project,
    )


@pytest.fixture(scope="module")
def made(root: Path, project: Path) -> Path:
    """The project with a new workflow in it."""
    done = workflow(root, project, "new", NAME)
    assert done.returncode == 0, done.stderr
    return project


def test_a_new_workflow_passes_check_and_test_untouched(root: Path, made: Path) -> None:
    """The first thing that an author sees is green: definition, scenarios, coverage and failure table."""
    checked = workflow(root, made, "check", NAME)
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout
    tested = workflow(root, made, "test", NAME, "--json")
    report = json.loads(tested.stdout)
    assert tested.returncode == 0, tested.stdout
    assert report["passed"]
    [flow] = report["workflows"]
    assert len(flow["scenarios"]) == 6
    assert flow["coverage"]["missing"] == []
    assert flow["failure_table"]["cells"] > 50 and flow["failure_table"]["wrong"] == []


def test_airflow_shows_it_without_an_import_error(root: Path, made: Path, tmp_path: Path) -> None:
    """The new folder is a DAG beside the shipped ones."""
    code = """
import json, os
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
dag = bag.dags.get("my_flow")
print(json.dumps({"errors": {str(k): str(v) for k, v in bag.import_errors.items()}, "tasks": [t.task_id for t in dag.tasks]}))
"""
    airflow = {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(made / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(root / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path / 'airflow.db'}",
        "PYTHONPATH": str(root / "plugins"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(root, made, **airflow), capture_output=True, text=True, check=False,
        cwd=tmp_path, timeout=LONGEST,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert found["errors"] == {}
    assert {"read_document", "check_data", "correct_data", "release", "make_video", "record_execution"} <= set(
        found["tasks"]
    )


@contextmanager
def _as_a_shell_starts_it() -> Iterator[None]:
    """Ctrl-C reaches what is started here, also where these tests run in the background of a shell that ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, root: Path, project: Path, *words: str) -> None:
        self._leader, follower = pty.openpty()
        command = [str(root / "scripts" / "workflow"), *words, "--project", str(project)]
        with _as_a_shell_starts_it():
            self.process = subprocess.Popen(
                command, env=environment(root, project, TERM="xterm"), stdin=follower, stdout=follower, stderr=follower,
                cwd=project, start_new_session=True,
            )  # fmt: skip
        os.close(follower)
        self.seen = ""

    def until(self, words: str) -> None:
        """Reads until the words were shown."""
        end = time.monotonic() + LONGEST
        while words not in self.seen:
            assert time.monotonic() < end, self.seen
            assert self._read(), self.seen

    def type(self, text: str) -> None:
        os.write(self._leader, f"{text}\n".encode())

    def end(self) -> int:
        """Reads to the end; the exit code."""
        while self._read():
            pass
        code = self.process.wait(LONGEST)
        os.close(self._leader)
        return code

    def _read(self) -> bool:
        ready, _, _ = select.select([self._leader], [], [], LONGEST)
        assert ready, f"nothing more came for {LONGEST} s: {self.seen}"
        try:
            data = os.read(self._leader, 65_536)
        except OSError:  # the other side is closed
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    """Terminals that are ended, whatever the test did."""
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        if terminal.process.poll() is None:
            os.killpg(terminal.process.pid, signal.SIGKILL)
            terminal.process.wait()


def test_a_person_releases_at_the_terminal_and_gets_the_video(
    root: Path, made: Path, terminals: list[Terminal]
) -> None:
    """The question shows script and slides; the answer is typed; video, slides and manifest lie in the folder."""
    terminal = Terminal(root, made, "run", NAME, SAMPLE, "--out", "released", "--by", "Kim Legal")
    terminals.append(terminal)
    terminal.until("1 Approve / 2 Reject / 3 Send back with edits: ")
    assert "slides.pdf" in terminal.seen and "The price per unit is" in terminal.seen and "█" in terminal.seen
    terminal.type("1")
    assert terminal.end() == 0, terminal.seen
    folder = made / "released"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["outcome"] == "succeeded"
    assert manifest["approval"]["by"] == "Kim Legal" and manifest["approval"]["mode"] == "person"
    assert (folder / "video.mp4").stat().st_size > 10_000
    for artifact in manifest["artifacts"]:
        assert Path(artifact["uri"].removeprefix("file://")).is_file(), artifact


def test_ctrl_c_leaves_nothing_half_written(root: Path, made: Path, terminals: list[Terminal]) -> None:
    """Broken off while it works: exit code 130, no folder, no traceback."""
    terminal = Terminal(root, made, "run", NAME, SAMPLE, "--out", "broken/off")
    terminals.append(terminal)
    terminal.until("check_data")
    os.killpg(terminal.process.pid, signal.SIGINT)
    assert terminal.end() == 130, terminal.seen
    assert "Interrupted" in terminal.seen and "Traceback" not in terminal.seen
    assert not (made / "broken").exists()


def test_sigterm_ends_it_like_ctrl_c(root: Path, made: Path, tmp_path: Path) -> None:
    """Ended by a build server: exit code 143, JSON on the standard output, no folder, no temporary file, no child left."""
    words = ["run", NAME, SAMPLE, "--out", "ended", "--json", "--verbose", "--project", str(made)]
    with subprocess.Popen(
        [str(root / "scripts" / "workflow"), *words], env=environment(root, made, TMPDIR=str(tmp_path)), cwd=made,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if "check_data" in line:
                break
        process.terminate()
        out, err = process.communicate(timeout=LONGEST)
    assert process.returncode == 143, err
    assert json.loads(out) == {"error": "Terminated", "message": "Terminated; nothing half-written is left behind."}
    assert "Traceback" not in err
    assert not (made / "ended").exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file() and "genai-platform-" not in str(path)] == []
    with pytest.raises(ProcessLookupError):  # its session is empty
        os.killpg(process.pid, 0)


def test_a_pipe_that_closes_early_is_quiet(root: Path, made: Path) -> None:
    """`scripts/workflow show … | head -1` prints a line and no traceback."""
    script = root / "scripts" / "workflow"
    done = subprocess.run(
        ["bash", "-c", f'"{script}" show {NAME} --json --project "{made}" | head -1; exit "${{PIPESTATUS[0]}}"'],
        env=environment(root, made), capture_output=True, text=True, check=False, timeout=LONGEST,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "{\n", "")
