"""Pictures for the form: every page, and the places that the values in question were read from, framed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from workflow_orchestrator.errors import DocumentError, ReaderKilledError
from workflow_orchestrator.steps.correction import Corrections
from workflow_orchestrator.steps.correction_form import Asked, Shown
from workflow_orchestrator.steps.work import Work
from workflow_orchestrator.values import NUMERIC_KINDS, Box

if TYPE_CHECKING:
    from workflow_orchestrator.documents import Document
    from workflow_orchestrator.documents.pictures import Place
    from workflow_orchestrator.extraction.layout import DocumentLayout

_MOST_PAGES = 40  # pictures of whole pages
_MOST_PLACES = 60
_TALLEST = 240.0  # points from the first to the last place of one picture
_WIDEST = 160.0  # from the left to the right of places of different fields: a wider picture is too small to read
_MOST_ALIKE = 3  # places of the same words that are shown
_FIRST_WORDS = 3
_UNDER_HEADING = 60.0  # points below a heading, where its scale is drawn


def pictured(work: Work, asked: Asked, corrections: Corrections) -> Asked:
    """What is asked, with pictures in the run's folder; without, and why, where the document cannot be drawn."""
    from workflow_orchestrator.documents import Document
    from workflow_orchestrator.documents.pictures import Cut

    document = Document.from_json(work.run.read_json("document.json"))
    places = list(_places(work, asked, corrections, document))[:_MOST_PLACES]
    groups = _grouped(places)
    cuts = [Cut(group[0][1], tuple(dict.fromkeys(place for _, _, place in group))) for group in groups]
    numbers = range(1, min(len(document.pages), _MOST_PAGES) + 1)
    try:
        drawn = work.services.draw_pages(work.run.read("source.pdf"), document, numbers, cuts)
    except (DocumentError, ReaderKilledError) as error:
        return replace(asked, no_pictures=error.message)
    shown = []
    for number, (group, picture) in enumerate(zip(groups, drawn.cuts, strict=False), start=1):
        if picture:
            name = f"places/place_{number:02d}.png"
            work.keep(name, picture)
            shown.append(Shown(name, group[0][1], tuple(ref for ref, _, _ in group)))
    pages = []
    for number, picture in sorted(drawn.pages.items()):
        pages.append(f"pages/page_{number:02d}.png")
        work.keep(pages[-1], picture)
    return replace(asked, shown=tuple(shown), pages=tuple(pages))


def _places(work: Work, asked: Asked, corrections: Corrections, document: Document) -> Iterator[tuple[str, int, Place]]:
    """What to frame: where each value that is asked for was read, or where something like it stands, and scales."""
    from workflow_orchestrator.documents.pictures import Place
    from workflow_orchestrator.extraction.layout import DocumentLayout

    layout = DocumentLayout(document)
    for ref in asked.refs:
        value = corrections.present.get(ref)
        if value:
            evidence = value.evidence
            boxes = [evidence.box] if evidence.box else _found(work, layout, ref, evidence.quote, evidence.page)
            for box in boxes:
                yield ref, evidence.page, Place(box, _words(work, ref, evidence.quote))
        elif ref in asked.scales:
            scale = asked.scales[ref]
            low = scale.box.bottom if scale.boxes else max(0.0, scale.box.bottom - _UNDER_HEADING)
            yield ref, scale.page, Place(replace(scale.box, bottom=low), "" if scale.boxes else scale.label)
        for item in asked.left_out:
            if item["ref"] == ref and ref not in asked.scales:
                for box in _found(work, layout, ref, item["quote"], item["page"]):
                    yield ref, item["page"], Place(box, _words(work, ref, item["quote"]))


def _found(work: Work, layout: DocumentLayout, ref: str, words: str, page: int) -> list[Box]:
    """The first places of a page at which some words stand."""
    from workflow_orchestrator.extraction.standing import places_of_figure, places_of_words

    if not 1 <= page <= len(layout.pages) or not words.strip():
        return []
    where, numeric = layout.pages[page - 1], _is_numeric(work, ref)
    places = places_of_figure(where, words) if numeric else places_of_words(where, words)
    return [place.box for place in places[:_MOST_ALIKE]]


def _words(work: Work, ref: str, quote: str) -> str:
    """What must stand in the frame: the whole figure, or the first words of a text that may run over lines."""
    return quote if _is_numeric(work, ref) else " ".join(quote.split()[:_FIRST_WORDS])


def _is_numeric(work: Work, ref: str) -> bool:
    return work.workflow.fields[ref.partition(".")[0]].kind in NUMERIC_KINDS


def _grouped(places: Iterable[tuple[str, int, Place]]) -> list[list[tuple[str, int, Place]]]:
    """Places that one picture can hold, from the top of the first page on: near each other, or of one field, such as a grid."""
    groups: list[list[tuple[str, int, Place]]] = []
    for one in sorted(places, key=lambda one: (one[1], -one[2].box.top)):
        group = next((group for group in reversed(groups) if _fits(group, one)), None)
        if group is None:
            groups.append([one])
        else:
            group.append(one)
    return groups


def _fits(group: list[tuple[str, int, Place]], one: tuple[str, int, Place]) -> bool:
    ref, page, place = one
    boxes = [place.box, *(other.box for _, _, other in group)]
    tall = max(box.top for box in boxes) - min(box.bottom for box in boxes)
    wide = max(box.right for box in boxes) - min(box.left for box in boxes)
    alike = any(other.partition(".")[0] == ref.partition(".")[0] for other, _, _ in group)
    return group[0][1] == page and tall <= _TALLEST and (wide <= _WIDEST or alike)
