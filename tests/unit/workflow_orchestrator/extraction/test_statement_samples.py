"""The sample reports are read whole, and the real ones without a wrong figure: every published value is what a person read there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from paper_sample import ROOT, SAMPLES

from workflow_orchestrator.definition import load_fields
from workflow_orchestrator.documents import Document, ReadLimits, read_document
from workflow_orchestrator.errors import DamagedDocumentError
from workflow_orchestrator.evidence import prove_all
from workflow_orchestrator.extraction import read_fields
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.values import Value

sys.path.append(str(ROOT / "benchmarks"))

from extraction_truth import judge, load  # how a value is judged is the benchmark's

LIMITS = ReadLimits(max_pages=150)
REPORTS = sorted(path.name.removesuffix(".truth.json") for path in (SAMPLES / "earnings").glob("*.truth.json"))
# Recall of each real report; a person wrote down everything that it prints (benchmarks/reports).
REAL = {
    "apple_2023q3_10q": 0.85, "costco_2023q1_earnings": 1.0, "disney_q1_fy25_earnings": 0.8, "pfizer_2023q2_earnings": 0.85,
    "salesforce_2024q2_earnings": 0.8,
}  # fmt: skip


@pytest.fixture(scope="module")
def fields() -> FieldSet:
    """The fields of the workflow as it is shipped."""
    return load_fields(ROOT / "dags" / "earnings_report_video" / "schema.json")


def published(document: Document, fields: FieldSet) -> list[Value]:
    """The values that may reach a script."""
    reading = read_fields(document, fields)
    values = list(reading.values.values())
    verdicts = prove_all(values, document, fields, reading=reading)
    return [value for value, verdict in zip(values, verdicts, strict=True) if verdict.status == "proven"]


@pytest.mark.parametrize("name", REPORTS)
def test_a_sample_is_read_whole(name: str, fields: FieldSet) -> None:
    """Every value of its truth, from the right page, and nothing else."""
    document = read_document((SAMPLES / "earnings" / f"{name}.pdf").read_bytes(), LIMITS)
    score, missed = judge(name, published(document, fields), load(SAMPLES / "earnings" / f"{name}.truth.json"))
    assert (score.wrongs, missed) == ([], [])


@pytest.mark.shared
@pytest.mark.parametrize("name", sorted(REAL))
def test_a_real_report_has_no_wrong_figure(name: str, shared: Path, fields: FieldSet) -> None:
    """Precision of what is published is one; recall does not fall behind what it was."""
    document = read_document((shared / "data" / "earnings" / f"{name}.pdf").read_bytes(), LIMITS)
    score, _ = judge(name, published(document, fields), load(ROOT / "benchmarks" / "reports" / f"{name}.json"))
    assert score.wrongs == []
    assert score.recall >= REAL[name]


@pytest.mark.shared
def test_a_text_layer_of_control_characters_is_refused(shared: Path) -> None:
    """One of the real reports reads as nothing without OCR, and says so."""
    with pytest.raises(DamagedDocumentError, match="not readable text"):
        read_document((shared / "data" / "earnings" / "mcdonalds_2022q4_earnings.pdf").read_bytes(), LIMITS)
