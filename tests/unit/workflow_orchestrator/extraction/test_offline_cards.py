"""Key figures on cards: the value set large over its label, or under it."""

from __future__ import annotations

from paper_sample import paper, published, read

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


def test_the_neighbour_of_a_card_s_label_is_the_next_label() -> None:
    """In a row of labels over a row of words, the words below are the value, in bold too; those beside name the next card."""
    labels = [(50.0, "Management company"), (200.0, "Custodian"), (320.0, "Fund manager"), (440.0, "Benchmark")]
    values = [(50.0, "*Alder Funds*"), (200.0, "*Seebank*"), (320.0, "*Reto Amm*"), (440.0, "*Talbridge Extra TR*")]
    wanted = {
        "management_company": "Alder Funds", "custodian": "Seebank", "fund_manager": "Reto Amm", "benchmark": "Talbridge Extra TR",
    }  # fmt: skip
    assert published(paper((600, labels), (588, values))) == wanted


def test_the_head_of_a_column_of_figures_names_no_index() -> None:
    """A "Benchmark" over a column of figures has no value of words beside it."""
    heads = [(50.0, "*Year*"), (-200.0, "*Fund*"), (-300.0, "*Benchmark*"), (-400.0, "*Difference*")]
    rows = [(50.0, "2025"), (-200.0, "1.10"), (-300.0, "1.40"), (-400.0, "-0.30")]
    assert "benchmark" not in read(paper((600, heads), (588, rows), (576, rows)))


def test_a_step_of_a_scale_is_no_figure_of_a_column() -> None:
    """A printed 4 below the fund's column is the axis of the scale that stands there, not the risk indicator."""
    heads = [(-320.0, "*Fund*"), (-420.0, "*Benchmark*")]
    ratios = [(50.0, "Sharpe ratio"), (-320.0, "0.54"), (-420.0, "0.57")]
    steps = [(50.0, "Risk indicator"), *((230.0 + 29 * number, str(number)) for number in range(1, 8))]
    assert read(paper((600, heads), (588, ratios), (560, steps))) == {"sharpe_ratio": "0.54"}
