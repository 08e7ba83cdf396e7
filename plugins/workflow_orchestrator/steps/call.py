"""`call`: runs another workflow with the same document, waits for it, and takes some of its outputs into this run.

The called run's id is made of this run's, so a retry finds the run that was started and never starts a second one beside it. Only
after that run has failed does another try start a new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.definition.flow import files_of
from workflow_orchestrator.definition.model import CallStep
from workflow_orchestrator.errors import CalledWorkflowError, CalledWorkflowOutageError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.record.reading import find_manifest
from workflow_orchestrator.steps.work import CalledRun, Work, step_of


def perform(work: Work) -> None:
    """Does the step's work.

    Raises:
        CalledWorkflowError: the called run failed, was not through in time, or did not make what is taken.
        CalledWorkflowOutageError: it failed with an error that passes.
    """
    step = step_of(work, CallStep)
    number = _number(work, step)
    conf = conf_of(work)
    called = CalledRun(step.workflow, run_id_of(work.run, step.name, conf, number), conf, step.within)
    child = RunFolder(work.run.storage, called.workflow, called.run_id)
    # Noted before the worker may leave: the stint that comes back must ask for this very run.
    facts: dict[str, Any] = {"workflow": called.workflow, "run_id": called.run_id, "number": number}
    work.report.facts["called"] = facts
    state = work.services.run_workflow(work, called)
    manifest = find_manifest(child)
    facts.update(_what_it_was(child, manifest))
    if state != "success" or manifest is None or manifest["outcome"] == "failed":
        raise _failure(called, manifest)
    for artifact in step.take:
        _take(work, child, artifact)


def run_id_of(run: RunFolder, step: str, conf: Mapping[str, Any], number: int = 1) -> str:
    """The id of the run that a call step starts: the same for every try, until that run has failed."""
    identity = sha256(to_bytes([run.workflow, run.run_id, run.scope, step, dict(conf)]))[:12]
    base = f"called_{run.workflow[:60]}_{step[:60]}_{identity}"
    return base if number == 1 else f"{base}_{number}"


def conf_of(work: Work) -> dict[str, Any]:
    """What the called run is started with: this run's copy of the document, the parameters of the call, this run's kind of approval."""
    step = step_of(work, CallStep)
    given = {name: _parameter(work, value) for name, value in step.parameters.items()}
    return {
        "document": work.run.root.key("source.pdf"),
        **given,
        "approval": work.conf["approval"],
        # That this document was processed once by that workflow is no reason to refuse it here: its id keeps it from running twice.
        "force": True,
    }


def _parameter(work: Work, value: Any) -> Any:
    """A literal, `{parameter: name}` of this run, or `{item: name}` of the map around."""
    if isinstance(value, Mapping) and len(value) == 1:
        if "parameter" in value:
            return work.conf[value["parameter"]]
        if "item" in value:
            return work.item
    return value


def _number(work: Work, step: CallStep) -> int:
    """Which run of the called workflow this try is about, from 1."""
    known = [attempt for attempt in work.run.attempts(step.name) if "called" in attempt["facts"]]
    if not known:
        return 1
    number: int = known[-1]["facts"]["called"]["number"]
    if known[-1]["state"] == "waiting":
        return number
    manifest = find_manifest(
        RunFolder(work.run.storage, step.workflow, run_id_of(work.run, step.name, conf_of(work), number))
    )
    return number + 1 if manifest and manifest["outcome"] == "failed" else number


def _what_it_was(child: RunFolder, manifest: Mapping[str, Any] | None) -> dict[str, Any]:
    if manifest is None:
        return {"outcome": "failed"}
    return {
        "outcome": manifest["outcome"],
        "definition": manifest["workflow"]["definition"],
        "cost_usd": manifest["usage"]["cost_usd"],
        "manifest": child.uri("manifest.json"),
    }


def _failure(called: CalledRun, manifest: Mapping[str, Any] | None) -> CalledWorkflowError:
    cause = manifest["error"] if manifest else None
    where = f"run {called.run_id!r} of {called.workflow}"
    if not cause:
        return CalledWorkflowError(
            f"{where} failed and left no error; look at its page. A retry asks for the same run, so clear what failed there",
            workflow=called.workflow,
            run_id=called.run_id,
        )
    kind = CalledWorkflowOutageError if cause.get("retryable") else CalledWorkflowError
    return kind(
        f"{where} failed in {cause['step']}: {cause['error']}: {cause['message']}",
        workflow=called.workflow,
        run_id=called.run_id,
        cause={name: cause[name] for name in ("step", "error", "message")},
    )


def _take(work: Work, child: RunFolder, artifact: str) -> None:
    """Copies the files behind an artifact into this run.

    Raises:
        CalledWorkflowError: the called run has none of them.
    """
    names = [name for file in files_of(artifact) for name in _files(child, file)]
    if not names:
        raise CalledWorkflowError(
            f"run {child.run_id!r} of {child.workflow} ended well, but made no {artifact}; take it only where every way through "
            f"that workflow makes it",
            workflow=child.workflow,
            run_id=child.run_id,
        )
    for file in files_of(artifact):
        if file.endswith("/"):
            for stale in set(work.run.names(file.rstrip("/"))) - set(names):
                work.run.delete(stale)
    for name in names:
        work.keep(name, child.read(name))


def _files(child: RunFolder, file: str) -> list[str]:
    if file.endswith("/"):
        return child.names(file.rstrip("/"))
    return [file] if child.exists(file) else []
