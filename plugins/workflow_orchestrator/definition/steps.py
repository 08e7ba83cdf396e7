"""The pieces that a workflow is made of: steps, and the blocks that order them.

    Step       one Airflow task: extract, validate, ask, write, slide, approve, video, generate, call, notify
    Choose     the first arm whose condition holds is run, the others are skipped
    Parallel   all arms are run side by side
    Map        its steps are run once for each item of a list, at most so many

A sequence is a tuple of these, in the order in which they run. A detour (the step that a `catch` leads to) stands in no sequence:
it is run in the place of the step that failed. Nothing here knows Airflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

from workflow_orchestrator.definition.retries import RetryRule

ErrorHandler = Literal["continue", "fail"]
Outcome = Literal["succeeded", "degraded", "failed"]


@dataclass(frozen=True, slots=True)
class Execution:
    """How a step is run: tries, waits between them, and what one try and one model call may take.

    `max_retries` holds for every error that may be retried and that no rule of the named policy `retry` takes. Airflow keeps one
    count of tries per step, and so the rules share it: a rule says up to which retry its error is still tried again.
    """

    max_retries: int
    timeout: timedelta
    retry_backoff: Literal["exponential", "constant"]
    retry_delay: timedelta
    max_retry_delay: timedelta
    default_error_handler: ErrorHandler
    retry_jitter: float = 0.0
    call_timeout: timedelta | None = None
    retry: str = "default"
    rules: tuple[RetryRule, ...] = ()

    def __post_init__(self) -> None:
        if self.max_retries < 1:
            # A task that is queued while the API server starts fails once through no fault of its own.
            raise ValueError(f"max_retries must be at least 1, not {self.max_retries}")
        if self.timeout <= timedelta(0) or self.retry_delay <= timedelta(0):
            raise ValueError("timeout and retry delay must be longer than nothing")
        if self.max_retry_delay < self.retry_delay:
            raise ValueError("max_retry_delay must not be shorter than retry_delay")
        if not 0 <= self.retry_jitter <= 1:
            raise ValueError(f"retry_jitter must be between 0 and 1, not {self.retry_jitter}")
        if self.call_timeout is not None and not timedelta(0) < self.call_timeout <= self.timeout:
            raise ValueError("call_timeout must be longer than nothing and not longer than timeout")

    @property
    def most_retries(self) -> int:
        """The retries that Airflow must hold ready: the largest of `max_retries` and the rules."""
        return max(self.max_retries, *(rule.max_retries for rule in self.rules)) if self.rules else self.max_retries


@dataclass(frozen=True, slots=True)
class Catch:
    """What happens when a step ends with an error of class `on`: go to step `go`, `continue`, or `fail`."""

    on: str
    go: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. Its name is the Airflow task id.

    `uses` are the artifacts of generate steps that its prompt names. `optional` are those of them that it can do without: where
    an earlier step was passed over, the prompt sees `None`. `reads` are the platform's artifacts that its prompt names beside
    those that its kind needs anyway. `within_map` is the map block whose steps it belongs to, if any.
    """

    kind: ClassVar[str] = ""
    name: str
    execution: Execution
    catches: tuple[Catch, ...] = ()
    uses: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    within_map: str | None = None


@dataclass(frozen=True, slots=True)
class Reminder:
    """A question that nobody has answered is told again to the channel `notify`, each time that `every` has passed."""

    every: timedelta
    notify: str

    def __post_init__(self) -> None:
        if self.every <= timedelta(0):
            raise ValueError("a reminder comes after some time")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractStep(Step):
    """Reads the document and binds each field to its page and printed words. `pages` says which of them a model is sent.

    `variant` names the parameter that says which of several share classes, or other variants with a code, is meant; empty: none.
    """

    kind: ClassVar[str] = "extract"
    prompt: Path
    schema: Path
    route: str
    pages: Literal["needed", "all"] = "needed"
    variant: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateStep(Step):
    """Proves every value against the document and applies field and cross-field rules."""

    kind: ClassVar[str] = "validate"
    rules: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class AskStep(Step):
    """Asks named people for the fields that failed; reached only through a `catch`."""

    kind: ClassVar[str] = "ask"
    form: Literal["failed_fields"]
    ask: tuple[str, ...]
    within: timedelta
    otherwise: Literal["fail"]
    remind: Reminder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteStep(Step):
    """Writes the narration around bound values. `narration` maps a language to its sentence file.

    `by` says who finds the words: a model where the route has one, or the sentence file alone; prompt and route then rest.
    """

    kind: ClassVar[str] = "write"
    prompt: Path
    narration: Mapping[str, Path]
    route: str
    by: Literal["model", "template"] = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideStep(Step):
    """Renders the slides of the script in a theme. `format` is their shape and that of the video; `motion` lets charts build up in it."""

    kind: ClassVar[str] = "slide"
    theme: Path
    format: Literal["landscape", "portrait", "square"] = "landscape"
    motion: Literal["build", "none"] = "build"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveStep(Step):
    """Asks named people to release exactly what they were shown. A timeout never means yes."""

    kind: ClassVar[str] = "approve"
    ask: tuple[str, ...]
    show: tuple[str, ...]
    within: timedelta
    otherwise: Literal["fail"]
    remind: Reminder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoStep(Step):
    """Gives script and slides to a video provider, waits, fetches and checks the file."""

    kind: ClassVar[str] = "video"
    provider: str
    voice: str
    frames: Literal["variable", "constant"] = "variable"


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateStep(Step):
    """Asks a model for JSON of a shape and keeps it as the artifact `into`; later prompts see it under that name.

    What it says reaches no slide and no narration by itself: figures still come from proven values only.
    """

    kind: ClassVar[str] = "generate"
    prompt: Path
    output: Path
    route: str
    into: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStep(Step):
    """Runs another workflow with the same document, waits for it, and takes some of its outputs into this run."""

    kind: ClassVar[str] = "call"
    workflow: str
    parameters: Mapping[str, Any]
    take: tuple[str, ...]
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyStep(Step):
    """Sends a message to a channel of `include/orchestrator.yaml`. `on` says after which outcomes, in `finally`."""

    kind: ClassVar[str] = "notify"
    channel: str
    subject: str
    message: str
    on: tuple[Outcome, ...] = ("succeeded", "degraded", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitStep(Step):
    """Waits until the time that the parameter `until` holds; an empty one, or one that is over, is no wait."""

    kind: ClassVar[str] = "wait"
    until: str


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a value of a run is found.

    `source` is `parameter` (`name` of the conf), `field` (a reference of a proven value such as `performance_data.1y`), `output`
    (`artifact.key` of a generate step), `failed` (the name of a step: whether it was passed over) or `item` (of the map around).
    """

    source: Literal["parameter", "field", "output", "failed", "item"]
    name: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A test on a run: one comparison, or several conditions under `all`, `any` or `not`."""

    operator: Literal[
        "is", "is_not", "one_of", "at_least", "at_most", "more_than", "less_than", "present", "all", "any", "not"
    ]
    subject: Reference | None = None
    value: Any = None
    parts: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        nested = self.operator in ("all", "any", "not")
        if nested != bool(self.parts) or nested == (self.subject is not None):
            raise ValueError(f"{self.operator!r} takes {'conditions' if nested else 'a subject'}, and only that")
        if self.operator == "not" and len(self.parts) != 1:
            raise ValueError("'not' takes one condition")


@dataclass(frozen=True, slots=True)
class Arm:
    """One way of a choose or parallel block. `when` is `None` for the last way of a choose, and in a parallel."""

    name: str
    steps: tuple[Item, ...]
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Choose:
    """Runs the first arm whose condition holds; none holds and the last has a condition: goes on without."""

    kind: ClassVar[str] = "choose"
    name: str
    arms: tuple[Arm, ...]


@dataclass(frozen=True, slots=True)
class Parallel:
    """Runs all arms side by side and goes on when all are through."""

    kind: ClassVar[str] = "parallel"
    name: str
    arms: tuple[Arm, ...]


@dataclass(frozen=True, slots=True)
class Map:
    """Runs its steps once per item of the list `over`, `at_once` of them at a time.

    The item is seen as `item_name` in prompts, and takes the place of the parameter of that name. More than `at_most` items are
    refused before the first one starts. Each item has a folder of its own in the run.
    """

    kind: ClassVar[str] = "map"
    name: str
    over: Reference
    item_name: str
    at_most: int
    at_once: int
    steps: tuple[Item, ...]


Block: TypeAlias = Choose | Parallel | Map
Item: TypeAlias = Step | Block
