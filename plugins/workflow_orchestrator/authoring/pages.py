"""The page of a workflow, `docs/workflows/<name>.md`: what it does, drawn and in tables. Made from the definition alone.

The page is the same on every machine: no path, no time and no price stands in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from workflow_orchestrator.authoring import facts
from workflow_orchestrator.authoring.markdown import code, fenced, plain, table
from workflow_orchestrator.authoring.mermaid import diagram
from workflow_orchestrator.definition import wording
from workflow_orchestrator.definition.failures import failure_table, to_markdown
from workflow_orchestrator.definition.flow import walk
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.steps import Step, ValidateStep
from workflow_orchestrator.fields import FieldSpec

MADE = "<!-- Written by `scripts/workflow docs`; do not edit. -->"


def page(workflow: Workflow) -> str:
    """The page as Markdown.

    Raises:
        PromptError: a prompt cannot be read.
        DefinitionError: the rules or a compliance pack cannot be read.
    """
    return "\n\n".join([*_parts(workflow)]) + "\n"


def index(workflows: list[Workflow]) -> str:
    """The page that lists the others."""
    rows = [
        (f"[{plain(one.title)}]({one.name}.md)", plain(one.description), plain(one.owner), str(len(one.steps)))
        for one in workflows
    ]
    return f"{MADE}\n\n# Workflows\n\n{table(('Workflow', 'What it does', 'Owner', 'Steps'), rows)}\n"


def _parts(workflow: Workflow) -> Iterator[str]:
    yield MADE
    yield f"# {plain(workflow.title)}"
    if workflow.description:
        yield plain(workflow.description)
    yield table(("", ""), [(name, plain(text)) for name, text in _header(workflow)])
    yield f"## Flow\n\n{fenced(diagram(workflow), 'mermaid')}"
    yield f"## Steps\n\n{table(('Step', 'Kind', 'What it does', 'What it is told'), _steps(workflow))}"
    for title, headings, rows in _tables(workflow):
        made = table(headings, rows)
        if made:
            yield f"## {title}\n\n{made}"
    yield (
        "## What happens on which error\n\nAn error is looked up by its class; retries come first, and then the last column.\n\n"
        + (to_markdown(failure_table(workflow)).rstrip())
    )


def _header(workflow: Workflow) -> Iterator[tuple[str, str]]:
    yield "Name", workflow.name
    yield "Owner", workflow.owner
    yield "Looks for documents", facts.schedule(workflow) or "only when somebody starts it"
    yield from ((name.capitalize(), text) for name, text in facts.limits(workflow))
    yield "Platform", workflow.platform
    if workflow.outputs:
        yield "Other workflows may take", wording.value(workflow.outputs)
    again = "the definition that its run began with" if workflow.rerun == "same" else "the newest definition"
    yield "A step that is run again uses", again


def _steps(workflow: Workflow) -> Iterator[tuple[str, str, str, str]]:
    for item in (*workflow.steps, *workflow.last):
        yield code(item.name), item.kind, wording.KINDS[item.kind], plain(wording.step(item))


def _tables(workflow: Workflow) -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    blocks = [
        (code(item.name), item.kind, plain(wording.block(item)))
        for item in walk(workflow.flow)
        if not isinstance(item, Step)
    ]
    yield "Blocks", ("Block", "Kind", "What it does"), [*blocks]
    people = [(code(step), asked, plain(groups), within) for step, asked, groups, within in facts.people(workflow)]
    yield "People", ("Step", "Asked", "Who", "How long they have"), [*people]
    yield (
        "Parameters",
        ("Parameter", "Title", "Allowed", "Default"),
        [
            (code(name), plain(title), plain(allowed), plain(default))
            for name, title, allowed, default in facts.parameters(workflow)
        ],
    )
    yield "Fields", ("Field", "Kind", "Needed", "What it is"), [*_fields(workflow)]
    yield "Rules", ("Rule", "Check", "Over", "A breach"), [*_rules(workflow)]
    yield "Compliance", ("Rule", "Pack", "What it demands", "A breach", "Citation"), [*_packs(workflow)]
    yield (
        "Prompts",
        ("Step", "Prompt", "Version", "SHA-256", "Route"),
        [
            (code(one.step), code(one.file), one.version, code(one.sha256[:16]), one.route)
            for one in facts.prompts(workflow)
        ],
    )
    yield (
        "Artifacts",
        ("Artifact", "Made by", "Of", "Files of a run"),
        [
            (one.name, code(one.made_by), ", ".join(one.needs), ", ".join(map(code, one.files)))
            for one in facts.artifacts(workflow)
        ],
    )
    tries = [(name if " " in name else code(name), text) for name, text in facts.tries(workflow)]
    yield "Tries", ("Step", "Tries and waits"), [*tries]


def _fields(workflow: Workflow) -> Iterator[tuple[str, str, str, str]]:
    needed = workflow.rules.required_fields
    for name, spec in workflow.fields.items():
        need = "yes" if spec.required or name in needed else ""
        yield code(name), _kind(spec), need, plain(spec.description or spec.title["en"])


def _kind(spec: FieldSpec) -> str:
    text = spec.kind.value
    if spec.keyed:
        keys = f" ({', '.join(spec.keys)})" if spec.keys else ""
        text += f" by {spec.keyed}{keys}"
    bounds = [
        f"from {spec.minimum}" if spec.minimum is not None else "",
        f"to {spec.maximum}" if spec.maximum is not None else "",
    ]
    return " ".join([text, *filter(None, bounds)])


def _rules(workflow: Workflow) -> Iterator[tuple[str, str, str, str]]:
    from workflow_orchestrator.rules.language import load_rules

    says = {"error": "a person corrects it", "needs_person": "a person looks at it", "warning": "is recorded"}
    for step in workflow.steps:
        if isinstance(step, ValidateStep):
            for rule in load_rules(step.rules, workflow.fields).rules:
                over = [code(name) for name in rule.fields.values()]
                over += [code(name) for names in rule.lists.values() for name in names]
                over += [f"{name} {number}" for name, number in rule.numbers.items()]
                yield code(rule.name), rule.check.name, ", ".join(dict.fromkeys(over)), says[rule.severity]


def _packs(workflow: Workflow) -> Iterator[tuple[str, str, str, str, str]]:
    from workflow_orchestrator.compliance import load_packs

    for pack in load_packs(workflow.include / "compliance", workflow.rules.compliance_checks):
        for rule in pack.rules:
            severity = rule.severity.value.replace("_", " ")
            yield rule.id, f"{pack.name} {pack.version}", plain(rule.title), severity, plain(rule.citation)
