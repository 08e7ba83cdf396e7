"""A release: one hash over everything that is said, shown and handed out, and the approval that holds for exactly that hash.

What is released is also kept outside the run, for the next document of the same to be compared with (`record/releases.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.errors import ApprovalError, AutoApprovalRefusedError
from workflow_orchestrator.record import RunFolder

if TYPE_CHECKING:
    from workflow_orchestrator.steps.work import Work

FIXED = ("script.json", "values.json", "compliance.json", "slides.pdf", "slides.pptx")


def content_names(run: RunFolder) -> list[str]:
    """Everything that a release covers: what is said and shown, what is handed out, and what the rules found."""
    return [*FIXED, *run.names("slides", ".png")]


def content_hash(files: Iterable[tuple[str, bytes]]) -> str:
    """One hash over some files of a run, by name and content."""
    return "sha256:" + sha256(to_bytes([[name, sha256(data)] for name, data in files]))


def content_of(run: RunFolder) -> str:
    """The hash of the run's content as it is now."""
    return content_hash((name, run.read(name)) for name in content_names(run))


def record_release(work: Work, content: str, *, mode: str, by: str, at: str) -> None:
    """Writes the approval of this content, and the release for later documents of the same."""
    files = _release_files(work, mode=mode, at=at)
    # The approval first, with the names of the files: whoever takes it back knows what to delete, whenever this broke off.
    approval = {"decision": "approved", "mode": mode, "by": by, "at": at, "content": content, "release": sorted(files)}
    work.keep("approval.json", approval)
    for key, data in files.items():
        work.run.storage.write(key, data)


def take_back(run: RunFolder) -> None:
    """Takes back what the run released before; does nothing where it has not."""
    if run.holds("approval.json"):
        for key in run.read_json("approval.json").get("release", ()):
            run.storage.delete(key)
    run.delete("approval.json")


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


def require_approval(run: RunFolder, content: str, profile: str) -> dict[str, Any]:
    """The approval of exactly this content.

    Raises:
        ApprovalError: there is none, or the content is no longer what was released.
        AutoApprovalRefusedError: nobody released it, and the profile asks for a person.
    """
    if not run.exists("approval.json"):
        raise ApprovalError(f"run {run.run_id!r} has no approval; its script and slides were never released")
    approval: dict[str, Any] = run.read_json("approval.json")
    if approval["mode"] == "auto":
        refuse_auto(profile)
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
