"""Every check of figures against figures that nobody chose: what is rounded from true numbers is never found, what is off always.

Each model below makes exact numbers that fit together, and prints each with decimals of its own. That gives no finding: no rounding is
mistaken for a fault. Then the figure that the others decide is printed outside of what they can give, by one unit of its last digit at
least: that is found.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_orchestrator.rules.examples import Example, example_fields, examples
from workflow_orchestrator.rules.findings import Outcome

EXAMPLES = 12  # of each model; every one of them draws its own decimals too

Exact = dict[str, Decimal]
Model = Callable[[random.Random], tuple[dict[str, str], Exact, str]]
"""Other printed words, exact numbers by value, and which of them the others decide."""


def number(chance: random.Random, low: float, high: float) -> Decimal:
    return Decimal(repr(chance.uniform(low, high)))


def months(chance: random.Random, last: str, count: int) -> Exact:
    year, month = map(int, last.split("-"))
    index = year * 12 + month - 1
    keys = [f"{at // 12}-{at % 12 + 1:02d}" for at in range(index - count + 1, index + 1)]
    return {f"monthly_returns.{key}": number(chance, -12, 12) for key in keys}


def product(percents: list[Decimal]) -> Decimal:
    factor = Decimal(1)
    for percent in percents:
        factor *= 1 + percent / 100
    return (factor - 1) * 100


def root(percent: Decimal, years: int) -> Decimal:
    return ((1 + percent / 100) ** (Decimal(1) / years) - 1) * 100


def ytd(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    month = chance.randint(1, 12)
    grid = months(chance, f"2024-{month:02d}", month)
    day = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    return {"as_of_date": f"2024-{month:02d}-{day}"}, {**grid, "ytd_performance": product([*grid.values()])}, "ytd_performance"


def ytd_of_a_young_fund(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    count = chance.randint(1, 9)
    grid = months(chance, "2026-10", count)
    first = min(grid).partition(".")[2]
    words = {"as_of_date": "2026-10-30", "launch_date": f"{first}-17"}
    return words, {**grid, "ytd_performance": product([*grid.values()])}, "ytd_performance"


def year(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    grid = months(chance, "2024-12", 12)
    return {}, {**grid, "calendar_years.2024": product([*grid.values()])}, "calendar_years.2024"


def period(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    key, count = chance.choice([("3m", 3), ("6m", 6), ("1y", 12), ("3y", 36)])
    grid = months(chance, "2026-02", count)
    return {"as_of_date": "2026-02-27"}, {**grid, f"performance.{key}": product([*grid.values()])}, f"performance.{key}"


def annualised_months(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    key, count = chance.choice([("1y", 12), ("3y", 36), ("5y", 60)])
    grid = months(chance, "2024-02", count)
    return {"as_of_date": "2024-02-29"}, {**grid, f"annualised.{key}": root(product([*grid.values()]), count // 12)}, f"annualised.{key}"


def cumulative(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    key, years = chance.choice([("1y", 1), ("3y", 3), ("5y", 5), ("10y", 10)])
    total = number(chance, -80, 400)
    return {}, {f"annualised.{key}": root(total, years), f"performance.{key}": total}, f"performance.{key}"


def years(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    count = chance.choice([1, 3, 5])
    table = {f"calendar_years.{2025 - back}": number(chance, -40, 60) for back in range(count)}
    return {"as_of_date": "2025-12-31"}, {**table, f"performance.{count}y": product([*table.values()])}, f"performance.{count}y"


def best(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    grid = months(chance, "2026-10", 14)
    return {"as_of_date": "2026-10-31", "launch_date": "2025-09-01"}, {**grid, "best_month": max(grid.values())}, "best_month"


def worst(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    grid = months(chance, "2026-10", 14)
    return {"as_of_date": "2026-10-31", "launch_date": "2025-09-01"}, {**grid, "worst_month": min(grid.values())}, "worst_month"


def positive(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    grid = months(chance, "2026-10", 3)
    share = Decimal(100 * sum(value > 0 for value in grid.values())) / 3
    return {"as_of_date": "2026-10-31"}, {**grid, "positive_months": share}, "positive_months"


def excess(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    fund, index = number(chance, -30, 60), number(chance, -30, 60)
    difference = fund - index if chance.random() < 0.5 else ((1 + fund / 100) / (1 + index / 100) - 1) * 100
    return {}, {"annualised.3y": fund, "benchmark_annualised.3y": index, "excess.3y": difference}, "excess.3y"


def holdings(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    weights = {f"top_holdings.H{at}": number(chance, -5, 9) for at in range(chance.randint(1, 10))}
    return {}, {**weights, "top_holdings_total": sum(weights.values(), Decimal(0))}, "top_holdings_total"


def volatility(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    grid = months(chance, "2025-12", 12)
    mean = sum(grid.values(), Decimal(0)) / 12
    deviation = (sum(((value - mean) ** 2 for value in grid.values()), Decimal(0)) / 11).sqrt()
    return {"as_of_date": "2025-12-31"}, {**grid, "volatility": deviation * Decimal(12).sqrt()}, "volatility"


def ytd_goes_on(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    month = number(chance, -12, 12)
    # The release before printed 3.17 %.
    exact = {"monthly_performance": month, "ytd_performance": product([Decimal("3.17"), month])}
    return {"as_of_date": "2026-10-31"}, exact, "ytd_performance"


def change(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    before, now = number(chance, 50, 9000), number(chance, 0.5, 9000)
    return {}, {"revenue": now, "revenue_before": before, "change": (now - before) / before * 100}, "change"


def eps(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    income, shares = number(chance, -9000, 9000), number(chance, 100, 9000)
    return {}, {"net_income": income, "diluted_shares": shares, "eps": income / shares}, "eps"


def less(result: str, whole: str, part: str) -> Model:
    def model(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
        one, other = number(chance, 10, 9000), number(chance, 10, 9000)
        return {}, {whole: one, part: other * chance.choice([1, -1]), result: one - other}, result

    return model


def parts(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    segments = {f"segments.S{at}": number(chance, -900, 9000) for at in range(chance.randint(1, 9))}
    given = {**segments, "corporate": number(chance, -900, 0)}
    return {}, {**given, "revenue": sum(given.values(), Decimal(0))}, "revenue"


def adjustments(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    lines = {f"adjustments.A{at}": number(chance, -900, 900) for at in range(chance.randint(1, 6))}
    given = {**lines, "net_income": number(chance, -2000, 2000)}
    return {}, {**given, "adjusted_income": sum(given.values(), Decimal(0))}, "adjusted_income"


def margin(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    profit, revenue = number(chance, -900, 900), number(chance, 100, 9000)
    return {}, {"gross_profit": profit, "revenue": revenue, "margin": profit / revenue * 100}, "margin"


def margin_change(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    now, before = number(chance, -50, 80), number(chance, -50, 80)
    return {}, {"margin": now, "margin_before": before, "margin_change": now - before}, "margin_change"


def same(one: str, other: str, words: dict[str, str]) -> Model:
    def model(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
        figure = number(chance, -60, 60)
        return words, {one: figure, other: figure}, one

    return model


def quarter(chance: random.Random) -> tuple[dict[str, str], Exact, str]:
    added = number(chance, -900, 9000)
    # The release before printed 8,247 million, and its own digits are all that is known of it.
    return {"as_of_date": "2026-07-31"}, {"revenue": added, "revenue_of_year": added + 8247}, "revenue_of_year"


MODELS: list[tuple[str, Model]] = [
    ("months_compound_to_ytd", ytd),
    ("months_compound_to_ytd", ytd_of_a_young_fund),
    ("months_compound_to_year", year),
    ("months_compound_to_periods", period),
    ("months_compound_to_annualised", annualised_months),
    ("annualised_fits_cumulative", cumulative),
    ("years_compound_to_periods", years),
    ("month_equals_grid", same("monthly_performance", "monthly_returns.2026-10", {"as_of_date": "2026-10-31"})),
    ("ytd_equals_grid", same("ytd_performance", "calendar_years.2026", {"as_of_date": "2026-10-31"})),
    ("ytd_equals_period", same("ytd_performance", "performance.6m", {"as_of_date": "2026-06-30"})),
    ("figure_agrees", same("revenue", "revenue_in_words", {})),
    ("best_month_is_of_grid", best),
    ("worst_month_is_of_grid", worst),
    ("positive_months_are_of_grid", positive),
    ("excess_is_difference", excess),
    ("holdings_sum_to_total", holdings),
    ("volatility_fits_months", volatility),
    ("ytd_continues", ytd_goes_on),
    ("change_is_growth", change),
    ("eps_is_income_per_share", eps),
    ("gross_profit_is_revenue_less_cost", less("gross_profit", "revenue", "cost")),
    ("free_cash_flow_is_cash_less_capex", less("free_cash_flow", "operating_cash", "capex")),
    ("parts_sum_to_total", parts),
    ("adjustments_reconcile", adjustments),
    ("margin_is_profit_over_revenue", margin),
    ("margin_change_is_in_points", margin_change),
    ("ytd_adds_quarter", quarter),
]
# What a rule lets pass besides rounding, so that the planted figure lies beyond it.
PLAY: dict[str, Callable[[Decimal], Decimal]] = {
    "eps_is_income_per_share": lambda figure: abs(figure) * Decimal("0.0101"),
    "volatility_fits_months": lambda figure: abs(figure) * Decimal("0.11"),
}
UNIT = {"money": " million", "percent": " %", "integer": " million", "ratio": ""}


def printed(ref: str, exact: Decimal, decimals: int) -> str:
    """A number as a document prints it: amounts and counts in millions, a loss in brackets where it is an amount."""
    kind = example_fields()[ref.partition(".")[0]].kind.value
    unit = "" if ref == "eps" else UNIT[kind]
    text = str(round(exact, decimals)) if decimals else str(exact.quantize(Decimal(1), ROUND_HALF_EVEN))
    body = f"({text[1:]})" if kind == "money" and text.startswith("-") else text
    return f"{'USD ' if kind == 'money' else ''}{body}{unit}"


def judged(check: str, words: dict[str, str], rule: Example) -> Outcome:
    return Example(check, rule.rule, words, {}, rule.before, rule.asked, 1, 1).outcome(broken=False)


@pytest.mark.parametrize(("check", "model"), MODELS)
@settings(max_examples=EXAMPLES, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_rounding_is_never_found_and_a_figure_beyond_it_always(check: str, model: Model, seed: int) -> None:
    """Printed with any decimals, true figures fit; the decided one, printed beyond what the others give, does not."""
    chance, rule = random.Random(seed), examples()[check]
    with localcontext() as context:
        context.prec = 50
        others, exact, decided = model(chance)
    decimals = {ref: chance.randint(0, 3) for ref in exact}
    words = {**others, **{ref: printed(ref, value, decimals[ref]) for ref, value in exact.items()}}
    met = judged(check, words, rule)
    assert met.findings == (), words
    # What the others can give at most: their printed intervals, run to the corner by the check itself.
    low, high = bounds(met, exact[decided])
    step = Decimal(1).scaleb(-decimals[decided])
    for direction in (1, -1):
        edge = high if direction > 0 else low
        shift = PLAY.get(check, lambda _: Decimal(0))(max(low, high, key=abs))
        planted = edge + direction * (shift + step * 2)
        wrong = {**words, decided: printed(decided, planted, decimals[decided])}
        # Between the arithmetic and the geometric form nothing is out of reach of both.
        if check == "excess_is_difference":
            continue
        assert judged(check, wrong, rule).findings, (decided, wrong[decided], words)


def bounds(met: Outcome, exact: Decimal) -> tuple[Decimal, Decimal]:
    """The ends of the interval that the check computed, in the unit of the model; the figure itself where it computed none."""
    if not met.held:
        return exact, exact
    numbers = [Decimal(part.split()[0].replace(",", "")) for part in met.held[0].computed.split(" to ")]
    return min(*numbers, exact), max(*numbers, exact)


def test_the_models_are_true() -> None:
    """The numbers behind the test, by another way: floating point."""
    chance = random.Random(7)
    _, exact, decided = annualised_months(chance)
    grid = [float(value) for ref, value in exact.items() if ref != decided]
    growth = math.prod(1 + value / 100 for value in grid)
    assert math.isclose(float(exact[decided]), (growth ** (12 / len(grid)) - 1) * 100, abs_tol=1e-9)
