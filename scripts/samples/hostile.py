"""Makes the small files that a reader must refuse or distrust: locked, cut, scanned, empty, too long, talking.

All are built from one plain page with fixed keys and times, so that they too come out the same on every run.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from samples.injections import build_injections
from samples.press import HERE, as_json, build, compose, saved, typeset
from samples.sheet import load

USER_PASSWORD = "ostler-gate-41"  # printed in cases.json: it opens nothing but the sample
OVERLONG_PAGES = 60
_DPI = 100


@dataclass(frozen=True)
class Case:
    """One hostile file: what it is, and what a reader must find. `pages` is None when it cannot be opened."""

    file: str
    what: str
    pages: int | None
    characters: bool

    def to_json(self) -> dict[str, Any]:
        return {"file": self.file, "what": self.what, "pages": self.pages, "has_text": self.characters}


CASES = (
    Case("blank.pdf", "one page without text or picture", 1, False),
    Case("image_only.pdf", "a page scanned to black and white, no text layer", 1, False),
    Case("not_a_pdf.pdf", "a text file with the wrong name", None, False),
    Case("password_protected.pdf", "opens with a user password only", None, False),
    Case("prompt_injection_en.pdf", "tells the reading model what to report, aloud and in white on white", 1, True),
    Case("sixty_pages.pdf", "longer than any factsheet", OVERLONG_PAGES, True),
    Case("truncated.pdf", "the first 60% of a good file", None, False),
)


def build_hostile(fonts: Path) -> tuple[dict[str, bytes], tuple[Case, ...]]:
    """The hostile files by name, their truths and `cases.json`, and the cases themselves."""
    folder = HERE / "sheets" / "hostile"
    talking, truth = build(load(folder / "prompt_injection_en.toml"), fonts)
    truth |= {"layout": "plain", "forbidden": ["99.99", "88.88"]}
    plain = _plain(folder / "plain_en.toml", fonts)
    good = plain()
    talkers, told = build_injections(fonts)
    cases = (*CASES, *(Case(file, f"gives orders: {what}", 1, True) for file, what in told))
    files = {
        "blank.pdf": _blank(),
        "image_only.pdf": _scanned(plain(format="png", ppi=_DPI)),
        "not_a_pdf.pdf": b"Fund factsheet\nYTD: 4.20%\nThis is a text file whose name ends in .pdf.\n",
        "password_protected.pdf": _locked(good),
        "prompt_injection_en.pdf": talking,
        "prompt_injection_en.truth.json": as_json(truth),
        "sixty_pages.pdf": plain(copies=OVERLONG_PAGES, pdf_tags=False),
        "truncated.pdf": good[: len(good) * 6 // 10],
        "cases.json": as_json({"user_password": USER_PASSWORD, "cases": [case.to_json() for case in cases]}),
    }
    return files | talkers, cases


def _plain(path: Path, fonts: Path) -> Callable[..., bytes]:
    sheet = load(path)
    content, _ = compose(sheet)
    stamp = datetime.combine(sheet.fund.as_of, time(), UTC)

    def render(copies: int = 1, **options: Any) -> bytes:
        inputs = {"sheet": json.dumps(content, ensure_ascii=False), "copies": str(copies)}
        return typeset(HERE / "layouts" / "plain.typ", inputs, fonts=fonts, stamp=stamp, **options)

    return render


def _blank() -> bytes:
    import pikepdf

    document = pikepdf.new()
    document.add_blank_page(page_size=(420, 297))
    return saved(document)


def _locked(pdf: bytes) -> bytes:
    import pikepdf

    # RC4 on purpose: AES draws random salts, and the file would differ on every run.
    lock = pikepdf.Encryption(owner=USER_PASSWORD[::-1], user=USER_PASSWORD, R=3, aes=False, metadata=False)
    return saved(pikepdf.open(io.BytesIO(pdf)), encryption=lock)


def _scanned(png: bytes) -> bytes:
    """A page that holds one fax-coded picture: group 4 is the same on every machine, JPEG and PNG coders are not."""
    import pikepdf
    from PIL import Image

    # A threshold, not Pillow's own conversion to one bit, which scatters dots.
    grey = Image.open(io.BytesIO(png)).convert("L")
    picture = grey.point([0] * 150 + [255] * 106).convert("1", dither=Image.Dither.NONE)
    width, height = picture.size
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(width * 72 / _DPI, height * 72 / _DPI))
    image = pikepdf.Stream(document, _group4(picture))
    image.update(
        pikepdf.Dictionary(
            Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=width, Height=height, BitsPerComponent=1,
            ColorSpace=pikepdf.Name.DeviceGray, Filter=pikepdf.Name.CCITTFaxDecode,
            DecodeParms=pikepdf.Dictionary(K=-1, Columns=width, Rows=height, BlackIs1=True),
        )
    )  # fmt: skip
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Scan=image))
    scale = f"q {width * 72 / _DPI:.2f} 0 0 {height * 72 / _DPI:.2f} 0 0 cm /Scan Do Q"
    page.Contents = pikepdf.Stream(document, scale.encode())
    return saved(document)


def _group4(picture: Any) -> bytes:
    """The fax-coded bits of a picture, taken out of the TIFF file that Pillow writes."""
    from PIL import Image

    file = io.BytesIO()
    # One strip for the whole picture (tag 278 is rows per strip), so that its bits are one stream.
    picture.save(file, "TIFF", compression="group4", tiffinfo={278: picture.height})
    with Image.open(io.BytesIO(file.getvalue())) as tiff:
        (start,), (length,) = tiff.tag_v2[273], tiff.tag_v2[279]  # type: ignore[attr-defined]
        zero_is_black = tiff.tag_v2[262] == 1  # type: ignore[attr-defined]
    if not zero_is_black:
        raise ValueError("Pillow wrote zero for white; the page would show the picture's negative")
    return file.getvalue()[start : start + length]
