"""The files of a run, for people who have only a browser: slides, video, script and evidence under Airflow's own address and login.

    GET  /workflow-orchestrator/{dag_id}/{run_id}/{name}
    POST /workflow-orchestrator/video-callbacks/{provider}      a video vendor's webhook, let in by its signature alone

Who may see the run in Airflow may see its files, and nobody else: Airflow mounts a plugin's application without any check of its
own. Only names that a run writes are served, so that no other file of the storage can be reached.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from workflow_orchestrator import player
from workflow_orchestrator.places import platform_include

PREFIX = "/workflow-orchestrator"
CALLBACKS = "/video-callbacks"
INCLUDE = platform_include()
NAMES = re.compile(
    # The items of a map have a folder each, with the same names.
    r"(each/[a-z][a-z0-9_]{0,59}/\d{1,4}/)?("
    r"(slides/slide|pages/page|places/place)_\d{2,3}\.png|slides\.(pdf|pptx)|video\.mp4|captions\.(vtt|srt)|source\.pdf|summary\.(json|md|csv)"
    r"|(request|document|extracted|validation|correction|values|script|decisions|edits|approval|video|manifest)\.json"
    r"|compliance(_slides|_video|_report)?\.json|compliance\.html|video\.html|chapters\.vtt"
    r"|made/[a-z][a-z0-9_]{0,59}\.json)"
)
TYPES = {
    ".png": "image/png",
    ".pdf": "application/pdf",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".mp4": "video/mp4",
    ".vtt": "text/vtt",
    ".srt": "text/plain",
    ".json": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
}
# Report and player are pages in the site, made of words that come from outside: they may show their own style and the run's pictures and
# film, and nothing else, whatever got into them.
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)


def link(dag_id: str, run_id: str, name: str) -> str:
    """The path of a run's file below Airflow's address, also where Airflow itself lives below a path."""
    from urllib.parse import urlsplit

    from airflow.configuration import conf

    base = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
    return f"{base}{PREFIX}/{quote(dag_id)}/{quote(run_id, safe='')}/{quote(name)}"


def seen_as(name: str) -> str:
    """The name under which people look at a file of a run: a film on its page, with captions and its text, all others as they are."""
    return re.sub(r"(^|/)video\.mp4$", rf"\1{player.PAGE}", name)


def build_app() -> Any:
    """The FastAPI application; built in the API server only, when Airflow asks the plugin for it."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import requires_access_dag
    from fastapi import Depends, FastAPI, Request, Response

    async def callback(provider: str, request: Request) -> Any:
        return await _callback(provider, request)

    def file(dag_id: str, run_id: str, name: str, request: Request) -> Any:
        return _file(dag_id, run_id, name, request.headers.get("range"))

    # FastAPI reads the annotations when the route is added, and FastAPI itself must not load where the plugin only registers.
    file.__annotations__["request"] = Request
    app = FastAPI(title="Files of a run", docs_url=None, redoc_url=None, openapi_url=None)
    callback.__annotations__["request"] = Request
    app.add_api_route(f"{CALLBACKS}/{{provider}}", callback, methods=["POST"])
    # HeyGen asks with OPTIONS whether an address is there before it keeps it.
    allowed = {"Allow": "POST, OPTIONS"}
    app.add_api_route(f"{CALLBACKS}/{{provider}}", lambda: Response(status_code=204, headers=allowed), methods=["OPTIONS"])
    app.add_api_route(
        "/{dag_id}/{run_id}/{name:path}",
        file,
        methods=["GET"],
        dependencies=[Depends(requires_access_dag(method="GET", access_entity=DagAccessEntity.RUN))],
    )
    return app


async def _callback(provider: str, request: Any) -> Any:
    """Takes the call of a video vendor; it gets to know whether it was believed, and nothing else."""
    import asyncio

    from fastapi import Response

    from workflow_orchestrator.rendering.vendors.callbacks import LARGEST

    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            return Response(status_code=413)
    code = await asyncio.to_thread(_called, provider, dict(request.headers), body)
    return Response(status_code=code)


def _called(provider: str, headers: dict[str, str], body: bytes) -> int:
    """The status of a call: 204 taken, 401 not the vendor's, 404 no such webhook, 503 this side cannot judge it now."""
    import structlog

    from llm_orchestration.errors import LLMError
    from workflow_orchestrator.definition.rendering_file import Spec, load_rendering
    from workflow_orchestrator.errors import OrchestratorError, VendorError
    from workflow_orchestrator.rendering.vendors.access import connection_of
    from workflow_orchestrator.rendering.vendors.callbacks import take_call
    from workflow_orchestrator.storage import configured_storage

    log = structlog.get_logger(__name__)
    try:
        spec = load_rendering(INCLUDE).video_providers.get(provider)
        if spec is None or "webhook" not in spec.settings:
            return 404
        secret = connection_of(Spec(spec.kind, {"connection": spec.settings["webhook"]})).password
        if not secret:
            log.error("rendering.callback.no_secret", provider=provider, connection=spec.settings["webhook"])
            return 503
        known = take_call(configured_storage(INCLUDE), provider, spec, secret, headers, body, datetime.now(UTC))
    except VendorError as error:
        log.warning("rendering.callback.refused", provider=provider, reason=error.message)
        return 401
    except (OrchestratorError, LLMError, OSError) as error:
        log.error("rendering.callback.failed", provider=provider, error=f"{type(error).__name__}: {error}")
        return 503
    log.info("rendering.callback.taken", provider=provider, waited_for=known)
    return 204


def _file(dag_id: str, run_id: str, name: str, asked: str | None) -> Any:
    from fastapi import HTTPException, Response

    from workflow_orchestrator.errors import DocumentNotFoundError, DocumentOutsideStorageError

    if not NAMES.fullmatch(name):
        raise HTTPException(404, f"a run has no file {name!r}")
    try:
        data = _read(dag_id, run_id, name)
    except (DocumentNotFoundError, DocumentOutsideStorageError):
        raise HTTPException(404, f"run {run_id!r} of {dag_id!r} has no file {name!r} yet") from None
    shown = name.rpartition("/")[2]
    # What came from outside is never opened inside the site: a browser saves it.
    disposition = "attachment" if name in ("source.pdf", "slides.pptx") else "inline"
    headers = {
        "Content-Disposition": f'{disposition}; filename="{shown}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        "Accept-Ranges": "bytes",
    }
    if name.endswith(".html"):
        headers |= {"Content-Security-Policy": PAGE_POLICY, "Referrer-Policy": "no-referrer"}
    part = _part(asked, len(data))
    if part is None:
        return Response(data, media_type=TYPES[Path(name).suffix], headers=headers)
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(data)}"
    return Response(data[part.start : part.stop], 206, media_type=TYPES[Path(name).suffix], headers=headers)


def _part(asked: str | None, size: int) -> range | None:
    """The bytes of a single-range request (RFC 9110, section 14); None for the whole file. Safari plays no video without."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", asked or "")
    if not found or not any(found.groups()):
        return None
    first, last = found.groups()
    start = int(first) if first else max(0, size - int(last))
    stop = min(size, int(last) + 1) if first and last else size
    return range(start, stop) if start < stop else None


def _read(dag_id: str, run_id: str, name: str) -> bytes:
    from workflow_orchestrator.record import RunFolder
    from workflow_orchestrator.storage import configured_storage

    run = RunFolder(configured_storage(INCLUDE), dag_id, run_id)
    place, shown = name[: name.rfind("/") + 1], name.rpartition("/")[2]
    if shown == player.PAGE:
        return player.watch_page(*(run.read_json(f"{place}{part}") for part in player.PARTS))
    if shown == player.CHAPTERS:
        return player.chapters_vtt(run.read_json(f"{place}video.json"))
    return run.read(name)
