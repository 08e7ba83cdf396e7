"""The page on which a finished video is watched: player, captions, chapters and every spoken word, without any script.

A browser shows no subtitle track of an MP4 file. So the page gives it the captions beside the film, the chapters as a track of their
own, and the text to read, which WCAG 2.2 (1.2.1 to 1.2.3) asks for beside a film with sound.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jinja2

PAGE = "video.html"
CHAPTERS = "chapters.vtt"
# What the page is made of.
PARTS = ("script.json", "narration.json", "video.json")
_WORDS = {
    "en": {
        "captions": "English", "chapters": "Chapters", "text": "Text of the video", "files": "Files", "video": "Video (MP4)",
        "vtt": "Captions (WebVTT)", "srt": "Captions (SRT)", "slides": "Slides (PDF)", "none": "This browser plays no MP4 video.",
    },
    "de": {
        "captions": "Deutsch", "chapters": "Kapitel", "text": "Text des Videos", "files": "Dateien", "video": "Video (MP4)",
        "vtt": "Untertitel (WebVTT)", "srt": "Untertitel (SRT)", "slides": "Folien (PDF)",
        "none": "Dieser Browser spielt keine MP4-Videos ab.",
    },
    "fr": {
        "captions": "Français", "chapters": "Chapitres", "text": "Texte de la vidéo", "files": "Fichiers", "video": "Vidéo (MP4)",
        "vtt": "Sous-titres (WebVTT)", "srt": "Sous-titres (SRT)", "slides": "Diapositives (PDF)",
        "none": "Ce navigateur ne lit pas les vidéos MP4.",
    },
}  # fmt: skip


def watch_page(script: Mapping[str, Any], narration: Mapping[str, Any], video: Mapping[str, Any]) -> bytes:
    """The page, whose links are relative: it lies beside the files that it shows.

    Args:
        script: `script.json`; its language is that of the page.
        narration: `narration.json`, with the sentences as they are spoken.
        video: `video.json`, the facts of the finished file.
    """
    chapters = [
        {
            "title": chapter["title"], "at": _clock(chapter["start"]),
            "said": [sentence["text"] for sentence in narration["sentences"] if sentence["slide"] == number],
        }
        for number, chapter in enumerate(video["chapters"])
    ]  # fmt: skip
    picture = next(track for track in video["tracks"] if track["kind"] == "vide")
    page: str = _template().render(
        title=script["title"], language=script["language"], words=_WORDS[script["language"]], chapters=chapters,
        mark=(video.get("mark") or {}).get("description", ""), source=script.get("source", ""), footer=script.get("footer", ""),
        width=picture["width"], height=picture["height"],
    )  # fmt: skip
    return page.encode()


def chapters_vtt(video: Mapping[str, Any]) -> bytes:
    """The chapters of a finished file as a WebVTT track of the kind `chapters`: one cue each, until the next one starts."""
    starts = [chapter["start"] for chapter in video["chapters"]]
    cues = [
        f"{_stamp(start)} --> {_stamp(end)}\n{_plain(chapter['title'])}"
        for chapter, start, end in zip(video["chapters"], starts, [*starts[1:], video["duration"]], strict=True)
    ]
    return ("\n\n".join(["WEBVTT", *cues]) + "\n").encode()


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    return environment.get_template("player.html.j2")


def _clock(seconds: float) -> str:
    """A place in the film as people say it: 1:05, or 1:02:03 behind the first hour."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _stamp(seconds: float) -> str:
    """A time of WebVTT."""
    minutes, milliseconds = divmod(timedelta(seconds=seconds) // timedelta(milliseconds=1), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"


def _plain(text: str) -> str:
    """A title as text of a cue: one line, in which nothing is markup."""
    return " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
