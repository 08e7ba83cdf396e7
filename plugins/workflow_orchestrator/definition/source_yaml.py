"""Feeds YAML into a `Tree`, event by event; what YAML has beyond plain data is refused by name."""

from __future__ import annotations

from typing import Any

import yaml

from workflow_orchestrator.definition.source import Position, Stop, Tree, check_text, plain_scalar

# libyaml is ten times faster; both speak the same events.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(text: str, tree: Tree) -> None:
    """Reads one YAML document.

    Raises:
        Stop: it cannot be read, or it uses what is refused.
    """
    documents = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise Stop(
                        "WF004",
                        _position(event.start_mark),
                        "a second document begins here",
                        "keep one document per file",
                    )
            elif isinstance(event, yaml.NodeEvent):
                _node(event, tree)
            elif isinstance(event, yaml.CollectionEndEvent):
                tree.close()
    except yaml.YAMLError as error:
        raise _syntax(error, text) from None
    if documents == 0:
        tree.value(None, (1, 1))


def _node(event: yaml.NodeEvent, tree: Tree) -> None:
    position = _position(event.start_mark)
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        sign = "alias *" if isinstance(event, yaml.AliasEvent) else "anchor &"
        raise Stop("WF004", position, f"the {sign}{event.anchor} is refused", "write the value out where it is used")
    tag = getattr(event, "tag", None)
    if tag is not None:
        raise Stop("WF004", position, f"the tag {tag!r} is refused", "write the plain value; put text into quotes")
    if tree.wants_key:
        _key(event, tree, position)
    elif isinstance(event, yaml.ScalarEvent):
        check_text(event.value, position)
        # `implicit` says whether the scalar stands there without quotes.
        tree.value(plain_scalar(event.value, position) if event.implicit[0] else event.value, position)
    elif isinstance(event, yaml.MappingStartEvent):
        tree.value({}, position)
    else:
        tree.value([], position)


def _key(event: yaml.NodeEvent, tree: Tree, position: Position) -> None:
    if not isinstance(event, yaml.ScalarEvent):
        raise Stop("WF004", position, "a mapping or a list is used as a key", "keys are plain words")
    if event.value == "":
        raise Stop("WF002", position, "a key is empty", "name it, or remove the colon")
    if event.value == "<<" and event.implicit[0]:
        raise Stop("WF004", position, "the merge key << is refused", "write the keys out where they are used")
    tree.key(event.value, position)


def _position(mark: Any) -> Position:
    return mark.line + 1, mark.column + 1


def _syntax(error: yaml.YAMLError, text: str) -> Stop:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        line, column = _position(mark)
    else:
        before = text[: getattr(error, "position", 0)]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it is not YAML"
    lines = text.splitlines()
    row = lines[line - 1] if line <= len(lines) else ""
    fix = ""
    if row[: len(row) - len(row.lstrip())].count("\t"):
        fix = "indent with spaces, not with tabs"
    elif "mapping values are not allowed" in str(problem):
        fix = "put text with a colon into quotes"
    return Stop("WF002", (line, column), f"the YAML cannot be parsed: {problem}", fix)
