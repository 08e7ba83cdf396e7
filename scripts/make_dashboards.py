#!/usr/bin/env python3
"""Writes deploy/dashboards/: the dashboards of Grafana and CloudWatch, from the table of metrics. Run it when names or panels change.

    .venv/bin/python scripts/make_dashboards.py            writes both
    .venv/bin/python scripts/make_dashboards.py --check    says whether they are as the table is
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "plugins"))

from workflow_orchestrator.observability.dashboards import cloudwatch, grafana  # noqa: E402 - behind the path

FOLDER = ROOT / "deploy" / "dashboards"


def files() -> dict[Path, str]:
    """Every file with its content."""
    workflows = sorted(path.parent.name for path in (ROOT / "dags").glob("*/workflow.yaml"))
    made = {"grafana.json": grafana(), "cloudwatch.json": cloudwatch(workflows, "production", "eu-central-1")}
    return {FOLDER / name: json.dumps(data, indent=2, ensure_ascii=False) + "\n" for name, data in made.items()}


def main() -> int:
    """Writes, or compares; 1 where something differs."""
    made = files()
    if "--check" in sys.argv[1:]:
        stale = [path.name for path, text in made.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
        print("\n".join(f"deploy/dashboards/{name} is not as the table is; run scripts/make_dashboards.py" for name in stale))
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
