"""What the extraction step sends of a document, what it asks once more, and what its report says of both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from step_lab import Bench, opened, with_steps, work_on

from llm_orchestration import LLMRequest, LLMResult, RateLimitError, RefusalError
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import ExtractStep, ValidateStep, Workflow
from workflow_orchestrator.documents import Document, ReadLimits, Word
from workflow_orchestrator.errors import BusinessValidationError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.steps import extract, validate
from workflow_orchestrator.steps.work import Work
from workflow_orchestrator.values import Box

ROOT = Path(__file__).resolve().parents[4]
SHEET = ROOT / "include" / "samples" / "aldermoor_global_equity_en.pdf"
TRUTH = json.loads(SHEET.with_suffix(".truth.json").read_text(encoding="utf-8"))["values"]
NOTICE = (
    "Important information",
    "Written to jane.doe@aldermoor.example for the year",
    "A yearly gain of 8.88% was made",
)
REQUIRED = ("fund_name", "as_of_date", "fund_strategy")


@dataclass
class Longer(Bench):
    """A bench whose document has one more page, on which no label stands; a reply that is an error is raised."""

    def read_document(self, data: bytes, limits: ReadLimits) -> Document:
        document = super().read_document(data, limits)
        words = [word for place, line in enumerate(NOTICE) for word in _words(line, 760 - 14 * place)]
        page = replace(
            document.pages[0], number=len(document.pages) + 1, text="\n".join(NOTICE), words=tuple(words), scales=()
        )
        return replace(document, pages=(*document.pages, page))

    def ask_model(self, work: Work, route: str, request: LLMRequest) -> LLMResult:
        if isinstance(self.replies[0], BaseException):
            self.asked.append((route, request))
            raise self.replies.pop(0)
        return super().ask_model(work, route, request)


def _words(line: str, height: float) -> list[Word]:
    left, found = 40.0, []
    for text in line.split():
        found.append(Word(text, Box(left, height, left + 4 * len(text), height + 8), 8.0))
        left += 4 * len(text) + 2.4
    return found


@pytest.fixture(scope="module")
def workflow() -> Workflow:
    """The factsheet workflow's extraction and validation."""
    shipped = load_workflow(ROOT / "dags" / "fund_factsheet_video", ROOT / "include")
    return with_steps(shipped, *(step for step in shipped.steps if isinstance(step, ExtractStep | ValidateStep)))


def pointers(*fields: str) -> list[dict[str, Any]]:
    """Right answers for fields, as a model gives them."""
    return [
        {"field": name, "key": "", "quote": TRUTH[name]["quote"], "page": TRUTH[name]["page"], "label": ""}
        for name in fields
    ]


PERFORMANCE = {"field": "performance_data", "key": "1y", "quote": "8.88%", "page": 3, "label": ""}


def work_of(place: Path, workflow: Workflow, replies: Sequence[Any]) -> tuple[Work, Longer]:
    run = opened(place, workflow)
    run.write("source.pdf", SHEET.read_bytes())
    bench = Longer(replies=list(replies))
    return work_on(run, workflow, workflow.steps[0], bench), bench


def told(request: LLMRequest) -> str:
    return "\n".join(message.content for message in request.messages)


def test_a_page_without_a_candidate_is_not_sent(tmp_path: Path, workflow: Workflow) -> None:
    """The model reads two of three pages; the report has their numbers; the document of the run is whole."""
    one_year = {
        **PERFORMANCE,
        "quote": TRUTH["performance_data.1y"]["quote"],
        "page": TRUTH["performance_data.1y"]["page"],
    }
    work, bench = work_of(tmp_path, workflow, [{"values": [*pointers(*REQUIRED), one_year]}])
    extract.perform(work)
    [(_, request)] = bench.asked
    assert "=== page 2 ===" in told(request) and "=== page 3 ===" not in told(request) and "8.88" not in told(request)
    assert work.report.calls[0]["sent"]["pages"] == [1, 2]
    assert (work.report.facts["sent_pages"], work.report.facts["kept_back"]) == ([1, 2], [3])
    assert len(work.run.read_json("document.json")["pages"]) == 3


def test_the_author_can_send_every_page(tmp_path: Path, workflow: Workflow) -> None:
    """`pages: all` keeps nothing back and asks once."""
    step = workflow.steps[0]
    assert isinstance(step, ExtractStep)
    work, bench = work_of(
        tmp_path, with_steps(workflow, replace(step, pages="all"), *workflow.steps[1:]), [{"values": []}]
    )
    extract.perform(work)
    [(_, request)] = bench.asked
    assert "=== page 3 ===" in told(request) and work.report.calls[0]["sent"]["pages"] == [1, 2, 3]


def test_a_required_value_that_was_kept_back_is_asked_for_once(tmp_path: Path, workflow: Workflow) -> None:
    """The second question names only that field and the other pages; its value is among the others, proven on its page or not at all."""
    work, bench = work_of(tmp_path, workflow, [{"values": pointers(*REQUIRED)}, {"values": [PERFORMANCE]}])
    extract.perform(work)
    (_, first), (_, second) = bench.asked
    assert "=== page 3 ===" in told(second) and "=== page 1 ===" not in told(second)
    assert "- performance_data" in told(second) and "- fund_name" not in told(second) and "- fund_name" in told(first)
    assert second.schema and second.schema["properties"]["values"]["items"]["properties"]["field"]["enum"] == [
        "performance_data"
    ]
    assert work.report.facts["asked_again_for"] == ["performance_data"]
    assert [call["sent"]["pages"] for call in work.report.calls] == [[1, 2], [3]]
    assert work.report.calls[1]["sent"]["masked"] == {"e-mail address": 1}
    refs = {(item["field"], item.get("key", "")) for item in work.run.read_json("extracted.json")["values"]}
    assert {("fund_name", ""), ("performance_data", "1y")} <= refs


def test_a_second_question_without_an_answer_ends_the_search_not_the_step(tmp_path: Path, workflow: Workflow) -> None:
    """A refusal is told in the report with what was sent; validation then names the missing value for a person."""
    work, _ = work_of(tmp_path, workflow, [{"values": pointers(*REQUIRED)}, RefusalError("no")])
    extract.perform(work)
    assert work.report.facts["asked_again_failed"] == "RefusalError"
    [failed] = work.report.facts["unanswered"]
    assert failed["sent"]["pages"] == [3] and failed["outcome"] == "RefusalError"
    with pytest.raises(BusinessValidationError, match="performance_data"):
        validate.perform(work_on(work.run, workflow, workflow.steps[1], Bench()))


def test_a_second_question_that_a_retry_can_cure_is_tried_again(tmp_path: Path, workflow: Workflow) -> None:
    """A rate limit ends the try as it would with one question; the first answer is not lost to it, the journal has it."""
    work, _ = work_of(tmp_path, workflow, [{"values": pointers(*REQUIRED)}, RateLimitError("later")])
    with pytest.raises(RateLimitError):
        extract.perform(work)
    assert not RunFolder(work.run.storage, workflow.name, "r1").exists("extracted.json")
    assert work.report.facts["unanswered"][0]["sent"]["pages"] == [3]
