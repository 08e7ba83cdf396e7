"""Pages of reports and papers that hold no value are kept back from a model, and no page that holds one is."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from paper_sample import ROOT, SAMPLES, paper

from workflow_orchestrator.definition import load_fields
from workflow_orchestrator.documents import Document, Page, ReadLimits, read_document
from workflow_orchestrator.extraction.layout import DocumentLayout
from workflow_orchestrator.extraction.page_candidates import candidates
from workflow_orchestrator.extraction.pages import Selection, needed_pages
from workflow_orchestrator.extraction.standing import compact
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import FieldSet

LIMITS = ReadLimits(max_pages=150)
FIELDS = {name: load_fields(ROOT / "dags" / name / "schema.json") for name in ("earnings_report_video", "research_paper_video")}
REPORT, PAPER = FIELDS["earnings_report_video"], FIELDS["research_paper_video"]
OWN = [
    *((path, REPORT) for path in sorted((SAMPLES / "earnings").glob("*.truth.json"))),
    *((path, PAPER) for path in sorted((SAMPLES / "papers").glob("*.truth.json"))),
]
REAL = [
    *((path, "earnings", REPORT) for path in sorted((ROOT / "benchmarks" / "reports").glob("*.json"))),
    *((path, "papers", PAPER) for path in sorted((ROOT / "benchmarks" / "papers").glob("*.json"))),
]


def selection(document: Document, fields: FieldSet) -> Selection:
    return needed_pages(document, fields, tuple(spec.name for spec in fields.values() if spec.required))


def kept_back(document: Document, values: Mapping[str, Mapping[str, Any]], sent: Collection[int]) -> list[str]:
    """The values that no sent page prints: a name may stand on another page than the truth says, a figure not."""
    text = compact(" ".join(page.shown for page in document.pages if page.number in sent))
    return [
        name for name, item in values.items()
        if item["page"] not in sent and (any(map(str.isdigit, item["quote"])) or compact(item["quote"]) not in text)
    ]  # fmt: skip


@pytest.mark.parametrize(("truth", "fields"), OWN, ids=[path.stem.partition(".")[0] for path, _ in OWN])
def test_no_value_of_a_sample_is_kept_back(truth: Path, fields: FieldSet) -> None:
    """Of reports and papers, each page with a value is sent."""
    document = read_document(truth.with_name(truth.name.replace(".truth.json", ".pdf")).read_bytes(), LIMITS)
    values = json.loads(truth.read_text(encoding="utf-8"))["values"]
    assert kept_back(document, values, selection(document, fields).sent) == []


@pytest.mark.shared
@pytest.mark.parametrize(("truth", "folder", "fields"), REAL, ids=[path.stem for path, _, _ in REAL])
def test_no_value_of_a_real_document_is_kept_back(truth: Path, folder: str, fields: FieldSet, shared: Path) -> None:
    """Real reports and papers, up to 33 pages; of ten pages and more, at most two in three are sent."""
    document = read_document((shared / "data" / folder / f"{truth.stem}.pdf").read_bytes(), LIMITS)
    sent = selection(document, fields).sent
    assert kept_back(document, json.loads(truth.read_text(encoding="utf-8"))["values"], sent) == []
    assert len(document.pages) < 10 or len(sent) <= len(document.pages) * 2 / 3


def test_a_long_filing_is_read_by_its_statements() -> None:
    """Of a quarterly report of 60 pages, nearly all of them notices, at most ten are sent."""
    document = read_document((SAMPLES / "earnings" / "halvorsen_energy_10q_en.pdf").read_bytes(), LIMITS)
    chosen = selection(document, REPORT)
    assert len(document.pages) == 60 and len(chosen.sent) <= 10


def article(*pages: Document) -> Document:
    """The pages of several documents of one page, as one."""
    taken: list[Page] = [replace(document.pages[0], number=number) for number, document in enumerate(pages, 1)]
    return replace(pages[0], pages=tuple(taken))


FIRST = paper(
    (760, [(200, "*A Short Paper on Pages")]), (720, [(200, "Ada Muster")]), (690, [(60, "*Abstract")]),
    (676, [(60, "We read pages one after the other and write down what we see on them.")]),
)  # fmt: skip
_ANIMALS = "heron otter lynx badger plover marten stoat wren dipper vole hare crane".split()


def text(start: int, lines: int = 12) -> list[tuple[float, list[tuple[float, str]]]]:
    """Lines of running text, no two alike."""
    pairs = [f"the {_ANIMALS[(start + n) % 12]} and the {_ANIMALS[start]}" for n in range(lines)]
    return [(740 - 14 * n, [(60, f"{pair} go on to the next bank")]) for n, pair in enumerate(pairs)]


def test_text_that_goes_on_takes_its_next_page_along() -> None:
    """The page of a heading and the page on which its text ends are sent; the one behind is not."""
    heading = paper((760, [(60, "*Limitations")]), *text(0))
    document = article(FIRST, heading, paper(*text(1, 3), (600, [(60, "*References")])), paper(*text(2)))
    found = {number for number, name in candidates(DocumentLayout(document), Vocabulary(PAPER)) if name == "limitations"}
    assert found == {2, 3}
    assert 4 in selection(document, PAPER).kept_back


def test_a_caption_at_the_foot_takes_the_next_page_along() -> None:
    """A table whose rows stand on the page behind its caption."""
    caption = paper(*text(3), (80, [(60, "Table 1: Results of both readers.")]))
    rows = paper(
        (760, [(60, "Reader"), (-300, "Recall"), (-400, "Precision")]),
        (746, [(60, "First"), (-300, "0.91"), (-400, "0.95")]),
        (732, [(60, "Second"), (-300, "0.93"), (-400, "0.96")]),
    )
    document = article(FIRST, caption, rows, paper(*text(4)))
    chosen = selection(document, PAPER)
    assert {2, 3} <= set(chosen.sent) and "results" in chosen.why[3]
    assert 4 in chosen.kept_back


def test_title_and_names_are_no_reason_to_send_everything() -> None:
    """They are required and have no label, and stand on the first page, which is sent."""
    document = article(FIRST, paper((760, [(60, "*Related work")]), *text(5)), paper(*text(6)))
    assert selection(document, PAPER).sent == (1,)


def test_a_paper_without_a_known_heading_is_sent_whole() -> None:
    """The abstract is required, and nothing says where it stands."""
    document = article(paper((760, [(200, "*A Short Paper on Pages")]), *text(7)), paper(*text(8)))
    assert selection(document, PAPER).kept_back == ()
