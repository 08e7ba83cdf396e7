"""Draws risk scales: rows of boxes with digits, of which one may stand out."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from pdf_sample import line

PALE, DARK = "0.9 0.93 0.97", "0.1 0.3 0.6"


def scale(
    steps: int = 7,
    *,
    fills: Mapping[int, str] | None = None,
    common: str = PALE,
    frames: Mapping[int, float] | None = None,
    figures: Mapping[int, str] | None = None,
    sizes: Mapping[int, float] | None = None,
    x: float = 60,
    y: float = 600,
    step: float = 28,
    font: str = "F1",
) -> bytes:
    """A row of boxes from `x` on; `fills`, `frames` (line width), `figures` (colour) and `sizes` say what is special at a step."""
    fills, frames, figures, sizes = fills or {}, frames or {}, figures or {}, sizes or {}
    out = b""
    for number in range(1, steps + 1):
        left = x + (number - 1) * step
        out += f"{fills.get(number, common)} rg {left + 1} {y - 8} {step - 2} 22 re f\n".encode()
    for number, width in frames.items():
        left = x + (number - 1) * step
        out += f"0 G {width} w {left + 1} {y - 8} {step - 2} 22 re S\n".encode()
    for number in range(1, steps + 1):
        text, size = str(number), sizes.get(number, 12)
        across = x + (number - 0.5) * step - 0.278 * size * len(text)
        out += f"{figures.get(number, '0 0 0')} rg ".encode() + line(text, x=across, y=y, size=size)
    return out + b"0 g "


def strip(steps: int = 7, marked: int | None = 5, size: tuple[int, int] = (700, 60)) -> bytes:
    """A PDF with one picture of a scale below the words "Risk indicator"; the figures are in the picture."""
    from PIL import Image, ImageDraw
    from pypdf import PdfReader, PdfWriter, Transformation

    picture = Image.new("RGB", size, "white")
    draw, cell = ImageDraw.Draw(picture), size[0] / steps
    for number in range(1, steps + 1):
        left = (number - 1) * cell
        fill = (0, 146, 249) if number == marked else (255, 255, 255)
        draw.rectangle((left, 0, left + cell - 1, size[1] - 1), fill=fill, outline=(90, 90, 90))
        draw.text((left + cell / 2 - 12, size[1] / 2 - 18), str(number), fill=(60, 60, 60), font_size=32)
    return _placed(picture, PdfReader, PdfWriter, Transformation)


def _placed(picture, reader, writer, transformation) -> bytes:  # type: ignore[no-untyped-def]
    from pdf_sample import document

    drawn, out = io.BytesIO(), io.BytesIO()
    picture.save(drawn, format="PDF", resolution=288)
    pages = writer(clone_from=reader(io.BytesIO(document(line("Risk indicator", y=650) + line("Lower risk", y=590)))))
    pages.pages[0].merge_transformed_page(reader(drawn).pages[0], transformation().translate(50, 620))
    pages.write(out)
    return out.getvalue()


def words_of(texts: Sequence[tuple[str, float, float]]) -> bytes:
    """Lines of text at places: text, x, y."""
    return b"".join(line(text, x=x, y=y) for text, x, y in texts)
