"""What people decided about a release, answer by answer, and the edits that they sent back with.

    decisions.json   every answer but those with edits: approved, rejected, not taken, nobody answered; an approval that was taken back
                     says so in `void`
    edits.json       the edits: what stood where, what stands there now, by whom; and what the form shows again

A release is of one folder: of the run, or of one item of a map. Neither file is ever begun anew, whatever is asked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflow_orchestrator.record.run_folder import RunFolder

DECISIONS = "decisions.json"
EDITS = "edits.json"


def decisions_of(run: RunFolder) -> list[dict[str, Any]]:
    """The answers that are kept in `decisions.json`, the oldest first."""
    return list(run.read_json(DECISIONS)["decisions"]) if run.holds(DECISIONS) else []


def revisions_of(run: RunFolder) -> list[dict[str, Any]]:
    """The edits that were sent back, the oldest first, without the scripts that they lead to."""
    found = run.read_json(EDITS)["revisions"] if run.holds(EDITS) else []
    return [{key: value for key, value in revision.items() if key != "draft"} for revision in found]


def note_decision(run: RunFolder, decision: Mapping[str, Any]) -> None:
    """Adds an answer to `decisions.json`."""
    run.write_json(DECISIONS, {"decisions": [*decisions_of(run), dict(decision)]})


def void_approval(run: RunFolder, why: str) -> None:
    """Notes that the last approval holds no more."""
    decisions = decisions_of(run)
    for decision in reversed(decisions):
        if decision["decision"] == "approved" and not decision.get("void"):
            decision["void"] = why
            run.write_json(DECISIONS, {"decisions": decisions})
            return


def history_of(run: RunFolder) -> list[dict[str, Any]]:
    """Everything that was decided about the release, the oldest first; edits that were sent back as `sent_back`."""
    sent_back = [
        {"decision": "sent_back", **{key: revision[key] for key in ("by", "by_id", "at", "note", "state", "changes")}}
        for revision in revisions_of(run)
    ]
    return sorted([*decisions_of(run), *sent_back], key=lambda one: str(one["at"]))
