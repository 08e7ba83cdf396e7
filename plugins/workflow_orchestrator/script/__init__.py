"""The script: wording of values, the business team's sentences, the model's sentences, and the guard over both."""

from workflow_orchestrator.script.compose import SourceInfo
from workflow_orchestrator.script.guard import Finding, check_bound, unbound
from workflow_orchestrator.script.model import Script, Segment, Sentence, SlideKind
from workflow_orchestrator.script.narration import Narration, load_narration
from workflow_orchestrator.script.review import check_reviewed, review
from workflow_orchestrator.script.template import write_script
from workflow_orchestrator.script.wording import Wording, shown, spoken
from workflow_orchestrator.script.writer import AnswerRefusedError, answer_schema, prompt_variables, script_from_answer

__all__ = [
    "AnswerRefusedError",
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
    "check_reviewed",
    "load_narration",
    "prompt_variables",
    "review",
    "script_from_answer",
    "shown",
    "spoken",
    "unbound",
    "write_script",
]
