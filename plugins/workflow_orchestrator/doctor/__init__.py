"""Whether an installation is as it should be: what was looked at, what is wrong, and what to do about it."""

from workflow_orchestrator.doctor.examine import examine
from workflow_orchestrator.doctor.facts import Facts, gather
from workflow_orchestrator.doctor.findings import Finding, State
from workflow_orchestrator.doctor.roles import Role, read_role

__all__ = ["Facts", "Finding", "Role", "State", "examine", "gather", "read_role"]
