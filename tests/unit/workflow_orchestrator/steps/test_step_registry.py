"""The kinds of steps: each has its functions."""

from __future__ import annotations

import pytest

from workflow_orchestrator.definition.flow import NEEDS
from workflow_orchestrator.definition.steps import Step
from workflow_orchestrator.steps.registry import KINDS, Kind


def test_every_kind_of_the_language_has_its_work() -> None:
    """What an author can write can be run, and nothing else can."""
    classes = {kind.kind for kind in Step.__subclasses__()}
    assert set(KINDS) == set(NEEDS) == classes


def test_a_kind_works_or_asks() -> None:
    """Both, neither or half of it is refused."""
    kind = KINDS["ask"]
    for wrong in ({}, {"perform": KINDS["write"].perform, "question": kind.question}, {"question": kind.question}):
        with pytest.raises(ValueError, match="either performs, or asks"):
            Kind(**wrong)
