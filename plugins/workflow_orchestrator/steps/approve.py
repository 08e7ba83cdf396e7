"""`approve`: a named person releases exactly the script and slides that were shown, bound by their hash; or rejects them, or edits them.

    Approve                the content is as it was shown, and it is somebody else than who asked for it or edited it
    Reject                 with a reason; the run fails
    Send back with edits   the edits stand up: they are kept, the try ends, and the next one makes the new content and asks about that

An answer that is not taken ends the try with an error that is retried: Airflow keeps one question for each attempt. Every answer lands
in `decisions.json` or `edits.json`, the last one with all before it in `approval.json`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from workflow_orchestrator.definition.model import ApproveStep
from workflow_orchestrator.definition.problems import did_you_mean
from workflow_orchestrator.errors import (
    ApprovalError,
    AskedAgainError,
    EditRefusedError,
    FourEyesError,
    ReasonMissingError,
    SentBackError,
)
from workflow_orchestrator.record.decisions import note_decision
from workflow_orchestrator.steps.approval_form import APPROVE, REJECT, SEND_BACK, Sheet, form_for, options
from workflow_orchestrator.steps.approval_page import Head, review_page
from workflow_orchestrator.steps.four_eyes import FourEyes, who_may_release
from workflow_orchestrator.steps.people import nobody_answered
from workflow_orchestrator.steps.release import content_of, record_decision, refuse_auto, take_back
from workflow_orchestrator.steps.revision import clear_form, edits_in_force, form_again, keep_form, propose, settle
from workflow_orchestrator.steps.revision_edit import Draft, Editor, Problem
from workflow_orchestrator.steps.work import Answer, Question, Work, step_of

__all__ = ["APPROVE", "REJECT", "SEND_BACK", "no_answer", "question", "review_page", "take"]


def question(work: Work) -> Question | None:
    """What the approver is shown; `None` where the demo profile releases by itself.

    Raises:
        AutoApprovalRefusedError: `approval: auto` where the profile asks for a person.
        ConfigurationError: nobody of the groups may release it.
    """
    step = step_of(work, ApproveStep)
    # Asking again takes back what was released before: a rejection must not leave an older yes behind.
    take_back(work.run)
    settle(work)
    content = content_of(work.run)
    eyes = FourEyes.of(work, edits_in_force(work.run))
    if work.conf["approval"] == "auto":
        refuse_auto(work.configuration.profile)
        _release_by_itself(work, eyes)
        return None
    who_may_release(work.configuration.groups, step.ask, eyes)
    editor = Editor.of(work)
    spots = editor.spots() if editor else []
    head = _head(work, step, eyes, editor.base if editor else "", {spot.name: spot.title for spot in spots})
    return Question(
        subject=f"{work.workflow.title}: release the video of {work.request['source']['name']}?",
        body=review_page(
            work.run, content, step.show, lambda name: work.services.link(work.run, name), work.workflow.fields, head
        ),
        options=options(editable=bool(spots)),
        groups=step.ask,
        within=step.within,
        form=form_for(spots, head.again),
        resume_with={"content": content},
        not_by=eyes.not_asked(),
    )


def take(work: Work, answer: Answer, *, content: str) -> None:
    """Takes the answer about `content`, the hash that was shown.

    Raises:
        ApprovalError: it was rejected, or the content changed while the question was open.
        SentBackError: edits were taken; a retry asks about the new content.
        EditRefusedError: edits that do not stand up, or that were typed and not sent back.
        ReasonMissingError: a rejection without a reason.
        FourEyesError: who asked for the video or edited it would release it.
    """
    _Taking(work, answer, content).take()


def no_answer(work: Work, reason: str) -> NoReturn:
    """Nobody released or rejected it in time.

    Raises:
        ApprovalError: always.
    """
    at = work.services.now().isoformat(timespec="seconds")
    note_decision(work.run, {"decision": "unanswered", "at": at, "why": reason})
    nobody_answered("the release of the video", step_of(work, ApproveStep).within, reason)


def _head(work: Work, step: ApproveStep, eyes: FourEyes, base: str, titles: Mapping[str, str]) -> Head:
    run = work.run
    return Head(
        document=work.request["source"]["name"],
        conf=work.conf,
        language=run.read_json("script.json")["language"],
        requested_by=eyes.requested_by,
        groups=step.ask,
        until=work.services.now() + step.within,
        one_person=not eyes.required,
        titles=titles,
        edits=edits_in_force(run),
        again=form_again(run, base),
    )


def _release_by_itself(work: Work, eyes: FourEyes) -> None:
    decision = {
        "decision": "approved",
        "mode": "auto",
        "by": "approval: auto (demo profile)",
        "by_id": "",
        "at": work.services.now().isoformat(timespec="seconds"),
        "note": "",
        "four_eyes": False,
    }
    _keep(work, decision, eyes)


def _keep(work: Work, decision: dict[str, object], eyes: FourEyes) -> None:
    edits = len(edits_in_force(work.run))
    record_decision(work, {**decision, "requested_by": eyes.requested_by, "edits": edits})
    content = work.run.read_json("approval.json")["content"]
    kept = {name: decision[name] for name in ("by", "mode", "decision")}
    work.report.facts.update({**kept, "content": content, "edits": edits})


class _Taking:
    """One answer, judged."""

    def __init__(self, work: Work, answer: Answer, content: str) -> None:
        self._work, self._answer, self._content = work, answer, content
        self._editor = Editor.of(work)
        self._spots = self._editor.spots() if self._editor else []
        self._sheet = Sheet.of(answer, self._spots)
        self._eyes = FourEyes.of(work, edits_in_force(work.run))

    def take(self) -> None:
        if self._answer.option == REJECT:
            self._reject()
        if content_of(self._work.run) != self._content:
            raise ApprovalError(
                f"{self._answer.by} answered about {self._content}, but script or slides changed while the question was open; clear "
                f"this step to ask again"
            )
        if self._sheet.unknown:
            names = [spot.name for spot in self._spots]
            self._refuse([Problem(name, "", f"is no place to edit; {did_you_mean(name, names)}") for name in self._sheet.unknown])
        if self._answer.option == SEND_BACK:
            self._send_back()
        if self._answer.option != APPROVE:
            raise ApprovalError(f"{self._answer.by} answered {self._answer.option!r}, which was not offered")
        self._approve()

    def _reject(self) -> NoReturn:
        name = self._work.request["source"]["name"]
        if not self._sheet.reason:
            self._ask_again(
                ReasonMissingError(
                    f"{self._answer.by} rejected the release of {name} without a reason; write it into the field of that name"
                )
            )
        clear_form(self._work.run)
        _keep(self._work, self._decision("rejected", reason=self._sheet.reason), self._eyes)
        raise ApprovalError(
            f"{self._answer.by} rejected the release of {name} at {self._answer.at}: {self._sheet.reason}",
            by=self._answer.by,
            reason=self._sheet.reason,
        )

    def _approve(self) -> None:
        if self._sheet.edits:
            why = "was typed, and the content approved without it; type it again and press “Send back with edits”, or approve again"
            # The form shows the script again: whoever wants exactly that presses Approve once more.
            self._refuse([Problem(name, words, why) for name, words in self._sheet.edits.items()], again={})
        against = self._eyes.against(self._answer)
        if against and self._eyes.required:
            self._ask_again(FourEyesError(f"{against}, and so does not release it; somebody else must", by=self._answer.by))
        clear_form(self._work.run)
        decision = self._decision("approved", note=self._sheet.reason)
        _keep(self._work, {**decision, "four_eyes": not against}, self._eyes)

    def _send_back(self) -> NoReturn:
        editor = self._editor
        if editor is None:
            self._refuse([Problem("", "", "this workflow does not write the script that it asks about; it cannot be edited here")])
        step = step_of(self._work, ApproveStep)
        left = who_may_release(self._work.configuration.groups, step.ask, self._eyes, self._answer)
        if left == []:
            asked = ", ".join(step.ask)
            self._refuse([Problem("", "", f"nobody of {asked} would be left to release it; let somebody from elsewhere edit it")])
        draft = editor.draft(self._sheet.edits)
        if not isinstance(draft, Draft):
            self._refuse(draft)
        propose(self._work, self._answer, draft, base=editor.base, note=self._sheet.reason)
        places = ", ".join(change["place"] for change in draft.changes)
        self._work.report.facts.update({"by": self._answer.by, "edits": len(draft.changes)})
        raise SentBackError(
            f"{self._answer.by} sent the content back with edits of {places}; the question is put again about the new content",
            changes=draft.changes,
            by=self._answer.by,
        )

    def _refuse(self, problems: Sequence[Problem], again: Mapping[str, str] | None = None) -> NoReturn:
        listed = "; ".join(f"{item.place or 'script'}: {repr(item.text) + ' ' if item.text else ''}{item.why}" for item in problems)
        error = EditRefusedError(
            f"the answer of {self._answer.by} is not taken: {listed}. The form is shown again",
            problems=[problem.to_json() for problem in problems],
            by=self._answer.by,
        )
        self._ask_again(error, problems, self._sheet.edits if again is None else again)

    def _ask_again(
        self, error: AskedAgainError, problems: Sequence[Problem] = (), again: Mapping[str, str] | None = None
    ) -> NoReturn:
        """Keeps what was typed and why it is not taken, before the try ends; `again` are the words that the form shows then."""
        answer, run = self._answer, self._work.run
        keep_form(
            self._work, answer, base=self._editor.base if self._editor else "",
            words=self._sheet.edits if again is None else again, reason=self._sheet.reason,
            problems=problems, said="The reasons stand below" if problems else error.message,
        )  # fmt: skip
        note_decision(
            run,
            {
                "decision": "not_taken",
                "option": answer.option,
                "by": answer.by,
                "by_id": answer.by_id,
                "at": answer.at,
                "why": type(error).__name__,
                "message": error.message,
                "content": self._content,
            },
        )
        raise error

    def _decision(self, decision: str, **words: str) -> dict[str, object]:
        answer = self._answer
        return {"decision": decision, "mode": "person", "by": answer.by, "by_id": answer.by_id, "at": answer.at, **words}
