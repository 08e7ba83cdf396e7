"""The storage, over a real folder and over a real S3 server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from moto_here import s3_storage
from workflow_orchestrator.errors import (
    ConfigurationError,
    DocumentNotFoundError,
    DocumentOutsideStorageError,
    StorageError,
)
from workflow_orchestrator.storage import LocalStorage, Storage, document_key, open_storage


@pytest.fixture(scope="module")
def s3(aws_address: str) -> Iterator[Storage]:
    """A bucket on moto's S3 server, reached through the Amazon provider's hook."""
    with s3_storage(aws_address, "aws_test", "bucket-of-tests") as storage:
        yield storage


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """Each promise holds for both kinds."""
    found: Storage = LocalStorage(tmp_path / "store") if request.param == "folder" else request.getfixturevalue("s3")
    return found


def test_what_is_written_can_be_read_listed_and_deleted(storage: Storage, tmp_path: Path) -> None:
    """Bytes come back as they were, whole files too, and the list names them by key."""
    storage.write("a/one.bin", b"\x00\xff")
    (tmp_path / "two").write_bytes(b"22")
    storage.put_file("a/b/two.bin", tmp_path / "two")
    storage.write("ab/three.bin", b"3")
    assert storage.read("a/one.bin") == b"\x00\xff"
    assert storage.size("a/b/two.bin") == 2
    assert list(storage.list("a")) == ["a/b/two.bin", "a/one.bin"]
    assert storage.uri_of("a/one.bin").startswith(storage.uri)
    storage.delete("a/one.bin")
    assert not storage.exists("a/one.bin")
    assert storage.exists("a/b/two.bin")


def test_a_file_that_is_not_there_is_named(storage: Storage) -> None:
    """The error says which key and which storage."""
    for ask in (storage.read, storage.size):
        with pytest.raises(DocumentNotFoundError, match=r"nothing/here"):
            ask("nothing/here")


@pytest.mark.parametrize("key", ["../up", "/etc/passwd", "a/../../b", "", "a\\..\\b", "a\0b"])
def test_no_key_leaves_the_storage(storage: Storage, key: str) -> None:
    """Absolute keys and climbing ones are refused for reading and for writing."""
    with pytest.raises(DocumentOutsideStorageError):
        storage.read(key)
    with pytest.raises(DocumentOutsideStorageError):
        storage.write(key, b"")


def test_a_link_does_not_lead_out(tmp_path: Path) -> None:
    """A symbolic link inside the folder that points elsewhere is refused."""
    storage = LocalStorage(tmp_path / "store")
    storage.write("inbox/w/a.pdf", b"a")
    (tmp_path / "secret").write_bytes(b"s")
    (tmp_path / "store/inbox/w/link.pdf").symlink_to(tmp_path / "secret")
    with pytest.raises(DocumentOutsideStorageError, match="link"):
        storage.read("inbox/w/link.pdf")


def test_a_failed_write_leaves_the_old_bytes_and_no_rubbish(tmp_path: Path) -> None:
    """When the source of a copy is missing, the target keeps its content and no temporary file stays."""
    storage = LocalStorage(tmp_path / "store")
    storage.write("a/x", b"old")
    with pytest.raises(StorageError, match="a/x"):
        storage.put_file("a/x", tmp_path / "missing")
    assert storage.read("a/x") == b"old"
    assert [path.name for path in (tmp_path / "store/a").iterdir()] == ["x"]


def test_a_document_is_found_by_name_by_key_and_by_uri(storage: Storage) -> None:
    """All three ways of naming a document of the inbox lead to the same key."""
    storage.write("inbox/w/my sheet.pdf", b"%PDF")
    wanted = "inbox/w/my sheet.pdf"
    assert document_key(storage, "w", "my sheet.pdf") == wanted
    assert document_key(storage, "w", wanted) == wanted
    assert document_key(storage, "w", storage.uri_of(wanted)) == wanted


def test_a_missing_document_is_answered_with_what_is_there(storage: Storage) -> None:
    """The message lists what the inbox holds, so that a typing mistake is seen."""
    storage.write("inbox/q/a.pdf", b"%PDF")
    with pytest.raises(DocumentNotFoundError, match=r"b\.pdf.*it holds a\.pdf"):
        document_key(storage, "q", "b.pdf")


@pytest.mark.parametrize(
    "given", ["/etc/passwd", "file:///etc/passwd", "s3://other/inbox/a.pdf", "https://example.org/a.pdf", "~/a.pdf", "../a.pdf"]
)
def test_a_document_elsewhere_is_refused(storage: Storage, given: str) -> None:
    """Only the configured storage is read, whatever the conf says."""
    with pytest.raises(DocumentOutsideStorageError):
        document_key(storage, "w", given)


def test_a_uri_that_climbs_out_is_refused(storage: Storage) -> None:
    """A URI that starts inside the storage and climbs out is refused, also in its encoded form."""
    for climb in ("inbox/../../x", "inbox/%2e%2e/%2e%2e/x"):
        with pytest.raises((DocumentOutsideStorageError, DocumentNotFoundError)):
            document_key(storage, "w", f"{storage.uri}/{climb}")


def test_a_storage_is_opened_by_its_uri(tmp_path: Path) -> None:
    """A relative folder starts at the project; a bucket is needed for S3; other schemes are refused by name."""
    assert open_storage("some/place", base=tmp_path).uri == (tmp_path / "some/place").as_uri()
    assert open_storage((tmp_path / "x").as_uri(), base=Path("/")).uri == (tmp_path / "x").as_uri()
    assert open_storage("s3://bucket/pre/fix/", base=tmp_path).uri == "s3://bucket/pre/fix"
    with pytest.raises(ConfigurationError, match="no bucket"):
        open_storage("s3:///prefix", base=tmp_path)
    with pytest.raises(ConfigurationError, match="gs"):
        open_storage("gs://bucket", base=tmp_path)


def test_only_one_writer_creates_a_file(storage: Storage) -> None:
    """The second one is told, and what is there stays as it is."""
    assert storage.create("chain/1.json", b"first")
    assert not storage.create("chain/1.json", b"second")
    assert storage.read("chain/1.json") == b"first"
    assert list(storage.list("chain")) == ["chain/1.json"]
