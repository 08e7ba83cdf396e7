"""What the rules find in the values of a document, and the error that stops a run over it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from workflow_orchestrator.errors import BusinessValidationError

Severity = Literal["error", "needs_person", "warning"]

SEVERITIES: tuple[str, ...] = get_args(Severity)
STOPPING = ("error", "needs_person")


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that one document does not meet.

    `severity`: an `error` cannot stand and must be corrected; `needs_person` may be right, and a person says so; a
    `warning` is recorded and stops nothing. `refs` are the values concerned, or the fields that are missing.
    `computed` is what the other values give, `printed` what the document prints; both are empty where the rule
    compares nothing.
    """

    rule: str
    severity: Severity
    refs: tuple[str, ...]
    message: str
    computed: str = ""
    printed: str = ""

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ValueError(f"{self.rule}: severity must be one of {', '.join(SEVERITIES)}, not {self.severity!r}")
        if not self.refs:
            raise ValueError(f"{self.rule}: a finding names at least one value")

    @property
    def stops(self) -> bool:
        """Whether the run cannot go on without a person."""
        return self.severity in STOPPING

    def __str__(self) -> str:
        return f"{self.rule} ({self.severity.replace('_', ' ')}): {self.message}"

    def to_json(self) -> dict[str, Any]:
        """The finding as data; `fields` are the names without keys, for the form that asks for them."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "refs": list(self.refs),
            "fields": list(dict.fromkeys(ref.partition(".")[0] for ref in self.refs)),
            "message": self.message,
            "computed": self.computed,
            "printed": self.printed,
        }


@dataclass(frozen=True, slots=True)
class Held:
    """A comparison that a document meets: the values concerned, what the others give, and what is printed."""

    refs: tuple[str, ...]
    computed: str
    printed: str

    def to_json(self) -> dict[str, Any]:
        return {"refs": list(self.refs), "computed": self.computed, "printed": self.printed}


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """A comparison that cannot be made, and why: a month that is missing, two currencies, a window that nobody names."""

    reason: str
    refs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.reason:
            raise ValueError("what does not apply has a reason")

    def to_json(self) -> dict[str, Any]:
        return {"refs": list(self.refs), "reason": self.reason}


Verdict = Finding | Held | NotApplicable


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one rule over one document; a rule over a table has a verdict for each of its rows."""

    rule: str
    check: str
    verdicts: tuple[Verdict, ...]

    def __post_init__(self) -> None:
        if not self.verdicts:
            raise ValueError(f"{self.rule}: a rule that says nothing says why")

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Where the document does not meet the rule."""
        return tuple(verdict for verdict in self.verdicts if isinstance(verdict, Finding))

    @property
    def held(self) -> tuple[Held, ...]:
        """Where it does."""
        return tuple(verdict for verdict in self.verdicts if isinstance(verdict, Held))

    @property
    def left_alone(self) -> tuple[NotApplicable, ...]:
        """Where nothing could be compared."""
        return tuple(verdict for verdict in self.verdicts if isinstance(verdict, NotApplicable))

    @property
    def state(self) -> Literal["broken", "holds", "not_applicable"]:
        """Broken if it is anywhere, and it holds only where something was compared."""
        return "broken" if self.findings else "holds" if self.held else "not_applicable"

    def to_json(self) -> dict[str, Any]:
        """The outcome as data; what is broken is told in full among the findings."""
        return {
            "rule": self.rule,
            "check": self.check,
            "state": self.state,
            "held": [verdict.to_json() for verdict in self.held],
            "not_applicable": [verdict.to_json() for verdict in self.left_alone],
        }


def raise_for_findings(findings: Iterable[Finding]) -> None:
    """Stops the run if a finding does.

    Raises:
        BusinessValidationError: naming each finding that is an error or needs a person; warnings are not among them.
    """
    stopping = [finding for finding in findings if finding.stops]
    if not stopping:
        return
    count = "one finding" if len(stopping) == 1 else f"{len(stopping)} findings"
    lines = "\n".join(f"  {finding}" for finding in stopping)
    raise BusinessValidationError(
        f"the values have {count} that a person must look at:\n{lines}",
        findings=[finding.to_json() for finding in stopping],
    )
