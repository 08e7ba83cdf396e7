"""A complete little project on disk for the tests of definitions: one workflow with every kind of step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

WORKFLOW = """\
workflow: review
format: 1
platform: ">=1.0,<2"
title: Review
description: Reads a document and makes a video of it.
owner: reviewers
schedule: {nightly: "0 2 * * *", timezone: Europe/London}
input:
  document: {type: pdf, max_pages: 40, max_megabytes: 25}
  parameters:
    audience: {title: Audience, enum: [retail, professional], default: retail}
    places: {title: Places, type: array, items: {enum: [eu, uk]}, default: [eu]}
    reference: {title: Reference, type: string, pattern: "[A-Z]{2}[0-9]{4}"}
    copies: {title: Copies, type: integer, minimum: 1, maximum: 9, default: 1}
business_rules:
  required_fields: [name]
  compliance_checks: [house]
budget: {usd: 0.40, tokens: 400000, minutes: 20}
execution: {default_error_handler: fail, timeout_seconds: 120}
steps:
  read:
    extract: {prompt: read, schema: schema.json, route: extraction}
    max_retries: 5
  check:
    validate: {rules: rules.yaml}
    catch: [{on: BusinessValidationError, go: correct}]
  correct:
    ask: {form: failed_fields, ask: [stewards], within: 2d, otherwise: fail}
  write:
    write: {prompt: write, narration: narration, route: writing}
    catch: [{on: UnboundFigureError, go: fail}, {on: ScriptError, go: fail}]
  draw:
    slide: {theme: house}
  release:
    approve: {ask: [officers], show: [script, slides], within: 30m, otherwise: fail}
  publish:
    video: {provider: local, voice: default}
"""

CONFIGURATION = """\
max_retries: 3
timeout_seconds: 300
retry_backoff: exponential
retry_delay_seconds: 10
max_retry_delay_seconds: 600
default_error_handler: continue
profile: production
storage: .state/storage
groups:
  stewards: [ada, grace]
  officers: []
"""

RULES = """\
rules:
  months_fit: {check: months_compound_to_ytd, months: months, ytd: ytd, as_of: as_of}
"""

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Document",
    "type": "object",
    "required": ["name", "as_of"],
    "properties": {
        "name": {"kind": "text", "title": {"en": "Name"}, "labels": {"en": ["Name"]}},
        "as_of": {"kind": "date", "title": {"en": "As of"}},
        "ytd": {"kind": "percent", "title": {"en": "YTD"}, "minimum": -100, "maximum": 400},
        "months": {"kind": "percent", "title": {"en": "Months"}, "keyed": "month"},
        "level": {
            "kind": "choice",
            "title": {"en": "Level"},
            "choices": {"Low": {"title": {"en": "Low", "de": "Niedrig"}, "words": {"en": ["low"]}}},
        },
        "performance": {
            "kind": "percent",
            "title": {"en": "Performance"},
            "keyed": "period",
            "keys": {"1y": {"title": {"en": "1 year"}, "labels": {"en": ["1Y", "1 year"]}}},
        },
    },
}


def prompt(variables: str, user: str) -> str:
    """A prompt file that lists its variables; what is asked begins in line 6."""
    return f"---\nversion: 1\nvariables: [{variables}]\n---\n{{% block user %}}\n{user}\n{{% endblock %}}\n"


def write_project(root: Path, workflow: str = WORKFLOW, name: str = "review") -> tuple[Path, Path]:
    """Writes the project and returns the workflow's folder and `include`."""
    folder, include = root / "dags" / name, root / "include"
    texts = {
        folder / "workflow.yaml": workflow,
        folder / "schema.json": json.dumps(SCHEMA, indent=2),
        folder / "rules.yaml": RULES,
        include / "orchestrator.yaml": CONFIGURATION,
        include / "prompts" / name / "read.md.j2": prompt(
            "document", "Read {{ document }}\n{% include 'shared/tone.md.j2' %}"
        ),
        include / "prompts" / name / "write.md.j2": prompt("values", "Write about {{ values }}"),
        include / "prompts" / name / "narration.en.yaml": "segments: []\n",
        include / "prompts" / name / "narration.de.yaml": "segments: []\n",
        include / "prompts" / "shared" / "tone.md.j2": "Be plain.\n",
        include / "compliance" / "house.yaml": "rules: []\n",
        include / "themes" / "house" / "theme.yaml": "colour: blue\n",
        include / "themes" / "house" / "logo.bin": "\0\1",
    }
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder, include
