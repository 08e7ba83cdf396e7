"""YAML for configuration: the safe loader, without the silent loss of duplicate keys."""

from __future__ import annotations

from typing import Any

import yaml


class ConfigYamlError(ValueError):
    """The text is not usable YAML; the message holds line and column. Internal: callers name the file."""


class _Loader(yaml.SafeLoader):
    """Refuses what `yaml.safe_load` silently resolves to the last of two equal keys."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen:
            mark = key.start_mark
            raise ConfigYamlError(f"line {mark.line + 1}, column {mark.column + 1}: key {key.value!r} is given twice")
        if isinstance(key, yaml.ScalarNode):
            seen.add(key.value)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load(text: str) -> Any:
    """Parses one YAML document.

    Raises:
        ConfigYamlError: Not YAML, or a key is given twice.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
        raise ConfigYamlError(f"{place}{getattr(error, 'problem', None) or 'not YAML'}") from None
