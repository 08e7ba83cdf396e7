"""Rendering: from a script and its bound values to slides, an editable PowerPoint, a narration and a checked video."""

from __future__ import annotations

from workflow_orchestrator.rendering.build import build_deck
from workflow_orchestrator.rendering.captions import Caption, captions_of, to_srt, to_vtt
from workflow_orchestrator.rendering.deck import Deck, Figure, Slide
from workflow_orchestrator.rendering.jobs import JobRef, JobState, JobStatus
from workflow_orchestrator.rendering.mark import Mark
from workflow_orchestrator.rendering.mp4 import VideoFacts
from workflow_orchestrator.rendering.paging import paged
from workflow_orchestrator.rendering.powerpoint import render_powerpoint
from workflow_orchestrator.rendering.probe import check_video
from workflow_orchestrator.rendering.providers import LocalProvider, VideoJob, VideoProvider, get_provider
from workflow_orchestrator.rendering.slides import render_slides
from workflow_orchestrator.rendering.speech import Cue, Narration, Span, SpeechProvider, narrate
from workflow_orchestrator.rendering.theme import Theme, load_theme
from workflow_orchestrator.rendering.video import make_video
from workflow_orchestrator.rendering.voices import get_voice

__all__ = [
    "Caption", "Cue", "Deck", "Figure", "JobRef", "JobState", "JobStatus", "LocalProvider", "Mark", "Narration",
    "Slide", "Span", "SpeechProvider", "Theme", "VideoFacts", "VideoJob", "VideoProvider", "build_deck", "captions_of",
    "check_video", "get_provider", "get_voice", "load_theme", "make_video", "narrate", "paged", "render_powerpoint",
    "render_slides", "to_srt", "to_vtt",
]
