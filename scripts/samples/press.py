"""Sets the sample documents, reads them back, and refuses any whose pages do not say what its truth says."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

from samples.compose import Composer
from samples.sheet import Sheet

HERE = Path(__file__).resolve().parent
MAX_BYTES = 150_000


class SampleError(Exception):
    """A sample cannot be made as described; running again does not help, its sheet file or layout must change."""

    retryable = False


@cache
def _fonts(folder: Path) -> Any:
    import typst

    # Neither the machine's fonts nor any search path: the bytes must not depend on where the sample is made.
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(folder)])


def typeset(source: Path, inputs: Mapping[str, str], *, fonts: Path, stamp: datetime, **options: Any) -> bytes:
    """One typst document with a fixed creation time; by default a PDF.

    Raises:
        SampleError: typst refuses the layout or the content.
    """
    import typst

    try:
        return typst.compile(  # type: ignore[no-any-return]
            str(source), root=str(HERE), font_paths=_fonts(fonts), ignore_system_fonts=True,
            sys_inputs=dict(inputs), timestamp=int(stamp.timestamp()), **{"format": "pdf", **options},
        )  # fmt: skip
    except typst.TypstError as error:
        raise SampleError(f"{source.name}: typst says {error}") from error


def compose(sheet: Sheet) -> tuple[dict[str, Any], dict[str, Any]]:
    """The content for the layout, and the truth file, of one sheet."""
    composer = Composer(sheet)
    content = {
        "title": f"{sheet.fund.fund_name}, {sheet.fund.share_class}",
        "author": sheet.fund.management_company,
        "language": sheet.house.language,
        "theme": dict(sheet.theme),
        "pages": composer.pages(),
    }
    truth = {
        "file": f"{sheet.name}.pdf",
        "language": sheet.house.language,
        "layout": sheet.layout,
        "pages": len(sheet.pages),
        "values": composer.truth.values,
        "absent": composer.truth.absent(),
        "traps": list(sheet.traps),
    }
    return content, truth


def build(sheet: Sheet, fonts: Path) -> tuple[bytes, dict[str, Any]]:
    """The PDF of one sheet and its truth.

    Raises:
        SampleError: a quote is not on its page, or the document is too long or too large.
    """
    content, truth = compose(sheet)
    stamp = datetime.combine(sheet.fund.as_of, time(), UTC)
    pdf = typeset(
        HERE / "layouts" / f"{sheet.layout}.typ",
        {"sheet": json.dumps(content, ensure_ascii=False)},
        fonts=fonts,
        stamp=stamp,
    )
    confirm(sheet.name, pdf, truth)
    return pdf, truth


def page_texts(pdf: bytes) -> list[str]:
    """The text of every page as pdfium reads it, white space folded."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    finally:
        document.close()


def stands(quote: str, text: str) -> bool:
    """Whether `quote` is on the page as words of its own: not inside a longer figure, nor one with its sign cut off."""
    words = " ".join(quote.split())
    before = r"[\w.,'’(+\-−–]" if words[:1].isdigit() else r"\w"
    return re.search(rf"(?<!{before}){re.escape(words)}(?!\w)", text) is not None


def confirm(name: str, pdf: bytes, truth: Mapping[str, Any], most: int = MAX_BYTES) -> None:
    """Refuses a document whose pages do not say what its truth says.

    Raises:
        SampleError: a quote is not on its page, or the document is too long or larger than `most` bytes.
    """
    texts = page_texts(pdf)
    problems = []
    if len(texts) != truth["pages"]:
        problems.append(f"has {len(texts)} pages, its sheet file describes {truth['pages']}")
    if len(pdf) > most:
        problems.append(f"has {len(pdf)} bytes, at most {most} are allowed")
    for ref, value in truth["values"].items():
        if value["page"] > len(texts) or not stands(value["quote"], texts[value["page"] - 1]):
            problems.append(f"{ref}: {value['quote']!r} is not printed on page {value['page']}")
    if problems:
        raise SampleError(f"{name}.pdf " + "; ".join(problems))


def saved(document: Any, **options: Any) -> bytes:
    """The bytes of a pikepdf document, the same on every run."""
    import pikepdf

    if "encryption" not in options:
        # Streams stay as they are: what a compressor makes of them depends on the library that qpdf was built with.
        options |= {"compress_streams": False, "stream_decode_level": pikepdf.StreamDecodeLevel.none}
    file = io.BytesIO()
    document.save(file, static_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable, **options)
    return file.getvalue()


def as_json(data: Mapping[str, Any]) -> bytes:
    """Readable JSON with a last newline."""
    return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode()
