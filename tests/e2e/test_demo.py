"""The demo as a newcomer starts it: its words, its files and its exit codes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from served_airflow import LONGEST

pytestmark = [pytest.mark.airflow, pytest.mark.served]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One state folder, so that the second start finds the first one's database."""
    return tmp_path_factory.mktemp("state")


def environment(state: Path) -> dict[str, str]:
    """The demo in this environment, on a state of its own."""
    return {**os.environ, "GENAI_PLATFORM_STATE": str(state), "GENAI_PLATFORM_VENV": sys.prefix}


def demo(root: Path, state: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs scripts/demo to its end, from another folder and without a terminal."""
    return subprocess.run(
        [root / "scripts/demo", *arguments],
        env=environment(state),
        cwd=cwd or state,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST,
    )


def test_the_sample_becomes_a_video(root: Path, state: Path) -> None:
    """Exit code 0, offline mode said, and every path that is printed leads to a file."""
    done = demo(root, state)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Offline mode: no language model was used." in done.stdout
    assert "avc1" in done.stdout
    assert "mp4a" in done.stdout
    paths = re.findall(r"^  (?:Video|Slides|Script|Data|Captions|Manifest)\S*\s+(\S+)$", done.stdout, re.MULTILINE)
    assert len(paths) >= 6
    for path in paths:
        assert Path(root, path).is_file()


def test_bad_input_ends_with_its_name_and_exit_code_1(root: Path, state: Path, tmp_path: Path) -> None:
    """A file that is no PDF, named relative to where the user stands, with a space in its name."""
    (tmp_path / "my sheet.pdf").write_text("<html>")
    done = demo(root, state, "my sheet.pdf", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "NotAPdfError" in done.stdout
    assert "manifest.json" in done.stdout


def test_a_missing_file_is_said_before_anything_starts(root: Path, state: Path) -> None:
    """Exit code 2, at once."""
    done = demo(root, state, "nowhere.pdf")
    assert done.returncode == 2
    assert "nowhere.pdf" in done.stderr


def test_an_interrupted_demo_leaves_nothing_running(root: Path, state: Path) -> None:
    """Ctrl-C while the services start ends all of them; no process keeps the lock of the state folder."""
    import fcntl

    process = subprocess.Popen(
        [root / "scripts/demo"], env=environment(state), cwd=state, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    log = state / "airflow/logs/scheduler.log"
    before = log.stat().st_mtime_ns
    deadline = time.monotonic() + LONGEST
    while log.stat().st_mtime_ns == before and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=LONGEST)
    assert process.returncode == 130, said
    with (state / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
