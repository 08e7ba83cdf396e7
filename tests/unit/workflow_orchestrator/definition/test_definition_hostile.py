"""Definitions that are no slip of an author: huge, deep or endless ones end in a named problem, quickly."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from definition_flow_sample import FLOW, write_tour
from hypothesis import given
from hypothesis import strategies as st
from test_definition_schema import drawn

from workflow_orchestrator.definition import load_workflow, read_yaml
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.source import Tree, parse
from workflow_orchestrator.definition.source_json import NOT_SOUND, quick, read
from workflow_orchestrator.errors import DefinitionError

SECONDS = 1.0  # of processor time, so that the machine's other work does not count

HEAD = FLOW.partition("steps:\n")[0] + "steps:\n"
HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "five megabytes": (HEAD + "#" * 5_000_000, "WF001 the file is larger than 1,000,000 bytes"),
    "a bomb of aliases": (
        "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\n", "WF004 the anchor &a is refused",
    ),
    "deep lists": ("a: " + "[" * 900 + "]" * 900, "WF005 the file is nested more than 40 levels deep"),
    "lists deeper than the parser": ("a: " + "[" * 50_000, "WF002 the YAML cannot be parsed: exceeded maximum nesting depth"),
    "deep blocks": (
        HEAD + "".join(f"{'  ' * (4 * n + 1)}c{n}:\n{'  ' * (4 * n + 2)}parallel:\n{'  ' * (4 * n + 3)}a{n}:\n" for n in range(30)),
        "WF005 the file is nested more than 40 levels deep",
    ),
    "no UTF-8": (b"workflow: tour\ntitle: \xe9\n", "WF001 byte 0xe9 is not UTF-8; save the file as UTF-8"),
    "ten thousand steps": (
        HEAD + "".join(f"  s{n}: {{slide: {{theme: house}}, catch: [{{on: RenderError, go: s{n + 1}}}]}}\n" for n in range(10_000)),
        "WF005 the file has more than 10,000 values; divide it",
    ),
    "a thousand steps": (
        HEAD + "".join(f"  s{n}: {{slide: {{theme: house}}}}\n" for n in range(1_000)),
        "WF005 the file has 1,000 steps and blocks, more than 300; divide the workflow",
    ),
    "three hundred steps that all need something": (
        HEAD + "".join(f"  s{n}: {{video: {{provider: p, voice: v}}, default_error_handler: fail}}\n" for n in range(300)),
        "200 problems or more",
    ),
    "a condition of thousands": (
        FLOW.replace("{failed: outlook, is: true}", "{all: [" + ", ".join(["{field: ytd, at_least: 1}"] * 3_000) + "]}"),
        "has 3,000 entries, more than 100",
    ),
    "a condition of thousands that differ": (
        FLOW.replace(
            "{failed: outlook, is: true}", "{all: [" + ", ".join(f"{{field: ytd, at_least: {n}}}" for n in range(3_000)) + "]}"
        ),
        "has 3,000 entries, more than 100",
    ),
    "a word of a megabyte": (HEAD.replace("rerun: latest", "rerun: " + "l" * 900_000), "is not allowed; known: same, latest"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_definition_ends_in_a_named_problem(tmp_path: Path, case: str) -> None:
    """Its size and depth are bounded before anything looks at it from many sides."""
    content, words = HOSTILE[case]
    folder, include = write_tour(tmp_path)
    (folder / "workflow.yaml").write_bytes(content.encode() if isinstance(content, str) else content)
    before = time.process_time()
    with pytest.raises(DefinitionError) as caught:
        load_workflow(folder, include)
    assert words in caught.value.message
    assert time.process_time() - before < SECONDS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, "WF005 the file is nested more than 40 levels deep"),
        ('{"type": "object", "properties": {"tone": ' + '{"items": ' * 60 + "{}" + "}" * 62, "WF005"),
        ('{"type": "object", "type": "array"}', "WF003 type: the key 'type' is given twice"),
        ('{"type": NaN}', "WF002 the JSON cannot be parsed"),
    ],
)
def test_a_hostile_schema_ends_in_a_named_problem(tmp_path: Path, text: str, words: str) -> None:
    """The files beside `workflow.yaml` are read as strictly."""
    with pytest.raises(DefinitionError) as caught:
        load_workflow(*write_tour(tmp_path, outlook_json=text))
    assert words in caught.value.message


def test_whatever_is_changed_the_loader_answers_with_problems_or_a_workflow(tmp_path: Path) -> None:
    """Changes of every sort all over a file with all constructs: no traceback, and no problem without a place."""
    folder, include = write_tour(tmp_path)
    outcomes = set()
    for what, data in drawn(read_yaml(FLOW).data, 40):
        (folder / "workflow.yaml").write_text(json.dumps(data), encoding="utf-8")
        try:
            outcomes.add(load_workflow(folder, include).name)
        except DefinitionError as error:
            assert all(problem["line"] >= 1 for problem in error.details["problems"]), what
            outcomes.add("refused")
    assert outcomes == {"tour", "refused"}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.sampled_from(["", ",", "}", '{"a": 1, "a": 2}', "\ufeff", '"\\ud800"', "1" * 50, "1e999", "[" * 45 + "]" * 45]))
def test_the_quick_reader_takes_only_what_the_exact_one_takes(value: object, more: str) -> None:
    """Whatever it answers is what the reader with positions answers; and positions are there when they are asked for."""
    text = json.dumps(value) + more
    tree = Tree(Path("x.json"), report := Report())
    found = quick(text)
    if found is NOT_SOUND:
        return
    read(text, tree)
    exact = tree.source(text)
    assert not len(report)
    assert json.dumps(exact.data) == json.dumps(found)
    quickly = parse(text, Path("x.json"), Report())
    assert quickly is not None
    assert [quickly.position(at) for at, _ in exact.walk(())] == [exact.position(at) for at, _ in exact.walk(())]
