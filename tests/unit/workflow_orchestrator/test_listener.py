"""The note on a run's page: what came out, before what stood there, within what the database takes."""

from __future__ import annotations

import pytest

from workflow_orchestrator.listener import NOTE_LIMIT, joined

pytestmark = pytest.mark.airflow


def test_a_note_fits_its_column() -> None:
    """PostgreSQL refuses a longer one in the middle of the scheduler's work."""
    assert len(joined("**Stopped.**\n\n" + "x" * 3000, "earlier")) == NOTE_LIMIT


def test_what_a_person_noted_is_kept_and_the_own_summary_is_not_repeated() -> None:
    """A run that ends again shows its end once."""
    first = joined("**Video ready.**\n\nOffline", "from CRM")
    assert first == "**Video ready.**\n\nOffline\n\nfrom CRM"
    assert joined("**Video ready.**\n\nOffline", first) == "**Video ready.**\n\nOffline"
    assert joined("**Video ready.**", None) == "**Video ready.**"
