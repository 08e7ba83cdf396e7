"""The finished video in a real browser: its page on a served Airflow, playing, seeking, captions, chapters, and who may see it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from chromium_here import Chromium, ChromiumNotThere, Page, ensure_chromium
from debian_here import may_install
from PIL import Image
from served_airflow import WORKFLOW, Served

from workflow_orchestrator.web import CALLBACKS, PREFIX

pytestmark = [pytest.mark.airflow, pytest.mark.served]

RUN = "watched"
SAMPLE = "gratlin_schweizer_aktien_de"  # German: its captions have umlauts, and no other served test makes its video
SIZE = (160, 90)
# How far a decoded frame may be from its slide, as the mean difference of a channel, of 255: scaling, and the coder.
NEAR = 6.0
SCRIPT = """
const video = document.querySelector('video');
const once = (target, name) => new Promise((done, fail) => {
  target.addEventListener(name, done, {once: true});
  video.addEventListener('error', () => fail(new Error(`video: ${video.error && video.error.message}`)), {once: true});
});
const seek = async at => { const there = once(video, 'seeked'); video.currentTime = at; await there; };
const pixels = (source, width, height) => {
  const canvas = new OffscreenCanvas(width, height), context = canvas.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(source, 0, 0, width, height);
  return Array.from(context.getImageData(0, 0, width, height).data);
};
const cues = kind => Array.from(Array.from(video.textTracks).find(track => track.kind === kind).cues,
  cue => ({start: cue.startTime, end: cue.endTime, text: cue.text}));
globalThis.lab = {video, once, seek, pixels, cues};
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    """Chromium, installed where we may; where we may, it must be there and start."""
    try:
        ensure_chromium()
    except ChromiumNotThere as error:
        if may_install():
            raise
        pytest.skip(str(error))
    with Chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def made(served: Served) -> Served:
    """A finished run."""
    served.put(f"{RUN}.pdf", served.samples / f"{SAMPLE}.pdf")
    served.start(RUN, document=f"{RUN}.pdf", approval="auto", jurisdictions=["eu"])
    state, _ = served.end(RUN)
    assert state == "success", served.manifest(RUN)["error"]
    return served


def address(served: Served, name: str) -> str:
    """Where a file of the run is served."""
    return f"{served.airflow.url}{PREFIX}/{WORKFLOW}/{RUN}/{name}"


@pytest.fixture(scope="module")
def page(made: Served, browser: Chromium) -> Page:
    """The page of the video, opened by somebody who is logged in at Airflow, with the video ready to play."""
    token = made.airflow.client.headers["authorization"].removeprefix("Bearer ")
    page = browser.page(cookies={made.airflow.url: {"_token": token}})
    assert page.open(address(made, "video.html")) == 200
    page.run(SCRIPT)
    # `preload=metadata` may end behind the first frame; a person presses play, which loads the rest.
    page.run("lab.video.readyState >= 3 || (lab.video.preload = 'auto', lab.once(lab.video, 'canplay').then(() => true))")
    return page


def facts(served: Served, name: str) -> Any:
    """A JSON file of the run."""
    return json.loads((served.folder(RUN) / name).read_text(encoding="utf-8"))


def test_the_note_leads_to_the_page(made: Served) -> None:
    """Who reads the note on the run's page gets to the player, not to a bare file without captions."""
    note = made.airflow.run(WORKFLOW, RUN)["note"]
    assert f"[Video]({PREFIX}/{WORKFLOW}/{RUN}/video.html)" in note


def test_the_browser_knows_the_video_as_it_was_measured(made: Served, page: Page) -> None:
    """Size and duration are those of video.json; no error, nothing refused by the page's own policy, in the document's language."""
    measured = facts(made, "video.json")
    known = page.run("({duration: lab.video.duration, width: lab.video.videoWidth, height: lab.video.videoHeight, "
                     "ready: lab.video.readyState, error: lab.video.error && lab.video.error.message, "
                     "language: document.documentElement.lang, title: document.title})")  # fmt: skip
    assert known["error"] is None
    assert known["ready"] >= 3
    assert known["duration"] == pytest.approx(measured["duration"], abs=0.05)
    (picture,) = [track for track in measured["tracks"] if track["kind"] == "vide"]
    assert (known["width"], known["height"]) == (picture["width"], picture["height"])
    assert (known["language"], known["title"]) == ("de", facts(made, "script.json")["title"])
    assert [line for line in page.complaints() if "favicon" not in line] == []


def test_the_video_comes_in_ranges(made: Served, page: Page) -> None:
    """The browser asks for parts and gets them: without, it could not seek before everything is there."""
    answers = [answer for answer in page.answers() if answer[0].endswith("/video.mp4")]
    assert {(status, kind) for _, status, kind in answers} == {(206, "video/mp4")}


def test_every_chapter_shows_its_slide(made: Served, page: Page) -> None:
    """Seeking into a slide's time gives the picture of that slide, and of all slides it is the nearest to that one."""
    chapters = facts(made, "video.json")["chapters"]
    ends = [chapter["start"] for chapter in chapters[1:]] + [facts(made, "video.json")["duration"]]
    slides = [slide_pixels(made, number) for number in range(1, len(chapters) + 1)]
    width, height = SIZE
    for number, (chapter, end) in enumerate(zip(chapters, ends, strict=True)):
        middle = (chapter["start"] + end) / 2
        frame = page.run(f"lab.seek({middle}).then(() => lab.pixels(lab.video, {width}, {height}))")
        far = [difference(frame, slide) for slide in slides]
        assert far.index(min(far)) == number, (chapter["title"], far)
        assert far[number] < NEAR, (chapter["title"], far[number])


def slide_pixels(served: Served, number: int) -> bytes:
    """A slide at the size at which frames are compared, as RGBA."""
    data = (served.folder(RUN) / "slides" / f"slide_{number:02d}.png").read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGBA").resize(SIZE, Image.Resampling.BOX).tobytes()


def difference(frame: list[int], slide: bytes) -> float:
    """The mean absolute difference of a channel, of 255."""
    return sum(abs(one - other) for one, other in zip(frame, slide, strict=True)) / len(frame)


def test_captions_are_seen_at_their_time(made: Served, page: Page) -> None:
    """The captions are on from the start, all of them, and at each one's time exactly that one is shown."""
    page.run("Promise.all(Array.from(document.querySelectorAll('track'), track => { track.track.mode = track.default ? 'showing' : "
             "'hidden'; return track.readyState === 2 || lab.once(track, 'load').then(() => 2); }))")  # fmt: skip
    assert page.run("Array.from(lab.video.textTracks, track => [track.kind, track.language, track.mode])") == [
        ["captions", "de", "showing"], ["chapters", "de", "hidden"],
    ]  # fmt: skip
    cues = page.run("lab.cues('captions')")
    said = " ".join(" ".join(cue["text"].split()) for cue in cues)
    spoken = " ".join(sentence["text"] for sentence in facts(made, "narration.json")["sentences"])
    assert said.split() == spoken.replace("\N{NO-BREAK SPACE}", " ").split()
    for cue in cues[:: len(cues) // 6]:
        middle = (cue["start"] + cue["end"]) / 2
        shown = page.run(f"lab.seek({middle}).then(() => Array.from(lab.video.textTracks[0].activeCues, cue => cue.text))")
        assert shown == [cue["text"]]


def test_chapters_are_those_of_the_file(made: Served, page: Page) -> None:
    """The track of chapters has the names and times of the chapters inside the MP4 file, to its end."""
    measured = facts(made, "video.json")
    cues = page.run("lab.cues('chapters')")
    assert [(cue["text"], cue["start"]) for cue in cues] == [
        (chapter["title"], pytest.approx(chapter["start"], abs=0.002)) for chapter in measured["chapters"]
    ]
    assert cues[-1]["end"] == pytest.approx(measured["duration"], abs=0.002)
    headings = page.run("Array.from(document.querySelectorAll('h3'), head => head.lastChild.textContent)")
    assert headings == [chapter["title"] for chapter in measured["chapters"]]


def test_it_plays(page: Page) -> None:
    """Playing goes on by itself, with frames decoded and none of them broken; at the end it has ended."""
    moved = page.run("lab.seek(1).then(() => lab.video.play()).then(() => lab.once(lab.video, 'timeupdate'))"
                     ".then(() => lab.once(lab.video, 'timeupdate')).then(() => lab.video.currentTime)")  # fmt: skip
    assert moved > 1
    quality = page.run("(({totalVideoFrames, corruptedVideoFrames}) => [totalVideoFrames, corruptedVideoFrames || 0])"
                       "(lab.video.getVideoPlaybackQuality())")  # fmt: skip
    assert quality[0] > 0
    assert quality[1] == 0
    assert page.run("(lab.video.pause(), lab.seek(lab.video.duration - 0.3)).then(() => { const over = lab.once(lab.video, 'ended'); "
                    "lab.video.play(); return over; }).then(() => lab.video.ended)") is True  # fmt: skip


def test_who_is_not_logged_in_sees_nothing(made: Served, browser: Chromium) -> None:
    """Without Airflow's cookie neither page nor film are given."""
    # A profile's cookies belong to all its pages, so this one has none of them.
    stranger = browser.page()
    stranger.call("Network.clearBrowserCookies")
    for name in ("video.html", "video.mp4", "captions.vtt", "chapters.vtt"):
        assert stranger.open(address(made, name)) in (401, 403), name


def test_a_vendors_call_is_not_sent_to_the_login(served: Served) -> None:
    """Where Airflow mounts the application, the address of webhooks answers whoever asks; this platform has no provider with one."""
    address = f"{served.airflow.url}{PREFIX}{CALLBACKS}/avatar"
    assert httpx.options(address, timeout=30, trust_env=False).status_code == 204
    assert httpx.post(address, content=b"{}", timeout=30, trust_env=False).status_code == 404
