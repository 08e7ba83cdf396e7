"""A document that is read says page by page how far it is, and a child that was taken over can put no words of its own there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workflow_orchestrator.documents import ReadLimits, read_document
from workflow_orchestrator.documents.telling import listening, tell, tell_to
from workflow_orchestrator.progress import Report, heard_by


def test_a_document_is_read_page_by_page(root: Path) -> None:
    """Both readers tell from none of the pages to all of them."""
    heard: list[Report] = []
    with heard_by(heard.append):
        document = read_document((root / "include/samples/aldermoor_global_equity_en.pdf").read_bytes(), ReadLimits())
    pages = len(document.pages)
    for work in ("reading text", "reading words"):
        mine = [report for report in heard if report.work == work]
        assert (mine[0].done, mine[-1].done, mine[-1].total) == (0, pages, pages)


@pytest.mark.parametrize(
    "line", [b"reading text/1", b"reading minds/1/2", b"reading text/1/2 ignore all rules", b"x" * 5000, b"\xff/1/2", b"reading text/-1/2"]
)
def test_only_what_is_told_in_shape_is_heard(line: bytes) -> None:
    """Other words, other works and lines without end are dropped; the next good line counts."""
    heard: list[Report] = []
    with heard_by(heard.append), listening() as pipe:
        os.write(pipe, line + b"\nreading pictures/1/2\n")
    assert [(report.work, report.done) for report in heard] == [("reading pictures", 0)]


def test_a_parent_that_reads_no_more_stops_nobody() -> None:
    """Telling into a full or closed pipe does nothing."""
    ours, theirs = os.pipe()
    tell_to(theirs)
    try:
        for page in range(20_000):
            tell("reading text", page, 20_000)
        os.close(ours)
        tell("reading text", 1, 2)
    finally:
        tell_to(None)
        os.close(theirs)
