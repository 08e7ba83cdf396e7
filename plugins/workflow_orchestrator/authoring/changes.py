"""What differs between two definitions, one change a line, grouped by what it can change; the gravest group comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from workflow_orchestrator.definition import wording

Sort = Literal["added", "removed", "changed"]


class Topic(StrEnum):
    """What a change can change, from what the public sees to what only colleagues read."""

    PUBLISHED = "published"
    RELEASED = "released"
    ERRORS = "errors"
    COST = "cost"
    START = "start"
    WORDS = "words"


TITLES: Mapping[Topic, str] = {
    Topic.PUBLISHED: "Can change what is published",
    Topic.RELEASED: "Who releases, and who is asked or told",
    Topic.ERRORS: "What happens on errors",
    Topic.COST: "Cost and limits",
    Topic.START: "When and with what it starts",
    Topic.WORDS: "Names and notes",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `subject` is what it is about, such as `steps.approve_content`; `text` is the whole sentence."""

    topic: Topic
    sort: Sort
    subject: str
    text: str
    old: Any = None
    new: Any = None

    def to_json(self) -> dict[str, Any]:
        return {
            "topic": self.topic.value,
            "change": self.sort,
            "subject": self.subject,
            "text": self.text,
            "old": self.old,
            "new": self.new,
        }


def changed(
    topic: Topic, subject: str, old: Any, new: Any, *, name: str = "", say: Callable[[Any], str] = wording.value
) -> Iterator[Change]:
    """The change of a value, if there is one: `budget.usd: $0.40 → $0.56 (+40 %)`. `say` puts a value into words."""
    if old == new:
        return
    before, after = say(old), say(new)
    sort: Sort = "added" if old is None else "removed" if new is None else "changed"
    if sort == "added":
        text = f"{name or subject}: {after}, where there was none"
    elif sort == "removed":
        text = f"{name or subject}: gone; it was {before}"
    else:
        text = f"{name or subject}: {before} → {after}{_share(old, new)}"
    yield Change(topic, sort, subject, text, before if old is not None else None, after if new is not None else None)


def listed(topic: Topic, subject: str, old: Sequence[str], new: Sequence[str], what: str) -> Iterator[Change]:
    """Entries that a list gained or lost: `new compliance pack esg`."""
    for word in new:
        if word not in old:
            yield Change(topic, "added", f"{subject}.{word}", f"new {what} {word}", None, word)
    for word in old:
        if word not in new:
            yield Change(topic, "removed", f"{subject}.{word}", f"{what} {word} removed", word, None)


def grouped(changes: Iterable[Change]) -> dict[Topic, list[Change]]:
    """The changes by topic, the gravest first; a topic without changes is not there."""
    found: dict[Topic, list[Change]] = {}
    for change in changes:
        found.setdefault(change.topic, []).append(change)
    return {topic: found[topic] for topic in Topic if topic in found}


def _share(old: Any, new: Any) -> str:
    """By how much a number grew: ` (+40 %)`; nothing for what is no number or began at 0."""
    if (
        any(isinstance(number, bool) or not isinstance(number, int | float | Decimal) for number in (old, new))
        or not old
    ):
        return ""
    share = (Decimal(str(new)) - Decimal(str(old))) / abs(Decimal(str(old))) * 100
    return f" ({share:+.0f} %)".replace("-", "−")
