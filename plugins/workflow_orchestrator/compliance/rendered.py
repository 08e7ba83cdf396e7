"""Judges what was rendered: slides and captions say the approved words, whole, large enough and long enough.

    Deck + slides.pdf + slides.pptx ──► check_slides     words of each page, size of the warnings
    Script + captions + spans       ──► check_captions   words that are heard, seconds that warnings stand
    VideoFacts                      ──► check_mark       the file's own word that a machine made it

The citations are those that the packs name in `elsewhere` under the same ids.
"""

from __future__ import annotations

import html
import io
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import SequenceMatcher
from statistics import median
from typing import Any

from workflow_orchestrator.compliance.model import Notice, Outcome, Pack, RuleResult, SourceStatus
from workflow_orchestrator.rendering.captions import LINE
from workflow_orchestrator.rendering.deck import WORDS, Deck, Slide
from workflow_orchestrator.rendering.formats import LANDSCAPE, Format
from workflow_orchestrator.rendering.mp4 import VideoFacts
from workflow_orchestrator.rendering.paging import paged
from workflow_orchestrator.script.model import Script, SlideKind

# Words a second that most people read with ease on a screen; the rule of thumb behind GEN-LEG-01.
READING_PACE = 3.0
_BREAKS = re.compile("[\\s\u00ad\u200b\u2060\ufeff\ufffe\u0002\u2010\u2011-]+")
_TIMING = re.compile(r"-->")
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"


def check_slides(
    deck: Deck, notices: Sequence[Notice], packs: Sequence[Pack], *, pdf: bytes, pptx: bytes
) -> tuple[RuleResult, ...]:
    """Whether both files show the words of the deck and no others, and the warnings in the size of the rest.

    Args:
        deck: as `build_deck` makes it of the approved script.
        notices: the warnings of the video.
        packs: for the citations.
        pdf: `slides.pdf`, the pages that the video shows.
        pptx: `slides.pptx`.
    """
    said = _Cited(packs)
    results: list[RuleResult] = []
    for name, pages in (("slides.pdf", _pdf_texts(pdf)), ("slides.pptx", _pptx_texts(pptx))):
        seen = _Seen(name, f"{len(pages)} pages, {sum(len(page.split()) for page in pages)} words, against the script")
        results += said.results(
            "GEN-CAP-01", _page_faults(name, pages, deck), f"{name} shows the words of the approved script", seen
        )
    seen = _Seen("slides.pdf", f"the size of each character of {len(notices)} warnings, against that of the other text")
    results += said.results(
        "GEN-LEG-01", _size_faults(pdf, deck, notices), "warnings are shown in the size of the other text", seen
    )
    return tuple(results)


def check_captions(
    script: Script, notices: Sequence[Notice], packs: Sequence[Pack], *,
    captions: Mapping[str, Sequence[str]], spans: Sequence[tuple[timedelta, timedelta]], shape: Format = LANDSCAPE,
) -> tuple[RuleResult, ...]:
    """Whether the captions are the words of the script, and each warning stands as long as it takes to read.

    Args:
        script: the approved script.
        notices: the warnings of the video.
        packs: for the citations.
        captions: their words in order, by the file that holds them (see `words_of`).
        spans: from when to when each slide stands, in order, a slide per segment of the paged script.
        shape: of the slides, by which the script is paged.
    """
    said = _Cited(packs)
    pages = paged(script, shape).segments
    wanted = [word for segment in pages for sentence in segment.sentences for word in sentence.shown.split()]
    results: list[RuleResult] = []
    for name, heard in captions.items():
        results += said.results(
            "GEN-CAP-01", _differences(wanted, heard), f"{name} has the words of the approved script",
            _Seen(name, f"{len(heard)} words, against {len(wanted)} of the script"),
        )
    if len(spans) != len(pages):
        message = f"{len(spans)} slides stand in the video, the script has {len(pages)}"
        return (*results, *said.results("GEN-LEG-01", [(message, "")], "", _Seen("video.mp4", f"{len(spans)} slides")))
    standing = list(_standing(pages, notices, spans))
    told = "; ".join(f"{notice.id} {stands.total_seconds():.1f}/{need.total_seconds():.1f}" for notice, stands, need in standing)
    results += said.results(
        "GEN-LEG-01", _too_short(standing), "each warning stands long enough to be read",
        _Seen("video.mp4", f"seconds that each warning stands / takes to read: {told or 'there is none'}"),
    )
    return tuple(results)


def check_mark(facts: VideoFacts, packs: Sequence[Pack]) -> tuple[RuleResult, ...]:
    """Whether a finished video says of itself that it was made by a machine.

    Its voice is always synthetic, so each video needs the mark: IPTC's Digital Source Type in XMP, one that stands for media
    made, or partly made, by an algorithm.

    Args:
        facts: as `probe` reads them from the file.
        packs: for the citation.
    """
    mark = facts.mark
    faults = [] if mark is not None else [("the file does not say that it was made by a machine", "")]
    seen = _Seen("video.mp4", "no mark" if mark is None else f"IPTC Digital Source Type {mark.source_type}: “{mark.description}”")
    return tuple(_Cited(packs).results("AIA-01", faults, "the file says that it was made by a machine", seen))


@dataclass(frozen=True, slots=True)
class _Seen:
    """The file, and what of it was looked at."""

    where: str
    looked_at: str


class _Cited:
    """Results under the citation that the packs give an id."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        self._known = {item.id: (item, pack.label) for pack in packs for item in pack.elsewhere}

    def results(self, rule: str, faults: Iterable[tuple[str, str]], fine: str, seen: _Seen) -> Iterator[RuleResult]:
        """A block for each fault, as message and words; without any, one pass that says `fine`."""
        item, pack = self._known.get(rule, (None, ""))
        blocks = [(Outcome.BLOCK, message, words) for message, words in faults]
        for outcome, message, words in blocks or [(Outcome.PASS, fine, "")]:
            yield RuleResult(
                rule, outcome, words, item.citation if item else "house rule",
                item.source_status if item else SourceStatus.MEMORY, message, where=seen.where,
                title=item.title if item else fine, pack=pack, looked_at=seen.looked_at,
            )


def _page_faults(name: str, pages: Sequence[str], deck: Deck) -> Iterator[tuple[str, str]]:
    if len(pages) != len(deck.slides):
        yield f"{name} has {len(pages)} pages, the script gives {len(deck.slides)}", ""
        return
    for number, (page, slide) in enumerate(zip(pages, deck.slides, strict=True), start=1):
        wanted = _texts_of(slide, deck)
        packed = _packed(page)
        for text in wanted:
            if _packed(text) not in packed:
                yield f"{name}, page {number}, does not show the words of the script", text
        left = _left_over(packed, [*wanted, *_furniture(slide, deck, number)])
        if left:
            yield f"{name}, page {number}, shows words that the script does not have", left


def _texts_of(slide: Slide, deck: Deck) -> list[str]:
    """The words of a slide, which come from the script."""
    figures = [text for figure in (*slide.figures, *slide.beside) for text in (figure.label, figure.text)]
    texts = [deck.kicker, deck.footer, deck.source, slide.heading, *slide.lines, *figures]
    if slide.kind is SlideKind.TITLE:
        # The title shows a fact once: what is the heading is not repeated as a figure.
        taken = {slide.heading, deck.subject}
        shown = [figure for figure in slide.figures if figure.text not in taken]
        texts = [deck.kicker, deck.footer, deck.source, slide.heading]
        texts += [text for figure in shown for text in (figure.label, figure.text)]
    return [text for text in dict.fromkeys(texts) if text]


def _furniture(slide: Slide, deck: Deck, number: int) -> list[str]:
    """What a page may show besides: its number, the fund, heads of columns, the ends and steps of a scale, the pages of its evidence."""
    words = WORDS[deck.language]
    steps = ["1234567", *"1234567", "←", "→"] if slide.kind is SlideKind.SCALE else []
    steps += [f"{figure.label}: {figure.text}" for figure in slide.beside]
    pages = [words["page"].format(figure.page) for figure in (*slide.figures, *slide.beside) if figure.page]
    numbers = [f"{number}/{len(deck.slides)}", f"{number}"]
    said = [deck.subject, slide.evidence, slide.note, *slide.columns, words["low"], words["high"]]
    return [*said, *pages, *steps, *numbers]


def _left_over(packed: str, known: Sequence[str]) -> str:
    for text in sorted({_packed(text) for text in known if text}, key=len, reverse=True):
        packed = packed.replace(text, "\n")
    return " ".join(packed.split())


def _packed(text: str) -> str:
    """Text without white space and hyphens, and with one sign for the apostrophe: how a line breaks and how a sign is drawn is no matter
    of words. The minus is another sign, and stays.

    A reader of PDF drops the hyphen at the end of a line or gives it as a sign of its own, and may take letters apart.
    """
    return _BREAKS.sub("", unicodedata.normalize("NFKC", text)).replace("’", "'")


def _pdf_texts(data: bytes) -> list[str]:
    import pypdfium2

    with pypdfium2.PdfDocument(data) as document:
        return [page.get_textpage().get_text_range() for page in document]


def _pptx_texts(data: bytes) -> list[str]:
    import pptx

    presentation = pptx.Presentation(io.BytesIO(data))
    parts = [[slide.part, *(rel.target_part for rel in slide.part.rels.values() if "/chart" in rel.reltype)]
             for slide in presentation.slides]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return ["\n".join(_xml_texts(archive.read(str(part.partname).lstrip("/"))) for part in own) for own in parts]


def _xml_texts(data: bytes) -> str:
    from lxml import etree

    # The file is the platform's own; entities are not resolved all the same.
    root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    paragraphs = ["".join(run.text or "" for run in item.iter(f"{_DRAWING}t")) for item in root.iter(f"{_DRAWING}p")]
    names = [node.text or "" for cat in root.iter(f"{_CHART}cat") for node in cat.iter(f"{_CHART}v")]
    return "\n".join([*paragraphs, *names])


def _size_faults(pdf: bytes, deck: Deck, notices: Sequence[Notice]) -> Iterator[tuple[str, str]]:
    sizes = _pdf_sizes(pdf)
    if len(sizes) != len(deck.slides):
        return
    body = Counter[float]()
    for page, slide in zip(sizes, deck.slides, strict=True):
        if slide.kind not in (SlideKind.NOTICE, SlideKind.TITLE):
            body.update(size for _, size in page)
    if not body:
        return
    usual = body.most_common(1)[0][0]
    shown = {_packed(notice.shown) for notice in notices}
    for page, slide in zip(sizes, deck.slides, strict=True):
        text = "".join(sign for sign, _ in page)
        for line in slide.lines if slide.kind is SlideKind.NOTICE else ():
            words = _packed(line)
            at = text.find(words)
            if at >= 0 and any(words in warning for warning in shown):
                own = median(size for _, size in page[at : at + len(words)])
                if own < usual - 0.5:
                    yield f"a warning is set in {own:.1f} points, most other text in {usual:.1f}", line


def _pdf_sizes(data: bytes) -> list[list[tuple[str, float]]]:
    """Every visible character of each page with its size in points."""
    import pypdfium2
    from pypdfium2 import raw

    pages = []
    with pypdfium2.PdfDocument(data) as document:
        for page in document:
            text: Any = page.get_textpage()
            signs = ((chr(raw.FPDFText_GetUnicode(text, at)), at) for at in range(text.count_chars()))
            pages.append([(s.replace("’", "'"), round(raw.FPDFText_GetFontSize(text, at), 1)) for s, at in signs if _packed(s)])
    return pages


def words_of(captions: str) -> list[str]:
    """The words of a caption file (WebVTT or SubRip), in order, without numbers and times."""
    found: list[str] = []
    for block in re.split(r"\n\s*\n", captions.replace("\r\n", "\n")):
        lines = block.strip().split("\n")
        at = next((index for index, line in enumerate(lines) if _TIMING.search(line)), None)
        if at is not None:
            found += html.unescape(" ".join(lines[at + 1 :])).split()
    return found


def _differences(script: Sequence[str], captions: Sequence[str]) -> Iterator[tuple[str, str]]:
    # A word that is longer than a line of captions, such as an address, stands there in pieces.
    wanted, found = ([word[at : at + LINE] for word in words for at in range(0, len(word), LINE)] for words in (script, captions))
    for kind, a, b, c, d in SequenceMatcher(None, wanted, found, autojunk=False).get_opcodes():
        if kind != "equal":
            yield f"the captions say {' '.join(found[c:d])!r} where the script says {' '.join(wanted[a:b])!r}", " ".join(
                found[c:d]
            )


def _standing(
    pages: Sequence[Any], notices: Sequence[Notice], spans: Sequence[tuple[timedelta, timedelta]]
) -> Iterator[tuple[Notice, timedelta, timedelta]]:
    """Each warning with how long it stands and how long it takes to read."""
    for notice in notices:
        need = timedelta(seconds=len(notice.shown.split()) / READING_PACE)
        stands = timedelta()
        for segment, (start, end) in zip(pages, spans, strict=True):
            texts = [*segment.points, *(sentence.shown for sentence in segment.sentences)]
            if any(text and (text in notice.shown or notice.shown in text) for text in texts):
                stands += end - start
        yield notice, stands, need


def _too_short(standing: Iterable[tuple[Notice, timedelta, timedelta]]) -> Iterator[tuple[str, str]]:
    for notice, stands, need in standing:
        if stands < need:
            yield (
                f"{notice.id} stands for {stands.total_seconds():.1f} s and takes {need.total_seconds():.1f} s to read",
                notice.shown,
            )
