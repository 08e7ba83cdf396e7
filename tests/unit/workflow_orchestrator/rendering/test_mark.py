"""The mark of machine-made media: written into the finished file, read back by programs, and never invented."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from conftest import HOSTILE, Film
from workflow_orchestrator.errors import VideoCheckError
from workflow_orchestrator.rendering import Mark
from workflow_orchestrator.rendering.ffmpeg import binary
from workflow_orchestrator.rendering.mark import TERMS, append_mark, mark_in
from workflow_orchestrator.rendering.mp4 import subtitles
from workflow_orchestrator.rendering.probe import probe


def test_the_finished_file_says_that_a_machine_made_it(short: Film) -> None:
    """Read back from the MP4: IPTC's term and the same words as in the comment that players show."""
    facts = probe(short.video)
    assert facts.mark == Mark.of("espeak", "template")
    assert facts.mark is not None
    assert facts.to_json()["mark"] == {
        "source_type": "compositeSynthetic", "ai_system": "",
        "description": "Made by a machine. The voice is synthetic (espeak). The sentences come from templates.",
    }
    shown = subprocess.run([binary(), "-hide_banner", "-i", str(short.video)], capture_output=True, text=True, check=False)
    assert re.search(rf"comment +: {re.escape(facts.mark.description)}", shown.stderr)


def test_a_file_without_the_mark_has_none(short: Film, tmp_path: Path) -> None:
    """A tool that copies the streams drops the packet, and the facts say so; a later mark counts again."""
    bare = tmp_path / "bare.mp4"
    copy = ["-i", str(short.video), "-map", "0:v", "-map", "0:a", "-c", "copy", "-movflags", "+faststart"]
    subprocess.run([binary(), "-v", "error", "-nostdin", *copy, str(bare)], check=True, timeout=60)
    assert probe(bare).mark is None
    append_mark(bare, Mark.of("polly", "m-1"))
    assert probe(bare).mark == Mark.of("polly", "m-1")


@pytest.mark.parametrize("writer", ["template", "a-model", HOSTILE, "]]><x>\x00\ufffe"])
def test_a_mark_survives_the_packet(writer: str) -> None:
    """Voice and model are kept word for word, whatever signs they hold; what XML cannot hold is left out."""
    clean = writer.replace("\x00", "").replace("\ufffe", "")
    found = mark_in(Mark.of("a <voice>", writer).to_xmp())
    assert found is not None
    assert (found.source_type, found.ai_system) == ("compositeSynthetic", "" if writer == "template" else clean)
    assert "The voice is synthetic (a <voice>)." in found.description


@pytest.mark.parametrize(
    ("packet", "term"),
    [
        (f'<a xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"><e:DigitalSourceType>{TERMS}{{}}</e:DigitalSourceType></a>', term)
        for term in ("trainedAlgorithmicMedia", "algorithmicMedia")
    ] + [
        (
            '<r:Description xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
            f'xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" e:DigitalSourceType="{TERMS.replace("http:", "https:")}{{}}"/>',
            "trainedAlgorithmicMedia",
        ),
    ],
)
def test_marks_of_other_tools_are_read(packet: str, term: str) -> None:
    """As an element or as an attribute, with http or https, as XMP and its writers have it."""
    found = mark_in(packet.format(term).encode())
    assert found is not None
    assert found.source_type == term
    assert mark_in(packet.format("digitalCapture").encode()) is None


@pytest.mark.parametrize(
    "packet",
    [
        b"", b"no xml", b"<a/>", b"<a>" * 100,
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
        b"<e:DigitalSourceType>&x;</e:DigitalSourceType></a>",
        b"<a>" + b" " * 1_000_001 + b"</a>",
    ],
)
def test_what_is_no_mark_is_none(packet: bytes) -> None:
    """Nothing, nonsense, another packet, an entity and a packet without end are no mark, and no error."""
    assert mark_in(packet) is None


def test_the_captions_inside_the_file_are_read(short: Film, tmp_path: Path) -> None:
    """The subtitle track gives the words of the narration; a file without one gives nothing, and no film is refused."""
    words = " ".join(subtitles(short.video)).split()
    assert words == [word for cue in short.narration.sentences for word in cue.text.split()]
    silent = tmp_path / "silent.mp4"
    copy = ["-i", str(short.video), "-map", "0:v", "-map", "0:a", "-c", "copy"]
    subprocess.run([binary(), "-v", "error", "-nostdin", *copy, str(silent)], check=True, timeout=60)
    assert subtitles(silent) == ()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(short.video.read_bytes()[:2000])
    with pytest.raises(VideoCheckError, match=r"cut\.mp4 is no whole MP4 file"):
        subtitles(cut)
