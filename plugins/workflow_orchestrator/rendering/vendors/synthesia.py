"""Synthesia's API v2: an avatar that speaks our audio.

    POST https://upload.api.synthesia.io/v2/scriptAudio    the audio as MP3    → id
    POST /v2/videos        title, callbackId, input: [{scriptAudio, scriptLanguage, avatar, background}]    → id
    GET  /v2/videos/{id}   status: in_progress, complete, error, rejected; download (a link for a limited time)
    GET  /v2/videos        every video, with its callbackId

There is no idempotency key: a start whose answer was lost is found again by its `callbackId`. The key is sent as `Authorization`.
Source: docs.synthesia.io (reference of videos, create-video, upload script audio), read November 2026.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.rendering_file import Spec
from workflow_orchestrator.errors import RenderError
from workflow_orchestrator.rendering.jobs import JobRef, JobState, JobStatus
from workflow_orchestrator.rendering.vendors.clips import ClipOrder, status_of, text_at, whole_clip
from workflow_orchestrator.rendering.vendors.heygen import keyed

BASE_URL = "https://api.synthesia.io"
UPLOAD_URL = "https://upload.api.synthesia.io"
_LANGUAGES = {"en": "en-GB", "de": "de-DE", "fr": "fr-FR"}
_WORDS = {
    "in_progress": JobState.RUNNING,
    "complete": JobState.SUCCEEDED,
    "error": JobState.FAILED,
    "rejected": JobState.FAILED,
    "deleted": JobState.FAILED,
}
_REASONS = {
    "rejected": "rejected by Synthesia's moderation",
    "error": "an error in Synthesia's rendering",
    "deleted": "it was deleted",
}
_PAGE, _PAGES = 100, 5


class Synthesia:
    """An avatar of Synthesia.

    Args:
        spec: `avatar`, `background`, `test`.
        connection: the Airflow connection: the API key as password, and another address as host.

    Raises:
        ConfigurationError: the connection has no key.
    """

    name = "synthesia"
    speaks = True

    def __init__(self, spec: Spec, connection: Any) -> None:
        self._spec = spec
        self._vendor = keyed(self.name, connection, BASE_URL, "Authorization")
        # A gateway in front of the vendor takes both.
        self._uploads = UPLOAD_URL if self._vendor.base_url == BASE_URL else self._vendor.base_url

    def start(self, order: ClipOrder, *, idempotency_key: str) -> JobRef:
        """Uploads the audio and starts the video.

        Raises:
            EncoderError: the audio cannot be turned into MP3.
            VendorError: it was refused; as `VendorOutageError` where a retry can help.
        """
        doing = "take the audio"
        sent = self._vendor.json(
            "POST",
            f"{self._uploads}/v2/scriptAudio",
            doing=doing,
            content=as_mp3(order.sound),
            headers={"Content-Type": "audio/mpeg"},
        )
        scene = {
            "scriptAudio": text_at(sent, "id", vendor=self.name, doing=doing),
            "scriptLanguage": _LANGUAGES[order.language],
            "avatar": self._spec.settings["avatar"],
        }
        if "background" in self._spec.settings:
            scene["background"] = self._spec.settings["background"]
        body = {
            "test": bool(self._spec.settings.get("test", False)),
            "title": order.title,
            "visibility": "private",
            "aspectRatio": order.aspect,
            "callbackId": idempotency_key,
            "input": [scene],
        }
        doing = "start the video"
        begun = self._vendor.json("POST", "/v2/videos", doing=doing, json=body)
        return JobRef(self.name, text_at(begun, "id", vendor=self.name, doing=doing))

    def find(self, idempotency_key: str) -> JobRef | None:
        """The video with this callback id, among the last five hundred.

        Raises:
            VendorError: Synthesia cannot say; as `VendorOutageError` where a retry can help.
        """
        for page in range(_PAGES):
            params = {"limit": _PAGE, "offset": page * _PAGE}
            answer = self._vendor.json("GET", "/v2/videos", doing="list its videos", params=params)
            videos = answer.get("videos")
            videos = [video for video in videos if isinstance(video, dict)] if isinstance(videos, list) else []
            for video in videos:
                if video.get("callbackId") == idempotency_key:
                    return JobRef(self.name, text_at(video, "id", vendor=self.name, doing="list its videos"))
            if len(videos) < _PAGE:
                break
        return None

    def status(self, ref: JobRef) -> JobStatus:
        """Where the video stands.

        Raises:
            VendorError: Synthesia cannot say; as `VendorOutageError` where a retry can help.
        """
        word = self._look(ref).get("status")
        return status_of(self.name, word, _WORDS, _REASONS.get(str(word), ""))

    def fetch(self, ref: JobRef, out: Path) -> Path:
        """Copies the video from an address that is made anew for each call.

        Raises:
            RenderError: the video is not ready.
            VendorError: it cannot be copied; as `VendorOutageError` where a retry can help.
        """
        data = self._look(ref)
        if _WORDS.get(str(data.get("status"))) is not JobState.SUCCEEDED:
            raise RenderError(f"the video {ref.id} of {self.name} is not ready: {data.get('status')}")
        doing = "send the video"
        url = text_at(data, "download", vendor=self.name, doing=doing)
        return whole_clip(self._vendor.download(url, out, doing=doing), self.name)

    def _look(self, ref: JobRef) -> dict[str, Any]:
        return self._vendor.json("GET", f"/v2/videos/{ref.id}", doing="tell how the video is doing")


def as_mp3(sound: bytes) -> bytes:
    """A WAV file as MP3, the one form of audio that Synthesia takes.

    Raises:
        EncoderError: ffmpeg failed.
    """
    from workflow_orchestrator.rendering import ffmpeg

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sound.wav").write_bytes(sound)
        ffmpeg.run(
            ["-loglevel", "error", "-i", "sound.wav", "-c:a", "libmp3lame", "-b:a", "128k", "-fflags", "+bitexact", "sound.mp3"],
            folder=folder, what="the audio for Synthesia",
        )  # fmt: skip
        return (folder / "sound.mp3").read_bytes()
