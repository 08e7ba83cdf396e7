"""How a vendor is reached: the Airflow connection that a setting names, and clients of AWS for it.

A worker reads a connection with `connection_of`, a trigger with `aconnection_of` on its loop: Airflow's triggerer answers such a
question only there. What is built from it afterwards asks Airflow nothing, so it may run in any thread.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from workflow_orchestrator.definition.rendering_file import Spec
from workflow_orchestrator.errors import ConfigurationError, VendorError, VendorOutageError

CONNECT = timedelta(seconds=10)
_AWS_BUSY = frozenset(
    "ThrottlingException Throttling TooManyRequestsException RequestLimitExceeded ServiceUnavailable ServiceUnavailableException "
    "ServiceFailureException InternalServerException InternalFailure ModelTimeoutException ExpiredToken ExpiredTokenException "
    "SlowDown RequestTimeout".split()
)


def connection_of(spec: Spec) -> Any:
    """The connection of a voice or vendor, for a worker; None where the settings name none.

    Raises:
        ConfigurationError: it does not exist.
        LLMError: Airflow cannot say whether it exists; a retry can help.
    """
    name = spec.settings.get("connection")
    if name is None:
        return None
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    from llm_orchestration._lookup import confirm_absent

    try:
        return BaseHook.get_connection(name)
    except AirflowNotFoundException:
        pass
    confirm_absent(name)
    raise _missing(spec)


async def aconnection_of(spec: Spec) -> Any:
    """The same on the loop of a trigger."""
    name = spec.settings.get("connection")
    if name is None:
        return None
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    from llm_orchestration._lookup import aconfirm_absent

    try:
        return await BaseHook.aget_connection(name)
    except AirflowNotFoundException:
        pass
    await aconfirm_absent(name)
    raise _missing(spec)


def _missing(spec: Spec) -> ConfigurationError:
    name = spec.settings["connection"]
    return ConfigurationError(
        f"the Airflow connection {name!r} of {spec.kind} does not exist; add it, or correct include/rendering.yaml"
    )


def aws_client(service: str, spec: Spec, connection: Any, *, timeout: timedelta) -> Any:
    """A client of boto3 through the Amazon provider's hook, with one attempt a call.

    Args:
        service: `polly`, `bedrock-runtime`, `bedrock`, `s3`.
        spec: settings with `connection` and `region`.
        connection: what `connection_of` gave; None is the machine's own identity.
        timeout: for each answer.

    Raises:
        ConfigurationError: the Amazon provider is not installed, or there is no region or identity.
    """
    from importlib.util import find_spec

    if find_spec("airflow.providers.amazon") is None:
        raise ConfigurationError(f"{spec.kind} needs the package apache-airflow-providers-amazon; install it")
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
    from airflow.providers.amazon.aws.utils.connection_wrapper import AwsConnectionWrapper
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    region = spec.settings.get("region")
    config = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=CONNECT.total_seconds(),
        read_timeout=timeout.total_seconds(),
    )
    name = spec.settings.get("connection")
    hook = AwsBaseHook(aws_conn_id=name, client_type=service, region_name=region, config=config)
    # Filled beforehand: the hook would ask Airflow again, and go on as the machine itself where the connection is gone.
    wrapper = AwsConnectionWrapper(conn=connection, region_name=region, botocore_config=config)
    vars(hook)["conn_config"] = wrapper
    try:
        session = hook.get_session(region_name=region)
        if session.get_credentials() is None:
            raise ConfigurationError(f"the {_whose(name)} has no AWS credentials; name a connection for {spec.kind}")
        if not session.region_name:
            raise ConfigurationError(
                f"neither the settings of {spec.kind} nor the {_whose(name)} name an AWS region; set region:"
            )
        endpoint = wrapper.get_service_endpoint_url(service)
        return session.client(service, endpoint_url=endpoint, config=hook.config, verify=hook.verify)
    except (BotoCoreError, ClientError) as error:
        raise aws_error(error, spec.kind, "open a session") from error


def _whose(name: str | None) -> str:
    return f"AWS connection {name!r}" if name else "machine"


def aws_error(error: Any, vendor: str, doing: str) -> VendorError:
    """The error of a failure that boto3 reports: busy and broken can pass, everything else is a refusal."""
    from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError, NoCredentialsError

    if isinstance(error, ClientError):
        detail, meta = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
        code, status = str(detail.get("Code", "")), int(meta.get("HTTPStatusCode", 0))
        told = {"vendor": vendor, "status": status, "code": code, "request_id": meta.get("RequestId")}
        message = f"{vendor} could not {doing}: {code} {_short(detail.get('Message'))}".rstrip()
        if code in _AWS_BUSY or status == 429 or status >= 500:
            headers = {str(key).lower(): str(value) for key, value in (meta.get("HTTPHeaders") or {}).items()}
            return VendorOutageError(message, retry_after=_retry_after(headers), **told)
        return VendorError(message, **told)
    if isinstance(error, HTTPClientError | IncompleteReadError):
        return VendorOutageError(f"{vendor} could not {doing}: no whole answer ({type(error).__name__})", vendor=vendor)
    if isinstance(error, NoCredentialsError):
        return VendorError(f"{vendor} could not {doing}: there are no AWS credentials", vendor=vendor)
    return VendorError(f"{vendor} could not {doing}: {type(error).__name__}: {_short(str(error))}", vendor=vendor)


def _short(text: Any) -> str:
    return " ".join(str(text or "").split())[:200]


def _retry_after(headers: dict[str, str]) -> timedelta | None:
    from llm_orchestration.providers._faults import retry_after

    return retry_after(headers)
