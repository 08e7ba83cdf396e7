"""Damaged copies of the samples: each ends in a document or a named error. `benchmarks/run reading --fuzz 500` reads more of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from measured_reading import measure_quickly

from workflow_orchestrator.documents import ReadLimits

ROOT = Path(__file__).resolve().parents[4]
SAMPLES = ROOT / "include" / "samples"
sys.path.insert(0, str(ROOT / "scripts"))

from samples.damage import CHANGES, damaged, material  # noqa: E402 - a tool of the checkout, not a part of the package

SEEDS = range(64)


@pytest.fixture(scope="module")
def pool() -> Sequence[bytes]:
    """Two factsheets and a short page, as they are and unpacked."""
    names = ("calderwick_sterling_corporate_bond_en", "gratlin_schweizer_aktien_de", "hostile/injection_white")
    return material(SAMPLES / f"{name}.pdf" for name in names)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_damaged_file_ends_in_a_document_or_a_named_error(seed: int, pool: Sequence[bytes]) -> None:
    """No damage makes a reader crash, hang or fail without a name."""
    copy = damaged(pool, seed)
    if b"%PDF-" not in copy.data[:4096]:
        return  # refused before a reader sees it: test_document_reader
    # Some damage makes pdfium ask for memory until it aborts: the less there is, the sooner.
    reading = measure_quickly(copy.data, ReadLimits(time=timedelta(seconds=20), memory_bytes=768 * 2**20))
    assert reading.named, (copy.what, reading)
    assert reading.pages or reading.message, (copy.what, reading)


def test_damage_is_the_same_each_time_and_of_every_kind(pool: Sequence[bytes]) -> None:
    """The same seed gives the same bytes; the seeds of this file use every kind of damage, and most change the file."""
    copies = [damaged(pool, seed) for seed in SEEDS]
    assert [damaged(pool, seed).data for seed in SEEDS] == [copy.data for copy in copies]
    assert {change.__name__ for change in CHANGES} == {
        name for copy in copies for name in copy.what.partition(": ")[2].split(", ")
    }
    assert sum(copy.data in pool for copy in copies) < 4
