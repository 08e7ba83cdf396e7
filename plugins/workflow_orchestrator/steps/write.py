"""`write`: the narration around proven values, its warnings, and the verdict of the compliance packs.

Writes `script.json` and `compliance.json`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow_orchestrator.definition.model import WriteStep
from workflow_orchestrator.errors import ScriptError
from workflow_orchestrator.steps.judging import Judge
from workflow_orchestrator.steps.model_call import ask_model, shared_variables
from workflow_orchestrator.steps.work import Work, step_of

if TYPE_CHECKING:
    from workflow_orchestrator.script import Script


def perform(work: Work) -> None:
    """Does the step's work.

    Raises:
        ScriptError: the script cannot be written as asked, or a compliance pack says no.
        LLMError: the model call failed; the class says whether a retry helps.
    """
    step = step_of(work, WriteStep)
    language, source_language = _languages(work, step)
    judge = Judge.of(work, step, language)
    script = _script(work, judge, (language, source_language))
    report = judge.judge(script)
    work.keep("compliance.json", report.to_json())
    report.raise_for_block()
    work.keep("script.json", script.to_json())
    work.report.facts.update(
        {
            "language": language,
            "segments": len(script.segments),
            "writer": script.writer,
            "compliance": report.outcome.value,
            "withheld": sorted(set(judge.values) - set(judge.allowed)),
        }
    )


def _languages(work: Work, step: WriteStep) -> tuple[str, str]:
    # From the proof, not from the reading: where another workflow read the document, this run has only its data.
    source: str = work.run.read_json("validation.json")["language"]
    wanted = work.conf.get("language", "document")
    language = source if wanted == "document" else wanted
    if language not in step.narration:
        raise ScriptError(
            f"there is no narration in {language!r} (the document's language is {source!r}); trigger with language "
            f"{' or '.join(sorted(step.narration))}, or add "
            f"include/prompts/{work.workflow.name}/narration.{language}.yaml"
        )
    return language, source


def _script(work: Work, judge: Judge, languages: tuple[str, str]) -> Script:
    from workflow_orchestrator.script import (
        SourceInfo,
        answer_schema,
        prompt_variables,
        script_from_answer,
        write_script,
    )

    step = step_of(work, WriteStep)
    language, source_language = languages
    request = work.request["source"]
    source = SourceInfo(name=request["name"], sha256=request["sha256"], language=source_language)
    fields = work.workflow.fields

    def from_answer(answer: Any, model: str = "model") -> Script:
        return script_from_answer(
            answer, judge.allowed, fields, judge.narration, language, judge.warnings, source, model=model
        )

    def check(answer: Any) -> None:
        # What a rule blocks goes back to the model once, like an unbound figure.
        try:
            judge.judge(from_answer(answer)).raise_for_block()
        except ScriptError as error:
            # What was held against the first answer stays on record, whatever the second one is like.
            work.report.facts["refused"] = error.details.get("findings") or [error.message]
            raise

    result = ask_model(
        work,
        route=step.route,
        prompt=step.prompt,
        variables={**shared_variables(work), **prompt_variables(judge.allowed, fields, judge.narration, language)},
        schema=answer_schema(judge.narration),
        offline=lambda: {"segments": []},
        check=check,
    )
    if result.provider == "offline":
        return write_script(judge.allowed, fields, judge.narration, language, judge.warnings, source)
    return from_answer(result.data, result.model)
