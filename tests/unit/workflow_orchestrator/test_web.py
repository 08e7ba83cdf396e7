"""The files of a run in the browser: which names, which part of a file, which address."""

from __future__ import annotations

import pytest

from workflow_orchestrator import web
from workflow_orchestrator.web import NAMES, TYPES, _part


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        (None, None),
        ("bytes=0-", range(100)),
        ("bytes=10-19", range(10, 20)),
        ("bytes=90-200", range(90, 100)),
        ("bytes=-30", range(70, 100)),
        ("bytes=-300", range(100)),
        ("bytes=100-", None),
        ("bytes=-", None),
        ("bytes=0-1,5-6", None),
        ("pages=1-2", None),
    ],
)
def test_a_player_gets_the_part_that_it_asks_for(asked: str | None, part: range | None) -> None:
    """Single ranges are answered, everything else with the whole file."""
    assert _part(asked, 100) == part


@pytest.mark.parametrize(
    "name",
    [
        "slides/slide_01.png",
        "slides.pptx",
        "video.mp4",
        "manifest.json",
        "compliance.html",
        "compliance.json",
        "compliance_report.json",
        "compliance_slides.json",
        "compliance_video.json",
        "each/videos/0/compliance.html",
        "captions.vtt",
        "summary.md",
        "correction.json",
        "pages/page_01.png",
        "places/place_12.png",
        "made/outlook.json",
        "each/videos/0/slides/slide_12.png",
        "each/videos/11/script.json",
    ],
)
def test_what_a_person_looks_at_is_served(name: str) -> None:
    """Each served name has a content type."""
    assert NAMES.fullmatch(name)
    assert TYPES["." + name.rpartition(".")[2]]


@pytest.mark.parametrize(
    "name",
    [
        "journal/x.json",
        "steps/a.json",
        "each/videos/0/steps/a.json",
        "made/../request.json",
        "each/../request.json",
        "../manifest.json",
        "manifest.json/..",
        "slides/",
        "slides/page_01.png",
        "places/../source.png",
        "compliance_other.json",
        "report.html",
        "",
    ],
)
def test_nothing_else_is_served(name: str) -> None:
    """Model answers, step reports and other paths are not among the names."""
    assert not NAMES.fullmatch(name)


def test_the_report_may_run_and_load_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of words from outside is served with a policy that allows its own style and the run's pictures, and with no sniffing."""
    monkeypatch.setattr(web, "_read", lambda dag_id, run_id, name: b"<p>report</p>")
    response = web._file("w", "r", "compliance.html", None)
    policy = dict(part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == "'unsafe-inline'"
    assert policy["img-src"] == "'self'"
    assert "script-src" not in policy
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "private, no-store"
    assert "content-security-policy" not in web._file("w", "r", "manifest.json", None).headers
