"""Cuts the words beside a label to those of its value: a figure without the day behind it, a day, a code, a clause."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from workflow_orchestrator.documents import Word
from workflow_orchestrator.extraction.layout import Cell

_BEFORE_DAY = frozenset({"as", "at", "on", "per", "am", "zum", "vom", "stand", "au", "du"})  # "£412.6m as at 31/10/2026"
_MAX_CLAUSE = 4  # words
_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}\d")
# The names of the numbers that a security is known by; ISO 6166 (ISIN) and the national ones.
_CODE_NAMES = frozenset(
    "isin apir wkn sedol cusip valor valoren valorennummer valorennr valoren-nr ticker bloomberg reuters ric mexid mex citi "
    "citicode arsn lipper morningstar code amc figi telekurs".split()
)
# The last word of the name of a company; "S.à r.l." is two words and one form.
_LEGAL_FORM = re.compile(
    r"s\.?a\.?s?\.?|s\.?a\.?r\.?l\.?|r\.?l\.?|s\.?e\.?|ag|g?mbh|kg|kgaa|plc|ltd\.?|limited|llc|llp|l\.?p\.?|inc\.?|"
    r"corp\.?|[nb]\.?v\.?|s\.?p\.?a\.?|dac|pty",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?:tel|tél|fax|phone|telefon|téléphone)[.:]*", re.IGNORECASE)
_CODE = re.compile(r"(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{6,12}")
_SENTENCE_LABEL = re.compile(r"\.\s+[^.:]{2,40}:\s")


def clause_of(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words up to the end of the first clause, "17.96%. Holdings may change"; none when there is no end."""
    end = next((number for number, word in enumerate(words) if word.text.endswith((".", ";", ","))), None)
    return words[: end + 1] if end is not None and end < _MAX_CLAUSE else ()


def day_of(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Of "12 March 2014 (class)" the day: without what is in brackets behind it."""
    bracket = next((number for number, word in enumerate(words) if number and word.text.startswith("(")), None)
    return words[:bracket] if bracket and words[-1].text.endswith(")") else words


def code_of(words: Sequence[Word]) -> tuple[Word, ...]:
    """The one word that has the form of an ISIN; none where there are several."""
    found = tuple(word for word in words if _ISIN.fullmatch(word.text.strip("(),.;")))
    return found if len(found) == 1 else ()


def without_codes(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Of "Class A – APIR YLG0001AU" the name: the words before the first number that a security is known by."""
    for number, word in enumerate(words):
        bare = word.text.strip("()[]|,;:–-/")
        if number and (_CODE.fullmatch(bare) or (bare.casefold().rstrip(".:") in _CODE_NAMES and number + 1 < len(words))):
            kept = list(words[:number])
            while kept and not any(char.isalnum() for char in kept[-1].text):
                kept.pop()
            return tuple(kept)
    return words


def without_address(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Of "Halden Invest S.A. 4, rue du Port" or "Halden mbH (part of the group)" the name: the words up to the legal form.

    Only an address (what begins with a number, or holds one behind a comma) or one bracket is cut off, and a telephone number.
    """
    phone = next((number for number, word in enumerate(words) if number and _PHONE.fullmatch(word.text)), len(words))
    words = words[:phone]
    for number in range(len(words) - 1, 1, -1):
        form, behind = words[number - 1].text, words[number:]
        if not _LEGAL_FORM.fullmatch(form.rstrip(",;")):
            continue
        text = " ".join(word.text for word in behind)
        listed = form.endswith((",", ";")) or text.startswith(",")
        if text[0].isdigit() or (listed and re.search(r"\d", text)) or re.fullmatch(r"\([^()]*\)\.?", text):
            return words[:number]
    return words


def figure_of(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Of "per year: 1.89% (30.04.26)" the figure: what stands behind the colon, without a date in brackets behind it."""
    colon = next((number for number, word in enumerate(words) if word.text.endswith(":")), None)
    if colon is not None and not any(char.isdigit() for word in words[: colon + 1] for char in word.text):
        words = words[colon + 1 :] or words
    bracket = next((number for number, word in enumerate(words) if number and word.text.startswith("(")), None)
    dated = bracket is not None and any(char.isdigit() for word in words[bracket:] for char in word.text)
    if dated and words[-1].text.endswith(")"):
        return words[:bracket]
    behind = next((n for n, word in enumerate(words) if n and word.text.casefold() in _BEFORE_DAY), len(words))
    figured = any(char.isdigit() for word in words[:behind] for char in word.text)
    return words[:behind] if figured and any(char.isdigit() for word in words[behind:] for char in word.text) else words


def before_semicolon(words: Sequence[Word]) -> list[Word]:
    """Of "World Index (NR) (from 01.01.2014); none before" the name of today: up to the semicolon, without its day in brackets."""
    end = next((number + 1 for number, word in enumerate(words) if word.text.endswith(";")), len(words))
    kept = list(words[:end])
    start = next((n for n in range(len(kept) - 1, 0, -1) if kept[n].text.startswith("(")), 0)
    behind = "".join(word.text for word in kept[start:])
    return kept[:start] if end < len(words) and start and re.search(r"(?:19|20)\d\d\);$", behind) else kept


def sentence_starts(cell: Cell) -> Iterator[Cell]:
    """The rest of a line of prose from each of its later sentences."""
    for index in range(1, len(cell.words)):
        if cell.words[index - 1].text.endswith("."):
            yield Cell(cell.words[index:])


def sentence_of(words: list[Word]) -> list[Word]:
    """The words up to the next "… . Label:" of a line that lists several."""
    text = " ".join(word.text for word in words)
    match = _SENTENCE_LABEL.search(text + " ")
    if not match:
        return words
    kept: list[Word] = []
    length = 0
    for word in words:
        length += len(word.text) + 1
        kept.append(word)
        if length > match.start():
            break
    return kept
