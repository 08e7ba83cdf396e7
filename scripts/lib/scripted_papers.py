"""What a scripted model reads on the pages of a paper: the lines over the abstract, and sentences of the abstract by their words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_ABSTRACT = re.compile(r"^(?:A ?BSTRACT|Abstract|Résumé|Zusammenfassung|Kurzfassung)\b[.:—\s]*")
_AFTER = re.compile(
    r"^(?:1\.?\s+)?(?:Introduction|Einleitung|Einführung|Keywords?|Categories and|General Terms|[∗*†]|\d \w+:)|^1$", re.IGNORECASE
)
_PERSON = re.compile(r"[A-ZÀ-Ý][\w’'.-]*(?: [A-Za-zÀ-ÿ][\w’'.-]*){0,2} [A-ZÀ-Ý][\w’'-]+")
_NO_NAME = re.compile(
    r"\d{4}|@|\b(?:Universit\w+|Institut\w*|Department|Laborato\w+|Team|Group|Inc|Corporation|Research|College|School|Lab)\b", re.IGNORECASE
)
_NO_TITLE = re.compile(r"arXiv|Proceedings|Permission|copyright|©|Published|preprint|Page \d", re.IGNORECASE)
_ARXIV = re.compile(r"arXiv:\d{4}\.\d{4,5}(?:v\d+)?")
_LICENCE = re.compile(r"Creative Commons Attribution[A-Za-z -]* \d\.\d International|\bCC BY(?:-[A-Z]{2})* \d\.\d|Copyright (?:c|©) \d{4}")
_CUES = {
    "problem": r"\b(?:however|but|difficult\w*|challeng\w+|lack\w*|unclear|hard|mais|cependant|jedoch|aber|schwer)\b",
    "method": r"\b(?:we (?:present|propose|introduce|describe|study|compare)|this (?:paper|report|work) \w+|nous proposons|wir \w+)\b",
    "main_claim": r"\b(?:show\w*|outperform\w*|surpass\w*|achiev\w+|attain\w*|result\w*|montr\w+|zeig\w+|findet|find)\b",
}
_MOST_WORDS = 45


def read_paper(lines: Sequence[tuple[int, str]], most: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Pointers to title, authors, identifier, abstract, sentences of the abstract, and limitations.

    Args:
        lines: number of the page, and text, in order.
        most: how many words a field may have, by its name.
    """
    first = lines[0][0] if lines else 1
    head = [text for page, text in lines if page == first and text.strip()]
    start = next((place for place, text in enumerate(head) if _ABSTRACT.match(text)), None)
    if start is not None:
        yield from _title_and_authors([text for text in head[:start] if not _NO_TITLE.search(text)], first)
        end = next((place for place in range(start + 1, len(head)) if _AFTER.match(head[place])), len(head))
        label = (_ABSTRACT.match(head[start]) or [""])[0].strip(" .:—")
        words = [_ABSTRACT.sub("", head[start]), *head[start + 1 : end]]
        yield from _sentences(_joined(words), first, label, most)
    stamp = next((match for text in head[:start] if (match := _ARXIV.match(text))), None)
    if stamp:
        yield _pointer("arxiv_id", stamp[0], first)
    for page in dict.fromkeys(number for number, _ in lines):
        licence = _LICENCE.search(" ".join(text for number, text in lines if number == page))
        if licence:
            yield _pointer("licence", licence[0], page)
            break
    yield from _section("data_sets", r"Data|Data ?sets?|Daten|Données", lines, most)
    yield from _section("limitation", r"Limitations|Einschränkungen|Limites", lines, most)


def _title_and_authors(head: Sequence[str], page: int) -> Iterator[dict[str, Any]]:
    names_from = next((place for place, text in enumerate(head) if place and _people(text)), len(head))
    yield _pointer("paper_title", _plain_capitals(" ".join(head[:names_from][:3])), page)
    people: list[str] = []
    for text in head[names_from:]:
        found = _people(text)
        if not found:
            break
        people += found
    for number, name in enumerate(people[:30], 1):
        yield {**_pointer("authors", name, page), "key": str(number)}


def _plain_capitals(title: str) -> str:
    """A title in small capitals, whose first letters a text layer sets apart ("R EADERS AND L AYOUTS"), as one writes it."""
    if not title.isupper():
        return title
    return re.sub(r"\b([A-ZÀ-Ý]) (?=[A-ZÀ-Ý]{2,})", r"\1", title).title()


def _people(text: str) -> list[str]:
    """The names of a line of nothing but names, parted by commas."""
    parts = [part.strip(" ∗*†‡§0123456789(),") for part in re.split(r",|\band\b|\bet\b|\bund\b|[∗*†‡§]|(?<=\w)\d", text)]
    parts = [part for part in parts if part]
    names = [part for part in parts if _PERSON.fullmatch(part)]
    listed = re.search(r"[,∗*†‡§\d]", text) is not None
    return names if names and listed and not _NO_NAME.search(text) and 2 * len(names) > len(parts) else []


def _joined(lines: Sequence[str]) -> str:
    text = ""
    for line in lines:
        text = text[:-1] + line if re.search(r"\w[-‐]$", text) and line[:1].islower() else f"{text} {line}".strip()
    return " ".join(text.split())


def _sentences(abstract: str, page: int, label: str, most: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    if "." not in abstract:
        return
    abstract = abstract[: abstract.rindex(".") + 1]
    yield _pointer("abstract", abstract, page, label)
    sentences = [one for one in re.split(r"(?<=[\w)]{2}\.)\s+(?=[A-ZÀ-Ý])", abstract) if len(one.split()) > 5]
    taken: set[str] = set()
    for name, cue in _CUES.items():
        short = [one for one in sentences if one not in taken and len(one.split()) <= most.get(name, _MOST_WORDS)]
        found = next((one for one in short if re.search(cue, one, re.IGNORECASE)), None)
        if found:
            taken.add(found)
            yield _pointer(name, found, page, label)


def _section(name: str, heading: str, lines: Sequence[tuple[int, str]], most: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """The first short sentence under a heading, and for limitations all that stands there."""
    for place, (page, text) in enumerate(lines):
        if re.fullmatch(rf"(?:\d[\d.]*\s+)?(?:{heading})", text.strip(), re.IGNORECASE):
            below = []
            for other, line in lines[place + 1 : place + 14]:
                if other != page or re.match(r"\d[\d.]*\s+[A-Z]|References$", line):
                    break
                below.append(line)
            said = _joined(below)
            sentences = re.findall(r"[A-ZÀ-Ý].+?[\w)]{2}\.(?=\s|$)", said)
            short = next((one for one in sentences if 3 < len(one.split()) <= most.get(name, _MOST_WORDS)), None)
            if short:
                yield _pointer(name, short, page, text.strip())
            if sentences and name == "limitation":
                yield _pointer("limitations", said[: said.rindex(".") + 1], page, text.strip())
            return


def _pointer(name: str, quote: str, page: int, label: str = "") -> dict[str, Any]:
    return {"field": name, "key": "", "quote": quote, "page": page, "label": label}
