"""The reference of the language, `docs/language.md`, from the same descriptions that check a file and become its JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from workflow_orchestrator.authoring.markdown import code, plain, table
from workflow_orchestrator.authoring.pages import MADE
from workflow_orchestrator.authoring.rules_reference import rules_reference
from workflow_orchestrator.definition.language import (
    BLOCK_KINDS,
    COMPARISONS,
    NESTING,
    STEP_KINDS,
    SUBJECTS,
    orchestrator_json_schema,
    workflow_json_schema,
)
from workflow_orchestrator.definition.problems import CODES
from workflow_orchestrator.definition.variables import PROVIDED

Schema = Mapping[str, Any]

ABOUT = """# The language of `workflow.yaml`

A workflow is a folder. Its `workflow.yaml` says what happens to one document, step by step; prompts, fields, rules and words lie in
files of their own. The reading is strict: an unknown key, a key that is given twice, a value of another type or a file that is missing
is a problem, and `scripts/workflow check` lists all of them with line and column.

- Plain words are text. `no`, `on`, `0123` and `12:30` stay what is written; only `true` and `false` are truth values, and only JSON
  numbers are numbers. Anchors, tags and merge keys are refused.
- A name has small letters, digits and `_`, at most 60, a letter first, and stands once in the whole file. The endings `_settled`,
  `_continued`, `_joined` and `_each` and the names `continue`, `fail` and `record_execution` belong to the platform.
- A duration is `45s`, `30m`, `12h` or `2d`.

## How a run goes

Steps run in the order of the file. A step is tried until it succeeds or its retries are used up. Then the first entry of its `catch`
that names the error, or a class above it, decides:

| `go:` | What happens |
|---|---|
| the name of a step | that step runs in its place, with tries of its own; it stands right behind the step that leads to it |
| `continue` | the failure is kept as data, the run goes on and ends `degraded` |
| `fail` | nothing behind it runs, except `finally` |

No entry fits: `default_error_handler` decides, of the step, else of `execution:`, else of the platform. `continue` is taken as `fail`
where a later step needs what the failed one makes, and for `validate`, `ask`, `approve` and `video`: a check that failed is never passed
over. `finally` messages are sent after the outcome is known, and change nothing of it.

A step that is tried again asks no model twice for an answer that arrived. Whether a retry can help is a property of the error; bad
input fails on its first try."""

STEPS_ABOUT = """Exactly one of these keys says what a step does. `catch`, `optional`, tries and times stand beside it.

```yaml
steps:
  read_the_factsheet:
    extract: {prompt: read_the_factsheet, schema: schema.json, route: extraction}
    max_retries: 5
    catch: [{on: RateLimitError, go: fail}]
```"""

CONDITIONS_ABOUT = """A condition has one subject and one comparison, or is `all`, `any` or `not` of other conditions. A value that is not
there makes every comparison false, except `present: false`.

```yaml
when: {field: sri, at_least: 6}
when: {any: [{parameter: audience, is: retail}, {failed: outlook, is: true}]}
```"""

VARIABLES_ABOUT = """A template that uses a name which nothing provides is a problem, found before any run. Beside these, every prompt sees
`parameters`, the artifacts of earlier `generate` steps by their name, and in a map the item by its name. Only an artifact that the step
names in `optional` may be missing; it is then `None`."""


BLOCK_EXAMPLES: Mapping[str, str] = {
    "choose": """```yaml
depth:
  choose:
    - {name: risky, when: {field: sri, at_least: 6}, steps: {explain_risk: {…}}}
    - {name: plain, steps: {summarise: {…}}}      # the last one may lack `when`
```

The others are skipped. None holds and the last one has a condition: the run goes on.""",
    "parallel": """```yaml
both:
  parallel:
    left: {look_back: {…}}
    right: {look_ahead: {…}}
```

All of them run to their own end; the run goes on when all are through. No two of them make the same artifact.""",
    "map": """```yaml
each_language:
  map: {over: {parameter: languages}, as: language, at_most: 3, at_once: 2, steps: {outlook: {…}}}
```

Each item has a folder of its own in the run, and what its steps make is seen by nobody after the map. A list that is too long is
refused before the first item; an empty one goes on. A map holds no map.""",
}


def reference() -> str:
    """The whole page."""
    return "\n\n".join([MADE, *_parts()]) + "\n"


def _parts() -> Iterator[str]:
    workflow = workflow_json_schema()
    defs: Mapping[str, Schema] = workflow["$defs"]
    step = defs["step"]["properties"]
    yield ABOUT
    yield "## The file"
    yield from _record(workflow, "", defs, skip=("steps", "finally", "execution"))
    yield f"## Steps\n\n{STEPS_ABOUT}"
    for kind in STEP_KINDS:
        yield f"### `{kind}`\n\n{step[kind]['description']}"
        yield from _record(step[kind], kind, defs)
    yield "### Beside the kind"
    yield from _record(_without(defs["step"], STEP_KINDS, BLOCK_KINDS), "", defs)
    yield "## Blocks\n\nA block stands where a step may stand, under a name of its own, and holds steps again."
    for kind in BLOCK_KINDS:
        yield f"### `{kind}`\n\n{step[kind]['description']}\n\n{BLOCK_EXAMPLES[kind]}"
        yield from _record(_inner(step[kind]), kind, defs)
    yield f"## Conditions\n\n{CONDITIONS_ABOUT}"
    shape = defs["condition"]
    for title, keys in (("Subject", [*SUBJECTS]), ("Comparison", [*COMPARISONS]), ("Together", [*NESTING])):
        yield table(
            (title, "Value", "Meaning"), _rows({**shape, "properties": {k: shape["properties"][k] for k in keys}}, defs)
        )
    yield (
        "## `finally`\n\nMessages that are sent however the run ended, in their order; each may say `on` which outcomes. "
        "Tries and times stand beside `notify` as for any step."
    )
    yield from _record(_inner(workflow["properties"]["finally"])["properties"]["notify"], "finally", defs)
    rows = [(f"`{kind}`", ", ".join(map(code, names))) for kind, names in PROVIDED.items()]
    yield f"## What templates see\n\n{VARIABLES_ABOUT}\n\n{table(('Step', 'Names'), rows)}"
    yield from rules_reference()
    yield "## `include/orchestrator.yaml`\n\nWhat holds for every workflow; `execution:` of a workflow and a step's own keys override it."
    yield from _record(orchestrator_json_schema(), "", {})
    yield "## Problems\n\nEach problem has a code that stays the same.\n\n" + table(
        ("Code", "Meaning"), [(name, says) for name, says in CODES.items()]
    )


def _record(schema: Schema, path: str, defs: Mapping[str, Schema], skip: tuple[str, ...] = ()) -> Iterator[str]:
    """A table of the keys of a record, and below it those of the records inside it."""
    if "properties" not in schema:
        return
    shown = {**schema, "properties": {k: v for k, v in schema["properties"].items() if k not in skip}}
    yield table(("Key", "Value", "Meaning"), _rows(shown, defs))
    for name, inner in shown["properties"].items():
        below = _inner(inner)
        if "properties" in below:
            at = f"{path}.{name}" if path else name
            yield f"Each entry of `{at}`:" if below is not inner else f"`{at}`:"
            yield from _record(below, at, defs)


def _rows(schema: Schema, defs: Mapping[str, Schema]) -> Iterator[tuple[str, str, str]]:
    required = schema.get("required", ())
    for name, entry in schema["properties"].items():
        must = " **needed**" if name in required else ""
        yield f"`{name}`{must}", value_text(entry), plain(entry.get("description", ""))


def _inner(schema: Schema) -> Schema:
    """The record inside a list or a mapping of names, however deep; the schema itself for anything else."""
    inner: Any = schema
    while isinstance(inner, Mapping) and "properties" not in inner:
        inner = inner.get("items") or inner.get("additionalProperties")
    return inner if isinstance(inner, Mapping) else schema


def _without(schema: Schema, *names: tuple[str, ...]) -> Schema:
    left_out = {name for group in names for name in group}
    return {**schema, "properties": {k: v for k, v in schema["properties"].items() if k not in left_out}}


RECORD = "keys, see below"
_SAYS = {
    "^(?:[1-9][0-9]{0,5}[smhd])$": "a duration",
    "^(?:[0-9]{4}-[0-9]{2}-[0-9]{2})$": "a date",
}


def value_text(schema: Schema) -> str:
    """What a value may be, in words."""
    if "$ref" in schema:
        return {"steps": "steps", "condition": "a condition", "step": "a step"}[schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return ", ".join(map(code, map(str, schema["enum"])))
    if "anyOf" in schema and "type" not in schema:
        return " or ".join(dict.fromkeys(_alternative(part) for part in schema["anyOf"]))
    kind = schema.get("type")
    if kind == "array":
        inner = value_text(schema["items"])
        return "a list of entries, see below" if inner == RECORD else f"a list of {inner}"
    if kind == "object":
        return _mapping(schema)
    if kind in ("integer", "number"):
        return _number(schema)
    if kind == "string":
        return _text(schema)
    return {"boolean": "`true` or `false`"}.get(str(kind), "anything")


def _alternative(schema: Schema) -> str:
    """One of several types; a record among them is told by its keys, because it has no table of its own."""
    if "properties" in schema:
        return " or ".join(f"`{{{name}: …}}`" for name in schema["properties"])
    return value_text(schema)


def _mapping(schema: Schema) -> str:
    inner = schema.get("additionalProperties")
    if isinstance(inner, Mapping):
        below = value_text(inner)
        return "entries by name, see below" if "see below" in below else f"by name: {below}"
    return RECORD


def _number(schema: Schema) -> str:
    what = "a whole number" if schema["type"] == "integer" else "a number"
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is None or most is None or abs(most) >= 1e15:
        return what
    return f"{what}: {least:,}" if least == most else f"{what}, {least:,} to {most:,}"


def _text(schema: Schema) -> str:
    pattern = str(schema.get("pattern", ""))
    if pattern in _SAYS:
        return _SAYS[pattern]
    ending = re.search(r"\\\.(json|yaml)\)", pattern)
    return f"a `.{ending.group(1)}` file of the folder" if ending else "text"
