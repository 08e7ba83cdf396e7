"""Any endpoint with OpenAI's speech API: POST <base URL>/audio/speech, one request for each sentence, WAV or raw samples back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.rendering_file import Spec
from workflow_orchestrator.errors import ConfigurationError, SpeechError, VendorOutageError
from workflow_orchestrator.rendering.vendors.http import Vendor
from workflow_orchestrator.rendering.voices.sound import plain_wav, write_wav

MOST_CHARACTERS = 4_096
PCM_RATE = 24_000
TIMEOUT = timedelta(seconds=120)


class OpenAISpeech:
    """A voice of an endpoint.

    Args:
        spec: `model`, `voice`, `format`, `sample_rate`, `instructions`.
        connection: the Airflow connection: address, and the key as its password.

    Raises:
        ConfigurationError: the connection has no usable address.
    """

    def __init__(self, spec: Spec, connection: Any) -> None:
        from llm_orchestration.providers.addresses import openai_base_url

        if connection is None:
            raise ConfigurationError("the voice needs an Airflow connection; name it as connection:")
        self._spec = spec
        key = (connection.password or "").strip()
        self.name = f"openai {spec.settings['voice']}"
        self._vendor = Vendor(
            f"the speech endpoint of {spec.settings['connection']!r}",
            openai_base_url(connection.host, connection.port, connection.schema).rstrip("/"),
            headers={"Authorization": f"Bearer {key}"} if key else {"X-No-Key": "1"},
            secrets=(key,) if key else (),
            timeout=TIMEOUT,
        )

    def synthesise(self, text: str, language: str, out: Path) -> None:
        """Speaks one sentence into a WAV file.

        Raises:
            SpeechError: the sentence is longer than the API takes.
            VendorError: the endpoint refused it; as `VendorOutageError` where a retry can help.
        """
        if len(text) > MOST_CHARACTERS:
            raise SpeechError(
                f"a sentence has {len(text):,} characters, more than the {MOST_CHARACTERS:,} of the speech API: {text[:120]!r}"
            )
        settings = self._spec.settings
        form = settings.get("format", "wav")
        body = {"model": settings["model"], "voice": settings["voice"], "input": text, "response_format": form}
        if "instructions" in settings:
            body["instructions"] = settings["instructions"]
        sound = self._vendor.sound("/audio/speech", doing="speak", json=body)
        if form == "wav":
            plain_wav(sound, self._vendor.name, out)
            return
        if len(sound) % 2:
            raise VendorOutageError(
                f"{self._vendor.name} broke off in the middle of a sample", vendor=self._vendor.name
            )
        write_wav(out, sound, settings.get("sample_rate", PCM_RATE))
