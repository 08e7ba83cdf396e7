"""The files that a workflow names outside `workflow.yaml`: prompts, narration, theme, packs, schema and rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from workflow_orchestrator.definition.checks import StepOutline, outline
from workflow_orchestrator.definition.configuration import Configuration
from workflow_orchestrator.definition.fields_file import read_fields
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.source import KeyPath, Source, read_source
from workflow_orchestrator.fields import LANGUAGES, FieldSet

PROMPT = ".md.j2"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the files of one workflow lie."""

    folder: Path
    include: Path
    workflow: str

    @property
    def prompts(self) -> Path:
        return self.include / "prompts" / self.workflow

    def prompt(self, name: str) -> Path:
        return self.prompts / f"{name}{PROMPT}"

    def narration(self, name: str) -> dict[str, Path]:
        """The narration files that exist, by language."""
        files = {language: self.prompts / f"{name}.{language}.yaml" for language in LANGUAGES}
        return {language: path for language, path in files.items() if path.is_file()}

    def pack(self, name: str) -> Path:
        return self.include / "compliance" / f"{name}.yaml"

    def theme(self, name: str) -> Path:
        return self.include / "themes" / name


def check_resources(source: Source, places: Places, configuration: Configuration, report: Report) -> FieldSet | None:
    """Checks that every file is there and fits; returns the fields if the schema could be read."""
    routes = _routes(places.include / "llm.yaml")
    for step in outline(source):
        _check_route(step, source, routes, report)
        _check_prompt(step, source, places, report)
        _check_narration(step, source, places, report)
        _check_theme(step, source, places, report)
        _check_groups(step, source, configuration, report)
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
    fields = _check_schema(source, places, report)
    if fields is not None:
        for at, name in source.walk(("business_rules", "required_fields")):
            if isinstance(name, str) and name not in fields:
                report.add("WF042", source, at, f"the schema has no field {name!r}", did_you_mean(name, fields))
        _check_rules(source, places, fields, report)
    return fields


def _routes(path: Path) -> dict[str, object] | None:
    """The routes of the LLM layer, or `None` where it has no readable file: its own loader says what is wrong."""
    routes = read_source(path, Report()) if path.is_file() else None
    return None if routes is None else routes.get(("routes",), dict)


def _check_route(step: StepOutline, source: Source, routes: dict[str, object] | None, report: Report) -> None:
    at: KeyPath = (*step.at, step.kind, "route")
    name = source.get(at, str)
    if name is not None and routes is not None and name not in routes:
        report.add("WF045", source, at, f"include/llm.yaml has no route {name!r}", did_you_mean(name, routes))


def _check_prompt(step: StepOutline, source: Source, places: Places, report: Report) -> None:
    at: KeyPath = (*step.at, step.kind, "prompt")
    name = source.get(at, str)
    if name is None:
        return
    path = places.prompt(name)
    if not path.is_file():
        known = [found.removesuffix(".md") for found in _names(places.prompts, f"*{PROMPT}")]
        report.add(
            "WF040", source, at, f"there is no prompt {report.shown(path).as_posix()}", did_you_mean(name, known)
        )
        return
    _check_template(path, places.include / "prompts", report)


def _check_template(path: Path, prompts: Path, report: Report) -> None:
    from jinja2 import TemplateSyntaxError, nodes
    from jinja2.sandbox import SandboxedEnvironment

    try:
        tree = SandboxedEnvironment().parse(path.read_text(encoding="utf-8"))
        for include in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
            template = getattr(include, "template", None)
            name = template.value if isinstance(template, nodes.Const) else None
            if isinstance(name, str) and not (prompts / name).is_file():
                known = [found.relative_to(prompts).as_posix() for found in sorted(prompts.rglob(f"*{PROMPT}"))]
                missing = report.shown(prompts / name).as_posix()
                report.add_at(
                    "WF040", path, include.lineno, 1, "", f"there is no file {missing}", did_you_mean(name, known)
                )
    except UnicodeDecodeError:
        report.add_at("WF001", path, 1, 1, "", "the prompt is not UTF-8", "save it as UTF-8")
    except TemplateSyntaxError as error:
        report.add_at("WF041", path, error.lineno, 1, "", f"the template cannot be parsed: {error.message}")


def _check_narration(step: StepOutline, source: Source, places: Places, report: Report) -> None:
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


def _check_theme(step: StepOutline, source: Source, places: Places, report: Report) -> None:
    at: KeyPath = (*step.at, step.kind, "theme")
    name = source.get(at, str)
    if name is not None and not (places.theme(name) / "theme.yaml").is_file():
        shown = report.shown(places.theme(name) / "theme.yaml").as_posix()
        themes = [path.parent.name for path in sorted((places.include / "themes").glob("*/theme.yaml"))]
        report.add("WF040", source, at, f"there is no theme {shown}", did_you_mean(name, themes))


def _check_groups(step: StepOutline, source: Source, configuration: Configuration, report: Report) -> None:
    for at, group in source.walk((*step.at, step.kind, "ask")):
        if isinstance(group, str) and group not in configuration.groups:
            report.add(
                "WF044",
                source,
                at,
                f"include/orchestrator.yaml has no group {group!r}",
                did_you_mean(group, configuration.groups),
            )


def _check_schema(source: Source, places: Places, report: Report) -> FieldSet | None:
    named = list(_files(source, "extract", "schema"))
    fields: FieldSet | None = None
    for index, (at, name) in enumerate(named):
        path = places.folder / name
        if not path.is_file():
            report.add(
                "WF040",
                source,
                at,
                f"there is no file {report.shown(path).as_posix()}",
                did_you_mean(name, _file_names(places.folder, "*.json")),
            )
        elif index and name != named[0][1]:
            report.add(
                "WF034",
                source,
                at,
                f"it differs from the schema {named[0][1]!r} of the step above",
                "all extract steps of a workflow read the same fields",
            )
        elif fields is None:
            fields = read_fields(path, report)
    return fields


def _check_rules(source: Source, places: Places, fields: FieldSet, report: Report) -> None:
    # Imported here, because the rules read their file with the tools of this package.
    from workflow_orchestrator.rules.language import read_rules

    for at, name in _files(source, "validate", "rules"):
        path = places.folder / name
        if path.is_file():
            read_rules(path, fields, report)
        else:
            report.add(
                "WF040",
                source,
                at,
                f"there is no file {report.shown(path).as_posix()}",
                did_you_mean(name, [n for n in _file_names(places.folder, "*.yaml") if n != "workflow.yaml"]),
            )


def _files(source: Source, kind: str, key: str) -> Iterator[tuple[KeyPath, str]]:
    """The file names that the steps of one kind give; a path that leaves the folder is reported elsewhere."""
    for step in outline(source):
        at: KeyPath = (*step.at, kind, key)
        name = source.get(at, str)
        if name is not None and Path(name).name == name:
            yield at, name


def _names(folder: Path, pattern: str) -> list[str]:
    return [path.stem for path in sorted(folder.glob(pattern))]


def _file_names(folder: Path, pattern: str) -> Iterable[str]:
    return [path.name for path in sorted(folder.glob(pattern))]
