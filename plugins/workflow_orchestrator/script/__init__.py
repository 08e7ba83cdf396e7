"""The script: wording of values, the business team's sentences, the model's sentences, and the guard over both."""

from workflow_orchestrator.script.compose import SourceInfo
from workflow_orchestrator.script.guard import Finding, check_bound, unbound
from workflow_orchestrator.script.length import check_length
from workflow_orchestrator.script.model import Script, Segment, Sentence, SlideKind
from workflow_orchestrator.script.narration import Narration, load_narration
from workflow_orchestrator.script.review import check_reviewed, review
from workflow_orchestrator.script.style import style, style_results
from workflow_orchestrator.script.template import write_script
from workflow_orchestrator.script.wording import Wording, shown, spoken
from workflow_orchestrator.script.writer import (
    AnswerRefusedError,
    Draft,
    answer_schema,
    draft_from_answer,
    prompt_variables,
    refusal,
    script_from_answer,
)

__all__ = [
    "AnswerRefusedError",
    "Draft",
    "Finding",
    "Narration",
    "Script",
    "Segment",
    "Sentence",
    "SlideKind",
    "SourceInfo",
    "Wording",
    "answer_schema",
    "check_bound",
    "check_length",
    "check_reviewed",
    "draft_from_answer",
    "load_narration",
    "prompt_variables",
    "refusal",
    "review",
    "script_from_answer",
    "shown",
    "spoken",
    "style",
    "style_results",
    "unbound",
    "write_script",
]
