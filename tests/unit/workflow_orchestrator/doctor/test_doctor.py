"""The doctor says what is true of an installation, and what to do about each thing that is not as it should be."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from workflow_orchestrator.authoring.cli import main
from workflow_orchestrator.definition.configuration import Alerts, Channel, Configuration, Metrics, load_configuration
from workflow_orchestrator.doctor import Facts, Finding, Role, State, examine, gather
from workflow_orchestrator.doctor.roles import SECRETS

pytestmark = pytest.mark.airflow

PLUGINS = Path(__file__).resolve().parents[4] / "plugins"


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
        (lambda f: replace(f, secrets={**f.secrets, "core.fernet_key": "file"}), "core.fernet_key", "careful"),
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


def test_nothing_is_said_of_what_there_is_not(sound: Facts) -> None:
    """An image has no requirements.txt to compare with; workflows that come as releases lie in no folder."""
    image = settings(replace(sound, missing=None, definitions={}), dag_processor__dag_bundle_config_list="[… ReleaseBundle …]")
    assert told(image) == {} and not {"packages", "workflows"} & {one.area for one in examine(image)}


def test_what_is_wrong_comes_first(sound: Facts) -> None:
    """A person reads from the top."""
    states = [one.state for one in examine(settings(configured(sound, alerts=None), database__kind="sqlite"))]
    assert states[0] is State.WRONG and states == sorted(states, key=["wrong", "careful", "good"].index)


def wants(facts: Facts, role: Role) -> dict[str, Finding]:
    """What is said of an installation in one of its roles, the good included."""
    return {one.area: one for one in examine(replace(facts, role=role))}


def test_a_worker_has_no_key_and_is_not_told_to_have_one(sound: Facts) -> None:
    """As the compose file makes it, it is good; one that holds what only the others need is told to give it away."""
    bare = replace(sound, secrets=dict.fromkeys(SECRETS, "unset"), connections={})
    assert {one.state for one in wants(bare, Role.WORKER).values()} == {State.GOOD}
    assert not set(wants(bare, Role.WORKER)) & {*SECRETS, "database", "login", "models"}
    holding = wants(replace(bare, secrets={**bare.secrets, "database.password": "own", "core.fernet_key": "known"}), Role.WORKER)
    assert holding["worker"].state is State.CAREFUL and "core.fernet_key, database.password" in holding["worker"].says


@pytest.mark.parametrize("role", [Role.ALL, Role.API_SERVER, Role.SCHEDULER, Role.DAG_PROCESSOR, Role.TRIGGERER])
@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_missed_by_who_works_with_it(sound: Facts, role: Role, name: str) -> None:
    """Only API server and scheduler sign for tasks; all of them reach the database."""
    without = wants(replace(sound, secrets={**sound.secrets, name: "unset"}), role)
    if name == "api_auth.jwt_secret" and role in (Role.DAG_PROCESSOR, Role.TRIGGERER):
        assert name not in without
    else:
        assert without[name].state is State.WRONG


def test_only_who_runs_steps_needs_what_steps_need(sound: Facts) -> None:
    """No video is made in an API server; nobody logs in to a worker."""
    without = settings(replace(sound, programs={}, voices=()), core__auth_manager="a.SimpleAuthManager", api__expose_config="True")
    for role in Role:
        told = {area for area, one in wants(without, role).items() if one.state is not State.GOOD}
        assert ({"ffmpeg", "voices", "ocr"} <= told) == (role in (Role.ALL, Role.WORKER)), role
        assert ({"login", "api.expose_config"} <= told) == (role in (Role.ALL, Role.API_SERVER)), role


def test_a_role_tries_with_the_storage_what_it_may(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker writes, an API server only looks, a scheduler leaves it alone: a place that cannot be written is wrong for the first."""
    (project / "file").write_text("")
    monkeypatch.setenv("GENAI_PLATFORM_STORAGE", str(project / "file" / "below"))
    found = {role: wants(gather(project, role=role), role)["storage"] for role in (Role.WORKER, Role.API_SERVER, Role.SCHEDULER)}
    assert found[Role.WORKER].state is State.WRONG
    assert "answers" in found[Role.API_SERVER].says and "reads nothing" in found[Role.SCHEDULER].says


def test_the_role_comes_from_the_environment_or_the_command(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compose file's variable, `--role` before it, and a name that is none is wrong use."""

    def role(*words: str) -> tuple[int, str]:
        out = io.StringIO()
        code = main(["doctor", "--json", "--project", str(project), *words], out=out, err=io.StringIO(), stdin=io.StringIO())
        return code, json.loads(out.getvalue())["role"] if out.getvalue() and code != 2 else ""

    assert role()[1] == "all"
    monkeypatch.setenv("GENAI_PLATFORM_ROLE", "worker")
    assert role()[1] == "worker" and role("--role", "api_server")[1] == "api-server"
    assert role("--role", "janitor")[0] == 2
    monkeypatch.setenv("GENAI_PLATFORM_ROLE", "janitor")
    assert role()[0] == 2


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
    assert facts.missing is not None and [item.partition(" ")[0] for item in facts.missing] == ["pypdf>=99", "no-such-thing==1"]
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


def test_a_key_that_airflow_makes_itself_is_not_taken_for_one_of_ours(tmp_path: Path) -> None:
    """A command of Airflow's writes keys of its own into a new airflow.cfg, and Airflow has some to give where there is none."""
    write = "from airflow.configuration import write_default_airflow_configuration_if_needed as write; write()"
    code = "from workflow_orchestrator.doctor.facts import _airflow; import json; print(json.dumps(_airflow()[1]))"

    def states(code: str = code, **variables: str) -> dict[str, str]:
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PLUGINS), "AIRFLOW_HOME": str(tmp_path), **variables}
        done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
        found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
        return found

    keys = ("api.secret_key", "api_auth.jwt_secret", "core.fernet_key")
    assert states() == dict.fromkeys(keys, "unset")
    states(f"{write}; {code}")
    assert states() == dict.fromkeys(keys, "file")
    (tmp_path / "airflow.cfg").write_text("[core]\nload_examples = False\n")
    assert states() == dict.fromkeys(keys, "unset")
    assert states(AIRFLOW__API__SECRET_KEY_CMD="echo of-the-test")["api.secret_key"] == "own"
    (tmp_path / "airflow.cfg").write_text("[api]\nsecret_key_cmd = echo temporary_key\n")
    assert states()["api.secret_key"] == "known"


def test_a_finding_says_what_to_do_or_is_good() -> None:
    """One that only complains helps nobody."""
    with pytest.raises(ValueError, match="nothing"):
        Finding("a", State.WRONG, "broken")
