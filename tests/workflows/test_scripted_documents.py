"""The samples of the three workflows through `scripts/workflow run` with the scripted model of the benchmark of real documents."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))

from documents import ROOT, ended
from scripted_model import ScriptedModel

SAMPLES = {
    "fund_factsheet_video": ("aldermoor_global_equity_en", "fund_name", "The largest entry is"),
    "earnings_report_video": ("earnings/castleford_instruments_q2_en", "revenue.3m", "The reconciliation is in the company's report."),
    "research_paper_video": ("papers/lindqvist_two_readers_en", "paper_title", "The paper names limitations"),
}


@pytest.mark.parametrize("workflow", SAMPLES)
def test_a_sample_becomes_a_video_with_the_scripted_model(workflow: str, tmp_path: Path) -> None:
    """What it points to is proven, and stands in the sample's truth; what it writes passes guard and packs at the first or second try."""
    sample, ref, said = SAMPLES[workflow]
    with ScriptedModel() as model:
        row = ended(workflow, ROOT / "include" / "samples" / f"{sample}.pdf", tmp_path / "out", model)
        asked = [request["response_format"]["json_schema"]["name"] for request in model.requests]
    assert row.what == "video", row
    assert row.calls == len(asked) in (2, 3) and row.by_model == row.proven > 8
    truth = json.loads((ROOT / "include" / "samples" / f"{sample}.truth.json").read_text(encoding="utf-8"))["values"]
    values = {f"{one['field']}.{one['key']}" if one["key"] else one["field"]: one for one in _values(tmp_path / "out")}
    assert ref in values
    for name, value in values.items():
        if "value" in truth.get(name, {}) and value["kind"] not in ("text", "paragraph", "choice"):
            assert value["value"] == truth[name]["value"], name
    script = json.loads((tmp_path / "out" / "script.json").read_text(encoding="utf-8"))
    shown = " ".join(sentence["shown"] for segment in script["segments"] for sentence in segment["sentences"])
    assert script["writer"] == "scripted-model" and said in shown


def _values(folder: Path) -> list[dict[str, str]]:
    data = json.loads((folder / "values.json").read_text(encoding="utf-8"))
    return list(data if isinstance(data, list) else data["values"])
