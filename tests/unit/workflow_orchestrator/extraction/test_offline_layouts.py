"""The offline reader against factsheets in layouts that it was not made for: it may miss, and no figure may be wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from paper_sample import FIELDS, ROOT, SHARED

from workflow_orchestrator.documents import read_document
from workflow_orchestrator.evidence import prove_all
from workflow_orchestrator.extraction import read_fields
from workflow_orchestrator.values import NUMERIC_KINDS, Kind, Value

sys.path.append(str(ROOT / "benchmarks"))

from extraction_truth import Score, judge, load  # how a value is judged is the benchmark's

LAYOUTS = ROOT / "benchmarks" / "layouts"
OWN = sorted(LAYOUTS.glob("*.pdf"))
COLLECTED = sorted((LAYOUTS / "collected").glob("*.json"))
# What is reached of the values that they print; benchmarks/README.md has the figures document by document.
FLOOR, OWN_FLOOR = 0.5, 0.9


def published(path: Path) -> list[Value]:
    """What is read and proven."""
    document = read_document(path.read_bytes())
    values = list(read_fields(document, FIELDS).values.values())
    verdicts = prove_all(values, document, FIELDS)
    return [value for value, verdict in zip(values, verdicts, strict=True) if verdict.status == "proven"]


def wrong_figures(score: Score) -> list[str]:
    """The wrong ones that are no words."""
    words = {spec.name for spec in FIELDS.values() if spec.kind not in NUMERIC_KINDS | {Kind.DATE, Kind.CURRENCY, Kind.ISIN}}
    return [text for text in score.wrongs if text.partition(": ")[2].split()[0].partition(".")[0] not in words]


def test_layouts_of_others_give_no_wrong_figure() -> None:
    """No figure, date or code is wrong in any of them, and nine tenths of what they print is found."""
    total = Score()
    for path in OWN:
        score, _ = judge(path.stem, published(path), load(LAYOUTS / "truth" / f"{path.stem}.json"))
        total.add(score)
    assert len(OWN) == 6
    assert wrong_figures(total) == []
    assert total.right / total.printed >= OWN_FLOOR


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the development documents are not beside the checkout")
def test_collected_factsheets_give_no_wrong_figure() -> None:
    """The same for real factsheets that the reader was not tuned on."""
    total = Score()
    for truth in COLLECTED:
        score, _ = judge(truth.stem, published(SHARED / "factsheets" / f"{truth.stem}.pdf"), load(truth))
        total.add(score)
    assert len(COLLECTED) == 3
    assert total.wrongs == []
    assert total.right / total.printed >= FLOOR
