"""From the name of a voice to whoever speaks: one engine for each language, opened when its first sentence comes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.pronunciation import NONE, Pronunciation
from workflow_orchestrator.definition.rendering_file import LOCAL_ENGINES, RenderingSettings, Spec, load_rendering
from workflow_orchestrator.errors import ConfigurationError, SpeechError
from workflow_orchestrator.fields import LANGUAGES
from workflow_orchestrator.rendering.voices.kept import AroundVoice, Files, KeptVoice

Connection = Callable[[Spec], Any]


class Voice:
    """A voice of `include/rendering.yaml`. It is a context manager: engines that hold a process end with the narration.

    Args:
        name: the voice's name.
        settings: what the file says.
        pronunciation: the lexicon of the script's language.
        files: where sentences that cost money are kept; without it each is spoken anew.
        connection: reads the Airflow connection of an engine.

    Raises:
        ConfigurationError: there is no such voice.
    """

    def __init__(
        self,
        name: str,
        settings: RenderingSettings,
        *,
        pronunciation: Pronunciation = NONE,
        files: Files | None = None,
        connection: Connection | None = None,
    ) -> None:
        if name not in settings.voices:
            settings.engine(name, LANGUAGES[0])
        self._name = name
        self._spoke: list[str] = []
        self._settings, self._pronunciation, self._files = settings, pronunciation, files
        self._connection = connection
        self._engines: dict[str, Any] = {}
        self._open: ExitStack | None = None

    @property
    def name(self) -> str:
        """Who spoke: the names of the engines; the voice's own name before its first sentence."""
        return ", ".join(dict.fromkeys(self._spoke)) or self._name

    def __enter__(self) -> Voice:
        self._open = ExitStack()
        return self

    def __exit__(self, *error: Any) -> None:
        stack, self._open = self._open, None
        self._engines.clear()
        if stack is not None:
            stack.__exit__(*error)

    def identity(self, language: str) -> dict[str, Any]:
        """What decides how a sentence of that language sounds, as data: a video of another voice is another video."""
        return {**self._settings.engine(self._name, language).to_json(), "pronunciation": self._pronunciation.to_json()}

    def synthesise(self, text: str, language: str, out: Path) -> None:
        """Speaks one sentence into a WAV file.

        Raises:
            ConfigurationError: the voice does not speak the language, or its engine is not there.
            SpeechError: the engine gave no sound.
            VendorError: the vendor refused it; as `VendorOutageError` where a retry can help.
        """
        engine = self._engines.get(language)
        if engine is None:
            engine = self._engines[language] = self._made(language)
            if self._open is not None and hasattr(engine, "__enter__"):
                self._open.enter_context(engine)
            self._spoke.append(engine.name)
        engine.synthesise(text, language, out)

    def _made(self, language: str) -> Any:
        spec = self._settings.engine(self._name, language)
        engine = _engine(spec, language, self._connection, self._pronunciation)
        if not getattr(engine, "applies_lexicon", False) and self._pronunciation.words:
            engine = _Pronounced(engine, self._pronunciation)
        if spec.kind == "offline" or self._files is None:
            return engine
        return KeptVoice(engine, self.identity(language), self._files)


class _Pronounced(AroundVoice):
    """Speaks words of the lexicon in their plain respelling."""

    def __init__(self, voice: Any, pronunciation: Pronunciation) -> None:
        super().__init__(voice)
        self._pronunciation = pronunciation

    def synthesise(self, text: str, language: str, out: Path) -> None:
        self._voice.synthesise(self._pronunciation.applied(text), language, out)


def _engine(spec: Spec, language: str, connection: Connection | None, pronunciation: Pronunciation) -> Any:
    from workflow_orchestrator.rendering.vendors.access import connection_of

    read = connection or connection_of
    if spec.kind == "polly":
        from workflow_orchestrator.rendering.voices.polly import PollyVoice

        return PollyVoice(spec, read(spec), pronunciation)
    if spec.kind == "openai":
        from workflow_orchestrator.rendering.voices.openai_speech import OpenAISpeech

        return OpenAISpeech(spec, read(spec))
    if spec.kind == "piper":
        return _piper(spec)
    return _offline(spec, language)


def _piper(spec: Spec) -> Any:
    from workflow_orchestrator.rendering.voices.installed import Piper

    program = shutil.which("piper")
    if program is None:
        raise ConfigurationError(
            "the voice needs the program piper, which this machine does not have; install piper-tts on each worker"
        )
    return Piper(program, Path(spec.settings["model"]), spec.settings.get("speaker"), LANGUAGES)


def _offline(spec: Spec, language: str) -> Any:
    from workflow_orchestrator.rendering.espeak import EspeakVoice
    from workflow_orchestrator.rendering.voices.installed import installed

    wanted = spec.settings.get("prefer", LOCAL_ENGINES)
    for engine in wanted:
        found = EspeakVoice() if engine == "espeak" else installed(engine, language)
        if found is not None:
            return found
    raise SpeechError(
        f"this machine has none of {', '.join(wanted)} for {language!r}; install one, or add espeak to prefer:"
    )


def get_voice(
    name: str,
    *,
    include: Path | None = None,
    pronunciation: Pronunciation = NONE,
    files: Files | None = None,
) -> Voice:
    """The voice that a workflow names.

    Args:
        name: its name.
        include: the platform's folder with `rendering.yaml`; without it there are only `default` and `espeak`.
        pronunciation: the workflow's lexicon for the language of its script.
        files: where sentences that cost money are kept.

    Raises:
        ConfigurationError: there is no such voice, or the file is wrong; the message lists what there is.
    """
    return Voice(name, load_rendering(include), pronunciation=pronunciation, files=files)
