"""Claims: who asks, who waits, who takes over; with a clock of the test and beats of other processes as files."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from llm_orchestration import owners
from llm_orchestration.claims import Claim, Claims, StoreJobBook
from llm_orchestration.stores import FolderStore

KEY = "ab" * 32


class Time:
    """A clock that runs only while somebody sleeps; `during` happens in each sleep."""

    def __init__(self, looks: int = 100) -> None:
        self.looks = looks
        self.now = 1000.0
        self.slept: list[float] = []
        self.during: Callable[[], None] = lambda: None

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)
        self.during()
        if len(self.slept) > self.looks:
            raise AssertionError("waits for ever")

    def claims(self, store: FolderStore) -> Claims:
        return Claims(store, clock=lambda: self.now, sleep=self.sleep)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderStore:
    """A store of claims; each test's process is an owner of its own."""
    monkeypatch.setattr(owners._here, "owner", owners.Owner())
    return FolderStore(tmp_path)


def files(store: FolderStore, folder: str = "claims") -> list[str]:
    root = Path(store.uri.removeprefix("file://"))
    return sorted(path.relative_to(root).as_posix() for path in (root / folder).rglob("*.json"))


def claimed_elsewhere(store: FolderStore, generation: int = 1, owner: str = "other-1") -> str:
    name = f"claims/{KEY}/{generation}.json"
    store.put(name, json.dumps({"format": 1, "owner": owner, "beats": store.uri, "state": "asking"}).encode())
    return name


def beat(store: FolderStore, number: int, owner: str = "other-1") -> None:
    store.put(f"owners/{owner}.json", json.dumps({"beat": str(number)}).encode())


def take(claims: Claims) -> Claim:
    return asyncio.run(claims.take(KEY))


def test_a_free_claim_is_taken_at_once_and_leaves_nothing(store: FolderStore) -> None:
    """The usual case: one write, no wait, and after the end no file."""
    time = Time()
    claim = take(time.claims(store))
    assert (claim.waited, claim.lost, time.slept) == (False, False, [])
    assert files(store) == [f"claims/{KEY}/1.json"]
    claim.release()
    assert files(store) == []
    take(time.claims(store)).release()


def test_a_live_owner_is_waited_for_as_long_as_it_takes(store: FolderStore) -> None:
    """While the beat goes on nobody takes over, however long the model thinks; the end is seen at the next look."""
    name = claimed_elsewhere(store)
    time = Time()

    def go_on() -> None:
        beat(store, int(time.now) // 5)
        if time.now > 1120:
            store.delete(name)

    time.during = go_on
    claim = take(time.claims(store))
    assert (claim.waited, claim.lost) == (True, False)
    assert sum(time.slept) >= 120
    claim.release()
    assert files(store) == []


def test_an_owner_whose_beat_stands_still_is_taken_over(store: FolderStore) -> None:
    """After 20 seconds by the watcher's own clock, not sooner, and the claim says that an owner was lost."""
    claimed_elsewhere(store)
    beat(store, 1)
    time = Time()
    claim = take(time.claims(store))
    assert (claim.waited, claim.lost) == (True, True)
    assert 20 < sum(time.slept) <= 24
    assert files(store) == [f"claims/{KEY}/1.json", f"claims/{KEY}/2.json"]
    claim.release()
    time = Time()
    following = take(time.claims(store))
    assert (following.lost, time.slept) == (False, [])
    following.release()


def test_an_owner_that_never_beat_is_taken_over(store: FolderStore) -> None:
    """Killed between its claim and its first beat."""
    claimed_elsewhere(store)
    assert take(Time().claims(store)).lost


def test_a_damaged_claim_does_not_block_for_ever(store: FolderStore) -> None:
    """It names no owner, so nobody's beat keeps it."""
    store.put(f"claims/{KEY}/1.json", b"{half")
    assert take(Time().claims(store)).lost


def test_a_dropped_claim_is_taken_over_at_once(store: FolderStore) -> None:
    """A triggerer that was shut down says so; nobody has to wait, but the request may have been sent."""
    first = take(Time().claims(store))
    first.drop()
    time = Time()
    second = take(time.claims(store))
    assert (second.lost, time.slept) == (True, [])
    second.release()
    assert not take(Time().claims(store)).lost


def test_one_watcher_of_many_takes_over(store: FolderStore) -> None:
    """Twenty watchers of one lost owner: one takes over, the others wait for it, and nobody else counts as a resend."""
    claimed_elsewhere(store)
    held: list[Claim] = []

    async def ask(time: Time) -> bool:
        claim = await time.claims(store).take(KEY)
        held.append(claim)
        assert len(held) == 1
        await asyncio.sleep(0)
        held.remove(claim)
        await asyncio.to_thread(claim.release)
        return claim.lost

    async def all_of_them() -> list[bool]:
        return await asyncio.gather(*(ask(Time(looks=100_000)) for _ in range(20)))

    assert asyncio.run(all_of_them()).count(True) == 1


def test_askers_of_one_process_take_turns(store: FolderStore) -> None:
    """Two triggers of one triggerer with the same question: the second waits, though the owner is its own process."""
    order: list[str] = []

    async def first(ready: asyncio.Event, go: asyncio.Event) -> None:
        claim = await Claims(store).take(KEY)
        ready.set()
        await go.wait()
        order.append("first ends")
        await asyncio.to_thread(claim.release)

    async def both() -> Claim:
        ready, go, time = asyncio.Event(), asyncio.Event(), Time()
        time.during = lambda: go.set() if time.now > 1060 else None
        one = asyncio.create_task(first(ready, go))
        await ready.wait()

        async def sleep(seconds: float) -> None:
            await time.sleep(seconds)
            if go.is_set():
                await one

        claim = await Claims(store, clock=lambda: time.now, sleep=sleep).take(KEY)
        order.append("second begins")
        return claim

    claim = asyncio.run(both())
    assert order == ["first ends", "second begins"]
    assert (claim.waited, claim.lost) == (True, False)


def test_an_owner_that_was_taken_for_lost_leaves_its_successor_alone(store: FolderStore) -> None:
    """A process that was only cut off ends late: the claim of whoever took over stays."""
    zombie = take(Time().claims(store))
    claimed_elsewhere(store, 2)
    zombie.release()
    assert files(store) == [f"claims/{KEY}/1.json", f"claims/{KEY}/2.json"]


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_claim_of_a_forked_parent_is_not_the_childs_own(store: FolderStore) -> None:
    """A child that inherited the module's memory waits for its parent as anybody else."""
    claim = take(Time().claims(store))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        time = Time()
        time.during = lambda: beat(store, int(time.now), parent)
        parent = claim._owner.name
        try:
            take(time.claims(store))
            os.write(writer, b"took it")
        except AssertionError:
            os.write(writer, b"waits")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 20) == b"waits"
    claim.release()


def test_the_beat_goes_on_while_claims_are_held(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file for all claims of the process, rewritten from a thread of its own and removed with the last claim."""
    monkeypatch.setattr(owners, "BEAT_EVERY", timedelta(milliseconds=5))
    changed = threading.Event()
    seen: set[bytes] = set()
    real = store.put

    def put(name: str, value: bytes) -> None:
        real(name, value)
        if name.startswith("owners/"):
            seen.add(value)
            if len(seen) >= 3:
                changed.set()

    monkeypatch.setattr(store, "put", put)
    removed = threading.Event()
    real_delete = store.delete

    def delete(name: str) -> None:
        real_delete(name)
        if name.startswith("owners/"):
            removed.set()

    monkeypatch.setattr(store, "delete", delete)

    async def both() -> tuple[Claim, Claim]:
        return await Claims(store).take(KEY), await Claims(store).take("cd" * 32)

    one, two = asyncio.run(both())
    assert changed.wait(5)
    assert len(files(store, "owners")) == 1
    one.release()
    assert not removed.is_set()
    two.release()
    assert removed.wait(5)
    assert files(store, "owners") == []


def test_claims_in_many_stores_have_one_beat(store: FolderStore, tmp_path: Path) -> None:
    """A thousand runs have a thousand journals; their claims in one process name the same beat and share one thread."""
    stores = [FolderStore(tmp_path / str(number)) for number in range(20)]
    before = threading.active_count()

    async def all_of_them() -> list[Claim]:
        return await asyncio.gather(*(Claims(store).take(KEY) for store in stores))

    held = asyncio.run(all_of_them())
    assert threading.active_count() == before + 1
    named = {json.loads(store.get(f"claims/{KEY}/1.json") or b"")["beats"] for store in stores}
    assert named <= {store.uri for store in stores}
    assert len(named) == 1
    for claim in held:
        claim.release()


def test_an_asker_that_is_cancelled_while_it_claims_keeps_nothing(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that wins the claim after its asker has gone lets it go."""
    entered, go_on, gone = threading.Event(), threading.Event(), threading.Event()
    real_create, real_delete = store.create, store.delete

    def create(name: str, value: bytes) -> bool:
        entered.set()
        go_on.wait(5)
        return real_create(name, value)

    def delete(name: str) -> None:
        real_delete(name)
        if name.startswith("claims/"):
            gone.set()

    monkeypatch.setattr(store, "create", create)
    monkeypatch.setattr(store, "delete", delete)

    async def cancelled() -> None:
        task = asyncio.create_task(Claims(store).take(KEY))
        await asyncio.to_thread(entered.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()
        assert await asyncio.to_thread(gone.wait, 5)

    asyncio.run(cancelled())
    assert files(store) == []


def test_a_store_that_fails_stops_the_asker(store: FolderStore) -> None:
    """Who cannot see whether somebody asks does not ask; no claim of this process is left behind in memory."""
    (Path(store.uri.removeprefix("file://")) / "claims").write_text("in the way")
    with pytest.raises(OSError, match="claims"):
        take(Time().claims(store))
    (Path(store.uri.removeprefix("file://")) / "claims").unlink()
    take(Time().claims(store)).release()


def test_the_job_book_outlives_its_process(store: FolderStore) -> None:
    """The job of an earlier process is found and marked as resumed; forgotten jobs are gone for everybody."""
    first = StoreJobBook(store)
    assert first.get("r1") is None
    assert not first.resumed
    first.put("r1", "job-1")
    second = StoreJobBook(store)
    assert second.get("r1") == "job-1"
    assert second.resumed
    assert second.open_jobs == ("job-1",)
    second.put("r2", "job-2")
    second.close()
    assert second.open_jobs == ()
    assert StoreJobBook(store).get("r1") is None
    assert files(store, "jobs") == []


def test_a_damaged_job_is_no_job(store: FolderStore) -> None:
    """It is submitted anew, rather than never."""
    store.put("jobs/r1.json", b"\xff")
    assert StoreJobBook(store).get("r1") is None
