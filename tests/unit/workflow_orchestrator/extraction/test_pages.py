"""Only pages that can hold a value are chosen for a model; no page that holds one is kept back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from paper_sample import FIELDS, ROOT, SAMPLES, SHARED, paper

from workflow_orchestrator.documents import Document, Page, read_document
from workflow_orchestrator.extraction.model import document_text
from workflow_orchestrator.extraction.pages import needed_pages

REQUIRED = tuple(spec.name for spec in FIELDS.values() if spec.required)
# Pages as factsheets print them behind their figures: notices, addresses, who manages the fund.
OTHER_PAGES = {
    "en": (
        "Important information",
        "This document is marketing material. It is no offer to buy or sell units and no advice. The value of an",
        "investment can fall as well as rise and you may get back less than you invested. Past performance is",
        "no guide to the future. The prospectus is available free of charge from the management company.",
        "Your fund managers",
        "Jane Okonkwo joined the team in 2009 and has managed money since 1998. She read mathematics at Leeds.",
        "Contact",
        "Aldermoor Fund Services, 14 Harbour Street, London EC2A 4DN, telephone +44 20 7946 0958, jane@aldermoor.example",
    ),
    "de": (
        "Rechtliche Hinweise",
        "Dies ist eine Marketingmitteilung. Sie ist weder ein Angebot noch eine Beratung. Der Wert einer Anlage",
        "kann fallen und steigen. Frühere Wertentwicklungen sind kein Hinweis auf künftige Ergebnisse.",
        "Ihr Fondsmanagement",
        "Dr. Anna Brandstätter gehört seit 2011 zum Haus und hat in Graz Volkswirtschaft studiert.",
        "Kontakt",
        "Tannhorst Fondsservice, Hafenstraße 14, 60311 Frankfurt, Telefon +49 69 90009 123",
    ),
    "fr": (
        "Informations importantes",
        "Ceci est une communication publicitaire. Elle ne constitue ni une offre ni un conseil. La valeur d'un",
        "placement peut baisser. Les performances passées ne préjugent pas des résultats à venir.",
        "Vos gérants",
        "Claire Dubreuil a rejoint l'équipe en 2012. Elle est diplômée de l'université de Lyon.",
        "Contact",
        "Brevalon Services, 14 rue du Port, 75002 Paris, téléphone +33 1 99 00 12 34",
    ),
}


def with_page(document: Document, *lines: str, source: str = "text") -> Document:
    """The document with one more page that prints these lines."""
    made = paper(*[(760 - 14 * place, [(40, line)]) for place, line in enumerate(lines)]).pages[0]
    page: Page = replace(made, number=len(document.pages) + 1, source=source)
    return replace(document, pages=(*document.pages, page))


def sample(name: str) -> Document:
    return read_document(next(SAMPLES.glob(f"{name}*.pdf")).read_bytes())


def truths(*folders: Path) -> Iterator[tuple[Path, set[int]]]:
    """Documents of the project with the pages on which a person read a value."""
    for folder in folders:
        for path in sorted(folder.glob("*.pdf")):
            beside, apart = path.with_suffix(".truth.json"), folder / "truth" / f"{path.stem}.json"
            truth = beside if beside.exists() else apart
            if truth.exists():
                yield path, set(_pages(json.loads(truth.read_text(encoding="utf-8"))))


def _pages(item: object) -> Iterator[int]:
    """The page of each value; what is only drawn is no text that could be sent."""
    if isinstance(item, dict):
        if isinstance(item.get("page"), int) and not item.get("graphic"):
            yield item["page"]
        for inner in item.values():
            yield from _pages(inner)
    elif isinstance(item, list):
        for inner in item:
            yield from _pages(inner)


READ = sorted(
    {path.stem for path in (SHARED / "truth").glob("*.json")}
    & {path.stem for path in (SHARED / "factsheets").glob("*.pdf")}
)
OWN = tuple(truths(SAMPLES, *(ROOT / "benchmarks" / name for name in ("holdout", "holdout_2", "layouts"))))


@pytest.mark.parametrize(("path", "pages"), OWN, ids=[path.stem for path, _ in OWN])
def test_no_page_with_a_value_is_kept_back(path: Path, pages: set[int]) -> None:
    """Of the samples and of every document whose layout was made to be hard, each page with a value is sent."""
    assert pages and pages <= set(needed_pages(read_document(path.read_bytes()), FIELDS, REQUIRED).sent)


@pytest.mark.shared
@pytest.mark.parametrize("name", READ)
def test_no_page_of_a_real_factsheet_with_a_value_is_kept_back(name: str) -> None:
    """Real factsheets, one of them an annual report of 39 pages."""
    truth = json.loads((SHARED / "truth" / f"{name}.json").read_text(encoding="utf-8"))
    chosen = needed_pages(read_document((SHARED / truth["file"]).read_bytes()), FIELDS, REQUIRED)
    # An allocation is no field of ours.
    assert set(_pages({key: item for key, item in truth.items() if key != "allocation"})) <= set(chosen.sent)


@pytest.mark.parametrize(("language", "name"), [("en", "aldermoor"), ("de", "tannhorst"), ("fr", "brevalon")])
def test_notices_addresses_and_lives_of_managers_are_kept_back(language: str, name: str) -> None:
    """A page of them behind the figures is not sent, and no word of it is in the text."""
    document = with_page(sample(name), *OTHER_PAGES[language])
    chosen = needed_pages(document, FIELDS, REQUIRED)
    assert chosen.kept_back == (len(document.pages),)
    text = document_text(document, chosen.sent)
    assert not any(line in text for line in OTHER_PAGES[language][1:])


def test_a_value_among_the_notices_keeps_its_page() -> None:
    """One labelled figure is enough, and the page says which field it may hold."""
    document = with_page(sample("aldermoor"), *OTHER_PAGES["en"], "Sharpe ratio 0.71")
    chosen = needed_pages(document, FIELDS, REQUIRED)
    assert chosen.kept_back == () and chosen.why[len(document.pages)] == ("sharpe_ratio",)


def test_what_every_page_prints_counts_once() -> None:
    """A running head with date and share class makes no page needed that has nothing else."""
    head = "Factsheet · Data as at 31 October 2026 · Share class I EUR Acc · page"
    first = with_page(sample("aldermoor"), f"{head} 3", "Sharpe ratio 0.71")
    document = with_page(first, f"{head} 4", *OTHER_PAGES["en"])
    assert needed_pages(document, FIELDS, REQUIRED).kept_back == (4,)


def test_a_page_by_ocr_is_sent_whatever_it_says() -> None:
    """A label that was read wrongly would not be found."""
    document = with_page(sample("aldermoor"), *OTHER_PAGES["en"], source="ocr")
    assert needed_pages(document, FIELDS, REQUIRED).kept_back == ()


def test_every_page_is_sent_where_a_required_field_has_no_candidate() -> None:
    """Then the words of the document are not known, and nothing says which page can be spared."""
    document = with_page(paper((700, [(40, "Nothing that a label names")])), *OTHER_PAGES["en"])
    assert needed_pages(document, FIELDS, REQUIRED).kept_back == ()
    assert needed_pages(document, FIELDS).kept_back == (2,)
