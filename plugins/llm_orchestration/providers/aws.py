"""Who signs a request to AWS, and where it goes: identity, region and address as Airflow's Amazon provider reads them.

An AWS connection is opened once per process and kept: opening one that assumes a role asks STS, and asking STS before
every request would cost more than many answers. Whatever may block (Airflow's API server, STS, the instance's metadata)
runs in a thread, once for all calls that wait for it. The connection itself is read again every minute, so that a
rotated key is seen.

Two ways in which an identity could change without anybody noticing are closed: an AWS connection that is named must
exist (Airflow's hook would go on as the machine itself), and `AWS_BEARER_TOKEN_BEDROCK` is never looked at.
"""

from __future__ import annotations

import asyncio
import copy
import functools
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from llm_orchestration import errors
from llm_orchestration.model import Answer
from llm_orchestration.providers import _clients, _faults
from llm_orchestration.providers.base import Call, facts

RUNTIME = "bedrock-runtime"
MANTLE = "bedrock-mantle"

_KEPT = timedelta(seconds=60)
# A session that AWS calls expired within this time of being fetched will not be cured by fetching another.
_FRESH = timedelta(seconds=60)


@dataclass(frozen=True)
class AwsIdentity:
    """Who signs, and where.

    Args:
        aws_conn_id: Airflow connection of type `aws`; `None` is the machine's own identity, found as boto3 finds it.
        region: AWS region; `None` takes the AWS connection's.
        service: `bedrock-runtime` or `bedrock-mantle`.
        endpoint_url: Another address, for example of a VPC endpoint; `None` takes the AWS connection's, then AWS's.
    """

    aws_conn_id: str | None = None
    region: str | None = None
    service: str = RUNTIME
    endpoint_url: str | None = None

    @property
    def host(self) -> str:
        """Host name, as far as it is known before the AWS connection is read; otherwise empty."""
        if self.endpoint_url is not None:
            return urlsplit(self.endpoint_url).hostname or ""
        if self.region is None:
            return ""
        if self.service == MANTLE:
            return f"{MANTLE}.{self.region}.api.aws"
        return f"{RUNTIME}.{self.region}.amazonaws.com{'.cn' if self.region.startswith('cn-') else ''}"

    @property
    def told(self) -> dict[str, str]:
        """What tells this address from another; where the region is not stated, the AWS connection stands for it."""
        place = {"base_url": f"https://{self.host}"} if self.host else {"aws_conn_id": self.aws_conn_id or ""}
        if self.endpoint_url is not None:
            place["base_url"] = self.endpoint_url
        return place if self.region is None else {**place, "region": self.region}


@dataclass(eq=False)
class AwsSession:
    """An opened AWS connection.

    Args:
        identity: What it was opened for.
        region: Region that requests are signed for.
        endpoint_url: Address without a path; `None` where only the vendor's SDK knows it.
        verify: How certificates are checked, as botocore takes it.
        proxy: Proxy that the AWS connection names.
        connection: The Airflow connection as a URI, to see a change; holds secrets.
        clock: Monotonic seconds.
    """

    identity: AwsIdentity
    region: str
    endpoint_url: str | None
    verify: bool | str
    proxy: str | None
    connection: str | None = field(repr=False)
    _credentials: Any = field(repr=False)
    _frozen: Any = field(default=None, repr=False)
    _fetched: float = 0.0
    _read: float = 0.0
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.seen_again()

    @property
    def old(self) -> bool:
        """Whether the Airflow connection should be read again."""
        return self.clock() - self._read > _KEPT.total_seconds()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not appear in a message."""
        return () if self._frozen is None else tuple(filter(None, (self._frozen.secret_key, self._frozen.token)))

    def seen_again(self) -> None:
        """Notes that the Airflow connection is still the same."""
        self._read = self.clock()

    async def credentials(self) -> Any:
        """Access key, secret key and token that belong together; fetches new ones when they run out."""
        needs = getattr(self._credentials, "refresh_needed", None)
        if self._frozen is not None and (needs is None or not needs()):
            return self.current()
        return await _clients.in_thread_once(("aws credentials", id(self)), self.current)

    def current(self) -> Any:
        """The same for a thread: it may block."""
        frozen = self._credentials.get_frozen_credentials()
        if frozen != self._frozen:
            self._frozen, self._fetched = frozen, self.clock()
            _mask(frozen)
        return frozen

    def refused(self, *, expired: bool) -> bool:
        """Forgets credentials that AWS did not accept.

        Returns:
            Whether fetching new ones can help: they come from a role, and are older than a minute. So an expired
            session is worth one retry and no second one, in whatever process it runs.
        """
        if _sessions.get(self.identity) is self:
            del _sessions[self.identity]
        renewable = hasattr(self._credentials, "refresh_needed")
        return expired and renewable and self.clock() - self._fetched > _FRESH.total_seconds()


_sessions: dict[AwsIdentity, AwsSession] = {}
# A lock inside botocore's credentials may be held at the fork.
os.register_at_fork(after_in_child=_sessions.clear)


async def open_session(identity: AwsIdentity, call: Call, provider: str) -> AwsSession:
    """The opened connection of an identity, with credentials that are good for a request now.

    Args:
        identity: Who and where.
        call: For the deadline and for messages.
        provider: Kind of provider, for errors.

    Raises:
        LLMError: Nothing was sent to the model; the class says whether a retry helps.
    """
    failure: BaseException
    try:
        async with asyncio.timeout(call.timeout.total_seconds()):
            session = _sessions.get(identity)
            if session is None or session.old:
                session = await _clients.in_thread_once(("aws", identity), functools.partial(_open, identity))
            await session.credentials()
            return session
    except Exception as error:  # noqa: BLE001 - botocore has a hundred; each becomes one class of our tree
        failure = error
    raise _told(failure, identity, call, provider)


def judged(failure: errors.LLMError, session: AwsSession | None) -> errors.LLMError:
    """An AWS failure, after forgetting refused credentials: an expired session of a role is worth one retry."""
    if session is None or not isinstance(failure, errors.AuthenticationError):
        return failure
    expired = "expired" in (failure.code or "").lower()
    if not session.refused(expired=expired):
        return failure
    return errors.ServerError(
        "the AWS session had expired; the next try fetches a new one",
        **facts(
            str(failure.provider), str(failure.model), status=failure.status, code=failure.code,
            request_id=failure.request_id,
        ),
    )  # fmt: skip


def _open(identity: AwsIdentity) -> AwsSession:
    known = _sessions.get(identity)
    connection = None
    if identity.aws_conn_id is not None:
        try:
            connection = _connection(identity.aws_conn_id)
        except errors.ConnectionLookupError:
            if known is None:
                raise
            # What is known was good a minute ago; an outage of Airflow is no reason to stop calling a model.
            known.seen_again()
            return known
    uri = None if connection is None else connection.get_uri()
    if known is not None and known.connection == uri:
        known.seen_again()
        return known
    session = _new_session(identity, connection, uri)
    _sessions[identity] = session
    return session


def _connection(aws_conn_id: str) -> Any:
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    from llm_orchestration._lookup import confirm_absent

    try:
        return BaseHook.get_connection(aws_conn_id)
    except AirflowNotFoundException:
        pass
    confirm_absent(aws_conn_id)
    raise errors.ConnectionMissingError(
        f"the AWS connection {aws_conn_id} does not exist; add it (type Amazon Web Services) or correct extra "
        "`aws_conn_id`",
        connection=aws_conn_id,
    )


def _new_session(identity: AwsIdentity, connection: Any, uri: str | None) -> AwsSession:
    if find_spec("airflow.providers.amazon") is None:
        raise errors.ConfigurationError("Bedrock needs the package apache-airflow-providers-amazon; install it")
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
    from airflow.providers.amazon.aws.utils.connection_wrapper import AwsConnectionWrapper

    hook = AwsBaseHook(aws_conn_id=identity.aws_conn_id, client_type=RUNTIME, region_name=identity.region)
    wrapper = AwsConnectionWrapper(conn=connection, region_name=identity.region)
    # Filled beforehand: the hook would look the connection up again, and go on without it when it is gone.
    vars(hook)["conn_config"] = wrapper
    boto = hook.get_session(region_name=identity.region)
    credentials = boto.get_credentials()
    where = f"AWS connection {identity.aws_conn_id}" if identity.aws_conn_id else "machine"
    if credentials is None:
        raise errors.AuthenticationError(f"the {where} has no AWS credentials; name one as extra `aws_conn_id`")
    if not boto.region_name:
        raise errors.ConfigurationError(f"neither extra `region` nor the {where} names an AWS region; set `region`")
    stated = identity.endpoint_url or wrapper.get_service_endpoint_url(identity.service)
    if stated is None and identity.service == RUNTIME:
        # Botocore knows partitions, FIPS, dual stack and the environment's addresses.
        stated = boto.client(RUNTIME, config=hook.config, verify=hook.verify).meta.endpoint_url
    return AwsSession(
        identity=identity,
        region=boto.region_name,
        endpoint_url=None if stated is None else stated.rstrip("/"),
        verify=True if hook.verify is None else hook.verify,
        proxy=(hook.config.proxies or {}).get("https"),
        connection=uri,
        _credentials=credentials,
    )


def _mask(frozen: Any) -> None:
    from airflow.sdk.log import mask_secret

    mask_secret(frozen.secret_key)
    if frozen.token:
        mask_secret(frozen.token)


def _told(exc: BaseException, identity: AwsIdentity, call: Call, provider: str) -> errors.LLMError:
    """The error of credentials that could not be had. Nothing was sent to the model."""
    told = facts(provider, call.model)
    if isinstance(exc, errors.LLMError):
        # A copy: all calls that waited got the same object, and the engine writes into it.
        error = copy.copy(exc)
        error.provider, error.model = provider, call.model
        return error
    if isinstance(exc, TimeoutError):
        seconds = f"{call.timeout.total_seconds():g}"
        return errors.ConnectError(f"no AWS credentials within {seconds} s; nothing was sent to the model", **told)
    from botocore import exceptions as botocore

    whose = f"AWS connection {identity.aws_conn_id}" if identity.aws_conn_id else "machine's AWS identity"
    if isinstance(exc, botocore.ClientError):
        detail = exc.response.get("Error", {})
        status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        error = _faults.from_response(call, provider, status=status, error=_lower(detail), headers={}, secrets=())
        error.args = (f"no credentials for the {whose}: {error.message}"[:500],)
        return error
    if isinstance(exc, botocore.HTTPClientError | botocore.MetadataRetrievalError | botocore.CredentialRetrievalError):
        return errors.ConnectError(
            f"the credentials of the {whose} cannot be fetched ({type(exc).__name__}); nothing was sent", **told
        )
    return errors.ConfigurationError(f"the {whose} cannot be used ({type(exc).__name__}); check its fields", **told)


def _lower(detail: dict[str, Any]) -> dict[str, Any]:
    return {"code": detail.get("Code"), "message": detail.get("Message")}


async def proven(asking: Awaitable[Answer], place: str, model: str) -> str:
    """What a request proves that must be refused before it reaches a model; it costs nothing.

    Args:
        asking: The request.
        place: Who answers, for people.
        model: Model id, empty when none is configured.

    Raises:
        LLMError: The address, the credentials or the model cannot be used.
    """
    refused: errors.LLMError | None = None
    try:
        await asking
    except errors.ModelNotFoundError:
        if model:
            raise
    except errors.LLMError as error:
        refused = error
    if refused is not None and type(refused) is not errors.RequestRejectedError:
        raise refused
    told = f"{place} answers and accepts the credentials."
    more = f"Whether they may use the model {model} shows only a call." if model else "Set a model as extra `model`."
    return f"{told} {more}"
