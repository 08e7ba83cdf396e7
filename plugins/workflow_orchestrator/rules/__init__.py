"""Business rules: what the values of a document must hold among themselves, compared by their printed digits."""

from workflow_orchestrator.rules.evaluate import check_values
from workflow_orchestrator.rules.findings import Finding, Severity, raise_for_findings
from workflow_orchestrator.rules.language import Rule, Rules, load_rules

__all__ = ["Finding", "Rule", "Rules", "Severity", "check_values", "load_rules", "raise_for_findings"]
