"""From the address fields of a connection to the base URL of an endpoint, in all the ways people write one."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from llm_orchestration.errors import ConfigurationError

OPENAI_BASE_URL = "https://api.openai.com/v1"

# What an Azure resource may be called below its host: nothing, the dated API, or the current one.
_AZURE_PATHS = ("", "/openai", "/openai/v1")


def check_address(base_url: str) -> None:
    """Refuses an address that cannot be asked or that holds a secret.

    Raises:
        ConfigurationError: It is no http(s) address, or has a user, a password or a query.
    """
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(f"base URL {base_url!r} is not an http(s) address; use for example {OPENAI_BASE_URL}")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError("the base URL holds a user or password; put the key in the connection's password")
    if parts.query or parts.fragment:
        raise ConfigurationError("the base URL has a part after `?` or `#`; leave it out")


def openai_base_url(host: str | None, port: int | None, path: str | None) -> str:
    """Base URL of an endpoint with the OpenAI API.

    Args:
        host: Whole address, or a bare host, which gets a scheme and `/v1`; empty is OpenAI.
        port: Port, where `host` states none.
        path: Path, where `host` states none.
    """
    return _address(host, port, path, "v1") or OPENAI_BASE_URL


def azure_base_url(host: str | None, port: int | None, path: str | None, api_version: str | None) -> str:
    """Base URL of an Azure OpenAI resource.

    Args:
        host: Address of the resource, or of a gateway in front of it.
        port: Port, where `host` states none.
        path: Path, where `host` states none.
        api_version: Dated version of the API; `None` for the current one.

    Raises:
        ConfigurationError: It is missing, is the address of one deployment, or contradicts the version.
    """
    address = _address(host, port, path, "")
    if not address:
        raise ConfigurationError("the base URL is empty; use https://<resource>.openai.azure.com")
    parts = urlsplit(address)
    if "/deployments/" in f"{parts.path}/":
        raise ConfigurationError(
            "the base URL is the address of one deployment; use https://<resource>.openai.azure.com and put the "
            "deployment's name in extra `model`"
        )
    if parts.path == "/openai/v1" and api_version is not None:
        raise ConfigurationError(
            "the base URL ends in /openai/v1, which has no versions; clear extra `azure_api_version`, or the path"
        )
    if parts.path not in _AZURE_PATHS:
        return address
    return f"{parts.scheme}://{parts.netloc}{'/openai/v1' if api_version is None else '/openai'}"


def plain_address(host: str | None, port: int | None, path: str | None) -> str | None:
    """An address without any path of its own, `None` when the fields are empty."""
    return _address(host, port, path, "") or None


def _address(host: str | None, port: int | None, path: str | None, default_path: str) -> str:
    host = (host or "").strip().rstrip("/")
    if not host:
        return ""
    path = (path or "").strip("/")
    if "://" not in host:
        host = f"{'http' if _is_loopback(host) else 'https'}://{host}"
        path = path if path or urlsplit(host).path else default_path
    if port and ":" not in host.split("://", 1)[1].rsplit("]", 1)[-1].split("/", 1)[0]:
        head, slash, tail = host.split("://", 1)[1].partition("/")
        host = f"{host.split('://', 1)[0]}://{head}:{port}{slash}{tail}"
    return f"{host}/{path}" if path and not urlsplit(host).path else host


def _is_loopback(host: str) -> bool:
    name = host.split("/", 1)[0].rsplit(":", 1)[0].strip("[]")
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
