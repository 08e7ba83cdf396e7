"""Reads the rule packs that legal and compliance edit, `include/compliance/<name>.yaml`, strictly: see `language`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from llm_orchestration.patterns import fault_of
from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.compliance.language import ALWAYS, AUDIENCES, RULE, SHAPE, WORDED, WRITTEN_BY_MODEL
from workflow_orchestrator.compliance.model import Elsewhere, Outcome, Pack, Rule, SourceStatus
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.source import KeyPath, Source, read_source
from workflow_orchestrator.fields import LANGUAGES
from workflow_orchestrator.script.phrases import digits_outside, parse


def load_packs(folder: Path, names: Sequence[str]) -> tuple[Pack, ...]:
    """Reads packs by name. Files that this process has read before, and that are as they were, are not read again.

    Raises:
        DefinitionError: everything that is wrong with any of the files, each with line and column.
    """
    wanted = tuple(dict.fromkeys(names))
    paths = [folder / f"{name}.yaml" for name in wanted]
    return _load(folder, wanted, tuple(sha256(path.read_bytes()) if path.is_file() else "" for path in paths))


# Reading a pack takes most of a second, and write, slide, video and record each want it.
@lru_cache(maxsize=8)
def _load(folder: Path, names: tuple[str, ...], _: tuple[str, ...]) -> tuple[Pack, ...]:
    report = Report()
    sources = [_read(folder, name, report) for name in names]
    seen: dict[str, str] = {}
    for source in sources:
        if source is not None:
            _check(source, seen, report)
    report.raise_if_any("the compliance packs")
    return tuple(_pack(source.data) for source in sources if source is not None)


def _read(folder: Path, name: str, report: Report) -> Source | None:
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = sorted(file.stem for file in folder.glob("*.yaml")) if folder.is_dir() else []
        report.add_at("WF040", path, 1, 1, "", f"there is no compliance pack {name!r}", did_you_mean(name, known))
        return None
    return read_source(path, report)


def _check(source: Source, seen: dict[str, str], report: Report) -> None:
    before = len(report)
    SHAPE.check(source.data, (), source, report)
    if len(report) > before:
        return
    if source.data["pack"] != source.path.stem:
        named = source.data["pack"]
        report.add("WF020", source, ("pack",), f"the pack is named {named!r}, its file {source.path.name}")
    for index, rule in enumerate(source.data["rules"]):
        at: KeyPath = ("rules", index)
        before = len(report)
        RULE.check(rule, at, source, report)
        if len(report) > before:
            continue
        if rule["id"] in seen:
            report.add("WF003", source, (*at, "id"), f"{rule['id']} is given twice, first in {seen[rule['id']]}")
        seen.setdefault(rule["id"], source.path.name)
        _check_languages(rule, at, source, report)
        _check_wording(rule, at, source, report)
        _check_expressions(rule, at, source, report)
        _check_examples(rule, at, source, report)


def _check_languages(rule: dict[str, Any], at: KeyPath, source: Source, report: Report) -> None:
    (kind, parameters), = rule["check"].items()
    lists = {"wording": rule.get("wording")} if kind == "notice" else {}
    if kind in WORDED and kind != "notice":
        lists[f"check.{kind}.{WORDED[kind]}"] = parameters[WORDED[kind]]
    if said := _said(rule):
        lists["trigger.said"] = said
    for name, words in lists.items():
        missing = [language for language in rule.get("languages", LANGUAGES) if language not in (words or {})]
        if missing:
            report.add(
                "WF011", source, at, f"{rule['id']}: {name} has no {', '.join(missing)}",
                "add the words, or name the rule's languages",
            )


def _check_wording(rule: dict[str, Any], at: KeyPath, source: Source, report: Report) -> None:
    if "notice" not in rule["check"]:
        for key in ("wording", "short"):
            if key in rule:
                report.add("WF013", source, (*at, key), f"{rule['id']}: only a notice has {key}", "check: {notice: …}")
        return
    if rule["trigger"] == WRITTEN_BY_MODEL or _said(rule):
        report.add("WF013", source, (*at, "trigger"), f"{rule['id']}: a notice is chosen before anything is written")
    for language, alternatives in rule.get("wording", {}).items():
        for index, text in enumerate(alternatives):
            _check_phrase(text, (*at, "wording", language, index), source, report)
    for language, text in rule.get("short", {}).items():
        _check_phrase(text, (*at, "short", language), source, report)


def _check_phrase(text: str, at: KeyPath, source: Source, report: Report) -> None:
    try:
        phrase = parse(text)
    except ValueError as error:
        report.add("WF013", source, at, str(error))
        return
    if (digit := digits_outside(phrase)) != "":
        report.add("WF013", source, at, f"the wording holds the digit {digit!r}", "write numbers in words")


def _check_expressions(rule: dict[str, Any], at: KeyPath, source: Source, report: Report) -> None:
    (kind, parameters), = rule["check"].items()
    lists: dict[tuple[str, ...], dict[str, list[str]]] = {
        ("check", kind, name): parameters.get(name) or {} for name in ("never", "allowed", "words", "all_of")
    }
    lists["trigger", "said"] = _said(rule)
    for path, by_language in lists.items():
        for language, expressions in by_language.items():
            for index, expression in enumerate(expressions):
                if (fault := fault_of(expression)) is not None:
                    place = (*at, *path, language, index)
                    report.add("WF013", source, place, f"{expression!r} is no pattern: {fault}", "mend the pattern")


def _said(rule: dict[str, Any]) -> dict[str, list[str]]:
    trigger = rule["trigger"]
    return trigger.get("said", {}) if isinstance(trigger, dict) else {}


def _check_examples(rule: dict[str, Any], at: KeyPath, source: Source, report: Report) -> None:
    kind = next(iter(rule["check"]))
    sides = ["passes", "fails"]
    if kind == "person_decides" and rule["trigger"] == ALWAYS:
        sides.remove("passes")  # its case always arises
    worded = kind in WORDED or bool(_said(rule))
    needed = rule.get("languages", LANGUAGES) if worded else ()
    for side in sides:
        found = rule["examples"].get(side, {})
        missing = [language for language in needed if language not in found]
        if missing or not found:
            which = f" in {', '.join(missing)}" if missing else ""
            message = f"{rule['id']}: there is no example that {side}{which}"
            report.add("WF011", source, (*at, "examples"), message, "an untried rule proves nothing; add one")


def _pack(data: dict[str, Any]) -> Pack:
    return Pack(
        data["pack"], data["title"], data["version"], tuple(_rule(rule) for rule in data["rules"]),
        tuple(
            Elsewhere(item["id"], item["title"], item["citation"], SourceStatus(item["source_status"]), item["held_by"])
            for item in data.get("elsewhere", ())
        ),
    )


def _rule(data: dict[str, Any]) -> Rule:
    (kind, parameters), = data["check"].items()
    trigger = data["trigger"]
    if isinstance(trigger, str):
        trigger = {"kind": trigger}
    else:
        (name, value), = trigger.items()
        trigger = {"kind": name, name: value}
    return Rule(
        id=data["id"], title=data["title"], jurisdictions=tuple(data["jurisdictions"]),
        audience=tuple(data.get("audience", AUDIENCES)), languages=tuple(data.get("languages", LANGUAGES)),
        citation=data["citation"], source_status=SourceStatus(data["source_status"]),
        severity=Outcome(data["severity"]), trigger=trigger, check={"kind": kind, **parameters},
        wording={language: tuple(texts) for language, texts in data.get("wording", {}).items()},
        short=dict(data.get("short", {})), covers=tuple(data.get("covers", ())), examples=dict(data["examples"]),
    )


def places_of(packs: Sequence[Pack]) -> tuple[str, ...]:
    """Every jurisdiction that the packs have rules for: where nothing narrower is said, all of them apply."""
    places = {place for pack in packs for rule in pack.rules for place in rule.jurisdictions}
    return tuple(sorted(places - {"any"}))
