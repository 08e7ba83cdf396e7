"""Reads a PDF without trusting it: cheap checks here, the reading in a process that can be killed.

`read_document` starts one child per document. The child limits its own memory and CPU time and dies with its parent; this side
limits the wall time and turns every way in which a child can end into a document or a named `DocumentError`. Only a child that was
killed by something else is not the document's fault (`ReaderKilledError`).
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from workflow_orchestrator import errors
from workflow_orchestrator.documents.model import Document, ReadLimits
from workflow_orchestrator.documents.telling import listening
from workflow_orchestrator.errors import (
    DamagedDocumentError,
    DocumentError,
    DocumentLimitError,
    EmptyDocumentError,
    NotAPdfError,
    ReaderKilledError,
)

_log = logging.getLogger(__name__)
_ROOT = str(Path(__file__).resolve().parents[2])
_HEADER_WITHIN = 4096  # bytes; readers accept junk before the header, and some producers write it
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "TESSDATA_PREFIX", "LANG", "TMPDIR", "VIRTUAL_ENV", "PYTHONHOME")


def read_document(data: bytes, limits: ReadLimits | None = None) -> Document:
    """Reads the PDF in `data`.

    Args:
        data: the whole file.
        limits: what the reading may take; the default suits factsheets and reports.

    Raises:
        EmptyDocumentError: no bytes, no page, or no visible word.
        NotAPdfError: something else, whatever its name says.
        EncryptedDocumentError: a password is needed. A file that opens with the empty password is read.
        ImageOnlyDocumentError: pictures without a text layer, and no OCR that could read them.
        DamagedDocumentError: it cannot be opened even after a repair, or its text layer is not text.
        DocumentLimitError: over a limit of bytes, pages, characters, forms, seconds or memory.
        ReaderKilledError: the reading process was killed from outside; a retry can help.
        OcrMissingError: the limits require OCR, a page needs it, and this machine has none.
    """
    limits = limits or ReadLimits()
    _check_first(data, limits)
    allowed = limits.ocr_time if limits.ocr != "off" else timedelta()
    ocr = {"ocr": limits.ocr, "ocr_pages": limits.ocr_pages, "ocr_seconds": limits.ocr_time.total_seconds()}
    answer = run_child("child", data, limits, waits=allowed, **ocr)
    return Document.from_json({**answer["document"], "sha256": hashlib.sha256(data).hexdigest()})


def _check_first(data: bytes, limits: ReadLimits) -> None:
    if not data:
        raise EmptyDocumentError("the file has 0 bytes; it was probably not uploaded completely")
    if len(data) > limits.max_bytes:
        raise DocumentLimitError(
            f"the file has {len(data)} bytes and the limit is {limits.max_bytes}",
            limit="bytes",
            value=len(data),
            maximum=limits.max_bytes,
        )
    if b"%PDF-" not in data[:_HEADER_WITHIN]:
        start = data[:24].decode("ascii", "replace").replace("\ufffd", "?")
        raise NotAPdfError(f"the file is not a PDF: it begins with {start!r}, not with '%PDF-'")


def run_child(
    module: str, data: bytes, limits: ReadLimits, *, waits: timedelta = timedelta(), **more: Any
) -> dict[str, Any]:
    """What a program of this package says about the document, in a process of its own that can be killed.

    Args:
        module: the program: takes the limits and `more` as JSON in its argument and the document on standard input, answers in JSON.
        data: the whole file.
        limits: what it may take.
        waits: how much longer than its own processor time it may wait for programs that it starts.
        **more: what else it is asked, JSON-safe.

    Raises:
        DocumentError: the document ended the program, or it took too much.
        ReaderKilledError: something else ended it; a retry can help.
    """
    seconds = limits.time.total_seconds()
    asked = {
        **more,
        "max_pages": limits.max_pages,
        "max_characters": limits.max_characters,
        "memory_bytes": limits.memory_bytes,
        "seconds": seconds,
        "parent": os.getpid(),
    }
    with listening() as pipe:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", f"workflow_orchestrator.documents.{module}", json.dumps({**asked, "tells": pipe})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
            start_new_session=True,
            pass_fds=(pipe,),
        )
        try:
            out, err = process.communicate(data, timeout=seconds + waits.total_seconds())
        except subprocess.TimeoutExpired:
            raise _too_slow(seconds + waits.total_seconds()) from None
        finally:
            # Also when this thread is interrupted (a cancelled task): no child is left behind.
            if process.poll() is None:
                # Its session, so that what it has started goes with it.
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
    if process.returncode == 0 and out:
        answer: dict[str, Any] = json.loads(out)
        _log.info("the reading process held at most %d MiB", answer["peak_bytes"] // 2**20)
        if "error" in answer:
            raise _error(answer)
        return answer
    raise _crash(process.returncode, err, seconds)


def _environment() -> dict[str, str]:
    """What the child needs and nothing else: no secret of this process reaches the process that meets the document."""
    path = dict.fromkeys([_ROOT, *(entry for entry in sys.path if entry and Path(entry).exists())])
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed, "PYTHONPATH": os.pathsep.join(path), "PYTHONUTF8": "1"}


def _too_slow(seconds: float) -> DocumentLimitError:
    return DocumentLimitError(
        f"reading the document takes more than {seconds:g} seconds", limit="seconds", maximum=seconds
    )


def _crash(code: int, err: bytes, seconds: float) -> DocumentError | ReaderKilledError:
    if code == -signal.SIGXCPU:
        return _too_slow(seconds)
    if code in (-signal.SIGKILL, -signal.SIGTERM):
        # The limits of this process end in SIGXCPU, SIGABRT or MemoryError: whoever sent these looked at the machine.
        return ReaderKilledError(
            f"the reading process was killed from outside ({signal.Signals(-code).name}), "
            "perhaps because the machine ran out of memory"
        )
    if code < 0:
        name = signal.Signals(-code).name if -code in list(signal.Signals) else f"signal {-code}"
        return DamagedDocumentError(f"the document crashes the reader ({name}); it is broken or made to harm")
    last = err.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no message"]
    if "MemoryError" in last[0]:
        return DocumentLimitError("reading the document needs more memory than the limit", limit="memory")
    return DamagedDocumentError(f"the reader failed on the document: {last[0][:300]}")


def _error(answer: dict[str, Any]) -> DocumentError:
    kind = getattr(errors, answer["error"], DamagedDocumentError)
    made: DocumentError = kind(answer["message"], **answer["details"])
    return made
