"""Turns a workflow's folder into a `Workflow`, or into one error that lists everything that is wrong with it.

workflow.yaml ─ source ─► shapes (language.py) ─► checks ─► resources (prompts, schema, rules, …) ─► Workflow + digest
                              └────────────── every problem goes to one Report ──────────────┘
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition import model
from workflow_orchestrator.definition.checks import NEVER_CONTINUES, StepOutline, check_header, check_steps, outline
from workflow_orchestrator.definition.configuration import (
    Configuration,
    build_execution,
    execution_data,
    load_configuration,
)
from workflow_orchestrator.definition.digest import digest_of, files_below
from workflow_orchestrator.definition.language import EXECUTION, WORKFLOW, duration
from workflow_orchestrator.definition.parameters import build_parameters, check_parameters
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.resources import Places, check_resources
from workflow_orchestrator.definition.source import KeyPath, Source, read_source
from workflow_orchestrator.fields import FieldSet

_MEGABYTE = 1_048_576


def load_workflow(folder: Path, include: Path, configuration: Configuration | None = None) -> model.Workflow:
    """Loads one workflow.

    Args:
        folder: the workflow's folder; its name is the workflow's name.
        include: the folder with prompts, compliance packs and themes.
        configuration: the platform's; without it, `include/orchestrator.yaml` and the environment are read.

    Raises:
        DefinitionError: the definition has problems; the message lists every one with file, line and column, and
            `details["problems"]` has them as data.
        ConfigurationError: the platform's configuration is wrong.
    """
    if configuration is None:
        configuration = load_configuration(include / "orchestrator.yaml", os.environ)
    report = Report(include.parent)
    workflow = _load(folder, include, configuration, report)
    report.raise_if_any(report.shown(folder).as_posix())
    if workflow is None:
        raise AssertionError("a definition without problems is built")
    return workflow


def _load(folder: Path, include: Path, configuration: Configuration, report: Report) -> model.Workflow | None:
    source = read_source(folder / "workflow.yaml", report)
    if source is None:
        return None
    WORKFLOW.check(source.data, (), source, report)
    check_header(source, folder.name, report)
    check_parameters(source, report)
    check_steps(source, report)
    _check_executions(source, configuration, report)
    # The folder's name, because a misspelt `workflow:` should not make every prompt missing as well.
    places = Places(folder, include, folder.name)
    fields = check_resources(source, places, configuration, report)
    if len(report) or fields is None:
        return None
    return _Builder(source, places, configuration).workflow(fields)


def _check_executions(source: Source, configuration: Configuration, report: Report) -> None:
    """Reports overrides that contradict what they override, each at the layer that brings the contradiction."""
    base = execution_data(configuration.execution)
    layers: list[KeyPath] = [("execution",), *(step.at for step in outline(source))]
    for at in layers:
        merged = {**base, **_sound_overrides(source, at)}
        if merged != base:
            before = len(report)
            build_execution(merged, source, at, report)
            if at == ("execution",) and len(report) == before:
                base = merged


def _sound_overrides(source: Source, at: KeyPath) -> dict[str, Any]:
    """The execution keys of a layer whose own value has no problem."""
    overrides = {}
    for key, value in (source.get(at, dict) or {}).items():
        if key in EXECUTION:
            trial = Report()
            EXECUTION[key].shape.check(value, (*at, key), source, trial)
            if not len(trial):
                overrides[key] = value
    return overrides


class _Builder:
    """Builds the typed objects from data that has no problems."""

    def __init__(self, source: Source, places: Places, configuration: Configuration) -> None:
        self._source = source
        self._data: dict[str, Any] = source.data
        self._places = places
        self._configuration = configuration
        self._execution = {**execution_data(configuration.execution), **self._data.get("execution", {})}
        self._kinds: dict[str, Callable[[dict[str, Any], dict[str, Any]], model.Step]] = {
            "extract": self._extract,
            "validate": self._validate,
            "ask": self._ask,
            "write": self._write,
            "slide": self._slide,
            "approve": self._approve,
            "video": self._video,
        }

    def workflow(self, fields: FieldSet) -> model.Workflow:
        data, places = self._data, self._places
        document = data["input"]["document"]
        rules = data.get("business_rules", {})
        files = self._files()
        return model.Workflow(
            name=data["workflow"],
            title=data["title"],
            description=data.get("description", "").strip(),
            owner=data["owner"],
            platform=data["platform"],
            format=int(data["format"]),
            folder=places.folder,
            include=places.include,
            document=model.DocumentRule(
                type=document["type"],
                max_pages=int(document["max_pages"]),
                max_bytes=int(Decimal(str(document["max_megabytes"])) * _MEGABYTE),
            ),
            parameters=build_parameters(self._source),
            rules=model.BusinessRules(
                tuple(rules.get("required_fields", ())),
                tuple(rules.get("compliance_checks", ())),
            ),
            budget=self._budget(),
            schedule=model.Schedule(**data["schedule"]) if "schedule" in data else None,
            steps=tuple(self._step(step) for step in outline(self._source)),
            fields=fields,
            digest=digest_of(files, places.folder, places.include, self._configuration),
            files=files,
            source=self._source.text,
        )

    def _budget(self) -> model.Budget:
        budget = self._data.get("budget", {})
        usd, minutes = budget.get("usd"), budget.get("minutes")
        return model.Budget(
            usd=None if usd is None else Decimal(str(usd)),
            time=None if minutes is None else timedelta(minutes=minutes),
            tokens=budget.get("tokens"),
        )

    def _files(self) -> tuple[Path, ...]:
        """Every file of the definition, sorted."""
        places = self._places
        files = {self._source.path}
        for step in outline(self._source):
            item = self._data["steps"][step.name][step.kind]
            files.update(places.folder / item[key] for key in ("schema", "rules") if key in item)
            if "theme" in item:
                files.update(files_below(places.theme(item["theme"])))
        files.update(files_below(places.prompts))
        files.update(files_below(places.include / "prompts" / "shared"))
        files.update(places.pack(name) for name in self._data.get("business_rules", {}).get("compliance_checks", ()))
        return tuple(sorted(files))

    def _step(self, step: StepOutline) -> model.Step:
        item = self._data["steps"][step.name]
        own = {key: item[key] for key in EXECUTION if key in item}
        if step.kind in NEVER_CONTINUES:
            own["default_error_handler"] = "fail"
        execution = build_execution({**self._execution, **own}, self._source, step.at, Report())
        shared = {
            "name": step.name,
            "execution": execution,
            "catches": tuple(model.Catch(catch["on"], catch["go"]) for catch in item.get("catch", ())),
        }
        return self._kinds[step.kind](item[step.kind], shared)

    def _extract(self, own: dict[str, Any], shared: dict[str, Any]) -> model.Step:
        return model.ExtractStep(
            **shared,
            prompt=self._places.prompt(own["prompt"]),
            schema=self._places.folder / own["schema"],
            route=own["route"],
        )

    def _validate(self, own: dict[str, Any], shared: dict[str, Any]) -> model.Step:
        return model.ValidateStep(**shared, rules=self._places.folder / own["rules"])

    def _ask(self, own: dict[str, Any], shared: dict[str, Any]) -> model.Step:
        return model.AskStep(
            **shared,
            form=own["form"],
            ask=tuple(own["ask"]),
            within=duration(own["within"]),
            otherwise=own["otherwise"],
        )

    def _write(self, own: dict[str, Any], shared: dict[str, Any]) -> model.Step:
        return model.WriteStep(
            **shared,
            prompt=self._places.prompt(own["prompt"]),
            narration=self._places.narration(own["narration"]),
            route=own["route"],
        )

    def _slide(self, own: dict[str, Any], shared: dict[str, Any]) -> model.Step:
        return model.SlideStep(**shared, theme=self._places.theme(own["theme"]))

    def _approve(self, own: dict[str, Any], shared: dict[str, Any]) -> model.Step:
        return model.ApproveStep(
            **shared,
            ask=tuple(own["ask"]),
            show=tuple(own["show"]),
            within=duration(own["within"]),
            otherwise=own["otherwise"],
        )

    def _video(self, own: dict[str, Any], shared: dict[str, Any]) -> model.Step:
        return model.VideoStep(**shared, provider=own["provider"], voice=own["voice"])
