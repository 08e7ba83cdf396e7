"""What one run can cost, reckoned along the flow: amounts, the lines of the bill, and its sum.

    at worst     every try that the step has × every target of its route, and one question back × the longest prompt and answer
                 × the items that a map takes at most; of a choose the dearest way; a `write` step may be sent back once more for
                 what compliance refuses
    expected     one try, the first target, a typical answer

A price that nobody stated is unknown, and then so is the sum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.authoring.prices import Priced, targets
from workflow_orchestrator.authoring.sizes import TOLD_BYTES, TYPICAL_BYTES_PER_TOKEN, Measure, Sizes, document_size
from workflow_orchestrator.definition import wording
from workflow_orchestrator.definition.flow import walk
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.raises import family
from workflow_orchestrator.definition.rendering_file import load_rendering
from workflow_orchestrator.definition.steps import (
    CallStep,
    Choose,
    ExtractStep,
    GenerateStep,
    Item,
    Map,
    Parallel,
    Step,
    VideoStep,
    WriteStep,
)

if TYPE_CHECKING:
    from llm_orchestration import Price
    from workflow_orchestrator.authoring.project import Project


VIDEO_ROUTE = "video "
"""What stands before the name of a video provider, where a step that asks a model has its route."""
SENTENCE_SECONDS, LONGEST_SENTENCE_SECONDS = 6, 30


@dataclass(frozen=True, slots=True)
class Amount:
    """Requests, tokens and US dollars; `usd` is `None` where a price is unknown."""

    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    usd: Decimal | None = Decimal(0)

    def __add__(self, other: Amount) -> Amount:
        usd = None if self.usd is None or other.usd is None else self.usd + other.usd
        return Amount(
            self.requests + other.requests, self.tokens_in + other.tokens_in, self.tokens_out + other.tokens_out, usd
        )

    def times(self, count: int) -> Amount:
        """The same so many times."""
        usd = None if self.usd is None else self.usd * count
        return Amount(self.requests * count, self.tokens_in * count, self.tokens_out * count, usd)

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out

    def to_json(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "usd": None if self.usd is None else str(self.usd),
        }


@dataclass(frozen=True, slots=True)
class Line:
    """One step on the bill. `times` is how often it may run at most; `counts` whether it is on the dearest way."""

    step: str
    route: str
    tries: int
    times: int
    expected: Amount
    worst: Amount
    unlimited: bool = False
    counts: bool = True

    def to_json(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "route": self.route,
            "tries": self.tries,
            "times": self.times,
            "expected": self.expected.to_json(),
            "worst": self.worst.to_json(),
            "answer_unlimited": self.unlimited,
            "on_the_dearest_way": self.counts,
        }


@dataclass(frozen=True, slots=True)
class Bill:
    """The whole of it. `models` says which target each route asks first, and its price."""

    workflow: str
    document: str
    lines: tuple[Line, ...]
    expected: Amount
    worst: Amount
    budget_usd: Decimal | None
    budget_tokens: int | None
    models: Mapping[str, Sequence[Priced]] = field(default_factory=dict)

    @property
    def over(self) -> tuple[str, ...]:
        """What the worst case is above of, or may be; empty when it fits."""
        found = []
        if self.budget_usd is not None and self.lines:
            if self.worst.usd is None:
                found.append("budget.usd: a price is unknown")
            elif self.worst.usd > self.budget_usd:
                found.append(f"budget.usd: {wording.money(self.worst.usd)} is above {wording.money(self.budget_usd)}")
        if self.budget_tokens is not None and self.worst.tokens > self.budget_tokens:
            found.append(f"budget.tokens: {self.worst.tokens:,} is above {self.budget_tokens:,}")
        if any(line.unlimited for line in self.lines):
            found.append("an answer has no limit: state max_output_tokens in the prompt or at the target")
        return tuple(found)

    @property
    def dearest(self) -> Line | None:
        """The step with the largest part of the worst case."""
        counted = [line for line in self.lines if line.counts]
        return max(counted, key=lambda line: (line.worst.usd or 0, line.worst.tokens), default=None)


def reckon(project: Project, workflow: Workflow, document: Path | None, assume: Price | None) -> Bill:
    """The bill of one run.

    Raises:
        DocumentError: the document cannot be read.
        PromptError: a prompt cannot be read.
    """
    from llm_orchestration import load_routes

    size = document_size(workflow, document)
    routes = load_routes(workflow.platform_include / "llm.yaml")
    models: dict[str, tuple[Priced, ...]] = {}

    def priced(route: str) -> tuple[Priced, ...]:
        if route not in models:
            models[route] = targets(routes, routes.get(route), assume)
        return models[route]

    measure = Measure(workflow, size)

    def line_of(step: Step) -> Line | None:
        if isinstance(step, WriteStep) and step.by == "template":
            return None
        if isinstance(step, ExtractStep | WriteStep | GenerateStep):
            return _line(step, priced(step.route), measure)
        if isinstance(step, CallStep):
            return _called(project, step, document, assume)
        if isinstance(step, VideoStep):
            return _clip(workflow, step)
        return None

    ways = _Ways(workflow, line_of)
    total, lines = ways.whole()
    return Bill(
        workflow.name,
        size.says,
        tuple(lines),
        expected=sum((line.expected for line in lines if line.counts), Amount()),
        worst=total,
        budget_usd=workflow.budget.usd,
        budget_tokens=workflow.budget.tokens,
        models=models,
    )


class _Ways:
    """Adds the steps up along the flow: side by side and in order all of them, of a choose only the dearest way."""

    def __init__(self, workflow: Workflow, line_of: Callable[[Step], Line | None]) -> None:
        self._workflow = workflow
        self._line_of = line_of
        inside = {item.name for item in walk(workflow.flow)}
        self._detours = {step.name: step for step in workflow.steps if step.name not in inside}

    def whole(self) -> tuple[Amount, list[Line]]:
        return self._sequence(self._workflow.flow, 1)

    def _sequence(self, items: Sequence[Item], times: int) -> tuple[Amount, list[Line]]:
        total, lines = Amount(), list[Line]()
        for item in items:
            amount, found = self._item(item, times)
            total, lines = total + amount, [*lines, *found]
        return total, lines

    def _item(self, item: Item, times: int) -> tuple[Amount, list[Line]]:
        if isinstance(item, Step):
            return self._step(item, times)
        if isinstance(item, Map):
            return self._sequence(item.steps, times * item.at_most)
        ways = [self._sequence(arm.steps, times) for arm in item.arms]
        if isinstance(item, Parallel):
            return sum((way[0] for way in ways), Amount()), [line for way in ways for line in way[1]]
        return self._dearest(item, ways)

    def _dearest(self, item: Choose, ways: list[tuple[Amount, list[Line]]]) -> tuple[Amount, list[Line]]:
        best = max(range(len(ways)), key=lambda index: (ways[index][0].usd or 0, ways[index][0].tokens))
        lines = [
            line if index == best else replace(line, counts=False)
            for index, (_, found) in enumerate(ways)
            for line in found
        ]
        return ways[best][0], lines

    def _step(self, step: Step, times: int) -> tuple[Amount, list[Line]]:
        """A step, and its detours: at worst it fails for good first and then the detour is tried as often as it may."""
        names = dict.fromkeys(catch.go for catch in step.catches if catch.go in self._detours)
        lines = []
        for one in (step, *(self._detours[name] for name in names)):
            line = self._line_of(one)
            if line is not None:
                expected = line.expected.times(times) if one is step else Amount()
                lines.append(replace(line, times=times, expected=expected, worst=line.worst.times(times)))
        return sum((line.worst for line in lines), Amount()), lines


def _line(step: ExtractStep | WriteStep | GenerateStep, asked: Sequence[Priced], measure: Measure) -> Line:
    tries = step.execution.most_retries + 1
    sizes = [measure.of(step, target.max_output_tokens) for target in asked]
    # The findings of the compliance packs, and an unbound figure, go back to the model once.
    asks = 2 if isinstance(step, WriteStep) else 1
    once = sum((_worst_ask(asked, sizes, again=index) for index in range(asks)), Amount())
    if isinstance(step, ExtractStep) and step.pages == "needed":
        # The pages that the first question keeps back are sent by a second one where a value is missing.
        rest = [measure.of(step, target.max_output_tokens, document=False) for target in asked]
        once += _worst_ask(asked, rest, again=0)
    worst = once.times(tries)
    first, size = asked[0], sizes[0]
    return Line(
        step.name,
        step.route,
        tries,
        1,
        _request(first, size.prompt, size.answer),
        worst,
        unlimited=any(size.answer_most is None for size in sizes),
    )


def _worst_ask(asked: Sequence[Priced], sizes: Sequence[Sizes], *, again: int) -> Amount:
    """One question at worst: every target answers too late and is paid, and the dearest is asked back about its schema."""
    told = TOLD_BYTES // TYPICAL_BYTES_PER_TOKEN
    total = Amount()
    backs = []
    for target, size in zip(asked, sizes, strict=True):
        answer = size.answer_most or size.answer
        before = again * (answer + told)
        total += _request(target, size.prompt_most + before, answer)
        backs.append(_request(target, size.prompt_most + before + answer + told, answer))
    return total + max(backs, key=lambda amount: (amount.usd or 0, amount.tokens))


def _request(target: Priced, tokens_in: int, tokens_out: int) -> Amount:
    if target.context_window is not None:
        # What does not fit into the window is refused before it is sent.
        tokens_in = min(tokens_in, max(0, target.context_window - tokens_out))
    usd = None if target.price is None else target.price.worst_case(tokens_in, tokens_out)
    return Amount(1, tokens_in, tokens_out, usd)


def _clip(workflow: Workflow, step: VideoStep) -> Line | None:
    """The clip of a video vendor, which is started once; nothing where this machine renders.

    An avatar speaks the first sentence, which is not written yet: six seconds are expected, thirty are the worst.
    """
    spec = load_rendering(workflow.platform_include).video_providers.get(step.provider)
    if spec is None:
        return None
    price = spec.usd_per_minute
    made = int(spec.settings.get("duration", "5s")[:-1])
    expected, worst = (made, made) if spec.kind == "bedrock_async" else (SENTENCE_SECONDS, LONGEST_SENTENCE_SECONDS)

    def amount(seconds: int) -> Amount:
        return Amount(1, usd=None if price is None else price * seconds / 60)

    return Line(step.name, f"{VIDEO_ROUTE}{step.provider}", 1, 1, amount(expected), amount(worst))


def _called(project: Project, step: CallStep, document: Path | None, assume: Price | None) -> Line:
    """A workflow that is called is a bill of its own; its own budget stops it."""
    other = project.load(step.workflow)
    own = reckon(project, other, document, assume)
    worst = own.worst
    if own.budget_usd is not None and worst.usd is not None:
        worst = replace(worst, usd=min(worst.usd, own.budget_usd))
    # A try that finds its run failed starts another one (steps/call.py), and each may cost as much.
    lost = family("CalledWorkflowOutageError")
    rule = next((rule for rule in step.execution.rules if rule.on in lost), None)
    tries = (rule.max_retries if rule else step.execution.max_retries) + 1
    unlimited = any(line.unlimited for line in own.lines)
    return Line(step.name, f"workflow {step.workflow}", tries, 1, own.expected, worst.times(tries), unlimited)
