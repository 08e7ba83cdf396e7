"""Statements of things that are no money and no shares: tonnes, cubic metres, people; their units, and labels that end in a number."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from paper_sample import paper

from workflow_orchestrator.evidence import prove_all
from workflow_orchestrator.extraction import read_fields
from workflow_orchestrator.extraction.table_units import names_scale, unit_scale
from workflow_orchestrator.fields import FieldSet

KEYS = {"1y": {"title": {"en": "year"}, "labels": {"en": ["Year ended"]}}}
FIELDS = FieldSet.from_json({
    "properties": {
        "gas": {
            "kind": "integer", "title": {"en": "Gas"}, "unit": "t", "unit_words": {"en": ["tonnes of CO2", "t CO2"]}, "keyed": "period",
            "column": "current", "keys": KEYS, "sections": {"en": ["Emissions"]}, "labels": {"en": ["All gas"]},
        },
        "direct": {"like": "gas", "title": {"en": "Direct"}, "labels": {"en": ["Scope 1"]}},
        "people": {
            "kind": "integer", "title": {"en": "People"}, "keyed": "period", "column": "current", "keys": KEYS,
            "sections": {"en": ["Emissions"]}, "labels": {"en": ["Employees"]},
        },
        "parts": {
            "kind": "integer", "title": {"en": "Parts"}, "unit_words": {"en": ["tonnes of CO2"]}, "keyed": "name", "column": "current",
            "adds_to": "gas", "sections": {"en": ["Emissions"]},
        },
    },
})  # fmt: skip
ROWS = (("Scope 1", ("310", "905")), ("Scope 2", ("744", "160")), ("All gas", ("1,054", "1,065")), ("Employees", ("6,418", "6,102")))


def page(*rows: tuple[str, Sequence[str]], title: str = "Emissions (tonnes of CO2)") -> object:
    """One table under a title."""
    lines: list[tuple[float, list[tuple[float, str]]]] = [(700, [(40, f"*{title}*")]), (676, [(330, "Year ended 31 December")])]
    lines.append((664, [(-350, "2025"), (-430, "2024")]))
    # The rate shows that the document has decimal points.
    for number, (label, figures) in enumerate((*rows, ("Rate", ("2.14", "2.58")))):
        lines.append((652 - 12 * number, [(40, label), *((-350 - 80 * n, text) for n, text in enumerate(figures))]))
    return paper(*lines)


def read(*rows: tuple[str, Sequence[str]], title: str = "Emissions (tonnes of CO2)") -> dict[str, str]:
    """What the offline reader takes, by reference."""
    values = read_fields(page(*rows, title=title), FIELDS).values.items()  # type: ignore[arg-type]
    return {ref: str(value.value) for ref, value in values}


def test_a_label_may_end_in_a_number() -> None:
    """"Scope 1" is a name and no figure of a column, though its numbers end below each other."""
    found = read(*ROWS)
    assert found["direct.1y"] == "310"
    assert {ref: value for ref, value in found.items() if ref.startswith("parts.")} == {"parts.Scope 1": "310", "parts.Scope 2": "744"}


def test_a_line_that_adds_up_may_be_a_field_of_its_own() -> None:
    """Both are proven at the one place where the figure is printed."""
    document = page(*ROWS)
    values = list(read_fields(document, FIELDS).values.values())  # type: ignore[arg-type]
    verdicts = prove_all(values, document, FIELDS)  # type: ignore[arg-type]
    assert {verdict.ref: verdict.status for verdict in verdicts}.items() >= {"direct.1y": "proven", "parts.Scope 1": "proven"}.items()


@pytest.mark.parametrize(
    ("title", "row", "value"),
    [
        ("Emissions (tonnes of CO2)", "All gas", "1054"),
        ("Emissions", "All gas (t CO2)", "1054"),
        ("Emissions (thousand tonnes of CO2)", "All gas", "1054000"),
        ("Emissions", "All gas", ""),
        ("Emissions (kt CO2)", "All gas", ""),
        ("Emissions (k t CO2)", "All gas", ""),
        ("Emissions (MWh)", "All gas", ""),
    ],
)
def test_a_count_with_a_unit_is_read_only_beside_its_words(title: str, row: str, value: str) -> None:
    """A scale before the unit counts; another unit, or a prefix of it, is not this one, and nothing is read."""
    assert read((row, ("1,054", "1,065")), ("Other", ("1", "2")), title=title).get("gas.1y", "") == value


@pytest.mark.parametrize(
    ("title", "value"), [("Emissions", "6418"), ("Emissions (in thousands)", "6418000"), ("Emissions (thousand people)", "")]
)
def test_a_count_without_a_unit_is_read_as_printed(title: str, value: str) -> None:
    """A scale over the table counts; one that stands there in other words leaves it open."""
    assert read(("Employees", ("6,418", "6,102")), ("Other", ("1", "2")), title=title).get("people.1y", "") == value


def test_the_words_before_a_unit_say_its_scale() -> None:
    """As whole words; in an unknown unit nothing is said."""
    assert unit_scale("energy (million MWh)", ["MWh"]) == ("million",)
    assert unit_scale("energy (MWh)", ["MWh"]) == ()
    assert unit_scale("energy (GWh)", ["MWh"]) is None
    assert unit_scale("energy (MWh/t)", ["MWh"]) is None
    assert names_scale("water (thousand cubic metres)") and not names_scale("a thousand words")
