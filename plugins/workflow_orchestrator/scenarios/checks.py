"""What a JSON Schema cannot say about `scenarios.yaml`: whether it fits the workflow beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.conf import check_conf
from workflow_orchestrator.definition.flow import ARTIFACTS, ASK_MODELS, makes
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.raises import error_classes, family
from workflow_orchestrator.definition.source import KeyPath, Source, read_source
from workflow_orchestrator.definition.steps import Step, ValidateStep
from workflow_orchestrator.errors import ConfError
from workflow_orchestrator.rules.fieldrules import FIELD_RULES

_ANSWERS: Mapping[str, tuple[str, ...]] = {
    "ask": ("send", "stop", "nobody"),
    "approve": ("approve", "reject", "send_back", "nobody"),
}


def document_path(name: str, workflow: Workflow) -> Path | None:
    """The file of a scenario's document: in the workflow's folder, or below `include` (`samples/…`); `None`: neither."""
    for base in (workflow.folder, workflow.platform_include):
        path = base / name
        if path.resolve().is_relative_to(base.resolve()) and path.is_file():
            return path
    return None


def check_suite(source: Source, workflow: Workflow, report: Report) -> None:
    """Reports what does not fit the workflow, in a file of sound shapes."""
    name = source.data["workflow"]
    if name != workflow.name:
        report.add("WF020", source, ("workflow",), f"the scenarios are of {name!r}, the folder is {workflow.name!r}")
    checks = _Checks(source, workflow, report)
    for at, item in source.walk(("scenarios",)):
        checks.scenario(at, item)


class _Checks:
    def __init__(self, source: Source, workflow: Workflow, report: Report) -> None:
        self._source = source
        self._workflow = workflow
        self._report = report
        self._steps: dict[str, Step] = {step.name: step for step in (*workflow.steps, *workflow.last)}
        self._made = {*ARTIFACTS, *(name for step in workflow.steps for name in makes(step))}
        self._rules = tuple(rule_names(workflow))

    def scenario(self, at: KeyPath, item: dict[str, Any]) -> None:
        self._input((*at, "input"), item)
        self._day((*at, "today"), item)
        self._follows((*at, "follows"), item)
        for place, misprint in self._source.walk((*at, "misprints")):
            if len(misprint["printed"].split()) != len(misprint["instead"].split()):
                self._add("WF013", (*place, "instead"), "it must have as many words as 'printed'")
        for place, tries in self._source.walk((*at, "steps")):
            self._tries(place, tries)
        self._expect((*at, "expect"), item["expect"])

    def _add(self, code: str, at: KeyPath, message: str, fix: str = "", *, key: bool = False) -> None:
        self._report.add(code, self._source, at, message, fix, key=key)

    def _input(self, at: KeyPath, item: dict[str, Any]) -> None:
        given = item["input"]
        if document_path(given["document"], self._workflow) is None:
            self._add(
                "WF040",
                (*at, "document"),
                f"there is no file {given['document']!r}",
                f"it is looked for in {self._report.shown(self._workflow.folder).as_posix()} and in include",
            )
        if item["expect"].get("error") == "ConfError":
            return
        try:
            check_conf(self._workflow, given)
        except ConfError as error:
            for problem in error.details["problems"]:
                self._add("WF013", at, problem)

    def _day(self, at: KeyPath, item: dict[str, Any]) -> None:
        try:
            date.fromisoformat(item.get("today", "2026-01-01"))
        except ValueError as error:
            self._add("WF013", at, f"it is not a day: {error}")

    def _follows(self, at: KeyPath, item: dict[str, Any]) -> None:
        name, known = item.get("follows"), self._source.data["scenarios"]
        if name is None:
            return
        if name not in known or name == at[-2]:
            others = [other for other in known if other != at[-2]]
            self._add("WF013", at, f"no other scenario is named {name!r}", did_you_mean(name, others))
        elif "follows" in known[name]:
            self._add("WF013", at, f"{name!r} follows another scenario itself", "name one that follows none")

    def _tries(self, at: KeyPath, tries: list[dict[str, Any]]) -> None:
        step = self._steps.get(_plain(str(at[-1])))
        if step is None:
            self._add("WF013", at, f"no step is named {at[-1]!r}", did_you_mean(str(at[-1]), self._steps), key=True)
            return
        for index, item in enumerate(tries):
            self._try((*at, index), item, step)

    def _try(self, at: KeyPath, item: dict[str, Any], step: Step) -> None:
        if "fault" in item:
            self._error((*at, "fault"), item["fault"])
            if "retry_after" in item and "LLMError" not in _family(item["fault"]):
                self._add("WF013", (*at, "retry_after"), f"a {item['fault']} carries no wait", "remove it")
        for key in ("reply", "reply_file", "replies", "reply_files", "unasked"):
            if key in item and step.kind not in ASK_MODELS:
                self._add("WF013", (*at, key), f"{step.name} is of kind {step.kind} and asks no model")
        if "reply_file" in item:
            self._reply_file((*at, "reply_file"), item["reply_file"])
        for place, name in self._source.walk((*at, "reply_files")):
            self._reply_file(place, name)
        if "scenario" in item and step.kind != "call":
            self._add("WF013", (*at, "scenario"), f"{step.name} is of kind {step.kind} and runs no other workflow")
        if "answer" in item:
            self._answer(at, item, step)

    def _answer(self, at: KeyPath, item: dict[str, Any], step: Step) -> None:
        allowed = _ANSWERS.get(step.kind)
        if allowed is None:
            self._add("WF013", (*at, "answer"), f"{step.name} is of kind {step.kind} and asks nobody")
            return
        if item["answer"] not in allowed:
            self._add("WF013", (*at, "answer"), f"{item['answer']!r} is no answer here", f"known: {', '.join(allowed)}")
        if (item["answer"] == "nobody") == ("by" in item):
            says = "say with 'by' who answers" if "by" not in item else "remove 'by'"
            self._add(
                "WF011", at, f"an answer {item['answer']!r} {'lacks' if 'by' not in item else 'has'} a person", says
            )
        for place, _ in self._source.walk((*at, "enter")):
            self._ref(place)
        if "edit" in item and item["answer"] != "send_back":
            self._add("WF013", (*at, "edit"), "only who sends back edits", "write answer: send_back, or 'enter' for values")
        if "reason" in item and step.kind != "approve":
            self._add("WF013", (*at, "reason"), f"{step.name} is of kind {step.kind} and takes no reason", "remove it")

    def _reply_file(self, at: KeyPath, name: str) -> None:
        path = self._workflow.folder / name
        if not path.is_file():
            self._add("WF040", at, f"there is no file {name!r} in the workflow's folder")
        elif read_source(path, trial := Report()) is None:
            for problem in trial.problems:
                self._report.add_at(problem.code, path, problem.line, problem.column, "", problem.message, problem.fix)

    def _expect(self, at: KeyPath, expect: dict[str, Any]) -> None:
        if "error" in expect:
            self._error((*at, "error"), expect["error"])
            if expect["outcome"] == "succeeded":
                self._add("WF013", (*at, "error"), "a run that succeeds ends with no error", "remove it")
        for place, task in self._source.walk((*at, "path")):
            self._known(place, _plain(task.partition("*")[0]), self._steps, "no step is named")
        for key in ("artifacts", "missing"):
            for place, name in self._source.walk((*at, key)):
                self._known(place, name, sorted(self._made), "nothing makes")
        for place, name in self._source.walk((*at, "findings")):
            self._known(place, name, self._rules, "no rule is named")
        for place, printed in self._source.walk((*at, "values")):
            self._ref(place)
            if printed is not None and not isinstance(printed, str):
                self._add("WF012", place, "the printed words are expected", "put them into quotes")

    def _known(self, at: KeyPath, name: str, known: Iterable[str], says: str) -> None:
        if name not in known:
            self._add("WF013", at, f"{says} {name!r}", did_you_mean(name, known))

    def _error(self, at: KeyPath, name: str) -> None:
        if name not in error_classes():
            self._add("WF032", at, f"no error is named {name!r}", did_you_mean(name, error_classes()))

    def _ref(self, at: KeyPath) -> None:
        name = str(at[-1]).partition(".")[0]
        fields = self._workflow.fields
        if name not in fields:
            self._add("WF042", at, f"the schema has no field {name!r}", did_you_mean(name, fields), key=True)


def rule_names(workflow: Workflow) -> Iterator[str]:
    """The names that a finding may carry: the rules of the workflow, and those of the fields' own declarations."""
    yield from FIELD_RULES
    for step in workflow.steps:
        if isinstance(step, ValidateStep):
            yield from (str(at[-1]) for at, _ in rule_places(step.rules))


def rule_places(path: Path) -> Iterable[tuple[KeyPath, Source]]:
    """Each rule of a rules file, as its key path and the file."""
    source = read_source(path, Report())
    return [] if source is None else [(at, source) for at, _ in source.walk(("rules",))]


def _plain(task: str) -> str:
    return task.partition("[")[0]


def _family(name: str) -> frozenset[str]:
    return family(name) if name in error_classes() else frozenset()
