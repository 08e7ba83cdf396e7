"""The picture is asked whether it shows a sign or a separator that both passes of OCR lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from workflow_orchestrator.documents.ocr_ink import lacks_marks
from workflow_orchestrator.values import Box

FONT = Path(__file__).resolve().parents[4] / "include" / "themes" / "house" / "fonts" / "Inter-Regular.ttf"
DPI = 400
SIZE = 9  # points, as factsheets have it


class Sheet:
    """A picture with words; remembers the box of each in points."""

    def __init__(self, paper: int = 255, ink: int = 0) -> None:
        self.picture = Image.new("L", (1200, 400), paper)
        self.font = ImageFont.truetype(str(FONT), round(SIZE * DPI / 72))
        self.draw = ImageDraw.Draw(self.picture)
        self.ink = ink

    def put(self, text: str, left: int, top: int = 150) -> Box:
        self.draw.text((left, top), text, fill=self.ink, font=self.font)
        return self._points(*self.draw.textbbox((left, top), text, font=self.font))

    def _points(self, left: float, top: float, right: float, bottom: float) -> Box:
        scale = 72 / DPI
        return Box(left * scale, (400 - bottom) * scale, right * scale, (400 - top) * scale)


@pytest.mark.parametrize("printed", ["1.25", "1,903.4", "-1.25", "12,345,678", "5.94%", "(3.1)", "2024", "7", "11.1", "4:3"])
@pytest.mark.parametrize(("paper", "ink"), [(255, 0), (30, 240), (200, 90)], ids=["black", "inverse", "grey"])
def test_a_figure_that_is_read_whole_is_not_doubted(printed: str, paper: int, ink: int) -> None:
    """Every mark of the picture stands in the text."""
    sheet = Sheet(paper, ink)
    box = sheet.put(printed, 300)
    assert not lacks_marks(sheet.picture, DPI, printed, box, [])


@pytest.mark.parametrize(("printed", "read"), [("1,903.4", "1,9034"), ("2.18", "218"), ("1.25", "125"), ("10-12", "1012")])
def test_a_lost_separator_is_seen(printed: str, read: str) -> None:
    """A point, a comma or a dash between digits is narrow and low, or flat; the text must have it."""
    sheet = Sheet()
    box = sheet.put(printed, 300)
    assert lacks_marks(sheet.picture, DPI, read, box, [])


@pytest.mark.parametrize("sign", ["-", "–", "−", "(", "+", "~", "€", "1 "])
def test_a_lost_sign_before_a_figure_is_seen(sign: str) -> None:
    """What stands directly before a figure and belongs to no word is a sign that was lost."""
    sheet = Sheet()
    whole = sheet.put(sign, 300)
    box = sheet.put("4.25", round(whole.right * DPI / 72) + 6)
    assert lacks_marks(sheet.picture, DPI, "4.25", box, [])
    assert not lacks_marks(sheet.picture, DPI, "4.25", box, [whole])


def test_a_line_of_a_table_is_no_sign() -> None:
    """A vertical line goes on above and below, a horizontal one stands at the foot of the row."""
    sheet = Sheet()
    box = sheet.put("4.25", 300)
    sheet.draw.line((290, 0, 290, 400), fill=0, width=3)
    foot = round(400 - box.bottom * DPI / 72) + 8
    sheet.draw.line((0, foot, 1200, foot), fill=0, width=3)
    assert not lacks_marks(sheet.picture, DPI, "4.25", box, [])


def test_dirt_and_blur_of_a_scan_are_no_signs() -> None:
    """A scan is never clean."""
    sheet = Sheet()
    box = sheet.put("1,903.4", 300)
    noise: Any = Image.effect_noise(sheet.picture.size, 20).point(lambda level: level // 2)
    picture = Image.blend(sheet.picture.filter(ImageFilter.GaussianBlur(1.5)), noise, 0.2)
    assert not lacks_marks(picture, DPI, "1,903.4", box, [])
    assert lacks_marks(picture, DPI, "1,9034", box, [])


def test_a_figure_without_ink_is_doubted() -> None:
    """Where the picture is even, nothing was printed."""
    assert lacks_marks(Image.new("L", (1200, 400), 128), DPI, "4.2", Box(50, 20, 70, 28), [])
