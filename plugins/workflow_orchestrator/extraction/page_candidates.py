"""The pages on which fields may stand that no label in front of them names: rows of statements, text under headings, cells of tables.

    a field of statements      each page of a statement with a row of the field's, and the page before where the table goes on from there
    text under headings        the pages of the heading and of the text under it
    cells of a table           the first tables whose caption has a section word, those that print figures of the text under headings, and
                               the page behind a caption whose table is not on its own
    a choice in a sentence     pages that print a cue of several words and the words of a choice
    title, names, identifiers  the first page, which is always sent; what later pages print is of other documents

The readers of `unlabelled` and `statement_reader` decide what a value is; here a page is only one that they, or a model, should see.
"""

from __future__ import annotations

from collections.abc import Iterator

from workflow_orchestrator.extraction.flow import Flow
from workflow_orchestrator.extraction.fold import fold, has_words
from workflow_orchestrator.extraction.grids import captions, figures_in, tables_of
from workflow_orchestrator.extraction.layout import DocumentLayout
from workflow_orchestrator.extraction.passages import sections
from workflow_orchestrator.extraction.quotes import Reader
from workflow_orchestrator.extraction.statement_reader import StatementTables
from workflow_orchestrator.extraction.statement_words import OVER_STATEMENTS
from workflow_orchestrator.extraction.unlabelled import is_unlabelled
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.values import Kind

_TABLES = 3  # of each kind; the reader takes one, and a model should see what else could be the main one


def on_first_page(spec: FieldSpec) -> bool:
    """Whether a field is looked for on the first page only, by where it stands or by its form."""
    return bool(spec.place or spec.patterns) or spec.kind is Kind.IDENTIFIER


def candidates(layout: DocumentLayout, words: Vocabulary) -> Iterator[tuple[int, str]]:
    """Numbers of pages, each with the name of a field that it may print; a pair may come more than once."""
    if words.columns:
        yield from _of_statements(layout, words)
    unlabelled = [spec for spec in words.fields.values() if is_unlabelled(spec, words)]
    if not unlabelled:
        return
    flow = Flow(layout)
    for spec in unlabelled:
        if spec.kind is Kind.PARAGRAPH:
            yield from _under_headings(flow, spec, words)
        elif spec.kind is Kind.CHOICE:
            yield from _in_sentences(layout, spec)
    yield from _of_tables(layout, flow, words)


def _of_statements(layout: DocumentLayout, words: Vocabulary) -> Iterator[tuple[int, str]]:
    tables = StatementTables(layout, words, Reader.of(layout.document))
    owners = [spec.name for spec in words.fields.values() if OVER_STATEMENTS in words.sections(spec.name)]
    for statement in tables.statements:
        named = [(item.page.number, name) for item in statement.items for name in tables.names_of(statement, item)]
        yield from named
        # Titles, unit and heads stand on the first page of a table, and rows of it may stand on the next.
        yield from ((statement.page.number, name) for _, name in named)
        yield from ((statement.page.number, name) for name in owners if named)


def _under_headings(flow: Flow, spec: FieldSpec, words: Vocabulary) -> Iterator[tuple[int, str]]:
    for heading, _, lines in sections(flow, words.sections(spec.name)):
        if lines:
            yield from ((number, spec.name) for number in sorted({heading.page, *(line.page for line in lines)}))


def _in_sentences(layout: DocumentLayout, spec: FieldSpec) -> Iterator[tuple[int, str]]:
    phrases = [fold(cue) for group in spec.cues.values() for cue in group if " " in cue]
    printed = [fold(word) for choice in spec.choices for group in choice.words.values() for word in group]
    for page in layout.pages:
        text = fold(page.page.shown)
        if any(has_words(text, cue) for cue in phrases) and any(has_words(text, word) for word in printed):
            yield page.number, spec.name


def _of_tables(layout: DocumentLayout, flow: Flow, words: Vocabulary) -> Iterator[tuple[int, str]]:
    """The first tables, those that print most of the figures of the text under headings, and pages behind captions without their table."""
    specs = words.keyed("cell")
    if not specs:
        return
    tables = tables_of(layout, flow, words)
    said = figures_in(_texts(flow, words), layout.mark)
    by_figures = sorted(tables, key=lambda table: -table.prints(said, layout.mark))
    chosen = {page for table in (*tables[:_TABLES], *(by_figures[:_TABLES] if said else ())) for page in table.pages}
    captioned = {table.caption[0].words[0] for table in tables}
    alone = [caption[0].page for caption in captions(flow, words) if caption[0].words[0] not in captioned][:_TABLES]
    chosen.update(number for page in alone for number in (page, page + 1) if number <= len(layout.pages))
    names = [spec.name for spec in specs]
    names += [name for spec in specs if (name := f"{spec.name}_caption") in words.fields]
    yield from ((number, name) for number in sorted(chosen) for name in names)


def _texts(flow: Flow, words: Vocabulary) -> Iterator[str]:
    """The text under the first heading of each field that takes one of its sentences."""
    for spec in words.fields.values():
        if spec.kind is Kind.PARAGRAPH and spec.cues and words.sections(spec.name):
            lines = next((lines for _, _, lines in sections(flow, words.sections(spec.name)) if lines), [])
            yield " ".join(line.text for line in lines)
