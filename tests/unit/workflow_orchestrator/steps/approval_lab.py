"""A release that waits for an answer: the script of a sample, written by the shipped sentences, and the people who answer."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from step_lab import Bench, opened, work_on

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.compliance import ComplianceReport
from workflow_orchestrator.definition.configuration import Configuration
from workflow_orchestrator.definition.model import ApproveStep, SlideStep, Workflow, WriteStep
from workflow_orchestrator.errors import AskedAgainError, RenderError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.rendering.paging import paged
from workflow_orchestrator.script import Script, SourceInfo, write_script
from workflow_orchestrator.steps import approve, slide
from workflow_orchestrator.steps.judging import Judge
from workflow_orchestrator.steps.work import Answer, Question, Work

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "script"))
from script_material import RICH, sample

NOW = datetime(2026, 11, 15, 10, tzinfo=UTC)


@dataclass
class Studio(Bench):
    """Services that draw a slide as the words that stand on it; real slides take seconds. `broken` breaks the drawing off."""

    broken: str = ""
    drawn: list[str] = field(default_factory=list)

    def now(self) -> datetime:
        return NOW

    def render_slides(self, work: Work, folder: Path) -> Sequence[Path]:
        if self.broken:
            raise RenderError(self.broken)
        data = work.run.read("script.json")
        self.drawn.append(sha256(data))
        pictures = []
        for number, segment in enumerate(paged(Script.from_json(work.run.read_json("script.json"))).segments, start=1):
            pictures.append(folder / f"slide_{number:02}.png")
            pictures[-1].write_text(segment.heading + " ".join(sentence.shown for sentence in segment.sentences))
        for name in ("slides.pdf", "slides.pptx", "deck.json"):
            (folder / name).write_bytes(data)
        (folder / "compliance_slides.json").write_bytes(to_bytes(ComplianceReport(()).to_json()))
        return pictures


@dataclass
class Desk:
    """A run whose content is ready, and whoever answers."""

    run: RunFolder
    workflow: Workflow
    services: Studio = field(default_factory=Studio)
    attempt: int = 0
    configuration: dict[str, Any] = field(default_factory=dict)

    @property
    def step(self) -> ApproveStep:
        return next(step for step in self.workflow.steps if isinstance(step, ApproveStep))

    def work(self) -> Work:
        work = work_on(self.run, self.workflow, self.step, self.services, attempt=self.attempt)
        configured: Configuration = replace(work.configuration, **self.configuration)
        return replace(work, configuration=configured)

    def ask(self) -> Question:
        """The question as it is put now."""
        found = approve.question(self.work())
        assert found is not None
        return found

    def answer(self, option: str, by: str = "Kim", question: Question | None = None, **given: Any) -> Work:
        """Answers with what stands in the form and what differs from it; one try of the step."""
        asked = question or self.ask()
        self.attempt += 1
        values = {name: part["value"] for name, part in asked.form.items()} | given
        with self.run.reporting(self.step.name, self.attempt) as report:
            work = replace(self.work(), report=report)
            at = f"2026-11-15T11:{self.attempt:02}:00+00:00"
            approve.take(work, Answer(option, values, by, at, by.casefold()), **asked.resume_with)
        return work

    def refused(self, option: str, by: str = "Kim", **given: Any) -> AskedAgainError:
        """The error with which an answer leads to another question."""
        try:
            self.answer(option, by, **given)
        except AskedAgainError as error:
            return error
        raise AssertionError("the answer was taken")

    def script(self) -> Script:
        return Script.from_json(self.run.read_json("script.json"))

    def said(self, place: str) -> str:
        """The words of a place of the form, as they stand in the script."""
        return str(self.ask().form[place]["value"])

    def approval(self) -> Any:
        return self.run.read_json("approval.json")

    def write_again(self) -> None:
        """The step that writes is cleared, and runs once more."""
        write_content(self.run, self.workflow, self.services)


def desk(place: Path, workflow: Workflow, *, language: str = "en", requested_by: str | None = "Mara", **configuration: Any) -> Desk:
    """A run up to its release."""
    run = opened(place, workflow, language=language)
    values = sample(RICH[language])
    run.write_json("request.json", {**run.read_json("request.json"), "triggered_by": requested_by, "profile": "production"})
    run.write_json("values.json", values.to_json())
    run.write_json("document.json", {"pages": [{}, {}]})
    run.write_json("validation.json", {"language": language, "findings": [], "previous": None})
    services = Studio()
    write_content(run, workflow, services)
    return Desk(run, workflow, services, configuration=configuration)


def write_content(run: RunFolder, workflow: Workflow, services: Studio) -> None:
    """Script, verdict and slides, as the steps before the release make them."""
    write = next(step for step in workflow.steps if isinstance(step, WriteStep))
    slides = next(step for step in workflow.steps if isinstance(step, SlideStep))
    language = run.read_json("validation.json")["language"]
    with run.reporting(write.name, len(run.attempts(write.name)) + 1) as report:
        work = replace(work_on(run, workflow, write, services), report=report)
        judge = Judge.of(work, write, language)
        source = SourceInfo("a.pdf", "ab", language)
        script = write_script(judge.allowed, workflow.fields, judge.narration, language, judge.warnings, source)
        work.keep("script.json", script.to_json())
        work.keep("compliance.json", judge.judge(script).to_json())
    with run.reporting(slides.name, len(run.attempts(slides.name)) + 1) as report:
        slide.perform(replace(work_on(run, workflow, slides, services), report=report))
