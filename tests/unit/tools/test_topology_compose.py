"""How the compose file is read for processes: variables, durations, secrets, checks, and the places of this machine."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from topology_compose import ComposeError, duration, read_compose
from topology_places import Places
from topology_programs import end, family, until

_FILE = """\
services:
  redis:
    image: redis:7.2.11-bookworm
    restart: unless-stopped
    command: ["sh", "-c", "exec redis-server --requirepass \\"$$(cat /run/secrets/redis_password)\\""]
    secrets: [redis_password]
    healthcheck: {test: [CMD-SHELL, "redis-cli ping"], interval: 5s, timeout: 1m30s}
  scheduler:
    image: genai-platform/airflow:3.3.2
    command: ["scheduler"]
    environment: {A: "${NAME:-plain}", B: "x/${NAME}", C: "http://redis:6379/0"}
    secrets: [{source: connections, target: connections.json}]
    volumes: ["./dags:/opt/airflow/dags:ro", "logs:/opt/airflow/logs"]
    depends_on: {redis: {condition: service_healthy}}
    deploy: {replicas: 2}
  extra:
    profiles: [more]
    image: x:1
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small compose file."""
    path = tmp_path / "docker-compose.yaml"
    path.write_text(_FILE)
    return path


def test_a_service_is_read_as_compose_reads_it(file: Path) -> None:
    """Variables with and without a default, `$$`, secrets by their file, checks, replicas; profiles are left out."""
    found = read_compose(file, {})
    assert set(found) == {"redis", "scheduler"}
    assert found["redis"].command[2].endswith('"$(cat /run/secrets/redis_password)"')
    assert found["redis"].check is not None and found["redis"].check.command == ("sh", "-c", "redis-cli ping")
    assert found["redis"].check.timeout == timedelta(seconds=90)
    scheduler = found["scheduler"]
    assert dict(scheduler.environment) == {"A": "plain", "B": "x/", "C": "http://redis:6379/0"}
    assert (scheduler.replicas, scheduler.is_airflow, dict(scheduler.after)) == (2, True, {"redis": "service_healthy"})
    assert dict(scheduler.secrets) == {"connections": "connections.json"}
    assert dict(scheduler.binds) == {"/opt/airflow/dags": "dags"}
    assert read_compose(file, {"NAME": "own"})["scheduler"].environment["A"] == "own"


def test_what_is_missing_or_not_read_is_named(file: Path) -> None:
    """A variable that must be set, a duration that is none, a command that is one text."""
    file.write_text(_FILE.replace("${NAME:-plain}", "${NAME:?set it}"))
    with pytest.raises(ComposeError, match="NAME is not set: set it"):
        read_compose(file, {})
    with pytest.raises(ComposeError, match="'soon' is no duration"):
        duration("soon")
    file.write_text(_FILE.replace('["scheduler"]', "scheduler"))
    with pytest.raises(ComposeError, match="command of scheduler"):
        read_compose(file, {})


def test_names_of_containers_become_places_of_this_machine(file: Path, tmp_path: Path) -> None:
    """Hosts and ports, mounted folders, secrets; each service has a folder of its own for what it was given."""
    services = read_compose(file, {})
    places = Places(tmp_path / "state", tmp_path, tmp_path / "other" / "plugins")
    scheduler = services["scheduler"]
    port = places.port("redis", 6379)
    assert places.local("redis://:x@redis:6379/1", scheduler, "scheduler-1") == f"redis://:x@127.0.0.1:{port}/1"
    assert places.local("/opt/airflow/dags/a", scheduler, "scheduler-1") == f"{tmp_path}/dags/a"
    assert places.local("/opt/airflow/logs", scheduler, "scheduler-1") == f"{tmp_path}/state/logs"
    assert places.local("cat /run/secrets/x", scheduler, "scheduler-1") == f"cat {tmp_path}/state/secrets/scheduler/x"
    own = [places.local("http://localhost:8974/health", scheduler, name) for name in ("scheduler-1", "scheduler-2")]
    assert own[0] != own[1] and all("8974" not in text for text in own)
    assert places.local("s3://my-redis:6379x", scheduler, "scheduler-1") == "s3://my-redis:6379x"


def test_a_process_is_ended_with_all_that_it_started() -> None:
    """Also with what has a session of its own and hears no SIGTERM, as a container's end would take it along."""
    deaf = "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    child = f"{deaf}print('there', flush=True); time.sleep(60)"
    parent = f"{deaf}subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True).wait()"
    process = subprocess.Popen([sys.executable, "-c", parent], start_new_session=True, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"there\n"
    (grandchild,) = family(process.pid)
    children = {grandchild, process.pid}
    assert not end(process, 0.2, whole=True)
    assert until(lambda: not any(_runs(pid) for pid in children), 5)
    process.stdout.close()


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
