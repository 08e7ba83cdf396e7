"""`slide`: the slides of the script, as pictures, as a PDF and as an editable PowerPoint file.

Writes `slides/slide_01.png` …, the frames in which charts build up (`slides/motion.zip`, unless the step says `motion: none` or nothing
moves), `slides.pdf`, `slides.pptx`, `deck.json`, what the rules say of the slides (`compliance_slides.json`),
and the compliance report for whoever releases them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workflow_orchestrator import progress
from workflow_orchestrator.canonical import to_bytes
from workflow_orchestrator.definition.model import SlideStep
from workflow_orchestrator.observability.names import SLIDES_SPAN
from workflow_orchestrator.observability.spans import span
from workflow_orchestrator.steps.compliance_report import keep_report
from workflow_orchestrator.steps.judging import Scope
from workflow_orchestrator.steps.release import MOTION
from workflow_orchestrator.steps.work import Work, step_of
from workflow_orchestrator.values import ValueSet

if TYPE_CHECKING:
    from workflow_orchestrator.compliance import ComplianceReport
    from workflow_orchestrator.rendering.deck import Deck

VERDICT = "compliance_slides.json"
_FRAMES = Path(MOTION).name


def perform(work: Work) -> None:
    """Does the step's work.

    Raises:
        RenderError: the slides cannot be made of this script.
        ComplianceBlockedError: they do not show its words, or set a warning smaller than the rest.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with span(SLIDES_SPAN):
            pictures = work.services.render_slides(work, folder)
        # Kept before it stops the step: what was wrong with slides that nobody gets to see is on record.
        work.report.artifacts.append(work.run.put_file(VERDICT, folder / VERDICT))
        _verdict_in(folder).raise_for_block("the slides")
        frames = folder / _FRAMES
        shown = [*pictures, frames] if frames.is_file() else [*pictures]
        names = {f"slides/{path.name}" for path in shown}
        for stale in {*work.run.names("slides", ".png"), *work.run.names("slides", ".zip")} - names:
            work.run.delete(stale)
        for path in shown:
            work.report.artifacts.append(work.run.put_file(f"slides/{path.name}", path))
        for document in ("slides.pdf", "slides.pptx", "deck.json"):
            work.report.artifacts.append(work.run.put_file(document, folder / document))
    work.report.artifacts += keep_report(work.run, work.workflow)
    work.report.facts["slides"] = len(pictures)


def render(work: Work, folder: Path) -> Sequence[Path]:
    """The slides of the run's script, made in a folder; what `Services.render_slides` does where nothing is remembered.

    Beside them lies what the rules say of them, `compliance_slides.json`, also where a rule blocks.

    Raises:
        RenderError: they cannot be made.
    """
    from workflow_orchestrator.rendering import build_deck, render_powerpoint, render_slides
    from workflow_orchestrator.rendering.formats import FORMATS
    from workflow_orchestrator.rendering.motion import pack_motion, render_motion
    from workflow_orchestrator.script import Script, Wording

    step = step_of(work, SlideStep)
    theme = step.theme
    fields = work.workflow.fields
    script = Script.from_json(work.run.read_json("script.json"))
    values = ValueSet.from_json(work.run.read_json("values.json"))
    deck = build_deck(script, values, fields, Wording(fields, script.language).shown, FORMATS[step.format])
    with progress.of("drawing", 3) as going, tempfile.TemporaryDirectory() as scratch:
        pictures = render_slides(deck, theme, folder)
        going.done()
        render_powerpoint(deck, script, theme, folder / "slides.pptx")
        going.done()
        frames = render_motion(deck, theme, Path(scratch)) if step.motion == "build" else {}
        if frames:
            pack_motion(frames, folder / _FRAMES)
    (folder / "deck.json").write_bytes(to_bytes(deck.to_json()))
    _read_back(work, deck, values, folder)
    return pictures


def _read_back(work: Work, deck: Deck, values: ValueSet, folder: Path) -> None:
    """What was drawn is read back from both files: other words than the script's, or small print, go no further."""
    from workflow_orchestrator.compliance import ComplianceReport
    from workflow_orchestrator.compliance.rendered import check_slides

    scope = Scope.of(work, deck.language)
    pdf, pptx = ((folder / name).read_bytes() for name in ("slides.pdf", "slides.pptx"))
    results = check_slides(deck, scope.notices(values), scope.packs, pdf=pdf, pptx=pptx)
    report = ComplianceReport(results, packs=tuple(pack.label for pack in scope.packs))
    (folder / VERDICT).write_bytes(to_bytes(report.to_json()))


def _verdict_in(folder: Path) -> ComplianceReport:
    from workflow_orchestrator.compliance import ComplianceReport

    return ComplianceReport.from_json(json.loads((folder / VERDICT).read_bytes()))
