"""The inbox on a served Airflow: a dry run, a scan with good, bad, double and waiting documents, quarantine, arrivals, batches, the
video's asset.

`at_once: 1` throughout: that two documents come to wait for a person at the same time shows that waiting holds up nobody.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from airflow_here import LocalAirflow
from served_airflow import LONGEST, WORKFLOW, Served

pytestmark = [pytest.mark.airflow, pytest.mark.served]

NIGHTLY, ARRIVALS, BATCH, CONSUMER = (
    f"{WORKFLOW}_nightly", f"{WORKFLOW}_arrivals", f"{WORKFLOW}_batch", "publishes_videos"
)  # fmt: skip
SCHEDULE = 'schedule: {nightly: "0 2 * * *", timezone: Europe/London, arrivals: true, at_once: 1, wait: 20m, notify: operations}'
PUBLISHES = f'''"""An Airflow DAG of another team: it runs when a video is finished."""

from airflow.sdk import DAG, Asset, task

with DAG("{CONSUMER}", schedule=[Asset("{WORKFLOW}_video")], is_paused_upon_creation=False):

    @task
    def publish(triggering_asset_events=None):
        return [event.extra for event in triggering_asset_events[Asset("{WORKFLOW}_video")]]

    publish()
'''


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Served]:
    """An Airflow of its own, with the shipped workflow under another schedule and a DAG that waits for its videos."""
    home = tmp_path_factory.mktemp("inbox")
    shutil.copytree(root / "include", home / "include", ignore=shutil.ignore_patterns("samples"))
    shutil.copytree(root / "dags", home / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    definition = home / "dags" / WORKFLOW / "workflow.yaml"
    definition.write_text(re.sub(r"(?m)^schedule:.*$", SCHEDULE, definition.read_text()))
    (home / "dags" / CONSUMER).mkdir()
    (home / "dags" / CONSUMER / "dag.py").write_text(PUBLISHES)
    with LocalAirflow(home / "state", dags=home / "dags") as airflow:
        for dag_id in (WORKFLOW, NIGHTLY, ARRIVALS, BATCH, CONSUMER):
            airflow.wait_for_dag(dag_id)
        airflow.wait_for_triggerer()
        yield Served(airflow, root / "include" / "samples")


def scan(inbox: Served, run_id: str, **conf: Any) -> tuple[str, list[dict[str, Any]]]:
    """A scan to its end: its note and its tasks."""
    state, note, tasks = to_its_end(inbox, NIGHTLY, run_id, conf)
    assert state == "success"
    return note, tasks


def to_its_end(
    inbox: Served, dag_id: str, run_id: str, conf: dict[str, Any]
) -> tuple[str, str, list[dict[str, Any]]]:
    """A run of a DAG: its state, its note and its tasks."""
    inbox.airflow.trigger(dag_id, conf, run_id=run_id)
    state, tasks = "", []
    for state, tasks in inbox.airflow.watch(dag_id, run_id, LONGEST, until=lambda states: False):  # noqa: B007
        pass
    return state, inbox.airflow.run(dag_id, run_id)["note"], tasks


def runs(inbox: Served, dag_id: str) -> list[dict[str, Any]]:
    """The runs of a DAG."""
    found: list[dict[str, Any]] = inbox.airflow.get(f"/dags/{dag_id}/dagRuns", limit=100)["dag_runs"]
    return found


def whole_list(inbox: Served, run_id: str) -> dict[str, Any]:
    """What a scan kept."""
    data: dict[str, Any] = json.loads((inbox.airflow.storage / "runs" / NIGHTLY / run_id / "summary.json").read_text())
    return data


@pytest.fixture(scope="module")
def filled(inbox: Served) -> Served:
    """Two good documents, a copy of one of them, one that is no PDF and one with a password."""
    inbox.put("a.pdf", inbox.samples / "aldermoor_global_equity_en.pdf")
    inbox.put("a again.pdf", inbox.samples / "aldermoor_global_equity_en.pdf")
    inbox.put("b.pdf", inbox.samples / "tannhorst_europa_dividende_de.pdf")
    inbox.put("bad.pdf", inbox.samples / "hostile" / "not_a_pdf.pdf")
    inbox.put("locked.pdf", inbox.samples / "hostile" / "password_protected.pdf")
    return inbox


def test_a_dry_run_says_what_would_be_started(filled: Served) -> None:
    """And starts nothing."""
    note, _ = scan(filled, "dry", only_list=True)
    assert note.startswith("**Only listed: 4 documents would get a run**")
    assert "[" not in note.partition("[The whole list]")[0]
    assert runs(filled, WORKFLOW) == []


@pytest.fixture(scope="module")
def scanned(filled: Served) -> Served:
    """The first scan is over."""
    scan(filled, "night")
    return filled


def test_each_new_document_has_its_run_and_waiting_holds_up_nobody(scanned: Served) -> None:
    """With one place at work, both good documents came to their question; the copy has no run of its own."""
    data = whole_list(scanned, "night")
    assert data["counts"] == {"waiting": 2, "quarantined": 2}
    assert data["copies"] == 1
    assert len(runs(scanned, WORKFLOW)) == 4
    waiting = [item for item in data["documents"] if item["standing"] == "waiting"]
    assert [item["asks"] for item in waiting] == [["approve_content"]] * 2
    tasks = scanned.airflow.tasks(NIGHTLY, "night")
    names = {task["rendered_map_index"] for task in tasks if task["task_id"] == "process_document"}
    assert names == {"a again.pdf", "b.pdf", "bad.pdf", "locked.pdf"}


def test_the_note_of_the_scan_counts_and_leads_to_every_document(scanned: Served) -> None:
    """Addresses of the open questions first, and of the whole list, which Airflow's login guards."""
    note = scanned.airflow.run(NIGHTLY, "night")["note"]
    assert note.startswith(
        "**4 documents: 2 wait for a person, 2 in quarantine; cost USD 0; 1 file is a copy of another**"
    )
    assert len(note) <= 1000
    assert "/tasks/approve_content/required_actions): waits for a person" in note
    address = re.search(r"\[The whole list\]\((\S+)\)$", note)
    assert address
    url = scanned.airflow.url + address[1]
    answer = httpx.get(url, headers=scanned.airflow.client.headers, timeout=30)
    assert answer.status_code == 200
    assert answer.text.count("\n- ") == 4
    assert httpx.get(url, timeout=30).status_code == 401


def test_documents_that_failed_by_their_own_fault_left_the_inbox(scanned: Served) -> None:
    """With the reason, the run and what to do; everything else stayed."""
    left = {path.name for path in (scanned.airflow.storage / "inbox" / WORKFLOW).iterdir()}
    assert left == {"a.pdf", "a again.pdf", "b.pdf"}
    folder = scanned.airflow.storage / "quarantine" / WORKFLOW
    assert (folder / "bad.pdf").read_bytes() == (scanned.samples / "hostile" / "not_a_pdf.pdf").read_bytes()
    reason = json.loads((folder / "locked.pdf.reason.json").read_text())
    assert reason["error"]["error"] == "EncryptedDocumentError"
    assert "without one" in reason["what_to_do"]
    run = scanned.airflow.run(WORKFLOW, reason["run"]["id"])
    assert run["state"] == "failed"
    assert reason["run"]["link"].endswith(f"/dags/{WORKFLOW}/runs/{run['dag_run_id']}")


def test_a_second_scan_starts_nothing_and_puts_a_known_bad_document_aside(scanned: Served) -> None:
    """The same bad file under another name needs no run to be found out."""
    scanned.put("bad again.pdf", scanned.samples / "hostile" / "not_a_pdf.pdf")
    note, _ = scan(scanned, "second")
    assert note.startswith("**1 document: 1 in quarantine; cost USD 0**")
    assert "bad again.pdf: in quarantine. NotAPdfError" in note
    assert len(runs(scanned, WORKFLOW)) == 4


def test_a_finished_video_starts_who_waits_for_it(scanned: Served) -> None:
    """The release of one document makes its video, and the other team's DAG hears of that one run, with what it needs."""
    (document,) = [item for item in whole_list(scanned, "night")["documents"] if item["document"].endswith("/b.pdf")]
    run_id = document["run_id"]
    scanned.answer(run_id, "approve_content", "Approve")
    state, _ = scanned.end(run_id)
    assert state == "success", scanned.manifest(run_id)["error"]
    for _ in scanned.airflow.watch(WORKFLOW, run_id, 60, until=lambda states: True):
        pass
    (consumer,) = _until(scanned, CONSUMER, lambda found: any(run["state"] == "success" for run in found))
    path = f"/dags/{CONSUMER}/dagRuns/{consumer['dag_run_id']}/taskInstances/publish/xcomEntries/return_value"
    value = scanned.airflow.get(path)["value"]
    (extra,) = json.loads(value) if isinstance(value, str) else value
    assert (extra["run_id"], extra["document"], extra["outcome"]) == (run_id, "b.pdf", "succeeded")
    assert extra["content"] == scanned.manifest(run_id)["approval"]["content"]
    assert extra["video"].endswith(f"{run_id}/video.mp4")


def _until(inbox: Served, dag_id: str, done: Any, timeout: float = LONGEST) -> list[dict[str, Any]]:
    """The runs of a DAG, once they are what is waited for."""
    import time

    deadline = time.monotonic() + timeout
    while not done(found := runs(inbox, dag_id)):
        inbox.airflow.check_services()
        assert time.monotonic() < deadline, [(run["dag_run_id"], run["state"], run["note"]) for run in found]
        time.sleep(0.5)
    return found


def test_a_batch_with_a_wrong_name_starts_nothing_and_names_each(scanned: Served) -> None:
    """The run fails at its first task without a retry, and its note has every mistake."""
    before = len(runs(scanned, WORKFLOW))
    wrong = {"documents": ["b.pdf", "c.pfd", "november/"], "langauge": "de"}
    state, note, tasks = to_its_end(scanned, BATCH, "misspelt", wrong)
    assert state == "failed"
    assert note.startswith(f"**The batch of {WORKFLOW} has one problem, and nothing was started**")
    assert "'langauge' is not a parameter" in note
    state, note, tasks = to_its_end(scanned, BATCH, "wrong", {"documents": wrong["documents"]})
    assert state == "failed"
    assert "2 problems" in note and "- c.pfd: there is no such document" in note and "- november/: there is no PDF" in note
    assert {task["task_id"]: task["try_number"] for task in tasks}["list_documents"] == 1
    assert len(runs(scanned, WORKFLOW)) == before


def test_a_batch_says_what_became_of_each_document_that_it_names(scanned: Served) -> None:
    """A folder's document gets its video, one that has it is left, one that waits is followed, one in quarantine is told."""
    scanned.put("october/c.pdf", scanned.samples / "brevalon_obligations_euro_fr.pdf")
    conf = {"documents": ["october/", "b.pdf", "a.pdf", "locked.pdf"], "approval": "auto"}
    before = len(runs(scanned, WORKFLOW))
    state, note, _ = to_its_end(scanned, BATCH, "october", conf)
    assert state == "success"
    assert note.startswith("**4 documents: 1 waits for a person, 1 finished, 1 had its video before, 1 in quarantine")
    assert len(runs(scanned, WORKFLOW)) == before + 1
    folder = scanned.airflow.storage / "batch" / WORKFLOW
    rows = {row["document"].rpartition("/")[2]: row for row in csv.DictReader((folder / "october.csv").open())}
    assert {name: row["outcome"] for name, row in rows.items()} == {
        "c.pdf": "finished", "b.pdf": "had_before", "a.pdf": "waiting", "locked.pdf": "quarantined",
    }  # fmt: skip
    run_id = rows["c.pdf"]["run_id"]
    assert (scanned.folder(run_id) / "video.mp4").is_file()
    assert json.loads((scanned.folder(run_id) / "request.json").read_text())["triggered_by"] == "admin"
    state, note, _ = to_its_end(scanned, BATCH, "october-again", conf)
    assert "1 waits for a person, 2 had their video before, 1 in quarantine" in note
    assert len(runs(scanned, WORKFLOW)) == before + 1


def tell(inbox: Served, asset: int, document: str) -> None:
    """Tells of an arrival as the DAG's page shows it; a told document may be told again, so a busy SQLite is asked again."""
    body = {"asset_id": asset, "partition_key": document}
    for _ in range(5):
        answer = inbox.airflow.client.post("/assets/events", json=body, timeout=120)
        if answer.status_code != 500:
            break
    answer.raise_for_status()


def test_twenty_arrivals_in_a_burst_are_twenty_runs(scanned: Served) -> None:
    """One each, whatever was told twice; one at a time at work, and none that has its run gets a second."""
    (asset,) = scanned.airflow.get("/assets", name_pattern=f"inbox/{WORKFLOW}")["assets"]
    names = [f"{number:02}.pdf" for number in range(19)]
    for name in names:
        scanned.put(name, b"%PDF-1.7 and no more than " + name.encode())
    before = {run["dag_run_id"] for run in runs(scanned, WORKFLOW)}
    for name in ["a.pdf", *names, *names[:3]]:
        tell(scanned, asset["id"], name)
    found = _until(scanned, ARRIVALS, lambda found: len({run["partition_key"] for run in found}) == 20)
    assert {run["partition_key"] for run in found} == {"a.pdf", *names}
    assert Counter(run["state"] for run in found)["running"] <= 1
    done = _until(scanned, ARRIVALS, lambda found: sum(run["state"] == "success" for run in found) >= 2)
    told = {run["partition_key"]: run["note"] for run in done if run["state"] == "success"}
    assert "waits for a person" in told.pop("a.pdf", "waits for a person")
    assert all("in quarantine" in note for note in told.values())
    made = {run["dag_run_id"] for run in runs(scanned, WORKFLOW)} - before
    assert len(made) <= len(done)
