"""`diff`: changes as what they mean, grouped by what they can change, from folders and from git."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from authoring_sample import NAME, Said, add_blocks, edit, load, project_with, runner

from workflow_orchestrator.authoring.changes import Topic
from workflow_orchestrator.authoring.compare import compare
from workflow_orchestrator.authoring.compare_files import data_changes
from workflow_orchestrator.authoring.project import Project

WORKFLOW = Path("workflow.yaml")


@pytest.fixture
def before(tmp_path: Path) -> Project:
    """The project as it was, with blocks."""
    project = project_with(tmp_path / "before")
    add_blocks(project)
    return project


@pytest.fixture
def after(tmp_path: Path, before: Project) -> Project:
    """A copy that a test changes."""
    shutil.copytree(before.root, tmp_path / "after")
    return Project(tmp_path / "after", tmp_path / "after")


def texts(before: Project, after: Project, topic: Topic | None = None) -> list[str]:
    """The changes in words, of one topic or of all."""
    return [one.text for one in compare(load(before), load(after)) if topic in (None, one.topic)]


CASES: list[tuple[str, str, str, Topic, str]] = [
    ("workflow.yaml", "usd: 0.20", "usd: 0.28", Topic.COST, "budget.usd: $0.20 → $0.28 (+40 %)"),
    ("workflow.yaml", "minutes: 20", "minutes: 30", Topic.COST, "budget.minutes: 20 min → 30 min"),
    ("workflow.yaml", "at_most: 3", "at_most: 9", Topic.COST, "steps.each.at_most: 3 → 9 (+200 %)"),
    ("workflow.yaml", "ask: [compliance]", "ask: [data-stewards]", Topic.RELEASED, "release: asked: compliance → data-stewards"),
    ("workflow.yaml", "show: [script, slides]", "show: [script, slides, data]", Topic.RELEASED,
     "release: show: script, slides → script, slides, data"),
    ("workflow.yaml", "default: retail", "default: professional", Topic.PUBLISHED, "parameter audience, default: retail → professional"),
    ("workflow.yaml", "required_fields: [price] ", "required_fields: [price, charges] ", Topic.PUBLISHED, "new required field charges"),
    ("workflow.yaml", "compliance_checks: [gdpr]", "compliance_checks: [gdpr, financial_regulations]", Topic.PUBLISHED,
     "new compliance pack financial_regulations"),
    ("workflow.yaml", "go: continue", "go: fail", Topic.PUBLISHED, "InvalidOutputError in outlook: goes on without it → the run fails"),
    ("workflow.yaml", "more_than: 2", "more_than: 3", Topic.PUBLISHED,
     "depth/dear, when: field charges is more than 2 or not (parameter audience is retail) → field charges is more than 3 or not "
     "(parameter audience is retail)"),
    ("workflow.yaml", "default_error_handler: fail}\nsteps", "default_error_handler: fail, max_retries: 5}\nsteps", Topic.ERRORS,
     "retries: 3 → 5 (+67 %), in every step"),
    ("workflow.yaml", "default_error_handler: fail}\nsteps", "default_error_handler: fail, retry: patient}\nsteps", Topic.ERRORS,
     "retry of RateLimitError: 3 → 8 (+167 %), in every step"),
    ("workflow.yaml", "slide: {theme: house}", "slide: {theme: house}\n    timeout_seconds: 600", Topic.ERRORS,
     "time of one try: 5 min → 10 min, in make_slides"),
    ("workflow.yaml", "title: \"Savings plan\"", "title: Savings", Topic.WORDS, "title: Savings plan → Savings"),
    ("workflow.yaml", "on: [failed]", "on: [failed, degraded]", Topic.RELEASED, "tell: on: failed → failed, degraded"),
    ("schema.json", '"maximum": 10', '"maximum": 5', Topic.PUBLISHED, "field charges, maximum: 10 → 5 (−50 %)"),
    ("schema.json", '["Launch date", "Launched"]', '["Launch date"]', Topic.PUBLISHED,
     "field launch_date, printed labels: −1 Launched (en)"),
    ("rules.yaml", "max_age_days: 92", "max_age_days: 45", Topic.PUBLISHED, "rule figures_are_recent, max_age_days: 92 → 45 (−51 %)"),
    ("rules.yaml", "  launched_before:", "  born_before:", Topic.PUBLISHED, "rule launched_before removed"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "topic", "text"), CASES, ids=[case[4][:40] for case in CASES])
def test_a_change_is_told_in_words_under_its_topic(
    before: Project, after: Project, file: str, old: str, new: str, topic: Topic, text: str
) -> None:
    """What a reviewer reads, and in which group."""
    edit(after.dags / NAME / file, old, new)
    assert text in texts(before, after, topic), texts(before, after)


def test_nothing_changed_is_no_change(before: Project, after: Project) -> None:
    """The same files in another place are the same; a comment is told as a comment."""
    assert texts(before, after) == []
    edit(after.dags / NAME / WORKFLOW, "format: 1\n", "format: 1 # first\n")
    assert texts(before, after) == ["nothing but comments or layout"]


def test_steps_that_come_go_and_move(before: Project, after: Project) -> None:
    """A new step, a removed block, a step that was moved into a block."""
    path = after.dags / NAME / WORKFLOW
    text = path.read_text(encoding="utf-8")
    start, end = text.index("  both:\n"), text.index("  each:\n")
    moved = text[:start] + text[end:]
    path.write_text(
        moved.replace(
            "  outlook:\n",
            "  view:\n    generate: {prompt: outlook, output: outlook.json, route: writing}\n  outlook:\n",
        ),
        "utf-8",
    )
    told = texts(before, after, Topic.PUBLISHED)
    assert "new step view (generate: prompt outlook, route writing, makes view as outlook.json says)" in told
    assert "block both removed" in told
    assert "step look_left (generate) removed" in told
    path.write_text(moved.replace("  outlook:\n    generate", "  first:\n    generate", 1), "utf-8")
    assert "step outlook (generate) removed" in texts(before, after)


def test_an_order_that_changed_names_the_fewest_steps(before: Project, after: Project) -> None:
    """Two blocks that change places are one move."""
    path = after.dags / NAME / WORKFLOW
    text = path.read_text(encoding="utf-8")
    one, two, end = text.index("  both:\n"), text.index("  each:\n"), text.index("  # Says what")
    path.write_text(text[:one] + text[two:end] + text[one:two] + text[end:], encoding="utf-8")
    moved = [told for told in texts(before, after) if "now runs" in told]
    assert moved in (["both now runs after each"], ["each now runs after depth"])


def test_prompts_are_counted_in_lines_with_their_version(before: Project, after: Project) -> None:
    """A prompt that changed without a new version says so."""
    path = after.include / "prompts" / NAME / "write_script.md.j2"
    edit(path, "- Never write", "- Be brief.\n- Never write")
    assert "prompt write_script +1 line, version still 1" in texts(before, after)
    edit(path, "version: 1", "version: 2")
    assert "prompt write_script +2 −1 lines, version 1 → 2" in texts(before, after)


def test_a_compliance_pack_is_compared_rule_by_rule(before: Project, after: Project) -> None:
    """A rule that only warns now is told with its id; a new version of the pack is a note."""
    path = after.include / "compliance" / "gdpr.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("severity: block", "severity: warn", 1), encoding="utf-8")
    assert "gdpr GDPR-01, severity: block → warn" in texts(before, after, Topic.PUBLISHED)


def test_plain_data_is_compared_by_the_names_of_its_entries() -> None:
    """A list of named entries is compared entry by entry, any other list as a whole."""
    old = {"rules": [{"id": "a", "n": 1}, {"id": "b", "n": 2}], "words": [1, 2]}
    new = {"rules": [{"id": "b", "n": 3}, {"id": "c", "n": 4}], "words": [2, 1]}
    assert list(data_changes(old, new)) == [
        (("rules", "a"), {"id": "a", "n": 1}, None),
        (("rules", "b", "n"), 2, 3),
        (("rules", "c"), None, {"id": "c", "n": 4}),
        (("words",), [1, 2], [2, 1]),
    ]
    assert list(data_changes(old, old)) == []


def git(folder: Path, *arguments: str) -> None:
    """Runs git in a folder, with an identity of its own."""
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def committed(own: Project) -> Project:
    """A project under git, one commit old."""
    git(own.root, "init", "-q", "-b", "main")
    git(own.root, "add", "-A")
    git(own.root, "commit", "-q", "-m", "first")
    return own


def test_a_revision_is_compared_with_the_disk(committed: Project) -> None:
    """`diff HEAD` compares every workflow; `HEAD:name` one; a workflow of one side alone is new or removed."""
    edit(committed.dags / NAME / WORKFLOW, "usd: 0.20", "usd: 0.28")
    run = runner(committed)
    said = run("diff", "HEAD")
    assert said.code == 0
    assert "budget.usd: $0.20 → $0.28 (+40 %)" in said.out
    assert run("diff", f"HEAD:{NAME}", NAME).out == run("diff", f"main:{NAME}").out.replace("main:", "HEAD:")
    run("new", "another")
    assert "new workflow another (Another, 7 steps, owner my-team)" in run("diff", "main").out
    assert "no change" in run("diff", f"HEAD:{NAME}", "HEAD").out


def test_markdown_and_json_say_the_same(committed: Project) -> None:
    """For a merge request, and for a program."""
    edit(committed.dags / NAME / WORKFLOW, "usd: 0.20", "usd: 0.28")
    run = runner(committed)
    markdown = run("diff", "HEAD", "--markdown").out
    assert (
        f"### {NAME}" in markdown and "**Cost and limits**" in markdown and "- ~ budget.usd: $0.20 → $0.28" in markdown
    )
    changes = run("diff", "HEAD", "--json").json()["workflows"][0]["changes"]
    assert [(one["topic"], one["subject"]) for one in changes] == [("cost", "budget.usd")]


def test_a_side_that_cannot_be_read_shows_its_problems(committed: Project) -> None:
    """The other side is not blamed, and the exit code says it."""
    edit(committed.dags / NAME / WORKFLOW, "route: writing", "route: writting")
    said = runner(committed)("diff", "HEAD")
    assert said.code == 1
    assert f"{NAME} cannot be read: 1 problem" in said.out
    assert "did you mean 'writing'?" in said.out


def test_what_cannot_be_compared_is_wrong_use(committed: Project, command: Callable[..., Said]) -> None:
    """No second side, an unknown revision, a folder without git, a revision that is an option."""
    run = runner(committed)
    assert run("diff", NAME).code == 2
    for word in ("nope", f"nope:{NAME}", "HEAD:nope"):
        assert run("diff", word).code == 2, word
    assert run("diff", "HEAD", "--markdown", "--json").code == 2
    assert command("diff", "HEAD").code == 2
