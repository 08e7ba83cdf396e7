"""What was released is kept for its time, what is old goes when it may, and Airflow's own rows go by its API or by printed commands."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from workflow_orchestrator.authoring.cli import main
from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.errors import RetentionError
from workflow_orchestrator.record.airflow_rows import TOKEN_VARIABLE, commands
from workflow_orchestrator.record.erase import FOLDERS, erase, plan_erasure
from workflow_orchestrator.record.retention import day_before, held, last_day
from workflow_orchestrator.storage import LocalStorage, Storage

TODAY = date(2026, 11, 29)
PDF = {name: f"%PDF-1.7 {name} ".encode() * 9 for name in ("a", "b", "c", "d")}


def add(storage: Storage, name: str, document: str, at: str, approval: dict[str, Any] | None = None) -> None:
    """A run of a document in which something happened last at `at`."""
    root, digest = f"runs/w/{name}", sha256(PDF[document])
    storage.write(f"inbox/w/{document}.pdf", PDF[document])
    storage.write(f"{root}/source.pdf", PDF[document])
    source = {"name": f"{document}.pdf", "key": f"inbox/w/{document}.pdf", "sha256": digest}
    storage.write(f"{root}/request.json", to_bytes({"source": source, "ledger": f"ledger/w/{name}.json"}))
    storage.write(
        f"{root}/steps/extract.json", to_bytes({"step": "extract", "attempts": [{"started": at, "calls": []}]})
    )
    storage.write(f"{root}/manifest.json", to_bytes({"run": {"id": f"{name} run", "finished": at}}))
    storage.write(f"ledger/w/{name}.json", to_bytes({"run_id": f"{name} run"}))
    if approval is not None:
        storage.write(f"{root}/approval.json", to_bytes(approval))


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """Runs of six years: one old, one old and released lately, one young, and a document with an old and a young run."""
    found = LocalStorage(tmp_path / "storage")
    add(found, "old", "a", "2021-11-28T23:00:00+00:00", {"mode": "person", "at": "2021-11-28T23:00:00+00:00"})
    release = {"mode": "person", "decision": "approved", "at": "2021-11-30T01:00:00+00:00"}
    add(found, "released", "b", "2021-11-30T01:00:00+00:00", release)
    add(found, "young", "c", "2026-11-01T00:00:00+00:00")
    add(found, "d_first", "d", "2020-01-01T00:00:00+00:00")
    add(found, "d_last", "d", "2026-01-01T00:00:00+00:00")
    return found


def runs(storage: Storage) -> set[str]:
    return {key.split("/")[2] for key in storage.list("runs")}


def test_what_is_old_goes_with_the_documents_that_have_no_younger_run(storage: Storage) -> None:
    """Older than five years: two runs go, and the document of the one that has no other; proven by the same search."""
    plan = plan_erasure(storage, "older", day_before("5y", TODAY).isoformat(), today=TODAY)
    assert {root.rpartition("/")[2] for root in plan.runs} == {"old", "d_first"} and plan.held == ()
    report = erase(storage, plan, by="jd", why="retention")
    assert report["proven"] and runs(storage) == {"released", "young", "d_last"}
    assert not storage.exists("inbox/w/a.pdf") and storage.exists("inbox/w/d.pdf")
    assert not storage.exists("ledger/w/old.json")


def test_a_release_is_left_out_of_what_is_old_until_its_time(storage: Storage) -> None:
    """Older than a year: the run of 2021 that was released stays until its five years are over, unless a person decides otherwise."""
    before = day_before("365d", TODAY).isoformat()
    plan = plan_erasure(storage, "older", before, today=TODAY)
    assert [(one.root, one.until) for one in plan.held] == [("runs/w/released", date(2026, 11, 30))]
    assert "runs/w/released" not in plan.runs and not plan.blocked
    overridden = plan_erasure(storage, "older", before, today=TODAY, even_if_released=True)
    assert "runs/w/released" in overridden.runs
    assert "runs/w/released" in plan_erasure(storage, "older", before, today=date(2026, 11, 30)).runs


@pytest.mark.parametrize(("what", "given"), [("run", "released run"), ("document", "b.pdf"), ("words", "released run")])
def test_a_named_release_is_not_erased_before_its_time(storage: Storage, what: Any, given: str) -> None:
    """The error names run, day and end; with the override it goes, and the record counts that."""
    before = {key for folder in FOLDERS for key in storage.list(folder)}
    plan = plan_erasure(storage, what, given, today=TODAY)
    assert plan.blocked
    with pytest.raises(RetentionError, match=r"runs/w/released was released on 2021-11-30 .* until 2026-11-30"):
        erase(storage, plan, by="jd", why="w")
    assert {key for folder in FOLDERS for key in storage.list(folder)} == before
    report = erase(storage, plan_erasure(storage, what, given, today=TODAY, even_if_released=True), by="jd", why="w")
    assert report["proven"] and report["released_runs_before_their_time"] == 1


@pytest.mark.parametrize(
    ("approval", "until"),
    [
        ({"mode": "person", "at": "2024-02-29T12:00:00+00:00"}, date(2029, 2, 28)),
        ({"mode": "person", "decision": "rejected", "at": "2026-01-01T12:00:00+00:00"}, None),
        ({"mode": "auto", "at": "2026-01-01T12:00:00+00:00"}, None),
        ({"mode": "person", "decision": "approved", "at": "2026-01-01T00:30:00+05:00"}, date(2030, 12, 31)),
    ],
)
def test_only_a_persons_release_is_a_record(approval: dict[str, Any], until: date | None) -> None:
    """Five years from its day in UTC; a rejection and the demo's own release are none. An item of a map counts as its run."""
    for name in ("approval.json", "each/m/0/approval.json"):
        found = held({f"runs/w/a/{name}": to_bytes(approval)}, "runs/w/a", TODAY)
        assert (found and found.until) == until


def test_a_run_without_a_day_is_never_old() -> None:
    """Nothing says when it was, so nobody says that it may go."""
    assert last_day({"runs/w/a/request.json": b"{}"}, "runs/w/a") is None


@pytest.mark.parametrize("age", ["5", "y", "-1d", "0d", "5 years", "99999y"])
def test_an_age_is_days_or_years(age: str) -> None:
    """Everything else is refused by name."""
    with pytest.raises(ValueError, match=age.replace(" ", ".")):
        day_before(age, TODAY)


def test_an_answer_of_a_call_that_failed_goes_too(storage: Storage) -> None:
    """A shared journal keeps an answer that broke the schema; its id stands with the call that has no result."""
    call = {"may_have_left": True, "attempts": [{"request_id": "req-7", "outcome": "answered"}]}
    attempts = [{"started": "2026-11-01T00:00:00+00:00", "calls": [], "facts": {"unanswered": [call]}}]
    storage.write("runs/w/young/steps/extract.json", to_bytes({"step": "extract", "attempts": attempts}))
    for number in (7, 8):
        storage.write(f"journal/{number}.json", to_bytes({"body": json.dumps({"request_id": f"req-{number}"})}))
    assert erase(storage, plan_erasure(storage, "run", "young run", today=TODAY), by="jd", why="w")["proven"]
    assert list(storage.list("journal")) == ["journal/8.json"]


@dataclass
class Rows:
    """An API that deletes runs, over a real socket: which requests came, and what it answers."""

    status: int = 204
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def airflow() -> Iterator[Rows]:
    rows = Rows()

    class Handler(BaseHTTPRequestHandler):
        def do_DELETE(self) -> None:
            rows.asked.append((self.command, self.path, self.headers.get("Authorization", "")))
            self.send_response(rows.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    rows.url = f"http://127.0.0.1:{server.server_port}"
    yield rows
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def command(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`scripts/workflow erase …`: the exit code and what it says as data."""
    monkeypatch.setenv("GENAI_PLATFORM_STORAGE", storage.uri.removeprefix("file://"))
    monkeypatch.setenv(TOKEN_VARIABLE, "t0ken")

    def told(*arguments: str) -> tuple[int, Any]:
        out = io.StringIO()
        code = main(["erase", *arguments, "--json"], out=out, err=io.StringIO(), stdin=io.StringIO())
        return code, json.loads(out.getvalue()) if out.getvalue().strip() else None

    return told


def test_the_runs_go_in_airflow_first(storage: Storage, command: Any, airflow: Rows) -> None:
    """Each run is deleted by its own address with the token; the record counts them and has neither address nor token."""
    code, told = command("document", "d.pdf", "--airflow", airflow.url, "--why", "w", "--yes")
    assert code == 0 and told["proven"] and told["airflow"] == {"deleted": 2}
    assert airflow.asked == [
        ("DELETE", f"/api/v2/dags/w/dagRuns/d_{which}%20run", "Bearer t0ken") for which in ("first", "last")
    ]
    record = storage.read(told["record"]).decode()
    assert json.loads(record)["airflow"] == {"deleted": 2}
    assert "t0ken" not in record and "d_first" not in record and airflow.url not in record


@pytest.mark.parametrize(("status", "result"), [(409, "at_work"), (403, "refused"), (500, "refused")])
def test_a_run_that_airflow_keeps_keeps_its_files(
    storage: Storage, command: Any, airflow: Rows, status: int, result: str
) -> None:
    """A run at work would write its files again, and a refusal is somebody's to look at: nothing goes from the storage."""
    airflow.status = status
    code, told = command("run", "young run", "--airflow", airflow.url, "--why", "w", "--yes")
    assert code == 1 and told["erased"] is False and told["airflow"] == {result: 1}
    assert "young" in runs(storage)


def test_a_run_that_airflow_does_not_know_is_gone_already(storage: Storage, command: Any, airflow: Rows) -> None:
    """Doing a broken-off erasure again finishes it."""
    airflow.status = 404
    code, told = command("run", "young run", "--airflow", airflow.url, "--why", "w", "--yes")
    assert code == 0 and told["airflow"] == {"not_there": 1} and "young" not in runs(storage)


def test_an_airflow_that_does_not_answer_stops_it(storage: Storage, command: Any, airflow: Rows) -> None:
    """A wrong address is told, and nothing is removed."""
    code, told = command("run", "young run", "--airflow", "http://127.0.0.1:1", "--why", "w", "--yes")
    assert code == 1 and told["airflow"] == {"no_answer": 1} and "young" in runs(storage)


def test_without_airflow_the_commands_are_told_and_the_record_says_so(storage: Storage, command: Any) -> None:
    """`not asked` stands in the record, beside the exact commands for these runs."""
    code, told = command("run", "young run", "--why", "w", "--yes")
    assert code == 0 and told["airflow"] == "not asked"
    assert any("/api/v2/dags/w/dagRuns/young%20run" in line for line in told["in_airflow"])
    assert json.loads(storage.read(told["record"]))["airflow"] == "not asked"


def test_a_run_id_cannot_become_a_command() -> None:
    """What is printed to be typed is quoted, whatever a run is called."""
    lines = list(commands([("w", "a'; rm -rf / #")], TODAY, asked=False))
    assert not any("'; rm" in line.replace("'\"'\"'", "") for line in lines)


def test_the_command_holds_a_release_and_says_until_when(storage: Storage, command: Any) -> None:
    """Exit code 1, with run and day, before anything is asked or removed; the age is read by the command itself."""
    add(storage, "fresh", "a", "2026-11-01T00:00:00+00:00", {"mode": "person", "at": "2999-01-01T00:00:00+00:00"})
    code, told = command("run", "fresh run", "--why", "w", "--yes")
    assert (
        code == 1
        and told["blocked"]
        and told["held"] == [{"run": "runs/w/fresh", "released": "2999-01-01", "until": "3004-01-01"}]
    )
    assert "fresh" in runs(storage)
    code, told = command("--older-than", "5y", "--dry-run")
    assert code == 0 and "runs/w/d_first" in told["runs"] and "runs/w/fresh" not in told["runs"]
    assert command("--older-than", "soon", "--dry-run")[0] == 2
    assert command("run", "x", "--older-than", "5y", "--dry-run")[0] == 2
    assert command("--dry-run")[0] == 2
