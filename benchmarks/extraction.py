"""How well the offline reader reads: precision, recall, F1 and coverage, per document and in total, beside a plain reader.

    benchmarks/run extraction
    benchmarks/run extraction --workflow earnings_report_video       another workflow's fields and documents
    benchmarks/run extraction --documents FOLDER --truth FOLDER      other documents, truth in the form of shared/data/truth

Documents are the samples of the project and, where they are beside the checkout, those of ../shared/data that a person read.

- precision   right values of those that the truth says something about
- recall      right values of those that the document prints as text; what is only drawn (`graphic`) is counted apart
- coverage    fields with a value, of the fields that the document prints as text
- published   the same for the values that `evidence.prove_all` proves: no other value reaches a script. Its precision must be 1

A figure counts when value and page are right; a name may be read where it is repeated. The peer is "label, then the next number": the text
of pypdf, the labels of the same schema.json, and the first thing of the field's kind behind the label.

The last line is JSON. The exit code is 1 when a published value is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "plugins"))

from extraction_truth import Score, judge, load  # noqa: E402

from workflow_orchestrator.documents import Document, ReadLimits, read_document  # noqa: E402
from workflow_orchestrator.errors import FigureError  # noqa: E402
from workflow_orchestrator.evidence import prove_all  # noqa: E402
from workflow_orchestrator.extraction import read_fields  # noqa: E402
from workflow_orchestrator.extraction.quotes import Reader, value_of  # noqa: E402
from workflow_orchestrator.fields import FieldSet, FieldSpec  # noqa: E402
from workflow_orchestrator.values import NUMERIC_KINDS, Evidence, Kind, Origin, Value  # noqa: E402

SAMPLES = ROOT / "include" / "samples"
SHARED = Path(os.environ.get("GENAI_PLATFORM_SHARED", ROOT.parent / "shared")) / "data"
SIDES = ("read", "published", "peer")
LIMITS = ReadLimits(max_pages=150)


@dataclass(frozen=True)
class Material:
    """A workflow's documents: a folder of samples with their truth, one of real documents, and one of what a person read in those."""

    samples: Path
    real: Path
    truth: Path


WORKFLOWS = {
    "fund_factsheet_video": Material(SAMPLES, SHARED / "factsheets", SHARED / "truth"),
    "earnings_report_video": Material(SAMPLES / "earnings", SHARED / "earnings", ROOT / "benchmarks" / "reports"),
    "research_paper_video": Material(SAMPLES / "papers", SHARED / "papers", ROOT / "benchmarks" / "papers"),
}


def fields_of(workflow: str) -> FieldSet:
    """The fields of a shipped workflow."""
    path = ROOT / "dags" / workflow / "schema.json"
    return FieldSet.from_json(json.loads(path.read_text(encoding="utf-8")))


FIELDS = fields_of("fund_factsheet_video")


def published(values: Sequence[Value], document: Document, fields: FieldSet = FIELDS) -> list[Value]:
    """The values that are proven."""
    verdicts = prove_all(values, document, fields)
    return [value for value, verdict in zip(values, verdicts, strict=True) if verdict.status == "proven"]


# The peer

_NUMBER = re.compile(r"(?:(?:[A-Z]{3}|[€£$₹])\s?)?[-+−(]?\d[\d.,'’]*\)?(?:\s?(?:%|bn|m\b|mn|Mio\.?|[A-Z]{3}\b|€|£))*")
_DATE = re.compile(r"\d{1,2}[./]\d{1,2}[./]\d{4}|\d{1,2}\.? [^\W\d]+ \d{4}|\d{4}-\d\d-\d\d")
_CODE = {Kind.ISIN: re.compile(r"[A-Z]{2}[A-Z0-9]{9}\d"), Kind.CURRENCY: re.compile(r"\b[A-Z]{3}\b"), Kind.DATE: _DATE}


def peer(document: Document, fields: FieldSet = FIELDS) -> list[Value]:
    """Label, then the next number (date, code, rest of the line) in the text of pypdf: the first page that has the label decides."""
    reader = Reader.of(document)
    found: dict[str, Value] = {}
    for spec, key, labels in _wanted(fields):
        for page in document.pages:
            value = _next_to(page.number, page.text, spec, key, labels, reader)
            if value:
                found.setdefault(value.ref, value)
    return list(found.values())


def _wanted(fields: FieldSet) -> Iterator[tuple[FieldSpec, str, tuple[str, ...]]]:
    for spec in fields.values():
        if spec.column and spec.keyed == "period":  # of a statement: the next number behind the row's label, for its first period
            yield spec, next(iter(spec.keys)), spec.all_labels()
        elif spec.keyed == "period":
            for key in spec.keys.values():
                yield spec, key.key, tuple(label for words in key.labels.values() for label in words)
        elif not spec.keyed and spec.kind is not Kind.PARAGRAPH:
            yield spec, "", spec.all_labels()


def _next_to(page: int, text: str, spec: FieldSpec, key: str, labels: Iterable[str], reader: Reader) -> Value | None:
    pattern = _NUMBER if spec.kind in NUMERIC_KINDS else _CODE.get(spec.kind, re.compile(r"[^\n:]{3,80}"))
    for label in sorted(labels, key=len, reverse=True):
        place = re.search(rf"(?<!\w){re.escape(label)}(?!\w)", text, re.IGNORECASE)
        match = pattern.search(text, place.end()) if place else None
        if match:
            with suppress(FigureError, ValueError):
                return value_of(spec, key, Evidence(page, match.group().strip() or "?", label), reader, Origin.OFFLINE)
    return None


# Running


def collect(documents: Path | None, truth: Path | None, workflow: str = "fund_factsheet_video") -> list[tuple[Path, Path]]:
    """The documents, each with its truth: those of the folders, or the samples and the shared ones of a workflow."""
    material = WORKFLOWS[workflow]
    if documents and truth:
        pairs = [(documents / f"{path.stem}.pdf", path) for path in sorted(truth.glob("*.json"))]
        return [(pdf, path) for pdf, path in pairs if pdf.is_file()]
    pairs = [
        (path.with_name(path.name.replace(".truth.json", ".pdf")), path)
        for path in sorted(material.samples.glob("*.truth.json"))
    ]
    for pdf in sorted(material.real.glob("*.pdf")):
        path = material.truth / f"{pdf.stem}.json"
        if path.is_file():
            pairs.append((pdf, path))
    return pairs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, help="a folder of PDFs")
    parser.add_argument("--truth", type=Path, help="a folder of NAME.json beside NAME.pdf in --documents")
    parser.add_argument("--workflow", choices=sorted(WORKFLOWS), default="fund_factsheet_video", help="whose fields are read")
    parser.add_argument("--missed", action="store_true", help="name the values that were not read")
    options = parser.parse_args()
    if (options.documents is None) != (options.truth is None):
        parser.error("--documents and --truth go together")
    pairs = collect(options.documents, options.truth, options.workflow)
    if not pairs:
        parser.error(f"no NAME.pdf in {options.documents or SAMPLES} has its NAME.json")
    return report(pairs, options.missed, fields_of(options.workflow))


def report(pairs: Sequence[tuple[Path, Path]], missed: bool, fields: FieldSet = FIELDS) -> int:
    """Reads, judges and prints. Returns the exit code."""
    groups: dict[str, dict[str, Score]] = {}
    per_document: dict[str, dict[str, Any]] = {}
    began = time.process_time()
    print(f"{'document':52} {'precision':>9} {'recall':>7} {'F1':>6} {'cover':>6} {'published':>15} {'peer':>15}")
    for pdf, path in pairs:
        truth = load(path)
        document = read_document(pdf.read_bytes(), LIMITS)
        values = list(read_fields(document, fields).values.values())
        sides = {"read": values, "published": published(values, document, fields), "peer": peer(document, fields)}
        scores = {side: judge(pdf.stem, sides[side], truth) for side in SIDES}
        group = groups.setdefault("samples" if path.name.endswith(".truth.json") else "collected", {side: Score() for side in SIDES})
        for side, (score, _) in scores.items():
            group[side].add(score)
        per_document[pdf.stem] = {side: score.to_json() for side, (score, _) in scores.items()}
        _line(pdf.stem, {side: score for side, (score, _) in scores.items()})
        if truth.unknown:
            print(f"    no field of ours: {', '.join(truth.unknown)}")
        if missed and scores["read"][1]:
            print(f"    missed: {', '.join(scores['read'][1])}")
    for name, group in groups.items():
        _line(f"all {name}", group)
    wrongs = [text for group in groups.values() for side in ("read", "published") for text in group[side].wrongs]
    for text in dict.fromkeys(wrongs):
        print(f"WRONG {text}")
    print("precision/recall for published and peer; peer: label, then the next number in the text of pypdf")
    totals: dict[str, dict[str, Any]] = {}
    for name, group in groups.items():
        ratio = group["published"].recall / group["peer"].recall if group["peer"].recall else None
        print(f"recall of {name}, published to peer: {ratio:.2f}" if ratio else f"the peer reads nothing of {name}")
        totals[name] = {side: group[side].to_json() for side in SIDES} | {"recall_to_peer": ratio}
    seconds = round(time.process_time() - began, 1)
    print(json.dumps({"totals": totals, "documents": per_document, "processor_seconds": seconds}, ensure_ascii=False))
    return 1 if any(group["published"].wrong for group in groups.values()) else 0


def _line(name: str, scores: dict[str, Score]) -> None:
    read, proven, plain = (scores[side] for side in SIDES)
    graphic = f"  drawn {read.graphic}/{read.drawn}" if read.drawn else ""
    print(
        f"{name[:52]:52} {read.precision:9.2f} {read.recall:7.2f} {read.f1:6.2f} {read.coverage:6.2f} "
        f"{proven.precision:8.2f}/{proven.recall:.2f}   {plain.precision:8.2f}/{plain.recall:.2f}"
        f"   {read.right} of {read.printed}, wrong {read.wrong}, not judged {read.unjudged}{graphic}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
