"""The services of docker-compose.yaml, as far as a process needs them: command, environment, secrets, health check, what it waits for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

SECRETS = "/run/secrets/"
_VARIABLE = re.compile(r"\$(?:(\$)|\{([A-Z_][A-Z0-9_]*)(?::?([-?])([^}]*))?\})")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class ComposeError(ValueError):
    """The file says something that this reader does not know; the message names it."""


@dataclass(frozen=True, slots=True)
class Check:
    """How a service is asked whether it is well: a command of the container, and how often and how long."""

    command: tuple[str, ...]
    interval: timedelta
    timeout: timedelta


@dataclass(frozen=True, slots=True)
class Service:
    """One service.

    `secrets` gives the file under `/run/secrets/` by the name of the secret that stands behind it, `binds` the folder or file of the
    project by the path that the container sees, and `after` the condition by the name of the service that is waited for.
    """

    name: str
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: Mapping[str, str]
    binds: Mapping[str, str]
    check: Check | None
    after: Mapping[str, str]
    replicas: int
    grace: timedelta
    comes_back: bool

    @property
    def is_airflow(self) -> bool:
        """Whether it runs in the image that this project builds."""
        return self.image.startswith("genai-platform/")


def read_compose(path: Path, environ: Mapping[str, str] | None = None) -> dict[str, Service]:
    """The services that start without a profile, by name, variables filled in as Compose does it.

    Raises:
        ComposeError: a variable that must be set is not, or something is written in a form that is not read here.
    """
    environ = os.environ if environ is None else environ
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {
        name: _service(name, _filled(raw, environ)) for name, raw in data["services"].items() if not raw.get("profiles")
    }


def _filled(value: Any, environ: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, environ) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, environ) for item in value]
    if not isinstance(value, str):
        return value

    def fill(found: re.Match[str]) -> str:
        dollar, name, kind, rest = found.groups()
        if dollar:
            return "$"
        if environ.get(name):
            return environ[name]
        if kind == "?":
            raise ComposeError(f"{name} is not set: {rest}")
        return rest or ""

    return _VARIABLE.sub(fill, value)


def _service(name: str, raw: Mapping[str, Any]) -> Service:
    command = raw.get("command", [])
    if isinstance(command, str):
        raise ComposeError(f"the command of {name} is one text; write it as a list")
    after = raw.get("depends_on", {})
    return Service(
        name=name,
        image=raw["image"],
        command=tuple(str(part) for part in command),
        environment={key: str(value) for key, value in raw.get("environment", {}).items()},
        secrets=dict(_secrets(raw.get("secrets", []))),
        binds=dict(_binds(raw.get("volumes", []))),
        check=_check(name, raw.get("healthcheck")),
        after={other: condition["condition"] for other, condition in after.items()},
        replicas=int(raw.get("deploy", {}).get("replicas", 1)),
        grace=duration(raw.get("stop_grace_period", "10s")),
        comes_back=raw.get("restart") == "unless-stopped",
    )


def _secrets(items: list[Any]) -> Iterator[tuple[str, str]]:
    for item in items:
        if isinstance(item, str):
            yield item, item
        else:
            yield item["source"], item.get("target", item["source"])


def _binds(items: list[str]) -> Iterator[tuple[str, str]]:
    for item in items:
        source, target, *_ = item.split(":")
        if source.startswith("."):
            yield target, source.removeprefix("./")


def _check(name: str, raw: Mapping[str, Any] | None) -> Check | None:
    if raw is None or raw.get("disable"):
        return None
    kind, *rest = raw["test"]
    if kind not in ("CMD", "CMD-SHELL"):
        raise ComposeError(f"the health check of {name} begins with {kind!r}, which is neither CMD nor CMD-SHELL")
    command = ("sh", "-c", rest[0]) if kind == "CMD-SHELL" else tuple(rest)
    return Check(command, duration(raw.get("interval", "30s")), duration(raw.get("timeout", "30s")))


def duration(text: str) -> timedelta:
    """A time as Compose writes it: `15m`, `1m30s`.

    Raises:
        ComposeError: it is none.
    """
    parts = re.findall(r"(\d+)(ms|s|m|h)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ComposeError(f"{text!r} is no duration; write 30s or 15m")
    return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in parts))
