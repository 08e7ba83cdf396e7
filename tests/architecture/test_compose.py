"""The compose file, as far as it can be judged without an engine: whole, without default secrets, with the topology promised."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ONE_SHOT = {"migrate", "store-bucket"}


@pytest.fixture(scope="module")
def services(root: Path) -> dict[str, dict[str, Any]]:
    """The services, with the shared parts merged in."""
    loaded: dict[str, dict[str, Any]] = yaml.safe_load((root / "docker-compose.yaml").read_text())["services"]
    return loaded


def test_the_production_topology_is_there(services: dict[str, dict[str, Any]]) -> None:
    """Database, broker, store, collector and the five Airflow services, on CeleryExecutor."""
    assert {"postgres", "redis", "store", "otel-collector", "api-server", "scheduler", "dag-processor"} <= set(services)
    assert {"triggerer", "worker"} <= set(services)
    assert services["worker"]["environment"]["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    assert services["worker"]["environment"]["GENAI_PLATFORM_PROFILE"] == "production"


def test_every_file_that_is_mounted_exists(root: Path, services: dict[str, dict[str, Any]]) -> None:
    """A bind source that is missing would become an empty folder."""
    for name, service in services.items():
        for volume in service.get("volumes", []):
            if volume.startswith("./"):
                assert (root / volume.split(":")[0]).exists(), (name, volume)
        if "build" in service:
            assert (root / service["build"]["dockerfile"]).is_file()


def test_no_secret_has_a_default(root: Path) -> None:
    """A password, key or secret that is not set stops the start; none is written down."""
    text = (root / "docker-compose.yaml").read_text()
    for name, rest in re.findall(r"\$\{([A-Z_]+)([^}]*)\}", text):
        if re.search(r"PASSWORD|SECRET|KEY", name):
            assert rest.startswith(":?"), name


def test_services_come_back_and_are_bounded(services: dict[str, dict[str, Any]]) -> None:
    """Each service restarts and has a memory limit; its image has a fixed tag; ports are on loopback."""
    for name, service in services.items():
        assert ":" in service["image"], name
        assert not service["image"].endswith(":latest"), name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        if name not in ONE_SHOT:
            assert service["restart"] == "unless-stopped", name
            assert service["deploy"]["resources"]["limits"]["memory"], name


def test_a_worker_may_finish_its_longest_step(services: dict[str, dict[str, Any]]) -> None:
    """A stop waits longer than one try of a step may take."""
    assert services["worker"]["stop_grace_period"] == "15m"
