"""The compliance report of a run as data: every rule of its packs with verdict, what it looked at, where, and the citation.

    request · document · values · validation ─┐
    compliance.json        the script         │
    compliance_slides.json slides.pdf, .pptx  ├─► build_report ─► compliance_report.json ─► report_page ─► compliance.html
    compliance_video.json  the finished film  │
    approval.json · decisions.json            ┘

It is made of the run's own files and its packs alone, so the same files give the same bytes. It exists before the release is asked for,
and is made again at the end, however that was; what did not come to pass is told as such.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflow_orchestrator.compliance.model import Elsewhere, Outcome, Pack, Rule, SourceStatus
from workflow_orchestrator.compliance.report_places import Places
from workflow_orchestrator.errors import DocumentNotFoundError
from workflow_orchestrator.record.decisions import history_of
from workflow_orchestrator.record.run_folder import RunFolder
from workflow_orchestrator.rendering.formats import format_of_deck
from workflow_orchestrator.script.model import Script
from workflow_orchestrator.values import Kind

FORMAT = 1
NOT_APPLICABLE, OTHER_SCOPE, NOT_JUDGED = "not_applicable", "other_scope", "not_judged"
STATES = (*(outcome.value for outcome in reversed(Outcome)), NOT_JUDGED, NOT_APPLICABLE, OTHER_SCOPE)
"""How a rule stands: an outcome; nothing was there to judge; its case did not arise; it is for another audience, place or language."""
CHECKED = {"slides": "compliance_slides.json", "video": "compliance_video.json"}


@dataclass(frozen=True, slots=True)
class About:
    """What the run's folder does not say itself.

    `label` gives a value's title, `worded` a message with titles in place of the names of fields.
    `definition` and `content` are hashes, `content` empty where there is nothing to release. `write_steps` are the steps that wrote
    scripts, for the error of one that was refused. `ending` has the run's `outcome` and `error`, once it has ended. `items` are the
    names of other reports of the same run.
    """

    workflow: str
    title: str
    owner: str
    definition: str
    packs: Sequence[Pack]
    label: Callable[[str], str]
    worded: Callable[[str], str] = str
    content: str = ""
    write_steps: Sequence[str] = ()
    ending: Mapping[str, Any] | None = None
    items: Sequence[str] = field(default_factory=tuple)


def build_report(run: RunFolder, about: About) -> dict[str, Any]:
    """The report as JSON-safe data.

    Args:
        run: the folder of the run, or of one item of a map.
        about: the rest.
    """
    script = _optional(run, "script.json")
    shape = format_of_deck(_optional(run, "deck.json"))
    places = Places.of(Script.from_json(script) if script else None, about.label, shape)
    judged = _judged(run, about)
    request = _optional(run.root, "request.json") or {}
    scope = _scope(judged, request, script)
    rendered = {name: _optional(run, file) for name, file in CHECKED.items()}
    rules = list(_rules(about, judged, scope, places))
    return {
        "format": FORMAT,
        "run": _run(run, request, about),
        "document": _document(run, request),
        "scope": scope,
        "ending": about.ending,
        "verdict": _verdict(judged, rendered),
        "counts": _counts(rules),
        "packs": [{"name": pack.name, "title": pack.title, "version": pack.version} for pack in about.packs],
        "rules": rules,
        "elsewhere": list(_elsewhere(about.packs, rendered, places)),
        "withheld": [{**row, "label": about.label(row["ref"])} for row in (judged or {}).get("withheld", ())],
        "script": _script(script),
        "slides": _slides(run, places),
        "values": list(_values(run, places)),
        "corrections": list(_corrections(run, about.label)),
        "content": about.content,
        "approval": _approval(run),
        "decisions": history_of(run),
        "mark": (_optional(run, "video.json") or {}).get("mark"),
        "item_reports": list(about.items),
    }


def _optional(run: RunFolder, name: str) -> Any:
    try:
        return run.read_json(name)
    except DocumentNotFoundError:
        return None


def _judged(run: RunFolder, about: About) -> dict[str, Any] | None:
    """The verdict on the script. One that was refused as a model's answer left no file, and the step's error has what blocked it."""
    kept: dict[str, Any] | None = _optional(run, "compliance.json")
    errors = (run.last_error(step) for step in about.write_steps)
    refused = next((error["results"] for error in errors if error and error.get("results")), None)
    if refused is None:
        return kept
    blocked = {row["rule"] for row in (kept or {}).get("results", ()) if row["outcome"] == Outcome.BLOCK}
    if kept and blocked == {row["rule"] for row in refused}:
        return kept
    return {"outcome": Outcome.BLOCK.value, "results": refused, "partial": True}


def _scope(judged: Mapping[str, Any] | None, request: Mapping[str, Any], script: Mapping[str, Any] | None) -> dict[str, Any]:
    known = (judged or {}).get("scope")
    if known:
        return dict(known)
    conf = request.get("conf", {})
    language = (script or {}).get("language") or conf.get("language", "")
    return {
        "language": "" if language == "document" else language, "jurisdictions": list(conf.get("jurisdictions") or ()),
        "audience": conf.get("audience", "retail"),
    }


def _run(run: RunFolder, request: Mapping[str, Any], about: About) -> dict[str, Any]:
    return {
        "id": run.run_id, "item": run.scope, "workflow": about.workflow, "title": about.title, "owner": about.owner,
        "definition": about.definition, "asked_for_by": request.get("triggered_by"), "profile": request.get("profile", ""),
    }


def _document(run: RunFolder, request: Mapping[str, Any]) -> dict[str, Any]:
    source = request.get("source") or {}
    read = _optional(run, "document.json") or {}
    return {
        "name": source.get("name", ""), "sha256": source.get("sha256", ""), "language": read.get("language") or "",
        "pages": len(read["pages"]) if "pages" in read else None,
    }


def _verdict(judged: Mapping[str, Any] | None, rendered: Mapping[str, Any]) -> dict[str, str]:
    """The gravest outcome of each that was judged, and of all together."""
    parts = {"script": judged, **rendered}
    found = {name: str(data["outcome"]) if data else NOT_JUDGED for name, data in parts.items()}
    known = [Outcome(text) for text in found.values() if text != NOT_JUDGED]
    worst = max(known, key=lambda outcome: outcome.rank).value if judged and known else NOT_JUDGED
    return {"overall": worst, **found}


def _counts(rules: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    states = Counter(rule["state"] for rule in rules)
    memory = sum(rule["source_status"] == SourceStatus.MEMORY and rule["state"] != OTHER_SCOPE for rule in rules)
    return {**{state: states[state] for state in STATES}, "rules": len(rules), "from_memory": memory}


def _rules(
    about: About, judged: Mapping[str, Any] | None, scope: Mapping[str, Any], places: Places
) -> Iterator[dict[str, Any]]:
    """Every rule of the packs in their order, and behind them those that were judged by packs that are not these any more."""
    data = judged or {}
    by_rule: dict[str, list[Mapping[str, Any]]] = {}
    for row in data.get("results", ()):
        by_rule.setdefault(row["rule"], []).append(row)
    idle = set(data.get("not_applicable", ()))
    for pack in about.packs:
        for rule in pack.rules:
            rows = by_rule.pop(rule.id, [])
            state = _state(rule, rows, idle, scope)
            yield {**_named(rule, pack), "state": state, **_said(rows, about, places)}
    for name, rows in by_rule.items():
        first = rows[0]
        yield {
            "rule": name, "title": first.get("title", ""), "pack": first.get("pack", ""), "citation": first["citation"],
            "source_status": first["source_status"], "severity": first.get("severity", ""),
            "jurisdictions": first.get("jurisdictions", []), "audience": first.get("audience", []), "state": _gravest(rows),
            **_said(rows, about, places),
        }


def _named(rule: Rule, pack: Pack) -> dict[str, Any]:
    return {
        "rule": rule.id, "title": rule.title, "pack": pack.label, "citation": rule.citation,
        "source_status": rule.source_status.value, "severity": rule.severity.value,
        "jurisdictions": list(rule.jurisdictions), "audience": list(rule.audience),
    }


def _state(rule: Rule, rows: Sequence[Mapping[str, Any]], idle: set[str], scope: Mapping[str, Any]) -> str:
    if rows:
        return _gravest(rows)
    if rule.id in idle:
        return NOT_APPLICABLE
    # A run that stopped before its language was known: then the rule could be about it in any.
    language = scope["language"] or rule.languages[0]
    places = tuple(scope["jurisdictions"]) or rule.jurisdictions
    concerned = rule.concerns(language=language, jurisdictions=places, audience=scope["audience"])
    return NOT_JUDGED if concerned else OTHER_SCOPE


def _gravest(rows: Iterable[Mapping[str, Any]]) -> str:
    return max((Outcome(row["outcome"]) for row in rows), key=lambda outcome: outcome.rank).value


def _said(rows: Sequence[Mapping[str, Any]], about: About, places: Places) -> dict[str, Any]:
    first: Mapping[str, Any] = rows[0] if rows else {}
    return {
        "looked_at": about.worded(first.get("looked_at", "")), "refs": list(first.get("refs", ())),
        "findings": [
            {
                "outcome": row["outcome"], "message": about.worded(row["message"]), "words": row["words"], "where": row.get("where", ""),
                "place": places.name(row.get("where", "")),
            }
            for row in rows if row["outcome"] != Outcome.PASS
        ],
    }


def _elsewhere(packs: Sequence[Pack], rendered: Mapping[str, Any], places: Places) -> Iterator[dict[str, Any]]:
    """What no script shows to be met; where slides or film were read back for it, with the results."""
    rows = [{"of": of, **row} for of, data in rendered.items() for row in (data or {}).get("results", ())]
    known = {item.id for pack in packs for item in pack.elsewhere}
    for pack in packs:
        for item in pack.elsewhere:
            yield {**_held(item, pack), "checks": [_check(row, places) for row in rows if row["rule"] == item.id]}
    for name in dict.fromkeys(row["rule"] for row in rows if row["rule"] not in known):
        own = [row for row in rows if row["rule"] == name]
        yield {
            "rule": name, "title": own[0]["title"], "citation": own[0]["citation"], "source_status": own[0]["source_status"],
            "held_by": "the check of what was rendered", "pack": own[0]["pack"], "checks": [_check(row, places) for row in own],
        }


def _held(item: Elsewhere, pack: Pack) -> dict[str, Any]:
    return {**item.to_json(), "pack": pack.label}


def _check(row: Mapping[str, Any], places: Places) -> dict[str, Any]:
    kept = {key: row[key] for key in ("of", "outcome", "message", "words", "looked_at")}
    return {**kept, "place": places.name(row["where"])}


def _script(script: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if script is None:
        return None
    return {
        "title": script["title"], "subject": script["subject"], "language": script["language"], "writer": script["writer"],
        "notes": list(script.get("notes", ())),
    }


def _slides(run: RunFolder, places: Places) -> list[dict[str, Any]]:
    headings = {number: heading for number, heading in places.slides.values()}
    return [
        {"file": name, "number": number, "heading": headings.get(number, "")}
        for number, name in enumerate(run.names("slides", ".png"), start=1)
    ]


def _values(run: RunFolder, places: Places) -> Iterator[dict[str, Any]]:
    for item in _optional(run, "values.json") or ():
        ref, evidence = ".".join(filter(None, (item["field"], item["key"]))), item["evidence"]
        whole = "" if item["kind"] == Kind.PARAGRAPH else " ".join(filter(None, (item["value"], item["unit"])))
        name = item["value"] if item["kind"] == Kind.TEXT else ""
        yield {
            "ref": ref, "label": places.label(ref), "value": whole, "printed": evidence["quote"], "page": evidence["page"],
            "source": evidence.get("source", "text"), "origin": item["origin"], "slides": places.tell(ref, name),
        }


def _corrections(run: RunFolder, label: Callable[[str], str]) -> Iterator[dict[str, Any]]:
    for change in (_optional(run, "validation.json") or {}).get("corrections", ()):
        yield {
            "label": label(change["ref"]), "action": change["action"], "by": change["by"], "at": change["at"],
            **{side: _told(change[side]) for side in ("before", "after")},
        }


def _told(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {"words": value["words"], "page": value["page"]} if value else None


def _approval(run: RunFolder) -> dict[str, Any] | None:
    """The last decision, without the answers before it: these are told on their own."""
    approval = _optional(run, "approval.json")
    return {key: value for key, value in approval.items() if key not in ("history", "release")} if approval else None
