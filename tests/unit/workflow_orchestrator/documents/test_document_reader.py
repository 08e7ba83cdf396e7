"""Reading a PDF ends in a document or in a named error, and what nobody can see is not read."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from datetime import timedelta
from pathlib import Path

import pytest
from pdf_sample import document, encrypted, line, pdf, picture

from workflow_orchestrator.documents import ReadLimits, read_document
from workflow_orchestrator.errors import (
    DamagedDocumentError,
    DocumentError,
    DocumentLimitError,
    EmptyDocumentError,
    EncryptedDocumentError,
    ImageOnlyDocumentError,
    NotAPdfError,
)

ROOT = Path(__file__).resolve().parents[4]
SAMPLES = ROOT / "include" / "samples"
SLOW = document(b"BT /F1 1 Tf 1 0 0 1 10 700 Tm " + b"(abc) Tj 1 0 Td " * 600_000 + b"ET", packed=True)


def words(data: bytes) -> list[str]:
    return [word.text for page in read_document(data).pages for word in page.words]


def test_words_text_and_boxes_of_a_page() -> None:
    """A page has the words of both readers, with boxes where they stand."""
    read = read_document(document(line("Fund size 412.6") + line("ISIN", y=650)))
    page = read.pages[0]
    assert [word.text for word in page.words] == ["Fund", "size", "412.6", "ISIN"]
    assert "Fund size 412.6" in page.text
    assert (page.number, page.width, page.height) == (1, 600.0, 800.0)
    first = page.words[0]
    assert (
        first.size == 12 and first.box.left == pytest.approx(50, abs=1) and 690 < first.box.bottom < 701 < first.box.top
    )
    assert [row.text for row in page.lines()] == ["Fund size 412.6", "ISIN"]
    assert len(read.sha256) == 64


def test_a_document_survives_json() -> None:
    """What was read can be stored and comes back equal."""
    import json

    read = read_document((SAMPLES / "brevalon_obligations_euro_fr.pdf").read_bytes())
    assert type(read).from_json(json.loads(json.dumps(read.to_json()))) == read
    assert read.language == "fr" and read.metadata["title"].startswith("Brévalon")


@pytest.mark.parametrize(
    ("data", "error", "words_of_it"),
    [
        (b"", EmptyDocumentError, "0 bytes"),
        (b"<!doctype html><html>404</html>", NotAPdfError, "<!doctype html>"),
        (b"version https://git-lfs.github.com/spec/v1", NotAPdfError, "version https"),
        (document(b"0 0 m 10 10 l S"), EmptyDocumentError, "page 1"),
        (pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"]), DocumentError, "page"),
        (pdf([b"<</Type/Catalog>>"]), DamagedDocumentError, "cannot be opened"),
        (encrypted(document(line("secret")), user="sesame"), EncryptedDocumentError, "password"),
        (picture(), ImageOnlyDocumentError, "page 1"),
        (document(*[line("page")] * 41), DocumentLimitError, "41 pages"),
        (document(line("A" * 300_000), packed=True), DocumentLimitError, "300000 characters"),
        (document(b" " * 30_000_000 + line("x"), packed=True), DocumentLimitError, "unpacked"),
        (document(b"[" * 100_000 + b"]" * 100_000 + b" TJ"), DamagedDocumentError, "RecursionError"),
    ],
)
def test_unusable_documents_are_refused_by_name(data: bytes, error: type[DocumentError], words_of_it: str) -> None:
    """Each way in which a document cannot be used has its own error, which names what is wrong."""
    with pytest.raises(error) as caught:
        read_document(data)
    assert words_of_it in caught.value.message
    assert caught.value.retryable is False


def test_too_many_bytes_are_refused_before_reading() -> None:
    """The size is checked without starting a process."""
    with pytest.raises(DocumentLimitError, match="limit is 100"):
        read_document(document(line("x")), ReadLimits(max_bytes=100))


def test_an_empty_user_password_is_no_obstacle() -> None:
    """Publishers encrypt with an empty user password; such a file is read."""
    assert words(encrypted(document(line("open to all")), user="")) == ["open", "to", "all"]


def test_time_is_limited() -> None:
    """A document that takes longer than allowed is given up."""
    started = time.monotonic()
    with pytest.raises(DocumentLimitError, match="more than 1 seconds"):
        read_document(SLOW, ReadLimits(time=timedelta(seconds=1)))
    assert time.monotonic() - started < 4


def test_memory_is_limited() -> None:
    """A document that takes more memory than allowed is given up, and the error is not one of the system."""
    with pytest.raises(DocumentLimitError, match="90 MiB of memory"):
        read_document(SLOW, ReadLimits(memory_bytes=90 * 2**20))


def test_the_parent_may_have_any_path() -> None:
    """The reading process finds the package whatever the working directory and the parent's path are."""
    script = (
        f"import sys; sys.path.append({str(ROOT / 'plugins')!r}); sys.path.insert(0, '/nonexistent')\n"
        + textwrap.dedent("""
        from workflow_orchestrator.documents import read_document
        print(len(read_document(sys.stdin.buffer.read()).pages))
    """)
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=document(line("x")),
        capture_output=True,
        cwd="/",
        env=environment,
        check=True,
    )
    assert done.stdout.strip() == b"1"


@pytest.mark.parametrize(
    ("trick", "page"),
    [
        (line("99.9% a year", y=600, before="3 Tr"), b"/MediaBox[0 0 600 800]"),
        (b"1 g " + line("99.9% a year", y=600), b"/MediaBox[0 0 600 800]"),
        (line("99.9% a year", x=900, y=600), b"/MediaBox[0 0 600 800]"),
        (line("99.9% a year", y=60), b"/MediaBox[0 0 600 800]/CropBox[0 100 600 800]"),
        (line("99.9% a year", y=600, size=1), b"/MediaBox[0 0 600 800]"),
        (line("99.9% a year", y=600) + b"1 g 40 590 300 30 re f\n", b"/MediaBox[0 0 600 800]"),
    ],
    ids=["invisible mode", "white on white", "beside the page", "cropped away", "one point", "covered"],
)
def test_what_nobody_can_see_is_not_read(trick: bytes, page: bytes) -> None:
    """Words that leave no mark on the page are no words of the document, and a warning says so."""
    read = read_document(document(line("Year to date 3.1%") + trick, page=page))
    assert [word.text for word in read.pages[0].words] == ["Year", "to", "date", "3.1%"]
    assert any("not visible" in warning for warning in read.warnings)


def test_white_words_on_a_dark_band_are_read() -> None:
    """White is not hidden where it can be seen."""
    assert words(document(b"0 g 40 690 300 30 re f 1 g " + line("Alder Fund"))) == ["Alder", "Fund"]


def test_fake_bold_is_read_once() -> None:
    """A string that is shown twice, a fraction of a point apart, is one string to both readers; honest doubles stay."""
    bold = b"BT /F1 12 Tf 1 0 0 1 50 700 Tm (11.6) Tj 0.1 0 Td (11.6) Tj ET\n"
    honest = b"BT /F1 12 Tf 1 0 0 1 50 600 Tm (0) Tj (0) Tj ET\n"
    read = read_document(document(bold + honest))
    assert read.pages[0].text.split() == ["11.6", "00"]
    assert [word.text for word in read.pages[0].words] == ["11.6", "00"]


def test_a_turned_page_is_read_upright() -> None:
    """Words of a page that is turned, by its own mark or by its text, stand on rows from left to right."""
    turned = b"BT /F1 12 Tf 0 1 -1 0 300 100 Tm (Fund size 412.6) Tj ET\n"
    for page in (b"/MediaBox[0 0 600 800]", b"/MediaBox[0 0 600 800]/Rotate 90"):
        read = read_document(document(turned, page=page))
        assert [row.text for row in read.pages[0].lines()] == ["Fund size 412.6"], page
        assert read.pages[0].width == 800


def test_a_truncated_file_is_repaired_and_says_so() -> None:
    """A file without its end is read as far as it goes, with a warning."""
    whole = document(line("first page"), line("second page"))
    read = read_document(whole[: whole.index(b"xref")])
    assert any("repaired" in warning for warning in read.warnings)
    assert read.pages[0].words[0].text == "first"


def test_one_broken_page_does_not_hide_the_others() -> None:
    """A page that cannot be read gives no words and a warning; the others are read."""
    read = read_document(document(line("good"), b"[" * 100_000 + b"]" * 100_000 + b" TJ"))
    assert [word.text for word in read.pages[0].words] == ["good"]
    assert read.pages[1].words == () and any("page 2 could not be read" in warning for warning in read.warnings)


def test_glyph_names_are_not_text() -> None:
    """A text layer of glyph names is refused as what it is, not as a picture."""
    noise = " ".join(f"/{number}" for number in range(40, 99))
    with pytest.raises(DamagedDocumentError, match="glyph names"):
        read_document(document(line(noise, size=4)))


def test_limits_must_make_sense() -> None:
    """A limit of nothing is refused."""
    with pytest.raises(ValueError, match="max_pages"):
        ReadLimits(max_pages=0)
    with pytest.raises(ValueError, match="time"):
        ReadLimits(time=timedelta(0))
