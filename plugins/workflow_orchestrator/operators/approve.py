"""`approve`: a named person releases exactly the script and slides that were shown, bound by their hash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.definition.model import ApproveStep
from workflow_orchestrator.errors import ApprovalError, AutoApprovalRefusedError
from workflow_orchestrator.operators.base import StepOperator, Work, configuration_of, storage_of
from workflow_orchestrator.operators.people import answer_of, ask_people, assigned_users, plain
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.web import link

FIXED = ("script.json", "values.json", "compliance.json", "slides.pdf", "slides.pptx")
APPROVE = "Approve"
REJECT = "Reject"


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


class ApproveOperator(StepOperator):
    """Writes `approval.json`: who released which hash, when, and how."""

    ui_color = "#fbe6d8"
    step: ApproveStep

    def perform(self, work: Work) -> None:
        # Asking again takes back what was released before: a rejection must not leave an older yes behind.
        work.run.storage.delete(work.run.key("approval.json"))
        content = content_of(work.run)
        if work.conf["approval"] == "auto":
            refuse_auto(configuration_of(self.workflow).profile)
            self._keep(work, content, mode="auto", by="approval: auto (demo profile)", at=_now())
            return
        configuration = configuration_of(self.workflow)
        ask_people(
            work.context,
            subject=f"{self.workflow.title}: release the video of {work.request['source']['name']}?",
            body=review_page(work.run, content, self.step.show),
            options=(APPROVE, REJECT),
            users=assigned_users(configuration.groups, self.step.ask),
            within=self.step.within,
            resume_with={"content": content},
        )

    def execute_complete(self, context: Any, event: Any, content: str) -> Any:
        run = RunFolder(storage_of(self.workflow), self.workflow.name, context["run_id"])
        return self.attempt(run, context, self._take, event=event, content=content)

    def _take(self, work: Work, *, event: Any, content: str) -> None:
        option, _, who, when = answer_of(event, "the release of the video", self.step.within)
        if option != APPROVE:
            raise ApprovalError(f"{who} rejected the release of {work.request['source']['name']} at {when}", by=who)
        if content_of(work.run) != content:
            raise ApprovalError(
                f"{who} released {content}, but script or slides changed while the question was open; clear this step to ask again"
            )
        self._keep(work, content, mode="person", by=who, at=when)

    def _keep(self, work: Work, content: str, *, mode: str, by: str, at: str) -> None:
        work.keep("approval.json", {"decision": "approved", "mode": mode, "by": by, "at": at, "content": content})
        work.report.facts.update({"by": by, "mode": mode, "content": content})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def review_page(run: RunFolder, content: str, show: Sequence[str]) -> str:
    """What the approver reads and sees: every slide with its words, with `data` each value, and what the compliance packs found."""
    from workflow_orchestrator.rendering.paging import paged
    from workflow_orchestrator.script.model import Script

    script = paged(Script.from_json(run.read_json("script.json")))
    compliance = run.read_json("compliance.json")
    lines = [f"## {plain(script.title)}", "", _links(run), ""]
    for name, segment in zip(run.names("slides", ".png"), script.segments, strict=True):
        lines += [f"![{plain(segment.heading)}]({link(run.workflow, run.run_id, name)})", ""]
        lines += [plain(" ".join(sentence.shown for sentence in segment.sentences)), ""]
    if "data" in show:
        lines += ["## Values", "", *_value_rows(run.read_json("values.json")), ""]
    lines += ["## Compliance", "", *_compliance_rows(compliance), "", f"You release exactly this content: `{content}`"]
    return "\n".join(lines)


def _links(run: RunFolder) -> str:
    titles = {"slides.pdf": "Slides", "source.pdf": "Source document", "values.json": "Values and evidence"}
    return " · ".join(f"[{title}]({link(run.workflow, run.run_id, name)})" for name, title in titles.items())


def _value_rows(values: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [
        f"| {plain(' '.join((item['field'], item['key'])))} | {plain(item['evidence']['quote'])} | {item['evidence']['page']} |"
        for item in values
    ]
    return ["| Value | Printed words | Page |", "|---|---|---|", *rows]


def _compliance_rows(compliance: Mapping[str, Any]) -> list[str]:
    rows = [
        f"| {result['rule']} | {result['outcome']} | {plain(result['message'])} | {plain(result['citation'])} |"
        for result in compliance["results"]
        if result["outcome"] != "pass"
    ]
    passed = len(compliance["results"]) - len(rows)
    head = f"{passed} rules passed, {len(rows)} need a look."
    return [head, "", "| Rule | Outcome | What | Citation |", "|---|---|---|---|", *rows] if rows else [head]
