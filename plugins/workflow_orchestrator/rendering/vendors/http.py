"""One HTTP request to a vendor, and the one error that says what went wrong. Retries belong to Airflow.

    2xx with what was asked for           the answer
    429, 408, 409, 5xx, no answer         VendorOutageError, with the vendor's Retry-After
    half a body, HTML instead of JSON     VendorOutageError: the next try may get the whole
    any other status                      VendorError: key, plan, avatar, request

No message holds a key or what was asked: a vendor's own words are cut to 200 characters, and the key is taken out of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from workflow_orchestrator.errors import ConfigurationError, VendorError, VendorOutageError

MAX_JSON = 4 * 1024 * 1024
MAX_SOUND = 64 * 1024 * 1024
MAX_CLIP = 1024 * 1024 * 1024
CONNECT_SECONDS = 10.0
_MEDIA = ("application/octet-stream", "binary/octet-stream")
_REASONS = {
    401: "the key was not accepted; check the password of the connection",
    402: "the account has no credit left",
    403: "the key may not do this; check the account's plan and rights",
    404: "there is no such thing; check the ids and the address",
}


@dataclass(frozen=True)
class Vendor:
    """A vendor's API.

    Args:
        name: for messages.
        base_url: address without a final slash.
        headers: sent with each request to the API, never with a download; they hold the key.
        secrets: what must not appear in a message.
        timeout: for each answer.
    """

    name: str
    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    timeout: timedelta = timedelta(seconds=60)

    def __post_init__(self) -> None:
        from llm_orchestration.errors import ConfigurationError as Refused
        from llm_orchestration.providers.addresses import check_address

        try:
            check_address(self.base_url)
        except Refused as error:
            raise ConfigurationError(f"{self.name}: {error.message}") from error

    def json(self, method: str, path: str, *, doing: str, **request: Any) -> dict[str, Any]:
        """Sends one request and reads a JSON object.

        Args:
            method: GET or POST.
            path: below the base URL, or a whole address.
            doing: the purpose, for messages: "start the video".
            request: `json`, `content`, `files`, `headers`, `params` as the HTTP client takes them.

        Raises:
            VendorError: see the head of this module.
        """
        with self._answer(method, path, doing, self.headers, request) as response:
            data = _body(response, MAX_JSON, self.name, doing)
            kind = response.headers.get("content-type", "")
        try:
            answer = json.loads(data)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise VendorOutageError(
                f"{self.name} answered with {kind or 'no content type'} instead of JSON when asked to {doing}",
                vendor=self.name,
            )
        return answer

    def sound(self, path: str, *, doing: str, **request: Any) -> bytes:
        """Posts one request and reads audio.

        Raises:
            VendorError: see the head of this module.
        """
        with self._answer("POST", path, doing, self.headers, request) as response:
            self._expect(response, "audio/", doing)
            return _body(response, MAX_SOUND, self.name, doing)

    def download(self, url: str, out: Path, *, doing: str) -> Path:
        """Copies a video from an address that the vendor gave; the file appears under its name only when it is whole.

        Raises:
            VendorOutageError: the address has expired, or the file broke off: the next try asks for a new address.
            VendorError: see the head of this module.
        """
        if self.base_url.startswith("https:") and not url.startswith("https:"):
            raise VendorError(f"{self.name} gave an address without https for the clip", vendor=self.name)
        part = out.with_name(f".{out.name}.part")
        try:
            with self._answer("GET", url, doing, {}, {}) as response, part.open("wb") as file:
                self._expect(response, "video/", doing)
                for piece in _pieces(response, MAX_CLIP, self.name, doing):
                    file.write(piece)
            part.replace(out)
        except VendorOutageError:
            raise
        except VendorError as error:
            if error.details.get("status") in (400, 401, 403, 404, 410):
                raise VendorOutageError(
                    f"the address of the clip has expired ({self.name} answers {error.details['status']}); the next try asks for a "
                    "new one",
                    vendor=self.name,
                ) from error
            raise
        finally:
            part.unlink(missing_ok=True)
        return out

    @contextmanager
    def _answer(
        self, method: str, path: str, doing: str, headers: Mapping[str, str], request: Mapping[str, Any]
    ) -> Iterator[Any]:
        import httpx2

        from llm_orchestration.providers._clients import trust

        given = {**request, "headers": {**headers, **request.get("headers", {})}}
        url = path if "://" in path else f"{self.base_url}{path}"
        seconds = self.timeout.total_seconds()
        timeout = httpx2.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))
        try:
            with (
                httpx2.Client(verify=trust(True), timeout=timeout, follow_redirects=not headers) as client,
                client.stream(method, url, **given) as response,
            ):
                if response.status_code >= 300:
                    raise self._refusal(response, doing)
                yield response
        except (httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
            raise VendorError(
                f"{self.name} gave an address that cannot be used to {doing}", vendor=self.name
            ) from error
        except httpx2.HTTPError as error:
            told = "the connection broke off" if isinstance(error, httpx2.RemoteProtocolError) else type(error).__name__
            raise VendorOutageError(f"{self.name} could not {doing}: {told}", vendor=self.name) from error

    def _refusal(self, response: Any, doing: str) -> VendorError:
        from llm_orchestration.providers._faults import retry_after

        status = response.status_code
        headers = {name.lower(): value for name, value in response.headers.items()}
        told: dict[str, Any] = {"vendor": self.name, "status": status}
        if request_id := headers.get("x-request-id"):
            told["request_id"] = request_id[:128]
        words = self._words(response)
        if status in (408, 409, 425, 429) or status >= 500:
            message = f"{self.name} could not {doing}: it answers {status}{words}"
            return VendorOutageError(message, retry_after=retry_after(headers), **told)
        reason = (
            "it redirects elsewhere; put the final address into the connection"
            if status < 400
            else _REASONS.get(status, "it refuses")
        )
        return VendorError(f"{self.name} could not {doing}: {reason} (status {status}){words}", **told)

    def _words(self, response: Any) -> str:
        """What the vendor says about a failure, where it is JSON."""
        import httpx2

        try:
            data = json.loads(_body(response, MAX_JSON, self.name, "explain"))
        except (ValueError, VendorError, httpx2.HTTPError):
            return ""
        found = _said(data)
        for secret in self.secrets:
            found = found.replace(secret, "***")
        return f": {found}" if found else ""

    def _expect(self, response: Any, kind: str, doing: str) -> None:
        found = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if found and not found.startswith(kind) and found not in _MEDIA:
            raise VendorOutageError(f"{self.name} sent {found} and no {kind}… when asked to {doing}", vendor=self.name)


def _said(data: Any) -> str:
    """The text of an error in the shapes that vendors use: {"error": {"message"}}, {"message"}, {"detail"}, {"context"}."""
    if not isinstance(data, dict):
        return ""
    inner = data.get("error")
    places = [inner] if isinstance(inner, dict) else []
    for place in (*places, data):
        for key in ("message", "detail", "context", "error"):
            if isinstance(place.get(key), str):
                return " ".join(place[key].split())[:200]
    return ""


def _body(response: Any, most: int, vendor: str, doing: str) -> bytes:
    return b"".join(_pieces(response, most, vendor, doing))


def _pieces(response: Any, most: int, vendor: str, doing: str) -> Iterator[bytes]:
    size = 0
    for piece in response.iter_bytes():
        size += len(piece)
        if size > most:
            raise VendorError(f"{vendor} sent more than {most:,} bytes when asked to {doing}", vendor=vendor)
        yield piece
    if not size:
        raise VendorOutageError(f"{vendor} sent nothing when asked to {doing}", vendor=vendor)
