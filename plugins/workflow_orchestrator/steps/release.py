"""A release: one hash over everything that is said, shown and handed out, and the approval that holds for exactly that hash."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.errors import ApprovalError, AutoApprovalRefusedError
from workflow_orchestrator.record import RunFolder

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
