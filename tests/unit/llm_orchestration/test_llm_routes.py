"""Routes: the shipped file, what is read of a target, the order of one call, budgets, and one connection instead."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from llm_orchestration import ConfigurationError, RouteConfigError, load_routes
from llm_orchestration.pricing import Price
from llm_orchestration.profiles import Profile
from llm_orchestration.routes import OFFLINE, Budget, Budgets, Route, TargetSpec, parse_routes
from llm_orchestration.traffic.contract import NO_LIMITS, Limits, Spending

GOOD = """
format: 1
routes:
  extraction:
    without_connection: offline
    targets:
      - connection: primary
        model: big
        api: responses
        max_output_tokens: 100
        context_window: 1000
        timeout_seconds: 2.5
        omit: [temperature]
        price_per_million_tokens: {input: "0.25", cached_input: 0.025, output: 2}
      - connection: second
"""

FULL = """
format: 1
budgets:
  day: {usd: "25.00", tokens: 20000000}
  run: {usd: 0.1}
models:
  "big-*": {structured_output: tool, files: true, context_window: 400000, max_output_tokens: 64000, omit: [temperature]}
routes:
  extraction:
    without_connection: offline
    deadline_seconds: 90
    wait_seconds: 0
    deferred_wait_seconds: 7200
    journal: off
    targets:
      - connection: primary
        model: big-1
        weight: 80
        concurrency: 20
        requests_per_minute: 500
        tokens_per_minute: 200000
        structured_output: json_object
        submit: background
        api: responses
      - {connection: second, weight: 20, submit: batch}
      - route: cheap
      - offline
  cheap:
    without_connection: fail
    deadline_seconds: 5
    targets: [{connection: third, model: small}, {connection: primary, model: big-1}]
"""


def route_of(*targets: TargetSpec) -> Route:
    return Route("r", targets, "fail")


def test_the_shipped_file_has_the_two_aliases_and_names_no_model() -> None:
    """A fresh installation works offline and takes the model from the connection."""
    routes = load_routes()
    assert set(routes.by_name) == {"extraction", "writing"}
    limits = {"extraction": (8000, 180), "writing": (3000, 120)}
    for name, route in routes.by_name.items():
        assert route.without_connection == "offline"
        assert not route.fallback_offline
        assert [(target.connection, target.model) for target in route.targets] == [("llm_default", None)]
        assert (route.targets[0].max_output_tokens, route.deadline.total_seconds()) == limits[name]
    assert (routes.budgets, routes.models) == (Budgets(), {})


def test_what_the_shipped_file_only_comments_is_valid_too(root: Path) -> None:
    """Its commented examples of budgets and models work when the # is taken away."""
    text = (root / "include" / "llm.yaml").read_text(encoding="utf-8")
    lines = text.splitlines()
    for first in ("# budgets:", "# models:"):
        begin = lines.index(first)
        for index in itertools.takewhile(lambda index: lines[index], range(begin, len(lines))):
            lines[index] = lines[index].removeprefix("# ")
    routes = parse_routes("\n".join(lines))
    assert routes.budgets == Budgets(Budget(Decimal(25), 20_000_000), Budget(Decimal(1), 800_000))
    assert routes.profile("some-mini") == Profile("json_object", None, 128_000, 16_000)
    assert routes.profile("some") == Profile(files=True, omit=frozenset({"temperature"}))


def test_a_target_is_read_whole() -> None:
    """Durations become timedelta and prices Decimal, digit by digit."""
    route = parse_routes(GOOD).get("extraction")
    first, second = route.targets
    assert (first.model, first.api, first.max_output_tokens, first.context_window) == ("big", "responses", 100, 1000)
    assert first.timeout == timedelta(seconds=2.5)
    assert first.price == Price(Decimal("0.25"), Decimal(2), Decimal("0.025"))
    assert first.omit == {"temperature"}
    assert second == TargetSpec("second")
    assert (route.wait, route.deferred_wait) == (timedelta(seconds=30), timedelta(hours=1))
    assert (route.journal, route.fallback_offline) == ("run", False)


def test_every_key_of_a_route_arrives() -> None:
    """Nothing that the language accepts is lost on the way."""
    routes = parse_routes(FULL)
    route = routes.get("extraction")
    assert (route.deadline, route.wait, route.deferred_wait) == (
        timedelta(seconds=90),
        timedelta(0),
        timedelta(hours=2),
    )
    assert (route.journal, route.fallback_offline, route.without_connection) == ("off", True, "offline")
    first, second, *cheap = route.targets
    assert first == TargetSpec(
        "primary",
        "big-1",
        "responses",
        weight=80,
        limits=Limits(20, 500, 200_000),
        structured_output="json_object",
        submit="background",
    )
    assert second == TargetSpec("second", weight=20, submit="batch")
    assert cheap == [TargetSpec("third", "small"), TargetSpec("primary", "big-1", limits=first.limits), OFFLINE]


def test_a_nested_route_stands_for_its_targets() -> None:
    """They are asked in its place; its deadline and its missing connection are its own affair."""
    text = """
format: 1
routes:
  outer: {without_connection: offline, targets: [{connection: a}, {route: inner}, {connection: d}]}
  inner: {without_connection: fail, deadline_seconds: 5, targets: [{connection: b}, {route: innermost}]}
  innermost: {without_connection: fail, targets: [{connection: c}]}
"""
    outer = parse_routes(text).get("outer")
    assert [target.connection for target in outer.targets] == ["a", "b", "c", "d"]
    assert (outer.deadline, outer.without_connection) == (timedelta(seconds=180), "offline")


def test_a_target_that_the_list_has_is_not_taken_from_a_nested_route_again() -> None:
    """One call asks one model once, however the routes are put together, and deep nesting does not explode."""
    names = [f"r{index}" for index in range(40)]
    lines = [
        f"  {name}: {{without_connection: fail, targets: [{{connection: {name}}}, {{route: {following}}}, {{route: {following}}}]}}"
        for name, following in zip(names, [*names[1:], "last"], strict=True)
    ]
    text = "\n".join(
        ["format: 1", "routes:", *lines, "  last: {without_connection: fail, targets: [{connection: last}]}"]
    )
    assert [target.connection for target in parse_routes(text).get("r0").targets] == [*names, "last"]


def test_a_limit_is_stated_once_and_holds_in_every_route() -> None:
    """Limits belong to connection and model; another model of the connection has its own."""
    text = """
format: 1
routes:
  a: {without_connection: fail, targets: [{connection: x, model: m, requests_per_minute: 5}]}
  b: {without_connection: fail, targets: [{connection: x, model: m, concurrency: 2}, {connection: x, model: other}]}
"""
    routes = parse_routes(text)
    limits = [target.limits for name in ("a", "b") for target in routes.get(name).targets]
    assert limits == [Limits(2, 5), Limits(2, 5), NO_LIMITS]


def test_weights_split_the_first_place_by_their_share() -> None:
    """Over 10,000 seeds each share is met within 1.5 percent, and the rest keeps its order."""
    route = route_of(
        TargetSpec("a", weight=70), TargetSpec("b", weight=20), TargetSpec("c", weight=10), TargetSpec("d")
    )
    orders = Counter(
        tuple(target.connection for target in route.ordered(f"scheduled__2026-11-{n}/extract")) for n in range(10_000)
    )
    assert set(orders) == {("a", "b", "c", "d"), ("b", "a", "c", "d"), ("c", "a", "b", "d")}
    for order, share in (("abcd", 0.7), ("bacd", 0.2), ("cabd", 0.1)):
        assert abs(orders[tuple(order)] / 10_000 - share) < 0.015


def test_the_same_seed_always_gives_the_same_order() -> None:
    """A retry on another machine asks the same target, so it finds the answer in the journal."""
    route = route_of(TargetSpec("a", weight=1), TargetSpec("b", weight=1))
    for seed in map(str, range(100)):
        # Two equal weights: the first bit of the hash decides. Another rule would pay for every open run again.
        first = "a" if hashlib.sha256(seed.encode()).digest()[0] < 128 else "b"
        assert route.ordered(seed)[0].connection == first


def test_a_reserve_never_comes_first() -> None:
    """Weight 0 takes a target out of the draw and keeps it for failover."""
    route = route_of(TargetSpec("a", weight=0), TargetSpec("b", weight=1))
    assert {route.ordered(str(n)) for n in range(200)} == {(route.targets[1], route.targets[0])}


def test_without_weights_the_order_is_the_list() -> None:
    """The seed decides nothing that nobody asked it to."""
    route = route_of(TargetSpec("a"), TargetSpec("b"), TargetSpec("c"))
    assert {route.ordered(str(n)) for n in range(100)} == {route.targets}


def test_weights_of_a_nested_route_share_its_place_only() -> None:
    """Two groups side by side do not mix."""
    text = """
format: 1
routes:
  outer: {without_connection: fail, targets: [{connection: a}, {route: x}, {route: y}]}
  x: {without_connection: fail, targets: [{connection: b, weight: 1}, {connection: c, weight: 1}]}
  y: {without_connection: fail, targets: [{connection: d, weight: 1}, {connection: e, weight: 1}]}
"""
    outer = parse_routes(text).get("outer")
    orders = {"".join(target.connection for target in outer.ordered(str(n))) for n in range(200)}
    assert orders == {"abcde", "acbed"}


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: TargetSpec("x", api="chat", submit="background"), "api: responses"),
        (lambda: TargetSpec("x", weight=-1), "from 0"),
        (lambda: TargetSpec("offline", "m", offline=True), "cannot have model"),
        (route_of, "needs a target"),
        (lambda: route_of(OFFLINE), "needs a target"),
        (lambda: Route("r", (TargetSpec("a"), OFFLINE, TargetSpec("b")), "offline"), "after offline"),
        (lambda: route_of(TargetSpec("a"), OFFLINE), "without_connection: fail"),
        (Budget, "neither"),
        (lambda: Budget(Decimal(-1)), "from 0"),
        (lambda: Budget(tokens=-1), "from 0"),
    ],
)
def test_no_value_contradicts_itself(make: object, told: str) -> None:
    """What the file cannot say, a program cannot build either."""
    with pytest.raises(ConfigurationError, match=told):
        make()  # type: ignore[operator]


def test_budgets_name_their_scopes() -> None:
    """A run's budget needs a run; a day's is the day in UTC that the caller names."""
    budgets = parse_routes(FULL).budgets
    day = Spending("day:2026-11-24", Decimal("25.00"), 20_000_000)
    run = Spending("run:fund/doc_1f", Decimal("0.1"), None)
    assert budgets.spendings(day=date(2026, 11, 24), run="fund/doc_1f") == (run, day)
    assert budgets.spendings(day=date(2026, 11, 24), run=None) == (day,)
    assert Budgets().spendings(day=date(2026, 11, 24), run="x") == ()


def test_a_missing_file_says_where_it_was_looked_for(tmp_path: Path) -> None:
    """The message names the path and the setting; a folder is no file either."""
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(RouteConfigError, match="routes_path"):
            load_routes(path)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    """Cached by the file's age and size, so a worker that lives long sees a new route."""
    file = tmp_path / "llm.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert load_routes(file) is load_routes(file)
    file.write_text(GOOD.replace("big", "bigger"), encoding="utf-8")
    assert load_routes(file).get("extraction").targets[0].model == "bigger"


def test_a_file_that_is_not_utf_8_or_far_too_large_is_refused(tmp_path: Path) -> None:
    """The byte is named by line and column, and a dump of a gigabyte is not read."""
    file = tmp_path / "llm.yaml"
    file.write_bytes("format: 1\n# größer: ".encode() + b"\xfc")
    with pytest.raises(RouteConfigError, match=r"llm\.yaml:2:11: byte 0xfc is not UTF-8"):
        load_routes(file)
    file.write_bytes(b"#" * 1_000_001)
    with pytest.raises(RouteConfigError, match="larger than 1,000,000 bytes"):
        load_routes(file)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    """What a Windows editor puts in front is no key."""
    file = tmp_path / "llm.yaml"
    file.write_text(GOOD, encoding="utf-8-sig")
    assert load_routes(file).get("extraction").targets[0].model == "big"


def test_an_unknown_alias_lists_the_known_ones() -> None:
    """A typo in a step is answered with what exists."""
    with pytest.raises(ConfigurationError, match="no route 'extracton'; use one of: extraction"):
        parse_routes(GOOD).get("extracton")


def test_naming_a_connection_means_it_must_exist() -> None:
    """A connection that a caller names keeps its settings and never turns into offline."""
    route = parse_routes(GOOD).get("extraction")
    assert route.only("primary").targets == route.targets[:1]
    assert route.only("other").targets[0].max_output_tokens == 100
    assert route.only("other").without_connection == "fail"
    tailed = parse_routes(FULL).get("extraction").only("offline")
    assert (tailed.fallback_offline, tailed.targets[0].offline) == (False, False)
