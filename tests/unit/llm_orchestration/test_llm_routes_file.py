"""The language of llm.yaml: every kind of problem with its line and column, all at once, and the editor's schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from llm_route_texts import expect, problems_of

from llm_orchestration import RouteConfigError
from llm_orchestration._yaml import MAX_BYTES, ConfigYamlError, load
from llm_orchestration.route_file import llm_json_schema
from llm_orchestration.routes import Routes, parse_routes

HEAD = "format: 1\nroutes:\n"
TAIL = "\n  spare: {without_connection: offline, targets: [{connection: spare}]}\n"


def in_route(route: str) -> str:
    """A file whose route `r` is this flow mapping."""
    return f"{HEAD}  r: {route}{TAIL}"


def in_target(target: str) -> str:
    """A file whose only target of `r` has these keys."""
    return in_route(f"{{without_connection: fail, targets: [{{connection: x, {target}}}]}}")


def test_all_problems_are_listed_in_one_pass() -> None:
    """One look at the message is enough to mend the file; a misspelt key is one problem and not two."""
    expect(
        """
format: §2
§extra: 1
budgets: {day: §{}, run: {usd: §-1, tokens: §many}}
routes:
  §Bad Name:
    without_connection: §maybe
    deadline_seconds: §0
    targets: §[]
  writing:
    §without_connecton: offline
    §tragets: []
    journal: §of
    §wait: 5
  reading:
    without_connection: offline
    targets:
      - model: §1.10
        connection: §no
        api: §converse
        max_output_tokens: §0
        timeout_seconds: §"5"
        omit: [§top_p]
        price_per_million_tokens: {input: §-1, §outputs: 2}
      - §just text
""",
        "format: is 2; use 1",
        "extra: unknown key; use models",
        "budgets.day: is empty; state usd, tokens or both",
        'budgets.run.usd: is -1; use US dollars from 0, for example "0.25"',
        "budgets.run.tokens: is 'many'; use a whole number from 0 to 1000000000000, digits only and without quotes",
        "routes.Bad Name: is 'Bad Name'; use small letters, digits and _, a letter first, at most 64 characters",
        "routes.Bad Name.without_connection: is 'maybe'; use one of offline, fail",
        "routes.Bad Name.deadline_seconds: is 0; use seconds above 0 and up to 172800",
        "routes.Bad Name.targets: is an empty list; add an item or remove the key",
        "routes.writing.without_connecton: unknown key; did you mean without_connection?",
        "routes.writing.tragets: unknown key; did you mean targets?",
        "routes.writing.journal: is 'of'; did you mean off?",
        "routes.writing.wait: unknown key; did you mean wait_seconds?",
        "routes.reading.targets[0].model: is 1.10, which YAML does not read as text; put it in quotes",
        "routes.reading.targets[0].connection: is no, which YAML does not read as text; put it in quotes",
        "routes.reading.targets[0].api: is 'converse'; use one of chat, responses",
        "routes.reading.targets[0].max_output_tokens: is 0; use a whole number from 1 to 1000000000",
        "routes.reading.targets[0].timeout_seconds: is '5'; use seconds above 0 and up to 172800, digits only and "
        "without quotes",
        "routes.reading.targets[0].omit[0]: is 'top_p'; use one of temperature, max_output_tokens, store",
        'routes.reading.targets[0].price_per_million_tokens.input: is -1; use US dollars from 0, for example "0.25"',
        "routes.reading.targets[0].price_per_million_tokens.outputs: unknown key; did you mean output?",
        "routes.reading.targets[1]: must be a mapping with connection or route, or the word offline, not 'just text'",
    )


@pytest.mark.parametrize(
    ("marked", "told"),
    [
        ("§", "the file is empty"),
        ("§# nothing", "the file is empty"),
        ("§[]", "must be a mapping, not a list"),
        ("§a text", "must be a mapping, not 'a text'"),
        ("a: b§: c", "cannot be read as YAML: mapping values are not allowed in this context; put text with a colon into quotes"),
        ("a:\n§\t- b", "cannot be read as YAML: found character that cannot start any token; indent with spaces, not with tabs"),
        ("a: §&b 1", "the anchor 'b' is refused; write the value out where it is used"),
        ("a: §*b", "the anchor 'b' is refused; write the value out where it is used"),
        ("a: §!!int 1", "the tag 'tag:yaml.org,2002:int' is refused; write the plain value; put text into quotes"),
        ("a: 1\n§---\nb: 1", "a second document begins here; keep one document per file"),
        ("{§[a]: 1}", "a mapping or a list is used as a key; keys are plain words"),
        ("{§<<: {}}", "the merge key << is refused; write the keys out where they are used"),
        (f"{'[' * 20}§[", "the file is nested more than 20 levels deep"),
        ("a: §\ud800", "holds half of a surrogate pair, which is no character"),
    ],
)  # fmt: skip
def test_what_is_no_plain_yaml_is_refused_by_name(marked: str, told: str) -> None:
    """Broken YAML and everything that YAML readers understand differently stops at its place."""
    expect(marked, told)


def test_a_key_given_twice_is_told_beside_every_other_problem() -> None:
    """Neither value wins in silence, and the rest of the file is still read."""
    expect(
        """
format: 1
§format: 1
routes:
  r:
    without_connection: fail
    targets: [{connection: x, §connection: y, max_output_tokens: §many}]
  §r: {}
""",
        "format: is given twice, first in line 2; remove one of them",
        "routes.r.targets[0].connection: is given twice, first in line 7; remove one of them",
        "routes.r.targets[0].max_output_tokens: is 'many'; use a whole number from 1 to 1000000000, digits only and "
        "without quotes",
        "routes.r: is given twice, first in line 5; remove one of them",
    )


@pytest.mark.parametrize("word", "no on Yes off null ~ 1.10 007 0x1F 1_000 12:30 2026-10-31 .5 1e3 =".split())
def test_a_word_that_yaml_may_take_for_something_else_needs_quotes(word: str) -> None:
    """Text is text for every reader of the file, or the file is refused; in quotes every one of them is fine."""
    (problem,) = problems_of(in_target(f"model: {word}"))
    assert f"is {word}, which YAML does not read as text; put it in quotes" in problem
    assert parse_routes(in_target(f"model: '{word}'")).get("r").targets[0].model == word


@pytest.mark.parametrize("word", ["", "9" * 60, *"1_000 0x10 017 20.5 '20' yes 1e400 -1 [1] {} .inf".split()])
def test_a_number_is_written_in_digits(word: str) -> None:
    """What one reader takes for 1000 and another for text is refused, and so is a number beyond all sense."""
    (problem,) = problems_of(in_target(f"concurrency: {word}"))
    assert "targets[0].concurrency: is" in problem
    assert "use a whole number from 1" in problem


def test_the_word_off_is_a_word() -> None:
    """`journal: off` means what it says, although YAML 1.1 reads it as false."""
    text = in_route("{without_connection: fail, journal: off, targets: [{connection: x}]}")
    assert yaml.safe_load(text)["routes"]["r"]["journal"] is False
    assert parse_routes(text).get("r").journal == "off"
    expect(text.replace(": off,", ": §false,"), "routes.r.journal: is 'false'; use one of run, shared, off")


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("submit: §background, api: chat", "submit: is background, which api: chat does not have; use api: responses"),
        ("submit: §later", "submit: is 'later'; use one of call, background, batch"),
        ("structured_output: §json", "structured_output: is 'json'; use one of json_schema, json_object, tool, prompt"),
        ("weight: §0", "weight: is 0 like every other, so no target comes first; raise one of them"),
        ("weight: §0.5", "weight: is 0.5; use a whole number from 0 to 1000000"),
        ("§wieght: 5", "wieght: unknown key; did you mean weight?"),
        ("§connection: y", "connection: is given twice, first in line 3; remove one of them"),
        ("model: §''", "model: is empty; state a value or remove the key"),
        ("model: §", "model: is empty; state a value or remove the key"),
        ("model: §[m]", "model: must be text, not a list"),
        ("§route: spare", "route: unknown key; use one of model, api, max_output_tokens, context_window, timeout_seconds, "
         "price_per_million_tokens, omit, weight, concurrency, requests_per_minute, tokens_per_minute, structured_output, submit"),
        ("max_output_tokens: §9, context_window: 8", "max_output_tokens: is 9, above context_window 8; leave room for the "
         "prompt, which is part of the window"),
        ("max_output_tokens: 9, tokens_per_minute: §8", "tokens_per_minute: is 8, less than max_output_tokens 9, so no "
         "request would ever be sent; lower max_output_tokens"),
        ("price_per_million_tokens: §{output: 1}", "price_per_million_tokens.input: is missing; US dollars per million "
         "input tokens"),
        ("price_per_million_tokens: {input: §inf, output: 1}", "price_per_million_tokens.input: is 'inf'; use US dollars "
         'from 0, for example "0.25"'),
    ],
)  # fmt: skip
def test_each_problem_of_a_target_is_told_in_place(target: str, told: str) -> None:
    """The path leads to the key, the column to its value, and the text says what to do."""
    expect(in_target(target), f"routes.r.targets[0].{told}")


@pytest.mark.parametrize(
    ("routes", "told"),
    [
        ("a: {without_connection: fail, targets: [{route: §b}]}\n  b: {without_connection: fail, targets: [{route: a}]}",
         ["routes.a.targets[0].route: leads back to itself: a → b → a; break the cycle"]),
        ("a: {without_connection: fail, targets: [{route: §a}]}",
         ["routes.a.targets[0].route: leads back to itself: a → a; break the cycle"]),
        ("z: {without_connection: fail, targets: [{route: c}]}\n"
         "  c: {without_connection: fail, targets: [{route: §d}]}\n  d: {without_connection: fail, targets: [{route: c}]}\n"
         "  e: {without_connection: fail, targets: [{connection: x}, {route: §f}]}\n"
         "  f: {without_connection: fail, targets: [{route: e}]}",
         ["routes.c.targets[0].route: leads back to itself: c → d → c; break the cycle",
          "routes.e.targets[1].route: leads back to itself: e → f → e; break the cycle"]),
        ("a: {without_connection: fail, targets: [{route: §spar}, {route: §nothing}]}",
         ["routes.a.targets[0].route: there is no route 'spar'; did you mean spare?",
          "routes.a.targets[1].route: there is no route 'nothing'; use one of a, spare"]),
        ("a: {without_connection: offline, targets: [{connection: x}, §offline, {connection: y}]}",
         ["routes.a.targets[1]: offline stands before targets that would never be asked; put it last"]),
        ("a: {without_connection: offline, targets: [§offline]}",
         ["routes.a.targets[0]: offline is the only target; put a model before it"]),
        ("a: {without_connection: offline, targets: [§{route: b}, {connection: y}]}\n"
         "  b: {without_connection: offline, targets: [{connection: x}, offline]}",
         ["routes.a.targets[0]: route 'b', which ends in offline, stands before targets that would never be asked; "
          "put it last"]),
        ("a: {without_connection: §fail, targets: [{connection: x}, offline]}",
         ["routes.a.without_connection: is fail, but routes.a.targets[1] ends the route in offline; use offline, or remove "
          "the offline target"]),
        ("a: {without_connection: §fail, targets: [{route: b}]}\n"
         "  b: {without_connection: offline, targets: [{connection: x}, offline]}",
         ["routes.a.without_connection: is fail, but routes.a.targets[0] ends the route in offline; use offline, or remove "
          "the offline target"]),
        ("a: {without_connection: fail, targets: [{connection: x, weight: 1}, {connection: y}, {connection: z, weight: §1}]}",
         ["routes.a.targets[2].weight: stands after routes.a.targets[1], which has none; give a weight to each of the "
          "leading targets or to none"]),
        ("a: {without_connection: fail, targets: [{route: spare, §weight: 1}]}",
         ["routes.a.targets[0].weight: unknown key; remove it"]),
        ("a: {without_connection: fail, targets: [{connection: x, concurrency: 1}]}\n"
         "  b: {without_connection: fail, targets: [{connection: x, concurrency: §2}]}",
         ["routes.b.targets[0].concurrency: is 2, but 1 at routes.a.targets[0] for the same connection and model; "
          "state a limit once"]),
        ("§no: {without_connection: fail, targets: [{connection: x}]}",
         ["routes.no: is no, which YAML does not read as text; put it in quotes"]),
        ("a: §offline", ["routes.a: must be a mapping, not 'offline'"]),
        ("a: §{targets: [{connection: x}]}",
         ["routes.a.without_connection: is missing; say what a step does when none of the connections exists: offline or fail"]),
        ("a: {without_connection: fail, targets: [§{}]}",
         ["routes.a.targets[0].connection: is missing; name an Airflow connection, for example llm_default"]),
    ],
)  # fmt: skip
def test_what_routes_get_wrong_together_is_told_in_place(routes: str, told: list[str]) -> None:
    """Cycles, names that do not exist, a misplaced offline, lone weights and limits that disagree."""
    expect(f"{HEAD}  {routes}{TAIL}", *told)


def test_a_file_without_routes_is_no_route_file() -> None:
    """Neither a missing nor an empty part is filled with defaults."""
    expect("§format: 1", "routes: is missing; define at least one route")
    expect("format: 1\nroutes: §{}", "routes: is empty; add an entry or remove the key")
    expect("§routes:\n  r: {without_connection: fail, targets: [{connection: x}]}",
           "format: is missing; write format: 1, the version of this language")  # fmt: skip


def test_a_hopeless_file_ends_after_200_problems() -> None:
    """A wrong file, a large one too, costs a look and not a scroll."""
    text = HEAD + "".join(f"  R{index}: []\n" for index in range(20_000))
    assert len(problems_of(text)) == 200


def test_the_message_names_the_file_that_was_read() -> None:
    """A click on the line opens the place."""
    with pytest.raises(RouteConfigError) as caught:
        parse_routes("format: 1", source="other.yaml")
    assert str(caught.value) == "other.yaml: 1 problem\n  other.yaml:1:1: routes: is missing; define at least one route"


# Whatever stands in a file

SHIPPED = (Path(__file__).resolve().parents[3] / "include" / "llm.yaml").read_text(encoding="utf-8")
FULL = """
format: 1
budgets: {day: {usd: 5, tokens: 10}, run: {usd: "0.5"}}
models: {"m-*": {structured_output: tool, files: true, context_window: 9, max_output_tokens: 8, omit: [store]}}
routes:
  a:
    without_connection: offline
    deadline_seconds: 1
    wait_seconds: 0
    deferred_wait_seconds: 1
    journal: shared
    targets:
      - connection: x
        model: m-1
        api: responses
        max_output_tokens: 5
        context_window: 9
        timeout_seconds: 1.5
        omit: []
        weight: 1
        concurrency: 1
        requests_per_minute: 1
        tokens_per_minute: 5
        structured_output: prompt
        submit: background
        price_per_million_tokens:
          input: 1
          output: "2.5"
          cached_input: 0
      - route: b
      - offline
  b: {without_connection: fail, targets: [{connection: y}]}
"""
VALUES = st.recursive(
    st.sampled_from(["offline", "fail", "a", "b", "x", "run", 1, 0, -1, 2.5, True, None, "", "0.5", "*", "chat", "responses",
                     "background", "temperature", "no"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["connection", "route", "targets", "without_connection", "weight", "a", "b", "usd",
                                       "input", "output", "submit", "api", "model", "max_output_tokens", "concurrency"]),
                      inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
TARGETS = st.lists(
    st.one_of(
        st.just("offline"),
        st.fixed_dictionaries({"route": st.sampled_from("abcd")}),
        st.fixed_dictionaries(
            {"connection": st.sampled_from(["x", "y"])},
            optional={
                "weight": st.integers(0, 2),
                "model": st.sampled_from(["m", "n"]),
                "max_output_tokens": st.integers(1, 9),
                "context_window": st.integers(1, 9),
                "concurrency": st.integers(1, 2),
                "tokens_per_minute": st.integers(1, 9),
                "submit": st.sampled_from(["call", "background", "batch"]),
                "api": st.sampled_from(["chat", "responses"]),
            },
        ),
    ),
    min_size=1,
    max_size=4,
)
ROUTES = st.dictionaries(
    st.sampled_from("abcd"),
    st.fixed_dictionaries({"without_connection": st.sampled_from(["fail", "offline"]), "targets": TARGETS}),
    min_size=1,
)
MODELS = st.dictionaries(
    st.sampled_from(["m", "*", "n*"]),
    st.dictionaries(st.sampled_from(["max_output_tokens", "context_window"]), st.integers(1, 9)),
    min_size=1,
)


def ends_well(text: str) -> Routes | None:
    """Reads a file; anything but routes or a `RouteConfigError` fails the test."""
    try:
        routes = parse_routes(text)
    except RouteConfigError as error:
        assert error.problems
        return None
    for route in routes.by_name.values():
        assert sorted(map(repr, route.ordered("seed"))) == sorted(map(repr, route.targets))
    return routes


@given(st.text(max_size=200))
@example("\x00")
@example("a: [")
@example("{{{{")
@example("%YAML 9.9\n---\na")
@example("\ud800")
@example("? a\n: - b\n  - - c")
@example("\ufeff")
@example("a: !")
def test_any_text_ends_in_routes_or_in_problems(text: str) -> None:
    """No text at all makes the reader fail in another way."""
    ends_well(text)


@given(st.data())
def test_any_damage_to_a_file_ends_in_routes_or_in_problems(data: st.DataObject) -> None:
    """Characters taken out, put in and exchanged anywhere."""
    text = data.draw(st.sampled_from([FULL, SHIPPED]))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 12))
        text = text[:at] + data.draw(st.text("ab0:-[]{}#&*!|>'\"%@`?,\n\t .é", max_size=4)) + text[at + cut :]
    ends_well(text)


@given(st.fixed_dictionaries({"format": st.just(1), "routes": VALUES}, optional={"budgets": VALUES, "models": VALUES}))
def test_any_value_in_any_place_ends_in_routes_or_in_problems(content: dict[str, Any]) -> None:
    """Wrong types, empty things and known words where they do not belong."""
    ends_well(json.dumps(content))


@settings(max_examples=300)
@given(ROUTES, st.none() | MODELS)
def test_routes_that_name_each_other_in_any_way_end_in_routes_or_in_problems(
    routes: dict[str, Any], models: dict[str, Any] | None
) -> None:
    """What the checks let through never contradicts the values that are built of it."""
    ends_well(json.dumps({"format": 1, "routes": routes, **({"models": models} if models else {})}))


def test_more_targets_than_any_call_reaches_are_refused() -> None:
    """The routes of routes cannot pile up without end."""
    targets = ", ".join(f"{{connection: x{index}}}" for index in range(99))
    text = f"{HEAD}  a: {{without_connection: fail, targets: §[{{route: b}}, {{connection: y}}, {{connection: z}}]}}\n"
    text += f"  b: {{without_connection: fail, targets: [{targets}]}}"
    expect(
        text,
        "routes.a.targets: has 101 targets with those of nested routes, more than 100; "
        "no call would reach the last ones; leave some out",
    )
    assert len(parse_routes(text.replace("§", "").replace(", {connection: z}", "")).get("a").targets) == 100


def test_a_large_file_is_read_in_reasonable_time() -> None:
    """Thousands of routes in one chain need no recursion."""
    names = [f"r{index}" for index in range(3_000)]
    chain = "".join(
        f"  {name}: {{without_connection: fail, targets: [{{route: {following}}}]}}\n"
        for name, following in zip(names, [*names[1:], "end"], strict=True)
    )
    text = f"{HEAD}{chain}  end: {{without_connection: fail, targets: [{{connection: x}}]}}\n"
    assert len(text) < MAX_BYTES
    assert parse_routes(text).get("r0").targets == parse_routes(text).get("end").targets


# The editor's schema


def accepted_by_editor(text: str) -> bool:
    return bool(Draft202012Validator(llm_json_schema()).is_valid(load(text)))


def test_the_schema_is_a_schema_and_accepts_good_files() -> None:
    """It is valid under its own draft, and an editor shows no error in the shipped file."""
    Draft202012Validator.check_schema(llm_json_schema())
    assert accepted_by_editor(SHIPPED)
    assert accepted_by_editor(FULL)
    assert problems_of(FULL) == []


def test_editor_and_loader_agree_whatever_stands_in_a_line() -> None:
    """Over every line of the file and many wrong values: what the editor marks, the loader refuses."""
    lines = FULL.splitlines()
    disagreed = []
    for index, line in enumerate(lines):
        for wrong in ("5", "[]", "{}", "null", "[{}]", "x", "true", "1.5", "'1'", "[a, b]", "''", "-1", "offline"):
            text = "\n".join([*lines[:index], f"{line.partition(':')[0]}: {wrong}", *lines[index + 1 :]])
            try:
                seen = accepted_by_editor(text)
            except ConfigYamlError:
                continue
            refused = bool(problems_of(text))
            # The loader sees more than one line: it may refuse what an editor cannot know to be wrong, never the reverse.
            if not seen and not refused:
                disagreed.append((line, wrong))
    assert disagreed == []


def test_every_key_is_explained_to_the_author() -> None:
    """An editor shows a sentence for each key, and the shipped file explains the keys too."""
    undocumented, keys = [], set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            for name, entry in node.get("properties", {}).items():
                keys.add(name)
                if not entry.get("description", "").endswith("."):
                    undocumented.append(name)
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(llm_json_schema())
    assert undocumented == []
    assert [key for key in sorted(keys) if key not in SHIPPED] == []


def test_the_committed_schema_is_current(root: Path) -> None:
    """What editors see is what the loader checks."""
    assert json.loads((root / "docs" / "llm.schema.json").read_text(encoding="utf-8")) == llm_json_schema()


@pytest.mark.parametrize(
    ("text", "value"),
    [("a: 1\nb: 1.5\nc: true\nd:\ne: no\nf: '1'\ng: [x, {y: z}]",
      {"a": 1, "b": 1.5, "c": True, "d": None, "e": "no", "f": "1", "g": ["x", {"y": "z"}]}), ("", None), ("-5", -5)],
)  # fmt: skip
def test_plain_data_is_json_and_text(text: str, value: Any) -> None:
    """The front matter of prompts is read with the same eyes."""
    assert load(text) == value


def test_plain_data_says_where_it_is_broken() -> None:
    """Line and column, for callers that name the file themselves."""
    with pytest.raises(ConfigYamlError, match="line 2, column 1: a: is given twice"):
        load("a: 1\na: 2")
