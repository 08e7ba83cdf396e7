"""The reading process: takes a PDF on its standard input and gives JSON on its standard output.

    python -m workflow_orchestrator.documents.child '{"max_pages": 40, …}'  < document.pdf

It limits itself before it touches a byte of the document: address space, CPU seconds, core files; and it asks the kernel to be
killed when its parent dies. Whatever a document does to it, the parent loses nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import io
import json
import logging
import math
import os
import re
import resource
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from workflow_orchestrator.documents import quality
from workflow_orchestrator.documents.ocr import OcrLayer, OcrLimits, read_pictures
from workflow_orchestrator.documents.telling import tell, tell_to
from workflow_orchestrator.documents.text_reader import TextLayer, read_text
from workflow_orchestrator.documents.word_reader import Styles, WordLayer, open_document, read_page
from workflow_orchestrator.errors import (
    DamagedDocumentError,
    DocumentError,
    EmptyDocumentError,
    ImageOnlyDocumentError,
    OcrMissingError,
)

_PR_SET_PDEATHSIG = 1
_ADDRESS = re.compile(r"stream <[^>]*>:? ?|vector of bytes: ")
_FEW_CHARACTERS = 50
_PICTURE_SHARE = 0.25
_NO_OCR = OcrLimits("off", pages=0, seconds=0)


def main() -> int:
    return limited(_read_as_asked)


def _read_as_asked(data: bytes, asked: Mapping[str, Any]) -> dict[str, Any]:
    limits = OcrLimits(asked["ocr"], asked["ocr_pages"], asked["ocr_seconds"])
    return {"document": read(data, asked["max_pages"], asked["max_characters"], limits)}


def limited(work: Callable[[bytes, Mapping[str, Any]], dict[str, Any]]) -> int:
    """Does some work on the document on standard input within the limits of the argument, and writes what it gives, or its error."""
    limits = json.loads(sys.argv[1])
    # A page makes ten thousands of small objects and hardly a cycle: looking for those takes a tenth of the time.
    gc.set_threshold(50_000, 20, 50)
    # First of all, so that whatever stops this process later does not let it outlive its parent.
    _die_with(limits["parent"])
    _limit_self(limits["memory_bytes"], limits["seconds"])
    tell_to(limits.get("tells"))
    # Whatever a library prints or logs about the document must not get among the answer, nor fill the parent's memory.
    logging.disable(logging.CRITICAL)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    data = sys.stdin.buffer.read()
    answer: dict[str, Any]
    try:
        answer = work(data, limits)
    except (DocumentError, OcrMissingError) as error:
        answer = {"error": type(error).__name__, "message": error.message, "details": error.details}
    except MemoryError:
        answer = {
            "error": "DocumentLimitError",
            "details": {"limit": "memory", "maximum": limits["memory_bytes"]},
            "message": f"reading the document needs more than {limits['memory_bytes'] // 2**20} MiB of memory",
        }
    answer["peak_bytes"] = _peak_bytes()
    with out:
        out.write(json.dumps(answer, separators=(",", ":")))
    return 0


def read(data: bytes, max_pages: int, max_characters: int, ocr: OcrLimits = _NO_OCR) -> dict[str, Any]:
    """The document as JSON data, read by both readers, repaired when one of them cannot open it.

    Raises:
        DocumentError: one of its subclasses says what is wrong.
        OcrMissingError: a page needs OCR, which is required, and is not installed.
        MemoryError: the limit of this process is too small for the document.
    """
    warnings: list[str] = []
    try:
        texts, words = _read_both(data, max_pages, max_characters)
    except DamagedDocumentError as damage:
        data = _repair(data, damage)
        texts, words = _read_both(data, max_pages, max_characters)
        warnings.append(f"the file was damaged ({damage.message}) and was repaired: parts of it may be missing")
    return _assemble(data, texts, words, warnings, ocr)


def _read_both(data: bytes, max_pages: int, max_characters: int) -> tuple[TextLayer, WordLayer]:
    texts = read_text(data, max_pages, max_characters)
    words = WordLayer()
    try:
        document = open_document(data)
        count = len(document)
    except MemoryError:
        raise
    except Exception as error:
        raise DamagedDocumentError(f"the second reader cannot open the document: {error}") from error
    if count != len(texts.texts):
        raise DamagedDocumentError(f"one reader finds {len(texts.texts)} pages and the other {count}")
    if count == 0:
        raise EmptyDocumentError("the document has no page")
    styles = Styles()
    for index in range(count):
        tell("reading words", index, count)
        try:
            words.pages.append(read_page(document, index, styles, max_characters))
        except (DocumentError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - one broken page must not hide the others
            words.failures[index + 1] = f"{type(error).__name__}: {error}"
            nothing = {"width": 0.0, "height": 0.0, "words": [], "hidden": 0, "overprinted": 0, "pictures": 0.0}
            words.pages.append({**nothing, "aside": [], "scales": []})
    tell("reading words", count, count)
    if len(words.failures) == count:
        raise DamagedDocumentError(f"none of the {count} pages can be read: {words.failures[1]}")
    return texts, words


def _repair(data: bytes, damage: DamagedDocumentError) -> bytes:
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            if not len(pdf.pages):
                raise EmptyDocumentError("the document has no page that can be recovered")
            repaired = io.BytesIO()
            pdf.save(repaired)
            return repaired.getvalue()
    except (EmptyDocumentError, MemoryError):
        raise
    except Exception as error:
        why = _ADDRESS.sub("", str(error))[:200]
        raise DamagedDocumentError(f"{damage.message}; a repair failed too: {why}") from error


def _assemble(
    data: bytes, texts: TextLayer, words: WordLayer, warnings: list[str], ocr: OcrLimits
) -> dict[str, Any]:
    for number in sorted(texts.failures.keys() | words.failures.keys()):
        reason = texts.failures.get(number) or words.failures[number]
        warnings.append(f"page {number} could not be read ({reason}); no value is taken from it")
    unreadable, pictures, pages = [], [], []
    for number, (text, found) in enumerate(zip(texts.texts, words.pages, strict=True), start=1):
        shown = " ".join(word.text for word in found["words"])
        garbage = quality.garbage_reason(text) or quality.garbage_reason(shown)
        if garbage:
            unreadable.append((number, garbage))
        elif len(shown) < _FEW_CHARACTERS and found["pictures"] >= _PICTURE_SHARE:
            pictures.append(number)
        if found["hidden"]:
            warnings.append(f"page {number} holds {found['hidden']} words that are not visible; they are left out")
        if found["overprinted"]:
            warnings.append(f"page {number} prints {found['overprinted']} words over one another; they are left out")
        if quality.has_doubled_figures(text):
            warnings.append(f"page {number} prints figures twice in one place; values there need a second look")
        broken = bool(garbage) or number in texts.failures or number in words.failures
        pages.append(_page(number, "" if broken else text, found, broken))
    seen = _recognise(data, pages, pictures, unreadable, ocr)
    pictures = [number for number in pictures if number not in seen.pages]
    unreadable = [(number, reason) for number, reason in unreadable if number not in seen.pages]
    failures = {**words.failures, **texts.failures}
    _refuse_without_text(pages, pictures, unreadable, failures, seen.reasons)
    warnings.extend(
        f"page {number} has no readable text layer ({reason}); {seen.reasons[number]}" for number, reason in unreadable
    )
    warnings.extend(f"page {number} is a picture; its words were not read: {seen.reasons[number]}" for number in pictures)
    warnings.extend(seen.warnings)
    styles = quality.mixed_styles([" ".join(word[0] for word in page["words"]) for page in pages])
    warnings.extend([styles] if styles else [])
    language = quality.language_of(page["text"] for page in pages)
    return {"pages": pages, "metadata": texts.metadata, "warnings": warnings, "language": language}


def _recognise(
    data: bytes,
    pages: list[dict[str, Any]],
    pictures: Iterable[int],
    unreadable: Iterable[tuple[int, str]],
    limits: OcrLimits,
) -> OcrLayer:
    """Reads the pages without a usable text layer by OCR, and puts them in the place of what the readers had of them."""
    wanted = sorted({*pictures, *(number for number, _ in unreadable)})
    if not wanted:
        return OcrLayer()
    known = quality.language_of(page["text"] for page in pages if page["number"] not in wanted)
    seen = read_pictures(data, wanted, known, limits)
    for number, page in seen.pages.items():
        pages[number - 1] = page
    return seen


def _page(number: int, text: str, found: dict[str, Any], broken: bool) -> dict[str, Any]:
    words = () if broken else found["words"]
    aside = [] if broken else [word.to_json() for word in found["aside"]]
    return {
        "number": number,
        "width": found["width"],
        "height": found["height"],
        "text": text,
        "words": [word.to_json() for word in words],
        "scales": [] if broken else [scale.to_json() for scale in found["scales"]],
        "source": "text",
        **({"aside": aside} if aside else {}),
    }


def _refuse_without_text(
    pages: list[dict[str, Any]],
    pictures: list[int],
    unreadable: list[tuple[int, str]],
    failures: Mapping[int, str],
    no_ocr: Mapping[int, str],
) -> None:
    """Refuses a document in which no page has usable words."""
    if any(page["words"] and page["number"] not in pictures for page in pages):
        return
    if unreadable:
        raise DamagedDocumentError(
            f"the text layer of {_pages(number for number, _ in unreadable)} is not readable text ({unreadable[0][1]}); "
            f"export the PDF again with its fonts embedded; {no_ocr[unreadable[0][0]]}",
            pages=[number for number, _ in unreadable],
        )
    if pictures:
        raise ImageOnlyDocumentError(
            f"{_pages(pictures)}: a picture without a text layer; send the PDF that the picture was made from; "
            f"{no_ocr[pictures[0]]}",
            pages=pictures,
        )
    if failures:
        number, reason = min(failures.items())
        raise DamagedDocumentError(f"no page has a word that can be read; page {number}: {reason}")
    raise EmptyDocumentError(f"no visible word stands on {_pages(page['number'] for page in pages)} of the document")


def _pages(numbers: Iterable[int]) -> str:
    listed = [str(number) for number in numbers]
    return f"page {listed[0]}" if len(listed) == 1 else f"pages {', '.join(listed)}"


def _limit_self(memory_bytes: int, seconds: float) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    cpu = max(1, math.ceil(seconds))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # When the whole machine is out of memory, this process is the one to go, not the worker that started it.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _peak_bytes() -> int:
    """The most memory that this process has held, without what it was before it became this program (`ru_maxrss` counts that too)."""
    with contextlib.suppress(OSError):
        found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
        if found:
            return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _die_with(parent: int) -> None:
    """Asks the kernel for a kill when the parent dies, and goes at once when it has died already."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent is gone")


if __name__ == "__main__":
    sys.exit(main())
