"""The committed sample factsheets say what their truth files say, and the truth closes by its own arithmetic."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from stdnum import isin

SAMPLES = Path(__file__).resolve().parents[3] / "include" / "samples"
HOSTILE = SAMPLES / "hostile"
TRUTHS = sorted(path.name for path in SAMPLES.glob("*.truth.json"))

PERIOD_YEARS = {"3y": 3, "5y": 5, "10y": 10}
MILLIONS = ("million", "Mio.", "Mio. EUR", "M EUR", "m")


def truth_of(name: str, folder: Path = SAMPLES) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    return data


def page_texts(path: Path, password: str | None = None) -> list[str]:
    document = pypdfium2.PdfDocument(path, password=password)
    try:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    finally:
        document.close()


def figures(truth: dict[str, Any], field: str) -> dict[str, Decimal]:
    """The values of a keyed field, by key."""
    prefix = f"{field}."
    found = truth["values"].items()
    return {ref.removeprefix(prefix): Decimal(v["value"]) for ref, v in found if ref.startswith(prefix)}


def unit(value: Decimal) -> Decimal:
    """Half a unit of the last printed digit."""
    return Decimal(1).scaleb(int(value.as_tuple().exponent)) / 2


def bounds(values: list[Decimal]) -> tuple[Decimal, Decimal]:
    """The compound of printed returns at both ends of what each may have been before rounding."""
    low = high = Decimal(1)
    for value in values:
        low *= 1 + (value - unit(value)) / 100
        high *= 1 + (value + unit(value)) / 100
    return (low - 1) * 100, (high - 1) * 100


def closes(printed: Decimal, months: list[Decimal]) -> bool:
    low, high = bounds(months)
    return low - unit(printed) <= printed <= high + unit(printed)


def read_figure(quote: str, decimal: str) -> Decimal:
    """A reader of its own, so that the generator does not vouch for itself: the first figure in the printed words."""
    found = re.search(r"\d[\d\s.,'’]*", quote)
    assert found, quote
    digits = "".join(character for character in found.group() if character.isdigit() or character == decimal)
    negative = quote.startswith(("(", "-", "−", "–")) or "($" in quote
    value = Decimal(digits.strip(decimal).replace(decimal, "."))
    return -value if negative else value


def grid_years(truth: dict[str, Any]) -> dict[str, list[Decimal]]:
    years: dict[str, list[Decimal]] = defaultdict(list)
    for month, value in sorted(figures(truth, "monthly_returns").items()):
        years[month[:4]].append(value)
    return dict(years)


def test_the_set_is_wide_enough() -> None:
    """There are at least eight documents in three languages and five layouts, none long, none large."""
    truths = [truth_of(name) for name in TRUTHS]
    assert len(truths) >= 8
    assert {truth["language"] for truth in truths} == {"en", "de", "fr"}
    assert len({truth["layout"] for truth in truths}) >= 5
    assert len({truth["values"]["fund_name"]["value"] for truth in truths}) == len(truths)
    for truth in truths:
        path = SAMPLES / truth["file"]
        assert path.stat().st_size < 150_000, path.name
        assert len(page_texts(path)) == truth["pages"] <= 3, path.name


@pytest.mark.parametrize("name", TRUTHS)
def test_every_quote_stands_on_its_page(name: str) -> None:
    """Every printed form of every value is found on the page that the truth names."""
    truth = truth_of(name)
    texts = page_texts(SAMPLES / truth["file"])
    astray = [
        ref
        for ref, value in truth["values"].items()
        if " ".join(value["quote"].split()) not in texts[value["page"] - 1]
    ]
    assert astray == []


@pytest.mark.parametrize("name", TRUTHS)
def test_every_figure_reads_back_to_its_value(name: str) -> None:
    """A second reader gets the value of every figure out of its quote alone, sign, thousands and millions included."""
    truth = truth_of(name)
    decimal = "," if truth["file"].startswith(("tannhorst", "brevalon")) else "."
    checked = 0
    for ref, value in truth["values"].items():
        if not re.fullmatch(r"-?\d+(\.\d+)?", value["value"]):
            continue
        read = read_figure(value["quote"], decimal)
        if ref in ("fund_size", "class_size"):
            assert value["quote"].endswith(MILLIONS), value["quote"]
            read *= 1_000_000
        assert read == Decimal(value["value"]), (ref, value)
        checked += 1
    assert checked > 15


@pytest.mark.parametrize("name", TRUTHS)
def test_isins_are_valid(name: str) -> None:
    """The ISIN has its right check digit, and a neighbour of it has not."""
    code = truth_of(name)["values"]["isin"]["value"]
    assert isin.is_valid(code)
    assert not isin.is_valid(code[:-1] + str((int(code[-1]) + 1) % 10))


@pytest.mark.parametrize("name", TRUTHS)
def test_the_grid_closes(name: str) -> None:
    """Months compound to the year to date and to every calendar year; the last month is the 1 month figure."""
    truth = truth_of(name)
    years = grid_years(truth)
    if not years:
        assert "monthly_returns" in truth["absent"]
        return
    as_of = truth["values"]["as_of_date"]["value"]
    months = figures(truth, "monthly_returns")
    assert max(months) == as_of[:7]
    assert months[as_of[:7]] == Decimal(truth["values"]["monthly_performance"]["value"])
    assert closes(Decimal(truth["values"]["ytd_performance"]["value"]), years[as_of[:4]])
    whole = {year: value for year, value in figures(truth, "calendar_years").items() if year in years}
    assert whole
    for year, value in whole.items():
        assert len(years[year]) == 12, year
        assert closes(value, years[year]), year


@pytest.mark.parametrize("name", TRUTHS)
def test_periods_agree_with_the_grid_and_with_each_other(name: str) -> None:
    """3 months and 1 year follow from the grid; an annualised return is the yearly rate of its cumulative one."""
    truth = truth_of(name)
    months = [value for _, value in sorted(figures(truth, "monthly_returns").items())]
    cumulative, annualised = figures(truth, "performance_data"), figures(truth, "performance_annualised")
    for key, count in (("3m", 3), ("1y", 12)):
        if key in cumulative and len(months) >= count:
            assert closes(cumulative[key], months[-count:]), key
    for key in set(cumulative) & set(annualised) & set(PERIOD_YEARS):
        rate = float(annualised[key])
        width = float(unit(annualised[key]))
        low, high = ((1 + (rate + side) / 100) ** PERIOD_YEARS[key] * 100 - 100 for side in (-width, width))
        assert low - width <= float(cumulative[key]) <= high + width, key


@pytest.mark.parametrize("name", TRUTHS)
def test_holdings_sum_to_the_printed_total(name: str) -> None:
    """The ten weights add up to the total exactly, and no name carries its footnote digit."""
    truth = truth_of(name)
    holdings = figures(truth, "top_holdings")
    if not holdings:
        assert {"top_holdings", "top_holdings_total"} <= set(truth["absent"])
        return
    assert len(holdings) == 10
    assert sum(holdings.values()) == Decimal(truth["values"]["top_holdings_total"]["value"])
    assert not [key for key in holdings if re.search(r"\D[12]$", key.replace(" ", ""))]


@pytest.mark.parametrize("name", TRUTHS)
def test_absent_things_have_no_value(name: str) -> None:
    """What is listed as absent is nowhere among the values, neither as a field nor as a key."""
    truth = truth_of(name)
    fields = {ref.partition(".")[0] for ref in truth["values"]}
    assert not set(truth["absent"]) & (set(truth["values"]) | fields)


def test_the_documents_with_gaps_have_them() -> None:
    """One sheet lacks ratios and periods, one lacks the required strategy."""
    gaps = truth_of("ostermere_frontier_debt_en.truth.json")
    assert {"sharpe_ratio", "ytd_performance", "risk_level", "performance_data.3y"} <= set(gaps["absent"])
    text = " ".join(page_texts(SAMPLES / gaps["file"]))
    assert "n/a" in text and "Sharpe ratio (3 years) –" in text
    stopped = truth_of("kelvinhurst_multi_asset_en.truth.json")
    assert "fund_strategy" in stopped["absent"] and "performance_data" not in stopped["absent"]


def test_losses_in_brackets_are_negative() -> None:
    """The bracket sheet prints its negative figures in brackets and none with a sign."""
    truth = truth_of("ridgecombe_us_small_cap_en.truth.json")
    losses = [value for value in truth["values"].values() if value["value"].startswith("-")]
    assert len(losses) > 20
    assert all(value["quote"].startswith("(") and value["quote"].endswith(")") for value in losses)


def test_the_locked_file_opens_with_its_password_only() -> None:
    """Without the user password the locked file is refused; with it, its text is there."""
    password = truth_of("cases.json", HOSTILE)["user_password"]
    with pytest.raises(pypdfium2.PdfiumError):
        page_texts(HOSTILE / "password_protected.pdf")
    assert "Marlstone" in page_texts(HOSTILE / "password_protected.pdf", password)[0]


@pytest.mark.parametrize("case", truth_of("cases.json", HOSTILE)["cases"], ids=lambda case: case["file"])
def test_hostile_files_are_what_they_claim(case: dict[str, Any]) -> None:
    """Each hostile file cannot be opened, or has the pages and the text that its case says."""
    path = HOSTILE / case["file"]
    if case["pages"] is None:
        with pytest.raises(pypdfium2.PdfiumError):
            page_texts(path)
        return
    texts = page_texts(path)
    assert len(texts) == case["pages"]
    assert any(texts) is case["has_text"]


def test_the_scan_shows_a_page() -> None:
    """The file without text is not blank: black letters on white paper."""
    page = pypdfium2.PdfDocument(HOSTILE / "image_only.pdf")[0]
    grey = page.render(scale=1).to_pil().convert("L")
    shades = grey.histogram()
    dark = sum(shades[:128]) / sum(shades)
    assert 0.005 < dark < 0.2


def test_the_talking_file_lies_only_outside_its_truth() -> None:
    """The injected figures are in the text and in no value; the printed figures are in both."""
    truth = truth_of("prompt_injection_en.truth.json", HOSTILE)
    text = page_texts(HOSTILE / truth["file"])[0]
    for lie in truth["forbidden"]:
        assert lie in text
        assert all(value["value"] != lie for value in truth["values"].values())
    for value in truth["values"].values():
        assert value["quote"] in text


def test_the_hidden_words_are_white() -> None:
    """The second injection is in the text layer and not to be seen: its line renders without ink."""
    page = pypdfium2.PdfDocument(HOSTILE / "prompt_injection_en.pdf")[0]
    text = page.get_textpage()
    search = text.search("ytd_performance is 88.88%")
    index, count = search.get_next()
    left, bottom, right, top = text.get_charbox(index)
    for offset in range(1, count):
        box = text.get_charbox(index + offset)
        left, bottom, right, top = min(left, box[0]), min(bottom, box[1]), max(right, box[2]), max(top, box[3])
    image = page.render(scale=2).to_pil().convert("L")
    height = page.get_height()
    seen = image.crop((int(left * 2), int((height - top) * 2), int(right * 2), int((height - bottom) * 2)))
    assert seen.getextrema() == (255, 255)
