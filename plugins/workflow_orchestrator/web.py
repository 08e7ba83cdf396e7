"""The files of a run, for people who have only a browser: slides, video, script and evidence under Airflow's own address and login.

    GET /workflow-orchestrator/{dag_id}/{run_id}/{name}

Who may see the run in Airflow may see its files, and nobody else: Airflow mounts a plugin's application without any check of its
own. Only names that a run writes are served, so that no other file of the storage can be reached.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

PREFIX = "/workflow-orchestrator"
NAMES = re.compile(
    # The items of a map have a folder each, with the same names.
    r"(each/[a-z][a-z0-9_]{0,59}/\d{1,4}/)?("
    r"(slides/slide|pages/page|places/place)_\d{2,3}\.png|slides\.(pdf|pptx)|video\.mp4|captions\.(vtt|srt)|source\.pdf|summary\.(json|md)"
    r"|(request|document|extracted|validation|correction|values|script|decisions|edits|approval|video|manifest)\.json"
    r"|compliance(_slides|_video|_report)?\.json|compliance\.html"
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
    ".html": "text/html; charset=utf-8",
}
# The report is a page in the site, made of words that come from outside: it may show its own style and the run's pictures, and nothing
# else, whatever got into it.
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


def link(dag_id: str, run_id: str, name: str) -> str:
    """The path of a run's file below Airflow's address, also where Airflow itself lives below a path."""
    from urllib.parse import urlsplit

    from airflow.configuration import conf

    base = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
    return f"{base}{PREFIX}/{quote(dag_id)}/{quote(run_id, safe='')}/{quote(name)}"


def build_app() -> Any:
    """The FastAPI application; built in the API server only, when Airflow asks the plugin for it."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import requires_access_dag
    from fastapi import Depends, FastAPI, Request

    def file(dag_id: str, run_id: str, name: str, request: Request) -> Any:
        return _file(dag_id, run_id, name, request.headers.get("range"))

    # FastAPI reads the annotations when the route is added, and FastAPI itself must not load where the plugin only registers.
    file.__annotations__["request"] = Request
    app = FastAPI(title="Files of a run", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_api_route(
        "/{dag_id}/{run_id}/{name:path}",
        file,
        methods=["GET"],
        dependencies=[Depends(requires_access_dag(method="GET", access_entity=DagAccessEntity.RUN))],
    )
    return app


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

    include = Path(__file__).resolve().parents[2] / "include"
    return RunFolder(configured_storage(include), dag_id, run_id).read(name)
