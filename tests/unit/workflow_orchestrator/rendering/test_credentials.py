"""Content credentials: a signed video says who made it of what; whatever does not fit is no finished video, and no key is ever told."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from signing_sample import HOUSE, Chain, make_chain

from conftest import Film
from workflow_orchestrator.definition.rendering_file import Spec, load_rendering
from workflow_orchestrator.errors import ConfigurationError, EncoderError, VideoCheckError
from workflow_orchestrator.rendering import VideoJob, get_provider
from workflow_orchestrator.rendering.credentials import SOURCE, Claims, open_credentials, read_back, sign
from workflow_orchestrator.rendering.mark import Mark
from workflow_orchestrator.rendering.mp4 import probe

pytest.importorskip("c2pa", reason="the optional package c2pa-python is not installed")

MARK = Mark.of("espeak", "template")
DOCUMENT = hashlib.sha256(b"the factsheet").hexdigest()
CLAIMS = Claims("Alder & Söhne", MARK, DOCUMENT)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return make_chain(tmp_path_factory.mktemp("chain"))


def spec(chain: Chain, algorithm: str = "es256", **more: Any) -> Spec:
    return Spec("credentials", {**chain.setting(algorithm), **more})


@pytest.fixture
def signed(short: Film, chain: Chain, tmp_path: Path) -> Path:
    """A film with credentials."""
    path = tmp_path / "video.mp4"
    shutil.copyfile(short.video, path)
    credentials = open_credentials(spec(chain))
    assert credentials is not None
    sign(path, credentials, CLAIMS)
    return path


def test_a_signed_video_says_who_made_it_of_what(signed: Path, short: Film) -> None:
    """The statement is whole and valid, names house and algorithm, and everything else in the file is as it was."""
    told = read_back(signed, CLAIMS)
    assert (told["issuer"], told["signed_by"], told["algorithm"], told["time"]) == (HOUSE, f"{HOUSE} Videos", "es256", None)
    found, before = probe(signed), probe(short.video)
    assert (found.faststart, found.mark, found.chapters, found.duration) == (True, before.mark, before.chapters, before.duration)
    assert not list(signed.parent.glob(".*"))


def test_the_statement_can_be_read_by_others(signed: Path) -> None:
    """IPTC's digital source type, the generator and the document's hash stand where the C2PA tools look for them."""
    import c2pa

    with signed.open("rb") as file, c2pa.Reader("video/mp4", file) as reader:
        store = json.loads(reader.json())
    manifest = store["manifests"][store["active_manifest"]]
    assertions = {item["label"]: item["data"] for item in manifest["assertions"]}
    (action,) = assertions["c2pa.actions.v2"]["actions"]
    assert action["action"] == "c2pa.created"
    assert action["digitalSourceType"] == "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"
    assert assertions[SOURCE] == {"sha256": DOCUMENT}
    assert manifest["claim_generator_info"][0]["name"] == "genai-platform"
    assert manifest["title"] == "Alder & Söhne"


def test_ed25519_signs_too(short: Film, tmp_path: Path) -> None:
    """Signed twice it is still not the same file: the statement has an id of its own."""
    credentials = open_credentials(spec(make_chain(tmp_path, "ed25519"), "ed25519"))
    assert credentials is not None
    files = []
    for name in ("a.mp4", "b.mp4"):
        shutil.copyfile(short.video, tmp_path / name)
        sign(tmp_path / name, credentials, CLAIMS)
        assert read_back(tmp_path / name, CLAIMS)["algorithm"] == "ed25519"
        files.append((tmp_path / name).read_bytes())
    assert files[0] != files[1]


def test_a_changed_byte_shows(signed: Path) -> None:
    """A picture or sound that somebody touched, an unsigned file, and one that is cut off are named for what they are."""
    data = bytearray(signed.read_bytes())
    data[data.rindex(b"mdat") + 2_000] ^= 1
    signed.write_bytes(data)
    with pytest.raises(VideoCheckError, match=r"not what was claimed: they are Invalid \(assertion\.bmffHash\.mismatch"):
        read_back(signed, CLAIMS)


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        (replace(CLAIMS, title="Another"), "the title is 'Alder & Söhne'"),
        (replace(CLAIMS, source_sha256="0" * 64), "the source document is another one"),
        (replace(CLAIMS, mark=replace(MARK, source_type="trainedAlgorithmicMedia")), "it was made as"),
    ],
)
def test_a_statement_of_another_video_is_refused(signed: Path, claims: Claims, words: str) -> None:
    """A valid signature over other words is no statement of this video."""
    with pytest.raises(VideoCheckError, match=words):
        read_back(signed, claims)


def test_an_unsigned_video_is_told(short: Film) -> None:
    """Where a statement is due, none is an error."""
    with pytest.raises(VideoCheckError, match="has no content credentials that can be read"):
        read_back(short.video, CLAIMS)


def test_a_provider_hands_out_the_signed_file(short: Film, chain: Chain, tmp_path: Path) -> None:
    """The finished job holds the signed file and says so; without the setting it says none."""
    include = tmp_path / "include"
    include.mkdir()
    (include / "rendering.yaml").write_text(yaml.safe_dump({"format": 1, "credentials": chain.setting("es256", timestamp="none")}))
    job = VideoJob(short.script, short.slides, "espeak", short.script.title, "en", include, source_sha256=DOCUMENT)
    provider = get_provider("local", include=include)
    files = provider.fetch(provider.start(job, idempotency_key="k", work=tmp_path / "work"), tmp_path / "out")
    told = json.loads((tmp_path / "out" / "video.json").read_bytes())
    assert told["content_credentials"]["issuer"] == HOUSE
    assert told["size"] == files[0].stat().st_size > short.video.stat().st_size
    mark = probe(files[0]).mark
    assert mark is not None
    read_back(files[0], Claims(job.title, mark, DOCUMENT))
    assert job.digest() != replace(job, include=None).digest()
    plain = get_provider("local")
    plain.fetch(plain.start(replace(job, include=None), idempotency_key="k", work=tmp_path / "plain"), tmp_path / "unsigned")
    assert json.loads((tmp_path / "unsigned" / "video.json").read_bytes())["content_credentials"] == "none"


def broken(chain: Chain, folder: Path) -> Iterator[tuple[Spec, str]]:
    """Settings that cannot be used, with what is said of each."""
    other = make_chain(folder / "other")
    old = make_chain(folder / "old", begins=datetime.now(UTC) - timedelta(days=9))
    (folder / "junk.pem").write_text("-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0LXdvcmRz\n-----END EC PRIVATE KEY-----\n")
    junk, key = {"file": str(folder / "junk.pem")}, {"file": str(other.key)}
    yield spec(chain, certificate=str(folder / "gone.pem")), r"gone\.pem cannot be read \(No such file"
    yield spec(chain, certificate=str(chain.key)), "is no certificate chain in PEM"
    yield spec(chain, key=junk), "is no key in PEM without a pass phrase"
    yield spec(chain, key=key), "does not belong to the first certificate"
    yield spec(chain, "ps256"), "cannot sign with ps256"
    yield spec(old), "and not today; renew it"
    yield spec(chain, key={"connection": "signing_nowhere"}), "'signing_nowhere' of credentials does not exist"


def test_credentials_that_cannot_be_used_are_named(chain: Chain, tmp_path: Path) -> None:
    """Before anything is spoken or rendered; a retry does not help, and no word of a key is in the message."""
    secret = chain.key.read_text().splitlines()[1]
    for setting, words in broken(chain, tmp_path):
        with pytest.raises(ConfigurationError, match=words) as caught:
            open_credentials(setting)
        assert secret not in str(caught.value)
        assert "c2VjcmV0" not in str(caught.value)


@pytest.mark.parametrize("form", ["\n", "\\n", " "])
def test_the_key_comes_from_a_connection(chain: Chain, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As PEM, with its line ends as an environment variable or a form field of Airflow leaves them; what is shown of it hides the key."""
    from urllib.parse import quote

    key = chain.key.read_text().strip().replace("\n", form)
    monkeypatch.setenv("AIRFLOW_CONN_SIGNING", f"generic://:{quote(key, safe='')}@")
    found = open_credentials(spec(chain, key={"connection": "signing"}))
    assert found is not None
    assert found.key.split() == chain.key.read_bytes().split()
    assert "PRIVATE" not in repr(found)


def test_a_time_stamp_authority_that_does_not_answer_can_be_tried_again(short: Film, chain: Chain, tmp_path: Path) -> None:
    """The video stays as it was, without a half-written one beside it."""
    path = tmp_path / "video.mp4"
    shutil.copyfile(short.video, path)
    credentials = open_credentials(spec(chain, timestamp="http://127.0.0.1:9/stamp"))
    assert credentials is not None
    with pytest.raises(EncoderError, match="could not be signed with content credentials"):
        sign(path, credentials, CLAIMS)
    assert path.read_bytes() == short.video.read_bytes()
    assert [one.name for one in tmp_path.iterdir()] == ["video.mp4"]


def test_a_missing_package_is_told_when_the_file_is_read(
    chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At `scripts/workflow check`, and on a worker before it renders."""
    (tmp_path / "rendering.yaml").write_text(yaml.safe_dump({"format": 1, "credentials": chain.setting("es256")}))
    for module in ("definition.rendering_file", "rendering.credentials"):
        monkeypatch.setattr(f"workflow_orchestrator.{module}.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"WF066 credentials: .* c2pa-python is not installed here"):
        load_rendering(tmp_path)
    with pytest.raises(ConfigurationError, match="c2pa-python is not installed on this worker"):
        open_credentials(spec(chain))
