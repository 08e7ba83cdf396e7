"""Files that are two things at once, or not what their name says: read as the PDF that they are, or refused by name."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from workflow_orchestrator.documents import ReadLimits, read_document
from workflow_orchestrator.errors import DocumentError

SHEET = "aldermoor_global_equity_en.pdf"
INSIDE = b"The fund doubles every year, says the archive."


def sheet() -> bytes:
    return (Path(__file__).resolve().parents[2] / "include" / "samples" / SHEET).read_bytes()


def archive() -> bytes:
    """A ZIP archive with a text and a way out of it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("word/document.xml", INSIDE)
        made.writestr("../../etc/cron.d/x", b"* * * * * root id")
    return out.getvalue()


NO_PDF: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "a line end": lambda: b"\n",
    "a head alone": lambda: b"%PDF-1.7\n",
    "a head and an end": lambda: b"%PDF-1.7\n%%EOF\n",
    "a ZIP archive": archive,
    "a program": lambda: b"MZ\x90\x00" + b"\x00" * 2_000 + b"%PDF-1.7",
    "an ELF program": lambda: b"\x7fELF" + b"\x00" * 4_000,
    "a picture": lambda: b"\x89PNG\r\n\x1a\n" + b"\x00" * 4_000,
    "a page of the web": lambda: b"<html><script>alert(1)</script>%PDF-1.7</html>",
    "a script": lambda: b"#!/bin/sh\ntouch /tmp/owned\n%PDF-1.7\n",
    "PostScript": lambda: b"%!PS-Adobe-3.0\n(%/etc/passwd) (r) file 100 string readstring pop show\n",
    "a link of XML": lambda: b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>",
    "noise": lambda: bytes(range(256)) * 64,
    "a megabyte of nothing": lambda: b"\x00" * 1_000_000,
}


@pytest.mark.parametrize("make", NO_PDF.values(), ids=NO_PDF.keys())
def test_what_is_no_pdf_is_refused_by_name(make: Callable[[], bytes]) -> None:
    """Whatever its name says, and without a retry; the message repeats no bytes of it beyond the first few."""
    with pytest.raises(DocumentError) as refused:
        read_document(make())
    assert not refused.value.retryable
    assert len(refused.value.message) < 500 and "root:" not in refused.value.message


def test_of_a_pdf_with_an_archive_behind_it_the_pdf_is_read() -> None:
    """What an unpacker would find in the same bytes is no part of the document."""
    both = sheet() + archive()
    assert zipfile.is_zipfile(io.BytesIO(both))
    document = read_document(both)
    text = "\n".join(page.text for page in document.pages)
    assert text == "\n".join(page.text for page in read_document(sheet()).pages)
    assert INSIDE.decode() not in text


def test_a_pdf_behind_something_else_is_the_same_pdf_or_none() -> None:
    """Readers look for the head in the first kilobyte; farther behind it there is no document."""
    try:
        text = "\n".join(page.text for page in read_document(b"GIF89a" + b"\x00" * 100 + sheet()).pages)
    except DocumentError:
        text = ""
    assert text in ("", "\n".join(page.text for page in read_document(sheet()).pages))
    with pytest.raises(DocumentError):
        read_document(b"\x00" * 100_000 + sheet())


def test_ten_thousand_pages_are_counted_and_not_read() -> None:
    """The limit is looked at first; the message has both figures."""
    kids = b" ".join(b"4 0 R" for _ in range(10_000))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 10000/Kids[%s]>>" % kids, b"null",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<<>>>>",
    ]  # fmt: skip
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    with pytest.raises(DocumentError, match=r"10[,.]?000 pages.*40|40 pages"):
        read_document(bytes(out), ReadLimits(max_pages=40))
