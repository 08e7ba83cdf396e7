"""What is wrong in a file of the author: each problem with its place, a stable code and the fix.

    dags/review/workflow.yaml:12:7 WF031 steps.check.catch[0].go: no step is named 'corect'; did you mean 'correct'?
    └ file, line, column            code └ key path               └ what is wrong            └ the fix

A `Report` collects the problems of all files of one definition, so that the author sees every one in a single pass.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.errors import ConfigurationError, DefinitionError

if TYPE_CHECKING:
    from workflow_orchestrator.definition.source import KeyPath, Source

CODES = {
    "WF001": "a file cannot be read: missing, too large, not UTF-8",
    "WF002": "the YAML or JSON cannot be parsed",
    "WF003": "a key is given twice",
    "WF004": "an anchor, alias, tag, second document or other refused feature of YAML",
    "WF005": "nested too deeply or too many values",
    "WF010": "an unknown key",
    "WF011": "a missing key",
    "WF012": "a value of the wrong type",
    "WF013": "a value that is not allowed",
    "WF014": "a step without exactly one kind",
    "WF020": "the name of the workflow and of its folder differ",
    "WF021": "the platform or the format does not fit",
    "WF022": "the schedule cannot be read",
    "WF023": "a parameter contradicts itself",
    "WF024": "execution settings contradict each other",
    "WF025": "times that do not fit into each other",
    "WF026": "another format of the language",
    "WF030": "a step stands in the wrong place or needs what is not made before it",
    "WF031": "a catch that leads nowhere, back, or past a check",
    "WF032": "a catch that names no error, or one that is caught before",
    "WF033": "a step that nothing leads to",
    "WF034": "an approval that shows what does not exist, or is not the last word",
    "WF035": "a name that the platform uses itself, or that is given twice",
    "WF036": "an artifact that is not there on every way, or is made twice at the same time",
    "WF037": "a failure that cannot be passed over",
    "WF040": "a file or folder that is named but does not exist",
    "WF041": "a prompt that is not a valid template",
    "WF042": "a field that the schema does not have",
    "WF043": "a field that contradicts itself",
    "WF044": "a group that the platform's configuration does not have",
    "WF045": "a route that include/llm.yaml does not have",
    "WF046": "a channel that the platform's configuration does not have",
    "WF047": "a variable of a template that nothing provides",
    "WF048": "the JSON Schema of a generate step that cannot be used",
    "WF050": "an unknown check of the business rules",
    "WF051": "a rule that does not fit the field it names",
    "WF052": "a condition over what does not exist, or that can never hold",
    "WF053": "a map over what is no list, or an item that does not fit",
    "WF060": "a retry policy that the platform's configuration does not have",
    "WF061": "a retry rule that never decides",
    "WF062": "a call of another workflow that does not fit it",
    "WF063": "an output that not every way to the end makes",
    "WF064": "a channel that contradicts itself",
    "WF065": "a voice or video provider that include/rendering.yaml does not have",
    "WF066": "signatures that include/rendering.yaml asks for and that cannot be made here",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where.

    `line` and `column` count from 1; `where` is the key path, empty for the file as a whole.
    """

    code: str
    path: Path
    line: int
    column: int
    where: str
    message: str
    fix: str = ""

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"{self.code} is not in the table of codes")
        if self.line < 1 or self.column < 1:
            raise ValueError(f"lines and columns count from 1, not {self.line}:{self.column}")

    def __str__(self) -> str:
        where = f" {self.where}:" if self.where else ""
        fix = f"; {self.fix}" if self.fix else ""
        return f"{self.path.as_posix()}:{self.line}:{self.column} {self.code}{where} {self.message}{fix}"

    def to_json(self) -> dict[str, Any]:
        """The problem as data, for `--json` and for the details of the error."""
        return {
            "code": self.code,
            "path": self.path.as_posix(),
            "line": self.line,
            "column": self.column,
            "where": self.where,
            "message": self.message,
            "fix": self.fix,
        }


MAX_PROBLEMS = 200
_LONGEST_WORD = 200  # a longer one is no misspelling, and comparing it takes its length squared


class Report:
    """Collects problems, at most 200: a file with more is no slip of an author.

    `root` is the folder from which paths are shown: the project's own, so that a click opens the file.
    """

    def __init__(self, root: Path | None = None) -> None:
        self._root = root
        self._problems: dict[Problem, None] = {}

    def __len__(self) -> int:
        return len(self._problems)

    @property
    def full(self) -> bool:
        """Whether it takes no more; whoever walks a large file then stops."""
        return len(self._problems) >= MAX_PROBLEMS

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems by file, line and column, each once."""
        return tuple(sorted(self._problems, key=lambda p: (p.path.as_posix(), p.line, p.column, p.code, p.message)))

    def add(
        self,
        code: str,
        source: Source,
        at: KeyPath,
        message: str,
        fix: str = "",
        *,
        key: bool = False,
    ) -> None:
        """Adds a problem at a key path of a file; with `key`, at the key itself and not at its value."""
        line, column = source.key_position(at) if key else source.position(at)
        self.add_at(code, source.path, line, column, where(at), message, fix)

    def add_at(self, code: str, path: Path, line: int, column: int, at: str, message: str, fix: str = "") -> None:
        """Adds a problem at a line and column."""
        if self.full:
            return
        self._problems[Problem(code, self.shown(path), line, column, at, message, fix)] = None

    def shown(self, path: Path) -> Path:
        """The path as it is shown: from the project's folder where the file lies in it."""
        if self._root is not None and path.is_relative_to(self._root):
            return path.relative_to(self._root)
        return path

    def raise_if_any(
        self,
        subject: str,
        error: type[DefinitionError] | type[ConfigurationError] = DefinitionError,
    ) -> None:
        """Raises one error that holds every problem.

        Raises:
            DefinitionError: there are problems (or the `error` class given); `details["problems"]` has them as data.
        """
        problems = self.problems
        if not problems:
            return
        count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
        if self.full:
            count = f"{MAX_PROBLEMS} problems or more"
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise error(f"{subject} has {count}:\n{lines}", problems=[problem.to_json() for problem in problems]) from None


def where(at: KeyPath) -> str:
    """A key path as an author reads it: `steps.x.catch[0].on`."""
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The fix for a misspelt word: the nearest known one, else the whole choice."""
    names = list(dict.fromkeys(known))
    word = word[:_LONGEST_WORD]
    # A second look without case: 'BusinessvalidationError' is near, 'PDF' is 'pdf'.
    folded = {name.casefold(): name for name in names}
    near = (
        difflib.get_close_matches(word, names, n=1, cutoff=0.6)
        or [folded[name] for name in difflib.get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.6)]
        or [name for name in names if len(word) > 2 and name.startswith(word)]
    )
    if near:
        return f"did you mean '{near[0]}'?"
    if not names:
        return ""
    shown = ", ".join(names[:12])
    return f"known: {shown}" + (", …" if len(names) > 12 else "")
