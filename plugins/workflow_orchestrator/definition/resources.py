"""The files that a workflow names outside `workflow.yaml`: prompts, narration, theme, packs, schema and rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.configuration import Configuration
from workflow_orchestrator.definition.fields_file import read_fields
from workflow_orchestrator.definition.outline import Node, Outline
from workflow_orchestrator.definition.output_file import read_output
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.pronunciation import file_name, read_pronunciation
from workflow_orchestrator.definition.rendering_file import BUILT_IN, FILE, read_rendering
from workflow_orchestrator.definition.source import KeyPath, Source, read_source
from workflow_orchestrator.definition.templates import SUFFIX, Template, Templates
from workflow_orchestrator.fields import LANGUAGES, FieldSet


@dataclass(frozen=True, slots=True)
class Places:
    """Where the files of one workflow lie."""

    folder: Path
    include: Path
    workflow: str
    home: Path | None = None

    @property
    def platform_include(self) -> Path:
        """Where `orchestrator.yaml` and `llm.yaml` lie."""
        return self.home or self.include

    @property
    def beside(self) -> Path:
        """The folder of the other workflows; a run's own copy of a definition lies elsewhere than they do."""
        return self.folder.parent if self.home is None else self.home.parent / "dags"

    @property
    def prompts(self) -> Path:
        return self.include / "prompts" / self.workflow

    def prompt(self, name: str) -> Path:
        return self.prompts / f"{name}{SUFFIX}"

    def narration(self, name: str) -> dict[str, Path]:
        """The narration files that exist, by language."""
        files = {language: self.prompts / f"{name}.{language}.yaml" for language in LANGUAGES}
        return {language: path for language, path in files.items() if path.is_file()}

    def pack(self, name: str) -> Path:
        return self.include / "compliance" / f"{name}.yaml"

    def theme(self, name: str) -> Path:
        return self.include / "themes" / name


@dataclass(frozen=True, slots=True)
class Resources:
    """What could be read of the files: the fields (`None`: no extract step, or a broken schema), prompts by step, output schemas."""

    fields: FieldSet | None
    prompts: Mapping[str, Template]
    outputs: Mapping[str, Mapping[str, Any]]


def check_resources(tree: Outline, places: Places, configuration: Configuration, report: Report) -> Resources:
    """Checks that every file is there and fits, and reads what the later checks look into."""
    source = tree.source
    routes = _routes(places.platform_include / "llm.yaml")
    prompts: dict[str, Template] = {}
    outputs: dict[str, Mapping[str, Any]] = {}
    templates = Templates(places.include / "prompts", report)
    for step in tree.steps:
        _check_route(step, source, routes, report)
        prompt = _check_prompt(step, source, places, templates, report)
        if prompt is not None:
            prompts[step.name] = prompt
        _check_narration(step, source, places, report)
        _check_theme(step, source, places, report)
        _check_groups(step, source, configuration, report)
    for step, at, name in _files(tree, "generate", "output"):
        schema = _check_output(at, name, source, places, report)
        if schema is not None:
            outputs[step.name] = schema
    _check_packs(source, places, report)
    _check_video(tree, places, report)
    fields = _check_schema(tree, places, report)
    if fields is not None:
        for at, name in source.walk(("business_rules", "required_fields")):
            if isinstance(name, str) and name not in fields:
                report.add("WF042", source, at, f"the schema has no field {name!r}", did_you_mean(name, fields))
    _check_rules(tree, places, fields, report)
    return Resources(fields, prompts, outputs)


def _check_packs(source: Source, places: Places, report: Report) -> None:
    for at, name in source.walk(("business_rules", "compliance_checks")):
        if isinstance(name, str) and not places.pack(name).is_file():
            known = _names(places.include / "compliance", "*.yaml")
            report.add(
                "WF040",
                source,
                at,
                f"there is no compliance pack {report.shown(places.pack(name)).as_posix()}",
                did_you_mean(name, known),
            )


def _check_video(tree: Outline, places: Places, report: Report) -> None:
    """Voices and video providers by name, and how the workflow's words are spoken."""
    for language in LANGUAGES:
        if (path := places.prompts / file_name(language)).is_file():
            read_pronunciation(path, language, report)
    named = [(step, (*step.at, "video")) for step in tree.steps if step.kind == "video"]
    path = places.platform_include / FILE
    settings = BUILT_IN if not named or not path.is_file() else read_rendering(path, report)
    if settings is None:
        return
    known = {"provider": ("local", *settings.video_providers), "voice": tuple(settings.voices)}
    for step, at in named:
        for key, names in known.items():
            name = step.own.get(key)
            if isinstance(name, str) and name not in names:
                what = "voice" if key == "voice" else "video provider"
                message = f"there is no {what} {name!r} in include/{FILE}"
                report.add("WF065", tree.source, (*at, key), message, did_you_mean(name, names))


def _check_output(at: KeyPath, name: str, source: Source, places: Places, report: Report) -> Mapping[str, Any] | None:
    path = places.folder / name
    if path.is_file():
        return read_output(path, report)
    _no_file(at, name, "*.json", source, places, report)
    return None


def _routes(path: Path) -> dict[str, object] | None:
    """The routes of the LLM layer, or `None` where it has no readable file: its own loader says what is wrong."""
    routes = read_source(path, Report()) if path.is_file() else None
    return None if routes is None else routes.get(("routes",), dict)


def _check_route(step: Node, source: Source, routes: dict[str, object] | None, report: Report) -> None:
    at: KeyPath = (*step.at, step.kind, "route")
    name = source.get(at, str)
    if name is not None and routes is not None and name not in routes:
        report.add("WF045", source, at, f"include/llm.yaml has no route {name!r}", did_you_mean(name, routes))


def _check_prompt(step: Node, source: Source, places: Places, templates: Templates, report: Report) -> Template | None:
    at: KeyPath = (*step.at, step.kind, "prompt")
    name = source.get(at, str)
    if name is None:
        return None
    path = places.prompt(name)
    if not path.is_file():
        known = [found.removesuffix(".md") for found in _names(places.prompts, f"*{SUFFIX}")]
        report.add(
            "WF040", source, at, f"there is no prompt {report.shown(path).as_posix()}", did_you_mean(name, known)
        )
        return None
    return templates.read(path)


def _check_narration(step: Node, source: Source, places: Places, report: Report) -> None:
    at: KeyPath = (*step.at, step.kind, "narration")
    name = source.get(at, str)
    if name is not None and not places.narration(name):
        first = report.shown(places.prompts / f"{name}.{LANGUAGES[0]}.yaml").as_posix()
        known = {found.rpartition(".")[0] for found in _names(places.prompts, "*.yaml")}
        report.add(
            "WF040",
            source,
            at,
            f"there is no narration {first}, nor in another of {', '.join(LANGUAGES)}",
            did_you_mean(name, sorted(known)),
        )


def _check_theme(step: Node, source: Source, places: Places, report: Report) -> None:
    at: KeyPath = (*step.at, step.kind, "theme")
    name = source.get(at, str)
    if name is not None and not (places.theme(name) / "theme.yaml").is_file():
        shown = report.shown(places.theme(name) / "theme.yaml").as_posix()
        themes = [path.parent.name for path in sorted((places.include / "themes").glob("*/theme.yaml"))]
        report.add("WF040", source, at, f"there is no theme {shown}", did_you_mean(name, themes))


def _check_groups(step: Node, source: Source, configuration: Configuration, report: Report) -> None:
    for at, group in source.walk((*step.at, step.kind, "ask")):
        if isinstance(group, str) and group not in configuration.groups:
            report.add(
                "WF044",
                source,
                at,
                f"include/orchestrator.yaml has no group {group!r}",
                did_you_mean(group, configuration.groups),
            )


def _check_schema(tree: Outline, places: Places, report: Report) -> FieldSet | None:
    source = tree.source
    named = [*_files(tree, "extract", "schema"), *_files(tree, "call", "schema")]
    fields: FieldSet | None = None
    for index, (_, at, name) in enumerate(named):
        path = places.folder / name
        if not path.is_file():
            _no_file(at, name, "*.json", source, places, report)
        elif index and name != named[0][2]:
            report.add(
                "WF034",
                source,
                at,
                f"it differs from the schema {named[0][2]!r} of the step {named[0][0].name!r}",
                "a workflow has one set of fields",
            )
        elif fields is None:
            fields = read_fields(path, report)
    return fields


def _check_rules(tree: Outline, places: Places, fields: FieldSet | None, report: Report) -> None:
    # Imported here, because the rules read their file with the tools of this package.
    from workflow_orchestrator.rules.language import read_rules

    done = set()
    for _, at, name in _files(tree, "validate", "rules"):
        path = places.folder / name
        if not path.is_file():
            _no_file(at, name, "*.yaml", tree.source, places, report)
        elif fields is not None and path not in done:
            read_rules(path, fields, report)
        done.add(path)


def _no_file(at: KeyPath, name: str, pattern: str, source: Source, places: Places, report: Report) -> None:
    shown = report.shown(places.folder / name).as_posix()
    known = [found for found in _file_names(places.folder, pattern) if found != "workflow.yaml"]
    report.add("WF040", source, at, f"there is no file {shown}", did_you_mean(name, known))


def _files(tree: Outline, kind: str, key: str) -> Iterator[tuple[Node, KeyPath, str]]:
    """The file names that the steps of one kind give; a path that leaves the folder is reported elsewhere."""
    for step in tree.steps:
        at: KeyPath = (*step.at, kind, key)
        name = tree.source.get(at, str) if step.kind == kind else None
        if name is not None and Path(name).name == name:
            yield step, at, name


def _names(folder: Path, pattern: str) -> list[str]:
    return [path.stem for path in sorted(folder.glob(pattern))]


def _file_names(folder: Path, pattern: str) -> list[str]:
    return [path.name for path in sorted(folder.glob(pattern))]
