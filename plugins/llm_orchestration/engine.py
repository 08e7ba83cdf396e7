"""One call, from a request and its targets to a checked answer. No Airflow, no HTTP, no clock of its own.

```text
journal has an answer of any target? ── yes ─► check it
  │ no
targets in order, within one deadline: fits the window? ─► gate (budgets, breaker, limits) ─► one request ─► journal
  │ answer                              └─ failure ── that another target may cure ─► next target
  │                                                └─ any other ─► raise
check it against the schema ── valid ─► result
  │ invalid
ask the same target once more with the exact problem ── valid ─► result
                                                     └─ invalid ─► InvalidOutputError
```

The journal is written as the first thing after an answer arrives, before the gate books it and before anybody looks at
it. The time that a call waits for its turn at the gate is not counted against the deadline; `wait` bounds it.

After an answer arrived there is no failover: it was paid for. An invalid first answer is kept in the journal, so a
retry goes on with the question back; an invalid second one is not, so that a retry can get a better one.

The logic is a generator of effects (see `_effects.py`), so a thread and an event loop share every decision.
"""

from __future__ import annotations

import functools
import operator
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from llm_orchestration import errors, journal, pricing, structured, windows
from llm_orchestration._effects import Local, Remote, Steps, adrive, drive, to_the_end
from llm_orchestration.model import Answer, Attempt, LLMRequest, LLMResult, Message, Usage
from llm_orchestration.providers.base import Call, RemoteProvider
from llm_orchestration.recall import Recall
from llm_orchestration.submission import JobBook, submitted_answer
from llm_orchestration.targets import Target
from llm_orchestration.telemetry import Observation
from llm_orchestration.traffic.contract import Gate, Spending, Ticket

_MAX_QUOTED = 20_000
_MIN_SHARE = timedelta(seconds=1)
# Characters; a check takes about a millisecond per thousand.
_QUICKLY_CHECKED = 2_000


@dataclass
class Conversation:
    """One call. Used once.

    Args:
        request: The question.
        targets: Where to ask, in order.
        route: Alias, for the result.
        deadline: Time for everything.
        store: Response journal, `None` to keep none.
        budget_usd: The most that this call may still cost; `None` is no limit.
        skipped: Targets that could not be asked at all.
        gate: Holds limits, breaker and shared budgets; `None` sends at once.
        wait: The most time to wait for a turn at the gate when no other target is left.
        budgets: Shared budgets that every request counts against.
        accept: The caller's own check of structured data, for example a pydantic model; it raises `ValueError`.
        jobs: Where ids of submitted jobs are kept, so that another process asks for the same job.
        clock: Monotonic seconds.
    """

    request: LLMRequest
    targets: Sequence[Target]
    route: str
    deadline: timedelta
    store: journal.Journal | None = None
    budget_usd: Decimal | None = None
    skipped: Sequence[Attempt] = ()
    gate: Gate | None = None
    wait: timedelta = timedelta(0)
    budgets: tuple[Spending, ...] = ()
    accept: Callable[[Any], object] | None = None
    jobs: JobBook | None = None
    clock: Callable[[], float] = time.monotonic
    _attempts: list[Attempt] = field(default_factory=list)
    _bills: list[tuple[Usage, Decimal | None]] = field(default_factory=list)
    _sent: int = 0

    def __post_init__(self) -> None:
        self._recall = Recall(self.store)
        self._seen = Observation(self.request, self.route, self.targets)

    def run(self) -> LLMResult:
        """Performs the call from a thread; remote effects run on this process's background loop."""
        with self._seen:
            return drive(self._steps())

    async def arun(self) -> LLMResult:
        """Performs the call on the running loop; local effects run in a thread."""
        with self._seen:
            return await adrive(self._steps())

    def _steps(self) -> Steps:
        self._attempts.extend(self.skipped)
        self._began = self.clock()
        self._ends = self._began + self.deadline.total_seconds()
        schema = self.request.schema
        self._contract = None if schema is None else structured.compile_schema(schema)
        try:
            answer, target = yield from self._first_answer()
            return (yield from self._usable(answer, target))
        except errors.LLMError as error:
            self._complete(error)
            # What it came from may quote a journal's store, and Airflow logs the whole chain.
            raise error from None

    def _first_answer(self) -> Steps:
        messages = self.request.messages
        for target in self.targets:
            hit = yield from self._find(target, messages)
            if hit is not None:
                return hit, target
        failures: list[errors.LLMError] = []
        asked = self.targets[0]
        for index, target in enumerate(self.targets):
            if failures:
                if not self._may_help(failures[-1], asked, target):
                    continue
                self._seen.failover(failures[-1], asked, target)
            asked = target
            # The caller's own routine at the end takes no part of the deadline, and nobody hurries on to it.
            models = sum(one.connection is not None for one in self.targets[index:])
            try:
                answer = yield from self._ask(target, messages, targets_left=max(models, 1))
            except errors.LLMError as error:
                failures.append(error)
            else:
                return answer, target
        raise _verdict(failures)

    def _may_help(self, error: errors.LLMError, asked: Target, following: Target) -> bool:
        if following.connection is None:
            return is_outage(error) and self.request.offline is not None
        if isinstance(error, errors.BudgetExceededError):
            return self._is_cheaper(following, asked)
        if isinstance(error, errors.ContextWindowExceededError):
            return (following.context_window or 0) > (asked.context_window or 0)
        return error.failover

    def _is_cheaper(self, following: Target, asked: Target) -> bool:
        one, other = (
            self._worst(target, self._call(target, self.request.messages, timedelta(0))) for target in (following, asked)
        )
        return one is not None and other is not None and one < other

    def _usable(self, answer: Answer, target: Target) -> Steps:
        """The result of an answer, after one question back when it breaks the schema."""
        self._bill(target, answer.usage)
        data, problem = yield from self._judged(answer)
        if problem is None:
            return self._result(answer, data, target)
        self._mark_invalid(problem)
        messages = (*self.request.messages, *_question_back(answer, problem))
        again = yield from self._find(target, messages)
        if again is None:
            again = yield from self._ask(target, messages, targets_left=1)
        self._bill(target, again.usage)
        data, problem = yield from self._judged(again)
        if problem is not None:
            self._mark_invalid(problem)
            raise errors.InvalidOutputError(
                f"the answer to {self.request.purpose} breaks the schema, also after asking back: {problem}",
                problems=problem.problems,
                provider=target.provider.name,
                model=again.model,
                connection=target.connection,
                request_id=again.request_id,
            )
        return self._result(again, data, target)

    def _judged(self, answer: Answer) -> Steps:
        """`_check`; a long answer takes so long that a loop must not wait for it."""
        if self._contract is None or len(answer.text) < _QUICKLY_CHECKED:
            return self._check(answer)
        return (yield Local(functools.partial(self._check, answer)))

    def _check(self, answer: Answer) -> tuple[Any, structured.OutputProblem | None]:
        if self._contract is None:
            return None, None
        if answer.data is not None:
            return answer.data, None
        try:
            data = self._contract.check(answer.text)
            if self.accept is not None:
                structured.accepted(data, self.accept, self._contract.schema)
        except structured.OutputProblem as problem:
            return None, problem
        return data, None

    def _ask(self, target: Target, messages: tuple[Message, ...], *, targets_left: int) -> Steps:
        call = self._call(target, messages, self._share(target, targets_left))
        ticket = self._ticket(target, call, timedelta(0) if targets_left > 1 else self.wait)
        began = self.clock()
        try:
            windows.refuse_too_long(call, target)
            self._afford(target, call)
            answer: Answer = yield self._sending(target, call, ticket)
        except errors.LLMError as error:
            error.connection = target.connection
            self._note_sent(ticket)
            self._attempts.append(
                Attempt(
                    target.label,
                    target.model,
                    type(error).__name__,
                    self.clock() - began,
                    error.status,
                    error.request_id,
                    error.message,
                )
            )
            if error.usage is not None:
                error.cost_usd = self._bill(target, error.usage)
            self._seen.attempt(target, ticket, self.clock() - began, error)
            raise
        self._note_sent(ticket)
        seconds = self.clock() - began
        self._attempts.append(Attempt(target.label, answer.model, "answered", seconds, None, answer.request_id))
        self._seen.attempt(target, ticket, seconds, answer)
        return answer

    def _sending(self, target: Target, call: Call, ticket: Ticket) -> Local | Remote:
        provider = target.provider
        if not isinstance(provider, RemoteProvider):
            ticket.sent = target.connection is not None
            return Local(functools.partial(self._answer_here, target, call))
        send = functools.partial(self._send, provider, target, call)
        if self.gate is None:
            ticket.sent = True
            return Remote(send)
        return Remote(functools.partial(self.gate.ask, ticket, send))

    async def _send(self, provider: RemoteProvider, target: Target, call: Call) -> Answer:
        if target.submit == "call":
            return await self._arrived(target, call, await provider.ask(call))
        key = self._recall.key(target, call)
        submitted = await submitted_answer(provider, target.submit, call, key, self.jobs)
        try:
            answer = await self._arrived(target, call, submitted.answer)
        except errors.LLMError:
            await submitted.release()
            raise
        await submitted.release()
        return answer

    async def _arrived(self, target: Target, call: Call, answer: Answer) -> Answer:
        # Not kept when refused: once the server reads the whole prompt, a retry has to ask again.
        windows.refuse_cut_prompt(call.messages, answer, target)
        if self.store is not None:
            await to_the_end(functools.partial(self._keep, target, call, answer))
        return answer

    def _answer_here(self, target: Target, call: Call) -> Answer:
        provider: Any = target.provider
        answer: Answer = provider.answer(call)
        self._keep(target, call, answer)
        return answer

    def _ticket(self, target: Target, call: Call, wait: timedelta) -> Ticket:
        return Ticket(
            endpoint=target.endpoint,
            request=self._recall.key(target, call),
            limits=target.limits,
            budgets=self.budgets,
            tokens=self._most_read(call) + (call.max_output_tokens or 0),
            cost=functools.partial(pricing.cost, target.price),
            worst_usd=self._worst(target, call),
            wait=wait,
            hold=call.timeout,
            purpose=self.request.purpose,
            provider=target.provider.name,
            model=target.model,
        )

    def _note_sent(self, ticket: Ticket) -> None:
        self._sent += ticket.sent
        # Waiting for a turn is not the provider's time.
        self._ends += ticket.waited.total_seconds()

    def _share(self, target: Target, targets_left: int) -> timedelta:
        """This request's part of the deadline: what the target may use, otherwise a fair share of the rest."""
        left = timedelta(seconds=self._ends - self.clock())
        if target.connection is None:
            # The models may have used up everything; going on without one is what the end of the route is for.
            return max(left, _MIN_SHARE)
        if left <= timedelta(0):
            raise errors.CallTimeoutError(
                f"the deadline of {self.deadline.total_seconds():g} s for route {self.route!r} is used up",
                provider=target.provider.name,
                model=target.model,
            )
        fair = max(left / targets_left, min(left, _MIN_SHARE))
        return min(left, target.timeout) if target.timeout is not None else fair

    def _call(self, target: Target, messages: tuple[Message, ...], timeout: timedelta) -> Call:
        limit = self.request.max_output_tokens
        return Call(
            messages=messages,
            model=target.model,
            timeout=timeout,
            contract=self._contract,
            schema_name=self.request.schema_name,
            temperature=self.request.temperature,
            max_output_tokens=target.max_output_tokens if limit is None else limit,
            purpose=self.request.purpose,
            attempt=self.request.attempt,
            omit=target.omit,
            structured_output=target.structured_output,
            offline=self.request.offline,
        )

    def _afford(self, target: Target, call: Call) -> None:
        """Stops before a call whose worst case is above the budget. An unknown price cannot be held to one."""
        worst = self._worst(target, call)
        if self.budget_usd is None or worst is None:
            return
        spent = sum((usd for _, usd in self._bills if usd is not None), Decimal(0))
        if spent + worst > self.budget_usd:
            raise errors.BudgetExceededError(
                f"{self.request.purpose} could cost {worst:.6f} USD and only {self.budget_usd - spent:.6f} USD is "
                "left; raise the budget, lower max_output_tokens or send less",
                provider=target.provider.name,
                model=target.model,
            )

    def _most_read(self, call: Call) -> int:
        return pricing.most_input_tokens(call.messages, 0 if self._contract is None else self._contract.size)

    def _worst(self, target: Target, call: Call) -> Decimal | None:
        """The most that a request can cost, `None` when the price is unknown."""
        return None if target.price is None else target.price.worst_case(self._most_read(call), call.max_output_tokens)

    def _find(self, target: Target, messages: tuple[Message, ...]) -> Steps:
        call = self._call(target, messages, timedelta(0))
        answer: Answer | None = yield from self._recall.find(target, call)
        if answer is None:
            return None
        self._attempts.append(Attempt(target.label, answer.model, "journal", request_id=answer.request_id))
        self._seen.journal_hit(target, answer)
        if self.gate is not None and self.budgets:
            # The process that paid for it may have died before it booked the bill.
            usd = pricing.cost(target.price, answer.usage)
            key = self._recall.key(target, call)
            yield Remote(functools.partial(self.gate.settle, key, self.budgets, answer.usage, usd))
        return answer

    def _keep(self, target: Target, call: Call, answer: Answer) -> None:
        again = len(call.messages) > len(self.request.messages)
        if not again or self._check(answer)[1] is None:
            self._recall.keep(target, call, answer)

    def _mark_invalid(self, problem: structured.OutputProblem) -> None:
        last = self._attempts[-1]
        reason = "; ".join(problem.problems)[:300]
        outcome = "invalid" if last.outcome == "answered" else last.outcome
        self._attempts[-1] = replace(last, outcome=outcome, reason=reason)

    def _bill(self, target: Target, usage: Usage) -> Decimal | None:
        """Notes what one request took. Each is priced by itself: prices have tiers, and targets differ."""
        usd = Decimal(0) if target.connection is None else pricing.cost(target.price, usage)
        self._bills.append((usage, usd))
        return usd

    def _spent(self) -> tuple[Usage, Decimal | None]:
        """Everything that the call took so far; an unknown part makes the sum unknown."""
        usages, costs = zip(*self._bills, strict=True)
        return functools.reduce(operator.add, usages), functools.reduce(pricing.add, costs)

    def _result(self, answer: Answer, data: Any, target: Target) -> LLMResult:
        usage, usd = self._spent()
        result = LLMResult(
            text=answer.text,
            data=data,
            usage=usage,
            cost_usd=usd,
            provider=target.provider.name,
            model=answer.model,
            request_id=answer.request_id,
            finish_reason=answer.finish_reason,
            seconds=self.clock() - self._began,
            prompt_sha256=self.request.prompt_sha256,
            route=self.route,
            attempts=tuple(self._attempts),
            cached=target.connection is not None and self._sent == 0,
            connection=target.connection,
        )
        return self._seen.finished(result)

    def _complete(self, error: errors.LLMError) -> None:
        """Gives an error what the whole call spent, not only its last request."""
        error.attempts = tuple(self._attempts)
        if self._bills:
            error.usage, error.cost_usd = self._spent()


def is_outage(error: errors.LLMError) -> bool:
    """Whether a route that ends in working without a model goes on after an error.

    A refused request is the caller's to mend, and for a turn under our own limits a retry can wait.
    """
    return error.failover and not isinstance(error, errors.RequestTooLargeError | errors.ThrottledError)


def _question_back(answer: Answer, problem: structured.OutputProblem) -> tuple[Message, Message]:
    """The model's own answer and what is wrong with it, as the next two turns."""
    quoted = answer.text.encode(errors="replace").decode()[:_MAX_QUOTED]
    return (
        Message("assistant", quoted),
        Message(
            "user",
            "Your answer does not fit the JSON schema:\n"
            f"{problem.feedback}\n"
            "Answer again with the complete corrected JSON object and nothing else. Change only what is wrong.",
        ),
    )


def _verdict(failures: Sequence[errors.LLMError]) -> errors.LLMError:
    """The failure that stands for a chain: of those that a retry may cure the one that asks for the shortest wait."""
    curable = [error for error in failures if error.retryable]
    return min(curable, key=lambda error: error.retry_after or timedelta(0)) if curable else failures[0]
