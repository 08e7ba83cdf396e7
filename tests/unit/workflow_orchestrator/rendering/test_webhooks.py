"""A webhook counts only when its vendor signed it, and lately."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from workflow_orchestrator.errors import VendorError
from workflow_orchestrator.rendering.vendors.webhooks import WebhookEvent, read_webhook

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
SECRET = "whsec_1"
BODY = json.dumps({"type": "video.completed", "data": {"id": "v1", "callbackId": "k1"}}).encode()
HEYGEN = json.dumps({"event_type": "avatar_video.fail", "event_data": {"video_id": "v2", "callback_id": "k2"}}).encode()


def signed(message: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def synthesia(body: bytes = BODY, at: datetime = NOW) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    return {"Synthesia-Timestamp": stamp, "Synthesia-Signature": signed(stamp.encode() + b"." + body)}


def heygen(body: bytes = HEYGEN, at: datetime = NOW) -> dict[str, str]:
    """The headers of HeyGen's v3."""
    return {"Heygen-Signature": signed(body), "Heygen-Timestamp": str(int(at.timestamp())), "Heygen-Event-Id": "evt_1"}


def test_a_signed_event_names_its_job() -> None:
    """The job's id at the vendor, our key, and what happened."""
    assert read_webhook("synthesia", SECRET, synthesia(), BODY, NOW) == WebhookEvent(
        "synthesia", "v1", "k1", "video.completed"
    )
    event = read_webhook("heygen", SECRET, {"SIGNATURE": signed(HEYGEN)}, HEYGEN, NOW)
    assert event == WebhookEvent("heygen", "v2", "k2", "avatar_video.fail")
    assert read_webhook("heygen", SECRET, heygen(), HEYGEN, NOW) == event


@pytest.mark.parametrize(
    ("headers", "body", "words"),
    [
        ({}, BODY, "has no time"),
        (synthesia(BODY + b" "), BODY, "does not fit"),
        (synthesia(), BODY + b" ", "does not fit"),
        ({**synthesia(), "Synthesia-Signature": ""}, BODY, "does not fit"),
        ({**synthesia(), "Synthesia-Signature": "ü"}, BODY, "does not fit"),
        (synthesia(at=NOW - timedelta(minutes=6)), BODY, "five minutes"),
        (synthesia(at=NOW + timedelta(minutes=6)), BODY, "five minutes"),
        ({**synthesia(), "Synthesia-Timestamp": "nan"}, BODY, "five minutes"),
        (synthesia(b"[]"), b"[]", "no event"),
        (synthesia(b"{}"), b"{}", "no event"),
    ],
)
def test_anything_else_is_refused(headers: dict[str, str], body: bytes, words: str) -> None:
    """Another body, secret or time, a request that was recorded, a body of another shape."""
    with pytest.raises(VendorError, match=words):
        read_webhook("synthesia", SECRET, headers, body, NOW)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "does not fit"),
        ({"Heygen-Signature": signed(HEYGEN)}, "has no time"),
        (heygen(at=NOW - timedelta(minutes=6)), "five minutes"),
        ({**heygen(), "Heygen-Signature": signed(HEYGEN, "other")}, "does not fit"),
        # A request of v3 is not let in by the older signature.
        ({**heygen(), "Heygen-Signature": "0" * 64, "Signature": signed(HEYGEN)}, "does not fit"),
    ],
)
def test_heygens_signature_has_its_time(headers: dict[str, str], words: str) -> None:
    """Without a time, with an old one, or signed with another secret."""
    with pytest.raises(VendorError, match=words):
        read_webhook("heygen", SECRET, headers, HEYGEN, NOW)


def test_without_a_secret_nobody_is_believed() -> None:
    """An empty secret would be anybody's."""
    with pytest.raises(VendorError, match="has no secret"):
        read_webhook("heygen", "", {"Signature": signed(HEYGEN, "")}, HEYGEN, NOW)
    with pytest.raises(VendorError, match="no webhook of 'other'"):
        read_webhook("other", SECRET, {}, BODY, NOW)
