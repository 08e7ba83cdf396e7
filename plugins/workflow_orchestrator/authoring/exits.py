"""The exit codes of `scripts/workflow`, the same for every command, and the errors that a command ends with."""

from __future__ import annotations

from typing import Final

GOOD: Final = 0
PROBLEMS: Final = 1
WRONG_USE: Final = 2
NEEDS_A_PERSON: Final = 3
INTERRUPTED: Final = 130
TERMINATED: Final = 143

SAYS = """exit codes:
  0    good
  1    problems: a definition, a document or a test is not as it should be; with --check, a page or a bill
  2    wrong use: an unknown command, workflow, option or value
  3    a person is needed, and nobody can be asked here
  130  interrupted with Ctrl-C; nothing half-written is left behind
  143  ended by SIGTERM (a build server's time limit, for example); nothing half-written either"""


class Terminated(KeyboardInterrupt):
    """SIGTERM: somebody else than the person at the terminal wants the command to end. Whatever cleans up after Ctrl-C does so here."""


class UsageError(Exception):
    """The command was asked for something that cannot be meant; the message says what to do. Ends with exit code 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
