"""The whole of `include/orchestrator.yaml`."""

from __future__ import annotations

from typing import Any

from workflow_orchestrator.definition.language.execution import POLICIES, execution
from workflow_orchestrator.definition.language.words import CHANNEL, CHANNEL_SAYS, line
from workflow_orchestrator.definition.shapes import Anything, Choice, Entry, Flag, ListOf, MapOf, Number, Record, Text

_CHANNEL = Record(
    {
        "notifier": Entry(
            Text(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+", "the dotted path of a notifier class"),
            "The class that sends; without it, a message goes to the log.",
        ),
        "arguments": Entry(
            MapOf(Anything(), "[a-z_][a-z0-9_]*", "the name of an argument", at_least=0),
            "Its arguments; {{ subject }} and {{ text }} are filled in.",
        ),
    }
)

_DOCUMENTS = Record(
    {
        "ocr": Entry(
            Choice(("auto", "off", "require")),
            "Pages that are pictures: auto reads them where tesseract is installed, require fails where it is not, off leaves them "
            "out; without it, auto.",
        )
    }
)

_METRICS = Record(
    {
        "environment": Entry(line, "Which installation the numbers are of; without it, the profile."),
        "cloudwatch": Entry(line, "The Airflow connection with which the watch delivers to CloudWatch; without it, nothing goes there."),
        "namespace": Entry(line, "The namespace there; without it, LLMOrchestration."),
        "embedded_file": Entry(line, "A file that gets lines of CloudWatch's embedded metric format, for its agent."),
    }
)

_ALERTS = Record(
    {
        "channel": Entry(Text(CHANNEL, CHANNEL_SAYS), "Where alerts go.", required=True),
        "success_under": Entry(Number(0, 1), "The least share of a workflow's last runs that must succeed."),
        "approval_older_than_hours": Entry(Number(0, 10_000), "How long a question to people may be open."),
        "inbox_older_than_hours": Entry(Number(0, 10_000), "How long a document may lie in the inbox without a run."),
        "cost_over_usd_per_day": Entry(Number(0, 1_000_000), "What a workflow's runs of one day (UTC) may cost together."),
        "breaker_open": Entry(Flag(), "Whether an open circuit breaker is told; without it, it is."),
    }
)

CONFIGURATION = Record(
    {
        **execution(required=True),
        "retry_policies": Entry(POLICIES, "Retry policies by name; the first rule whose error fits decides."),
        "profile": Entry(
            Choice(("production", "demo")),
            "Who may release: production always asks a named person.",
            required=True,
        ),
        "four_eyes": Entry(
            Choice(("production", "always")),
            "Where who asked for a video, or edited its words, may not release it: in the production profile, or always; without it, "
            "production.",
        ),
        "storage": Entry(line, "A folder, or s3://bucket/prefix.", required=True),
        "documents": Entry(_DOCUMENTS, "How documents are read."),
        "metrics": Entry(_METRICS, "Where numbers go beside Airflow's own metrics."),
        "alerts": Entry(_ALERTS, "What the watch tells, and to whom; without it, nothing."),
        "groups": Entry(
            MapOf(
                ListOf(line, at_least=0),
                names="[a-z][a-z0-9-]{0,59}",
                says="a group: small letters, digits and -",
                at_least=0,
            ),
            "Groups of Airflow user ids that a workflow may ask.",
        ),
        "channels": Entry(
            MapOf(_CHANNEL, CHANNEL, CHANNEL_SAYS, at_least=0), "Where messages go: channels that a workflow may name."
        ),
    }
)


def orchestrator_json_schema() -> dict[str, Any]:
    """The JSON Schema of `include/orchestrator.yaml`, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "orchestrator.yaml",
        "description": "The platform's own configuration. Written by scripts/make_schema.py; do not edit.",
        **CONFIGURATION.schema(),
    }
