"""Compliance as data: rule packs, the notices that they ask for, and the verdict on a script."""

from workflow_orchestrator.compliance.case import Facts
from workflow_orchestrator.compliance.check import check_compliance
from workflow_orchestrator.compliance.loader import load_packs, places_of
from workflow_orchestrator.compliance.model import (
    ComplianceReport,
    Elsewhere,
    Notice,
    Outcome,
    Pack,
    Placement,
    Rule,
    RuleResult,
    SourceStatus,
    Withheld,
)
from workflow_orchestrator.compliance.notices import notices
from workflow_orchestrator.compliance.periods import publishable, withheld
from workflow_orchestrator.compliance.personal_data import Masked, mask_personal_data

__all__ = [
    "ComplianceReport",
    "Elsewhere",
    "Facts",
    "Masked",
    "Notice",
    "Outcome",
    "Pack",
    "Placement",
    "Rule",
    "RuleResult",
    "SourceStatus",
    "Withheld",
    "check_compliance",
    "load_packs",
    "mask_personal_data",
    "notices",
    "places_of",
    "publishable",
    "withheld",
]
