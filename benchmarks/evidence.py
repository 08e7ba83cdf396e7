"""Which share of planted faults the evidence check catches, by kind, and how many true values it refuses.

    benchmarks/run evidence                       samples, and the real factsheets of ../shared/data when they are there
    benchmarks/run evidence --documents FOLDER --truth FOLDER --missed 20

Truth is the printed words and the page of each value; it becomes a `Value` by the code that takes a model's answer. Everything is
measured twice: with what the offline reader found in the document, and without any of its figures, as for a field or a document
that it cannot read. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "plugins"))

from planted_faults import KINDS, SAME_ROW, Fault, Planter  # noqa: E402 - found through the line above

from workflow_orchestrator.documents import Document, read_document  # noqa: E402
from workflow_orchestrator.errors import FigureError  # noqa: E402
from workflow_orchestrator.evidence import Verdict, prove_all  # noqa: E402
from workflow_orchestrator.extraction import Reading, read_fields  # noqa: E402
from workflow_orchestrator.extraction.layout import DocumentLayout  # noqa: E402
from workflow_orchestrator.extraction.model import pointed_value  # noqa: E402
from workflow_orchestrator.extraction.quotes import Reader  # noqa: E402
from workflow_orchestrator.fields import FieldSet  # noqa: E402
from workflow_orchestrator.values import NUMERIC_KINDS, Kind, Origin, Value, ValueSet  # noqa: E402

GOAL, GOAL_SAME_ROW, GOAL_FALSE_ALARMS = 0.995, 0.95, 0.01
SHARED = Path(os.environ.get("GENAI_PLATFORM_SHARED", ROOT.parent / "shared")) / "data"
# What the truth files of ../shared/data call a field, where it is not the schema's name. Whether a return over years is per annum is
# not said there, so only the year counts.
_NAMES = {
    "as_of": "as_of_date",
    "issuer": "management_company",
    "strategy": "fund_strategy",
    "perf_1m": "monthly_performance",
    "perf_ytd": "ytd_performance",
    "ret_1y": "performance_data.1y",
    "ter": "ongoing_charges",
}
Pointer = tuple[str, str, str, int]  # field, key, printed words, page


@dataclass(frozen=True)
class Case:
    """One document with its true values; `unread` are printed words that read as no value of their field."""

    name: str
    document: Document
    reading: Reading
    truth: tuple[Value, ...]
    unread: tuple[str, ...]


def sample_pointers(truth: Mapping[str, Any]) -> Iterator[Pointer]:
    """The truth of a sample of ours."""
    for ref, item in truth["values"].items():
        name, _, key = ref.partition(".")
        yield name, key, item["quote"], item["page"]


def factsheet_pointers(truth: Mapping[str, Any], fields: FieldSet) -> Iterator[Pointer]:
    """The truth of a real factsheet, as far as the schema has the field and the value is printed as text."""
    for name, item in truth.items():
        ref = _NAMES.get(name, name)
        if name == "holdings":
            for holding in item:
                yield "top_holdings", holding["literal_name"], holding["literal_weight"], holding["page"]
        elif name.startswith("cal_") and item:
            yield "calendar_years", name.removeprefix("cal_"), item["literal"], item["page"]
        elif ref.partition(".")[0] in fields:
            field, _, key = ref.partition(".")
            nested = fields[field].keyed and not key and isinstance(item, dict)
            for inner, value in item.items() if nested else ((key, item),):
                one = value[0] if isinstance(value, list) and len(value) == 1 else value
                if isinstance(one, dict) and one.get("literal") and not one.get("graphic"):
                    yield field, inner, one["literal"], one["page"]


def case_of(name: str, document: Document, fields: FieldSet, pointers: Iterator[Pointer]) -> Case:
    """Binds each true value to its place: where the offline reader found the same, else where the words stand only once."""
    reading = read_fields(document, fields)
    layout = DocumentLayout(document)
    items = list(pointers)
    currency = next((quote for field, _, quote, _ in items if field == "currency"), "")
    reader = Reader.of(document).with_currency(currency)
    truth: list[Value] = []
    unread: list[str] = []
    for field, key, quote, page in items:
        try:
            value = pointed_value(field, key, quote, "", page, layout, fields, reader, Origin.MODEL)
        except FigureError as error:
            unread.append(f"{field}.{key}".rstrip(".") + f": {error.message}")
            continue
        found = reading.values.get(value.ref)
        if found and (found.value, found.evidence.page) == (value.value, page):
            value = replace(value, evidence=replace(value.evidence, box=found.evidence.box, label=found.evidence.label))
        elif key and fields[field].keyed == "name" and value.evidence.box is None:
            value = pointed_value(field, key, quote, key, page, layout, fields, reader, Origin.MODEL)
        truth.append(value)
    return Case(name, document, reading, tuple(truth), tuple(unread))


def cases(fields: FieldSet, arguments: argparse.Namespace) -> Iterator[Case]:
    """The samples and the real factsheets, or what the arguments name."""
    if not arguments.truth:
        folder = ROOT / "include" / "samples"
        for path in sorted(folder.glob("*.truth.json")):
            truth = json.loads(path.read_text(encoding="utf-8"))
            document = read_document((folder / truth["file"]).read_bytes())
            yield case_of(path.name.removesuffix(".truth.json"), document, fields, sample_pointers(truth))
    truths, documents = arguments.truth or SHARED / "truth", arguments.documents or SHARED
    for path in sorted(truths.glob("*.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        source = documents / truth["file"]
        source = source if source.exists() else documents / Path(truth["file"]).name
        if truth.get("kind", "factsheet") == "factsheet" and source.exists():
            document = read_document(source.read_bytes())
            yield case_of(path.stem, document, fields, factsheet_pointers(truth, fields))


def without_figures(reading: Reading) -> Reading:
    """The reading of a document whose figures the offline reader cannot find; its names stay."""
    return Reading(ValueSet(v for v in reading.values.values() if v.kind in (Kind.TEXT, Kind.CURRENCY)), ())


@dataclass
class Tally:
    """What came of the faults of one kind."""

    planted: int = 0
    refused: int = 0  # by the code that reads an answer: no value came out at all
    not_proven: int = 0
    ambiguous: int = 0
    by_chance: int = 0

    @property
    def caught(self) -> int:
        return self.refused + self.not_proven + self.ambiguous

    @property
    def share(self) -> float:
        return self.caught / self.planted if self.planted else 1.0


def count(tally: Tally, verdict: Verdict | None) -> bool:
    """Counts one fault; tells whether it was missed."""
    tally.planted += 1
    if verdict is None:
        tally.refused += 1
    elif verdict.status == "not_proven":
        tally.not_proven += 1
    elif verdict.status == "ambiguous":
        tally.ambiguous += 1
    else:
        return True
    return False


def judge(case: Case, faults: list[Fault], fields: FieldSet, reading: Reading) -> list[Verdict | None]:
    """The verdict on each fault; `None` where reading refused it."""
    values = [fault.value for fault in faults if fault.value]
    verdicts = iter(prove_all(values, case.document, fields, reading=reading))
    return [next(verdicts) if fault.value else None for fault in faults]


def true_values(case: Case, planter: Planter) -> Iterator[tuple[str, Value]]:
    """Each true value as a model hands it over, with the words that name it; as a person does, with words and page only; and as
    the offline reader found it."""
    for value in case.truth:
        label = planter.label_of(value)
        yield "model", replace(value, evidence=replace(value.evidence, label=label))
        yield "model, no label", replace(value, evidence=replace(value.evidence, label="", box=None))
        yield "person", replace(value, origin=Origin.PERSON, evidence=replace(value.evidence, label="", box=None))
        found = case.reading.values.get(value.ref)
        if found and found.value == value.value:
            yield "offline", found


def measure(case: Case, fields: FieldSet, per_kind: int, seed: int) -> dict[str, Any]:
    """Faults and false alarms of one document, with the offline reader's figures and without."""
    planter = Planter(case.document, fields, case.truth, seed)
    faults = planter.faults(per_kind)
    result: dict[str, Any] = {"figures": sum(v.kind in NUMERIC_KINDS for v in case.truth), "values": len(case.truth)}
    for way, reading in (("with", case.reading), ("without", without_figures(case.reading))):
        tallies: dict[str, Tally] = defaultdict(Tally)
        missed = []
        for fault, verdict in zip(faults, judge(case, faults, fields, reading), strict=True):
            if count(tallies[fault.kind], verdict):
                missed.append((case.name, fault))
        for kind, number in planter.true_by_chance.items():
            tallies[kind].by_chance = number
        alarms: dict[str, Counter[str]] = defaultdict(Counter)
        refused = []
        items = list(true_values(case, planter))
        for (who, value), verdict in zip(items, prove_all([v for _, v in items], case.document, fields, reading=reading), strict=True):
            alarms[who]["values"] += 1
            if verdict.status != "proven":
                alarms[who]["refused"] += 1
                refused.append((case.name, who, value, verdict))
        result[way] = {"tallies": tallies, "missed": missed, "alarms": alarms, "refused": refused}
    return result


def print_faults(title: str, total: Mapping[str, Tally]) -> bool:
    """The table of one way of measuring; tells whether every goal is reached."""
    print(f"\n{title}\n{'kind':28}{'planted':>9}{'caught':>9}{'share':>9}{'refused':>9}{'not proven':>12}{'ambiguous':>11}{'true':>7}")
    reached = True
    for kind in KINDS:
        tally = total.get(kind)
        if not tally or not tally.planted:
            continue
        goal = GOAL_SAME_ROW if kind == SAME_ROW else GOAL
        reached = reached and tally.share >= goal
        sign = "" if tally.share >= goal else f"   below {goal:.1%}"
        print(
            f"{kind:28}{tally.planted:9,}{tally.caught:9,}{tally.share:9.2%}{tally.refused:9,}{tally.not_proven:12,}"
            f"{tally.ambiguous:11,}{tally.by_chance:7,}{sign}"
        )
    return reached


def add(total: dict[str, Tally], part: Mapping[str, Tally]) -> None:
    for kind, tally in part.items():
        for name, number in vars(tally).items():
            setattr(total[kind], name, getattr(total[kind], name) + number)


def main() -> None:
    """Plants, proves, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--per-kind", type=int, default=400, help="faults of each kind in each document, at most (400)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--documents", type=Path, help="folder of the PDFs that --truth is about")
    parser.add_argument("--truth", type=Path, help="folder of truth files in the form of ../shared/data/truth")
    parser.add_argument("--only", default="", help="only documents with this in their name")
    parser.add_argument("--missed", type=int, default=0, help="print so many missed faults and refused true values of each kind")
    arguments = parser.parse_args()
    fields = FieldSet.from_json(
        json.loads((ROOT / "dags/fund_factsheet_video/schema.json").read_text(encoding="utf-8"))
    )
    started = time.process_time()
    report(
        {
            case.name: (case, measure(case, fields, arguments.per_kind, arguments.seed))
            for case in cases(fields, arguments)
            if arguments.only in case.name
        },
        arguments.missed,
        started,
    )


def report(measured: Mapping[str, tuple[Case, dict[str, Any]]], missed: int, started: float) -> None:
    """Prints all of it."""
    line: dict[str, Any] = {"benchmark": "evidence", "documents": len(measured)}
    for way, title in (
        ("with", "Planted faults"),
        ("without", "The same without any figure of the offline reader"),
    ):
        total: dict[str, Tally] = defaultdict(Tally)
        for _, result in measured.values():
            add(total, result[way]["tallies"])
        reached = print_faults(title, total)
        print(f"\nTrue values refused, {way} the offline reader's figures\n{'document':50}{'values':>7}", end="")
        people = ("model", "model, no label", "person", "offline")
        print("".join(f"{who:>17}" for who in people))
        alarms: dict[str, Counter[str]] = defaultdict(Counter)
        for name, (_, result) in measured.items():
            cells = []
            for who in people:
                counted = result[way]["alarms"].get(who, Counter())
                alarms[who].update(counted)
                cells.append(f"{counted['refused']} of {counted['values']}")
            print(f"{name[:49]:50}{result['values']:7}" + "".join(f"{cell:>17}" for cell in cells))
        shares = {who: alarms[who]["refused"] / max(1, alarms[who]["values"]) for who in people}
        print(f"{'share (goal 1.0%)':57}" + "".join(f"{share:17.2%}" for share in shares.values()))
        line[way] = {
            "kinds": {kind: {**vars(tally), "share": round(tally.share, 5)} for kind, tally in total.items()},
            "goals_reached": reached,
            "false_alarms": {who: round(share, 5) for who, share in shares.items()},
        }
        print_missed(measured, way, missed)
    unread = [f"{name}: {words}" for name, (case, _) in measured.items() for words in case.unread]
    if unread:
        print(f"\n{len(unread)} true values that are printed in no form that reads as one, so nothing was planted there:")
        print("\n".join(f"  {words[:150]}" for words in unread))
    line["processor_seconds"] = round(time.process_time() - started, 1)
    print(json.dumps(line))


def print_missed(measured: Mapping[str, tuple[Case, dict[str, Any]]], way: str, most: int) -> None:
    """Some of the faults that were proven, and of the true values that were not."""
    shown: Counter[str] = Counter()
    for _, result in measured.values():
        for name, fault in result[way]["missed"]:
            shown[fault.kind] += 1
            if shown[fault.kind] <= most:
                found = fault.value.evidence
                where = f"{fault.ref} {fault.quote!r} page {found.page} label {fault.label}: {found.label!r}"
                print(f"  missed: {fault.kind}: {name}: {where}")
        for name, who, value, verdict in result[way]["refused"]:
            shown[who] += 1
            if shown[who] <= most:
                found = f"{value.ref} {value.evidence.quote!r} {value.evidence.label!r}"
                print(f"  refused: {name}: {who}: {found}: {verdict.status}: {verdict.reason}")


if __name__ == "__main__":
    main()
