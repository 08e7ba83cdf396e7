"""By what the words of a run are judged: its packs, places and audience, and the values that may be told.

`write` judges what it wrote, `approve` what a person changed, `slide` and `video` what came of it; all of them by the same rules.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workflow_orchestrator.definition.model import WriteStep
from workflow_orchestrator.values import ValueSet

if TYPE_CHECKING:
    from workflow_orchestrator.compliance import ComplianceReport, Notice, Pack
    from workflow_orchestrator.script import Narration, Script
    from workflow_orchestrator.steps.work import Work


@dataclass(frozen=True, slots=True)
class Scope:
    """The packs of a workflow, and for which language, places and audience they are asked."""

    packs: tuple[Pack, ...]
    language: str
    jurisdictions: tuple[str, ...]
    audience: str

    @classmethod
    def of(cls, work: Work, language: str) -> Scope:
        """The scope of a run.

        Raises:
            DefinitionError: a pack is not there, or is broken.
        """
        from workflow_orchestrator.compliance import load_packs, places_of

        packs = load_packs(work.workflow.include / "compliance", work.workflow.rules.compliance_checks)
        # Where a workflow asks nobody for whom the video is, the rules for private investors hold: they are the stricter ones.
        return cls(
            packs, language, tuple(work.conf.get("jurisdictions") or places_of(packs)), work.conf.get("audience", "retail")
        )

    def notices(self, values: ValueSet) -> tuple[Notice, ...]:
        """The warnings that the video must show and speak."""
        from workflow_orchestrator.compliance import notices

        return notices(
            self.packs, values=values, language=self.language, jurisdictions=self.jurisdictions, audience=self.audience
        )


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges scripts of one run in one language.

    `values` are all proven values, `allowed` those that no period rule keeps from this audience.
    """

    work: Work
    scope: Scope
    narration: Narration
    values: ValueSet
    allowed: ValueSet
    warnings: tuple[Notice, ...]

    @classmethod
    def of(cls, work: Work, step: WriteStep, language: str) -> Judge:
        """The judge of what `step` writes, whichever step is at work."""
        from workflow_orchestrator.compliance import publishable
        from workflow_orchestrator.script import load_narration

        values = ValueSet.from_json(work.run.read_json("values.json"))
        scope = Scope.of(work, language)
        # What a period rule keeps from this audience is taken away before anything is written.
        allowed = publishable(
            scope.packs, values=values, language=language, jurisdictions=scope.jurisdictions, audience=scope.audience
        )
        narration = load_narration(step.narration[language], work.workflow.fields)
        return cls(work, scope, narration, values, allowed, scope.notices(values))

    def judge(self, script: Script) -> ComplianceReport:
        """What the rules say of a script that holds together.

        Raises:
            ScriptError: a figure is not bound, or a model wrote what nobody may say.
        """
        from workflow_orchestrator.script import check_bound, check_length, check_reviewed

        fields = self.work.workflow.fields
        # A template has the team's sentences and the document's own words, which may hold an address or a name of their own.
        if script.writer == "template":
            check_bound(script, self.allowed, fields, self.warnings)
            check_length(script, self.narration.length)
        else:
            check_reviewed(script, self.allowed, fields, self.warnings, narration=self.narration)
        return self.rules(script)

    def rules(self, script: Script) -> ComplianceReport:
        """What the packs say of a script, and the house style; whether its figures are bound is another question."""
        from workflow_orchestrator.compliance import Facts, check_compliance
        from workflow_orchestrator.script import style_results

        fields = self.work.workflow.fields
        report = check_compliance(
            script, self.values, fields, self.scope.packs,
            language=self.scope.language, jurisdictions=self.scope.jurisdictions, audience=self.scope.audience,
            facts=Facts(today=self.work.services.now().date(), document=self._document()),
        )
        style = style_results(script, self.allowed, fields, self.warnings, self.narration, self.scope.audience)
        return replace(report, results=(*report.results, *style))

    def _document(self) -> str | None:
        """The text of the source, where a rule compares with it and the run has read the document itself."""
        compares = any(rule.check["kind"] == "own_words" for pack in self.scope.packs for rule in pack.rules)
        if not compares or not self.work.run.exists("document.json"):
            return None
        return "\n".join(page["text"] for page in self.work.run.read_json("document.json")["pages"])
