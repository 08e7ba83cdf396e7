"""What is shipped holds what belongs to it and nothing that lay beside it; and two runs of one document make one video."""

from __future__ import annotations

import io
import shutil
import threading
import zipfile
from pathlib import Path

import pytest

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import AlreadyProcessedError
from workflow_orchestrator.packaging.business import build_business_package
from workflow_orchestrator.packaging.platform import build_platform_package
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.steps.request import open_request
from workflow_orchestrator.storage import LocalStorage

NAME = "fund_factsheet_video"
SECRET = b"hush0a1b2c3d4e5f"
LEFT = (".env", "airflow_settings.yaml", "release.key", ".git/config", "notes/keys.txt")


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Path:
    """A copy of what is packaged, with secrets that somebody left in it."""
    shutil.copytree(root / "dags" / NAME, tmp_path / "dags" / NAME)
    shutil.copytree(root / "include", tmp_path / "include", ignore=shutil.ignore_patterns("samples"))
    shutil.copytree(root / "plugins", tmp_path / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.txt", "requirements.lock"):
        shutil.copyfile(root / name, tmp_path / name)
    for place in (tmp_path, tmp_path / "include", tmp_path / "dags", tmp_path / "dags" / NAME):
        for name in LEFT:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(SECRET)
    return tmp_path


def test_a_workflows_package_holds_its_definition_alone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither files that lay beside it nor anything of the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET.decode())
    monkeypatch.setenv("AIRFLOW_CONN_LLM_DEFAULT", f'{{"conn_type": "llm", "password": "{SECRET.decode()}"}}')
    package = build_business_package(load_workflow(project / "dags" / NAME, project / "include"), "1.0.0")
    assert SECRET not in package.data
    assert not [one["path"] for one in package.manifest["files"] if Path(one["path"]).name in {Path(name).name for name in LEFT}]


def test_the_platforms_package_holds_no_secret(project: Path) -> None:
    """Also where somebody left one in `include/`."""
    for name, content in build_platform_package(project).items():
        assert SECRET not in content, name
        if name.endswith((".zip", ".whl")):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                assert not [one for one in archive.namelist() if SECRET in archive.read(one)]


def test_of_two_runs_that_begin_at_once_one_makes_the_video(workflow: Workflow, tmp_path: Path) -> None:
    """A double click, a scan beside a person: the second is refused with the name of the first, however close they come."""
    storage = LocalStorage(tmp_path)
    storage.write(f"inbox/{NAME}/a.pdf", b"%PDF-1.7 a")
    ready, ends = threading.Barrier(8), []

    def begin(number: int) -> None:
        run = RunFolder(storage, NAME, f"r{number}")
        ready.wait(30)
        try:
            open_request(workflow, run, {"document": "a.pdf"}, triggered_by="eve", profile="production")
        except AlreadyProcessedError as error:
            ends.append(error.message)
        else:
            ends.append("opened")

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(ends)[-1] == "opened" and ends.count("opened") == 1 and len(ends) == 8
