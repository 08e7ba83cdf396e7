"""Makes scans for the tests of OCR: pages drawn to pictures, and pages of a few lines in any script that the font has."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[4]
FONT = ROOT / "include" / "themes" / "house" / "fonts" / "Inter-Regular.ttf"
DPI = 200


def scan(data: bytes, page: int = 1, down_to: float = 1.0) -> bytes:
    """One page of a PDF as an office scanner gives it: a grey JPEG of 200 dots per inch, a little askew and blurred.

    `down_to` is the share of its height that is kept, from the top.
    """
    import pypdfium2
    from PIL import Image, ImageFilter

    drawn = pypdfium2.PdfDocument(data)[page - 1].render(scale=DPI / 72, grayscale=True).to_pil().convert("L")
    drawn = drawn.crop((0, 0, drawn.width, round(down_to * drawn.height)))
    turned = drawn.rotate(0.3, resample=Image.Resampling.BICUBIC, fillcolor=255)
    return as_pdf(turned.filter(ImageFilter.GaussianBlur(0.5)))


def as_pdf(*pictures: Any, dpi: int = DPI) -> bytes:
    """A PDF with one page for each picture."""
    out = io.BytesIO()
    pictures[0].save(out, "PDF", resolution=dpi, quality=75, save_all=True, append_images=list(pictures[1:]))
    return out.getvalue()


def lines(texts: Sequence[str], width: int = 1000, size: int = 28) -> Any:
    """A picture with one line of 10 points for each text; the parts of a text that a tab separates stand in columns."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("L", (width, 80 + 2 * size * len(texts)), 255)
    draw, font = ImageDraw.Draw(picture), ImageFont.truetype(str(FONT), size)
    for row, text in enumerate(texts):
        for column, part in enumerate(text.split("\t")):
            draw.text((60 + 450 * column, 40 + 2 * size * row), part, fill=0, font=font)
    return picture


def joined(*documents: bytes) -> bytes:
    """The pages of several PDFs in one."""
    import pikepdf

    out = io.BytesIO()
    with pikepdf.new() as whole:
        for data in documents:
            with pikepdf.open(io.BytesIO(data)) as part:
                whole.pages.extend(part.pages)
        whole.save(out)
    return out.getvalue()


def program(folder: Path, body: str) -> Path:
    """Puts a program named `tesseract` into a folder: a Python script whose `body` may look at `sys.argv`.

    It answers the questions for version and languages as the installed one does.
    """
    path = folder / "tesseract"
    head = f"#!{sys.executable} -S\nimport os, subprocess, sys, time\n"
    asked = (
        "if '--version' in sys.argv:\n    print('tesseract 5.3.0'); sys.exit()\n"
        "if '--list-langs' in sys.argv:\n    print('List of available languages (2):\\neng\\nosd'); sys.exit()\n"
    )
    path.write_text(head + asked + body)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def path_with(folder: Path) -> str:
    """A PATH on which a folder comes first."""
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
