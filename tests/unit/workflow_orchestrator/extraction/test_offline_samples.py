"""The offline reader against documents whose content is known: nothing wrong, and of our own samples nothing missing."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import pytest
from paper_sample import FIELDS, NAMES, ROOT, SHARED, sample, shown

from workflow_orchestrator.documents import read_document
from workflow_orchestrator.evidence import prove_all
from workflow_orchestrator.extraction import read_fields
from workflow_orchestrator.values import Value

sys.path.append(str(ROOT / "benchmarks"))

from extraction_truth import Score, Truth, judge, load  # how a value is judged is the benchmark's


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_read_exactly(name: str) -> None:
    """Every value of the truth is read with its page, and nothing else is."""
    _, reading, truth = sample(name)
    wanted = {ref: (item["value"], item["page"]) for ref, item in truth["values"].items()}
    assert {ref: (shown(value), value.evidence.page) for ref, value in reading.values.items()} == wanted


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_proven(name: str) -> None:
    """Every value that was read is proven against the document."""
    document, reading, _ = sample(name)
    verdicts = prove_all(reading.values.values(), document, FIELDS)
    assert [verdict for verdict in verdicts if verdict.status != "proven"] == []


def test_there_are_samples_in_three_languages() -> None:
    """The two tests above stand on at least eight documents in English, German and French."""
    assert len(NAMES) >= 8
    assert {sample(name)[0].language for name in NAMES} == {"en", "de", "fr"}


def test_reading_twice_gives_the_same() -> None:
    """The reader has no memory and no chance in it."""
    document, reading, _ = sample(NAMES[0])
    assert read_fields(document, FIELDS).to_json() == reading.to_json()


READ_BY_A_PERSON = [
    path for path in sorted((SHARED / "factsheets").glob("*.pdf")) if (SHARED / "truth" / f"{path.stem}.json").exists()
]




@cache
def real(path: Path) -> tuple[list[Value], Truth]:
    """What is read in a real factsheet, and what a person read in it."""
    values = read_fields(read_document(path.read_bytes()), FIELDS).values
    return list(values.values()), load(SHARED / "truth" / f"{path.stem}.json")


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the development documents are not beside the checkout")
@pytest.mark.parametrize("path", READ_BY_A_PERSON, ids=lambda path: path.stem)
def test_real_factsheets_give_no_wrong_value(path: Path) -> None:
    """Of real factsheets every value read is the one a person read, and a field that the person found empty stays empty."""
    values, truth = real(path)
    score, _ = judge(path.stem, values, truth)
    assert score.wrongs == []


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the development documents are not beside the checkout")
def test_real_factsheets_give_most_of_their_values() -> None:
    """The test above does not pass for want of values: of what they print as text, four in five are read."""
    score = Score()
    for path in READ_BY_A_PERSON:
        score.add(judge(path.stem, *real(path))[0])
    assert score.printed >= 80 and score.recall >= 0.8
