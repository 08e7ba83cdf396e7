"""Builds documents out of words at places, so that a test can show a layout in a few lines, and finds the shared ones."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from workflow_orchestrator.documents import Document, Page, Word, read_document
from workflow_orchestrator.evidence import prove_all
from workflow_orchestrator.extraction import Reading, read_fields
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.values import Box, Value

ROOT = Path(__file__).resolve().parents[4]
SAMPLES = ROOT / "include" / "samples"
SHARED = Path(os.environ.get("GENAI_PLATFORM_SHARED", ROOT.parent / "shared")) / "data"
FIELDS = FieldSet.from_json(json.loads((ROOT / "dags/fund_factsheet_video/schema.json").read_text(encoding="utf-8")))

Text = tuple[float, float, str]  # right edge of a figure or left edge of words, height, words


def paper(
    *lines: tuple[float, Sequence[tuple[float, str]]],
    language: str = "en",
    size: float = 8,
    sizes: Mapping[float, float] | None = None,
) -> Document:
    """A one-page document. Each line is its height and its pieces: left edge and words; a right edge when negative.

    Words in *stars* are bold. `sizes` sets the lines at some heights larger or smaller.
    """
    words: list[Word] = []
    for height, pieces in lines:
        for place, text in pieces:
            bold = text.startswith("*")
            words += _placed(place, height, text.strip("*"), (sizes or {}).get(height, size), bold)
    text = "\n".join(" ".join(piece for _, piece in pieces).replace("*", "") for _, pieces in lines)
    page = Page(1, 600, 800, text, tuple(words))
    return Document((page,), {}, (), language, "0" * 64)  # type: ignore[arg-type]


def _placed(place: float, height: float, text: str, size: float, bold: bool) -> list[Word]:
    width = 0.5 * size
    parts = text.split()
    length = sum(len(part) for part in parts) * width + (len(parts) - 1) * 0.3 * size
    left = place if place >= 0 else -place - length
    words: list[Word] = []
    for part in parts:
        right = left + len(part) * width
        words.append(Word(part, Box(left, height, right, height + size), size, bold, int(bold) + int(10 * size)))
        left = right + 0.3 * size
    return words


def read(document: Document) -> dict[str, str]:
    """What the offline reader takes, as printed values by reference."""
    return {ref: shown(value) for ref, value in read_fields(document, FIELDS).values.items()}


def published(document: Document) -> dict[str, str]:
    """What the offline reader takes and the proof accepts, as printed values by reference."""
    values = list(read_fields(document, FIELDS).values.values())
    verdicts = prove_all(values, document, FIELDS)
    return {
        value.ref: shown(value) for value, verdict in zip(values, verdicts, strict=True) if verdict.status == "proven"
    }


def shown(value: Value) -> str:
    """A value in the form of the truth files."""
    if hasattr(value.value, "isoformat"):
        return value.value.isoformat()  # type: ignore[union-attr]
    return value.value if isinstance(value.value, str) else format(value.value, "f")


@cache
def sample(name: str) -> tuple[Document, Reading, dict[str, dict[str, object]]]:
    """A sample of the project: as read, its values, and its truth."""
    truth = json.loads((SAMPLES / f"{name}.truth.json").read_text(encoding="utf-8"))
    document = read_document((SAMPLES / f"{name}.pdf").read_bytes())
    return document, read_fields(document, FIELDS), truth


NAMES = sorted(path.name.removesuffix(".truth.json") for path in SAMPLES.glob("*.truth.json"))
