"""Whether what finished steps made fits another definition: every way in which it may not, by its sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from redrive_project import STEP, Project, finished, stopped

from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import DefinitionChangedError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.record.definitions import definition_for


def refusal(run: RunFolder, newest: Workflow, step: str = STEP) -> str:
    """Why the latest definition is refused."""
    with pytest.raises(DefinitionChangedError) as caught:
        definition_for(run, newest, step)
    assert not caught.value.retryable
    assert "trigger a new run with force: true" in caught.value.message
    assert caught.value.details["misfits"]
    return str(caught.value.message)


def test_all_misfits_are_named_at_once(project: Project) -> None:
    """A field that is gone, another kind, another key, a step that is gone: one message has all of them."""
    run = stopped(project)
    path = project.folder / "schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    schema["properties"]["fund_name"] = {"kind": "paragraph", "title": {"en": "Name"}}
    del schema["properties"]["performance_data"]["keys"]["1y"]
    newest = load_edited(project, schema)
    message = refusal(run, newest)
    assert "the value of fund_name is of kind text, and the field is of kind paragraph now" in message
    assert "the run has a value of performance_data.1y, and schema.json lists no such key any more" in message


def load_edited(project: Project, schema: dict[str, Any]) -> Workflow:
    """The newest definition with other fields. Rules and sentences that name them would not load, so only the fields are new."""
    from workflow_orchestrator.fields import FieldSet

    newest = project.edit("workflow.yaml", "title: Fund factsheet video", "title: Another")
    return replace(newest, fields=FieldSet.from_json(schema))


def test_a_field_that_is_gone_is_a_misfit(project: Project) -> None:
    """A value without its field would be said to be something that nobody defined."""
    run = stopped(project)
    schema = json.loads((project.folder / "schema.json").read_text(encoding="utf-8"))
    del schema["properties"]["fund_strategy"]
    schema["required"] = [name for name in schema["required"] if name != "fund_strategy"]
    assert "the run has a value of fund_strategy, and schema.json has no such field any more" in refusal(
        run, load_edited(project, schema)
    )


def test_a_finished_step_that_is_gone_or_moved_is_a_misfit(project: Project) -> None:
    """Renamed, of another kind, or in another order: what was made before is not what the newest definition makes."""
    run = stopped(project)
    newest = project.edit("workflow.yaml", "generate_summary_script:", "write_it:")
    assert "generate_summary_script is finished, and there is no such step any more" in refusal(run, newest)
    first, second, *rest = newest.steps
    turned = replace(newest, steps=(second, first, *rest))
    assert "their order is validate_extracted_data, extract_factsheet_data now" in refusal(run, turned)


def test_steps_after_the_one_that_is_run_again_are_not_looked_at(project: Project) -> None:
    """Clearing the reading makes everything new, so nothing of the old run has to fit."""
    run = stopped(project)
    newest = project.edit("workflow.yaml", "generate_summary_script:", "write_it:")
    assert definition_for(run, newest, "extract_factsheet_data") is newest


def test_a_stricter_rule_that_the_values_break_is_a_misfit(project: Project) -> None:
    """The check is finished and would not be made again, so its new rules are tried on the proven values."""
    run = stopped(project)
    newest = project.edit(
        "workflow.yaml",
        "required_fields: [performance_data, fund_strategy]",
        "required_fields: [performance_data, fund_strategy, isin]",
    )
    assert "do not meet the rule" in refusal(run, newest)


def test_another_text_of_a_compliance_pack_is_a_misfit(project: Project) -> None:
    """The script was judged by the older text; only writing it again brings the verdict of the newer one."""
    run = stopped(project)
    newest = project.edit("compliance/gdpr.yaml", "version:", "# clearer\nversion:")
    assert "the script was judged by an older text of the compliance pack gdpr" in refusal(run, newest)
    assert definition_for(run, newest, "generate_summary_script") is newest


def test_a_release_that_other_people_must_give_now_is_a_misfit(project: Project) -> None:
    """A release by those who were asked then is not one by those who are asked now."""
    run = stopped(project)
    finished(run, STEP, "approve_content")
    newest = project.edit("workflow.yaml", "ask: [compliance]", "ask: [data-stewards]")
    message = refusal(run, newest, "start_video_generation")
    assert "approve_content asked compliance for the release, and asks data-stewards now" in message


# -- blocks and what models made

BLOCKS = """
  outlook:
    generate: {prompt: outlook, output: outlook.json, route: writing}
  by_audience:
    choose:
      - name: retail
        when: {parameter: audience, is: retail}
        steps: {tell: {notify: {channel: operations, subject: Retail, message: A run}}}
  each_place:
    map:
      over: {parameter: jurisdictions}
      as: place
      at_most: 3
      at_once: 2
      steps: {remark: {generate: {prompt: outlook, output: outlook.json, route: writing}}}
  generate_summary_script:
"""
SHAPE = {"type": "object", "required": ["tone"], "properties": {"tone": {"enum": ["calm", "bold"]}}}
OUTLOOK = "---\nversion: 1\nvariables: [title]\n---\n{% block user %}What is the tone of {{ title }}?{% endblock %}\n"


def with_blocks(project: Project) -> RunFolder:
    """A run that ended in its slides; a model had made an outlook and one remark for each of two places."""
    (project.folder / "outlook.json").write_text(json.dumps(SHAPE))
    (project.include / "prompts" / project.folder.name / "outlook.md.j2").write_text(OUTLOOK)
    project.edit("workflow.yaml", "\n  generate_summary_script:\n", BLOCKS)
    run = stopped(project)
    finished(run, "outlook", "tell")
    run.write_json("made/outlook.json", {"tone": "calm"})
    for index, tone in enumerate(("calm", "bold")):
        item = run.item("each_place", index)
        finished(item, "remark")
        item.write_json("made/remark.json", {"tone": tone})
    return run


def test_what_models_made_is_held_against_the_shape_of_now(project: Project) -> None:
    """Also what each item of a map made, by its file; what still fits is not named."""
    run = with_blocks(project)
    narrower = {**SHAPE, "properties": {"tone": {"enum": ["calm"]}}}
    newest = project.edit("outlook.json", json.dumps(SHAPE), json.dumps(narrower))
    message = refusal(run, newest)
    assert "each/each_place/1/made/remark.json of remark does not fit outlook.json as it is now: $.tone" in message
    assert message.count("does not fit outlook.json") == 1


def test_an_artifact_under_another_name_is_a_misfit(project: Project) -> None:
    """Later steps would look for a file that was never made."""
    run = with_blocks(project)
    newest = project.edit(
        "workflow.yaml",
        "generate: {prompt: outlook, output: outlook.json, route: writing}\n  by",
        "generate: {prompt: outlook, output: outlook.json, route: writing, into: mood}\n  by",
    )
    assert "outlook is finished and did not make made/mood.json, which it makes now" in refusal(run, newest)


def test_a_choice_by_other_conditions_is_a_misfit(project: Project) -> None:
    """The way that was taken might not be the one that is taken now."""
    run = with_blocks(project)
    newest = project.edit("workflow.yaml", "is: retail}", "is: professional}")
    assert "by_audience chose by other conditions than those that stand there now" in refusal(run, newest)
    assert definition_for(run, newest, "by_audience") is newest, "a choice that is made again may be another"


def test_a_map_over_another_list_is_a_misfit(project: Project) -> None:
    """Its items are those of the list of then."""
    run = with_blocks(project)
    newest = project.edit("workflow.yaml", "as: place", "as: country")
    assert "each_place went over another list than the one that stands there now" in refusal(run, newest)


def test_a_step_that_left_its_block_is_a_misfit(project: Project) -> None:
    """A step of an arm that stands outside now would have run in any case."""
    run = with_blocks(project)
    newest = project.edit("workflow.yaml", "name: retail", "name: small")
    assert "by_audience chose by other conditions" in refusal(run, newest)
    flat = replace(newest, flow=newest.steps)
    assert "tell is finished, and it stands in another block now" in refusal(run, flat)


def test_an_item_that_is_run_again_looks_at_what_came_before_it(project: Project) -> None:
    """Clearing a step inside a map: the steps before the map must fit, the items are made again."""
    run = with_blocks(project)
    narrower = {**SHAPE, "properties": {"tone": {"enum": ["calm"]}}}
    newest = project.edit("outlook.json", json.dumps(SHAPE), json.dumps(narrower))
    assert definition_for(run.item("each_place", 1), newest, "remark") is newest
