"""A film around a vendor's clip: one job whatever dies in between, the same samples that the clip was filmed to, nothing half made."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
import vendor_film as small

from workflow_orchestrator.definition.rendering_file import Spec
from workflow_orchestrator.errors import BudgetError, ConfigurationError, RenderError, VendorError, VendorOutageError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.record.video_cost import video_costs
from workflow_orchestrator.rendering import JobRef, JobState, JobStatus, VideoJob, get_provider
from workflow_orchestrator.rendering.mp4 import probe
from workflow_orchestrator.rendering.providers import FILES
from workflow_orchestrator.rendering.vendors.clips import ClipOrder
from workflow_orchestrator.rendering.vendors.film import FilmedOpening
from workflow_orchestrator.rendering.vendors.jobbook import FOLDER
from workflow_orchestrator.storage import LocalStorage

SPEC = Spec("http_avatar", {"vendor": "heygen", "connection": "heygen", "avatar": "anna"})


class Studio:
    """A vendor in this process: it keeps what it was asked for, and fails as it is told."""

    name = "studio"
    speaks = True

    def __init__(self) -> None:
        self.orders: list[tuple[ClipOrder, str]] = []
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None
        self.found: JobRef | None = None
        self.looked_for: list[str] = []
        self.sends: Callable[[Path], Any] | None = None

    def start(self, order: ClipOrder, *, idempotency_key: str) -> JobRef:
        self.before()
        self.orders.append((order, idempotency_key))
        self.after()
        return JobRef(self.name, f"job-{len(self.orders)}")

    def find(self, idempotency_key: str) -> JobRef | None:
        self.looked_for.append(idempotency_key)
        return self.found

    def status(self, ref: JobRef) -> JobStatus:
        return JobStatus(JobState.SUCCEEDED)

    def fetch(self, ref: JobRef, out: Path) -> Path:
        if self.sends is not None:
            self.sends(out)
        else:
            small.clip(out, self.orders[-1][0].length)
        return out


@pytest.fixture
def studio() -> Studio:
    return Studio()


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> VideoJob:
    return small.job(tmp_path_factory.mktemp("slides"))


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(LocalStorage(tmp_path / "storage"), "w", "r1")


def provider(run: RunFolder, studio: Studio, spec: Spec = SPEC) -> FilmedOpening:
    """As another process would have it: it knows nothing but the run's folder."""
    return FilmedOpening("avatar", spec, files=run, vendor=lambda: studio)


def begun(run: RunFolder, studio: Studio, job: VideoJob, work: Path, key: str = "k", spec: Spec = SPEC) -> JobRef:
    return provider(run, studio, spec).start(job, idempotency_key=key, work=work)


def test_a_film_is_made_around_the_clip(run: RunFolder, studio: Studio, job: VideoJob, tmp_path: Path) -> None:
    """By another process, which may have another voice: the kept samples count. The mark says who made the picture."""
    ref = begun(run, studio, job, tmp_path)
    (kept,) = [name for name in run.names(FOLDER) if name.endswith(".wav")]
    hushed = bytearray(run.read(kept))
    hushed[-20_000:] = bytes(20_000)
    run.write(kept, bytes(hushed))
    later = provider(run, studio)
    assert later.start(job, idempotency_key="k", work=tmp_path) == ref
    files = {path.name: path for path in later.fetch(ref, tmp_path / "out", job=job)}
    assert tuple(files) == FILES
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)
    assert files["narration.wav"].read_bytes() == bytes(hushed)
    ((order, _),) = studio.orders
    assert order.sound[44:2044] == hushed[44:2044]
    assert (order.language, order.aspect, order.title) == ("en", "16:9", "Alder Fund")
    mark = probe(files["video.mp4"]).mark
    assert mark is not None
    assert mark.source_type == "compositeWithTrainedAlgorithmicMedia"
    assert "opening was made by studio" in mark.description


def test_each_job_that_the_vendor_took_is_paid(run: RunFolder, studio: Studio, job: VideoJob, tmp_path: Path) -> None:
    """By the length of its clip, once for each job; a refused one is not, and what a clip costs does not make it another one."""
    priced = Spec(SPEC.kind, {**SPEC.settings, "price_usd_per_minute": 1.5})

    def usd() -> Decimal | None:
        (cost,) = video_costs(run)  # whatever else lies beside the record: sound, claims, the beat of a process
        return cost

    studio.before = refuse
    with pytest.raises(VendorError, match="no such avatar"):
        begun(run, studio, job, tmp_path, spec=priced)
    assert usd() == 0
    studio.before = lambda: None
    ref = begun(run, studio, job, tmp_path, spec=priced)
    length = studio.orders[0][0].length
    once = (Decimal("1.5") * (length // timedelta(milliseconds=1)) / 60_000).quantize(Decimal("0.000001"), ROUND_UP)
    assert usd() == once
    assert begun(run, studio, job, tmp_path, spec=SPEC) == ref
    assert usd() == once
    again = provider(run, studio, priced)
    again.start(job, idempotency_key="k", work=tmp_path)
    again.failed(ref, "ill")
    begun(run, studio, job, tmp_path, spec=priced)
    assert usd() == 2 * once
    again.start(job, idempotency_key="k", work=tmp_path)
    again.failed(JobRef("studio", "job-2"), "ill")
    begun(run, studio, job, tmp_path, spec=SPEC)
    assert usd() is None, "the third one has no price"


def refuse() -> None:
    raise VendorError("no such avatar")


def test_a_clip_above_the_budget_is_not_started(run: RunFolder, studio: Studio, job: VideoJob, tmp_path: Path) -> None:
    """With both amounts in the error; one that nobody priced is started, because unknown is not too much."""
    priced = Spec(SPEC.kind, {**SPEC.settings, "price_usd_per_minute": 60})
    poor = replace(job, most_usd=Decimal("0.50"))
    with pytest.raises(BudgetError, match=r"a clip of avatar costs \$\d\.\d\d \(.* s at \$60\.00 a minute\), more than the \$0\.50"):
        begun(run, studio, poor, tmp_path, spec=priced)
    assert not studio.orders
    begun(run, studio, poor, tmp_path)
    assert len(studio.orders) == 1


def test_a_job_is_started_once(run: RunFolder, studio: Studio, job: VideoJob, tmp_path: Path) -> None:
    """A retry finds it; another content, avatar or key is another job."""
    first = begun(run, studio, job, tmp_path)
    assert begun(run, studio, job, tmp_path) == first
    assert len(studio.orders) == 1
    begun(run, studio, replace(job, title="Another"), tmp_path)
    begun(run, studio, job, tmp_path, spec=Spec("http_avatar", {**SPEC.settings, "avatar": "bert"}))
    begun(run, studio, job, tmp_path, key="k2")
    assert len({key for _, key in studio.orders}) == 4
    patient = Spec("http_avatar", {**SPEC.settings, "within": "5h"})
    assert begun(run, studio, job, tmp_path, spec=patient) == first


def test_two_workers_never_start_two(run: RunFolder, studio: Studio, job: VideoJob, tmp_path: Path) -> None:
    """The second waits while the first asks, and finds its job."""
    asking, go_on = threading.Event(), threading.Event()
    studio.before = lambda: (asking.set(), go_on.wait(20))[0]
    refs: list[JobRef] = []
    workers = [
        threading.Thread(target=lambda n=n: refs.append(begun(run, studio, job, tmp_path / str(n)))) for n in "12"
    ]  # type: ignore[misc]
    workers[0].start()
    assert asking.wait(20)
    workers[1].start()
    go_on.set()
    for worker in workers:
        worker.join(60)
    assert len(studio.orders) == 1
    assert refs == [JobRef("studio", "job-1")] * 2


def test_a_lost_answer_is_asked_for_with_the_same_key(
    run: RunFolder, studio: Studio, job: VideoJob, tmp_path: Path
) -> None:
    """The vendor may have the job: it is looked up first, and the key that it knows is the same."""

    def lost() -> None:
        raise VendorOutageError("the connection broke off")

    studio.after = lost
    with pytest.raises(VendorOutageError):
        begun(run, studio, job, tmp_path)
    studio.after = lambda: None
    begun(run, studio, job, tmp_path)
    (_, first), (_, second) = studio.orders
    assert first == second
    assert studio.looked_for == [first]


def test_a_job_that_the_vendor_knows_is_not_started_again(
    run: RunFolder, studio: Studio, job: VideoJob, tmp_path: Path
) -> None:
    """A killed process: the vendor took the job, and nobody wrote down which."""

    class Killed(BaseException):
        pass

    def killed() -> None:
        raise Killed

    studio.after = killed
    with pytest.raises(Killed):
        begun(run, studio, job, tmp_path)
    studio.after, studio.found = lambda: None, JobRef("studio", "job-1")
    assert begun(run, studio, job, tmp_path) == JobRef("studio", "job-1")
    assert len(studio.orders) == 1


def test_after_a_failure_or_refusal_a_new_job_has_a_new_key(
    run: RunFolder, studio: Studio, job: VideoJob, tmp_path: Path
) -> None:
    """With the old one, the vendor would answer as before."""

    def refused() -> None:
        raise VendorError("no credit")

    studio.before = refused
    with pytest.raises(VendorError, match="no credit"):
        begun(run, studio, job, tmp_path)
    studio.before = lambda: None
    maker = provider(run, studio)
    ref = maker.start(job, idempotency_key="k", work=tmp_path)
    maker.failed(ref, "the avatar is ill")
    assert begun(run, studio, job, tmp_path) == JobRef("studio", "job-2")
    assert [key[-2:] for _, key in studio.orders] == ["-2", "-3"]


def test_nothing_half_made_is_handed_out(run: RunFolder, studio: Studio, job: VideoJob, tmp_path: Path) -> None:
    """A clip that does not come or does not fit leaves an empty folder."""

    def nothing(out: Path) -> None:
        raise VendorOutageError("cut off")

    maker = provider(run, studio)
    ref = maker.start(job, idempotency_key="k", work=tmp_path / "work")
    for sends in (nothing, lambda out: small.clip(out, timedelta(seconds=1))):
        studio.sends = sends
        with pytest.raises(RenderError):
            maker.fetch(ref, tmp_path / "out", job=job)
        assert list((tmp_path / "out").iterdir()) == []
    with pytest.raises(RenderError, match="give it to fetch"):
        maker.fetch(ref, tmp_path / "out")
    with pytest.raises(RenderError, match="call start first"):
        provider(run, studio).fetch(ref, tmp_path / "out", job=job)


def test_a_provider_of_the_file_is_known(tmp_path: Path) -> None:
    """By name; the message lists what there is."""
    (tmp_path / "rendering.yaml").write_text(
        "format: 1\nvideo_providers:\n  avatar: {http_avatar: {vendor: heygen, connection: c, avatar: a}}\n"
    )
    assert isinstance(get_provider("avatar", include=tmp_path), FilmedOpening)
    with pytest.raises(ConfigurationError, match="no video provider 'dreams'; known: local, avatar"):
        get_provider("dreams", include=tmp_path)
