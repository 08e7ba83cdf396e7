"""Reads dates behind their label anywhere in a line: "All data as at 31 Oct 2026 unless stated otherwise"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from workflow_orchestrator.documents import Word
from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold, fold_label
from workflow_orchestrator.extraction.layout import PageLayout, Row
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Findings
from workflow_orchestrator.extraction.vocabulary import Target, Vocabulary
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.figures import MONTH_NAMES
from workflow_orchestrator.values import Evidence, Kind, Origin

_LABEL_WORDS = 5
_OTHER_DATA = re.compile(r"\b(?:other|übrige[nr]?|andere[nr]?|autres)\b")  # "All other data as at …": not the day of the figures
# "Ratings as at …", "Prices as of …": a day of something on the page, which says nothing of the other figures.
_OF_PART = re.compile(r"\b(?:ratings?|prices?|kurse|preise|cours|esg)\b")
# "… the annual report as at 30 June", "for the financial year to …": the end of a year of accounts.
_OF_YEAR = re.compile(
    r"\b(?:annual report|half-yearly report|semi-annual report|accounts|(?:financial|fiscal|accounting) year|prospectus|rating|"
    r"jahresbericht|halbjahresbericht|geschäftsjahr\w*|rechnungsjahr\w*|prospekt|rapport annuel|rapport semestriel|exercice)\b"
)
_RECORD = re.compile(r"performance|manager|management|mandate|strategy|record|trading|listing|benchmark|index|sales?|period|data")


def read_dates(page: PageLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """Adds the dates of one page that a label stands directly before, on the same row."""
    for spec in words.fields.values():
        if spec.kind is not Kind.DATE:
            continue
        labels = sorted({fold_label(label) for label in spec.all_labels()}, key=len, reverse=True)
        for row in page.rows:
            _dates_in_row(page, row, spec, labels, words, reader, found)


def _dates_in_row(
    page: PageLayout, row: Row, spec: FieldSpec, labels: Sequence[str], words: Vocabulary, reader: Reader, found: Findings
) -> None:
    for start, first in enumerate(row.words):
        # A date begins with a digit or the name of a month.
        if not (any(char.isdigit() for char in first.text) or fold(first.text).rstrip(".,") in MONTH_NAMES):
            continue
        for count in range(4, 0, -1):
            taken = row.words[start : start + count]
            quote = " ".join(word.text for word in taken).rstrip(".,;")
            if len(taken) < count or quote[:1] in ":.,":
                continue
            evidence = Evidence(page.number, quote or "?", box=around(taken))
            try:
                value_of(spec, "", evidence, reader, Origin.OFFLINE)
            except FigureError:
                continue
            before = row.words[max(0, start - _LABEL_WORDS) : start]
            label = _label_before(before, labels)
            of_other = spec.name == words.begins and _is_of_other(before, label, words)
            of_cost = spec.name == words.as_of and _is_of_ratio(before, label, words)
            if label and not (of_other or of_cost) and not (spec.name == words.begins and _is_of_record(before, label)):
                named = Evidence(page.number, quote, label, evidence.box)
                rank = words.rank_of(spec, Target(spec.name), label)
                found.add(value_of(spec, "", named, reader, Origin.OFFLINE), rank)
                if spec.name == words.as_of and _OF_PART.search(fold(" ".join(word.text for word in before))):
                    found.of_part.add(named)
            break


def _label_before(words: Sequence[Word], labels: Sequence[str]) -> str:
    """The label that the words end with; none behind "other data"."""
    before = fold(" ".join(word.text for word in words)).rstrip(" :")
    label = next((lab for lab in labels if before == lab or before.endswith(" " + lab)), "")
    of_year = len(words) == _LABEL_WORDS and _OF_YEAR.search(before)  # within a sentence
    return "" if _OTHER_DATA.search(before) or of_year else label


def _is_of_ratio(words: Sequence[Word], label: str, vocabulary: Vocabulary) -> bool:
    """Whether a label of a cost or ratio stands directly before: "TER as at 31.03.2026" is not the day of the figures."""
    count = len(label.split())
    front = [word.text for word in words if any(char.isalnum() for char in word.text)][:-count]
    named = (vocabulary.label(" ".join(front[start:])) for start in range(len(front)))
    return any(
        vocabulary.fields[target.field].kind in (Kind.PERCENT, Kind.RATIO) for targets in named for target in targets
    )


def _is_of_record(words: Sequence[Word], label: str) -> bool:
    """Whether what begins on a day is something else than the fund: "Performance start date", "Manager start date"."""
    front = [word.text for word in words if any(char.isalnum() for char in word.text)][: -len(label.split())]
    return bool(front) and bool(_RECORD.fullmatch(fold(front[-1])))


def _is_of_other(words: Sequence[Word], label: str, vocabulary: Vocabulary) -> bool:
    """Whether the name of another series stands directly before the label: "Index launch date"."""
    lettered = [word for word in words if any(char.isalnum() for char in word.text)]
    count = len(label.split())
    if len(lettered) <= count:
        return False
    front, first = lettered[-count - 1], lettered[-count]
    near = first.box.left - front.box.right < 0.9 * max(front.size, 1.0)
    return near and fold_label(front.text) in vocabulary.other
