"""The offline reader against documents whose content is known: nothing wrong, and of our own samples nothing missing."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from paper_sample import FIELDS, NAMES, SHARED, sample, shown

from workflow_orchestrator.documents import read_document
from workflow_orchestrator.evidence import prove_all
from workflow_orchestrator.extraction import read_fields

# What the collected truth calls the fields, where the names differ.
TRUTH_NAMES = {
    "as_of_date": "as_of", "monthly_performance": "perf_1m", "ytd_performance": "perf_ytd", "performance_data.1y": "ret_1y",
    "ongoing_charges": "ter", "sri": "risk_level", "nav": "nav", "sharpe_ratio": "sharpe_ratio", "currency": "currency",
    "volatility": "volatility", "max_drawdown": "max_drawdown", "benchmark": "benchmark", "fund_name": "fund_name",
    "calendar_years.2025": "cal_2025", "share_class": "share_class",
}  # fmt: skip


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


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the development documents are not beside the checkout")
@pytest.mark.parametrize("path", READ_BY_A_PERSON, ids=lambda path: path.stem)
def test_real_factsheets_give_no_wrong_value(path: Path) -> None:
    """Of real factsheets every value read is the one a person read, and a field that the person found empty stays empty."""
    reading = read_fields(read_document(path.read_bytes()), FIELDS)
    truth = json.loads((SHARED / "truth" / f"{path.stem}.json").read_text(encoding="utf-8"))
    for ref, value in reading.values.items():
        known = TRUTH_NAMES.get(ref)
        if known not in truth:
            continue
        printed = truth[known]
        assert printed is not None, f"{ref} was read as {shown(value)}, and the document does not have it"
        if known == "risk_level" and not isinstance(printed["value"], int):
            continue
        expected = printed["value"]
        if isinstance(value.value, Decimal):
            assert value.value == Decimal(str(expected)), ref
        else:
            assert shown(value) == expected, ref
    weights = {item["name"]: Decimal(str(item["weight_pct"])) for item in truth.get("holdings", [])}
    for value in reading.values.of("top_holdings"):
        assert weights.get(value.key, value.value) == value.value, value.key


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the development documents are not beside the checkout")
def test_real_factsheets_give_something() -> None:
    """The test above does not pass for want of values."""
    path = SHARED / "factsheets" / "jpm_climate_change_solutions_c_acc_usd_2024-02.pdf"
    reading = read_fields(read_document(path.read_bytes()), FIELDS)
    assert len(reading.values) >= 18 and len(reading.values.of("top_holdings")) == 10
