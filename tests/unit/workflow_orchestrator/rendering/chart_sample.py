"""Slides of every kind of chart for the tests of rendering: figures as an earnings release and a paper print them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import rendering_sample as sample

from workflow_orchestrator.fields import FieldSet, FieldSpec
from workflow_orchestrator.rendering import Deck, build_deck
from workflow_orchestrator.rendering.formats import LANDSCAPE, Format
from workflow_orchestrator.script.model import Script, Segment, Sentence, SlideKind
from workflow_orchestrator.values import Kind, Value, ValueSet

# Printed as income statements print them: costs without a sign, subtotals between them.
BRIDGE = {
    "revenue": ("Revenue", "Umsatzerlöse", "Chiffre d’affaires", "4217.3"),
    "cost_of_sales": ("Cost of sales", "Herstellungskosten", "Coût des ventes", "2380.9"),
    "gross_profit": ("Gross profit", "Bruttoergebnis", "Marge brute", "1836.4"),
    "operating_costs": ("Operating costs", "Betriebsaufwendungen", "Charges d’exploitation", "1102.7"),
    "other_income": ("Other income", "Sonstige Erträge", "Autres produits", "48.6"),
    "tax": ("Income tax", "Ertragsteuern", "Impôt sur le résultat", "201.3"),
    "net_income": ("Net income", "Jahresüberschuss", "Résultat net", "581.0"),
}
REGIONS = (
    ("Europe ex United Kingdom", "41.2"), ("North America", "23.7"), ("Japan", "11.4"), ("United Kingdom", "8.9"),
    ("Emerging Asia", "6.1"), ("Australia and New Zealand", "3.3"), ("Cash and equivalents", "2.8"),
)
METHODS = (
    ("Baseline", "71.4", "0.682", "12.1"), ("Baseline with augmentation", "73.25", "0.7011", "12.4"),
    ("Distilled encoder", "74.9", "", "9.875"), ("Full model", "78.31", "0.744", "104.2"),
    ("Full model without the second stage", "76", "0.731", "-3.5"),
)
YEARS = (("2019", "100.0", "100.0"), ("2020", "96.4", "94.1"), ("2021", "118.9", "115.3"), ("2022", "109.2", "104.8"),
         ("2023", "121.7", "118.0"), ("2024", "139.3", "131.6"), ("2025", "152.8", "147.9"))
EXTRA: Mapping[str, tuple[Kind, str, tuple[str, str, str]]] = {
    "regions": (Kind.PERCENT, "name", ("Regions", "Regionen", "Régions")),
    "accuracy": (Kind.RATIO, "name", ("Accuracy", "Trefferquote", "Exactitude")),
    "f1": (Kind.RATIO, "name", ("F1", "F1", "F1")),
    "milliseconds": (Kind.RATIO, "name", ("Milliseconds per item", "Millisekunden je Element", "Millisecondes par élément")),
    "growth_of_100": (Kind.RATIO, "year", ("Growth of 100", "Entwicklung von 100", "Évolution de 100")),
    "benchmark_of_100": (Kind.RATIO, "year", ("Benchmark", "Vergleichsindex", "Indice de référence")),
}
HEADINGS = {
    "returns": ("Twelve months and how they compound", "Zwölf Monate und ihre Verkettung", "Douze mois et leur enchaînement"),
    "growth": ("Growth since the end of 2019", "Entwicklung seit Ende 2019", "Évolution depuis fin 2019"),
    "bridge": ("From revenue to net income", "Vom Umsatz zum Jahresüberschuss", "Du chiffre d’affaires au résultat net"),
    "allocation": ("Allocation by region", "Aufteilung nach Regionen", "Répartition par région"),
    "table": ("Results on the test set", "Ergebnisse auf dem Testdatensatz", "Résultats sur le jeu de test"),
}


def fields() -> FieldSet:
    """The fields of the fund sample and those of the charts."""
    specs = list(sample.fields().values())
    specs += [
        FieldSpec(name, Kind.MONEY, sample.by_language(words[:3]), {}) for name, words in BRIDGE.items()
    ]
    specs += [
        FieldSpec(name, kind, sample.by_language(title), {}, keyed=keyed) for name, (kind, keyed, title) in EXTRA.items()
    ]
    return FieldSet(specs)


def extra_values() -> list[Value]:
    """The values of the charts."""
    value = sample.value
    found = [value(name, Kind.MONEY, words[3], unit="EUR", scale=6, page=3) for name, words in BRIDGE.items()]
    found += [value("regions", Kind.PERCENT, weight, key=name, page=2) for name, weight in REGIONS]
    for name, *figures in METHODS:
        found += [
            value(column, Kind.RATIO, raw, key=name, page=5)
            for column, raw in zip(("accuracy", "f1", "milliseconds"), figures, strict=True) if raw
        ]
    for year, own, other in YEARS:
        found.append(value("growth_of_100", Kind.RATIO, own, key=year, page=2))
        found.append(value("benchmark_of_100", Kind.RATIO, other, key=year, page=2))
    return found


def values(language: str = "en", *changes: Value) -> ValueSet:
    """The values of the fund sample and of the charts, with some of them replaced or added."""
    known = {item.ref: item for item in (*sample.values(language).values(), *extra_values(), *changes)}
    return ValueSet(known.values())


def shows() -> dict[str, tuple[SlideKind, tuple[str, ...]]]:
    """What each chart shows."""
    everything = [item.ref for item in values().values()]

    def of(*names: str) -> tuple[str, ...]:
        return tuple(ref for name in names for ref in everything if ref.startswith(f"{name}."))

    return {
        "returns": (SlideKind.RETURNS, of("monthly_returns")),
        "growth": (SlideKind.GROWTH, of("growth_of_100", "benchmark_of_100")),
        "bridge": (SlideKind.BRIDGE, tuple(BRIDGE)),
        "allocation": (SlideKind.ALLOCATION, of("regions")),
        "table": (SlideKind.TABLE, of("accuracy", "f1", "milliseconds")),
    }


def script(language: str = "en", only: tuple[str, ...] = tuple(HEADINGS)) -> Script:
    """A title, the charts, and the notice."""
    at = sample.LANGUAGES.index(language)
    whole = sample.script(language)
    said = Sentence(HEADINGS["growth"][at] + ".", HEADINGS["growth"][at] + ".")
    charts = [Segment(part, kind, HEADINGS[part][at], (said,), refs) for part, (kind, refs) in shows().items() if part in only]
    return replace(whole, segments=(whole.segments[0], *charts, whole.segments[-1]))


def deck(script: Script, *changes: Value, shape: Format = LANDSCAPE) -> Deck:
    """The deck of a script of these fields."""
    language = script.language
    return build_deck(script, values(language, *changes), fields(), sample.shown_in(language), shape)
