"""`video`: gives the released script and slides to a video provider, and checks the file that comes back.

Writes `video.mp4`, captions, narration, `video.json`: the facts measured in the finished file, and `compliance_video.json`: what the
rules say of it. Where a rule blocks, nothing of the video is kept.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.definition.model import VideoStep
from workflow_orchestrator.definition.pronunciation import load_pronunciation
from workflow_orchestrator.errors import EncoderError, VideoCheckError
from workflow_orchestrator.observability.names import VIDEO_SPAN
from workflow_orchestrator.observability.spans import span
from workflow_orchestrator.steps.budget import left_money
from workflow_orchestrator.steps.judging import Scope
from workflow_orchestrator.steps.release import MOTION, content_hash, content_names, require_approval
from workflow_orchestrator.steps.work import Work, step_of
from workflow_orchestrator.values import ValueSet

if TYPE_CHECKING:
    from workflow_orchestrator.compliance import ComplianceReport
    from workflow_orchestrator.record import RunFolder
    from workflow_orchestrator.rendering import VideoFacts, VideoJob
    from workflow_orchestrator.rendering.formats import Format
    from workflow_orchestrator.script.model import Script

VERDICT = "compliance_video.json"
# What `captions.to_ass` puts into sequences that ffmpeg would take for orders.
_PARTED = re.compile("([{\\\\])\u2060")


def perform(work: Work) -> None:
    """Does the step's work.

    Raises:
        ApprovalError: nobody released exactly this content.
        RenderError: the video cannot be made.
        EncoderError: it was not made this time.
        BudgetError: a vendor's clip would cost more than is left of the budget.
        VendorError: a vendor of voice or video refused it; as `VendorOutageError` where a retry can help.
        ComplianceBlockedError: the finished file does not say the words of the script, shows a warning too briefly, or does not say
            that a machine made it.
    """
    from workflow_orchestrator.rendering import VideoJob, get_provider, paged
    from workflow_orchestrator.rendering.motion import unpack_motion
    from workflow_orchestrator.script.model import Script

    step = step_of(work, VideoStep)
    include = work.workflow.platform_include
    get_provider(step.provider, include=include)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Read once: what is hashed here is what is spoken and shown, whatever happens to the run's folder meanwhile.
        names = content_names(work.run)
        files = dict(zip(names, work.run.fetch(names, folder / "released"), strict=True))
        content = content_hash((item, path.read_bytes()) for item, path in files.items())
        approval = require_approval(work.run, content, work.configuration.profile)
        script = Script.from_json(json.loads(files["script.json"].read_bytes()))
        slides = tuple(path for item, path in files.items() if item.startswith("slides/") and item != MOTION)
        job = VideoJob(
            # Paged as the slides were: whoever makes the video need not know their format.
            script=paged(script, _shape(work.run)),
            slides=slides,
            voice=step.voice,
            title=script.title,
            language=script.language,
            include=include,
            pronunciation=load_pronunciation(work.workflow.include / "prompts" / work.workflow.name, script.language),
            motion=unpack_motion(files[MOTION], folder / "motion") if MOTION in files else {},
            constant=step.frames == "constant",
            source_sha256=_source_of(work.run),
            most_usd=left_money(work.run, work.workflow, work.report),
        )
        # The same released content is the same job: a provider that still has it does not make it again.
        key = sha256(to_bytes([approval["content"], step.provider, step.voice, step.frames]))
        with span(VIDEO_SPAN, provider=step.provider, slides=len(slides)):
            made = work.services.make_video(step.provider, job, key, folder)
        report = _judged(work, script, ValueSet.from_json(json.loads(files["values.json"].read_bytes())), made)
        # Kept before it stops the step: what was wrong with a video that nobody gets to see is on record.
        work.keep(VERDICT, report.to_json())
        report.raise_for_block("the video")
        for path in made:
            work.report.artifacts.append(work.run.put_file(path.name, path))
    facts = work.run.read_json("video.json")
    work.report.facts.update({"seconds": facts["duration"], "checked": True, "content": content})


def _source_of(run: RunFolder) -> str:
    """The SHA-256 of the document that the run was started with."""
    request = run.read_json("request.json") if run.exists("request.json") else {}
    return str((request.get("source") or {}).get("sha256", ""))


def _shape(run: RunFolder) -> Format:
    """The format of the run's slides."""
    from workflow_orchestrator.rendering.formats import format_of_deck

    return format_of_deck(run.read_json("deck.json") if run.exists("deck.json") else None)


def _judged(work: Work, script: Script, values: ValueSet, made: Sequence[Path]) -> ComplianceReport:
    """What the rules say of the finished files: their words against the script, how long each warning stands, the mark."""
    from workflow_orchestrator.compliance import ComplianceReport
    from workflow_orchestrator.compliance.rendered import check_captions, check_mark, words_of
    from workflow_orchestrator.rendering.mp4 import probe, subtitles

    scope = Scope.of(work, script.language)
    video = next((path for path in made if path.name == "video.mp4"), None)
    if video is None:
        raise VideoCheckError(f"the provider gave {', '.join(path.name for path in made) or 'nothing'}, and no video.mp4")
    facts = probe(video)
    captions = {
        path.name: words_of(path.read_text(encoding="utf-8", errors="replace")) for path in made if path.suffix in (".vtt", ".srt")
    }
    inside = subtitles(video)
    # A provider may give its captions beside the film only; without any, the film is the one that has none.
    if inside or not captions:
        captions["video.mp4"] = _PARTED.sub(r"\1", " ".join(inside)).split()
    shape = _shape(work.run)
    spans = tuple(_spans(facts))
    results = (
        *check_captions(script, scope.notices(values), scope.packs, captions=captions, spans=spans, shape=shape),
        *check_mark(facts, scope.packs),
    )
    return ComplianceReport(results, packs=tuple(pack.label for pack in scope.packs))


def _spans(facts: VideoFacts) -> Iterator[tuple[timedelta, timedelta]]:
    """From when to when each slide stands, by the chapters of the finished file."""
    starts = [chapter.start for chapter in facts.chapters]
    yield from zip(starts, [*starts[1:], facts.duration][: len(starts)], strict=True)


def make(provider: str, job: VideoJob, key: str, folder: Path) -> Sequence[Path]:
    """The files of a video, made in a folder; what `Services.make_video` does where nothing is remembered.

    Raises:
        VideoCheckError: the provider refused it.
        EncoderError: the provider is not through yet.
    """
    from workflow_orchestrator.rendering import get_provider

    maker = get_provider(provider, include=job.include)
    ref = maker.start(job, idempotency_key=key, work=folder / "work")
    status = maker.status(ref)
    if not status.finished:
        raise EncoderError(f"provider {provider!r} is still at work on {ref.id}; a retry looks again")
    if status.reason:
        raise VideoCheckError(f"provider {provider!r} failed: {status.reason}")
    return maker.fetch(ref, folder / "out", job=job)
