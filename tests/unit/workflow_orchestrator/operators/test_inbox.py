"""The scan of the inbox: new documents only, and no file that stops the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.definition import check_conf, load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.operators.inbox import FindNewDocumentsOperator
from workflow_orchestrator.operators.request import document_run_id, ledger_key
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.storage import LocalStorage

pytestmark = pytest.mark.airflow

NAME = "fund_factsheet_video"


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The shipped workflow."""
    return load_workflow(root / "dags" / NAME, root / "include")


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStorage:
    """The configured storage."""
    monkeypatch.setenv("GENAI_PLATFORM_STORAGE", str(tmp_path))
    return LocalStorage(tmp_path)


def scan(workflow: Workflow, **params: Any) -> list[dict[str, Any]]:
    """What a scan would start."""
    operator = FindNewDocumentsOperator(task_id="scan", workflow=workflow)
    return operator.execute({"params": {"limit": 200, "force": False, **params}})


def test_odd_files_do_not_keep_the_others_from_their_runs(
    workflow: Workflow, storage: LocalStorage, tmp_path: Path
) -> None:
    """A name with a backslash, a link out of the storage and a file over the limit are left out; names are no templates."""
    inbox = tmp_path / "inbox" / NAME
    storage.write(f"inbox/{NAME}/{{{{ conn.x.password }}}}.pdf", b"%PDF a")
    (inbox / "a\\b.pdf").write_bytes(b"%PDF b")
    (inbox / "link.pdf").symlink_to("/etc/hostname")
    with (inbox / "big.pdf").open("wb") as file:
        file.truncate(workflow.document.max_bytes + 1)
    (started,) = scan(workflow)
    assert started["conf"]["document"] == f"inbox/{NAME}/{{{{ conn.x.password }}}}.pdf"


def test_a_document_that_had_its_run_or_its_video_is_not_new(workflow: Workflow, storage: LocalStorage) -> None:
    """The limit counts new documents only; `force` takes all."""
    for name in ("a", "b", "c"):
        storage.write(f"inbox/{NAME}/{name}.pdf", f"%PDF {name}".encode())
    run = RunFolder(storage, NAME, document_run_id(sha256(b"%PDF a"), workflow))
    with run.reporting(workflow.steps[0].name, 1):
        pass
    conf = check_conf(workflow, {"document": "b.pdf"})
    storage.write(ledger_key(workflow, sha256(b"%PDF b"), conf), b'{"run_id": "by hand"}')
    assert [item["conf"]["document"] for item in scan(workflow, limit=1)] == [f"inbox/{NAME}/c.pdf"]
    assert len(scan(workflow, force=True)) == 3


def test_the_started_run_renders_nothing(root: Path) -> None:
    """No field of the operator that starts a run is a template."""
    from workflow_orchestrator.factory import build_dags

    nightly = build_dags(str(root / "dags" / NAME / "dag.py"))[f"{NAME}_nightly"]
    assert list(nightly.get_task("start_runs").template_fields) == []
