"""Whatever a file does to its reader, the caller gets a document or a named error, within the limits, and no process stays behind."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hostile_sample import (
    HOSTILE,
    flate_bomb,
    form_that_draws_itself,
    huge_picture,
    objects_in_themselves,
    operators_900_000,
    page_that_is_its_own_parent,
)
from measured_reading import Reading, measure, measure_quickly

from workflow_orchestrator.documents import ReadLimits

ROOT = Path(__file__).resolve().parents[4]
SAMPLES = ROOT / "include" / "samples"
SHARED = Path(os.environ.get("GENAI_PLATFORM_SHARED", ROOT.parent / "shared")) / "data"
LIMITS = ReadLimits(time=timedelta(seconds=8))
START = 12  # seconds to start and to end processes on a busy machine, beside those of the limit
# The longest one, and two that take memory: by the program that a worker starts. The others by a fork, which is quick.
AS_A_PROGRAM = (operators_900_000, objects_in_themselves, huge_picture)
MEMORY = 900 * 2**20  # measured: 568 MiB for a page of 9,000,000 points


def _within(reading: Reading, limits: ReadLimits = LIMITS, memory: int = MEMORY) -> None:
    seconds = limits.time.total_seconds()
    assert reading.named, reading
    assert reading.message or reading.outcome == "Document", reading
    assert reading.wall <= seconds + START, reading
    assert reading.cpu <= seconds + 2, reading
    assert reading.peak_bytes <= memory, reading
    assert reading.left == 0, reading


@pytest.mark.parametrize(("make", "ends"), HOSTILE.items(), ids=lambda item: getattr(item, "__name__", ""))
def test_each_attack_ends_as_it_should(make: Callable[[], bytes], ends: tuple[str, ...]) -> None:
    """Each kind of attack ends in its own way: seconds, memory and processes are measured."""
    reading = measure(make(), LIMITS) if make in AS_A_PROGRAM else measure_quickly(make(), LIMITS)
    _within(reading)
    assert reading.outcome in ends, reading


@pytest.mark.parametrize("path", sorted((SAMPLES / "hostile").glob("*.pdf")), ids=lambda path: path.name)
def test_own_hostile_files_end_within_the_limits(path: Path) -> None:
    """Every hostile sample ends in a document or a named error: seconds, memory and processes are measured."""
    _within(measure_quickly(path.read_bytes(), LIMITS))


@pytest.mark.shared
@pytest.mark.skipif(not (SHARED / "hostile").is_dir(), reason="the development documents are not beside the checkout")
def test_collected_hostile_files_end_within_the_limits() -> None:
    """Every collected hostile file ends in a document or a named error: seconds, memory and processes are measured."""
    files = sorted((SHARED / "hostile").glob("*.pdf"))
    assert len(files) > 20
    for path in files:
        _within(measure_quickly(path.read_bytes(), LIMITS))


@pytest.mark.parametrize(
    "make", [form_that_draws_itself, objects_in_themselves, page_that_is_its_own_parent, flate_bomb]
)
def test_the_same_file_is_refused_in_the_same_words(make: Callable[[], bytes]) -> None:
    """Messages hold no address of a process's memory: what is stored, compared and shown to people does not change."""
    data = make()
    first, second = (measure_quickly(data, LIMITS).message for _ in range(2))
    assert first == second and "0x" not in first


def test_a_form_that_draws_itself_costs_nothing() -> None:
    """It is refused before pdfium meets it, which would take all the memory that it may have."""
    reading = measure_quickly(form_that_draws_itself(), LIMITS)
    assert "draws itself" in reading.message
    assert reading.cpu < 5
