"""The files behind two definitions compared: prompts and narration by lines, rules and packs by what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from workflow_orchestrator.authoring.changes import Change, Topic, changed
from workflow_orchestrator.authoring.facts import shown
from workflow_orchestrator.definition import wording
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.problems import Report, where
from workflow_orchestrator.definition.source import KeyPath, read_source

PROMPT = ".md.j2"
LONGEST = 100  # characters of a value in a line; a sentence of a pack can be longer


def file_changes(old: Workflow, new: Workflow) -> list[Change]:
    """Every difference of the files; `workflow.yaml` and the schema of the fields are compared as what they mean."""
    meant = {
        "workflow.yaml",
        *(step.schema.name for flow in (old, new) for step in flow.steps if hasattr(step, "schema")),
    }
    was = {shown(path, old): path for path in old.files}
    now = {shown(path, new): path for path in new.files}
    found: list[Change] = []
    for name in sorted({*was, *now} - meant):
        if name not in was:
            found.append(Change(Topic.PUBLISHED, "added", name, f"new file {name}"))
        elif name not in now:
            found.append(Change(Topic.PUBLISHED, "removed", name, f"file {name} is not part of it any more"))
        else:
            found += _file(name, was[name], now[name])
    return found


def _file(name: str, old: Path, new: Path) -> Iterator[Change]:
    before, after = old.read_bytes(), new.read_bytes()
    if before.replace(b"\r\n", b"\n") == after.replace(b"\r\n", b"\n"):
        return iter(())
    if name.endswith(PROMPT):
        return _prompt(name, old, new)
    tell = next((tell for beginning, tell in _TELLERS.items() if name.startswith(beginning)), _lines)
    if name == "rules.yaml":
        tell = _rules
    return tell(name, old, new)


def _prompt(name: str, old: Path, new: Path) -> Iterator[Change]:
    more, less = line_counts(old, new)
    versions = [_version(path) for path in (old, new)]
    said = (
        f", version {versions[0]} → {versions[1]}" if versions[0] != versions[1] else f", version still {versions[0]}"
    )
    if versions == ["", ""]:
        said = ""
    label = "shared prompt" if "/shared/" in name else "prompt"
    text = f"{label} {Path(name).name.removesuffix(PROMPT)} {_counts(more, less)}{said}"
    yield Change(Topic.PUBLISHED, "changed", name, text, less, more)


def _version(path: Path) -> str:
    for line in path.read_text(encoding="utf-8").splitlines()[:20]:
        if line.startswith("version:"):
            return line.partition(":")[2].strip()
    return ""


def _lines(name: str, old: Path, new: Path) -> Iterator[Change]:
    try:
        more, less = line_counts(old, new)
    except UnicodeDecodeError:
        text = f"{name}: {old.stat().st_size:,} → {new.stat().st_size:,} bytes"
        yield Change(Topic.PUBLISHED, "changed", name, text, old.stat().st_size, new.stat().st_size)
        return
    yield Change(Topic.PUBLISHED, "changed", name, f"{name} {_counts(more, less)}", less, more)


def line_counts(old: Path, new: Path) -> tuple[int, int]:
    """How many lines a text gained and lost.

    Raises:
        UnicodeDecodeError: it is no text.
    """
    before, after = (path.read_text(encoding="utf-8").splitlines() for path in (old, new))
    more = less = 0
    for tag, i1, i2, j1, j2 in SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        if tag != "equal":
            less += i2 - i1
            more += j2 - j1
    return more, less


def _counts(more: int, less: int) -> str:
    lines = "line" if more + less == 1 else "lines"
    return f"{f'+{more} ' if more else ''}{f'−{less} ' if less else ''}{lines}"


def _rules(name: str, old: Path, new: Path) -> Iterator[Change]:
    """Rules by name: `rule ytd_fits_months removed`, `rule x, max_age_days: 45 → 60`."""
    yield from _meant(name, old, new, label=lambda path: f"rule {path[1]}" if len(path) > 1 else "rule")


def _pack(name: str, old: Path, new: Path) -> Iterator[Change]:
    """A compliance pack by its rules' ids."""
    title = Path(name).stem
    yield from _meant(name, old, new, label=lambda path: f"{title} {path[1]}" if len(path) > 1 else title)


def _meant(name: str, old: Path, new: Path, label: Callable[[tuple[str, ...]], str]) -> Iterator[Change]:
    before, after = (_data(path) for path in (old, new))
    found = list(data_changes(before, after))
    if not found:
        more, less = line_counts(old, new)
        yield Change(Topic.WORDS, "changed", name, f"{name} {_counts(more, less)}, in comments or layout only")
    for at, was, now in found:
        path = tuple(str(part) for part in at)
        subject = f"{name}:{where(at)}"
        rest = ".".join(path[2:])
        said = f"{label(path)}{f', {rest}' if rest else ''}"
        if len(path) == 2 and path[0] in ("rules", "field_rules") and (was is None or now is None):
            text = f"new {said}" if was is None else f"{said} removed"
            yield Change(Topic.PUBLISHED, "added" if was is None else "removed", subject, text)
        else:
            topic = Topic.WORDS if path[-1] in ("title", "citation", "source_status", "version") else Topic.PUBLISHED
            said = said if len(path) > 1 else f"{said}, {path[0]}" if path else said
            yield from _long(topic, subject, was, now, said)


def _data(path: Path) -> Any:
    source = read_source(path, Report())
    return None if source is None else source.data


def data_changes(old: Any, new: Any, at: KeyPath = ()) -> Iterator[tuple[KeyPath, Any, Any]]:
    """Where two plain values differ, as deep as they can be told apart: key path, old, new; `None` is nothing.

    The items of a list are matched by their `id` or `name` where they have one; other lists are one value.
    """
    if old == new:
        return
    before, after = _named(old), _named(new)
    if before is None or after is None or (not before and not after):
        yield at, old, new
        return
    for key in dict.fromkeys((*before, *after)):
        if key in before and key in after:
            yield from data_changes(before[key], after[key], (*at, key))
        elif before.get(key) != after.get(key):
            yield (*at, key), before.get(key), after.get(key)


def _named(value: Any) -> Mapping[str, Any] | None:
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        names = [item.get("id") or item.get("name") for item in value]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return dict(zip(names, value, strict=True))
    return None


def _long(topic: Topic, subject: str, old: Any, new: Any, name: str) -> Iterator[Change]:
    before, after = _short(old), _short(new)
    if before == after:
        # They differ behind the point where a line ends.
        yield Change(topic, "changed", subject, f"{name}: changed; it begins {before}", before, after)
    else:
        yield from changed(topic, subject, before, after, name=name)


def _short(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    text = " ".join(wording.value(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


_TELLERS: Mapping[str, Callable[[str, Path, Path], Iterator[Change]]] = {
    "rules": _rules,
    "include/compliance/": _pack,
}
