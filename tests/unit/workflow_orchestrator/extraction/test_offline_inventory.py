"""The inventory of a report: rows that begin with an ISIN and end with the share of the assets."""

from __future__ import annotations

import pytest
from paper_sample import paper, published

Line = tuple[float, list[tuple[float, str]]]

ROWS = [
    ("FR0012757854", "SPIE SA", "17.81", "4.25"), ("FR0000125338", "CAPGEMINI SE", "126.80", "4.18"),
    ("FR0000121329", "THALES", "74.90", "3.92"), ("FR0012435121", "ELIS", "13.63", "3.91"),
    ("DE0007030009", "RHEINMETALL AG", "86.58", "3.84"), ("FR0000121709", "SEB", "149.00", "3.68"),
]  # fmt: skip


def inventory(*heads: str, skipped: int = -1) -> dict[str, str]:
    lines: list[Line] = [(720.0 - 9 * number, [(-400, head)]) for number, head in enumerate(heads)]
    for number, (isin, name, price, share) in enumerate(ROWS):
        first = f"{isin} {name}" if number != skipped else ""
        lines.append((680 - 12 * number, [*([(50.0, first)] if first else []), (-300, price), (-400, share)]))
    values = published(paper(*lines))
    return {ref: value for ref, value in values.items() if ref.startswith("top_holdings")}


@pytest.mark.parametrize("heads", [("PRCT", "ACT NET"), ("% de l'actif net",), ("Anteil am", "Fondsvermögen")])
def test_the_shares_of_an_inventory(heads: tuple[str, ...]) -> None:
    """Under a head of one or two lines that says per cent of the assets, each name has its share."""
    assert inventory(*heads) == {f"top_holdings.{name}": share for _, name, _, share in ROWS}


@pytest.mark.parametrize("heads", [(), ("Cours",), ("PRCT",), ("Rendement en %",)])
def test_another_last_column_is_no_share(heads: tuple[str, ...]) -> None:
    """Without such a head the last figures are prices, gains or something else."""
    assert inventory(*heads) == {}


def test_a_security_in_several_lots_is_left_out() -> None:
    """A row without a name behind one with a name is another lot of the same security: neither share is the whole."""
    values = inventory("PRCT", "ACT NET", skipped=2)
    assert "top_holdings.CAPGEMINI SE" not in values and values["top_holdings.ELIS"] == "3.91"
    assert "3.92" not in values.values()
