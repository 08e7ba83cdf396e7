"""Reads the request of an extract step as a scripted model does: labels, columns and sentences of the text that it was sent.

It knows no document. What it goes by stands in the request: the list of fields with the words by which documents print them, and the
text page by page, where three blanks part the columns. It points to printed words only; the platform reads and proves the figures.

    - revenue (money): Total revenue … Printed as: Total revenues, Net sales.     ─► Guide
      key 3m: Three months ended, Quarter                                             under: Statements of income
    === page 3 === …                                                              ─► Line, Line, …   ─► pointers
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

_FIELD = re.compile(r"^- (?P<name>\w+) \((?P<kind>\w+)[^)]*\): (?P<says>.*?) Printed as: (?P<labels>.*)\.$")
_CELLS = re.compile(r"\s{3,}")
_FIGURE = re.compile(r"\([\d,. ]*\d\s?%?\)%?|[+−–-]?\s?\d[\d,.]*\d?\s?%?")
_NOTHING = re.compile(r"—|–|-|n/a|N/A|NM")
_MONTHS = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DATE = re.compile(
    rf"{_MONTHS} \d{{1,2}}, \d{{4}}|\d{{1,2}}(?:st|nd|rd|th|er)? {_MONTHS} \d{{4}}|\d{{1,2}}[./]\d{{1,2}}[./]\d{{4}}|"
    r"\d{1,2}\.? (?:[A-Z]?[a-zéûä]{2,9}|[A-ZÄ]{3,9}) \d{4}"
)
_COMPANY = re.compile(
    r"(?:The )?[A-Z][\w&’'-]+(?: (?:[A-Z][\w&’'-]+|&|of))*,? "
    r"(?:Inc\.|Incorporated|Corporation|Corp\.|Company|plc|Ltd\.?|AG|SE|S\.A\.|Group)(?!\w)"
)
_ENDED = re.compile(r"\b(?:ended|endete am|clos le)\b", re.IGNORECASE)
_MONEY = re.compile(r"(?:[A-Z]{3}|[€$£])?\s?\d[\d,. ’']*\d(?:\s?(?:million|billion|mn|bn|m|Mio\.?|Mrd\.?|M€|Md€))?\s?(?:[A-Z]{3}\b|[€$£])?")
_OF_KIND = {
    "percent": re.compile(r"[+−–-]?\d[\d,.]*\s?%"),
    "ratio": re.compile(r"[+−–-]?\d+[.,]\d+(?!\s?%)"),
    "money": _MONEY,
    "integer": re.compile(r"\d{1,6}(?![\d.,]*\d|\s?%)(?:\s?(?:of|out of|/|von|sur)\s?\d+|\s(?:years?|Jahre|ans))?"),
    "isin": re.compile(r"[A-Z]{2}[A-Z0-9]{9}\d"),
    "currency": re.compile(r"[A-Z]{3}\b"),
    "date": _DATE,
    "text": re.compile(r"[^\W_].{1,70}"),
}
_MOST_HOLDINGS = 10
# Headings over what a fund is for that need no list of labels to be understood.
_OBJECTIVE = ("Investment overview", "Overview", "Approach", "Investment approach", "Anlagestrategie", "Anlageziel", "Objectif")


@dataclass
class Field:
    """One field of the request: what kind it is of, and by which words documents print it, its keys, and the heading over it."""

    name: str
    kind: str
    says: str
    labels: list[str]
    keys: dict[str, list[str]] = field(default_factory=dict)
    keyed: str = ""
    under: list[str] = field(default_factory=list)
    most_words: int = 0


@dataclass(frozen=True)
class Line:
    """A line of a page, and its cells."""

    page: int
    text: str

    @property
    def cells(self) -> list[str]:
        return [cell for cell in _CELLS.split(self.text.strip()) if cell]


Pointer = dict[str, Any]


def read(request: str) -> list[Pointer]:
    """The pointers of an answer, in the order of the fields; of two for one place the first.

    Args:
        request: the words of the user's message.
    """
    fields, lines = _guide(request), _lines(request)
    found: dict[tuple[str, str], Pointer] = {}
    readers = (_names, _pairs, _paragraphs, _periods, _years, _statement, _weights, _day, _paper)
    for pointer in (one for reader in readers for one in reader(fields, lines)):
        if pointer["field"] in fields:
            found.setdefault((pointer["field"], pointer["key"]), pointer)
    order = list(fields)
    return sorted(found.values(), key=lambda one: order.index(one["field"]))


def _guide(request: str) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    last: Field | None = None
    for line in request.splitlines():
        if match := _FIELD.match(line):
            last = Field(match["name"], match["kind"], match["says"], [word for word in match["labels"].split(", ") if word])
            fields[last.name] = last
        elif last and (key := re.match(r"  key (\w+): (.*)", line)):
            last.keys[key[1]] = key[2].split(", ")
        elif last and (most := re.match(r"  at most (\d+) words", line)):
            last.most_words = int(most[1])
        elif last and line.startswith("  key: "):
            last.keyed = line.removeprefix("  key: ")
        elif last and line.startswith("  under: "):
            last.under = line.removeprefix("  under: ").split(", ")
        elif line.strip() and not line.startswith("  "):
            last = None
    return fields


def _lines(request: str) -> list[Line]:
    page, lines = 0, []
    for text in request.splitlines():
        if marker := re.fullmatch(r"=== page (\d+) ===", text):
            page = int(marker[1])
        elif text.startswith(("<data-", "</data-")):
            continue
        elif page:
            lines.append(Line(page, text))
    return lines


def _pointer(name: str, key: str, quote: str, page: int, *label: str) -> Pointer:
    return {"field": name, "key": key, "quote": quote.strip(), "page": page, "label": " · ".join(part for part in label if part)}


def _fold(text: str) -> str:
    return " ".join(re.sub(r"\(\d\)|[*†:]", " ", text).casefold().split())


def _is_heading(line: Line, words: Sequence[str]) -> bool:
    return any(_fold(word) in _fold(line.text) for word in words) and len(line.text) < 90


def _pairs(fields: dict[str, Field], lines: Sequence[Line]) -> Iterator[Pointer]:
    """A label with its value behind it, in the next cell, or in the next line."""
    for one in fields.values():
        if one.keys or one.keyed or one.kind not in _OF_KIND:
            continue
        for label in sorted(one.labels, key=len, reverse=True):
            beside = next(_beside(label, lines), None)
            if beside and (match := _OF_KIND[one.kind].match(beside[1])) and (one.kind == "text" or len(beside[1]) < 60):
                yield _pointer(one.name, "", match[0].rstrip(".,; "), beside[2], beside[0])
                break


def _beside(label: str, lines: Sequence[Line]) -> Iterator[tuple[str, str, int]]:
    if len(label) < 3:
        return
    pattern = re.compile(rf"{re.escape(label)}(?!\w)\s*(?:\([^)]*\))?\s*:?\s*", re.IGNORECASE)
    for number, line in enumerate(lines):
        cells = line.cells
        for place, cell in enumerate(cells):
            match = pattern.match(cell)
            if match is None:
                continue
            rest = cell[match.end() :]
            below = lines[number + 1].cells if number + 1 < len(lines) else []
            if not rest and len(cells) > 1 and len(below) == len(cells) and not re.search(r"\d", line.text):
                rest = below[place]  # a row of heads over a row of values
            elif not rest and place + 1 < len(cells):
                rest = cells[place + 1]
            elif not rest and len(cells) == 1 and below:
                rest = lines[number + 1].text
            if rest and not rest[0].islower():
                yield cell[: len(label)], rest, line.page


def _names(fields: dict[str, Field], lines: Sequence[Line]) -> Iterator[Pointer]:
    """What a document is about, and of when: its title, the company that reports, the day."""
    head = [line for line in lines if line.text.strip()]
    if "fund_name" in fields:
        named = [line for line in head[:9] if re.search(r"\b(?:Fund|Fonds|Trust|Leaders|Select|Equity|Strategie)\b", line.text)]
        plain = [line for line in head[:4] if re.search(r"[^\W\d]{3}", line.text) and not _DATE.search(line.text) and len(line.text) < 60]
        for line in [*[one for one in named if len(one.text) < 70], *plain][:1]:
            yield _pointer("fund_name", "", re.sub(r"\b(?:Monthly|Factsheet)\b", "", line.text).strip(" -|·:•"), line.page)
    if "company" in fields:
        said = Counter(match[0] for line in lines for match in _COMPANY.finditer(line.text) if match[0] != "The Company")
        if said:
            name, _ = said.most_common(1)[0]
            yield _pointer("company", "", name, next(line.page for line in lines if name in line.text))
    ends: list[Pointer] = []
    for line, below in zip(lines, [*lines[1:], *lines[-1:]], strict=True):
        match = _ENDED.search(line.text)
        behind = re.sub(r"^\s*on\b", "", f"{line.text[match.end() :]} {below.text}").strip() if match else ""
        if match and "period_end" in fields and (date := _DATE.match(behind)):
            ends.append(_pointer("period_end", "", date[0], line.page, match[0]))
    # A report speaks of other periods, too, and most of its own.
    said = Counter(one["quote"] for one in ends)
    yield from sorted(ends, key=lambda one: -said[one["quote"]])[:1]


def _paragraphs(fields: dict[str, Field], lines: Sequence[Line]) -> Iterator[Pointer]:
    """The lines under a heading that is a label, up to the next short line."""
    for one in fields.values():
        more = _OBJECTIVE if re.search(r"\b(?:objective|strategy)\b", one.says) else ()
        for label in (*one.labels, *more) if one.kind == "paragraph" else ():
            for number, line in enumerate(lines):
                head, _, rest = line.text.partition(":")
                if _fold(line.text) != _fold(label) and (_fold(head) != _fold(label) or not rest.strip()):
                    continue
                words = [rest.strip()] if rest.strip() else []
                for below in lines[number + 1 :]:
                    new = words[-1:] and words[-1].endswith(".") and len(below.text) < 34 and not below.text.endswith(".")
                    if below.page != line.page or new or len(below.cells) > 1 or below.text.isupper():
                        break
                    words.append(below.text)
                text = _joined(words)
                if text.count(" ") > 8 and "." in text:
                    yield _pointer(one.name, "", text[: text.rindex(".") + 1], line.page, line.text if not rest else head)
                    break


def _joined(lines: Sequence[str]) -> str:
    text = ""
    for line in lines:
        text = text[:-1] + line if re.search(r"[a-zé]-$", text) and line[:1].islower() else f"{text} {line}".strip()
    return " ".join(re.sub("[•\uf0b7]", " ", text).split())


def _figures(text: str) -> list[str]:
    """The figures of a row, with a place for each that says that there is none; signs of money left out."""
    plain = re.sub(r"[$€£]|(?:\(\d\))+", " ", text)
    found = re.finditer(rf"(?<![\w.])(?:{_FIGURE.pattern})(?!\w)|(?<!\S)(?:{_NOTHING.pattern})(?!\S)", plain)
    return [" ".join(match[0].split()) for match in found]


def _columns(line: Line, targets: dict[str, tuple[str, str]]) -> list[tuple[str, str, str]]:
    """The periods that a line heads columns with, in order: printed words, field, key."""
    if not targets:
        return []
    words = "|".join(re.escape(word) for word in sorted(targets, key=len, reverse=True))
    found = list(re.finditer(rf"(?<!\w)(?:{words})(?!\w)", line.text, re.IGNORECASE))
    rest = re.sub(rf"(?<!\w)(?:{words})(?!\w)|\W", "", line.text, flags=re.IGNORECASE)
    return [(match[0], *targets[match[0].casefold()]) for match in found] if len(rest) < 12 else []


def _periods(fields: dict[str, Field], lines: Sequence[Line]) -> Iterator[Pointer]:
    """The tables of returns: periods over columns, and the first row of figures under them."""
    if "performance_data" not in fields:
        return
    targets = {word.casefold(): ("performance_data", key) for key, words in fields["performance_data"].keys.items() for word in words}
    for name in ("monthly_performance", "ytd_performance"):
        targets.update({word.casefold(): (name, "") for word in (fields[name].labels if name in fields else ()) if len(word) < 13})
    taken: set[bool] = set()
    for number, line in enumerate(lines):
        after = lines[number + 1].text if number + 1 < len(lines) else ""
        # A head of two words may go on in the next line.
        whole = _columns(Line(line.page, f"{line.text} {after}"), targets) if len(after) < 20 and not _figures(after) else []
        columns = max(_columns(line, targets), whole, key=len)
        over = " ".join(one.text.casefold() for one in lines[max(0, number - 3) : number])
        averaged = [match.start() for match in re.finditer(r"annuali[sz]ed|p\.\s?a\.|jährlich|annualisée?", over)]
        summed = [match.start() for match in re.finditer(r"cumulati|kumul|cumul", over)]
        row = next((one for one in lines[number + 1 : number + 4] if len(_figures(one.text)) == len(columns)), None)
        only_averaged = bool(averaged) and not summed
        if len(columns) < 3 or row is None or only_averaged in taken:
            continue
        taken.add(only_averaged)
        for (words, name, key), figure in zip(columns, _figures(row.text), strict=True):
            told = "performance_annualised" if only_averaged and key else name
            # Under two heads at once, only those up to a year are certainly not averaged.
            sure = only_averaged == bool(averaged) or key in ("", "3m", "6m", "1y")
            if sure and told in fields and not _NOTHING.fullmatch(figure):
                yield _pointer(told, key, figure, row.page, words)


def _years(fields: dict[str, Field], lines: Sequence[Line]) -> Iterator[Pointer]:
    """A table of calendar years, and the first row of figures under them."""
    for number, line in enumerate(lines):
        years = re.findall(r"(?<!\S)(?:19|20)\d\d(?!\S)", line.text)
        if "calendar_years" not in fields or len(years) < 3 or len(years) != len(line.text.split()):
            continue
        row = next((one for one in lines[number + 1 : number + 3] if len(_figures(one.text)) == len(years)), None)
        for year, figure in zip(years, _figures(row.text) if row else (), strict=False):
            if row and re.search(r"[.,]\d", figure):
                yield _pointer("calendar_years", year, figure, row.page, year)
        return


def _statement(fields: dict[str, Field], lines: Sequence[Line]) -> Iterator[Pointer]:
    """Rows of the statements; where no page has one by its name, those of any table with such rows."""
    found = list(_rows(fields, lines, named=True))
    yield from found if any(one["field"] == "revenue" for one in found) else _rows(fields, lines, named=False)


def _rows(fields: dict[str, Field], lines: Sequence[Line], *, named: bool) -> Iterator[Pointer]:
    """For each period over the columns, this year's figure, that of the year before, and the change."""
    keyed = [one for one in fields.values() if "3m" in one.keys and "1y" in one.keys]
    base = [one for one in keyed if not one.name.endswith(("_prior", "_change"))]
    if not base or "revenue" not in fields:
        return
    targets = {word.casefold(): ("", key) for key, words in fields["revenue"].keys.items() for word in words if len(word) > 4}
    rows = {_fold(label): one for one in reversed(base) for label in one.labels}
    ranks = {_fold(label): rank for one in base for rank, label in enumerate(one.labels)}
    found: list[tuple[int, Pointer]] = []
    keys: list[str] = []
    page, sections = 0, ""
    for line in lines:
        if line.page != page:
            page, sections, keys = line.page, "", []
        figures, label = _figures(line.text), _row_label(line.text)
        if spans := _spans(line, targets):
            keys = spans
        sections += f" {_fold(line.text)}"
        one = _field_of_row(label, figures, rows, fields)
        fits = keys and one and figures and len(figures) % len(keys) == 0 and len(figures) // len(keys) in (1, 2, 3)
        if one is None or not fits or (named and one.under and not any(_fold(section) in sections for section in one.under)):
            continue
        width = len(figures) // len(keys)
        for place, figure in enumerate(figures):
            name = f"{one.name}{('', '_prior', '_change')[place % width]}"
            if name in fields and re.search(r"\d", figure) and keys[place // width] in one.keys:
                rank = ranks.get(label, 0)
                found.append((rank, _pointer(name, keys[place // width], figure, line.page, _printed_label(line.text))))
    # A total is named before its parts in the list of a field's words.
    yield from (pointer for _, pointer in sorted(found, key=lambda pair: pair[0]))


def _spans(line: Line, targets: dict[str, tuple[str, str]]) -> list[str]:
    """The periods over the columns of a statement, as "Three Months Ended July 31,   Six Months Ended July 31," prints them."""
    words = "|".join(re.escape(word) for word in sorted(targets, key=len, reverse=True))
    found = re.findall(rf"(?<!\w)(?:{words})(?!\w)", line.text, re.IGNORECASE)
    return [targets[word.casefold()][1] for word in found] if found and len(line.text) < 45 * len(found) else []


def _row_label(text: str) -> str:
    return _fold(re.split(rf"\s{{2,}}|\s(?=[$€£(]?\s?(?:{_FIGURE.pattern})(?:\s|$))", text, maxsplit=1)[0])


def _printed_label(text: str) -> str:
    return re.split(r"\s{3,}|\s\$|(?<=\w)\s(?=\d)", re.sub(r"\s*(?:\(\d\))+", "   ", text), maxsplit=1)[0].strip()


def _field_of_row(label: str, figures: Sequence[str], rows: dict[str, Field], fields: dict[str, Field]) -> Field | None:
    if label in ("diluted", "basic"):
        # Earnings per share have cents; the shares that they are of have none.
        kind = "eps" if all(re.search(r"[.,]\d\d\)?$", figure) for figure in figures) else "shares"
        return fields.get(f"{label}_{kind}")
    return rows.get(label)


def _weights(fields: dict[str, Field], lines: Sequence[Line]) -> Iterator[Pointer]:
    """Names with a weight behind them, under a heading that the guide names."""
    one = fields.get("top_holdings")
    heads = [*(one.under if one else ()), "Top holdings", "Top 10 holdings", "Top ten holdings"]
    for number, line in enumerate(lines):
        if one is None or not _is_heading(line, heads):
            continue
        taken = 0
        for below in lines[number + 1 : number + 16]:
            cells = below.cells
            if len(cells) >= 2 and re.fullmatch(r"\d{1,2}[.,]\d{1,2}\s?%?", cells[-1]) and re.match(r"[A-Z]", cells[0]):
                taken += 1
                name = re.sub(r"\s\d$", "", cells[0])  # without the sign of a note
                yield _pointer(one.name, name, cells[-1], below.page, name)
            if taken == _MOST_HOLDINGS:
                return
        if taken:
            return


def _day(fields: dict[str, Field], lines: Sequence[Line]) -> Iterator[Pointer]:
    """The day of the figures where no label names it: the first date at the head of a page."""
    for line in [one for one in lines if one.text.strip()][:6]:
        date = _DATE.search(line.text)
        if date and "as_of_date" in fields:
            yield _pointer("as_of_date", "", date[0], line.page)
            return


def _paper(fields: dict[str, Field], lines: Sequence[Line]) -> Iterator[Pointer]:
    if "paper_title" in fields:
        from scripted_papers import read_paper

        most = {one.name: one.most_words for one in fields.values() if one.most_words}
        yield from read_paper([(line.page, line.text) for line in lines], most)
