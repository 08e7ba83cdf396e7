"""Routes: the shipped file, every problem at once, and one connection instead of a route."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from llm_orchestration import ConfigurationError, RouteConfigError, load_routes
from llm_orchestration.pricing import Price
from llm_orchestration.routes import parse_routes

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


def test_the_shipped_file_has_the_two_aliases_and_names_no_model() -> None:
    """A fresh installation works offline and takes the model from the connection."""
    routes = load_routes()
    assert set(routes.by_name) == {"extraction", "writing"}
    for route in routes.by_name.values():
        assert route.without_connection == "offline"
        assert [(target.connection, target.model) for target in route.targets] == [("llm_default", None)]


def test_a_target_is_read_whole() -> None:
    """Durations become timedelta and prices Decimal, digit by digit."""
    route = parse_routes(GOOD).get("extraction")
    first, second = route.targets
    assert (first.model, first.api, first.max_output_tokens, first.context_window) == ("big", "responses", 100, 1000)
    assert first.timeout == timedelta(seconds=2.5)
    assert first.price == Price(Decimal("0.25"), Decimal(2), Decimal("0.025"))
    assert first.omit == {"temperature"}
    assert (second.connection, second.price, second.api) == ("second", None, None)


def test_all_problems_are_listed_with_their_key_path() -> None:
    """One look at the message is enough to mend the file."""
    text = """
format: 2
extra: 1
routes:
  Bad Name:
    without_connection: maybe
    deadline_seconds: 0
    targets: []
  writing:
    without_connection: offline
    tragets: []
    targets:
      - model: 5
        api: converse
        max_output_tokens: 0
        timeout_seconds: "5"
        omit: [top_p]
        price_per_million_tokens: {input: -1, outputs: 2}
      - just text
"""
    with pytest.raises(RouteConfigError) as caught:
        parse_routes(text)
    paths = [problem.split(": ")[0] for problem in caught.value.problems]
    assert paths == [
        "extra",
        "format",
        "routes.Bad Name",
        "routes.Bad Name.targets",
        "routes.Bad Name.without_connection",
        "routes.Bad Name.deadline_seconds",
        "routes.writing.tragets",
        "routes.writing.targets[0].connection",
        "routes.writing.targets[0].omit",
        "routes.writing.targets[0].model",
        "routes.writing.targets[0].api",
        "routes.writing.targets[0].max_output_tokens",
        "routes.writing.targets[0].timeout_seconds",
        "routes.writing.targets[0].price_per_million_tokens.outputs",
        "routes.writing.targets[0].price_per_million_tokens.input",
        "routes.writing.targets[0].price_per_million_tokens.output",
        "routes.writing.targets[1]",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "must be a mapping"),
        ("format: 1\nroutes: {}", "is empty"),
        ("format: 1\nformat: 1", "given twice"),
        ("a: [", "line 1"),
        ("format: 1\nroutes: {a: {targets: [{connection: x}]}}", "without_connection"),
    ],
)
def test_a_file_that_is_no_route_file_is_refused(text: str, told: str) -> None:
    """Broken YAML, a key given twice and an empty file are problems, not defaults."""
    with pytest.raises(RouteConfigError, match=told):
        parse_routes(text)


def test_a_missing_file_says_where_it_was_looked_for(tmp_path: Path) -> None:
    """The message names the path and the setting."""
    with pytest.raises(RouteConfigError, match="routes_path"):
        load_routes(tmp_path / "none.yaml")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    """Cached by content's age, so a worker that lives long sees a new route."""
    file = tmp_path / "llm.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert load_routes(file) is load_routes(file)
    file.write_text(GOOD.replace("big", "bigger"), encoding="utf-8")
    assert load_routes(file).get("extraction").targets[0].model == "bigger"


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
