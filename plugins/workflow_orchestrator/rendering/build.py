"""Builds the deck of a script: looks up every value, puts it into words once, and arranges it for its slide."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from workflow_orchestrator.errors import LayoutError, UnboundFigureError
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.rendering.arrange import Step, bridge, compounded, grid_of, is_whole, keys_between
from workflow_orchestrator.rendering.deck import CHARTS, MISSING, SCALE_STEPS, WORDS, Deck, Figure, Slide
from workflow_orchestrator.rendering.formats import LANDSCAPE, Format
from workflow_orchestrator.rendering.paging import paged
from workflow_orchestrator.script.model import Script, Segment, SlideKind
from workflow_orchestrator.values import Kind, Value, ValueSet

# How many figures a slide of a kind holds. More is a mistake of the script, not a matter of a smaller type size. Tables
# and lists of weights are paged; the lines of a growth slide hold so many points each.
MOST = {
    SlideKind.TITLE: 4,
    SlideKind.TEXT: 3,
    SlideKind.FIGURES: 8,
    SlideKind.BARS: 13,
    SlideKind.RETURNS: 13,
    SlideKind.GROWTH: 13,
    SlideKind.BRIDGE: 9,
    SlideKind.ALLOCATION: 8,
    SlideKind.SCALE: 1,
    SlideKind.HOLDINGS: 10,
    SlideKind.TABLE: 10,
    SlideKind.NOTICE: 0,
}
MOST_BESIDE = 4
MOST_LINES = 2


def build_deck(
    script: Script, values: ValueSet, fields: FieldSet, shown: Callable[[Value], str], format: Format = LANDSCAPE  # noqa: A002
) -> Deck:
    """The deck of a script.

    Args:
        script: the narration; what is too long for one slide is continued on further ones (see `paged`).
        values: where every reference of the script is looked up.
        fields: gives a value its title where the script has no label of its own.
        shown: the written form of a value in the script's language.
        format: the shape of the slides.

    Raises:
        UnboundFigureError: a slide shows a reference that has no value.
        LayoutError: a slide shows more, or something else, than its kind can hold.
    """
    builder = _Builder(script, values, fields, shown)
    slides: list[Slide] = []
    for segment in script.segments:
        pages = [builder.slide(page) for page in paged(replace(script, segments=(segment,)), format).segments]
        slides += _comparable(pages)
    head = (script.title, script.subject, script.kicker, script.footer, script.source)
    title, subject, kicker, footer, source = (clean(text) for text in head)
    return Deck(script.language, title, subject, kicker, footer, source, tuple(slides), format)


def _comparable(pages: list[Slide]) -> list[Slide]:
    """The pages of one list of weights with one scale for all of them."""
    if len(pages) == 1 or pages[0].kind is not SlideKind.HOLDINGS:
        return pages
    reach = max(figure.amount for page in pages for figure in page.figures if figure.amount is not None)
    return [replace(page, reach=reach) for page in pages]


def clean(text: str) -> str:
    """Text on one line, as it is set: runs of ordinary white space become one space, and an apostrophe inside a word is a
    typographic one; no-break spaces stay as they are.
    """
    return re.sub(r"(?<=\w)'(?=\w)", "’", re.sub(r"[ \t\r\n\f\v]+", " ", text).strip(" "))


class _Builder:
    def __init__(self, script: Script, values: ValueSet, fields: FieldSet, shown: Callable[[Value], str]) -> None:
        self._script, self._values, self._fields, self._shown = script, values, fields, shown
        self._words = WORDS.get(script.language, WORDS["en"])

    def slide(self, segment: Segment) -> Slide:
        values = [self._value(segment, ref) for ref in segment.shows]
        main, beside = _divide(segment.slide, values)
        around = tuple(self._figure(value) for value in beside)
        figures, columns = self._figures(segment, main)
        _refuse_too_many(segment, figures, around, len(columns))
        lines, quoted = _lines(segment, values)
        marked = _marked(segment, main)
        curve = _curve(segment.slide, figures)
        return Slide(
            id=segment.id, kind=segment.slide, heading=clean(segment.heading), lines=lines, figures=figures,
            beside=around, quoted=quoted, marked=marked, evidence=self._evidence(_own(segment.slide, values, main)),
            alt=self._alt(segment.slide, figures + around, marked, columns), columns=columns, curve=curve,
            note=self._words["compounded"] if curve else "",
            whole=segment.slide is SlideKind.ALLOCATION and is_whole(main),
        )

    def _figures(self, segment: Segment, main: list[Value]) -> tuple[tuple[Figure, ...], tuple[str, ...]]:
        """The figures of a slide in the order in which they are drawn, and the names of their columns."""
        kind = segment.slide
        if kind is SlideKind.BRIDGE:
            steps = bridge(main, segment.id)
            return tuple(self._figure(value, step) for value, step in zip(main, steps, strict=True)), ()
        if kind in (SlideKind.TABLE, SlideKind.GROWTH):
            return self._grid(segment, main)
        if kind in (SlideKind.BARS, SlideKind.RETURNS):
            return self._in_time(main, MOST[kind]), ()
        return tuple(self._figure(value) for value in main), ()

    def _grid(self, segment: Segment, main: list[Value]) -> tuple[tuple[Figure, ...], tuple[str, ...]]:
        grid = grid_of([value.ref for value in main])
        if grid is None:
            raise LayoutError(
                f"slide {segment.id} is a {segment.slide} slide and shows {', '.join(segment.shows[:6])}; values with "
                "and without keys form no rows and columns, so give each kind a slide of its own",
                slide=segment.id,
            )
        by_ref = {value.ref: value for value in main}
        rows = grid.rows
        if segment.slide is SlideKind.GROWTH and grid.columns[0] in self._fields:
            rows = tuple(keys_between(rows, self._fields[grid.columns[0]].keyed))
            rows = rows if len(rows) <= MOST[segment.slide] else grid.rows
        figures = {place: self._figure(by_ref[ref]) for place, ref in grid.refs.items()}
        if grid.cells:
            figures = {place: replace(figure, label=clean(place[0])) for place, figure in figures.items()}
        elif segment.slide is SlideKind.TABLE and all(self._has_periods(name) for name in grid.columns):
            # The name of a period goes on in a label ("Revenue, quarter"); at the head of a row it begins one.
            figures = {place: replace(item, label=item.label[:1].upper() + item.label[1:]) for place, item in figures.items()}
        cells = []
        for row in rows:
            beside = [figures[row, column] for column in grid.columns if (row, column) in figures]
            label = beside[0].label if beside else row if row.isdigit() else ""
            cells += [figures.get((row, column)) or Figure("", label, MISSING, 0) for column in grid.columns]
        if len(grid.columns) == 1 and (not grid.columns[0] or segment.slide is SlideKind.GROWTH):
            return tuple(cells), ()
        return tuple(cells), tuple(name if grid.cells else self._column(name) for name in grid.columns)

    def _has_periods(self, name: str) -> bool:
        return name in self._fields and self._fields[name].keyed == "period"

    def _column(self, name: str) -> str:
        spec = self._fields[name]
        return clean(spec.title.get(self._script.language) or spec.title["en"])

    def _in_time(self, main: list[Value], most: int) -> tuple[Figure, ...]:
        """The bars; a year or month between them that the document does not have keeps its place."""
        figures = {value.key: self._figure(value) for value in main}
        names = {value.field for value in main}
        keyed = self._fields[main[0].field].keyed if len(names) == 1 and main[0].field in self._fields else ""
        keys = keys_between(list(figures), keyed) if keyed in ("year", "month") else []
        if len(figures) < len(keys) <= most and list(figures) == sorted(figures):
            return tuple(figures.get(key) or Figure("", key if keyed == "year" else "", MISSING, 0) for key in keys)
        return tuple(figures.values()) if len(figures) == len(main) else tuple(self._figure(value) for value in main)

    def _value(self, segment: Segment, ref: str) -> Value:
        if ref not in self._values:
            raise UnboundFigureError(
                f"slide {segment.id} shows {ref}, which has no value; take it out of `shows` or provide the value",
                slide=segment.id, ref=ref,
            )
        return self._values[ref]

    def _figure(self, value: Value, step: Step | None = None) -> Figure:
        label = clean(self._script.labels.get(value.ref) or self._title(value))
        text, page = clean(self._shown(value)), value.evidence.page
        if step is not None:
            return Figure(value.ref, label, text, page, step.amount, step.base, step.total)
        return Figure(value.ref, label, text, page, value.value if isinstance(value.value, Decimal) else None)

    def _title(self, value: Value) -> str:
        if value.field not in self._fields:
            raise LayoutError(
                f"{value.ref} has no label: the script gives none and the schema has no field {value.field}",
                ref=value.ref,
            )
        return self._fields.title_of(value.ref, self._script.language)

    def _evidence(self, values: Iterable[Value]) -> str:
        pages = sorted({value.evidence.page for value in values})
        if not pages:
            return ""
        word = self._words["page" if len(pages) == 1 else "pages"]
        return word.format(", ".join(str(page) for page in pages))

    def _alt(self, kind: SlideKind, figures: Sequence[Figure], marked: int, columns: tuple[str, ...]) -> str:
        def said(figure: Figure, column: str = "") -> str:
            words = self._words["missing"] if figure.text == MISSING else figure.text
            return " ".join(part for part in (figure.label, column, words) if part)

        names = columns or ("",)
        listed = "; ".join(said(figure, names[at % len(names)]) for at, figure in enumerate(figures))
        if kind is SlideKind.SCALE:
            return f"{self._words['scale'].format(marked)}. {listed}"
        if kind in CHARTS or kind is SlideKind.TABLE:
            return f"{self._words[kind.value]}. {listed}"
        return listed


def _divide(kind: SlideKind, values: list[Value]) -> tuple[list[Value], list[Value]]:
    """The values that a slide is about, and those that stand beside them."""
    if kind is SlideKind.SCALE:
        step = next((value for value in values if value.kind is Kind.INTEGER), None)
        return [value for value in values if value is step], [value for value in values if value is not step]
    if kind is SlideKind.HOLDINGS:
        return [value for value in values if value.key], [value for value in values if not value.key]
    if kind is SlideKind.TEXT:
        return [], [value for value in values if value.kind is not Kind.PARAGRAPH]
    return values, []


def _own(kind: SlideKind, values: list[Value], main: list[Value]) -> list[Value]:
    """The values whose pages a slide names once for all; tiles name their own."""
    if kind is SlideKind.TEXT:
        return [value for value in values if value.kind is Kind.PARAGRAPH]
    return main if kind is SlideKind.SCALE else values


def _refuse_too_many(
    segment: Segment, figures: tuple[Figure, ...], beside: tuple[Figure, ...], columns: int
) -> None:
    kind = segment.slide
    rows = len(figures) // max(1, columns)
    if rows > MOST[kind] or len(beside) > MOST_BESIDE or (kind is SlideKind.GROWTH and columns > MOST_LINES):
        raise LayoutError(
            f"slide {segment.id} shows {len(figures) + len(beside)} figures, more than a {kind} slide holds "
            f"({MOST[kind]}, and {MOST_BESIDE} beside them); divide the segment",
            slide=segment.id,
        )
    if kind in (SlideKind.FIGURES, SlideKind.TABLE, *CHARTS) and not figures:
        raise LayoutError(f"slide {segment.id} is a {kind} slide with no figure to show", slide=segment.id)
    if kind in CHARTS:
        wordy = [figure.ref for figure in figures if figure.amount is None and figure.text != MISSING]
        if wordy:
            raise LayoutError(
                f"slide {segment.id} draws lengths, and {', '.join(wordy)} is no number; show it on a figures slide",
                slide=segment.id,
            )
    if kind is SlideKind.GROWTH and rows < 2:
        raise LayoutError(f"slide {segment.id} draws a line and has one point; show it on a figures slide", slide=segment.id)


def _curve(kind: SlideKind, figures: tuple[Figure, ...]) -> tuple[Decimal, ...]:
    """How monthly returns compound; nothing where a month is missing, for then nobody knows."""
    amounts = [figure.amount for figure in figures if figure.amount is not None]
    months = all(re.search(r"\.\d{4}-\d\d$", figure.ref) for figure in figures)
    if kind is not SlideKind.RETURNS or not months or len(amounts) < max(3, len(figures)):
        return ()
    return compounded(amounts)


def _lines(segment: Segment, values: Iterable[Value]) -> tuple[tuple[str, ...], bool]:
    """The lines of a text or notice slide, and whether they are the document's own words.

    A text slide shows its points; without points, the sentences that quote a paragraph it shows; else all sentences.
    """
    points = tuple(clean(point) for point in segment.points)
    if segment.slide is SlideKind.NOTICE:
        return points or tuple(clean(sentence.shown) for sentence in segment.sentences), False
    if segment.slide is not SlideKind.TEXT:
        return points, False
    printed = [clean(str(value.value)) for value in values if value.kind is Kind.PARAGRAPH]
    lines = points or tuple(clean(sentence.shown) for sentence in segment.sentences)
    quotes = tuple(line for line in lines if any(line.strip("“”„«» ") in text for text in printed))
    if quotes:
        return (" ".join(quotes),), True
    return lines, False


def _marked(segment: Segment, main: list[Value]) -> int:
    if segment.slide is not SlideKind.SCALE:
        return 0
    step = main[0].value if main else None
    if step not in range(1, SCALE_STEPS + 1):
        found = f"shows {main[0].ref} = {main[0].value}" if main else "shows no whole number"
        raise LayoutError(
            f"slide {segment.id} is a risk scale and {found}; it needs a step from 1 to {SCALE_STEPS}",
            slide=segment.id,
        )
    return int(str(step))


