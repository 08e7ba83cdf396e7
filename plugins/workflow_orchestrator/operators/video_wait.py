"""A video that a vendor is at work on, waited for by a trigger, so that no worker is held.

    worker      start: asks the vendor once, or finds the job in the run's folder ─► leaves
    triggerer   asks for the status, again and again, more and more seldom, sooner where the vendor's webhook rang ─► one event
    worker      start finds the job ─► fetch: clip, film, check

Where Airflow does not defer, the worker asks itself, within the step's own time limit; what that ends finds its job again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from airflow.triggers.base import BaseTrigger, TriggerEvent

from workflow_orchestrator import errors
from workflow_orchestrator.definition.rendering_file import Spec
from workflow_orchestrator.errors import (
    OrchestratorError,
    VendorDeadlineError,
    VendorError,
    VendorJobError,
    VendorOutageError,
)
from workflow_orchestrator.rendering.jobs import JobRef, JobState, JobStatus
from workflow_orchestrator.rendering.vendors.callbacks import GLANCE, hang_up, rung, take_down

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

    from workflow_orchestrator.rendering.providers import VideoJob
    from workflow_orchestrator.rendering.vendors.film import FilmedOpening
    from workflow_orchestrator.storage import Storage

_log = structlog.get_logger(__name__)
# Before the first look; longer than the two seconds that a task which a worker left must stay away (see the LLM layer's triggers).
FIRST_LOOK = 5.0
SLOWER = 1.5
LONGEST_PAUSE = 60.0
# Airflow's own limit of a wait, should no triggerer run.
BACKSTOP = timedelta(minutes=15)


class VideoJobTrigger(BaseTrigger):
    """Tells how a vendor's job ended, or that it has not by `until`. It never raises: Airflow would lose the error.

    Args:
        spec: the provider's settings: `{kind: {…}}`, without any key.
        ref: the job, as `JobRef.to_json` gives it.
        until: seconds since 1970.
        pause: seconds before the first look; each further pause is half as long again, up to a minute.
        bell: the URI of the bell that the vendor's webhook rings (`vendors.callbacks`); without one the job is polled alone.
    """

    def __init__(
        self, spec: Mapping[str, Any], ref: Mapping[str, Any], until: float, pause: float | None = None, bell: str | None = None
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.spec = dict(spec)
        self.ref = dict(ref)
        self.until = until
        self.pause = FIRST_LOOK if pause is None else pause
        self.bell = bell

    def serialize(self) -> tuple[str, dict[str, Any]]:
        arguments = {"spec": self.spec, "ref": self.ref, "until": self.until, "pause": self.pause, "bell": self.bell}
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event: `succeeded`, `failed` with a reason, `timeout`, or `error` with the error as data."""
        try:
            event = await self._event()
        except OrchestratorError as error:
            event = {"state": "error", "error": error.to_json()}
        except Exception as error:  # noqa: BLE001 - told to the worker, which raises it as a typed error
            told = VendorOutageError(f"nobody can say how the job is doing: {type(error).__name__}: {error}")
            event = {"state": "error", "error": told.to_json()}
        yield TriggerEvent({"job": self.ref["id"], **event})  # type: ignore[no-untyped-call]

    async def _event(self) -> dict[str, Any]:
        from workflow_orchestrator.rendering.vendors.access import aconnection_of

        ((kind, settings),) = self.spec.items()
        spec = Spec(kind, settings)
        # Read on the loop: a triggerer's threads cannot ask Airflow (see `called.state_of`).
        connection = await aconnection_of(spec)
        look = await asyncio.to_thread(_looker, spec, connection)
        return await watch(look, JobRef.from_json(self.ref), self.until, self.pause, bell=None if self.bell is None else Bell(self.bell))


def _looker(spec: Spec, connection: Any) -> Callable[[JobRef], JobStatus]:
    """How to ask the vendor. In a thread, because it imports the vendor's SDK."""
    from workflow_orchestrator.rendering.vendors.clips import vendor_of

    return vendor_of(spec, connection).status


class Bell:
    """A bell that a vendor's webhook rings, as whoever waits hears it: once for each time that it rang.

    Args:
        uri: of its file.
    """

    def __init__(self, uri: str) -> None:
        self._folder, _, self._name = uri.rpartition("/")
        self._heard: bytes | None = None

    def rang(self) -> bool:
        """Whether it has rung since it was asked last. A storage that cannot say is no reason to look: the job is polled anyway."""
        from llm_orchestration.places import shared_store

        try:
            data = shared_store(self._folder).get(self._name)
        except Exception as error:  # noqa: BLE001 - any storage, any failure
            _log.warning("rendering.clip.no_bell", error=f"{type(error).__name__}: {error}")
            return False
        if data == self._heard or not rung(data):
            return False
        self._heard = data
        return True


async def watch(
    look: Callable[[JobRef], JobStatus],
    ref: JobRef,
    until: float,
    pause: float,
    *,
    bell: Bell | None = None,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], Any] = asyncio.sleep,
) -> dict[str, Any]:
    """Asks until the job has ended or the time is up; an outage of the vendor is waited out.

    Args:
        look: asks; it may block, so it runs in a thread.
        ref: the job.
        until: seconds since 1970; the time is looked at after the job, so one that ended in time has ended.
        pause: seconds before the first look.
        bell: ends a pause when it rings, but not one that the vendor asked for.
        now: seconds since 1970.
        sleep: waits on the loop.

    Returns:
        `state` with `reason`: `succeeded`, `failed` or `timeout`.

    Raises:
        VendorError: the vendor refuses to say; an outage is none.
    """
    outage = ""
    wait = 0.0
    while True:
        await _pause(min(pause, max(0.0, until - now())), None if wait else bell, sleep)
        wait = 0.0
        try:
            status = await asyncio.to_thread(look, ref)
        except VendorOutageError as error:
            outage, asked = error.message, error.retry_after
            wait = asked.total_seconds() if asked else 0.0
            _log.warning("rendering.clip.no_status", job=ref.id, error=error.message, retry_after=wait or None)
        else:
            outage = ""
            if status.finished:
                return {"state": status.state.value, "reason": status.reason}
        if now() >= until:
            return {"state": "timeout", "reason": outage}
        pause = max(min(pause * SLOWER, LONGEST_PAUSE), wait)


async def _pause(seconds: float, bell: Bell | None, sleep: Callable[[float], Any]) -> None:
    """Waits, at most until the bell rings."""
    if bell is None:
        await sleep(seconds)
        return
    while seconds > 0:
        if await asyncio.to_thread(bell.rang):
            return
        await sleep(min(seconds, GLANCE))
        seconds -= GLANCE


def filmed_video(
    operator: BaseOperator,
    provider: FilmedOpening,
    job: VideoJob,
    key: str,
    folder: Path,
    event: Mapping[str, Any] | None,
    method_name: str,
    storage: Storage | None = None,
) -> Sequence[Path]:
    """The files of a video whose opening a vendor films.

    Args:
        operator: the running task's operator, which leaves the worker while the vendor is at work.
        provider: with the run's folder as its `files`.
        job: what is made.
        key: the same for every try of the same content.
        folder: of this stint.
        event: what the trigger told, when the step goes on after a wait.
        method_name: the operator's method that goes on.
        storage: where the vendor's webhook rings, if the provider has one.

    Raises:
        TaskDeferred: the vendor is being waited for.
        VendorJobError: the vendor failed.
        VendorDeadlineError: it is not through in time.
        RenderError: see `FilmedOpening`.
    """
    ref = provider.start(job, idempotency_key=key, work=folder / "work")
    if event is None or event.get("job") != ref.id:
        bell = _hung_up(provider, ref, storage)
        until = time.time() + provider.spec.within.total_seconds()
        trigger = VideoJobTrigger(provider.spec.to_json(), ref.to_json(), until, bell=bell)
        from llm_orchestration.deferral import deferrable_by_default

        if deferrable_by_default():
            operator.defer(trigger=trigger, method_name=method_name, timeout=provider.spec.within + BACKSTOP)
        heard = None if bell is None else Bell(bell)
        event = asyncio.run(watch(provider.status, ref, trigger.until, trigger.pause, bell=heard))
    if storage is not None and "webhook" in provider.spec.settings:
        take_down(storage, provider.name, ref.id)
    _end(provider, ref, event)
    return provider.fetch(ref, folder / "out", job=job)


def _hung_up(provider: FilmedOpening, ref: JobRef, storage: Storage | None) -> str | None:
    """The URI of the job's bell, where the provider's vendor calls back."""
    if storage is None or "webhook" not in provider.spec.settings:
        return None
    return storage.uri_of(hang_up(storage, provider.name, ref.id))


def _end(provider: FilmedOpening, ref: JobRef, event: Mapping[str, Any]) -> None:
    """Raises what the event tells of, unless the job succeeded."""
    state, vendor = event["state"], provider.spec.kind
    if state == JobState.SUCCEEDED.value:
        return
    if state == JobState.FAILED.value:
        provider.failed(ref, event["reason"])
        raise VendorJobError(
            f"{provider.name} failed at the video {ref.id}: {event['reason']}. Clearing the step starts a new one, which is paid again",
            vendor=vendor,
            job=ref.id,
        )
    if state == "timeout":
        said = f" It could not be asked at last: {event['reason']}." if event.get("reason") else ""
        raise VendorDeadlineError(
            f"{provider.name} is not through with the video {ref.id} within {provider.spec.within}.{said} Clear the step later: it looks "
            "again and starts nothing",
            vendor=vendor,
            job=ref.id,
        )
    raise told_error(event["error"])


def told_error(data: Mapping[str, Any]) -> OrchestratorError:
    """The error that a trigger told as data, of its own class."""
    details = {name: value for name, value in data.items() if name not in ("error", "message")}
    found = getattr(errors, str(data.get("error")), None)
    cls = found if isinstance(found, type) and issubclass(found, OrchestratorError) else VendorError
    return cls(str(data.get("message")), **details)
