"""Voices are chosen by name and language; a vendor's every answer is a sound or a named error, and nothing is paid twice."""

from __future__ import annotations

import shutil
import stat
import sys
import wave
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from vendor_peer import DROPPED, HTML, Peer, Reply, Request, connection, media, ok, tone, wav

from workflow_orchestrator.definition.pronunciation import Pronunciation
from workflow_orchestrator.definition.rendering_file import RenderingSettings, Spec
from workflow_orchestrator.errors import ConfigurationError, SpeechError, VendorError, VendorOutageError
from workflow_orchestrator.rendering.voices import FolderFiles, Voice, get_voice
from workflow_orchestrator.rendering.voices.installed import installed
from workflow_orchestrator.rendering.voices.kept import FOLDER

pytestmark = pytest.mark.airflow

SPEAK = "POST /v1/audio/speech"
POLLY = "POST /v1/speech"
OPENAI = Spec("openai", {"connection": "speech", "model": "tts-1", "voice": "alloy"})
AMY = Spec("polly", {"connection": "aws", "region": "eu-west-2", "voice": "Amy", "engine": "neural"})
WORDS = Pronunciation({"EBITDA": ("ee bit da", "iːˈbɪtdɑː"), "Alder & Co": ("Alder and Company", "")})


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """A vendor, and the Airflow connections that lead to it."""
    with Peer() as there:
        monkeypatch.setenv(
            "AIRFLOW_CONN_SPEECH", connection(conn_type="llm", host=f"{there.url}/v1", password="sk-secret-1234")
        )
        aws = {"endpoint_url": there.url}
        login = {"login": "AKIAEXAMPLE123456789", "password": "aws-secret-0123456789"}
        monkeypatch.setenv("AIRFLOW_CONN_AWS", connection(conn_type="aws", extra=aws, **login))
        yield there


def voice(spec: Spec, **more: Any) -> Voice:
    return Voice("v", RenderingSettings({"v": {"any": spec}}), **more)


def rate_of(path: Path) -> tuple[int, int]:
    with wave.open(str(path)) as sound:
        return sound.getframerate(), sound.getnframes()


def test_an_endpoint_is_asked_once_for_each_sentence(peer: Peer, tmp_path: Path) -> None:
    """Model, voice, text and form go out, the key as a bearer; the WAV comes back as it is."""
    peer.replies[SPEAK] = media(wav(0.5), "audio/wav")
    voice(OPENAI).synthesise("Hello there.", "en", tmp_path / "a.wav")
    (request,) = peer.asked(SPEAK)
    assert request.body == {"model": "tts-1", "voice": "alloy", "input": "Hello there.", "response_format": "wav"}
    assert request.headers["authorization"] == "Bearer sk-secret-1234"
    assert rate_of(tmp_path / "a.wav") == (24_000, 12_000)


def test_raw_samples_get_a_head(peer: Peer, tmp_path: Path) -> None:
    """Their rate is the configured one."""
    peer.replies[SPEAK] = media(tone(0.5, 16_000), "audio/pcm")
    spec = Spec("openai", {**OPENAI.settings, "format": "pcm", "sample_rate": 16_000, "instructions": "calm"})
    voice(spec).synthesise("Hello.", "en", tmp_path / "a.wav")
    assert peer.asked(SPEAK)[0].body["instructions"] == "calm"
    assert rate_of(tmp_path / "a.wav") == (16_000, 8_000)


def test_a_streamed_wav_has_its_real_length(peer: Peer, tmp_path: Path) -> None:
    """A server that streams states the largest length there is."""
    data = bytearray(wav(0.5))
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    peer.replies[SPEAK] = media(bytes(data), "audio/wav")
    voice(OPENAI).synthesise("Hello.", "en", tmp_path / "a.wav")
    assert rate_of(tmp_path / "a.wav") == (24_000, 12_000)


PASSING = {
    "busy": (ok({"error": {"message": "slow down"}}, 429, retry_after="7"), "answers 429: slow down"),
    "down": (ok({"error": "no"}, 503), "answers 503"),
    "dropped": (DROPPED, "broke off"),
    "cut": (media(wav(), "audio/wav", cut=500), "broke off"),
    "short": (media(wav()[:-500], "audio/wav"), "of sound"),
    "html": (HTML, "sent text/html"),
    "empty": (media(b"", "audio/wav"), "sent nothing"),
    "mp3": (media(b"ID3\x04" + bytes(100), "audio/mpeg"), "sent no WAV file"),
}


@pytest.mark.parametrize("fault", PASSING)
def test_what_may_pass_is_retried(fault: str, peer: Peer, tmp_path: Path) -> None:
    """One request, one error that a retry can help, and no file; the vendor's wait is kept."""
    peer.replies[SPEAK], words = PASSING[fault]
    with pytest.raises(VendorOutageError, match=words) as caught:
        voice(OPENAI).synthesise("Hello.", "en", tmp_path / "a.wav")
    assert caught.value.retryable
    assert caught.value.retry_after == (timedelta(seconds=7) if fault == "busy" else None)
    assert len(peer.requests) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (
            ok({"error": {"message": "bad key sk-secret-1234"}}, 401),
            r"key was not accepted.*\(status 401\): bad key \*\*\*",
        ),
        (ok({"detail": "no such voice"}, 400), r"refuses \(status 400\): no such voice"),
        (Reply(302, b"", {"location": "http://elsewhere"}), "redirects elsewhere"),
    ],
)
def test_a_refusal_is_final(reply: Reply, words: str, peer: Peer, tmp_path: Path) -> None:
    """Key, voice and address are told without the key, and no retry is asked for."""
    peer.replies[SPEAK] = reply
    with pytest.raises(VendorError, match=words) as caught:
        voice(OPENAI).synthesise("Hello.", "en", tmp_path / "a.wav")
    assert not caught.value.retryable


def test_a_sentence_is_paid_once(peer: Peer, tmp_path: Path) -> None:
    """Another process finds it kept; another text, language, voice or lexicon is another sentence."""
    peer.replies[SPEAK] = media(wav(), "audio/wav")
    files = FolderFiles(tmp_path / "run")
    for _ in range(2):
        voice(OPENAI, files=files).synthesise("Hello.", "en", tmp_path / "a.wav")
    assert len(peer.requests) == 1
    assert rate_of(tmp_path / "a.wav") == (24_000, 7_200)
    voice(OPENAI, files=files).synthesise("Good-bye.", "en", tmp_path / "a.wav")
    voice(OPENAI, files=files).synthesise("Hello.", "de", tmp_path / "a.wav")
    voice(Spec("openai", {**OPENAI.settings, "voice": "echo"}), files=files).synthesise(
        "Hello.", "en", tmp_path / "a.wav"
    )
    voice(OPENAI, files=files, pronunciation=WORDS).synthesise("Hello.", "en", tmp_path / "a.wav")
    assert len(peer.requests) == len(list((tmp_path / "run" / FOLDER).iterdir())) == 5


def test_what_is_no_sound_is_not_kept(peer: Peer, tmp_path: Path) -> None:
    """A retry asks again instead of finding the flaw."""
    peer.replies[SPEAK] = media(wav(rate=8_000), "audio/wav")
    with pytest.raises(SpeechError, match="8000 Hz"):
        voice(OPENAI, files=FolderFiles(tmp_path / "run")).synthesise("Hello.", "en", tmp_path / "a.wav")
    assert not (tmp_path / "run").exists()


def test_polly_speaks_plain_text(peer: Peer, tmp_path: Path) -> None:
    """Raw samples at 16 kHz of the chosen voice, engine and language, signed; signs of markup are words."""
    peer.replies[POLLY] = media(tone(0.5), "audio/pcm")
    voice(AMY).synthesise("Alder <break/> & more.", "en", tmp_path / "a.wav")
    (request,) = peer.asked(POLLY)
    assert request.body == {
        "Engine": "neural", "LanguageCode": "en-GB", "OutputFormat": "pcm", "SampleRate": "16000",
        "Text": "Alder <break/> & more.", "TextType": "text", "VoiceId": "Amy",
    }  # fmt: skip
    assert "/eu-west-2/polly/aws4_request" in request.headers["authorization"]
    assert rate_of(tmp_path / "a.wav") == (16_000, 8_000)


def test_polly_gets_phonemes_where_its_engine_takes_them(peer: Peer, tmp_path: Path) -> None:
    """Everything around them is escaped; other engines get the plain respelling."""
    peer.replies[POLLY] = media(tone(), "audio/pcm")
    text = "EBITDA of Alder & Co is <up>."
    voice(AMY, pronunciation=WORDS).synthesise(text, "en", tmp_path / "a.wav")
    generative = Spec("polly", {**AMY.settings, "engine": "generative"})
    voice(generative, pronunciation=WORDS).synthesise(text, "en", tmp_path / "a.wav")
    first, second = (request.body for request in peer.requests)
    assert first["TextType"] == "ssml"
    assert first["Text"] == (
        '<speak><phoneme alphabet="ipa" ph="iːˈbɪtdɑː">EBITDA</phoneme> of Alder and Company is &lt;up&gt;.</speak>'
    )
    assert (second["TextType"], second["Text"]) == ("text", "ee bit da of Alder and Company is <up>.")


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (ok({"message": "Rate exceeded"}, 400, x_amzn_errortype="ThrottlingException"), VendorOutageError, "ThrottlingException Rate"),
        (ok({"message": "later"}, 503, x_amzn_errortype="ServiceFailureException"), VendorOutageError, "ServiceFailureException"),
        (DROPPED, VendorOutageError, "no whole answer"),
        (media(tone(), "audio/pcm", cut=99), VendorOutageError, "no whole answer"),
        (media(b"", "audio/pcm"), VendorOutageError, "0 bytes"),
        (media(b"abc", "audio/pcm"), VendorOutageError, "3 bytes"),
        (ok({"message": "no"}, 403, x_amzn_errortype="AccessDeniedException"), VendorError, "AccessDeniedException no"),
        (ok({"message": "no"}, 400, x_amzn_errortype="EngineNotSupportedException"), VendorError, "EngineNotSupported"),
    ],
)  # fmt: skip
def test_pollys_failures_are_named(
    reply: Reply, error: type[VendorError], words: str, peer: Peer, tmp_path: Path
) -> None:
    """Each is one request, and says whether a retry can help."""
    peer.replies[POLLY] = reply
    with pytest.raises(VendorError, match=words) as caught:
        voice(AMY).synthesise("Hello.", "en", tmp_path / "a.wav")
    assert type(caught.value) is error
    assert len(peer.requests) == 1


def test_a_sentence_over_the_limit_is_not_sent(peer: Peer, tmp_path: Path) -> None:
    """Three thousand characters for Polly, 4,096 for the speech API."""
    for spec, words in ((AMY, "3,000"), (OPENAI, "4,096")):
        with pytest.raises(SpeechError, match=words):
            voice(spec).synthesise("word " * 1000, "en", tmp_path / "a.wav")
    assert peer.requests == []


def test_a_missing_connection_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Never is the machine's own identity taken in its place."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAMACHINE000000000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "machine")
    with pytest.raises(ConfigurationError, match="connection 'aws' of polly does not exist"):
        voice(AMY).synthesise("Hello.", "en", tmp_path / "a.wav")


def test_each_language_has_its_own_engine(peer: Peer, tmp_path: Path) -> None:
    """The language's entry, else `any`, else an error that names what there is."""
    peer.replies[SPEAK] = media(wav(), "audio/wav")
    offline = Spec("offline", {"prefer": ["espeak"]})
    mixed = Voice("v", RenderingSettings({"v": {"de": OPENAI, "fr": offline}}))
    with mixed:
        mixed.synthesise("Guten Tag.", "de", tmp_path / "a.wav")
        mixed.synthesise("Bonjour.", "fr", tmp_path / "b.wav")
        assert mixed.name == "openai alloy, espeak"
    assert len(peer.requests) == 1
    with pytest.raises(ConfigurationError, match=r"voice 'v' speaks de, fr, not 'en'; add en:"):
        mixed.synthesise("Hello.", "en", tmp_path / "c.wav")
    assert mixed.identity("de")["openai"]["voice"] == "alloy"


def test_a_plain_engine_gets_the_respelling(peer: Peer, tmp_path: Path) -> None:
    """Words of the lexicon only; the rest of the sentence is as it was."""
    peer.replies[SPEAK] = media(wav(), "audio/wav")
    voice(OPENAI, pronunciation=WORDS).synthesise("EBITDA rose.", "en", tmp_path / "a.wav")
    assert peer.requests[0].body["input"] == "ee bit da rose."


def program(path: Path, body: str) -> Path:
    """A program of this machine."""
    path.write_text(f"#!{sys.executable}\nimport sys, wave, array, math\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


SPEAKS = """
out = sys.argv[sys.argv.index({option!r}) + 1]
with wave.open(out, "wb") as sound:
    sound.setparams((1, 2, {rate}, 0, "NONE", ""))
    sound.writeframes(array.array("h", [5000] * 4000).tobytes())
open(out + ".args", "w").write("\\n".join(sys.argv[1:]) + "\\n---\\n" + sys.stdin.read())
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that the machine finds, and nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_the_best_engine_of_the_machine_speaks(tools: Path, tmp_path: Path) -> None:
    """pico2wave before flite before espeak; flite only where it speaks the language."""
    spec = Spec("offline")
    assert name_of(voice(spec), "de", tmp_path) == "espeak"
    program(tools / "flite", SPEAKS.format(option="-o", rate=16_000))
    assert name_of(voice(spec), "en", tmp_path) == "flite"
    assert name_of(voice(spec), "de", tmp_path) == "espeak"
    program(tools / "pico2wave", SPEAKS.format(option="-w", rate=16_000))
    assert name_of(voice(spec), "de", tmp_path) == "pico2wave"
    assert name_of(voice(Spec("offline", {"prefer": ["flite", "espeak"]})), "en", tmp_path) == "flite"
    with pytest.raises(SpeechError, match="none of flite for 'de'"):
        name_of(voice(Spec("offline", {"prefer": ["flite"]})), "de", tmp_path)


def name_of(spoken: Voice, language: str, folder: Path) -> str:
    with spoken:
        spoken.synthesise("Hello.", language, folder / "a.wav")
    return spoken.name


def test_words_are_no_options_and_no_markup(tools: Path, tmp_path: Path) -> None:
    """pico2wave reads tags and getopt reads dashes; both get plain words."""
    program(tools / "pico2wave", SPEAKS.format(option="-w", rate=16_000))
    voice(Spec("offline")).synthesise("-l <speed level='9'>\nfast\x00", "en", tmp_path / "a.wav")
    arguments = (tmp_path / "a.wav.args").read_text().split("\n---\n")[0].splitlines()
    assert arguments == ["-l", "en-GB", "-w", str(tmp_path / "a.wav"), "--", "-l speed level='9' fast"]


def test_a_piper_voice_of_the_customers_own(tools: Path, tmp_path: Path) -> None:
    """Model and speaker are options, the sentence is one line of its input; file and program are named where they are missing."""
    model = tmp_path / "en_GB-alba-medium.onnx"
    spec = Spec("piper", {"model": str(model), "speaker": 3})
    with pytest.raises(ConfigurationError, match="program piper"):
        voice(spec).synthesise("Hello.", "en", tmp_path / "a.wav")
    program(tools / "piper", SPEAKS.format(option="--output_file", rate=22_050))
    with pytest.raises(ConfigurationError, match=r"alba-medium\.onnx, which is not on this machine"):
        voice(spec).synthesise("Hello.", "en", tmp_path / "a.wav")
    model.touch()
    model.with_name(f"{model.name}.json").touch()
    speaker = voice(spec, files=FolderFiles(tmp_path / "run"))
    speaker.synthesise("Hello\nthere.", "en", tmp_path / "a.wav")
    assert speaker.name == "piper en_GB-alba-medium"
    options, words = (tmp_path / "a.wav.args").read_text().split("\n---\n")
    assert options.splitlines()[-2:] == ["--speaker", "3"]
    assert words == "Hello there.\n"
    assert len(list((tmp_path / "run" / FOLDER).iterdir())) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("sys.exit('no lingware')", "ended with code 1: no lingware"),
        ("import os; os.kill(os.getpid(), 9)", "ended with code -9"),
        ("", "wrote no WAV file"),
    ],
)
def test_a_program_that_fails_is_told(body: str, words: str, tools: Path, tmp_path: Path) -> None:
    """What it said last is in the message."""
    from workflow_orchestrator.rendering.voices.sound import read_wav

    program(tools / "pico2wave", body)
    with pytest.raises(SpeechError, match=words):
        voice(Spec("offline")).synthesise("Hello.", "en", tmp_path / "a.wav")
        read_wav(tmp_path / "a.wav", "pico2wave", "Hello.")


def test_a_program_that_hangs_is_ended(tools: Path, tmp_path: Path) -> None:
    """After its time, by name."""
    from workflow_orchestrator.rendering.voices.installed import Pico

    pico = Pico(str(program(tools / "pico2wave", "sys.stdin.read(); import signal; signal.pause()")))
    pico._timeout = timedelta(seconds=0.2)
    with pytest.raises(SpeechError, match="no sound within"):
        pico.synthesise("Hello.", "en", tmp_path / "a.wav")


@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed on this machine")
def test_the_real_flite_speaks(tmp_path: Path) -> None:
    """Words, not options: a text that begins with a dash is heard as long as it is."""
    flite = installed("flite", "en")
    assert flite is not None
    flite.synthesise("-o is a letter, and this is a sentence.", "en", tmp_path / "a.wav")
    rate, frames = rate_of(tmp_path / "a.wav")
    assert (rate, frames > 2 * rate) == (16_000, True)


def test_an_unknown_voice_is_told_at_once(tmp_path: Path) -> None:
    """Before anything is spoken, with those of the file."""
    (tmp_path / "rendering.yaml").write_text("format: 1\nvoices:\n  warm: {any: {offline: {}}}\n")
    with pytest.raises(ConfigurationError, match="no voice 'cold'; known: default, espeak, warm"):
        get_voice("cold", include=tmp_path)


def test_a_request_reaches_only_its_vendor(peer: Peer, tmp_path: Path) -> None:
    """A redirect would carry the key to an address that nobody configured: it is not followed."""
    seen: list[Request] = []
    peer.replies[SPEAK] = Reply(307, b"", {"location": f"{peer.url}/v1/other"})
    peer.replies["POST /v1/other"] = lambda request, _: (seen.append(request), media(wav(), "audio/wav"))[1]
    with pytest.raises(VendorError, match="redirects elsewhere"):
        voice(OPENAI).synthesise("Hello.", "en", tmp_path / "a.wav")
    assert seen == []
