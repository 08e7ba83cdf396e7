"""The part of `Services` that needs nothing but this package: whoever runs steps adds models, people, messages and other workflows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workflow_orchestrator.errors import NotYetError
from workflow_orchestrator.steps.work import Work

if TYPE_CHECKING:
    from workflow_orchestrator.documents import Document, ReadLimits
    from workflow_orchestrator.documents.pictures import Cut, Pictures
    from workflow_orchestrator.rendering import VideoJob


class LocalServices:
    """Reads documents and makes slides and videos in this process, by this machine's clock; nothing is remembered."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait_until(self, work: Work, moment: datetime) -> None:
        raise NotYetError(
            f"{work.step.name} waits until {moment.isoformat(timespec='minutes')}, and nobody waits here; run again when that is over, or "
            "start the run in Airflow, which waits",
            until=moment.isoformat(),
        )

    def read_document(self, data: bytes, limits: ReadLimits) -> Document:
        from workflow_orchestrator.documents import read_document

        return read_document(data, limits)

    def draw_pages(self, data: bytes, document: Document, pages: Sequence[int], cuts: Sequence[Cut]) -> Pictures:
        from workflow_orchestrator.documents.pictures import draw

        return draw(data, document, pages, cuts)

    def render_slides(self, work: Work, folder: Path) -> Sequence[Path]:
        from workflow_orchestrator.steps import slide

        return slide.render(work, folder)

    def make_video(self, provider: str, job: VideoJob, key: str, folder: Path) -> Sequence[Path]:
        from workflow_orchestrator.steps import video

        return video.make(provider, job, key, folder)
