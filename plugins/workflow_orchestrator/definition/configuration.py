"""The platform's own configuration, `include/orchestrator.yaml`; the environment may override two of its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, cast, get_args

from workflow_orchestrator.definition.language import CONFIGURATION, EXECUTION
from workflow_orchestrator.definition.model import Execution
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.source import Source, read_source
from workflow_orchestrator.errors import ConfigurationError

Profile = Literal["production", "demo"]

PROFILE_VARIABLE = "GENAI_PLATFORM_PROFILE"
STORAGE_VARIABLE = "GENAI_PLATFORM_STORAGE"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What holds for every workflow: execution, who may release, where artifacts lie, and the groups that may be asked.

    `storage` is as written: a folder (a relative one starts at the project's folder) or a URI.
    """

    execution: Execution
    profile: Profile
    storage: str
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def load_configuration(path: Path, environ: Mapping[str, str]) -> Configuration:
    """Reads `orchestrator.yaml`; `GENAI_PLATFORM_PROFILE` and `GENAI_PLATFORM_STORAGE` override its settings.

    An empty variable counts as not set, because Compose files pass unset variables as empty ones.

    Raises:
        ConfigurationError: the file or a variable is wrong; every problem is listed.
    """
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
    if len(report):
        return None
    execution = build_execution(source.data, source, (), report)
    if execution is None:
        return None
    return Configuration(
        execution=execution,
        profile=cast("Profile", profile or source.data["profile"]),
        storage=environ.get(STORAGE_VARIABLE, "").strip() or source.data["storage"],
        groups={name: tuple(users) for name, users in source.data.get("groups", {}).items()},
    )


def execution_data(execution: Execution) -> dict[str, Any]:
    """An execution in the words of the file, so that a layer above can override single keys."""
    return {
        "max_retries": execution.max_retries,
        "timeout_seconds": _seconds(execution.timeout),
        "retry_backoff": execution.retry_backoff,
        "retry_delay_seconds": _seconds(execution.retry_delay),
        "max_retry_delay_seconds": _seconds(execution.max_retry_delay),
        "default_error_handler": execution.default_error_handler,
    }


def build_execution(
    data: Mapping[str, Any],
    source: Source,
    at: tuple[str | int, ...],
    report: Report,
) -> Execution | None:
    """The execution that complete, well-typed data means; a contradiction is reported at `at`."""
    values = {key: data[key] for key in EXECUTION}
    try:
        return Execution(
            max_retries=int(values["max_retries"]),
            timeout=timedelta(seconds=values["timeout_seconds"]),
            retry_backoff=values["retry_backoff"],
            retry_delay=timedelta(seconds=values["retry_delay_seconds"]),
            max_retry_delay=timedelta(seconds=values["max_retry_delay_seconds"]),
            default_error_handler=values["default_error_handler"],
        )
    except ValueError as error:
        report.add("WF024", source, at, str(error))
        return None


def _seconds(time: timedelta) -> int:
    return int(time.total_seconds())
