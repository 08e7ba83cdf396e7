"""One object of the store as one event loop sees it: read at most so often, changed by many in one go.

A thousand requests that begin or end in one moment cost a few changes of the store and not a thousand, because the
changes that wait for the store are made together, in the order in which they came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, Protocol, Self, TypeVar

from llm_orchestration.errors import StateError
from llm_orchestration.traffic._state import report_damage
from llm_orchestration.traffic.contract import StateStore

# How old the knowledge about something that works may get, in seconds.
FRESH = 1.0
# More at once would hold up the loop.
_TOGETHER = 100


class Value(Protocol):
    """An immutable object that JSON can hold."""

    def to_json(self) -> dict[str, Any]:
        """The object as JSON."""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Inverse of `to_json`; raises `ValueError`, `KeyError` or `TypeError` for damage."""


V = TypeVar("V", bound=Value)
T = TypeVar("T")
Step = Callable[[V], tuple[V, T]]


def decoded(kind: type[V], key: str, state: Mapping[str, Any] | None) -> V:
    """The value of a stored object; of none and of a damaged one, a new value."""
    if state is None:
        return kind()
    try:
        return kind.from_json(state)
    except (ValueError, KeyError, TypeError):
        report_damage(key)
        return kind()


@dataclass
class _Waiting(Generic[V]):
    step: Step[V, Any]
    done: asyncio.Future[Any]
    surely: bool
    undo: Callable[[Any], Step[V, None] | None] | None = None


class Shared(Generic[V]):
    """A value that processes share. Belongs to the running loop.

    Args:
        store: Where it lies.
        key: Under which name.
        kind: Its class; called without arguments it makes a new value.
        keep: How long the store keeps it after its last change.
        clock: Wall clock in seconds.
    """

    def __init__(self, store: StateStore, key: str, kind: type[V], keep: timedelta, clock: Callable[[], float]) -> None:
        self.key = key
        self.value = kind()
        self._store = store
        self._kind = kind
        self._keep = keep
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None
        self._waiting: list[_Waiting[V]] = []
        self._working: asyncio.Task[None] | None = None

    def knows(self, age: float = FRESH) -> bool:
        """Whether `value` is at most `age` seconds old."""
        return 0 <= self._clock() - self._read_at <= age

    async def look(self, age: float = FRESH) -> V:
        """The value, at most `age` seconds old. Whoever asks at the same time shares one read.

        Raises:
            StateError: The store cannot be used.
        """
        if self.knows(age):
            return self.value
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
            self._reading.add_done_callback(self._has_read)
        try:
            await asyncio.shield(self._reading)
        except StateError as problem:
            message = problem.message
        else:
            return self.value
        # One error for each asker: an error collects facts on its way up.
        raise StateError(message)

    async def change(self, step: Step[V, T], *, undo: Callable[[T], Step[V, None] | None]) -> T:
        """Changes the value and returns what `step` says beside it.

        Args:
            step: Makes a new value of the present one; may run several times.
            undo: The step that takes this one back, made of what it said; `None` when there is nothing to take back.
                Taken when the asker was cancelled meanwhile.

        Raises:
            StateError: The store cannot be used.
        """
        waiting = _Waiting(step, self._loop.create_future(), surely=False, undo=undo)
        self._add(waiting)
        try:
            told: T = await waiting.done
        except asyncio.CancelledError:
            # A cancellation can also come when the change is made and the asker has not gone on yet.
            if not waiting.done.cancelled() and waiting.done.exception() is None:
                self._undo(waiting, waiting.done.result())
            raise
        return told

    def submit(self, step: Step[V, T]) -> asyncio.Future[T]:
        """Changes the value whatever happens to the asker; the future holds what `step` says, or a `StateError`."""
        done: asyncio.Future[T] = self._loop.create_future()
        # Nobody has to look at it.
        done.add_done_callback(lambda future: future.cancelled() or future.exception())
        self._add(_Waiting(step, done, surely=True))
        return done

    def _add(self, waiting: _Waiting[V]) -> None:
        self._waiting.append(waiting)
        if self._working is None:
            self._working = asyncio.create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting:
                # Lets everybody join who acts in the same moment.
                await asyncio.sleep(0)
                together, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
                await self._apply([one for one in together if one.surely or not one.done.cancelled()])
        finally:
            self._working = None

    async def _apply(self, together: list[_Waiting[V]]) -> None:
        def change(state: dict[str, Any] | None) -> tuple[dict[str, Any] | None, tuple[V, list[Any]]]:
            before = value = decoded(self._kind, self.key, state)
            told = []
            for one in together:
                value, said = one.step(value)
                told.append(said)
            return (state if value is before else value.to_json()), (value, told)

        try:
            self.value, told = await self._store.update(self.key, change, keep=self._keep)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to those who wait
            for one in together:
                if not one.done.done():
                    one.done.set_exception(StateError(error.message) if isinstance(error, StateError) else error)
            return
        self._read_at = self._clock()
        for one, said in zip(together, told, strict=True):
            if not one.done.done():
                one.done.set_result(said)
            else:
                self._undo(one, said)

    def _undo(self, one: _Waiting[V], said: Any) -> None:
        if one.undo is not None and (back := one.undo(said)) is not None:
            self.submit(back)

    async def _read(self) -> None:
        self.value = decoded(self._kind, self.key, await self._store.read(self.key))
        self._read_at = self._clock()

    def _has_read(self, task: asyncio.Task[None]) -> None:
        self._reading = None
        if not task.cancelled():
            # Retrieved here, so that a read whose askers were all cancelled is not reported as forgotten.
            task.exception()
