"""A write step on the values of a sample, with a model whose answers the test types."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from step_lab import Bench, opened, work_on

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow, WriteStep
from workflow_orchestrator.steps import write
from workflow_orchestrator.steps.work import Work

ROOT = Path(__file__).resolve().parents[4]
sys.path.insert(0, str(ROOT / "benchmarks"))

from planted_scripts import RICH, Desk, sample_values, truth  # noqa: E402 - found through the line above

__all__ = ["RICH", "Desk", "Lab", "good_answer", "workflow"]


@cache
def workflow() -> Workflow:
    """The shipped fund workflow."""
    return load_workflow(ROOT / "dags" / "fund_factsheet_video", ROOT / "include")


@cache
def _words(language: str) -> dict[str, tuple[str, ...]]:
    """What the sentence file says on each slide that the sample fills, with its places."""
    desk = Desk(RICH[language], language)
    said: dict[str, tuple[str, ...]] = {}
    for slot in desk.composer.slots():
        fitting = ((p for p in line.alternatives if desk.composer.sentences(p, slot)) for line in slot.plan.say)
        said[slot.plan.id] = tuple(str(next(found)) for found in fitting)
    said.pop("notice", None)
    return said


def good_answer(language: str, **slides: Sequence[str]) -> dict[str, Any]:
    """An answer that nothing is held against, with some slides changed."""
    said = {**_words(language), **slides}
    return {"segments": [{"id": name, "sentences": list(texts)} for name, texts in said.items()]}


class _Bench(Bench):
    """It is a month after the day of the samples."""

    def now(self) -> datetime:
        return datetime(2026, 11, 30, tzinfo=UTC)


@dataclass
class Lab:
    """One run with the values of a language's sample.

    Args:
        place: a folder of the test.
        language: of document and video.
        by: who writes, as the workflow says it.
    """

    place: Path
    language: str = "en"
    by: str = "model"

    def write(self, *answers: Any, **conf: Any) -> Work:
        """Does the step's work with a model that answers so, in this order; the work holds what came of it.

        Raises:
            ScriptError: as the step does; `self.work` has the report then too.
        """
        step = next(step for step in workflow().steps if isinstance(step, WriteStep))
        step = replace(step, by=self.by)  # type: ignore[arg-type]
        run = opened(self.place, workflow(), approval="people", language=self.language, **conf)
        run.write_json("values.json", sample_values(RICH[self.language]).to_json())
        run.write_json("validation.json", {"language": truth(RICH[self.language])["language"]})
        self.bench = _Bench(replies=list(answers))
        self.work = work_on(run, workflow(), step, self.bench)
        write.perform(self.work)
        return self.work

