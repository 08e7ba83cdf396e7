"""Airflow's REST API as the people of a local Airflow, and the waits for what it shows."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

USER = "admin"


class AirflowNotUp(RuntimeError):
    """A service ended or did not answer in time; the message holds the end of its log."""


class AirflowClient(ABC):
    """Talks to an Airflow whose services it can look after: no wait outlives a service that has ended.

    Attributes:
        url: where the API server listens.
        password: the one that all people have.
    """

    url: str = ""
    password: str = ""

    def __init__(self) -> None:
        self._started_at = datetime.now(UTC)
        self._clients: dict[str, httpx.Client] = {}

    @abstractmethod
    def check_services(self) -> None:
        """Raises `AirflowNotUp` if a service has ended."""

    @abstractmethod
    def log_of(self, service: str) -> Path:
        """Where a service writes."""

    def close_clients(self) -> None:
        """Closes the connections; the next request opens them again, with new tokens."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    @property
    def client(self) -> httpx.Client:
        """An HTTP client with the admin's token."""
        return self.client_of(USER)

    def client_of(self, name: str) -> httpx.Client:
        """An HTTP client with somebody's token."""
        if name not in self._clients:
            self._clients[name] = httpx.Client(
                base_url=f"{self.url}/api/v2",
                headers={"Authorization": f"Bearer {self._token(name)}"},
                timeout=60,
                trust_env=False,
            )
        return self._clients[name]

    def _token(self, name: str = USER) -> str:
        login = {"username": name, "password": self.password}
        answer = httpx.post(f"{self.url}/auth/token", json=login, timeout=30, trust_env=False)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def get(self, path: str, **query: Any) -> Any:
        """A GET on the REST API, as JSON. One that SQLite kept waiting behind a writer is asked again once."""
        try:
            answer = self.client.get(path, params=query)
        except httpx.ReadTimeout:
            self.check_services()
            answer = self.client.get(path, params=query)
        answer.raise_for_status()
        return answer.json()

    def wait_for_triggerer(self, timeout: float = 180) -> None:
        """Returns when a triggerer that was started here has reported to the database."""
        deadline = time.monotonic() + timeout
        while True:
            self.check_services()
            state = self.get("/monitor/health")["triggerer"]
            seen = state["latest_triggerer_heartbeat"]
            if state["status"] == "healthy" and datetime.fromisoformat(seen) >= self._started_at:
                return
            if time.monotonic() > deadline:
                raise AirflowNotUp(f"no triggerer is healthy; see {self.log_of('triggerer')}")
            time.sleep(0.25)

    def wait_for_dag(self, dag_id: str, timeout: float = 180) -> None:
        """Returns when Airflow knows the DAG; import errors end the wait with their text."""
        deadline = time.monotonic() + timeout
        while not self._knows(dag_id):
            self.check_services()
            # Airflow remembers the errors of earlier days until the file is parsed again.
            found = self.get("/importErrors")["import_errors"]
            errors = [item for item in found if datetime.fromisoformat(item["timestamp"]) >= self._started_at]
            if errors:
                raise AirflowNotUp("\n".join(f"{item['filename']}: {item['stack_trace']}" for item in errors))
            if time.monotonic() > deadline:
                raise AirflowNotUp(f"Airflow does not show the DAG {dag_id!r}; see {self.log_of('dag-processor')}")
            time.sleep(0.25)

    def _knows(self, dag_id: str) -> bool:
        """Whether Airflow has parsed the DAG since it was started here."""
        answer = self.client.get(f"/dags/{dag_id}")
        if answer.status_code != 200:
            return False
        parsed = answer.json()["last_parsed_time"]
        return parsed is not None and datetime.fromisoformat(parsed) >= self._started_at

    def trigger(self, dag_id: str, conf: Mapping[str, Any], run_id: str | None = None, note: str | None = None) -> str:
        """Starts a run and returns its id.

        Raises:
            httpx.HTTPStatusError: Airflow refused it.
        """
        body = {"logical_date": None, "conf": dict(conf), "note": note}
        if run_id:
            body["dag_run_id"] = run_id
        try:
            answer = self.client.post(f"/dags/{dag_id}/dagRuns", json=body)
        except httpx.ReadTimeout:
            if not run_id:
                raise
            # SQLite kept the writer waiting. The run id makes asking again safe: a conflict says that the run is there.
            self.check_services()
            answer = self.client.post(f"/dags/{dag_id}/dagRuns", json=body)
            if answer.status_code == httpx.codes.CONFLICT:
                return run_id
        answer.raise_for_status()
        return str(answer.json()["dag_run_id"])

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """The run's own data: state, note, times."""
        data: dict[str, Any] = self.get(f"/dags/{dag_id}/dagRuns/{run_id}")
        return data

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The task instances of a run."""
        found: list[dict[str, Any]] = self.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return found

    def watch(
        self, dag_id: str, run_id: str, timeout: float, until: Callable[[dict[str, str | None]], bool] | None = None
    ) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """The run's state and tasks, twice a second, until it has ended or waits for a person.

        `until` looks at the states of the tasks by name and ends the watch in place of the waiting for a person.
        """
        deadline = time.monotonic() + timeout
        put = 0
        while True:
            self.check_services()
            tasks = self.tasks(dag_id, run_id)
            state = self.run(dag_id, run_id)["state"]
            yield state, tasks
            states = {task["task_id"]: task["state"] for task in tasks}
            put = put + 1 if _waits_for_a_person(states) and self._has_heard_of_questions(dag_id, run_id, tasks) else 0
            if state in ("success", "failed") or (until(states) if until else put == 2):
                return
            if time.monotonic() > deadline:
                raise AirflowNotUp(f"run {run_id} did not end within {timeout:.0f} s; it is {state}")
            time.sleep(0.5)

    def _has_heard_of_questions(self, dag_id: str, run_id: str, tasks: list[dict[str, Any]]) -> bool:
        """Whether the scheduler knows that the attempts which ask have left their workers.

        Airflow 3.3.2 loses an answer that comes before it has heard so: the attempt fails and the task asks again. The
        API does not tell, the scheduler's log does.
        """
        heard = self.log_of("scheduler").read_text(errors="replace")
        return all(
            f"task instance TaskInstanceKey({dag_id=}, task_id={task['task_id']!r}, {run_id=}, "
            f"try_number={task['try_number']}, map_index={task['map_index']})" in heard
            for task in tasks
            if task["state"] == "awaiting_input"
        )


def _waits_for_a_person(states: Mapping[str, str | None]) -> bool:
    at_work = {"running", "queued", "scheduled", "deferred"}
    return "awaiting_input" in states.values() and not at_work & set(states.values())
