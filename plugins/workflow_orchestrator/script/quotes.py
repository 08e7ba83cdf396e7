"""Whole sentences of a document's own text: what may be quoted without cutting anything."""

from __future__ import annotations

import re

USUAL_LENGTH = 280   # characters: about eighteen seconds of speech, and a slide that can be read
GREATEST_LENGTH = 600  # one long sentence may go beyond the usual length, but not without end

# After these a full stop does not end a sentence.
_ABBREVIATIONS = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|incl|excl|approx|max|min|vs|Inc|Ltd|Corp|Co|plc|St|No|Nr|Art|p\.a|ca|bzw|ggf|insb|sog|usw|"
    r"z\.\s?B|d\.\s?h|u\.\s?a|i\.\s?d\.\s?R|Mio|Mrd|Tsd|Abs|inkl|exkl|env|ex|cf|M|Mme|U\.S|U\.K)|\b[A-Z]|(?<!\d[.,])\b\d{1,2})\.$",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?…][\"'”»“’)\]]*(?=\s+[\"'„“«(\[]?[A-ZÀ-ÖØ-Þ0-9])")


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a paragraph, in order. Joined by single spaces they give the paragraph back."""
    flat = " ".join(text.split())
    found, start = [], 0
    for match in _END.finditer(flat):
        if match[0][0] == "." and _ABBREVIATIONS.search(flat[start : match.start() + 1]):
            continue
        found.append(flat[start : match.end()])
        start = match.end() + 1
    if start < len(flat):
        found.append(flat[start:])
    return tuple(found)


def quotable(text: str) -> tuple[str, ...]:
    """The leading whole sentences up to the usual length; one longer first sentence if it is not endless.

    A last piece without an end mark is an unfinished sentence and is never quoted, unless it is the whole text.
    """
    whole = sentences(text)
    if len(whole) > 1 and whole[-1][-1] not in ".!?…\"'”»“’)":
        whole = whole[:-1]
    chosen: list[str] = []
    for sentence in whole:
        if len(" ".join([*chosen, sentence])) > USUAL_LENGTH:
            break
        chosen.append(sentence)
    if not chosen and whole and len(whole[0]) <= GREATEST_LENGTH:
        chosen.append(whole[0])
    return tuple(chosen)
