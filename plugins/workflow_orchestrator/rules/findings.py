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
