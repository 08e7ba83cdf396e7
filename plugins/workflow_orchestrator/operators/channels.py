"""Messages to the channels of `include/orchestrator.yaml`, through Airflow's notifiers."""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from workflow_orchestrator.definition.configuration import Channel, load_configuration
from workflow_orchestrator.errors import ConfigurationError, NotificationError
from workflow_orchestrator.steps.notify import fill

_log = logging.getLogger(__name__)

class Platform(Protocol):
    """Whatever knows the platform's folder, in which the channels are written: a workflow does."""

    @property
    def platform_include(self) -> Path: ...


SENT = "sent"
LOGGED = "logged"


def send_message(platform: Platform, name: str, subject: str, text: str, context: Any) -> str:
    """Sends a message to a channel and says how: `sent`, or `logged` where the channel has no notifier.

    The notifier's arguments may name `{{ subject }}` and `{{ text }}`. What the message says is never a template.

    Raises:
        ConfigurationError: there is no such channel, or its notifier cannot be made.
        NotificationError: the notifier failed; a retry can help.
    """
    channel = _channel(platform, name)
    if channel.notifier is None:
        _log.info("channel.logged channel=%s subject=%r text=%r", name, subject, text)
        return LOGGED
    notifier = _notifier(name, channel.notifier, _filled(name, channel.arguments, {"subject": subject, "text": text}))
    try:
        notifier.notify(context)
    except Exception as error:
        raise NotificationError(
            f"channel {name!r} did not take the message {subject!r}: {type(error).__name__}: {error}", channel=name
        ) from error
    return SENT


def _channel(platform: Platform, name: str) -> Channel:
    channels = load_configuration(platform.platform_include / "orchestrator.yaml", os.environ).channels
    if name not in channels:
        raise ConfigurationError(
            f"channel {name!r} is not in include/orchestrator.yaml (channels: {', '.join(sorted(channels)) or 'none'})"
        )
    return channels[name]


def _notifier(channel: str, path: str, arguments: Mapping[str, Any]) -> Any:
    module, _, cls = path.rpartition(".")
    try:
        kind = getattr(importlib.import_module(module), cls)
        notifier = kind(**arguments)
    except Exception as error:
        raise ConfigurationError(
            f"channel {channel!r}: the notifier {path} cannot be made: {type(error).__name__}: {error}"
        ) from error
    if not callable(getattr(notifier, "notify", None)):
        raise ConfigurationError(f"channel {channel!r}: {path} has no method 'notify', so it is no notifier")
    return notifier


def _filled(channel: str, value: Any, variables: Mapping[str, Any]) -> Any:
    """The arguments with their templates filled in, at any depth."""
    if isinstance(value, str):
        return fill(value, variables, f"channels.{channel}")
    if isinstance(value, Mapping):
        return {key: _filled(channel, item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(channel, item, variables) for item in value]
    return value
