"""Jobs that are made elsewhere: a reference that outlives the process, and where a job stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class JobRef:
    """A started job. `id` is the provider's own, `location` where it keeps the result if that is known."""

    provider: str
    id: str
    location: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"provider": self.provider, "id": self.id, "location": self.location}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> JobRef:
        return cls(data["provider"], data["id"], data.get("location", ""))


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The state of a job; a failed one says why. `progress` runs from 0 to 1 where the provider tells it."""

    state: JobState
    reason: str = ""
    progress: float | None = None

    def __post_init__(self) -> None:
        if (self.state is JobState.FAILED) != bool(self.reason):
            raise ValueError("a failed job has a reason, and no other job has one")

    @property
    def finished(self) -> bool:
        return self.state in (JobState.SUCCEEDED, JobState.FAILED)
