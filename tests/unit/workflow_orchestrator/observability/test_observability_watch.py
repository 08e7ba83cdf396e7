"""What the watch sees and tells: questions, inboxes, rates, money, circuits; each alert once, and its end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "history"))

from history_made import FLOW, manifest, record

from workflow_orchestrator.definition import check_conf, load_workflow
from workflow_orchestrator.definition.configuration import Alerts
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.inbox.scan import look_at
from workflow_orchestrator.observability.telling import Told
from workflow_orchestrator.observability.watch import Alert, Circuit, alerts_of, numbers_of_view, view_of
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.record.waiting import close_all, note_closed, note_open, open_questions
from workflow_orchestrator.steps.request import ledger_entry, ledger_key
from workflow_orchestrator.storage import LocalStorage

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALL = Alerts(
    "operations", success_under=0.9, approval_older_than=24 * HOUR, inbox_older_than=2 * HOUR, cost_over_usd=Decimal("1.00")
)


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The shipped workflow."""
    return load_workflow(root / "dags" / FLOW, root / "include")


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path)


def asked(storage: LocalStorage, run_id: str, age: timedelta) -> RunFolder:
    run = RunFolder(storage, FLOW, run_id)
    note_open(run, "approve_content", ("compliance",), NOW - age, NOW + HOUR)
    return run


def kinds(alerts: Sequence[Alert]) -> list[str]:
    return [alert.kind for alert in alerts]


def test_open_questions_are_known_until_they_are_answered(storage: LocalStorage) -> None:
    """An answer, and the end of a run, take them away; those of another run stay."""
    first, second = asked(storage, "a", HOUR), asked(storage, "b", 2 * HOUR)
    note_open(second, "correct_extracted_data", ("data-stewards",), NOW, NOW + HOUR)
    note_open(second.item("classes", 3), "approve_content", ("compliance",), NOW, NOW + HOUR)
    assert {(one.run_id, one.step) for one in open_questions(storage, FLOW)} == {
        ("a", "approve_content"), ("b", "approve_content"), ("b", "correct_extracted_data"),
    }  # fmt: skip
    note_closed(first, "approve_content")
    assert {one.run_id for one in open_questions(storage, FLOW)} == {"b"}
    close_all(second)
    assert list(open_questions(storage, FLOW)) == []


def test_a_document_of_the_inbox_is_read_once_and_ages_until_it_has_a_run(storage: LocalStorage, workflow: Workflow) -> None:
    """The second look reads no bytes; a run of the document, and a document that is gone, end it."""
    key = f"inbox/{FLOW}/a.pdf"
    storage.write(key, b"%PDF-1.7 a")
    storage.write(f"inbox/{FLOW}/notes.txt", b"")
    assert view_of(storage, workflow, NOW).inbox == {key: NOW}

    class Reading(LocalStorage):
        def read(self, key: str) -> bytes:
            assert not key.startswith("inbox/"), "a known document is not read again"
            return super().read(key)

    later = view_of(Reading(storage.root), workflow, NOW + 3 * HOUR)
    assert later.inbox == {key: NOW}
    assert {number.name: number.value for number in numbers_of_view(later, NOW + 3 * HOUR)} == {
        "OrchestratorApprovalsWaiting": 0, "OrchestratorApprovalAge": 0, "OrchestratorInboxWaiting": 1, "OrchestratorInboxAge": 10_800,
    }  # fmt: skip
    found = look_at(storage, workflow, key)
    with RunFolder(storage, FLOW, found.run_id or "").reporting(workflow.steps[0].name, 1):
        pass
    assert view_of(storage, workflow, NOW).inbox == {}


def test_a_document_whose_run_has_another_name_does_not_wait(storage: LocalStorage, workflow: Workflow) -> None:
    """Somebody started it with an id of their own; the ledger knows."""
    key = f"inbox/{FLOW}/a.pdf"
    storage.write(key, b"%PDF-1.7 a")
    found = look_at(storage, workflow, key)
    ledger = ledger_key(workflow, found.sha256 or "", check_conf(workflow, {"document": key}))
    run = RunFolder(storage, FLOW, "mine")
    run.write_json("request.json", {"ledger": ledger})
    storage.write(ledger, ledger_entry(run))
    assert view_of(storage, workflow, NOW).inbox == {}


def test_each_limit_has_its_alert(storage: LocalStorage, workflow: Workflow) -> None:
    """Over it there is one that names the value and the limit, under it there is none."""
    for number in range(6):
        finished = (NOW - HOUR).isoformat()
        record(storage, manifest(f"r{number}", error="EncoderError" if number < 2 else None, cost="0.20", finished=finished))
    asked(storage, "slow", 30 * HOUR)
    asked(storage, "quick", HOUR)
    storage.write(f"inbox/{FLOW}/a.pdf", b"%PDF-1.7 a")
    view_of(storage, workflow, NOW - 3 * HOUR)
    circuit = Circuit("llm_default", "gpt-x", "ServerError", NOW - HOUR)
    alerts = alerts_of([view_of(storage, workflow, NOW)], [circuit], ALL, NOW)
    assert kinds(alerts) == ["success_rate", "approval_overdue", "inbox_overdue", "cost_of_day", "breaker_open"]
    says = "\n".join(alert.says for alert in alerts)
    for words in ("67% of the last 6 runs", "wanted are 90%", "run slow for 30 h", "a.pdf", "USD 1.20, more than 1.00", "gpt-x"):
        assert words in says
    assert "quick" not in says
    assert kinds(alerts_of([view_of(storage, workflow, NOW)], [circuit], Alerts("c", breaker_open=False), NOW)) == []


def test_few_runs_have_no_rate(storage: LocalStorage, workflow: Workflow) -> None:
    """One failure in the first run is no trend."""
    record(storage, manifest("r", error="EncoderError", finished=NOW.isoformat()))
    assert alerts_of([view_of(storage, workflow, NOW)], [], ALL, NOW) == []


def test_an_alert_is_told_once_and_so_is_its_end(storage: LocalStorage) -> None:
    """The same trouble is no news at the next look, also in another process; what ends is told as ended."""
    alert = Alert("success_rate", FLOW, "67%")
    assert Told(storage).news([alert]) == [alert]
    Told(storage).note(alert, NOW)
    again = Told(storage)
    assert again.news([Alert("success_rate", FLOW, "60%")]) == [] and again.ended([alert]) == []
    (ended,) = again.ended([])
    assert (ended.kind, ended.since) == ("success_rate", NOW)
    again.forget(ended)
    assert Told(storage).ended([]) == []
    storage.write("watch/alerts.json", b"{")
    assert Told(storage).news([alert]) == [alert]
