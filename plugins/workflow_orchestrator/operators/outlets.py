"""The asset that a finished video updates, so that other DAGs can be scheduled on it.

    DAG("publish", schedule=[Asset("fund_factsheet_video_video")])

An outlet of a task would tell of every run that `record_execution` recorded, the failed ones too. So the task's outlet is an alias,
and a run adds the asset to it only when it ended with a video. What the event carries is enough to fetch and to check the file.
Read it as `triggering_asset_events[Asset("fund_factsheet_video_video")]`: Airflow lists the one event under the asset and under the
alias, so that whoever goes through all values sees it twice (measured on 3.3.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Asset, AssetAlias

from workflow_orchestrator.record import RunFolder

GOOD_ENDS = ("succeeded", "degraded")


def video_asset(workflow: str) -> Asset:
    """What other DAGs are scheduled on."""
    return Asset(f"{workflow}_video")


def video_outlet(workflow: str) -> AssetAlias:
    """The outlet of the task that records a run."""
    return AssetAlias(f"{workflow}_videos")


def announce_video(context: Any, run: RunFolder, manifest: Mapping[str, Any]) -> bool:
    """Tells of the run's video, if it ended with one; whether it did.

    The event's `extra` holds run, document, its hash, outcome, the addresses of manifest and video, and the hash of what was released.
    """
    video = next((item for item in manifest["artifacts"] if item["name"] == "video.mp4"), None)
    if manifest["outcome"] not in GOOD_ENDS or video is None:
        return False
    source, approval = manifest["source"] or {}, manifest["approval"] or {}
    extra = {
        "run_id": run.run_id,
        "outcome": manifest["outcome"],
        "document": source.get("name"),
        "document_sha256": source.get("sha256"),
        "manifest": run.uri("manifest.json"),
        "video": video["uri"],
        "video_sha256": video["sha256"],
        "content": approval.get("content"),
        "definition": manifest["workflow"]["definition"],
    }
    context["outlet_events"][video_outlet(run.workflow)].add(video_asset(run.workflow), extra=extra)
    return True
