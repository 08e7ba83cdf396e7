"""One deferred call on an event loop, from its files to its result: at most one request, whatever is killed meanwhile.

```text
result already there? ── yes ─► done, nothing is sent
  │ no
claim ── another process asks ─► wait; then its result, or its answer in the journal
  │ ours
ask through the hook (journal first) ─► result file ─► claim removed
```

Everything that may block runs in threads, and the loop does little per call: a thousand share it.
"""

from __future__ import annotations

import asyncio
import importlib
import re
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from llm_orchestration import structured
from llm_orchestration.claims import Claim, Claims, StoreJobBook
from llm_orchestration.errors import ConfigurationError, LLMError, StateError, TransientError
from llm_orchestration.exchange import DeferredCall, Exchange, Outcome
from llm_orchestration.model import Attempt, LLMResult
from llm_orchestration.places import open_journal, shared_store
from llm_orchestration.stores import Store

if TYPE_CHECKING:
    from pydantic import BaseModel

    from llm_orchestration.plans import TriggerHook

_log = structlog.get_logger(__name__)

_CANCEL_TIME = timedelta(seconds=10)
_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+\Z")


class Answering:
    """One deferred call in one process.

    Args:
        exchange: Where its files lie.
        name: Its name there.
        call: What is asked and how, when it is known already; otherwise it is read from the exchange.
    """

    def __init__(self, exchange: Exchange, name: str, call: DeferredCall | None = None) -> None:
        self._exchange = exchange
        self._name = name
        self._call = call
        self._asking: _Asking | None = None

    async def outcome(self) -> Outcome:
        """Waits for the answer and keeps it in the exchange.

        Raises:
            LLMError: The class says what happened and whether a retry helps.
        """
        found = await asyncio.to_thread(self._exchange.find_outcome, self._name)
        return found if found is not None else await self._claimed()

    async def works_here(self) -> bool:
        """Whether the route is answered in this process (offline, scripted), so that there is nothing to wait for.

        Raises:
            LLMError: The route or its connections cannot be read.
        """
        return await (await self._opened()).hook.works_here()

    async def cancel(self) -> None:
        """Stops submitted jobs that nobody waits for any more. Never raises."""
        if self._asking is None or not self._asking.jobs.open_jobs:
            return
        jobs, hook = self._asking.jobs, self._asking.hook
        for job in jobs.open_jobs:
            with suppress(Exception):
                async with asyncio.timeout(_CANCEL_TIME.total_seconds()):
                    await hook.cancel_job(job)
            _log.info("llm.job.cancelled", job=job)
        with suppress(Exception):
            await asyncio.to_thread(jobs.close)

    async def _opened(self) -> _Asking:
        asking = self._asking
        if asking is None:
            call = self._call
            if call is None:
                call = await asyncio.to_thread(self._exchange.request, self._name)
            asking = self._asking = await asyncio.to_thread(_asking, call, self._exchange)
        return asking

    async def _claimed(self) -> Outcome:
        asking = await self._opened()
        # Without a journal the answer is only for this name; with one it is for everybody who asks the same there.
        key = asking.call.key if asking.call.journal is not None else f"{self._name}.{asking.call.key}"
        claim = await _taken(Claims(asking.store), key)
        try:
            outcome = await self._asked(asking, claim)
        except asyncio.CancelledError:
            await _let_go(claim.drop)
            raise
        except BaseException:
            await _let_go(claim.release)
            raise
        await _let_go(claim.release)
        return outcome

    async def _asked(self, asking: _Asking, claim: Claim) -> Outcome:
        if claim.waited:
            found = await asyncio.to_thread(self._exchange.find_outcome, self._name)
            if found is not None:
                return found
        result = await asking.result()
        resent = claim.lost and not result.cached and not asking.jobs.resumed
        outcome = Outcome(replace(result, attempts=(*_note(resent), *result.attempts)), resent)
        await asyncio.to_thread(self._keep, outcome)
        # Another target answered while a job that timed out went on: nobody will ask for it again.
        await self.cancel()
        return outcome

    def _keep(self, outcome: Outcome) -> None:
        self._exchange.put_result(self._name, outcome)
        try:
            if self._call is None:
                self._exchange.drop_request(self._name)
        except Exception as error:  # noqa: BLE001 - the answer is kept; what is left over costs nothing
            _log.warning("llm.deferred.left_over", name=self._name, error=type(error).__name__)


@dataclass(frozen=True)
class _Asking:
    """A call with everything that asking it needs."""

    call: DeferredCall
    store: Store
    jobs: StoreJobBook
    hook: TriggerHook
    output: type[BaseModel] | None

    async def result(self) -> LLMResult:
        if self.call.request.schema is None and self.output is None:
            return await self.hook.achat(self.call.request)
        return await self.hook.astructured(self.call.request, self.output)


def hook_arguments(call: DeferredCall) -> dict[str, Any]:
    """What a stored call says about how it is asked, as arguments of a hook."""
    return {
        "route": call.route,
        "llm_conn_id": call.llm_conn_id,
        "routes_path": call.routes_path,
        "journal": open_journal(call.journal),
        "deadline": call.deadline,
        "budget_usd": call.budget_usd,
        "run": call.run,
        "budgets": call.budgets,
    }


def _asking(call: DeferredCall, exchange: Exchange) -> _Asking:
    from llm_orchestration.plans import TriggerHook

    store = exchange.store if call.journal is None else shared_store(call.journal)
    jobs = StoreJobBook(store)
    if call.request.schema is not None:
        # Here in a thread: the first compilation of a schema takes long enough to be felt by everybody on the loop.
        structured.compile_schema(call.request.schema)
    hook = TriggerHook(**hook_arguments(call), deferred=True, jobs=jobs)
    return _Asking(call, store, jobs, hook, None if call.output is None else model_class(call.output))


def unexpected(error: BaseException) -> LLMError:
    """A named, retryable error for one that nobody foresaw; its text may hold document text and is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].name}:{frames[-1].lineno}" if frames else "?"
    _log.error("llm.deferred.unexpected", error=type(error).__name__, place=place)
    return TransientError(f"asking failed unexpectedly with {type(error).__name__} in {place}; a retry may help")


def model_class(path: str) -> type[BaseModel]:
    """The pydantic model at an import path.

    Raises:
        ConfigurationError: There is none.
    """
    if not _PATH.match(path):
        raise ConfigurationError(f"schema {path!r} is no import path; use package.module.Model")
    module, _, name = path.rpartition(".")
    problem = ""
    try:
        found: Any = getattr(importlib.import_module(module), name, None)
    except Exception as error:  # noqa: BLE001 - whatever a module raises at import
        found, problem = None, f" ({type(error).__name__})"
    if not isinstance(found, type) or not hasattr(found, "model_json_schema"):
        raise ConfigurationError(
            f"schema {path!r} cannot be imported as a pydantic model{problem}; it must lie in a module that workers and "
            "triggerers can import, not in a DAG file"
        )
    return found


def _note(resent: bool) -> tuple[Attempt, ...]:
    if not resent:
        return ()
    reason = "a process that had claimed this request was lost; the request may have been billed twice"
    return (Attempt("claim", "none", "resent_after_lost_claim", reason=reason),)


async def _taken(claims: Claims, key: str) -> Claim:
    try:
        return await claims.take(key)
    except LLMError:
        raise
    except Exception as error:  # noqa: BLE001 - any store, any failure: somebody else may be asking
        reason = type(error).__name__
    raise StateError(f"the claims cannot be used ({reason}); not asking, because another process may be asking already")


async def _let_go(end: Callable[[], None]) -> None:
    try:
        # Shielded: a second cancellation must not leave the claim to its twenty seconds.
        await asyncio.shield(asyncio.to_thread(end))
    except Exception as error:  # noqa: BLE001 - the next asker waits a little; that is no reason to lose an answer
        _log.warning("llm.claims.release_failed", error=type(error).__name__)
