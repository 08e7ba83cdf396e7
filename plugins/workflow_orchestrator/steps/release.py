"""A release: one hash over everything that is said, shown and handed out, and the approval that holds for exactly that hash.

    approval.json   decision      approved or rejected
                    mode          person, or auto (the demo profile)
                    by, by_id, at, note or reason, four_eyes, requested_by (null: the schedule), edits (how many answers edited)
                    content       the hash; `shown` lists the files behind it
                    release       the keys under which it is kept for later documents
                    history       every answer before it: rejections, edits that were sent back, answers not taken, void approvals

What is released is also kept outside the run, for the next document of the same to be compared with (`record/releases.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.errors import ApprovalError, AutoApprovalRefusedError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.record.decisions import history_of, note_decision, void_approval

if TYPE_CHECKING:
    from workflow_orchestrator.steps.work import Work

FIXED = ("script.json", "values.json", "compliance.json", "slides.pdf", "slides.pptx")
MOTION = "slides/motion.zip"
IF_THERE = ("compliance_slides.json", MOTION)
"""Released where the run has it: what the rules say of the slides, and the frames in which their charts build up."""
PUT_AGAIN = "the question was put again"


def content_names(run: RunFolder) -> list[str]:
    """Everything that a release covers: what is said and shown, what is handed out, and what the rules found."""
    return [*FIXED, *(name for name in IF_THERE if run.exists(name)), *run.names("slides", ".png")]


def content_hash(files: Iterable[tuple[str, bytes]]) -> str:
    """One hash over some files of a run, by name and content."""
    return _hash_of([(name, sha256(data)) for name, data in files])


def content_of(run: RunFolder) -> str:
    """The hash of the run's content as it is now."""
    return _hash_of(_shown(run))


def record_decision(work: Work, decision: Mapping[str, Any]) -> None:
    """Writes what was decided about the content of now, and with an approval the release for later documents of the same.

    Args:
        work: that of the approve step.
        decision: `decision` (approved or rejected), mode, by, by_id, at, note or reason, four_eyes, requested_by, edits.
    """
    shown = _shown(work.run)
    entry = {**decision, "content": _hash_of(shown)}
    earlier = history_of(work.run)
    note_decision(work.run, entry)
    approved = decision["decision"] == "approved"
    files = _release_files(work, mode=decision["mode"], at=decision["at"]) if approved else {}
    # The approval first, with the names of the files: whoever takes it back knows what to delete, whenever this broke off.
    approval = {
        **entry,
        "shown": [{"name": name, "sha256": digest} for name, digest in shown],
        "release": sorted(files),
        "history": earlier,
    }
    work.keep("approval.json", approval)
    for key, data in files.items():
        work.run.storage.write(key, data)


def take_back(run: RunFolder) -> None:
    """Takes back what the run released before; does nothing where it has not."""
    if run.holds("approval.json"):
        for key in run.read_json("approval.json").get("release", ()):
            run.storage.delete(key)
    void_approval(run, PUT_AGAIN)
    run.delete("approval.json")


def require_approval(run: RunFolder, content: str, profile: str) -> dict[str, Any]:
    """The approval of exactly this content.

    Raises:
        ApprovalError: there is none, it was rejected, the content is no longer what was released, or one person asked for the video and
            released it where the profile asks for two.
        AutoApprovalRefusedError: nobody released it, and the profile asks for a person.
    """
    if not run.exists("approval.json"):
        raise ApprovalError(f"run {run.run_id!r} has no approval; its script and slides were never released")
    approval: dict[str, Any] = run.read_json("approval.json")
    if approval.get("decision") != "approved":
        why = f": {approval['reason']}" if approval.get("reason") else ""
        raise ApprovalError(
            f"the release of run {run.run_id!r} was not approved but {approval.get('decision', 'left open')}, by "
            f"{approval.get('by', 'nobody')}{why}. Clear the approval step to ask again"
        )
    if approval["mode"] == "auto":
        refuse_auto(profile)
    elif approval.get("four_eyes") is False and profile == "production":
        raise ApprovalError(
            f"the release of run {run.run_id!r} does not hold: {approval['by']} asked for the video or edited it, and released it under "
            f"another profile. Clear the approval step, and let somebody else release it"
        )
    if approval["content"] != content:
        raise ApprovalError(
            f"the approval of run {run.run_id!r} is void: {approval['by']} released {approval['content']}, the content is "
            f"now {content}. Clear the approval step to ask again"
        )
    return approval


def refuse_auto(profile: str) -> None:
    """Refuses a release without a person where the profile asks for one.

    Raises:
        AutoApprovalRefusedError: the profile is `production`.
    """
    if profile == "production":
        raise AutoApprovalRefusedError(
            "approval 'auto' is refused: the profile is 'production', where a named person releases each video. Trigger "
            "with approval 'people', or run a demonstration with GENAI_PLATFORM_PROFILE=demo"
        )


def _shown(run: RunFolder) -> list[tuple[str, str]]:
    """The files of the content, each with its hash."""
    return [(name, sha256(run.read(name))) for name in content_names(run)]


def _hash_of(shown: Iterable[tuple[str, str]]) -> str:
    return "sha256:" + sha256(to_bytes([[name, digest] for name, digest in shown]))


def _release_files(work: Work, *, mode: str, at: str) -> Mapping[str, bytes]:
    from workflow_orchestrator.definition.model import ValidateStep
    from workflow_orchestrator.record.releases import release_files
    from workflow_orchestrator.rules import load_rules
    from workflow_orchestrator.values import ValueSet

    step = next((step for step in work.workflow.steps if isinstance(step, ValidateStep)), None)
    identity = load_rules(step.rules, work.workflow.fields).identity if step else None
    if identity is None:
        return {}
    values, pages = ValueSet.from_json(work.run.read_json("values.json")), work.run.read_json("document.json")["pages"]
    return release_files(work.run, identity, values, pages=len(pages), at=at, mode=mode)
