"""What a licence allows is read from its name, printed or chosen; a name that nobody knows allows nothing."""

from __future__ import annotations

import pytest

from workflow_orchestrator.rules.licences import LICENCES, licence_of


@pytest.mark.parametrize(
    ("printed", "known"),
    [
        ("CC0 1.0 Universal", "CC0"),
        ("CC-0", "CC0"),
        ("CC BY", "CC BY"),
        ("CC-BY-4.0", "CC BY"),
        ("CC BY-SA 4.0", "CC BY-SA"),
        ("CC-BY-NC 4.0", "CC BY-NC"),
        ("CC BY-NC-SA 4.0", "CC BY-NC-SA"),
        ("cc by-nc-nd 4.0", "CC BY-NC-ND"),
        ("CC BY ND 4.0", "CC BY-ND"),
        ("arXiv.org perpetual, non-exclusive license", "arXiv non-exclusive"),
        ("All rights reserved", "any other, such as all rights reserved"),
        ("MIT", "any other, such as all rights reserved"),
        ("CC BYE", "any other, such as all rights reserved"),
        ("CC BY-SA-ND", "any other, such as all rights reserved"),  # there is no such licence
    ],
)
def test_a_name_is_known_in_its_forms(printed: str, known: str) -> None:
    """With or without version, hyphens and capitals."""
    assert licence_of(printed).name == known


def test_the_table_is_that_of_the_licences() -> None:
    """ND allows no adaptation, NC no commercial use, SA asks to share alike; only CC0 asks for no credit; the rest allows nothing."""
    for name, licence in LICENCES.items():
        parts = name.split("-")
        creative = name.startswith("CC")
        assert licence.adaptation is (creative and "ND" not in parts)
        assert licence.commercial is (creative and "NC" not in parts)
        assert licence.share_alike is ("SA" in parts)
        assert licence.credit is (name != "CC0")
