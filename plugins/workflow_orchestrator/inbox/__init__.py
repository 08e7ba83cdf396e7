"""The inbox of a workflow: which documents are new, which go into quarantine, and what a scan or a batch has to tell. No Airflow here."""

from workflow_orchestrator.inbox.batch import Batch, check_batch, plan_batch
from workflow_orchestrator.inbox.quarantine import Quarantined, is_fault_of_document, quarantine
from workflow_orchestrator.inbox.result import DocumentResult, result_of
from workflow_orchestrator.inbox.scan import Found, LeftOut, Scan, Unfit, run_for, scan_inbox
from workflow_orchestrator.inbox.summary import Summary

__all__ = [
    "Batch",
    "DocumentResult",
    "Found",
    "LeftOut",
    "Quarantined",
    "Scan",
    "Summary",
    "Unfit",
    "check_batch",
    "is_fault_of_document",
    "plan_batch",
    "quarantine",
    "result_of",
    "run_for",
    "scan_inbox",
]
