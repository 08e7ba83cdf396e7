"""How steps are run: the keys of `execution:`, of a step itself and of `include/orchestrator.yaml`, and the named retry policies."""

from __future__ import annotations

from workflow_orchestrator.definition.language.words import error_text, name_text
from workflow_orchestrator.definition.shapes import Choice, Entry, ListOf, MapOf, Number, Record, Shape, Whole

HANDLERS = ("continue", "fail")
BACKOFFS = ("exponential", "constant")


def execution(required: bool) -> dict[str, Entry]:
    """The keys; `required` where no layer below has a value."""

    def entry(shape: Shape, says: str, needed: bool = required) -> Entry:
        return Entry(shape, says, needed)

    return {
        "max_retries": entry(Whole(1, 20), "How often a failed step is tried again, 1 to 20."),
        "timeout_seconds": entry(Whole(1, 86_400), "The time that one try may take, in seconds."),
        "call_timeout_seconds": entry(
            Whole(1, 86_400), "The time that one model call may take, in seconds; at most timeout_seconds.", False
        ),
        "retry_backoff": entry(Choice(BACKOFFS), "Whether the wait between tries doubles or stays."),
        "retry_delay_seconds": entry(Whole(1, 86_400), "The wait before the second try, in seconds."),
        "max_retry_delay_seconds": entry(Whole(1, 86_400), "The longest wait between two tries, in seconds."),
        "retry_jitter": entry(
            Number(0, 1), "The share of a wait that is taken away by chance, 0 to 1, so that tries spread.", False
        ),
        "retry": entry(name_text, "A retry policy of include/orchestrator.yaml, by name.", False),
        "default_error_handler": entry(
            Choice(HANDLERS),
            "What happens when a step fails for good and no catch takes it: continue or fail.",
        ),
    }


EXECUTION = execution(required=False)

_RULE = Record(
    {
        "on": Entry(error_text, "The error class, with all below it.", required=True),
        "max_retries": Entry(Whole(0, 20), "How often a step with this error is tried again, 0 to 20.", required=True),
        "delay_seconds": Entry(Whole(1, 86_400), "The wait before the second try, in seconds; else the step's own."),
        "backoff": Entry(Choice(BACKOFFS), "Whether the wait doubles or stays; else the step's own."),
        "max_delay_seconds": Entry(Whole(1, 86_400), "The longest wait, in seconds; else the step's own."),
    },
    hints={"retries": "did you mean 'max_retries'?", "delay": "did you mean 'delay_seconds'?"},
)
POLICIES = MapOf(ListOf(_RULE, at_least=0), name_text.pattern, name_text.says, at_least=0)
