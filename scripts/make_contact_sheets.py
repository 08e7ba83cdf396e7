"""Makes the contact sheets of docs/contact_sheets: all slides of a video, small, in each theme, format and language.

    python scripts/make_contact_sheets.py                    # of each shipped workflow, from documents of include/samples
    python scripts/make_contact_sheets.py --of fund          # of those whose name has this in it
    python scripts/make_contact_sheets.py --out FOLDER       # somewhere else
    python scripts/make_contact_sheets.py --whole FOLDER     # each slide in full beside them, to look at closely

One sheet for each workflow, theme and format; a row for each language, with a sample document that is in that language. Each document goes
through its workflow as `scripts/workflow run` does it, until a person would be asked to release it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "plugins"))

from workflow_orchestrator.authoring.exits import NEEDS_A_PERSON  # noqa: E402 - behind the path
from workflow_orchestrator.definition import load_workflow  # noqa: E402
from workflow_orchestrator.definition.model import Workflow  # noqa: E402
from workflow_orchestrator.rendering import build_deck, render_slides  # noqa: E402
from workflow_orchestrator.rendering.formats import FORMATS, Format  # noqa: E402
from workflow_orchestrator.script import Script, Wording  # noqa: E402
from workflow_orchestrator.values import ValueSet  # noqa: E402

if TYPE_CHECKING:
    from PIL.Image import Image

SAMPLES = ROOT / "include" / "samples"
THEMES = ROOT / "include" / "themes"
# By workflow: a document for each language, and where its video is shown.
SHOWN = {
    "fund_factsheet_video": (
        "jurisdictions=eu,uk", "aldermoor_global_equity_en", "gratlin_schweizer_aktien_de", "brevalon_obligations_euro_fr",
    ),
    "earnings_report_video": (
        "jurisdictions=eu,us", "earnings/castleford_instruments_q2_en", "earnings/kestrelwerk_maschinenbau_h1_de",
        "earnings/verdanne_cosmetiques_s1_fr",
    ),
    "research_paper_video": (
        "language=document", "papers/lindqvist_two_readers_en", "papers/pellworm_gezeiten_de", "papers/valcourt_lecture_fr",
    ),
}  # fmt: skip
WIDTHS = {"landscape": 256, "portrait": 112, "square": 150}  # of one slide, in pixels
GAP = 8
COLOURS = 255  # of a sheet: enough for flat slides in their true colours, and small files


@dataclass(frozen=True)
class Written:
    """What a document became: the script that is ready to be released, with its values."""

    name: str
    workflow: Workflow
    script: Script
    values: ValueSet

    def slides(self, theme: Path, shape: Format, out: Path) -> list[Path]:
        """The slides in full."""
        fields = self.workflow.fields
        deck = build_deck(self.script, self.values, fields, Wording(fields, self.script.language).shown, shape)
        return list(render_slides(deck, theme, out))


def written(workflow: Workflow, document: str, setting: str, folder: Path) -> Written:
    """Takes a document through its workflow, up to the release, without a language model.

    Raises:
        RuntimeError: it did not come so far.
    """
    out = folder / Path(document).name
    command = [sys.executable, "-m", "workflow_orchestrator.authoring", "run", workflow.name, str(SAMPLES / f"{document}.pdf")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "AIRFLOW_", "GENAI_"))}
    done = subprocess.run(
        [*command, "--set", setting, "--out", str(out)], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        env={**environment, "PYTHONPATH": str(ROOT / "plugins")}, check=False,
    )  # fmt: skip
    if done.returncode != NEEDS_A_PERSON:
        raise RuntimeError(f"{document} did not get as far as its release:\n{done.stdout}{done.stderr}")
    script = Script.from_json(json.loads((out / "script.json").read_bytes()))
    return Written(out.name, workflow, script, ValueSet.from_json(json.loads((out / "values.json").read_bytes())))


def sheet(rows: list[list[Path]], shape: Format) -> Image:
    """Pictures of slides, small, a row for each document."""
    from PIL import Image

    width = WIDTHS[shape.name]
    height = width * shape.height // shape.width
    page = Image.new("RGB", (max(map(len, rows)) * (width + GAP) + GAP, len(rows) * (height + GAP) + GAP), (150, 150, 150))
    for row, paths in enumerate(rows):
        for column, path in enumerate(paths):
            with Image.open(path) as image:
                small = image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
            page.paste(small, (GAP + column * (width + GAP), GAP + row * (height + GAP)))
    return page.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)  # rare colours stay, too


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make the contact sheets of docs/contact_sheets.")
    parser.add_argument("--of", default="", help="only workflows whose name has this in it")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "contact_sheets", help="the folder to write to")
    parser.add_argument("--whole", type=Path, help="a folder for each slide in full")
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        for named, (setting, *documents) in SHOWN.items():
            if options.of not in named:
                continue
            workflow = load_workflow(ROOT / "dags" / named, ROOT / "include")
            made = [written(workflow, document, setting, Path(name)) for document in documents]
            whole = options.whole or Path(name) / "slides"
            for theme in sorted(path.parent for path in THEMES.glob("*/theme.yaml")):
                for shape in FORMATS.values():
                    rows = [one.slides(theme, shape, whole / one.name / theme.name / shape.name) for one in made]
                    path = options.out / f"{named.removesuffix('_video')}_{theme.name}_{shape.name}.png"
                    sheet(rows, shape).save(path, "PNG", optimize=True)
                    print(f"{path.name} {path.stat().st_size // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
