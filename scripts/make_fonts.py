"""Make the static fonts of the themes from the variable fonts of PyPI packages.

    pip install fontpkg-inter==4.1.post1 fontpkg-noto-sans==2.15 fontpkg-noto-serif==2.15
    python scripts/make_fonts.py            # writes include/themes/*/fonts
    python scripts/make_fonts.py --check    # exits with 1 when a font on disk is not what this script makes

Typst registers a variable font at one weight only, so every weight in use becomes a file of its own.
Each file carries Latin, Greek and Cyrillic with the punctuation, currency signs and arrows of business
documents. All are under the SIL Open Font License 1.1 without a reserved font name; the licence texts are
written beside the fonts.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

THEMES = Path(__file__).resolve().parent.parent / "include" / "themes"

# Inter's optical size axis runs from 14 (text) to 32 (headlines); its far end is published as "Inter Display".
TEXT, DISPLAY = {"opsz": 14}, {"opsz": 32}
USUAL = {"wdth": 100}

# Blocks as Unicode names them: first and last code point.
BLOCKS = (
    (0x0020, 0x024F),  # Basic Latin to Latin Extended-B
    (0x02B9, 0x02DD),  # modifier letters
    (0x0300, 0x0328),  # combining marks
    (0x0370, 0x03FF),  # Greek
    (0x0400, 0x045F),  # Cyrillic
    (0x1E00, 0x1EFF),  # Latin Extended Additional
    (0x2000, 0x20CF),  # punctuation, superscripts, currency signs
    (0x2100, 0x214F),  # letterlike signs
    (0x2150, 0x215E),  # fractions
    (0x2190, 0x2199),  # arrows
    (0x2200, 0x226F),  # mathematical operators
    (0x25A0, 0x25FF),  # geometric shapes
    (0xFB00, 0xFB06),  # Latin ligatures, which PDF text is full of
)
FEATURES = ("kern", "calt", "ccmp", "locl", "mark", "mkmk", "case", "tnum", "sups")


@dataclass(frozen=True, slots=True)
class Face:
    """One static font: what it is called, its weight, and its place on the other axes."""

    family: str
    style: str
    weight: int
    axes: dict[str, int]

    @property
    def file(self) -> str:
        return f"{self.family.replace(' ', '')}-{self.style}.ttf"


@dataclass(frozen=True, slots=True)
class Source:
    """A package with a variable font, and what is made of it for a theme. `licence` is the name of its text there."""

    theme: str
    package: str
    version: str
    variable: str
    licence: str
    faces: tuple[Face, ...]


SOURCES = (
    Source("house", "fontpkg_inter", "4.1.post1", "Inter[opsz,wght].ttf", "OFL.txt", (
        Face("Inter", "Regular", 400, TEXT),
        Face("Inter", "Medium", 500, TEXT),
        Face("Inter", "SemiBold", 600, TEXT),
        Face("Inter", "Bold", 700, TEXT),
        Face("Inter Display", "SemiBold", 600, DISPLAY),
        Face("Inter Display", "Bold", 700, DISPLAY),
    )),
    Source("ledger", "fontpkg_noto_sans", "2.15", "NotoSans[wdth,wght].ttf", "OFL-NotoSans.txt", (
        Face("Noto Sans", "Regular", 400, USUAL),
        Face("Noto Sans", "Medium", 500, USUAL),
        Face("Noto Sans", "SemiBold", 600, USUAL),
        Face("Noto Sans", "Bold", 700, USUAL),
    )),
    Source("ledger", "fontpkg_noto_serif", "2.15", "NotoSerif[wdth,wght].ttf", "OFL-NotoSerif.txt", (
        Face("Noto Serif", "SemiBold", 600, USUAL),
    )),
)


def make(face: Face, variable: Path) -> bytes:
    """The bytes of one static font. The same input gives the same bytes: no clock is written."""
    from fontTools.ttLib import TTFont
    from fontTools.varLib import instancer

    font = instancer.instantiateVariableFont(
        TTFont(variable, recalcTimestamp=False), {**face.axes, "wght": face.weight}
    )
    _rename(font, face)
    _keep_scripts(font)
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def _rename(font: TTFont, face: Face) -> None:
    """Name the font so that families group by weight in every operating system.

    Name IDs 1 and 2 know four styles only (regular, bold and their italics); other weights become a family
    of their own there and say the true family in IDs 16 and 17.
    """
    names = font["name"]
    for name_id in (1, 2, 3, 4, 6, 16, 17, 21, 22, 25):
        names.removeNames(nameID=name_id)
    basic = face.style in {"Regular", "Bold"}
    postscript = face.file.removesuffix(".ttf")
    for name_id, text in {
        1: face.family if basic else f"{face.family} {face.style}",
        2: face.style if basic else "Regular",
        3: f"{postscript} static instance",
        4: f"{face.family} {face.style}",
        6: postscript,
        16: face.family,
        17: face.style,
    }.items():
        names.setName(text, name_id, 3, 1, 0x409)
    bold = face.weight == 700
    os2 = font["OS/2"]
    os2.usWeightClass = face.weight
    os2.fsSelection &= ~(1 << 5 | 1 << 6)
    os2.fsSelection |= (1 << 5 if bold else 0) | (1 << 6 if face.weight == 400 else 0)
    font["head"].macStyle = 1 if bold else 0
    if "STAT" in font:
        del font["STAT"]


def _keep_scripts(font: TTFont) -> None:
    from fontTools import subset

    options = subset.Options()
    options.layout_features = list(FEATURES)
    options.name_IDs = ["*"]
    options.notdef_outline = True
    options.hinting = False
    options.recalc_timestamp = False
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[point for first, last in BLOCKS for point in range(first, last + 1)])
    subsetter.subset(font)


def _package(source: Source) -> Path:
    """The folder of the installed package."""
    spec = importlib.util.find_spec(source.package)
    if spec is None or not spec.submodule_search_locations:
        name = f"{source.package.replace('_', '-')}=={source.version}"
        raise SystemExit(f"{name} is not installed: pip install {name}")
    return Path(spec.submodule_search_locations[0])


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make the static fonts of the themes.")
    parser.add_argument("--check", action="store_true", help="compare with the files on disk, write nothing")
    check = parser.parse_args(argv).check
    wanted: dict[Path, bytes] = {}
    for source in SOURCES:
        package, folder = _package(source), THEMES / source.theme / "fonts"
        variable = package / "files" / source.variable
        wanted |= {folder / face.file: make(face, variable) for face in source.faces}
        wanted[folder / source.licence] = (package / "LICENSE").read_bytes()
    stale = [path for path, data in wanted.items() if not _same(path, data)]
    if not check:
        for path in stale:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wanted[path])
    for path, data in wanted.items():
        state = "stale" if path in stale and check else "ok   "
        print(f"{state} {path.relative_to(THEMES)} {len(data):,} bytes")
    return 1 if check and stale else 0


def _same(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data


if __name__ == "__main__":
    sys.exit(main())
