"""The offline voice: espeak-ng in a small child process, so that its GPL library never enters the process of a task.

    EspeakVoice ── one JSON line per sentence ──► python espeak_child.py
                ◄── one JSON line per answer ───  (loads the library once, writes WAV files)
"""

from __future__ import annotations

import contextlib
import json
import selectors
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from workflow_orchestrator.errors import SpeechError
from workflow_orchestrator.fields import LANGUAGES

WORDS_A_MINUTE = 155
# By its file: as a module it would first import the whole package, which takes longer than to speak a script.
_CHILD = Path(__file__).with_name("espeak_child.py")


class EspeakVoice:
    """Speaks English (British), German and French. One child process serves a whole narration.

    Args:
        timeout: how long one sentence may take. espeak-ng needs milliseconds; a child that hangs is killed.
    """

    name = "espeak"

    def __init__(self, *, timeout: timedelta = timedelta(seconds=60)) -> None:
        self._timeout = timeout
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> EspeakVoice:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the child process. The voice can be used again: the next sentence starts a new one."""
        child, self._child = self._child, None
        if child is None:
            return
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def synthesise(self, text: str, language: str, out: Path) -> None:
        """Speaks one sentence into a WAV file of 22,050 Hz.

        Raises:
            SpeechError: the language is unknown, or the child failed or did not answer in time.
        """
        if language not in LANGUAGES:
            raise SpeechError(f"the voice {self.name} speaks {', '.join(LANGUAGES)}, not {language!r}")
        request = {"text": text, "language": language, "out": str(out.absolute()), "rate": WORDS_A_MINUTE}
        answer = self._ask(request)
        if "error" in answer:
            raise SpeechError(f"the voice {self.name} cannot speak {text[:120]!r}: {answer['error']}")

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        child = self._started()
        if child.stdin is None or child.stdout is None:
            raise AssertionError("the child is started with pipes")
        try:
            child.stdin.write(json.dumps(request).encode() + b"\n")
            child.stdin.flush()
            line = self._line(child.stdout)
        except OSError as error:
            line = b""
            reason = f"its process ended: {error}"
        else:
            reason = "its process ended" if child.poll() is not None else f"no answer within {self._timeout}"
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        child.kill()
        self.close()
        raise SpeechError(f"the voice {self.name} failed at {request['text'][:120]!r}: {reason}")

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._child = subprocess.Popen(
                # -P: modules beside the file are not taken for those of the library that bear their names.
                [sys.executable, "-P", str(_CHILD)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )
        return self._child

    def _line(self, stdout: Any) -> bytes:
        """The next line, or nothing if the child stays silent. An answer is one short write, so a line comes whole."""
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            if not selector.select(self._timeout.total_seconds()):
                return b""
            line: bytes = stdout.readline()
            return line
