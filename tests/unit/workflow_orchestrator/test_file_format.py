"""Files that outlive the platform that wrote them: those of format 1 are read for ever, and one of a newer format is refused by name.

`kept_files/format_1` holds one file of each kind as platform 1.0.0 wrote it (the manifest shortened). It is never written anew: a release
that changes a format adds a folder beside it and goes on reading this one.
"""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from llm_orchestration import journal
from llm_orchestration.claims import StoreJobBook
from llm_orchestration.errors import LLMError, StateError
from llm_orchestration.exchange import Exchange
from llm_orchestration.route_file import RouteConfigError
from llm_orchestration.routes import load_routes
from llm_orchestration.stores import FolderStore
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.errors import (
    DefinitionChangedError,
    DefinitionError,
    DocumentNotFoundError,
    HistoryError,
    OrchestratorError,
    PackageError,
    RenderError,
)
from workflow_orchestrator.file_format import refuse_newer
from workflow_orchestrator.history import Entry
from workflow_orchestrator.history.why import why
from workflow_orchestrator.packaging.archive import pack
from workflow_orchestrator.packaging.business import read_business_package
from workflow_orchestrator.packaging.releases import Releases
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.record.definitions import kept_definition
from workflow_orchestrator.record.reading import find_manifest, parsed_manifest, read_manifest
from workflow_orchestrator.record.releases import last_release
from workflow_orchestrator.record.waiting import open_questions
from workflow_orchestrator.rendering.vendors.jobbook import JobBook
from workflow_orchestrator.rules.previous import Identity
from workflow_orchestrator.steps.request import held_by_another
from workflow_orchestrator.storage import LocalStorage
from workflow_orchestrator.values import Evidence, Kind, Origin, Value, ValueSet

KEPT = Path(__file__).parent / "kept_files" / "format_1"
NAME = "fund_factsheet_video"
IDENTITY = Identity((("isin",),), "as_of")


def kept(name: str, **changes: Any) -> bytes:
    """A kept file, with some of its keys changed."""
    data = json.loads((KEPT / name).read_bytes())
    return json.dumps({**data, **changes}).encode()


class Files:
    """The files of a run in memory, as a vendor's job book asks for them."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)

    def exists(self, name: str) -> bool:
        return name in self.files

    def read(self, name: str) -> bytes:
        return self.files[name]

    def write(self, name: str, data: bytes) -> None:
        self.files[name] = data


def as_manifest(place: Path, data: bytes) -> Any:
    run = RunFolder(LocalStorage(place), NAME, "r1")
    run.write("manifest.json", data)
    assert find_manifest(run) == read_manifest(run) == parsed_manifest(data, "it")
    return why(lambda name: run.read(name) if name == "manifest.json" else b"{}", "7.77").outcome


def as_ledgers_manifest(place: Path, data: bytes) -> Any:
    storage = LocalStorage(place)
    RunFolder(storage, NAME, "r1").write("manifest.json", data)
    storage.write("ledger/it.json", b'{"run_id": "r1"}')
    return held_by_another(storage, NAME, "ledger/it.json", "r2")


def as_history(place: Path, data: bytes) -> Any:
    return Entry.from_json(json.loads(data)).success_rate


def as_release(place: Path, data: bytes) -> Any:
    target = LocalStorage(place)
    target.write(f"{NAME}/releases/1.0.0.json", data)
    target.write(f"{NAME}/current.json", (KEPT / "current.json").read_bytes())
    return Releases(target, NAME).current().version


def as_pointer(place: Path, data: bytes) -> Any:
    target = LocalStorage(place)
    target.write(f"{NAME}/releases/1.0.0.json", (KEPT / "release.json").read_bytes())
    target.write(f"{NAME}/current.json", data)
    return Releases(target, NAME).current().version


def as_package(place: Path, data: bytes) -> Any:
    return read_business_package(pack({"dags/small/workflow.yaml": b"workflow: small\n", "package.json": data})).version


def as_previous(place: Path, data: bytes) -> Any:
    storage = LocalStorage(place)
    isin = Value("isin", Kind.ISIN, "LU0427929855", Evidence(1, "LU0427929855"), Origin.OFFLINE)
    day = Value("as_of", Kind.DATE, date(2026, 10, 31), Evidence(1, "31 October 2026"), Origin.OFFLINE)
    values = ValueSet((isin, day))
    mark = next(iter(IDENTITY.marks(values)))[1]
    storage.write(f"releases/{NAME}/{mark[:32]}/2026-09-30_{'0' * 16}.json", data)
    found = last_release(RunFolder(storage, NAME, "now"), IDENTITY, values, profile="production")
    return found and found.run_id


def as_vendors_job(place: Path, data: bytes) -> Any:
    found = JobBook(Files({"video_jobs/k.json": data})).find("k")  # type: ignore[arg-type]
    return found and found.state


def as_models_job(place: Path, data: bytes) -> Any:
    store = FolderStore(place)
    store.put("jobs/k.json", data)
    return StoreJobBook(store).get("k")


def as_call(place: Path, data: bytes) -> Any:
    store = FolderStore(place)
    store.put("calls/k.request.json", data)
    return Exchange(store).request("k").route


READERS: Mapping[str, tuple[Callable[[Path, bytes], Any], Any, type[Exception]]] = {
    "manifest.json": (as_manifest, "succeeded", HistoryError),
    "history_entry.json": (as_history, 1.0, HistoryError),
    "release.json": (as_release, "1.0.0", PackageError),
    "current.json": (as_pointer, "1.0.0", PackageError),
    "package.json": (as_package, "1.0.0", PackageError),
    "previous_release.json": (as_previous, "r1", HistoryError),
    "video_job.json": (as_vendors_job, "started", RenderError),
    "model_job.json": (as_models_job, "batch_1", StateError),
    "model_call.json": (as_call, "writing", StateError),
}


def test_every_kept_file_has_a_reader() -> None:
    """None lies there that nobody reads."""
    assert {path.name for path in KEPT.iterdir()} == {*READERS, "journal.json", "waiting.json"}


@pytest.mark.parametrize("name", READERS)
def test_a_file_of_format_1_is_read(name: str, tmp_path: Path) -> None:
    """As platform 1.0.0 wrote it."""
    read, says, _ = READERS[name]
    assert read(tmp_path, (KEPT / name).read_bytes()) == says


@pytest.mark.parametrize("name", READERS)
def test_a_file_of_a_newer_format_is_refused_by_name(name: str, tmp_path: Path) -> None:
    """It is not read half: the error has the format that was found, and no retry is spent on it by the orchestrator."""
    read, _, error = READERS[name]
    with pytest.raises(error, match=r"format 2\b.*reads (up to |)") as refused:
        read(tmp_path, kept(name, format=2))
    assert isinstance(refused.value, OrchestratorError | LLMError)
    if isinstance(refused.value, OrchestratorError):
        assert not refused.value.retryable


def test_a_run_of_a_newer_platform_keeps_its_place(tmp_path: Path) -> None:
    """Whoever cannot read how it ended makes no second video."""
    assert as_ledgers_manifest(tmp_path / "1", kept("manifest.json")) == "r1"
    with pytest.raises(HistoryError, match="newer platform"):
        as_ledgers_manifest(tmp_path / "2", kept("manifest.json", format=2))


def test_a_run_without_a_manifest_has_none(tmp_path: Path) -> None:
    """That is no newer one."""
    run = RunFolder(LocalStorage(tmp_path), NAME, "r1")
    assert find_manifest(run) is None
    with pytest.raises(DocumentNotFoundError):
        read_manifest(run)


def test_an_answer_of_another_format_is_asked_for_anew(tmp_path: Path) -> None:
    """Its format is part of the key that it lies under, so neither platform takes the other's answer; one that lies there is no answer."""
    found = journal.decode((KEPT / "journal.json").read_bytes())
    assert found is not None and found.text == "It grew."
    assert journal.decode(kept("journal.json", format=2)) is None


def test_an_open_question_of_a_newer_format_is_left_out(tmp_path: Path) -> None:
    """It is for the watch alone, which goes on with the others."""
    storage = LocalStorage(tmp_path)
    storage.write(f"waiting/{NAME}/a.json", kept("waiting.json", format=2))
    storage.write(f"waiting/{NAME}/b.json", kept("waiting.json"))
    assert [one.run_id for one in open_questions(storage, NAME)] == ["r1"]


def test_the_kept_definition_of_a_newer_platform_is_refused(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that it opened does not go on under rules that this platform does not know."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    workflow, digest = load_workflow(root / "dags" / NAME, root / "include"), "0" * 64
    facts = {"format": 2, "workflow": NAME, "definition": f"sha256:{digest}", "platform": "2.0.0", "range": ">=1,<3"}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("definition.json", json.dumps(facts))
    storage = LocalStorage(tmp_path / "store")
    storage.write(f"definitions/{NAME}/{digest}.zip", buffer.getvalue())
    with pytest.raises(DefinitionChangedError, match=r"kept definition .* has format 2"):
        kept_definition(storage, workflow, f"sha256:{digest}")


@pytest.mark.parametrize("name", ["dags/fund_factsheet_video/workflow.yaml", "include/rendering.yaml"])
def test_a_settings_file_of_a_newer_format_is_refused(name: str, root: Path, tmp_path: Path) -> None:
    """With its line and column."""
    shutil.copytree(root / "dags" / NAME, tmp_path / "dags" / NAME)
    shutil.copytree(root / "include", tmp_path / "include", ignore=shutil.ignore_patterns("samples"))
    path = tmp_path / name
    path.write_text(path.read_text().replace("format: 1", "format: 2", 1))
    with pytest.raises(DefinitionError, match=rf"{path.name}:\d+:\d+ .*format.* 2"):
        load_workflow(tmp_path / "dags" / NAME, tmp_path / "include")


def test_a_route_file_of_a_newer_format_is_refused(root: Path, tmp_path: Path) -> None:
    """With its line and column too."""
    path = tmp_path / "llm.yaml"
    path.write_text((root / "include" / "llm.yaml").read_text().replace("format: 1", "format: 2", 1))
    with pytest.raises(RouteConfigError, match=r"llm.yaml:\d+:\d+: format: is 2"):
        load_routes(path)


@pytest.mark.parametrize("found", [2, "1", None, 1.5, [1]])
def test_what_is_no_known_format_is_refused(found: Any) -> None:
    """A text or a fraction is none, and a file without one is of format 1."""
    refuse_newer({}, 1, "it", HistoryError)
    refuse_newer({"format": 1}, 2, "it", HistoryError)
    with pytest.raises(HistoryError, match="it has format"):
        refuse_newer({"format": found}, 1, "it", HistoryError)
