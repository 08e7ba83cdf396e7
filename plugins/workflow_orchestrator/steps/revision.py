"""Edits that were sent back: kept, made, or dropped because the script was written anew meanwhile.

    edits.json
       revisions   one for each answer that edited: by, at, note, the changes, the hash of `script.json` before (`base`) and after
                   (`script`), and its state
                     pending   taken, and the content is not made yet; `draft` has the script that it becomes
                     applied   the content is made
                     void      the script was written anew, or the slides could not be made; `why` says so
       form        what the form shows again after an answer that was not taken: words, reason, problems

An answer is one write of this file. The next attempt makes the content; killed at any point, the attempt after it does the same again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.definition.model import SlideStep
from workflow_orchestrator.errors import ComplianceBlockedError, RenderError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.record.decisions import EDITS
from workflow_orchestrator.steps.revision_edit import Draft, Problem, maker_of, render
from workflow_orchestrator.steps.work import Answer, Work

_ANEW = "the script was written anew, so that these edits are of other words"


def propose(work: Work, answer: Answer, draft: Draft, *, base: str, note: str) -> None:
    """Keeps edits that stand up; `settle` makes them."""
    from workflow_orchestrator.canonical import to_bytes

    kept = _read(work.run)
    kept["revisions"].append(
        {
            "by": answer.by,
            "by_id": answer.by_id,
            "at": answer.at,
            "note": note,
            "base": base,
            "values": sha256(work.run.read("values.json")),
            "script": sha256(to_bytes(draft.script)),
            "state": "pending",
            "changes": list(draft.changes),
            "draft": {"script": draft.script, "compliance": draft.compliance},
        }
    )
    kept["form"] = None
    work.run.write_json(EDITS, kept)


def settle(work: Work) -> None:
    """Makes the pending edits, and drops those that are of another script.

    Raises:
        RenderError: the slides of a script that is in place already cannot be made.
        ComplianceBlockedError: they do not show its words.
    """
    if not work.run.holds(EDITS):
        return
    kept = _read(work.run)
    now = sha256(work.run.read("script.json"))
    for revision in kept["revisions"]:
        if revision["state"] == "pending":
            _make(work, revision, now)
            work.run.write_json(EDITS, kept)
            now = sha256(work.run.read("script.json"))
    held = _chain(kept["revisions"], now)
    for revision in kept["revisions"]:
        if revision["state"] == "applied" and revision not in held:
            revision |= {"state": "void", "why": _ANEW}
    work.run.write_json(EDITS, kept)


def edits_in_force(run: RunFolder) -> list[dict[str, Any]]:
    """The edits that the script has, the oldest first."""
    return _chain(_read(run)["revisions"], sha256(run.read("script.json"))) if run.holds(EDITS) else []


def keep_form(
    work: Work, answer: Answer, *, base: str, words: Mapping[str, str], reason: str, problems: Sequence[Problem], said: str
) -> None:
    """Keeps what was typed in an answer that is not taken, and why: the form shows both again."""
    kept = _read(work.run)
    kept["form"] = {
        "by": answer.by,
        "at": answer.at,
        "base": base,
        "words": dict(words),
        "reason": reason,
        "problems": [problem.to_json() for problem in problems],
        "said": said,
    }
    work.run.write_json(EDITS, kept)


def form_again(run: RunFolder, base: str) -> dict[str, Any]:
    """What the form shows again of the last answer; empty where there is nothing, or the script is another by now."""
    form = _read(run)["form"] if run.holds(EDITS) else None
    if not form:
        return {}
    return dict(form) if form["base"] == base else {**form, "words": {}, "problems": []}


def clear_form(run: RunFolder) -> None:
    """Forgets what was typed: the answer was taken."""
    if run.holds(EDITS):
        kept = _read(run)
        if kept["form"]:
            run.write_json(EDITS, {**kept, "form": None})


def _read(run: RunFolder) -> dict[str, Any]:
    kept: dict[str, Any] = run.read_json(EDITS) if run.holds(EDITS) else {"revisions": [], "form": None}
    return kept


def _make(work: Work, revision: dict[str, Any], now: str) -> None:
    """Makes the content of one revision, or says why it is void."""
    slides = maker_of(work, "slides", SlideStep)
    # The hash after it: an attempt before this one was killed while it made the content.
    begun = now == revision["script"]
    same = revision["values"] == sha256(work.run.read("values.json"))
    if slides is None or not same or now not in (revision["base"], revision["script"]):
        revision |= {"state": "void", "why": _ANEW}
    else:
        try:
            storage, report = render(work, slides, revision["draft"]["script"], revision["draft"]["compliance"])
        except (RenderError, ComplianceBlockedError) as error:
            if begun:
                raise
            revision |= {"state": "void", "why": f"its slides cannot be made: {error.message}"}
        else:
            storage.commit()
            work.report.artifacts += report.artifacts
            revision["state"] = "applied"
    revision.pop("draft", None)


def _chain(revisions: Sequence[dict[str, Any]], now: str) -> list[dict[str, Any]]:
    """The revisions that lead to the script of now, the oldest first."""
    found = []
    for revision in reversed(revisions):
        if revision["state"] == "applied" and revision["script"] == now:
            found.append(revision)
            now = revision["base"]
    return found[::-1]
