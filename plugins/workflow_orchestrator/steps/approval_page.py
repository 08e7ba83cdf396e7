"""The page above the form of a release: first what a person must decide, then all that is said and shown, then what it rests on.

last answer   why it was not taken
for whom      who asked, the document, for whom the video is, until when
decide        the rules that need a person, each with the words, its citation, and whether that is from memory
edits         what people changed: before and after
content       every slide with its words; values, corrections and checks; the other rules
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.literal import plain
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.steps.correction_form import correction_lines, label_of, worded

Link = Callable[[str], str]

_MOST_WARNINGS = 12  # of the document; one page can have several
_VERDICTS = ("compliance.json", "compliance_slides.json")
REPORT = "compliance.html"
_FILES = {
    "slides.pdf": "Slides",
    "source.pdf": "Source document",
    "values.json": "Values and evidence",
    REPORT: "Compliance report",
}


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the content.

    `document` is its name, `conf` the run's parameters, `until` when the time of the question is up. `one_person` says that who asked
    for the video may release it here. `edits` are those that the content has, `again` what was not taken of the last answer.
    """

    document: str
    conf: Mapping[str, Any]
    language: str
    requested_by: str | None
    groups: Sequence[str]
    until: datetime
    one_person: bool
    titles: Mapping[str, str] = field(default_factory=dict)  # of the places that may be edited, by name
    edits: Sequence[Mapping[str, Any]] = ()
    again: Mapping[str, Any] = field(default_factory=dict)


def review_page(run: RunFolder, content: str, show: Sequence[str], link: Link, fields: FieldSet, head: Head | None = None) -> str:
    """The page as Markdown.

    Args:
        run: the run's folder.
        content: the hash that is released.
        show: what the workflow shows: script, slides, data.
        link: gives the address of a file of the run.
        fields: the document kind.
        head: who, for whom and what was edited; left out, the page begins with the content.
    """
    from workflow_orchestrator.rendering.formats import format_of_deck
    from workflow_orchestrator.rendering.paging import paged
    from workflow_orchestrator.script.model import Script

    shape = format_of_deck(run.read_json("deck.json") if run.exists("deck.json") else None)
    script = paged(Script.from_json(run.read_json("script.json")), shape)
    results = [result for name in _VERDICTS if run.exists(name) for result in run.read_json(name)["results"]]
    validation = run.read_json("validation.json") if run.exists("validation.json") else {}
    lines = _last_answer(head) if head else []
    lines += [f"## {plain(script.title)}", "", _links(run, link), ""]
    lines += _for_whom(head) if head else []
    lines += _to_decide(results)
    lines += _edits(head.edits) if head else []
    for name, segment in zip(run.names("slides", ".png"), script.segments, strict=True):
        # Airflow shows pictures 300 points wide: a click opens the slide as it is.
        lines += [f"[![{plain(segment.heading)}]({link(name)})]({link(name)})", ""]
        lines += [plain(" ".join(sentence.shown for sentence in segment.sentences)), ""]
    if "data" in show:
        lines += ["## Values", "", *_value_rows(run.read_json("values.json"), fields), ""]
    lines += correction_lines(validation.get("corrections", ()), fields)
    lines += _check_lines(validation, fields)
    lines += ["## Compliance", "", *_compliance_rows(results), ""]
    lines += _how_to_answer(head) if head else []
    return "\n".join([*lines, f"You release exactly this content: `{content}`"])


def _last_answer(head: Head) -> list[str]:
    again = head.again
    if not again.get("said"):
        return []
    rows = []
    for item in again.get("problems", ()):
        place = head.titles.get(item["place"], item["place"]) or "The whole script"
        rows.append(f"| {plain(place)} | {plain(item['text']) or '–'} | {plain(item['why'])} |")
    table = ["| Place | Words | Why not |", "|---|---|---|", *rows, ""] if rows else []
    kept = " What was typed stands in the form again." if again.get("words") or again.get("reason") else ""
    return [f"**The last answer, of {plain(again['by'])}, was not taken.** {plain(again['said'])}.{kept}", "", *table]


def _links(run: RunFolder, link: Link) -> str:
    return " · ".join(f"[{title}]({link(name)})" for name, title in _FILES.items() if name != REPORT or run.exists(name))


def _for_whom(head: Head) -> list[str]:
    conf = head.conf
    places = ", ".join(str(place).upper() for place in conf.get("jurisdictions", ()))
    facts = {
        "Asked for by": plain(head.requested_by) if head.requested_by else "nobody: the schedule started it",
        "Document": plain(head.document),
        "Audience": plain(str(conf.get("audience", "retail"))),
        "Shown in": plain(places) or "everywhere that the rules know",
        "Language": head.language,
        "Asked are": plain(", ".join(head.groups)),
        "Time is up": f"{head.until:%d %B %Y, %H:%M} UTC; a timeout never means yes",
    }
    lines = ["| | |", "|---|---|", *(f"| **{name}** | {text} |" for name, text in facts.items()), ""]
    if head.one_person:
        lines += [
            "**One person may ask for this video and release it**, because this is no production profile; the record says so.",
            "",
        ]
    return lines


def _to_decide(results: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [
        f"| {result['rule']} | {plain(result['message'])} | {plain(result.get('words', '')) or '–'} | {_citation(result)} |"
        for result in results
        if result["outcome"] == "needs_approval"
    ]
    head = ["## For you to decide", "", "| Rule | What | Words | Citation |", "|---|---|---|---|"]
    return [*head, *rows, ""] if rows else []


def _citation(result: Mapping[str, Any]) -> str:
    memory = " **(from memory: counsel must confirm it)**" if result.get("source_status") == "memory" else ""
    return plain(result["citation"]) + memory


def _edits(revisions: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [
        f"| {plain(change['title'])} | {plain(change['before'])} | {_after(change)} | {plain(revision['by'])}, {plain(revision['at'])} |"
        for revision in revisions
        for change in revision["changes"]
    ]
    notes = [f"{plain(one['by'])} writes: {plain(one['note'])}" for one in revisions if one.get("note")]
    head = ["## Edited by people", "", "| Place | Before | Now | By |", "|---|---|---|---|"]
    return [*head, *rows, "", *(line for note in notes for line in (note, ""))] if rows else []


def _after(change: Mapping[str, Any]) -> str:
    return "*left out*" if change["after"] is None else plain(change["after"])


def _value_rows(values: Sequence[Mapping[str, Any]], fields: FieldSet) -> list[str]:
    read_by = {"model": "language model", "offline": "labels and layout", "person": "**a person**"}
    rows = []
    for item in values:
        ref, evidence = ".".join(filter(None, (item["field"], item["key"]))), item["evidence"]
        page = f"{evidence['page']} (scan, by OCR)" if evidence.get("source") == "ocr" else evidence["page"]
        rows.append(
            f"| {plain(label_of(ref, fields))} | {plain(evidence['quote'])} | {page} | {read_by[item['origin']]} |"
        )
    return ["| Value | Printed words | Page | Read by |", "|---|---|---|---|", *rows]


def _check_lines(validation: Mapping[str, Any], fields: FieldSet) -> list[str]:
    """What the readers said of the document, and what the business rules found and did not stop for, with the release that the
    values were compared with.
    """
    previous, findings = validation.get("previous"), validation.get("findings", ())
    warnings = validation.get("warnings", ())
    lines = [f"- **Document**: {plain(warning)}" for warning in warnings[:_MOST_WARNINGS]]
    if len(warnings) > _MOST_WARNINGS:
        lines += [f"- **Document**: {len(warnings) - _MOST_WARNINGS} more warnings stand in `document.json`"]
    if warnings:
        lines += [""]
    if previous:
        lines += [f"Compared with the release of {previous['as_of']} (run `{plain(previous['run_id'])}`).", ""]
    if findings:
        lines += ["| Rule | What |", "|---|---|"]
        lines += [f"| {finding['rule']} | {plain(worded(finding['message'], fields))} |" for finding in findings]
        lines += [""]
    return ["## Checks", "", *lines] if lines else []


def _compliance_rows(results: Sequence[Mapping[str, Any]]) -> list[str]:
    passed = sum(result["outcome"] == "pass" for result in results)
    rows = [
        f"| {result['rule']} | {result['outcome']} | {plain(result['message'])} | {_citation(result)} |"
        for result in results
        if result["outcome"] not in ("pass", "needs_approval")
    ]
    needed = len(results) - passed - len(rows)
    head = f"{passed} rules passed, {needed} need a decision, {len(rows)} warn."
    return [head, "", "| Rule | Outcome | What | Citation |", "|---|---|---|---|", *rows] if rows else [head]


def _how_to_answer(head: Head) -> list[str]:
    lines = [
        "## How to answer",
        "",
        "- **Approve**: the video is made of exactly this content. A note is kept in the record.",
        "- **Reject**: the run ends. It is not taken without a reason.",
    ]
    if head.titles:
        lines += [
            "- **Send back with edits**: change sentences in the form. Figures are bound to the document again, all checks are made "
            "again, and the question is put again about the new slides. Who edits does not release.",
        ]
    return [*lines, ""]
