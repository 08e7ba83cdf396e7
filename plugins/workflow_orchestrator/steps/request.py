"""The first thing a run does: check everything it was started with, and keep the answer in `request.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.definition.conf import check_conf
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import AlreadyProcessedError, DocumentLimitError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.record.reading import read_manifest
from workflow_orchestrator.steps.release import refuse_auto
from workflow_orchestrator.storage import Storage, document_key

# What does not change the video does not make another document of it.
NOT_IDENTITY = ("document", "approval", "force")
ASKED = "asked.json"
"""Who started the scan or the batch that started the run; Airflow does not hand that name on."""


def document_run_id(document_sha256: str, workflow: Workflow) -> str:
    """The run id of one document under one definition: the same pair never runs twice by accident."""
    return f"doc_{document_sha256[:16]}_{workflow.digest.removeprefix('sha256:')[:12]}"


def ledger_key(workflow: Workflow, document_sha256: str, conf: Mapping[str, Any]) -> str:
    """The key of the note that a document was finished: document, definition and the parameters that shape the video."""
    parameters = {name: conf[name] for name in sorted(conf) if name not in NOT_IDENTITY}
    identity = sha256(to_bytes([document_sha256, workflow.digest, parameters]))
    return f"ledger/{workflow.name}/{identity[:32]}.json"


def asked_for_by(run: RunFolder) -> str | None:
    """Who started the scan or the batch that started this run by hand; `None` where nobody did."""
    return str(run.read_json(ASKED)["by"]) if run.exists(ASKED) else None


def open_request(
    workflow: Workflow, run: RunFolder, conf: Mapping[str, Any], *, triggered_by: str | None, profile: str
) -> dict[str, Any]:
    """Checks conf, approval profile and document, copies the document into the run, and writes `request.json`.

    Args:
        workflow: the definition that the run goes by; it is kept with the run.
        run: the run's folder.
        conf: what the run was started with.
        triggered_by: who started it, as far as it is known.
        profile: the platform's profile, `production` or `demo`.

    Raises:
        ConfError: unknown or ill-typed keys, all of them.
        AutoApprovalRefusedError: `approval: auto` under the production profile.
        DocumentNotFoundError: no such document.
        DocumentOutsideStorageError: a document that lies elsewhere.
        DocumentLimitError: more bytes than the workflow takes.
        AlreadyProcessedError: another run makes or made the same video, and `force` is not set.
    """
    from workflow_orchestrator.record.definitions import keep_definition

    conf = check_conf(workflow, conf)
    if conf["approval"] == "auto":
        refuse_auto(profile)
    key, name, data = _document(workflow, run, conf["document"])
    digest = sha256(data)
    ledger = ledger_key(workflow, digest, conf)
    _take(run, ledger, conf["document"], force=conf["force"])
    source = run.write("source.pdf", data)
    keep_definition(run, workflow)
    request = {
        "conf": conf,
        "profile": profile,
        "definition": workflow.digest,
        "triggered_by": triggered_by,
        "source": {"name": name, "key": key, "sha256": digest, "bytes": source.bytes},
        "ledger": ledger,
    }
    if run.exists("request.json"):
        # Clearing the first step opens the run anew; which definitions it went by before stays known.
        reruns = run.read_json("request.json").get("reruns")
        request |= {"reruns": reruns} if reruns else {}
    run.write_json("request.json", request)
    return request


def _document(workflow: Workflow, run: RunFolder, given: str) -> tuple[str, str, bytes]:
    """The document's key, name and bytes. A run is one document: a second attempt takes the copy that the first one made."""
    if run.exists("request.json"):
        earlier = run.read_json("request.json")
        if earlier["conf"]["document"] == given:
            return earlier["source"]["key"], earlier["source"]["name"], run.read("source.pdf")
    key = document_key(run.storage, workflow.name, given)
    size, limit = run.storage.size(key), workflow.document.max_bytes
    if size > limit:
        raise DocumentLimitError(
            f"document {given!r} has {size / 1e6:.1f} MB, more than the {limit / 1e6:.0f} MB that {workflow.name} takes "
            f"(input.document.max_megabytes)",
            bytes=size,
        )
    return key, _name_of(run.storage, key), run.storage.read(key)


def _name_of(storage: Storage, key: str) -> str:
    """The name under which people know a document. A called run gets the copy of the run that called it, and keeps its name."""
    path = PurePosixPath(key)
    request = (path.parent / "request.json").as_posix()
    if path.name == "source.pdf" and key.startswith("runs/") and storage.exists(request):
        name: str = json.loads(storage.read(request))["source"]["name"]
        return name
    return path.name


def ledger_entry(run: RunFolder) -> bytes:
    """What the ledger keeps of a run that makes, or has made, a document's video."""
    return to_bytes({"run_id": run.run_id, "video": run.uri("video.mp4")})


def held_by_another(storage: Storage, workflow: str, ledger: str, run_id: str) -> str | None:
    """The id of another run that has made the same video or is about to; a run that failed holds nothing."""
    if not storage.exists(ledger):
        return None
    holder: str = json.loads(storage.read(ledger))["run_id"]
    other = RunFolder(storage, workflow, holder)
    return None if holder == run_id or _has_failed(other) else holder


def _has_failed(run: RunFolder) -> bool:
    """Whether a run ended with a failure and is not on its way again."""
    if not run.exists("manifest.json"):
        return False
    manifest = read_manifest(run)
    reruns: list[dict[str, Any]] = run.read_json("request.json").get("reruns", []) if run.exists("request.json") else []
    again = bool(reruns) and reruns[-1]["after"] == manifest["run"]["finished"]
    return manifest["outcome"] == "failed" and not again


def _take(run: RunFolder, ledger: str, document: str, *, force: bool) -> None:
    """Enters the run in the ledger.

    Raises:
        AlreadyProcessedError: another run holds the place, and `force` is not set.
    """
    if run.storage.create(ledger, ledger_entry(run)):
        # Of two runs that begin at once, the storage lets one in.
        return
    holder = held_by_another(run.storage, run.workflow, ledger, run.run_id)
    if holder and not force:
        raise AlreadyProcessedError(
            f"document {document!r} is made into a video, or was, under the same definition and parameters, by run "
            f"{holder!r}; trigger with force: true to make another",
            run_id=holder,
        )
    run.storage.write(ledger, ledger_entry(run))
