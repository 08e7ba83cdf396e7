"""The language of `scenarios.yaml`, written once: it checks a file, and becomes `docs/scenarios.schema.json` for editors.

floor: {steps: 100, catches: 100, branches: 100, rules: 60}
scenarios:
  a_rate_limit:
    says: The model is busy once and answers then.
    input: {document: samples/some_fund_en.pdf, audience: retail}
    steps:
      extract_factsheet_data:
        - {fault: RateLimitError, retry_after: 30}       # the first try
        - {reply_file: replies/some_fund.json}           # the second
    expect: {outcome: succeeded, waited: 30s}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from workflow_orchestrator.definition.configuration import Ocr
from workflow_orchestrator.definition.language.words import (
    NAME,
    NAME_SAYS,
    duration_text,
    error_text,
    line,
    name_text,
    paragraph,
)
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.shapes import (
    Anything,
    Choice,
    Entry,
    ListOf,
    MapOf,
    Number,
    Record,
    Shape,
    Text,
    Whole,
    said,
)
from workflow_orchestrator.definition.source import KeyPath, Source
from workflow_orchestrator.definition.steps import Outcome
from workflow_orchestrator.scenarios.board import State
from workflow_orchestrator.scenarios.model import MEASURES

TASK = r"[a-z][a-z0-9_]{0,79}(\[[0-9]{1,4}\])?"
TASK_SAYS = "the name of a step, in a map with its item: headline[0]"
RAN = TASK + r"(\*[0-9]{1,2})?"
RAN_SAYS = "a step that ran, with the number of its tries: check, check*2, headline[0]*2"
ANSWERS = ("send", "stop", "approve", "reject", "send_back", "nobody")
PLACE = r"[a-z][a-z0-9_]{0,59}\.(heading|sentence_[1-9][0-9]?)"
PLACE_SAYS = "a place of the script: the slide's id, and heading or sentence_1"

_MONEY = Text(r"[0-9]{1,6}(\.[0-9]{1,8})?", 'an amount in quotes, such as "0.0012"')
_DAY = Text("[0-9]{4}-[0-9]{2}-[0-9]{2}", "a day such as 2026-11-15")
_JSON_FILE = Text(r"[A-Za-z0-9][A-Za-z0-9_/-]*\.json", "a .json file, from the workflow's folder")
_DOCUMENT = Text(r"[A-Za-z0-9][A-Za-z0-9_./-]*\.[a-z]{3,4}", "a file of include/samples or of the workflow's folder")


@dataclass(frozen=True, slots=True)
class Series:
    """A list of values of one shape in which equal ones may follow each other: two tries may end alike."""

    item: Shape
    at_least: int = 1
    at_most: int = 200

    def check(self, value: Any, at: KeyPath, source: Source, report: Report) -> None:
        if not isinstance(value, list):
            report.add("WF012", source, at, f"a list is expected, not {said(value)}")
        elif not self.at_least <= len(value) <= self.at_most:
            report.add("WF013", source, at, f"it has {len(value)} entries, not {self.at_least} to {self.at_most}")
        else:
            for index, item in enumerate(value):
                self.item.check(item, (*at, index), source, report)

    def schema(self) -> dict[str, Any]:
        return {
            "type": "array",
            "items": self.item.schema(),
            "minItems": self.at_least,
            "maxItems": self.at_most,
        }


_WORDS = Entry(
    Record(
        {
            "words": Entry(
                Text(longest=4_000), "The words as the document prints them; without it, the field is emptied."
            ),
            "page": Entry(Whole(1, 2_000), "The page that prints them."),
        }
    ),
    "One value that a person enters.",
)

_EDIT = Record({"words": Entry(Text(longest=4_000), "The words that stand there then; without it, the sentence is left out.")})

TRY = Record(
    {
        "works": Entry(Choice(("really",)), "The step works for real, as it does without an entry."),
        "fault": Entry(error_text, "The try ends with this error."),
        "reply": Entry(Anything(), "What the model answers: data, or text as it stands."),
        "reply_file": Entry(_JSON_FILE, "The same from a file."),
        "reply_files": Entry(Series(_JSON_FILE, at_most=9), "The same from files."),
        "unasked": Entry(
            Choice(("model",)),
            "There is a model, and the step must not come to ask it: a budget is used up, for example.",
        ),
        "replies": Entry(
            Series(Anything(), at_most=9), "Several answers, where the step asks more than once in a try."
        ),
        "answer": Entry(Choice(ANSWERS), "What people answer; nobody: the time runs out."),
        "scenario": Entry(name_text, "For a call: how the other workflow goes, by a scenario of its own."),
        "message": Entry(line, "With fault: the words of the error."),
        "retry_after": Entry(Number(0, 86_400), "With fault: the seconds that the provider asked to wait."),
        "times": Entry(Whole(1, 25), "So many tries in a row."),
        "tokens": Entry(
            Record(
                {
                    "read": Entry(Whole(0, 10_000_000), "Tokens of the question.", required=True),
                    "written": Entry(Whole(0, 10_000_000), "Tokens of the answer.", required=True),
                }
            ),
            "With replies: what each call counted.",
        ),
        "by": Entry(line, "With answer: who gave it."),
        "enter": Entry(
            MapOf(_WORDS.shape, r"[a-z][a-z0-9_]{0,59}(\..{1,100})?", "a field, with its key behind a point"),
            "With answer send: the values that are entered, by field.",
        ),
        "edit": Entry(
            MapOf(_EDIT, PLACE, PLACE_SAYS),
            "With answer send_back: the words that are changed, by place: performance.sentence_1, strategy.heading.",
        ),
        "reason": Entry(line, "With an answer to a release: the reason or note."),
        "after": Entry(duration_text, "With answer: how long they took."),
    },
    one_of=("works", "fault", "reply", "reply_file", "replies", "reply_files", "unasked", "answer", "scenario"),
    together={
        "message": ("fault",),
        "retry_after": ("fault",),
        "tokens": ("reply", "reply_file", "replies", "reply_files"),
        "by": ("answer",),
        "enter": ("answer",),
        "edit": ("answer",),
        "reason": ("answer",),
        "after": ("answer",),
    },
    hints={"error": "did you mean 'fault'?", "json": "did you mean 'reply'?", "text": "did you mean 'reply'?"},
)

EXPECT = Record(
    {
        "outcome": Entry(Choice(get_args(Outcome)), "How the run ends.", required=True),
        "error": Entry(
            error_text,
            "The class of the error that ended it, or one above it.",
        ),
        "message": Entry(ListOf(line), "Words that the error's message holds."),
        "path": Entry(
            Series(Text(RAN, RAN_SAYS)),
            "The steps that ran, in their order, each with its tries; without those of finally.",
        ),
        "states": Entry(
            MapOf(Choice(get_args(State)), TASK, TASK_SAYS), "How single tasks ended, as Airflow shows them."
        ),
        "artifacts": Entry(ListOf(name_text), "What the run has made: data, script, slides, video, …"),
        "missing": Entry(ListOf(name_text), "What it has not made."),
        "values": Entry(
            MapOf(Anything(), r"[a-z][a-z0-9_]{0,59}(\..{1,100})?", "a field, with its key behind a point"),
            "Proven values by field, as printed; null: there is none.",
        ),
        "findings": Entry(ListOf(name_text, at_least=0), "The rules that were broken, all of them."),
        "says": Entry(ListOf(line), "Words that the script holds."),
        "never": Entry(ListOf(line), "Words that neither script nor messages hold."),
        "calls": Entry(Whole(0, 10_000), "How many requests went to a model."),
        "cost_usd": Entry(_MONEY, "What they cost."),
        "waited": Entry(duration_text, "How long tries waited for their turn, in all."),
    }
)

SCENARIO = Record(
    {
        "says": Entry(paragraph, "What it shows, in a sentence.", required=True),
        "input": Entry(
            Record({"document": Entry(_DOCUMENT, "The document.", required=True)}),
            "The document, and the parameters of the run.",
            required=True,
        ),
        "misprints": Entry(
            Series(
                Record(
                    {
                        "page": Entry(Whole(1, 2_000), "The page.", required=True),
                        "printed": Entry(line, "Words of the page.", required=True),
                        "instead": Entry(line, "What stands there in this scenario.", required=True),
                        "nth": Entry(Whole(1, 200), "Which of them, where the page prints them more than once."),
                    }
                )
            ),
            "What the document prints otherwise, so that a rule can be broken without a document of its own.",
        ),
        "follows": Entry(
            name_text, "A scenario that runs before it in the same storage: the release of a month earlier, for example."
        ),
        "today": Entry(_DAY, "The day of the run."),
        "requested_by": Entry(line, "Who asks for the video; who is not named answers no question of these scenarios."),
        "profile": Entry(Choice(("production", "demo")), "The platform's profile: production, where nothing is said."),
        "ocr": Entry(
            Choice(get_args(Ocr)),
            "What happens to pages that are pictures: off, where nothing is said, whatever the platform's configuration says, because a "
            "scenario must end alike on machines with and without tesseract.",
        ),
        "steps": Entry(
            MapOf(Series(TRY, at_most=25), TASK, TASK_SAYS, at_least=0), "What happens in a step, try by try."
        ),
        "expect": Entry(EXPECT, "What must come of it.", required=True),
    },
    hints={"document": "write it into input", "given": "did you mean 'input'?", "then": "did you mean 'expect'?"},
)


class _Input:
    """`document` beside the parameters of the workflow, which only the workflow knows."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def check(self, value: Any, at: KeyPath, source: Source, report: Report) -> None:
        known = {"document": value["document"]} if isinstance(value, dict) and "document" in value else {}
        self._record.check(known if isinstance(value, dict) else value, at, source, report)

    def schema(self) -> dict[str, Any]:
        return {**self._record.schema(), "additionalProperties": True}


def _with_input(record: Record) -> Record:
    entry = record.entries["input"]
    if not isinstance(entry.shape, Record):
        raise AssertionError("input is a record")
    entries = {**record.entries, "input": Entry(_Input(entry.shape), entry.says, entry.required)}
    return Record(entries, hints=record.hints)


SUITE = Record(
    {
        "workflow": Entry(name_text, "The workflow beside this file.", required=True),
        "floor": Entry(
            Record(
                {name: Entry(Whole(0, 100), f"Per cent of the {name} that scenarios exercise.") for name in MEASURES}
            ),
            "Below this coverage the test fails.",
        ),
        "failures": Entry(
            Choice(("all", "none")), "all: each error of each step is raised, and its fate compared with the table."
        ),
        "prices": Entry(
            Record(
                {
                    "read": Entry(_MONEY, "US dollars per million tokens read.", required=True),
                    "written": Entry(_MONEY, "US dollars per million tokens written.", required=True),
                }
            ),
            "What the scripted model costs.",
        ),
        "scenarios": Entry(MapOf(_with_input(SCENARIO), NAME, NAME_SAYS), "The scenarios by name.", required=True),
    }
)


def scenarios_json_schema() -> dict[str, Any]:
    """The JSON Schema of `scenarios.yaml`, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "scenarios.yaml",
        "description": "Scenarios of one business workflow. Written by scripts/make_schema.py; do not edit.",
        **SUITE.schema(),
    }
