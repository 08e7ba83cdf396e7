"""The conf of a run: the form that Airflow shows for it, and the check that a run's first step makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from llm_orchestration.patterns import schema_validator
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.problems import did_you_mean
from workflow_orchestrator.errors import ConfError

_LONGEST_DOCUMENT = 1_024
LARGEST_CONF = 256 * 1024
"""Bytes of a conf as JSON. Airflow itself takes five megabytes and more."""
# What is told of a conf: enough for a person, bounded for a database.
_MOST_PROBLEMS = 50
_MOST_OF_A_VALUE = 20


def trigger_form(workflow: Workflow) -> dict[str, dict[str, Any]]:
    """The form of a run: name → `schema`, `title`, `description`, and `default` where there is one.

    The platform's own parameters come first and last: `document`, then the workflow's, then `approval` and `force`. A
    choice of several carries its words as `examples` too, because Airflow's form makes its multi-select of those.
    """
    form: dict[str, dict[str, Any]] = {
        "document": {
            "schema": {"type": "string", "minLength": 1, "maxLength": _LONGEST_DOCUMENT},
            "title": "Document",
            "description": (
                f"A file name in the inbox of `{workflow.name}`, such as `factsheet.pdf`, "
                "or a URI inside the configured storage."
            ),
        },
    }
    for parameter in workflow.parameters:
        schema = dict(parameter.schema)
        words = schema.get("items", {}).get("enum")
        entry = {
            "schema": {**schema, "examples": list(words)} if words else schema,
            "title": parameter.title,
            "description": parameter.description,
        }
        if not parameter.required:
            entry["default"] = _copy(parameter.default)
        form[parameter.name] = entry
    form["approval"] = {
        "schema": {"type": "string", "enum": ["people", "auto"]},
        "title": "Approval",
        "description": "`people`: named people release the video. `auto`: nobody does; only the demo profile takes it.",
        "default": "people",
    }
    form["force"] = {
        "schema": {"type": "boolean"},
        "title": "Process again",
        "description": "Make another video although this document gave one before, under the same definition.",
        "default": False,
    }
    return form


def check_conf(workflow: Workflow, conf: Mapping[str, Any]) -> dict[str, Any]:
    """The conf, complete with the defaults, in the order of the form.

    Raises:
        ConfError: unknown keys, missing keys or ill-typed values, or more than `LARGEST_CONF`; the message and
        `details["problems"]` have all of them, of a conf that is nothing but problems the first fifty.
    """
    if not isinstance(conf, Mapping):
        raise ConfError(f"the conf must be a mapping of names to values, not {_printed(conf)}")
    _refuse_huge(workflow, conf)
    form = trigger_form(workflow)
    unknown = [name for name in conf if name not in form]
    problems = [
        f"{str(name)[:80]!r} is not a parameter of {workflow.name}; {did_you_mean(str(name), form)}" for name in unknown[:_MOST_PROBLEMS]
    ]
    problems += [f"{len(unknown) - _MOST_PROBLEMS} more names are no parameters"] if len(unknown) > _MOST_PROBLEMS else []
    complete: dict[str, Any] = {}
    for name, entry in form.items():
        if name in conf:
            complete[name] = conf[name]
            problems += (f"{name!r} {message}" for message in explain(conf[name], entry["schema"]))
        elif "default" in entry:
            complete[name] = entry["default"]
        else:
            problems.append(f"{name!r} is missing: {entry['description'] or entry['title']}")
    if problems:
        count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise ConfError(f"the conf of {workflow.name} has {count}:\n{lines}", problems=problems)
    return complete


def _refuse_huge(workflow: Workflow, conf: Mapping[str, Any]) -> None:
    """Looks at the size before anything goes through the values.

    Raises:
        ConfError: it is larger than any conf that a form or a program has reason to send.
    """
    try:
        size = len(json.dumps(conf, default=str).encode())
    except (RecursionError, TypeError, ValueError) as error:
        raise ConfError(f"the conf of {workflow.name} is no JSON: {type(error).__name__}: {error}") from None
    if size > LARGEST_CONF:
        raise ConfError(
            f"the conf of {workflow.name} has {size:,} bytes, more than {LARGEST_CONF:,}; a document is given by its name, never by its "
            "content",
            bytes=size,
        )


def explain(value: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a value, each as the end of a sentence that begins with its name; nothing if it fits."""
    validator = schema_validator(dict(schema))
    found = list(islice(validator.iter_errors(value), _MOST_OF_A_VALUE))
    for error in sorted(found, key=lambda item: [str(part) for part in item.absolute_path]):
        place = "".join(f"[{part}]" for part in error.absolute_path)
        yield f"{place + ' ' if place else ''}is {_printed(error.instance)}: {_allowed(error)}"


_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}


def _allowed(error: Any) -> str:
    limit = error.validator_value
    match error.validator:
        case "type":
            return f"it must be {_TYPES.get(limit, limit)}"
        case "enum":
            near = did_you_mean(str(error.instance), [str(word) for word in limit])
            known = f"allowed are {', '.join(str(word) for word in limit)}"
            return f"{known}; {near}" if near.startswith("did") else known
        case "minimum":
            return f"it must be at least {limit}"
        case "maximum":
            return f"it must be at most {limit}"
        case "minLength":
            return "it must not be empty"
        case "maxLength":
            return f"it must have at most {limit} characters"
        case "uniqueItems":
            return "no entry may stand in it twice"
        case "pattern":
            return f"it must match {limit}"
        case _:
            return str(error.message)


def _printed(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def _copy(value: Any) -> Any:
    """A list of its own for each run, so that no run can change the definition's default."""
    return list(value) if isinstance(value, list) else value
