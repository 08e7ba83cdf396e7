"""Which operator runs which kind of step."""

from __future__ import annotations

from workflow_orchestrator.definition.model import Step
from workflow_orchestrator.operators.approve import ApproveOperator
from workflow_orchestrator.operators.ask import AskOperator
from workflow_orchestrator.operators.base import StepOperator
from workflow_orchestrator.operators.extract import ExtractOperator
from workflow_orchestrator.operators.slide import SlideOperator
from workflow_orchestrator.operators.validate import ValidateOperator
from workflow_orchestrator.operators.video import VideoOperator
from workflow_orchestrator.operators.write import WriteOperator

OPERATORS: dict[str, type[StepOperator]] = {
    "extract": ExtractOperator,
    "validate": ValidateOperator,
    "ask": AskOperator,
    "write": WriteOperator,
    "slide": SlideOperator,
    "approve": ApproveOperator,
    "video": VideoOperator,
}


def operator_for(step: Step) -> type[StepOperator]:
    """The operator class of a step's kind."""
    return OPERATORS[step.kind]
