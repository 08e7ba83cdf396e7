"""A batch: the documents that somebody names, each with its run.

    a name, key or URI ──┬─ its video is there ────────────► had before: nothing is started, the record says how it ended
    a folder, "2026-10/" ├─ a run of it fails, waits, works ► that run is followed, and no second one started
                         ├─ no run yet ────────────────────► gets a run
                         ├─ more bytes than are taken ─────► unfit: into quarantine
                         └─ lies in quarantine ────────────► named, with where it lies

The whole list is looked at before anything is started, and everything that is wrong with it is told at once. The run id is made of the
document, the definition and the parameters that are not at their defaults, so a batch that is started again starts nothing twice,
and a document of a batch with default parameters has the run that the nightly scan would give it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.definition import check_conf
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.problems import did_you_mean
from workflow_orchestrator.errors import (
    BatchError,
    ConfError,
    DocumentNotFoundError,
    OrchestratorError,
    StorageError,
)
from workflow_orchestrator.inbox.quarantine import lies_in_quarantine
from workflow_orchestrator.inbox.result import DocumentResult, result_of
from workflow_orchestrator.inbox.scan import Found, Unfit, look_at
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.steps.request import held_by_another, ledger_key
from workflow_orchestrator.storage import Storage, document_key, inbox_of, key_of

# Airflow maps a task over at most 1,024 items ([core] max_map_length).
LARGEST = 1000
DOCUMENTS = "documents"


@dataclass(frozen=True, slots=True)
class Batch:
    """What becomes of the documents of a batch.

    `runs` are those whose run is started or followed, `had` the results of those whose video is there, `unfit` those that no run can
    use, `aside` the names that lie in quarantine, each with where. `same` counts the names of a document that another name has given.
    """

    runs: tuple[Found, ...] = ()
    had: tuple[DocumentResult, ...] = ()
    unfit: tuple[Unfit, ...] = ()
    aside: tuple[tuple[str, str], ...] = ()
    same: int = 0


def check_batch(workflow: Workflow, conf: Mapping[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """What a batch was asked for: the names of its documents, and the conf that each of their runs gets, without the document.

    Raises:
        BatchError: unknown or ill-typed keys, or a list that is none; all problems are in `details["problems"]`.
    """
    given = dict(conf)
    asked = given.pop(DOCUMENTS, None)
    problems: list[tuple[str, str]] = []
    names = tuple(item.strip() for item in asked) if _is_list_of_text(asked) else ()
    if not names or not all(names):
        problems.append((DOCUMENTS, "give a list of document names, or of folders of the inbox with / at their end"))
    if "document" in given:
        del given["document"]
        problems.append(("document", f"a batch takes {DOCUMENTS}, a list"))
    try:
        check_conf(workflow, {**given, "document": "one of the list"})
    except ConfError as error:
        problems += [("conf", problem) for problem in error.details["problems"]]
    _refuse(workflow, problems)
    return names, given


def plan_batch(
    storage: Storage, workflow: Workflow, names: Sequence[str], conf: Mapping[str, Any], *, mark: str = ""
) -> Batch:
    """Looks at every document of a batch and starts nothing.

    Args:
        storage: where the documents lie.
        workflow: the definition that their runs go by.
        names: as `check_batch` gives them.
        conf: of each run, without the document.
        mark: ends the ids of the runs of a batch that makes every video again (`force`); the same for each try of one batch.

    Raises:
        BatchError: names that lead to no document, folders without one, or more documents than one batch takes; all of them.
        StorageError: the storage does not answer.
    """
    keys, aside, problems = _keys(storage, workflow, names)
    if len(keys) > LARGEST:
        problems.append((DOCUMENTS, f"{len(keys)} documents are more than the {LARGEST} of one batch; make several of it"))
    _refuse(workflow, problems)
    runs: dict[str, Found] = {}
    had: dict[str, DocumentResult] = {}
    unfit: list[Unfit] = []
    for key in keys:
        try:
            found = look_at(storage, workflow, key)
        except StorageError:
            raise
        except OrchestratorError as error:
            problems.append((key, error.message))
            continue
        if isinstance(found, Unfit):
            unfit.append(found)
            continue
        run = _run_of(storage, workflow, found, conf, mark)
        ended = None if mark else _video_before(storage, workflow, run)
        if ended is not None:
            had.setdefault(run.run_id, ended)
        else:
            runs.setdefault(run.run_id, run)
    _refuse(workflow, problems)
    same = len(keys) - len(unfit) - len(runs) - len(had)
    return Batch(tuple(runs.values()), tuple(had.values()), tuple(unfit), aside, same)


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(item, str) for item in value)


def _refuse(workflow: Workflow, problems: Sequence[tuple[str, str]]) -> None:
    if not problems:
        return
    count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
    lines = "\n".join(f"  {name}: {reason}" for name, reason in problems)
    raise BatchError(
        f"the batch of {workflow.name} has {count}, and nothing was started:\n{lines}",
        problems=[[name, reason] for name, reason in problems],
    )


def _keys(
    storage: Storage, workflow: Workflow, names: Sequence[str]
) -> tuple[list[str], tuple[tuple[str, str], ...], list[tuple[str, str]]]:
    """The keys that the names lead to, each once and in the order of the list; what lies in quarantine; and what is wrong."""
    keys: dict[str, None] = {}
    aside: dict[str, str] = {}
    problems: list[tuple[str, str]] = []
    for name in dict.fromkeys(names):
        where = None if name.endswith("/") else lies_in_quarantine(storage, workflow.name, name)
        if where is not None:
            aside[name] = f"it lies in {where}; put the mended file into {inbox_of(workflow.name)}/"
            continue
        try:
            keys |= dict.fromkeys(_behind(storage, workflow, name))
        except StorageError:
            raise
        except OrchestratorError as error:
            problems.append((name, error.message))
    return list(keys), tuple(aside.items()), problems


def _behind(storage: Storage, workflow: Workflow, name: str) -> Iterator[str]:
    """The documents behind one name of the list.

    Raises:
        DocumentNotFoundError: there is none.
        DocumentOutsideStorageError: it lies elsewhere.
    """
    inbox = f"{inbox_of(workflow.name)}/"
    if not name.endswith("/"):
        try:
            yield document_key(storage, workflow.name, name)
        except DocumentNotFoundError:
            there = [key.removeprefix(inbox) for key in storage.list(inbox.rstrip("/"))]
            raise DocumentNotFoundError(
                f"there is no such document in {inbox}; {did_you_mean(name, there)}" if there else f"{inbox} is empty",
                document=name,
            ) from None
        return
    folder = key_of(storage, workflow.name, name.rstrip("/"))
    found = [key for key in storage.list(folder) if key.lower().endswith(".pdf")]
    if not found:
        raise DocumentNotFoundError(f"there is no PDF in {folder}/", document=name)
    yield from sorted(found)


def _run_of(storage: Storage, workflow: Workflow, found: Found, conf: Mapping[str, Any], mark: str) -> Found:
    """The document with the run that it has or gets."""
    complete = check_conf(workflow, {**conf, "document": found.key})
    own = {
        item.name: complete[item.name]
        for item in workflow.parameters
        if item.required or complete[item.name] != item.default
    }
    run_id = f"{found.run_id}_{sha256(to_bytes(own))[:8]}" if own else found.run_id
    if mark:
        return Found(found.key, found.sha256, f"{run_id}_{mark}")
    holder = held_by_another(storage, workflow.name, ledger_key(workflow, found.sha256, complete), run_id)
    return Found(found.key, found.sha256, holder or run_id)


def _video_before(storage: Storage, workflow: Workflow, found: Found) -> DocumentResult | None:
    """The result of a document whose run ended well; its run is in the record, whether or not Airflow still knows it."""
    run = RunFolder(storage, workflow.name, found.run_id)
    if not run.exists("manifest.json"):
        return None
    ended = result_of(run, found.key, "success")
    if ended.standing not in ("finished", "degraded"):
        return None
    return DocumentResult(found.key, found.run_id, "had_before")
