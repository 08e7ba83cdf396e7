"""A clip is the picture while the first sentence is heard; words, sound, chapters and slides stay ours, and the film passes its check."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import vendor_film as small

from workflow_orchestrator.errors import EncoderError, RenderError, VideoCheckError
from workflow_orchestrator.rendering import Mark, Narration, VideoJob, check_video, get_voice, narrate
from workflow_orchestrator.rendering.mp4 import probe
from workflow_orchestrator.rendering.opening import FIRST_SLIDE_STANDS, Opening, opening_of, sound_of
from workflow_orchestrator.rendering.providers import film
from workflow_orchestrator.rendering.speech import FRAME, GAP

SECOND = timedelta(seconds=1)
GREEN, RED, BLUE, WHITE = (32, 192, 64), (200, 30, 30), (30, 30, 200), (250, 250, 250)
MARK = Mark.of("espeak", "template")
HIGH, LOW = (960, 300), (960, 1040)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("opening")


@pytest.fixture(scope="module")
def job(place: Path) -> VideoJob:
    return small.job(place / "slides")


@pytest.fixture(scope="module")
def narration(job: VideoJob, place: Path) -> Narration:
    return narrate(job.script, get_voice("espeak"), place / "film", first_slide_stands=FIRST_SLIDE_STANDS)


@pytest.fixture(scope="module")
def made(job: VideoJob, narration: Narration, place: Path) -> Iterator[Path]:
    """The film with a clip that was filmed to our sound."""
    end = opening_of(narration)
    small.clip(place / "clip.mp4", end)
    film(job, narration, MARK, place / "film", opening=Opening(place / "clip.mp4", end, filmed=True))
    yield place / "film" / "video.mp4"


def test_the_clip_ends_behind_the_first_sentence(narration: Narration) -> None:
    """On a frame, half a pause later; the first slide then stands long enough to be read."""
    end = opening_of(narration)
    assert end % FRAME == timedelta(0)
    assert timedelta(0) <= end - narration.sentences[0].end - GAP / 2 < FRAME
    assert narration.slides[0].end - end >= FIRST_SLIDE_STANDS
    assert len(sound_of(narration, end)) == pytest.approx(end.total_seconds() * 22_050 * 2, abs=100)


def test_a_first_slide_with_more_to_say_is_not_kept_longer(place: Path) -> None:
    """Its other sentences are time enough."""
    more = small.job(
        place / "more", more=("It has a long second sentence, which is heard while the slide stands there.",)
    )
    plain = narrate(more.script, get_voice("espeak"), place / "more")
    opened = narrate(more.script, get_voice("espeak"), place / "more", first_slide_stands=FIRST_SLIDE_STANDS)
    assert plain.slides == opened.slides
    with pytest.raises(RenderError, match=r"must stand 0:00:03"):
        opening_of(narrate(small.job(place / "one").script, get_voice("espeak"), place / "one"))


def test_the_film_is_ours_but_for_the_picture_of_the_opening(made: Path, narration: Narration, job: VideoJob) -> None:
    """Clip, then slide 1, then slide 2; the warning's strip of slide 1 lies over the clip all the time."""
    end = opening_of(narration)
    assert small.near(small.colour_at(made, end / 2, HIGH), GREEN)
    assert small.near(small.colour_at(made, end / 2, LOW), WHITE)
    assert small.near(small.colour_at(made, end - 2 * FRAME, HIGH), GREEN)
    assert small.near(small.colour_at(made, end + FRAME, HIGH), RED)
    assert small.near(small.colour_at(made, narration.slides[1].middle, HIGH), BLUE)


def test_length_chapters_and_captions_are_those_of_the_narration(
    made: Path, narration: Narration, job: VideoJob
) -> None:
    """Not a frame more, a key frame where the clip ends, and a picture track that is coded as before behind it."""
    facts = check_video(made, narration, job.slides, opening=opening_of(narration))
    picture = facts.track("vide")
    assert picture is not None
    assert picture.duration == facts.duration == narration.total
    assert not picture.reordered
    assert [chapter.title for chapter in facts.chapters] == ["Alder", "Facts"]
    end = opening_of(narration)
    assert any(abs(key - end) < FRAME for key in picture.keys)
    assert len([time for time in picture.times if time < end]) == end // FRAME
    assert len([time for time in picture.times if time >= end]) < 2 * (narration.total - end) / SECOND + 6
    assert json.loads(made.with_name("video.json").read_bytes())["faststart"] is True
    assert "Here is the factsheet of Alder." in made.with_name("captions.vtt").read_text()


def test_a_clip_over_the_first_slide_is_found(made: Path, narration: Narration, job: VideoJob) -> None:
    """The check knows when the clip may be seen: without that, slide 1 is missed."""
    with pytest.raises(VideoCheckError, match=r"no key frame|slide 1 is not that slide"):
        check_video(made, narration, job.slides, opening=opening_of(narration) + 2 * SECOND)
    with pytest.raises(VideoCheckError, match="slide 1 is not that slide"):
        check_video(made, narration, (job.slides[1], job.slides[1]), opening=opening_of(narration))


def test_the_same_clip_gives_the_same_bytes(made: Path, narration: Narration, job: VideoJob, tmp_path: Path) -> None:
    """Encoding and joining again change nothing."""
    clip = Opening(made.parent.parent / "clip.mp4", opening_of(narration), filmed=True)
    film(job, narration, MARK, tmp_path, opening=clip)
    assert (tmp_path / "video.mp4").read_bytes() == made.read_bytes()


def test_a_short_clip_stands_still_at_its_end(narration: Narration, job: VideoJob, tmp_path: Path) -> None:
    """A mood picture of another shape fills the frame, and its last frame waits for the sentence."""
    end = opening_of(narration)
    small.clip(tmp_path / "mood.mp4", 1.2 * SECOND, size="360x640")
    film(job, narration, MARK, tmp_path, opening=Opening(tmp_path / "mood.mp4", end, filmed=False))
    assert small.near(small.colour_at(tmp_path / "video.mp4", end - 2 * FRAME, (20, 20)), GREEN)
    assert probe(tmp_path / "video.mp4").duration == narration.total


def test_a_clip_that_does_not_fit_is_refused(narration: Narration, tmp_path: Path) -> None:
    """One that is not as long as its sound would not be lip-synchronous; one of a blink is none."""
    end = opening_of(narration)
    small.clip(tmp_path / "short.mp4", end - SECOND)
    with pytest.raises(VideoCheckError, match="the sound that it was filmed to"):
        Opening(tmp_path / "short.mp4", end, filmed=True)
    small.clip(tmp_path / "blink.mp4", SECOND / 2)
    with pytest.raises(VideoCheckError, match="less than 0:00:01"):
        Opening(tmp_path / "blink.mp4", end, filmed=False)


def test_a_damaged_clip_leaves_no_film(narration: Narration, job: VideoJob, tmp_path: Path) -> None:
    """It is found while it is decoded, and nothing is left under the film's name."""
    end = opening_of(narration)
    data = bytearray(small.clip(tmp_path / "clip.mp4", end, "320x180", noise=20))
    middle = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 2
    data[middle : middle + 60_000] = b"\xff" * 60_000
    (tmp_path / "clip.mp4").write_bytes(data)
    (tmp_path / "film").mkdir()
    with pytest.raises(EncoderError, match="the clip of the opening"):
        film(job, narration, MARK, tmp_path / "film", opening=Opening(tmp_path / "clip.mp4", end, filmed=True))
    assert not (tmp_path / "film" / "video.mp4").exists()
