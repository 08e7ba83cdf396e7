"""Steps in their order, and the blocks between them: choose, parallel, map. A block holds steps again, so the shape holds itself."""

from __future__ import annotations

from workflow_orchestrator.definition.language.conditions import condition, over
from workflow_orchestrator.definition.language.execution import EXECUTION
from workflow_orchestrator.definition.language.kinds import KINDS, LAST
from workflow_orchestrator.definition.language.words import NAME, NAME_SAYS, error_text, name_text
from workflow_orchestrator.definition.shapes import Entry, ListOf, MapOf, Named, Record, Text, Whole

STEP_KINDS = tuple(KINDS)
BLOCK_KINDS = ("choose", "parallel", "map")
MOST_ITEMS = 200

NAMED: dict[str, Named] = {}
"""The shapes of `workflow.yaml` that have a name: `$defs` of its JSON Schema."""

steps = Named("steps", NAMED)
_step = Named("step", NAMED)
CONDITION = condition(NAMED)

_CATCH = Record(
    {
        "on": Entry(error_text, "The error class that is caught, with all below it.", required=True),
        "go": Entry(Text(NAME, "a step, continue or fail"), "A later step, continue, or fail.", required=True),
    }
)
_ARM = Record(
    {
        "name": Entry(name_text, "What the arm is called; without it, arm_1 and so on."),
        "when": Entry(CONDITION, "When this arm is taken; only the last one may lack it."),
        "steps": Entry(steps, "The steps of the arm.", required=True),
    },
    hints={"if": "did you mean 'when'?", "otherwise": "leave 'when' out of the last arm"},
)
_MAP = Record(
    {
        "over": Entry(over, "The list: {parameter: …} or {output: artifact.key}.", required=True),
        "as": Entry(name_text, "What its steps call the item.", required=True),
        "at_most": Entry(
            Whole(1, MOST_ITEMS), f"The most items, 1 to {MOST_ITEMS}; a longer list is refused.", required=True
        ),
        "at_once": Entry(Whole(1, MOST_ITEMS), "How many items each of its steps works on at a time; without it, one."),
        "steps": Entry(steps, "The steps for each item.", required=True),
    }
)
_BLOCKS = {
    "choose": Entry(ListOf(_ARM), "Runs the first arm whose condition holds."),
    "parallel": Entry(MapOf(steps, NAME, NAME_SAYS, at_least=2), "Runs all arms side by side, each under its name."),
    "map": Entry(_MAP, "Runs its steps once for each item of a list."),
}

_step.shape = Record(
    {
        **KINDS,
        **_BLOCKS,
        "optional": Entry(
            ListOf(name_text), "Artifacts in the prompt that this step can do without; it then sees none."
        ),
        "catch": Entry(ListOf(_CATCH), "What happens on which error; the first entry that fits decides."),
        **EXECUTION,
    },
    one_of=(*STEP_KINDS, *BLOCK_KINDS),
    alone=BLOCK_KINDS,
    together={"optional": ("generate", "write")},
    hints={
        "execution": "write its keys (max_retries, timeout_seconds, …) directly in the step",
        "retries": "did you mean 'max_retries'?",
        "timeout": "did you mean 'timeout_seconds'?",
        "trigger_rule": "the platform sets it; say with 'catch' what happens on an error",
        "depends_on": "steps run in the order of the file",
        "on_failure": "did you mean 'catch'?",
        "when": "write choose: [{when: …, steps: …}]",
        "if": "write choose: [{when: …, steps: …}]",
        "branch": "did you mean 'choose'?",
        "switch": "did you mean 'choose'?",
        "foreach": "did you mean 'map'?",
    },
)
steps.shape = MapOf(_step, NAME, NAME_SAYS)

last = MapOf(
    Record({"notify": Entry(LAST, "Sends a message to a channel.", required=True), **EXECUTION}), NAME, NAME_SAYS
)
