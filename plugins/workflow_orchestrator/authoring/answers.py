"""The person at the terminal: sees what is released or what is missing, and answers. Where nobody can be asked, the run stops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from workflow_orchestrator.authoring.terminal import Terminal, safe

if TYPE_CHECKING:
    from workflow_orchestrator.scenarios import Said
    from workflow_orchestrator.steps.work import Question, Work

KEEP, EMPTY = "", "-"


class NeedsPerson(BaseException):
    """A question that nobody here can answer. It is no error of the step, and so must not be tried again or caught by one."""

    def __init__(self, step: str, subject: str) -> None:
        super().__init__(f"{step} asks: {subject}")
        self.step, self.subject = step, subject


@dataclass(frozen=True, slots=True)
class AtTheTerminal:
    """Asks on the terminal.

    Args:
        terminal: where questions are shown.
        stdin: where answers come from.
        by: who answers, as the record names them.
        place: the folder of the run, where slides and script lie.
        asks: whether anybody is to be asked; a program that reads the output is not.
        aside: takes a progress bar away first.
    """

    terminal: Terminal
    stdin: TextIO
    by: str
    place: Path
    asks: bool = True
    aside: Callable[[], None] = lambda: None

    def ask(self, work: Work, question: Question) -> Said:
        """The answer.

        Raises:
            NeedsPerson: this is no terminal.
            KeyboardInterrupt: the input ended.
        """
        from workflow_orchestrator.scenarios import Said
        from workflow_orchestrator.steps.work import Answer

        if not (self.asks and self.terminal.interactive and self.stdin.isatty()):
            raise NeedsPerson(work.step.name, question.subject)
        self.aside()
        self._show(work, question)
        if work.step.kind == "approve":
            option, values = self._release(question)
        else:
            values = self._form(question.form)
            option = self._option(question.options)
        return Said(Answer(option, values, self.by, datetime.now(UTC).isoformat(timespec="seconds")))

    def _show(self, work: Work, question: Question) -> None:
        self.terminal.say()
        self.terminal.heading(f"{work.step.name}: {safe(question.subject)}")
        if work.step.kind != "approve":
            for line in question.body.splitlines():
                self.terminal.say(f"  {safe(line)}")
            return
        for name in ("slides.pdf", "slides.pptx", "script.json"):
            if work.run.exists(name):
                self.terminal.say(f"  {self.place / name}")
        for line in spoken(work):
            self.terminal.say(f"  {safe(line)}")
        for line in findings(work):
            self.terminal.say(f"  {safe(line)}")
        for line in not_taken(work):
            self.terminal.say(f"  {safe(line)}")

    def _release(self, question: Question) -> tuple[str, dict[str, Any]]:
        """The option first: the words are gone through only by who edits them."""
        from workflow_orchestrator.steps.approval_form import APPROVE, REASON, SEND_BACK

        option = self._option(question.options)
        if option == APPROVE:
            return option, {}
        reason = {REASON: question.form[REASON]}
        return option, self._form(dict(question.form) if option == SEND_BACK else reason)

    def _form(self, form: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        if form:
            self.terminal.say(f"  Enter keeps what stands in brackets, {EMPTY} empties it.")
        values: dict[str, Any] = {}
        for name, part in form.items():
            schema = part.get("schema", {})
            values[name] = self._value(
                str(schema.get("title", name)), part.get("value"), whole="integer" in schema.get("type", ())
            )
        return values

    def _value(self, title: str, before: Any, *, whole: bool) -> Any:
        while True:
            given = self._read(f"  {safe(title)} [{'' if before is None else safe(str(before))}]: ")
            if given == KEEP:
                return before
            if given == EMPTY:
                return None
            if not whole:
                return given
            if given.isdecimal():
                return int(given)
            self.terminal.say("  A whole number, please.")

    def _option(self, options: tuple[str, ...]) -> str:
        choices = " / ".join(f"{number} {option}" for number, option in enumerate(options, start=1))
        while True:
            given = self._read(f"  {choices}: ").casefold()
            for number, option in enumerate(options, start=1):
                if given in (str(number), option.casefold()):
                    return option
            # Enter alone is no answer: a release is said, never slipped into.
            self.terminal.say(f"  Type {' or '.join(str(number) for number in range(1, len(options) + 1))}.")

    def _read(self, prompt: str) -> str:
        self.terminal.out.write(prompt)
        self.terminal.out.flush()
        line = self.stdin.readline()
        if not line:
            raise KeyboardInterrupt
        return line.strip()


@dataclass(frozen=True, slots=True)
class ReleasedBy:
    """Releases in a person's name what that person said in the command; everything else is asked as `other` does."""

    by: str
    other: AtTheTerminal

    def ask(self, work: Work, question: Question) -> Said:
        """The release, or the answer to another question."""
        from workflow_orchestrator.scenarios import Said
        from workflow_orchestrator.steps.work import Answer

        if work.step.kind != "approve":
            return self.other.ask(work, question)
        return Said(Answer(question.options[0], {}, self.by, datetime.now(UTC).isoformat(timespec="seconds")))


def spoken(work: Work) -> list[str]:
    """What the video will say, sentence by sentence, as it stands on the slides."""
    if not work.run.exists("script.json"):
        return []
    script = work.run.read_json("script.json")
    lines = []
    for segment in script["segments"]:
        lines.append(f"{segment['heading']}:")
        lines += [f"    {sentence['shown']}" for sentence in segment["sentences"]]
    return lines


def not_taken(work: Work) -> list[str]:
    """Why the last answer was not taken."""
    error = work.run.last_error(work.step.name)
    return [f"asked again: {error['message']}"] if error and "AskedAgainError" in error["classes"] else []


def findings(work: Work) -> list[str]:
    """What the compliance packs want a person to look at."""
    if not work.run.exists("compliance.json"):
        return []
    results = work.run.read_json("compliance.json")["results"]
    seen = [result for result in results if result["outcome"] != "pass"]
    lines = [f"compliance: {len(results) - len(seen)} rules passed, {len(seen)} need a look"]
    return lines + [f"    {one['rule']} {one['outcome']}: {one['message']}" for one in seen]
