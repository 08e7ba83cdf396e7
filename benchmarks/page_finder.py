"""How many pages a model is sent, and whether every page with a value is among them, per document.

    benchmarks/run page_finder

Documents are those of `extraction`, for each workflow that is shipped: the samples of the project and, where they are beside the checkout,
the real ones that a person read. The last is a filing of 100 pages: a sample of a quarterly report among pages of notices made on the
spot, which speak of revenue, dates and amounts in running text as risk factors do.

- sent      pages that `extraction.pages.needed_pages` chooses, of all
- values    values of the truth whose page is sent (for a name: or another page that prints it), of all; what is only drawn is not counted
- tokens    of the text of the pages, by the platform's own estimate, which its budgets go by, and their share of all; to each question
            comes the list of fields, which is as long for every document

The last line is JSON. The exit code is 1 when a value is kept back, or when the long filing does not fit the budget of its workflow.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from extraction import LIMITS, ROOT, SAMPLES, WORKFLOWS, collect, fields_of, published
from extraction_truth import judge, load

from llm_orchestration import Message
from llm_orchestration.pricing import most_input_tokens
from workflow_orchestrator.documents import Document, read_document
from workflow_orchestrator.extraction import read_fields
from workflow_orchestrator.extraction.model import document_text, field_guide
from workflow_orchestrator.extraction.pages import needed_pages
from workflow_orchestrator.extraction.standing import compact
from workflow_orchestrator.fields import FieldSet

_LONG = 100  # pages of the filing that is made
_LONG_OF = SAMPLES / "earnings" / "halvorsen_energy_10q_en.pdf"
_LONG_WORKFLOW = "earnings_report_video"
_NOTICES = (
    "Our revenue may fall. In the year ended December 31, 2025, three customers made up {n} per cent of our revenue, and none of them "
    "has to buy from us again. A customer that leaves would reduce revenue and net income, and it may take us {m} months to find another.",
    "We may have to write down assets. At December 31, 2025, goodwill was ${n}.4 million. If the cash flow that we expect falls by {m} per "
    "cent, we would have to reduce it, and our net income and our earnings per share would fall by the same amount.",
    "We are party to legal proceedings. On March {m}, 2026, a court of first instance dismissed the claim of a supplier for ${n} million. "
    "The supplier may appeal. We have set nothing aside, because we do not expect to pay.",
    "Laws change. Since January 1, 2026, we report on {n} further substances, which costs about ${m}.2 million a year. We cannot say what "
    "will be asked of us next, or whether our income from operations will bear it.",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was chosen for one document; `missed` are the pages that are kept back, one for each value on them."""

    pages: int
    sent: int
    valued: int
    missed: tuple[int, ...]
    tokens_sent: int
    tokens_all: int
    seconds: float


def main() -> int:
    print(f"{'document':52} {'sent':>9} {'values':>11} {'tokens':>17}")
    outcomes: dict[str, dict[str, Outcome]] = {}
    for workflow in WORKFLOWS:
        fields, required = fields_of(workflow), _required(workflow)
        for pdf, truth in collect(None, None, workflow):
            document = read_document(pdf.read_bytes(), LIMITS)
            outcome = measure(document, fields, required, list(_printed(json.loads(truth.read_text(encoding="utf-8")))))
            outcomes.setdefault(workflow, {})[pdf.stem] = outcome
            _line(pdf.stem, outcome)
        _line(f"all of {workflow}", _total(list(outcomes[workflow].values())))
        print(f"    and its list of {len(fields)} fields: {most_input_tokens((Message('user', field_guide(fields)),)):,} tokens")
    long, fits = long_filing()
    missed = any(outcome.missed for group in outcomes.values() for outcome in group.values()) or bool(long.missed)
    print(json.dumps({"documents": {w: {n: asdict(o) for n, o in g.items()} for w, g in outcomes.items()}, "long": asdict(long)}))
    return 1 if missed or not fits else 0


def measure(document: Document, fields: FieldSet, required: Sequence[str], valued: Sequence[tuple[int, str]]) -> Outcome:
    """What is chosen of one document, which prints some values, given by page and words."""
    began = time.process_time()
    chosen = needed_pages(document, fields, required)
    seconds = time.process_time() - began
    every = [page.number for page in document.pages]
    return Outcome(
        len(every), len(chosen.sent), len(valued),
        tuple(page for page, words in valued if not _is_sent(document, page, words, chosen.sent)),
        _tokens(document, chosen.sent), _tokens(document, every), round(seconds, 2),
    )  # fmt: skip


def _tokens(document: Document, pages: Sequence[int]) -> int:
    return most_input_tokens((Message("user", document_text(document, pages)),))


def _required(workflow: str) -> tuple[str, ...]:
    return tuple(spec.name for spec in fields_of(workflow).values() if spec.required)


def _printed(truth: Any) -> Iterator[tuple[int, str]]:
    """The page and the words of each value of a truth; what is only drawn has none, and an allocation of collected truth no field."""
    if isinstance(truth, dict) and isinstance(truth.get("page"), int):
        if not truth.get("graphic"):
            yield truth["page"], str(truth.get("quote") or truth.get("literal") or "")
    elif isinstance(truth, dict):
        for name, inner in truth.items():
            if name != "allocation":
                yield from _printed(inner)
    elif isinstance(truth, list):
        for inner in truth:
            yield from _printed(inner)


def _is_sent(document: Document, page: int, words: str, sent: Collection[int]) -> bool:
    """Whether the page of a value is sent, or another one that prints its words too: a name is one wherever it stands, a figure is not."""
    if page in sent or any(char.isdigit() for char in words):
        return page in sent
    return bool(words) and any(compact(words) in compact(other.shown) for other in document.pages if other.number in sent)


def _total(outcomes: Sequence[Outcome]) -> Outcome:
    def sums(name: str) -> Any:
        return sum(getattr(outcome, name) for outcome in outcomes)

    missed = tuple(number for outcome in outcomes for number in outcome.missed)
    return Outcome(
        sums("pages"), sums("sent"), sums("valued"), missed, sums("tokens_sent"), sums("tokens_all"), round(sums("seconds"), 2)
    )


def _line(name: str, outcome: Outcome) -> None:
    share = outcome.tokens_sent / outcome.tokens_all
    lost = f"   KEPT BACK: {', '.join(map(str, outcome.missed))}" if outcome.missed else ""
    print(
        f"{name[:52]:52} {outcome.sent:4} of {outcome.pages:3} {outcome.valued - len(outcome.missed):5}/{outcome.valued:<5} "
        f"{outcome.tokens_sent:9,} {share:6.0%}{lost}"
    )


# The long filing


def long_filing() -> tuple[Outcome, bool]:
    """A filing of 100 pages within its workflow: what is chosen, what is read of it, and whether one run's budget bears it."""
    import yaml

    truth_path = _LONG_OF.with_name(f"{_LONG_OF.stem}.truth.json")
    fields, truth = fields_of(_LONG_WORKFLOW), load(truth_path)
    data, moved = _among_notices(_LONG_OF.read_bytes())
    began = time.perf_counter()  # a child process reads
    document = read_document(data, LIMITS)
    read = time.perf_counter() - began
    began = time.process_time()
    values = published(list(read_fields(document, fields).values.values()), document, fields)
    found = time.process_time() - began
    pages = [(moved[page], words) for page, words in _printed(json.loads(truth_path.read_text(encoding="utf-8")))]
    outcome = measure(document, fields, _required(_LONG_WORKFLOW), pages)
    _line(f"a filing of {_LONG} pages", outcome)
    back = {number: page for page, number in moved.items()}
    score, _ = judge("filing", [_at(value, back.get(value.evidence.page, 0)) for value in values], truth)
    budget = yaml.safe_load((ROOT / "dags" / _LONG_WORKFLOW / "workflow.yaml").read_text(encoding="utf-8"))["budget"]
    fits = outcome.tokens_all <= budget["tokens"] and read + found <= 60 * budget["minutes"]
    print(
        f"  read in {read:.1f} s, values found in {found:.1f} s and pages in {outcome.seconds} s of processor time; offline, published: "
        f"{score.right} of {score.printed}, wrong {score.wrong}; budget of the workflow {budget['tokens']:,} tokens, "
        f"{budget['minutes']} minutes: {'fits' if fits else 'DOES NOT FIT'}"
    )
    for wrong in score.wrongs:
        print(f"  WRONG {wrong}")
    return outcome, fits and not score.wrongs


def _at(value: Any, page: int) -> Any:
    """The value on the page that it has in the report itself; 0 for one among the notices, which is wrong anywhere."""
    from dataclasses import replace

    return replace(value, evidence=replace(value.evidence, page=page or 10_000))


def _among_notices(report: bytes) -> tuple[bytes, Mapping[int, int]]:
    """The report with notices behind its first page and its last, 100 pages in all, and where each of its own stands now."""
    from pypdf import PdfReader, PdfWriter

    own, out = PdfReader(io.BytesIO(report)), PdfWriter()
    fill = _LONG - len(own.pages)
    notices = PdfReader(io.BytesIO(_notices(fill)))
    moved: dict[int, int] = {}
    for number, page in enumerate(own.pages, 1):
        out.add_page(page)
        moved[number] = len(out.pages)
        if number == 1:
            for notice in notices.pages[: fill // 2]:
                out.add_page(notice)
    for notice in notices.pages[fill // 2 :]:
        out.add_page(notice)
    stream = io.BytesIO()
    out.write(stream)
    return stream.getvalue(), moved


def _notices(count: int) -> bytes:
    """Pages of running text, each with other numbers."""
    import typst

    pages = []
    for page in range(count):
        texts = [_NOTICES[(page + place) % 4].format(n=11 + (7 * page + 3 * place) % 83, m=2 + (page + place) % 27) for place in range(9)]
        pages.append("\n\n".join(text.replace("$", "\\$") for text in texts))
    source = '#set page(paper: "us-letter", margin: 2.2cm)\n#set text(size: 10pt)\n' + "\n#pagebreak()\n".join(pages)
    return bytes(typst.compile(source.encode()))


if __name__ == "__main__":
    sys.exit(main())
