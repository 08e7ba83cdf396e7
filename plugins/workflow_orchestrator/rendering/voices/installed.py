"""Engines that a machine may have beside espeak: pico2wave, flite, and piper with a voice of the customer's own.

Each sentence is one run of the program, under a time limit, with the text where no program takes it for an option or for markup.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from workflow_orchestrator.errors import ConfigurationError, SpeechError
from workflow_orchestrator.rendering.voices.sound import read_wav, write_wav

TIMEOUT = timedelta(seconds=120)
_PICO = {"en": "en-GB", "de": "de-DE", "fr": "fr-FR"}
# pico2wave reads tags in angle brackets; all control characters and a zero byte would end the argument.
_NOT_SPOKEN = re.compile(r"[\x00-\x1f\x7f<>]+")


class ProgramVoice:
    """A voice that is a program of this machine.

    Args:
        name: for messages.
        program: the path of the program.
        languages: those that it speaks.
        timeout: for one sentence.
    """

    name = ""

    def __init__(self, name: str, program: str, languages: Sequence[str], timeout: timedelta = TIMEOUT) -> None:
        self.name, self._program, self._languages, self._timeout = name, program, tuple(languages), timeout

    def arguments(self, text: str, language: str, out: Path) -> list[str]:
        """The command's arguments. Text that goes to its standard input is `words_in` instead."""
        raise NotImplementedError(f"{type(self).__name__} does not say how its program is called")

    def words_in(self, text: str) -> bytes:
        """What the program reads."""
        return b""

    def synthesise(self, text: str, language: str, out: Path) -> None:
        """Speaks one sentence into a WAV file.

        Raises:
            SpeechError: it does not speak the language, failed, hung or wrote nothing.
        """
        if language not in self._languages:
            raise SpeechError(f"the voice {self.name} speaks {', '.join(self._languages)}, not {language!r}")
        plain = " ".join(_NOT_SPOKEN.sub(" ", text).split())
        what = f"the voice {self.name} failed at {text[:120]!r}"
        try:
            done = subprocess.run(
                [self._program, *self.arguments(plain, language, out)],
                input=self.words_in(plain), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                timeout=self._timeout.total_seconds(), check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise SpeechError(f"{what}: no sound within {self._timeout}") from error
        except OSError as error:
            raise SpeechError(f"{what}: {self._program} cannot be started: {error}") from error
        if done.returncode != 0:
            told = done.stderr.decode("utf-8", "replace").strip()[-300:]
            raise SpeechError(f"{what}: it ended with code {done.returncode}: {told or '(nothing)'}")


class Pico(ProgramVoice):
    """pico2wave (SVOX): English, German and French at 16 kHz."""

    def __init__(self, program: str) -> None:
        super().__init__("pico2wave", program, tuple(_PICO))

    def arguments(self, text: str, language: str, out: Path) -> list[str]:
        return ["-l", _PICO[language], "-w", str(out), "--", text]


class Flite(ProgramVoice):
    """flite (CMU) with its voice slt: English at 16 kHz."""

    def __init__(self, program: str) -> None:
        super().__init__("flite", program, ("en",))

    def arguments(self, text: str, language: str, out: Path) -> list[str]:
        return ["-voice", "slt", "-o", str(out), "-t", text]


class Piper(ProgramVoice):
    """piper with a voice file. Its model is loaded for each sentence, which costs about a second.

    Args:
        program: the path of the program.
        model: the .onnx file.
        speaker: the number of a speaker, for a voice that has several.
        languages: those that the configuration gives it.

    Raises:
        ConfigurationError: there is no such file, or its .json is missing.
    """

    def __init__(self, program: str, model: Path, speaker: int | None, languages: Sequence[str]) -> None:
        super().__init__(f"piper {model.stem}", program, languages)
        for file in (model, model.with_name(f"{model.name}.json")):
            if not file.is_file():
                raise ConfigurationError(
                    f"the piper voice needs {file}, which is not on this machine; put it there on each worker"
                )
        self._model, self._speaker = model, speaker

    def arguments(self, text: str, language: str, out: Path) -> list[str]:
        speaker = [] if self._speaker is None else ["--speaker", str(self._speaker)]
        return ["--model", str(self._model), "--output_file", str(out), *speaker]

    def words_in(self, text: str) -> bytes:
        return f"{text}\n".encode()

    def synthesise(self, text: str, language: str, out: Path) -> None:
        super().synthesise(text, language, out)
        rate, samples = read_wav(out, self.name, text)
        write_wav(out, samples.tobytes(), rate)


_PROGRAMS: Mapping[str, tuple[type[Pico] | type[Flite], tuple[str, ...]]] = {
    "pico2wave": (Pico, tuple(_PICO)),
    "flite": (Flite, ("en",)),
}


def installed(engine: str, language: str) -> ProgramVoice | None:
    """The engine of that name, if this machine has it and it speaks the language."""
    cls, languages = _PROGRAMS[engine]
    program = shutil.which(engine) if language in languages else None
    return None if program is None else cls(program)
