"""Makes the contact sheets of docs/contact_sheets: all slides of a video, small, in each theme, format and language.

    python scripts/make_contact_sheets.py                    # fund factsheets, from the proven values of the samples
    python scripts/make_contact_sheets.py --out FOLDER       # somewhere else

One sheet for each theme and format; a row for each language, with the sample document that is in that language.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "plugins"), str(ROOT / "benchmarks")]

from planted_scripts import RICH, Desk, fields  # noqa: E402 - behind the paths

from workflow_orchestrator.rendering import build_deck, render_slides  # noqa: E402
from workflow_orchestrator.rendering.formats import FORMATS, Format  # noqa: E402
from workflow_orchestrator.script import Wording  # noqa: E402

if TYPE_CHECKING:
    from PIL.Image import Image

THEMES = ROOT / "include" / "themes"
WIDTHS = {"landscape": 256, "portrait": 112, "square": 150}  # of one slide, in pixels
GAP = 8
COLOURS = 255  # of a sheet: enough for flat slides, and small files


def slides_of(language: str, theme: Path, shape: Format) -> list[Image]:
    """The slides of the sample in a language."""
    from PIL import Image

    desk = Desk(RICH[language], language)
    deck = build_deck(desk.good(0).script, desk.values, fields(), Wording(fields(), language).shown, shape)
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for path in render_slides(deck, theme, Path(folder)):
            with Image.open(path) as image:
                width = WIDTHS[shape.name]
                found.append(image.resize((width, width * shape.height // shape.width), Image.Resampling.LANCZOS))
    return found


def sheet(theme: Path, shape: Format) -> Image:
    """All languages of one theme and format."""
    from PIL import Image

    rows = [slides_of(language, theme, shape) for language in RICH]
    width, height = rows[0][0].size
    columns = max(map(len, rows))
    page = Image.new("RGB", (columns * (width + GAP) + GAP, len(rows) * (height + GAP) + GAP), (150, 150, 150))
    for row, images in enumerate(rows):
        for column, image in enumerate(images):
            page.paste(image, (GAP + column * (width + GAP), GAP + row * (height + GAP)))
    return page.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)  # rare colours stay, too


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make the contact sheets of docs/contact_sheets.")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "contact_sheets", help="the folder to write to")
    out: Path = parser.parse_args(argv).out
    out.mkdir(parents=True, exist_ok=True)
    for theme in sorted(path.parent for path in THEMES.glob("*/theme.yaml")):
        for shape in FORMATS.values():
            path = out / f"fund_factsheet_{theme.name}_{shape.name}.png"
            sheet(theme, shape).save(path, "PNG", optimize=True)
            print(f"{path.name} {path.stat().st_size // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
