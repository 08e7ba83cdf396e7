"""The page of a video: in its own language, nothing in it runs, and words from outside stay words."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from workflow_orchestrator import web
from workflow_orchestrator.player import chapters_vtt, watch_page

HOSTILE = "<script>alert(1)</script> & --> Co"


def script(language: str = "en", title: str = "Alder") -> dict[str, Any]:
    return {"language": language, "title": title, "source": "Source: the factsheet, p. 1", "footer": "Capital at risk."}


def narration(*sentences: tuple[int, str]) -> dict[str, Any]:
    return {"sentences": [{"slide": slide, "text": text, "start": 0.5, "end": 1.5} for slide, text in sentences]}


def video(*titles: str, seconds: float = 70.0) -> dict[str, Any]:
    """The facts of a film whose slides stand for some seconds each."""
    return {
        "duration": seconds * len(titles), "mark": {"description": "Made by a machine."},
        "tracks": [{"kind": "vide", "width": 1080, "height": 1920}],
        "chapters": [{"title": title, "start": seconds * number} for number, title in enumerate(titles)],
    }  # fmt: skip


class Elements(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.mark.parametrize(("language", "words"), [("en", "Text of the video"), ("de", "Text des Videos"), ("fr", "Texte de la vidéo")])
def test_the_page_speaks_the_videos_language(language: str, words: str) -> None:
    """Captions are on from the start, the picture keeps its shape, and every spoken word can be read under its chapter."""
    page = Elements(watch_page(script(language), narration((0, "One."), (0, "Two."), (1, "Three.")), video("First", "Second")))
    assert page.all("html") == [{"lang": language}]
    (film,) = page.all("video")
    assert (film["width"], film["height"], film["poster"]) == ("1080", "1920", "slides/slide_01.png")
    captions, chapters = page.all("track")
    assert (captions["kind"], captions["srclang"], "default" in captions) == ("captions", language, True)
    assert (chapters["kind"], "default" in chapters) == ("chapters", False)
    assert words in page.text
    assert page.text.index("0:00First") < page.text.index("One. Two.") < page.text.index("1:10Second") < page.text.index("Three.")
    assert "Made by a machine." in page.text


def test_nothing_in_the_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A title of the document is shown as it is; there is no script, and the policy would not let one run."""
    page = Elements(watch_page(script(title=HOSTILE), narration((0, HOSTILE)), video(HOSTILE)))
    assert not page.all("script")
    assert page.text.count(HOSTILE) == 4
    monkeypatch.setattr(web, "_read", lambda dag_id, run_id, name: b"<p>page</p>")
    response = web._file("w", "r", "video.html", None)
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "media-src 'self'" in policy and "script-src" not in policy


def test_chapters_are_a_track() -> None:
    """WebVTT with a cue for each, until the next one or the end; markup and line ends are none."""
    told = chapters_vtt(video("First", HOSTILE, "Third\nline", seconds=1800.25)).decode()
    assert told == (
        "WEBVTT\n\n00:00:00.000 --> 00:30:00.250\nFirst\n\n"
        "00:30:00.250 --> 01:00:00.500\n&lt;script&gt;alert(1)&lt;/script&gt; &amp; --&gt; Co\n\n"
        "01:00:00.500 --> 01:30:00.750\nThird line\n"
    )


def test_a_film_is_looked_at_on_its_page() -> None:
    """Links to films lead to the player, that of a map's item to its own; other files are linked as they are."""
    assert web.seen_as("video.mp4") == "video.html"
    assert web.seen_as("each/videos/3/video.mp4") == "each/videos/3/video.html"
    assert web.seen_as("slides.pdf") == "slides.pdf"
    assert web.NAMES.fullmatch("each/videos/3/video.html") and web.NAMES.fullmatch("chapters.vtt")
