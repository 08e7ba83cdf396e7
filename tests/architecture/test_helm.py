"""The Helm values, as far as they can be judged without a cluster: nothing secret, nothing alone, roles and bundles that exist."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = {
    "apiServer": "api_server", "scheduler": "scheduler", "dagProcessor": "dag_processor", "triggerer": "triggerer", "workers": "worker",
}  # fmt: skip


@pytest.fixture(scope="module")
def values(root: Path) -> dict[str, Any]:
    """The values."""
    loaded: dict[str, Any] = yaml.safe_load((root / "deploy" / "helm" / "values.yaml").read_text(encoding="utf-8"))
    return loaded


def test_nothing_secret_is_written_down(root: Path, values: dict[str, Any]) -> None:
    """Keys, passwords and addresses of databases are named, and lie elsewhere."""
    text = (root / "deploy" / "helm" / "values.yaml").read_text(encoding="utf-8")
    assert not re.search(r"://[^\s/…]*:[^\s/…]*@", text)
    for name in ("fernetKey", "apiSecretKey", "jwtSecret", "webserverSecretKey"):
        assert name not in values
    assert all(name.endswith("SecretName") for name in values["data"])
    assert all({"envName", "secretName", "secretKey"} == set(one) for one in values["secret"])
    assert not [one["name"] for one in values["env"] if re.search("PASSWORD|TOKEN|_KEY", one["name"])]


def test_no_service_people_wait_for_stands_alone(values: dict[str, Any]) -> None:
    """Two of each that a run needs, and no more than one of them away at a time."""
    for name in ("apiServer", "scheduler", "triggerer", "workers"):
        assert values[name]["replicas"] >= 2, name
        assert values[name]["podDisruptionBudget"]["config"] == {"maxUnavailable": 1}, name


def test_a_worker_may_finish_its_longest_step(values: dict[str, Any]) -> None:
    """A pod that is ended waits longer than one try of any step may take."""
    assert values["workers"]["terminationGracePeriodSeconds"] >= 900
    assert not values["workers"]["persistence"]["enabled"]


def test_each_service_has_the_role_of_its_policy(root: Path, values: dict[str, Any]) -> None:
    """And limits of memory."""
    for service, role in ROLES.items():
        assert values[service]["env"] == [{"name": "GENAI_PLATFORM_ROLE", "value": role.replace("_", "-")}]
        arn = values[service]["serviceAccount"]["annotations"]["eks.amazonaws.com/role-arn"]
        assert arn.endswith(f"role/genai-platform-{role.replace('_', '-')}")
        assert (root / "deploy" / "iam" / f"{role}.json").is_file()
        assert values[service]["resources"]["limits"]["memory"]


@pytest.mark.airflow
def test_each_workflow_is_a_bundle_of_its_own(root: Path, values: dict[str, Any]) -> None:
    """By a class that there is, with arguments that it takes, and only what was signed."""
    platform, *bundles = values["dagProcessor"]["dagBundleConfigList"]
    assert platform["classpath"].endswith("LocalDagBundle") and platform["kwargs"] == {"path": "/opt/airflow/dags"}
    assert {one["name"] for one in bundles} == {path.parent.name for path in (root / "dags").glob("*/workflow.yaml")}
    for one in bundles:
        module, _, name = one["classpath"].rpartition(".")
        made = getattr(importlib.import_module(module), name)(name=one["name"], **{**one["kwargs"], "target": "/nowhere"})
        assert made.supports_versioning and one["kwargs"]["key"]


def test_settings_are_strings_as_a_configuration_file_has_them(values: dict[str, Any]) -> None:
    """A bare `true` would be written in a way that Airflow does not read."""
    for section, settings in values["config"].items():
        assert all(isinstance(value, str) for value in settings.values()), section


def test_nobody_is_root(values: dict[str, Any]) -> None:
    """And nobody can become it."""
    assert values["securityContexts"]["pod"]["runAsNonRoot"] and values["securityContexts"]["pod"]["runAsUser"] == 50000
    assert values["securityContexts"]["containers"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
