"""The inbox of a workflow: which documents are new, which go into quarantine, and what a scan has to tell. No Airflow here."""

from workflow_orchestrator.inbox.quarantine import Quarantined, is_fault_of_document, quarantine
from workflow_orchestrator.inbox.result import DocumentResult, result_of
from workflow_orchestrator.inbox.scan import Found, LeftOut, Scan, Unfit, run_for, scan_inbox
from workflow_orchestrator.inbox.summary import Summary

__all__ = [
    "DocumentResult",
    "Found",
    "LeftOut",
    "Quarantined",
    "Scan",
    "Summary",
    "Unfit",
    "is_fault_of_document",
    "quarantine",
    "result_of",
    "run_for",
    "scan_inbox",
]
