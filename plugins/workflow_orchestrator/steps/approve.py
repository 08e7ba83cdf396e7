"""`approve`: a named person releases exactly the script and slides that were shown, bound by their hash.

Writes `approval.json`: who released which hash, when, and how.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from workflow_orchestrator.definition.model import ApproveStep
from workflow_orchestrator.errors import ApprovalError
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.steps.correction_form import correction_lines, label_of, worded
from workflow_orchestrator.steps.people import nobody_answered, plain
from workflow_orchestrator.steps.release import content_of, record_release, refuse_auto, take_back
from workflow_orchestrator.steps.work import Answer, Question, Work, step_of

_MOST_WARNINGS = 12  # of the document; one page can have several
APPROVE = "Approve"
REJECT = "Reject"


def question(work: Work) -> Question | None:
    """What the approver is shown; `None` where the demo profile releases by itself.

    Raises:
        AutoApprovalRefusedError: `approval: auto` where the profile asks for a person.
    """
    step = step_of(work, ApproveStep)
    # Asking again takes back what was released before: a rejection must not leave an older yes behind.
    take_back(work.run)
    content = content_of(work.run)
    if work.conf["approval"] == "auto":
        refuse_auto(work.configuration.profile)
        at = work.services.now().isoformat(timespec="seconds")
        _keep(work, content, mode="auto", by="approval: auto (demo profile)", at=at)
        return None
    return Question(
        subject=f"{work.workflow.title}: release the video of {work.request['source']['name']}?",
        body=review_page(
            work.run, content, step.show, lambda name: work.services.link(work.run, name), work.workflow.fields
        ),
        options=(APPROVE, REJECT),
        groups=step.ask,
        within=step.within,
        resume_with={"content": content},
    )


def take(work: Work, answer: Answer, *, content: str) -> None:
    """Takes the release or the rejection of `content`, the hash that was shown.

    Raises:
        ApprovalError: it was rejected, or the content changed while the question was open.
    """
    if answer.option != APPROVE:
        raise ApprovalError(
            f"{answer.by} rejected the release of {work.request['source']['name']} at {answer.at}", by=answer.by
        )
    if content_of(work.run) != content:
        raise ApprovalError(
            f"{answer.by} released {content}, but script or slides changed while the question was open; clear this step to "
            f"ask again"
        )
    _keep(work, content, mode="person", by=answer.by, at=answer.at)


def no_answer(work: Work, reason: str) -> NoReturn:
    """Nobody released or rejected it in time.

    Raises:
        ApprovalError: always.
    """
    nobody_answered("the release of the video", step_of(work, ApproveStep).within, reason)


def _keep(work: Work, content: str, *, mode: str, by: str, at: str) -> None:
    record_release(work, content, mode=mode, by=by, at=at)
    work.report.facts.update({"by": by, "mode": mode, "content": content})


def review_page(
    run: RunFolder, content: str, show: Sequence[str], link: Callable[[str], str], fields: FieldSet
) -> str:
    """What the approver reads and sees: every slide with its words, with `data` each value, what people corrected, what the
    business rules and the compliance packs found.

    `link` gives the address of a file of the run.
    """
    from workflow_orchestrator.rendering.paging import paged
    from workflow_orchestrator.script.model import Script

    script = paged(Script.from_json(run.read_json("script.json")))
    compliance = run.read_json("compliance.json")
    lines = [f"## {plain(script.title)}", "", _links(link), ""]
    for name, segment in zip(run.names("slides", ".png"), script.segments, strict=True):
        # Airflow shows pictures 300 points wide: a click opens the slide as it is.
        lines += [f"[![{plain(segment.heading)}]({link(name)})]({link(name)})", ""]
        lines += [plain(" ".join(sentence.shown for sentence in segment.sentences)), ""]
    if "data" in show:
        lines += ["## Values", "", *_value_rows(run.read_json("values.json"), fields), ""]
    validation = run.read_json("validation.json") if run.exists("validation.json") else {}
    lines += correction_lines(validation.get("corrections", ()), fields)
    lines += _check_lines(validation, fields)
    lines += ["## Compliance", "", *_compliance_rows(compliance), "", f"You release exactly this content: `{content}`"]
    return "\n".join(lines)


def _links(link: Callable[[str], str]) -> str:
    titles = {"slides.pdf": "Slides", "source.pdf": "Source document", "values.json": "Values and evidence"}
    return " · ".join(f"[{title}]({link(name)})" for name, title in titles.items())


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


def _compliance_rows(compliance: Mapping[str, Any]) -> list[str]:
    rows = [
        f"| {result['rule']} | {result['outcome']} | {plain(result['message'])} | {plain(result['citation'])} |"
        for result in compliance["results"]
        if result["outcome"] != "pass"
    ]
    passed = len(compliance["results"]) - len(rows)
    head = f"{passed} rules passed, {len(rows)} need a look."
    return [head, "", "| Rule | Outcome | What | Citation |", "|---|---|---|---|", *rows] if rows else [head]
