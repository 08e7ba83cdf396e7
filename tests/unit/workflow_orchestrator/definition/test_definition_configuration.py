"""The platform's configuration."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from definition_sample import CONFIGURATION

from workflow_orchestrator.definition import configuration
from workflow_orchestrator.definition.configuration import Configuration, load_configuration
from workflow_orchestrator.errors import ConfigurationError


def load(tmp_path: Path, text: str = CONFIGURATION, **environ: str) -> Configuration:
    path = tmp_path / "include" / "orchestrator.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return load_configuration(path, environ)


def test_the_file_becomes_typed_settings(tmp_path: Path) -> None:
    """Durations are durations, groups are groups of names."""
    configuration = load(tmp_path)
    assert configuration.execution.max_retries == 3
    assert configuration.execution.timeout == timedelta(minutes=5)
    assert configuration.execution.max_retry_delay == timedelta(minutes=10)
    assert configuration.profile == "production"
    assert configuration.storage == ".state/storage"
    assert configuration.groups == {"stewards": ("ada", "grace"), "officers": ()}


def test_the_environment_overrides_profile_and_storage(tmp_path: Path) -> None:
    """A set variable wins; an empty one counts as not set."""
    configuration = load(tmp_path, GENAI_PLATFORM_PROFILE="demo", GENAI_PLATFORM_STORAGE="s3://bucket/x")
    assert (configuration.profile, configuration.storage) == ("demo", "s3://bucket/x")
    configuration = load(tmp_path, GENAI_PLATFORM_PROFILE="", GENAI_PLATFORM_STORAGE="  ")
    assert (configuration.profile, configuration.storage) == ("production", ".state/storage")


def test_four_eyes_hold_in_production_unless_the_file_says_always(tmp_path: Path) -> None:
    """Left out, it is the production profile; any other word is refused."""
    assert load(tmp_path).four_eyes == "production"
    assert load(tmp_path, CONFIGURATION + "four_eyes: always\n").four_eyes == "always"
    with pytest.raises(ConfigurationError, match="'never' is not allowed"):
        load(tmp_path, CONFIGURATION + "four_eyes: never\n")


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    """The file and the environment are judged in one pass."""
    text = (
        CONFIGURATION.replace("max_retries: 3", "max_retries: 0")
        .replace("exponential", "expo")
        .replace("profile", "profil")
    )
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text, GENAI_PLATFORM_PROFILE="prodution")
    assert caught.value.message.splitlines() == [
        "include/orchestrator.yaml has 4 problems:",
        "  include/orchestrator.yaml:1:1 WF013 GENAI_PLATFORM_PROFILE: the environment sets it to 'prodution', "
        "which is not "
        "a profile; did you mean 'production'?",
        "  include/orchestrator.yaml:1:14 WF013 max_retries: 0 is not between 1 and 20",
        "  include/orchestrator.yaml:3:16 WF013 retry_backoff: 'expo' is not allowed; did you mean 'exponential'?",
        "  include/orchestrator.yaml:7:1 WF010 profil: the key 'profil' is unknown; did you mean 'profile'?",
    ]


def test_delays_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    """The longest wait is not shorter than the first."""
    with pytest.raises(ConfigurationError, match="WF024 max_retry_delay must not be shorter than retry_delay"):
        load(tmp_path, CONFIGURATION.replace("max_retry_delay_seconds: 600", "max_retry_delay_seconds: 5"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The error says which file is missing."""
    with pytest.raises(ConfigurationError, match=r"include/orchestrator.yaml:1:1 WF001 there is no such file"):
        load_configuration(tmp_path / "include" / "orchestrator.yaml", {})


def test_the_shipped_configuration_loads(root: Path) -> None:
    """The project's own configuration has no problem, and its profile asks for a person."""
    configuration = load_configuration(root / "include" / "orchestrator.yaml", {})
    assert configuration.profile == "production"
    assert {"data-stewards", "compliance"} <= set(configuration.groups)


def test_a_file_is_read_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same object while nothing has changed; another after a change, and while a change is too fresh to be told apart."""
    file = tmp_path / "include" / "orchestrator.yaml"
    file.parent.mkdir()
    file.write_text((Path(__file__).resolve().parents[4] / "include" / "orchestrator.yaml").read_text())
    assert load_configuration(file, {}) is not load_configuration(file, {})
    monkeypatch.setattr(configuration, "_YOUNG", -1.0)
    first = load_configuration(file, {})
    assert load_configuration(file, {}) is first
    assert load_configuration(file, {"GENAI_PLATFORM_PROFILE": "demo"}).profile == "demo"
    file.write_text(file.read_text().replace("max_retries: 3", "max_retries: 4"))
    assert load_configuration(file, {}).execution.max_retries == 4
