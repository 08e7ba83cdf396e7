"""What must hold across the keys of `workflow.yaml` and no JSON Schema can say: header, order of steps, catches.

    extract → validate → write → slide → approve → video        the main path, in the order of the file
                 └ catch → ask ┘                                a detour stands right after the step that leads to it

Every check reads defensively, so that it also runs over a file that has other problems.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from workflow_orchestrator import __version__
from workflow_orchestrator.definition.language import HANDLERS, STEP_KINDS
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.shapes import said
from workflow_orchestrator.definition.source import KeyPath, Source

# Where a kind stands on the main path; a run never goes back.
_RANK = {"extract": 0, "validate": 1, "ask": 1, "write": 2, "slide": 3, "approve": 4, "video": 5}
_NEEDS = {
    "extract": (),
    "validate": ("extract",),
    "ask": ("validate",),
    "write": ("validate",),
    "slide": ("write",),
    "approve": ("write",),
    "video": ("slide", "approve"),
}
_SHOWN_BY = {"script": "write", "slides": "slide", "data": "validate"}
# The factory gives these names to tasks of its own.
_TAKEN = ("continue", "fail", "record_execution")
_TAKEN_ENDING = "_settled"
# A check that failed is never passed over, and what was refused is never published.
NEVER_CONTINUES = ("validate", "ask", "approve", "video")


@dataclass(frozen=True, slots=True)
class StepOutline:
    """A step as far as a file that may have problems tells. `kind` is empty when it has none or several."""

    name: str
    kind: str
    at: KeyPath
    leads_to: tuple[tuple[KeyPath, str], ...]  # each catch's `go` with its place


def outline(source: Source) -> list[StepOutline]:
    """The steps of a file, in their order."""
    steps = []
    for at, item in source.walk(("steps",)):
        kinds = [key for key in item if key in STEP_KINDS] if isinstance(item, dict) else []
        leads_to = tuple(
            ((*catch_at, "go"), catch["go"])
            for catch_at, catch in source.walk((*at, "catch"))
            if isinstance(catch, dict) and isinstance(catch.get("go"), str)
        )
        steps.append(StepOutline(str(at[-1]), kinds[0] if len(kinds) == 1 else "", at, leads_to))
    return steps


def check_header(source: Source, folder_name: str, report: Report) -> None:
    """Name, platform range and schedule."""
    name = source.get(("workflow",), str)
    if name is not None and name != folder_name:
        report.add(
            "WF020",
            source,
            ("workflow",),
            f"the workflow is named {name!r} and its folder {folder_name!r}",
            "give both the same name",
        )
    wanted = source.get(("platform",), str)
    if wanted is not None:
        _check_platform(wanted, source, report)
    cron = source.get(("schedule", "nightly"), str)
    if cron is not None and not _is_cron(cron):
        report.add(
            "WF022",
            source,
            ("schedule", "nightly"),
            f"{cron!r} is not a cron expression of five fields",
            'write "0 2 * * *" for two o\'clock every night',
        )
    zone = source.get(("schedule", "timezone"), str)
    if zone is not None:
        _check_zone(zone, source, report)


def _check_platform(wanted: str, source: Source, report: Report) -> None:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        fits = SpecifierSet(wanted).contains(__version__, prereleases=True)
    except InvalidSpecifier:
        report.add("WF021", source, ("platform",), f"{wanted!r} is not a range of versions", 'write ">=1.0,<2"')
        return
    if not fits:
        report.add(
            "WF021",
            source,
            ("platform",),
            f"the platform is {__version__}, and the workflow wants {wanted}",
            "change the range after a test, or deploy it on another platform",
        )


def _is_cron(text: str) -> bool:
    from croniter import croniter  # type: ignore[import-untyped]

    # croniter also takes six fields and words such as @daily, which the scheduler of runs does not.
    return len(text.split()) == 5 and bool(croniter.is_valid(text))


def _check_zone(zone: str, source: Source, report: Report) -> None:
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(zone)
    except (OSError, ValueError, KeyError):  # no such zone is a KeyError; a folder or a strange name are the others
        report.add(
            "WF022",
            source,
            ("schedule", "timezone"),
            f"there is no time zone {zone!r}",
            did_you_mean(zone, sorted(available_timezones())),
        )


def check_steps(source: Source, report: Report) -> None:
    """The order of the steps, where their catches lead, and what an approval shows."""
    steps = outline(source)
    detours = _check_catches(steps, source, report)
    main = [step for step in steps if step.name not in detours]
    if all(step.kind for step in steps):
        # A step of unknown kind may be the one that another lacks; its own problem comes first.
        _check_order(steps, main, source, report)
        _check_approvals(steps, source, report)
    _check_reached(steps, detours, source, report)
    for step in steps:
        if step.name in _TAKEN or step.name.endswith(_TAKEN_ENDING):
            report.add(
                "WF035", source, step.at, f"the platform uses the name {step.name!r} itself", "choose another", key=True
            )
        _check_continues(step, source, report)
        _check_errors(step, source, report)


def _check_order(steps: list[StepOutline], main: list[StepOutline], source: Source, report: Report) -> None:
    before: set[str] = set()
    last: StepOutline | None = None
    for step in steps:
        missing = [kind for kind in _NEEDS.get(step.kind, ()) if kind not in before]
        for kind in missing:
            report.add("WF030", source, step.at, f"{_a(step.kind)} step needs {_a(kind)} step before it", key=True)
        if step in main:
            before.add(step.kind)
            if not missing and last is not None and _RANK[step.kind] < _RANK[last.kind]:
                report.add(
                    "WF030",
                    source,
                    step.at,
                    f"{_a(step.kind)} step cannot come after the {last.kind} step {last.name!r}",
                    "the order is extract, validate, write, slide, approve, video",
                    key=True,
                )
            else:
                last = step
    if steps and "extract" not in before:
        report.add("WF030", source, ("steps",), "no step reads the document", "begin with an extract step", key=True)


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _check_catches(steps: list[StepOutline], source: Source, report: Report) -> dict[str, str]:
    """Checks where the catches lead; returns the detours: step → the step that leads to it."""
    place = {step.name: index for index, step in enumerate(steps)}
    detours: dict[str, str] = {}
    for step in steps:
        for at, go in step.leads_to:
            if go in HANDLERS:
                continue
            if go not in place:
                report.add(
                    "WF031",
                    source,
                    at,
                    f"no step is named {go!r}",
                    did_you_mean(go, [*(name for name in place if name != step.name), *HANDLERS]),
                )
                continue
            leader = detours.setdefault(go, step.name)
            if leader != step.name:
                report.add(
                    "WF031", source, at, f"{leader!r} leads to {go!r} already", "give each step a detour of its own"
                )
    for step in steps:
        targets = {go for _, go in step.leads_to}
        for at, go in step.leads_to:
            if detours.get(go) == step.name:
                between = steps[place[step.name] + 1 : place[go]]
                right_after = place[go] > place[step.name] and all(other.name in targets for other in between)
                message, fix = _wrong_detour(step, steps[place[go]], right_after, detours)
                if message:
                    report.add("WF031", source, at, message, fix)
    return detours


def _wrong_detour(
    step: StepOutline,
    target: StepOutline,
    right_after: bool,
    detours: Mapping[str, str],
) -> tuple[str, str]:
    if not right_after:
        return f"{target.name!r} does not stand right after {step.name!r}", (
            "put the detour below the step that leads to it; the run goes on behind it"
        )
    if step.name in detours:
        return f"{step.name!r} is a detour itself, and a detour has none of its own", "write continue or fail"
    if step.kind == "approve":
        return "a refused or unanswered approval leads nowhere", "write fail"
    if target.kind and target.kind not in ("ask", step.kind):
        return f"{target.name!r} is {_a(target.kind)} step", f"a detour asks people, or is another {step.kind} step"
    return "", ""


def _check_reached(steps: list[StepOutline], detours: Mapping[str, str], source: Source, report: Report) -> None:
    targets = {go for step in steps for _, go in step.leads_to}
    if not targets <= {step.name for step in steps} | set(HANDLERS):
        # A catch that leads nowhere was most likely meant for this very step.
        return
    for step in steps:
        if step.kind == "ask" and step.name not in detours:
            report.add(
                "WF033",
                source,
                step.at,
                "no catch leads to this ask step, so nobody would ever be asked",
                f"add catch: [{{on: BusinessValidationError, go: {step.name}}}] to the validate step",
                key=True,
            )


def _check_approvals(steps: list[StepOutline], source: Source, report: Report) -> None:
    seen: set[str] = set()
    kinds: set[str] = set()
    for step in steps:
        if step.kind == "approve":
            for at, shown in source.walk((*step.at, "approve", "show")):
                if not isinstance(shown, str) or shown not in _SHOWN_BY:
                    # A misspelt word was meant to be one of these; that it is none has been reported.
                    seen.update(_SHOWN_BY)
                    continue
                seen.add(shown)
                if _SHOWN_BY[shown] not in kinds:
                    report.add("WF034", source, at, f"no {_SHOWN_BY[shown]} step before this one makes the {shown}")
        elif step.kind == "video" and "approve" in kinds and not {"script", "slides"} <= seen:
            missing = " and the ".join(sorted({"script", "slides"} - seen))
            report.add(
                "WF034",
                source,
                step.at,
                f"the video would publish the {missing}, which nobody is shown before",
                "add it to the approve step's show",
                key=True,
            )
        kinds.add(step.kind)


def _check_continues(step: StepOutline, source: Source, report: Report) -> None:
    if step.kind not in NEVER_CONTINUES:
        return
    fix = "write fail, or leave the key out"
    if source.get((*step.at, "default_error_handler"), str) == "continue":
        report.add(
            "WF031",
            source,
            (*step.at, "default_error_handler"),
            f"{_a(step.kind)} step that failed is never passed over",
            fix,
        )
    for at, go in step.leads_to:
        if go == "continue":
            report.add("WF031", source, at, f"{_a(step.kind)} step that failed is never passed over", "write fail")


def _check_errors(step: StepOutline, source: Source, report: Report) -> None:
    known = error_classes()
    caught: list[tuple[str, type[BaseException]]] = []
    for at, catch in source.walk((*step.at, "catch")):
        name = catch.get("on") if isinstance(catch, dict) else None
        if not isinstance(name, str):
            continue
        classes = known.get(name)
        if classes is None:
            report.add("WF032", source, (*at, "on"), f"no error is named {said(name)}", did_you_mean(name, known))
            continue
        covers = [earlier for earlier, wider in caught if all(issubclass(one, wider) for one in classes)]
        if covers:
            report.add(
                "WF032",
                source,
                (*at, "on"),
                f"{name} never gets here: the entry for {covers[0]} above takes it",
                "put the narrower error first",
            )
        caught += ((name, one) for one in classes)


@cache
def error_classes() -> Mapping[str, tuple[type[BaseException], ...]]:
    """The errors that a catch may name, of the orchestrator and the LLM layer; a name may stand in both trees."""
    found: dict[str, tuple[type[BaseException], ...]] = {}
    for module in _error_modules():
        for name, item in vars(module).items():
            if isinstance(item, type) and issubclass(item, Exception) and item.__module__ == module.__name__:
                found[name] = (*found.get(name, ()), item)
    return found


def _error_modules() -> Iterator[ModuleType]:
    yield importlib.import_module("workflow_orchestrator.errors")
    try:
        yield importlib.import_module("llm_orchestration.errors")
    except ModuleNotFoundError:
        # The orchestrator also runs without the LLM layer: with the offline reader alone.
        return
