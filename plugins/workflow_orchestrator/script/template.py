"""The deterministic way to a script: the business team's own sentences, filled with bound values. No model is asked."""

from __future__ import annotations

from collections.abc import Sequence

from workflow_orchestrator.compliance.model import Notice
from workflow_orchestrator.errors import ScriptError
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.script.compose import Composer, Slot, SourceInfo
from workflow_orchestrator.script.model import Script, Sentence
from workflow_orchestrator.script.narration import Narration
from workflow_orchestrator.values import ValueSet


def write_script(
    values: ValueSet,
    fields: FieldSet,
    narration: Narration,
    language: str,
    notices: Sequence[Notice],
    source: SourceInfo,
) -> Script:
    """Fills the sentence file. The same input gives the same script.

    Raises:
        ScriptError: the narration is in another language, or the document has nothing to show.
    """
    if language != narration.language:
        raise ScriptError(f"the sentences are in {narration.language!r}, but the video is asked for in {language!r}")
    composer = Composer(values, fields, narration, notices, source)

    def write(slot: Slot) -> tuple[Sentence, ...]:
        return tuple(sentence for line in slot.plan.say for sentence in composer.first_that_fits(line, slot))

    return composer.script(write, writer="template")
