"""Writes the JSON Schema of `workflow.yaml` for editors; with `--check`, says whether the committed one is current.

python scripts/make_schema.py            writes docs/workflow.schema.json
python scripts/make_schema.py --check    exits with 1 if it differs
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "workflow.schema.json"


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parser = argparse.ArgumentParser(description="Write docs/workflow.schema.json from the definition language.")
    parser.add_argument("--check", action="store_true", help="do not write; exit with 1 if the file is not current")
    check = parser.parse_args(arguments).check

    sys.path.insert(0, str(ROOT / "plugins"))
    from workflow_orchestrator.definition.language import workflow_json_schema

    text = json.dumps(workflow_json_schema(), indent=2, ensure_ascii=False) + "\n"
    shown = TARGET.relative_to(ROOT).as_posix()
    current = TARGET.read_text(encoding="utf-8") if TARGET.is_file() else ""
    if check:
        if current == text:
            print(f"{shown} is current")
            return 0
        print(f"{shown} is not current; run: python scripts/make_schema.py", file=sys.stderr)
        return 1
    if current != text:
        TARGET.parent.mkdir(exist_ok=True)
        TARGET.write_text(text, encoding="utf-8")
    print(f"{shown}: {len(text):,} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
