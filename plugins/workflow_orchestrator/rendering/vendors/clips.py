"""What every vendor of clips can do, and the vendor that a setting names.

    vendor.start(order, idempotency_key=…)    one job; where the vendor has an idempotency key, the same key is the same job
    vendor.find(key)                          the job of a start whose answer was lost, where the vendor can look it up
    vendor.status(ref)                        queued · running · succeeded · failed; a word that nobody knows is running, with a warning
    vendor.fetch(ref, out)                    copies the clip: a vendor's address expires

A clip never carries a figure: it is the picture while the first sentence is heard, and the sound over it is ours (`opening.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import structlog

from workflow_orchestrator.definition.rendering_file import Spec
from workflow_orchestrator.errors import VendorOutageError
from workflow_orchestrator.rendering.jobs import JobRef, JobState, JobStatus

_log = structlog.get_logger(__name__)
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class ClipOrder:
    """What a clip is made for: a title for the vendor's own list, the language, how long and wide it is to be, and the sound over it.

    `aspect` is `16:9`, `9:16` or `1:1`; `sound` is a WAV file.
    """

    title: str
    language: str
    length: timedelta
    aspect: str
    sound: bytes = field(repr=False)


class ClipVendor(Protocol):
    """A vendor. Whatever it raises is a `VendorError`, which says whether a retry helps."""

    name: str

    @property
    def speaks(self) -> bool:
        """Whether the clip is filmed to our sound, so that it must be as long."""

    def start(self, order: ClipOrder, *, idempotency_key: str) -> JobRef: ...

    def find(self, idempotency_key: str) -> JobRef | None: ...

    def status(self, ref: JobRef) -> JobStatus: ...

    def fetch(self, ref: JobRef, out: Path) -> Path: ...


def vendor_of(spec: Spec, connection: Any) -> ClipVendor:
    """The vendor of a setting. It asks Airflow nothing more, so it works in any thread.

    Args:
        spec: an entry of `video_providers`.
        connection: its Airflow connection, None where it names none.

    Raises:
        ConfigurationError: the connection cannot be used.
    """
    if spec.kind == "bedrock_async":
        from workflow_orchestrator.rendering.vendors.bedrock import BedrockClips

        return BedrockClips(spec, connection)
    if spec.settings["vendor"] == "synthesia":
        from workflow_orchestrator.rendering.vendors.synthesia import Synthesia

        return Synthesia(spec, connection)
    from workflow_orchestrator.rendering.vendors.heygen import HeyGen

    return HeyGen(spec, connection)


def status_of(vendor: str, word: Any, known: Mapping[str, JobState], reason: str) -> JobStatus:
    """The status that a vendor's word means.

    Args:
        vendor: for messages.
        word: what it says.
        known: its words.
        reason: why it failed, if it did.
    """
    state = known.get(str(word).casefold())
    if state is None:
        _log.warning("rendering.clip.unknown_status", vendor=vendor, status=str(word)[:60])
        return JobStatus(JobState.RUNNING)
    if state is JobState.FAILED:
        return JobStatus(state, " ".join(reason.split())[:_LONGEST_REASON] or f"{vendor} gives no reason")
    return JobStatus(state)


def text_at(data: Mapping[str, Any], *path: str, vendor: str, doing: str) -> str:
    """A text in an answer.

    Raises:
        VendorOutageError: it is not there: the answer is not what the vendor documents.
    """
    value: Any = data
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, str) or not value:
        raise VendorOutageError(f"{vendor} answered without {'.'.join(path)} when asked to {doing}", vendor=vendor)
    return value


def whole_clip(path: Path, vendor: str) -> Path:
    """The clip, if it is a whole MP4 file with a picture.

    Raises:
        VendorOutageError: it is cut off or something else; the file is removed, and the next try fetches it again.
    """
    from workflow_orchestrator.errors import VideoCheckError
    from workflow_orchestrator.rendering.mp4 import probe

    try:
        whole = probe(path).track("vide") is not None
    except VideoCheckError as error:
        path.unlink(missing_ok=True)
        raise VendorOutageError(
            f"{vendor} sent a clip that is cut off or no MP4 file: {error.message}", vendor=vendor
        ) from error
    if not whole:
        path.unlink(missing_ok=True)
        raise VendorOutageError(f"{vendor} sent a clip without a picture", vendor=vendor)
    return path
