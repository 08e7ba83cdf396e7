"""The workflows for earnings reports and research papers on the served Airflow: offline and with a model, and a publication that is held.

Each ends in a film that was measured, of values that stand in the sample's truth. One server serves all of them (conftest).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openai_peer import OpenAIPeer
from served_airflow import LONGEST, Served

pytestmark = [pytest.mark.airflow, pytest.mark.served]

EARNINGS, PAPER = "earnings_report_video", "research_paper_video"
SAMPLES = {EARNINGS: "earnings/castleford_instruments_q2_en", PAPER: "papers/lindqvist_two_readers_en"}
REPLIES = {
    EARNINGS: {"extract_financial_data": "castleford_reading", "generate_summary_script": "castleford_script"},
    PAPER: {"extract_paper_data": "lindqvist_reading", "write_digest": "lindqvist_script"},
}
TOLD = {EARNINGS: "In the quarter, revenue was US$1,084.2", PAPER: "a precision of 0.998 and a recall of 0.931"}
HOLD = "hold_until_public"
HELD = timedelta(minutes=3)


def proven(served: Served, run_id: str, sample: str) -> dict[str, Any]:
    """The manifest of a run that ended with a film, once each value was compared with the sample's truth."""
    from workflow_orchestrator.rendering.mp4 import probe

    manifest = served.manifest(run_id)
    truth = json.loads((served.samples / f"{sample}.truth.json").read_text())["values"]
    values = json.loads((served.folder(run_id) / "values.json").read_text())
    assert len(values) > 10
    for item in values:
        ref = f"{item['field']}.{item['key']}" if item["key"] else item["field"]
        if ref in truth and "value" in truth[ref]:
            # Words may stand in several places, with small or capital letters; of figures there is one.
            assert str(item["value"]).casefold() == str(truth[ref]["value"]).casefold(), ref
    assert probe(served.folder(run_id) / "video.mp4").duration.total_seconds() > 20
    assert manifest["outcome"] == "succeeded" and manifest["approval"]["mode"] == "auto"
    return manifest


def ended(served: Served, run_id: str) -> None:
    """Waits for the good end of a run."""
    state, _ = served.end(run_id)
    assert state == "success", served.manifest(run_id)["error"]


@pytest.fixture(scope="module")
def held(served: Served) -> tuple[Served, datetime]:
    """A report that is to be public in three minutes, which pass while the other tests run; its workflow and the time."""
    own = served.of(EARNINGS)
    own.put("report.pdf", own.samples / f"{SAMPLES[EARNINGS]}.pdf")
    public = datetime.now(UTC) + HELD
    own.start("held", document="report.pdf", approval="auto", not_before=public.isoformat(timespec="seconds"))
    return own, public


def test_a_publication_is_prepared_and_held(held: tuple[Served, datetime]) -> None:
    """Offline: everything is prepared and released before the report is public; the wait holds no worker, and there is no film."""
    own, _ = held
    for state, tasks in own.airflow.watch(EARNINGS, "held", LONGEST, until=lambda states: states.get(HOLD) == "deferred"):  # noqa: B007
        pass
    states = {task["task_id"]: task["state"] for task in tasks}
    assert (state, states[HOLD]) == ("running", "deferred"), states
    assert (own.folder("held") / "approval.json").is_file()
    assert not (own.folder("held") / "video.mp4").exists()


def test_a_paper_becomes_a_digest(served: Served) -> None:
    """Offline: the sample's values, a script in the house's sentences, and a film."""
    own = served.of(PAPER)
    own.put("paper.pdf", own.samples / f"{SAMPLES[PAPER]}.pdf")
    own.start("paper", document="paper.pdf", approval="auto")
    ended(own, "paper")
    assert proven(own, "paper", SAMPLES[PAPER])["mode"]["name"] == "offline"


@contextmanager
def model(served: Served, workflow: str, root: Path) -> Iterator[OpenAIPeer]:
    """A model behind the connection of the deployment; it answers as the one of the workflow's scenarios."""
    folder = root / "dags" / workflow / "replies"
    replies = {step: json.loads((folder / f"{name}.json").read_text()) for step, name in REPLIES[workflow].items()}
    with OpenAIPeer({step: lambda _, reply=reply: reply for step, reply in replies.items()}) as peer:
        connection = {
            "connection_id": "llm_default", "conn_type": "llm", "host": peer.url, "password": "key-of-the-test",
            "extra": json.dumps({"model": "peer-1", "price_input": "1", "price_output": "2"}),
        }  # fmt: skip
        served.airflow.client.post("/connections", json=connection).raise_for_status()
        try:
            yield peer
        finally:
            served.airflow.client.delete("/connections/llm_default").raise_for_status()


@pytest.mark.parametrize("workflow", [EARNINGS, PAPER])
def test_a_model_reads_and_writes(served: Served, root: Path, workflow: str) -> None:
    """Two calls, deferred; what the model says stands around figures that were proven on the page."""
    own = served.of(workflow)
    own.put("model.pdf", own.samples / f"{SAMPLES[workflow]}.pdf")
    with model(served, workflow, root) as peer:
        own.start("model", document="model.pdf", approval="auto", force=True)
        ended(own, "model")
    manifest = proven(own, "model", SAMPLES[workflow])
    assert manifest["mode"]["name"] == "model" and manifest["usage"]["calls"] == len(peer.requests) == 2
    script = json.loads((own.folder("model") / "script.json").read_text())
    shown = " ".join(sentence["shown"] for segment in script["segments"] for sentence in segment["sentences"])
    assert TOLD[workflow] in shown
    assert "model" in {item["origin"] for item in manifest["values"]}


def test_a_held_publication_is_made_when_its_time_has_come(held: tuple[Served, datetime]) -> None:
    """The film of the report that was held is made then, and not before."""
    own, public = held
    ended(own, "held")
    assert proven(own, "held", SAMPLES[EARNINGS])["mode"]["name"] == "offline"
    tasks = {task["task_id"]: task for task in own.airflow.tasks(EARNINGS, "held")}
    assert datetime.fromisoformat(tasks["start_video_generation"]["start_date"]) >= public.replace(microsecond=0)
