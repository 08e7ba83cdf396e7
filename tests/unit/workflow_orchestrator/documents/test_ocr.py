"""Pages that are pictures are read by OCR where it is installed; a number only if two passes agree, and never in silence."""

from __future__ import annotations

import io
import json
import os
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ocr_sample import ROOT, as_pdf, joined, lines, path_with, program, scan
from pdf_sample import document, line, picture

from workflow_orchestrator.definition import load_fields
from workflow_orchestrator.documents import Document, ReadLimits, read_document
from workflow_orchestrator.documents.model import UNREADABLE
from workflow_orchestrator.errors import DocumentLimitError, ImageOnlyDocumentError, OcrMissingError
from workflow_orchestrator.evidence import READ_BY_OCR, prove, prove_all, with_sources
from workflow_orchestrator.extraction.offline import read_fields
from workflow_orchestrator.values import NUMERIC_KINDS, Kind, Origin

SAMPLES = ROOT / "include" / "samples"
SHARED = Path(os.environ.get("GENAI_PLATFORM_SHARED", ROOT.parent / "shared")) / "data"
AUTO = ReadLimits(ocr="auto")
NOTE = ["The fund is for people who hold it for years", "Net asset value\t1,903.46", "Return of the year\t-2.18%"]


@pytest.fixture(scope="session")
def tesseract() -> str:
    """The installed program; root installs Debian's package."""
    from tesseract_here import TesseractNotThere, ensure_tesseract

    try:
        return ensure_tesseract()
    except TesseractNotThere as reason:
        pytest.skip(str(reason))


@pytest.fixture
def no_tesseract(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without the program."""
    monkeypatch.setenv("PATH", str(tmp_path))


def words(read: Document, page: int = 1) -> list[str]:
    return [word.text for word in read.pages[page - 1].words]


def test_a_scan_is_read_with_boxes_and_is_marked(tesseract: str) -> None:
    """Words stand where they are printed, the page says that OCR read it, a warning says by what, and all of it survives JSON."""
    read = read_document(as_pdf(lines(NOTE)), AUTO)
    page = read.pages[0]
    assert [row.text for row in page.lines()] == [text.replace("\t", " ") for text in NOTE]
    assert page.source == "ocr" and read.language == "en"
    figure = next(word for word in page.words if word.text == "1,903.46")
    assert figure.box.left == pytest.approx(510 * 72 / 200, abs=1.5)
    assert figure.size == pytest.approx(28 * 72 / 200, rel=0.12)
    (warning,) = read.warnings
    assert warning.startswith("page 1 has no text layer that can be read; its ") and "tesseract" in warning and "eng" in warning
    assert Document.from_json(json.loads(json.dumps(read.to_json()))) == read


@pytest.mark.parametrize(
    ("name", "down_to", "figures"), [("aldermoor_global_equity_en", 0.55, 13), ("tannhorst_europa_dividende_de", 0.6, 10)]
)
def test_a_scanned_factsheet_gives_values_and_no_wrong_one(tesseract: str, name: str, down_to: float, figures: int) -> None:
    """Each value that is proven on the scan is the one that the printed file has; each says `ocr`; words are a person's to confirm."""
    fields = load_fields(ROOT / "dags" / "fund_factsheet_video" / "schema.json")
    data = (SAMPLES / f"{name}.pdf").read_bytes()
    printed = read_fields(read_document(data), fields).values
    scanned = read_document(scan(data, down_to=down_to), AUTO)
    assert scanned.language == name[-2:]
    found = with_sources(read_fields(scanned, fields).values, scanned)
    verdicts = {verdict.ref: verdict for verdict in prove_all(found.values(), scanned, fields)}
    proven = {ref: value for ref, value in found.items() if verdicts[ref].status == "proven"}
    assert {ref: (value.value, value.unit) for ref, value in proven.items()} == {
        ref: (printed[ref].value, printed[ref].unit) for ref in proven if ref in printed
    }
    assert sum(value.kind in NUMERIC_KINDS for value in proven.values()) >= figures
    assert {"as_of_date", "launch_date"} <= proven.keys()
    assert all(value.to_json()["evidence"]["source"] == "ocr" for value in proven.values())
    assert all("as two passes of OCR read it" in verdicts[ref].reason for ref in proven)
    words = {ref: value for ref, value in found.items() if value.kind in (Kind.TEXT, Kind.PARAGRAPH)}
    assert "fund_strategy" in words and {verdicts[ref].reason for ref in words} == {READ_BY_OCR}
    confirmed = replace(words["fund_strategy"], origin=Origin.PERSON)
    assert prove(confirmed, scanned, fields).status == "proven"


def test_two_passes_that_disagree_give_no_figure(
    tesseract: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second pass of a program that loses a decimal point: the figure is gone, its place and its neighbours stay."""
    program(
        tmp_path,
        f"done = subprocess.run([{tesseract!r}, *sys.argv[1:]], stdout=subprocess.PIPE, check=True).stdout\n"
        "if sys.argv[sys.argv.index('--dpi') + 1] != '300':\n    done = done.replace(b'1,903.46', b'1,90346')\n"
        "sys.stdout.buffer.write(done)\n",
    )
    monkeypatch.setenv("PATH", path_with(tmp_path))
    read = read_document(as_pdf(lines(NOTE)), AUTO)
    assert [row.text for row in read.pages[0].lines()][1:] == [f"Net asset value {UNREADABLE}", "Return of the year -2.18%"]
    assert "1,903.46" not in read.pages[0].text
    assert "1 of them are left out" in read.warnings[0]


def test_only_pages_without_text_are_read_by_ocr(tesseract: str) -> None:
    """A page with a text layer keeps it; the picture beside it is read in the language of the document's text."""
    german = b"".join(
        line(text, y=700 - 20 * row)
        for row, text in enumerate(["Der Fonds ist nicht auf die Zahl der Anteile und", "die der Anleger in dem Land"] * 4)
    )
    read = read_document(joined(document(german), as_pdf(lines(["Fondsvermögen\t412,6 Mio."]))), AUTO)
    assert [page.source for page in read.pages] == ["text", "ocr"]
    assert words(read, 2) == ["Fondsvermögen", "412,6", "Mio."]
    assert "deu" in read.warnings[0]


def test_a_page_on_its_side_is_turned(tesseract: str) -> None:
    """A scan may lie on its side; its boxes are those of the upright page."""
    text = ["The fund invests in shares of companies and is for people", "who want to hold it for more than the next five years"] * 3
    upright = lines([*text, "Net asset value\t1,903.46"])
    read = read_document(as_pdf(upright.rotate(90, expand=True)), AUTO)
    page = read.pages[0]
    assert page.width > page.height
    assert page.lines()[-1].text == "Net asset value 1,903.46"


@pytest.mark.parametrize(
    "text",
    ["Стоимость чистых активов фонда составляет на конец года", "Η καθαρή αξία ενεργητικού του αμοιβαίου κεφαλαίου"],
    ids=["Cyrillic", "Greek"],
)
def test_a_script_that_was_not_asked_for_is_not_read(tesseract: str, text: str) -> None:
    """The wrong language gives fluent nonsense; it is told from text, and the page is refused."""
    with pytest.raises(ImageOnlyDocumentError, match="unsure"):
        read_document(as_pdf(lines([f"{text} 1,903.46"] * 3)), AUTO)


def test_a_picture_without_words_is_still_refused(tesseract: str) -> None:
    """OCR finds nothing on a grey page."""
    with pytest.raises(ImageOnlyDocumentError, match="OCR finds no words"):
        read_document(picture(), AUTO)


def test_more_pictures_than_allowed_are_named(tesseract: str) -> None:
    """Each page that OCR leaves out has a warning."""
    read = read_document(as_pdf(lines(NOTE), lines(NOTE)), ReadLimits(ocr="auto", ocr_pages=1))
    assert [page.source for page in read.pages] == ["ocr", "text"]
    assert "page 2 is a picture; its words were not read: OCR reads at most 1 pages of a document" in read.warnings


@pytest.mark.usefixtures("no_tesseract")
def test_without_tesseract_the_error_says_what_to_install() -> None:
    """`auto` ends as without OCR, `require` as a fault of the machine, `off` says that OCR is off."""
    scanned = as_pdf(lines(NOTE))
    with pytest.raises(ImageOnlyDocumentError, match=r"tesseract is not installed.*tesseract-ocr"):
        read_document(scanned, AUTO)
    with pytest.raises(OcrMissingError, match=r"tesseract is not installed.*tesseract-ocr") as caught:
        read_document(scanned, ReadLimits(ocr="require"))
    assert not caught.value.retryable
    with pytest.raises(ImageOnlyDocumentError, match="ocr: off"):
        read_document(scanned, ReadLimits(ocr="off"))


@pytest.mark.usefixtures("no_tesseract")
def test_a_document_with_text_needs_no_tesseract() -> None:
    """`require` asks only where a page is a picture; under `auto` a picture among pages is a warning that names the reason."""
    text = document(line("The fund invests in shares of companies that are listed on the exchange"))
    assert read_document(text, ReadLimits(ocr="require")).warnings == ()
    (warning,) = read_document(joined(text, as_pdf(lines(NOTE))), AUTO).warnings
    assert warning.startswith("page 2 is a picture; its words were not read: on this machine tesseract is not installed")


def _pid_in(file: Path, patience: float = 20) -> int:
    end = time.monotonic() + patience
    while not (file.exists() and file.read_text().strip()):
        assert time.monotonic() < end, "tesseract was not started"
        os.sched_yield()
    return int(file.read_text().split()[0])


def _gone(pid: int, patience: float = 10) -> bool:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        os.sched_yield()
    return False


HANGS = "open({pid!r}, 'a').write(f'{{os.getpid()}}\\n')\nsys.stdin.buffer.read()\nwhile True: time.sleep(60)\n"


@pytest.fixture
def hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tesseract that never answers; the file gets the ids of its processes."""
    pid = tmp_path / "pids"
    program(tmp_path, HANGS.format(pid=str(pid)))
    monkeypatch.setenv("PATH", path_with(tmp_path))
    return pid


def test_ocr_that_takes_too_long_ends_with_its_processes(hanging: Path) -> None:
    """The time for OCR is a limit of its own, and nothing is left behind."""
    with pytest.raises(DocumentLimitError, match=r"OCR of the document takes more than 1 seconds; page 1") as caught:
        read_document(as_pdf(lines(NOTE)), ReadLimits(ocr="auto", ocr_time=timedelta(seconds=1)))
    assert caught.value.details["limit"] == "seconds"
    assert all(_gone(int(pid)) for pid in hanging.read_text().split())


@pytest.mark.parametrize("killed", ["reader", "worker"])
def test_a_killed_reader_leaves_no_tesseract(hanging: Path, killed: str) -> None:
    """Whoever dies, the worker or its reading process, what they started goes with them."""
    worker = os.fork()
    if worker == 0:
        try:
            read_document(as_pdf(lines(NOTE)), ReadLimits(ocr="auto"))
        finally:
            os._exit(0)
    tesseract = _pid_in(hanging)
    reader = int(Path(f"/proc/{tesseract}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(reader if killed == "reader" else worker, 9)
    os.waitpid(worker, 0)
    assert _gone(reader) and all(_gone(int(pid)) for pid in hanging.read_text().split())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("sys.exit(3)\n", "tesseract ended with 3"),
        ("sys.stdin.buffer.read(); print('<html>')\n", "answer is broken"),
        ("import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True: pass\n", "processor time|ended with -9"),
    ],
    ids=["fails", "garbage", "burns"],
)
def test_a_failing_tesseract_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, reason: str
) -> None:
    """The page is not read, and the message says how tesseract ended."""
    program(tmp_path, body)
    monkeypatch.setenv("PATH", path_with(tmp_path))
    with pytest.raises(ImageOnlyDocumentError, match=reason):
        read_document(as_pdf(lines(NOTE)), AUTO)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["scan_docling_ocr_test", "scan_loremipsum_flat"])
def test_real_scans_are_read(tesseract: str, shared: Path, name: str) -> None:
    """Files of other projects that are pictures only; the upper half of a page is enough."""
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(shared / "data" / "hostile" / f"{name}.pdf") as scanned:
        left, bottom, right, top = (float(edge) for edge in scanned.pages[0].mediabox)
        scanned.pages[0].mediabox = scanned.pages[0].cropbox = [left, (bottom + top) / 2, right, top]
        scanned.save(out)
    read = read_document(out.getvalue(), AUTO)
    expected = {"scan_docling_ocr_test": "Docling bundles PDF document conversion", "scan_loremipsum_flat": "Lorem ipsum dolor"}
    assert read.pages[0].shown.startswith(expected[name])
    assert read.pages[0].source == "ocr"


@pytest.mark.shared
def test_a_page_with_a_garbage_text_layer_is_read(tesseract: str, shared: Path) -> None:
    """McDonald's release has fonts without a mapping: no reader gets its words, but OCR does."""
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(shared / "data" / "earnings" / "mcdonalds_2022q4_earnings.pdf") as release, pikepdf.new() as one:
        one.pages.append(release.pages[5])
        one.save(out)
    read = read_document(out.getvalue(), AUTO)
    assert read.pages[0].source == "ocr"
    truth = json.loads((shared / "data" / "truth" / "mcdonalds_2022q4.json").read_text())
    figures = [truth[name]["literal"] for name in ("revenue", "revenue_prior", "eps_prior", "net_income", "net_income_prior")]
    assert [figure for figure in figures if figure in words(read)] == figures
    assert not {"1,9034", "2,2084", "19034", "59265"} & set(words(read))
