"""Runs a workflow in this process, without a server: a scenario of it, or one document for real.

run_scenario   storage of its own, scripted models and people, a clock that nobody waits for
run_document   the storage and the people that the caller brings; models where the environment has connections
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.definition import load_configuration, load_workflow
from workflow_orchestrator.definition.configuration import Configuration
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.problems import did_you_mean
from workflow_orchestrator.errors import CalledWorkflowError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.record.run_folder import error_data
from workflow_orchestrator.scenarios.clock import Clock
from workflow_orchestrator.scenarios.hands import RunHands
from workflow_orchestrator.scenarios.interpreter import Interpreter, Progress, Stop
from workflow_orchestrator.scenarios.loader import load_scenarios
from workflow_orchestrator.scenarios.memo import SHARED
from workflow_orchestrator.scenarios.model import Played, Prices, Scenario, ScenarioError
from workflow_orchestrator.scenarios.models import Asking, from_environment
from workflow_orchestrator.scenarios.people import Nobody, People
from workflow_orchestrator.scenarios.result import Observed, Result, artifacts_of
from workflow_orchestrator.steps.budget import maps_of
from workflow_orchestrator.steps.work import CalledRun, Work
from workflow_orchestrator.storage import LocalStorage, Storage, inbox_of

# A called workflow may call another one; a circle is refused when the definition is loaded.
_DEEPEST = 5
_NOT_SENT = (
    "skipped",
    "journal",
    "BudgetExceededError",
    "CircuitOpenError",
    "ThrottledError",
    "RequestTooLargeError",
    "ConnectError",
)


def run_scenario(
    workflow: Workflow,
    scenario: Scenario,
    *,
    prices: Prices | None = None,
    progress: Progress | None = None,
    keep: Path | None = None,
) -> Result:
    """Runs one scenario in a storage of its own.

    Args:
        workflow: the definition.
        scenario: what is given, what happens, what must come of it.
        prices: what the scripted model costs.
        progress: hears of each try.
        keep: a folder for the storage, which then stays; without it, it is a temporary one.
    """
    if keep is not None:
        return _in_storage(workflow, scenario, prices, progress, LocalStorage(keep))
    with tempfile.TemporaryDirectory(prefix="scenario-") as name:
        result = _in_storage(workflow, scenario, prices, progress, LocalStorage(Path(name)))
    return replace(result, folder=None)


def _in_storage(
    workflow: Workflow, scenario: Scenario, prices: Prices | None, progress: Progress | None, storage: LocalStorage
) -> Result:
    # A run keeps the files of its definition. All scenarios go by one definition, so they are packed for the first of them only.
    kept = f"definition {workflow.name} {workflow.digest}"
    for key, data in SHARED.get(kept) or ():
        storage.write(key, data)
    amiss = None
    if scenario.follows is not None:
        _, _, earlier = _played_in(storage, workflow, scenario.follows, prices, None)
        amiss = earlier.amiss and f"in {scenario.follows.name}, which it follows: {earlier.amiss}"
    result, run, hands = _played_in(storage, workflow, scenario, prices, progress)
    amiss = amiss or hands.amiss
    SHARED.value(kept, lambda: [(key, storage.read(key)) for key in storage.list(f"definitions/{workflow.name}")])
    differences = Observed(result, run).differences(scenario.expect)
    if amiss is not None:
        # The scenario is wrong, not the workflow: what differs after that says nothing.
        differences = (f"scenario: {amiss}",)
    else:
        differences = (*differences, *hands.unused, *_never_came(scenario, result), *_recorded(result))
    return replace(result, failures=differences)


def _played_in(
    storage: LocalStorage, workflow: Workflow, scenario: Scenario, prices: Prices | None, progress: Progress | None
) -> tuple[Result, RunFolder, RunHands]:
    storage.put_file(f"{inbox_of(workflow.name)}/{scenario.document.name}", scenario.document)
    configuration = replace(_configuration(workflow), profile=scenario.profile, ocr=scenario.ocr)
    session = _Session(storage, configuration, Asking(prices=prices), None, scenario.requested_by)
    conf = {"document": scenario.document.name, **scenario.conf}
    return session.run(workflow, f"scenario_{scenario.name}", conf, scenario, Clock.at(scenario.today), progress)


def run_document(
    workflow: Workflow,
    document: Path,
    conf: Mapping[str, Any],
    storage: Storage,
    progress: Progress | None = None,
    *,
    people: People | None = None,
    triggered_by: str = "",
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Runs one document in this process, for real. Only a step that asks a model waits between its tries.

    A second run of the same document, definition and parameters takes the place of the first one.

    Args:
        workflow: the definition.
        document: a PDF; a copy goes into the inbox of the storage.
        conf: the parameters of the run.
        storage: where the run's folder lies afterwards.
        progress: hears of each try.
        people: who answers questions; without them each question runs out of time.
        triggered_by: who started the run, for its record.
        sleep: waits so many seconds.
    """
    data = document.read_bytes()
    storage.write(f"{inbox_of(workflow.name)}/{document.name}", data)
    session = _Session(storage, _configuration(workflow), Asking(from_environment), people or Nobody(), triggered_by)
    given = {**conf, "document": document.name}
    run_id = local_run_id(workflow, document.name, data, conf)
    _clear(RunFolder(storage, workflow.name, run_id))
    result, _, _ = session.run(workflow, run_id, given, None, replace(Clock.at(None), sleep=sleep), progress)
    return result


def local_run_id(workflow: Workflow, name: str, data: bytes, conf: Mapping[str, Any]) -> str:
    """The id of the run of one document here: the same for the same document, definition and parameters."""
    return f"local_{sha256(to_bytes([sha256(data), workflow.digest, {**conf, 'document': name}]))[:16]}"


def _clear(run: RunFolder) -> None:
    """Makes room for a run in the place of an earlier one; the journal stays, so no model is asked twice."""
    for name in run.names(""):
        if not name.startswith("journal/"):
            run.delete(name)


def _never_came(scenario: Scenario, result: Result) -> Iterator[str]:
    """Tries that a scenario lists and that the run did not make."""
    for label, events in scenario.script.items():
        tries = [
            number for task, (_, number) in result.states.items() if task == label or task.partition("[")[0] == label
        ]
        if max(tries, default=0) < len(events):
            yield f"steps.{label}: the scenario lists {len(events)} tries, the run made {max(tries, default=0)}"


def _recorded(result: Result) -> Iterator[str]:
    """Where the record of the run says something else than its course."""
    recorded = result.manifest.get("outcome")
    if recorded != result.outcome:
        yield f"record: manifest.json says {recorded}, the run ended {result.outcome}"
    without = sorted({one["step"] for one in result.manifest.get("degraded", ())})
    passed = sorted({stop.step for stop in result.course.passed})
    if without != passed and result.outcome != "failed":
        yield f"record: manifest.json is degraded by {without}, the run went on without {passed}"


def _configuration(workflow: Workflow) -> Configuration:
    return load_configuration(workflow.platform_include / "orchestrator.yaml", os.environ)


@dataclass(frozen=True, slots=True)
class _Session:
    """What a run and the runs that it calls share."""

    storage: Storage
    configuration: Configuration
    asking: Asking
    people: People | None
    triggered_by: str
    depth: int = 0

    def run(
        self,
        workflow: Workflow,
        run_id: str,
        conf: Mapping[str, Any],
        scenario: Scenario | None,
        clock: Clock,
        progress: Progress | None,
    ) -> tuple[Result, RunFolder, RunHands]:
        began = time.monotonic()
        run = RunFolder(self.storage, workflow.name, run_id)
        hands = RunHands(
            workflow=workflow,
            run=run,
            conf=conf,
            configuration=self.configuration,
            asking=self.asking,
            people=self.people,
            call=lambda work, called, at: self._call(work, called, at, scenario),
            scenario=scenario,
            triggered_by=self.triggered_by,
        )
        interpreter = Interpreter(workflow, hands, clock, key=run_id, progress=progress)
        course = interpreter.run()
        calls, cost = _spent(workflow, run)
        result = Result(
            name=scenario.name if scenario else run_id,
            outcome=course.outcome,
            path=tuple(task if tries == 1 else f"{task}*{tries}" for task, tries in course.path),
            states=dict(interpreter.board.states),
            error=_error(course.stop),
            artifacts=artifacts_of(workflow, run),
            calls=calls,
            cost=cost,
            waited=clock.waited,
            seconds=time.monotonic() - began,
            course=course,
            broken=frozenset(hands.broken),
            messages=tuple(hands.sent),
            manifest=hands.manifest or {},
            folder=_local(run),
        )
        return result, run, hands

    def _call(self, work: Work, called: CalledRun, clock: Clock, scenario: Scenario | None) -> str:
        """Runs another workflow to its end, by the scenario of its own that the caller's names."""
        if self.depth >= _DEEPEST:
            raise ScenarioError(f"{work.step.name} calls a workflow {_DEEPEST} calls deep")
        folder = work.workflow.folder.parent / called.workflow
        workflow = load_workflow(folder, work.workflow.include)
        name = work.step.name
        mark = f"{name}[{work.run.scope.rpartition('/')[2]}]" if work.run.scope else name
        event = scenario.event(mark, name, work.attempt) if scenario else None
        played = _played(workflow, event.scenario) if isinstance(event, Played) else None
        own = clock.branch()
        session = replace(self, depth=self.depth + 1)
        began = clock.now
        result, _, hands = session.run(workflow, called.run_id, called.conf, played, own, None)
        if hands.amiss is not None:
            raise ScenarioError(f"in {called.workflow}: {hands.amiss}")
        clock.join((own,))
        if clock.now - began > called.within:
            raise CalledWorkflowError(
                f"run {called.run_id!r} of {called.workflow} was not through within {called.within}",
                workflow=called.workflow,
                run_id=called.run_id,
            )
        return "failed" if result.outcome == "failed" else "success"


def _played(workflow: Workflow, name: str) -> Scenario:
    suite = load_scenarios(workflow)
    known = [scenario.name for scenario in suite.scenarios]
    if name not in known:
        raise ScenarioError(f"{workflow.name} has no scenario {name!r}; {did_you_mean(name, known)}")
    return suite.scenario(name)


def _error(stop: Stop | None) -> dict[str, Any] | None:
    return None if stop is None else {"step": stop.task, **error_data(stop.error)}


def _spent(workflow: Workflow, run: RunFolder) -> tuple[int, Decimal | None]:
    """The requests that went to models in a run, and what they cost; failed ones count too, answers from the journal do not."""
    attempts = [attempt for _, attempt in run.all_attempts(maps_of(workflow))]
    calls = [call for attempt in attempts for call in attempt["calls"] if call["provider"] != "offline"]
    sent = sum(_requests(call["attempts"]) for call in calls)
    costs = [call["cost_usd"] for call in calls if not call["cached"]]
    for error in (attempt["error"] for attempt in attempts if attempt["error"]):
        requests = _requests(error.get("attempts", ()))
        sent += requests
        if error.get("usage"):
            costs.append(error.get("cost_usd"))
    known = [Decimal(cost) for cost in costs if cost is not None]
    return sent, sum(known, Decimal(0)) if len(known) == len(costs) else None


def _requests(attempts: Any) -> int:
    """How many of a call's attempts were requests."""
    return sum(attempt["connection"] != "offline" and attempt["outcome"] not in _NOT_SENT for attempt in attempts)


def _local(run: RunFolder) -> Path | None:
    return run.storage.root / run.prefix if isinstance(run.storage, LocalStorage) else None
