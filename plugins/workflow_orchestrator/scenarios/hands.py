"""Does the real work of the steps in process: the same `steps/` that the operators call, in a folder of the same shape.

attempt ─ report opened ─ the request checked (first step) ─ the fault of this try, if it has one
        ─ perform(work)   or   question(work) ─ people ─ take(work, answer) · no_answer(work)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from workflow_orchestrator.definition.configuration import Configuration
from workflow_orchestrator.definition.flow import ASK_MODELS
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.steps import Arm, Choose, Map, Outcome, Step
from workflow_orchestrator.errors import DocumentNotFoundError
from workflow_orchestrator.record import RunFolder, StepReport, build_manifest
from workflow_orchestrator.record.leftovers import withdraw
from workflow_orchestrator.record.manifest import add_artifacts, ending_in
from workflow_orchestrator.scenarios.clock import Clock
from workflow_orchestrator.scenarios.interpreter import Place, Stop
from workflow_orchestrator.scenarios.model import (
    Event,
    Fault,
    Misprint,
    Reaction,
    Replies,
    Scenario,
    ScenarioError,
    Works,
)
from workflow_orchestrator.scenarios.models import Asking, ScriptedModel, is_models, made_error
from workflow_orchestrator.scenarios.people import People, Scripted
from workflow_orchestrator.scenarios.services import Call, Message, RunServices
from workflow_orchestrator.steps.budget import keep_time
from workflow_orchestrator.steps.compliance_report import keep_reports
from workflow_orchestrator.steps.conditions import MISSING, Facts, chosen_arm, items_of
from workflow_orchestrator.steps.people import Waiting, remind, reminder_of
from workflow_orchestrator.steps.registry import kind_of
from workflow_orchestrator.steps.request import ledger_entry, open_request
from workflow_orchestrator.steps.work import Ask, NoAnswer, Take, Work


@dataclass(slots=True)
class RunHands:
    """The hands of one run.

    Args:
        workflow: the definition.
        run: the run's folder.
        conf: what the run is started with.
        configuration: the platform's.
        asking: how models are asked.
        people: who answers; `None`: only a scenario's own reactions.
        call: how another workflow is run.
        scenario: what happens in the steps; `None`: nothing but their real work.
        triggered_by: who started the run.
    """

    workflow: Workflow
    run: RunFolder
    conf: Mapping[str, Any]
    configuration: Configuration
    asking: Asking
    people: People | None
    call: Call
    scenario: Scenario | None = None
    triggered_by: str = "scenario"
    sent: list[Message] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    """The rules that were broken at some time in the run."""
    unused: list[str] = field(default_factory=list)
    """Answers of the scenario's model that no step asked for."""
    manifest: dict[str, Any] | None = None
    amiss: ScenarioError | None = None
    """What the scenario itself got wrong; it is no error of the run."""

    def attempt(self, step: Step, place: Place, number: int, clock: Clock) -> None:
        run = self.folder(place)
        event = self._event(step, place, number)
        scripted = self._scripted(step, event)
        try:
            with run.reporting(step.name, number) as report:
                report.facts["definition"] = self.workflow.digest
                last = any(step.name == one.name for one in self.workflow.last)
                request = self._request(run, opens=not last)
                if not last:
                    keep_time(run, self.workflow)
                services = self._services(scripted, clock)
                work = Work(
                    run=run,
                    report=report,
                    step=step,
                    workflow=self.workflow,
                    request=request,
                    attempt=number,
                    services=services,
                    configuration=self.configuration,
                    item=place.item,
                    item_name=place.item_name,
                )
                if isinstance(event, Fault) and scripted is None:
                    raise made_error(event)
                self._do(work, event, clock)
        except ScenarioError as error:
            self.amiss = self.amiss or error
            raise
        finally:
            self._look_for_findings(step, run)
            self._look_for_leftovers(step, place, number, scripted)

    def choose(self, block: Choose, place: Place) -> Arm | None:
        run = self.folder(place)
        with run.reporting(block.name, 1) as report:
            name = chosen_arm(block, self._facts(run, place, report))
            report.facts["chosen"] = name
        return next((arm for arm in block.arms if arm.name == name), None)

    def items(self, block: Map, place: Place) -> Sequence[Any]:
        run = self.folder(place)
        with run.reporting(block.name, 1) as report:
            items = items_of(block, self._facts(run, place, report))
            kept = run.write_json(f"each/{block.name}/items.json", {"item_name": block.item_name, "items": items})
            report.artifacts.append(kept)
            report.facts["items"] = len(items)
        return items

    def pass_over(self, step: Step, place: Place) -> None:
        withdraw(self.folder(place), step)

    def record(self, outcome: Outcome, stop: Stop | None, states: Mapping[str, str]) -> None:
        self.manifest = build_manifest(
            self.run,
            self.workflow,
            # Airflow writes the copy of an item as name_0.
            states={task.replace("[", "_").rstrip("]"): state for task, state in states.items()},
            run_facts={"type": "in process", "triggered_by": self.triggered_by, "started": None},
        )
        add_artifacts(self.manifest, keep_reports(self.run, self.workflow, ending_in(self.manifest)))
        self.run.write_json("manifest.json", self.manifest)
        if self.manifest["outcome"] != "failed":
            self.run.storage.write(self.manifest["request"]["ledger"], ledger_entry(self.run))

    def folder(self, place: Place) -> RunFolder:
        """The folder that a step works in: the run's, or that of its item."""
        return self.run.item(place.map, place.index) if place.map else self.run

    def _event(self, step: Step, place: Place, number: int) -> Event:
        if self.scenario is None:
            return Works()
        return self.scenario.event(step.name + place.mark, step.name, number)

    def _request(self, run: RunFolder, *, opens: bool = True) -> dict[str, Any]:
        if run.exists("request.json"):
            request: dict[str, Any] = run.read_json("request.json")
            return request
        if not opens:
            # A run that was refused at its door has no request, and its end is told all the same.
            return {"conf": dict(self.conf), "definition": self.workflow.digest}
        profile = self.configuration.profile
        return open_request(self.workflow, self.run, self.conf, triggered_by=self.triggered_by, profile=profile)

    def _scripted(self, step: Step, event: Event) -> ScriptedModel | None:
        """The model of this try, where the scenario has one."""
        name = self.scenario.name if self.scenario else ""
        if isinstance(event, Replies):
            return ScriptedModel(name, event)
        if isinstance(event, Fault) and step.kind in ASK_MODELS and is_models(event.error):
            return ScriptedModel(name, event)
        return None

    def _services(self, scripted: ScriptedModel | None, clock: Clock) -> RunServices:
        misprints: tuple[Misprint, ...] = self.scenario.misprints if self.scenario else ()
        return RunServices(clock, self.asking, self.call, self.sent, misprints, scripted)

    def _do(self, work: Work, event: Event, clock: Clock) -> None:
        kind = kind_of(work.step)
        if kind.perform is not None:
            kind.perform(work)
        elif kind.question is not None and kind.take is not None and kind.no_answer is not None:
            self._ask(work, event, clock, kind.question, kind.take, kind.no_answer)

    def _ask(self, work: Work, event: Event, clock: Clock, ask: Ask, take: Take, no_answer: NoAnswer) -> None:
        question = ask(work)
        if question is None:
            return
        asked = Waiting(question.subject, work.services.now(), work.services.now() + question.within)
        said = self._people(work, event).ask(work, question)
        self._remind(work, asked, min(said.took, question.within))
        clock.pass_by(said.took)
        if said.answer is None:
            no_answer(work, "timeout")
        take(work, said.answer, **question.resume_with)

    def _remind(self, work: Work, waiting: Waiting, took: timedelta) -> None:
        """The reminders of the time that the answer took."""
        reminder = reminder_of(work)
        while reminder and waiting.next_stop(reminder) < min(waiting.since + took, waiting.until):
            remind(work, reminder, waiting, work.services.link(work.run, ""))
            waiting = replace(waiting, reminded=waiting.reminded + 1)

    def _people(self, work: Work, event: Event) -> People:
        if isinstance(event, Reaction):
            return Scripted(event)
        if self.people is None:
            raise ScenarioError(
                f"{work.step.name} asks people in try {work.attempt}, and the scenario does not say what they answer; write "
                f"steps: {{{work.step.name}: [{{answer: …, by: …}}]}}"
            )
        return self.people

    def _facts(self, run: RunFolder, place: Place, report: StepReport) -> Facts:
        report.facts["definition"] = self.workflow.digest
        conf = dict(self._request(run)["conf"])
        if place.item_name and place.item_name in conf:
            conf[place.item_name] = place.item
        return Facts(run, self.workflow, conf, place.item if place.map else MISSING)

    def _look_for_leftovers(self, step: Step, place: Place, number: int, scripted: ScriptedModel | None) -> None:
        """Notes answers of the model that the step did not ask for: the scenario then means something else."""
        if scripted is not None and scripted.left:
            self.unused.append(
                f"steps.{step.name}{place.mark}: the step did not ask for {scripted.left} of the answers of try {number}"
            )

    def _look_for_findings(self, step: Step, run: RunFolder) -> None:
        """Notes which rules a check found broken; a later check of the same run writes over them."""
        if step.kind not in ("validate", "ask"):
            return
        try:
            findings = run.read_json("validation.json")["findings"]
        except DocumentNotFoundError:
            return
        self.broken.update(finding["rule"] for finding in findings)
