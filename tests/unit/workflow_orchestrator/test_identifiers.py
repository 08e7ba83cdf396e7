"""Identifiers are known by their form and their check digit, in running text and alone."""

from __future__ import annotations

import pytest

from workflow_orchestrator.identifiers import SCHEMES


@pytest.mark.parametrize(
    ("scheme", "printed", "kept"),
    [
        ("arxiv", "arXiv:2407.10671v4", "2407.10671v4"),
        ("arxiv", "https://arxiv.org/abs/1501.00001", "1501.00001"),
        ("arxiv", "arXiv:0704.0001v2", "0704.0001v2"),
        ("arxiv", "arXiv:1412.6980", "1412.6980"),
        ("arxiv", "hep-th/9901001", "hep-th/9901001"),
        ("arxiv", "arXiv:math.GT/0309136v1", "math.GT/0309136v1"),
        ("doi", "https://doi.org/10.1145/1542476.1542528", "10.1145/1542476.1542528"),
        ("doi", "doi: 10.1002/(SICI)1097-4571(199806)49:8<693::AID-ASI4>3.0.CO;2-O", None),
        ("orcid", "https://orcid.org/0000-0002-1825-0097", "0000-0002-1825-0097"),
        ("orcid", "0000-0002-1694-233X", "0000-0002-1694-233X"),
        ("isbn", "978-1-60558-392-1", "9781605583921"),
    ],
)
def test_an_identifier_is_kept_in_one_form(scheme: str, printed: str, kept: str | None) -> None:
    """Prefixes and addresses are left out, the version of a preprint stays; signs that no printed page parts from its text are not read."""
    read = SCHEMES[scheme].read(printed)
    assert (read.replace("-", "") if scheme == "isbn" and read else read) == kept


@pytest.mark.parametrize(
    ("scheme", "words"),
    [
        ("arxiv", "arXiv:2413.00001"),  # no thirteenth month
        ("arxiv", "arXiv:2400.00001"),
        ("arxiv", "arXiv:1412.00001"),  # five digits came in 2015
        ("arxiv", "arXiv:2407.1067"),
        ("arxiv", "arXiv:0703.0001"),  # the form came in April 2007
        ("arxiv", "hep-th/1201001"),
        ("arxiv", "arXiv:2407.10671v0"),
        ("doi", "10.12/short"),
        ("doi", "11.1145/1542476"),
        ("orcid", "0000-0002-1825-0098"),  # the check digit
        ("orcid", "0000-0002-1825-009"),
        ("isbn", "978-1-60558-392-2"),
    ],
)
def test_what_has_not_the_form_is_none(scheme: str, words: str) -> None:
    """A slip in a month, a length or a check digit."""
    assert SCHEMES[scheme].read(words) is None


def test_identifiers_are_found_in_running_text() -> None:
    """With what belongs to them, and without the stop of the sentence or the bracket around it."""
    text = "See (https://doi.org/10.5555/ade.2026.0207), arXiv:2407.10671v4 and 2407.10671, a number."
    assert list(SCHEMES["doi"].find(text)) == ["https://doi.org/10.5555/ade.2026.0207"]
    assert list(SCHEMES["arxiv"].find(text)) == ["arXiv:2407.10671v4"]
