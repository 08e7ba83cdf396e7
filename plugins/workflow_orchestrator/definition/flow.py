"""What flows between steps: which artifacts a step needs and makes, and what that means for an error that is passed over.

    extract ─► reading ─► validate ─► data ─► write ─► script ─► slide ─► slides ─► approve ─► approval ─► video ─► video
    generate ─► an artifact of the author's own name        call ─► the outputs it takes from another workflow

An artifact is a word of the language; `FILES` says which files of a run it stands for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from workflow_orchestrator.definition.steps import (
    CallStep,
    Catch,
    Choose,
    GenerateStep,
    Item,
    Map,
    Parallel,
    Step,
)

NEEDS: Mapping[str, tuple[str, ...]] = {
    "extract": (),
    "validate": ("reading",),
    "ask": ("reading",),
    "write": ("data",),
    "slide": ("data", "script"),
    "approve": ("data", "script", "slides"),
    "video": ("script", "slides", "approval"),
    "generate": (),
    "call": (),
    "notify": (),
    "wait": (),
}
MAKES: Mapping[str, tuple[str, ...]] = {
    "extract": ("reading",),
    "validate": ("data",),
    "ask": ("data",),
    "write": ("script",),
    "slide": ("slides",),
    "approve": ("approval",),
    "video": ("video",),
    "notify": (),
    "wait": (),
}
ARTIFACTS = ("reading", "data", "script", "slides", "approval", "video")
"""The artifacts that have a name of the platform's; no generate step may take one of them."""

FILES: Mapping[str, tuple[str, ...]] = {
    "reading": ("document.json", "extracted.json"),
    "data": ("validation.json", "values.json"),
    "script": ("script.json", "compliance.json"),
    "slides": ("deck.json", "slides/", "slides.pdf", "slides.pptx", "compliance_slides.json"),
    "approval": ("approval.json",),
    "video": ("video.mp4", "captions.vtt", "narration.wav", "video.json", "compliance_video.json"),
}
"""The files of a run behind an artifact; a name that ends in `/` is a folder."""

ASK_MODELS = ("extract", "write", "generate")
"""The kinds of step that ask a model."""

# A check that failed is never passed over, and what was refused, or is not public yet, is never published.
NEVER_CONTINUES = ("validate", "ask", "approve", "video", "wait")
DONE = ("continue", "fail")
"""Where a catch may go that is no step."""
ALWAYS_FAIL = frozenset(
    (
        "DefinitionChangedError",
        "ConfError",
        "DocumentOutsideStorageError",
        "AlreadyProcessedError",
        "AutoApprovalRefusedError",
    )
)
"""The errors that fail the run wherever they come up: its files fit it no more, or what it was started with is refused. No detour
and no passing over changes that, and a detour would have no opened run to work in."""


def files_of(artifact: str) -> tuple[str, ...]:
    """The files of a run behind an artifact; a generate step's is one JSON file under `made/`."""
    return FILES.get(artifact) or (f"made/{artifact}.json",)


def makes(step: Step) -> tuple[str, ...]:
    """The artifacts that a step makes."""
    if isinstance(step, GenerateStep):
        return (step.into,)
    if isinstance(step, CallStep):
        return step.take
    return MAKES[step.kind]


def needs(step: Step) -> tuple[str, ...]:
    """The artifacts without which a step cannot work."""
    return tuple(name for name in (*NEEDS[step.kind], *step.reads, *step.uses) if name not in step.optional)


def inner(item: Item) -> tuple[tuple[Item, ...], ...]:
    """The sequences inside a block; none for a step."""
    if isinstance(item, Choose | Parallel):
        return tuple(arm.steps for arm in item.arms)
    if isinstance(item, Map):
        return (item.steps,)
    return ()


def walk(flow: Sequence[Item]) -> Iterator[Item]:
    """Every step and block of a sequence, also those inside blocks, each block before what is in it."""
    for item in flow:
        yield item
        for sequence in inner(item):
            yield from walk(sequence)


def steps_of(flow: Sequence[Item]) -> list[Step]:
    """Every step of a sequence, also those inside blocks; no detours."""
    return [item for item in walk(flow) if isinstance(item, Step)]


def catch_for(step: Step, classes: Iterable[str]) -> Catch | None:
    """The first catch of a step that takes an error of these classes (its own and those above it).

    None takes an error of `ALWAYS_FAIL`, not even one that names a class above it.
    """
    known = set(classes)
    if ALWAYS_FAIL & known:
        return None
    return next((catch for catch in step.catches if catch.on in known), None)


def handler_for(step: Step, classes: Iterable[str]) -> str:
    """Where an error of these classes leads when no retry is left: the name of a step, `continue`, or `fail`."""
    known = set(classes)
    if ALWAYS_FAIL & known:
        return "fail"
    catch = catch_for(step, known)
    return catch.go if catch else step.execution.default_error_handler


def after(flow: Sequence[Item], name: str) -> tuple[tuple[Item, ...], ...] | None:
    """The sequences of items that run after the item of that name, from the innermost block outwards; `None`: no such item.

    What a map's steps make is seen by nobody after the map, so its sequence is the last one.
    """
    for index, item in enumerate(flow):
        rest = tuple(flow[index + 1 :])
        if item.name == name:
            return (rest,)
        for sequence in inner(item):
            found = after(sequence, name)
            if found is not None:
                return found if isinstance(item, Map) else (*found, rest)
    return None


def who_needs(artifact: str, later: Sequence[Item]) -> str | None:
    """The first later step or map that needs an artifact as it is made before; `None`: nobody does, or it is made again first."""
    for item in later:
        for one in walk((item,)):
            if isinstance(one, Step) and artifact in needs(one):
                return one.name
            if isinstance(one, Map) and one.over.source == "output" and artifact == one.over.name.partition(".")[0]:
                return one.name
        if isinstance(item, Step) and artifact in makes(item):
            return None
    return None


def why_not_continue(flow: Sequence[Item], step: Step, *, place: str | None = None, outputs: Sequence[str] = ()) -> str:
    """Why an error of a step cannot be passed over; empty when it can.

    Args:
        flow: the workflow's.
        step: the step.
        place: the step of the flow in whose place it runs, for a detour; without it, its own.
        outputs: the artifacts that other workflows may take; a run must not go without them.
    """
    if step.kind in NEVER_CONTINUES:
        return f"a failed {step.kind} step is never passed over"
    sequences = after(flow, place or step.name)
    later = [item for sequence in sequences or () for item in sequence]
    for artifact in makes(step):
        name = who_needs(artifact, later)
        if name is not None:
            return f"{name} needs its {artifact}"
        made_again = any(isinstance(item, Step) and artifact in makes(item) for item in later)
        if artifact in outputs and step.within_map is None and not made_again:
            return f"the workflow's output promises its {artifact}"
    return ""
