"""Slides: draws a deck with typst into one PNG frame per slide and one tagged PDF of them all.

The template and its fonts come from the theme's folder and from nowhere else: system fonts are off, so a deck gives
the same bytes on every machine with the same typst.
"""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.errors import LayoutError, RenderError
from workflow_orchestrator.rendering.deck import WORDS, Deck
from workflow_orchestrator.rendering.theme import Theme, check_glyphs, load_theme

if TYPE_CHECKING:
    import typst

WIDTH, HEIGHT = 1920, 1080


def render_slides(deck: Deck, theme: Path, out: Path) -> tuple[Path, ...]:
    """Writes `slide_01.png` and so on (1920 by 1080, RGB) and `slides.pdf` (PDF/UA-1) into a folder.

    Args:
        deck: the content.
        theme: the folder of the theme.
        out: the folder to write to; it is made if it is not there.

    Returns:
        The PNG files, in the order of the slides.

    Raises:
        DefinitionError: the theme is wrong.
        LayoutError: a text does not fit its place, or the fonts lack a character; all such texts are named.
        RenderError: the template itself is wrong.
    """
    checked = load_theme(theme)
    check_glyphs(deck, checked)
    compiler = _compiler(deck, checked)
    _refuse_overflow(compiler, deck)
    pages = _compile(compiler, format="png", ppi=72)
    document = _compile(compiler, format="pdf", pdf_standards=["ua-1"])
    frames = [pages] if isinstance(pages, bytes) else pages
    if len(frames) != len(deck.slides):
        raise RenderError(f"the theme {checked.name} drew {len(frames)} pages for {len(deck.slides)} slides")
    out.mkdir(parents=True, exist_ok=True)
    paths = tuple(out / f"slide_{number:02d}.png" for number in range(1, len(frames) + 1))
    for path, frame in zip(paths, frames, strict=True):
        write_atomically(path, _opaque(frame))
    write_atomically(out / "slides.pdf", document)
    return paths


def write_atomically(path: Path, data: bytes) -> None:
    """Writes under a temporary name and renames, so that a reader never sees half a file."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(path)


def _compiler(deck: Deck, theme: Theme) -> typst.Compiler:
    import typst

    content = deck.to_json()
    for slide in content["slides"]:
        for figure in slide["figures"] + slide["beside"]:
            amount = figure["amount"]
            figure["amount"] = None if amount is None else float(amount)
            figure["negative"] = amount is not None and float(amount) < 0
            figure["note"] = WORDS[deck.language]["page"].format(figure["page"])
    data = {
        "deck": content, "words": WORDS[deck.language],
        "theme": {"colours": theme.colours, "fonts": theme.fonts},
    }
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(theme.font_folder)]
    )
    return typst.Compiler(
        input=str(theme.template), root=str(theme.folder), font_paths=fonts,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )


def _compile(compiler: typst.Compiler, **how: Any) -> Any:
    import typst

    try:
        return compiler.compile(**how)
    except typst.TypstError as error:
        raise RenderError(f"the template of the theme cannot be drawn: {error}") from error


def _refuse_overflow(compiler: typst.Compiler, deck: Deck) -> None:
    import typst

    try:
        found = json.loads(compiler.query("<overflow>", field="value"))
    except typst.TypstError as error:
        raise RenderError(f"the template of the theme cannot be drawn: {error}") from error
    if not found:
        return
    numbers = {slide.id: number for number, slide in enumerate(deck.slides, start=1)}
    listed = "; ".join(
        f"slide {numbers.get(item['slide'], '?')} ({item['slide']}): {item['text'][:160]!r}" for item in found
    )
    raise LayoutError(
        f"these words do not fit even in the smallest size: {listed}; shorten them or divide the segment",
        overflow=[{"slide": item["slide"], "text": item["text"]} for item in found],
    )


def _opaque(png: bytes) -> bytes:
    """The frame as RGB: encoders rebuild their filters where frames of RGB and RGBA follow one another."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        if image.size != (WIDTH, HEIGHT):
            raise RenderError(f"the theme draws {image.width} by {image.height} pixels, not {WIDTH} by {HEIGHT}")
        flat = Image.new("RGB", image.size, (255, 255, 255))
        flat.paste(image, mask=image.getchannel("A") if "A" in image.getbands() else None)
        out = io.BytesIO()
        flat.save(out, "PNG", compress_level=6)
        return out.getvalue()
