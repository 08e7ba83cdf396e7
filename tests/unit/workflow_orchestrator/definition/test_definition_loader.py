"""From a workflow's folder to a `Workflow`, or to every problem at once."""

from __future__ import annotations

import json
import pickle
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from definition_sample import CONFIGURATION, RULES, SCHEMA, WORKFLOW, prompt, write_project

from workflow_orchestrator.definition import Configuration, load_configuration, load_workflow
from workflow_orchestrator.definition.model import AskStep, Catch, WriteStep
from workflow_orchestrator.errors import ConfigurationError, DefinitionError


def problems_of(folder: Path, include: Path) -> list[str]:
    """The problems as lines without the folder; none is a failure of the test."""
    with pytest.raises(DefinitionError) as caught:
        load_workflow(folder, include)
    return [line.strip().removeprefix("dags/review/") for line in caught.value.message.splitlines()[1:]]


def one_problem(tmp_path: Path, old: str, new: str) -> str:
    """The one problem that a change of the workflow brings."""
    assert WORKFLOW.count(old) == 1
    problems = problems_of(*write_project(tmp_path, WORKFLOW.replace(old, new)))
    assert len(problems) == 1, problems
    return problems[0]


def test_a_sound_definition_becomes_typed_objects(tmp_path: Path) -> None:
    """Every key of the file stands in the `Workflow`, in its own type."""
    folder, include = write_project(tmp_path)
    workflow = load_workflow(folder, include)
    assert [(step.name, step.kind) for step in workflow.steps] == [
        ("read", "extract"), ("check", "validate"), ("correct", "ask"), ("write", "write"), ("draw", "slide"),
        ("release", "approve"), ("publish", "video"),
    ]  # fmt: skip
    assert workflow.document.max_bytes == 25 * 1_048_576
    assert workflow.budget.usd == Decimal("0.4")
    assert workflow.budget.time == timedelta(minutes=20)
    assert workflow.budget.tokens == 400_000
    assert workflow.rules.required_fields == ("name",)
    assert workflow.schedule is not None
    assert workflow.schedule.timezone == "Europe/London"
    assert workflow.source == WORKFLOW
    ask = workflow.step("correct")
    assert isinstance(ask, AskStep)
    assert ask.within == timedelta(days=2)
    write = workflow.step("write")
    assert isinstance(write, WriteStep)
    assert sorted(write.narration) == ["de", "en"]
    assert write.prompt == include / "prompts" / "review" / "write.md.j2"
    assert write.catches == (Catch("UnboundFigureError", "fail"), Catch("ScriptError", "fail"))
    assert list(workflow.fields) == list(SCHEMA["properties"])
    assert workflow.fields["as_of"].required
    parameters = {parameter.name: parameter for parameter in workflow.parameters}
    assert parameters["audience"].schema == {"type": "string", "enum": ["retail", "professional"]}
    assert parameters["reference"].required
    assert parameters["places"].default == ["eu"]


def test_a_workflow_can_be_pickled(tmp_path: Path) -> None:
    """Airflow moves what operators hold between processes."""
    workflow = load_workflow(*write_project(tmp_path))
    assert pickle.loads(pickle.dumps(workflow)) == workflow


def test_execution_is_the_platforms_then_the_workflows_then_the_steps(tmp_path: Path) -> None:
    """Each layer overrides single keys of the one before."""
    workflow = load_workflow(*write_project(tmp_path))
    assert workflow.step("read").execution.max_retries == 5
    assert workflow.step("read").execution.timeout == timedelta(seconds=120)
    assert workflow.step("check").execution.max_retries == 3
    assert workflow.step("check").execution.retry_delay == timedelta(seconds=10)


def test_a_check_or_publication_never_continues_by_inheritance(tmp_path: Path) -> None:
    """The platform's `continue` reaches no step that judges, asks, releases, publishes, or makes what a later one needs."""
    text = WORKFLOW.replace("execution: {default_error_handler: fail, timeout_seconds: 120}\n", "")
    workflow = load_workflow(*write_project(tmp_path, text))
    handlers = {step.name: step.execution.default_error_handler for step in workflow.steps}
    assert handlers == {
        "read": "fail", "check": "fail", "correct": "fail", "write": "fail", "draw": "fail", "release": "fail",
        "publish": "fail",
    }  # fmt: skip


FAULTS = [  # old text, new text, line of the problem, code, words of the problem
    ("workflow: review", "workflow: reviews", 1, "WF020", "its folder 'review'"),
    ("description: Reads", "summary: Reads", 5, "WF010", "the key 'summary' is unknown"),
    ('">=1.0,<2"', '">=2"', 3, "WF021", "the workflow wants >=2"),
    ("title: Review", "titel: Review", 4, "WF010", "the key 'titel' is unknown; did you mean 'title'?"),
    ('"0 2 * * *"', '"0 25 * * *"', 7, "WF022", "not a cron expression"),
    ("Europe/London", "Europe/Londn", 7, "WF022", "did you mean 'Europe/London'?"),
    ("max_pages: 40", "max_pages: forty", 9, "WF012", "a whole number is expected, not 'forty'"),
    ("default: retail", "default: retial", 11, "WF023", "allowed are retail, professional; did you mean 'retail'?"),
    ("required_fields: [name]", "required_fields: [nam]", 16, "WF042", "did you mean 'name'?"),
    ("compliance_checks: [house]", "compliance_checks: [hose]", 17, "WF040", "did you mean 'house'?"),
    ("minutes: 20", "minutes: yes", 18, "WF012", "a number is expected, not 'yes'"),
    ("prompt: read", "prompt: reed", 22, "WF040", "did you mean 'read'?"),
    ("max_retries: 5", "max_retries: 0", 23, "WF013", "0 is not between 1 and 20"),
    ("go: correct", "go: corect", 26, "WF031", "did you mean 'correct'?"),
    ("on: BusinessValidationError", "on: BusinesValidationError", 26, "WF032",
         "did you mean 'BusinessValidationError'?"),
    ("within: 2d", "within: 2 days", 28, "WF013", "not a duration such as 45s, 30m, 12h or 2d"),
    ("ask: [stewards]", "ask: [steward]", 28, "WF044", "did you mean 'stewards'?"),
    ("narration: narration", "narration: narrator", 30, "WF040", "did you mean 'narration'?"),
    ("theme: house", "theme: mouse", 33, "WF040", "did you mean 'house'?"),
    ("show: [script, slides]", "show: [script, slide]", 35, "WF013", "did you mean 'slides'?"),
    ("voice: default}", "voice: default, speed: 2}", 37, "WF010", "the key 'speed' is unknown"),
]  # fmt: skip


def test_twenty_planted_faults_are_reported_at_once_each_with_its_line(tmp_path: Path) -> None:
    """One pass names every fault with file, line, column, code and fix, in the order of the file."""
    text = WORKFLOW
    for old, new, *_ in FAULTS:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    problems = problems_of(*write_project(tmp_path, text))
    for _, new, line, code, words in FAULTS:
        row = text.splitlines()[line - 1]
        assert new in row
        matching = [p for p in problems if p.startswith(f"workflow.yaml:{line}:") and code in p and words in p]
        assert len(matching) == 1, (new, problems)
        column = int(matching[0].split(":")[2].split()[0])
        assert 1 <= column <= len(row)
    # No fault brings a second problem with it.
    assert len(problems) == len(FAULTS)
    places = [[int(part) for part in re.findall(r":(\d+):(\d+) ", p)[0]] for p in problems]
    assert places == sorted(places)


CONTRADICTIONS = {  # what is changed → where the place points, and the problem behind the place
    "two kinds": (
        "    slide: {theme: house}\n", "    slide: {theme: house}\n    validate: {rules: rules.yaml}\n",
        "slide: {theme",
        "WF014 steps.draw: exactly one of extract, validate, ask, write, slide, approve, video, generate, call, "
        "notify, wait, choose, parallel, map is expected; "
        "it has slide and validate",
    ),
    "execution in a step": (
        "    max_retries: 5\n", "    execution: {max_retries: 5}\n",
        "execution: {max_retries: 5}",
        "WF010 steps.read.execution: the key 'execution' is unknown; write its keys "
        "(max_retries, timeout_seconds, …) directly in the step",
    ),
    "delays of a step": (
        "    max_retries: 5\n", "    retry_delay_seconds: 700\n",
        "extract: {prompt: read",
        "WF024 steps.read: max_retry_delay must not be shorter than retry_delay",
    ),
    "delays of the workflow": (
        "timeout_seconds: 120", "max_retry_delay_seconds: 1",
        "{default_error_handler: fail, max",
        "WF024 execution: max_retry_delay must not be shorter than retry_delay",
    ),
    "a jump": (
        "{on: ScriptError, go: fail}", "{on: ScriptError, go: publish}",
        "publish}",
        "WF031 steps.write.catch[1].go: 'publish' is a video step; a detour is another write step",
    ),
    "an entry that is never reached": (
        "{on: UnboundFigureError, go: fail}, {on: ScriptError, go: fail}",
        "{on: ScriptError, go: fail}, {on: UnboundFigureError, go: fail}",
        "UnboundFigureError",
        "WF032 steps.write.catch[1].on: UnboundFigureError never gets here: the entry for ScriptError "
        "above takes it; put the narrower error first",
    ),
    "an ask step that nothing reaches": (
        "go: correct", "go: fail",
        "correct:",
        "WF033 steps.correct: no catch leads to this ask step, so nobody would ever be asked; add catch: "
        "[{on: BusinessValidationError, go: correct}] to the validate step",
    ),
    "a video of what nobody saw": (
        "show: [script, slides]", "show: [slides]",
        "publish:",
        "WF034 steps.publish: the video would publish the script, which nobody is shown before; add it to the "
        "approve step's show",
    ),
    "a check that is passed over": (
        "{on: BusinessValidationError, go: correct}",
        "{on: BusinessValidationError, go: correct}, {on: StorageError, go: continue}",
        "continue}]",
        "WF031 steps.check.catch[1].go: a validate step that failed is never passed over; write fail",
    ),
    "a publication that is passed over": (
        "    video: {provider", "    default_error_handler: continue\n    video: {provider",
        "continue\n",
        "WF031 steps.publish.default_error_handler: a video step that failed is never passed over; write "
        "fail, or leave the key out",
    ),
    "a timeout that means yes": (
        "otherwise: fail}\n  publish", "otherwise: approve}\n  publish",
        "approve}",
        "WF013 steps.release.approve.otherwise: 'approve' is not allowed; a timeout never means yes; write fail",
    ),
    "a reserved step": (
        "  draw:\n", "  record_execution:\n",
        "record_execution:",
        "WF035 steps.record_execution: the platform uses the name 'record_execution' itself; choose another",
    ),
    "a reserved parameter": (
        "audience: {title", "approval: {title",
        "approval: {title",
        "WF023 input.parameters.approval: the name 'approval' is the platform's own parameter; "
        "choose another",
    ),
    "a pattern": (
        'pattern: "[A-Z]{2}[0-9]{4}"', 'pattern: "[A-Z"',
        '"[A-Z"',
        "WF023 input.parameters.reference.pattern: it is not a regular expression: unterminated character set "
        "at character 5; mend the pattern",
    ),
    "limits of a parameter": (
        "minimum: 1, maximum: 9", "minimum: 9, maximum: 1",
        "9, maximum",
        "WF023 input.parameters.copies.minimum: the minimum 9 is above the maximum 1",
    ),
    "a limit of a text": (
        "type: integer, minimum: 1, maximum: 9, default: 1", "enum: [a], minimum: 1, default: a",
        "1, default",
        "WF023 input.parameters.copies.minimum: minimum goes with type integer or number, not with 'string'",
    ),
    "a number for a text": (
        'platform: ">=1.0,<2"', "platform: 1.0",
        "1.0",
        "WF012 platform: text is expected, not the number 1.0; put it into quotes",
    ),
    "a path that leaves the folder": (
        "schema: schema.json", "schema: ../other/schema.json",
        "../other",
        "WF013 steps.read.extract.schema: '../other/schema.json' is not the name of a .json file in the "
        "workflow's folder",
    ),
    "a word twice": (
        "items: {enum: [eu, uk]}", "items: {enum: [eu, eu]}",
        "eu]}, default",
        "WF013 input.parameters.places.items.enum[1]: 'eu' is in the list twice; remove one of them",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_a_contradiction_is_named_at_its_place_with_the_fix(tmp_path: Path, case: str) -> None:
    """One fault is one problem: no other follows from it, its place points at the word, and the line has the fix."""
    old, new, at, words = CONTRADICTIONS[case]
    place, _, problem = one_problem(tmp_path, old, new).partition(" ")
    assert problem == words
    _, line, column = place.split(":")
    text = WORKFLOW.replace(old, new).splitlines(keepends=True)[int(line) - 1]
    assert text[int(column) - 1 :].startswith(at)


ORDERS = {
    "validate before extract": (["check", "correct", "read"], "needs the reading, which 'read' makes only later"),
    "write before validate": (["read", "write", "check", "correct"], "needs the data, which 'check' makes only later"),
    "slide before write": (["read", "check", "correct", "draw", "write"], "needs the script, which 'write' makes only"),
    "video before approve": (
        ["read", "check", "correct", "write", "draw", "publish", "release"],
        "the video step needs the approval, which 'release' makes only later",
    ),
    "slide after approve": (
        ["read", "check", "correct", "write", "draw", "release", "publish", "draw2"],
        "it makes the slides anew after 'publish' has published it",
    ),
    "write after approve": (
        ["read", "check", "correct", "write", "draw", "release", "write2", "publish"],
        "the video step needs the approval; 'write2' makes the script anew after 'release'",
    ),
    "no extract": (["write"], "a write step needs a validate step before it"),
}


def _steps() -> dict[str, str]:
    """The steps of the sample as text, by name; `draw2` and `write2` are copies."""
    body = WORKFLOW.partition("steps:\n")[2]
    steps = {part.partition(":")[0]: f"  {part}" for part in re.split(r"(?m)^  (?=\w)", body) if part}
    steps["draw2"] = steps["draw"].replace("draw:", "draw2:")
    steps["write2"] = steps["write"].replace("  write:", "  write2:", 1)
    return steps


@pytest.mark.parametrize("case", ORDERS)
def test_the_order_of_the_steps_is_checked(tmp_path: Path, case: str) -> None:
    """Values are proven before they are written, and nothing changes between approval and publication."""
    order, words = ORDERS[case]
    steps = _steps()
    text = WORKFLOW.partition("steps:\n")[0] + "steps:\n" + "".join(steps[name] for name in order)
    assert any(words in problem for problem in problems_of(*write_project(tmp_path, text)))


_BUSINESS = "{on: BusinessValidationError, go: correct}"
_AGAIN = "  again:\n    ask: {form: failed_fields, ask: [stewards], within: 2d, otherwise: fail}\n"
DETOURS = {
    "to another kind": (
        _BUSINESS, f"{_BUSINESS}, {{on: DocumentError, go: write}}",
        "'write' is a write step; a detour asks people, or is another validate step",
    ),
    "past the release": ("ScriptError, go: fail", "ScriptError, go: publish", "'publish' is a video step"),
    "back": ("go: correct", "go: read", "'read' is an extract step; a detour asks people, or is another validate step"),
    "to itself": ("ScriptError, go: fail", "ScriptError, go: write", "'write' does not stand right after 'write'"),
    "from a refused release": (
        "within: 30m, otherwise: fail}\n",
        "within: 30m, otherwise: fail}\n    catch: [{on: ApprovalError, go: publish}]\n",
        "a refused or unanswered approval leads nowhere; write fail",
    ),
    "from two steps": (
        "    max_retries: 5\n", "    catch: [{on: DocumentError, go: correct}]\n", "'check' leads to 'correct' already",
    ),
    "from a detour": (
        "within: 2d, otherwise: fail}\n",
        "within: 2d, otherwise: fail}\n    catch: [{on: CorrectionError, go: again}]\n" + _AGAIN,
        "'correct' is a detour itself, and a detour has none of its own",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DETOURS)
def test_a_catch_never_leads_past_a_check(tmp_path: Path, case: str) -> None:
    """A detour stands right after its step, belongs to it alone, and an approval that failed has none."""
    old, new, words = DETOURS[case]
    assert WORKFLOW.count(old) == 1
    assert any(words in problem for problem in problems_of(*write_project(tmp_path, WORKFLOW.replace(old, new))))


def test_a_second_reader_may_be_the_detour_of_the_first(tmp_path: Path) -> None:
    """A catch may lead to another step of the same kind, right below."""
    second = "  read_again:\n    extract: {prompt: read, schema: schema.json, route: strong}\n"
    text = WORKFLOW.replace(
        "    max_retries: 5\n", f"    catch: [{{on: InvalidOutputError, go: read_again}}]\n{second}"
    )
    assert load_workflow(*write_project(tmp_path, text)).step("read").catches[0].go == "read_again"


def test_problems_of_all_files_come_together(tmp_path: Path) -> None:
    """Schema, rules, prompts and workflow are reported in one pass, each with its own file and line."""
    folder, include = write_project(tmp_path, WORKFLOW.replace("title: Review\n", ""))
    schema = json.loads(json.dumps(SCHEMA))
    schema["properties"]["ytd"].update(minimum=5, maximum=1)
    schema["properties"]["level"]["kind"] = "chioce"
    schema["required"] = ["nam"]
    (folder / "schema.json").write_text(json.dumps(schema, indent=1), encoding="utf-8")
    (include / "prompts" / "review" / "read.md.j2").write_text(
        prompt("document", "{{ document }}\n{% include 'shared/ton.md.j2' %}"), encoding="utf-8"
    )
    (include / "prompts" / "review" / "write.md.j2").write_text(prompt("", "a {% if %}"), encoding="utf-8")
    with pytest.raises(DefinitionError) as caught:
        load_workflow(folder, include)
    message = caught.value.message
    assert "dags/review/workflow.yaml:1:1 WF011 the key 'title' is missing" in message
    assert "WF043 properties.ytd.minimum: the minimum 5 is above the maximum 1" in message
    assert "did you mean 'choice'?" in message
    assert "WF042 required[0]: there is no field 'nam'; did you mean 'name'?" in message
    assert "include/prompts/review/read.md.j2:7:1 WF040 there is no file include/prompts/shared/ton.md.j2" in message
    assert "did you mean 'shared/tone.md.j2'?" in message
    assert "include/prompts/review/write.md.j2:6:1 WF041 the template cannot be parsed" in message


def test_rules_are_checked_against_the_fields(tmp_path: Path) -> None:
    """An unknown check, an unknown field and a field of the wrong kind are problems of rules.yaml."""
    folder, include = write_project(tmp_path)
    (folder / "rules.yaml").write_text(
        RULES + "  a: {check: months_compund_to_ytd}\n"
        "  b: {check: month_equals_grid, month: ytdd, months: ytd, as_of: as_of}\n",
        encoding="utf-8",
    )
    assert problems_of(folder, include) == [
        "rules.yaml:3:14 WF050 rules.a.check: there is no check 'months_compund_to_ytd'; did you mean "
        "'months_compound_to_ytd'?",
        "rules.yaml:4:40 WF013 rules.b.month: 'ytdd' is not allowed; did you mean 'ytd'?",
        "rules.yaml:4:54 WF051 rules.b.months: the field 'ytd' is percent with one value; the check takes percent "
        "keyed "
        "by month; fitting fields: months",
    ]


@pytest.mark.parametrize(
    "text", ["", "- a\n", "text\n", "steps: []\n", "steps: {a: 1}\ninput: 3\n", "schedule: {nightly: 5}\n"]
)
def test_any_other_yaml_ends_in_problems_too(tmp_path: Path, text: str) -> None:
    """A file of a wholly wrong shape is refused by name, never by a traceback."""
    assert problems_of(*write_project(tmp_path, text))


def test_a_workflow_of_wrong_types_everywhere_ends_in_problems(tmp_path: Path) -> None:
    """Whatever stands in place of any one value of the file, the loader answers with problems or a workflow."""
    lines = WORKFLOW.splitlines()
    for index, line in enumerate(lines):
        for wrong in ("5", "[]", "{}", "null", "[{}]", "x"):
            text = "\n".join([*lines[:index], f"{line.partition(':')[0]}: {wrong}", *lines[index + 1 :]])
            try:
                load_workflow(*write_project(tmp_path, text))
            except DefinitionError as error:
                assert error.details["problems"]


def test_a_missing_folder_and_a_broken_configuration_are_named(tmp_path: Path) -> None:
    """The first thing that is missing is what the message says."""
    folder, include = write_project(tmp_path)
    with pytest.raises(DefinitionError, match=r"dags/none/workflow.yaml:1:1 WF001 there is no such file"):
        load_workflow(folder.parent / "none", include)
    (include / "orchestrator.yaml").write_text(CONFIGURATION.replace("max_retries: 3\n", ""), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="the key 'max_retries' is missing"):
        load_workflow(folder, include)


def configuration_of(include: Path) -> Configuration:
    return load_configuration(include / "orchestrator.yaml", {})


def test_the_digest_covers_every_file_that_decides_what_a_run_makes(tmp_path: Path) -> None:
    """A changed byte or name of any file changes the digest; the same content elsewhere does not."""
    folder, include = write_project(tmp_path / "one")
    first = load_workflow(folder, include)
    assert re.fullmatch("sha256:[0-9a-f]{64}", first.digest)
    assert load_workflow(*write_project(tmp_path / "two")).digest == first.digest
    shown = [path.relative_to(tmp_path / "one").as_posix() for path in first.files]
    assert shown == sorted(shown)
    assert len(shown) == 11
    seen = {first.digest}
    for path in first.files:
        before = path.read_bytes()
        comment = b" " if path.suffix in (".json", ".j2") else b"\n# changed\n"
        path.write_bytes(before + comment)
        seen.add(load_workflow(folder, include).digest)
        path.write_bytes(before)
    assert len(seen) == 1 + len(first.files)
    logo = include / "themes" / "house" / "logo.bin"
    logo.rename(logo.with_name("mark.bin"))
    assert load_workflow(folder, include).digest not in seen


def test_the_digest_holds_what_the_configuration_decides_and_no_more(tmp_path: Path) -> None:
    """Retries are part of the definition; where artifacts lie, who releases them and editors' backups are not."""
    folder, include = write_project(tmp_path)
    first = load_workflow(folder, include, configuration_of(include)).digest
    (include / "prompts" / "review" / ".write.md.j2.swp").write_text("x", encoding="utf-8")
    (include / "prompts" / "review" / "write.md.j2~").write_text("x", encoding="utf-8")
    prompt = include / "prompts" / "review" / "write.md.j2"
    prompt.write_bytes(prompt.read_bytes().replace(b"\n", b"\r\n"))
    (include / "orchestrator.yaml").write_text(CONFIGURATION.replace(".state", ".elsewhere"), encoding="utf-8")
    assert load_workflow(folder, include, configuration_of(include)).digest == first
    for old, new in (("production", "demo"), ("[ada, grace]", "[ada]")):
        (include / "orchestrator.yaml").write_text(CONFIGURATION.replace(old, new), encoding="utf-8")
        assert load_workflow(folder, include, configuration_of(include)).digest == first
    changed = CONFIGURATION.replace("max_retries: 3", "max_retries: 4")
    (include / "orchestrator.yaml").write_text(changed, encoding="utf-8")
    assert load_workflow(folder, include, configuration_of(include)).digest != first


def test_a_route_must_be_one_of_the_llm_layers(tmp_path: Path) -> None:
    """Where the LLM layer has routes, a step names one of them."""
    folder, include = write_project(tmp_path)
    (include / "llm.yaml").write_text("routes: {extraction: {}, writting: {}}\n", encoding="utf-8")
    assert problems_of(folder, include) == [
        "workflow.yaml:30:57 WF045 steps.write.write.route: include/llm.yaml has no route 'writing'; did you mean "
        "'writting'?"
    ]


def test_the_shipped_workflow_loads(root: Path) -> None:
    """The project's own workflow has no problem."""
    workflow = load_workflow(root / "dags" / "fund_factsheet_video", root / "include")
    assert [step.kind for step in workflow.steps] == [
        "extract",
        "validate",
        "ask",
        "write",
        "slide",
        "approve",
        "video",
    ]
    assert workflow.step("validate_extracted_data").catches == (
        Catch("BusinessValidationError", "correct_extracted_data"),
    )
