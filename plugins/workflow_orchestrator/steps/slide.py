"""`slide`: the slides of the script, as pictures, as a PDF and as an editable PowerPoint file.

Writes `slides/slide_01.png` …, `slides.pdf`, `slides.pptx` and `deck.json`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from workflow_orchestrator.canonical import to_bytes
from workflow_orchestrator.definition.model import SlideStep
from workflow_orchestrator.steps.work import Work, step_of
from workflow_orchestrator.values import ValueSet


def perform(work: Work) -> None:
    """Does the step's work.

    Raises:
        RenderError: the slides cannot be made of this script.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = work.services.render_slides(work, folder)
        names = {f"slides/{picture.name}" for picture in pictures}
        for stale in set(work.run.names("slides", ".png")) - names:
            work.run.delete(stale)
        for picture in pictures:
            work.report.artifacts.append(work.run.put_file(f"slides/{picture.name}", picture))
        for document in ("slides.pdf", "slides.pptx", "deck.json"):
            work.report.artifacts.append(work.run.put_file(document, folder / document))
    work.report.facts["slides"] = len(pictures)


def render(work: Work, folder: Path) -> Sequence[Path]:
    """The slides of the run's script, made in a folder; what `Services.render_slides` does where nothing is remembered.

    Raises:
        RenderError: they cannot be made.
    """
    from workflow_orchestrator.rendering import build_deck, render_powerpoint, render_slides
    from workflow_orchestrator.script import Script, Wording

    theme = step_of(work, SlideStep).theme
    fields = work.workflow.fields
    script = Script.from_json(work.run.read_json("script.json"))
    values = ValueSet.from_json(work.run.read_json("values.json"))
    deck = build_deck(script, values, fields, Wording(fields, script.language).shown)
    pictures = render_slides(deck, theme, folder)
    render_powerpoint(deck, script, theme, folder / "slides.pptx")
    (folder / "deck.json").write_bytes(to_bytes(deck.to_json()))
    return pictures
