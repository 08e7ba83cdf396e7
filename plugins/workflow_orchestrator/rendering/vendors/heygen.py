"""HeyGen's API v3: an avatar that speaks our audio.

    POST /v3/assets          the audio, as a form's file          → data.asset_id
    POST /v3/videos          avatar, asset, size, callback_id     → data.video_id
    GET  /v3/videos/{id}     status: waiting, pending, processing, completed, failed; video_url, failure_code, failure_message

Both POSTs take an `Idempotency-Key`, which replays the first answer for 24 hours. The key is sent as `X-Api-Key`. Source:
developers.heygen.com (reference of create-video, get-video, upload-asset), read November 2026.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.rendering_file import Spec
from workflow_orchestrator.errors import ConfigurationError, RenderError
from workflow_orchestrator.rendering.jobs import JobRef, JobState, JobStatus
from workflow_orchestrator.rendering.vendors.clips import ClipOrder, status_of, text_at, whole_clip
from workflow_orchestrator.rendering.vendors.http import Vendor

BASE_URL = "https://api.heygen.com"
_WORDS = {
    "waiting": JobState.QUEUED,
    "pending": JobState.QUEUED,
    "processing": JobState.RUNNING,
    "completed": JobState.SUCCEEDED,
    "failed": JobState.FAILED,
}


class HeyGen:
    """An avatar of HeyGen.

    Args:
        spec: `avatar`.
        connection: the Airflow connection: the API key as password, and another address as host.

    Raises:
        ConfigurationError: the connection has no key.
    """

    name = "heygen"
    speaks = True

    def __init__(self, spec: Spec, connection: Any) -> None:
        self._spec = spec
        self._vendor = keyed(self.name, connection, BASE_URL, "X-Api-Key")

    def start(self, order: ClipOrder, *, idempotency_key: str) -> JobRef:
        """Uploads the audio and starts the video.

        Raises:
            VendorError: it was refused; as `VendorOutageError` where a retry can help.
        """
        doing = "take the audio"
        sent = self._vendor.json(
            "POST", "/v3/assets", doing=doing,
            files={"file": ("opening.wav", order.sound, "audio/wav")}, headers={"Idempotency-Key": f"{idempotency_key}-audio"},
        )  # fmt: skip
        asset = text_at(sent, "data", "asset_id", vendor=self.name, doing=doing)
        body = {
            "type": "avatar",
            "avatar_id": self._spec.settings["avatar"],
            "audio_asset_id": asset,
            "title": order.title,
            "resolution": "1080p",
            # There is no square: it is cut out of the wide one.
            "aspect_ratio": order.aspect if order.aspect == "9:16" else "16:9",
            "output_format": "mp4",
            "callback_id": idempotency_key,
        }
        doing = "start the video"
        begun = self._vendor.json(
            "POST", "/v3/videos", doing=doing, json=body, headers={"Idempotency-Key": idempotency_key}
        )
        return JobRef(self.name, text_at(begun, "data", "video_id", vendor=self.name, doing=doing))

    def find(self, idempotency_key: str) -> JobRef | None:
        """Nothing: the same idempotency key gives the same job."""
        return None

    def status(self, ref: JobRef) -> JobStatus:
        """Where the video stands.

        Raises:
            VendorError: HeyGen cannot say; as `VendorOutageError` where a retry can help.
        """
        data = self._look(ref)
        reason = f"{data.get('failure_code') or ''} {data.get('failure_message') or ''}"
        return status_of(self.name, data.get("status"), _WORDS, reason)

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
        url = text_at(data, "video_url", vendor=self.name, doing=doing)
        return whole_clip(self._vendor.download(url, out, doing=doing), self.name)

    def _look(self, ref: JobRef) -> dict[str, Any]:
        data = self._vendor.json("GET", f"/v3/videos/{ref.id}", doing="tell how the video is doing").get("data")
        return data if isinstance(data, dict) else {}


def keyed(name: str, connection: Any, base_url: str, header: str) -> Vendor:
    """A vendor's API with the key of an Airflow connection; its host, if any, stands in for the vendor's address.

    Raises:
        ConfigurationError: the connection has no key, or no usable address.
    """
    from llm_orchestration.providers.addresses import plain_address

    key = (getattr(connection, "password", None) or "").strip()
    if not key:
        raise ConfigurationError(f"the Airflow connection of {name} has no password; put the API key there")
    address = plain_address(connection.host, connection.port, connection.schema)
    return Vendor(name, (address or base_url).rstrip("/"), headers={header: key}, secrets=(key,))
