"""Business rules: what the values of a document must hold among themselves, compared by their printed digits."""

from workflow_orchestrator.rules.evaluate import Examination, check_values, examine
from workflow_orchestrator.rules.findings import Finding, Outcome, Severity, raise_for_findings
from workflow_orchestrator.rules.language import Rule, Rules, load_rules

__all__ = [
    "Examination",
    "Finding",
    "Outcome",
    "Rule",
    "Rules",
    "Severity",
    "check_values",
    "examine",
    "load_rules",
    "raise_for_findings",
]
