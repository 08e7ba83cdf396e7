"""Bedrock's own API, Converse: signed here, sent over the shared HTTP client, one attempt per call.

Not through boto3: it holds a thread per call that is waited for, and a thread cannot be cancelled when the deadline is
over. botocore signs (SigV4), the request and the answer are a few JSON shapes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from llm_orchestration.model import Answer
from llm_orchestration.providers import _clients, _converse, _faults, aws
from llm_orchestration.providers._answers import Reading
from llm_orchestration.providers.base import Call

if TYPE_CHECKING:
    import httpx2

_HEADERS = {"content-type": "application/json"}


class BedrockConverseProvider:
    """Asks the models of one AWS region.

    Args:
        identity: Who signs, and where.
    """

    name = "bedrock_converse"

    def __init__(self, identity: aws.AwsIdentity) -> None:
        self._identity = identity

    @property
    def identity(self) -> Mapping[str, str]:
        """Address and region; who signs does not change an answer."""
        return {"provider": self.name, **self._identity.told}

    @property
    def host(self) -> str:
        """Host name; empty where only the AWS connection knows the region."""
        return self._identity.host

    async def ask(self, call: Call) -> Answer:
        """Sends one request.

        Raises:
            LLMError: The class says what happened and whether a retry helps.
        """
        return await self._send(call, _converse.parameters(call))

    async def probe(self, model: str, timeout: timedelta) -> str:
        """Sends a signed request that Converse must refuse before it reaches a model, so it costs nothing.

        Raises:
            LLMError: The address, the credentials or the model cannot be used.
        """
        call = Call(messages=(), model=model or "-", timeout=timeout)
        # Zero tokens are below the least that the API allows.
        return await aws.proven(self._send(call, {"messages": [], "inferenceConfig": {"maxTokens": 0}}), self.host or 'Bedrock', model)

    async def _send(self, call: Call, body: Mapping[str, Any]) -> Answer:
        deadline = _clients.Deadline(call.timeout)
        session = await aws.open_session(self._identity, call, self.name)
        await _clients.turn()
        content = json.dumps(body, ensure_ascii=False).encode()
        url = f"{session.endpoint_url}/model/{quote(call.model, safe='')}/converse"
        headers = signed(session, url, content)
        key = ("bedrock", session.verify, session.proxy)
        try:
            with _clients.client_for(key, lambda: _new_client(session)) as client:
                async with deadline.scope():
                    response = await client.post(
                        url, content=content, headers=headers, timeout=_clients.request_timeout(deadline.left)
                    )
        except Exception as error:  # noqa: BLE001 - whatever the client raises becomes one class of our tree
            failure = _faults.from_transport(call, self.name, error)
        else:
            return self._read(call, session, response)
        raise failure

    def _read(self, call: Call, session: aws.AwsSession, response: httpx2.Response) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        if response.status_code >= 300:
            failure = _faults.from_response(
                call,
                self.name,
                status=response.status_code,
                error=_error(response.content),
                headers=headers,
                secrets=session.secrets,
            )
            raise aws.judged(failure, session)
        return _converse.read(
            Reading(
                call,
                self.name,
                status=response.status_code,
                headers=headers,
                content=response.content,
                secrets=session.secrets,
            )
        )


def signed(session: aws.AwsSession, url: str, content: bytes) -> dict[str, str]:
    """Headers of a request that AWS accepts: Signature Version 4 for the service `bedrock`."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    request = AWSRequest(method="POST", url=url, data=content, headers=_HEADERS)
    SigV4Auth(session.current(), "bedrock", session.region).add_auth(request)
    return dict(request.headers.items())


def _error(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _new_client(session: aws.AwsSession) -> httpx2.AsyncClient:
    import httpx2

    return httpx2.AsyncClient(**_clients.client_options(session.verify, session.proxy))
