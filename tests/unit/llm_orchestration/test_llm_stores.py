"""The stores, over a real folder and over a real S3 server on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from llm_orchestration.errors import ConfigurationError
from llm_orchestration.places import shared_store
from llm_orchestration.stores import FolderStore, S3Store, Store, open_store
from moto_here import REGION, connected


@pytest.fixture(scope="module")
def s3(aws_address: str) -> Iterator[str]:
    """Address of a prefix on moto's S3 server, reached through the default AWS connection."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    with connected(aws_address, "aws_default"):
        S3Hook("aws_default").create_bucket("bucket-of-stores", region_name=REGION)
        yield "s3://bucket-of-stores/some/prefix"


@pytest.fixture(params=["folder", "s3", "shared s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each promise holds for every kind; each test has a part of its own."""
    if request.param == "folder":
        return open_store(str(tmp_path / "store"))
    address = f"{request.getfixturevalue('s3')}/{tmp_path.name}"
    return open_store(address) if request.param == "s3" else shared_store(address)


def test_what_is_kept_comes_back_byte_by_byte(store: Store) -> None:
    """Any bytes under any relative name, replaced and deleted; what is not there is `None`."""
    assert store.get("a/b.json") is None
    store.put("a/b.json", b"\x00\xff")
    assert store.get("a/b.json") == b"\x00\xff"
    store.put("a/b.json", b"two")
    store.put("empty", b"")
    assert (store.get("a/b.json"), store.get("empty")) == (b"two", b"")
    store.delete("a/b.json")
    store.delete("a/b.json")
    assert store.get("a/b.json") is None


def test_only_the_first_creates(store: Store) -> None:
    """Of many who create one name at the same time exactly one is told that it was first, and its bytes stay."""
    start = threading.Barrier(8)

    def create(number: int) -> bool:
        start.wait()
        return store.create("claims/one", str(number).encode())

    with ThreadPoolExecutor(8) as pool:
        first = list(pool.map(create, range(8)))
    assert first.count(True) == 1
    assert store.get("claims/one") == str(first.index(True)).encode()
    assert not store.create("claims/one", b"late")
    store.delete("claims/one")
    assert store.create("claims/one", b"again")


def test_another_process_opens_the_same_store_by_its_address(store: Store) -> None:
    """The address leads to the same bytes."""
    store.put("x", b"1")
    assert open_store(store.uri).get("x") == b"1"
    assert shared_store(store.uri).get("x") == b"1"
    assert open_store(store.uri).uri == store.uri


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/x"])
def test_no_name_leads_out_of_the_store(store: Store, name: str) -> None:
    """A name from outside cannot reach another file or key."""
    for use in (store.get, store.delete, lambda one: store.put(one, b""), lambda one: store.create(one, b"")):
        with pytest.raises(ConfigurationError, match="does not lie inside the store"):
            use(name)


@pytest.mark.parametrize("uri", ["relative/folder", "https://example.com/x", "s3://", ""])
def test_an_unknown_address_is_refused_with_the_known_ones(uri: str) -> None:
    """The message says what an address may look like."""
    with pytest.raises(ConfigurationError, match="file:///folder, an absolute path or s3://bucket/prefix"):
        open_store(uri)


def test_a_folder_is_addressed_by_path_or_uri(tmp_path: Path) -> None:
    """Spaces and percent signs in a path survive the address."""
    folder = tmp_path / "with space %41"
    first = open_store(str(folder))
    assert isinstance(first, FolderStore)
    first.put("x", b"1")
    assert open_store(first.uri).get("x") == b"1"
    assert (folder / "x").read_bytes() == b"1"


def test_readers_of_a_folder_see_old_or_new_and_no_leftovers(tmp_path: Path) -> None:
    """While one writes without pause, every read is whole; no temporary file stays."""
    store = FolderStore(tmp_path)
    bodies = [bytes([n]) * 50_000 for n in range(4)]
    store.put("x", bodies[0])
    done = threading.Event()

    def write() -> None:
        for _ in range(25):
            for body in bodies:
                store.put("x", body)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while not done.is_set():
        seen.add(store.get("x"))
    writer.join()
    assert seen <= set(bodies)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_parts_of_one_bucket_share_one_client(s3: str) -> None:
    """A hundred runs have a hundred prefixes and one client: building one costs more than a call."""
    one, two = shared_store(f"{s3}/one"), shared_store(f"{s3}/two")
    one.put("x", b"1")
    two.put("x", b"2")
    assert one._store is two._store  # type: ignore[attr-defined]
    assert isinstance(one._store, S3Store)  # type: ignore[attr-defined]
    assert shared_store(s3).get("one/x") == b"1"


def test_a_bucket_that_is_missing_is_an_error_and_not_nothing(s3: str) -> None:
    """`None` means that the name is not there; a store that cannot say raises."""
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError):
        open_store("s3://no-such-bucket/x").get("y")
