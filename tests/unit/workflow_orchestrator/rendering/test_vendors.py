"""HeyGen, Synthesia and Bedrock against a server that speaks their documented shapes: asked rightly, and every fault is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import vendor_film as small
from vendor_peer import DROPPED, HTML, Peer, Reply, connection, media, ok, wav

from workflow_orchestrator.definition.rendering_file import Spec
from workflow_orchestrator.errors import ConfigurationError, RenderError, VendorError, VendorOutageError
from workflow_orchestrator.rendering import JobRef, JobState
from workflow_orchestrator.rendering.vendors.access import connection_of
from workflow_orchestrator.rendering.vendors.clips import ClipOrder, ClipVendor, vendor_of

pytestmark = pytest.mark.airflow

AVATARS = {
    name: Spec("http_avatar", {"vendor": name, "connection": name, "avatar": "anna", **more})
    for name, more in (("heygen", {}), ("synthesia", {"background": "white_studio"}))
}
MOOD = Spec(
    "bedrock_async",
    {
        "model": "luma.ray-v2:0",
        "output": "s3://clips/in",
        "prompt": "A harbour.",
        "connection": "aws",
        "region": "us-west-2",
    },
)
ARN = "arn:aws:bedrock:us-west-2:123456789012:async-invoke/abcdef123456"
ORDER = ClipOrder("Alder Fund", "de", timedelta(seconds=2), "16:9", wav(2.0))
KEY = "0123abcd-1"

CREATE = {"heygen": "POST /v3/videos", "synthesia": "POST /v2/videos", "bedrock": "POST /async-invoke"}
UPLOAD = {"heygen": "POST /v3/assets", "synthesia": "POST /v2/scriptAudio"}
LOOK = {
    "heygen": "GET /v3/videos/v1",
    "synthesia": "GET /v2/videos/v1",
    "bedrock": f"GET /async-invoke/{ARN.replace(':', '%3A').replace('/', '%2F')}",
}
CLIP = {"heygen": "GET /clip.mp4", "synthesia": "GET /clip.mp4", "bedrock": "GET /clips/in/abcdef123456/output.mp4"}
VENDORS = ("heygen", "synthesia", "bedrock")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return small.clip(tmp_path_factory.mktemp("clip") / "clip.mp4", timedelta(seconds=1))


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch, clip: bytes) -> Iterator[Peer]:
    """All three vendors at their best, and the Airflow connections that lead to them."""
    with Peer() as there:
        for name in AVATARS:
            monkeypatch.setenv(
                f"AIRFLOW_CONN_{name.upper()}",
                connection(conn_type="http", host=there.url, password="key-of-ours-1234"),
            )
        login = {"login": "AKIAEXAMPLE123456789", "password": "aws-secret-0123456789"}
        extra = {"endpoint_url": there.url, "config_kwargs": {"s3": {"addressing_style": "path"}}}
        monkeypatch.setenv("AIRFLOW_CONN_AWS", connection(conn_type="aws", extra=extra, **login))
        there.replies |= {
            UPLOAD["heygen"]: ok({"data": {"asset_id": "a1", "url": "u", "mime_type": "audio/wav", "size_bytes": 9}}),
            UPLOAD["synthesia"]: ok({"id": "a1"}),
            CREATE["heygen"]: ok({"data": {"video_id": "v1", "status": "pending"}}),
            CREATE["synthesia"]: ok({"id": "v1", "status": "in_progress"}, 201),
            CREATE["bedrock"]: ok({"invocationArn": ARN}),
            "GET /foundation-models/luma.ray-v2%3A0": lifecycle("ACTIVE"),
            "GET /clips": listing("in/abcdef123456/manifest.json", "in/abcdef123456/output.mp4"),
            **{CLIP[name]: media(clip, "video/mp4") for name in VENDORS},
        }
        for name in VENDORS:
            there.replies[LOOK[name]] = told(
                there, name, {"heygen": "completed", "synthesia": "complete", "bedrock": "Completed"}[name]
            )
        yield there


def lifecycle(state: str) -> Reply:
    return ok({"modelDetails": {"modelArn": "arn", "modelId": "luma.ray-v2:0", "modelLifecycle": {"status": state}}})


def listing(*keys: str) -> Reply:
    contents = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in keys)
    body = f'<?xml version="1.0"?><ListBucketResult><Name>clips</Name><KeyCount>{len(keys)}</KeyCount>{contents}</ListBucketResult>'
    return Reply(200, body.encode(), {"content-type": "application/xml"})


def told(peer: Peer, name: str, word: str, **more: Any) -> Reply:
    """How a vendor tells where a job stands."""
    url = f"{peer.url}/clip.mp4"
    if name == "heygen":
        return ok({"data": {"id": "v1", "status": word, "video_url": url, **more}})
    if name == "synthesia":
        return ok({"id": "v1", "status": word, "download": url, **more})
    output = {"s3OutputDataConfig": {"s3Uri": "s3://clips/in"}}
    times = {"submitTime": "2026-11-29T10:00:00Z"}
    return ok(
        {
            "invocationArn": ARN,
            "modelArn": "arn:aws:bedrock:us-west-2::foundation-model/luma.ray-v2:0",
            "status": word,
            "outputDataConfig": output,
            **times,
            **more,
        }
    )


def vendor(name: str) -> ClipVendor:
    spec = AVATARS.get(name, MOOD)
    return vendor_of(spec, connection_of(spec))


def ref(name: str) -> JobRef:
    return JobRef("bedrock_async", ARN, "s3://clips/in") if name == "bedrock" else JobRef(name, "v1")


def test_heygen_is_asked_in_its_shape(peer: Peer) -> None:
    """The audio as an asset, then the video with it, both under a key of ours; never the words."""
    assert vendor("heygen").start(ORDER, idempotency_key=KEY) == JobRef("heygen", "v1")
    (asset,), (video,) = peer.asked(UPLOAD["heygen"]), peer.asked(CREATE["heygen"])
    assert asset.headers["idempotency-key"] == f"{KEY}-audio"
    assert asset.headers["content-type"].startswith("multipart/form-data")
    assert ORDER.sound in asset.raw
    assert video.headers["idempotency-key"] == KEY
    assert video.headers["x-api-key"] == "key-of-ours-1234"
    assert video.body == {
        "type": "avatar", "avatar_id": "anna", "audio_asset_id": "a1", "title": "Alder Fund", "resolution": "1080p",
        "aspect_ratio": "16:9", "output_format": "mp4", "callback_id": KEY,
    }  # fmt: skip


def test_synthesia_is_asked_in_its_shape(peer: Peer) -> None:
    """The audio as MP3, then the video with it, with our key as its callback id."""
    assert vendor("synthesia").start(ORDER, idempotency_key=KEY) == JobRef("synthesia", "v1")
    (audio,), (video,) = peer.asked(UPLOAD["synthesia"]), peer.asked(CREATE["synthesia"])
    assert audio.headers["content-type"] == "audio/mpeg"
    assert audio.raw[:3] == b"ID3" or audio.raw[0] == 0xFF
    assert video.headers["authorization"] == "key-of-ours-1234"
    assert video.body == {
        "test": False, "title": "Alder Fund", "visibility": "private", "aspectRatio": "16:9", "callbackId": KEY,
        "input": [{"scriptAudio": "a1", "scriptLanguage": "de-DE", "avatar": "anna", "background": "white_studio"}],
    }  # fmt: skip


def test_bedrock_is_asked_in_its_shape(peer: Peer) -> None:
    """The token makes the start idempotent; the input is that of Luma Ray 2, unless the settings have another."""
    started = vendor("bedrock").start(ORDER, idempotency_key=KEY)
    assert started == JobRef("bedrock_async", ARN, "s3://clips/in")
    other = Spec("bedrock_async", {**MOOD.settings, "input": {"taskType": "TEXT_VIDEO"}})
    vendor_of(other, connection_of(other)).start(ORDER, idempotency_key=KEY)
    first, second = (request.body for request in peer.asked(CREATE["bedrock"]))
    assert first == {
        "clientRequestToken": KEY, "modelId": "luma.ray-v2:0", "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://clips/in"}},
        "modelInput": {"prompt": "A harbour.", "aspect_ratio": "16:9", "loop": False, "duration": "5s", "resolution": "720p"},
    }  # fmt: skip
    assert second["modelInput"] == {"taskType": "TEXT_VIDEO"}


@pytest.mark.parametrize("name", VENDORS)
def test_a_finished_clip_is_copied_whole(name: str, peer: Peer, clip: bytes, tmp_path: Path) -> None:
    """Byte for byte; a vendor's key does not travel to where its files lie."""
    assert vendor(name).fetch(ref(name), tmp_path / "a.mp4").read_bytes() == clip
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert "key-of-ours-1234" not in str(peer.asked(CLIP[name])[0].headers)


WORDS = [
    *(("heygen", word, "queued") for word in ("waiting", "pending")),
    *(("heygen", word, state) for word, state in (("processing", "running"), ("completed", "succeeded"))),
    *(("synthesia", word, state) for word, state in (("in_progress", "running"), ("complete", "succeeded"))),
    *(("bedrock", word, state) for word, state in (("InProgress", "running"), ("Completed", "succeeded"))),
    *((name, "dreaming", "running") for name in VENDORS),
]  # fmt: skip


@pytest.mark.parametrize(("name", "word", "state"), WORDS)
def test_a_vendors_words_are_understood(name: str, word: str, state: str, peer: Peer) -> None:
    """One that nobody knows is no end: the job is still waited for."""
    peer.replies[LOOK[name]] = told(peer, name, word)
    assert vendor(name).status(ref(name)).state is JobState(state)


@pytest.mark.parametrize(
    ("name", "word", "more", "reason"),
    [
        ("heygen", "failed", {"failure_code": "rendering_failed", "failure_message": "Timed out"}, "rendering_failed Timed out"),
        ("heygen", "failed", {}, "heygen gives no reason"),
        ("synthesia", "rejected", {}, "rejected by Synthesia's moderation"),
        ("synthesia", "error", {}, "an error in Synthesia's rendering"),
        ("bedrock", "Failed", {"failureMessage": "blocked by\nfilter"}, "blocked by filter"),
    ],
)  # fmt: skip
def test_a_failed_job_says_why(
    name: str, word: str, more: dict[str, Any], reason: str, peer: Peer, tmp_path: Path
) -> None:
    """In the vendor's words, as far as it has any; and there is nothing to fetch."""
    peer.replies[LOOK[name]] = told(peer, name, word, **more)
    status = vendor(name).status(ref(name))
    assert (status.state, status.reason) == (JobState.FAILED, reason)
    with pytest.raises(RenderError, match="is not ready"):
        vendor(name).fetch(ref(name), tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


BUSY = {
    "heygen": ok({"error": {"code": "rate_limit", "message": "slow down"}}, 429, retry_after="9"),
    "synthesia": ok({"context": "slow down"}, 429, retry_after="9"),
    "bedrock": ok({"message": "slow down"}, 429, retry_after="9", x_amzn_errortype="ThrottlingException"),
}
DOWN = {
    name: ok({"message": "no"}, 500, **({"x_amzn_errortype": "InternalServerException"} if name == "bedrock" else {}))
    for name in VENDORS
}


@pytest.mark.parametrize("name", VENDORS)
@pytest.mark.parametrize("place", ["start", "status"])
def test_an_outage_is_retried(name: str, place: str, peer: Peer) -> None:
    """429 with the vendor's wait, 500, a dropped connection, a page of a gateway: one request, and a retry can help."""
    line = CREATE[name] if place == "start" else LOOK[name]
    films = vendor(name)
    faults: dict[str, Reply] = {"429": BUSY[name], "500": DOWN[name], "dropped": DROPPED}
    if name != "bedrock":
        faults |= {
            "html": HTML,
            "409": ok({"error": {"message": "request_in_progress"}}, 409),
            "shape": ok({"data": 1}),
        }
    for fault, reply in faults.items():
        if fault == "shape" and place == "status":
            continue
        peer.replies[line] = reply
        before = len(peer.asked(line))
        with pytest.raises(VendorOutageError) as caught:
            asked(films, place)
        assert caught.value.retryable, fault
        assert caught.value.retry_after == (timedelta(seconds=9) if fault == "429" else None), fault
        assert len(peer.asked(line)) == before + 1, fault


def asked(films: ClipVendor, place: str) -> Any:
    if place == "start":
        return films.start(ORDER, idempotency_key=KEY)
    return films.status(JobRef(films.name, ARN if films.name == "bedrock_async" else "v1"))


@pytest.mark.parametrize("name", VENDORS)
@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "ValidationException"), (401, "UnrecognizedClientException"), (403, "AccessDeniedException")],
)
def test_a_refusal_is_final_and_holds_no_key(name: str, status: int, kind: str, peer: Peer) -> None:
    """Key, avatar and rights do not mend themselves."""
    more = {"x_amzn_errortype": kind} if name == "bedrock" else {}
    peer.replies[CREATE[name]] = ok({"message": "key-of-ours-1234 may not"}, status, **more)
    with pytest.raises(VendorError) as caught:
        asked(vendor(name), "start")
    assert not caught.value.retryable
    assert caught.value.details["status"] == status
    if name != "bedrock":
        assert "key-of-ours-1234" not in json.dumps(caught.value.to_json())


@pytest.mark.parametrize("name", VENDORS)
def test_a_clip_that_does_not_arrive_is_fetched_again(name: str, peer: Peer, clip: bytes, tmp_path: Path) -> None:
    """An expired address, a broken connection, half a file, another kind of file, an empty one: nothing is left, a retry can help."""
    faults = {
        "cut on the way": media(clip, "video/mp4", cut=len(clip) // 2),
        "cut at the vendor": media(clip[: len(clip) // 2], "video/mp4"),
        "no video": media(b"no film" * 100, "video/mp4"),
        "dropped": DROPPED,
    }
    if name != "bedrock":
        faults |= {
            "expired": ok({"message": "Request has expired"}, 403),
            "gone": ok({}, 404),
            "html": HTML,
            "empty": media(b"", "video/mp4"),
        }
    films = vendor(name)
    for fault, reply in faults.items():
        peer.replies[CLIP[name]] = reply
        with pytest.raises(VendorOutageError) as caught:
            films.fetch(ref(name), tmp_path / "a.mp4")
        if fault in ("expired", "gone"):
            assert "has expired" in caught.value.message
        assert list(tmp_path.iterdir()) == [], fault
    peer.replies[CLIP[name]] = media(clip, "video/mp4")
    assert films.fetch(ref(name), tmp_path / "a.mp4").is_file()


def test_a_redirect_of_the_storage_is_followed_without_the_key(peer: Peer, clip: bytes, tmp_path: Path) -> None:
    """A vendor's address may lead on to its storage."""
    peer.replies[CLIP["heygen"]] = Reply(302, b"", {"location": f"{peer.url}/storage.mp4"})
    peer.replies["GET /storage.mp4"] = media(clip, "video/mp4")
    assert vendor("heygen").fetch(ref("heygen"), tmp_path / "a.mp4").read_bytes() == clip
    assert "x-api-key" not in peer.asked("GET /storage.mp4")[0].headers


def test_a_start_whose_answer_was_lost_is_found_again(peer: Peer) -> None:
    """Synthesia has no idempotency key: the callback id tells; the other two repeat the same token."""
    videos = [{"id": f"x{number}", "callbackId": f"other-{number}"} for number in range(100)]
    peer.replies["GET /v2/videos"] = [ok({"videos": videos}), ok({"videos": [{"id": "v7", "callbackId": KEY}]})]
    assert vendor("synthesia").find(KEY) == JobRef("synthesia", "v7")
    assert [request.path.split("?")[1] for request in peer.asked("GET /v2/videos")] == [
        "limit=100&offset=0",
        "limit=100&offset=100",
    ]
    peer.replies["GET /v2/videos"] = ok({"videos": videos[:3]})
    assert vendor("synthesia").find(KEY) is None
    assert vendor("heygen").find(KEY) is None
    assert vendor("bedrock").find(KEY) is None


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (lifecycle("LEGACY"), r"is Legacy at Bedrock and will stop; name an active one"),
        (
            ok({"message": "no"}, 404, x_amzn_errortype="ResourceNotFoundException"),
            "may have reached the end of its life",
        ),
    ],
)
def test_a_model_at_the_end_of_its_life_is_refused(reply: Reply, words: str, peer: Peer) -> None:
    """Before anything is started."""
    peer.replies["GET /foundation-models/luma.ray-v2%3A0"] = reply
    with pytest.raises(ConfigurationError, match=words):
        asked(vendor("bedrock"), "start")
    assert peer.asked(CREATE["bedrock"]) == []


def test_without_the_right_to_look_the_model_is_tried(peer: Peer) -> None:
    """The right to describe a model is no condition for using it."""
    peer.replies["GET /foundation-models/luma.ray-v2%3A0"] = ok(
        {"message": "no"}, 403, x_amzn_errortype="AccessDeniedException"
    )
    assert asked(vendor("bedrock"), "start").id == ARN


def test_a_clip_that_is_not_in_the_bucket_is_told(peer: Peer, tmp_path: Path) -> None:
    """Bedrock says Completed, and the prefix has no clip: S3 may show it later."""
    peer.replies["GET /clips"] = listing("in/abcdef123456/manifest.json")
    with pytest.raises(VendorOutageError, match=r"s3://clips/in/abcdef123456/ has no \.mp4"):
        vendor("bedrock").fetch(ref("bedrock"), tmp_path / "a.mp4")


def test_a_connection_without_a_key_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is sent."""
    monkeypatch.setenv("AIRFLOW_CONN_HEYGEN", connection(conn_type="http"))
    with pytest.raises(ConfigurationError, match="has no password"):
        vendor("heygen")
    monkeypatch.setenv("AIRFLOW_CONN_HEYGEN", connection(conn_type="http", password="k", host="ftp://there"))
    with pytest.raises(ConfigurationError, match="not an http"):
        vendor("heygen")
