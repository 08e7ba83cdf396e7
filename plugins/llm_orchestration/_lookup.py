"""Whether an Airflow connection exists, asked so that an outage is never taken for "no".

Airflow says "not found" also when a secrets backend or the API server could not be asked: it swallows their errors. Working
offline because of an outage would be a silent lie, so "not found" is confirmed before it is believed.
"""

from __future__ import annotations

import asyncio
from typing import Any

from llm_orchestration.errors import ConfigurationError, ConnectionLookupError


def confirm_absent(connection: str) -> None:
    """Returns when every place that may hold the connection said that it does not.

    Raises:
        ConnectionLookupError: One of them could not say.
        ConfigurationError: Its environment variable cannot be read.
    """
    _ask_backends(connection)
    comms = _supervisor()
    if comms is not None:
        from airflow.sdk.exceptions import AirflowRuntimeError
        from airflow.sdk.execution_time.comms import GetConnection

        try:
            reply = comms.send(GetConnection(conn_id=connection))
        except AirflowRuntimeError as error:
            reply = error.error
        _judge(connection, reply)


async def aconfirm_absent(connection: str) -> None:
    """`confirm_absent` on the running event loop."""
    await asyncio.to_thread(_ask_backends, connection)
    comms = _supervisor()
    if comms is not None:
        from airflow.sdk.exceptions import AirflowRuntimeError
        from airflow.sdk.execution_time.comms import GetConnection

        try:
            reply = await comms.asend(GetConnection(conn_id=connection))
        except AirflowRuntimeError as error:
            reply = error.error
        _judge(connection, reply)


def _ask_backends(connection: str) -> None:
    """Asks every secrets backend except the API server, without hiding its errors."""
    from airflow.sdk.execution_time.secrets.execution_api import ExecutionAPISecretsBackend
    from airflow.sdk.execution_time.supervisor import ensure_secrets_backend_loaded

    for backend in ensure_secrets_backend_loaded():
        if isinstance(backend, ExecutionAPISecretsBackend):
            continue
        name = type(backend).__name__
        try:
            found = backend.get_connection(conn_id=connection)
        except Exception as error:  # noqa: BLE001 - any backend, any failure: it cannot say
            failure = type(error).__name__
        else:
            if found is None:
                continue
            failure = "it answered only the second time"
        if name == "EnvironmentVariablesBackend":
            raise ConfigurationError(
                f"AIRFLOW_CONN_{connection.upper()} cannot be read ({failure}); write it as JSON or as a URI",
                connection=connection,
            )
        raise ConnectionLookupError(
            f"{name} cannot say whether the connection {connection} exists ({failure})", connection=connection
        )


def _supervisor() -> Any:
    """The task process's line to Airflow, `None` outside of one."""
    from airflow.sdk.execution_time import task_runner

    return getattr(task_runner, "SUPERVISOR_COMMS", None)


def _judge(connection: str, reply: Any) -> None:
    from airflow.sdk.exceptions import ErrorType

    kind = getattr(reply, "error", None)
    if kind != ErrorType.CONNECTION_NOT_FOUND:
        told = getattr(kind, "value", type(reply).__name__)
        raise ConnectionLookupError(
            f"Airflow's API server cannot say whether the connection {connection} exists ({told})",
            connection=connection,
        )
