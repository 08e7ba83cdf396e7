"""`write`: the narration around proven values, its warnings, and the verdict of the compliance packs.

    by: model      a model writes around places for figures; everything that is found against its answer goes back to it, once.
                   Where the route has no model, the sentence file is told as it stands
    by: template   the sentence file, whatever models there are; nothing is asked

Writes `script.json` and `compliance.json`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.definition.model import WriteStep
from workflow_orchestrator.errors import ScriptError
from workflow_orchestrator.steps.judging import Judge
from workflow_orchestrator.steps.model_call import ask_model, shared_variables
from workflow_orchestrator.steps.work import Work, step_of

if TYPE_CHECKING:
    from workflow_orchestrator.compliance import ComplianceReport
    from workflow_orchestrator.script import Draft, Finding, Script, SourceInfo


def perform(work: Work) -> None:
    """Does the step's work.

    Raises:
        ScriptError: the script cannot be written as asked, or a compliance pack says no.
        LLMError: the model call failed; the class says whether a retry helps.
    """
    from workflow_orchestrator.script import SourceInfo, write_script

    step = step_of(work, WriteStep)
    language, source_language = _languages(work, step)
    judge = Judge.of(work, step, language)
    request = work.request["source"]
    source = SourceInfo(name=request["name"], sha256=request["sha256"], language=source_language)
    if step.by == "template":
        script = write_script(judge.allowed, work.workflow.fields, judge.narration, language, judge.warnings, source)
        report = judge.judge(script)
    else:
        script, report = _Asked(work, judge, source).script()
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


@dataclass
class _Asked:
    """A model's answers to one question: what is held against the first goes back to it, and stays on record."""

    work: Work
    judge: Judge
    source: SourceInfo
    refused: list[dict[str, str]] = field(default_factory=list)

    def script(self) -> tuple[Script, ComplianceReport]:
        """The script of the last answer with its verdict, or of the sentence file where the route has no model.

        Raises:
            ScriptError: the last answer cannot be used; with what was held against the first one.
        """
        from workflow_orchestrator.script import answer_schema, prompt_variables, refusal, write_script

        step, judge, fields = step_of(self.work, WriteStep), self.judge, self.work.workflow.fields
        language, audience = judge.narration.language, judge.scope.audience
        values = prompt_variables(judge.allowed, fields, judge.narration, language, audience)
        result = ask_model(
            self.work,
            route=step.route,
            prompt=step.prompt,
            variables={**shared_variables(self.work), **values},
            schema=answer_schema(judge.narration),
            offline=lambda: {"segments": []},
            check=self._check,
        )
        if result.provider == "offline":
            script = write_script(judge.allowed, fields, judge.narration, language, judge.warnings, self.source)
            return script, judge.judge(script)
        try:
            draft = self._draft(result.data, result.model)
            if draft.script is None or draft.findings:
                raise refusal(draft.findings)
            script, report = draft.script, judge.judge(draft.script)
            self.work.keep("compliance.json", report.to_json())
            report.raise_for_block()
        except ScriptError as error:
            raise self._with_the_first(error) from error
        return script, report

    def _draft(self, answer: Any, model: str = "model") -> Draft:
        from workflow_orchestrator.script import draft_from_answer

        judge = self.judge
        return draft_from_answer(
            answer, judge.allowed, self.work.workflow.fields, judge.narration, judge.narration.language,
            judge.warnings, self.source, model=model,
        )  # fmt: skip

    def _check(self, answer: Any) -> None:
        """What can be held against an answer, all of it at once: there is one more try.

        Raises:
            AnswerRefusedError: something can.
        """
        from workflow_orchestrator.script import refusal

        draft = self._draft(answer)
        findings = [*draft.findings, *(self._findings(draft.script) if draft.script else ())]
        if findings:
            # On record whatever the second answer is like.
            self.refused = [finding.to_json() for finding in findings]
            self.work.report.facts["refused"] = self.refused
            raise refusal(findings)

    def _findings(self, script: Script) -> Iterator[Finding]:
        from workflow_orchestrator.compliance import Outcome
        from workflow_orchestrator.script import Finding, review, style

        judge, fields = self.judge, self.work.workflow.fields
        reviewed = review(script, judge.allowed, fields, judge.warnings, narration=judge.narration)
        yield from reviewed
        # Some rules say of the whole script what the review has said of the place.
        told = {"bound_figures", "in_language"} if reviewed else set()
        doubled = {rule.id for pack in judge.scope.packs for rule in pack.rules if rule.check["kind"] in told}
        for result in judge.rules(script).of(Outcome.BLOCK):
            if result.rule not in doubled:
                yield Finding(result.where or "script", result.words, f"{result.rule}: {result.message} ({result.citation})")
        yield from style(script, judge.allowed, fields, judge.warnings, judge.narration, judge.scope.audience)

    def _with_the_first(self, error: ScriptError) -> ScriptError:
        if not self.refused:
            return error
        lines = "\n".join(f"  {item['where']}: {item['text']!r} {item['why']}" for item in self.refused)
        message = f"{error.message}\nThe model had been told of these faults of its first answer:\n{lines}"
        return type(error)(message, **{**error.details, "refused": self.refused})
