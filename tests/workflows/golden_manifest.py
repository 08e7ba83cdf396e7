"""Manifests as they are kept and compared: without what changes with the day, the machine or the make of a file; a difference is a path.

    values[performance_data.1y].evidence.quote      8.42%
    checks.validation.rules[months_compound].state  holds

An item of a list stands under its own name where it has one, so that one that comes in between does not move the others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

# What is measured, made or given anew by each run, by the name of its key.
_VOLATILE = frozenset({
    "at", "box", "bytes", "content", "definition", "finished", "platform", "release", "rendered", "seconds", "sha256",
    "started", "uri",
})  # fmt: skip
_HASH = re.compile(r"(?:sha256:)?\b[0-9a-f]{12,64}\b")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?")
_MEASURED = re.compile(r"\b\d+(\.\d+)? (?:s|ms|seconds|kB|MB)\b")
_NAMES = ("ref", "rule", "step", "name", "id", "attempt")

_ANEW = "…"
_WIDTH = 300

def cleaned(data: Any) -> Any:
    """The data without what is volatile: keys of that kind, and strings that are nothing but a hash or a time."""
    if isinstance(data, Mapping):
        kept = {key: value for key, value in data.items() if key not in _VOLATILE or isinstance(value, Mapping)}
        found = {key: cleaned(value) for key, value in kept.items()}
        return {key: value for key, value in found.items() if value != _ANEW}
    if isinstance(data, list | tuple):
        return [cleaned(item) for item in data]
    if isinstance(data, str):
        return _MEASURED.sub(_ANEW, _TIME.sub(_ANEW, _HASH.sub(_ANEW, data)))
    return data


def written(data: Any, indent: int = 0) -> str:
    """JSON with what fits on a line in one line, so that a diff shows whole facts."""
    line = json.dumps(data, ensure_ascii=False)
    if len(line) + indent <= _WIDTH or not isinstance(data, Mapping | list) or not data:
        return line
    space = " " * (indent + 1)
    if isinstance(data, Mapping):
        parts = [f"{space}{json.dumps(key, ensure_ascii=False)}: {written(value, indent + 1)}" for key, value in data.items()]
        return "{\n" + ",\n".join(parts) + f"\n{' ' * indent}}}"
    return "[\n" + ",\n".join(f"{space}{written(item, indent + 1)}" for item in data) + f"\n{' ' * indent}]"


def _said(data: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each fact by its path."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _said(value, f"{path}.{key}" if path else key)
    elif isinstance(data, list):
        taken: dict[str, int] = {}
        for number, item in enumerate(data):
            name = _name(item) or str(number)
            taken[name] = taken.get(name, 0) + 1
            yield from _said(item, f"{path}[{name}{f'#{taken[name]}' if taken[name] > 1 else ''}]")
        if not data:
            yield path, []
    else:
        yield path, data


def _name(item: Any) -> str:
    if not isinstance(item, Mapping):
        return ""
    if "field" in item:
        return f"{item['field']}.{item['key']}" if item.get("key") else str(item["field"])
    return next((str(item[key]) for key in _NAMES if key in item), "")


def differences(before: Any, after: Any) -> list[str]:
    """What is said otherwise, gone or new, one item for each fact."""
    expected, got, gone = dict(_said(before)), dict(_said(after)), object()
    found = [
        f"{path}\n    expected  {_shown(expected.get(path, gone), gone)}\n    got       {_shown(got.get(path, gone), gone)}"
        for path in dict.fromkeys((*expected, *got))
        if expected.get(path, gone) != got.get(path, gone)
    ]
    return found or ([] if list(expected) == list(got) else ["the same facts stand in another order"])


def _shown(value: Any, gone: object) -> str:
    return "nothing" if value is gone else repr(value)
