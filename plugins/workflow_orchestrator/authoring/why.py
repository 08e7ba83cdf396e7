"""`why`: from a number of a video back to the page, the printed words, the prompt, the model and the person who released it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from workflow_orchestrator.authoring import exits
from workflow_orchestrator.authoring.terminal import safe
from workflow_orchestrator.history.why import Origin, Why, reader_of, why
from workflow_orchestrator.storage import configured_storage

if TYPE_CHECKING:
    from workflow_orchestrator.authoring.cli import Session
    from workflow_orchestrator.authoring.terminal import Terminal


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("of", metavar="RUN", help="a run's id, or the folder that `scripts/workflow run` left")
    parser.add_argument("number", metavar="NUMBER", help="the number as the video says it, such as '3.4 %%'")
    parser.set_defaults(run=explain)


def explain(session: Session, options: argparse.Namespace) -> int:
    """Explains; exit code 1 where the run neither says the number nor has it."""
    storage = configured_storage(session.project.include)
    found = why(reader_of(storage, session.project.path(options.of), options.of), options.number)
    if session.json:
        session.emit(found.to_json())
    else:
        _print(session.terminal, found)
    return exits.GOOD if found.said or found.origins else exits.PROBLEMS


def _print(terminal: Terminal, found: Why) -> None:
    terminal.heading(safe(f"{found.number} in {found.document or found.run_id} ({found.workflow}, {found.outcome})"))
    if not found.said:
        terminal.say("  the video neither says nor shows it")
    for place in found.said:
        terminal.say(safe(f"  {place.how} on slide {place.slide}: {place.words}"))
    for origin in found.origins:
        _print_origin(terminal, origin)
    if found.nearest:
        terminal.say(safe(f"\n  values that begin so: {'; '.join(found.nearest)}"))
    terminal.say()
    if found.written_by:
        terminal.say(safe(f"  words by   {found.written_by}"))
    released = found.released
    if released is None:
        terminal.say("  released   by nobody")
    else:
        edits = f", after {released['edits']} edits" if released.get("edits") else ""
        terminal.say(safe(f"  released   {released['decision']} by {released['by']} at {released['at']}{edits}"))
        terminal.say(safe(f"  content    {released['content']}"))
    terminal.say(safe(f"  definition {found.definition}"))


def _print_origin(terminal: Terminal, origin: Origin) -> None:
    unit = f" {origin.unit}" if origin.unit else ""
    terminal.say()
    terminal.heading(safe(f"  {origin.ref} = {origin.value}{unit}"))
    beside = f" beside “{origin.label}”" if origin.label else ""
    terminal.say(safe(f"    printed  “{origin.printed}”{beside} on page {origin.page}"))
    terminal.say(safe(f"    checked  {origin.verdict}"))
    terminal.say(safe(f"    read by  {origin.read_by}"))
    if origin.call:
        prompt = origin.call["prompt"]
        terminal.say(safe(f"    prompt   {prompt['file']} version {prompt['version']}, sha256 {prompt['sha256'][:16]}…"))
    if origin.rules:
        terminal.say(safe(f"    fits     {', '.join(origin.rules)}"))
