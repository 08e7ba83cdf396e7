"""The first reader: text and metadata of each page through pypdf, with fake bold and invisible text taken out.

Runs only inside the reading process. Some producers print light-weight words twice, a fraction of a point apart, to make them
look bold; pypdf would return `11.611.6`. The visitor below empties the second of two equal strings when, and only when, a text
move of at most one unit lies between them: without the move, the second string is honest text ("00", "ll").
"""

from __future__ import annotations

import io
import logging
import re
from dataclasses import dataclass, field
from typing import Any

from workflow_orchestrator.documents.digit_fonts import DigitFonts
from workflow_orchestrator.documents.form_tree import FormTree
from workflow_orchestrator.documents.telling import tell
from workflow_orchestrator.errors import DamagedDocumentError, DocumentLimitError, EncryptedDocumentError

_STREAM_LIMIT = 20_000_000
_WORK_LIMIT = 60_000_000
_ADDRESS = re.compile(r"IndirectObject\((\d+), (\d+), \d+\)")
_METADATA = {
    "/Title": "title",
    "/Author": "author",
    "/Subject": "subject",
    "/Creator": "creator",
    "/Producer": "producer",
}


@dataclass
class TextLayer:
    """What pypdf found. A page that could not be read has an empty text and a reason in `failures`."""

    texts: list[str] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)


def read_text(data: bytes, max_pages: int, max_characters: int) -> TextLayer:
    """Reads every page, each guarded on its own.

    Raises:
        EncryptedDocumentError: a password is needed.
        DocumentLimitError: more pages, characters or forms than allowed, or a stream that unpacks beyond the limits.
        DamagedDocumentError: the file cannot be opened, or a form draws itself.
    """
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    with pypdf.apply_configuration(
        zlib_maximum_output_length=_STREAM_LIMIT,
        lzw_maximum_output_length=_STREAM_LIMIT,
        run_length_maximum_output_length=_STREAM_LIMIT,
        array_based_stream_maximum_output_length=_STREAM_LIMIT,
        maximum_declared_stream_length=_STREAM_LIMIT,
        stream_decoding_work_maximum_length=_WORK_LIMIT,
        xform_maximum_invocations_per_extraction=500,
    ):
        reader, count = _open(data)
        if count > max_pages:
            raise DocumentLimitError(
                f"the document has {count} pages and the limit is {max_pages}; send the pages that matter",
                limit="pages",
                value=count,
                maximum=max_pages,
            )
        layer = TextLayer(metadata=_metadata(reader))
        forms, fonts = FormTree(), DigitFonts()
        for index in range(count):
            tell("reading text", index, count)
            _check_forms(forms, reader, index)
            _read_page(reader, index, layer, max_characters)
            _check_digits(fonts, reader, index, layer)
        tell("reading text", count, count)
    _refuse_if_nothing_opened(layer, count)
    return layer


def _open(data: bytes) -> tuple[Any, int]:
    import pypdf
    from pypdf.errors import FileNotDecryptedError, LimitReachedError, WrongPasswordError

    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        # Many publishers encrypt with an empty user password: anyone may read, so does this.
        if reader.is_encrypted and not reader.decrypt(""):
            raise EncryptedDocumentError("the document needs a password; send a copy without one")
        return reader, len(reader.pages)
    except EncryptedDocumentError:
        raise
    except (FileNotDecryptedError, WrongPasswordError) as error:
        raise EncryptedDocumentError("the document needs a password; send a copy without one") from error
    except LimitReachedError as error:
        raise DocumentLimitError(
            f"the document unpacks beyond the reader's limits: {error}", limit="decoding"
        ) from error
    except MemoryError:
        raise
    except Exception as error:
        raise DamagedDocumentError(f"the document cannot be opened: {_say(error)}") from error


def _check_forms(forms: FormTree, reader: Any, index: int) -> None:
    try:
        page = reader.pages[index]
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - reading the page names what is wrong with it
        return
    forms.check(page, index + 1)


def _check_digits(fonts: DigitFonts, reader: Any, index: int, layer: TextLayer) -> None:
    """Takes back the text of a page that reads as other figures than it shows."""
    if index + 1 in layer.failures:
        return
    try:
        reason = fonts.lying(reader.pages[index])
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a font that is broken beyond a look at its tables is what the readers make of it
        return
    if reason:
        layer.failures[index + 1], layer.texts[index] = reason, ""


def _read_page(reader: Any, index: int, layer: TextLayer, max_characters: int) -> None:
    try:
        text = _Deduplicating().extract(reader.pages[index])
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - one broken page must not hide the others
        layer.failures[index + 1] = _say(error)
        layer.texts.append("")
        return
    if len(text) > max_characters:
        raise DocumentLimitError(
            f"page {index + 1} holds {len(text)} characters and the limit is {max_characters}",
            limit="characters",
            value=len(text),
            maximum=max_characters,
        )
    layer.texts.append(text)


def _refuse_if_nothing_opened(layer: TextLayer, count: int) -> None:
    if count and len(layer.failures) == count:
        first = layer.failures[1]
        if all("LimitReached" in reason for reason in layer.failures.values()):
            raise DocumentLimitError(f"no page can be unpacked within the reader's limits: {first}", limit="decoding")
        raise DamagedDocumentError(f"none of the {count} pages can be read: {first}")


def _metadata(reader: Any) -> dict[str, str]:
    try:
        info = reader.metadata or {}
        found = {name: str(info[key])[:500].strip() for key, name in _METADATA.items() if info.get(key)}
    except Exception:  # noqa: BLE001 - metadata is a courtesy; a broken one costs nothing
        return {}
    return {name: text for name, text in found.items() if text}


def _say(error: BaseException) -> str:
    # A reference prints with the address of its reader: the same document must give the same words each time.
    told = _ADDRESS.sub(r"\1 \2 R", str(error))
    return f"{type(error).__name__}: {told[:200]}".rstrip(": ")


class _Deduplicating:
    """One page's extraction with a memory of the last shown string and of the moves since."""

    def __init__(self) -> None:
        self._last: Any = None  # pypdf makes new objects for each page, and changes none of them
        self._moved: tuple[float, float] | None = None
        self._invisible = False
        self._stack: list[bool] = []

    def extract(self, page: Any) -> str:
        return str(page.extract_text(visitor_operand_before=self._before))

    def _before(self, operator: bytes, operands: list[Any], _cm: Any, _tm: Any) -> None:
        if operator in (b"Td", b"TD"):
            self._move(operands)
        elif operator in (b"TJ", b"Tj"):
            self._show(operator, operands)
        elif operator in (b"Tm", b"BT", b"ET", b"T*", b"'", b'"'):
            self._last = self._moved = None
        elif operator == b"Tr":
            self._invisible = bool(operands) and str(operands[0]) in ("3", "7")
        elif operator == b"q":
            self._stack.append(self._invisible)
        elif operator == b"Q" and self._stack:
            self._invisible = self._stack.pop()

    def _move(self, operands: list[Any]) -> None:
        try:
            dx, dy = float(operands[0]), float(operands[1])
        except (ValueError, TypeError, IndexError):
            self._last = self._moved = None
            return
        x, y = self._moved or (0.0, 0.0)
        self._moved = (x + dx, y + dy)

    def _show(self, operator: bytes, operands: list[Any]) -> None:
        shown, moved = operands[0] if operands else None, self._moved
        close = moved is not None and abs(moved[0]) <= 1.0 and abs(moved[1]) < 0.5
        twice = close and type(self._last) is type(shown) and self._last == shown
        if (twice or self._invisible) and operands:
            operands[0] = _nothing(operator, shown)
        else:
            self._last, self._moved = shown, None


def _nothing(operator: bytes, shown: Any) -> Any:
    from pypdf.generic import ArrayObject, ByteStringObject, TextStringObject

    if operator == b"TJ":
        return ArrayObject()
    return TextStringObject("") if isinstance(shown, TextStringObject) else ByteStringObject(b"")
