"""The whole road on a served Airflow, over its REST API: good documents, bad input, people, the nightly scan, a model."""

from __future__ import annotations

import io
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from openai_peer import OpenAIPeer
from PIL import Image
from served_airflow import LONGEST, WORKFLOW, Served

pytestmark = [pytest.mark.airflow, pytest.mark.served]

SAMPLE = "aldermoor_global_equity_en"
FIRST = "extract_factsheet_data"


def test_airflow_shows_the_dags_and_no_import_error(served: Served) -> None:
    """Both DAGs are there, not paused; plugins and DAG files import cleanly; the connection type has its form."""
    airflow = served.airflow
    assert airflow.get("/importErrors")["import_errors"] == []
    assert airflow.get("/plugins/importErrors")["import_errors"] == []
    for dag_id in (WORKFLOW, f"{WORKFLOW}_nightly"):
        assert airflow.get(f"/dags/{dag_id}")["is_paused"] is False
    form = airflow.get(f"/dags/{WORKFLOW}/details")["params"]
    assert form["document"]["schema"]["type"] == "string"
    assert form["audience"]["value"] == "retail"
    assert all(item["schema"].get("title") and item["schema"].get("description_md") for item in form.values())
    types = httpx.get(
        f"{airflow.url}/ui/connections/hook_meta", headers=dict(airflow.client.headers), timeout=30
    ).json()
    assert "llm" in {item["connection_type"] for item in types}


def test_a_sample_becomes_a_checked_video(served: Served) -> None:
    """Triggered over REST with a conf, the sample ends in an MP4 whose facts were measured, in offline mode that says so."""
    served.put("sample.pdf", served.samples / f"{SAMPLE}.pdf")
    served.start("good", document="sample.pdf", approval="auto", jurisdictions=["eu"])
    state, tasks = served.end("good")
    assert state == "success", served.manifest("good")["error"]
    assert tasks["correct_extracted_data"]["state"] == "skipped"
    manifest = served.manifest("good")
    assert manifest["mode"]["name"] == "offline"
    assert "no language model" in manifest["mode"]["says"]
    assert manifest["approval"]["mode"] == "auto"
    assert manifest["usage"]["cost_usd"] == "0"
    assert manifest["workflow"]["definition"].startswith("sha256:")
    names = {item["name"] for item in manifest["artifacts"]}
    assert {"document.json", "extracted.json", "validation.json", "values.json", "script.json", "compliance.json"} <= names
    assert {"slides.pptx", "slides.pdf", "video.mp4", "captions.vtt", "approval.json"} <= names
    assert len([name for name in names if name.startswith("slides/")]) >= 4
    from workflow_orchestrator.rendering.mp4 import probe

    facts = probe(served.folder("good") / "video.mp4")
    measured = json.loads((served.folder("good") / "video.json").read_text())
    assert abs(facts.duration.total_seconds() - measured["duration"]) < 0.001
    note = served.airflow.run(WORKFLOW, "good")["note"]
    assert "Video ready" in note
    assert "Offline mode" in note


def test_every_value_of_the_video_is_printed_in_the_document(served: Served) -> None:
    """Each value of the finished run equals the sample's truth, with its page and printed words."""
    truth = json.loads((served.samples / f"{SAMPLE}.truth.json").read_text())["values"]
    values = json.loads((served.folder("good") / "values.json").read_text())
    assert values
    for item in values:
        ref = f"{item['field']}.{item['key']}" if item["key"] else item["field"]
        assert item["value"] == truth[ref]["value"], ref
        assert item["evidence"]["page"] == truth[ref]["page"], ref


def test_the_same_document_is_not_processed_twice_unless_asked(served: Served) -> None:
    """A second run of the same document under the same definition ends early, and names the first one."""
    served.put("again.pdf", served.samples / f"{SAMPLE}.pdf")
    served.start("twice", document="again.pdf", approval="auto", jurisdictions=["eu"])
    state, tasks = served.end("twice")
    assert state == "failed"
    assert tasks[FIRST]["try_number"] == 1
    error = served.manifest("twice")["error"]
    assert error["error"] == "AlreadyProcessedError"
    assert "'good'" in error["message"]


BAD = {
    "missing_file": ({"document": "nowhere.pdf"}, "DocumentNotFoundError", "nowhere.pdf"),
    "outside_uri": ({"document": "file:///etc/passwd"}, "DocumentOutsideStorageError", "/etc/passwd"),
    "other_bucket": ({"document": "s3://elsewhere/a.pdf"}, "DocumentOutsideStorageError", "s3://elsewhere"),
    "climbing_out": ({"document": "../../../etc/passwd"}, "DocumentOutsideStorageError", "passwd"),
    "unknown_keys": ({"document": "sample.pdf", "langauge": "de", "colour": "red"}, "ConfError", "langauge"),
    "no_pdf": ({"document": "no_pdf.pdf"}, "NotAPdfError", "PDF"),
    "no_bytes": ({"document": "no_bytes.pdf"}, "EmptyDocumentError", ""),
    "no_text": ({"document": "no_text.pdf"}, "EmptyDocumentError", ""),
    "password": ({"document": "password.pdf"}, "EncryptedDocumentError", "password"),
    "image_only": ({"document": "image_only.pdf"}, "ImageOnlyDocumentError", ""),
    "too_long": ({"document": "too_long.pdf"}, "DocumentLimitError", "40"),
}
FILES = {
    "no_text.pdf": "blank.pdf", "password.pdf": "password_protected.pdf",
    "too_long.pdf": "sixty_pages.pdf", "no_pdf.pdf": "not_a_pdf.pdf",
}  # fmt: skip


@pytest.fixture(scope="session")
def bad_files(served: Served) -> Served:
    """The bad documents lie in the inbox."""
    for name, source in FILES.items():
        served.put(name, served.samples / "hostile" / source)
    served.put("no_bytes.pdf", b"")
    # No words on it: a machine with OCR finds none either.
    photo = io.BytesIO()
    Image.new("L", (600, 800), 200).save(photo, "PDF")
    served.put("image_only.pdf", photo.getvalue())
    return served


@pytest.mark.parametrize("run_id", BAD)
def test_bad_input_ends_in_a_named_error_at_once(bad_files: Served, run_id: str) -> None:
    """The first step names what was wrong, is not retried, and a manifest is left behind."""
    conf, error, words = BAD[run_id]
    # One at a time: a burst of writers is what SQLite cannot take (ARCHITECTURE.md), and not what is tested here.
    bad_files.start(run_id, **conf)
    state, tasks = bad_files.end(run_id)
    manifest = bad_files.manifest(run_id)
    assert state == "failed"
    assert manifest["error"]["error"] == error, manifest["error"]
    assert words in manifest["error"]["message"]
    assert tasks[FIRST]["try_number"] == 1
    assert tasks["correct_extracted_data"]["state"] == "skipped"
    assert manifest["outcome"] == "failed"
    assert error in bad_files.airflow.run(WORKFLOW, run_id)["note"]


def test_all_problems_of_a_conf_are_named_together(served: Served) -> None:
    """Both unknown keys are in one message, with what was meant."""
    served.start("two_unknown_keys", document="sample.pdf", langauge="de", colour="red")
    served.end("two_unknown_keys")
    message = served.manifest("two_unknown_keys")["error"]["message"]
    assert "colour" in message
    assert "language" in message


@pytest.mark.parametrize("conf", [{}, {"document": 7}, {"document": "a.pdf", "audience": "everyone"}])
def test_what_airflow_can_refuse_it_refuses_at_the_door(served: Served, conf: dict[str, Any]) -> None:
    """A missing document and ill-typed parameters are a 400 before any run exists."""
    with pytest.raises(httpx.HTTPStatusError) as caught:
        served.airflow.trigger(WORKFLOW, conf)
    assert caught.value.response.status_code == 400


def test_a_person_releases_the_video(served: Served) -> None:
    """With `approval: people` the run waits; the release names the person and the hash; the video follows."""
    served.put("release.pdf", served.samples / "tannhorst_europa_dividende_de.pdf")
    served.start("released", document="release.pdf")
    state, tasks = served.end("released")
    assert (state, tasks["approve_content"]["state"]) == ("running", "awaiting_input")
    assert not (served.folder("released") / "video.mp4").exists()
    question = served.question("released", "approve_content")
    slides = re.findall(r"!\[[^\]]+\]\(([^\s)]+\.png)\)", question["body"])
    assert len(slides) >= 4
    for path in slides:
        picture = httpx.get(served.airflow.url + path, headers=served.airflow.client.headers, timeout=30)
        assert picture.status_code == 200
        assert picture.content.startswith(b"\x89PNG")
    assert "sha256:" in question["body"]
    served.answer("released", "approve_content", "Approve")
    state, _ = served.end("released")
    assert state == "success"
    approval = served.manifest("released")["approval"]
    assert (approval["mode"], approval["by"]) == ("person", "admin")
    assert approval["content"] in question["body"]


def test_a_question_that_is_put_again_shows_what_it_asks_about(served: Served) -> None:
    """After a clear, the page shows the content of now; the release holds for that and no other."""
    served.put("again2.pdf", served.samples / "gratlin_schweizer_aktien_de.pdf")
    served.start("asked_again", document="again2.pdf")
    served.end("asked_again")
    first = served.question("asked_again", "approve_content")["body"]
    pptx = served.folder("asked_again") / "slides.pptx"
    pptx.write_bytes(pptx.read_bytes() + b" ")
    clear = {"dry_run": False, "only_failed": False, "only_running": False, "task_ids": ["approve_content"],
             "dag_run_id": "asked_again", "include_downstream": True, "reset_dag_runs": True}  # fmt: skip
    served.airflow.client.post(f"/dags/{WORKFLOW}/clearTaskInstances", json=clear).raise_for_status()
    _, tasks = served.end("asked_again")
    assert tasks["approve_content"]["try_number"] == 2
    second = served.question("asked_again", "approve_content")["body"]
    assert first.rpartition("sha256:")[2] != second.rpartition("sha256:")[2]
    served.answer("asked_again", "approve_content", "Approve")
    state, _ = served.end("asked_again")
    assert state == "success", served.manifest("asked_again")["error"]
    assert served.manifest("asked_again")["approval"]["content"] in second


@pytest.mark.parametrize("name", ["steps/extract_factsheet_data.json", "../../../../airflow/secrets.json", "nothing.json"])
def test_only_the_files_of_a_run_are_served(served: Served, name: str) -> None:
    """Other names are not found, whatever they would lead to."""
    url = f"{served.airflow.url}/workflow-orchestrator/{WORKFLOW}/good/{quote(name, safe='')}"
    assert httpx.get(url, headers=served.airflow.client.headers, timeout=30).status_code == 404


def test_files_of_a_run_need_airflow_s_login(served: Served) -> None:
    """Without a token there is no file; with one, the video comes as a video."""
    url = f"{served.airflow.url}/workflow-orchestrator/{WORKFLOW}/good/video.mp4"
    assert httpx.get(url, timeout=30).status_code == 401
    answer = httpx.get(url, headers=served.airflow.client.headers, timeout=30)
    assert answer.headers["content-type"] == "video/mp4"
    video = (served.folder("good") / "video.mp4").read_bytes()
    assert answer.content == video
    part = httpx.get(url, headers={**served.airflow.client.headers, "Range": "bytes=100-199"}, timeout=30)
    assert (part.status_code, part.content) == (206, video[100:200])


def test_a_rejected_video_is_not_made(served: Served) -> None:
    """A rejection ends the run with the person's name, without asking again."""
    served.put("reject.pdf", served.samples / "brevalon_obligations_euro_fr.pdf")
    served.start("rejected", document="reject.pdf")
    served.end("rejected")
    served.answer("rejected", "approve_content", "Reject", reason="The strategy is out of date.")
    state, tasks = served.end("rejected")
    assert state == "failed", {name: task["state"] for name, task in tasks.items()}
    assert tasks["approve_content"]["try_number"] == 1
    error = served.manifest("rejected")["error"]
    assert error["error"] == "ApprovalError"
    assert "admin rejected" in error["message"]
    assert not (served.folder("rejected") / "video.mp4").exists()


def incomplete(samples: Path) -> tuple[Path, dict[str, Any]]:
    """The sample that lacks the required strategy."""
    for path in sorted(samples.glob("*.truth.json")):
        truth = json.loads(path.read_text())
        if "fund_strategy" in truth["absent"]:
            return samples / truth["file"], truth
    raise AssertionError("no sample lacks its strategy")


def test_a_missing_field_is_asked_for_and_the_answer_is_checked(served: Served) -> None:
    """Without its strategy the run waits for a person; words that are not printed are refused; printed ones go on."""
    path, truth = incomplete(served.samples)
    served.put("incomplete.pdf", path)
    served.start("corrected", document="incomplete.pdf", approval="auto")
    _, tasks = served.end("corrected")
    ask = "correct_extracted_data"
    assert tasks[ask]["state"] == "awaiting_input", served.manifest("corrected")["error"]
    assert tasks["validate_extracted_data"]["try_number"] == 1
    asked = served.question("corrected", ask)
    assert "| Strategy: nothing | Strategy is required" in asked["body"]
    picture = httpx.get(page_address(served, asked["body"]), headers=served.airflow.client.headers, timeout=30)
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    form = {name: None for name in served.question("corrected", ask)["params"]}
    served.answer("corrected", ask, "Send the values", **{
        **form, "fund_strategy": "The fund doubles every year.", "fund_strategy@page": 1,
    })  # fmt: skip
    _, tasks = served.end("corrected")
    assert tasks[ask]["try_number"] == 2
    again = served.question("corrected", ask)
    assert "Not everything in the last answer of admin" in again["body"]
    assert again["params"]["fund_strategy"]["value"] == "The fund doubles every year."
    printed = {"quote": "This factsheet was made for testing software and offers nothing for sale.", "page": truth["pages"]}
    served.answer("corrected", ask, "Send the values", **{
        **form, "fund_strategy": printed["quote"], "fund_strategy@page": printed["page"],
    })  # fmt: skip
    state, _ = served.end("corrected")
    assert state == "success", served.manifest("corrected")["error"]
    values = {item["field"]: item for item in served.manifest("corrected")["values"]}
    assert values["fund_strategy"]["origin"] == "person"
    assert values["fund_strategy"]["evidence"]["page"] == printed["page"]
    changes = {item["ref"]: item for item in served.manifest("corrected")["checks"]["validation"]["corrections"]}
    assert (changes["fund_strategy"]["action"], changes["fund_strategy"]["by"]) == ("entered", "admin")


def page_address(served: Served, body: str) -> str:
    """The address of the picture of the first page, as the question links to it."""
    found = re.search(r"\[1\]\((/[^)]+/pages/page_01\.png)\)", body)
    assert found, body
    return served.airflow.url + found[1]


def test_the_nightly_scan_starts_one_run_per_new_document(served: Served) -> None:
    """Two scans of the same inbox start each document once; a new definition or document would start a new one."""
    dag_id = f"{WORKFLOW}_nightly"
    inbox = served.airflow.storage / "inbox" / WORKFLOW
    for path in inbox.iterdir():
        path.unlink()
    served.put("one.pdf", served.samples / "hostile/not_a_pdf.pdf")
    served.put("the same.pdf", served.samples / "hostile/not_a_pdf.pdf")
    served.put("two.pdf", b"%PDF-1.7 but no more")
    served.put("notes.txt", b"not a document")
    for scan in ("scan_1", "scan_2"):
        served.airflow.trigger(dag_id, {}, run_id=scan)
        for state, _ in served.airflow.watch(dag_id, scan, LONGEST):
            last = state
        assert last == "success"
    runs = served.airflow.get(f"/dags/{WORKFLOW}/dagRuns", limit=100)["dag_runs"]
    started = [run for run in runs if run["dag_run_id"].startswith("doc_")]
    assert len(started) == 2
    for run in started:
        served.end(run["dag_run_id"])
        assert served.manifest(run["dag_run_id"])["outcome"] == "failed"


def test_with_a_connection_a_model_reads_and_writes(served: Served, root: Path) -> None:
    """A connection made through the REST API turns the same workflow into model mode, bound to the same evidence."""
    name = "calderwick_sterling_corporate_bond_en"
    truth = json.loads((served.samples / f"{name}.truth.json").read_text())["values"]
    wanted = ("fund_name", "as_of_date", "fund_strategy", "performance_data.1y", "performance_data.3y", "performance_data.5y")

    def read(request: dict[str, Any]) -> Any:
        answered = [
            {"field": ref.partition(".")[0], "key": ref.partition(".")[2], "quote": truth[ref]["quote"],
             "page": truth[ref]["page"], "label": ""}
            for ref in wanted if ref in truth
        ]  # fmt: skip
        invented = {"field": "sharpe_ratio", "key": "", "quote": "9.87", "page": 1, "label": "Sharpe ratio"}
        return {"values": [*answered, invented]}

    attempts: list[int] = []

    def write(request: dict[str, Any]) -> Any:
        attempts.append(len(request["messages"]))
        slides = request["messages"][1]["content"].split("Slides:\n")[1].split("\n\n")[0].splitlines()
        sentences = {line.split(" ")[0]: ["These are the values of the factsheet."] for line in slides}
        sentences["opening"] = ["This is {fund_name}, as at {as_of_date}."]
        sentences["periods"] = ["Over one year to {as_of_date}, the fund returned {performance_data.1y}."]
        if len(attempts) == 1:
            sentences["periods"] = ["Over one year the fund returned 12.5%."]
        return {"segments": [{"id": name, "sentences": lines} for name, lines in sentences.items()]}

    served.put("model.pdf", served.samples / f"{name}.pdf")
    with OpenAIPeer({FIRST: read, "generate_summary_script": write}) as peer:
        connection = {
            "connection_id": "llm_default", "conn_type": "llm", "host": peer.url, "password": "key-of-the-test",
            "extra": json.dumps({"model": "peer-1", "price_input": "1", "price_output": "2"}),
        }  # fmt: skip
        served.airflow.client.post("/connections", json=connection).raise_for_status()
        try:
            served.start("model", document="model.pdf", approval="auto")
            state, _ = served.end("model")
        finally:
            served.airflow.client.delete("/connections/llm_default").raise_for_status()
    manifest = served.manifest("model")
    assert state == "success", manifest["error"]
    assert manifest["mode"]["name"] == "model"
    assert "peer-1" in manifest["mode"]["says"]
    values = {f"{v['field']}.{v['key']}" if v["key"] else v["field"]: v for v in manifest["values"]}
    assert "sharpe_ratio" not in values, "a number that is not printed must not get through"
    assert values["performance_data.1y"]["origin"] == "model"
    assert values["performance_data.1y"]["value"] == truth["performance_data.1y"]["value"]
    script = json.loads((served.folder("model") / "script.json").read_text())
    spoken = " ".join(s["shown"] for segment in script["segments"] for s in segment["sentences"])
    assert "12.5" not in spoken
    assert len(attempts) == 2, "the unbound number was sent back once, with the finding"
    calls = manifest["usage"]["calls"]
    assert calls == len(peer.requests) == 3
    assert Decimal(manifest["usage"]["cost_usd"]) > 0
    assert "key-of-the-test" not in (served.folder("model") / "manifest.json").read_text()
