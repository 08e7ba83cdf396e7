"""Key figures on cards: the value set large over its label, or under it."""

from __future__ import annotations

from paper_sample import paper, published

LABELS = [(50.0, "Fund size"), (200.0, "Yield"), (320.0, "Ongoing charge")]
VALUES = [(50.0, "*£1.2bn*"), (200.0, "*4.2%*"), (320.0, "*0.85%*")]
WANTED = {"fund_size": "1200000000", "ongoing_charges": "0.85"}


def test_values_over_their_labels() -> None:
    """A value that is set clearly larger directly over its label is read; one of the size of the label is not."""
    assert published(paper((600, VALUES), (588, LABELS), sizes={600: 14})) == WANTED
    assert published(paper((600, VALUES), (588, LABELS))) == {}


def test_values_under_their_labels() -> None:
    """A value in another style directly under its label is read."""
    assert published(paper((600, LABELS), (584, VALUES), sizes={584: 14})) == WANTED


def test_stacked_cards_are_read_to_the_right_side() -> None:
    """Between two values the nearer one is the label's; midway between them there is none."""
    near = paper(
        (600, [(50, "*0.85%*")]), (588, [(50, "Ongoing charge")]), (566, [(50, "*4.20%*")]), sizes={600: 14, 566: 14}
    )
    assert published(near) == {"ongoing_charges": "0.85"}
    midway = paper(
        (600, [(50, "*0.85%*")]), (588, [(50, "Ongoing charge")]), (570, [(50, "*4.20%*")]), sizes={600: 14, 570: 14}
    )
    assert published(midway) == {}
