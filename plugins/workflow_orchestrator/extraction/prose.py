"""Reads what is set in words: the title of the document, the line of its share class, and paragraphs below a heading."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set

from workflow_orchestrator.documents import Word
from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold, fold_label, has_words
from workflow_orchestrator.extraction.layout import Cell, DocumentLayout, PageLayout, Row
from workflow_orchestrator.extraction.parts import without_codes
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Findings
from workflow_orchestrator.extraction.units import codes_in
from workflow_orchestrator.extraction.vocabulary import TITLE_BLOCK, Vocabulary
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.figures import MONTH_NAMES
from workflow_orchestrator.values import Evidence, Kind, Origin

# A title with one of these says what the paper is, not what it is about.
PAPER_WORDS = tuple(
    "report factsheet fact sheet review newsletter unaudited quarterly monthly annual semi-annual kiid key investor key "
    "information prospectus communication presentation bericht jahresbericht halbjahresbericht monatsbericht "
    "informationsblatt werbemitteilung rapport reporting bulletin annuel mensuel semestriel publicitaire commentary "
    "update overview summary brochure kommentar commentaire wesentliche anlegerinformationen basisinformationsblatt "
    "informations clés investisseur investisseurs fiche fondsporträt fondsportrait produktinformation fondsinformation "
    "quartalsbericht rechenschaftsbericht datenblatt verkaufsprospekt trimestriel trimestrielle mensuelle annuelle "
    "informazioni chiave dici".split()
)
_FILL_WORDS = frozenset(
    "as at of on to the for a an and data marketing document professional retail investors only advertisement all "
    "stand per zum am vom der die das und für von au le la du de des et données arrêté situation performance gestion "
    "l d pour per gli".split()
)
_FUND_WORDS = frozenset("fund fonds trust etf ucits sicav fcp oeic subfund teilfonds".split())
# A line that is the name of a share class: "A Accumulation USD", "I EUR Acc", "R-Dist (Hedged)".
_CLASS_LINE = re.compile(
    r"(?:Class |Klasse |Part )?[A-Z]{1,3}\d{0,2}"
    r"(?:[ -]\(?(?:[Aa]cc\w*|[Ii]nc(?:ome)?|[Dd]ist\w*|[Cc]ap\w*|[Tt]hes\w*|[Aa]ussch\w*|[Hh]edged|[Ss]hares?|[Nn]et|[A-Z]{3})\)?)+"
)
# "Institutional Shares (MGSIX)", "Investor Class": the words before say which, a ticker may follow.
_SHARES_LINE = re.compile(r"((?:[A-Z][\w&.-]* ){1,3}(?:Shares|Units|Class|Share Class))(?: \([A-Z]{4,5}\))?")
_BEHIND_CLASS = re.compile(r"\s[|·•]\s|\s[-–|]?\s?\(?ISIN\b|\s[-–|]\s\(?[A-Z]{2}[A-Z0-9]{9}\d\b")
_CLASS_LETTERS = re.compile(r"[A-Z]{1,3}\d?")
_FIRM_WORDS = frozenset(
    "ag sa sas ltd limited llc llp plc gmbh kvg inc lp asset management managers fonds fonds funds fund invest investment "
    "investments investors fondsleitung gestion partners advisers advisors capital".split()
)
_TITLE_PAGES = 2  # a cover may come first
_COVER_WORDS = 60  # a first page with more is not a cover
_TITLE_ZONE = 0.45  # of the page, from the top
_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}\d")
_DOMAIN = re.compile(r"(?:www\.|https?://(?:www\.)?|@)([\w-]+)\.\w", re.IGNORECASE)
_COVER_ZONE = 0.7  # of a cover
_CLEARLY_LARGER = 1.12  # than the next size on the page
_MIN_PARAGRAPH = 20  # characters
_MAX_ROWS = 60


def read_title(layout: DocumentLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """The largest words of the first page, when the document repeats them elsewhere."""
    for spec in words.fields.values():
        if spec.kind is not Kind.TEXT or TITLE_BLOCK not in words.sections(spec.name):
            continue
        for page in layout.pages[:_TITLE_PAGES]:
            title = _title_words(page, _domains(layout))
            if title:
                _take_title(layout, page, spec, title, words, reader, found)
            if title or len(page.page.words) > _COVER_WORDS:
                break


def _domains(layout: DocumentLayout) -> frozenset[str]:
    """The names in the web addresses that the document prints: "example" of www.example.com, which is the firm's."""
    text = " ".join(page.page.shown for page in layout.pages)
    return frozenset(match.casefold() for match in _DOMAIN.findall(text))


def _title_words(page: PageLayout, domains: Set[str]) -> tuple[Word, ...]:
    """The words of the largest size in the upper part of the page, at most three rows of them; empty when unclear.

    Lines that only say what the paper is, or of which day, are passed over ("Rapport annuel", "Au 31 décembre 2020"), and
    so is the firm's own name.
    """
    zone = _COVER_ZONE if len(page.page.words) <= _COVER_WORDS else _TITLE_ZONE
    floor = page.page.height * (1 - zone)
    cells = [
        cell
        for row in page.rows
        for cell in row.cells
        if cell.box.bottom >= floor
        and _has_letters(cell.text)
        and not any(_ISIN.fullmatch(word.text.strip("()")) for word in cell.words)
        and not (is_paper_line(cell.text) or re.sub(r"\W", "", fold(cell.text)) in domains)
    ]
    if not cells:
        return ()
    largest = max(cell.size for cell in cells)
    chosen = [cell for cell in cells if cell.size >= 0.97 * largest]
    rest = cells if zone == _TITLE_ZONE else [cell for row in page.rows for cell in row.cells]
    others = [cell.size for cell in rest if cell.size < 0.97 * largest and cell.size > 0]
    if not others or largest < _CLEARLY_LARGER * max(others):
        return ()
    block = _one_block(chosen)
    if not block or len(block) > 3:
        return ()
    return tuple(word for cell in block for word in cell.words) if _aligned(block) else ()


def _one_block(cells: Sequence[Cell]) -> Sequence[Cell]:
    """The lines that stand together and are set alike: a logo or a ticker over the name is not a part of it.

    Of several blocks, the only one that names a fund, or else the only one of several words; none when that is not certain.
    """
    blocks: list[list[Cell]] = []
    for cell in cells:
        last = blocks[-1][-1] if blocks else None
        if last and last.style == cell.style and last.box.bottom - cell.box.top <= 0.9 * cell.size:
            blocks[-1].append(cell)
        else:
            blocks.append([cell])
    if len(blocks) == 1:
        return blocks[0]
    naming = [block for block in blocks if names_fund(fold(" ".join(cell.text for cell in block)))]
    several = naming or [block for block in blocks if sum(len(cell.words) for cell in block) > 1]
    return several[0] if len(several) == 1 else ()


def _aligned(cells: Sequence[Cell]) -> bool:
    """Whether the lines of a title begin at one edge, or are all centred on one axis."""
    lefts = {round(cell.box.left / 4) for cell in cells}
    middles = [(cell.box.left + cell.box.right) / 2 for cell in cells]
    return len(lefts) == 1 or max(middles) - min(middles) <= 4


def is_paper_line(text: str) -> bool:
    """Whether a line says nothing but what the paper is or of which day: "Monthly factsheet", "As at 31 October 2026"."""
    words = re.findall(r"[^\W\d_]+", fold(text))
    return bool(words) and all(word in PAPER_WORDS or word in _FILL_WORDS or word in MONTH_NAMES for word in words)


def _take_title(
    layout: DocumentLayout,
    page: PageLayout,
    spec: FieldSpec,
    title: Sequence[Word],
    words: Vocabulary,
    reader: Reader,
    found: Findings,
) -> None:
    quote = " ".join(word.text for word in title)
    folded = fold(quote)
    if any(has_words(folded, word) for word in PAPER_WORDS) or re.search(r"\b(?:19|20)\d\d\b", folded):
        found.reject(spec.name, quote, page.number, "the title says what the paper is, not what it is about")
        return
    if folded in words.own:
        found.reject(spec.name, quote, page.number, "the title names no fund in particular")
        return
    head, _, last = folded.rpartition(" ")
    names = [folded, head] if last in words.own and " " in head else [folded]  # "Alpine Bond Fund", "Alpine Bond"
    known = names_fund(folded) or _of_firm(layout, page, title)
    if not known and not any(_repeated(layout, page, name, title) for name in names):
        found.reject(spec.name, quote, page.number, "the largest words of the page occur nowhere else")
        return
    if page.number > 1 and not names_fund(folded) and not has_words(fold(layout.pages[0].page.shown), folded):
        found.reject(spec.name, quote, page.number, "a heading behind the cover, and the cover does not have it")
        return
    if _is_class_of_table(layout, title):
        _take_class(page, title[-1], words, reader, found)
        title = title[:-1]
        quote = " ".join(word.text for word in title)
    evidence = Evidence(page.number, quote, "", around(title))
    try:
        # A printed label ("Fund name: …") is the better witness; the title comes after it.
        found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE), rank=1)
    except FigureError as error:
        found.reject(spec.name, quote, page.number, error.message)


def _of_firm(layout: DocumentLayout, page: PageLayout, title: Sequence[Word]) -> bool:
    """Whether the title of three words and more begins with the name of a firm that the document prints elsewhere."""
    first, own = fold(title[0].text), set(title)
    return len(title) > 2 and len(first) > 3 and any(
        fold(cell.words[0].text) == first and any(fold(word.text).strip(".,") in _FIRM_WORDS for word in cell.words[1:5])
        for other in layout.pages
        for row in other.rows
        for cell in row.cells
        if len(cell.words) > 1 and (other is not page or not own & set(cell.words))
    )


def _is_class_of_table(layout: DocumentLayout, title: Sequence[Word]) -> bool:
    """Whether the last word of a title is a class: letters that stand in front of an ISIN in a table of classes."""
    last = title[-1].text
    return (
        len(title) > 2
        and _CLASS_LETTERS.fullmatch(last) is not None
        and any(
            row.cells[0].text == last and any(_ISIN.fullmatch(word.text) for word in row.words[1:3])
            for page in layout.pages
            for row in page.rows
        )
    )


def _take_class(page: PageLayout, word: Word, words: Vocabulary, reader: Reader, found: Findings) -> None:
    for spec in words.fields.values():
        if spec.kind is Kind.TEXT and words.sections(spec.name) and TITLE_BLOCK not in words.sections(spec.name):
            evidence = Evidence(page.number, word.text, "", word.box)
            found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE), rank=1)


def names_fund(folded: str) -> bool:
    """Whether the words say themselves that they name a fund: two words and more beside "Fund", "UCITS ETF", "Fonds"."""
    words = re.findall(r"[^\W\d_]+", folded)
    return len([word for word in words if word not in _FUND_WORDS]) >= 2 and any(word in _FUND_WORDS for word in words)


def _repeated(layout: DocumentLayout, page: PageLayout, folded: str, title: Sequence[Word]) -> bool:
    own = {row.number for row in page.rows if set(title) & set(row.words)}
    metadata = [fold(text) for text in layout.document.metadata.values()]
    if any(has_words(text, folded) for text in metadata):
        return True
    return any(
        has_words(fold(" ".join(word.text for word in row.words)), folded)
        for other in layout.pages
        for row in other.rows
        if other is not page or row.number not in own
    )


def read_title_lines(layout: DocumentLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """A line of the title block that begins with a section word of a field: "Class A USD", "Part C (capitalisation)"."""
    for spec in words.fields.values():
        starts = [word for word in words.sections(spec.name) if word != TITLE_BLOCK]
        if spec.kind is not Kind.TEXT or not starts:
            continue
        for page in layout.pages[:_TITLE_PAGES]:
            _title_line(page, _title_words(page, _domains(layout)), spec, starts, reader, found)


def _title_line(
    page: PageLayout,
    title: Sequence[Word],
    spec: FieldSpec,
    starts: Sequence[str],
    reader: Reader,
    found: Findings,
) -> None:
    if not title:
        return
    box = around(title)
    for row in page.rows:
        if not (0 <= box.bottom - row.box.top <= 2.5 * row.height or abs(row.box.top - box.bottom) < row.height):
            continue
        for cell in row.cells:
            if abs(cell.box.left - box.left) > 6 or set(cell.words) & set(title):
                continue
            text = _BEHIND_CLASS.split(" ".join(word.text for word in without_codes(cell.words)))[0]
            label, rest = _labelled(text, spec)
            shares = _SHARES_LINE.fullmatch(text)
            quote = rest or (shares[1] if shares else text)
            begins = any(fold(text).startswith(start + " ") for start in starts)
            if not rest and not (shares or begins or _is_class(text)):
                continue
            taken = cell.words[: len(quote.split())] if shares else cell.words[: len(text.split())][-len(quote.split()) :]
            taken = without_shares(taken)
            quote = " ".join(word.text for word in taken).rstrip(": ")  # "Class I: HALDX", a ticker
            evidence = Evidence(page.number, quote, label, around(taken))
            try:
                found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE))
            except FigureError:
                continue
            return


def without_shares(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """ "Class L Accumulation shares" without its last word, which says nothing more."""
    said = len(words) > 2 and fold(words[0].text) == "class"
    return words[:-1] if said and fold(words[-1].text) in ("share", "shares", "unit", "units") else words


def _is_class(text: str) -> bool:
    """Whether a line is the name of a share class and holds a currency or what becomes of the income."""
    kind = bool(re.search(r"\b(?:acc|inc|dist|cap|thes|aussch)", fold(text))) or bool(codes_in(text))
    return kind and bool(_CLASS_LINE.fullmatch(text))


def _labelled(text: str, spec: FieldSpec) -> tuple[str, str]:
    """A label of two words or with a colon in front of the line, and what follows it."""
    for label in sorted(spec.all_labels(), key=len, reverse=True):
        count = len(label.split())
        head = " ".join(text.split()[:count])
        rest = " ".join(text.split()[count:])
        if rest and fold_label(head) == fold_label(label) and (count > 1 or head.endswith(":")):
            return head.rstrip(":"), rest
    return "", ""


def read_paragraphs(page: PageLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """The sentences below a heading that names a paragraph field, or behind it on its line."""
    for row in page.rows:
        for position, cell in enumerate(row.cells):
            for target in words.label(cell.text):
                spec = words.fields[target.field]
                if spec.kind is Kind.PARAGRAPH:
                    _paragraph(page, row, position, spec, target.rank, words, reader, found)


def _paragraph(
    page: PageLayout,
    row: Row,
    position: int,
    spec: FieldSpec,
    rank: int,
    words: Vocabulary,
    reader: Reader,
    found: Findings,
) -> None:
    heading = row.cells[position]
    follow = row.cells[position + 1] if position + 1 < len(row.cells) else None
    inline = follow if follow and follow.box.left - heading.box.right < 1.2 * heading.size else None
    lines = _body(page, row, heading, inline, words)
    text = _joined(page, lines)
    if len(text) < _MIN_PARAGRAPH or not re.search(r"[.!?…](?:\s|$|[\"»”])", text):
        return
    body = [word for line in lines for word in line]
    evidence = Evidence(page.number, text, heading.text.rstrip(":"), around(body))
    try:
        found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE), rank)
    except FigureError as error:
        found.reject(spec.name, text[:80], page.number, error.message)


def _body(page: PageLayout, row: Row, heading: Cell, inline: Cell | None, words: Vocabulary) -> list[tuple[Word, ...]]:
    """The rows of the paragraph: its own column only, one style, until a gap, another style or the next heading."""
    lines: list[tuple[Word, ...]] = []
    style = 0
    last = heading.box.bottom
    if inline:
        lines.append(_column(row, inline.box.left, inline.words[0]))
        style, last = inline.style, inline.box.bottom
    pitch: float | None = None
    for lower in page.below(row, _MAX_ROWS):
        start, point = _start_of(lower, heading.box.left)
        if start is None:
            if last - lower.box.top > 2.0 * lower.height:
                break
            continue
        gap = last - start.box.top
        # Of a list, the first point is the paragraph.
        if (lines and (point or start.style != style)) or gap > (1.6 if not lines else 0.9) * start.size:
            break
        if pitch is not None and lines and last - start.box.bottom > 1.5 * pitch:
            break
        line = _column(lower, start.box.left, start)
        if words.label(" ".join(word.text for word in line)):
            break
        if len(lines) > (1 if inline else 0):
            pitch = last - start.box.bottom if pitch is None else pitch
        lines.append(line)
        style, last = start.style, start.box.bottom
    return lines


def _start_of(row: Row, left: float) -> tuple[Word | None, bool]:
    """The word at which the line at a left edge begins, behind its bullet, and whether it has one."""
    first = next((word for word in row.words if abs(word.box.left - left) <= 9), None)
    if first is None or len(first.text) > 1 or first.text.isalnum() or first.text in "\"'(«„“‘":
        return first, False
    return next((word for word in row.words if 0 < word.box.left - first.box.right <= 3 * word.size), first), True


def _column(row: Row, left: float, first: Word) -> tuple[Word, ...]:
    """The words of a row from `left` to the first gap that no justified line has."""
    taken: list[Word] = []
    for word in row.words:
        if word.box.left < left - 0.5:
            continue
        if taken and word.box.left - taken[-1].box.right > 1.6 * max(first.size, 1.0):
            break
        taken.append(word)
    return tuple(taken)


def _joined(page: PageLayout, lines: Sequence[Sequence[Word]]) -> str:
    """The lines joined by a space; a word that was parted at the end of a line is put together again.

    "long-" + "term" keeps its hyphen when both parts are words of the page or the compound is, and when the next line
    begins with a capital or a digit; "convic-" + "tion" loses it.
    """
    known = Counter(fold(word.text).strip(".,;:()") for row in page.rows for word in row.words)
    return joined_lines(lines, known)


def joined_lines(lines: Sequence[Sequence[Word]], known: Mapping[str, int]) -> str:
    """The same, by the words that the page or the document is known to have, folded and counted."""
    text = ""
    for line in lines:
        part = " ".join(word.text for word in line)
        if not text or not re.search(r"\w-$", text):
            text = f"{text} {part}".strip()
            continue
        head, tail = text.split()[-1][:-1], part.split()[0]
        before, after = fold(head).strip("(\"'"), fold(tail).strip(".,;:()")
        if after in ("und", "oder", "et", "ou", "and", "or"):
            text = f"{text} {part}"
        elif known.get(before + after) and not known.get(f"{before}-{after}") and tail[:1].isupper():
            text = f"{text[:-1]}{part}"  # "SunSpider", a name with a capital within
        elif not tail[:1].islower() or known.get(f"{before}-{after}") or (known.get(before) and known.get(after)) or "-" in before:
            text = f"{text}{part}"
        elif known.get(before + after) or len(after) < 4 or not known.get(before):
            text = f"{text[:-1]}{part}"
        else:
            text = f"{text}{part}"
    return text


def _has_letters(text: str) -> bool:
    return sum(char.isalpha() for char in text) >= 3
