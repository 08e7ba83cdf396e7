"""Statements: the unit over a table, the heads of its columns, its rows, and what is a field's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from paper_sample import paper

from workflow_orchestrator.documents import Document
from workflow_orchestrator.evidence import prove_all
from workflow_orchestrator.extraction import read_fields, values_from_answer
from workflow_orchestrator.extraction.statement_heads import Heads, is_current, is_year_before
from workflow_orchestrator.extraction.table_units import row_scale, scale_words, table_unit
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.values import Origin

KEYS = {
    "3m": {"title": {"en": "quarter"}, "labels": {"en": ["Three months ended", "Quarter ended", "12 weeks ended", "Second quarter"]}},
    "6m": {"title": {"en": "six months"}, "labels": {"en": ["Six months ended"]}},
    "1y": {"title": {"en": "year"}, "labels": {"en": ["Fiscal year"]}},
}  # fmt: skip
RESULTS = ["Statements of income", "Reconciliation"]
FIELDS = FieldSet.from_json({
    "required": ["as_of"],
    "properties": {
        "as_of": {"kind": "date", "title": {"en": "As of"}, "labels": {"en": ["ended"]}},
        "owner": {"kind": "text", "title": {"en": "Company"}, "sections": {"en": ["over statements"]}},
        "symbol": {"kind": "text", "title": {"en": "Symbol"}, "patterns": {"en": [r"\((?:NYSE|Nasdaq): ([A-Z]+)\)"]}},
        "sales": {
            "kind": "money", "title": {"en": "Sales"}, "keyed": "period", "column": "current", "keys": KEYS,
            "sections": {"en": RESULTS}, "labels": {"en": ["Total sales", "Net sales"]},
        },
        "sales_prior": {"like": "sales", "column": "prior", "title": {"en": "Sales before"}},
        "sales_change": {"like": "sales", "kind": "percent", "column": "change", "title": {"en": "Change"}, "unit": "%"},
        "profit": {"like": "sales", "title": {"en": "Profit"}, "labels": {"en": ["Net income", "Net loss", "Profit attributable to…"]}},
        "each": {
            "like": "sales", "title": {"en": "Per share"},
            "labels": {"en": ["Diluted net income per share", "Per share · Diluted", "Net loss per share"]},
        },
        "adjusted": {"like": "sales", "title": {"en": "Adjusted"}, "labels": {"en": ["Adjusted income"]}},
        "shares": {
            "like": "sales", "kind": "integer", "title": {"en": "Shares"}, "labels": {"en": ["Diluted shares", "Shares used · Diluted"]},
        },
        "parts": {
            "kind": "money", "title": {"en": "Parts"}, "keyed": "name", "column": "current", "adds_to": "sales",
            "sections": {"en": ["Sales by segment"]},
        },
        "lines": {
            "kind": "money", "title": {"en": "Lines"}, "keyed": "name", "column": "current", "adds_from": "profit",
            "adds_to": "adjusted", "sections": {"en": ["Reconciliation"]},
        },
        "expected_low": {
            "like": "sales", "column": "low", "title": {"en": "Low"}, "sections": {"en": ["Outlook"]}, "labels": {"en": ["Sales"]},
        },
    },
})  # fmt: skip

Line = tuple[float, Sequence[tuple[float, str]]]
INTRO: Line = (780, [(40, "Northwind Tools, Inc. (NYSE: NWT) reported for the quarter ended June 30, 2026. Form 10-Q")])


def table(*rows: tuple[str, Sequence[str]], unit: str = "(in millions, except per share data)", top: float = 700, title: str = RESULTS[0],
          heads: Sequence[tuple[str, float]] = (("Three Months Ended June 30,", 380),),
          columns: Sequence[str] = ("2026", "2025")) -> list[Line]:  # fmt: skip
    """The lines of a statement: title, unit, heads over the columns at 350 and 430, and rows of a label and figures."""
    edges = [350 + 80 * number for number in range(len(columns))]
    lines: list[Line] = [(top, [(40, f"*{title}*")]), (top - 12, [(40, unit)] if unit else [])]
    lines.append((top - 24, [(place - 2 * len(text), text) for text, place in heads]))
    lines.append((top - 36, [(-edge, text) for edge, text in zip(edges, columns, strict=True)]))
    for number, (label, figures) in enumerate(rows, start=4):
        pieces = [(-edge, text) for edge, text in zip(edges, figures, strict=False) if text]
        lines.append((top - 12 * number, [(40 if not label.startswith(" ") else 52, label.strip()), *pieces]))
    return [line for line in lines if line[1]]


def document(*lines: Line) -> Document:
    """One page of a company that files in the United States, where "$" is the US dollar."""
    return paper(INTRO, *lines)


def read(*lines: Line) -> dict[str, str]:
    """What the offline reader takes from a page: the values in full by reference."""
    return {ref: f"{value.value} {value.unit}".strip() for ref, value in read_fields(document(*lines), FIELDS).values.items()}


SALES = ("Total sales", ("$1,084.2", "$983.5"))
SHARES = ("Shares used:", ()), (" Diluted", ("154.8", "156.2"))


@pytest.mark.parametrize(
    ("words", "scale", "shares", "currency"),
    [
        ("(in millions, except per share data)", 6, 6, ""),
        ("(dollars in millions, except per share data)", 6, None, "$"),
        ("(In millions, except number of shares, which are reflected in thousands, and per share amounts)", 6, 3, ""),
        ("(in thousands, except share and per share data)", 3, 0, ""),
        ("Dollars and shares in millions, except per share data", 6, 6, "$"),
        ("(unaudited; $ in thousands)", 3, None, "$"),
        ("in Mio. €", 6, None, "EUR"),
        ("T€", 3, None, "EUR"),
        ("en millions d'euros", 6, None, "EUR"),
        ("(MILLIONS)", 6, 6, ""),
        ("was as follows (in billions):", 9, 9, ""),
    ],
)
def test_the_words_over_a_table_say_its_unit(words: str, scale: int, shares: int | None, currency: str) -> None:
    """Amounts, numbers of shares and currency; what the words leave open stays open."""
    unit = table_unit(words)
    assert unit is not None
    assert (unit.scale, unit.shares, unit.currency) == (scale, shares, currency)
    assert unit.scale_of("per_share") == 0


@pytest.mark.parametrize("words", ["Total sales", "millions of customers", "(unaudited)", "revenue of $8.6 billion"])
def test_other_words_name_no_unit(words: str) -> None:
    """A number of millions in a sentence is no unit of a table."""
    assert table_unit(words) is None
    assert scale_words(words) is None


def test_a_row_may_name_its_own_scale() -> None:
    """In brackets or at its end; elsewhere the word is something else."""
    assert row_scale("Shares used in calculation (000s):") == ("000s", 3)
    assert row_scale("Anzahl Aktien (in Mio. Stück)") == ("mio.", 6)
    assert row_scale("Diluted") is None


@pytest.mark.parametrize(
    ("text", "period", "day", "year", "side"),
    [
        ("Three Months Ended June 30, 2026", "3m", date(2026, 6, 30), 2026, ""),
        ("Second-Quarter 2026", "3m", None, 2026, ""),
        ("12 Weeks Ended November 22, 2026", "3m", date(2026, 11, 22), 2026, ""),
        ("Three Months Ended Change", "3m", None, 0, "change"),
        ("% Incr. / (Decr.)", "", None, 0, "change"),
        ("Fiscal year 2026 High", "1y", None, 2026, "high"),
        ("July 31, 2026", "", date(2026, 7, 31), 2026, ""),
    ],
)
def test_a_head_says_period_day_and_side(text: str, period: str, day: date | None, year: int, side: str) -> None:
    """The words for periods are the schema's; days and sides are the language's."""
    head = Heads([FIELDS["sales"]], "en").read(text)
    assert head is not None
    assert (head.period, head.day, head.year, head.side) == (period, day, year, side)


@pytest.mark.parametrize(
    "text",
    ["Pro forma 2026", "As adjusted 2025", "Three Months Ended June 30, 2026 compared to June 30, 2025", "Americas", "2026 2025"],
)
def test_a_head_that_says_more_is_none(text: str) -> None:
    """Two days, two years or a word of another meaning: such a column is nobody's."""
    assert Heads([FIELDS["sales"]], "en").read(text) is None


def test_the_year_before_may_end_some_days_apart() -> None:
    """Fiscal years of 52 or 53 weeks; another quarter is another period."""
    heads = Heads([FIELDS["sales"]], "en")
    before, current = (heads.read(f"12 weeks ended {day}") for day in ("November 23, 2025", "November 22, 2026"))
    other = heads.read("12 weeks ended August 30, 2026")
    assert before is not None and current is not None and other is not None
    as_of = date(2026, 11, 22)
    assert (is_current(current, as_of), is_year_before(before, as_of)) == (True, True)
    assert not is_current(other, as_of) and not is_year_before(other, as_of)


def test_a_statement_gives_its_figures_with_their_unit() -> None:
    """Current and prior from their columns, in full; the share's figure without the scale of the table."""
    found = read(*table(SALES, ("Net income", ("172.5", "135.3")), ("Per share:", ()), (" Diluted", ("$1.11", "$0.87")), *SHARES))
    assert found == {
        "as_of": "2026-06-30", "symbol": "NWT", "sales.3m": "1084200000 USD", "sales_prior.3m": "983500000 USD",
        "profit.3m": "172500000 USD", "each.3m": "1.11 USD", "shares.3m": "154800000",
    }  # fmt: skip


def test_every_value_of_a_statement_is_proven() -> None:
    """What the reader takes, the evidence check accepts: label, column and unit are words of the page."""
    page = document(*table(SALES, ("Net income", ("172.5", "135.3")), ("Per share:", ()), (" Diluted", ("$1.11", "$0.87")), *SHARES))
    values = list(read_fields(page, FIELDS).values.values())
    assert {verdict.status for verdict in prove_all(values, page, FIELDS)} == {"proven"}


def test_no_unit_no_value() -> None:
    """Without words over the table nothing says whether figures are in thousands or millions."""
    assert "sales.3m" not in read(*table(SALES, unit=""))


def test_shares_under_dollars_in_millions_are_left_out() -> None:
    """"Dollars in millions" says nothing of shares; a scale of their own does."""
    unit = "(dollars in millions, except per share data)"
    assert "shares.3m" not in read(*table(SALES, *SHARES, unit=unit))
    own = ("Shares used (000s):", ()), (" Diluted", ("154,812", "156,204"))
    assert read(*table(SALES, *own, unit=unit))["shares.3m"] == "154812000"


def test_the_column_decides_and_not_its_place() -> None:
    """The year before may stand first."""
    found = read(*table(SALES, columns=("2025", "2026")))
    assert (found["sales.3m"], found["sales_prior.3m"]) == ("983500000 USD", "1084200000 USD")


def test_two_columns_of_one_period_decide_nothing() -> None:
    """Figures as reported and as adjusted under one head: a person looks."""
    assert "sales.3m" not in read(*table(SALES, columns=("2026", "2026")))


def test_a_printed_change_is_in_per_cent() -> None:
    """A difference in dollars under "Change" is no change in per cent."""
    rows = table(("Total sales", ("$1,084.2", "$983.5", "10.2%")), columns=("2026", "2025", "Change"))
    assert read(*rows)["sales_change.3m"] == "10.2 %"
    rows = table(("Total sales", ("$1,084.2", "$983.5", "100.7")), columns=("2026", "2025", "Change"))
    assert "sales_change.3m" not in read(*rows)


def test_the_first_label_of_a_field_is_the_best() -> None:
    """Net sales beside total sales are not the total."""
    assert read(*table(("Net sales", ("$1,001.0", "$900.0")), SALES))["sales.3m"] == "1084200000 USD"


def test_a_row_of_another_table_is_not_the_fields() -> None:
    """Sales of one segment stand under another title."""
    found = read(*table(SALES, title="Automation"))
    assert not [ref for ref in found if ref.startswith("sales")]


def test_income_under_a_heading_per_share_is_of_one_share() -> None:
    """"Profit attributable to …" under "Per share" is no profit."""
    of_share = ("Income per share:", ()), (" Profit attributable to owners", ("$1.13", "$0.88"))
    assert "profit.3m" not in read(*table(SALES, *of_share))
    assert read(*table(("Profit attributable to owners", ("$172.5", "$135.3")), *of_share))["profit.3m"] == "172500000 USD"


def test_a_loss_without_a_sign_is_left_to_a_person() -> None:
    """A row that is called a loss and prints no brackets may be meant either way."""
    assert read(*table(("Net loss", ("$(12.7)", "$(9.1)"))))["profit.3m"] == "-12700000 USD"
    assert "profit.3m" not in read(*table(("Net loss", ("$12.7", "$9.1"))))


def test_parts_count_if_they_add_up() -> None:
    """The lines over the total are its parts; a line that was misread leaves all of them out."""
    def parts(first: str) -> list[str]:
        rows = table((" Tools", (first, "600.0")), (" Service", ("383.5", "383.5")), SALES, title="Sales by segment")
        return sorted(ref for ref in read(*table(SALES, top=400), *rows) if ref.startswith("parts"))

    assert parts("$700.7") == ["parts.Service", "parts.Tools"]
    assert parts("$770.7") == []


def test_a_reconciliation_begins_with_a_figure() -> None:
    """The lines between the figure under the standards and the adjusted one, signs and all."""
    rows = table(("Net income", ("$172.5", "$135.3")), (" Restructuring", ("3.7", "6.2")), (" Taxes", ("(9.2)", "(9.6)")),
                 ("Adjusted income", ("$167.0", "$131.9")), title="Reconciliation")  # fmt: skip
    found = read(*rows)
    assert (found["lines.Restructuring"], found["lines.Taxes"]) == ("3700000 USD", "-9200000 USD")


def test_a_table_goes_on_on_the_next_page() -> None:
    """Without its heads, its titles and its unit; its parts add up over both pages."""
    first = document(*table(SALES), *table((" Tools", ("$700.7", "$600.0")), title="Sales by segment", top=400))
    rest = paper(
        (770, [(52, "Service"), (-350, "383.5"), (-430, "383.5")]),
        (758, [(40, "Total sales"), (-350, "$1,084.2"), (-430, "$983.5")]),
    )
    both = replace(first, pages=(first.pages[0], replace(rest.pages[0], number=2)))
    found = read_fields(both, FIELDS).values
    assert {ref for ref in found if ref.startswith("parts")} == {"parts.Tools", "parts.Service"}
    assert found["parts.Service"].evidence.page == 2


def test_an_outlook_is_no_result() -> None:
    """The low end of what is expected stands under its own title, and in no field of results."""
    rows = table(("Sales", ("$1,095.0", "$1,115.0")), title="Outlook", heads=(("Second quarter 2026", 380),), columns=("Low", "High"))
    found = read(*table(SALES, top=400), *rows)
    assert (found["expected_low.3m"], found["sales.3m"]) == ("1095000000 USD", "1084200000 USD")


def test_a_model_that_points_to_the_wrong_column_is_refused() -> None:
    """Its figure is printed and named rightly, and stands in the column of the year before."""
    page = document(*table(SALES))
    items = [{"field": "sales", "key": "3m", "quote": quote, "page": 1, "label": "Total sales"} for quote in ("$1,084.2", "$983.5")]
    right, wrong = (
        next(iter(values_from_answer({"values": [item]}, page, FIELDS, Origin.MODEL).values.values())) for item in items
    )
    assert (right.value, wrong.value) == (1_084_200_000, 983_500_000), "the unit comes from the table, whoever points"
    assert [verdict.status for verdict in prove_all([right, wrong], page, FIELDS)] == ["proven", "not_proven"]


def test_whose_statements_they_are_is_said_in_running_text() -> None:
    """The name over the titles, in the form in which a sentence prints it; a name that stands nowhere else is not taken."""
    def owner(name: str) -> str | None:
        lines = table(SALES, top=600, title=RESULTS[0])
        return read((612, [(40, f"*{name}*")]), *lines).get("owner")

    assert owner("NORTHWIND TOOLS, INC.") == "Northwind Tools, Inc."
    assert owner("SOUTHWIND TOOLS, INC.") is None
