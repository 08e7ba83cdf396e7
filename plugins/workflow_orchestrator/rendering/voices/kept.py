"""Sentences that were paid for, kept by the hash of everything that shaped them, so that a retry does not pay twice."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, Self

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.rendering.slides import write_atomically
from workflow_orchestrator.rendering.voices.sound import read_wav

FOLDER = "narration/sentences"


class Files(Protocol):
    """Where files are kept by name: a run's folder in the storage, or a folder of this machine. A write is atomic."""

    def exists(self, name: str) -> bool: ...

    def read(self, name: str) -> bytes: ...

    def write(self, name: str, data: bytes) -> Any: ...


class FolderFiles:
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def exists(self, name: str) -> bool:
        return (self._folder / name).is_file()

    def read(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)


class AroundVoice:
    """Something around a voice: it has the voice's name, and begins and ends with it."""

    def __init__(self, voice: Any) -> None:
        self._voice = voice

    @property
    def name(self) -> str:
        name: str = self._voice.name
        return name

    def __enter__(self) -> Self:
        if isinstance(self._voice, AbstractContextManager):
            self._voice.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        if isinstance(self._voice, AbstractContextManager):
            self._voice.__exit__(*error)


class KeptVoice(AroundVoice):
    """Speaks each sentence once; a sentence that is there already is read and not spoken again.

    Args:
        voice: who speaks.
        settings: what shapes the sound beside language and text: engine, voice, model, lexicon.
        files: where the sentences are kept.
    """

    def __init__(self, voice: Any, settings: Mapping[str, Any], files: Files) -> None:
        super().__init__(voice)
        self._settings, self._files = settings, files

    def synthesise(self, text: str, language: str, out: Path) -> None:
        """Speaks one sentence, or copies it from where it was kept.

        Raises:
            SpeechError: as the voice itself, or it gave no WAV file; nothing is kept then.
            VendorError: as the voice itself.
        """
        key = sha256(to_bytes({"voice": dict(self._settings), "language": language, "text": text}))
        name = f"{FOLDER}/{key}.wav"
        if self._files.exists(name):
            out.write_bytes(self._files.read(name))
            return
        self._voice.synthesise(text, language, out)
        # What is no sound is not kept, or a retry would find it again.
        read_wav(out, self.name, text)
        self._files.write(name, out.read_bytes())
