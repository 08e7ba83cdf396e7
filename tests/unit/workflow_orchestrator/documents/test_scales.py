"""A drawn risk scale says which step it marks, and says nothing when that is not certain."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pdf_sample import document, line
from scale_sample import DARK, PALE, scale, strip

from workflow_orchestrator.documents import Document, Scale, read_document
from workflow_orchestrator.values import Box

ROOT = Path(__file__).resolve().parents[4]
SAMPLES = ROOT / "include" / "samples"
SHARED = Path(os.environ.get("GENAI_PLATFORM_SHARED", ROOT.parent / "shared")) / "data"
HEAD = line("Risk indicator", x=60, y=640)


def scales(content: bytes, page: bytes = b"/MediaBox[0 0 600 800]") -> tuple[Scale, ...]:
    return read_document(document(content, page=page)).pages[0].scales


@pytest.mark.parametrize("marked", range(1, 8))
@pytest.mark.parametrize(
    "look",
    [
        lambda step: scale(fills={step: DARK}, figures={step: "1 1 1"}),
        lambda step: scale(fills={step: DARK}, common="1 1 1", frames=dict.fromkeys(range(1, 8), 0.5)),
        lambda step: scale(fills={step: "0.75 0.78 0.82"}),
        lambda step: scale(frames={step: 2.0}),
        lambda step: scale(figures={step: "0.8 0 0"}, common="1 1 1"),
        lambda step: scale(sizes={step: 16}, common="1 1 1"),
    ],
    ids=["fill", "fill in a grid", "pale fill", "frame", "colour of the digit", "larger digit"],
)
def test_the_step_that_stands_out_is_marked(look, marked: int) -> None:  # type: ignore[no-untyped-def]
    """Fill, frame or figure of one step alone mark it, at each place of the row."""
    (found,) = scales(HEAD + look(marked))
    assert (found.steps, found.marked, found.printed) == (7, marked, True)
    assert found.outlier > found.runner_up
    middle = 60 + (marked - 0.5) * 28
    assert found.box.left < middle < found.box.right and found.box.bottom < 605 < found.box.top


@pytest.mark.parametrize(
    "content",
    [
        scale(),
        scale(common="1 1 1"),
        scale(fills=dict.fromkeys(range(1, 7), DARK)),
        scale(fills=dict.fromkeys(range(1, 5), DARK)),
        scale(fills={2: DARK, 5: DARK}),
        scale(fills={k: f"{k / 7:.2f} {1 - k / 7:.2f} 0" for k in range(1, 8)}),
        scale(fills={k: DARK for k in (1, 3, 5, 7)}),
        scale(fills={3: DARK}, sizes={5: 16}),
        scale(frames={2: 2.0, 6: 2.0}),
        scale(fills={4: DARK}).replace(b"(6)", b"(9)"),
        scale(4, fills={3: DARK}),
        scale(12, fills={3: DARK}),
        scale(fills={4: DARK}).replace(b"(4)", b"(4%)"),
        b"0.1 0.3 0.6 rg 144 592 26 22 re f 0 g "
        + b"".join(line(str(k), x=60 + 28 * k + (15 if k == 4 else 0), y=600) for k in range(1, 8)),
    ],
    ids=[
        "a legend without a mark",
        "plain digits",
        "a bar up to the sixth step",
        "a bar up to the fourth step",
        "two marks",
        "a rainbow",
        "every other cell",
        "fill and figure disagree",
        "two frames",
        "another digit",
        "too few steps",
        "the months",
        "a figure among the digits",
        "uneven",
    ],
)
def test_without_one_certain_mark_there_is_no_scale(content: bytes) -> None:
    """A row of digits that marks no step, or more than one, or is no scale, gives nothing."""
    assert scales(HEAD + content) == ()


def test_a_scale_of_ten_steps() -> None:
    """The tenth step has two digits and can be the marked one."""
    (found,) = scales(scale(10, fills={10: DARK}))
    assert (found.steps, found.marked) == (10, 10)


def test_two_scales_keep_apart() -> None:
    """Each row of a page has its own mark."""
    found = scales(scale(fills={4: DARK}) + scale(fills={6: DARK}, y=500) + scale(x=300, y=500))
    assert [(item.marked, round(item.box.bottom) > 550) for item in found] == [(4, True), (6, False)]


def test_a_turned_page_has_its_scale_upright() -> None:
    """A scale on a page that is turned has its boxes where its words are."""
    turned = (
        b"q 0 1 -1 0 600 0 cm " + line("A table that stands on its side", y=450) + scale(y=400, fills={2: DARK}) + b" Q"
    )
    read = read_document(document(turned, page=b"/MediaBox[0 0 600 800]"))
    (found,) = read.pages[0].scales
    assert found.marked == 2
    assert found.box in [word.box for word in read.pages[0].words if word.text == "2"]


@pytest.mark.parametrize("marked", [1, 5, 7])
@pytest.mark.parametrize("steps", [7, 10])
def test_a_picture_of_a_scale(steps: int, marked: int) -> None:
    """A picture of equal cells of which one has another colour is a scale whose digits nobody printed as words."""
    (found,) = read_document(strip(steps, marked)).pages[0].scales
    assert (found.steps, found.marked, found.printed) == (steps, marked, False)


def test_a_picture_without_a_mark_is_no_scale() -> None:
    """Equal cells that are all alike mark nothing."""
    assert read_document(strip(7, None)).pages[0].scales == ()


def test_scales_survive_json() -> None:
    """A document with scales comes back equal."""
    read = read_document(document(scale(fills={4: DARK}, common=PALE)))
    assert read.pages[0].scales
    assert Document.from_json(json.loads(json.dumps(read.to_json()))) == read


@pytest.mark.parametrize(
    ("boxes", "marked", "outlier", "says"),
    [(4, 1, 9.0, "5 to 10"), (7, 8, 9.0, "step 8"), (7, 0, 9.0, "step 0"), (7, 3, 1.0, "stand out")],
)
def test_a_scale_does_not_contradict_itself(boxes: int, marked: int, outlier: float, says: str) -> None:
    """A scale with a mark outside of its steps, or with one that does not stand out, cannot be made."""
    with pytest.raises(ValueError, match=says):
        Scale(tuple(Box(k, 0, k + 1, 1) for k in range(boxes)), marked, True, outlier, 1.0)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.pdf")), ids=lambda path: path.stem)
def test_samples_mark_what_they_print(path: Path) -> None:
    """Where a sample draws its risk indicator, the drawing marks the step that its text gives."""
    read = read_document(path.read_bytes())
    truth = json.loads(path.with_suffix(".truth.json").read_text())
    marked = [(page.number, found.marked) for page in read.pages for found in page.scales]
    sri = truth["values"].get("sri")
    assert marked in ([], [(sri["page"], int(sri["value"]))] if sri else [])


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the development documents are not beside the checkout")
def test_scales_of_real_documents() -> None:
    """Real factsheets: every scale that is drawn is found with its step, and no other scale is seen."""
    wanted = {
        "jpm_climate_change_solutions_c_acc_usd_2024-02": [(1, 5, False)],
        "lg_cash_trust_kiid": [(1, 1, True)],
        "sipher_street_kairos_2026-06": [(2, 4, True)],
        "sbi_flexicap_2025-12": [],
    }
    for name, marks in wanted.items():
        read = read_document((SHARED / "factsheets" / f"{name}.pdf").read_bytes())
        found = [(page.number, item.marked, item.printed) for page in read.pages for item in page.scales]
        assert found == marks, name
