"""Profiles: patterns of model ids, what they add to a target, and what contradicts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llm_route_texts import expect

from llm_orchestration import ConfigurationError
from llm_orchestration.profiles import UNKNOWN, Profile, hidden_by, profile_of
from llm_orchestration.routes import OFFLINE, TargetSpec, parse_routes

SMALL = Profile(context_window=8_000, max_output_tokens=1_000)
LARGE = Profile("tool", True, 400_000, 64_000, frozenset({"temperature"}))


def test_the_first_pattern_that_matches_decides() -> None:
    """Narrow patterns stand above wide ones, capitals count, and an unknown model has no profile."""
    profiles = {"vendor/big-*": LARGE, "*-[0-9]b": SMALL}
    assert profile_of("vendor/big-7b", profiles) is LARGE
    assert profile_of("other-7b", profiles) is SMALL
    assert profile_of("other-7B", profiles) is UNKNOWN
    assert profile_of("", profiles) is UNKNOWN


def test_a_target_takes_what_it_does_not_state() -> None:
    """Its own keys win; refused parameters of both are left out; an unknown model changes nothing."""
    bare = TargetSpec("x").with_profile(LARGE)
    assert (bare.structured_output, bare.context_window, bare.max_output_tokens) == ("tool", 400_000, 64_000)
    own = TargetSpec("x", max_output_tokens=5, context_window=9, structured_output="prompt", omit=frozenset({"store"}))
    stated = own.with_profile(LARGE)
    assert (stated.structured_output, stated.context_window, stated.max_output_tokens) == ("prompt", 9, 5)
    assert stated.omit == {"store", "temperature"}
    assert stated.with_profile(LARGE) == stated
    assert own.with_profile(UNKNOWN) == own
    assert OFFLINE.with_profile(LARGE) is OFFLINE


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Profile(max_output_tokens=10, context_window=5), "above context_window 5"),
        (lambda: Profile(context_window=0), "from 1"),
        (lambda: Profile(max_output_tokens=-1), "from 1"),
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(make: object, told: str) -> None:
    """An answer is part of the window, and there is no window of nothing."""
    with pytest.raises(ConfigurationError, match=told):
        make()  # type: ignore[operator]


WORDS = st.text("ab*?", min_size=1, max_size=5)


@given(WORDS, st.lists(WORDS, max_size=3), st.text("ab", max_size=6))
def test_a_pattern_that_is_called_hidden_never_decides(pattern: str, earlier: list[str], model: str) -> None:
    """The complaint is never wrong: what the hidden pattern matches, the other one took before."""
    hider = hidden_by(pattern, earlier)
    if hider is not None and profile_of(model, {pattern: SMALL}) is SMALL:
        assert profile_of(model, {hider: LARGE}) is LARGE


def test_a_pattern_below_a_wider_one_is_found() -> None:
    """The usual slip, `*` above the rest, is told; classes and single characters are left to their author."""
    assert hidden_by("gp*-mini", ["x", "g*"]) == "g*"
    assert hidden_by("g*", ["g*-mini", "g?"]) is None
    assert hidden_by("[ab]*", ["*a*"]) is None


@pytest.mark.parametrize(
    ("models", "told"),
    [
        (
            "{'*': {files: true}, 'm-*': §{files: false}}",
            "models.m-*: never matches, because '*' above takes it; move it up",
        ),
        (
            "{m: {max_output_tokens: §9, context_window: 8}}",
            "models.m.max_output_tokens: is 9, above context_window 8; leave room for the prompt, which is part of the window",
        ),
        ("{m: {files: §yes}}", "models.m.files: is 'yes'; use true or false, without quotes"),
        ("{m: {omit: §temperature}}", "models.m.omit: must be a list, not 'temperature'"),
        ("{§5: {files: true}}", "models.5: is 5, which YAML does not read as text; put it in quotes"),
        ("{m: {§file: true}}", "models.m.file: unknown key; did you mean files?"),
        ("§[m]", "models: must be a mapping, not a list"),
        ("§{}", "models: is empty; add an entry or remove the key"),
    ],
)
def test_what_is_wrong_with_models_is_told_in_place(models: str, told: str) -> None:
    """Each problem has its line, column and key path."""
    expect(
        f"format: 1\nmodels: {models}\nroutes: {{r: {{without_connection: fail, targets: [{{connection: x}}]}}}}", told
    )


def test_an_answer_longer_than_the_model_writes_is_told_at_the_target() -> None:
    """The file states both figures, so the contradiction is found before any call."""
    expect(
        """
format: 1
models: {"m*": {max_output_tokens: 99}}
routes: {r: {without_connection: fail, targets: [{connection: x, model: m1, max_output_tokens: §100}]}}
""",
        "routes.r.targets[0].max_output_tokens: is 100, but models: says that 'm1' writes at most 99; "
        "lower it or mend the profile",
    )


def test_a_target_whose_model_only_the_connection_knows_is_not_judged() -> None:
    """The connection is not read when the file is."""
    text = """
format: 1
models: {"*": {max_output_tokens: 99}}
routes: {r: {without_connection: fail, targets: [{connection: x, max_output_tokens: 100}]}}
"""
    assert parse_routes(text).get("r").targets[0].max_output_tokens == 100
