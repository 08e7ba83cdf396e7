"""The doctor says what is true of an installation, and what to do about each thing that is not as it should be."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from workflow_orchestrator.authoring.cli import main
from workflow_orchestrator.definition.configuration import Alerts, Channel, Configuration, Metrics, load_configuration
from workflow_orchestrator.doctor import Facts, Finding, State, examine, gather

pytestmark = pytest.mark.airflow


@pytest.fixture
def sound(root: Path) -> Facts:
    """An installation with nothing to say about."""
    shipped = load_configuration(root / "include" / "orchestrator.yaml", {})
    configuration = replace(
        shipped, groups={"compliance": ("kim",)}, channels={"operations": Channel("a.B")}, metrics=Metrics("p", cloudwatch="aws"),
        alerts=Alerts("operations"),
    )  # fmt: skip
    return Facts(
        python=(3, 12),
        distributions={"apache-airflow-core": "3.3.2", "celery": "5.6.3"},
        missing=(),
        settings={
            "core.executor": "CeleryExecutor", "core.auth_manager": "airflow.providers.fab.FabAuthManager", "database.kind": "postgresql",
            "operators.default_deferrable": "True", "metrics.otel_on": "True", "llm_orchestration.state_url.kind": "redis",
        },
        secrets={"core.fernet_key": "own", "api_auth.jwt_secret": "own", "api.secret_key": "own", "database.password": "own"},
        configuration=configuration,
        configuration_error="",
        storage="s3://bucket/prefix",
        storage_error="",
        definitions={"fund_factsheet_video": ""},
        programs={"ffmpeg": "/usr/bin/ffmpeg", "tesseract": "/usr/bin/tesseract"},
        voices=("espeak",),
        connections={"llm_default": True},
    )  # fmt: skip


def settings(facts: Facts, **changes: str) -> Facts:
    return replace(facts, settings={**facts.settings, **{name.replace("__", "."): value for name, value in changes.items()}})


def configured(facts: Facts, **changes: Any) -> Facts:
    assert isinstance(facts.configuration, Configuration)
    return replace(facts, configuration=replace(facts.configuration, **changes))


def told(facts: Facts) -> dict[str, Finding]:
    return {one.area: one for one in examine(facts) if one.state is not State.GOOD}


def test_nothing_is_said_of_a_sound_installation(sound: Facts) -> None:
    """Every line is good, and there is one for each area."""
    assert told(sound) == {}
    assert len(examine(sound)) > 12


@pytest.mark.parametrize(
    ("change", "area", "state"),
    [
        (lambda f: replace(f, python=(3, 14)), "python", "wrong"),
        (lambda f: replace(f, distributions={}), "airflow", "wrong"),
        (lambda f: replace(f, missing=("pypdf>=7 (here: none)",)), "packages", "wrong"),
        (lambda f: replace(f, celery_error="ImportError: retry"), "celery", "wrong"),
        (lambda f: replace(f, configuration=None, configuration_error="line 3"), "orchestrator.yaml", "wrong"),
        (lambda f: settings(f, database__kind="sqlite"), "database", "wrong"),
        (lambda f: settings(f, core__simple_auth_manager_all_admins="True"), "login", "wrong"),
        (lambda f: settings(f, core__auth_manager="a.SimpleAuthManager"), "login", "careful"),
        (lambda f: settings(f, api__expose_config="True"), "api.expose_config", "wrong"),
        (lambda f: settings(f, core__load_examples="True"), "examples", "careful"),
        (lambda f: settings(f, operators__default_deferrable="False"), "deferral", "careful"),
        (lambda f: settings(f, llm_orchestration__state_url__kind="file"), "limits", "careful"),
        (lambda f: replace(f, secrets={**f.secrets, "core.fernet_key": "unset"}), "core.fernet_key", "wrong"),
        (lambda f: replace(f, secrets={**f.secrets, "database.password": "known"}), "database.password", "wrong"),
        (lambda f: replace(f, storage_error="AccessDenied"), "storage", "wrong"),
        (lambda f: replace(f, storage="file:///tmp"), "storage", "careful"),
        (lambda f: replace(f, definitions={"a": "3 problems"}), "workflow a", "wrong"),
        (lambda f: replace(f, definitions={}), "workflows", "careful"),
        (lambda f: replace(f, connections={"llm_default": False}), "models", "careful"),
        (lambda f: replace(f, programs={"ffmpeg": None, "tesseract": "/t"}), "ffmpeg", "wrong"),
        (lambda f: replace(f, programs={"ffmpeg": "/f", "tesseract": None}), "ocr", "careful"),
        (lambda f: configured(replace(f, programs={"ffmpeg": "/f", "tesseract": None}), ocr="require"), "ocr", "wrong"),
        (lambda f: replace(f, voices=()), "voices", "wrong"),
        (lambda f: configured(f, profile="demo"), "profile", "careful"),
        (lambda f: configured(f, groups={"compliance": ()}), "groups", "careful"),
        (lambda f: configured(f, channels={"operations": Channel()}), "channels", "careful"),
        (lambda f: configured(f, alerts=None), "alerts", "careful"),
        (lambda f: configured(settings(f, metrics__otel_on="False"), metrics=Metrics("p")), "metrics", "careful"),
    ],
)
def test_each_fault_is_told_alone_with_what_to_do(sound: Facts, change: Any, area: str, state: str) -> None:
    """One thing wrong is one finding."""
    found = told(change(sound))
    assert found[area].state == state and found[area].do
    assert set(found) <= {area, "profile", "login", "limits"}


def test_what_is_wrong_comes_first(sound: Facts) -> None:
    """A person reads from the top."""
    states = [one.state for one in examine(settings(configured(sound, alerts=None), database__kind="sqlite"))]
    assert states[0] is State.WRONG and states == sorted(states, key=["wrong", "careful", "good"].index)


def test_a_demonstration_is_not_measured_as_production(sound: Facts) -> None:
    """SQLite and no login are what a demonstration is."""
    facts = settings(configured(sound, profile="demo"), database__kind="sqlite", core__simple_auth_manager_all_admins="True")
    assert set(told(facts)) == {"profile"}


@pytest.fixture
def project(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project."""
    shutil.copytree(root / "dags" / "fund_factsheet_video", tmp_path / "dags" / "fund_factsheet_video")
    shutil.copytree(root / "include", tmp_path / "include", ignore=shutil.ignore_patterns("samples"))
    shutil.copy(root / "requirements.txt", tmp_path)
    monkeypatch.setenv("GENAI_PLATFORM_STORAGE", str(tmp_path / "storage"))
    return tmp_path


def test_what_is_gathered_is_true(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of this very environment, of a broken definition, of a storage that cannot be written, of a missing package."""
    facts = gather(project)
    assert facts.missing == () and facts.definitions == {"fund_factsheet_video": ""} and facts.programs["ffmpeg"]
    assert facts.storage_error == "" and not list((project / "storage").rglob("*.txt"))
    (project / "requirements.txt").write_text("pypdf>=99\nno-such-thing==1\n")
    workflow = project / "dags" / "fund_factsheet_video" / "workflow.yaml"
    workflow.write_text(workflow.read_text().replace("format: 1", "format: 9"))
    (project / "file").write_text("")
    monkeypatch.setenv("GENAI_PLATFORM_STORAGE", str(project / "file" / "below"))
    facts = gather(project)
    assert [item.partition(" ")[0] for item in facts.missing] == ["pypdf>=99", "no-such-thing==1"]
    assert facts.definitions["fund_factsheet_video"] and "cannot be written" in facts.storage_error


def test_no_secret_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in what is gathered nor in what is printed."""
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "s3cr3t-of-the-test")
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql+psycopg2://u:pass-of-the-test@db/airflow")
    out = io.StringIO()
    assert main(["doctor", "--json", "--project", str(project)], out=out, err=io.StringIO(), stdin=io.StringIO()) in (0, 1)
    told = out.getvalue() + str(gather(project))
    assert "of-the-test" not in told
    assert {one["area"]: one["state"] for one in json.loads(out.getvalue())["findings"]}["api_auth.jwt_secret"] == "good"


def test_a_finding_says_what_to_do_or_is_good() -> None:
    """One that only complains helps nobody."""
    with pytest.raises(ValueError, match="nothing"):
        Finding("a", State.WRONG, "broken")
