"""The flow of steps: what is wrong with blocks, detours, artifacts, conditions, messages and calls is told at its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from definition_flow_sample import FLOW, PLATFORM, SHORT, write_tour
from definition_sample import prompt

from workflow_orchestrator.definition import load_configuration, load_workflow, read_yaml
from workflow_orchestrator.errors import ConfigurationError, DefinitionError

FAULTS = read_yaml(Path(__file__).with_name("flow_faults.yaml")).data


def problems_of(folder: Path, include: Path) -> list[str]:
    """Every problem, without the folder of the workflow."""
    with pytest.raises(DefinitionError) as caught:
        load_workflow(folder, include)
    return [line.strip().removeprefix("dags/tour/") for line in caught.value.message.splitlines()[1:]]


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_told_at_its_place_with_the_fix(tmp_path: Path, case: str) -> None:
    """Line, column, code, key path, message and fix, and no problem that only follows from another."""
    fault = FAULTS[case]
    assert FLOW.count(fault["old"]) == 1
    assert problems_of(*write_tour(tmp_path, FLOW.replace(fault["old"], fault["new"]))) == fault["problems"]


AT_ONCE = [  # old text, new text, code, words of the problem
    ('">=1.0,<2"', '">=2"', "WF021", "the workflow wants >=2"),
    ("owner: guides", "ownr: guides", "WF010", "did you mean 'owner'?"),
    ('"0 2 * * *"', '"0 25 * * *"', "WF022", "not a cron expression"),
    ("at_once: 4, notify: desk", "at_once: 4, notify: dask", "WF046", "no channel 'dask'; did you mean 'desk'?"),
    ("max_pages: 40", "max_pages: forty", "WF012", "a whole number is expected"),
    ("default: retail", "default: retial", "WF023", "did you mean 'retail'?"),
    ("output: [data, script]", "output: [data, skript]", "WF063", "no step makes 'skript'"),
    ("deadline: {within: 4h", "deadline: {within: 9d", "WF025", "a run ends after 8d"),
    ("rerun: latest", "rerun: newest", "WF013", "'newest' is not allowed"),
    ("retry: patient", "retry: patent", "WF060", "did you mean 'patient'?"),
    ("schema: schema.json", "schema: shema.json", "WF040", "did you mean 'schema.json'?"),
    ("on: BusinessValidationError", "on: BusinesValidationError", "WF032", "did you mean 'BusinessValidationError'?"),
    ("ask: [stewards]", "ask: [steward]", "WF044", "did you mean 'stewards'?"),
    ("{on: LLMError, go: continue}]\n  outlook_again", "{on: LayoutError, go: continue}]\n  outlook_again", "WF032",
     "never ends with LayoutError"),
    ("as: language", "as: document", "WF035", "'document' is the platform's own name"),
    ("workflow: review,", "workflow: reveiw,", "WF062", "there is no workflow 'reveiw'"),
    ("prompt: mood", "prompt: moood", "WF040", "did you mean 'mood'?"),
    ("parameter: audience, is: retail", "parameter: audiense, is: retail", "WF052", "there is no parameter 'audiense'"),
    ("failed: outlook, is: true", "failed: outlook, is: maybe", "WF052", "'failed' takes is: true or is: false"),
    ("channel: desk, subject: All well", "channel: dsk, subject: All well", "WF046", "no channel 'dsk'; did you mean 'desk'?"),
    ("{{ link }}", "{{ lnk }}", "WF047", "did you mean 'link'?"),
    ("over: {parameter: languages}", "over: {parameter: langages}", "WF052", "did you mean 'languages'?"),
    ("at_once: 2", "at_once: 5", "WF053", "more than the 3 items"),
    ("theme: house", "theme: mouse", "WF040", "did you mean 'house'?"),
    ("show: [script, slides], within: 2d", "show: [script, slides], within: 9d", "WF025", "'release' may take 9d"),
    ("every: 12h", "every: 9d", "WF025", "before anybody would be reminded"),
    ("on: [failed, degraded]", "on: [failed, degradet]", "WF013", "did you mean 'degraded'?"),
]  # fmt: skip


def test_faults_of_every_topic_are_told_at_once(tmp_path: Path) -> None:
    """One pass names every fault with line, code and fix, in the order of the file; only what a fault hides is left for later."""
    text = FLOW
    for old, new, *_ in AT_ONCE:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    problems = problems_of(*write_tour(tmp_path, text))
    rows = text.splitlines()
    for _, new, code, words in AT_ONCE:
        matching = [problem for problem in problems if code in problem and words in problem]
        assert len(matching) == 1, (new, problems)
        assert new.splitlines()[0] in rows[int(matching[0].split(":")[1]) - 1]
    assert len(problems) == len(AT_ONCE)


FILES = {
    "no front matter": ("mood.md.j2", "{% block user %}x{% endblock %}", ["1:1 WF041 the prompt has no front matter; begin with ---"]),
    "an unknown variable": (
        "mood.md.j2", prompt("outlook, parameters", "{{ outlok }} {{ parameters.audience }}"),
        ["6:1 WF047 nothing provides 'outlok' to 'mood'; did you mean 'outlook'?"],
    ),
    "a parameter by its bare name": (
        "mood.md.j2", prompt("outlook, audience", "{{ outlook }} {{ audience }}"),
        ["6:1 WF047 nothing provides 'audience' to 'mood'; write parameters.audience"],
    ),
    "a variable that is not listed": (
        "mood.md.j2", prompt("outlook", "{{ outlook }} {{ title }}"),
        ["3:12 WF047 variables: the prompt uses 'title', which its list of variables lacks; add it"],
    ),
    "a variable that is not used": (
        "mood.md.j2", prompt("outlook, title", "{{ outlook }}"),
        ["3:22 WF047 variables[1]: the prompt does not use 'title'; remove it"],
    ),
    "a key that a detour's answer lacks": (
        "mood.md.j2", prompt("outlook", "{{ outlook.tone }} {{ outlook.rank }}"),
        ["6:1 WF047 the answer of 'outlook_again' has no 'outlook.rank'; known: tone, sections"],
    ),
    "an unknown parameter": (
        "mood.md.j2", prompt("outlook, parameters", "{{ outlook }} {{ parameters.audiense }}"),
        ["6:1 WF047 there is no parameter 'audiense'; did you mean 'audience'?"],
    ),
    "an unknown filter": (
        "mood.md.j2", prompt("outlook", "\n{{ outlook | lenght }}"),
        ["7:1 WF041 there is no filter 'lenght'; did you mean 'length'?"],
    ),
    "text outside the blocks": (
        "mood.md.j2", prompt("outlook", "{{ outlook }}") + "Never sent.\n",
        ["8:1 WF041 this stands outside the blocks system and user; it would never be sent; move it into one of them"],
    ),
    "no block user": (
        "mood.md.j2", prompt("outlook", "{{ outlook }}").replace("block user", "block system"),
        ["1:1 WF041 the prompt has no {% block user %}; put what is asked into it"],
    ),
    "an unknown key of the front matter": (
        "mood.md.j2", prompt("outlook", "{{ outlook }}").replace("version: 1", "version: 1\ntemprature: 0"),
        ["3:1 WF010 temprature: the key 'temprature' is unknown"],
    ),
    "a nest of brackets": (
        "mood.md.j2", prompt("outlook", "{{ " + "(" * 20_000 + "outlook" + ")" * 20_000 + " }}"),
        ["1:1 WF041 the template cannot be parsed: it is nested too deeply"],
    ),
    "a prompt of five megabytes": (
        "mood.md.j2", prompt("outlook", "{{ outlook }}" + "x" * 5_000_000),
        ["1:1 WF001 the file is larger than 1,000,000 bytes; shorten it"],
    ),
    "no UTF-8": ("mood.md.j2", b"\xff\xfe", ["1:1 WF001 the prompt is not UTF-8; save it as UTF-8"]),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_a_prompt_is_checked_against_what_it_is_given(tmp_path: Path, case: str) -> None:
    """Each variable has a source, each key stands in every answer, the list agrees, and nothing is written that is never sent."""
    name, content, problems = FILES[case]
    folder, include = write_tour(tmp_path)
    data = content.encode() if isinstance(content, str) else content
    (include / "prompts" / "tour" / name).write_bytes(data)
    found = problems_of(folder, include)
    assert len(found) == len(problems), found
    for line, wanted in zip(found, problems, strict=True):
        assert line.startswith(f"include/prompts/tour/{name}:{wanted}")


OUTPUTS = {
    "no object": ({"type": "array", "items": {}}, "WF048 type: the answer must be an object"),
    "no properties": ({"type": "object"}, "WF048 the answer has no properties"),
    "no schema": ({"type": "objekt", "properties": {"tone": {}}}, "WF048 type: it is no JSON Schema"),
    "a pattern that is none": (
        {**SHORT, "properties": {**SHORT["properties"], "tone": {"type": "string", "pattern": "[a-z"}}},
        "WF048 properties.tone.pattern: '[a-z' is no pattern: unterminated character set",
    ),
    "a reference that leads nowhere": (
        {**SHORT, "properties": {**SHORT["properties"], "tone": {"$ref": "#/$defs/tone"}}},
        "WF048 properties.tone.$ref: '#/$defs/tone' is not in this file",
    ),
    "a circle of references": (
        {**SHORT, "properties": {**SHORT["properties"], "tone": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/a"}}},
        "WF048 properties.tone.$ref: '#/$defs/a' is not in this file",
    ),
    "another type than the leader's": (
        {**SHORT, "properties": {**SHORT["properties"], "tone": {"type": "integer"}}},
        "WF048 steps.outlook_again.generate.output: 'outlook.tone' is number here and string in the answer of 'outlook'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OUTPUTS)
def test_the_schema_of_an_answer_is_one_that_later_steps_can_use(tmp_path: Path, case: str) -> None:
    """It is a JSON Schema of an object, refers to itself only, and a detour's has the types of the step that it stands in for."""
    schema, words = OUTPUTS[case]
    found = problems_of(*write_tour(tmp_path, short_json=json.dumps(schema)))
    assert any(words in line for line in found), found


CHANGES = {
    "a rule for an error that there is not": ("on: RateLimitError", "on: RateLimtError", "did you mean 'RateLimitError'?"),
    "a rule that no retry can help": ("on: InvalidOutputError", "on: RefusalError", "never retried, because a retry cannot help"),
    "a rule below a wider one": ("on: RateLimitError", "on: TransientError", "the rule for TransientError above takes it"),
    "a rule for what no step ends with": ("on: RateLimitError", "on: ScriptedRepliesError", "a retry cannot help"),
    "waits that contradict each other": ("max_delay_seconds: 900", "max_delay_seconds: 2", "max_delay must not be shorter"),
    "a policy that there is not": ("retry: default", "retry: patent", "WF060 retry: there is no retry policy 'patent'"),
    "a call longer than its try": ("call_timeout_seconds: 120", "call_timeout_seconds: 301", "call_timeout must be"),
    "a jitter of two": ("retry_jitter: 0.2", "retry_jitter: 2", "2 is not between 0 and 1"),
    "arguments to nobody": ("desk: {}", "desk: {arguments: {to: x}}", "WF064 channels.desk: it has arguments and no notifier"),
    "a notifier without a module": ("mail.Sender", "Sender", "the dotted path of a notifier class"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_the_platforms_configuration_is_as_strict(tmp_path: Path, case: str) -> None:
    """Rules that never decide, contradictions and channels without a sender are problems of `orchestrator.yaml`."""
    old, new, words = CHANGES[case]
    assert PLATFORM.count(old) == 1
    path = tmp_path / "include" / "orchestrator.yaml"
    path.parent.mkdir()
    path.write_text(PLATFORM.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(path, {})
    assert words in caught.value.message
