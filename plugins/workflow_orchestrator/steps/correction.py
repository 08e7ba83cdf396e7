"""What people entered for one document: read, kept with who and when, and laid over what was extracted.

    correction.json
       extracted   hash of the reading that it corrects; for another reading it only fills the form
       values      what stands in place of what was read, each with its page and printed words, `origin: person`
       removed     references that people say the document does not print
       typed       what stood in each field of the form when it was last sent, good or not: the form shows it again
       problems    why some of it was not taken
       answers     who answered when, and what each answer changed: before and after

Nothing that a person typed is lost: it is kept before it is judged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.steps.work import Answer, Work
from workflow_orchestrator.values import Kind, Origin, Value, ValueSet

NAME = "correction.json"
PAGE = "@page"
"""Behind a reference it names the field of the form that holds the page."""
NAMED = "@named"
"""… and the field with the words of the page that name the value: asked for where the schema's own labels do not stand there."""
_LONGEST = 4000  # characters of one field of the form


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one thing that was typed is not taken."""

    ref: str
    words: str
    page: int | None
    message: str
    proof: bool = False  # it could be read, and the page does not prove it

    def to_json(self) -> dict[str, Any]:
        return {"ref": self.ref, "words": self.words, "page": self.page, "message": self.message, "proof": self.proof}


@dataclass(frozen=True)
class Corrections:
    """What people have entered so far, over what was extracted."""

    extracted: ValueSet
    digest: str
    kept: Mapping[str, Any]

    @classmethod
    def of(cls, work: Work) -> Corrections:
        data = work.run.read("extracted.json")
        kept = work.run.read_json(NAME) if work.run.exists(NAME) else {}
        return cls(ValueSet.from_json(json.loads(data)["values"]), sha256(data), kept)

    @property
    def _holds(self) -> bool:
        """Whether the entries are for this very reading."""
        return self.kept.get("extracted") == self.digest

    @cached_property
    def values(self) -> ValueSet:
        """What people entered, as far as it could be read."""
        return ValueSet.from_json(self.kept["values"]) if self._holds else ValueSet()

    @property
    def removed(self) -> list[str]:
        """References that people say the document does not print."""
        return list(self.kept.get("removed", ())) if self._holds else []

    @property
    def typed(self) -> Mapping[str, Mapping[str, Any]]:
        """Words and page of each field of the form, as it was last sent."""
        found: Mapping[str, Mapping[str, Any]] = self.kept.get("typed", {})
        return found

    @property
    def problems(self) -> list[Mapping[str, Any]]:
        """What was not taken of the last answer."""
        return list(self.kept.get("problems", ())) if self._holds else []

    @property
    def answers(self) -> list[Mapping[str, Any]]:
        """Every answer so far, the oldest first."""
        return list(self.kept.get("answers", ()))

    @cached_property
    def present(self) -> ValueSet:
        """What was extracted, with what people entered in its place and without what they removed."""
        gone = set(self.removed)
        left = ValueSet(value for ref, value in self.extracted.items() if ref not in gone)
        return left.replacing(self.values.values())

    def changed(self) -> list[dict[str, Any]]:
        """What differs from the extraction or was confirmed, each with who did it last and when: for whoever releases the video."""
        if not self._holds:
            return []
        last: dict[str, dict[str, Any]] = {}
        for answer in self.answers:
            if answer["extracted"] == self.digest:
                for change in answer["changes"]:
                    # Who sends on what somebody else has entered takes nothing away from who entered it.
                    if change["action"] != "confirmed" or change["ref"] not in last:
                        last[change["ref"]] = {**change, "by": answer["by"], "at": answer["at"]}
        found = []
        for ref, change in last.items():
            before, after = self.extracted.get(ref), self.values.get(ref)
            if after is not None or ref in self.removed:
                told = {"action": _action(before, after), "before": _told(before), "after": _told(after)}
                found.append({**change, **told})
        return found


@dataclass(frozen=True, slots=True)
class Taken:
    """One answer, read: the values it holds, the references it empties, what is not taken of it, and everything as it was typed."""

    values: tuple[Value, ...]
    removed: tuple[str, ...]
    problems: tuple[Problem, ...]
    typed: Mapping[str, Mapping[str, Any]]


def keep(work: Work, before: Corrections, answer: Answer, taken: Taken) -> Corrections:
    """Writes `correction.json` with one more answer, and returns what holds from now on."""
    given = {value.ref for value in taken.values}
    gone = [ref for ref in (*before.removed, *taken.removed) if ref not in given and ref in before.extracted]
    values = ValueSet(v for ref, v in before.values.items() if ref not in taken.removed).replacing(taken.values)
    changes = [
        {"ref": ref, "action": _action(old, new), "before": _told(old), "after": _told(new)}
        for ref in dict.fromkeys((*(value.ref for value in taken.values), *taken.removed))
        for old, new in [(before.present.get(ref), values.get(ref))]
    ]
    entry = {
        "by": answer.by,
        "at": answer.at,
        "option": answer.option,
        "extracted": before.digest,
        "changes": changes,
        "problems": [problem.to_json() for problem in taken.problems],
    }
    work.keep(
        NAME,
        {
            "by": answer.by,
            "at": answer.at,
            "extracted": before.digest,
            "values": values.to_json(),
            "removed": list(dict.fromkeys(gone)),
            "typed": {**before.typed, **taken.typed},
            "problems": entry["problems"],
            "answers": [*before.answers, entry],
        },
    )
    return Corrections.of(work)


def not_proven(work: Work, taken: Taken) -> tuple[Problem, ...]:
    """What of an answer the page does not prove, after `judge_values`: it would be missing without a word otherwise."""
    refused = {item["ref"]: item for item in work.run.read_json("validation.json")["verdicts"] if item["status"] != "proven"}
    return tuple(
        Problem(value.ref, value.evidence.quote, value.evidence.page, refused[value.ref]["reason"], proof=True)
        for value in taken.values
        if value.ref in refused
    )


def note_problems(work: Work, problems: Iterable[Problem]) -> None:
    """Adds problems to the last answer in `correction.json`."""
    kept = work.run.read_json(NAME)
    kept["problems"] = kept["answers"][-1]["problems"] = [problem.to_json() for problem in problems]
    work.keep(NAME, kept)


def read_answer(work: Work, before: Corrections, answers: Mapping[str, Any]) -> Taken:
    """Reads what was typed by the document's own words: the only way to a value is the one of every other value."""
    reader = _Reading(work, before)
    values: list[Value] = []
    removed: list[str] = []
    problems: list[Problem] = []
    typed: dict[str, dict[str, Any]] = {}
    for name, raw in answers.items():
        if name.endswith((PAGE, NAMED)):
            continue
        asked, label = answers.get(f"{name}{PAGE}"), " ".join(_text(answers.get(f"{name}{NAMED}")).split())
        typed[name] = {"words": _text(raw), "page": page_of(asked), "named": label}
        words = " ".join(typed[name]["words"].split())
        if not words:
            # A field that was filled and comes back empty says that the document does not print it.
            removed += [name] if name in before.present else []
            continue
        found = reader.value(name, words, asked, label)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            values.append(found)
    return Taken(tuple(values), tuple(removed), tuple(problems), typed)


def page_of(raw: Any) -> int | None:
    """A page number as a form or another program sends it; `None` where it is none."""
    if isinstance(raw, bool) or raw is None:
        return None
    text = str(raw).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else None


def _text(raw: Any) -> str:
    return "" if raw is None else str(raw)


class _Reading:
    """Reads typed words by the document."""

    def __init__(self, work: Work, before: Corrections) -> None:
        from workflow_orchestrator.documents import Document
        from workflow_orchestrator.extraction.layout import DocumentLayout
        from workflow_orchestrator.extraction.seen import own_names
        from workflow_orchestrator.extraction.vocabulary import Vocabulary

        self._document = Document.from_json(work.run.read_json("document.json"))
        self._fields, self._before = work.workflow.fields, before
        self._layout, self._words = DocumentLayout(self._document), Vocabulary(self._fields)
        self._names = own_names(before.extracted, self._fields)

    def value(self, ref: str, words: str, asked: Any, label: str) -> Value | Problem:
        """The value, or why there is none."""
        pages = len(self._document.pages)
        page = page_of(asked) if asked is not None else 1 if pages == 1 else None

        def problem(message: str) -> Problem:
            return Problem(ref, words[:200], page, message)

        if len(words) > _LONGEST:
            return problem(f"it has {len(words)} characters, and {_LONGEST} are the most; enter the printed words only")
        if page is None:
            given = "is missing" if asked in (None, "") else f"{str(asked)[:20]!r} is no page number"
            return problem(
                f"the page {given}; enter the number of the page that prints it, 1 to {pages}{self._elsewhere(ref, words, 0)}"
            )
        if not 1 <= page <= pages:
            return problem(f"the document has pages 1 to {pages}, not {page}{self._elsewhere(ref, words, page)}")
        # A bare digit stands on every page; where the reader found no words for a step, it is one that a person sees.
        seen = self._seen(ref, words, page) if ref not in self._before.extracted and not label else None
        if seen:
            return seen
        found = self._printed(ref, words, page, label)
        if isinstance(found, Value):
            return found
        return self._seen(ref, words, page) or problem(found + self._elsewhere(ref, words, page))

    def _printed(self, ref: str, words: str, page: int, label: str = "") -> Value | str:
        """The value that the words print on that page, or why they print none."""
        read = self._before.present.get(ref)
        if read and not label and (read.evidence.quote, read.evidence.page) == (words, page):
            # Confirmed as it stood: with the label and the place that the reader found.
            return replace(read, origin=Origin.PERSON)
        found = self._read(ref, words, page, label)
        # A unit may be printed in the label only: "Fund size (£m)   412.6".
        for beside in self._labels(ref, words, page) if isinstance(found, str) else ():
            other = self._read(ref, words, page, beside)
            if isinstance(other, Value):
                return other
        return found

    def _read(self, ref: str, words: str, page: int, label: str) -> Value | str:
        from workflow_orchestrator.extraction import model

        field, _, key = ref.partition(".")
        items = [{"field": field, "key": key, "quote": words, "page": page, "label": label}]
        # The currency that people or the reader found decides signs that several currencies share.
        known = self._before.present.get("currency")
        if known and field != "currency":
            at = known.evidence
            items.append({"field": "currency", "key": "", "quote": at.quote, "page": at.page, "label": at.label})
        reading = model.values_from_answer({"values": items}, self._document, self._fields, origin=Origin.PERSON)
        if ref in reading.values:
            return reading.values[ref]
        return next((item.reason for item in reading.rejected if item.ref == ref), "it could not be read")

    def _labels(self, ref: str, words: str, page: int) -> Iterator[str]:
        """The words beside and above an amount that may carry its currency or its scale."""
        from workflow_orchestrator.extraction.standing import places_of_figure

        spec = self._fields.get(ref.partition(".")[0])
        if spec is None or spec.kind is not Kind.MONEY:
            return
        for place in places_of_figure(self._layout.pages[page - 1], words):
            yield from dict.fromkeys((*place.labels(), *place.above))

    def _seen(self, ref: str, words: str, page: int) -> Value | Problem | None:
        """A step of a drawn scale; one that the reader sees otherwise is asked for twice, so that no slip of a finger passes."""
        from workflow_orchestrator.extraction.seen import step_that_was_seen

        spec = self._fields.get(ref)
        found = spec and step_that_was_seen(spec, words, page, self._layout, self._words, self._names)
        if not found:
            return None
        value, scale = found
        before = self._before.typed.get(ref, {})
        said_before = (before.get("words"), before.get("page")) == (words, page)
        if scale.marked in (None, int(words)) or said_before:
            return value
        return Problem(
            ref,
            words,
            page,
            f"the reader takes step {scale.marked} for the marked one; if it is {words}, send it once more",
        )

    def _elsewhere(self, ref: str, words: str, but: int) -> str:
        pages = [
            number
            for number in range(1, len(self._document.pages) + 1)
            if number != but and isinstance(self._printed(ref, words, number), Value)
        ]
        return f"; these words stand on page {' and '.join(map(str, pages))}" if pages else ""


def _action(before: Value | None, after: Value | None) -> str:
    if after is None:
        return "removed"
    if before is None:
        return "entered"
    same = (before.value, before.unit) == (after.value, after.unit)
    return "confirmed" if same else "corrected"


def _told(value: Value | None) -> dict[str, Any] | None:
    if value is None:
        return None
    evidence = value.evidence
    return {
        "value": str(value.value),
        "unit": value.unit,
        "words": evidence.quote,
        "page": evidence.page,
        "origin": value.origin.value,
    }


def refs_typed(typed: Mapping[str, Mapping[str, Any]], of: Iterable[str]) -> list[str]:
    """The references of `of` into whose field somebody has typed something."""
    return [ref for ref in of if typed.get(ref, {}).get("words", "").strip()]
