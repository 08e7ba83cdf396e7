"""A whole Airflow in a state folder: LocalExecutor, a free loopback port, SQLite unless a PostgreSQL database is given.

Used by `scripts/demo`, the served tests and the benchmarks. Every process it starts is in its own process group and is
ended again.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType

import httpx
from airflow_client import USER, AirflowClient, AirflowNotUp

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("api-server", "scheduler", "dag-processor")
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class PortTaken(AirflowNotUp):
    """Somebody else listens on the port that was free a moment ago; starting again takes another one."""


def free_port(wanted: int = 0) -> int:
    """The wanted loopback port if nobody listens there, else any that is free."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LocalAirflow(AirflowClient):
    """Starts the services, waits until each reports that it is healthy, and talks to the REST API.

    Args:
        state: the folder that holds database, logs, secrets and storage.
        profile: `demo` or `production` (see include/orchestrator.yaml).
        environment: further variables for the services, such as connections; they win over all others.
        dags: the folder of the DAG files.
        port: taken if it is free.
        lock: file descriptor of a lock that every service holds open.
        database: address of a PostgreSQL database, `postgresql+psycopg2://…`; the python needs psycopg2 and asyncpg.
        parallelism: worker slots. SQLite dies under Airflow's default of 32: "database is locked" ends its services.
        triggerers: triggerer processes.
        api_workers: processes of the API server.
        python: interpreter with Airflow, of another environment than this one.
        people: further users by name, each with a role of Airflow's (viewer, user, op, admin), whose password is the admin's.
    """

    def __init__(
        self,
        state: Path,
        *,
        profile: str = "demo",
        environment: Mapping[str, str] | None = None,
        dags: Path | None = None,
        port: int = 0,
        lock: int | None = None,
        database: str | None = None,
        parallelism: int = 4,
        triggerers: int = 1,
        api_workers: int = 1,
        python: Path | None = None,
        people: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.state = state.resolve()
        self.storage = self.state / "storage"
        self.home = self.state / "airflow"
        self._listen_on(port)
        self._lock = lock
        self._profile = profile
        self._extra = dict(environment or {})
        self._dags = dags or ROOT / "dags"
        self._database = database
        self._sizes = {"CORE__PARALLELISM": parallelism, "API__WORKERS": api_workers}
        self._python = str(python or sys.executable)
        self.triggerers = tuple("triggerer" if n == 1 else f"triggerer-{n}" for n in range(1, triggerers + 1))
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._started: set[str] = set()
        self._people = {USER: "admin", **(people or {})}

    def __enter__(self) -> LocalAirflow:
        try:
            try:
                self.start()
            except PortTaken:
                self.stop()
                self._listen_on(0)
                self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- starting and stopping

    def _listen_on(self, port: int) -> None:
        self.port = free_port(port)
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self, timeout: float = 300) -> None:
        """Starts everything and returns when the scheduler, the DAG processor and the API server are healthy.

        Raises:
            AirflowNotUp: a service ended, or the time is up.
        """
        for folder in (self.home / "logs", self.storage):
            folder.mkdir(parents=True, exist_ok=True)
        secret = self._secrets()
        self.password = secret["password"]
        _write_private(self.home / "passwords.json", json.dumps(dict.fromkeys(self._people, self.password)))
        self._environment = self._variables(secret)
        self._migrate()
        for service in SERVICES:
            self.spawn(service)
        self._wait_until_healthy(time.monotonic() + timeout)
        # No step of a first run needs it, so it does not compete for the processor while the others start.
        for service in self.triggerers:
            self.spawn(service)

    def _secrets(self) -> dict[str, str]:
        path = self.home / "secrets.json"
        if not path.exists():
            from cryptography.fernet import Fernet

            made = {
                "password": secrets.token_urlsafe(12),
                "jwt": secrets.token_urlsafe(48),
                "fernet": Fernet.generate_key().decode(),
            }
            _write_private(path, json.dumps(made))
        loaded: dict[str, str] = json.loads(path.read_text())
        return loaded

    def _variables(self, secret: Mapping[str, str]) -> dict[str, str]:
        plugins = str(ROOT / "plugins")
        settings = {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self._dags),
            "AIRFLOW__CORE__PLUGINS_FOLDER": plugins,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__FERNET_KEY": secret["fernet"],
            "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in self._people.items()),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.home / "passwords.json"),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self._database or f"sqlite:///{self.home / 'airflow.db'}?timeout=60",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API_AUTH__JWT_SECRET": secret["jwt"],
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
            "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.home / "logs"),
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
            # Another Airflow on this machine, which may start at the same moment, has the usual ports.
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "GENAI_PLATFORM_PROFILE": self._profile,
            "GENAI_PLATFORM_STORAGE": str(self.storage),
            # Airflow finds connection types by the entry points on the path that a process starts with.
            "PYTHONPATH": os.pathsep.join(filter(None, (plugins, os.environ.get("PYTHONPATH")))),
            **{f"AIRFLOW__{name}": str(size) for name, size in self._sizes.items()},
        }
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AIRFLOW__", "_AIRFLOW_")) and name not in ("AIRFLOW_CONFIG", "AIRFLOW_HOME")
        }
        # What runs on this machine is not asked for through a proxy.
        proxied = os.environ.get("NO_PROXY") or os.environ.get("no_proxy")
        local = ",".join(filter(None, (proxied, "127.0.0.1,localhost")))
        settings |= {"NO_PROXY": local, "no_proxy": local}
        # A key in the shell must reach the tasks only as the connection that the caller made of it.
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
            inherited.pop(name, None)
        return {**inherited, **settings, **self._extra}

    def _migrate(self) -> None:
        from importlib.metadata import version

        stamp = self.home / "migrated"
        wanted = version("apache-airflow-core")
        known = self._database is None and (self.home / "airflow.db").exists()
        if known and stamp.exists() and stamp.read_text() == wanted:
            return
        done = subprocess.run(
            [self._python, "-m", "airflow", "db", "migrate"], env=self._environment, capture_output=True, check=False
        )
        if done.returncode:
            raise AirflowNotUp(f"the database could not be set up:\n{done.stderr.decode()[-2000:]}")
        stamp.write_text(wanted)

    def spawn(self, service: str) -> None:
        """Starts one service by name, for example a triggerer that was killed, or one more."""
        log = self.log_of(service).open("ab" if service in self._started else "wb")
        self._started.add(service)
        command, environment = service, self._environment
        if service in self.triggerers[1:]:
            command = "triggerer"
            environment = {**environment, "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port())}
        # An interrupt within Popen would lose a process that runs already, and with it the lock.
        with _interrupted_afterwards():
            self._processes[service] = subprocess.Popen(
                [self._python, "-m", "airflow", command],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # Whoever still runs keeps the lock: after a kill -9 of the demo no second Airflow takes the same SQLite file.
                pass_fds=() if self._lock is None else (self._lock,),
                cwd=self.home,
            )
        log.close()

    def log_of(self, service: str) -> Path:
        """Where a service writes."""
        return self.home / "logs" / f"{service}.log"

    def _wait_until_healthy(self, deadline: float) -> None:
        while True:
            self.check_services()
            if self._healthy():
                return
            if time.monotonic() > deadline:
                raise AirflowNotUp(f"Airflow is not healthy yet; its logs are in {self.home / 'logs'}")
            time.sleep(0.25)

    def _healthy(self) -> bool:
        try:
            health = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5, trust_env=False).json()
            # The first request to the execution API is slow; a task must not be the one that waits for it.
            httpx.get(f"{self.url}/execution/health", timeout=30, trust_env=False).raise_for_status()
            # One that does not know the password is another Airflow, which took the port first.
            self._token()
        except (httpx.HTTPError, ValueError):
            return False
        wanted = ("metadatabase", "scheduler", "dag_processor")
        return all((health.get(name) or {}).get("status") == "healthy" for name in wanted)

    def check_services(self) -> None:
        """Raises `AirflowNotUp` if a service has ended."""
        for service, process in self._processes.items():
            if process.poll() is not None:
                tail = self.log_of(service).read_text(errors="replace")[-2000:]
                if "address already in use" in tail:
                    raise PortTaken(f"airflow {service} cannot listen: another program took the port meanwhile:\n{tail}")
                raise AirflowNotUp(f"airflow {service} ended with {process.returncode}; the end of its log:\n{tail}")

    def pid(self, service: str) -> int:
        """The process id of a service, which leads its process group."""
        return self._processes[service].pid

    def kill(self, service: str) -> None:
        """kill -9 on a whole service, for fault tests."""
        os.killpg(self._processes[service].pid, signal.SIGKILL)
        self._processes.pop(service).wait()

    def stop(self) -> None:
        """Ends every process that was started; asks first, insists after ten seconds."""
        # The end takes ten seconds at most; a second Ctrl-C must not leave half of it running.
        with _handling(INTERRUPTS, signal.SIG_IGN):
            self._stop()

    def _stop(self) -> None:
        self.close_clients()
        for process in self._processes.values():
            _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + 10
        for process in self._processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            # Workers of the executor outlive a scheduler that was killed: end what is left of the group.
            _signal_group(process, signal.SIGKILL)
            process.wait()
        self._processes.clear()


def _write_private(path: Path, text: str) -> None:
    """A file that only its owner may read from its first moment, whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123
        file.write(text)
    temporary.replace(path)


@contextmanager
def _handling(
    numbers: Iterable[int], handler: Callable[[int, FrameType | None], object] | signal.Handlers
) -> Iterator[None]:
    """Another handler of signals for a while; outside the main thread nobody interrupts, and nothing is done."""
    before = {}
    with suppress(ValueError):
        before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before)


@contextmanager
def _interrupted_afterwards() -> Iterator[None]:
    """A signal that arrives meanwhile is acted upon at the end. Ignored ones stay ignored, here and in children."""
    came: list[int] = []
    heard = [number for number in INTERRUPTS if signal.getsignal(number) is not signal.SIG_IGN]
    try:
        with _handling(heard, lambda number, _frame: came.append(number)):
            yield
    finally:
        if came:
            signal.raise_signal(came[0])


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


@contextmanager
def one_at_a_time(state: Path) -> Iterator[int]:
    """Keeps two Airflows from sharing one SQLite file; gives the lock's file descriptor."""
    import fcntl

    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AirflowNotUp(
                f"another demo is running on {state}; end it first, or set GENAI_PLATFORM_STATE to another folder"
            ) from None
        yield handle.fileno()
