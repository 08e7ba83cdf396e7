"""`docs`: pages that are made, checked, and never lie about the definition."""

from __future__ import annotations

from pathlib import Path

from authoring_sample import NAME, edit, load, runner

from workflow_orchestrator.authoring.markdown import fenced, plain, table
from workflow_orchestrator.authoring.pages import page
from workflow_orchestrator.authoring.project import Project
from workflow_orchestrator.authoring.reference import reference, value_text
from workflow_orchestrator.authoring.rules_page import rules_page
from workflow_orchestrator.definition import read_yaml
from workflow_orchestrator.definition.language import STEP_KINDS, workflow_json_schema
from workflow_orchestrator.definition.problems import CODES
from workflow_orchestrator.rules.registry import checks


def test_pages_are_written_checked_and_found_stale(own: Project) -> None:
    """Written once they are current; a change of the workflow makes its page stale; a page without a workflow goes."""
    run = runner(own)
    assert run("docs", "--check").code == 1
    said = run("docs")
    assert (said.code, f"docs/workflows/{NAME}.md written" in said.out) == (0, True)
    assert run("docs", "--check").code == 0
    edit(own.dags / NAME / "workflow.yaml", "usd: 0.20", "usd: 0.30")
    stale = run("docs", "--check")
    assert stale.code == 1 and f"docs/workflows/{NAME}.md is not current" in stale.out
    assert run("docs", NAME).code == 0
    (own.pages / "gone.md").write_text("old", encoding="utf-8")
    assert run("docs", "--check", "--json").json()["without_workflow"] == ["docs/workflows/gone.md"]
    run("docs")
    assert not (own.pages / "gone.md").exists()
    assert not [path for path in own.pages.iterdir() if path.name.startswith(".")]


def test_the_page_has_every_step_field_rule_and_prompt(blocks: Project) -> None:
    """What the definition holds stands on the page."""
    workflow = load(blocks)
    text = page(workflow)
    for name in (
        *(step.name for step in (*workflow.steps, *workflow.last)),
        *workflow.fields,
        "launched_before",
        "GDPR-01",
    ):
        assert name in text, name
    assert "```mermaid" in text
    assert "| `each` | map |" in text
    assert "correct_data asks people" in text
    assert str(blocks.root) not in text


def test_what_an_author_writes_stays_text(own: Project) -> None:
    """A title with markup does not become a link or a tag; a bar does not end a cell."""
    edit(own.dags / NAME / "workflow.yaml", 'title: "Savings plan"', 'title: "[x](http://a.b) <script> | bar"')
    text = page(load(own))
    assert "# \\[x\\](http://a.b) \\<script\\> \\| bar" in text
    assert "<script>" not in text
    assert table(("a",), [("x|y\nz",)]).endswith("| x\\|y z |")
    assert table(("a",), []) == ""
    assert fenced("a\n```\nb").startswith("````\n")
    assert plain("\x1b[31mred\x1b[0m\x07") == "red�"


def test_a_page_outside_the_project_is_not_made(own: Project, tmp_path: Path) -> None:
    """Pages are of the project's own workflows."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "workflow.yaml").write_text("", encoding="utf-8")
    assert runner(own)("docs", str(tmp_path / "elsewhere")).code == 2


def test_the_reference_has_every_key_and_every_code() -> None:
    """Each key of the language stands in a table with its meaning, each kind and each code of a problem too."""
    text = reference()
    schema = workflow_json_schema()
    for name, entry in schema["properties"].items():
        if name not in ("steps", "finally", "execution"):
            assert f"| `{name}`" in text, name
            assert plain(entry["description"]) in text, name
    for kind in STEP_KINDS:
        assert f"### `{kind}`" in text
        for key in schema["$defs"]["step"]["properties"][kind]["properties"]:
            assert f"| `{key}`" in text, (kind, key)
    assert all(f"| {code} |" in text for code in CODES)


def test_the_examples_of_the_reference_are_of_the_language() -> None:
    """Each example is YAML that the strict reader takes, and a step of it is one that the language has."""
    examples = [part.partition("```")[0] for part in reference().split("```yaml\n")[1:]]
    assert len(examples) == 6
    found: set[str | int] = set()
    for example in examples:
        for text in example.strip().split("\nwhen:") if "when:" in example[:5] else [example]:
            source = read_yaml(text.replace("{…}", "{}"), name=Path("example.yaml"))
            for at, step in [*source.walk(()), *source.walk(("steps",))]:
                found |= {at[-1], *(step if isinstance(step, dict) else ())}
    assert {"extract", "choose", "parallel", "map", "field", "any"} <= found


def test_values_are_said_in_words() -> None:
    """Types, bounds and choices as a person says them."""
    assert value_text({"enum": ["a", "b"]}) == "`a`, `b`"
    assert value_text({"type": "integer", "minimum": 1, "maximum": 20}) == "a whole number, 1 to 20"
    assert value_text({"type": "array", "items": {"type": "string"}}) == "a list of text"
    either = {"anyOf": [{"type": "boolean"}, {"type": "object", "properties": {"item": {}}}]}
    assert value_text(either) == "`true` or `false` or `{item: …}`"
    assert value_text({"$ref": "#/$defs/steps"}) == "steps"


def test_the_schemas_are_checked_where_the_platform_is_developed(own: Project, root: Path) -> None:
    """`schema --check` says of each file whether it is current; a project without the generator says so."""
    said = runner(Project(root, root))("schema", "--check", "--json")
    data = said.json()
    assert (said.code == 0) is data["good"]
    assert any("workflow.schema.json" in line for line in data["says"])
    assert runner(own)("schema").code == 2


def test_a_place_that_cannot_be_written_is_named(own: Project) -> None:
    """A file where the folder of the pages should be: the path and the reason, no traceback."""
    (own.root / "docs").write_text("", encoding="utf-8")
    said = runner(own)("docs")
    assert said.code == 1
    assert str(own.root / "docs") in said.err


def test_every_check_is_on_the_page_of_rules() -> None:
    """One whose module nobody put into a group would be missing without a word; a table that a check goes by is shown."""
    written = rules_page()
    assert [name for name in checks() if f"### {name}\n" not in written] == []
    assert "| CC BY-ND | no | yes |" in written
