"""Why a video says a number: from the words of the script and the slides back to the value, the page, the prompt and the person.

It reads what the run wrote and asks nobody: the same answer comes in five years.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from workflow_orchestrator.errors import DocumentNotFoundError, HistoryError
from workflow_orchestrator.file_format import refuse_newer
from workflow_orchestrator.record.reading import FORMAT
from workflow_orchestrator.record.run_folder import run_key_of
from workflow_orchestrator.storage import Storage

ReadFile = Callable[[str], bytes]
# A gap stands before three digits; a comma and a space divide a list.
_NUMBER = re.compile(r"\d+(?:['’\u00a0\u202f\u2009 ]\d{3}(?!\d))*(?:[.,]\d+)*")
_GAPS = re.compile(r"['’\u00a0\u202f\u2009 ]")


@dataclass(frozen=True, slots=True)
class Said:
    """One place of the video: the slide's id, whether it is spoken or shown, its words, and the values that they name."""

    slide: str
    how: str
    words: str
    refs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from.

    `page` counts from 1; `printed` are the words of the document, `label` those beside them. `read_by` says who named the words: the
    offline reader, a model with its prompt, or a person. `verdict` is that of the check against the page, `rules` are those that
    reckoned with the value and held.
    """

    ref: str
    value: str
    unit: str
    page: int | None
    printed: str
    label: str
    read_by: str
    call: Mapping[str, Any] | None
    verdict: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """The whole answer. `said` is empty where the video does not say the number, although a value may have it."""

    run_id: str
    workflow: str
    document: str
    number: str
    said: tuple[Said, ...]
    origins: tuple[Origin, ...]
    written_by: str
    released: Mapping[str, Any] | None
    definition: str
    outcome: str
    nearest: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """JSON-safe."""
        return asdict(self)


def why(read: ReadFile, number: str) -> Why:
    """Explains a number of a run.

    Args:
        read: gives a file of the run's folder by name.
        number: as it is printed, shown or typed: `3.4 %`, `3,4`, `+64.96%`.

    Raises:
        HistoryError: `number` has no digit, or the run has no manifest that could be read.
    """
    wanted = figures_in(number)
    if not wanted:
        raise HistoryError(f"{number!r} has no digit; give the number as the video shows it, such as 3.4 or '3,4 %'")
    manifest = _json(read, "manifest.json")
    refuse_newer(manifest, FORMAT, "the run's manifest.json", HistoryError)
    if manifest is None:
        raise HistoryError("the run has no manifest.json that can be read; it is not through, or was erased")
    script, deck = _json(read, "script.json"), _json(read, "deck.json")
    said = tuple(_said(script or {}, deck or {}, wanted))
    values = {ref_of(value): value for value in manifest["values"] or ()}
    named = dict.fromkeys(ref for place in said for ref in place.refs if _has(values.get(ref), wanted))
    # Without a place that names it, the value that has it; in a sentence of a template everything is named.
    found = list(named) or [ref for ref, value in values.items() if _has(value, wanted)]
    run, source = manifest["run"], manifest["source"] or {}
    return Why(
        run_id=run["id"], workflow=manifest["workflow"]["name"], document=str(source.get("name", "")), number=number, said=said,
        origins=tuple(_origin(manifest, ref, values[ref]) for ref in found),
        written_by=_writer(manifest, script), released=_release(manifest),
        definition=manifest["workflow"]["definition"], outcome=manifest["outcome"],
        nearest=() if said or found else tuple(_nearest(values, wanted)),
    )  # fmt: skip


def folder_of_run(storage: Storage, given: str) -> str:
    """The prefix of the run that is named by its id, its folder's name or the folder's whole key.

    Raises:
        DocumentNotFoundError: there is none, or there are several.
    """
    wanted = given.strip().strip("/")
    names = {wanted.rpartition("/")[2], run_key_of(wanted)}
    found = sorted(
        {
            key.rpartition("/")[0]
            for key in storage.list("runs")
            if key.endswith("/manifest.json") and key.count("/") == 3 and key.split("/")[2] in names
        }
    )
    exact = [prefix for prefix in found if prefix == wanted]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        raise DocumentNotFoundError(f"several runs are called {given!r}: {', '.join(found)}; give the whole of one")
    raise DocumentNotFoundError(f"there is no recorded run {given!r} in {storage.uri}; scripts/workflow history lists them")


def reader_of(storage: Storage, project_path: Path, given: str) -> ReadFile:
    """Reads the files of a run: of a folder that `scripts/workflow run` left, or of a run in the storage.

    Raises:
        DocumentNotFoundError: neither is there.
    """
    if (project_path / "manifest.json").is_file():
        return lambda name: (project_path / name).read_bytes()
    prefix = folder_of_run(storage, given)
    return lambda name: storage.read(f"{prefix}/{name}")


def figures_in(text: str) -> set[str]:
    """The numbers of a text, without groups' gaps and with a point for the decimal mark: `1 234,5 %` → `1234.5`."""
    return {plain(found.group()) for found in _NUMBER.finditer(text)}


def plain(figure: str) -> str:
    """One printed figure in a form that can be compared. `1,234` stays `1.234` here and there, so both sides fit."""
    return _GAPS.sub("", figure).replace(",", ".")


def ref_of(value: Mapping[str, Any]) -> str:
    """The reference by which a script names a value."""
    return f"{value['field']}.{value['key']}" if value["key"] else str(value["field"])


def _json(read: ReadFile, name: str) -> Any:
    try:
        return json.loads(read(name))
    except (DocumentNotFoundError, OSError, ValueError):
        return None


def _said(script: Mapping[str, Any], deck: Mapping[str, Any], wanted: set[str]) -> Iterator[Said]:
    for segment in script.get("segments", ()):
        for sentence in segment["sentences"]:
            if wanted & figures_in(sentence["shown"]):
                yield Said(segment["id"], "spoken", sentence["shown"], tuple(sentence["refs"]))
    for slide in deck.get("slides", ()):
        for figure in (*slide["figures"], *slide["beside"]):
            if wanted & figures_in(figure["text"]):
                yield Said(slide["id"], "shown", f"{figure['label']} {figure['text']}", (figure["ref"],))


def _has(value: Mapping[str, Any] | None, wanted: set[str]) -> bool:
    if value is None:
        return False
    quote = str((value.get("evidence") or {}).get("quote", ""))
    return bool(wanted & (figures_in(str(value["value"])) | figures_in(quote)))


def _origin(manifest: Mapping[str, Any], ref: str, value: Mapping[str, Any]) -> Origin:
    evidence = value.get("evidence") or {}
    validation = manifest["checks"]["validation"] or {}
    verdict = next((one for one in validation.get("verdicts", ()) if one["ref"] == ref), None)
    rules = tuple(
        str(rule["rule"]) for rule in validation.get("rules", ()) if any(ref in held.get("refs", ()) for held in rule.get("held", ()))
    )
    by, call = _reader(manifest, ref, str(value["origin"]))
    return Origin(
        ref=ref, value=str(value["value"]), unit=str(value.get("unit", "")), page=evidence.get("page"),
        printed=str(evidence.get("quote", "")), label=str(evidence.get("label", "")), read_by=by, call=call,
        verdict=f"{verdict['status']}: {verdict['reason']}" if verdict else "not on record", rules=rules,
    )  # fmt: skip


def _reader(manifest: Mapping[str, Any], ref: str, origin: str) -> tuple[str, Mapping[str, Any] | None]:
    if origin == "person":
        corrections = (manifest["checks"]["validation"] or {}).get("corrections", ())
        names = [str(one.get("by")) for one in corrections if ref in json.dumps(one)]
        return f"a person: {', '.join(dict.fromkeys(names)) or 'not on record'}", None
    call = _last_call(manifest, "extract")
    if origin == "model" and call is not None:
        return f"the model {call['model']} named the words; the figure was read from the page", _about(call)
    return "the offline reader, by labels and layout" if origin == "offline" else origin, None if call is None else _about(call)


def _writer(manifest: Mapping[str, Any], script: Mapping[str, Any] | None) -> str:
    if script is None:
        return ""
    call = _last_call(manifest, "write")
    if script.get("writer") == "template" or call is None:
        return "the narration's templates"
    prompt = call["prompt"]
    return f"the model {call['model']} with prompt {prompt['file']} version {prompt['version']} ({prompt['sha256'][:12]})"


def _last_call(manifest: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    calls = [
        call for step in manifest["steps"] if step["kind"] == kind for attempt in step["attempts"] for call in attempt["calls"]
    ]
    return calls[-1] if calls else None


def _about(call: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: call[key] for key in ("provider", "model", "request_id", "at", "cost_usd")}
    return {**kept, "prompt": {key: call["prompt"][key] for key in ("file", "version", "sha256", "rendered")}}


def _release(manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    approval = manifest["approval"]
    return approval and {key: approval.get(key) for key in ("decision", "mode", "by", "at", "content", "edits")}


def _nearest(values: Mapping[str, Mapping[str, Any]], wanted: set[str], most: int = 5) -> Iterator[str]:
    """Values that begin with the same digits, for whoever mistyped or rounded."""
    heads = {figure.split(".")[0] for figure in wanted}
    close = [
        f"{ref} = {(value.get('evidence') or {}).get('quote') or value['value']}"
        for ref, value in values.items()
        if any(figure.split(".")[0] in heads for figure in figures_in(str((value.get("evidence") or {}).get("quote", ""))))
    ]
    yield from close[:most]
