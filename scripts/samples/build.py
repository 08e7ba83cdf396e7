"""Makes every file of the sample folder: factsheets, reports and papers with their truth, hostile files, README."""

from __future__ import annotations

from pathlib import Path

from samples.hostile import build_hostile
from samples.papers import build_papers
from samples.press import HERE, SampleError, as_json, build
from samples.readme import readme
from samples.releases import build_releases
from samples.sheet import Sheet, load


def sheets() -> list[Sheet]:
    """Every sheet of the package, by name."""
    return [load(path) for path in sorted((HERE / "sheets").glob("*.toml"))]


def build_all(fonts: Path) -> dict[str, bytes]:
    """Every file of the sample folder by its path inside it. The same inputs give the same bytes.

    Raises:
        SampleError: the font folder has no fonts, or a sample contradicts its truth.
    """
    if not list(fonts.glob("*.ttf")):
        raise SampleError(f"{fonts} holds no .ttf file; the samples are set in the house fonts, name their folder")
    files: dict[str, bytes] = {}
    truths = []
    for sheet in sheets():
        pdf, truth = build(sheet, fonts)
        files[f"{sheet.name}.pdf"] = pdf
        files[f"{sheet.name}.truth.json"] = as_json(truth)
        truths.append((sheet, truth))
    hostile, cases = build_hostile(fonts)
    files |= {f"hostile/{name}": content for name, content in hostile.items()}
    files |= {f"earnings/{name}": content for name, content in build_releases(fonts).items()}
    files |= {f"papers/{name}": content for name, content in build_papers(fonts).items()}
    files["README.md"] = readme(truths, cases).encode()
    return files
