"""`slide`: the slides of the script, as pictures, as a PDF and as an editable PowerPoint file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from workflow_orchestrator.definition.model import SlideStep
from workflow_orchestrator.operators.base import StepOperator, Work
from workflow_orchestrator.values import ValueSet


class SlideOperator(StepOperator):
    """Writes `slides/slide_01.png` …, `slides.pdf`, `slides.pptx` and `deck.json`."""

    ui_color = "#efe6f6"
    step: SlideStep

    def perform(self, work: Work) -> None:
        from workflow_orchestrator.rendering import build_deck, render_powerpoint, render_slides
        from workflow_orchestrator.script import Script, Wording

        script = Script.from_json(work.run.read_json("script.json"))
        values = ValueSet.from_json(work.run.read_json("values.json"))
        wording = Wording(self.workflow.fields, script.language)
        deck = build_deck(script, values, self.workflow.fields, wording.shown)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            pictures = render_slides(deck, self.step.theme, folder)
            render_powerpoint(deck, script, self.step.theme, folder / "slides.pptx")
            names = {f"slides/{picture.name}" for picture in pictures}
            for stale in set(work.run.names("slides", ".png")) - names:
                work.run.storage.delete(work.run.key(stale))
            for picture in pictures:
                work.report.artifacts.append(work.run.put_file(f"slides/{picture.name}", picture))
            for document in ("slides.pdf", "slides.pptx"):
                work.report.artifacts.append(work.run.put_file(document, folder / document))
        work.keep("deck.json", deck.to_json())
        work.report.facts["slides"] = len(pictures)
