"""One short film for all tests of this folder: three slides, one sentence each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import rendering_sample as sample

from workflow_orchestrator.rendering import (
    Mark,
    Narration,
    build_deck,
    captions_of,
    get_voice,
    make_video,
    narrate,
    render_slides,
)
from workflow_orchestrator.script.model import Script

PARTS = ("months", "risk", "facts")
HOSTILE = "Calder & <b>Ridge</b> {\\an8} +1,93\u00a0% \\n {x} --> &amp;"


@dataclass(frozen=True)
class Film:
    """A rendered film and what it was made of."""

    script: Script
    slides: tuple[Path, ...]
    narration: Narration
    video: Path


def film(folder: Path, script: Script, slides: Sequence[Path]) -> Film:
    """Narrates and encodes a script."""
    narration = narrate(script, get_voice("espeak"), folder)
    chapters = [segment.heading for segment in script.segments]
    video = make_video(
        slides, narration, captions_of(narration), folder / "video.mp4",
        title=script.title, language=script.language, chapters=chapters, mark=Mark.of("espeak", script.writer),
    )
    return Film(script, tuple(slides), narration, video)


@pytest.fixture(scope="session")
def short(tmp_path_factory: pytest.TempPathFactory) -> Film:
    folder = tmp_path_factory.mktemp("film")
    script = sample.script("en", PARTS)
    deck = build_deck(script, sample.values("en"), sample.fields(), sample.shown_in("en"))
    return film(folder, script, render_slides(deck, sample.THEME, folder / "slides"))
