"""A factsheet of two pages, made of words at places, whose validation stops; and the form that asks about it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from step_lab import Bench, opened, work_on

from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.documents import Document, Page, Scale, Word
from workflow_orchestrator.documents.pictures import Cut, Pictures
from workflow_orchestrator.errors import BusinessValidationError
from workflow_orchestrator.extraction import read_fields
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.steps import ask, validate
from workflow_orchestrator.steps.work import Answer, Question
from workflow_orchestrator.values import Box

STRATEGY = "The fund seeks growth over five years by investing in shares of companies in Europe."
CELLS = tuple(Box(60 + 30 * step, 380, 90 + 30 * step, 400) for step in range(7))

Line = tuple[float, Sequence[tuple[float, str]]]  # height; pieces: left edge and words


def page(number: int, *lines: Line, scales: tuple[Scale, ...] = ()) -> Page:
    """A page in one size of print."""
    words: list[Word] = []
    for height, pieces in lines:
        for left, text in pieces:
            x = left
            for part in text.split():
                words.append(Word(part, Box(x, height, x + 4 * len(part), height + 8), 8, False, 1))
                x += 4 * len(part) + 2.4
    text = "\n".join(" ".join(piece for _, piece in pieces) for _, pieces in lines)
    return Page(number, 600, 800, text, tuple(words), scales)


def factsheet(*more: Line, scale: bool = True) -> Document:
    """A sheet that names no strategy, was launched after its own figures, and draws its risk indicator as a picture."""
    facts: list[Line] = [
        (760, [(50, "Fund name"), (200, "Windermoor European Equity Fund")]),
        (740, [(50, "Data as at"), (200, "31 October 2026")]),
        (720, [(50, "Launch date"), (200, "1 March 2027")]),
        (700, [(50, "Currency"), (200, "EUR")]),
        (680, [(50, "Ongoing charges"), (200, "1.35%")]),
        (640, [(50, "Cumulative performance")]),
        (620, [(50, "%"), (200, "1 year"), (260, "3 years")]),
        (600, [(50, "Fund"), (200, "8.40"), (260, "24.90")]),
        (420, [(50, "Risk indicator")]),
        (300, [(50, "Held for 5 years at least"), (260, "see note 6")]),
    ]
    scales = (Scale(CELLS, 5, False, 120.0, 0.0),) if scale else ()
    last = page(
        2,
        (760, [(50, "Market review")]),
        (740, [(50, STRATEGY)]),
        (720, [(50, "Launched on 1 March 2015")]),
        (700, [(50, "Rated 5 stars")]),
    )
    return Document((page(1, *facts, *more, scales=scales), last), {}, (), "en", "0" * 64)


@dataclass
class Watched(Bench):
    """Services that draw nothing and remember what they were asked to draw."""

    cuts: list[Cut] = field(default_factory=list)

    def draw_pages(self, data: bytes, document: Document, pages: Sequence[int], cuts: Sequence[Cut]) -> Pictures:
        self.cuts = list(cuts)
        return Pictures(dict.fromkeys(pages, b"page"), tuple(b"place" for _ in cuts))


@dataclass
class Desk:
    """A run that waits for a person, and the person."""

    run: RunFolder
    workflow: Workflow
    services: Watched = field(default_factory=Watched)
    attempt: int = 0

    @property
    def step(self) -> Any:
        return next(step for step in self.workflow.steps if step.name == "correct_extracted_data")

    def question(self) -> Question:
        """The form as it is shown now."""
        return ask.question(work_on(self.run, self.workflow, self.step, self.services))

    def send(self, by: str = "Paula", option: str = ask.SEND, **entered: Any) -> None:
        """Sends the form as it is shown, with some fields changed; `ref` or `ref@page`."""
        self.answer({name: part["value"] for name, part in self.question().form.items()} | entered, by, option)

    def answer(self, values: dict[str, Any], by: str = "Paula", option: str = ask.SEND) -> None:
        """Hands an answer to the step, as one try of it."""
        self.attempt += 1
        with self.run.reporting(self.step.name, self.attempt) as report:
            work = work_on(self.run, self.workflow, self.step, self.services, attempt=self.attempt)
            work.report = report
            ask.take(work, Answer(option, values, by, f"2026-11-29T09:0{self.attempt}:00+00:00"))

    def kept(self) -> Any:
        return self.run.read_json("correction.json")

    def validation(self) -> Any:
        return self.run.read_json("validation.json")

    def values(self) -> dict[str, Any]:
        """The values that may be shown, by reference."""
        found = self.run.read_json("values.json")
        return {".".join(filter(None, (item["field"], item["key"]))): item for item in found}


def desk(place: Path, workflow: Workflow, document: Document) -> Desk:
    """A run whose document was read offline and did not pass."""
    run = opened(place, workflow)
    run.write_json("document.json", document.to_json())
    reading = read_fields(document, workflow.fields)
    run.write_json("extracted.json", {"language": "en", **reading.to_json()})
    step = next(step for step in workflow.steps if step.name == "validate_extracted_data")
    with suppress(BusinessValidationError):
        validate.perform(work_on(run, workflow, step, Bench()))
    return Desk(run, workflow)
