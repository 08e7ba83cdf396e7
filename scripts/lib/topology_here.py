"""docker-compose.yaml without Docker: the same services, commands, environment, secrets and health checks, as processes on loopback.

    with Topology(state) as topology:
        topology.client.trigger("fund_factsheet_video", {"document": "a.pdf"})

PostgreSQL, Redis and HAProxy are Debian's, installed where they are missing and root may; moto's server stands for the S3 store. What
differs from the containers: no collector (metrics and traces are off), one host name for all, and the limits of memory.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from airflow_here import free_port
from postgres_here import LocalPostgres
from topology_client import TopologyClient
from topology_compose import Service, read_compose
from topology_places import LISTENS, Places
from topology_programs import PLACES, TopologyNotUp, end, ensure_programs, find, kill, until

ROOT = Path(__file__).resolve().parents[2]
# Run by something else than their own image, or not at all.
OTHERWISE = ("postgres", "store", "store-bucket", "otel-collector")
_NO_COLLECTOR = {"AIRFLOW__METRICS__OTEL_ON": "false", "AIRFLOW__TRACES__OTEL_ON": "false"}
_VERSIONING = '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>'


@dataclass
class Running:
    """One process of a service."""

    service: Service
    process: subprocess.Popen[bytes]
    stopped: bool = False


class Topology:
    """Starts everything in the order of `depends_on`, waits for each health check, and starts again what falls.

    Args:
        state: the folder for data, logs and secrets; a short path, for the sake of Unix sockets.
        project: the checkout with the compose file, `dags`, `include` and `plugins`.
        settings: variables of Airflow's services that win over the file's.
        replicas: how many processes of a service, where it is another number than in the file.
        port: of the proxy, taken if it is free.
        before_airflow: is called when database, broker and store are up, and before anything of Airflow is.
    """

    def __init__(
        self,
        state: Path,
        *,
        project: Path = ROOT,
        settings: Mapping[str, str] | None = None,
        replicas: Mapping[str, int] | None = None,
        port: int = 0,
        before_airflow: Callable[[Topology], None] | None = None,
    ) -> None:
        self.state = state.resolve()
        self.services = read_compose(project / "docker-compose.yaml")
        self.places = Places(self.state, project.resolve(), project.resolve() / "plugins")
        self.restarts: list[str] = []
        self._settings = {**_NO_COLLECTOR, **(settings or {})}
        self._replicas = dict(replicas or {})
        self._before_airflow = before_airflow
        self._wanted_port = port
        self._running: dict[str, Running] = {}
        self._postgres: LocalPostgres | None = None
        self._client: TopologyClient | None = None
        self._lock = threading.RLock()
        self._ending = threading.Event()
        self._healer: threading.Thread | None = None
        self._bin = Path(sys.executable).parent

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- starting

    def start(self, patience: float = 900) -> None:
        """Starts everything and returns when every health check is good.

        Raises:
            TopologyNotUp: a program is missing, a service ended, or the time is up.
        """
        ensure_programs()
        # The database is a new one each time, so what an earlier broker still had queued is nobody's.
        shutil.rmtree(self.state / "redis", ignore_errors=True)
        for folder in ("logs/services", "home", "tmp", "redis"):
            (self.state / folder).mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + patience
        if self._wanted_port:
            self.places.ports["proxy", 8080] = free_port(self._wanted_port)
        self._postgres = self._database()
        self._postgres.start()
        self.places.ports["postgres", 5432] = self._postgres.port
        self.places.write_secrets(self.services, self._postgres.dsn)
        self.places.write_proxy(self.services["proxy"])
        self._start_store(deadline)
        self._start_redis(deadline)
        if self._before_airflow:
            self._before_airflow(self)
        self._one_shot(self.services["migrate"])
        self._start_waves(deadline)
        self._healer = threading.Thread(target=self._heal, daemon=True)
        self._healer.start()

    def _database(self) -> LocalPostgres:
        command = self.services["postgres"].command
        settings = dict(part.split("=", 1) for flag, part in pairwise(command) if flag == "-c")
        return LocalPostgres(connections=int(settings.pop("max_connections", 200)), settings=settings)

    def _start_store(self, deadline: float) -> None:
        service = self.services["store"]
        port = self.places.port("store", 9000)
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        self._launch(service, "store", command, self._base("store"))
        url = f"http://127.0.0.1:{port}"
        self._await("store", lambda: _answers(url), deadline)
        bucket = self.services["scheduler"].environment["GENAI_PLATFORM_STORAGE"].removeprefix("s3://")
        httpx.put(f"{url}/{bucket}", trust_env=False).raise_for_status()
        httpx.put(f"{url}/{bucket}?versioning", content=_VERSIONING, trust_env=False).raise_for_status()

    def _start_redis(self, deadline: float) -> None:
        port = self.places.port("redis", 6379)
        here = f"redis-server --bind 127.0.0.1 --port {port} --dir {self.state / 'redis'}"
        command = [part.replace("redis-server", here) for part in self._command(self.services["redis"], "redis")]
        self._launch(self.services["redis"], "redis", command, self._variables(self.services["redis"], "redis"))
        self._await("redis", lambda: self.is_healthy("redis"), deadline)

    def _one_shot(self, service: Service) -> None:
        done = subprocess.run(
            self._command(service, service.name), env=self._variables(service, service.name), cwd=self.state,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        self.log_of(service.name).write_bytes(done.stdout)
        if done.returncode:
            raise TopologyNotUp(f"{service.name} failed:\n{done.stdout.decode(errors='replace')[-3000:]}")

    def _start_waves(self, deadline: float) -> None:
        """Everything whose condition is met, then what waits for that, as Compose does it."""
        waiting = [name for name in self.services if name not in (*OTHERWISE, "redis", "migrate")]
        there = {*OTHERWISE, "redis", "migrate"}
        while waiting:
            ready = [name for name in waiting if set(self.services[name].after) <= there]
            if not ready:
                raise TopologyNotUp(f"{', '.join(waiting)} wait for each other; see depends_on in docker-compose.yaml")
            for instance in (instance for name in ready for instance in self.instances(name)):
                self._spawn(instance)
            # Only what somebody waits for is waited for here; the rest starts meanwhile.
            awaited = {other for name in waiting for other in self.services[name].after}
            for name in ready:
                if name in awaited:
                    self._await_all(self.instances(name), deadline)
            there.update(ready)
            waiting = [name for name in waiting if name not in ready]
        self._await_all(self.airflow(), deadline)

    # -- what there is

    def instances(self, name: str) -> list[str]:
        """The processes of a service by name: itself, or one name for each replica."""
        number = self._replicas.get(name, self.services[name].replicas)
        return [name] if number == 1 and self.services[name].replicas == 1 else [f"{name}-{n}" for n in range(1, number + 1)]

    def airflow(self) -> list[str]:
        """Every process that runs Airflow."""
        return [
            instance for name, service in self.services.items() if service.is_airflow and service.comes_back
            for instance in self.instances(name)
        ]  # fmt: skip

    def all(self) -> list[str]:
        """Every process."""
        return list(self._running)

    def pid(self, instance: str) -> int:
        """The process id, which is also that of its session."""
        return self._running[instance].process.pid

    def log_of(self, instance: str) -> Path:
        """Where it writes."""
        return self.state / "logs" / "services" / f"{instance}.log"

    @property
    def url(self) -> str:
        """Where the proxy listens."""
        return f"http://127.0.0.1:{self.places.port('proxy', 8080)}"

    @property
    def postgres(self) -> LocalPostgres:
        """The database.

        Raises:
            TopologyNotUp: it was not started.
        """
        if self._postgres is None:
            raise TopologyNotUp("the topology was not started")
        return self._postgres

    @property
    def client(self) -> TopologyClient:
        """REST as the first administrator."""
        if self._client is None:
            self._client = TopologyClient(self.url, "admin", self.places.secret("admin_password"))
        return self._client

    @property
    def store(self) -> str:
        """Address of the S3 store."""
        return f"http://127.0.0.1:{self.places.port('store', 9000)}"

    # -- processes

    def _base(self, instance: str) -> dict[str, str]:
        """What a container has without being told. Nothing of the caller's shell gets in."""
        own = {name: self.state / name / instance for name in ("home", "tmp")}
        for folder in own.values():
            folder.mkdir(parents=True, exist_ok=True)
        path = os.pathsep.join((str(self._bin), *PLACES, *os.environ.get("PATH", "").split(os.pathsep)))
        return {
            "PATH": path, "HOME": str(own["home"]), "AIRFLOW_HOME": str(own["home"]), "TMPDIR": str(own["tmp"]), "LANG": "C.UTF-8",
            "HOSTNAME": instance, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost",
        }  # fmt: skip

    def _variables(self, service: Service, instance: str) -> dict[str, str]:
        told = {key: self.places.local(value, service, instance) for key, value in service.environment.items()}
        moved = {
            setting: str(self.places.port(instance, number))
            for number, setting in LISTENS.get(service.name, {}).items() if setting
        }  # fmt: skip
        address = {"AIRFLOW__API__BASE_URL": self.url, "AIRFLOW__API__HOST": "127.0.0.1"} if service.is_airflow else {}
        return {**self._base(instance), **told, **moved, **address, **(self._settings if service.is_airflow else {})}

    def _command(self, service: Service, instance: str) -> list[str]:
        command = [self.places.local(part, service, instance) for part in service.command]
        # What the image's entry point does with it.
        if service.is_airflow and command[0] not in ("bash", "python", "airflow"):
            command.insert(0, "airflow")
        # The first word is looked up in the caller's PATH and not in the one that is given.
        command[0] = shutil.which(command[0], path=str(self._bin)) or find(command[0]) or command[0]
        return command

    def _spawn(self, instance: str) -> None:
        service = self._service_of(instance)
        self._launch(service, instance, self._command(service, instance), self._variables(service, instance))

    def _launch(self, service: Service, instance: str, command: list[str], variables: Mapping[str, str]) -> None:
        with self._lock, self.log_of(instance).open("ab") as log:
            process = subprocess.Popen(
                command, env=dict(variables), cwd=self.state, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
            self._running[instance] = Running(service, process)

    def _service_of(self, instance: str) -> Service:
        if instance in self.services:
            return self.services[instance]
        return self.services[instance.rpartition("-")[0]]

    def is_healthy(self, instance: str) -> bool:
        """Asks as the compose file says; what has no check is well while it runs."""
        running = self._running.get(instance)
        if running is None or running.process.poll() is not None:
            return False
        service = running.service
        # The store's own program is MinIO's.
        if service.check is None or service.name == "store":
            return True
        command = [self.places.local(part, service, instance) for part in service.check.command]
        command[0] = find(command[0]) or command[0]
        # On a machine that does other things too, the time that a container's check may take is too short.
        patience = 3 * service.check.timeout.total_seconds()
        with self._lock:
            variables = self._variables(service, instance)
        try:
            done = subprocess.run(command, env=variables, cwd=self.state, capture_output=True, timeout=patience, check=False)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def _await(self, instance: str, good: Callable[[], bool], deadline: float, every: float = 0.5) -> None:
        def looked() -> bool:
            running = self._running[instance]
            if running.process.poll() is not None and not self._healing:
                raise TopologyNotUp(f"{instance} ended with {running.process.returncode}:\n{self._tail(instance)}")
            return good()

        if not until(looked, max(0.0, deadline - time.monotonic()), every):
            raise TopologyNotUp(f"{instance} is not well yet:\n{self._tail(instance)}")

    def _await_all(self, instances: Iterable[str], deadline: float) -> None:
        for instance in instances:
            # Celery's ping takes a second of processor time itself.
            every = 5.0 if instance.startswith("worker") else 1.0
            self._await(instance, lambda name=instance: self.is_healthy(name), deadline, every)  # type: ignore[misc]

    def _tail(self, instance: str) -> str:
        return self.log_of(instance).read_text(errors="replace")[-3000:]

    @property
    def _healing(self) -> bool:
        return self._healer is not None and not self._ending.is_set()

    def _heal(self) -> None:
        """`restart: unless-stopped`."""
        while not self._ending.wait(1.0):
            with self._lock:
                for instance, running in list(self._running.items()):
                    ended = running.process.poll() is not None and not running.stopped
                    if ended and running.service.comes_back and not self._ending.is_set():
                        self.restarts.append(f"{datetime.now(UTC):%H:%M:%S} {instance} ended with {running.process.returncode}")
                        kill(running.process)
                        self._again(instance)

    def _again(self, instance: str) -> None:
        if instance == "redis":
            self._start_redis(time.monotonic() + 60)
        elif instance != "store":
            self._spawn(instance)

    # -- faults, replacement, end

    def kill(self, instance: str, away: float = 0.0) -> None:
        """kill -9 on all processes of an instance; the restart policy brings it back, at once or after so many seconds."""
        running = self._running[instance]
        running.stopped = away > 0
        kill(running.process)
        if away:
            time.sleep(away)
            self._again(instance)

    def stop_instance(self, instance: str, patience: float | None = None) -> bool:
        """As `docker stop`: asks, waits as long as the file says, insists. Whether asking was enough."""
        running = self._running[instance]
        running.stopped = True
        alone = running.service.environment.get("DUMB_INIT_SETSID") == "0"
        return end(running.process, patience or running.service.grace.total_seconds(), whole=not alone)

    def replace(self, plugins: Path, patience: float = 900) -> list[str]:
        """Another platform while runs are under way: half of each service at a time, so that the other half goes on.

        Returns:
            Instances that had to be killed because they did not end within their grace.

        Raises:
            TopologyNotUp: one of them is not well afterwards.
        """
        self.places.plugins = plugins.resolve()
        insisted = []
        for half in self._halves():
            threads: list[threading.Thread] = []
            for instance in half:
                thread = threading.Thread(target=lambda name=instance: insisted.append(name) if not self._renew(name) else None)
                thread.start()
                threads.append(thread)
            for thread in threads:
                thread.join()
            self._await_all(half, time.monotonic() + patience)
        return insisted

    def _renew(self, instance: str) -> bool:
        asked = self.stop_instance(instance)
        self._spawn(instance)
        return asked

    def _halves(self) -> Iterator[list[str]]:
        first: list[str] = []
        second: list[str] = []
        for instance in self.airflow():
            (second if instance.endswith("-2") else first).append(instance)
        yield first
        yield second

    def stop(self) -> None:
        """Ends every process, the database last."""
        self._ending.set()
        if self._healer is not None:
            self._healer.join(10)
        if self._client is not None:
            self._client.close()
            self._client = None
        with self._lock:
            infrastructure = [name for name in ("redis", "store") if name in self._running]
            for group in ([name for name in self._running if name not in infrastructure], infrastructure):
                threads = [threading.Thread(target=end, args=(self._running[name].process, 10), kwargs={"whole": True}) for name in group]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            self._running.clear()
        if self._postgres is not None:
            self._postgres.stop()
            self._postgres = None

    def run(self, service: str, *command: str, check: bool = True, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """A command with the environment and the secrets of a service, as `docker compose run` has it."""
        found = self.services[service]
        name = f"{service}-run"
        program = shutil.which(command[0], path=str(self._bin)) or find(command[0]) or command[0]
        return subprocess.run(
            [program, *command[1:]], env=self._variables(found, name), cwd=cwd or self.places.project, capture_output=True, text=True,
            check=check,
        )  # fmt: skip


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code < 500
    except httpx.HTTPError:
        return False
