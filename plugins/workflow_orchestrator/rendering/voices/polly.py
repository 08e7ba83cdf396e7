"""Amazon Polly through the Amazon provider's hook: SynthesizeSpeech, raw samples at 16 kHz, one request for each sentence.

Limits of the service: 3,000 billed and 6,000 characters in all a request, where tags are not billed. A text goes as plain text; only a
word of the lexicon with IPA makes it SSML, with everything else escaped, and only for engines that take `<phoneme>`.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from workflow_orchestrator.definition.pronunciation import NONE, Pronunciation
from workflow_orchestrator.definition.rendering_file import Spec
from workflow_orchestrator.errors import SpeechError, VendorOutageError
from workflow_orchestrator.rendering.vendors.access import aws_client, aws_error
from workflow_orchestrator.rendering.voices.sound import write_wav

RATE = 16_000
MOST_BILLED, MOST_CHARACTERS = 3_000, 6_000
TIMEOUT = timedelta(seconds=60)
_LANGUAGES = {"en": "en-GB", "de": "de-DE", "fr": "fr-FR"}
# Generative voices take no phonemes, long-form ones only some.
_WITH_PHONEMES = ("standard", "neural")


class PollyVoice:
    """One of Polly's voices.

    Args:
        spec: `voice`, `engine`, `region`, `connection`.
        connection: the Airflow connection, None for the machine's own identity.
        pronunciation: the lexicon.
    """

    applies_lexicon = True

    def __init__(self, spec: Spec, connection: Any, pronunciation: Pronunciation = NONE) -> None:
        self._spec, self._connection, self._pronunciation = spec, connection, pronunciation
        self.name = f"polly {spec.settings['voice']}"
        self._client: Any = None

    def synthesise(self, text: str, language: str, out: Path) -> None:
        """Speaks one sentence into a WAV file of 16 kHz.

        Raises:
            SpeechError: the sentence is longer than Polly takes.
            VendorError: Polly refused it; as `VendorOutageError` where a retry can help.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        kind, words = self._words(text)
        billed = sum(len(part.text) for part in self._pronunciation.parts(text)) if kind == "ssml" else len(words)
        if billed > MOST_BILLED or len(words) > MOST_CHARACTERS:
            raise SpeechError(
                f"a sentence has {billed:,} characters, more than the {MOST_BILLED:,} that Polly takes; divide it: {text[:120]!r}"
            )
        if self._client is None:
            self._client = aws_client("polly", self._spec, self._connection, timeout=TIMEOUT)
        try:
            answer = self._client.synthesize_speech(
                Text=words, TextType=kind, VoiceId=self._spec.settings["voice"], Engine=self._spec.settings["engine"],
                OutputFormat="pcm", SampleRate=str(RATE), LanguageCode=self._language(language),
            )  # fmt: skip
            sound = answer["AudioStream"].read()
        except (BotoCoreError, ClientError) as error:
            raise aws_error(error, "polly", f"speak with the voice {self._spec.settings['voice']}") from error
        if not sound or len(sound) % 2:
            raise VendorOutageError(
                f"polly sent {len(sound):,} bytes for {text[:120]!r}, no whole samples", vendor="polly"
            )
        write_wav(out, sound, RATE)

    def _words(self, text: str) -> tuple[str, str]:
        parts = list(self._pronunciation.parts(text))
        if self._spec.settings["engine"] not in _WITH_PHONEMES or not any(part.ipa for part in parts):
            return "text", "".join(part.say for part in parts)
        marked = (
            f'<phoneme alphabet="ipa" ph={quoteattr(part.ipa)}>{escape(part.text)}</phoneme>'
            if part.ipa
            else escape(part.say)
            for part in parts
        )
        return "ssml", f"<speak>{''.join(marked)}</speak>"

    @staticmethod
    def _language(language: str) -> str:
        """Only a voice that speaks several languages looks at it; the others keep their own."""
        if language not in _LANGUAGES:
            raise SpeechError(f"polly is asked for {', '.join(_LANGUAGES)} here, not {language!r}")
        return _LANGUAGES[language]
