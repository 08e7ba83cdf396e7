"""When a request may be sent: limits, circuit breaker and budgets, shared by the processes that ask the same endpoint."""

from __future__ import annotations

from llm_orchestration.traffic.budgets import Account, spent
from llm_orchestration.traffic.contract import Gate, Limits, Spending, StateStore, Ticket
from llm_orchestration.traffic.default import default_gate
from llm_orchestration.traffic.gate import TrafficGate
from llm_orchestration.traffic.store import FileStateStore, MemoryStateStore, RedisStateStore, open_state_store

__all__ = [
    "Account",
    "FileStateStore",
    "Gate",
    "Limits",
    "MemoryStateStore",
    "RedisStateStore",
    "Spending",
    "StateStore",
    "Ticket",
    "TrafficGate",
    "default_gate",
    "open_state_store",
    "spent",
]
