"""The platform's own configuration, `include/orchestrator.yaml`; the environment may override two of its settings."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, cast, get_args

from workflow_orchestrator.definition.language import CONFIGURATION
from workflow_orchestrator.definition.model import Execution
from workflow_orchestrator.definition.policies import build_policies
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.retries import RetryRule
from workflow_orchestrator.definition.source import Source, read_source
from workflow_orchestrator.errors import ConfigurationError

Profile = Literal["production", "demo"]
Ocr = Literal["auto", "off", "require"]
FourEyes = Literal["production", "always"]

PROFILE_VARIABLE = "GENAI_PLATFORM_PROFILE"
STORAGE_VARIABLE = "GENAI_PLATFORM_STORAGE"


@dataclass(frozen=True, slots=True)
class Channel:
    """Where messages go. Without a `notifier` (the dotted path of a class), a message goes to the log, and says so."""

    notifier: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.arguments and self.notifier is None:
            raise ValueError("arguments go to a notifier, and the channel has none")


@dataclass(frozen=True, slots=True)
class Metrics:
    """Where numbers go beside Airflow's own metrics.

    `cloudwatch` is the Airflow connection with which they are delivered there, `embedded_file` a file for CloudWatch's agent; both
    may be empty. `environment` tells installations apart that share a namespace.
    """

    environment: str
    cloudwatch: str = ""
    namespace: str = "LLMOrchestration"
    embedded_file: str = ""


@dataclass(frozen=True, slots=True)
class Alerts:
    """What the watch tells to a channel; a limit that is `None` is not looked at.

    `success_under` is a share from 0 to 1 of the last runs (`history.WINDOW`); `cost_over_usd` is of the runs of one day in UTC.
    """

    channel: str
    success_under: float | None = None
    approval_older_than: timedelta | None = None
    inbox_older_than: timedelta | None = None
    cost_over_usd: Decimal | None = None
    breaker_open: bool = True


@dataclass(frozen=True, slots=True)
class Configuration:
    """What holds for every workflow: execution, who may release, where artifacts lie, groups that may be asked, channels.

    `four_eyes` says where who asked for a video, or edited it, may not release it: in the production profile, or always.
    `ocr` says what happens to pages that are pictures: read where tesseract is installed, never, or an error where it is not.
    `storage` is as written: a folder (a relative one starts at the project's folder) or a URI. `source` is the file as it was
    read, for the places of what it says.
    """

    execution: Execution
    profile: Profile
    storage: str
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    retry_policies: Mapping[str, tuple[RetryRule, ...]] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    ocr: Ocr = "auto"
    four_eyes: FourEyes = "production"
    metrics: Metrics = Metrics("production")
    alerts: Alerts | None = None
    source: Source | None = field(default=None, repr=False, compare=False)


def load_configuration(path: Path, environ: Mapping[str, str]) -> Configuration:
    """Reads `orchestrator.yaml`; `GENAI_PLATFORM_PROFILE` and `GENAI_PLATFORM_STORAGE` override its settings.

    An empty variable counts as not set, because Compose files pass unset variables as empty ones. A step asks several times; a
    process reads a file that has not changed once.

    Raises:
        ConfigurationError: the file or a variable is wrong; every problem is listed.
    """
    key = _state_of(path, environ)
    known = _READ.get(key) if key else None
    if known is None:
        known = _load(path, environ)
        if key and _state_of(path, environ) == key:
            _READ.clear()
            _READ[key] = known
    return known


def expect_configuration(path: Path, environ: Mapping[str, str], known: Configuration) -> None:
    """Gives this process what another one read of the file, which has not changed since; the caller has looked."""
    key = _state_of(path, environ)
    if key:
        _READ.clear()
        _READ[key] = known


_READ: dict[tuple[object, ...], Configuration] = {}
# A second change within the clock of the file system would not be seen.
_YOUNG = 2.0


def _state_of(path: Path, environ: Mapping[str, str]) -> tuple[object, ...] | None:
    """What decides the configuration; `None` where that cannot be told, or was changed a moment ago."""
    try:
        found = path.stat()
    except OSError:
        return None
    if time.time() - found.st_ctime < _YOUNG:
        return None
    settings = (environ.get(PROFILE_VARIABLE), environ.get(STORAGE_VARIABLE))
    return (path, found.st_ino, found.st_size, found.st_ctime_ns, found.st_mtime_ns, *settings)


def _load(path: Path, environ: Mapping[str, str]) -> Configuration:
    report = Report(path.parent.parent)
    source = read_source(path, report)
    result = None if source is None else _build(source, environ, report)
    report.raise_if_any(report.shown(path).as_posix(), ConfigurationError)
    if result is None:
        raise AssertionError("a configuration without problems is built")
    return result


def _build(source: Source, environ: Mapping[str, str], report: Report) -> Configuration | None:
    CONFIGURATION.check(source.data, (), source, report)
    profile = environ.get(PROFILE_VARIABLE, "").strip()
    if profile and profile not in get_args(Profile):
        report.add_at(
            "WF013",
            source.path,
            *source.position(("profile",)),
            PROFILE_VARIABLE,
            f"the environment sets it to {profile!r}, which is not a profile",
            did_you_mean(profile, get_args(Profile)),
        )
    policies = build_policies(source, report)
    _check_channels(source, report)
    _check_alerts(source, report)
    if len(report):
        return None
    execution = build_execution(source.data, policies, source, (), report)
    if execution is None:
        return None
    data = source.data
    return Configuration(
        execution=execution,
        profile=cast("Profile", profile or data["profile"]),
        storage=environ.get(STORAGE_VARIABLE, "").strip() or data["storage"],
        groups={name: tuple(users) for name, users in data.get("groups", {}).items()},
        retry_policies=policies,
        channels={
            name: Channel(item.get("notifier"), item.get("arguments", {}))
            for name, item in data.get("channels", {}).items()
        },
        ocr=cast("Ocr", data.get("documents", {}).get("ocr", "auto")),
        four_eyes=cast("FourEyes", data.get("four_eyes", "production")),
        metrics=Metrics(**{"environment": profile or data["profile"], **data.get("metrics", {})}),
        alerts=_alerts(data.get("alerts")),
        source=source,
    )


def _alerts(data: Mapping[str, Any] | None) -> Alerts | None:
    if data is None:
        return None
    hours = {name: data.get(f"{name}_hours") for name in ("approval_older_than", "inbox_older_than")}
    cost = data.get("cost_over_usd_per_day")
    return Alerts(
        data["channel"],
        success_under=data.get("success_under"),
        cost_over_usd=None if cost is None else Decimal(str(cost)),
        breaker_open=data.get("breaker_open", True),
        **{name: None if limit is None else timedelta(hours=limit) for name, limit in hours.items()},
    )


def _check_alerts(source: Source, report: Report) -> None:
    alerts, channels = source.data.get("alerts"), source.data.get("channels", {})
    channel = alerts.get("channel") if isinstance(alerts, dict) else None
    if isinstance(channel, str) and isinstance(channels, dict) and channel not in channels:
        report.add("WF064", source, ("alerts", "channel"), f"there is no channel {channel!r}", did_you_mean(channel, channels))


def _check_channels(source: Source, report: Report) -> None:
    for at, item in source.walk(("channels",)):
        if isinstance(item, dict) and item.get("arguments") and "notifier" not in item:
            report.add(
                "WF064",
                source,
                at,
                "it has arguments and no notifier that would take them",
                "add notifier: with the dotted path of a class",
            )


def execution_data(execution: Execution) -> dict[str, Any]:
    """An execution in the words of the file, so that a layer above can override single keys."""
    call = execution.call_timeout
    return {
        "max_retries": execution.max_retries,
        "timeout_seconds": _seconds(execution.timeout),
        **({} if call is None else {"call_timeout_seconds": _seconds(call)}),
        "retry_backoff": execution.retry_backoff,
        "retry_delay_seconds": _seconds(execution.retry_delay),
        "max_retry_delay_seconds": _seconds(execution.max_retry_delay),
        "retry_jitter": execution.retry_jitter,
        "retry": execution.retry,
        "default_error_handler": execution.default_error_handler,
    }


def build_execution(
    data: Mapping[str, Any],
    policies: Mapping[str, tuple[RetryRule, ...]],
    source: Source,
    at: tuple[str | int, ...],
    report: Report,
) -> Execution | None:
    """The execution that complete, well-typed data means; a contradiction is reported at `at`."""
    call, policy = data.get("call_timeout_seconds"), data.get("retry", "default")
    if policy not in policies and (policy != "default" or policies):
        report.add(
            "WF060", source, (*at, "retry"), f"there is no retry policy {policy!r}", did_you_mean(policy, policies)
        )
        return None
    try:
        return Execution(
            max_retries=int(data["max_retries"]),
            timeout=timedelta(seconds=data["timeout_seconds"]),
            retry_backoff=data["retry_backoff"],
            retry_delay=timedelta(seconds=data["retry_delay_seconds"]),
            max_retry_delay=timedelta(seconds=data["max_retry_delay_seconds"]),
            default_error_handler=data["default_error_handler"],
            retry_jitter=float(data.get("retry_jitter", 0)),
            call_timeout=None if call is None else timedelta(seconds=call),
            retry=policy,
            rules=policies.get(policy, ()),
        )
    except ValueError as error:
        report.add("WF024", source, at, str(error))
        return None


def _seconds(time: timedelta) -> int:
    return int(time.total_seconds())
