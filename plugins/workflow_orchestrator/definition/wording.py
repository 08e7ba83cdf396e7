"""The parts of a workflow in words, the same in `show`, in the pages, in a diff and on a bill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from workflow_orchestrator.definition.steps import (
    ApproveStep,
    AskStep,
    CallStep,
    Choose,
    Condition,
    Execution,
    ExtractStep,
    GenerateStep,
    Map,
    NotifyStep,
    Parallel,
    Reference,
    SlideStep,
    Step,
    ValidateStep,
    VideoStep,
    WaitStep,
    WriteStep,
)

KINDS: Mapping[str, str] = {
    "extract": "reads the document and binds each value to its page and printed words",
    "validate": "proves each value against the document and applies the rules",
    "ask": "asks people for what is missing or wrong",
    "write": "writes the narration around proven values and applies the compliance packs",
    "slide": "renders the slides, as pictures and as an editable PowerPoint file",
    "approve": "asks people to release exactly what they were shown",
    "video": "makes the narrated video and checks the finished file",
    "generate": "asks a model for JSON of a given shape",
    "call": "runs another workflow with the same document and takes some of its outputs",
    "notify": "sends a message to a channel",
    "wait": "waits until a time that the run was started with",
}
"""What each kind of step does, in a line."""

_COMPARES = {
    "is": "is",
    "is_not": "is not",
    "one_of": "is one of",
    "at_least": "is at least",
    "at_most": "is at most",
    "more_than": "is more than",
    "less_than": "is less than",
}


def duration(time: timedelta) -> str:
    """`2 d`, `90 s`, `1 h 30 min`: the largest units first, nothing that is 0."""
    seconds = time.total_seconds()
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.3g} s"
    left = round(seconds)
    if left < 120 and left % 60:
        return f"{left} s"
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"


def money(amount: Decimal | None) -> str:
    """`$0.40`; below a cent as many digits as it takes. An unknown price is not zero."""
    if amount is None:
        return "unknown"
    if amount and abs(amount) < Decimal("0.01"):
        digits = 1 - amount.adjusted()
        return f"${amount:.{digits}f}"
    return f"${amount:,.2f}"


def value(data: Any) -> str:
    """A value of the file as a person reads it."""
    if data is None:
        return "nothing"
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, Reference):
        return reference(data)
    if isinstance(data, list | tuple):
        return ", ".join(value(item) for item in data) or "none"
    if isinstance(data, Mapping):
        return ", ".join(f"{name} {value(item)}" for name, item in data.items()) or "none"
    if isinstance(data, timedelta):
        return duration(data)
    if isinstance(data, Decimal):
        return f"{data.normalize():f}"
    return str(data)


def reference(found: Reference) -> str:
    """`parameter language`, `field sri`, `output outlook.sections`."""
    if found.source == "failed":
        return f"{found.name} was passed over"
    return f"{found.source} {found.name}"


def condition(test: Condition) -> str:
    """A condition as a clause: `field sri is at least 6 and not parameter audience is retail`."""
    if test.operator == "not":
        return f"not ({condition(test.parts[0])})"
    if test.operator in ("all", "any"):
        word = " and " if test.operator == "all" else " or "
        return word.join(
            f"({condition(part)})" if part.operator in ("all", "any") else condition(part) for part in test.parts
        )
    subject = test.subject
    if subject is None:
        raise AssertionError("a comparison has a subject")
    if subject.source == "failed":
        return reference(subject) if test.value is not False else f"{subject.name} was not passed over"
    if test.operator == "present":
        return f"{reference(subject)} is {'there' if test.value is not False else 'not there'}"
    return f"{reference(subject)} {_COMPARES[test.operator]} {value(test.value)}"


def tries(execution: Execution) -> str:
    """`4 tries of 5 min; waits 10 s, doubling up to 10 min`, with the named policy where it says more."""
    count = execution.max_retries + 1
    text = f"{count} tries of {duration(execution.timeout)}, {waits(execution)}"
    if execution.rules:
        text += f"; policy {execution.retry}: " + ", ".join(
            f"{rule.on} up to {rule.max_retries}" for rule in execution.rules
        )
    return text


def waits(execution: Execution) -> str:
    """`wait 10 s doubling up to 10 min` or `wait 10 s`."""
    if execution.retry_backoff == "constant" or execution.retry_delay == execution.max_retry_delay:
        return f"wait {duration(execution.retry_delay)}"
    return f"wait {duration(execution.retry_delay)} doubling up to {duration(execution.max_retry_delay)}"


def step(one: Step) -> str:
    """What a step is told in its own line of the file, in words; the kind alone where it has nothing of its own."""
    return _STEPS.get(type(one), lambda _: "")(one)


def block(one: Choose | Parallel | Map) -> str:
    """What a block does, in words."""
    if isinstance(one, Choose):
        return "the first way that fits"
    if isinstance(one, Parallel):
        return "side by side"
    return f"for each {one.item_name} of {reference(one.over)}, at most {one.at_most}" + (
        f", {one.at_once} at a time" if one.at_once > 1 else ", one at a time"
    )


_STEPS: Mapping[type[Step], Callable[[Any], str]] = {
    ExtractStep: lambda s: f"prompt {_prompt(s.prompt.name)}, route {s.route}" + (", sends every page" if s.pages == "all" else "")
    + (f", variant {s.variant}" if s.variant else ""),
    ValidateStep: lambda s: f"rules {s.rules.name}",
    AskStep: lambda s: f"asks {value(s.ask)} within {duration(s.within)}{_reminds(s)}, otherwise fails",
    WriteStep: lambda s: (
        f"prompt {_prompt(s.prompt.name)}, route {s.route}, narration {value(sorted(s.narration))}"
        if s.by == "model"
        else f"the sentence file alone, narration {value(sorted(s.narration))}"
    ),
    SlideStep: lambda s: (
        f"theme {s.theme.name}"
        + ("" if s.format == "landscape" else f", {s.format}")
        + ("" if s.motion == "build" else ", nothing moves")
    ),
    ApproveStep: lambda s: (
        f"asks {value(s.ask)} to release {value(s.show)} within {duration(s.within)}{_reminds(s)}, otherwise fails"
    ),
    VideoStep: lambda s: f"provider {s.provider}, voice {s.voice}" + ("" if s.frames == "variable" else ", 25 frames a second"),
    GenerateStep: lambda s: f"prompt {_prompt(s.prompt.name)}, route {s.route}, makes {s.into} as {s.output.name} says",
    CallStep: lambda s: f"runs {s.workflow}, takes {value(s.take)} within {duration(s.within)}",
    NotifyStep: lambda s: f"tells {s.channel}: {s.subject}",
    WaitStep: lambda s: f"waits until the time in {s.until}",
}


def _reminds(step: AskStep | ApproveStep) -> str:
    return f", reminds {step.remind.notify} every {duration(step.remind.every)}" if step.remind else ""


def _prompt(name: str) -> str:
    return name.removesuffix(".md.j2")
