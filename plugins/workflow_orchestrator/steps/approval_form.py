"""The form of a release: the reason or note, and the words that may be edited; and what an answer to it holds.

A field that an answer does not have is one that nobody touched: another program sends only what it changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workflow_orchestrator.steps.revision_edit import Spot, flat, typed
from workflow_orchestrator.steps.work import Answer

APPROVE = "Approve"
REJECT = "Reject"
SEND_BACK = "Send back with edits"
REASON = "reason"
_LONGEST_REASON = 4_000
_HOW_TO_EDIT = (
    "Edit it and press “Send back with edits”. Write a figure as it is printed here, or as {reference}; the spoken words are made from it."
)


def options(*, editable: bool) -> tuple[str, ...]:
    """What may be answered."""
    return (APPROVE, REJECT, SEND_BACK) if editable else (APPROVE, REJECT)


def form_for(spots: Sequence[Spot], again: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The form's fields. `again` is what is shown again of an answer that was not taken; no field is forced."""
    form = {
        REASON: {
            "value": again.get("reason") or None,
            "description": "Reject: why, it is not taken without. Otherwise a note for the record, if you like.",
            "schema": {"type": ["null", "string"], "title": "Reason or note", "format": "multiline"},
        }
    }
    words, problems = again.get("words", {}), again.get("problems", ())
    for spot in spots:
        why = "; ".join(f"“{item['text']}” {item['why']}" for item in problems if item["place"] == spot.name)
        how = "Edit it." if spot.sentence is None else f"{_HOW_TO_EDIT} Empty it to leave the sentence out."
        form[spot.name] = {
            "value": words.get(spot.name, spot.text) or None,
            "description": f"NOT TAKEN: {why}. {how}" if why else how,
            "schema": {"type": ["null", "string"], "title": spot.title, "format": "multiline"},
        }
    return form


@dataclass(frozen=True, slots=True)
class Sheet:
    """An answer, read: the reason or note, the words that differ from the script, and names that are no place of it."""

    reason: str
    edits: Mapping[str, str]
    unknown: tuple[str, ...]

    @classmethod
    def of(cls, answer: Answer, spots: Sequence[Spot]) -> Sheet:
        known = {spot.name: spot for spot in spots}
        reason = typed(answer.values.get(REASON))
        if len(reason) > _LONGEST_REASON:
            reason = f"{reason[:_LONGEST_REASON]}… (cut at {_LONGEST_REASON:,} characters)"
        given = {name: typed(raw) for name, raw in answer.values.items() if name in known}
        edits = {name: words for name, words in given.items() if flat(words) != flat(known[name].text)}
        unknown = [name for name in answer.values if name != REASON and name not in known]
        return cls(reason, edits, tuple(unknown))
