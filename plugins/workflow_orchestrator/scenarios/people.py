"""The people of a run in process: a scenario's own, or whoever sits at the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from workflow_orchestrator.scenarios.model import Reaction, ScenarioError
from workflow_orchestrator.steps.approval_form import REASON
from workflow_orchestrator.steps.work import Answer, Question, Work

_OPTION = {"send": 0, "approve": 0, "stop": 1, "reject": 1, "send_back": 2}
"""The place of an answer among the options of its question."""


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a question: the answer, `None` when the time ran out, and how long it took."""

    answer: Answer | None
    took: timedelta = timedelta(0)


class People(Protocol):
    """Whoever answers the questions of a run."""

    def ask(self, work: Work, question: Question) -> Said:
        """The answer to a question."""


class Nobody:
    """Leaves every question open until its time runs out."""

    def ask(self, work: Work, question: Question) -> Said:
        return Said(None, question.within)


@dataclass(frozen=True, slots=True)
class Scripted:
    """The people of one try of a scenario."""

    reaction: Reaction

    def ask(self, work: Work, question: Question) -> Said:
        """The reaction, as an answer to this question.

        Raises:
            ScenarioError: it enters a value that the form does not ask for, or gives an answer that is not offered.
        """
        reaction = self.reaction
        if reaction.answer == "nobody":
            return Said(None, question.within)
        number = _OPTION[reaction.answer]
        if number >= len(question.options):
            raise ScenarioError(f"{reaction.by} answers {reaction.answer}, and the question offers {', '.join(question.options)}")
        option = question.options[number]
        at = (work.services.now() + reaction.after).isoformat(timespec="seconds")
        return Said(Answer(option, self._form(question), reaction.by, at), reaction.after)

    def _form(self, question: Question) -> dict[str, Any]:
        values = {name: part.get("value") for name, part in question.form.items()}
        for ref, (words, page) in self.reaction.enter.items():
            if ref not in values:
                asked = ", ".join(name for name in values if not name.endswith("@page")) or "nothing"
                raise ScenarioError(f"{self.reaction.by} enters {ref}, and the form asks for {asked}")
            values[ref] = words
            if page is not None:
                values[f"{ref}@page"] = page
        for place, words in self.reaction.edit.items():
            if place not in values:
                raise ScenarioError(f"{self.reaction.by} edits {place}, and the form has {', '.join(values)}")
            values[place] = words
        if self.reaction.reason:
            values[REASON] = self.reaction.reason
        return values
