"""Writes the JSON Schemas: of YAML files for editors, of what runs leave for readers; with `--check`, says whether they are current.

python scripts/make_schema.py            writes docs/*.schema.json
python scripts/make_schema.py --check    exits with 1 if one of them differs
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "workflow.schema.json"


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parser = argparse.ArgumentParser(description="Write the JSON Schemas of docs/ from the languages themselves.")
    parser.add_argument("--check", action="store_true", help="do not write; exit with 1 if a file is not current")
    check = parser.parse_args(arguments).check

    sys.path.insert(0, str(ROOT / "plugins"))
    from llm_orchestration.route_file import llm_json_schema
    from workflow_orchestrator.definition.language import orchestrator_json_schema, workflow_json_schema
    from workflow_orchestrator.definition.rendering_file import rendering_json_schema
    from workflow_orchestrator.record.schemas import history_json_schema, manifest_json_schema
    from workflow_orchestrator.scenarios.language import scenarios_json_schema
    from workflow_orchestrator.script.narration import narration_json_schema
    from workflow_orchestrator.script.terms import terms_json_schema

    current = [
        _make(TARGET, workflow_json_schema(), check=check),
        _make(TARGET.with_name("scenarios.schema.json"), scenarios_json_schema(), check=check),
        _make(TARGET.with_name("orchestrator.schema.json"), orchestrator_json_schema(), check=check),
        _make(TARGET.with_name("llm.schema.json"), llm_json_schema(), check=check),
        _make(TARGET.with_name("rendering.schema.json"), rendering_json_schema(), check=check),
        _make(TARGET.with_name("narration.schema.json"), narration_json_schema(), check=check),
        _make(TARGET.with_name("terms.schema.json"), terms_json_schema(), check=check),
        _make(TARGET.with_name("manifest.schema.json"), manifest_json_schema(), check=check),
        _make(TARGET.with_name("history.schema.json"), history_json_schema(), check=check),
    ]
    return 0 if all(current) else 1


def _make(target: Path, schema: dict[str, Any], *, check: bool) -> bool:
    """Writes one schema, or checks it; whether the file is now what it should be."""
    text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    shown = target.relative_to(ROOT).as_posix()
    current = target.read_text(encoding="utf-8") if target.is_file() else ""
    if check and current != text:
        print(f"{shown} is not current; run: python scripts/make_schema.py", file=sys.stderr)
        return False
    if check:
        print(f"{shown} is current")
        return True
    if current != text:
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")
    print(f"{shown}: {len(text):,} bytes")
    return True


if __name__ == "__main__":
    raise SystemExit(main())
