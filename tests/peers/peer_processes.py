"""The servers that these tests talk to: real programs on loopback, each in its own process group with its own log."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import httpx
from airflow_here import free_port
from model_peers import aimock, python_peer

HERE = Path(__file__).parent
GATEWAY_KEY = "sk-gateway-0123456789abcdef"
AIMOCK_KEY = "sk-aimock-0123456789abcdef"
# Asks the kernel for a kill when the test run is killed itself and can end nothing any more (prctl 1, signal 9).
_DIES_WITH_PARENT = "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execvp(sys.argv[1], sys.argv[1:])"
_LAUNCHER = (sys.executable, "-c", _DIES_WITH_PARENT) if sys.platform == "linux" else ()
_UP_SECONDS = 120  # a cold gateway on a busy machine compiles a thousand modules first


class PeerFailed(RuntimeError):
    """A peer ended or did not answer in time; the message holds the end of its log."""


class Peer:
    """One server process. `url` is its root, without `/v1`.

    Args:
        name: of the log file.
        command: program and arguments.
        folder: for the log and as working directory.
        url: where it will listen; empty when it prints that itself.
        ready: path that answers 200 once it is up.
        environment: further variables.
        key: for its own pages.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        *,
        url: str = "",
        ready: str = "",
        environment: Mapping[str, str] | None = None,
        key: str = "",
    ) -> None:
        self.name = name
        self.url = url
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._ready = ready
        self._log = folder / f"{name}.log"
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "OPENAI_", "AWS_"))
        }
        with self._log.open("wb") as log:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                [*_LAUNCHER, *command],
                cwd=folder,
                env={**inherited, **(environment or {})},
                stdin=subprocess.PIPE,
                stdout=log if url else subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        if not url:
            self.url = self._first_line(self.process.stdout)

    def __enter__(self) -> Peer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def wait(self) -> None:
        """Returns once the server answers.

        Raises:
            PeerFailed: it ended, or the time is up.
        """
        deadline = time.monotonic() + _UP_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise self._failed()
            time.sleep(0.05)

    def end(self) -> None:
        """Ends the server with everything that it started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
                break
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def get(self, path: str) -> Any:
        """The JSON of one of the server's own pages."""
        return (
            httpx.get(f"{self.url}{path}", headers=self._headers, timeout=10, trust_env=False).raise_for_status().json()
        )

    def post(self, path: str) -> None:
        """A command to the server itself."""
        httpx.post(f"{self.url}{path}", headers=self._headers, timeout=10, trust_env=False).raise_for_status()

    def _answers(self) -> bool:
        with suppress(httpx.HTTPError):
            answer = httpx.get(f"{self.url}{self._ready}", headers=self._headers, timeout=5, trust_env=False)
            return answer.is_success
        return False

    def _first_line(self, output: IO[bytes] | None) -> str:
        ready, _, _ = select.select([output], [], [], _UP_SECONDS) if output is not None else ((), (), ())
        line = output.readline().decode().strip() if output is not None and ready else ""
        if not line.startswith("http"):
            self.end()
            raise self._failed()
        return line

    def _failed(self) -> PeerFailed:
        told = self._log.read_text(errors="replace")[-1500:]
        return PeerFailed(f"{self.name} is not up (exit status {self.process.poll()}); its log ends: {told}")


def llama(folder: Path, *, nasty: bool = False) -> Peer:
    """A llama.cpp server with a model that is made on the spot."""
    python = str(python_peer("llama"))
    name = "nasty" if nasty else "tiny"
    model = folder / f"{name}.gguf"
    made = [python, str(HERE / "llama_model.py"), str(model), *(["--nasty"] if nasty else [])]
    subprocess.run(made, check=True, capture_output=True)
    return Peer(f"llama_{name}", [python, str(HERE / "llama_serve.py"), str(model)], folder)


class Aimock(Peer):
    """A server for several vendors' APIs that plays fixtures and keeps a journal of what it was asked."""

    def requests(self) -> list[dict[str, Any]]:
        """Every request since the last `forget`, in order."""
        entries = self.get("/__aimock/journal")
        return list(entries if isinstance(entries, list) else entries["entries"])

    def forget(self) -> None:
        """Empties the journal."""
        self.post("/__aimock/reset/journal")


def vendor(folder: Path, fixtures: Sequence[Mapping[str, Any]], *, key: str = "") -> Aimock:
    """An aimock that plays `fixtures` and refuses what it has no fixture for; with a key it is deaf to all other keys."""
    name = "aimock_locked" if key else "aimock"
    file = folder / f"{name}.json"
    file.write_text(json.dumps({"fixtures": list(fixtures)}), encoding="utf-8")
    port = free_port()
    arguments = ["--port", str(port), "--fixtures", str(file), "--strict", "--validate-on-load", "--log-level", "warn"]
    return Aimock(
        name,
        [*aimock(), *arguments],
        folder,
        url=f"http://127.0.0.1:{port}",
        ready="/__aimock/health",
        environment={"AIMOCK_API_KEYS": key} if key else {},
        key=key,
    )


def gateway(folder: Path, models: Mapping[str, Mapping[str, Any]]) -> Peer:
    """A LiteLLM proxy without a database, with one attempt per request.

    Args:
        folder: for its configuration and log.
        models: LiteLLM's parameters by the name that callers use.
    """
    config = {
        "model_list": [{"model_name": name, "litellm_params": dict(parameters)} for name, parameters in models.items()],
        "litellm_settings": {"num_retries": 0, "telemetry": False},
        # With cooldowns the failure of one test would be the answer to the next.
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
        "general_settings": {"master_key": GATEWAY_KEY, "disable_spend_logs": True},
    }
    file = folder / "gateway.yaml"
    file.write_text(json.dumps(config), encoding="utf-8")
    port = free_port()
    program = [str(python_peer("gateway")), "-c", "from litellm import run_server; run_server()"]
    return Peer(
        "gateway",
        [*program, "--config", str(file), "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"],
        folder,
        url=f"http://127.0.0.1:{port}",
        ready="/health/liveliness",
        # Its price list would otherwise be fetched from the network at each start.
        environment={"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION", "NO_PROXY": "127.0.0.1"},
    )
