"""Real documents through their workflows with a scripted model: document → video, a person, or a named error.

    benchmarks/run documents                                  the documents of ../shared/data, where they are beside the checkout
    benchmarks/run documents --only pfizer,qwen2 --out FOLDER  some of them, with their results kept
    benchmarks/run documents --workflow fund_factsheet_video --documents FOLDER

Each document is one `scripts/workflow run` that releases by itself, as the demo profile allows. The model is scripts/lib/scripted_model.py,
an OpenAI-compatible server that answers from what the requests hold. It reads and writes worse than a real model; what is shown is that
the platform takes from it what is proven, asks a person for what is not, and names what it refuses. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts" / "lib"))

from scripted_model import ScriptedModel  # noqa: E402 - found through the line above

SHARED = Path(os.environ.get("GENAI_PLATFORM_SHARED", ROOT.parent / "shared")) / "data"
FOLDERS = {
    "fund_factsheet_video": SHARED / "factsheets",
    "earnings_report_video": SHARED / "earnings",
    "research_paper_video": SHARED / "papers",
}
RELEASED_BY = "Benchmark"


@dataclass(frozen=True)
class Ended:
    """What became of one document. `what` is `video`, `person` or the name of an error; `said` is the reason in one line."""

    workflow: str
    document: str
    what: str
    said: str
    proven: int
    by_model: int
    calls: int
    refused: int
    seconds: float


def ended(workflow: str, document: Path, out: Path, model: ScriptedModel) -> Ended:
    """Runs one document and reads what its folder says of it."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "plugins"),
        "AIRFLOW_CONN_LLM_DEFAULT": model.connection,
        "GENAI_PLATFORM_PROFILE": "demo",
    }
    command = [sys.executable, "-m", "workflow_orchestrator.authoring", "run", workflow, str(document), "--json"]
    started = time.monotonic()
    done = subprocess.run(
        [*command, "--approve-as", RELEASED_BY, "--out", str(out)],
        env=environment, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    seconds = time.monotonic() - started
    manifest = _json(out / "manifest.json")
    values = _json(out / "values.json")
    error = manifest.get("error") or {}
    what = {0: "video", 3: "person"}.get(done.returncode) or str(error.get("error") or f"exit {done.returncode}")
    said = str(error.get("message") or "") if what not in ("video", "person") else ""
    if what == "person":
        said = _asked(out)
    refused = [one for report in _reports(out) for one in (report.get("facts") or {}).get("refused", ())]
    return Ended(
        workflow, document.name, what, " ".join((said or (done.stderr[-200:] if what.startswith("exit") else "")).split())[:240],
        len(values) if isinstance(values, list) else len(values.get("values", [])),
        sum(one.get("origin") == "model" for one in (values if isinstance(values, list) else values.get("values", []))),
        int((manifest.get("usage") or {}).get("calls") or 0), len(refused), round(seconds, 1),
    )  # fmt: skip


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _reports(out: Path) -> Iterator[dict[str, Any]]:
    """What each attempt of each step reported."""
    for path in sorted((out / "steps").glob("*.json")):
        yield from _json(path)["attempts"]


def _asked(out: Path) -> str:
    """Which findings of validation a person is asked about."""
    found = _json(out / "validation.json")
    findings = [one for one in found.get("findings", ()) if one.get("severity", "error") in ("error", "block")] or found.get("findings", [])
    return "; ".join(str(one.get("message") or one) for one in findings[:3])


def documents(workflow: str | None, folder: Path | None, only: Sequence[str]) -> list[tuple[str, Path]]:
    """The documents that were asked for, with their workflows."""
    folders = {workflow: folder} if workflow and folder else {name: FOLDERS[name] for name in FOLDERS if workflow in (None, name)}
    found = [(name, path) for name, place in folders.items() if place for path in sorted(place.glob("*.pdf"))]
    return [(name, path) for name, path in found if not only or any(part in path.name for part in only)]


def main() -> int:
    """The command line; the exit status is 1 when there was no document."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--workflow", choices=sorted(FOLDERS))
    parser.add_argument("--documents", type=Path, help="a folder of PDFs of that workflow")
    parser.add_argument("--only", default="", help="parts of file names, with commas between them")
    parser.add_argument("--out", type=Path, help="a folder in which the results are kept")
    options = parser.parse_args()
    if options.documents and not options.workflow:
        parser.error("--documents needs --workflow")
    asked = documents(options.workflow, options.documents, [part for part in options.only.split(",") if part])
    if not asked:
        print(f"no documents in {options.documents or SHARED}", file=sys.stderr)
        return 1
    rows: list[Ended] = []
    with tempfile.TemporaryDirectory() as scratch, ScriptedModel() as model:
        for workflow, document in asked:
            row = ended(workflow, document, (options.out or Path(scratch)).resolve() / document.stem, model)
            rows.append(row)
            told = f"{row.proven} values, {row.by_model} by the model, {row.calls} calls, {row.refused} faults sent back, {row.seconds} s"
            print(f"{row.document:<52} {row.what:<24} {told}", *([f"\n    {row.said}"] if row.said else ()), flush=True)
    print(json.dumps({"ended": dict(Counter(row.what for row in rows)), "documents": [asdict(row) for row in rows]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
