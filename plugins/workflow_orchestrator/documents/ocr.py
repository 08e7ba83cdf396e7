"""Reads pages that have no usable text layer from their picture, by tesseract, when it is installed.

Each page is drawn twice, at 300 and at 400 dots per inch, and read in two layouts (one finds columns, the other goes row by row);
`ocr_agreement` keeps what both print. 300 is where tesseract stops to lose decimal points: at 200 it reads "1,903.4" as "1,9034".
Runs only inside the reading process.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from workflow_orchestrator.documents import quality
from workflow_orchestrator.documents.model import Language
from workflow_orchestrator.documents.ocr_agreement import Agreed, agree
from workflow_orchestrator.documents.ocr_ink import lacks_marks
from workflow_orchestrator.documents.ocr_program import OcrWord, Pass, PassFailed, Tesseract
from workflow_orchestrator.documents.telling import tell
from workflow_orchestrator.documents.word_reader import open_document
from workflow_orchestrator.errors import DocumentLimitError, OcrMissingError

_DPI = 300
_SECOND = 4 / 3  # the second picture is larger by this
_LAYOUT = 3  # tesseract's layout mode (--psm): automatic, without orientation
_MOST_PIXELS = 4961  # of the longer side: A3 at 300 dpi; larger pages are drawn with fewer dots
_LEAST_PIXELS = 30
_POINTS = 72  # to the inch
_DATA: Mapping[Language, str] = {"en": "eng", "de": "deu", "fr": "fra"}
_MIN_CONFIDENCE = 65  # of a page, of 100; text in a script that tesseract was not asked for has 20 to 50
_ANOTHER_SCRIPT = 50  # below, no other language of the same script does better: German read as English has 88
_PACKAGES = "Debian: tesseract-ocr, and tesseract-ocr-deu or -fra for German or French"


@dataclass(frozen=True, slots=True)
class OcrLimits:
    """What OCR of one document may take: `pages`, and `seconds` for all of them. `mode` is that of `ReadLimits`."""

    mode: str
    pages: int
    seconds: float


@dataclass
class OcrLayer:
    """Pages that were read, as JSON data of `Page`; why others were not, by their number; what a person should know."""

    pages: dict[int, dict[str, Any]] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def read_pictures(data: bytes, numbers: Sequence[int], language: Language, limits: OcrLimits) -> OcrLayer:
    """Reads pages of a document by OCR.

    Args:
        data: the whole file.
        numbers: the pages, which count from 1.
        language: of the document's other pages; `und` when they do not tell.
        limits: what it may take.

    Raises:
        OcrMissingError: `mode` is `require` and there is no tesseract.
        DocumentLimitError: it takes longer than it may.
    """
    layer = OcrLayer()
    if limits.mode == "off":
        layer.reasons = dict.fromkeys(numbers, "OCR is off (documents: {ocr: off})")
        return layer
    program = Tesseract.find()
    if program is None or not program.languages & set(_DATA.values()):
        what = "tesseract is not installed" if program is None else f"{program.path} has no data of any language for it"
        if limits.mode == "require":
            raise OcrMissingError(
                f"page {numbers[0]} is a picture, OCR is required, and on this machine {what}; install it ({_PACKAGES})"
            )
        layer.reasons = dict.fromkeys(numbers, f"on this machine {what} ({_PACKAGES})")
        return layer
    reader = _PictureReader(open_document(data), program, language, time.monotonic() + limits.seconds)
    for count, number in enumerate(numbers, start=1):
        tell("reading pictures", count - 1, len(numbers))
        if count > limits.pages:
            layer.reasons[number] = f"OCR reads at most {limits.pages} pages of a document"
            continue
        try:
            layer.pages[number] = reader.read(number, layer.warnings)
        except _Unread as reason:
            layer.reasons[number] = str(reason)
        except TimeoutError:
            raise DocumentLimitError(
                f"OCR of the document takes more than {limits.seconds:g} seconds; page {number} was the {count}. of {len(numbers)}",
                limit="seconds",
                maximum=limits.seconds,
            ) from None
    tell("reading pictures", len(numbers), len(numbers))
    return layer


_Pictures = tuple[tuple[Any, int], tuple[Any, int]]
"""A page drawn for the first and for the second pass, each with its dots per inch."""


class _Unread(Exception):
    """A page is not read; the message says why."""


class _PictureReader:
    def __init__(self, document: Any, program: Tesseract, language: Language, deadline: float) -> None:
        self._document, self._program, self._deadline = document, program, deadline
        self._language = language

    def read(self, number: int, warnings: list[str]) -> dict[str, Any]:
        page = self._document[number - 1]
        try:
            found, size, data = self._best(page)
        except PassFailed as failure:
            raise _Unread(str(failure)) from failure
        lost = f"; {found.unreadable} of them are left out, because the two passes differ" if found.unreadable else ""
        warnings.append(
            f"page {number} has no text layer that can be read; its {len(found.words)} words were read by OCR "
            f"(tesseract {self._program.version}, {data}){lost}"
        )
        return {
            "number": number,
            "width": size[0],
            "height": size[1],
            "text": found.text,
            "words": [word.to_json() for word in found.words],
            "scales": [],
            "source": "ocr",
        }

    def _best(self, page: Any) -> tuple[Agreed, tuple[float, float], str]:
        """The page as it stands, or turned upright if that cannot be read."""
        try:
            return self._upright(page, 0)
        except _Unread:
            picture, dpi = _draw(page, _DPI, 0)
            turn = self._program.turn(picture, dpi, self._left())
            if not turn:
                raise
            return self._upright(page, turn)

    def _upright(self, page: Any, turn: int) -> tuple[Agreed, tuple[float, float], str]:
        pictures = _draw(page, _DPI, turn), _draw(page, _DPI * _SECOND, turn)
        data, first, second = self._spoken(pictures)
        picture, dpi = pictures[1]
        size = page.get_size()
        found = agree(first, second, partial(lacks_marks, picture, dpi))
        return found, (size if turn in (0, 180) else (size[1], size[0])), data

    def _spoken(self, pictures: _Pictures) -> tuple[str, list[OcrWord], list[OcrWord]]:
        """Both passes in the language that the words themselves show, of the languages that are installed."""
        tried: dict[str, str] = {}
        order = self._candidates()
        while order:
            data = order.pop(0)
            first, second = self._passes(pictures, data)
            unfit, language = _unfit(first), quality.language_of(_texts(first))
            wanted = _DATA.get(language, data)
            if wanted == data or wanted in tried:
                if unfit is None:
                    self._language = language if language != "und" else self._language
                    return data, first, second
                tried[data] = unfit
                if _sureness(first) < _ANOTHER_SCRIPT:
                    break
                continue
            if wanted not in self._program.languages:
                raise _Unread(f"its words are of language {language!r}, and tesseract has no data for it ({_PACKAGES})")
            tried[data] = f"it is not {data}"
            order = [wanted, *(other for other in order if other != wanted)]
        raise _Unread(next(iter(tried.values())))

    def _passes(self, pictures: _Pictures, data: str) -> tuple[list[OcrWord], list[OcrWord]]:
        (small, dots), (large, more) = pictures
        passes = [Pass(small, dots, _LAYOUT, data), Pass(large, more, _LAYOUT, data)]
        first, second = self._program.words(passes, self._left())
        return first, second

    def _candidates(self) -> list[str]:
        """The languages to try, the likeliest first."""
        likely = _DATA.get(self._language, "eng")
        order = dict.fromkeys((likely, *_DATA.values()))
        return [data for data in order if data in self._program.languages]

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _draw(page: Any, dpi: float, turn: int) -> tuple[Any, int]:
    """The page in grey levels, and the dots per inch that it has got."""
    longer = max(page.get_size())
    most = _MOST_PIXELS * dpi / _DPI * _POINTS / max(longer, 1.0)
    dots = int(min(dpi, most))
    if dots < 1 or min(page.get_size()) * dots / _POINTS < _LEAST_PIXELS:
        raise _Unread("it is too narrow for letters")
    picture = page.render(scale=dots / _POINTS, rotation=turn, grayscale=True).to_pil().convert("L")
    return picture, dots


def _unfit(words: Sequence[OcrWord]) -> str | None:
    """Why this is no text, or `None` when it is: a wrong language gives fluent nonsense, and a photo gives crumbs."""
    if not _told(words):
        return "OCR finds no words on it"
    sure = _sureness(words)
    if sure < _MIN_CONFIDENCE:
        return f"OCR is unsure of its words ({sure:.0f} of 100): a photo, or a language that it was not asked for"
    garbage = quality.garbage_reason(" ".join(_texts(words)))
    if garbage:
        return f"OCR finds {garbage}"
    return None


def _told(words: Sequence[OcrWord]) -> list[OcrWord]:
    return [word for word in words if sum(char.isalnum() for char in word.text) > 1]


def _sureness(words: Sequence[OcrWord]) -> float:
    """The mean of what tesseract thinks of the words, 0 to 100; 0 without words."""
    told = _told(words)
    return sum(word.confidence for word in told) / len(told) if told else 0.0


def _texts(words: Sequence[OcrWord]) -> list[str]:
    return [word.text for word in words]
