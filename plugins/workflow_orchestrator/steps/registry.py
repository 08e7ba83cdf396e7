"""Which functions do the work of which kind of step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workflow_orchestrator.definition.model import Step
from workflow_orchestrator.steps import (
    approve,
    ask,
    call,
    extract,
    generate,
    notify,
    slide,
    validate,
    video,
    wait,
    write,
)
from workflow_orchestrator.steps.work import Ask, NoAnswer, Perform, Take


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of step: it either works by itself (`perform`), or asks people and takes their answer."""

    perform: Perform | None = None
    question: Ask | None = None
    take: Take | None = None
    no_answer: NoAnswer | None = None

    def __post_init__(self) -> None:
        asks = (self.question, self.take, self.no_answer)
        if any(asks) != all(asks) or (self.perform is None) != all(asks):
            raise ValueError("a kind of step either performs, or asks, takes an answer and ends without one")


KINDS: Mapping[str, Kind] = {
    "extract": Kind(perform=extract.perform),
    "validate": Kind(perform=validate.perform),
    "ask": Kind(question=ask.question, take=ask.take, no_answer=ask.no_answer),
    "write": Kind(perform=write.perform),
    "slide": Kind(perform=slide.perform),
    "approve": Kind(question=approve.question, take=approve.take, no_answer=approve.no_answer),
    "video": Kind(perform=video.perform),
    "generate": Kind(perform=generate.perform),
    "call": Kind(perform=call.perform),
    "notify": Kind(perform=notify.perform),
    "wait": Kind(perform=wait.perform),
}


def kind_of(step: Step) -> Kind:
    """The functions of a step's kind."""
    return KINDS[step.kind]
