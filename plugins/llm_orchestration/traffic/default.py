"""The gate of a process, one for each state address."""

from __future__ import annotations

import os

from llm_orchestration.traffic.gate import TrafficGate
from llm_orchestration.traffic.store import open_state_store

_gates: dict[str, TrafficGate] = {}
# A forked child has its own loops and connections; what its parent waited for is not its business.
os.register_at_fork(after_in_child=_gates.clear)


def default_gate(url: str | None) -> TrafficGate:
    """The gate of this process for a state address. Nothing is opened before its first request.

    Args:
        url: An address for `open_state_store`; `None` shares nothing with other processes.

    Raises:
        ConfigurationError: The address cannot be used.
    """
    name = url or "memory://"
    known = _gates.get(name)
    # `setdefault` is atomic, so two threads get the same gate.
    return known if known is not None else _gates.setdefault(name, TrafficGate(open_state_store(name)))
