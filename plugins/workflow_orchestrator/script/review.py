"""Everything that a program can hold against a script before compliance reads it, as one list of findings.

    guard   figures that come from no value          stray    markup, addresses, instructions, leaks, silence
    claims  wrong direction, name or period          names    names that are not in the document
    tongue  another language                         length   more speech than the budget
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from workflow_orchestrator.compliance.model import Notice
from workflow_orchestrator.errors import ScriptError
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.script.claims import doubtful
from workflow_orchestrator.script.guard import Finding, check_bound, unbound
from workflow_orchestrator.script.length import too_long
from workflow_orchestrator.script.model import Script
from workflow_orchestrator.script.names import unknown_names
from workflow_orchestrator.script.narration import LengthBudget, Narration
from workflow_orchestrator.script.stray import stray
from workflow_orchestrator.script.tongue import foreign
from workflow_orchestrator.values import ValueSet


def review(
    script: Script,
    values: ValueSet,
    fields: FieldSet,
    approved: Sequence[Notice] = (),
    *,
    narration: Narration | None = None,
    budget: LengthBudget | None = None,
) -> tuple[Finding, ...]:
    """Every reason to refuse a script, in the order of the checks.

    Args:
        script: the words as they will be shown and spoken.
        values: the proven values.
        fields: the document kind.
        approved: notices whose wording compliance owns.
        narration: the business team's sentences, whose names are known as well.
        budget: the longest that a slide and the whole may speak; left out, that of the narration.
    """
    usual = LengthBudget() if narration is None else narration.length
    return (
        *unbound(script, values, fields, approved),
        *_claims(script, values, fields),
        *stray(script, approved),
        *unknown_names(script, values, fields, approved, _words_of(narration)),
        *foreign(script, values, approved),
        *too_long(script, budget or usual),
    )


def check_reviewed(
    script: Script, values: ValueSet, fields: FieldSet, approved: Sequence[Notice] = (), *, narration: Narration | None = None
) -> None:
    """Passes a script that the review finds nothing against.

    Raises:
        UnboundFigureError: a figure is not bound.
        ScriptError: anything else; `details["findings"]` has every finding as data.
    """
    check_bound(script, values, fields, approved)
    findings = review(script, values, fields, approved, narration=narration)
    if findings:
        lines = "\n".join(f"  {finding}" for finding in findings)
        raise ScriptError(
            f"the script cannot be spoken as it is; correct the sentence file or what was extracted:\n{lines}",
            findings=[finding.to_json() for finding in findings],
        )


def _claims(script: Script, values: ValueSet, fields: FieldSet) -> Iterator[Finding]:
    for segment in script.segments:
        for place, sentence in enumerate(segment.sentences):
            if all(ref in values for ref in sentence.refs):
                yield from doubtful(f"{segment.id}.sentences[{place}]", sentence, values, fields, script.language)


def _words_of(narration: Narration | None) -> Iterable[str]:
    if narration is None:
        return
    for line in (narration.title, narration.kicker, narration.source, *(x for plan in narration.segments for x in plan.say)):
        yield from (phrase.words for phrase in line.alternatives)
    yield from (plan.heading.words for plan in narration.segments)
    yield narration.footer
