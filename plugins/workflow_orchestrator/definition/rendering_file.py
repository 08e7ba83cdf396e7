"""The language of `include/rendering.yaml`: which voices and which video providers a workflow may name, and who stands behind them.

A voice is a name with an engine per language; a video provider is a name with a vendor. `default` and `espeak` (voices) and `local`
(a video provider) are there without the file. Keys and passwords are never in it: they belong to Airflow connections.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.language.words import duration, duration_text, line, word
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.shapes import (
    Anything,
    Choice,
    Entry,
    Flag,
    ListOf,
    MapOf,
    Number,
    Record,
    Text,
    Whole,
)
from workflow_orchestrator.definition.source import Source, read_source
from workflow_orchestrator.errors import ConfigurationError
from workflow_orchestrator.fields import LANGUAGES

FILE = "rendering.yaml"
LOCAL_ENGINES = ("pico2wave", "flite", "espeak")
"""Engines of this machine, the better first; the last comes with the package."""
POLLY_ENGINES = ("standard", "neural", "long-form", "generative")
ANY = "any"
"""The key of a voice's engine for every language that has none of its own."""

_NAME = "[a-z][a-z0-9_-]{0,59}"
_NAME_SAYS = "a name: small letters, digits, - and _, a letter first"
_CONNECTION = Text("[A-Za-z0-9_.-]{1,100}", "the id of an Airflow connection")
_REGION = Text(r"[a-z]{2,8}(?:-[a-z0-9]+)+-\d+", "an AWS region such as eu-central-1")
_AWS = {
    "connection": Entry(_CONNECTION, "The Airflow connection of type aws; without it, the machine's own identity."),
    "region": Entry(_REGION, "The AWS region; without it, that of the connection."),
}

_ENGINE = Record(
    {
        "offline": Entry(
            Record(
                {"prefer": Entry(ListOf(Choice(LOCAL_ENGINES)), "Engines in the order in which they are looked for.")}
            ),
            "The best engine of this machine that speaks the language; espeak is always there.",
        ),
        "piper": Entry(
            Record(
                {
                    "model": Entry(line, "The .onnx file of the voice, with its .json beside it.", required=True),
                    "speaker": Entry(Whole(0, 10_000), "The number of the speaker, for a voice that has several."),
                }
            ),
            "A piper voice of your own; the program piper must be installed.",
        ),
        "polly": Entry(
            Record(
                {
                    "voice": Entry(word, "Polly's id of the voice, for example Amy.", required=True),
                    "engine": Entry(Choice(POLLY_ENGINES), "Polly's engine.", required=True),
                    **_AWS,
                }
            ),
            "Amazon Polly.",
        ),
        "openai": Entry(
            Record(
                {
                    "connection": Entry(
                        _CONNECTION, "The Airflow connection of type llm: address and key.", required=True
                    ),
                    "model": Entry(line, "The model, for example gpt-4o-mini-tts.", required=True),
                    "voice": Entry(line, "The endpoint's name of the voice.", required=True),
                    "format": Entry(Choice(("wav", "pcm")), "What the endpoint sends; without it, wav."),
                    "sample_rate": Entry(
                        Whole(16_000, 96_000), "Samples a second of pcm, which does not say it itself; 24000."
                    ),
                    "instructions": Entry(Text(longest=1_000), "How the voice shall speak, for models that take it."),
                }
            ),
            "An endpoint with OpenAI's speech API.",
        ),
    },
    one_of=("offline", "piper", "polly", "openai"),
    hints={"espeak": "write offline: {prefer: [espeak]}", "pico2wave": "write offline: {prefer: [pico2wave]}"},
)
_VOICE = Record(
    {
        ANY: Entry(_ENGINE, "Who speaks every language that has no entry of its own."),
        **{language: Entry(_ENGINE, f"Who speaks {language}.") for language in LANGUAGES},
    },
    any_of=(ANY, *LANGUAGES),
)
_WITHIN = Entry(duration_text, "How long the vendor may take, such as 30m; without it, 2h.")
_PRICE = Entry(Number(0, 10_000), "What the vendor takes for a minute of clip, in US dollars; without it, what a clip costs is unknown.")
_VIDEO_PROVIDER = Record(
    {
        "http_avatar": Entry(
            Record(
                {
                    "vendor": Entry(Choice(("heygen", "synthesia")), "Whose API it is.", required=True),
                    "connection": Entry(
                        _CONNECTION, "The Airflow connection with the API key as password.", required=True
                    ),
                    "avatar": Entry(line, "The vendor's id of the avatar.", required=True),
                    "background": Entry(line, "Synthesia: the background behind the avatar."),
                    "test": Entry(Flag(), "Synthesia: a free video with a watermark."),
                    "webhook": Entry(
                        _CONNECTION,
                        "The Airflow connection with the secret of the vendor's webhook as password; without it, jobs are only polled.",
                    ),
                    "price_usd_per_minute": _PRICE,
                    "within": _WITHIN,
                }
            ),
            "A vendor that films an avatar which speaks our audio.",
        ),
        "bedrock_async": Entry(
            Record(
                {
                    "model": Entry(line, "The model id, for example luma.ray-v2:0.", required=True),
                    "output": Entry(
                        Text(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/.*)?", "s3://bucket/prefix"),
                        "Where Bedrock puts the clip.",
                        required=True,
                    ),
                    "prompt": Entry(
                        Text(longest=5_000),
                        "What the clip shows. Never text or figures: they would be invented.",
                        required=True,
                    ),
                    "duration": Entry(Choice(("5s", "9s")), "Luma Ray 2: how long the clip is; without it, 5s."),
                    "resolution": Entry(Choice(("540p", "720p")), "Luma Ray 2: without it, 720p."),
                    "input": Entry(
                        MapOf(Anything(), ".{1,100}", "a key"), "The whole input of another model, instead of Luma's."
                    ),
                    "price_usd_per_minute": _PRICE,
                    "within": _WITHIN,
                    **_AWS,
                }
            ),
            "A video model of Amazon Bedrock, started with StartAsyncInvoke.",
        ),
    },
    one_of=("http_avatar", "bedrock_async"),
)
SIGNING = ("es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519")
"""Signature algorithms of C2PA 2.4, section 13.2, as c2pa-python names them."""
SIGNER = "c2pa"
"""The module of the optional package c2pa-python."""
_CREDENTIALS = Record(
    {
        "certificate": Entry(
            line, "The file with the certificate chain in PEM, the signer's own certificate first; on each worker.", required=True
        ),
        "key": Entry(
            Record(
                {
                    "connection": Entry(_CONNECTION, "The Airflow connection with the private key in PEM as password."),
                    "file": Entry(line, "The file with the private key in PEM; on each worker, readable for Airflow alone."),
                },
                one_of=("connection", "file"),
            ),
            "The private key of that certificate.",
            required=True,
        ),
        "algorithm": Entry(Choice(SIGNING), "How it signs; it must fit the key.", required=True),
        "timestamp": Entry(
            Text(r"none|https?://[^\s]{1,300}", "none, or the address of a time stamp authority (RFC 3161)"),
            "Who certifies the time of the signature; without it, none.",
        ),
    }
)
RENDERING = Record(
    {
        "format": Entry(Whole(1, 1), "The format of this file: 1.", required=True),
        "voices": Entry(MapOf(_VOICE, _NAME, _NAME_SAYS, at_least=0), "Voices that a workflow may name."),
        "video_providers": Entry(
            MapOf(_VIDEO_PROVIDER, _NAME, _NAME_SAYS, at_least=0),
            "Video providers that a workflow may name, beside local.",
        ),
        "credentials": Entry(
            _CREDENTIALS, "Signs each finished video with content credentials (C2PA); needs the package c2pa-python on each worker."
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Spec:
    """One engine of a voice, or one vendor: its kind, and its settings as they stand in the file."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {self.kind: dict(self.settings)}

    @property
    def usd_per_minute(self) -> Decimal | None:
        """What a minute of clip costs; None where nobody has said it, which is not zero."""
        stated = self.settings.get("price_usd_per_minute")
        return None if stated is None else Decimal(str(stated))

    @property
    def within(self) -> Any:
        """How long a vendor may take, as a `timedelta`."""
        return duration(self.settings.get("within", "2h"))


_OFFLINE = Spec("offline")
_BUILT_IN: Mapping[str, Mapping[str, Spec]] = {
    "default": {ANY: _OFFLINE},
    "espeak": {ANY: Spec("offline", {"prefer": ["espeak"]})},
}


@dataclass(frozen=True, slots=True)
class RenderingSettings:
    """Voices (by name, then language or `any`), video providers (by name; `local` is none of them), and how finished videos are signed."""

    voices: Mapping[str, Mapping[str, Spec]] = field(default_factory=lambda: dict(_BUILT_IN))
    video_providers: Mapping[str, Spec] = field(default_factory=dict)
    credentials: Spec | None = None

    def engine(self, voice: str, language: str) -> Spec:
        """Who speaks a language in a voice.

        Raises:
            ConfigurationError: there is no such voice, or it does not speak the language; the message lists what there is.
        """
        engines = self.voices.get(voice)
        if engines is None:
            raise ConfigurationError(f"there is no voice {voice!r}; known: {', '.join(self.voices)}")
        found = engines.get(language, engines.get(ANY))
        if found is None:
            raise ConfigurationError(
                f"the voice {voice!r} speaks {', '.join(engines)}, not {language!r}; add {language}: to it in include/{FILE}"
            )
        return found


BUILT_IN = RenderingSettings()


def load_rendering(include: Path | None) -> RenderingSettings:
    """Reads `include/rendering.yaml`; without a folder or file there is only what is built in.

    Raises:
        ConfigurationError: the file is wrong; every problem is listed.
    """
    path = None if include is None else include / FILE
    if path is None or not path.is_file():
        return BUILT_IN
    report = Report(path.parent.parent)
    settings = read_rendering(path, report)
    report.raise_if_any(report.shown(path).as_posix(), ConfigurationError)
    if settings is None:
        raise AssertionError("a file without problems gives settings")
    return settings


def read_rendering(path: Path, report: Report) -> RenderingSettings | None:
    """What the file says; what is wrong goes to the report, and then there is nothing."""
    before = len(report)
    source = read_source(path, report)
    if source is None:
        return None
    RENDERING.check(source.data, (), source, report)
    if len(report) > before:
        return None
    _check(source, report)
    if len(report) > before:
        return None
    voices = {
        name: {language: _spec(engine) for language, engine in languages.items()}
        for name, languages in (source.get(("voices",), dict) or {}).items()
    }
    providers = {name: _spec(vendor) for name, vendor in (source.get(("video_providers",), dict) or {}).items()}
    signing = source.get(("credentials",), dict)
    return RenderingSettings({**_BUILT_IN, **voices}, providers, None if signing is None else Spec("credentials", signing))


def _spec(entry: Mapping[str, Any]) -> Spec:
    ((kind, settings),) = entry.items()
    return Spec(kind, settings)


def _check(source: Source, report: Report) -> None:
    for at, _ in source.walk(("video_providers",)):
        if at[-1] == "local":
            report.add("WF035", source, at, "'local' is the provider of this machine", "choose another name", key=True)
        synthesia = source.get((*at, "http_avatar", "vendor"), str) == "synthesia"
        for key in ("background", "test"):
            if (
                source.get((*at, "http_avatar"), dict)
                and key in (source.get((*at, "http_avatar"), dict) or {})
                and not synthesia
            ):
                report.add(
                    "WF013", source, (*at, "http_avatar", key), f"{key!r} goes with synthesia", "remove it", key=True
                )
    if source.get(("credentials",), dict) is not None and find_spec(SIGNER) is None:
        # Told here, because a worker would find out only when somebody has released the video.
        report.add(
            "WF066", source, ("credentials",), "videos shall be signed, and the package c2pa-python is not installed here",
            "install it (pip install c2pa-python), or take credentials: out", key=True,
        )  # fmt: skip
    for at, engine in _engines(source):
        settings = engine.get("openai", {})
        if settings.get("sample_rate", 0) % 25:
            report.add(
                "WF013", source, (*at, "openai", "sample_rate"), "it is no multiple of 25, the frames of a second",
                "use for example 24000",
            )  # fmt: skip


def _engines(source: Source) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    for at, _ in source.walk(("voices",)):
        yield from source.walk(at)


def rendering_json_schema() -> dict[str, Any]:
    """The JSON Schema of `include/rendering.yaml`, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FILE,
        "description": "Voices and video providers. Written by scripts/make_schema.py; do not edit.",
        **RENDERING.schema(),
    }
