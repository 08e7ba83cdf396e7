"""The compose file, as far as it can be judged without an engine: whole, without default secrets, with the topology promised."""

from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_here import find_compose
from topology_compose import duration
from topology_programs import TopologyNotUp, ensure_programs, find

from workflow_orchestrator.doctor.roles import VARIABLE, read_role

ONE_SHOT = {"migrate", "store-bucket"}
# Its image holds the collector and nothing else: nothing in it could ask.
UNASKED = {"otel-collector"}
AIRFLOW = {"api-server-1", "api-server-2", "scheduler", "dag-processor", "triggerer", "worker"}


@pytest.fixture(scope="module")
def compose(root: Path) -> dict[str, Any]:
    """The whole file, with the shared parts merged in."""
    loaded: dict[str, Any] = yaml.safe_load((root / "docker-compose.yaml").read_text())
    return loaded


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The services."""
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


@pytest.fixture(scope="module")
def secrets(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as deploy/make_secrets.sh makes it."""
    folder = tmp_path_factory.mktemp("made") / "secrets"
    subprocess.run(["bash", str(root / "deploy" / "make_secrets.sh"), str(folder)], check=True, capture_output=True)
    return folder


def test_the_production_topology_is_there(services: dict[str, dict[str, Any]]) -> None:
    """Two of everything of Airflow that a run needs at every moment, on CeleryExecutor, in the production profile."""
    assert {"postgres", "redis", "store", "otel-collector", "proxy", *AIRFLOW} <= set(services)
    for name in ("scheduler", "triggerer", "worker"):
        assert services[name]["deploy"]["replicas"] == 2, name
    for name in AIRFLOW:
        assert services[name]["environment"]["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
        assert services[name]["environment"]["GENAI_PLATFORM_PROFILE"] == "production"


def test_every_file_that_is_mounted_exists(root: Path, services: dict[str, dict[str, Any]]) -> None:
    """A bind source that is missing would become an empty folder."""
    for name, service in services.items():
        for volume in service.get("volumes", []):
            if volume.startswith("./"):
                assert (root / volume.split(":")[0]).exists(), (name, volume)
                assert volume.endswith(":ro"), (name, volume)
        if "build" in service:
            assert (root / service["build"]["dockerfile"]).is_file()


def test_every_secret_is_made_and_none_is_missing(
    compose: dict[str, Any], services: dict[str, dict[str, Any]], secrets: Path
) -> None:
    """The script makes the files that the file names, no more and no fewer, and every `/run/secrets/…` is given to its service."""
    named = {Path(one["file"]).name for one in compose["secrets"].values()}
    assert named == {path.name for path in secrets.iterdir()}
    for name, service in services.items():
        targets = {one if isinstance(one, str) else one["target"] for one in service.get("secrets", [])}
        used = set(re.findall(r"/run/secrets/([a-z_.]+)", json.dumps(service)))
        assert used == targets, name


def test_secrets_are_whole_private_and_kept(root: Path, secrets: Path) -> None:
    """No line break that Airflow would take in, a folder for its owner alone, and a second start changes nothing."""
    from cryptography.fernet import Fernet

    before = {path.name: path.read_text() for path in secrets.iterdir()}
    assert all(value and value == value.strip() for value in before.values())
    assert secrets.stat().st_mode & 0o777 == 0o700
    Fernet(before["fernet_key"])
    assert json.loads(before["connections.json"])["aws_default"]["login"] == before["storage_key"]
    again = subprocess.run(
        ["bash", str(root / "deploy" / "make_secrets.sh"), str(secrets)], capture_output=True, text=True, check=False
    )
    assert again.returncode == 1 and "nothing was changed" in again.stderr
    assert before == {path.name: path.read_text() for path in secrets.iterdir()}


def test_no_secret_is_written_down(services: dict[str, dict[str, Any]]) -> None:
    """What is called password, secret or key is a file, or the command that reads one; nobody sees it in `docker inspect`."""
    for name, service in services.items():
        for key, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET_KEY|JWT_SECRET|FERNET|BROKER_URL|RESULT_BACKEND|STATE_URL|ROOT_USER", key):
                assert value.startswith(("cat /run/secrets/", "/run/secrets/")), (name, key)


def test_workers_hold_no_key_of_the_database(services: dict[str, dict[str, Any]]) -> None:
    """Code of tasks could read what a worker knows: no password of the database, no key that signs or decrypts."""
    worker = services["worker"]
    given = {one if isinstance(one, str) else one["source"] for one in worker["secrets"]}
    assert given == {"broker_url", "result_backend", "state_url", "connections"}
    assert worker["environment"]["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].endswith("@not-for-workers.invalid/none")


def test_each_service_knows_its_role_and_has_the_keys_of_it(services: dict[str, dict[str, Any]]) -> None:
    """What the doctor asks of a role is what the file gives it, no more and no less."""
    files = {
        "api.secret_key": "api_secret_key", "api_auth.jwt_secret": "jwt_secret", "core.fernet_key": "fernet_key",
        "database.password": "sql_alchemy_conn",
    }  # fmt: skip
    for name in AIRFLOW:
        role = read_role(services[name]["environment"][VARIABLE])
        assert name.startswith(role), name
        given = {one if isinstance(one, str) else one["source"] for one in services[name]["secrets"]}
        assert given & set(files.values()) == {files[key] for key in role.secrets}, name


def test_services_come_back_and_are_bounded(services: dict[str, dict[str, Any]]) -> None:
    """Each restarts, is asked whether it is well, and has limits, a fixed tag, no privileges and a root that cannot be written."""
    for name, service in services.items():
        assert re.fullmatch(r"[^:]+:[\w.-]*\d[\w.-]*", service["image"]) and "latest" not in service["image"], name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"], name
        assert service["read_only"] is True, name
        assert set(service["networks"]) <= {"frontend", "backend"}, name
        assert service["deploy"]["resources"]["limits"]["memory"] and service["deploy"]["resources"]["limits"]["pids"], name
        if name in ONE_SHOT:
            continue
        assert service["restart"] == "unless-stopped", name
        assert ("healthcheck" in service) == (name not in UNASKED), name
    for name in (*AIRFLOW, "migrate"):
        assert services[name]["user"] == "50000:0", name


def test_health_checks_start_no_airflow(services: dict[str, dict[str, Any]]) -> None:
    """A command line of Airflow's costs five seconds of processor time, four times a minute for each service."""
    for name, service in services.items():
        assert "airflow " not in " ".join(service.get("healthcheck", {}).get("test", [])), name


def test_a_worker_may_finish_its_longest_step(root: Path, services: dict[str, dict[str, Any]]) -> None:
    """A stop waits longer than one try of any step of the workflows may take."""
    from workflow_orchestrator.definition import load_workflow

    longest = timedelta()
    for path in sorted((root / "dags").glob("*/workflow.yaml")):
        workflow = load_workflow(path.parent, root / "include")
        longest = max([longest, *(step.execution.timeout for step in (*workflow.steps, *workflow.last))])
    assert timedelta() < longest < duration(services["worker"]["stop_grace_period"])


def test_compose_itself_takes_the_file(root: Path, tmp_path: Path) -> None:
    """Docker Compose resolves it, profile and all; it needs no engine for that."""
    program = find_compose(root / ".state" / "compose")
    if isinstance(program, str):
        pytest.skip(program)
    command = [*program, "-f", str(root / "docker-compose.yaml"), "--profile", "observability", "config", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "HOME": str(tmp_path)}, check=False)
    assert done.returncode == 0, done.stderr
    resolved = json.loads(done.stdout)["services"]
    assert {"prometheus", "grafana"} <= set(resolved)
    assert resolved["worker"]["environment"]["GENAI_PLATFORM_STORAGE"] == "s3://genai-platform"


def test_the_proxy_takes_its_file(root: Path) -> None:
    """HAProxy's own check; the program is installed where it is missing and root may."""
    try:
        ensure_programs("haproxy")
    except TopologyNotUp as reason:
        pytest.skip(str(reason))
    program = find("haproxy")
    assert program is not None
    done = subprocess.run([program, "-c", "-f", str(root / "deploy" / "haproxy.cfg")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
