"""The reading process can be killed, can hang, and can lose its parent: the caller gets a named error, and no process stays behind."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest
from pdf_sample import document

from workflow_orchestrator.documents import Document, ReadLimits, read_document
from workflow_orchestrator.errors import DocumentLimitError, ReaderKilledError

ROOT = Path(__file__).resolve().parents[4]
SLOW = document(b"BT /F1 1 Tf 1 0 0 1 10 700 Tm " + b"(abc) Tj 1 0 Td " * 600_000 + b"ET", packed=True)
PATIENCE = 30.0  # seconds for processes to start and end on a busy machine
READ = """
    import signal, sys
    sys.path.insert(0, sys.argv[1])
    from workflow_orchestrator.documents import read_document
"""


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    """A thread that reads while the test looks on."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def test_a_killed_reader_is_not_the_documents_fault(thread: ThreadPoolExecutor) -> None:
    """Who kills the reader from outside (the kernel, when memory is short) makes the task fail with that reason, and a retry may help."""
    reading = thread.submit(read_document, SLOW)
    with _reader_of(os.getpid()) as (child, ended):
        os.kill(child, signal.SIGKILL)
        with pytest.raises(ReaderKilledError, match="SIGKILL") as caught:
            reading.result(PATIENCE)
        assert ended()
    assert caught.value.retryable is True


def test_a_reader_that_hangs_is_given_up(thread: ThreadPoolExecutor) -> None:
    """A reader that does nothing at all any more, not even die of a signal, ends with the limit of time."""
    reading: Future[Document] = thread.submit(read_document, SLOW, ReadLimits(time=timedelta(seconds=3)))
    with _reader_of(os.getpid()) as (child, ended):
        os.kill(child, signal.SIGSTOP)
        with pytest.raises(DocumentLimitError, match="more than 3 seconds"):
            reading.result(PATIENCE)
        assert ended()


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_no_reader_outlives_its_worker(name: str) -> None:
    """When the reader's parent is killed, the kernel kills the reader; the reader never saw the parent's environment."""
    with (
        _worker(READ + "    read_document(sys.stdin.buffer.read())\n") as parent,
        _reader_of(parent.pid) as (child, ended),
    ):
        environment = _until(lambda: Path(f"/proc/{child}/environ").read_bytes(), lambda text: b"PYTHONUTF8" in text)
        parent.send_signal(signal.Signals[name])
        assert parent.wait(PATIENCE) == -signal.Signals[name]
        assert ended(), "the reader outlived its parent"
        assert b"hush" not in environment


def test_a_reader_that_hangs_does_not_outlive_its_worker() -> None:
    """Nor does one that is stopped, and so cannot see that its parent is gone."""
    with (
        _worker(READ + "    read_document(sys.stdin.buffer.read())\n") as parent,
        _reader_of(parent.pid) as (child, ended),
    ):
        _until(lambda: Path(f"/proc/{child}/environ").read_bytes(), lambda text: b"PYTHONUTF8" in text)
        _until(lambda: Path(f"/proc/{child}/oom_score_adj").read_text(), lambda text: text.strip() == "1000")
        os.kill(child, signal.SIGSTOP)
        parent.kill()
        assert ended(), "the stopped reader outlived its parent"


def test_a_cancelled_task_takes_its_reader_along() -> None:
    """A worker that turns SIGTERM into an exception, as Airflow's does, goes on living; its reader does not."""
    script = (
        READ
        + """
    def stop(number, frame):
        raise RuntimeError("the task was cancelled")

    signal.signal(signal.SIGTERM, stop)
    try:
        read_document(sys.stdin.buffer.read())
    except RuntimeError as error:
        print(error, flush=True)
    signal.pause()
    """
    )
    with _worker(script) as parent, _reader_of(parent.pid) as (_, ended):
        parent.send_signal(signal.SIGTERM)
        assert parent.stdout
        assert parent.stdout.readline() == b"the task was cancelled\n"
        assert ended() and parent.poll() is None


@contextmanager
def _worker(script: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that reads the slow document."""
    worker = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(ROOT / "plugins")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "SECRET_TOKEN": "hush"},
    )
    try:
        assert worker.stdin
        worker.stdin.write(SLOW)
        worker.stdin.close()
        yield worker
    finally:
        worker.kill()
        worker.wait()
        if worker.stdout:
            worker.stdout.close()


@contextmanager
def _reader_of(parent: int) -> Iterator[tuple[int, Callable[[], bool]]]:
    """The reading process of a parent, and whether it has ended, or does within some seconds."""
    child = _until(lambda: _readers(parent), lambda found: found)[0]
    handle = os.pidfd_open(child)
    try:
        yield child, lambda: bool(select.select([handle], [], [], PATIENCE)[0])
    finally:
        os.close(handle)


def _readers(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "cmdline").read_bytes()
        except OSError:
            continue  # it ended in the meantime
        if b"documents.child" in told and f'"parent": {parent}'.encode() in told:
            found.append(int(folder.name))
    return found


def _until(read, good):  # type: ignore[no-untyped-def]
    deadline = monotonic() + PATIENCE
    while monotonic() < deadline:
        found = read()
        if good(found):
            return found
    raise AssertionError(f"it did not happen within {PATIENCE} seconds")
