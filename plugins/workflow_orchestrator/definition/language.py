"""The language of `workflow.yaml` and of `include/orchestrator.yaml`, written once: keys, types and what they mean.

`scripts/make_schema.py` turns `WORKFLOW` into `docs/workflow.schema.json` for editors; the loader checks with the
same object. What a JSON Schema cannot say (a catch that leads back, a field that the schema lacks) is in `checks.py`
and `resources.py`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from workflow_orchestrator.definition.shapes import (
    Anything,
    Choice,
    Entry,
    ListOf,
    MapOf,
    Number,
    Record,
    Shape,
    Text,
    Whole,
)

NAME = "[a-z][a-z0-9_]{0,59}"
NAME_SAYS = "a name: small letters, digits and _, at most 60, a letter first"
_WORD = "[A-Za-z][A-Za-z0-9_.-]{0,99}"
_WORD_SAYS = "one word: letters, digits, '_', '-' and '.', a letter first"

STEP_KINDS = ("extract", "validate", "ask", "write", "slide", "approve", "video")
HANDLERS = ("continue", "fail")
SHOWN = ("script", "slides", "data")

name_text = Text(NAME, NAME_SAYS)
word = Text(_WORD, _WORD_SAYS)
line = Text(r"[^\n]*\S[^\n]*", "one line", longest=200)
paragraph = Text(longest=2_000)


def duration(text: str) -> timedelta:
    """The time that `45s`, `30m`, `12h` or `2d` means.

    Raises:
        ValueError: it is none of these.
    """
    match = re.fullmatch("([1-9][0-9]{0,5})([smhd])", text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write 45s, 30m, 12h or 2d")
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[match.group(2)]
    return timedelta(**{unit: int(match.group(1))})


duration_text = Text("[1-9][0-9]{0,5}[smhd]", "a duration such as 45s, 30m, 12h or 2d")


def _file(ending: str) -> Text:
    return Text(rf"[A-Za-z0-9][A-Za-z0-9_-]*\.{ending}", f"the name of a .{ending} file in the workflow's folder")


def _execution(required: bool) -> dict[str, Entry]:
    def entry(shape: Shape, says: str) -> Entry:
        return Entry(shape, says, required)

    return {
        "max_retries": entry(Whole(1, 20), "How often a failed step is tried again, 1 to 20."),
        "timeout_seconds": entry(Whole(1, 86_400), "The time that one try may take, in seconds."),
        "retry_backoff": entry(Choice(("exponential", "constant")), "Whether the wait between tries doubles or stays."),
        "retry_delay_seconds": entry(Whole(1, 86_400), "The wait before the second try, in seconds."),
        "max_retry_delay_seconds": entry(Whole(1, 86_400), "The longest wait between two tries, in seconds."),
        "default_error_handler": entry(
            Choice(HANDLERS),
            "What happens when a step fails for good and no catch takes it: continue or fail.",
        ),
    }


EXECUTION = _execution(required=False)

CONFIGURATION = Record(
    {
        **_execution(required=True),
        "profile": Entry(
            Choice(("production", "demo")),
            "Who may release: production always asks a named person.",
            required=True,
        ),
        "storage": Entry(line, "A folder, or s3://bucket/prefix.", required=True),
        "groups": Entry(
            MapOf(
                ListOf(line, at_least=0),
                names="[a-z][a-z0-9-]{0,59}",
                says="a group: small letters, digits and -",
                at_least=0,
            ),
            "Groups of Airflow user ids that a workflow may ask.",
        ),
    }
)

_WITHIN = Entry(duration_text, "How long they may take: 45s, 30m, 12h or 2d.", required=True)
_ASK = Entry(ListOf(word), "The groups of include/orchestrator.yaml that are asked.", required=True)
_OTHERWISE = Entry(
    Choice(("fail",)), "What happens when nobody answers in time. A timeout never means yes.", required=True
)

_KINDS: dict[str, Entry] = {
    "extract": Entry(
        Record(
            {
                "prompt": Entry(name_text, "include/prompts/<workflow>/<prompt>.md.j2", required=True),
                "schema": Entry(_file("json"), "The fields to read: a file of this folder.", required=True),
                "route": Entry(word, "The route of include/llm.yaml that reads.", required=True),
            }
        ),
        "Reads the document and binds each field to its page and printed words.",
    ),
    "validate": Entry(
        Record(
            {
                "rules": Entry(_file("yaml"), "The business rules: a file of this folder.", required=True),
            }
        ),
        "Proves every value against the document and applies the rules.",
    ),
    "ask": Entry(
        Record(
            {
                "form": Entry(Choice(("failed_fields",)), "What is asked: the fields that failed.", required=True),
                "ask": _ASK,
                "within": _WITHIN,
                "otherwise": _OTHERWISE,
            }
        ),
        "Asks named people; only a catch leads here.",
    ),
    "write": Entry(
        Record(
            {
                "prompt": Entry(name_text, "include/prompts/<workflow>/<prompt>.md.j2", required=True),
                "narration": Entry(name_text, "include/prompts/<workflow>/<narration>.<language>.yaml", required=True),
                "route": Entry(word, "The route of include/llm.yaml that writes.", required=True),
            }
        ),
        "Writes the narration around proven values.",
    ),
    "slide": Entry(
        Record(
            {
                "theme": Entry(
                    Text("[a-z][a-z0-9_-]{0,59}", "the name of a folder in include/themes"),
                    "include/themes/<theme>",
                    required=True,
                ),
            }
        ),
        "Renders the slides of the script.",
    ),
    "approve": Entry(
        Record(
            {
                "ask": _ASK,
                "show": Entry(
                    ListOf(Choice(SHOWN)), "What they are shown and release: script, slides, data.", required=True
                ),
                "within": _WITHIN,
                "otherwise": _OTHERWISE,
            }
        ),
        "Asks named people to release exactly what they were shown.",
    ),
    "video": Entry(
        Record(
            {
                "provider": Entry(word, "Who makes the video: local, or the name of another provider.", required=True),
                "voice": Entry(word, "The voice: default, or one that the provider has.", required=True),
            }
        ),
        "Makes the video and checks the finished file.",
    ),
}

_CATCH = Record(
    {
        "on": Entry(
            Text("[A-Z][A-Za-z0-9]{0,99}", "the name of an error class"),
            "The error class that is caught, with all below it.",
            required=True,
        ),
        "go": Entry(Text(f"{NAME}", "a step, continue or fail"), "A later step, continue, or fail.", required=True),
    }
)

_STEP = Record(
    {
        **_KINDS,
        "catch": Entry(ListOf(_CATCH), "What happens on which error; the first entry that fits decides."),
        **EXECUTION,
    },
    one_of=STEP_KINDS,
    hints={
        "execution": "write its keys (max_retries, timeout_seconds, …) directly in the step",
        "retries": "did you mean 'max_retries'?",
        "timeout": "did you mean 'timeout_seconds'?",
        "trigger_rule": "the platform sets it; say with 'catch' what happens on an error",
        "depends_on": "steps run in the order of the file",
        "on_failure": "did you mean 'catch'?",
    },
)

_scalar_choice = ListOf(line)

_PARAMETER = Record(
    {
        "title": Entry(line, "The label in the form.", required=True),
        "description": Entry(paragraph, "The help text in the form."),
        "type": Entry(
            Choice(("string", "integer", "number", "boolean", "array")), "The type; an enum is text without it."
        ),
        "enum": Entry(_scalar_choice, "The words to choose from."),
        "items": Entry(
            Record({"enum": Entry(_scalar_choice, "The words of the list.", required=True)}), "For type array."
        ),
        "minimum": Entry(Number(-1e15, 1e15), "For integer and number."),
        "maximum": Entry(Number(-1e15, 1e15), "For integer and number."),
        "pattern": Entry(line, "For string: a regular expression that the whole text must match."),
        "default": Entry(Anything(), "What holds when nothing is given; a parameter without a default must be given."),
    }
)

WORKFLOW = Record(
    {
        "workflow": Entry(name_text, "The name of the workflow and of its folder.", required=True),
        "format": Entry(Whole(1, 1), "The version of this language: 1.", required=True),
        "platform": Entry(line, 'The platform versions that it runs on, such as ">=1.0,<2".', required=True),
        "title": Entry(line, "What people call it.", required=True),
        "description": Entry(paragraph, "One or two sentences for the list of workflows."),
        "owner": Entry(line, "The team that answers for it.", required=True),
        "schedule": Entry(
            Record(
                {
                    "nightly": Entry(line, "A cron expression of five fields.", required=True),
                    "timezone": Entry(line, "An IANA time zone such as Europe/London.", required=True),
                }
            ),
            "When the inbox is looked through.",
        ),
        "input": Entry(
            Record(
                {
                    "document": Entry(
                        Record(
                            {
                                "type": Entry(Choice(("pdf",)), "The kind of document.", required=True),
                                "max_pages": Entry(
                                    Whole(1, 2_000), "Documents with more pages are refused.", required=True
                                ),
                                "max_megabytes": Entry(
                                    Number(0.01, 500),
                                    "Larger documents are refused; a megabyte is 1,048,576 bytes.",
                                    required=True,
                                ),
                            }
                        ),
                        "Which document a run takes.",
                        required=True,
                    ),
                    "parameters": Entry(
                        MapOf(_PARAMETER, NAME, NAME_SAYS, at_least=0),
                        "The further questions of the form, by name.",
                    ),
                }
            ),
            "What a run is started with.",
            required=True,
        ),
        "business_rules": Entry(
            Record(
                {
                    "required_fields": Entry(ListOf(name_text, at_least=0), "Fields without which no video is made."),
                    "compliance_checks": Entry(
                        ListOf(name_text, at_least=0), "Packs of include/compliance that judge the script."
                    ),
                }
            ),
            "What a run cannot do without.",
        ),
        "budget": Entry(
            Record(
                {
                    "usd": Entry(Number(0, 10_000), "What the model calls of one run may cost, in US dollars."),
                    "tokens": Entry(
                        Whole(1, 1_000_000_000), "How many tokens, read and written, the model calls of one run may take."
                    ),
                    "minutes": Entry(
                        Number(0.1, 10_080), "How long one run may work, in minutes; waiting for people does not count."
                    ),
                }
            ),
            "The limits of one run.",
        ),
        "execution": Entry(Record(EXECUTION), "Overrides include/orchestrator.yaml for all steps."),
        "steps": Entry(MapOf(_STEP, NAME, NAME_SAYS), "The steps, in their order.", required=True),
    }
)


def workflow_json_schema() -> dict[str, Any]:
    """The JSON Schema of `workflow.yaml`, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "workflow.yaml",
        "description": "One business workflow. Written by scripts/make_schema.py; do not edit.",
        **WORKFLOW.schema(),
    }
