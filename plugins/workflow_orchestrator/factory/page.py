"""The page of a workflow in Airflow's UI: what it does, its steps, what happens on errors, and the author's own file."""

from __future__ import annotations

from workflow_orchestrator import __version__
from workflow_orchestrator.definition.model import Step, Workflow

SAYS = {
    "extract": "reads the document and binds each value to its page and printed words",
    "validate": "proves each value against the document and applies the business rules",
    "ask": "asks named people for what is missing or wrong",
    "write": "writes the narration around proven values and applies the compliance packs",
    "slide": "renders the slides, as pictures and as an editable PowerPoint file",
    "approve": "asks named people to release exactly this script and these slides",
    "video": "makes the narrated video and checks the finished file",
}


def dag_page(workflow: Workflow) -> str:
    """Markdown for the DAG's documentation tab. It holds the digest, so that a new definition is a new DAG version."""
    rows = "\n".join(_row(step) for step in workflow.steps)
    return f"""# {workflow.title}

{workflow.description}

{rows}
- **record_execution** writes the manifest, however the run ends.

**Start it** with the form ("Trigger"), through the REST API with a conf, or put a PDF into `inbox/{workflow.name}/` for the nightly
scan. **Owner:** {workflow.owner}. **Platform:** {__version__}. **Definition:** `{workflow.digest}`

```yaml
{workflow.source.rstrip()}
```
"""


def _row(step: Step) -> str:
    tries = step.execution.max_retries + 1
    minutes = step.execution.timeout.total_seconds() / 60
    caught = "; ".join(f"{catch.on} goes to **{catch.go}**" for catch in step.catches)
    return f"- **{step.name}** {SAYS[step.kind]}. {tries} tries of {minutes:g} min; {caught or 'then the run fails'}."
