"""The workflow of benchmarks that measure what lies around the steps: each sends a message that nobody reads."""

from __future__ import annotations

_HEAD = """\
workflow: {name}
format: 1
platform: ">=1.0,<2"
title: {title}
description: Sends messages that nobody reads.
owner: benchmarks
input:
  document: {{type: pdf, max_pages: 40, max_megabytes: 25}}
execution: {{default_error_handler: fail}}
steps:
"""
_STEP = '  say_{number}: {{notify: {{channel: operations, subject: "Step {number}", message: "{{{{ run_id }}}} is at {number}."}}}}\n'


def workflow(name: str, steps: int) -> str:
    """The `workflow.yaml` of that name, with so many steps."""
    head = _HEAD.format(name=name, title=name.capitalize())
    return head + "".join(_STEP.format(number=number) for number in range(1, steps + 1))
