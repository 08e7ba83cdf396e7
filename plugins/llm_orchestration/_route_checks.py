"""What a schema cannot say about llm.yaml, and how routes that name other routes become flat lists of targets.

A nested route stands for its targets, in its place. What it says about deadline, waits, journal and a missing
connection is not taken along: those are the asking route's own. A target that the list has already is not asked twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from graphlib import CycleError, TopologicalSorter

from llm_orchestration._shapes import Found, nearest
from llm_orchestration._yaml import Mark, Problems
from llm_orchestration.profiles import UNKNOWN, Profile, exceeds, hidden_by, profile_of
from llm_orchestration.routes import (
    DEFAULT_DEADLINE,
    DEFAULT_DEFERRED_WAIT,
    DEFAULT_WAIT,
    OFFLINE,
    Route,
    TargetSpec,
)
from llm_orchestration.traffic.contract import NO_LIMITS, Limits

_MAX_TARGETS = 100


@dataclass(frozen=True, slots=True)
class Item:
    """An item of `targets` as it was read: a model, another route, or `offline`.

    Args:
        mark: Where it stands.
        path: Its key path.
        found: Its keys.
        spec: The target; `None` when it is another thing or does not fit.
        route: Alias of another route.
        offline: Whether it is the word `offline`.
    """

    mark: Mark
    path: str
    found: Found | None = None
    spec: TargetSpec | None = None
    route: str | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A route as it was read, before other routes are put in place."""

    name: str
    found: Found
    items: tuple[Item, ...]


def checked_models(models: Mapping[str, Found], problems: Problems) -> dict[str, Profile]:
    """The profiles of the `models:` part; what contradicts itself or can never match is a problem."""
    profiles: dict[str, Profile] = {}
    for index, (pattern, found) in enumerate(models.items()):
        hider = hidden_by(pattern, itertools.islice(models, index))
        if hider is not None:
            problems.add(found.node.mark, found.path, f"never matches, because {hider!r} above takes it", "move it up")
        if _answer_fits_window(found, problems):
            omit = frozenset(found.get("omit", ()))
            profiles[pattern] = Profile(**{**found.values, "omit": omit})
    return profiles


def checked_routes(drafts: Mapping[str, Draft], models: Mapping[str, Profile], problems: Problems) -> dict[str, Route]:
    """The routes; none when the file has a problem."""
    for draft in drafts.values():
        for item in draft.items:
            _check_target(item, models, problems)
        _check_weights(draft, problems)
    limits = _shared_limits(drafts.values(), problems)
    flat: dict[str, tuple[TargetSpec, ...]] = {}
    for name in _nesting_order(drafts, problems):
        _check_offline(drafts[name], flat, problems)
        flat[name] = _of_sane_length(drafts[name], _flattened(drafts[name], flat, limits), problems)
    return {} if problems else {name: _route(draft, flat[name]) for name, draft in drafts.items()}


def _of_sane_length(draft: Draft, targets: tuple[TargetSpec, ...], problems: Problems) -> tuple[TargetSpec, ...]:
    if len(targets) <= _MAX_TARGETS:
        return targets
    told = f"has {len(targets)} targets with those of nested routes, more than {_MAX_TARGETS}"
    problems.add(*draft.found.at("targets"), told, "no call would reach the last ones; leave some out")
    return ()


def _route(draft: Draft, targets: tuple[TargetSpec, ...]) -> Route:
    found = draft.found
    return Route(
        name=draft.name,
        targets=targets,
        without_connection=found.get("without_connection"),
        deadline=found.get("deadline_seconds", DEFAULT_DEADLINE),
        wait=found.get("wait_seconds", DEFAULT_WAIT),
        deferred_wait=found.get("deferred_wait_seconds", DEFAULT_DEFERRED_WAIT),
        journal=found.get("journal", "run"),
    )


def _check_target(item: Item, models: Mapping[str, Profile], problems: Problems) -> None:
    if item.found is None or item.route is not None:
        return
    _answer_fits_window(item.found, problems)
    answer, model = item.found.get("max_output_tokens"), item.found.get("model")
    most = UNKNOWN.max_output_tokens if model is None else profile_of(model, models).max_output_tokens
    if exceeds(answer, most):
        told = f"is {answer}, but models: says that {model!r} writes at most {most}"
        problems.add(*item.found.at("max_output_tokens"), told, "lower it or mend the profile")
    minute = item.found.get("tokens_per_minute")
    if exceeds(answer, minute):
        told = f"is {minute}, less than max_output_tokens {answer}, so no request would ever be sent"
        problems.add(*item.found.at("tokens_per_minute"), told, "lower max_output_tokens")


def _answer_fits_window(found: Found, problems: Problems) -> bool:
    answer, window = found.get("max_output_tokens"), found.get("context_window")
    if not exceeds(answer, window):
        return True
    told = f"is {answer}, above context_window {window}"
    problems.add(*found.at("max_output_tokens"), told, "leave room for the prompt, which is part of the window")
    return False


def _check_weights(draft: Draft, problems: Problems) -> None:
    """Weights split the first place, so the weighted targets lead the list without a gap."""
    weights = [None if item.found is None else item.found.get("weight") for item in draft.items]
    leading = list(itertools.takewhile(lambda weight: weight is not None, weights))
    for index, item in enumerate(draft.items):
        if item.found is not None and index > len(leading) and weights[index] is not None:
            told = f"stands after {draft.items[len(leading)].path}, which has none"
            problems.add(*item.found.at("weight"), told, "give a weight to each of the leading targets or to none")
    first = draft.items[0].found if leading else None
    if first is not None and not any(leading):
        problems.add(*first.at("weight"), "is 0 like every other, so no target comes first", "raise one of them")


_Endpoint = tuple[str, str | None]


def _shared_limits(drafts: Iterable[Draft], problems: Problems) -> dict[_Endpoint, Limits]:
    """Limits by connection and model. They belong to the endpoint, so one route states them for all."""
    stated: dict[tuple[_Endpoint, str], tuple[int, str]] = {}
    for item in itertools.chain.from_iterable(draft.items for draft in drafts):
        if item.spec is None or item.found is None:
            continue
        for name, value in _limits_of(item.spec):
            first, place = stated.setdefault((_endpoint(item.spec), name), (value, item.path))
            if first != value:
                told = f"is {value}, but {first} at {place} for the same connection and model"
                problems.add(*item.found.at(name), told, "state a limit once")
    shared: dict[_Endpoint, dict[str, int]] = {}
    for (endpoint, name), (value, _) in stated.items():
        shared.setdefault(endpoint, {})[name] = value
    return {endpoint: Limits(**limits) for endpoint, limits in shared.items()}


def _endpoint(spec: TargetSpec) -> _Endpoint:
    return spec.connection, spec.model


def _limits_of(spec: TargetSpec) -> Iterator[tuple[str, int]]:
    for one in fields(spec.limits):
        value = getattr(spec.limits, one.name)
        if value is not None:
            yield one.name, value


def _nesting_order(drafts: Mapping[str, Draft], problems: Problems) -> tuple[str, ...]:
    """The routes so that each comes after those that it names; unknown names and cycles are problems."""
    graph: dict[str, list[str]] = {}
    for name, draft in drafts.items():
        graph[name] = []
        for item in draft.items:
            if item.route is None or item.found is None:
                continue
            if item.route in drafts:
                graph[name].append(item.route)
            else:
                told = f"there is no route {item.route!r}"
                problems.add(*item.found.at("route"), told, nearest(item.route, drafts))
    while True:
        try:
            return tuple(TopologicalSorter(graph).static_order())
        except CycleError as error:
            _break_cycle(error.args[1], graph, drafts, problems)


def _break_cycle(
    cycle: list[str], graph: dict[str, list[str]], drafts: Mapping[str, Draft], problems: Problems
) -> None:
    """Reports a cycle where its first route of the file goes on, and takes that step out, so that the next one shows."""
    # Each entry is named by the one after it; the last repeats the first.
    ring = cycle[:0:-1]
    begin = min(ring, key=list(drafts).index)
    at = ring.index(begin)
    ring = [*ring[at:], *ring[:at], begin]
    item = next(item for item in drafts[begin].items if item.route == ring[1])
    if item.found is not None:
        problems.add(*item.found.at("route"), f"leads back to itself: {' → '.join(ring)}", "break the cycle")
    graph[begin] = [name for name in graph[begin] if name != ring[1]]


def _check_offline(draft: Draft, flat: Mapping[str, tuple[TargetSpec, ...]], problems: Problems) -> None:
    """`offline` is the end of a route, after at least one model, and no route both fails and goes on."""
    tails = [item for item in draft.items if item.offline or _ends_offline(item, flat)]
    for item in tails:
        what = "offline" if item.offline else f"route {item.route!r}, which ends in offline,"
        if item is not draft.items[-1]:
            problems.add(item.mark, item.path, f"{what} stands before targets that would never be asked", "put it last")
        elif len(draft.items) == 1 and item.offline:
            problems.add(item.mark, item.path, "offline is the only target", "put a model before it")
    if tails and draft.found.get("without_connection") == "fail":
        told = f"is fail, but {tails[-1].path} ends the route in offline"
        problems.add(*draft.found.at("without_connection"), told, "use offline, or remove the offline target")


def _ends_offline(item: Item, flat: Mapping[str, tuple[TargetSpec, ...]]) -> bool:
    nested = flat.get(item.route or "", ())
    return bool(nested) and nested[-1].offline


def _flattened(
    draft: Draft, flat: Mapping[str, tuple[TargetSpec, ...]], limits: Mapping[_Endpoint, Limits]
) -> tuple[TargetSpec, ...]:
    targets: list[TargetSpec] = []
    known: set[TargetSpec] = set()
    for item in draft.items:
        if item.spec is not None:
            own = replace(item.spec, limits=limits.get(_endpoint(item.spec), NO_LIMITS))
            placed: Iterable[TargetSpec] = [own if own.weight is None else replace(own, group=draft.name)]
        elif item.offline:
            placed = [OFFLINE]
        else:
            placed = [spec for spec in flat.get(item.route or "", ()) if replace(spec, weight=None) not in known]
        targets += placed
        known |= {replace(spec, weight=None) for spec in placed}
    return tuple(targets)
