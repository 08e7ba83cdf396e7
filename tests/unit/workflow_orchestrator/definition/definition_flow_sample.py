"""A project with every block, a called workflow and messages, for the tests of the flow of steps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from definition_sample import CONFIGURATION, WORKFLOW, prompt, write_project

FLOW = """\
workflow: tour
format: 1
platform: ">=1.0,<2"
title: Tour
owner: guides
schedule: {arrivals: true, nightly: "0 2 * * *", timezone: Europe/London, catch_up: false, wait: 2h, at_once: 4, notify: desk}
input:
  document: {type: pdf, max_pages: 40, max_megabytes: 25}
  parameters:
    audience: {title: Audience, enum: [retail, professional], default: retail}
    languages: {title: Languages, type: array, items: {enum: [en, de]}, default: [en]}
    language: {title: Language, enum: [en, de, fr], default: en}
    copies: {title: Copies, type: integer, minimum: 1, maximum: 9, default: 1}
output: [data, script]
run_timeout: 8d
deadline: {within: 4h, notify: desk}
rerun: latest
execution: {retry: patient, timeout_seconds: 100}
steps:
  read:
    extract: {prompt: read, schema: schema.json, route: extraction}
  check:
    validate: {rules: rules.yaml}
    catch: [{on: BusinessValidationError, go: correct}]
  correct:
    ask: {form: failed_fields, ask: [stewards], within: 2d, otherwise: fail}
  outlook:
    generate: {prompt: outlook, output: outlook.json, route: writing}
    catch: [{on: InvalidOutputError, go: outlook_again}, {on: LLMError, go: continue}]
  outlook_again:
    generate: {prompt: outlook, output: short.json, route: strong, into: outlook}
    catch: [{on: LLMError, go: continue}]
  side:
    parallel:
      left:
        figures: {call: {workflow: review, parameters: {reference: AB1234, audience: {parameter: audience}}, take: [slides], within: 1d}}
      right:
        mood:
          generate: {prompt: mood, output: short.json, route: writing}
          optional: [outlook]
  pick:
    choose:
      - name: risky
        when: {all: [{field: level, is: Low}, {parameter: audience, is: retail}]}
        steps:
          warn: {notify: {channel: desk, subject: "{{ document }}", message: "Look at {{ link }} for {{ parameters.audience }}"}}
      - when: {failed: outlook, is: true}
        steps:
          tell: {notify: {channel: desk, subject: Without outlook, message: "{{ workflow }}"}}
      - name: plain
        steps:
          note: {notify: {channel: desk, subject: All well, message: "{{ run_id }}"}}
  write:
    write: {prompt: write, narration: narration, route: writing}
    optional: [outlook]
  each:
    map:
      over: {parameter: languages}
      as: language
      at_most: 3
      at_once: 2
      steps:
        again: {write: {prompt: again, narration: narration, route: writing}}
        draw: {slide: {theme: house}}
        release: {approve: {ask: [officers], show: [script, slides], within: 2d, otherwise: fail, remind: {every: 12h, notify: desk}}}
        publish: {video: {provider: local, voice: default}}
finally:
  tell_owner:
    notify: {channel: desk, on: [failed, degraded], subject: "{{ outcome }}", message: "{{ error }} cost {{ cost_usd }}"}
    max_retries: 1
"""

OUTLOOK: dict[str, Any] = {
    "type": "object",
    "properties": {
        "tone": {"enum": ["calm", "loud"]},
        "rank": {"type": "integer"},
        "sections": {"type": "array", "items": {"type": "object", "properties": {"title": {"type": "string"}}}},
    },
    "required": ["tone"],
    "additionalProperties": False,
}
SHORT: dict[str, Any] = {
    "type": "object",
    "properties": {"tone": {"type": "string"}, "sections": OUTLOOK["properties"]["sections"]},
    "additionalProperties": False,
}

PLATFORM = (
    CONFIGURATION
    + """\
call_timeout_seconds: 120
retry_jitter: 0.2
retry: default
retry_policies:
  default: []
  patient:
    - {on: RateLimitError, max_retries: 8, delay_seconds: 20, backoff: constant, max_delay_seconds: 900}
    - {on: InvalidOutputError, max_retries: 1}
channels:
  desk: {}
  mail: {notifier: mail.Sender, arguments: {to: a@b.c, subject: "{{ subject }}"}}
"""
)


def write_tour(root: Path, workflow: str = FLOW, **files: str) -> tuple[Path, Path]:
    """Writes the project, the called workflow beside it; `files` are further files of the folder, `_` for the dot of the ending."""
    called = WORKFLOW.replace("owner: reviewers\n", "owner: reviewers\noutput: [data, slides]\n")
    write_project(root, called)
    folder, include = write_project(root, workflow, "tour")
    prompts = include / "prompts" / "tour"
    texts = {
        folder / "outlook.json": json.dumps(OUTLOOK, indent=1),
        folder / "short.json": json.dumps(SHORT, indent=1),
        include / "orchestrator.yaml": PLATFORM,
        prompts / "outlook.md.j2": prompt("document, values, title", "{{ title }} {{ values }} {{ document }}"),
        prompts / "mood.md.j2": prompt(
            "outlook, parameters", "{% if outlook %}{{ outlook.tone }}{% endif %} for {{ parameters.audience }}"
        ),
        prompts / "write.md.j2": prompt("values, outlook", "{{ values }} {{ outlook.sections | length if outlook }}"),
        prompts / "again.md.j2": prompt("values, language", "{{ values }} in {{ language }}"),
        **{folder / name.replace("_", "."): text for name, text in files.items()},
    }
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return folder, include
