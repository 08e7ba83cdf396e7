"""Airflow's REST API as one person of the topology."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

ENDED = ("success", "failed")


class TopologyClient:
    """Asks through the proxy, with a token of the login.

    Args:
        url: the address of the proxy.
        name: who asks.
        password: theirs.
    """

    def __init__(self, url: str, name: str, password: str) -> None:
        self.url = url
        self._login = {"username": name, "password": password}
        self._http = httpx.Client(base_url=url, timeout=120, trust_env=False)
        self._token = ""

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def ask(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """A request with a token; a new one is taken where there is none yet or it ran out."""
        if not self._token:
            self._log_in()
        answer = self._send(method, path, arguments)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._log_in()
            answer = self._send(method, path, arguments)
        return answer

    def _send(self, method: str, path: str, arguments: Mapping[str, Any]) -> httpx.Response:
        full = path if path.startswith("/auth/") else f"/api/v2{path}"
        return self._http.request(method, full, headers={"Authorization": f"Bearer {self._token}"}, **arguments)

    def _log_in(self) -> None:
        answer = self._http.post("/auth/token", json=self._login)
        answer.raise_for_status()
        self._token = str(answer.json()["access_token"])

    def get(self, path: str, **query: Any) -> Any:
        """A GET, as JSON."""
        answer = self.ask("GET", path, params=query)
        answer.raise_for_status()
        return answer.json()

    def trigger(self, dag_id: str, conf: Mapping[str, Any], run_id: str) -> str:
        """Starts a run. One that is there already under that id was started by the same request, sent twice."""
        body = {"logical_date": None, "dag_run_id": run_id, "conf": dict(conf)}
        answer = self.ask("POST", f"/dags/{dag_id}/dagRuns", json=body)
        if answer.status_code != httpx.codes.CONFLICT:
            answer.raise_for_status()
        return run_id

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """State, note, versions and times of a run."""
        found: dict[str, Any] = self.get(f"/dags/{dag_id}/dagRuns/{run_id}")
        return found

    def tasks(self, dag_id: str, run_id: str) -> dict[str, dict[str, Any]]:
        """The task instances of a run by task."""
        found = self.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return {task["task_id"]: task for task in found}

    def states(self, dag_id: str) -> dict[str, str]:
        """The state of each run of a DAG."""
        found = self.get(f"/dags/{dag_id}/dagRuns", limit=100)["dag_runs"]
        return {run["dag_run_id"]: run["state"] for run in found}

    def wait_for_dag(self, dag_id: str, timeout: float = 600) -> None:
        """Returns when Airflow knows the DAG.

        Raises:
            TimeoutError: it does not; import errors are named.
        """
        self.wait(lambda: self.ask("GET", f"/dags/{dag_id}").status_code == httpx.codes.OK, timeout, dag_id)

    def wait(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        """Asks twice a second until something is so.

        Raises:
            TimeoutError: it is not so in time.
        """
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                errors = [item["stack_trace"][-500:] for item in self.get("/importErrors")["import_errors"]]
                raise TimeoutError(f"not within {timeout:.0f} s: {what}. Import errors: {errors or 'none'}")
            time.sleep(0.5)
