"""Routes: which model a step asks, and what happens when there is none.

A route is an alias (`extraction`, `writing`) with an ordered list of targets. Business folders name the alias; the
platform decides in `include/llm.yaml` what stands behind it. The file is checked as a whole and every problem is
reported at once, each with its key path.

A model id stands in the file or in the Airflow connection, never in code: ids live a year, code lives longer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from llm_orchestration._yaml import ConfigYamlError, load
from llm_orchestration.errors import ConfigurationError, RouteConfigError
from llm_orchestration.pricing import Price

Api = Literal["chat", "responses"]
WithoutConnection = Literal["offline", "fail"]

DEFAULT_ROUTES_PATH = Path(__file__).resolve().parents[2] / "include" / "llm.yaml"
DEFAULT_DEADLINE = timedelta(seconds=180)
OMITTABLE = ("temperature", "max_output_tokens", "store")

_ALIAS = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
_MAX_SECONDS = 3600


@dataclass(frozen=True)
class TargetSpec:
    """One model behind a route, before its connection is read.

    Args:
        connection: Airflow connection id.
        model: Model id; `None` takes the connection's extra `model`.
        api: `chat` or `responses`; `None` takes the connection's extra `api`, then `chat`.
        max_output_tokens: Output limit when the request states none.
        context_window: Tokens of prompt plus answer; used to find a larger window.
        timeout: Most that this target may use of the deadline; `None` is a fair share.
        price: Price per million tokens; `None` takes the connection's extra, then unknown.
        omit: Parameters that this model refuses and that are therefore not sent.
    """

    connection: str
    model: str | None = None
    api: Api | None = None
    max_output_tokens: int | None = None
    context_window: int | None = None
    timeout: timedelta | None = None
    price: Price | None = None
    omit: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Route:
    """An alias and its ordered targets.

    Args:
        name: The alias.
        targets: Asked in order; the next one only when the error says that it may help.
        without_connection: What a call does when *no* target's connection exists: `offline` runs the caller's
            routine without a model and marks the result, `fail` raises. A connection that exists but does not
            answer is an outage and never leads to `offline`.
        deadline: Time for the whole chain, re-ask included.
    """

    name: str
    targets: tuple[TargetSpec, ...]
    without_connection: WithoutConnection
    deadline: timedelta = DEFAULT_DEADLINE

    def only(self, connection: str) -> Route:
        """This route through one connection that the caller names; it must exist."""
        chosen = next((target for target in self.targets if target.connection == connection), None)
        if chosen is None:
            chosen = TargetSpec(connection, max_output_tokens=self.targets[0].max_output_tokens)
        return replace(self, targets=(chosen,), without_connection="fail")


@dataclass(frozen=True)
class Routes:
    """All routes of one file."""

    source: str
    by_name: Mapping[str, Route]

    def get(self, name: str) -> Route:
        """The route of an alias.

        Raises:
            ConfigurationError: No such alias; the message lists the known ones.
        """
        route = self.by_name.get(name)
        if route is None:
            known = ", ".join(sorted(self.by_name))
            raise ConfigurationError(f"{self.source} has no route {name!r}; use one of: {known}")
        return route


def load_routes(path: Path | str | None = None) -> Routes:
    """Reads and checks a route file; an unchanged file is read once per process.

    Raises:
        RouteConfigError: The file is missing or wrong; lists every problem.
    """
    file = Path(path) if path is not None else DEFAULT_ROUTES_PATH
    try:
        stat = file.stat()
    except OSError as error:
        raise RouteConfigError(
            str(file), [f"cannot be read ({error.strerror}); set [llm_orchestration] routes_path or add the file"]
        ) from None
    return _load(file, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=16)
def _load(file: Path, _mtime_ns: int, _size: int) -> Routes:
    return parse_routes(file.read_text(encoding="utf-8"), source=file.name)


def parse_routes(text: str, *, source: str = "llm.yaml") -> Routes:
    """Checks the text of a route file.

    Raises:
        RouteConfigError: Lists every problem with its key path.
    """
    try:
        content = load(text)
    except ConfigYamlError as error:
        raise RouteConfigError(source, [str(error)]) from None
    reader = _Reader()
    root = reader.mapping(content, "", {"format", "routes"})
    if root.get("format") != 1:
        reader.add("format", f"is {root.get('format')!r}; this version reads format 1")
    named = reader.mapping(root.get("routes"), "routes", None)
    if not named and not reader.problems:
        reader.add("routes", "is empty; define at least one route")
    routes = {str(name): _route(reader, str(name), value) for name, value in named.items()}
    if reader.problems:
        raise RouteConfigError(source, reader.problems)
    return Routes(source, routes)


class _Reader:
    """Collects problems while reading, so that one look shows them all."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def add(self, path: str, problem: str) -> None:
        self.problems.append(f"{path or 'file'}: {problem}")

    def mapping(self, value: Any, path: str, allowed: set[str] | None) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.add(path, f"must be a mapping, not {_kind(value)}")
            return {}
        for key in sorted(map(str, value.keys() - allowed)) if allowed is not None else ():
            self.add(f"{path}.{key}".lstrip("."), f"unknown key; use {', '.join(sorted(allowed or ()))}")
        return value

    def text(self, value: Any, path: str) -> str | None:
        if value is None or (isinstance(value, str) and value.strip()):
            return value
        self.add(path, f"must be text, not {_kind(value)}; put it in quotes")
        return None

    def choice(self, value: Any, path: str, choices: tuple[str, ...]) -> Any:
        if value in choices:
            return value
        self.add(path, f"is {value!r}; use {' or '.join(choices)}")
        return None

    def count(self, value: Any, path: str) -> int | None:
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
            return value
        self.add(path, f"is {value!r}; use a whole number from 1")
        return None

    def seconds(self, value: Any, path: str) -> timedelta | None:
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= _MAX_SECONDS:
            return timedelta(seconds=value)
        self.add(path, f"is {value!r}; use seconds above 0 and up to {_MAX_SECONDS}")
        return None


def _route(reader: _Reader, name: str, value: Any) -> Route:
    path = f"routes.{name}"
    if not _ALIAS.match(name):
        reader.add(path, f"alias must match {_ALIAS.pattern}")
    keys = reader.mapping(value, path, {"targets", "without_connection", "deadline_seconds"})
    entries = keys.get("targets")
    if not isinstance(entries, list) or not entries:
        reader.add(f"{path}.targets", "must be a list of at least one target")
        entries = []
    targets = tuple(_target(reader, f"{path}.targets[{i}]", entry) for i, entry in enumerate(entries))
    without = reader.choice(keys.get("without_connection"), f"{path}.without_connection", ("offline", "fail"))
    deadline = reader.seconds(keys.get("deadline_seconds"), f"{path}.deadline_seconds") or DEFAULT_DEADLINE
    return Route(name, targets, without or "fail", deadline)


_TARGET_KEYS = {
    "connection",
    "model",
    "api",
    "max_output_tokens",
    "context_window",
    "timeout_seconds",
    "price_per_million_tokens",
    "omit",
}


def _target(reader: _Reader, path: str, value: Any) -> TargetSpec:
    keys = reader.mapping(value, path, _TARGET_KEYS)
    if keys and "connection" not in keys:
        reader.add(f"{path}.connection", "is missing; name an Airflow connection, for example llm_default")
    omit = keys.get("omit", [])
    if not isinstance(omit, list) or not set(map(str, omit)) <= set(OMITTABLE):
        reader.add(f"{path}.omit", f"is {omit!r}; use a list of {', '.join(OMITTABLE)}")
        omit = []
    api = keys.get("api")
    return TargetSpec(
        connection=reader.text(keys.get("connection"), f"{path}.connection") or "",
        model=reader.text(keys.get("model"), f"{path}.model"),
        api=None if api is None else reader.choice(api, f"{path}.api", ("chat", "responses")),
        max_output_tokens=reader.count(keys.get("max_output_tokens"), f"{path}.max_output_tokens"),
        context_window=reader.count(keys.get("context_window"), f"{path}.context_window"),
        timeout=reader.seconds(keys.get("timeout_seconds"), f"{path}.timeout_seconds"),
        price=_price(reader, f"{path}.price_per_million_tokens", keys.get("price_per_million_tokens")),
        omit=frozenset(omit),
    )


def _price(reader: _Reader, path: str, value: Any) -> Price | None:
    if value is None:
        return None
    keys = reader.mapping(value, path, {"input", "output", "cached_input"})
    parts = {name: _dollars(reader, f"{path}.{name}", keys.get(name)) for name in ("input", "output", "cached_input")}
    for name in ("input", "output"):
        if keys and name not in keys:
            reader.add(f"{path}.{name}", "is missing; state dollars per million tokens")
    if parts["input"] is None or parts["output"] is None:
        return None
    return Price(parts["input"], parts["output"], parts["cached_input"])


def _dollars(reader: _Reader, path: str, value: Any) -> Decimal | None:
    if value is None:
        return None
    try:
        amount = None if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite() or amount < 0:
        reader.add(path, f"is {value!r}; use dollars per million tokens, from 0")
        return None
    return amount


def _kind(value: Any) -> str:
    return "nothing" if value is None else type(value).__name__
