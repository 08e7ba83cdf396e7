"""The whole of `workflow.yaml`."""

from __future__ import annotations

from typing import Any

from workflow_orchestrator.definition.language import blocks
from workflow_orchestrator.definition.language.execution import EXECUTION
from workflow_orchestrator.definition.language.words import (
    NAME,
    NAME_SAYS,
    channel_text,
    duration_text,
    line,
    name_text,
    paragraph,
)
from workflow_orchestrator.definition.shapes import Anything, Choice, Entry, Flag, ListOf, MapOf, Number, Record, Whole

FORMAT = 1
"""The version of this language."""

_words = ListOf(line)

_PARAMETER = Record(
    {
        "title": Entry(line, "The label in the form.", required=True),
        "description": Entry(paragraph, "The help text in the form."),
        "type": Entry(
            Choice(("string", "integer", "number", "boolean", "array")), "The type; an enum is text without it."
        ),
        "enum": Entry(_words, "The words to choose from."),
        "items": Entry(Record({"enum": Entry(_words, "The words of the list.", required=True)}), "For type array."),
        "minimum": Entry(Number(-1e15, 1e15), "For integer and number."),
        "maximum": Entry(Number(-1e15, 1e15), "For integer and number."),
        "pattern": Entry(line, "For string: a regular expression that the whole text must match."),
        "default": Entry(Anything(), "What holds when nothing is given; a parameter without a default must be given."),
    }
)
_SCHEDULE = Record(
    {
        "nightly": Entry(line, "A cron expression of five fields: when the inbox is looked through."),
        "timezone": Entry(line, "An IANA time zone such as Europe/London; without it, UTC."),
        "catch_up": Entry(Flag(), "Whether a scan that was missed is made up for, once; without it, yes."),
        "arrivals": Entry(Flag(), "Whether a document is taken as soon as it arrives; without it, no."),
        "wait": Entry(duration_text, "How long the summary of a scan waits for its runs; without it, 3h."),
        "at_once": Entry(Whole(1, 1_000), "How many runs of a scan are at work at the same time; without it, 16."),
        "notify": Entry(channel_text, "The channel of include/orchestrator.yaml that gets the summary."),
    },
    any_of=("nightly", "arrivals"),
)
_DOCUMENT = Record(
    {
        "type": Entry(Choice(("pdf",)), "The kind of document.", required=True),
        "max_pages": Entry(Whole(1, 2_000), "Documents with more pages are refused.", required=True),
        "max_megabytes": Entry(
            Number(0.01, 500), "Larger documents are refused; a megabyte is 1,048,576 bytes.", required=True
        ),
    }
)
_INPUT = Record(
    {
        "document": Entry(_DOCUMENT, "Which document a run takes.", required=True),
        "parameters": Entry(
            MapOf(_PARAMETER, NAME, NAME_SAYS, at_least=0), "The further questions of the form, by name."
        ),
    }
)
_RULES = Record(
    {
        "required_fields": Entry(ListOf(name_text, at_least=0), "Fields without which no video is made."),
        "compliance_checks": Entry(ListOf(name_text, at_least=0), "Packs of include/compliance that judge the script."),
    }
)
_BUDGET = Record(
    {
        "usd": Entry(Number(0, 10_000), "What the model calls of one run may cost, in US dollars."),
        "tokens": Entry(
            Whole(1, 1_000_000_000), "How many tokens, read and written, the model calls of one run may take."
        ),
        "minutes": Entry(
            Number(0.1, 10_080), "How long one run may work, in minutes; waiting for people does not count."
        ),
    }
)
_DEADLINE = Record(
    {
        "within": Entry(duration_text, "A run that is not through by then is told; it goes on.", required=True),
        "notify": Entry(channel_text, "The channel of include/orchestrator.yaml that is told.", required=True),
    }
)

WORKFLOW = Record(
    {
        "workflow": Entry(name_text, "The name of the workflow and of its folder.", required=True),
        "format": Entry(Whole(FORMAT, FORMAT), f"The version of this language: {FORMAT}.", required=True),
        "platform": Entry(line, 'The platform versions that it runs on, such as ">=1.0,<2".', required=True),
        "title": Entry(line, "What people call it.", required=True),
        "description": Entry(paragraph, "One or two sentences for the list of workflows."),
        "owner": Entry(line, "The team that answers for it.", required=True),
        "schedule": Entry(_SCHEDULE, "When documents of the inbox are taken."),
        "input": Entry(_INPUT, "What a run is started with.", required=True),
        "output": Entry(ListOf(name_text), "What other workflows may take from a run of this one."),
        "business_rules": Entry(_RULES, "What a run cannot do without."),
        "budget": Entry(_BUDGET, "The limits of one run."),
        "execution": Entry(Record(EXECUTION), "Overrides include/orchestrator.yaml for all steps."),
        "run_timeout": Entry(duration_text, "How long a run may take, waiting for people included."),
        "deadline": Entry(_DEADLINE, "Who is told when a run takes long."),
        "rerun": Entry(
            Choice(("same", "latest")),
            "Which definition a step that is run again uses: that of its run (same) or the newest (latest).",
        ),
        "steps": Entry(blocks.steps, "The steps, in their order.", required=True),
        "finally": Entry(blocks.last, "Messages that are sent however the run ended."),
    }
)


def workflow_json_schema() -> dict[str, Any]:
    """The JSON Schema of `workflow.yaml`, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "workflow.yaml",
        "description": "One business workflow. Written by scripts/make_schema.py; do not edit.",
        **WORKFLOW.schema(),
        "$defs": {name: named.shape.schema() for name, named in blocks.NAMED.items()},
    }
