"""Which execution value is in effect for a step, and which line says so.

    include/orchestrator.yaml  ◄ overridden by ─  execution: of the workflow  ◄─  the step itself

Two values come from no layer: a `call_timeout_seconds` that a shorter `timeout_seconds` above it cuts, and a default handler
`continue` that becomes `fail` where a later step needs what the failed one makes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.configuration import Configuration, execution_data, load_configuration
from workflow_orchestrator.definition.flow import why_not_continue
from workflow_orchestrator.definition.language import EXECUTION
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.outline import Node, outline
from workflow_orchestrator.definition.source import KeyPath, Source, read_yaml


@dataclass(frozen=True, slots=True)
class Layer:
    """One place that sets execution values. `source` is `None` where the configuration was not read from a file."""

    at: KeyPath
    values: Mapping[str, Any]
    source: Source | None

    def origin(self, key: str) -> str:
        """File, line and key path of a value of this layer, such as `workflow.yaml:30 execution`."""
        if self.source is None:
            return "the platform's configuration"
        if key not in (self.source.get(self.at, dict) or {}):
            return "built in"
        path = self.source.path
        name = path.name if self.at else Path(path.parent.name, path.name).as_posix()
        place = ".".join(str(part) for part in self.at)
        line = self.source.key_position((*self.at, key))[0]
        return f"{name}:{line}{f' {place}' if place else ''}"


@dataclass(frozen=True, slots=True)
class Effective:
    """One setting of one step: its value in the words of the file, and where it comes from."""

    step: str
    key: str
    value: Any
    origin: str

    def to_json(self) -> dict[str, Any]:
        return {"step": self.step, "key": self.key, "value": self.value, "origin": self.origin}


def effective_values(workflow: Workflow, configuration: Configuration | None = None) -> list[Effective]:
    """Every execution setting of every step, in the order of the file.

    Args:
        workflow: a loaded one; its own text gives the places.
        configuration: the platform's; without it, it is read as the loader does.

    Raises:
        ConfigurationError: the platform's configuration is wrong.
        DefinitionError: the text of the workflow is none that a loader would take.
    """
    if configuration is None:
        configuration = load_configuration(workflow.platform_include / "orchestrator.yaml", os.environ)
    source = read_yaml(workflow.source, name=workflow.folder / "workflow.yaml")
    tree = outline(source)
    found = []
    for node in (*tree.steps, *tree.last):
        values, places = merged(layers(node, source, configuration))
        origins = {key: layer.origin(name) for key, (layer, name) in places.items()}
        if values["default_error_handler"] == "continue" and not any(node is last for last in tree.last):
            why = why_not_continue(workflow.flow, workflow.step(node.name), place=node.leader, outputs=workflow.outputs)
            if why:
                values["default_error_handler"], origins["default_error_handler"] = "fail", why
        found += [Effective(node.name, key, values[key], origins[key]) for key in EXECUTION if key in values]
    return found


def layers(node: Node, source: Source, configuration: Configuration) -> list[Layer]:
    """The layers of a step, from the widest to its own."""
    workflow = source.get(("execution",), dict) or {}
    found = [Layer((), execution_data(configuration.execution), configuration.source)]
    found.append(Layer(("execution",), {key: workflow[key] for key in EXECUTION if key in workflow}, source))
    found.append(Layer(node.at, {key: node.data[key] for key in EXECUTION if key in node.data}, source))
    return found


def merged(stack: Sequence[Layer]) -> tuple[dict[str, Any], dict[str, tuple[Layer, str]]]:
    """The values in effect, and for each the layer and the key in it that it comes from."""
    values: dict[str, Any] = {}
    origins: dict[str, tuple[Layer, str]] = {}
    for layer in stack:
        values.update(layer.values)
        origins.update({key: (layer, key) for key in layer.values})
        call = values.get("call_timeout_seconds")
        if call is not None and "call_timeout_seconds" not in layer.values and call > values["timeout_seconds"]:
            # An author who shortens the try need not think of the call in it.
            values["call_timeout_seconds"] = values["timeout_seconds"]
            origins["call_timeout_seconds"] = origins["timeout_seconds"]
    return values, origins
