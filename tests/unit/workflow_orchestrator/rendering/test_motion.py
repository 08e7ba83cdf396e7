"""Charts build up without ever showing a figure that is not whole, and a film with motion is still what was planned."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import chart_sample as charts
import pytest
import rendering_sample as sample
from PIL import Image, ImageChops

from workflow_orchestrator.errors import RenderError, VideoCheckError
from workflow_orchestrator.rendering import Mark, build_deck, captions_of, check_video, load_theme, make_video
from workflow_orchestrator.rendering.motion import FRAMES, MOVING, grown, pack_motion, render_motion, unpack_motion
from workflow_orchestrator.rendering.slides import Drawing
from workflow_orchestrator.rendering.speech import FRAME


def test_no_figure_is_printed_before_its_chart_stands(tmp_path: Path) -> None:
    """In every frame of a build-up the words are those of the slide without its figures; only labels and heads stand there."""
    import pypdfium2

    deck = charts.deck(charts.script("en"))
    moving = [number for number, slide in enumerate(deck.slides) if slide.kind in MOVING and number]
    pages = [(number, grown(frame)) for number in moving for frame in (0, 1, FRAMES - 1)]
    pdf = Drawing(deck, load_theme(sample.THEME), pages).pdf()
    with pypdfium2.PdfDocument(pdf) as document:
        texts = [page.get_textpage().get_text_range() for page in document]
    for (number, _), text in zip(pages, texts, strict=True):
        slide = deck.slides[number]
        assert slide.heading in text
        assert not [figure.text for figure in slide.figures if figure.text in text.replace(slide.evidence, "")]


def test_frames_are_the_same_twice_and_grow(tmp_path: Path) -> None:
    """The frames of a deck are byte-identical when drawn again, and each shows a little more than the one before."""
    deck = charts.deck(charts.script("en", ("bridge",)))
    one, two = (render_motion(deck, sample.THEME, tmp_path / name) for name in ("one", "two"))
    assert list(one) == [0, 1]
    assert [path.read_bytes() for path in one[1]] == [path.read_bytes() for path in two[1]]
    empty = one[1][0]
    marked = []
    for path in one[1]:
        with Image.open(empty) as first, Image.open(path) as image:
            difference = ImageChops.difference(first, image).convert("L").point(lambda level: 255 if level > 8 else 0)
            marked.append(difference.histogram()[255])
    assert marked == sorted(marked)
    assert marked[-1] > 20_000


def test_growth_is_fast_at_first() -> None:
    """A chart starts from nothing, never shrinks, and is never whole before its slide."""
    steps = [grown(frame) for frame in range(FRAMES)]
    assert steps[0] == 0
    assert steps == sorted(set(steps))
    assert steps[-1] < 1
    assert grown(FRAMES // 2) > 0.8


def test_a_film_with_motion_is_what_was_planned(short: Any, tmp_path: Path) -> None:
    """The frames are coded one by one, the slide follows at once, and the checks of a film still hold."""
    deck = build_deck(short.script, sample.values("en"), sample.fields(), sample.shown_in("en"))
    motion = render_motion(deck, sample.THEME, tmp_path / "motion")
    assert list(motion) == [0]
    chapters = [segment.heading for segment in short.script.segments]
    film = make_video(
        short.slides, short.narration, captions_of(short.narration), tmp_path / "a.mp4", title="t", language="en",
        chapters=chapters, mark=Mark.of("espeak", "template"), motion=motion,
    )
    facts = check_video(film, short.narration, short.slides)
    picture = facts.track("vide")
    assert picture is not None
    wanted = [FRAME * number for number in range(FRAMES + 1)] + [timedelta(seconds=1)]
    assert list(picture.times[: len(wanted)]) == wanted
    assert picture.duration == short.narration.total


def test_frames_travel_in_one_file(tmp_path: Path) -> None:
    """What is packed comes out by slide and in order, packing again changes no byte, and a damaged or foreign file is refused."""
    for name in ("build_01_00.png", "build_01_01.png", "build_12_00.png"):
        (tmp_path / name).write_bytes(name.encode())
    motion = {11: (tmp_path / "build_12_00.png",), 0: (tmp_path / "build_01_00.png", tmp_path / "build_01_01.png")}
    one, two = (pack_motion(motion, tmp_path / name) for name in ("one.zip", "two.zip"))
    assert one.read_bytes() == two.read_bytes()
    found = unpack_motion(one, tmp_path / "out")
    assert {number: [path.read_text() for path in paths] for number, paths in found.items()} == {
        0: ["build_01_00.png", "build_01_01.png"], 11: ["build_12_00.png"],
    }  # fmt: skip
    one.write_bytes(two.read_bytes()[:-40])
    with pytest.raises(RenderError, match=r"one\.zip cannot be read"):
        unpack_motion(one, tmp_path / "out")
    pack_motion({0: (two,)}, tmp_path / "three.zip")
    with pytest.raises(RenderError, match=r"'two\.zip', which is no frame"):
        unpack_motion(tmp_path / "three.zip", tmp_path / "out")


def test_a_film_of_constant_rate_has_every_frame(short: Any, tmp_path: Path) -> None:
    """Each frame stands for 1/25 s and the film passes the checks; one of variable rate does not pass for it."""
    film = make_video(
        short.slides, short.narration, captions_of(short.narration), tmp_path / "a.mp4", title="t", language="en",
        chapters=[segment.heading for segment in short.script.segments], mark=Mark.of("espeak", "template"), constant=True,
    )
    picture = check_video(film, short.narration, short.slides, constant=True).track("vide")
    assert picture is not None
    assert list(picture.times) == [FRAME * number for number in range(short.narration.total // FRAME)]
    with pytest.raises(VideoCheckError, match=r"one frame stands for 0:00:01, longer than 0:00:00\.04"):
        check_video(short.video, short.narration, short.slides, constant=True)


def test_a_slide_that_is_soon_over_does_not_move(short: Any, tmp_path: Path) -> None:
    """Motion that would take more than a quarter of its slide is left out."""
    frames = short.narration.slides[0].frames
    film = make_video(
        short.slides, short.narration, captions_of(short.narration), tmp_path / "a.mp4", title="t", language="en",
        chapters=["a", "b", "c"], mark=Mark.of("espeak", "template"), motion={0: (short.slides[1],) * (frames // 4 + 1)},
    )
    picture = check_video(film, short.narration, short.slides).track("vide")
    assert picture is not None
    assert picture.times[1] == timedelta(seconds=1)
