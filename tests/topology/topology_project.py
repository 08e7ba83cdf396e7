"""What the topology of the tests runs: the shipped workflows, and two cheap ones that only send messages and wait."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

ROLLING, BULLETIN = "rolling", "bulletin"
BUCKET = "genai-platform"
RELEASES = f"s3://{BUCKET}/bundles"
NEXT_VERSION = "1.0.99"
SAMPLES = {
    "fund_factsheet_video": "aldermoor_global_equity_en",
    "earnings_report_video": "earnings/castleford_instruments_q2_en",
    "research_paper_video": "papers/lindqvist_two_readers_en",
}
_HEAD = """\
workflow: {name}
format: 1
platform: ">=1.0,<2"
title: {title}
description: Sends messages that nobody reads, and waits between them.
owner: tests
input:
  document: {{type: pdf, max_pages: 40, max_megabytes: 25}}
  parameters:
    until:
      title: Wait until
      description: A time with its zone; empty does not wait.
      type: string
      pattern: "(\\\\d{{4}}-\\\\d\\\\d-\\\\d\\\\dT\\\\d\\\\d:\\\\d\\\\d(:\\\\d\\\\d)?(Z|[+-]\\\\d\\\\d:\\\\d\\\\d))?"
      default: ""
execution: {{default_error_handler: fail, retry_delay_seconds: 1}}
steps:
"""
_SAY = '  {step}: {{notify: {{channel: operations, subject: "{step}", message: "{{{{ run_id }}}} says {words}."}}}}\n'


def write_workflow(dags: Path, name: str, says: dict[str, str], *, dag: Path) -> Path:
    """A workflow that says something, waits until the time of its run, and says the rest; its folder."""
    first, *rest = says.items()
    steps = [
        _SAY.format(step=first[0], words=first[1]),
        "  hold: {wait: {until: until}}\n",
        *(_SAY.format(step=step, words=words) for step, words in rest),
    ]
    folder = dags / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "workflow.yaml").write_text(_HEAD.format(name=name, title=name.title()) + "".join(steps))
    shutil.copy(dag, folder / "dag.py")
    return folder


def write_project(root: Path, place: Path) -> Path:
    """A checkout for the topology: what the compose file mounts, with the workflow `rolling` beside the shipped ones."""
    ignore = shutil.ignore_patterns("__pycache__", "samples", "secrets")
    for name in ("dags", "include", "plugins", "deploy"):
        shutil.copytree(root / name, place / name, ignore=ignore)
    for name in ("docker-compose.yaml", "requirements.txt"):
        shutil.copy(root / name, place / name)
    write_workflow(place / "dags", ROLLING, {"begin": "hello", "last": "goodbye"}, dag=_dag(root))
    return place


def write_next_platform(project: Path, place: Path) -> Path:
    """The platform of a project once more, under another version; its folder of plugins."""
    for name in ("include", "plugins"):
        shutil.copytree(project / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    package = place / "plugins" / "workflow_orchestrator" / "__init__.py"
    text = package.read_text()
    assert '__version__ = "1.0.0"' in text
    package.write_text(text.replace('__version__ = "1.0.0"', f'__version__ = "{NEXT_VERSION}"'))
    return place / "plugins"


def write_package(root: Path, place: Path, version: str) -> Path:
    """A package of the workflow `bulletin`; from 1.1.0 on it says one thing more."""
    from workflow_orchestrator.definition import load_workflow
    from workflow_orchestrator.packaging.business import build_business_package

    says = {"begin": f"hello from {version}", "last": f"goodbye from {version}"}
    if version != "1.0.0":
        says["more"] = "something new"
    source = place / version
    shutil.copytree(root / "include", source / "include", ignore=shutil.ignore_patterns("samples"))
    folder = write_workflow(source / "dags", BULLETIN, says, dag=_dag(root))
    package = build_business_package(load_workflow(folder, source / "include"), version)
    path = place / package.file_name
    path.write_bytes(package.data)
    return path


def bundles() -> str:
    """Airflow's setting: the folder of the DAG files, and the releases of `bulletin`."""
    return json.dumps(
        [
            {"name": "dags-folder", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle", "kwargs": {}},
            {
                "name": BULLETIN,
                "classpath": "workflow_orchestrator.bundles.ReleaseBundle",
                "kwargs": {"target": RELEASES, "workflow": BULLETIN, "refresh_interval": 5},
            },
        ]
    )


def _dag(root: Path) -> Path:
    return root / "dags" / "fund_factsheet_video" / "dag.py"
