"""Motion: charts grow into place at the start of their slide, and the rules of the title are drawn.

    frame 0 … 11   the chart grows, without its figures     12/25 s
    then           the slide itself, as it was approved

Figures are printed only when a chart has its full length, and no number counts up: whoever stops the film at any frame
reads nothing that the document does not say. A frame costs about as much as a slide of the deck to draw, and the encoder
sees these few frames and no others. They are made with the slides and released with them, byte for byte, in one file: whoever makes the
video draws nothing.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

from workflow_orchestrator.errors import RenderError
from workflow_orchestrator.rendering.deck import CHARTS, Deck
from workflow_orchestrator.rendering.slides import Drawing, write_atomically
from workflow_orchestrator.rendering.theme import check_glyphs, load_theme
from workflow_orchestrator.script.model import SlideKind

FRAMES = 12  # at 25 frames a second: long enough to be seen, over before the first sentence begins
MOVING = CHARTS | {SlideKind.TITLE}

Motion = Mapping[int, tuple[Path, ...]]
"""By the number of a slide, from 0: the pictures that stand for one frame each before the slide itself."""


_FRAME = re.compile(r"build_([0-9]{2,3})_([0-9]{2})\.png")
# ZIP has no earlier date; a date of its own would give other bytes each time.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


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


def pack_motion(motion: Motion, out: Path) -> Path:
    """Writes all frames into one file, the same bytes for the same frames."""
    part = out.with_name(f".{out.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        for number in sorted(motion):
            for path in motion[number]:
                archive.writestr(zipfile.ZipInfo(path.name, _NO_DATE), path.read_bytes())
    part.replace(out)
    return out


def unpack_motion(packed: Path, out: Path) -> Motion:
    """The frames of a file that `pack_motion` wrote, in a folder.

    Raises:
        RenderError: the file is damaged, or holds something else.
    """
    out.mkdir(parents=True, exist_ok=True)
    found: dict[int, tuple[Path, ...]] = {}
    try:
        with zipfile.ZipFile(packed) as archive:
            for entry in archive.infolist():
                named = _FRAME.fullmatch(entry.filename)
                if named is None:
                    raise RenderError(f"{packed.name} holds {entry.filename!r}, which is no frame of a slide; make the slides again")
                target = out / entry.filename
                target.write_bytes(archive.read(entry))
                number = int(named[1]) - 1
                found[number] = (*found.get(number, ()), target)
    except (OSError, zipfile.BadZipFile) as error:
        raise RenderError(f"{packed.name} cannot be read: {error}; make the slides again") from error
    return found
