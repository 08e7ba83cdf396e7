"""What must not be read any more: what a step would have made that is passed over, and what a rerun does not come by again.

    withdraw    a step failed and the run goes on without it: what it made before a clear, or the run around a map's item has, is not
                what this run goes on with
    take_back   a choice was made again and takes another way, or a map goes over a shorter list: what the old way made is gone; its
                reports stay, because what was asked of models there was paid for

The operators ask here, and the scenario runner for what concerns it: in process, nothing is ever cleared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workflow_orchestrator.definition.flow import DONE, files_of, inner, makes
from workflow_orchestrator.definition.model import Item, Map, Step, Workflow
from workflow_orchestrator.record.outcome import places_of
from workflow_orchestrator.record.run_folder import RunFolder


def withdraw(run: RunFolder, step: Step) -> None:
    """Takes away what a step makes, now that the run goes on without it.

    Args:
        run: the folder that the step works in; in a map, its item's.
        step: the step that is passed over.
    """
    for name in _files(step):
        run.withdraw(name)


def take_back(run: RunFolder, workflow: Workflow, items: Iterable[Item]) -> None:
    """Takes away what steps and blocks left in a run before a clear, and notes in their reports that they were not come by.

    A file goes if one of them wrote it last: what an earlier step made and they did not replace is still right. What they replaced is
    lost, and who needs it says so; the older one would be a guess.

    Args:
        run: the folder in which they stand; in a map, that of the item.
        workflow: the definition that the run goes by.
        items: what is not run now.
    """
    left = list(_reported(run, workflow, items))
    if not left:
        return
    reports = {folder.report_file(name) for folder, name in left}
    maps = {step.within_map for step in workflow.steps if step.within_map}
    attempts = sorted(run.all_attempts(maps), key=lambda one: str(one[1]["started"]))
    written = {artifact["name"]: file for file, attempt in attempts for artifact in attempt["artifacts"]}
    for name, file in written.items():
        if file in reports:
            run.root.delete(name)
    steps = {step.name: step for step in workflow.steps}
    for folder, name in left:
        folder.note(name, "skipped")
        for file in _files(steps[name]) if name in steps else ():
            folder.restore(file)


def _reported(run: RunFolder, workflow: Workflow, items: Iterable[Item]) -> Iterator[tuple[RunFolder, str]]:
    """Every step and block of some items that has reports, with the folder that it worked in; detours and what maps copied too."""
    for item in items:
        detours = [catch.go for catch in item.catches if catch.go not in DONE] if isinstance(item, Step) else []
        for name in dict.fromkeys((item.name, *detours)):
            if run.holds(f"steps/{name}.json"):
                yield run, name
        folders = [place.run for place in places_of(run, item.name)] if isinstance(item, Map) else [run]
        for folder in folders:
            for sequence in inner(item):
                yield from _reported(folder, workflow, sequence)


def _files(step: Step) -> Iterator[str]:
    for artifact in makes(step):
        yield from files_of(artifact)
