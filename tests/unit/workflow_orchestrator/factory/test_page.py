"""The page of a DAG: everything that somebody needs who starts a run or looks why it failed, and every change of the definition."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from factory_sample import HEAD, folder, tell

from workflow_orchestrator import __version__
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow

pytestmark = pytest.mark.airflow

STEPS = f"""
{tell("work", ", retry: patient, catch: [{on: ConfigurationError, go: detour}]")}
{tell("detour")}
road:
  choose:
    - {{name: left_way, when: {{parameter: way, is: left}}, steps: {{{tell("left_one")}}}}}
    - {{name: other_way, steps: {{{tell("right_one")}}}}}
"""
LIMITS = "run_timeout: 7d\ndeadline: {within: 4h, notify: operations}\nbudget: {usd: 0.40, minutes: 20}\n"


@pytest.fixture(scope="module")
def workflow(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """A workflow with a detour, a choice and every limit."""
    root = tmp_path_factory.mktemp("page")
    return load_workflow(folder(root, STEPS, HEAD + LIMITS), root / "include")


@pytest.fixture(scope="module")
def page(workflow: Workflow) -> str:
    """Its page."""
    from workflow_orchestrator.factory.page import dag_page

    return dag_page(workflow)


def test_the_flow_is_drawn_with_its_detours_and_ways(page: str) -> None:
    """As text in a code block: Airflow draws no diagrams."""
    flow = page.split("```text\n")[1].split("```")[0]
    lines = [line.split("  ")[0].strip() for line in flow.splitlines()]
    assert "└ on ConfigurationError → detour" in lines
    assert any(line.startswith("├ left_way") for line in lines)
    assert lines[-1].startswith("record_execution")


def test_the_page_says_what_happens_on_errors(page: str) -> None:
    """The failure table of the definition, whole."""
    assert "|  | ConfigurationError, PatternTimeoutError | no | detour runs in its place |" in page
    assert "|  | StorageError | 2 times, after 1 s | the run fails |" in page


def test_the_page_says_what_a_run_may_take(page: str) -> None:
    """Budget, deadline and run timeout, each with what it means."""
    assert "$0.40" in page and "20 min of work" in page
    assert "4 h is told to `operations`, once; it goes on" in page
    assert "7 d, people included" in page


def test_settings_that_most_steps_share_are_said_once(page: str) -> None:
    """A step with others has a line of its own."""
    tries = page.split("## Tries")[1].split("## ")[0]
    assert tries.count("tries of") == 2
    assert "`work`: 2 tries of 1 min, wait 1 s; policy patient: StorageError up to 2" in tries


def test_the_author_s_file_digest_and_platform_are_on_the_page(page: str, workflow: Workflow) -> None:
    """Word for word."""
    assert workflow.source.rstrip() in page
    assert workflow.digest in page
    assert f"**Platform:** {__version__}" in page


NAME = "fund_factsheet_video"
CHANGES = (
    f"include/prompts/{NAME}/extract_factsheet_data.md.j2",
    f"include/prompts/{NAME}/narration.en.yaml",
    "include/prompts/shared/house_rules.md.j2",
    "include/compliance/gdpr.yaml",
    "include/themes/house/theme.yaml",
    f"dags/{NAME}/rules.yaml",
    f"dags/{NAME}/schema.json",
    f"dags/{NAME}/workflow.yaml",
    "include/orchestrator.yaml",
)


def hash_of(root: Path) -> str:
    """What Airflow compares to know whether a DAG is a new version."""
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.serialization.serialized_objects import DagSerialization

    from workflow_orchestrator.factory import build_dags

    dag = build_dags(str(root / "dags" / NAME / "dag.py"))[NAME]
    return str(SerializedDagModel.hash(DagSerialization.to_dict(dag)))


def test_every_change_of_the_definition_is_a_new_dag_version(root: Path, tmp_path: Path) -> None:
    """Prompt, narration, compliance pack, theme, rules, schema, the file itself and the retry settings; the same files are the same."""
    for part in ("dags", "include"):
        shutil.copytree(root / part, tmp_path / part, ignore=shutil.ignore_patterns("samples", "__pycache__"))
    seen = [hash_of(tmp_path)]
    for name in CHANGES:
        path = tmp_path / name
        path.write_bytes(changed(name, path.read_bytes()))
        seen.append(hash_of(tmp_path))
    assert len(set(seen)) == 1 + len(CHANGES)
    assert hash_of(tmp_path) == seen[-1]


def changed(name: str, data: bytes) -> bytes:
    """The file with a change that matters to nothing but itself."""
    if name.endswith("orchestrator.yaml"):
        return data.replace(b"retry_delay_seconds: 10", b"retry_delay_seconds: 11")
    if name.endswith(".json"):
        return data.rstrip() + b"\n\n"
    if name.endswith(".j2"):
        return data.replace(b"You", b"you", 1)
    return data.rstrip() + b"\n# changed\n"


def test_another_platform_version_is_a_new_dag_version(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same files under another platform make other runs."""
    import workflow_orchestrator.factory.page as page_module

    before = hash_of(root)
    monkeypatch.setattr(page_module, "__version__", "1.0.1")
    assert hash_of(root) != before


def test_a_task_s_process_draws_no_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It makes the one DAG that it was started for, and nobody reads its page there."""
    from workflow_orchestrator.factory import build_dags

    home = folder(tmp_path, tell("one"), HEAD + 'schedule: {nightly: "0 2 * * *"}\n')
    assert set(build_dags(str(home / "dag.py"))) == {"small", "small_batch", "small_nightly"}
    # What the task runner sets. Airflow's own context manager does not take it back.
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "small")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", "one")
    dags = build_dags(str(home / "dag.py"))
    assert set(dags) == {"small"}
    assert dags["small"].doc_md == ""
