"""A video whose opening is filmed by a vendor: our narration goes out, a clip comes back, and the film is made here around it.

start    narrates · keeps the narration · asks the vendor once (jobbook.py)
status   asks the vendor
fetch    copies the clip · makes the film (opening.py) · checks it
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_UP, Decimal
from pathlib import Path
from typing import Any

from workflow_orchestrator import canonical
from workflow_orchestrator.definition.rendering_file import Spec
from workflow_orchestrator.definition.wording import money
from workflow_orchestrator.errors import BudgetError, RenderError, VendorError, VendorOutageError
from workflow_orchestrator.rendering import ffmpeg
from workflow_orchestrator.rendering.formats import format_of
from workflow_orchestrator.rendering.jobs import JobRef, JobStatus
from workflow_orchestrator.rendering.mark import Mark
from workflow_orchestrator.rendering.opening import FIRST_SLIDE_STANDS, Opening, opening_of, sound_of
from workflow_orchestrator.rendering.paging import paged
from workflow_orchestrator.rendering.providers import FILES, VideoJob, credentials_of, film, voice_of
from workflow_orchestrator.rendering.speech import Narration, narrate
from workflow_orchestrator.rendering.vendors.access import connection_of
from workflow_orchestrator.rendering.vendors.clips import ClipOrder, ClipVendor, vendor_of
from workflow_orchestrator.rendering.vendors.jobbook import FOLDER, JobBook, JobRecord
from workflow_orchestrator.rendering.voices import Files, FolderFiles

_MILLIONTH = Decimal("0.000001")
_NOT_THE_CLIP = ("within", "webhook", "price_usd_per_minute")
_ASPECTS = {"landscape": "16:9", "portrait": "9:16", "square": "1:1"}


class FilmedOpening:
    """A video provider of `include/rendering.yaml`.

    Args:
        name: its name there.
        spec: what the file says.
        files: the run's folder; without it, the folder that `start` is given.
        vendor: who films; without it, the vendor of the settings.
    """

    def __init__(
        self, name: str, spec: Spec, *, files: Files | None = None, vendor: Callable[[], ClipVendor] | None = None
    ) -> None:
        self.name = name
        self.spec = spec
        self._files = files
        self._made = vendor or (lambda: vendor_of(spec, connection_of(spec)))
        self._opened: ClipVendor | None = None
        self._keys: dict[str, str] = {}

    @property
    def vendor(self) -> ClipVendor:
        """Who films; opened when first needed."""
        if self._opened is None:
            self._opened = self._made()
        return self._opened

    def start(self, job: VideoJob, *, idempotency_key: str, work: Path) -> JobRef:
        """Asks the vendor for the clip of a job, or finds the job that was started with the same key and content.

        After a job that failed, a new one is started: only a person comes here again then, because that error is not retried.

        Raises:
            SpeechError: the voice failed.
            BudgetError: the clip costs more than the job may.
            VendorError: voice or vendor refused; as `VendorOutageError` where a retry can help.
        """
        files = self._files = self._files or FolderFiles(work)
        book = JobBook(files)
        key = self._key(job, idempotency_key)
        # Opened first: a missing connection or certificate is told before a voice is paid.
        _ = self.vendor, credentials_of(job)
        with book.claimed(key):
            known = book.find(key)
            if known is None or known.state != "started" or known.ref is None:
                known = self._start(job, key, known, book, files, work)
        if known.ref is None:
            raise AssertionError("a job that was started has a reference")
        self._keys[known.ref.id] = key
        return known.ref

    def _key(self, job: VideoJob, idempotency_key: str) -> str:
        """Content, vendor and its settings: another avatar is another job, another price or way of waiting is not."""
        settings = {name: value for name, value in self.spec.settings.items() if name not in _NOT_THE_CLIP}
        return canonical.sha256(canonical.to_bytes([idempotency_key, job.digest(), self.spec.kind, settings]))[:40]

    def _start(
        self, job: VideoJob, key: str, known: JobRecord | None, book: JobBook, files: Files, work: Path
    ) -> JobRecord:
        number = 1 if known is None else known.number + (known.state == "failed")
        token = f"{key}-{number}"
        if known is None:
            voice = self._narrated(job, key, files, work)
        else:
            voice = known.voice
        begun = JobRecord("starting", number, voice, usd=Decimal(0) if known is None else known.usd)
        order = self._order(job, key, files)
        cost = self._cost(order, job)
        ref = None if known is None or known.state == "failed" else self.vendor.find(token)
        if ref is None:
            # Written before the vendor is asked: whoever finds it knows that a job may be there.
            book.put(key, begun)
            try:
                ref = self.vendor.start(order, idempotency_key=token)
            except VendorOutageError:
                raise
            except VendorError as error:
                # Refused, so there is no job; the same token would be answered with the same refusal.
                book.put(key, replace(begun, state="failed", reason=error.message))
                raise
        paid = None if cost is None or begun.usd is None else begun.usd + cost
        started = replace(begun, state="started", ref=ref, usd=paid)
        book.put(key, started)
        return started

    def _narrated(self, job: VideoJob, key: str, files: Files, work: Path) -> str:
        """Speaks and keeps the narration, because the clip is filmed to these very samples; returns who spoke."""
        voice = voice_of(job, files)
        work.mkdir(parents=True, exist_ok=True)
        with ffmpeg.room_in(work), tempfile.TemporaryDirectory(dir=work) as name:
            narration = narrate(paged(job.script), voice, Path(name), first_slide_stands=FIRST_SLIDE_STANDS)
            files.write(f"{FOLDER}/{key}.wav", narration.audio.read_bytes())
            files.write(f"{FOLDER}/{key}.narration.json", canonical.to_bytes(narration.to_json()))
        return voice.name

    def _order(self, job: VideoJob, key: str, files: Files) -> ClipOrder:
        with tempfile.TemporaryDirectory() as name:
            narration = _kept(key, files, Path(name))
            end = opening_of(narration)
            aspect = _ASPECTS.get(format_of(job.slides[0]).name, "16:9")
            return ClipOrder(job.title, job.language, end, aspect, sound_of(narration, end))

    def _cost(self, order: ClipOrder, job: VideoJob) -> Decimal | None:
        """What the clip costs; None where nobody has said a price.

        Raises:
            BudgetError: it is more than the job may cost.
        """
        price = self.spec.usd_per_minute
        if price is None:
            return None
        length = timedelta(seconds=int(self.spec.settings.get("duration", "5s")[:-1])) if not self.vendor.speaks else order.length
        cost = (price * (length // timedelta(milliseconds=1)) / 60_000).quantize(_MILLIONTH, ROUND_UP)
        if job.most_usd is not None and cost > job.most_usd:
            raise BudgetError(
                f"a clip of {self.name} costs {money(cost)} ({length.total_seconds():.1f} s at {money(price)} a minute), more than the "
                f"{money(job.most_usd)} that is left of the run's budget (budget.usd); raise it, or choose another provider"
            )
        return cost

    def status(self, ref: JobRef) -> JobStatus:
        """Where the clip stands.

        Raises:
            VendorError: the vendor cannot say; as `VendorOutageError` where a retry can help.
        """
        return self.vendor.status(ref)

    def failed(self, ref: JobRef, reason: str) -> None:
        """Notes that the vendor failed, so that the next start is a new one."""
        key = self._key_of(ref)
        book = JobBook(self._kept_files())
        known = book.find(key)
        if known is not None and known.ref == ref:
            book.put(key, replace(known, state="failed", reason=reason))

    def fetch(self, ref: JobRef, out: Path, *, job: VideoJob | None = None) -> tuple[Path, ...]:
        """Copies the clip and makes the film; nothing appears in `out` before the film has passed its check.

        Raises:
            RenderError: the job is not finished, or no job was given.
            VendorError: the clip cannot be copied; as `VendorOutageError` where a retry can help.
            EncoderError: ffmpeg failed; a retry can help.
            VideoCheckError: the film is not what was planned.
        """
        if job is None:
            raise RenderError(f"the film of {ref.id} is made of a job; give it to fetch")
        key, files = self._key_of(ref), self._kept_files()
        record = JobBook(files).find(key)
        out.mkdir(parents=True, exist_ok=True)
        with ffmpeg.room_in(out), tempfile.TemporaryDirectory(dir=out, prefix=".film-") as name:
            folder = Path(name)
            clip = self.vendor.fetch(ref, folder / "clip.mp4")
            narration = _kept(key, files, folder)
            opening = Opening(clip, opening_of(narration), self.vendor.speaks)
            mark = self._mark(record.voice if record else job.voice, job.script.writer)
            film(job, narration, mark, folder, opening=opening)
            for file in FILES:
                (folder / file).replace(out / file)
        return tuple(out / file for file in FILES)

    def _mark(self, voice: str, writer: str) -> Mark:
        mark = Mark.of(voice, writer)
        told = f"{mark.description} The picture of the opening was made by {self.vendor.name}."
        return replace(mark, source_type="compositeWithTrainedAlgorithmicMedia", description=told)

    def _key_of(self, ref: JobRef) -> str:
        if ref.id not in self._keys:
            raise RenderError(f"the job {ref.id} was not started or found here; call start first, which finds it")
        return self._keys[ref.id]

    def _kept_files(self) -> Files:
        if self._files is None:
            raise AssertionError("a key is known only after a start")
        return self._files


def _kept(key: str, files: Files, folder: Path) -> Narration:
    """The narration that was kept when the job was started, in a folder."""
    (folder / "narration.wav").write_bytes(files.read(f"{FOLDER}/{key}.wav"))
    data: dict[str, Any] = json.loads(files.read(f"{FOLDER}/{key}.narration.json"))
    return Narration.from_json(data, folder)
