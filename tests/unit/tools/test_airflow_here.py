"""A local Airflow and the signals that end it."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from airflow_here import LocalAirflow, PortTaken


def test_an_interrupt_while_a_service_is_started_loses_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C between the fork and its registration is acted upon once the process can be ended."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexec sleep 600\n")
    python.chmod(0o755)
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def interrupted(*words: Any, **how: Any) -> subprocess.Popen[bytes]:
        started.append(popen(*words, **how))
        signal.raise_signal(signal.SIGINT)
        return started[-1]

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        airflow = LocalAirflow(tmp_path, python=python)
        (airflow.home / "logs").mkdir(parents=True)
        airflow._environment = {"PATH": "/usr/bin:/bin"}
        monkeypatch.setattr(subprocess, "Popen", interrupted)
        with pytest.raises(KeyboardInterrupt):
            airflow.spawn("scheduler")
        assert airflow.pid("scheduler") == started[0].pid
        airflow.stop()
        assert started[0].poll() is not None
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_port_that_was_taken_meanwhile_is_told_from_other_ends(tmp_path: Path) -> None:
    """The words of the server that cannot bind; the caller then starts again on another port."""
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\necho "[Errno 98] error while attempting to bind on address: address already in use"\nexit 1\n'
    )
    python.chmod(0o755)
    airflow = LocalAirflow(tmp_path, python=python)
    (airflow.home / "logs").mkdir(parents=True)
    airflow._environment = {"PATH": "/usr/bin:/bin"}
    airflow.spawn("api-server")
    airflow._processes["api-server"].wait()
    with pytest.raises(PortTaken, match="took the port"):
        airflow.check_services()
    airflow.stop()
