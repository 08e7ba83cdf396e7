"""Webhooks of the avatar vendors: whether a request really comes from the vendor, and which job it speaks of.

A webhook is only a reason to look sooner: whoever gets one asks the vendor for the status and believes that. So a lost event costs
time, and an event that was recorded and sent again does nothing.

| vendor | signature | what is signed | its time |
|---|---|---|---|
| synthesia | `Synthesia-Signature`, hex HMAC-SHA256 | `Synthesia-Timestamp`, a dot, the raw body | signed, at most five minutes old |
| heygen, v3 | `Heygen-Signature`, hex HMAC-SHA256 | the raw body | `Heygen-Timestamp`, not signed, at most five minutes old |
| heygen, v1 and v2 | `Signature`, hex HMAC-SHA256 | the raw body | none |

Sources: Synthesia's page "Verifying Synthesia Signatures". HeyGen's page "Webhooks" says that its secret verifies an event; the part that
says how could not be read, and the scheme is the one that several published receivers agree on (read November 2026). Try it before use.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflow_orchestrator.errors import VendorError

NEWEST_ONLY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """A vendor's word about a job: its id, our key (`callback_id`), and the vendor's name of the event."""

    vendor: str
    job: str
    key: str
    kind: str


def read_webhook(vendor: str, secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> WebhookEvent:
    """Checks the signature of a request and reads it.

    Args:
        vendor: `heygen` or `synthesia`.
        secret: what the vendor gave when the webhook was made.
        headers: of the request; names in any case.
        body: the raw bytes.
        now: the time, with its zone.

    Raises:
        VendorError: the signature is missing or wrong, the request is old, or it is no event; it must be answered with 401.
    """
    given = {name.lower(): value for name, value in headers.items()}
    if vendor not in ("heygen", "synthesia") or not secret:
        raise VendorError(f"there is no webhook of {vendor!r}, or it has no secret", vendor=vendor)
    name, signed = f"{vendor}-signature", body
    stamp = given.get(f"{vendor}-timestamp", "")
    if vendor == "heygen" and name not in given:
        name = "signature"
    else:
        _check_age(stamp, now, vendor)
    if vendor == "synthesia":
        signed = stamp.encode() + b"." + body
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    # In constant time: how long a comparison takes tells nothing of how far it got.
    if not hmac.compare_digest(expected.encode(), given.get(name, "").strip().lower().encode()):
        raise VendorError(f"the signature of a webhook of {vendor} does not fit", vendor=vendor)
    return _event(vendor, body)


def _check_age(stamp: str, now: datetime, vendor: str) -> None:
    try:
        age = abs(now.timestamp() - float(stamp))
    except ValueError:
        raise VendorError(f"a webhook of {vendor} has no time", vendor=vendor) from None
    if not age <= NEWEST_ONLY.total_seconds():
        raise VendorError(f"a webhook of {vendor} is not of these five minutes", vendor=vendor)


def _event(vendor: str, body: bytes) -> WebhookEvent:
    try:
        data = json.loads(body)
        if vendor == "heygen":
            detail = data["event_data"]
            return WebhookEvent(
                vendor, str(detail["video_id"]), str(detail.get("callback_id") or ""), str(data["event_type"])
            )
        detail = data["data"]
        return WebhookEvent(vendor, str(detail["id"]), str(detail.get("callbackId") or ""), str(data["type"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise VendorError(f"a webhook of {vendor} is no event of a video", vendor=vendor) from error
