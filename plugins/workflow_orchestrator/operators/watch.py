"""The task of the watch: delivers numbers, sets gauges, and tells of alerts when they begin and when they end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from airflow.sdk import BaseOperator

from workflow_orchestrator.definition.cache import recall_workflow
from workflow_orchestrator.definition.configuration import Configuration, load_configuration
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import DefinitionError, MetricsError, NotificationError, OrchestratorError
from workflow_orchestrator.observability import names
from workflow_orchestrator.observability.emit import data_of, send
from workflow_orchestrator.observability.numbers import Number
from workflow_orchestrator.observability.telling import Told
from workflow_orchestrator.observability.watch import Alert, Circuit, View, alerts_of, numbers_of_view, view_of
from workflow_orchestrator.operators.channels import send_message
from workflow_orchestrator.operators.links import absolute, run_path
from workflow_orchestrator.places import includes_of
from workflow_orchestrator.storage import Storage, configured_storage

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Platform:
    platform_include: Path


class WatchOperator(BaseOperator):
    """Looks at every workflow of the project: of the one whose DAG file it stands in. No path is part of the task, because one that
    changes with each checkout would make a new version of the DAG."""

    ui_color = "#eeeeee"

    def execute(self, context: Any) -> dict[str, Any]:
        now = datetime.now(UTC)
        dags = Path(context["dag"].fileloc).resolve().parents[1]
        own, home = includes_of(dags / "any")
        include = home or own
        platform = _Platform(include)
        configuration = load_configuration(include / "orchestrator.yaml", os.environ)
        storage = configured_storage(include)
        workflows = _workflows([dags, *_released()])
        views = [view_of(storage, workflow, now) for workflow in workflows]
        circuits = _circuits(now)
        limits = configuration.alerts
        alerts = alerts_of(views, circuits, limits, now) if limits else []
        numbers = [number for view in views for number in numbers_of_view(view, now)]
        troubles: list[OrchestratorError] = []
        if limits:
            numbers += _tell(context, storage, platform, limits.channel, alerts, now, troubles)
        send(numbers)
        sent = _deliver(storage, configuration, numbers, now, troubles)
        for trouble in troubles[:1]:
            # Only after everything else is done: a channel that is away keeps no number from being delivered.
            raise trouble
        return {"views": [_told(view) for view in views], "alerts": [asdict(alert) for alert in alerts], "delivered": sent}


def _workflows(places: Sequence[Path]) -> list[Workflow]:
    """The workflows in some folders, each name once: that of the watch's own folder before that of a release."""
    found: dict[str, Workflow] = {}
    for path in (path for place in places for path in sorted(place.glob("*/workflow.yaml"))):
        try:
            include, home = includes_of(path.parent)
            workflow = recall_workflow(path.parent, include, home=home)
            found.setdefault(workflow.name, workflow)
        except DefinitionError as error:
            # Airflow shows the import error of its DAG; the others are watched all the same.
            _log.warning("watch.definition", folder=path.parent.name, error=error.message)
    return list(found.values())


def _released() -> list[Path]:
    """The folders of the workflows that come as releases, by the bundles that Airflow is told of."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager

    from workflow_orchestrator.bundles import ReleaseBundle

    found = []
    for bundle in DagBundlesManager().get_all_dag_bundles():  # type: ignore[no-untyped-call]
        if not isinstance(bundle, ReleaseBundle):
            continue
        try:
            bundle.initialize()
            found.append(bundle.path)
        except OrchestratorError as error:
            _log.warning("watch.release", bundle=bundle.name, error=error.message)
    return found


def _tell(
    context: Any, storage: Storage, platform: _Platform, channel: str, alerts: Sequence[Alert], now: datetime,
    troubles: list[OrchestratorError],
) -> list[Number]:  # fmt: skip
    told = Told(storage)
    numbers = []
    try:
        for alert in told.news(alerts):
            where = f"\n{absolute(run_path(alert.workflow, alert.run_id))}" if alert.run_id else ""
            subject = f"Alert: {alert.kind}: {alert.workflow or 'platform'}"
            send_message(platform, channel, subject, alert.says + where, context)
            told.note(alert, now)
        for ended in told.ended(alerts):
            subject = f"Ended: {ended.kind}: {ended.workflow or 'platform'}"
            send_message(platform, channel, subject, f"Since {ended.since:%Y-%m-%d %H:%M} UTC: {ended.says}", context)
            told.forget(ended)
            numbers.append(Number(names.ALERTS, 0, {"workflow": ended.workflow, "alert": ended.kind}))
    except NotificationError as error:
        troubles.append(error)
    return numbers + [Number(names.ALERTS, 1, {"workflow": alert.workflow, "alert": alert.kind}) for alert in alerts]


def _deliver(
    storage: Storage, configuration: Configuration, numbers: Sequence[Number], now: datetime, troubles: list[OrchestratorError]
) -> int:
    settings = configuration.metrics
    if not settings.cloudwatch:
        return 0
    from workflow_orchestrator.observability.cloudwatch import deliver

    try:
        client = _client(settings.cloudwatch)
        return deliver(storage, client, settings.namespace, data_of(numbers, settings.environment, now), now)
    except MetricsError as error:
        troubles.append(error)
        return 0


def _client(connection: str) -> Any:
    """A client that gives up soon: the next watch tries again."""
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
    from botocore.config import Config

    config = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2})
    return AwsBaseHook(aws_conn_id=connection, client_type="cloudwatch", config=config).get_conn()


def _circuits(now: datetime) -> list[Circuit]:
    """The circuits that are open in the state that processes share; none where it cannot be read, which is said."""
    from llm_orchestration.errors import LLMError
    from llm_orchestration.hook import state_url
    from llm_orchestration.traffic import open_state_store
    from llm_orchestration.traffic.circuits import open_circuits

    async def look() -> list[Circuit]:
        store = open_state_store(state_url())
        try:
            found = await open_circuits(store, now)
        finally:
            await store.close()
        return [Circuit(one.connection, one.model, one.reason, one.since) for one in found]

    try:
        return asyncio.run(look())
    except LLMError as error:
        _log.warning("watch.circuits", error=str(error))
        return []


def _told(view: View) -> dict[str, Any]:
    return {
        "workflow": view.workflow, "questions": len(view.questions), "inbox": len(view.inbox), "recent": view.recent,
        "cost_today_usd": str(view.cost_today),
    }  # fmt: skip
