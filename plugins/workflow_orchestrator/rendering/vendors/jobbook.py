"""Jobs that were started at a vendor, kept in the run's folder: whoever comes later finds the job and starts no second one.

    video_jobs/<key>.json     `starting` before the vendor is asked, then `started` with its reference, then `failed` if it did
    video_jobs/<key>.wav      the narration that the clip is filmed to, and <key>.narration.json with its times

Two processes never ask at the same time: a claim (the one of the LLM layer) lets the second wait until the first has written what it
got, or is lost. A start whose answer was lost is asked again with the same idempotency key, or looked up where the vendor has none.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from workflow_orchestrator.canonical import to_bytes
from workflow_orchestrator.errors import RenderError
from workflow_orchestrator.file_format import refuse_newer
from workflow_orchestrator.rendering.jobs import JobRef
from workflow_orchestrator.rendering.voices import Files

FOLDER = "video_jobs"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class JobRecord:
    """What is known of a job. `number` counts the jobs that were started for one key: a new one only after one that failed.

    `usd` is what those that the vendor took cost together, in US dollars, None where nobody has said a price.
    """

    state: str
    number: int
    voice: str
    ref: JobRef | None = None
    reason: str = ""
    usd: Decimal | None = Decimal(0)

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "state": self.state,
            "number": self.number,
            "voice": self.voice,
            "ref": None if self.ref is None else self.ref.to_json(),
            "reason": self.reason,
            "usd": None if self.usd is None else str(self.usd),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> JobRecord:
        ref, usd = data["ref"], data.get("usd")
        return cls(
            data["state"], data["number"], data["voice"], None if ref is None else JobRef.from_json(ref), data["reason"],
            None if usd is None else Decimal(usd),
        )  # fmt: skip


class JobBook:
    """The jobs of a run.

    Args:
        files: the run's folder.
    """

    def __init__(self, files: Files) -> None:
        self._files = files

    def find(self, key: str) -> JobRecord | None:
        """What is known of the job of a key.

        Raises:
            RenderError: a newer platform wrote it.
        """
        name = f"{FOLDER}/{key}.json"
        if not self._files.exists(name):
            return None
        data = json.loads(self._files.read(name))
        # Half understood, it could start a second job, which is paid again.
        refuse_newer(data, FORMAT, name, RenderError)
        return JobRecord.from_json(data)

    def put(self, key: str, record: JobRecord) -> None:
        """Keeps it."""
        self._files.write(f"{FOLDER}/{key}.json", to_bytes(record.to_json()))

    @contextmanager
    def claimed(self, key: str) -> Iterator[None]:
        """Holds the right to start the job of a key; waits while another process has it."""
        place = getattr(self._files, "uri", None)
        if place is None:  # a folder of this process alone
            yield
            return
        from llm_orchestration.claims import Claims
        from llm_orchestration.places import shared_store

        claims = Claims(shared_store(place(FOLDER)))
        claim = asyncio.run(claims.take(key))
        try:
            yield
        finally:
            claim.release()
