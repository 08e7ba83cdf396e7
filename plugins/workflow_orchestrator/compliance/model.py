"""Rules, packs, notices and verdicts: the data of the compliance check.

    Pack ─ Rule   trigger ─► check ─► RuleResult   pass < warn < needs_approval < block
            └ wording per language ─► Notice       shown and spoken

A rule that cannot be decided counts as `needs_approval`, never as passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from workflow_orchestrator.errors import ComplianceBlockedError


class Outcome(StrEnum):
    """What a rule says, from nothing to complain about to no release."""

    PASS = "pass"
    WARN = "warn"
    NEEDS_APPROVAL = "needs_approval"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        return list(Outcome).index(self)


class SourceStatus(StrEnum):
    """How a citation is known: the text was read, a summary was, or it is remembered and counsel must confirm it."""

    VERIFIED = "verified"
    SECONDARY = "secondary"
    MEMORY = "memory"


class Placement(StrEnum):
    """Where a notice stands: it opens the video, or it is on the last slide."""

    START = "start"
    END = "end"


@dataclass(frozen=True, slots=True)
class Notice:
    """One approved wording, filled for a document. `short` is the form that stays on screen, in kicker or footer."""

    id: str
    shown: str
    spoken: str
    citation: str
    place: Placement = Placement.END
    short: str = ""

    def to_json(self) -> dict[str, str]:
        return {
            "id": self.id, "shown": self.shown, "spoken": self.spoken, "citation": self.citation,
            "place": self.place.value, "short": self.short,
        }


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a pack. `trigger` and `check` hold a `kind` and its parameters, already checked by the loader.

    `wording` maps a language to alternatives: the first whose values the document has is used. `covers` are other names
    of what the rule carries out too; `examples` are scripts that it passes and such as it does not (see `examples`).
    """

    id: str
    title: str
    jurisdictions: tuple[str, ...]
    audience: tuple[str, ...]
    languages: tuple[str, ...]
    citation: str
    source_status: SourceStatus
    severity: Outcome
    trigger: Mapping[str, Any]
    check: Mapping[str, Any]
    wording: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    short: Mapping[str, str] = field(default_factory=dict)
    covers: tuple[str, ...] = ()
    examples: Mapping[str, Mapping[str, Sequence[Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.severity is Outcome.PASS:
            raise ValueError(f"{self.id}: a rule that can only pass is no rule")
        if (self.check["kind"] == "notice") != bool(self.wording):
            raise ValueError(f"{self.id}: a notice has wording, and no other rule does")

    def concerns(self, *, language: str, jurisdictions: tuple[str, ...], audience: str) -> bool:
        """Whether the rule is about a video in this language, for these places and this audience."""
        here = "any" in self.jurisdictions or bool(set(self.jurisdictions) & set(jurisdictions))
        return here and audience in self.audience and language in self.languages


@dataclass(frozen=True, slots=True)
class Withheld:
    """A value that a rule keeps out of the script, and why."""

    ref: str
    rule: str
    reason: str

    def to_json(self) -> dict[str, str]:
        return {"ref": self.ref, "rule": self.rule, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A rule of law that no script shows to be met, and what sees to it instead."""

    id: str
    title: str
    citation: str
    source_status: SourceStatus
    held_by: str

    def to_json(self) -> dict[str, str]:
        return {
            "rule": self.id, "title": self.title, "citation": self.citation,
            "source_status": self.source_status.value, "held_by": self.held_by,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, str]) -> Elsewhere:
        return cls(data["rule"], data["title"], data["citation"], SourceStatus(data["source_status"]), data["held_by"])


@dataclass(frozen=True, slots=True)
class Pack:
    """The rules of one file, and those that are held elsewhere."""

    name: str
    title: str
    version: str
    rules: tuple[Rule, ...]
    elsewhere: tuple[Elsewhere, ...] = ()

    @property
    def label(self) -> str:
        """Name and version, as records name the pack."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule said about one script, slide file or video.

    `words` are the words that it is about, `where` is their place in the script (`risk.sentences[0]`) or the file. `looked_at`
    says in words what the rule examined, also where it passed, `refs` the values among it. `pack` is name and version;
    `severity` is what a breach of the rule counts as, whatever the outcome is here.
    """

    rule: str
    outcome: Outcome
    words: str
    citation: str
    source_status: SourceStatus
    message: str
    where: str = ""
    title: str = ""
    severity: Outcome = Outcome.BLOCK
    jurisdictions: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    pack: str = ""
    looked_at: str = ""
    refs: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule, "outcome": self.outcome.value, "title": self.title, "message": self.message, "words": self.words,
            "where": self.where, "looked_at": self.looked_at, "refs": list(self.refs), "citation": self.citation,
            "source_status": self.source_status.value, "severity": self.severity.value,
            "jurisdictions": list(self.jurisdictions), "audience": list(self.audience), "pack": self.pack,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RuleResult:
        return cls(
            data["rule"], Outcome(data["outcome"]), data["words"], data["citation"], SourceStatus(data["source_status"]),
            data["message"], data["where"], data["title"], Outcome(data["severity"]), tuple(data["jurisdictions"]),
            tuple(data["audience"]), data["pack"], data["looked_at"], tuple(data["refs"]),
        )


@dataclass(frozen=True, slots=True)
class ComplianceReport:
    """Every verdict on one script, or on what was rendered of it.

    `not_applicable` names the rules whose case did not arise; `elsewhere` are those of law that no script shows to be met;
    `withheld` are the values that a period rule kept out. `scope` is for whom it was judged: language, jurisdictions, audience.
    """

    results: tuple[RuleResult, ...]
    not_applicable: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    scope: Mapping[str, Any] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        """The gravest verdict; `pass` when there is none."""
        return max((result.outcome for result in self.results), key=lambda o: o.rank, default=Outcome.PASS)

    def of(self, outcome: Outcome) -> tuple[RuleResult, ...]:
        return tuple(result for result in self.results if result.outcome is outcome)

    def raise_for_block(self, what: str = "the script") -> None:
        """Raises when a rule blocks.

        Args:
            what: what was judged, for the message: "the video".

        Raises:
            ComplianceBlockedError: it names each rule, its words and what is wrong with them.
        """
        blocked = self.of(Outcome.BLOCK)
        if blocked:
            lines = "\n".join(f"  {result.rule}: {result.message} ({result.citation})" for result in blocked)
            count = "one compliance rule blocks" if len(blocked) == 1 else f"{len(blocked)} compliance rules block"
            raise ComplianceBlockedError(
                f"{count} {what}; change the words or the data:\n{lines}",
                results=[result.to_json() for result in blocked],
            )

    def to_json(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome.value, "packs": list(self.packs), "scope": dict(self.scope),
            "results": [result.to_json() for result in self.results], "not_applicable": list(self.not_applicable),
            "withheld": [item.to_json() for item in self.withheld],
            "elsewhere": [item.to_json() for item in self.elsewhere],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ComplianceReport:
        return cls(
            tuple(RuleResult.from_json(row) for row in data["results"]), tuple(data["not_applicable"]), tuple(data["packs"]),
            tuple(Elsewhere.from_json(row) for row in data["elsewhere"]),
            tuple(Withheld(row["ref"], row["rule"], row["reason"]) for row in data["withheld"]), dict(data["scope"]),
        )
