"""A document that prints other words than its file does, so that a rule can be broken without a document of its own.

The words are exchanged in what both readers saw, after the file was read: everything behind the reading (the reader of values, the
proof, the rules, the script) works with them as with any other word. The file itself stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from workflow_orchestrator.scenarios.model import Misprint, ScenarioError

if TYPE_CHECKING:
    from workflow_orchestrator.documents import Document
    from workflow_orchestrator.documents.model import Page, Word


def misprinted(document: Document, misprints: Iterable[Misprint]) -> Document:
    """The document with other words.

    Raises:
        ScenarioError: a page does not print the words, or prints them more than once and `nth` is not given.
    """
    for misprint in misprints:
        page = document.page(misprint.page)
        if page is None:
            raise ScenarioError(f"the document has {len(document.pages)} pages; a misprint is on page {misprint.page}")
        pages = list(document.pages)
        pages[misprint.page - 1] = _page(page, misprint)
        document = replace(document, pages=tuple(pages))
    return document


def _page(page: Page, misprint: Misprint) -> Page:
    wanted, instead = misprint.printed.split(), misprint.instead.split()
    # Along the edge only where the page itself does not print it.
    edge = not _starts(page.words, wanted) and bool(_starts(page.aside, wanted))
    words = list(page.aside if edge else page.words)
    starts = _starts(words, wanted)
    nth = _which(len(starts), misprint)
    start = starts[nth]
    words[start : start + len(wanted)] = [
        _word(word, text) for word, text in zip(words[start : start + len(wanted)], instead, strict=True)
    ]
    text = _text(page.text, misprint, nth)
    return replace(page, aside=tuple(words), text=text) if edge else replace(page, words=tuple(words), text=text)


def _starts(words: Sequence[Word], wanted: Sequence[str]) -> list[int]:
    """Where the wanted words stand one behind the other."""
    return [
        start
        for start in range(len(words) - len(wanted) + 1)
        if [word.text for word in words[start : start + len(wanted)]] == list(wanted)
    ]


def _which(found: int, misprint: Misprint) -> int:
    said = f"page {misprint.page} prints {misprint.printed!r}"
    if not found:
        raise ScenarioError(f"{said} nowhere; a misprint names words exactly as they stand there")
    if misprint.nth is None and found > 1:
        raise ScenarioError(f"{said} {found} times; say with nth which is meant, from the top left")
    nth = (misprint.nth or 1) - 1
    if nth >= found:
        raise ScenarioError(f"{said} {found} times, and nth is {misprint.nth}")
    return nth


def _word(word: Word, text: str) -> Word:
    return replace(word, text=text)


def _text(text: str, misprint: Misprint, nth: int) -> str:
    """The first reader's text with the same exchange; it has its own order, so what it cannot place stands at its end."""
    place = -1
    for _ in range(nth + 1):
        place = text.find(misprint.printed, place + 1)
        if place < 0:
            return f"{text}\n{misprint.instead}"
    return text[:place] + misprint.instead + text[place + len(misprint.printed) :]
