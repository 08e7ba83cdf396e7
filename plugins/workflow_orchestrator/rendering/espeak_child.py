"""The process that holds espeak-ng: reads sentences as JSON lines, writes a WAV file for each, answers as JSON lines.

    > {"text": "Good morning.", "language": "en", "out": "/…/001.wav", "rate": 155}
    < {"samples": 21330}

It ends when its standard input does, so it never outlives the task that started it.
"""

from __future__ import annotations

import ctypes
import json
import sys
import wave
from typing import Any

# By voice file: its "en" is British English, its "fr" that of France.
VOICES = {"en": "en", "de": "de", "fr": "fr"}

# Constants of espeak-ng's speak_lib.h.
_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: the call returns when the sound is there
_UTF8 = 1  # espeakCHARS_UTF8; without espeakSSML and espeakPHONEMES, markup is read as plain words
_RATE, _PITCH, _RANGE, _WORD_GAP = 1, 3, 4, 7
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Engine:
    """The library, loaded once."""

    def __init__(self) -> None:
        import espeakng_loader

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self.rate: int = self._library.espeak_Initialize(
            _SYNCHRONOUS, 0, str(espeakng_loader.get_data_path()).encode(), 0
        )
        if self.rate <= 0:
            raise RuntimeError("espeak-ng does not start")
        self._sound = bytearray()
        self._callback = _CALLBACK(self._take)  # kept, or it would be freed under the library
        self._library.espeak_SetSynthCallback(self._callback)

    def _take(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            self._sound += ctypes.string_at(samples, 2 * count)
        return 0

    def speak(self, text: str, language: str, words_a_minute: int) -> bytes:
        """Mono 16-bit samples of a sentence."""
        if self._library.espeak_SetVoiceByName(VOICES[language].encode()) != 0:
            raise RuntimeError(f"espeak-ng has no voice {VOICES[language]}")
        # A lower pitch and a wider range than the defaults of 50 sound less flat; the rest is left as it is.
        for parameter, value in ((_RATE, words_a_minute), (_PITCH, 42), (_RANGE, 58), (_WORD_GAP, 1)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._sound.clear()
        data = text.replace("\0", " ").encode()
        code = self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        if code != 0:
            raise RuntimeError(f"espeak-ng answers with code {code}")
        return bytes(self._sound)


def serve() -> None:
    """Answers requests until the input ends."""
    engine = Engine()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        try:
            sound = engine.speak(request["text"], request["language"], request["rate"])
            with wave.open(request["out"], "wb") as out:
                out.setnchannels(1)
                out.setsampwidth(2)
                out.setframerate(engine.rate)
                out.writeframes(sound)
            answer: dict[str, Any] = {"samples": len(sound) // 2}
        except (OSError, RuntimeError, KeyError) as error:
            answer = {"error": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
