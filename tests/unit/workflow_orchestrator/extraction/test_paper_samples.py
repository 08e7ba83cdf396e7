"""The sample papers are read whole, and the real ones without a wrong value: every published value is what a person read there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from paper_sample import ROOT, SAMPLES

from workflow_orchestrator.definition import load_fields
from workflow_orchestrator.documents import Document, ReadLimits, read_document
from workflow_orchestrator.evidence import prove_all
from workflow_orchestrator.extraction import read_fields
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.values import Value

sys.path.append(str(ROOT / "benchmarks"))

from extraction_truth import judge, load  # how a value is judged is the benchmark's

LIMITS = ReadLimits(max_pages=60)
PAPERS = sorted(path.name.removesuffix(".truth.json") for path in (SAMPLES / "papers").glob("*.truth.json"))
# Recall of each real paper; a person wrote down everything that it prints (benchmarks/papers).
REAL = {
    "attention_is_all_you_need": 0.5, "fr_olap": 1.0, "layoutparser_2103.15348_fast": 1.0, "qwen2_2407.10671": 1.0,
    "tracemonkey_pldi09": 1.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def fields() -> FieldSet:
    """The fields of the workflow as it is shipped."""
    return load_fields(ROOT / "dags" / "research_paper_video" / "schema.json")


def published(document: Document, fields: FieldSet) -> list[Value]:
    """The values that may reach a script."""
    reading = read_fields(document, fields)
    values = list(reading.values.values())
    verdicts = prove_all(values, document, fields, reading=reading)
    return [value for value, verdict in zip(values, verdicts, strict=True) if verdict.status == "proven"]


@pytest.mark.parametrize("name", PAPERS)
def test_a_sample_paper_is_read_whole(name: str, fields: FieldSet) -> None:
    """Every value of its truth, from the right page, and nothing else."""
    document = read_document((SAMPLES / "papers" / f"{name}.pdf").read_bytes(), LIMITS)
    score, missed = judge(name, published(document, fields), load(SAMPLES / "papers" / f"{name}.truth.json"))
    assert (score.wrongs, missed) == ([], [])


@pytest.mark.shared
@pytest.mark.parametrize("name", sorted(REAL))
def test_a_real_paper_has_no_wrong_value(name: str, shared: Path, fields: FieldSet) -> None:
    """Precision of what is published is one; recall does not fall behind what it was."""
    document = read_document((shared / "data" / "papers" / f"{name}.pdf").read_bytes(), LIMITS)
    score, _ = judge(name, published(document, fields), load(ROOT / "benchmarks" / "papers" / f"{name}.json"))
    assert score.wrongs == []
    assert score.recall >= REAL[name]
