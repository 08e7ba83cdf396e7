"""The form for values that a person must look at: its fields, and the page above them that says what, where and why.

last answer   what of it was not taken, and why
what is asked one row per finding: the values with what was read, why it stopped the run, what to do
pictures      the places that these values were read from, framed; scales that only a person can read
fields        printed words and page of each value, filled with what was typed last or else with what was read
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.fields import FieldSet, FieldSpec
from workflow_orchestrator.literal import plain
from workflow_orchestrator.steps.correction import NAMED, PAGE, Corrections
from workflow_orchestrator.values import Kind, Value

if TYPE_CHECKING:
    from workflow_orchestrator.extraction.seen import SeenScale

_SHOWN = 4  # values of one finding that are listed one by one
_COMPARE = "Read by OCR, which may misread or miss words: compare it with the page, and send it as it is to confirm it"
_READ = 90  # characters of a value that are shown
_WHAT_TO_DO = {
    "error": "Cannot be right: correct it",
    "needs_person": "May be right: correct it, or send it as it is to confirm it",
}
_HOW = {
    Kind.TEXT: "The name as it is printed.",
    Kind.PARAGRAPH: "The sentences as they are printed, from the first word to the last; line breaks do not matter.",
    Kind.ISIN: "12 characters, such as IE00B4L5Y983.",
    Kind.IDENTIFIER: "The identifier as it is printed, with its prefix or address: arXiv:2407.10671v4, https://doi.org/10.1145/1542476.1542528.",
    Kind.CURRENCY: "The currency as it is printed: EUR, US Dollar, £.",
    Kind.DATE: "The day as it is printed: 31 October 2026, 31.10.2026.",
    Kind.PERCENT: "The figure as it is printed, in per cent: 5.95, 5,95 %, (4.3), -0.80%. Comma or point as in the document.",
    Kind.RATIO: "The figure as it is printed, without a unit: 0.61, 0,61.",
    Kind.MONEY: "The amount as it is printed, with its currency and its scale word: EUR 412.6 m, 90,95 Mio. EUR, $1,234.56.",
    Kind.INTEGER: "The whole number as it is printed.",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture of the page: its file in the run, the page, and the references of what it frames."""

    name: str
    page: int
    refs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form is about: the findings, the references it asks for, the scales it offers, and the pictures that there are.

    `by_ocr` are the references of words that OCR read and that only a person can confirm.
    """

    findings: Sequence[Mapping[str, Any]]
    refs: Sequence[str]
    left_out: Sequence[Mapping[str, Any]]
    scales: Mapping[str, SeenScale]
    shown: Sequence[Shown] = ()
    pages: Sequence[str] = ()
    no_pictures: str = ""
    by_ocr: Sequence[str] = ()


def label_of(ref: str, fields: FieldSet) -> str:
    """What to call a value: the field's title, and which of its values."""
    name = ref.partition(".")[0]
    if name not in fields:
        return ref
    title, own = fields[name].title["en"], fields.title_of(ref, "en")
    return title if title == own else f"{title}, {own}"


def worded(text: str, fields: FieldSet) -> str:
    """A message with the titles of fields in place of their names in the schema."""
    # A name that is a plain word of its own title ("currency") reads well as it is, unless it is a reference with its key.
    names = [name for name in fields if name not in fields[name].title["en"].casefold() or f"{name}." in text]
    if not names:
        return text
    for name in names:
        text = text.replace(f"{label_of(name, fields)} ({name})", label_of(name, fields))
    pattern = rf"(?<![\w.@/-])(?:{'|'.join(map(re.escape, sorted(names, key=len, reverse=True)))})(?:\.[\w-]+)?(?!\w)"
    return re.sub(pattern, lambda found: label_of(found[0], fields), text)


def wanted_refs(findings: Sequence[Mapping[str, Any]], fields: FieldSet) -> list[str]:
    """The references that a person is asked for: those of each finding that stopped the run; a whole period field gives all its keys."""
    refs: dict[str, None] = {}
    for finding in findings:
        if finding["severity"] == "warning":
            continue
        for ref in finding["refs"]:
            name, _, key = ref.partition(".")
            spec = fields[name]
            if spec.keyed == "period" and not key:
                refs.update(dict.fromkeys(f"{name}.{key}" for key in spec.keys))
            elif not spec.keyed or key:
                refs[ref] = None
    return list(refs)


def form_for(asked: Asked, fields: FieldSet, pages: int, corrections: Corrections) -> dict[str, dict[str, Any]]:
    """The form's fields: the printed words of each value, and the page that prints them; no field is forced."""
    form: dict[str, dict[str, Any]] = {}
    for ref in asked.refs:
        label, spec = label_of(ref, fields), fields[ref.partition(".")[0]]
        words, page = _filled(ref, corrections)
        shape: dict[str, Any] = {"format": "multiline"} if spec.kind is Kind.PARAGRAPH else {}
        scale = asked.scales.get(ref)
        form[ref] = {
            "value": words or None,
            "description": _description(ref, spec, asked, corrections, fields),
            "schema": {"type": ["null", "string"], "title": f"{label}: as printed", **shape},
        }
        form[f"{ref}{PAGE}"] = {
            "value": page if page is not None else scale.page if scale else None,
            "description": f"The page that prints it, 1 to {pages}.",
            "schema": {
                "type": ["null", "integer"],
                "minimum": 1,
                "maximum": pages,
                "title": f"{label}: page",
            },
        }
        if _needs_a_name(ref, corrections):
            form[f"{ref}{NAMED}"] = {
                "value": corrections.typed.get(ref, {}).get("named") or None,
                "description": "Words on the same row or above that say what this value is, as they are printed.",
                "schema": {"type": ["null", "string"], "title": f"{label}: named by"},
            }
    return form


def _needs_a_name(ref: str, corrections: Corrections) -> bool:
    """Whether the words that name a value are asked for too: the page did not prove it by the labels of the schema."""
    proof = any(item["ref"] == ref and item.get("proof") for item in corrections.problems)
    return proof or bool(corrections.typed.get(ref, {}).get("named"))


def _filled(ref: str, corrections: Corrections) -> tuple[str, int | None]:
    """What stands in the form at first: what was typed last, or else what was read."""
    if ref in corrections.typed:
        typed = corrections.typed[ref]
        return typed["words"], typed["page"]
    value = corrections.present.get(ref)
    return (value.evidence.quote, value.evidence.page) if value else ("", None)


def _description(ref: str, spec: FieldSpec, asked: Asked, corrections: Corrections, fields: FieldSet) -> str:
    problem = next((item["message"] for item in corrections.problems if item["ref"] == ref), "")
    parts = [f"NOT TAKEN: {worded(problem, fields)}."] if problem else []
    parts += [f"{_COMPARE}."] if ref in asked.by_ocr else []
    parts += [spec.description, how_to_enter(spec)]
    scale = asked.scales.get(ref)
    if scale and scale.marked:
        parts.append(f"The reader takes step {scale.marked} for the marked one; enter the step that you see.")
    if ref in corrections.extracted:
        parts.append("Empty it if the document does not print it.")
    return " ".join(part for part in parts if part)


def how_to_enter(spec: FieldSpec) -> str:
    """In which form a value of this field is typed."""
    from workflow_orchestrator.extraction.seen import is_scale

    if is_scale(spec):
        return f"The marked step of the scale, 1 to {spec.maximum}, also where the scale is a picture."
    if spec.kind is Kind.CHOICE:
        return f"One of: {', '.join(choice.title['en'] for choice in spec.choices)}, in the words of the document."
    return _HOW[spec.kind]


def page_of_question(
    asked: Asked,
    fields: FieldSet,
    corrections: Corrections,
    refused: Mapping[str, Any] | None,
    link: Callable[[str], str],
) -> str:
    """The question as Markdown. `link` gives the address of a file of the run; `refused` is the error of the try before."""
    lines = _last_answer(fields, corrections, refused)
    pages = [f"[{number}]({link(name)})" for number, name in enumerate(asked.pages, start=1)]
    lines += [
        " · ".join([f"[Source document]({link('source.pdf')})", *(["Pages " + " ".join(pages)] if pages else [])]),
        "",
    ]
    lines += _what_is_asked(asked, fields, corrections)
    lines += _pictures(asked, fields, link)
    lines += _offered(asked, fields)
    lines += _left_out(asked, fields)
    lines += [
        "### What to enter",
        "",
        "Each value in the words of the document, and the number of its page. The platform looks the words up on that page and reads "
        "the figure from them; then all rules are checked again. What you leave as it is counts as confirmed by you.",
    ]
    return "\n".join(lines)


def _last_answer(fields: FieldSet, corrections: Corrections, refused: Mapping[str, Any] | None) -> list[str]:
    if not refused:
        return []
    if refused["error"] != "CorrectionError":
        return [f"**Asked again.** {plain(worded(refused['message'], fields))}", ""]
    who = f" of {plain(corrections.answers[-1]['by'])}" if corrections.answers else ""
    if not corrections.problems:
        return [f"**The last answer{who} was read, but the values are still not enough** for the reasons below.", ""]
    rows = [
        f"| {plain(label_of(item['ref'], fields))} | {_brief(item['words'])} | {item['page'] or '–'} | "
        f"{plain(worded(item['message'], fields))} |"
        for item in corrections.problems
    ]
    head = (
        f"**Not everything in the last answer{who} could be taken.** The rest is kept; nothing has to be typed again."
    )
    return [head, "", "| Value | Entered | Page | Why not |", "|---|---|---|---|", *rows, ""]


def _what_is_asked(asked: Asked, fields: FieldSet, corrections: Corrections) -> list[str]:
    rows = [
        f"| {_values_of(finding, fields, corrections)} | {plain(worded(finding['message'], fields))} | "
        f"{_todo(finding, asked, corrections)} |"
        for finding in asked.findings
        if finding["severity"] != "warning"
    ]
    return (
        ["### What stopped the run", "", "| Value, as read | Why | What to do |", "|---|---|---|", *rows, ""]
        if rows
        else []
    )


def _todo(finding: Mapping[str, Any], asked: Asked, corrections: Corrections) -> str:
    if any(ref in corrections.removed for ref in finding["refs"]):
        return "Removed; checked with the next answer"
    if not any(_names(ref, corrections) for ref in finding["refs"]):
        return "Enter it"
    if any(ref in (known, known.partition(".")[0]) for ref in finding["refs"] for known in asked.by_ocr):
        return _COMPARE
    return _WHAT_TO_DO.get(finding["severity"], "")


def _names(ref: str, corrections: Corrections) -> bool:
    return ref in corrections.present or bool(corrections.present.of(ref))


def _values_of(finding: Mapping[str, Any], fields: FieldSet, corrections: Corrections) -> str:
    refs = finding["refs"]
    told = [f"{plain(label_of(ref, fields))}: {_read(corrections.present.get(ref))}" for ref in refs[:_SHOWN]]
    more = f" and {len(refs) - _SHOWN} more" if len(refs) > _SHOWN else ""
    return "; ".join(told) + more


def _read(value: Value | None) -> str:
    if value is None:
        return "nothing"
    by = ", entered by a person" if value.origin == "person" else ""
    return f"“{_brief(value.evidence.quote)}” on page {value.evidence.page}{by}"


def _brief(text: str) -> str:
    text = " ".join(text.split())
    return plain(text if len(text) <= _READ else text[: _READ - 1] + "…")


def _pictures(asked: Asked, fields: FieldSet, link: Callable[[str], str]) -> list[str]:
    lines = []
    for shown in asked.shown:
        names = list(dict.fromkeys(label_of(ref, fields) for ref in shown.refs))
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        caption = f"Page {shown.page}: {plain(', '.join(names[:_SHOWN]))}{more}"
        lines += [caption, "", f"[![{caption}]({link(shown.name)})]({link(shown.name)})", ""]
    if lines:
        return ["### Where it stands (a click enlarges)", "", *lines]
    return [f"There are no pictures of the pages: {plain(asked.no_pictures)}", ""] if asked.no_pictures else []


def _offered(asked: Asked, fields: FieldSet) -> list[str]:
    """Scales that stopped nothing, and that only a person can read."""
    lines = []
    for ref, scale in asked.scales.items():
        label = plain(label_of(ref, fields))
        if scale.marked:
            lines.append(
                f"- **{label}** is drawn on page {scale.page}, and no printed words say which step is marked. The reader takes step "
                f"{scale.marked} of {len(scale.boxes)} for it. It is used only if you enter the step that you see."
            )
        else:
            lines.append(
                f"- **{label}**: page {scale.page} names it, and no printed words give its step. If a scale is drawn there, enter the "
                f"step that you see."
            )
    return ["### Only a person can read this", "", *lines, ""] if lines else []


def _left_out(asked: Asked, fields: FieldSet) -> list[str]:
    wanted = {ref.partition(".")[0] for ref in asked.refs}
    items = [
        item for item in asked.left_out if item["ref"].partition(".")[0] in wanted and item["ref"] not in asked.scales
    ]
    rows = [
        f"| {plain(label_of(item['ref'], fields))} | {_brief(item['quote'])} | {item['page']} | "
        f"{plain(worded(item['reason'], fields))} |"
        for item in items[:20]
    ]
    if not rows:
        return []
    head = "### Seen in the document, but not certain enough to be used"
    return [head, "", "| Value | Words | Page | Why not |", "|---|---|---|---|", *rows, ""]


def correction_lines(changes: Sequence[Mapping[str, Any]], fields: FieldSet) -> list[str]:
    """For whoever releases the video: what people entered, confirmed or removed, who and when, and what was read before."""
    rows = [
        f"| {plain(label_of(change['ref'], fields))} | {_told(change['before'])} | {_told(change['after'])} | {change['action']} by "
        f"{plain(change['by'])} | {plain(change['at'])} |"
        for change in changes
    ]
    head = ["## Entered by people", "", "| Value | Read before | Now | What | When |", "|---|---|---|---|---|"]
    return [*head, *rows, ""] if rows else []


def _told(value: Mapping[str, Any] | None) -> str:
    return f"“{_brief(value['words'])}” on page {value['page']}" if value else "nothing"
