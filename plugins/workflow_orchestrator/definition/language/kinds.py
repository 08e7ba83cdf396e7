"""What each kind of step takes."""

from __future__ import annotations

from workflow_orchestrator.definition.language.words import (
    NAME,
    NAME_SAYS,
    channel_text,
    duration_text,
    file,
    line,
    name_text,
    paragraph,
    word,
)
from workflow_orchestrator.definition.shapes import (
    Choice,
    Entry,
    Flag,
    ListOf,
    MapOf,
    Number,
    OneOf,
    Record,
    Text,
)

FORMATS = ("landscape", "portrait", "square")
MOTIONS = ("build", "none")
FRAME_RATES = ("variable", "constant")
SHOWN = ("script", "slides", "data")
OUTCOMES = ("succeeded", "degraded", "failed")

_WITHIN = Entry(duration_text, "How long they may take: 45s, 30m, 12h or 2d.", required=True)
_ASK = Entry(ListOf(word), "The groups of include/orchestrator.yaml that are asked.", required=True)
_PROMPT = Entry(name_text, "include/prompts/<workflow>/<prompt>.md.j2", required=True)
_OTHERWISE = Entry(
    Choice(("fail",), because="a timeout never means yes; write fail"),
    "What happens when nobody answers in time. A timeout never means yes.",
    required=True,
)
_REMIND = Entry(
    Record(
        {
            "every": Entry(duration_text, "After which time without an answer, each time: 4h, 1d.", required=True),
            "notify": Entry(channel_text, "The channel of include/orchestrator.yaml that is told.", required=True),
        }
    ),
    "Reminds a channel of a question that nobody has answered yet.",
)

_EXTRACT = Record(
    {
        "prompt": _PROMPT,
        "schema": Entry(file("json"), "The fields to read: a file of this folder.", required=True),
        "route": Entry(word, "The route of include/llm.yaml that reads.", required=True),
        "pages": Entry(
            Choice(("needed", "all")),
            "Which pages a model is sent: needed keeps back those that can hold no field, all sends every page; without it, needed.",
        ),
        "variant": Entry(
            word,
            "Which of several share classes is meant: a parameter and a field of kind isin, of one name. Without a value in the run, the "
            "one that the title of the document names.",
        ),
    }
)
_ASK_PEOPLE = Record(
    {
        "form": Entry(Choice(("failed_fields",)), "What is asked: the fields that failed.", required=True),
        "ask": _ASK,
        "within": _WITHIN,
        "remind": _REMIND,
        "otherwise": _OTHERWISE,
    }
)
_WRITE = Record(
    {
        "prompt": _PROMPT,
        "narration": Entry(name_text, "include/prompts/<workflow>/<narration>.<language>.yaml", required=True),
        "route": Entry(word, "The route of include/llm.yaml that writes.", required=True),
        "by": Entry(
            Choice(("model", "template")),
            "Who finds the words: a model where the route has one, or the sentence file alone (template); without it, model.",
        ),
    }
)
_THEME = Text("[a-z][a-z0-9_-]{0,59}", "the name of a folder in include/themes")
_APPROVE = Record(
    {
        "ask": _ASK,
        "show": Entry(ListOf(Choice(SHOWN)), "What they are shown and release: script, slides, data.", required=True),
        "within": _WITHIN,
        "remind": _REMIND,
        "otherwise": _OTHERWISE,
    }
)
_VIDEO = Record(
    {
        "provider": Entry(word, "Who makes the video: local, or the name of another provider.", required=True),
        "voice": Entry(word, "The voice: default, or one that the provider has.", required=True),
        "frames": Entry(
            Choice(FRAME_RATES),
            "variable codes a frame when something changes and one a second; constant codes 25 a second, for players that want it, "
            "and takes about ten times as long. Without it, variable.",
        ),
    }
)
_GENERATE = Record(
    {
        "prompt": _PROMPT,
        "output": Entry(file("json"), "The JSON Schema of the answer: a file of this folder.", required=True),
        "route": Entry(word, "The route of include/llm.yaml that answers.", required=True),
        "into": Entry(name_text, "The name of what is made; without it, the step's own."),
    }
)
_ARGUMENT = OneOf(
    (
        Text(longest=2_000),
        Number(-1e15, 1e15),
        Flag(),
        ListOf(line, at_least=0),
        Record(
            {
                "parameter": Entry(name_text, "A parameter of this run."),
                "item": Entry(name_text, "The item of the map around, by its name."),
            },
            one_of=("parameter", "item"),
        ),
    ),
    "a value, {parameter: name} or {item: name}",
)
_CALL = Record(
    {
        "workflow": Entry(name_text, "The workflow that is run, with the same document.", required=True),
        "parameters": Entry(MapOf(_ARGUMENT, NAME, NAME_SAYS, at_least=0), "What it is started with, by name."),
        "take": Entry(ListOf(name_text, at_least=0), "Which of its outputs this run takes."),
        "schema": Entry(
            file("json"), "The fields of the data that it takes, where no extract step of this workflow reads them."
        ),
        "within": Entry(duration_text, "How long it may take: 45s, 30m, 12h or 2d.", required=True),
    }
)
_MESSAGE = {
    "channel": Entry(channel_text, "A channel of include/orchestrator.yaml.", required=True),
    "subject": Entry(line, "The subject; {{ … }} is filled in.", required=True),
    "message": Entry(paragraph, "The text; {{ … }} is filled in.", required=True),
}
LAST = Record(
    {
        **_MESSAGE,
        "on": Entry(ListOf(Choice(OUTCOMES)), "After which outcomes: succeeded, degraded, failed; else after any."),
    }
)

KINDS: dict[str, Entry] = {
    "extract": Entry(_EXTRACT, "Reads the document and binds each field to its page and printed words."),
    "validate": Entry(
        Record({"rules": Entry(file("yaml"), "The business rules: a file of this folder.", required=True)}),
        "Proves every value against the document and applies the rules.",
    ),
    "ask": Entry(_ASK_PEOPLE, "Asks named people; only a catch leads here."),
    "write": Entry(_WRITE, "Writes the narration around proven values."),
    "slide": Entry(
        Record(
            {
                "theme": Entry(_THEME, "include/themes/<theme>", required=True),
                "format": Entry(
                    Choice(FORMATS),
                    "The shape of slides and video: landscape 1920 x 1080, portrait 1080 x 1920, square 1080 x 1080; without it, "
                    "landscape.",
                ),
                "motion": Entry(
                    Choice(MOTIONS),
                    "build lets the charts and the title build up within half a second when their slide comes, without figures until they "
                    "stand; none shows slides that stand still. Without it, build.",
                ),
            }
        ),
        "Renders the slides of the script.",
    ),
    "approve": Entry(_APPROVE, "Asks named people to release exactly what they were shown."),
    "video": Entry(_VIDEO, "Makes the video and checks the finished file."),
    "generate": Entry(_GENERATE, "Asks a model for JSON of a shape of your own; later prompts see it by its name."),
    "call": Entry(_CALL, "Runs another workflow with the same document, waits for it and takes what it made."),
    "notify": Entry(Record(_MESSAGE), "Sends a message to a channel."),
    "wait": Entry(
        Record({
            "until": Entry(
                word,
                "The parameter with a time and its zone, 2026-07-28T16:05-04:00; empty or over: no wait.",
                required=True,
            )
        }),
        "Waits until a time that the run was started with, such as a public release; no worker is held.",
    ),
}
