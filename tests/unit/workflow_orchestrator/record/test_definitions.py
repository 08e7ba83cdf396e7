"""The definition that a run goes by: kept at its start, the same one for every step that is run again."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from redrive_project import NAME, STEP, Project, ended, stopped

from workflow_orchestrator import __version__
from workflow_orchestrator.errors import ConfigurationError, DefinitionChangedError
from workflow_orchestrator.record import RunFolder, definitions
from workflow_orchestrator.record.definitions import DefinitionMovedError, definition_for, keep_definition

PROMPT = f"prompts/{NAME}/generate_summary_script.md.j2"

CHANGED = ("{% block user %}", "{% block user %}Mind the tone. ")


def test_a_definition_is_kept_once_whole_and_the_same_every_time(project: Project) -> None:
    """The archive holds every file by the digest's names, fonts too; keeping it again, anywhere, gives the same bytes."""
    workflow = project.load()
    project.open(workflow)
    path = project.archive(workflow)
    first = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        names = archive.namelist()
        facts = json.loads(archive.read("definition.json"))
    assert "workflow/workflow.yaml" in names
    assert f"include/{PROMPT}" in names
    assert any(name.endswith(".ttf") for name in names)
    assert len(names) == len(workflow.files) + 2
    assert facts["definition"] == workflow.digest
    assert facts["platform"] == __version__
    written = path.stat().st_mtime_ns
    project.open(workflow, "doc_2")
    assert path.stat().st_mtime_ns == written
    path.unlink()
    project.open(workflow, "doc_3")
    assert path.read_bytes() == first
    assert len(first) < 2_000_000


def test_unchanged_files_are_used_as_they_are(project: Project) -> None:
    """With the digest of the run, the files on disk are the definition; nothing is unpacked."""
    workflow = project.load()
    run = project.open(workflow)
    assert definition_for(run, workflow, STEP) is workflow
    assert list(definitions._places().iterdir()) == []


def test_a_rerun_is_noted_once_for_each_end(project: Project) -> None:
    """On its first way nothing is noted; after an end, the first step that asks is, and the others of that rerun are not."""
    workflow = project.load()
    run = project.open(workflow)
    definition_for(run, workflow, STEP)
    assert "reruns" not in run.read_json("request.json")
    for number, at in enumerate(("2026-11-24T10:00:00+00:00", "2026-11-24T11:00:00+00:00"), start=1):
        ended(run, at)
        definition_for(run, workflow, None)
        assert len(run.read_json("request.json").get("reruns", [])) == number - 1
        for step in (STEP, "approve_content", STEP):
            definition_for(run, workflow, step)
        reruns = run.read_json("request.json")["reruns"]
        assert len(reruns) == number
        assert (reruns[-1]["step"], reruns[-1]["after"]) == (STEP, at)
        assert reruns[-1]["from"] == reruns[-1]["to"] == workflow.digest


def test_a_run_that_was_not_opened_takes_the_files_on_disk(project: Project) -> None:
    """The first step of a run has no request yet."""
    workflow = project.load()
    assert definition_for(RunFolder(project.storage, NAME, "new"), workflow, STEP) is workflow


def test_changed_files_do_not_reach_a_run_on_its_way(project: Project) -> None:
    """After an edit, the run still has its own prompt, fields and packs, and the platform's own files where they lie."""
    workflow = project.load()
    prompt = (project.include / PROMPT).read_text(encoding="utf-8")
    run = project.open(workflow)
    newest = project.edit(PROMPT, *CHANGED)
    kept = definition_for(run, newest, STEP)
    assert kept.digest == workflow.digest != newest.digest
    assert (kept.include / PROMPT).read_text(encoding="utf-8") == prompt
    assert kept.fields.keys() == workflow.fields.keys()
    assert kept.home == kept.platform_include == project.include
    assert (kept.step(STEP).theme / "theme.yaml").is_file()  # type: ignore[attr-defined]
    assert definition_for(run, newest, "approve_content") is kept


def test_a_kept_definition_outlives_the_files_themselves(project: Project) -> None:
    """Prompts, schema and theme may be gone from the disk; the run does not notice."""
    workflow = project.load()
    run = project.open(workflow)
    newest = project.edit("workflow.yaml", "title: Fund factsheet video", "title: Another")
    shutil.rmtree(project.folder)
    shutil.rmtree(project.include / "prompts")
    shutil.rmtree(project.include / "themes")
    assert definition_for(run, newest, STEP).title == "Fund factsheet video"


def test_another_configuration_of_the_platform_changes_no_run(project: Project) -> None:
    """The tries and times that were in force are part of the definition; who may release is asked as it is now."""
    workflow = project.load()
    run = project.open(workflow)
    newest = project.edit("orchestrator.yaml", "max_retries: 3", "max_retries: 5")
    assert newest.digest != workflow.digest
    kept = definition_for(run, newest, STEP)
    assert kept.digest == workflow.digest
    assert kept.step(STEP).execution.max_retries == 3
    (project.include / "orchestrator.yaml").unlink()
    definitions._load.cache_clear()
    with pytest.raises(ConfigurationError):
        definition_for(run, newest, STEP)


def test_an_item_of_a_map_goes_by_the_definition_of_its_run(project: Project) -> None:
    """What is asked from the folder of an item is answered from the run's own request."""
    workflow = project.load()
    run = project.open(workflow)
    newest = project.edit("workflow.yaml", "title: Fund factsheet video", "title: Another")
    assert definition_for(run.item("languages", 0), newest, STEP).digest == workflow.digest


def test_a_step_that_the_run_does_not_know_is_refused(project: Project) -> None:
    """A step that a newer definition brought has nothing to do in an older run, and says how to go on."""
    run = project.open(project.load())
    newest = project.edit("workflow.yaml", "generate_summary_slide:", "draw_slides:")
    with pytest.raises(DefinitionChangedError, match=r"no draw_slides; sha256:\w+ brought it\. Trigger a new run"):
        definition_for(run, newest, "draw_slides")
    assert definition_for(run, newest, "approve_content").step(STEP)


def test_a_step_that_became_another_kind_is_refused(project: Project) -> None:
    """The task of a newer kind cannot do the work that the run's definition gives its name."""
    run = project.open(project.load())
    newest = project.edit("workflow.yaml", "title: Fund factsheet video", "title: Another")
    swapped = replace(newest.step("start_video_generation"), name=STEP)
    other = replace(newest, flow=(swapped,), steps=(swapped,))
    with pytest.raises(DefinitionChangedError, match=r"of kind slide .* of kind video"):
        definition_for(run, other, STEP)
    assert definition_for(run, other, None).step(STEP).kind == "slide"


def test_a_definition_that_is_not_kept_is_named(project: Project) -> None:
    """Without the archive the run cannot go on as it began, and nothing else is put in its place."""
    workflow = project.load()
    run = project.open(workflow)
    project.archive(workflow).unlink()
    newest = project.edit("workflow.yaml", "title: Fund factsheet video", "title: Another")
    with pytest.raises(DefinitionChangedError, match=f"{workflow.digest}.* is not kept in the storage"):
        definition_for(run, newest, STEP)


@pytest.mark.parametrize("damage", ["cut", "other", "climbing"])
def test_a_damaged_archive_is_not_believed(project: Project, damage: str, tmp_path: Path) -> None:
    """An archive that is cut off, holds other content, or would write elsewhere ends in a named error."""
    workflow = project.load()
    run = project.open(workflow)
    path = project.archive(workflow)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-400])
    else:
        name, content = {
            "other": ("workflow/rules.yaml", "rules: {}\n"),
            "climbing": ("workflow/../../../escaped", "no"),
        }[damage]
        path.write_bytes(rewritten(path.read_bytes(), name, content))
    newest = project.edit("workflow.yaml", "title: Fund factsheet video", "title: Another")
    with pytest.raises(DefinitionChangedError, match="damaged in the storage"):
        definition_for(run, newest, STEP)
    assert not list(tmp_path.rglob("escaped"))
    assert not [path for path in definitions._places().iterdir() if path.name.startswith(".new-")]


def rewritten(data: bytes, name: str, content: str) -> bytes:
    """The archive with one entry put in or replaced."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {entry: archive.read(entry) for entry in archive.namelist()}
    entries[name] = content.encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for entry, body in entries.items():
            archive.writestr(entry, body)
    return buffer.getvalue()


@pytest.mark.parametrize("loss", ["file", "facts", "changed"])
def test_a_folder_that_was_tidied_up_is_unpacked_again(project: Project, loss: str) -> None:
    """What lies unpacked on the machine is proven by its digest each time, and mended from the storage."""
    workflow = project.load()
    run = project.open(workflow)
    newest = project.edit("workflow.yaml", "title: Fund factsheet video", "title: Another")
    root = definition_for(run, newest, STEP).folder.parents[1]
    if loss == "file":
        (root / "include" / PROMPT).unlink()
    elif loss == "facts":
        (root / "definition.json").unlink()
    else:
        (root / "dags" / NAME / "rules.yaml").write_text("rules: {}\n")
    definitions._load.cache_clear()
    kept = definition_for(run, newest, STEP)
    assert kept.digest == workflow.digest
    assert (root / "include" / PROMPT).is_file()


def test_a_definition_for_another_platform_is_refused_with_both_versions(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an upgrade past the range, the message has the range, the platform of then and that of now."""
    run = project.open(project.load())
    newest = project.edit("workflow.yaml", 'platform: ">=1.0,<2"', 'platform: ">=1.0,<3"')
    monkeypatch.setattr(definitions, "__version__", "2.3.0")
    with pytest.raises(DefinitionChangedError) as caught:
        definition_for(run, newest, STEP)
    assert caught.value.details["opened_on"] == __version__
    assert caught.value.details["platform"] == "2.3.0"
    assert ">=1.0,<2" in caught.value.message


def test_files_that_change_while_a_run_opens_are_tried_again(project: Project) -> None:
    """A definition is never kept under the digest of another; the error is one that a retry cures."""
    workflow = project.load()
    project.edit(PROMPT, *CHANGED)
    with pytest.raises(DefinitionMovedError) as caught:
        keep_definition(RunFolder(project.storage, NAME, "doc_1"), workflow)
    assert caught.value.retryable
    assert not project.archive(workflow).exists()


# -- rerun: latest


def test_latest_takes_the_files_on_disk_once_they_fit(project: Project) -> None:
    """A step of an ended run is run again under the newest definition; the run notes from which to which, and keeps it."""
    run = stopped(project)
    before = run.read_json("request.json")["definition"]
    newest = project.edit(PROMPT, *CHANGED)
    assert definition_for(run, newest, STEP) is newest
    request = run.read_json("request.json")
    assert request["definition"] == newest.digest
    assert [(item["step"], item["from"], item["to"]) for item in request["reruns"]] == [(STEP, before, newest.digest)]
    assert project.archive(newest).is_file()


def test_latest_changes_no_run_on_its_way(project: Project) -> None:
    """A run that waits for a person goes on as it began, although the newest definition would not fit it."""
    run = stopped(project)
    run.delete("manifest.json")
    newest = project.edit("workflow.yaml", "required_fields: [performance_data, fund_strategy]", "required_fields: []")
    assert definition_for(run, newest, STEP).digest == run.read_json("request.json")["definition"] != newest.digest


def test_latest_is_chosen_once_for_each_rerun(project: Project) -> None:
    """What is deployed while a rerun is on its way does not reach it; the next rerun takes it."""
    run = stopped(project)
    chosen = project.edit(PROMPT, *CHANGED)
    definition_for(run, chosen, STEP)
    newest = project.edit(PROMPT, CHANGED[1], "{% block user %}And again. ")
    assert definition_for(run, newest, "approve_content").digest == chosen.digest
    ended(run, "2026-11-24T11:00:00+00:00")
    assert definition_for(run, newest, "approve_content") is newest
    assert len(run.read_json("request.json")["reruns"]) == 2


def test_latest_is_for_steps_and_not_for_the_record(project: Project) -> None:
    """What belongs to the run as a whole never changes it over."""
    run = stopped(project)
    newest = project.edit(PROMPT, *CHANGED)
    assert definition_for(run, newest, None).digest != newest.digest
