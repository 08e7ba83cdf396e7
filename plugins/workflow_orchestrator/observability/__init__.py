"""What the orchestrator tells those who run it: numbers, spans and alerts, all by names of one table (names.py)."""
