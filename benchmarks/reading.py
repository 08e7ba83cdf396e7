"""Pages per second of `read_document` against plain pypdf text extraction of the same files in the same run, and the memory it takes.

    benchmarks/run reading                     the samples, and the development documents when they are beside the checkout
    benchmarks/run reading --rounds 3          each file three times, the sides in turns; the least of each counts
    benchmarks/run reading --fuzz 500          damaged copies of the samples instead: how each reading ended; --from 500 for others

`read_document` starts a process for each document, reads it with two readers, draws each page twice to see which words can be
seen, and looks for risk scales. The peer is `PdfReader(file, strict=False)` and `extract_text()` of each page in a process that has
pypdf loaded. Processor seconds of ours hold the start of the process; what that alone costs is printed too.

The last line is JSON with every figure. The exit status is 1 when a damaged copy ended in anything but a document or a named error.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "plugins"), str(ROOT / "scripts"), str(ROOT / "scripts" / "lib")]

from measured_reading import Reading, measure  # noqa: E402 - behind the paths

from workflow_orchestrator.documents import ReadLimits  # noqa: E402

SAMPLES = ROOT / "include" / "samples"
SHARED = Path(os.environ.get("GENAI_PLATFORM_SHARED", ROOT.parent / "shared")) / "data"
LIMITS = ReadLimits(max_pages=100, time=timedelta(minutes=5))
NOTHING = b"%PDF-1.7\n"  # no document: what is left is the start of a process and of the readers
FUZZED = (
    "calderwick_sterling_corporate_bond_en",
    "gratlin_schweizer_aktien_de",
    "penhollow_absolute_return_en",
    "hostile/injection_white",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="PDFs to read instead")
    parser.add_argument("--rounds", type=int, default=1, help="how often each file is read")
    parser.add_argument("--fuzz", type=int, default=0, metavar="N", help="read N damaged copies of the samples")
    parser.add_argument(
        "--from", type=int, default=0, dest="first", metavar="SEED", help="the first seed of the damage"
    )
    parser.add_argument("--keep", type=Path, help="a folder for damaged copies that ended badly")
    asked = parser.parse_args()
    if asked.fuzz:
        return fuzz(range(asked.first, asked.first + asked.fuzz), asked.keep)
    return compare(asked.files or list(documents()), asked.rounds)


def documents() -> Iterator[Path]:
    """The samples, then the development documents by folder."""
    yield from sorted(SAMPLES.glob("*.pdf"))
    for folder in ("factsheets", "earnings", "papers"):
        yield from sorted((SHARED / folder).glob("*.pdf"))


def compare(files: Sequence[Path], rounds: int) -> int:
    start = min((measure(NOTHING, LIMITS) for _ in range(3)), key=lambda reading: reading.cpu)
    print("pages/s: per second of processor time")
    print(f"{'':52}pages    pypdf         read_document              ratio")
    print(f"{'document':52}         cpu s  pages/s   cpu s  wall s  pages/s   cpu   MiB")
    rows = [_row(path, rounds) for path in files]
    total = _total([row for row in rows if row["outcome"] == "Document"])
    largest = max(rows, key=lambda row: int(row["bytes"]))
    heaviest = max(rows, key=lambda row: int(row["peak_bytes"]))
    _show({**total, "name": f"all {total['documents']} that were read"})
    print(f"start of a reading process, its libraries loaded: {start.cpu:.2f} s of processor time")
    for what, row in (("largest file", largest), ("most memory", heaviest)):
        print(
            f"{what}: {row['name']}, {row['bytes'] / 2**20:.1f} MiB, {row['pages']} pages, at most {row['peak_bytes'] >> 20} MiB"
        )
    print(json.dumps({"rows": rows, "total": total, "start_cpu": start.cpu, "largest": largest, "heaviest": heaviest}))
    return 0


def _row(path: Path, rounds: int) -> dict[str, Any]:
    data = path.read_bytes()
    ours: list[Reading] = []
    theirs: list[tuple[int, float]] = []
    for _ in range(rounds):
        theirs.append(_pypdf(data))
        ours.append(measure(data, LIMITS))
    best = min(ours, key=lambda reading: reading.cpu)
    pages, peer = min(theirs, key=lambda item: item[1])
    row = {**asdict(best), "name": path.name, "bytes": len(data), "pages": pages, "peer_cpu": peer}
    row["ratio"] = best.cpu / peer
    _show(row)
    return row


def _pypdf(data: bytes) -> tuple[int, float]:
    """Pages, and processor seconds of plain extraction in a fork that has the library loaded."""
    reader, writer = os.pipe()
    fork = os.fork()
    if not fork:
        try:
            os.close(reader)
            told = json.dumps(_extracted(data)).encode()
            os.write(writer, told)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        pages, seconds = json.loads(answer.read())
    os.waitpid(fork, 0)
    return pages, seconds


def _extracted(data: bytes) -> tuple[int, float]:
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    before = _cpu()
    document = pypdf.PdfReader(io.BytesIO(data), strict=False)
    for page in document.pages:
        page.extract_text()
    return len(document.pages), _cpu() - before


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _total(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    names = ("pages", "peer_cpu", "cpu", "wall")
    total: dict[str, Any] = {name: sum(row[name] for row in rows) for name in names}
    total |= {"documents": len(rows), "ratio": total["cpu"] / total["peer_cpu"], "outcome": "Document"}
    return total | {"peak_bytes": max(row["peak_bytes"] for row in rows)}


def _show(row: dict[str, Any]) -> None:
    pages, peer, cpu, wall = row["pages"], row["peer_cpu"], row["cpu"], row["wall"]
    ended = "" if row["outcome"] == "Document" else f"  {row['outcome']}"
    print(
        f"{row['name'][:50]:52}{pages:5}{peer:9.2f}{pages / peer:9.1f}{cpu:8.2f}{wall:8.2f}{pages / cpu:9.1f}"
        f"{row['ratio']:6.2f}{row['peak_bytes'] >> 20:6}{ended}",
        flush=True,
    )


def fuzz(seeds: range, keep: Path | None) -> int:
    from samples.damage import damaged, material

    pool = material(SAMPLES / f"{name}.pdf" for name in FUZZED)
    limits = ReadLimits(time=timedelta(seconds=30))
    ends: Counter[str] = Counter()
    bad: list[int] = []
    slowest = heaviest = (0.0, 0)
    started = time.monotonic()
    for seed in seeds:
        copy = damaged(pool, seed)
        reading = measure(copy.data, limits)
        ends[
            f"{reading.outcome}, with warnings"
            if reading.outcome == "Document" and reading.message
            else reading.outcome
        ] += 1
        slowest = max(slowest, (reading.cpu, seed))
        heaviest = max(heaviest, (reading.peak_bytes / 2**20, seed))
        crash = "crashes the reader" in reading.message
        if not reading.named or reading.left or crash:
            print(
                f"seed {seed} ({copy.what}): {reading.outcome}: {reading.message[:200]}; {reading.left} processes left",
                flush=True,
            )
            bad += [] if reading.named and not reading.left else [seed]
            if keep:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{seed}.pdf").write_bytes(copy.data)
    for name, count in ends.most_common():
        print(f"{count:6}  {name}")
    print(
        f"slowest: seed {slowest[1]} with {slowest[0]:.1f} s of processor time; most memory: seed {heaviest[1]} with {heaviest[0]:.0f} MiB"
    )
    summary = {"seeds": [seeds.start, seeds.stop], "ends": ends, "bad": bad, "slowest": slowest, "heaviest": heaviest}
    print(json.dumps({**summary, "wall": time.monotonic() - started}))
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
