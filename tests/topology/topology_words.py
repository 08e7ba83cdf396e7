"""The topology with the words that its tests speak."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from topology_client import ENDED, TopologyClient
from topology_here import Topology
from topology_project import BUCKET


class Office:
    """The topology, its store and its people.

    Args:
        topology: what runs.
        root: the checkout, for its samples.
        place: a folder for what the tests make.
    """

    def __init__(self, topology: Topology, root: Path, place: Path) -> None:
        self.topology = topology
        self.root = root
        self.place = place

    @property
    def client(self) -> TopologyClient:
        """The administrator, who asks for the videos."""
        return self.topology.client

    @cached_property
    def _s3(self) -> Any:
        import boto3

        key, secret = (self.topology.places.secret(name) for name in ("storage_key", "storage_secret"))
        return boto3.client(
            "s3", endpoint_url=self.topology.store, aws_access_key_id=key, aws_secret_access_key=secret, region_name="eu-central-1"
        )

    def put(self, workflow: str, name: str, source: Path) -> None:
        """A document into the inbox in the store."""
        self._s3.put_object(Bucket=BUCKET, Key=f"inbox/{workflow}/{name}", Body=source.read_bytes())

    def artifact(self, workflow: str, run_id: str, name: str) -> bytes:
        """A file of a run, from the store."""
        found: bytes = self._s3.get_object(Bucket=BUCKET, Key=f"runs/{workflow}/{run_id}/{name}")["Body"].read()
        return found

    def manifest(self, workflow: str, run_id: str) -> dict[str, Any]:
        """The manifest of a run."""
        found: dict[str, Any] = json.loads(self.artifact(workflow, run_id, "manifest.json"))
        return found

    def command(self, *words: str, service: str = "scheduler", check: bool = True) -> subprocess.CompletedProcess[str]:
        """`scripts/workflow …` with the environment and the secrets of a service."""
        done = self.topology.run(service, "python", "-m", "workflow_orchestrator.authoring", *words, check=False)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def officer(self, name: str) -> TopologyClient:
        """A further user, who may answer what others asked for."""
        password = "of-the-test-only"
        body = {
            "username": name, "password": password, "first_name": name, "last_name": "Officer", "email": f"{name}@localhost",
            "roles": [{"name": "User"}],
        }  # fmt: skip
        answer = self.client.ask("POST", "/auth/fab/v1/users", json=body)
        assert answer.status_code in (200, 201, 409), answer.text
        return TopologyClient(self.topology.url, name, password)

    def wait_for_end(self, dag_id: str, run_ids: list[str], timeout: float) -> dict[str, str]:
        """Waits until runs have ended, and says how."""

        def ended() -> bool:
            states = self.client.states(dag_id)
            return all(states.get(run_id) in ENDED for run_id in run_ids)

        self.client.wait(ended, timeout, f"the end of {', '.join(run_ids)}")
        states = self.client.states(dag_id)
        return {run_id: states[run_id] for run_id in run_ids}


def soon(seconds: float) -> str:
    """A time from now, as a run's parameter takes it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds")
