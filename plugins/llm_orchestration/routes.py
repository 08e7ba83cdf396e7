"""Routes: which model a step asks, and what happens when there is none.

A route is an alias (`extraction`, `writing`) with an ordered list of targets. Business folders name the alias; the
platform decides in `include/llm.yaml` what stands behind it. The file is checked as a whole and every problem is
reported at once, each with its line, column and key path; `route_file.py` holds the language of the file.

A model id stands in the file or in the Airflow connection, never in code: ids live a year, code lives longer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Literal

from llm_orchestration._yaml import MAX_BYTES
from llm_orchestration.errors import ConfigurationError, RouteConfigError
from llm_orchestration.pricing import Price
from llm_orchestration.profiles import Profile, profile_of
from llm_orchestration.targets import StructuredOutput, Submit
from llm_orchestration.traffic.contract import NO_LIMITS, Limits, Spending

Api = Literal["chat", "responses"]
WithoutConnection = Literal["offline", "fail"]
JournalScope = Literal["run", "shared", "off"]

# Beside the plugins folder, or in it, where nothing else reaches the workers (MWAA).
_PLACES = tuple(Path(__file__).resolve().parents[up] / "include" / "llm.yaml" for up in (2, 1))
DEFAULT_ROUTES_PATH = next((place for place in _PLACES if place.is_file()), _PLACES[0])
DEFAULT_DEADLINE = timedelta(seconds=180)
DEFAULT_WAIT = timedelta(seconds=30)
DEFAULT_DEFERRED_WAIT = timedelta(hours=1)
OMITTABLE = ("temperature", "max_output_tokens", "store")


@dataclass(frozen=True)
class TargetSpec:
    """One model behind a route, before its connection is read.

    Args:
        connection: Airflow connection id; `offline` where the step's own routine answers.
        model: Model id; `None` takes the connection's extra `model`.
        api: `chat` or `responses`; `None` takes the connection's extra `api`, then `chat`.
        max_output_tokens: Output limit when the request states none.
        context_window: Tokens of prompt plus answer; used to find a larger window.
        timeout: Most that this target may use of the deadline; `None` is a fair share.
        price: Price per million tokens; `None` takes the connection's, then the vendor's list, then unknown.
        omit: Parameters that this model refuses and that are therefore not sent.
        weight: Part of the calls that ask this target first, measured against the others of its group.
        limits: What the provider allows for this connection and model, in whichever route.
        structured_output: How the model is held to a schema; `None` takes the profile's, then `json_schema`.
        submit: `call` waits on the line, `background` and `batch` submit and ask for the answer later.
        offline: No model: the step's own routine, after every model of the route failed.
        group: The route that states the weight. Targets of one group, side by side, share the calls.

    Raises:
        ConfigurationError: The parts contradict each other.
    """

    connection: str
    model: str | None = None
    api: Api | None = None
    max_output_tokens: int | None = None
    context_window: int | None = None
    timeout: timedelta | None = None
    price: Price | None = None
    omit: frozenset[str] = frozenset()
    weight: int | None = None
    limits: Limits = NO_LIMITS
    structured_output: StructuredOutput | None = None
    submit: Submit = "call"
    offline: bool = False
    group: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        problem = self._contradiction()
        if problem is not None:
            raise ConfigurationError(f"target {self.connection!r}: {problem}")

    def _contradiction(self) -> str | None:
        if self.offline:
            free = {"connection", "offline", "group"}
            stated = [
                one.name for one in fields(self) if one.name not in free and getattr(self, one.name) != one.default
            ]
            return f"offline asks no model, so it cannot have {' or '.join(stated)}" if stated else None
        if self.submit == "background" and self.api == "chat":
            return "submit: background exists only with api: responses"
        if self.weight is not None and self.weight < 0:
            return f"weight is {self.weight}; use a whole number from 0"
        return None

    def with_profile(self, profile: Profile) -> TargetSpec:
        """This target with what is known of its model; a key that the target states itself wins.

        `omit` of both is added up, because a parameter that either refuses cannot be sent.
        """
        if self.offline:
            return self
        return replace(
            self,
            structured_output=self.structured_output or profile.structured_output,
            context_window=self.context_window or profile.context_window,
            max_output_tokens=self.max_output_tokens or profile.max_output_tokens,
            omit=self.omit | profile.omit,
        )


OFFLINE = TargetSpec("offline", offline=True)


@dataclass(frozen=True)
class Route:
    """An alias and its ordered targets.

    Args:
        name: The alias.
        targets: Asked in order; the next one only when the error says that it may help.
        without_connection: What a call does when *no* target's connection exists: `offline` runs the caller's
            routine without a model and marks the result, `fail` raises. A connection that exists but does not
            answer is an outage; only a route whose last target is `offline` goes on without a model then.
        deadline: Time for the whole chain, re-ask included.
        wait: The most time that a call may wait for its turn while it holds a worker slot.
        deferred_wait: The same for a deferred call, which holds none.
        journal: Who finds an answer again: the tries of one `run`, every run (`shared`), or nobody (`off`).

    Raises:
        ConfigurationError: The parts contradict each other.
    """

    name: str
    targets: tuple[TargetSpec, ...]
    without_connection: WithoutConnection
    deadline: timedelta = DEFAULT_DEADLINE
    wait: timedelta = DEFAULT_WAIT
    deferred_wait: timedelta = DEFAULT_DEFERRED_WAIT
    journal: JournalScope = "run"

    def __post_init__(self) -> None:
        problem = None
        if not self.targets or self.targets[0].offline:
            problem = "needs a target with a model"
        elif any(target.offline for target in self.targets[:-1]):
            problem = "has targets after offline, which are never asked"
        elif self.fallback_offline and self.without_connection == "fail":
            problem = "ends in offline and says without_connection: fail"
        if problem is not None:
            raise ConfigurationError(f"route {self.name!r} {problem}")

    @property
    def fallback_offline(self) -> bool:
        """Whether the step's own routine answers after every model failed."""
        return self.targets[-1].offline

    def ordered(self, seed: str) -> tuple[TargetSpec, ...]:
        """The targets in the order in which one call asks them.

        The first of each weighted group is drawn by weight; everything else keeps its place.

        Args:
            seed: What decides, for example the DAG run, the task and the question: the same seed always gives the same
                order, so that a retry goes on where the first try was.
        """
        draw = int.from_bytes(hashlib.sha256(seed.encode()).digest(), "big")
        ordered: list[TargetSpec] = []
        for (_, weighted), members in groupby(
            self.targets, key=lambda target: (target.group, target.weight is not None)
        ):
            run = list(members)
            if weighted:
                run.insert(0, run.pop(_drawn([target.weight or 0 for target in run], draw)))
            ordered += run
        return tuple(ordered)

    def only(self, connection: str) -> Route:
        """This route through one connection that the caller names; it must exist."""
        models = [target for target in self.targets if not target.offline]
        chosen = next((target for target in models if target.connection == connection), None)
        if chosen is None:
            chosen = TargetSpec(connection, max_output_tokens=models[0].max_output_tokens)
        return replace(self, targets=(chosen,), without_connection="fail")


def _drawn(weights: list[int], draw: int) -> int:
    """Index of the weight on which the draw falls; the first when all are 0."""
    # Exact whole numbers: the share of each weight is right to the last of 256 bits.
    point = draw * sum(weights) >> 256
    for index, weight in enumerate(weights):
        if point < weight:
            return index
        point -= weight
    return 0


@dataclass(frozen=True)
class Budget:
    """The most that one scope may spend; `None` is no limit. Nothing at all is allowed with 0.

    Raises:
        ConfigurationError: A limit is negative, or there is none.
    """

    usd: Decimal | None = None
    tokens: int | None = None

    def __post_init__(self) -> None:
        if self.usd is None and self.tokens is None:
            raise ConfigurationError("a budget has neither usd nor tokens; state at least one")
        if (self.usd is not None and not self.usd >= 0) or (self.tokens is not None and self.tokens < 0):
            raise ConfigurationError(f"a budget of {self.usd} US dollars and {self.tokens} tokens; use limits from 0")


@dataclass(frozen=True)
class Budgets:
    """Limits that hold for all routes together.

    Args:
        day: For each calendar day in UTC.
        run: For each DAG run.
    """

    day: Budget | None = None
    run: Budget | None = None

    def spendings(self, *, day: date, run: str | None) -> tuple[Spending, ...]:
        """The budgets that a request counts against.

        Args:
            day: The day in UTC on which it is sent.
            run: What names the DAG run, for example `fund_factsheet_video/doc_1f`; `None` outside of one.
        """
        scopes = ((f"run:{run}", self.run if run is not None else None), (f"day:{day.isoformat()}", self.day))
        return tuple(Spending(scope, budget.usd, budget.tokens) for scope, budget in scopes if budget is not None)


@dataclass(frozen=True)
class Routes:
    """Everything of one file.

    Args:
        source: Name of the file.
        by_name: Routes by alias.
        budgets: Limits that hold for all routes together.
        models: Capabilities by pattern of the model id, in the order of the file.
    """

    source: str
    by_name: Mapping[str, Route]
    budgets: Budgets = Budgets()
    models: Mapping[str, Profile] = field(default_factory=dict)

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

    def profile(self, model: str) -> Profile:
        """What is known of a model, by the first pattern that matches its id; nothing when none does."""
        return profile_of(model, self.models)


def load_routes(path: Path | str | None = None) -> Routes:
    """Reads and checks a route file; an unchanged file is read once per process.

    Raises:
        RouteConfigError: The file is missing or wrong; lists every problem.
    """
    file = Path(path) if path is not None else DEFAULT_ROUTES_PATH
    try:
        stat = file.stat()
        return _load(file, stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        reason = error.strerror or type(error).__name__
    raise RouteConfigError(
        str(file), [f"cannot be read ({reason}); set [llm_orchestration] routes_path or add the file"]
    )


@lru_cache(maxsize=16)
def _load(file: Path, _mtime_ns: int, size: int) -> Routes:
    if size > MAX_BYTES:
        raise RouteConfigError(file.name, [f"{file.name}:1:1: the file is larger than {MAX_BYTES:,} bytes; divide it"])
    raw = file.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode()
        place = f"{file.name}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
        problem = f"{place}: byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8"
    else:
        return parse_routes(text, source=file.name)
    raise RouteConfigError(file.name, [problem])


def parse_routes(text: str, *, source: str = "llm.yaml") -> Routes:
    """Checks the text of a route file.

    Raises:
        RouteConfigError: Lists every problem as `file:line:column: key.path: what is wrong; what to do`.
    """
    # Imported here, because the language builds on this module.
    from llm_orchestration.route_file import read_routes

    return read_routes(text, source)
