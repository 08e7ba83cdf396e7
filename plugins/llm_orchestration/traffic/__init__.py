"""When a request may be sent: limits, circuit breaker and budgets, shared by the processes that ask the same endpoint."""

from __future__ import annotations

from llm_orchestration.traffic.contract import Gate, Limits, Spending, StateStore, Ticket

__all__ = ["Gate", "Limits", "Spending", "StateStore", "Ticket"]
