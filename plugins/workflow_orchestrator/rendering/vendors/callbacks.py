"""What a vendor's webhook does here: it rings a bell beside the job that somebody waits for, and whoever waits looks sooner.

    video_callbacks/<hash of provider and job>.json     `waiting`, written by who started the job; `look`, written for a signed request

Nothing of a request is believed but that the vendor sent it: no status, no address. A bell that nobody hung up is not rung, so a vendor
that calls for jobs of others leaves no file behind. A call that is lost costs time alone: the job is polled as before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.definition.rendering_file import Spec
from workflow_orchestrator.rendering.vendors.webhooks import read_webhook

if TYPE_CHECKING:
    from workflow_orchestrator.storage import Storage

FOLDER = "video_callbacks"
LARGEST = 64 * 1024
"""Bytes of a request that are read at most; an event of either vendor has some hundreds."""
GLANCE = 3.0
"""Seconds between two looks at a bell; a look at the vendor is the dearer one."""


def bell_key(provider: str, job: str) -> str:
    """Where the bell of a job hangs, below the storage. The vendor's id is hashed: it may hold any character."""
    return f"{FOLDER}/{sha256(to_bytes([provider, job]))[-40:]}.json"


def hang_up(storage: Storage, provider: str, job: str) -> str:
    """Hangs the bell of a job that is waited for; returns its key. One that has rung already stays as it is."""
    key = bell_key(provider, job)
    storage.create(key, to_bytes({"format": 1, "state": "waiting", "provider": provider}))
    return key


def take_down(storage: Storage, provider: str, job: str) -> None:
    """Removes the bell of a job that nobody waits for any more."""
    storage.delete(bell_key(provider, job))


def rung(data: bytes | None) -> bool:
    """Whether a bell, as it was read, has rung; one that is gone or cannot be read has not."""
    try:
        return data is not None and json.loads(data).get("state") == "look"
    except (ValueError, AttributeError):
        return False


def take_call(
    storage: Storage, provider: str, spec: Spec, secret: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> bool:
    """Checks a request and rings the bell of its job; returns whether somebody waits for it.

    Args:
        storage: where the bells hang.
        provider: the name in `include/rendering.yaml`.
        spec: what stands behind it.
        secret: of the webhook.
        headers: of the request.
        body: the raw bytes.
        now: the time, with its zone.

    Raises:
        VendorError: the vendor did not send it, or not now; nothing is written.
    """
    event = read_webhook(str(spec.settings.get("vendor", "")), secret, headers, body, now)
    key = bell_key(provider, event.job)
    if not storage.exists(key):
        return False
    storage.write(key, to_bytes({"format": 1, "state": "look", "provider": provider, "at": now.isoformat()}))
    return True
