"""Execution history: one small entry per run, chained by hashes, and what can be asked of it without Airflow's database."""

from workflow_orchestrator.history.chain import append, forget, read_entries, workflows_in
from workflow_orchestrator.history.entry import Entry, entry_of_run
from workflow_orchestrator.history.query import Asked, find
from workflow_orchestrator.history.verify import Fault, verify

__all__ = ["Asked", "Entry", "Fault", "append", "entry_of_run", "find", "forget", "read_entries", "verify", "workflows_in"]
