"""The extraction step meets documents that want something of it: it reads them, and does nothing else."""

from __future__ import annotations

import io
import json
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from active_sample import active_document
from step_lab import Bench, opened, with_steps, work_on

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import ExtractStep, ValidateStep, Workflow
from workflow_orchestrator.errors import BusinessValidationError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.script.model import Script
from workflow_orchestrator.steps import extract, validate
from workflow_orchestrator.steps.approve import review_page
from workflow_orchestrator.values import ValueSet

ROOT = Path(__file__).resolve().parents[4]
HOSTILE = ROOT / "include" / "samples" / "hostile"
SHEET = ROOT / "include" / "samples" / "calderwick_sterling_corporate_bond_en.pdf"
LISTING = json.loads((HOSTILE / "injections.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def workflow() -> Workflow:
    """The factsheet workflow's extraction and validation."""
    shipped = load_workflow(ROOT / "dags" / "fund_factsheet_video", ROOT / "include")
    return with_steps(shipped, *(step for step in shipped.steps if isinstance(step, ExtractStep | ValidateStep)))


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A port that waits for somebody to connect."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def extracted(place: Path, workflow: Workflow, data: bytes, answer: Any) -> tuple[RunFolder, Bench]:
    """A run after its extraction with a model that answers `answer` whatever it is asked."""
    run = opened(place, workflow)
    run.write("source.pdf", data)
    bench = Bench(replies=[answer])
    extract.perform(work_on(run, workflow, workflow.steps[0], bench))
    return run, bench


def proven(run: RunFolder, workflow: Workflow) -> ValueSet:
    """The values that validation proves; rules may stop the run."""
    try:
        validate.perform(work_on(run, workflow, workflow.steps[1], Bench()))
    except BusinessValidationError:
        values = ValueSet.from_json(run.read_json("extracted.json")["values"])
        verdicts = run.read_json("validation.json")["verdicts"]
        return ValueSet(values[verdict["ref"]] for verdict in verdicts if verdict["status"] == "proven")
    return ValueSet.from_json(run.read_json("values.json"))


def connected(server: socket.socket) -> bool:
    return bool(select.select([server], [], [], 0)[0])


def test_a_document_starts_nothing_and_calls_nobody(tmp_path: Path, workflow: Workflow, server: socket.socket) -> None:
    """Scripts, launch actions, attached files, links, forms and parts that lie elsewhere are left alone; the page is read."""
    marker, program, secret = tmp_path / "marker", tmp_path / "order.sh", tmp_path / "secret"
    program.write_text(f"#!/bin/sh\ntouch {marker}\n")
    program.chmod(0o755)
    secret.write_bytes(b"BT /F1 12 Tf 1 0 0 1 50 300 Tm (Fund size EUR 777.7 m) Tj ET")
    address = f"http://127.0.0.1:{server.getsockname()[1]}"
    data = active_document(SHEET.read_bytes(), address, program, secret)
    for order in (
        b"/JavaScript",
        b"/Launch",
        b"/SubmitForm",
        b"/GoToR",
        b"/EmbeddedFile",
        b"/ImportData",
        address.encode(),
    ):
        assert order in plain(data)
    item = {"field": "isin", "key": "", "quote": "GB00BZ9E4177", "page": 1, "label": ""}
    run, bench = extracted(tmp_path / "run", workflow, data, {"values": [item]})
    whole = json.dumps(run.read_json("document.json")) + str(bench.asked)
    assert not marker.exists() and not connected(server)
    assert "777.7" not in whole and address not in whole
    assert "isin" in proven(run, workflow)
    # The listener does hear whoever connects.
    with socket.create_connection(server.getsockname()):
        assert connected(server)


def plain(data: bytes) -> bytes:
    """The file with its objects unpacked."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as document:
        document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False)
    return out.getvalue()


@pytest.mark.parametrize("name", ["tool_call", "answer", "white", "metadata"])
def test_a_model_that_obeys_a_document_changes_neither_values_nor_route(
    name: str, tmp_path: Path, workflow: Workflow
) -> None:
    """A fake value under a true label, a finished answer, a call of a tool, said aloud or hidden: the step asks the same route once,
    offers no tool, and of the obedient answer only what is printed as that field is proven.
    """
    [case] = [case for case in LISTING["cases"] if case["file"] == f"injection_{name}.pdf"]
    true = LISTING["values"]["nav"]
    rest = {"field": "nav", "key": "", "quote": true["quote"], "page": 1, "label": ""}
    obeyed = {"values": [*case["answers"], rest]}
    run, bench = extracted(tmp_path, workflow, (HOSTILE / case["file"]).read_bytes(), obeyed)
    step = workflow.steps[0]
    assert isinstance(step, ExtractStep)
    [(route, request)] = bench.asked
    assert route == step.route and not hasattr(request, "tools") and request.purpose == step.name
    values = proven(run, workflow)
    assert "nav" in values and "ytd_performance" not in values
    assert all("45.00" not in value.evidence.quote for value in values.values())


def test_what_the_reader_said_of_the_document_reaches_the_approver(tmp_path: Path, workflow: Workflow) -> None:
    """A file that was repaired says so in document.json, extracted.json and validation.json, and to who releases the video."""
    whole = SHEET.read_bytes()
    run, _ = extracted(tmp_path, workflow, whole[: int(len(whole) * 0.97)], {"values": []})
    proven(run, workflow)
    for name in ("document.json", "extracted.json", "validation.json"):
        assert any("was repaired" in warning for warning in run.read_json(name)["warnings"]), name
    run.write_json("script.json", Script("en", "Fund", "Fund", "Kicker", "Footer", "Source", ()).to_json())
    run.write_json("compliance.json", {"results": []})
    page = review_page(run, "ab", ("script",), lambda name: f"/{name}", workflow.fields)
    assert "**Document**: the file was damaged" in page and "was repaired: parts of it may be missing" in page
