"""What a run was started with: checked as a whole before anything else happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import (
    AlreadyProcessedError,
    AutoApprovalRefusedError,
    ConfError,
    DocumentLimitError,
    DocumentNotFoundError,
)
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.record.definitions import definition_for
from workflow_orchestrator.steps.request import document_run_id, ledger_key, open_request
from workflow_orchestrator.storage import LocalStorage

NAME = "fund_factsheet_video"


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The shipped workflow."""
    return load_workflow(root / "dags" / NAME, root / "include")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run with one document in its inbox."""
    storage = LocalStorage(tmp_path)
    storage.write(f"inbox/{NAME}/a.pdf", b"%PDF-1.7 a")
    return RunFolder(storage, NAME, "r1")


def opened(workflow: Workflow, run: RunFolder, profile: str = "production", **conf: Any) -> dict[str, Any]:
    """The request of a run that eve started."""
    return open_request(workflow, run, conf, triggered_by="eve", profile=profile)


def test_a_good_request_is_completed_and_kept(workflow: Workflow, run: RunFolder) -> None:
    """Defaults are filled in, the document is copied and hashed, who triggered it is kept."""
    request = opened(workflow, run, document="a.pdf")
    assert request == run.read_json("request.json")
    assert request["conf"]["audience"] == "retail"
    assert request["source"]["name"] == "a.pdf"
    assert request["triggered_by"] == "eve"
    assert run.read("source.pdf") == b"%PDF-1.7 a"


def test_all_problems_of_the_conf_are_named_at_once(workflow: Workflow, run: RunFolder) -> None:
    """Airflow reports the first; we report all, and leave no half-made request."""
    with pytest.raises(ConfError) as caught:
        opened(workflow, run, document=3, langauge="de", audience="all", jurisdictions=["mars"])
    for word in ("document", "langauge", "language", "all", "mars"):
        assert word in caught.value.message
    assert not run.exists("request.json")


def test_the_production_profile_asks_for_a_person(workflow: Workflow, run: RunFolder) -> None:
    """`approval: auto` is refused where the profile is production, and taken in a demo."""
    with pytest.raises(AutoApprovalRefusedError, match="production"):
        opened(workflow, run, document="a.pdf", approval="auto")
    assert opened(workflow, run, "demo", document="a.pdf", approval="auto")["profile"] == "demo"


def test_a_document_over_the_limit_is_not_read(workflow: Workflow, run: RunFolder) -> None:
    """The size is looked at first; the message has both figures."""
    path = Path(run.storage.uri.removeprefix("file://")) / f"inbox/{NAME}/big.pdf"
    with path.open("wb") as file:
        file.truncate(workflow.document.max_bytes + 1)
    with pytest.raises(DocumentLimitError, match="max_megabytes"):
        opened(workflow, run, document="big.pdf")


def test_a_missing_document_leaves_nothing(workflow: Workflow, run: RunFolder) -> None:
    """No request and no source are written for a document that is not there."""
    with pytest.raises(DocumentNotFoundError):
        opened(workflow, run, document="b.pdf")
    assert not run.exists("source.pdf")


def test_the_same_document_again_is_refused_unless_forced(workflow: Workflow, run: RunFolder) -> None:
    """From its start on a run holds document, definition and parameters; a clear of the same run is no second time."""
    first = opened(workflow, run, document="a.pdf")
    assert opened(workflow, run, document="a.pdf")["ledger"] == first["ledger"]
    other = RunFolder(run.storage, NAME, "r2")
    with pytest.raises(AlreadyProcessedError, match=r"r1.*force"):
        opened(workflow, other, document="a.pdf")
    assert opened(workflow, other, document="a.pdf", language="de")
    run.write_json("manifest.json", {"outcome": "succeeded"})
    with pytest.raises(AlreadyProcessedError, match="r1"):
        opened(workflow, RunFolder(run.storage, NAME, "r3"), document="a.pdf")
    assert opened(workflow, RunFolder(run.storage, NAME, "r4"), document="a.pdf", force=True)


def test_a_run_that_failed_holds_nothing(workflow: Workflow, run: RunFolder) -> None:
    """After a failure the document may be tried again without force."""
    opened(workflow, run, document="a.pdf")
    run.write_json("manifest.json", {"outcome": "failed"})
    assert opened(workflow, RunFolder(run.storage, NAME, "r2"), document="a.pdf")


def test_a_failed_run_that_is_on_its_way_again_holds_its_place(workflow: Workflow, run: RunFolder) -> None:
    """A clear takes the place back; only when that rerun has failed too may another run begin."""
    opened(workflow, run, document="a.pdf")
    run.write_json("manifest.json", {"outcome": "failed", "run": {"finished": "2026-11-24T10:00:00+00:00"}})
    assert definition_for(run, workflow, "generate_summary_slide") is workflow
    with pytest.raises(AlreadyProcessedError, match="r1"):
        opened(workflow, RunFolder(run.storage, NAME, "r2"), document="a.pdf")
    run.write_json("manifest.json", {"outcome": "failed", "run": {"finished": "2026-11-24T11:00:00+00:00"}})
    assert opened(workflow, RunFolder(run.storage, NAME, "r3"), document="a.pdf")


def test_a_second_attempt_works_on_the_copy_of_the_first(workflow: Workflow, run: RunFolder) -> None:
    """A run is one document: a file that was replaced or taken away in the inbox changes nothing."""
    opened(workflow, run, document="a.pdf")
    run.storage.write(f"inbox/{NAME}/a.pdf", b"%PDF another")
    opened(workflow, run, document="a.pdf")
    run.storage.delete(f"inbox/{NAME}/a.pdf")
    opened(workflow, run, document="a.pdf")
    assert run.read("source.pdf") == b"%PDF-1.7 a"


def test_the_identity_of_a_run(workflow: Workflow) -> None:
    """Document and definition make the run id; what does not change the video does not change the ledger key."""
    conf = {"document": "a", "approval": "auto", "force": True, "language": "de"}
    assert document_run_id("ab" * 32, workflow).startswith("doc_abababababababab_")
    assert ledger_key(workflow, "ab", conf) == ledger_key(workflow, "ab", {**conf, "document": "b", "force": False})
    assert ledger_key(workflow, "ab", conf) != ledger_key(workflow, "ab", {**conf, "language": "fr"})
    assert ledger_key(workflow, "ab", conf) != ledger_key(workflow, "cd", conf)


def test_the_copy_of_another_run_keeps_its_name(workflow: Workflow, run: RunFolder) -> None:
    """A called run is given the caller's copy, and people still see the file's own name."""
    opened(workflow, run, document="a.pdf")
    called = RunFolder(run.storage, NAME, "called")
    request = opened(workflow, called, document=run.key("source.pdf"), force=True)
    assert request["source"]["name"] == "a.pdf"
    assert called.read("source.pdf") == b"%PDF-1.7 a"


def test_a_run_that_went_on_without_a_part_holds_its_place(workflow: Workflow, run: RunFolder) -> None:
    """A degraded run has made its video: only one that failed may be followed by another."""
    opened(workflow, run, document="a.pdf")
    run.write_json("manifest.json", {"outcome": "degraded"})
    with pytest.raises(AlreadyProcessedError):
        opened(workflow, RunFolder(run.storage, NAME, "r2"), document="a.pdf")


def test_the_definition_is_kept_with_the_run(workflow: Workflow, run: RunFolder) -> None:
    """A run that is opened can go on under the same files for ever."""
    opened(workflow, run, document="a.pdf")
    assert any(workflow.digest.removeprefix("sha256:") in key for key in run.storage.list("definitions"))
