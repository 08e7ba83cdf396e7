"""Motion: charts grow into place at the start of their slide, and the rules of the title are drawn.

    frame 0 … 19   the chart grows, without its figures     20/25 s
    then           the slide itself, as it was approved

Figures are printed only when a chart has its full length, and no number counts up: whoever stops the film at any frame
reads nothing that the document does not say. A frame costs about as much as a slide of the deck to draw, and the encoder
sees these few frames and no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from workflow_orchestrator.rendering.deck import CHARTS, Deck
from workflow_orchestrator.rendering.slides import Drawing, write_atomically
from workflow_orchestrator.rendering.theme import check_glyphs, load_theme
from workflow_orchestrator.script.model import SlideKind

FRAMES = 20  # at 25 frames a second: long enough to be seen, over before the first sentence begins
MOVING = CHARTS | {SlideKind.TITLE}

Motion = Mapping[int, tuple[Path, ...]]
"""By the number of a slide, from 0: the pictures that stand for one frame each before the slide itself."""


def grown(frame: int) -> float:
    """How far a chart has grown at a frame, from 0 to 1, fast at first and slow at the end (cubic ease-out)."""
    return round(1 - (1 - frame / FRAMES) ** 3, 4)


def render_motion(deck: Deck, theme: Path, out: Path) -> Motion:
    """Writes `build_02_00.png` and so on: the frames in which the charts of a deck build up, slide by slide.

    Args:
        deck: the content, the same as of the slides.
        theme: the folder of the theme.
        out: the folder to write to; it is made if it is not there.

    Raises:
        DefinitionError: the theme is wrong.
        LayoutError: the fonts of the theme lack a character.
        RenderError: the template itself is wrong.
    """
    checked = load_theme(theme)
    check_glyphs(deck, checked)
    moving = [number for number, slide in enumerate(deck.slides) if slide.kind in MOVING]
    pages = [(number, grown(frame)) for number in moving for frame in range(FRAMES)]
    if not pages:
        return {}
    out.mkdir(parents=True, exist_ok=True)
    paths: dict[int, tuple[Path, ...]] = {}
    frames = iter(Drawing(deck, checked, pages).frames())
    for number in moving:
        own = tuple(out / f"build_{number + 1:02d}_{frame:02d}.png" for frame in range(FRAMES))
        for path in own:
            write_atomically(path, next(frames))
        paths[number] = own
    return paths
