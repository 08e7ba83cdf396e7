"""Slides: draws a deck with typst into one PNG frame per slide and one tagged PDF of them all.

The template is the platform's, the fonts are the theme's and no others: system fonts are off, so a deck gives the same
bytes on every machine with the same typst.
"""

from __future__ import annotations

import io
import json
import os
import re
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.errors import LayoutError, RenderError
from workflow_orchestrator.rendering.deck import MISSING, WORDS, Deck, Figure
from workflow_orchestrator.rendering.theme import Logo, Theme, check_glyphs, load_theme

if TYPE_CHECKING:
    import typst

_MAIN = "deck.typ"
_DECIMALS = re.compile(r"[.,]\d+\D*\Z")


def render_slides(deck: Deck, theme: Path, out: Path) -> tuple[Path, ...]:
    """Writes `slide_01.png` and so on (opaque, in the size of the deck's format) and `slides.pdf` (PDF/UA-1) into a folder.

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
    drawing = Drawing(deck, checked, [(number, 1.0) for number in range(len(deck.slides))])
    _refuse_overflow(drawing.overflow(), deck)
    frames = drawing.frames()
    document = drawing.pdf()
    out.mkdir(parents=True, exist_ok=True)
    paths = tuple(out / f"slide_{number:02d}.png" for number in range(1, len(frames) + 1))
    for path, frame in zip(paths, frames, strict=True):
        write_atomically(path, frame)
    write_atomically(out / "slides.pdf", document)
    return paths


def write_atomically(path: Path, data: bytes) -> None:
    """Writes under a temporary name and renames, so that a reader never sees half a file."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(path)


class Drawing:
    """Some pages of a deck in a theme: of each the number of its slide, from 0, and how far its chart has grown, 0 to 1.

    Raises:
        RenderError: the template is wrong, or drew another number of pages or pages of another size; by every method.
    """

    def __init__(self, deck: Deck, theme: Theme, pages: Sequence[tuple[int, float]]) -> None:
        self._deck, self._pages = deck, len(pages)
        # The platform's template fills every page with a colour of the theme; one of the theme's own may leave it clear.
        self._filled_by_theme = any(theme.folder.rglob("*.typ"))
        files = theme.templates
        self._files = {"main.typ": files.pop(_MAIN), **files}
        self._fonts = [str(theme.font_folder)]
        self._inputs = {"data": json.dumps(_data(deck, theme, pages), ensure_ascii=False)}

    def frames(self) -> list[bytes]:
        """The pages as opaque PNG pictures of the deck's format.

        Those of the platform's template are as typst wrote them, with an alpha channel: to take it away costs twice the time that the
        picture was drawn in.
        """
        found = self._run(lambda compiler: compiler.compile(format="png", ppi=72))
        frames = [found] if isinstance(found, bytes) else found
        if len(frames) != self._pages:
            raise RenderError(f"the theme drew {len(frames)} pages for {self._pages} slides")
        for frame in frames:
            _check_size(frame, self._deck.format.size)
        return [_opaque(frame) for frame in frames] if self._filled_by_theme else frames

    def pdf(self) -> bytes:
        """The pages as PDF/UA-1."""
        document: bytes = self._run(lambda compiler: compiler.compile(format="pdf", pdf_standards=["ua-1"]))
        return document

    def overflow(self) -> list[dict[str, str]]:
        """What does not fit: the id of its slide and the text."""
        found: list[dict[str, str]] = json.loads(self._run(lambda compiler: compiler.query("<overflow>", field="value")))
        return found

    def _run(self, work: Callable[[typst.Compiler], Any]) -> Any:
        import typst

        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=self._fonts)
        # One compiler for one task: it forgets files that are given as bytes when it is asked for a second one.
        files: Any = self._files  # its stubs know one file only
        compiler = typst.Compiler(input=files, font_paths=fonts, sys_inputs=self._inputs)
        try:
            return work(compiler)
        except RuntimeError as error:  # `compile` raises a TypstError, `query` its plain base class
            raise RenderError(f"the template of the theme cannot be drawn: {error}") from error


def _data(deck: Deck, theme: Theme, pages: Sequence[tuple[int, float]]) -> dict[str, Any]:
    content = deck.to_json()
    for item, slide in zip(content["slides"], deck.slides, strict=True):
        item["figures"] = [_drawn(figure, deck.language) for figure in slide.figures]
        item["beside"] = [_drawn(figure, deck.language) for figure in slide.beside]
        item |= {"columns": list(slide.columns), "curve": [float(point) for point in slide.curve]}
        item |= {"note": slide.note, "whole": slide.whole}
        item["reach"] = None if slide.reach is None else float(slide.reach)
    logo = theme.logo or Logo(light="", dark="", height=0, alt="")
    return {
        "deck": content, "words": WORDS[deck.language], "format": deck.format.to_json(), "pages": list(pages),
        "theme": {
            "colours": theme.colours, "fonts": theme.fonts, "series": list(theme.series), "layout": theme.layout,
            "logo": {"light": logo.light, "dark": logo.dark, "height": logo.height, "alt": logo.alt},
        },
    }


def draw_logo(theme: Theme, *, dark: bool) -> tuple[bytes, float]:
    """The theme's logo as PNG with a clear background, for files that take no SVG, and its width by its height.

    Raises:
        RenderError: it cannot be drawn.
    """
    import typst

    if theme.logo is None:
        raise RenderError(f"the theme {theme.name} has no logo")
    files: Any = {
        "main.typ": b'#set page(width: auto, height: auto, margin: 0pt, fill: none)\n#image("logo.svg", height: 200pt)',
        "logo.svg": (theme.logo.dark if dark else theme.logo.light).encode(),
    }
    try:
        png: Any = typst.Compiler(input=files).compile(format="png", ppi=72)
    except typst.TypstError as error:
        raise RenderError(f"the logo of the theme {theme.name} cannot be drawn: {error}") from error
    width, height = struct.unpack_from(">II", png, 16)
    return png, width / height


def _drawn(figure: Figure, language: str) -> dict[str, Any]:
    """A figure as a template draws it. `tail` is what follows its decimal mark, with the mark: tables are set by it."""
    tail = _DECIMALS.search(figure.text)
    return {
        "label": figure.label, "text": figure.text,
        "amount": None if figure.amount is None else float(figure.amount),
        "base": None if figure.base is None else float(figure.base), "total": figure.total,
        "negative": figure.negative, "tail": tail[0] if tail else _after_digits(figure.text),
        "note": "" if figure.text == MISSING else WORDS[language]["page"].format(figure.page),
    }


def _after_digits(text: str) -> str:
    return re.search(r"\D*\Z", text)[0] if any(map(str.isdigit, text)) else ""  # type: ignore[index] # it always matches


def _refuse_overflow(found: Sequence[dict[str, str]], deck: Deck) -> None:
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


def _check_size(png: bytes, size: tuple[int, int]) -> None:
    width, height = struct.unpack_from(">II", png, 16)  # IHDR stands first (PNG, third edition, 5.6)
    if (width, height) != size:
        raise RenderError(f"the theme draws {width} by {height} pixels, not {size[0]} by {size[1]}")


def _opaque(png: bytes) -> bytes:
    """The picture on white, in RGB."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        flat = Image.new("RGB", image.size, (255, 255, 255))
        flat.paste(image, mask=image.getchannel("A") if "A" in image.getbands() else None)
        out = io.BytesIO()
        flat.save(out, "PNG", compress_level=1)
        return out.getvalue()
