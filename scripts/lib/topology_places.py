"""Where on this machine the containers' names lie: hosts and ports, mounted folders, secret files."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from airflow_here import free_port
from topology_compose import SECRETS, Service

# What each service listens on in its container, and the setting that moves it; without one, its command or its file is changed.
LISTENS: Mapping[str, Mapping[int, str | None]] = {
    "api-server-1": {8080: "AIRFLOW__API__PORT"},
    "api-server-2": {8080: "AIRFLOW__API__PORT"},
    "scheduler": {8974: "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT"},
    "triggerer": {8794: "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT"},
    "proxy": {8080: None, 8404: None},
    "redis": {6379: None},
    "postgres": {5432: None},
    "store": {9000: None},
    "otel-collector": {4318: None},
}


@dataclass
class Places:
    """The map of one topology.

    Args:
        state: the folder for everything that is written.
        project: the checkout whose `dags` and `include` are mounted.
        plugins: the folder that stands for `/opt/airflow/plugins`; another one is another version of the platform.
    """

    state: Path
    project: Path
    plugins: Path
    ports: dict[tuple[str, int], int] = field(default_factory=dict)

    def port(self, instance: str, container: int) -> int:
        """The port on loopback that stands for a port of an instance; taken when it is first asked for."""
        key = (instance, container)
        if key not in self.ports:
            taken = set(self.ports.values())
            while (found := free_port()) in taken:
                pass
            self.ports[key] = found
        return self.ports[key]

    def secrets_of(self, service: Service) -> Path:
        """The folder that stands for `/run/secrets` of a service; it holds what the service was given and nothing else."""
        return self.state / "secrets" / service.name

    def local(self, text: str, service: Service, instance: str) -> str:
        """A text of the compose file as this machine understands it."""
        for path, place in self._paths(service):
            text = re.sub(rf"(?<![\w./-]){re.escape(path)}(?=[/\s\"')]|$)", str(place), text)
        text = text.replace(SECRETS, f"{self.secrets_of(service)}/")
        for host, listens in LISTENS.items():
            for number in listens:
                text = re.sub(rf"(?<![\w.-]){re.escape(host)}:{number}\b", f"127.0.0.1:{self._of(host, number)}", text)
        # What a container says to itself.
        for number in LISTENS.get(service.name, {}):
            text = re.sub(rf"\b(localhost|127\.0\.0\.1):{number}\b", f"127.0.0.1:{self.port(instance, number)}", text)
        if service.name == "redis":
            text = text.replace("redis-cli", f"redis-cli -p {self.port(instance, 6379)}")
        return text.replace("%h", instance)

    def _of(self, host: str, number: int) -> int:
        return self.port(host, number)

    def _paths(self, service: Service) -> list[tuple[str, Path]]:
        found = {target: self.project / source for target, source in service.binds.items()}
        found["/opt/airflow/logs"] = self.state / "logs"
        if "/opt/airflow/plugins" in found:
            found["/opt/airflow/plugins"] = self.plugins
        if service.name == "proxy":
            found = {target: self.state / "haproxy.cfg" for target in found}
        return sorted(found.items(), key=lambda pair: -len(pair[0]))

    def write_secrets(self, services: Mapping[str, Service], connection: str) -> None:
        """Makes the secrets as a deployment does, and gives each service its own.

        Args:
            services: all of them, by name.
            connection: the address of the database, whose server was started here.
        """
        made = self.state / "secrets" / ".all"
        if not made.exists():
            script = self.project / "deploy" / "make_secrets.sh"
            subprocess.run(["bash", str(script), str(made)], check=True, capture_output=True)
        for service in services.values():
            folder = self.secrets_of(service)
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for secret, target in service.secrets.items():
                source = made / (target if (made / target).exists() else secret)
                text = connection if secret == "sql_alchemy_conn" else source.read_text()
                path = folder / target
                path.unlink(missing_ok=True)
                path.write_text(self.local(text, service, service.name))
                path.chmod(0o400)

    def secret(self, name: str) -> str:
        """A secret as it was made."""
        return (self.state / "secrets" / ".all" / name).read_text()

    def write_proxy(self, service: Service) -> None:
        """The proxy's configuration with the ports of this machine; Docker's name server is not asked here."""
        source = next(iter(service.binds.values()))
        text = self.local((self.project / source).read_text(), service, service.name)
        for number in LISTENS["proxy"]:
            text = re.sub(rf"bind :{number}\b", f"bind 127.0.0.1:{self.port(service.name, number)}", text)
        text = re.sub(r"(?m)^resolvers docker\n(?:  .*\n)+", "", text).replace(" resolvers docker", "")
        (self.state / "haproxy.cfg").write_text(text)
