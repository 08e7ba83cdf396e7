"""The language of `workflow.yaml` and of `include/orchestrator.yaml`, written once: keys, types and what they mean.

    words          names, lines, durations
    execution      tries, waits, timeouts, named retry policies
    conditions     when an arm of a choose is taken
    kinds          what each kind of step takes
    blocks         steps in their order, choose, parallel, map
    workflow       the whole file              platform    include/orchestrator.yaml

`scripts/make_schema.py` turns it into the JSON Schemas of docs/ for editors; the loader checks with the same objects. What a JSON
Schema cannot say (a catch that leads back, a field that the schema lacks) is in `checks/`.
"""

from workflow_orchestrator.definition.language.blocks import BLOCK_KINDS, CONDITION, STEP_KINDS
from workflow_orchestrator.definition.language.conditions import COMPARISONS, NESTING, SUBJECTS
from workflow_orchestrator.definition.language.execution import EXECUTION, HANDLERS
from workflow_orchestrator.definition.language.kinds import OUTCOMES
from workflow_orchestrator.definition.language.platform import CONFIGURATION, orchestrator_json_schema
from workflow_orchestrator.definition.language.words import (
    NAME,
    NAME_SAYS,
    duration,
    line,
    paragraph,
    word,
)
from workflow_orchestrator.definition.language.workflow import FORMAT, WORKFLOW, workflow_json_schema

__all__ = [
    "BLOCK_KINDS",
    "COMPARISONS",
    "CONDITION",
    "CONFIGURATION",
    "EXECUTION",
    "FORMAT",
    "HANDLERS",
    "NAME",
    "NAME_SAYS",
    "NESTING",
    "OUTCOMES",
    "STEP_KINDS",
    "SUBJECTS",
    "WORKFLOW",
    "duration",
    "line",
    "orchestrator_json_schema",
    "paragraph",
    "word",
    "workflow_json_schema",
]
