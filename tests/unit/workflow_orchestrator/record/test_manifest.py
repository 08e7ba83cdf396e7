"""The manifest: what it certifies, whom it blames, and what it still lists after steps ran again."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import ApprovalError, BusinessValidationError, NotAPdfError
from workflow_orchestrator.record import RunFolder, build_manifest, summary_of
from workflow_orchestrator.record.decisions import note_decision, void_approval
from workflow_orchestrator.record.video_cost import FOLDER
from workflow_orchestrator.rendering.jobs import JobRef
from workflow_orchestrator.rendering.vendors import jobbook
from workflow_orchestrator.rendering.vendors.jobbook import JobBook, JobRecord
from workflow_orchestrator.storage import LocalStorage

NAME = "fund_factsheet_video"
STEPS = (
    "extract_factsheet_data", "validate_extracted_data", "correct_extracted_data", "generate_summary_script",
    "generate_summary_slide", "approve_content", "start_video_generation",
)  # fmt: skip


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The shipped workflow."""
    return load_workflow(root / "dags" / NAME, root / "include")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run that has begun."""
    run = RunFolder(LocalStorage(tmp_path), NAME, "r")
    run.write_json("request.json", {"ledger": "ledger/x.json", "source": {"sha256": "ab"}})
    return run


def manifest(run: RunFolder, workflow: Workflow, **states: str) -> dict[str, Any]:
    """The manifest when Airflow says that these steps ended so, and all others well."""
    all_states = {**dict.fromkeys(STEPS, "success"), "correct_extracted_data": "skipped", **states}
    return build_manifest(run, workflow, states=all_states, run_facts={})


def made(run: RunFolder, content: str = "sha256:1", released: str = "sha256:1") -> None:
    """A released and finished video."""
    run.write_json("approval.json", {"decision": "approved", "mode": "person", "by": "eve", "content": released})
    with run.reporting("start_video_generation", 1) as report:
        report.artifacts.append(run.write("video.mp4", b"video"))
        report.facts["content"] = content


def test_a_video_of_what_was_released_is_a_success(run: RunFolder, workflow: Workflow) -> None:
    """The step's own report, the approval and the file agree."""
    made(run)
    found = manifest(run, workflow)
    assert (found["outcome"], found["error"]) == ("succeeded", None)
    assert "Video ready" in summary_of(found, lambda name: f"/{name}")
    assert "Released by eve." in summary_of(found, lambda name: f"/{name}")


def test_a_video_of_what_was_rejected_is_no_success(run: RunFolder, workflow: Workflow) -> None:
    """The hash fits, the decision does not: an approval that was marked as successful in Airflow certifies nothing."""
    made(run)
    kept = {**run.read_json("approval.json"), "decision": "rejected", "reason": "too old"}
    run.write_json("approval.json", kept)
    found = manifest(run, workflow)
    assert (found["outcome"], found["error"]["error"]) == ("failed", "ApprovalError")
    assert "Rejected by eve." in summary_of(found, lambda name: f"/{name}")


def test_every_decision_stands_in_the_manifest(run: RunFolder, workflow: Workflow) -> None:
    """Answers and edits in the order of time, also where no approval is left; the script that an edit leads to stays out."""
    note_decision(run, {"decision": "approved", "by": "eve", "at": "2026-11-15T10:00:00+00:00"})
    void_approval(run, "asked again")
    edit = {"by": "kim", "by_id": "7", "at": "2026-11-15T09:00:00+00:00", "note": "", "state": "void", "changes": []}
    run.write_json("edits.json", {"revisions": [{**edit, "draft": {"script": {}}}], "form": None})
    told = manifest(run, workflow)["decisions"]
    assert [(one["decision"], one.get("void")) for one in told] == [("sent_back", None), ("approved", "asked again")]
    assert "draft" not in told[0] and manifest(run, workflow)["approval"] is None


def test_a_step_that_was_only_marked_is_no_success(run: RunFolder, workflow: Workflow) -> None:
    """Airflow can be told that a step went well; without its report, its file or its release nothing is certified."""
    assert manifest(run, workflow)["error"]["error"] == "ApprovalError"
    made(run, content="sha256:1", released="sha256:2")
    assert manifest(run, workflow)["outcome"] == "failed"
    made(run)
    run.storage.delete(run.key("video.mp4"))
    assert manifest(run, workflow)["outcome"] == "failed"


def test_a_caught_error_is_not_the_cause(run: RunFolder, workflow: Workflow) -> None:
    """When the step that a catch led to fails itself, its error is the one to tell; else the caught one is none."""
    with pytest.raises(BusinessValidationError), run.reporting("validate_extracted_data", 1):
        raise BusinessValidationError("strategy is missing")
    with pytest.raises(ApprovalError), run.reporting("correct_extracted_data", 1):
        raise ApprovalError("nobody answered")
    states = {**dict.fromkeys(STEPS[3:], "upstream_failed"), "validate_extracted_data": "failed"}
    found = manifest(run, workflow, **{**states, "correct_extracted_data": "failed"})
    assert found["error"]["message"] == "nobody answered"


def test_an_error_from_before_a_clear_is_not_told_again(run: RunFolder, workflow: Workflow) -> None:
    """Only a step that Airflow counts as failed now is blamed."""
    with pytest.raises(NotAPdfError), run.reporting("extract_factsheet_data", 1):
        raise NotAPdfError("no PDF")
    with pytest.raises(ApprovalError), run.reporting("approve_content", 1):
        raise ApprovalError("rejected")
    found = manifest(run, workflow, approve_content="failed", start_video_generation="upstream_failed")
    assert found["error"]["step"] == "approve_content"


def test_files_that_are_gone_are_not_listed(run: RunFolder, workflow: Workflow) -> None:
    """A slide of a longer, earlier deck is in no list; the newest report of a file counts."""
    for attempt, count in ((1, 2), (2, 1)):
        with run.reporting("generate_summary_slide", attempt) as report:
            for number in range(count):
                report.artifacts.append(run.write(f"slides/slide_{number}.png", b"%d" % attempt))
    run.storage.delete(run.key("slides/slide_1.png"))
    listed = {item["name"]: item["sha256"] for item in manifest(run, workflow)["artifacts"]}
    assert list(listed) == ["slides/slide_0.png"]
    assert listed["slides/slide_0.png"] == run.attempts("generate_summary_slide")[1]["artifacts"][0]["sha256"]


def test_an_unknown_price_makes_the_cost_unknown(run: RunFolder, workflow: Workflow) -> None:
    """Unknown is not zero, for money and for tokens."""
    call = {
        "purpose": "p", "prompt": {"rendered": "ab"}, "request_id": "1", "provider": "openai_compatible", "model": "m",
        "cost_usd": "0.5", "usage": {"input_tokens": 3, "output_tokens": 4}, "cached": False,
    }  # fmt: skip
    with run.reporting("extract_factsheet_data", 1) as report:
        report.calls.append(call)
    used = {"calls": 1, "input_tokens": 3, "output_tokens": 4, "cost_usd": "0.5", "called_usd": "0", "video_usd": "0"}
    assert manifest(run, workflow)["usage"] == used
    with run.reporting("extract_factsheet_data", 2) as report:
        report.calls.append({**call, "cached": True})
    assert manifest(run, workflow)["usage"] == used, "one answer is one call, however often it was read"
    with run.reporting("generate_summary_script", 1) as report:
        report.calls.append(
            {**call, "request_id": "2", "cost_usd": None, "usage": {"input_tokens": None, "output_tokens": 1}}
        )
    unknown = {"calls": 2, "input_tokens": None, "output_tokens": 5, "cost_usd": None, "called_usd": "0", "video_usd": "0"}
    assert manifest(run, workflow)["usage"] == unknown


def test_clips_of_a_vendor_are_part_of_the_cost(run: RunFolder, workflow: Workflow) -> None:
    """With a line of their own, from the jobs that were started; one without a price, or without an answer, makes it unknown."""
    assert jobbook.FOLDER == FOLDER
    book = JobBook(run)
    book.put("k1", JobRecord("started", 2, "v", JobRef("heygen", "a"), usd=Decimal("0.24")))
    book.put("k2", JobRecord("failed", 1, "v", usd=Decimal(0)))
    for beside in ("k1.narration.json", "owners/1-a.json", "claims/k1/1.json"):
        run.write_json(f"{FOLDER}/{beside}", {})
    made(run)
    used = manifest(run, workflow)["usage"]
    assert (used["video_usd"], used["cost_usd"], used["calls"]) == ("0.24", "0.24", 0)
    assert "Model calls and clips cost USD 0.24." in summary_of(manifest(run, workflow), lambda name: name)
    for record in (JobRecord("started", 1, "v", JobRef("heygen", "b"), usd=None), JobRecord("starting", 1, "v")):
        book.put("k2", record)
        used = manifest(run, workflow)["usage"]
        assert (used["video_usd"], used["cost_usd"]) == (None, None)
        assert "cost an unknown amount" in summary_of(manifest(run, workflow), lambda name: name)
