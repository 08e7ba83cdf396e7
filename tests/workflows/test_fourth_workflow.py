"""A fourth workflow, of a domain that the platform never heard of, made with `scripts/workflow new` and files of words: no Python.

Its files lie in `sustainability/`; its sample document is set from `figures.json`, which is also the truth.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.airflow

NAME = "sustainability_report_video"
OWN = Path(__file__).parent / "sustainability"
LONGEST = 300  # seconds; a busy machine is no defect of the workflow


@pytest.fixture(scope="module")
def project(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the new workflow in it, and every file of it but `dag.py` written anew."""
    copy = tmp_path_factory.mktemp("project")
    for name in ("dags", "include"):
        shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("samples", "__pycache__"))
    done = workflow(root, copy, "new", NAME, "--title", "Sustainability report video", "--owner", "sustainability-office")
    assert done.returncode == 0, done.stderr
    for source, target in (("dags", f"dags/{NAME}"), ("prompts", f"include/prompts/{NAME}"), ("compliance", "include/compliance")):
        for file in (OWN / source).iterdir():
            shutil.copyfile(file, copy / target / file.name)
    (copy / "dags" / NAME / "sample.pdf").write_bytes(sample(root))
    return copy


def sample(root: Path) -> bytes:
    """The sample document, in the fonts of the house theme."""
    import typst

    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(root / "include" / "themes" / "house" / "fonts")]
    )
    data: bytes = typst.compile(str(OWN / "sample.typ"), font_paths=fonts, format="pdf", timestamp=0)
    return data


def workflow(root: Path, project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs `scripts/workflow` to its end, as a team of the business does; nobody's settings of this machine's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "GENAI_PLATFORM"))}
    venv = os.environ.get("GENAI_PLATFORM_VENV", str(Path(sys.prefix)))
    own = {"GENAI_PLATFORM_VENV": venv, "GENAI_PLATFORM_CWD": str(project), "GENAI_PLATFORM_PROFILE": "demo"}
    return subprocess.run(
        [str(root / "scripts" / "workflow"), *words, "--project", str(project)],
        env={**kept, **own}, capture_output=True, text=True, check=False, timeout=LONGEST, cwd=project,
    )  # fmt: skip


def test_it_is_made_of_words_alone(project: Path) -> None:
    """Its folder holds the three lines that every workflow has, and no other Python."""
    python = [path.name for path in (project / "dags" / NAME).rglob("*.py")]
    assert python == ["dag.py"]
    shipped = project / "dags" / "fund_factsheet_video" / "dag.py"
    assert (project / "dags" / NAME / "dag.py").read_text() == shipped.read_text()
    assert not list((project / "include").rglob("*.py"))


def test_check_and_test_are_green(root: Path, project: Path) -> None:
    """Definition, words and compliance pack have no problem; the scenarios pass; every cell of the failure table is proven."""
    checked = workflow(root, project, "check", NAME)
    assert checked.returncode == 0, checked.stdout
    tested = workflow(root, project, "test", NAME, "--json")
    assert tested.returncode == 0, tested.stdout
    [flow] = json.loads(tested.stdout)["workflows"]
    assert len(flow["scenarios"]) == 6 and flow["failure_table"]["wrong"] == []


def test_a_slip_in_its_compliance_pack_is_found_by_check(root: Path, project: Path) -> None:
    """An example that does not come out as it claims, at the line of its rule."""
    path = project / "include" / "compliance" / "green_claims.yaml"
    good = path.read_text()
    path.write_text(good.replace('"Total emissions fell."', '"A green year."'))
    try:
        checked = workflow(root, project, "check", NAME)
    finally:
        path.write_text(good)
    assert checked.returncode == 1
    line = next(number for number, text in enumerate(good.splitlines(), 1) if "EU-GREEN-01" in text)
    assert f"include/compliance/green_claims.yaml:{line}:1 WF013 rules.EU-GREEN-01.examples:" in checked.stdout


def test_its_document_becomes_a_released_video_of_bound_figures(root: Path, project: Path) -> None:
    """Offline: every figure of the report that is a field is read as it is printed, said, and shown in a film that was measured."""
    from workflow_orchestrator.rendering.mp4 import probe

    done = workflow(root, project, "run", NAME, f"dags/{NAME}/sample.pdf", "--approve-as", "Kim Legal", "--out", "out", "--json")
    assert done.returncode == 0, done.stdout
    folder = project / "out"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["outcome"] == "succeeded" and manifest["approval"]["by"] == "Kim Legal"
    read = {ref(value): value for value in manifest["values"]}
    assert {name: read[name]["value"] for name in truth()} == truth()
    for value in read.values():
        assert value["evidence"]["page"] and value["evidence"]["quote"]
    script = json.loads((folder / "script.json").read_text())
    shown = " ".join(sentence["shown"] for segment in script["segments"] for sentence in segment["sentences"])
    for figure in ("1,265,654", "1,326,395", "−4.6%", "412,880", "61.4%", "1,918,400", "6,418", "38.7%", "46.2%", "2030"):
        assert figure in shown
    assert probe(folder / "video.mp4").duration.total_seconds() > 20


def ref(value: dict[str, Any]) -> str:
    """How a value is called in a narration."""
    return f"{value['field']}.{value['key']}" if value["key"] else str(value["field"])


def truth() -> dict[str, str]:
    """What the report prints, by the name of the field, as values are kept."""
    printed = json.loads((OWN / "figures.json").read_text())
    rows = {row[0]: row[1:] for table in ("emissions", "energy", "people") for row in printed[table]}

    def figure(label: str, column: int = 0) -> str:
        text = rows[label][column]
        return str(Decimal(text.replace(",", "").replace("(", "-").replace(")", "").rstrip("%")))

    return {
        "company": printed["company"],
        "emissions.1y": figure("Total emissions"),
        "emissions_prior.1y": figure("Total emissions", 1),
        "emissions_change.1y": figure("Total emissions", 2),
        "direct_emissions.1y": figure("Scope 1"),
        "direct_emissions_change.1y": figure("Scope 1", 2),
        **{f"emissions_by_scope.{name}": figure(name) for name in ("Scope 1", "Scope 2 (market-based)", "Scope 3")},
        "energy.1y": figure("Energy use (MWh)"),
        "renewable_share.1y": figure("Share of renewable energy"),
        "water.1y": figure("Water withdrawal (cubic metres)"),
        "employees.1y": figure("Employees at year end"),
        "women_in_management.1y": figure("Share of women in management"),
        "injury_rate.1y": figure("Lost time injury frequency rate"),
        "reduction_target": "46.2",
        "target_year": "2030",
    }


def test_airflow_has_it_with_its_batch(project: Path) -> None:
    """Without a schedule it has no nightly DAG, and a batch DAG all the same."""
    from workflow_orchestrator.factory import build_dags

    dags = build_dags(str(project / "dags" / NAME / "dag.py"))
    assert set(dags) == {NAME, f"{NAME}_batch"}
    assert "audience" in dags[f"{NAME}_batch"].params
