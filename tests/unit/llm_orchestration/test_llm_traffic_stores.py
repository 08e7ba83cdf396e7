"""The three state stores: the same promises over memory, a file and a real Redis server, and what breaks each of them."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from debian_here import NotInstalledError, install, may_install
from llm_traffic_lab import ANSWER, Child, limits, ticket

from llm_orchestration.errors import ConfigurationError, StateError
from llm_orchestration.traffic import (
    FileStateStore,
    MemoryStateStore,
    RedisStateStore,
    StateStore,
    TrafficGate,
    default_gate,
    open_state_store,
)

HOUR = timedelta(hours=1)


def redis_server() -> str:
    """The program, installed when it is absent and that is allowed."""
    if (found := shutil.which("redis-server")) is not None:
        return found
    if not may_install():
        pytest.skip("redis-server is not installed, and only root can install it with apt-get")
    try:
        install("redis-server")
    except NotInstalledError as error:
        pytest.skip(f"redis-server is not installed, and {error}")
    return shutil.which("redis-server") or pytest.skip("the package redis-server brought no such program")


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis server of its own on a free loopback port, without persistence."""
    program = redis_server()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        options = {"port": port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": folder}
        command = [program, *(part for name, value in options.items() for part in (f"--{name}", str(value)))]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            for line in server.stdout:
                if "eady to accept connections" in line:
                    break
            else:
                pytest.fail("redis-server ended before it was ready")
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.wait(10)
            server.stdout.close()


@pytest.fixture(params=["memory", "file", "redis"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address of each kind, with nothing stored."""
    if request.param == "redis":
        import redis

        address: str = request.getfixturevalue("redis_url")
        with redis.Redis.from_url(address) as client:
            client.flushall()
        return address
    return "memory://" if request.param == "memory" else (tmp_path / "deep" / "state.db").as_uri()


async def add(store: StateStore, key: str, amount: int = 1) -> int:
    return await store.update(key, lambda state: ({"n": (n := (state or {"n": 0})["n"] + amount)}, n), keep=HOUR)


async def used(store: StateStore, work: Any) -> Any:
    """What the work returns; the store's connections are closed at the end, as a gate's owner does."""
    try:
        return await work
    finally:
        await store.close()


def test_what_was_written_is_read(url: str) -> None:
    """Objects by key; `None` deletes; what `change` says beside it is returned."""

    async def main(store: StateStore) -> None:
        assert await store.read("a") is None
        assert await add(store, "a") == 1
        assert await add(store, "a", 2) == 3
        assert (await store.read("a"), await store.read("b")) == ({"n": 3}, None)
        assert await store.update("a", lambda state: (None, state), keep=HOUR) == {"n": 3}
        assert await store.read("a") is None

    store = open_state_store(url)
    asyncio.run(used(store, main(store)))


def test_a_change_that_fails_changes_nothing(url: str) -> None:
    """Its exception passes as it is, and the next change works."""

    async def main(store: StateStore) -> None:
        await add(store, "a")
        with pytest.raises(ZeroDivisionError):
            await store.update("a", lambda state: ({"n": 1 // 0}, None), keep=HOUR)
        assert await add(store, "a") == 2

    store = open_state_store(url)
    asyncio.run(used(store, main(store)))


def test_changes_at_the_same_time_are_one_after_the_other(url: str) -> None:
    """200 coroutines add one each; no addition is lost and no two see the same number."""

    async def main(store: StateStore) -> list[int]:
        return list(await asyncio.gather(*(add(store, "a") for _ in range(200))))

    store = open_state_store(url)
    assert sorted(asyncio.run(used(store, main(store)))) == list(range(1, 201))


def test_an_object_ends_after_its_time(url: str) -> None:
    """Kept as long as said, then gone."""

    async def main(store: StateStore) -> None:
        await store.update("a", lambda _: ({"n": 1}, None), keep=timedelta(milliseconds=30))
        await store.update("b", lambda _: ({"n": 1}, None), keep=HOUR)
        assert await store.read("a") == {"n": 1}
        async with asyncio.timeout(5):
            while await store.read("a") is not None:
                await asyncio.sleep(0.005)
        assert await store.read("b") == {"n": 1}

    store = open_state_store(url)
    asyncio.run(used(store, main(store)))


def test_each_loop_has_its_own_connections(url: str) -> None:
    """One store serves the loops of several threads and one loop after another."""
    store = open_state_store(url)
    results: list[int] = []

    def work() -> None:
        for _ in range(3):
            results.append(asyncio.run(used(store, add(store, "a"))))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(results) == list(range(1, 13))


@pytest.mark.parametrize("url", ["file", "redis"], indirect=True)
def test_processes_lose_no_change(url: str) -> None:
    """Three processes add 50 each to one object."""
    with Child(url) as one, Child(url) as two, Child(url) as three:
        for child in (one, two, three):
            child.tell(do="count", key="a", times=50)
        assert max(child.hear() for child in (one, two, three)) == 150


@pytest.mark.parametrize("url", ["file", "redis"], indirect=True)
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_uses_the_store_too(url: str) -> None:
    """Airflow forks a process per task; parent and child go on with connections of their own."""
    store = open_state_store(url)
    asyncio.run(add(store, "a"))
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        os._exit(0 if asyncio.run(used(store, add(store, "a"))) == 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert asyncio.run(used(store, add(store, "a"))) == 3


@pytest.mark.parametrize("text", ["", "{", "[1]", "5", "\x00", '{"n": '])
def test_a_damaged_entry_of_a_file_counts_as_none(tmp_path: Path, text: str) -> None:
    """The next change replaces it."""
    import sqlite3

    async def main() -> None:
        store = FileStateStore(tmp_path / "s.db")
        await add(store, "a", 5)
        with sqlite3.connect(tmp_path / "s.db") as db:
            db.execute("UPDATE state_1 SET value = ?", (text,))
        db.close()
        assert await store.read("a") is None
        assert await add(store, "a") == 1
        await store.close()

    asyncio.run(main())


@pytest.mark.parametrize("value", [b"", b"{", b"\xff\xfe", b"[1]"])
def test_a_damaged_entry_of_redis_counts_as_none(redis_url: str, value: bytes) -> None:
    """The next change replaces it."""
    import redis

    async def main() -> None:
        store = RedisStateStore(redis_url)
        with redis.Redis.from_url(redis_url) as client:
            client.set("llm_orchestration:damaged", value)
        assert await store.read("damaged") is None
        assert await add(store, "damaged") == 1
        await store.close()

    asyncio.run(main())


@pytest.mark.parametrize("content", [b"this is no database" * 300, b"\0" * 5000], ids=["text", "zeros"])
def test_a_damaged_file_is_put_aside(tmp_path: Path, content: bytes) -> None:
    """The night goes on with a new one; the old one is kept for whoever wants to look."""

    async def main() -> None:
        path = tmp_path / "s.db"
        path.write_bytes(content)
        store = FileStateStore(path)
        assert await add(store, "a") == 1
        assert (tmp_path / "s.db.damaged").read_bytes() == content
        await store.close()

    asyncio.run(main())


def test_a_file_that_is_damaged_while_open_is_put_aside(tmp_path: Path) -> None:
    """Two stores have it open; both go on with the same new file."""

    async def main() -> None:
        path = tmp_path / "s.db"
        one, two = FileStateStore(path), FileStateStore(path)
        for n in range(200):
            await add(one, f"key{n}" * 20)
        await two.read("a")
        await one.close()
        whole = path.read_bytes()
        path.write_bytes(whole[:100] + os.urandom(len(whole) - 100))
        assert await add(two, "a") == 1
        assert await add(one, "a") == 2
        assert await add(two, "a") == 3
        await one.close()
        await two.close()

    asyncio.run(main())


def test_a_file_that_was_removed_is_made_anew(tmp_path: Path) -> None:
    """An operator who deletes the state resets it for running processes too; it is the owner's alone."""

    async def main() -> None:
        path = tmp_path / "s.db"
        store = FileStateStore(path)
        await add(store, "a", 7)
        for file in tmp_path.iterdir():
            file.unlink()
        assert await add(store, "a") == 1
        assert path.stat().st_mode & 0o777 == 0o600
        await store.close()

    asyncio.run(main())


def test_a_lock_of_another_process_is_waited_for_without_blocking_the_loop(tmp_path: Path) -> None:
    """Others on the loop go on meanwhile, and the change happens when the lock is gone."""
    import sqlite3

    async def main() -> None:
        path = tmp_path / "s.db"
        store = FileStateStore(path)
        await add(store, "a")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(add(store, "a"))
        for _ in range(50):
            await asyncio.sleep(0)
        assert not waiting.done()
        assert await store.read("a") == {"n": 1}, "reading needs no lock"
        other.execute("ROLLBACK")
        other.close()
        assert await waiting == 2
        await store.close()

    asyncio.run(main())


def test_a_file_that_cannot_be_made_is_a_named_error(tmp_path: Path) -> None:
    """A file where the folder should be; a folder where the file should be."""
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file" / "s.db", tmp_path):
        with pytest.raises(StateError, match="cannot be used"):
            asyncio.run(FileStateStore(path).read("a"))


def test_a_redis_that_is_not_there_is_a_named_error() -> None:
    """Soon, and without the password."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    store = open_state_store(f"redis://user:hidden@127.0.0.1:{port}/0")
    with pytest.raises(StateError, match=f"127.0.0.1:{port}") as caught:
        asyncio.run(used(store, add(store, "a")))
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "", "memory", "memory://x", "file://", "file:///", "file://host/s.db", "s3://b/k", "redis://", "redis:///0",
        "redis://h:port/0", "http://x", "/tmp/s.db", "redis://[::1/0",
    ],
)  # fmt: skip
def test_an_unknown_address_is_refused(url: str) -> None:
    """Before anything is opened, and without repeating what may be a password."""
    with pytest.raises(ConfigurationError, match="use memory://"):
        open_state_store(url)


def test_addresses_open_their_store(tmp_path: Path) -> None:
    """Blanks in a path are written as in any URL."""
    assert isinstance(open_state_store("memory://"), MemoryStateStore)
    assert isinstance(open_state_store("rediss://user:pw@host/0"), RedisStateStore)
    store = open_state_store((tmp_path / "a b" / "s.db").as_uri())
    asyncio.run(used(store, store.read("a")))
    assert (tmp_path / "a b" / "s.db").is_file()


def test_a_gate_works_over_each_store(url: str) -> None:
    """Twelve requests at once, two in flight: nothing is held at the end."""

    async def main(store: StateStore) -> None:
        gate = TrafficGate(store)
        in_flight = peak = 0

        async def send() -> Any:
            nonlocal in_flight, peak
            in_flight += 1
            peak = max(peak, in_flight)
            await asyncio.sleep(0.02)
            in_flight -= 1
            return ANSWER

        asked = [ticket(limits=limits(concurrency=2), wait=timedelta(seconds=30)) for _ in range(12)]
        assert await asyncio.gather(*(gate.ask(one, send) for one in asked)) == [ANSWER] * 12
        assert peak == 2
        state = await store.read("endpoint:e")
        assert state is not None
        assert state["load"] == {}

    store = open_state_store(url)
    asyncio.run(used(store, main(store)))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_one_gate_per_process_and_address(tmp_path: Path) -> None:
    """All threads share it; a forked child makes its own."""
    address = (tmp_path / "s.db").as_uri()
    gate = default_gate(address)
    assert default_gate(address) is gate
    assert default_gate(None) is default_gate("memory://")
    assert default_gate(None) is not gate
    child = os.fork()
    if child == 0:
        os._exit(0 if default_gate(address) is not gate else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with pytest.raises(ConfigurationError):
        default_gate("ftp://x")


def test_keys_are_listed_by_their_beginning(url: str) -> None:
    """What has no such beginning, and what was deleted, is not; nothing in a beginning is a pattern."""

    async def work() -> tuple[list[str], list[str]]:
        store = open_state_store(url)
        for key in ("endpoint:a|m", "endpoint:b[x]*", "account:a", "endpoint:gone"):
            await store.update(key, lambda _: ({"n": 1}, None), keep=HOUR)
        await store.update("endpoint:gone", lambda _: (None, None), keep=HOUR)
        found = await store.keys("endpoint:"), await store.keys("endpoint:b[x]*")
        await store.close()
        return found

    assert asyncio.run(work()) == (["endpoint:a|m", "endpoint:b[x]*"], ["endpoint:b[x]*"])
